"""Rows of the ops in `core/ops/reduce.py`, `statistics.py`, `argmax.py` and `cumulative.py`."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from thalweg import core

from .case import Case, Input

CUBE = Input("mnk")
DISTINCT = Input("mnk", distinct=True)
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"axis": 0},
    {"axis": -1, "keepdims": True},
    {"axis": (0, 2)},
    {"axis": [2, 1], "keepdims": True},
    {"axis": (), "keepdims": False},
)


def reduced(
    name: str,
    op: str,
    oracle: Callable[..., Any],
    x: Input = CUBE,
    some: tuple[dict[str, Any], ...] = OPTIONS,
    suffix: str = "",
    **more: Any,
) -> tuple[Case, ...]:
    """Rows of a reduction, one a set of options; `oracle` reduces the last axis."""
    function = getattr(core, name)
    more.setdefault("empty", "mnk")
    rows = []
    for options in some:
        text = ", ".join(f"{key}={value}" for key, value in options.items())
        rows.append(
            Case(
                f"{name}{suffix} {text}".rstrip(),
                (op,),
                functools.partial(function, **options),
                (x,),
                functools.partial(by_last_axis, oracle, **options),
                **more,
            )
        )
    return tuple(rows)


def by_last_axis(
    oracle: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    axis: Any = None,
    keepdims: bool = False,
) -> np.ndarray:
    """Moves the reduced axes to the end, joins them, and calls the oracle on (..., joined)."""
    axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = sorted(a % x.ndim for a in axes)
    kept = [a for a in range(x.ndim) if a not in gone]
    sizes = [x.shape[a] for a in kept]
    joined = x.transpose(kept + gone).reshape(*sizes, int(np.prod([x.shape[a] for a in gone])))
    result = np.asarray(oracle(joined))
    return (
        result.reshape([1 if a in gone else n for a, n in enumerate(x.shape)])
        if keepdims
        else result
    )


def looped(step: Callable[[Any, Any], Any], start: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Reduces the last axis by Python's own loop."""

    def reduce(x: np.ndarray) -> np.ndarray:
        result = np.full(x.shape[:-1], start, x.dtype)
        for place in itertools.product(*map(range, x.shape[:-1])):
            result[place] = functools.reduce(step, x[place].tolist(), start)
        return result

    return reduce


def mean_oracle(x: np.ndarray) -> np.ndarray:
    return np.einsum("...n->...", x) / x.shape[-1]


def variance_oracle(x: np.ndarray) -> np.ndarray:
    """Half the mean squared distance between two entries."""
    return ((x[..., :, None] - x[..., None, :]) ** 2).sum((-1, -2)) / (2 * x.shape[-1] ** 2)


def with_zeros(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return (generator.uniform(0.5, 2, shape) * (generator.random(shape) < 0.6)).astype(dtype)


def running(
    name: str, op: str, step: Callable[[Any, Any], Any], start: float, x: Input, **more: Any
) -> tuple[Case, ...]:
    """Rows of a running sum or product: forwards on the middle axis, backwards on the last."""
    rows = []
    for exclusive, reverse in itertools.product((False, True), repeat=2):
        options = {"exclusive": exclusive, "reverse": reverse}

        def oracle(
            x: np.ndarray, axis: int, exclusive: bool = exclusive, reverse: bool = reverse
        ) -> Any:
            x = np.moveaxis(x, axis, -1)
            x = x[..., ::-1] if reverse else x
            result = np.empty_like(x)
            for place in itertools.product(*map(range, x.shape[:-1])):
                values = [start, *x[place].tolist()]
                sums = list(itertools.accumulate(values, step))
                result[place] = sums[:-1] if exclusive else sums[1:]
            return np.moveaxis(result[..., ::-1] if reverse else result, -1, axis)

        axis = -1 if reverse else 1
        rows.append(
            Case(
                f"{name} axis={axis}, exclusive={exclusive}, reverse={reverse}",
                (op,),
                functools.partial(getattr(core, name), axis=axis, **options),
                (x,),
                functools.partial(oracle, axis=axis),
                **more,
            )
        )
    return tuple(rows)


def running_extreme(
    x: np.ndarray, choose: Callable[..., Any], axis: int, reverse: bool
) -> np.ndarray:
    """Of ever longer pieces."""
    x = np.moveaxis(x, axis, -1)
    result = np.empty_like(x)
    for place in np.ndindex(x.shape):
        piece = x[place[:-1]][place[-1] :] if reverse else x[place[:-1]][: place[-1] + 1]
        result[place] = choose(piece.tolist())
    return np.moveaxis(result, -1, axis)


def summed_up(x: np.ndarray, axis: int, exclusive: bool, reverse: bool) -> np.ndarray:
    """By a triangle of ones."""
    size = x.shape[axis]
    ones = np.tri(size, size, -1 if exclusive else 0)
    return np.moveaxis(np.moveaxis(x, axis, -1) @ (ones if reverse else ones.T), -1, axis)


def add_at_first(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Each entry of y to the place of the largest entry of x up to it, on axis 1."""
    result = np.zeros_like(y)
    for i, j, k in np.ndindex(*x.shape):
        result[i, np.argmax(x[i, : j + 1, k]), k] += y[i, j, k]
    return result


INTEGERS = Input("mnk", "int32", low=-3, high=3)
SOME_ZEROS = Input("mnk", values=with_zeros)
of_integers = functools.partial(
    reduced, x=INTEGERS, some=({}, {"axis": 1}), suffix=" integers", gradient=False
)
of_booleans = functools.partial(reduced, x=Input("mnk", "bool"), gradient=False)
of_some = functools.partial(reduced, x=DISTINCT, empty="")  # NaN or infinite where there are none

CASES = (
    *reduced("reduce_sum", "ReduceSum", looped(operator.add, 0.0)),
    *of_integers("reduce_sum", "ReduceSum", looped(operator.add, 0)),
    *reduced("reduce_mean", "ReduceMean", mean_oracle),
    *reduced("reduce_prod", "ReduceProd", looped(operator.mul, 1.0)),
    *reduced(
        "reduce_prod", "ReduceProd", looped(operator.mul, 1.0), SOME_ZEROS, suffix=" with zeros"
    ),
    *of_integers("reduce_prod", "ReduceProd", looped(operator.mul, 1)),
    *reduced("reduce_max", "ReduceMax", looped(max, -np.inf), DISTINCT),
    *reduced("reduce_min", "ReduceMin", looped(min, np.inf), DISTINCT),
    *of_integers("reduce_max", "ReduceMax", looped(max, -(2**31))),
    *of_integers("reduce_min", "ReduceMin", looped(min, 2**31 - 1)),
    *of_booleans("reduce_any", "ReduceAny", looped(operator.or_, False)),
    *of_booleans("reduce_all", "ReduceAll", looped(operator.and_, True)),
    *of_some("reduce_logsumexp", "ReduceSum", lambda x: special.logsumexp(x, axis=-1)),
    *of_some("reduce_variance", "ReduceMean", variance_oracle),
    *of_some(
        "reduce_std",
        "Sqrt",
        lambda x: variance_oracle(x) ** 0.5,
        some=({}, {"axis": 1}, {"axis": (0, 1), "keepdims": True}),
        sizes={"m": (2, 4), "n": (2, 4)},
    ),
    *reduced(
        "reduce_euclidean_norm",
        "Sqrt",
        lambda x: np.linalg.norm(x, axis=-1),
        Input("mnk", away=(0.0,)),
        empty="",
    ),
    Case(
        "moments",
        ("ReduceMean",),
        lambda x: core.moments(x, [0, 1]),
        (CUBE,),
        lambda x: (by_last_axis(mean_oracle, x, (0, 1)), by_last_axis(variance_oracle, x, (0, 1))),
    ),
    Case(
        "gradient of a sum is spread",
        ("SpreadReduced",),
        lambda x, y: core.gradients(core.reduce_sum(x, axis=1), [x], y)[0],
        (CUBE, Input("mk")),
        lambda x, y: np.repeat(y[:, None], x.shape[1], axis=1),
        empty="mnk",
    ),
    Case(
        "argmax",
        ("Argmax",),
        lambda x: (core.argmax(x), core.argmax(x, axis=-1, output_type="int32")),
        (DISTINCT,),
        lambda x: (np.argsort(-x, axis=0)[0], np.argsort(-x, axis=-1)[..., 0]),
        gradient=False,
        empty="n",
    ),
    Case(
        "argmin",
        ("Argmin",),
        lambda x: (core.argmin(x, axis=None), core.argmin(x, axis=-1, output_type="int32")),
        (DISTINCT,),
        lambda x: (np.argsort(x, axis=0)[0], np.argsort(x, axis=-1)[..., 0]),
        gradient=False,
        empty="n",
    ),
    Case(
        "argmax and argmin of ties",
        ("Argmax", "Argmin"),
        lambda x: (core.argmax(x, 1), core.argmin(x, 1)),
        (Input("mn", "int8", low=0, high=1),),
        lambda x: (
            np.array([row.index(max(row)) for row in x.tolist()], np.int64),
            np.array([row.index(min(row)) for row in x.tolist()], np.int64),
        ),
        gradient=False,
        empty="m",
    ),
    *running("cumsum", "Cumsum", operator.add, 0.0, CUBE, empty="mnk"),
    *running("cumprod", "ExclusiveScan", operator.mul, 1.0, SOME_ZEROS, empty="mnk"),
    *(
        Case(
            f"cumulative_logsumexp axis={axis}, exclusive={exclusive}, reverse={reverse}",
            ("RunningLogsumexp",),
            # exp(-infinity), of no entries, has differences
            lambda x, a=axis, e=exclusive, r=reverse: core.exp(
                core.cumulative_logsumexp(x, a, e, r)
            ),
            (CUBE,),
            lambda x, a=axis, e=exclusive, r=reverse: summed_up(np.exp(x), a, e, r),
            empty="mnk",
        )
        for axis in (1, -1)
        for exclusive in (False, True)
        for reverse in (False, True)
    ),
    Case(
        "cumulative_logsumexp itself",
        ("RunningLogsumexp",),
        lambda x: core.cumulative_logsumexp(x),
        (Input("mn", low=-50, high=50),),
        lambda x: np.stack([special.logsumexp(x[: k + 1], axis=0) for k in range(len(x))]),
        sizes={"m": (1, 6)},
    ),
    *(
        Case(
            f"{name} axis={axis}, reverse={reverse}",
            ("RunningPosition", "PickAlong", "AddAlong"),
            functools.partial(getattr(core, name), axis=axis, reverse=reverse),
            (DISTINCT,),
            functools.partial(running_extreme, choose=choose, axis=axis, reverse=reverse),
            empty="mnk",
        )
        for name, choose in (("cummax", max), ("cummin", min))
        for axis, reverse in ((0, False), (1, True), (-1, False))
    ),
    Case(
        "cummax and cummin of integers",
        ("RunningPosition", "PickAlong"),
        lambda x: (core.cummax(x, 1), core.cummin(x, -2, reverse=True)),
        (INTEGERS,),
        lambda x: (
            running_extreme(x, max, 1, False),
            running_extreme(x, min, 1, True),
        ),
        gradient=False,
    ),
    Case(
        "gradient of cummax is added up",
        ("AddAlong",),
        lambda x, y: core.gradients(core.cummax(x, axis=1), [x], y)[0],
        (Input("mnk", gradient=False, distinct=True), CUBE),
        add_at_first,
        empty="mnk",
    ),
    Case(
        "cumsum and cumprod of integers",
        ("Cumsum", "ExclusiveScan"),
        lambda x: (core.cumsum(x), core.cumprod(x)),
        (Input("n", "int64"),),
        lambda x: (
            np.array(list(itertools.accumulate(x.tolist())), np.int64),
            np.array(list(itertools.accumulate(x.tolist(), operator.mul)), np.int64),
        ),
        gradient=False,
        empty="n",
    ),
)
