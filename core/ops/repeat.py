"""Tensors made by repetition and counting: `tile`, `fill`, `zeros`, `ones`, `arange`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DtypeError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, Shape, TensorType, as_dtype, types_text
from .elementwise import BroadcastTo, shape_from_value, shape_of
from .sizes import beside, keep_values, require_sizes, size_values
from .source import constant, convert, convert_all
from .stack import size_vector

__all__ = ["arange", "fill", "ones", "tile", "zeros"]


@register
class Tile(OpDef):
    """The whole tensor repeated along each axis.

    x: (...) any dtype, multiples: (rank,) host integer -> (...) of size_i * multiple_i.
    """

    host_inputs = frozenset({1})

    def infer(self, x: TensorType, multiples: TensorType) -> TensorType:
        """Sizes times multiples."""
        dims = x.dims()
        factors = self._factors(multiples)
        if factors is None:
            factors = (None,) * len(dims)
        if len(factors) != len(dims):
            raise ShapeError(
                self.label,
                "needs one multiple an axis",
                expected=f"{len(dims)} multiples",
                got=f"multiples {factors}, x {x}",
            )
        shape = tuple(map(_product, dims, factors))
        return keep_values(self, [x, multiples], [x.with_shape(shape)])[0]

    def infer_unknown(self, x: TensorType, multiples: TensorType) -> tuple[TensorType, ...]:
        """As many axes as multiples."""
        factors = self._factors(multiples)
        return (TensorType(x.dtype, None if factors is None else (None,) * len(factors)),)

    def _factors(self, multiples: TensorType) -> Shape | None:
        require_sizes(self, multiples=multiples)
        factors = size_values(multiples)
        if factors is not None and any(f is not None and f < 0 for f in factors):
            raise ShapeError(
                self.label,
                "a multiple is negative",
                expected="integers >= 0",
                got=f"multiples {factors}",
            )
        return factors

    def compute(self, xp: Any, x: Any, multiples: Any) -> Any:
        """`xp.tile`."""
        return xp.tile(x, tuple(multiples.tolist()))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The repetitions added up."""
        x, multiples = node.inputs
        return [apply(TileGrad(), g, multiples, shape_of(x)), None]


def _product(size: int | None, factor: int | None) -> int | None:
    if size == 0 or factor == 0:
        return 0
    return None if size is None or factor is None else size * factor


@register
class TileGrad(OpDef):
    """The sum of the repetitions in a tiled tensor: the gradient of `Tile`.

    g: (...) number, multiples: (rank,) host integer, shape: (rank,) host integer -> `shape`.
    """

    host_inputs = frozenset({1, 2})

    def infer(self, g: TensorType, multiples: TensorType, shape: TensorType) -> TensorType:
        """The shape's value."""
        return TensorType(g.dtype, shape_from_value(shape))

    def infer_unknown(
        self, g: TensorType, multiples: TensorType, shape: TensorType
    ) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(g, multiples, shape),)

    def compute(self, xp: Any, g: Any, multiples: Any, shape: Any) -> Any:
        """Each axis becomes two, (multiple, size), of which the first is summed."""
        sizes = shape.tolist()
        pairs = zip(multiples.tolist(), sizes, strict=True)
        repeated = g.reshape([size for pair in pairs for size in pair])
        return repeated.sum(axis=tuple(range(0, 2 * len(sizes), 2)), dtype=g.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Tiled again."""
        return [apply(Tile(), g, node.inputs[1]), None, None]


@register
class Range(OpDef):
    """Integers from start, excluding limit.

    start, limit, delta: () host integer -> (ceil((limit - start) / delta),) number.
    """

    dtype: DType
    host_inputs = frozenset({0, 1, 2})

    def infer(self, start: TensorType, limit: TensorType, delta: TensorType) -> TensorType:
        """As long as the values say."""
        types = {"start": start, "limit": limit, "delta": delta}
        require(self, "same integer", **types)
        if any(type_.rank != 0 for type_ in types.values()):
            raise ShapeError(
                self.label,
                "takes scalars",
                expected="start, limit and delta of shape ()",
                got=types_text(**types),
            )
        if delta.value == (0,):
            raise ShapeError(
                self.label, "the step is zero", expected="delta > 0 or delta < 0", got="0"
            )
        first, last, step = (type_.known_value for type_ in types.values())
        if first is None or last is None or step is None:
            return TensorType(self.dtype, (None,))
        return TensorType(self.dtype, (len(range(int(first), int(last), int(step))),))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType(self.dtype, (None,)),)

    def compute(self, xp: Any, start: Any, limit: Any, delta: Any) -> Any:
        """`xp.arange`."""
        return xp.arange(int(start), int(limit), int(delta), dtype=self.dtype.numpy)

    gradient = no_gradient


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """`input` repeated along each axis.

    Args:
        input: (...) any dtype.
        multiples: (rank,) integer, how often along each axis; a list may mix ints and tensors.
        name: of the node.

    Raises:
        ShapeError: unless there is one multiple >= 0 an axis.

    >>> from thalweg.core import Session
    >>> Session().run(tile([[1, 2]], [2, 2])).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    tensor = convert(input)
    return apply(Tile(), tensor, size_vector("Tile", multiples, tensor), name=name)


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape `dims` with `value` everywhere.

    Args:
        dims: sizes >= 0: an int, a list of ints and integer scalars, or an integer vector.
        value: () any dtype.
        name: of the node.

    Raises:
        ShapeError: if a size is negative or None, or `value` is not a scalar.

    >>> from thalweg.core import Session
    >>> Session().run(fill([2, 2], 7)).tolist()
    [[7, 7], [7, 7]]
    """
    return _filled("fill", dims, value, name)


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Zeros; False, or empty strings.

    Args:
        shape: sizes >= 0: an int, a list of ints and integer scalars, or an integer vector.
        dtype: of the elements.
        name: of the node.

    Raises:
        ShapeError: if a size is negative or None.

    >>> from thalweg.core import Session
    >>> Session().run(zeros([2, 2])).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    wanted = as_dtype(dtype)
    zero = b"" if wanted.is_string else np.zeros((), wanted.numpy)
    return _filled("zeros", shape, zero, name)


def ones(shape: Any, dtype: Any = "float32", name: str | None = None) -> Tensor:
    """Ones, or True.

    Args:
        shape: sizes >= 0: an int, a list of ints and integer scalars, or an integer vector.
        dtype: a number or bool.
        name: of the node.

    Raises:
        ShapeError: if a size is negative or None.
        DtypeError: for strings.

    >>> from thalweg.core import Session
    >>> Session().run(ones([3], "int32")).tolist()
    [1, 1, 1]
    """
    wanted = as_dtype(dtype)
    if wanted.is_string:
        raise DtypeError(
            "ones", "there is no string of one", expected="a number or bool", site=user_site(2)
        )
    return _filled("ones", shape, np.ones((), wanted.numpy), name)


def _filled(where: str, dims: Any, value: Any, name: str | None) -> Tensor:
    """A broadcast scalar: no op of its own, and passes see through it."""
    if isinstance(value, Tensor):
        sizes, scalar = size_vector(where, dims, value), value
    else:
        sizes = size_vector(where, dims)
        with beside(sizes):
            scalar = convert(value)
    values = sizes.type.value or ()
    if (
        scalar.type.rank not in (0, None)
        or not sizes.dtype.is_integer
        or any(size is not None and size < 0 for size in values)
    ):
        raise ShapeError(
            where,
            "takes a scalar and sizes",
            expected="a value of shape (), and integers >= 0",
            got=f"value {scalar.type}, sizes {values or sizes.type}",
            site=user_site(2),
        )
    return apply(BroadcastTo(), scalar, sizes, name=name or where)


def arange(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Tensor:
    """The numbers from `start` in steps of `delta`, excluding `limit` (TF1's `range`).

    Args:
        start: () integer, which may come from sizes and fed values; or a Python float. If
            `limit` is None, this is the limit, and 0 the start.
        limit: likewise.
        delta: likewise, not 0.
        dtype: of the result; by default that of the arguments.
        name: of the node.

    Returns:
        (ceil((limit - start) / delta),) number.

    Raises:
        DtypeError: for float tensors: the size of the result would depend on data.
        ShapeError: if `delta` is 0.

    >>> from thalweg.core import Session
    >>> Session().run(arange(2, 10, 3)).tolist()
    [2, 5, 8]
    """
    if limit is None:
        start, limit = 0, start
    bounds = (start, limit, delta)
    wanted = None if dtype is None else as_dtype(dtype)
    is_plain = all(isinstance(bound, int | float) for bound in bounds)
    if is_plain and delta != 0 and any(isinstance(bound, float) for bound in bounds):
        return constant(np.arange(*bounds), wanted or "float32", name=name or "Range")
    tensors = convert_all(*bounds)
    return apply(Range(wanted or tensors[0].dtype), *tensors, name=name)
