"""Parts of a tensor: by Python's slices, and from a place that only the run knows.

`Slice` has its index as an attribute: it is a view, and types know its sizes. `DynamicSlice` has
the begin as data and the size as a host operand: in a loop that reads one part after another, the
begin changes and nothing is planned anew. Where the plan knows the begin too, it becomes a `Slice`.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import Shape, TensorType, int64, normalize_axes, types_text
from .elementwise import cast, shape_from_value, shape_of, subtract
from .sizes import beside, keep_values, require_sizes, size_values
from .source import Constant, convert
from .stack import size_vector, stack, unstack

__all__ = ["slice"]


class Span(NamedTuple):
    """`start:stop:step` as a value that can be compared and hashed."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None

    def __repr__(self) -> str:
        parts = ["" if part is None else str(part) for part in self]
        return ":".join(parts if parts[2] else parts[:2])


ALL = Span()
Index = tuple[int | Span | EllipsisType | None, ...]


# Slice ------------------------------------------------------------------------------------------


@register
class Slice(OpDef):
    """A part of x, by NumPy's basic indexing.

    x: (...) any dtype -> an int takes its axis away, a span shortens it, None adds one of size 1.
    """

    index: Index
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """Sizes of the spans; those of unknown axes are unknown."""
        return keep_values(self, [x], [x.with_shape(self._sliced(x))])[0]

    def _sliced(self, x: TensorType) -> Shape:
        dims = x.dims()
        shape: list[int | None] = []
        axis = 0
        for item in _expanded(self.index, x):
            if item is None:
                shape.append(1)
                continue
            size = dims[axis]
            if isinstance(item, Span):
                shape.append(None if size is None else len(range(size)[builtins.slice(*item)]))
            elif size is not None and not -size <= item < size:
                raise ShapeError(
                    "getitem",
                    "the index is out of range",
                    expected=f"{-size} <= index < {size} on axis {axis}",
                    got=f"{item}, x {x}",
                )
            axis += 1
        return tuple(shape)

    def compute(self, xp: Any, x: Any) -> Any:
        """NumPy's basic indexing."""
        return x[_as_key(self.index)]

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Put into zeros."""
        return [apply(SliceGrad(self.index), g, shape_of(node.inputs[0]))]

    def attributes_text(self) -> str:
        """As in Python, `[0, 1:5, ...]`."""
        return "[" + ", ".join("..." if i is Ellipsis else repr(i) for i in self.index) + "]"


@register
class SliceGrad(OpDef):
    """Zeros with g at an index: the gradient of `Slice`.

    g: (...) number, shape: (rank,) host integer -> `shape`.
    """

    index: Index
    host_inputs = frozenset({1})

    def infer(self, g: TensorType, shape: TensorType) -> TensorType:
        """The shape's value."""
        return TensorType(g.dtype, shape_from_value(shape))

    def infer_unknown(self, g: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(g, shape),)

    def compute(self, xp: Any, g: Any, shape: Any) -> Any:
        """Assignment to a slice of zeros."""
        result = xp.zeros(tuple(shape.tolist()), g.dtype)
        result[_as_key(self.index)] = g
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The slice again."""
        return [apply(Slice(self.index), g), None]

    attributes_text = Slice.attributes_text


def _expanded(index: Index, x: TensorType) -> list[int | Span | None]:
    """The index with one item an axis of x, besides the Nones."""
    rank = len(x.dims())
    taken = sum(item is not None and item is not Ellipsis for item in index)
    if taken > rank:
        raise ShapeError(
            "getitem",
            "too many indices",
            expected=f"at most {rank}" if rank else "none but ... and None for a scalar",
            got=f"{taken} indices, x {x}",
        )
    items: list[int | Span | None] = []
    has_rest = False
    for item in index:
        if isinstance(item, EllipsisType):
            items += [ALL] * (rank - taken)
            has_rest = True
        else:
            items.append(item)
    return items if has_rest else items + [ALL] * (rank - taken)


def _as_key(index: Index) -> tuple[Any, ...]:
    """The index for an array; its Ellipsis keeps scalars arrays."""
    key = tuple(builtins.slice(*item) if isinstance(item, Span) else item for item in index)
    return key if Ellipsis in index else (*key, Ellipsis)


# DynamicSlice -------------------------------------------------------------------------------------


@register
class SliceBounds(OpDef):
    """What `start:stop` takes of an axis, by Python's rules for negative and large bounds.

    start, stop, size: () integer -> (2,): the lowest entry, and how many from there on. With
    `backwards`, the slice is `start:stop:-1`.
    """

    backwards: bool

    def infer(self, start: TensorType, stop: TensorType, size: TensorType) -> TensorType:
        """Two integers."""
        require(self, "same integer", start=start, stop=stop, size=size)
        if any(type_.rank not in (0, None) for type_ in (start, stop, size)):
            raise ShapeError(
                "getitem",
                "a bound of a slice is not a scalar",
                expected="integers of shape ()",
                got=types_text(start=start, stop=stop),
            )
        return TensorType(size.dtype, (2,))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(*types),)

    def compute(self, xp: Any, start: Any, stop: Any, size: Any) -> Any:
        """Negative bounds count from the end; then all are limited to the axis."""
        low = -1 if self.backwards else 0
        start, stop = (
            xp.minimum(xp.maximum(xp.where(bound < 0, bound + size, bound), low), size + low)
            for bound in (start, stop)
        )
        if self.backwards:
            start, stop = stop + 1, start + 1
        return xp.stack([start, xp.maximum(stop - start, 0)])

    gradient = no_gradient


class _Part(OpDef):
    """A part of some axes: those in `axes`, or all if that is None."""

    axes: tuple[int, ...] | None

    def _part(self, whole: TensorType, begin: TensorType, size: TensorType) -> Shape:
        """The sizes of the part of `whole`.

        Raises:
            ShapeError: unless begin and size have one integer an axis, and fit.
        """
        require_sizes(self, begin=begin, size=size)
        dims = list(whole.dims())
        axes = range(len(dims)) if self.axes is None else self._numbers(len(dims))
        begins, sizes = size_values(begin), size_values(size)
        for values in (begins, sizes):
            if values is not None and len(values) != len(axes):
                raise ShapeError(
                    "slice",
                    "needs one begin and one size an axis",
                    expected=f"{len(axes)} of each",
                    got=f"begin {begin}, size {size}, input {whole}",
                )
        unknown = (None,) * len(axes)
        for axis, first, count in zip(axes, begins or unknown, sizes or unknown, strict=True):
            total = dims[axis]
            ends = [n for n in (first, count) if n is not None]
            if any(n < 0 for n in ends) or (total is not None and sum(ends) > total):
                raise ShapeError(
                    "slice",
                    "the part does not lie in the tensor",
                    expected=f"0 <= begin and begin + size <= {total}, on axis {axis}",
                    got=f"begin {first}, size {count}",
                    hint="-1 as a size, for the rest of the axis, must be a Python integer"
                    if count == -1
                    else None,
                )
            dims[axis] = count
        return tuple(dims)

    def _numbers(self, rank: int) -> list[int]:
        """The axes from the front, in the order of begin and size."""
        axes = self.axes or ()
        normalize_axes(axes, rank, "slice")
        return [axis % rank for axis in axes]

    def _entries(self, xp: Any, begin: Any, size: Any, shape: Sequence[int]) -> dict[int, Any]:
        """For each axis that is cut, the entries that are taken.

        An entry below 0 becomes one beyond the end, as negative indices would count from there.
        """
        axes = range(len(shape)) if self.axes is None else self._numbers(len(shape))
        begin = begin.astype("int64")
        entries = {}
        for place, (axis, count) in enumerate(zip(axes, size, strict=True)):
            if count != shape[axis]:
                found = begin[place] + xp.arange(count)
                entries[axis] = xp.where(found < 0, shape[axis], found)
        return entries


@register
class DynamicSlice(_Part):
    """A part of x that begins at a place only the run knows.

    x: (...) any dtype, begin: (axes,) integer, size: (axes,) host integer -> `size` on `axes`.
    """

    host_inputs = frozenset({2})
    may_alias = True

    def infer(self, x: TensorType, begin: TensorType, size: TensorType) -> TensorType:
        """The sizes that are given; known begins are checked."""
        result = x.with_shape(self._part(x, begin, size))
        if x.value is None or begin.known_value is None:
            return result
        return keep_values(self, [x, begin, size], [result])[0]

    def infer_unknown(
        self, x: TensorType, begin: TensorType, size: TensorType
    ) -> tuple[TensorType, ...]:
        """The sizes, if they are those of all axes."""
        require_sizes(self, begin=begin, size=size)
        return (x.with_shape(shape_from_value(size) if self.axes is None else None),)

    def compute(self, xp: Any, x: Any, begin: Any, size: Any) -> Any:
        """Takes entries, axis by axis."""
        for axis, entries in self._entries(xp, begin, size.tolist(), x.shape).items():
            x = xp.take(x, entries, axis=axis)
        return x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Put into zeros."""
        x, begin, size = node.inputs
        return [apply(DynamicSliceGrad(self.axes), g, begin, size, shape_of(x)), None, None]


@register
class DynamicSliceGrad(_Part):
    """Zeros with g in a part of them: the gradient of `DynamicSlice`.

    g: (...) number, begin: (axes,) integer, size: (axes,) host integer, shape: (rank,) host
    integer -> `shape`.
    """

    host_inputs = frozenset({2, 3})

    def infer(
        self, g: TensorType, begin: TensorType, size: TensorType, shape: TensorType
    ) -> TensorType:
        """The shape's value."""
        return TensorType(g.dtype, shape_from_value(shape))

    def infer_unknown(
        self, g: TensorType, begin: TensorType, size: TensorType, shape: TensorType
    ) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(g, begin, size, shape),)

    def compute(self, xp: Any, g: Any, begin: Any, size: Any, shape: Any) -> Any:
        """Assignment to the places, each of which occurs once."""
        result = xp.zeros(tuple(shape.tolist()), g.dtype)
        entries = self._entries(xp, begin, size.tolist(), result.shape)
        places = []
        for axis, total in enumerate(result.shape):
            found = entries[axis] if axis in entries else xp.arange(total)
            places.append(found.reshape((-1,) + (1,) * (result.ndim - 1 - axis)))
        result[tuple(places)] = g
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The part again."""
        _, begin, size, _ = node.inputs
        return [apply(DynamicSlice(self.axes), g, begin, size), None, None, None]


def slice(input: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The part of `input` that begins at `begin` and has the sizes `size`.

    The begin may change from run to run, and from one round of a loop to the next, without
    anything being planned anew.

    Args:
        input: (...) any dtype.
        begin: (rank,) integer >= 0: a list that may mix ints and integer scalars, or a vector.
        size: (rank,) integer >= 0, likewise; a Python -1 means the rest of the axis.
        name: of the node.

    Returns:
        (size_0, size_1, ...) of the same dtype.

    Raises:
        ShapeError: if there is not one begin and one size an axis, or known ones do not fit.
        KernelError: if a begin that only the run knows does not fit (on a device it wraps around).

    >>> from thalweg.core import Session
    >>> Session().run(slice([[1, 2, 3], [4, 5, 6]], [0, 1], [-1, 2])).tolist()
    [[2, 3], [5, 6]]
    """
    x = convert(input)
    with beside(x):
        first = size_vector("slice", begin, x)
        sizes = size_vector("slice", size, x)
        count = sizes.shape[0] if sizes.shape else None
        open_axes = _open_axes(size)
        if open_axes and first.shape == sizes.shape and x.ndim in (None, count):
            starts = begin if isinstance(begin, list | tuple) else unstack(first, count)
            sizes = _with_rests(x, starts, sizes, open_axes)
    return apply(DynamicSlice(None), x, first, sizes, name=name or "Slice")


def _open_axes(size: Any) -> set[int]:
    """The axes of which the rest is wanted: those whose size was written as -1, not computed."""
    if isinstance(size, Tensor):
        op = size.op.opdef
        size = op.literal.array if isinstance(op, Constant) else ()
    if not isinstance(size, list | tuple | np.ndarray):
        size = [size]
    return {axis for axis, n in enumerate(size) if isinstance(n, int | np.integer) and n == -1}


def _with_rests(x: Tensor, starts: Sequence[Any], sizes: Tensor, open_axes: set[int]) -> Tensor:
    """The sizes with those of some axes replaced by what is left of them.

    Only the begins of these axes decide sizes: the others may change from run to run.
    """
    wholes, parts = (unstack(vector, len(starts)) for vector in (shape_of(x), sizes))
    rows = enumerate(zip(wholes, starts, parts, strict=True))
    return stack(
        [
            subtract(cast(whole, int64), cast(start, int64))
            if axis in open_axes
            else cast(part, int64)
            for axis, (whole, start, part) in rows
        ]
    )
