"""Every check that a row of the op tests implies, as plain functions.

A check draws nothing: it takes a `Case` and the arrays made for it by `drawing.draw`, builds the
case's graph anew, and raises `AssertionError` with what differs. `tests/core/test_conformance.py`
turns each into one test a row. `programs.py` holds the checks of programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from thalweg.core import GraphError, Session, ShapeError, gradients, placeholder
from thalweg.core.graph import Tensor
from thalweg.core.passes import PIPELINE
from thalweg.core.types import TensorType, as_dtype

from .building import Built, build, differentiate
from .case import Case
from .comparing import (
    TOLERANCE,
    assert_close,
    assert_same_results,
    assert_value_true,
    largest,
)
from .drawing import Arrays

# Central differences: step (near the cube root of epsilon), and tolerance, by the coarsest dtype.
DIFFERENCES = {"float64": (6e-6, 2e-7), "float32": (1e-2, 2e-2), "float16": (1e-1, 2e-1)}
PASS_NAMES = tuple(pass_.__name__ for pass_ in PIPELINE)


def oracle_results(case: Case, arrays: Arrays) -> Arrays:
    """What the row's oracle says, in float64 for float inputs."""
    wide = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
    with np.errstate(all="ignore"):
        result = case.oracle(*wide)
    return tuple(np.asarray(r) for r in (result if isinstance(result, list | tuple) else (result,)))


def check_forward(case: Case, arrays: Arrays, backend: str = "numpy") -> None:
    """The results equal the oracle's, and their types are the inferred ones."""
    expected = oracle_results(case, arrays)
    built = build(case, arrays)
    results = built.run(built.outputs, backend)
    assert len(results) == len(expected), f"{len(results)} outputs, {len(expected)} expected"
    scale = largest(*arrays, *expected)
    for number, (result, wanted) in enumerate(zip(results, expected, strict=True)):
        type_ = built.outputs[number].type
        assert result.dtype == type_.dtype.numpy, f"inferred {type_}, but made {result.dtype}"
        same = type_.accepts_shape(result.shape) if case.data_sizes else type_.shape == result.shape
        assert same, f"inferred {type_}, but made {result.shape}"
        assert_value_true(type_, result)
        tolerance = case.rtol * TOLERANCE.get(result.dtype.name, 0.0)
        assert_close(
            result, wanted, f"output {number}", scale=scale, rtol=tolerance, exact=case.exact
        )


def check_unknown(case: Case, arrays: Arrays, known: str) -> None:
    """Inferred types with less known are right, and the results the same."""
    full = build(case, arrays)
    expected = full.run(full.outputs)
    if known == "nothing" and case.needs_rank:
        try:
            build(case, arrays, known)
        except ShapeError as error:
            assert "rank" in str(error), f"the message does not speak of the rank: {error}"
            return
        raise AssertionError("the row says needs_rank, but an unknown rank did as well")
    built = build(case, arrays, known)
    for number, (tensor, result) in enumerate(zip(built.outputs, expected, strict=True)):
        real = TensorType(as_dtype(result.dtype), result.shape)
        assert tensor.type.accepts(real), f"output {number}: inferred {tensor.type}, made {real}"
        assert_value_true(tensor.type, result)
    assert_same_results(case, built.run(built.outputs), expected, f"with unknown {known}")


def check_gradient(case: Case, arrays: Arrays, seed: int) -> None:
    """Gradients equal central differences along one random direction an input."""
    if not case.gradient:
        check_no_gradient(case, arrays, seed)
        return
    built = differentiate(case, arrays, seed)
    assert built.targets and built.sources, "there is nothing to differentiate: gradient=False"
    _check_derivative(built, built.targets, built.projections, built.sources, built.gradients, seed)


def check_no_gradient(case: Case, arrays: Arrays, seed: int) -> None:
    """Differentiating raises or finds nothing: the row would check it otherwise."""
    try:
        built = differentiate(case, arrays, seed)
    except GraphError as error:
        assert "has no gradient" in str(error), str(error)
    else:
        assert all(g is None for g in built.gradients), (
            "the row says gradient=False, but there is one"
        )


def check_second_order(case: Case, arrays: Arrays, seed: int) -> None:
    """Gradients of a random projection of the gradients equal central differences.

    The first projection counts as one more input, so that gradient helper ops are differentiated
    with respect to all they take.
    """
    if not case.gradient or case.order < 2:
        return
    built = differentiate(case, arrays, seed)
    firsts = [g for g in built.gradients if g is not None]
    if not firsts:
        return
    generator = np.random.default_rng([seed, 2])
    with built.graph.as_default():
        seconds = []
        for number, (g, value) in enumerate(zip(firsts, built.run(firsts), strict=True)):
            seconds.append(placeholder(g.dtype, value.shape, name=f"second_{number}"))
            built.feeds.append(seconds[-1])
            built.values.append(generator.uniform(-1, 1, value.shape).astype(value.dtype))
        sources = built.sources + built.projections
        found = gradients(firsts, sources, seconds)
    _check_derivative(built, firsts, seconds, sources, found, seed)


def _check_derivative(
    built: Built,
    targets: Sequence[Tensor],
    projections: Sequence[Tensor],
    sources: Sequence[Tensor],
    found: Sequence[Tensor | None],
    seed: int,
) -> None:
    """Compares `found` with differences of the sum of targets times projections."""
    if not targets:
        return
    generator = np.random.default_rng([seed, 3])
    coarsest = max((t.dtype for t in (*targets, *sources)), key=lambda d: np.finfo(d.numpy).eps)
    step, tolerance = DIFFERENCES[coarsest.name]
    value_of = dict(zip(built.feeds, built.values, strict=True))
    session = Session(graph=built.graph)

    def projected(changes: Mapping[Tensor, np.ndarray]) -> float:
        values = session.run(list(targets), {**value_of, **changes})
        terms = (
            np.asarray(value, np.float64) * value_of[p].astype(np.float64)
            for value, p in zip(values, projections, strict=True)
        )
        return float(sum(term.sum() for term in terms))

    analytic = iter(built.run([g for g in found if g is not None]))
    for source, g in zip(sources, found, strict=True):
        x = value_of[source]
        value = next(analytic).astype(np.float64) if g is not None else np.zeros(x.shape)
        assert value.shape == x.shape, (
            f"the gradient of '{source.name}' has shape {value.shape}, not {x.shape}"
        )
        if not x.size:
            continue  # and the results may be infinite, the maximum of nothing
        direction = generator.uniform(0.5, 1, x.shape) * generator.choice([-1, 1], x.shape)
        up, down = (x + sign * step * direction for sign in (1, -1))
        difference = projected({source: up.astype(x.dtype)}) - projected(
            {source: down.astype(x.dtype)}
        )
        numeric = difference / (2 * step)
        symbolic = float((value * direction).sum())
        scale = max(1.0, float(np.abs(value).sum()), abs(numeric))
        missing = "" if g is not None else " (there is none: None)"
        assert abs(symbolic - numeric) <= tolerance * scale, (
            f"the gradient of '{source.name}' along a direction is {symbolic}{missing}, "
            f"by differences {numeric}, allowed is a difference of {tolerance * scale}"
        )


def check_gradient_unknown(case: Case, arrays: Arrays, seed: int) -> None:
    """Gradients built with unknown sizes have the same values, and types that fit them."""
    if not case.gradient:
        return
    full = differentiate(case, arrays, seed)
    less = differentiate(case, arrays, seed, known="ranks")
    expected = full.run([g for g in full.gradients if g is not None])
    assert [g is None for g in full.gradients] == [g is None for g in less.gradients]
    tensors = [g for g in less.gradients if g is not None]
    for tensor, value in zip(tensors, expected, strict=True):
        real = TensorType(as_dtype(value.dtype), value.shape)
        assert tensor.type.accepts(real), f"inferred {tensor.type}, made {real}"
    assert_same_results(case, less.run(tensors), expected, "gradients with unknown sizes")


def layouts(array: np.ndarray) -> Iterator[np.ndarray]:
    """The same values in other memory layouts."""
    if array.ndim:
        every = (slice(None, None, -1),) * array.ndim
        yield np.ascontiguousarray(array[every])[every]
        yield np.asfortranarray(array)
        yield np.repeat(array, 2, axis=-1)[..., ::2]


def check_layouts(case: Case, arrays: Arrays, seed: int) -> None:
    """Reversed, transposed and strided feeds give the same results and gradients."""
    built = differentiate(case, arrays, seed) if case.gradient else build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    expected = built.run(fetches)
    plain = list(built.values)
    for position, array in enumerate(plain):
        for layout in layouts(array):
            built.values[position] = layout
            actual = built.run(fetches)
            assert_same_results(case, actual, expected, f"strides {layout.strides}")
        built.values[position] = array


def check_passes(case: Case, arrays: Arrays, seed: int) -> None:
    """Results and gradients do not depend on any pass."""
    built = differentiate(case, arrays, seed, "ranks") if case.gradient else build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    expected = built.run(fetches)
    for off in [*[(name,) for name in PASS_NAMES], PASS_NAMES]:
        actual = built.run(fetches, passes_off=off)
        assert_same_results(case, actual, expected, f"without {' and '.join(off)}")


def check_backend(case: Case, arrays: Arrays, seed: int, backend: str) -> None:
    """Another backend's results and gradients are NumPy's."""
    built = differentiate(case, arrays, seed) if case.gradient else build(case, arrays)
    fetches = [*built.outputs, *(g for g in getattr(built, "gradients", ()) if g is not None)]
    expected = built.run(fetches)
    assert_same_results(case, built.run(fetches, backend), expected, f"on {backend}")
