"""Parts of a tensor by Python's slices, backwards too."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, NamedTuple

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register
from ..types import Shape, TensorType
from .elementwise import shape_from_value, shape_of
from .sizes import keep_values

__all__: list[str] = []  # `indexing.py` has what users call


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
