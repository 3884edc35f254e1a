"""Reductions along axes.

`axis` is None for all axes, a number, or several; negative ones count from the last. Reduced axes
vanish, or stay with size 1 where `keepdims`. Gradients never divide by the values: products are
right with zeros, and maxima share theirs evenly among ties, as TensorFlow's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import TensorType, as_dtype, normalize_axes
from .compare import equal, maximum
from .cumulative import running_products
from .elementwise import cast, divide, shape_from_value, shape_of
from .math import floordiv
from .source import convert

__all__ = [
    "reduce_all",
    "reduce_any",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
]

Axis = int | Sequence[int] | None


class _Reduction(OpDef):
    """Base: which axes go, and whether they stay with size 1."""

    axis: tuple[int, ...] | None
    keepdims: bool

    def axes(self, rank: int) -> tuple[int, ...]:
        """The reduced axes, counted from the front."""
        return normalize_axes(self.axis, rank, self.label)

    def infer(self, x: TensorType) -> TensorType:
        """Without the reduced axes, or with size 1 there."""
        self.check(x)
        dims = x.dims()
        axes = self.axes(len(dims))
        if self.keepdims:
            return x.with_shape(tuple(1 if i in axes else n for i, n in enumerate(dims)))
        return x.with_shape(tuple(n for i, n in enumerate(dims) if i not in axes))

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """A scalar where all axes go, else an unknown rank."""
        self.check(x)
        return (x.with_shape(() if self.axis is None and not self.keepdims else None),)

    def check(self, x: TensorType) -> None:
        """Raises DtypeError where the op does not take x."""
        require(self, "number", x=x)

    def spread(self, reduced: Tensor, x: Tensor) -> Tensor:
        """A result repeated to the shape of the input it came from."""
        return apply(SpreadReduced(self.axis, self.keepdims), reduced, shape_of(x))


@register
class SpreadReduced(OpDef):
    """Repeats what a reduction made along the axes that it reduced.

    x: a reduction's result, any dtype; shape: (rank,) host integer -> `shape`.
    """

    axis: tuple[int, ...] | None
    keepdims: bool
    host_inputs = frozenset({1})
    may_alias = True
    is_elementwise = True

    def kept_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of x, with ones for the axes that were reduced."""
        axes = normalize_axes(self.axis, len(shape), self.label)
        return tuple(1 if i in axes else int(n) for i, n in enumerate(shape))

    def infer(self, x: TensorType, shape: TensorType) -> TensorType:
        """The shape's value, where known; else only its rank."""
        return TensorType(x.dtype, shape_from_value(shape))

    def infer_unknown(self, x: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(x, shape),)

    def compute(self, xp: Any, x: Any, shape: Any) -> Any:
        """A strided view where the backend has one."""
        sizes = tuple(int(size) for size in shape)
        return xp.broadcast_to(x.reshape(self.kept_shape(sizes)), sizes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Sums what was repeated."""
        return [apply(ReduceSum(self.axis, self.keepdims), g), None]


# Sums and means ---------------------------------------------------------------------------------


@register
class ReduceSum(_Reduction):
    """The sum along axes.  x: (...) number -> the other axes, same dtype."""

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's pairwise sum, in x's dtype."""
        return x.sum(axis=self.axes(x.ndim), dtype=x.dtype, keepdims=self.keepdims)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """g for each element."""
        return [self.spread(g, node.inputs[0])]


@register
class ReduceMean(_Reduction):
    """The mean along axes; NaN of no elements.  x: (...) float -> the other axes, same dtype."""

    def check(self, x: TensorType) -> None:
        """Floats only: a mean of integers would have to round."""
        require(self, "float", x=x)

    def compute(self, xp: Any, x: Any) -> Any:
        """The sum over the count; a float16 sum is kept in float32, as it would overflow."""
        axes = self.axes(x.ndim)
        dtype = "float32" if x.dtype.itemsize == 2 else x.dtype
        total = x.sum(axis=axes, dtype=dtype, keepdims=self.keepdims)
        return (total / math.prod(x.shape[i] for i in axes)).astype(x.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """g over the count, for each element."""
        x, y = node.inputs[0], node.outputs[0]
        return [self.spread(divide(g, _count(x, y)), x)]


def _count(x: Tensor, y: Tensor) -> Any:
    """How many elements of x went into each of y; at least 1."""
    if x.type.size is not None and y.type.size is not None:
        return float(max(1, x.type.size // max(1, y.type.size)))
    sizes = [reduce_prod(shape_of(t, "int64")) for t in (x, y)]
    return cast(maximum(1, floordiv(sizes[0], maximum(1, sizes[1]))), x.dtype)


# Products ---------------------------------------------------------------------------------------


@register
class ReduceProd(_Reduction):
    """The product along axes.  x: (...) number -> the other axes, same dtype."""

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `prod`, in x's dtype."""
        return x.prod(axis=self.axes(x.ndim), dtype=x.dtype, keepdims=self.keepdims)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """g times the product of the others: of those before and those after, axis by axis."""
        partial = [node.inputs[0]]
        axes = self.axes(len(partial[0].type.dims()))
        for axis in axes:
            partial.append(apply(ReduceProd((axis,), True), partial[-1]))
        g = self.spread(g, partial.pop())
        for axis, x in zip(reversed(axes), reversed(partial), strict=True):
            before, after = (running_products(x, axis, reverse) for reverse in (False, True))
            g = g * (before * after)
        return [g]


# Extremes ---------------------------------------------------------------------------------------


class _Extreme(_Reduction):
    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Shared evenly by all entries that equal the extreme."""
        x, y = node.inputs[0], node.outputs[0]
        chosen = cast(equal(x, self.spread(y, x)), x.dtype)
        share = divide(g, apply(ReduceSum(self.axis, self.keepdims), chosen))
        return [chosen * self.spread(share, x)]


@register
class ReduceMax(_Extreme):
    """The largest entry along axes; the least value there is where there are no entries.

    x: (...) number -> the other axes, same dtype.
    """

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `max`."""
        if not x.size:
            return _without_entries(self, xp, x, largest=False)
        return x.max(axis=self.axes(x.ndim), keepdims=self.keepdims)


@register
class ReduceMin(_Extreme):
    """The smallest entry along axes; the greatest value there is where there are no entries.

    x: (...) number -> the other axes, same dtype.
    """

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `min`."""
        if not x.size:
            return _without_entries(self, xp, x, largest=True)
        return x.min(axis=self.axes(x.ndim), keepdims=self.keepdims)


def _without_entries(op: _Reduction, xp: Any, x: Any, *, largest: bool) -> Any:
    type_ = op.infer(TensorType(as_dtype(x.dtype), x.shape))
    if type_.dtype.is_float:
        value: Any = math.inf if largest else -math.inf
    else:
        limits = np.iinfo(type_.dtype.numpy)
        value = limits.max if largest else limits.min
    return xp.full(type_.shape, value, x.dtype)


# Logic ------------------------------------------------------------------------------------------


@register
class ReduceAny(_Reduction):
    """True where some entry along the axes is.  x: (...) bool -> the other axes, bool."""

    def check(self, x: TensorType) -> None:
        """Booleans only."""
        require(self, "bool", x=x)

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `any`."""
        return x.any(axis=self.axes(x.ndim), keepdims=self.keepdims)

    gradient = no_gradient


@register
class ReduceAll(_Reduction):
    """True where every entry along the axes is.  x: (...) bool -> the other axes, bool."""

    def check(self, x: TensorType) -> None:
        """Booleans only."""
        require(self, "bool", x=x)

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's `all`."""
        return x.all(axis=self.axes(x.ndim), keepdims=self.keepdims)

    gradient = no_gradient


# Public functions -------------------------------------------------------------------------------


def _axes(axis: Axis) -> tuple[int, ...] | None:
    if axis is None:
        return None
    return (int(axis),) if isinstance(axis, int | np.integer) else tuple(int(a) for a in axis)


class ReductionFunction(Protocol):
    """A public function that reduces axes."""

    def __call__(
        self, x: Any, axis: Axis = None, keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        """A tensor without the reduced axes."""


def _reduction(
    op: type[_Reduction], name: str, doc: str, takes: str, example: tuple[str, str]
) -> ReductionFunction:
    """The public function of an op, with what all of them have to say."""

    def function(
        x: Any, axis: Axis = None, keepdims: bool = False, name: str | None = None
    ) -> Tensor:
        return apply(op(_axes(axis), keepdims), convert(x), name=name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{doc}

Args:
    x: (...) {takes}.
    axis: None for all axes, a number, or several; negative ones count from the last.
    keepdims: leave reduced axes with size 1.
    name: of the node.

Raises:
    ShapeError: if there is no such axis, or one is given twice.
    DtypeError: if x is not {takes}.

>>> from thalweg.core import Session
>>> Session().run({name}({example[0]})).tolist()
{example[1]}
"""
    return function


reduce_sum = _reduction(
    ReduceSum,
    "reduce_sum",
    "The sum along axes.",
    "number",
    ("[[1.0, 2.0], [3.0, 4.0]], axis=0", "[4.0, 6.0]"),
)
reduce_mean = _reduction(
    ReduceMean,
    "reduce_mean",
    "The mean along axes; NaN of no elements. Integers must be cast: TensorFlow would round.",
    "float",
    ("[[1.0, 2.0], [3.0, 4.0]], axis=1", "[1.5, 3.5]"),
)
reduce_prod = _reduction(
    ReduceProd,
    "reduce_prod",
    "The product along axes; its gradient is right with zeros too.",
    "number",
    ("[[1.0, 2.0], [3.0, 4.0]], axis=0", "[3.0, 8.0]"),
)
reduce_max = _reduction(
    ReduceMax,
    "reduce_max",
    "The largest entry along axes (of none, -infinity or the least integer). Ties share the "
    "gradient evenly.",
    "number",
    ("[[1.0, 5.0], [3.0, 4.0]], axis=0", "[3.0, 5.0]"),
)
reduce_min = _reduction(
    ReduceMin,
    "reduce_min",
    "The smallest entry along axes (of none, infinity or the greatest integer). Ties share the "
    "gradient evenly.",
    "number",
    ("[[1.0, 5.0], [3.0, 4.0]], axis=0", "[1.0, 4.0]"),
)
reduce_any = _reduction(
    ReduceAny,
    "reduce_any",
    "True where some entry along the axes is.",
    "bool",
    ("[[True, False], [False, False]], axis=1", "[True, False]"),
)
reduce_all = _reduction(
    ReduceAll,
    "reduce_all",
    "True where every entry along the axes is.",
    "bool",
    ("[[True, False], [True, True]], axis=1", "[False, True]"),
)
