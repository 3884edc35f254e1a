"""Parts of a tensor by Python's slices, backwards too, and the other way round: padding."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from ..errors import DtypeError, OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register
from ..types import Shape, TensorType, normalize_axes
from .elementwise import shape_from_value, shape_of
from .gather import gather
from .shape import axes_tuple
from .sizes import beside, keep_values
from .source import Constant, as_array, convert

__all__ = ["getitem", "pad", "reverse"]


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
                shape.append(None if size is None else len(range(size)[slice(*item)]))
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
    key = tuple(slice(*item) if isinstance(item, Span) else item for item in index)
    return key if Ellipsis in index else (*key, Ellipsis)


def getitem(x: Any, key: Any, name: str | None = None) -> Tensor:
    """`x[key]`, as NumPy has it for ints, slices, `...` and None.

    One of the indices may be an integer tensor, list or array: it picks along its axis, as `gather`
    does. Unlike in NumPy, every index acts on its own axis and leaves its axes there.

    Args:
        x: (...) any dtype.
        key: an index, or a tuple of them.
        name: of the node.

    Raises:
        ShapeError: if an index is out of range, there are too many, or more than one tensor.
        DtypeError: if an index is something else.

    >>> from thalweg.core import Session, constant
    >>> x = constant([[1, 2, 3], [4, 5, 6]])
    >>> Session().run([x[0, ::-1], x[..., 1], x[:, [2, 0]]])
    [array([3, 2, 1], dtype=int32), array([2, 5], dtype=int32), array([[3, 1],
           [6, 4]], dtype=int32)]
    """
    tensor = convert(x)
    index: list[Any] = [_as_item(item) for item in (key if isinstance(key, tuple) else (key,))]
    if sum(item is Ellipsis for item in index) > 1:
        raise _index_error("two Ellipses", "at most one ...", key)
    picks = [position for position, item in enumerate(index) if isinstance(item, _Pick)]
    if len(picks) > 1:
        raise _index_error("more than one index is a tensor", "at most one", key)
    for position in picks:
        with beside(tensor):
            indices = convert(index[position].value)
        if indices.shape is None:
            raise _index_error("the rank of an index is unknown", "a known rank", key)
        tensor = gather(tensor, indices, axis=_axis_of(index, position))
        index[position : position + 1] = [ALL] * len(indices.shape)
    is_all = all(item in (ALL, Ellipsis) for item in index)
    if is_all and index.count(ALL) <= (tensor.ndim or 0):
        return tensor
    return apply(Slice(tuple(index)), tensor, name=name)


class _Pick(NamedTuple):
    """An index that is not known when the graph is built."""

    value: Any


def _as_item(item: Any) -> Any:
    """An index in the form of `Index`, or a `_Pick`."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        bounds = (item.start, item.stop, item.step)
        if all(bound is None or _is_int(bound) for bound in bounds) and item.step != 0:
            start, stop, step = (None if bound is None else int(bound) for bound in bounds)
            return Span(start, stop, None if step == 1 else step)
        raise DtypeError(
            "getitem",
            "a slice takes Python integers",
            expected="start:stop:step of int or None, and a step that is not 0",
            got=repr(item),
            site=user_site(2),
            hint="gather(x, arange(start, stop), axis) takes bounds that are tensors"
            if any(isinstance(bound, Tensor) for bound in bounds)
            else None,
        )
    if _is_int(item):
        return int(item)
    dtype = getattr(item, "dtype", None)
    if isinstance(item, list) or (dtype is not None and getattr(dtype, "kind", "i") in "iu"):
        return _Pick(item)
    raise DtypeError(
        "getitem",
        "not an index",
        expected="an int, a slice, ..., None, or one integer tensor",
        got=repr(item),
        site=user_site(2),
    )


def _is_int(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool)


def _axis_of(index: list[Any], position: int) -> int:
    """The axis an index acts on, from the end if it stands after an Ellipsis."""
    if Ellipsis in index[:position]:
        return -sum(item is not None for item in index[position:])
    return sum(item is not None for item in index[:position])


def _index_error(problem: str, expected: str, key: Any) -> ShapeError:
    return ShapeError("getitem", problem, expected=expected, got=repr(key), site=user_site(2))


# Reverse and Pad ----------------------------------------------------------------------------------


@register
class Reverse(OpDef):
    """Backwards along some axes.  x: (...) any dtype -> (...)."""

    axes: tuple[int, ...]
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """The same shape."""
        normalize_axes(self.axes, len(x.dims()), self.label)
        return keep_values(self, [x], [x.with_shape(x.shape)])[0]

    def compute(self, xp: Any, x: Any) -> Any:
        """`xp.flip`."""
        return xp.flip(x, axis=self.axes)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Reversed again."""
        return [apply(Reverse(self.axes), g)]


def reverse(tensor: Any, axis: int | Sequence[int], name: str | None = None) -> Tensor:
    """`tensor` backwards along one axis or several.

    Args:
        tensor: (...) any dtype.
        axis: in -rank <= axis < rank, or several of them.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis.

    >>> from thalweg.core import Session
    >>> Session().run(reverse([1, 2, 3], 0)).tolist()
    [3, 2, 1]
    """
    return apply(Reverse(axes_tuple(axis)), convert(tensor), name=name)


@register
class Pad(OpDef):
    """x with a constant border.

    x: (...) number or bool -> each size plus what `paddings` has for its axis, (before, after).
    """

    paddings: tuple[tuple[int, int], ...]
    value: float

    def infer(self, x: TensorType) -> TensorType:
        """Sizes plus both borders."""
        dims = x.dims()
        if x.dtype.is_string:
            raise DtypeError(self.label, "takes numbers or booleans", got=f"x {x}")
        if len(dims) != len(self.paddings) or min(map(min, self.paddings), default=0) < 0:
            raise ShapeError(
                self.label,
                "the paddings do not fit",
                expected=f"{len(dims)} pairs of integers >= 0, one an axis of x",
                got=f"paddings {self.paddings}, x {x}",
            )
        shape = tuple(
            None if size is None else before + size + after
            for size, (before, after) in zip(dims, self.paddings, strict=True)
        )
        return keep_values(self, [x], [x.with_shape(shape)])[0]

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """As many axes as pairs."""
        return (x.with_shape((None,) * len(self.paddings)),)

    def compute(self, xp: Any, x: Any) -> Any:
        """x put into a constant array."""
        pairs = list(zip(self.paddings, x.shape, strict=True))
        shape = tuple(before + size + after for (before, after), size in pairs)
        result = xp.full(shape, self.value, dtype=x.dtype)
        result[tuple(slice(before, before + size) for (before, _), size in pairs)] = x
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The part inside the border."""
        inside = tuple(Span(before, -after if after else None) for before, after in self.paddings)
        return [apply(Slice(inside), g)]


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: float = 0,
    name: str | None = None,
) -> Tensor:
    """`tensor` with a border around it.

    Args:
        tensor: (...) number or bool.
        paddings: (rank, 2) integers >= 0 that are known now: for each axis, how many elements
            come before and after.
        mode: `"CONSTANT"`, in any case.
        constant_values: the number in the border.
        name: of the node.

    Raises:
        ShapeError: if the paddings are not one pair of integers >= 0 an axis.
        OptionError: for another mode.

    >>> from thalweg.core import Session
    >>> Session().run(pad([[1, 2]], [[1, 0], [0, 1]])).tolist()
    [[0, 0, 0], [1, 2, 0]]
    """
    if not isinstance(mode, str) or mode.upper() != "CONSTANT":
        raise OptionError(
            "pad", "unknown mode", expected="'CONSTANT'", got=repr(mode), site=user_site(2)
        )
    if isinstance(paddings, Tensor) and isinstance(paddings.op.opdef, Constant):
        paddings = paddings.op.opdef.literal.array
    pairs = None if isinstance(paddings, Tensor) else as_array(paddings)
    if pairs is None or pairs.shape[1:] != (2,) or pairs.dtype.kind not in "iu":
        raise ShapeError(
            "Pad",
            "the paddings are not pairs",
            expected="(rank, 2) integers that are known now",
            got=repr(paddings),
            site=user_site(2),
        )
    borders = tuple((int(before), int(after)) for before, after in pairs)
    value = constant_values if isinstance(constant_values, int) else float(constant_values)
    return apply(Pad(borders, value), convert(tensor), name=name)
