"""`TensorArray`: tensors of one type, written and read by number, also in loops.

The array is a tensor with one more axis in front. Writing makes a new array, so a loop hands it on
like any other value. Where the elements' shape is not known before the loop, the tensor is made
when the body first writes: then its type is known, and its sizes are those of the first element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, GraphError, ShapeError
from ..graph import Operation, Tensor, current_context
from ..opdef import OpDef, apply, register, require
from ..structure import Composite
from ..types import TensorType, as_dtype, as_shape, types_text
from .concat import concat
from .elementwise import shape_of, zeros_like
from .gather import gather
from .repeat import arange, zeros
from .shape import reshape
from .source import convert
from .stack import stack

__all__ = ["TensorArray"]


@register
class ArrayWrite(OpDef):
    """An array with one element replaced.

    array: (length, ...) any dtype, index: () integer >= 0, value: (...) -> (length, ...); with
    `grows`, an index beyond the end makes the array longer.
    """

    grows: bool = False

    @property
    def runs_on_host(self) -> bool:  # type: ignore[override]
        """A length that follows from a value is a matter of the host."""
        return self.grows

    def infer(self, array: TensorType, index: TensorType, value: TensorType) -> TensorType:
        """The array's type; its length is open if it may grow."""
        require(self, "integer", index=index)
        if array.dtype is not value.dtype:
            raise DtypeError(
                self.label, "the value has another dtype", got=types_text(array=array, value=value)
            )
        length, *element = array.dims()
        if index.shape != () or not value.accepts_shape(tuple(element)):
            raise ShapeError(
                self.label,
                "the value or the index has another shape",
                expected=f"value {value.with_shape(tuple(element))}, index ()",
                got=types_text(value=value, index=index),
            )
        return array.with_shape((None if self.grows else length, *element))

    def compute(self, xp: Any, array: Any, index: Any, value: Any) -> Any:
        """A comparison with each place chooses between old and new."""
        length = array.shape[0]
        if not self.grows:
            xp.take(array, index, axis=0)  # NumPy refuses an index beyond the end; a GPU cannot
        if self.grows and int(index) >= length:
            more = xp.zeros((int(index) + 1 - length, *array.shape[1:]), array.dtype)
            array = xp.concatenate([array, more])
            length = int(index) + 1
        here = (xp.arange(length) == index).reshape((length,) + (1,) * (array.ndim - 1))
        return xp.where(here, value[None, ...], array)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The element's gradient goes to the value, all others to the array."""
        array, index, value = node.inputs
        kept = apply(ArrayWrite(), g, index, zeros_like(value))
        if self.grows:
            kept = gather(kept, arange(shape_of(array)[0]))
        return [kept, None, gather(g, index)]


class _Slot:
    """Where a loop's body makes the array that it is the first to write.

    Attributes:
        input: the body's input for the array, once it is made.
        element: the first element.
    """

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.input: Tensor | None = None
        self.element: Tensor | None = None


class TensorArray(Composite):
    """Tensors of one type, by number.

    Args:
        dtype: of the elements.
        size: how many; () integer.
        dynamic_size: whether a write beyond the end makes it longer. A loop that makes an array
            longer has no gradient, since what it would keep changes its size.
        element_shape: shape of the elements, as far as it is known.

    Raises:
        GraphError: if it is read before anything was written and no shape was given.
        ShapeError, DtypeError: if an element does not fit.

    >>> from thalweg.core import Session
    >>> squares = TensorArray("float32", size=3)
    >>> for i in range(3):
    ...     squares = squares.write(i, float(i * i))
    >>> Session().run(squares.stack()).tolist()
    [0.0, 1.0, 4.0]
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = 0,
        dynamic_size: bool = False,
        element_shape: Any = None,
        *,
        _buffer: Tensor | None = None,
    ) -> None:
        self.dtype = as_dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self._size = size
        self._element_shape = as_shape(element_shape)
        self._buffer = _buffer
        self._slot: _Slot | None = None

    def parts(self) -> Sequence[Any]:
        """The tensor that holds it; nothing before the first write."""
        buffer = self._known()
        return [] if buffer is None else [buffer]

    def with_parts(self, parts: Sequence[Any]) -> TensorArray:
        """The same array in another tensor."""
        new = self._with(parts[0] if parts else None)
        graph = current_context().graph
        if not parts and graph.outer is not None:
            new._slot = _Slot(graph)
        return new

    def _with(self, buffer: Tensor | None) -> TensorArray:
        shape = self._element_shape
        return TensorArray(self.dtype, self._size, self.dynamic_size, shape, _buffer=buffer)

    def _known(self) -> Tensor | None:
        if self._buffer is None and self._slot is not None:
            return self._slot.input
        return self._buffer

    @property
    def slot(self) -> _Slot | None:
        """Where the body of the loop that handed it on makes it; None if it is made."""
        return self._slot

    def made_outside(self, element_shape: Tensor) -> Tensor:
        """The tensor that a loop starts with, for elements of this shape; () zeros."""
        sizes = concat([_vector(self._size), element_shape], axis=0)
        return zeros(sizes, self.dtype)

    def _made(self, element: Tensor) -> Tensor:
        """The tensor that holds it, made at the first write."""
        known = self._known()
        if known is not None:
            return known
        slot = self._slot
        graph: Any = current_context().graph
        if slot is None or graph is not slot.graph:
            self._buffer = self.made_outside(shape_of(element))
            return self._buffer
        shape = element.type.shape
        length = None if self.dynamic_size else _static(self._size)
        type_ = TensorType(self.dtype, None if shape is None else (length, *shape))
        made: Tensor = graph.input(type_, "array")
        slot.input, slot.element = made, element
        return made

    def _read(self) -> Tensor:
        buffer = self._known()
        if buffer is not None:
            return buffer
        if self._element_shape is None or None in self._element_shape:
            raise GraphError(
                "TensorArray",
                "it is read before anything was written",
                hint="element_shape=… tells what it holds",
            )
        self._buffer = zeros([self._size, *self._element_shape], self.dtype)
        return self._buffer

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with one element replaced.  index: () integer, value: an element."""
        element = convert(value, self.dtype)
        if not TensorType(self.dtype, self._element_shape).accepts(element.type):
            raise ShapeError(
                "TensorArray",
                "an element has another shape",
                expected=str(TensorType(self.dtype, self._element_shape)),
                got=str(element.type),
            )
        place = convert(index)
        buffer = self._made(element)
        return self._with(apply(ArrayWrite(self.dynamic_size), buffer, place, element, name=name))

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """One element.  index: () integer."""
        return gather(self._read(), index, name=name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Some elements, stacked.  indices: (count,) integer -> (count, ...)."""
        return gather(self._read(), indices, name=name)

    def stack(self, name: str | None = None) -> Tensor:
        """All elements.  -> (length, ...)."""
        del name
        return self._read()

    def concat(self, name: str | None = None) -> Tensor:
        """All elements, one after the other along their first axis."""
        buffer = self._read()
        sizes = shape_of(buffer)
        joined = stack([sizes[0] * sizes[1]])
        return reshape(buffer, concat([joined, sizes[2:]], axis=0), name=name)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """An array of the slices of a tensor along its first axis."""
        del name
        return self._with(convert(value, self.dtype))

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with some elements replaced.  indices: (count,), value: (count, ...)."""
        del name
        places, rows = convert(indices), convert(value, self.dtype)
        count = (places.shape or (None,))[0]
        if count is None:
            raise ShapeError(
                "TensorArray",
                "scatter needs to know how many elements it writes",
                got=types_text(indices=places.type),
            )
        array = self
        for i in range(count):
            array = array.write(places[i], rows[i])
        return array

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements.  -> () int32."""
        buffer = self._known()
        return convert(self._size) if buffer is None else shape_of(buffer, name=name)[0]

    def identity(self) -> TensorArray:
        """The same array."""
        return self

    def __repr__(self) -> str:
        return f"<TensorArray of {self.dtype.name} {self._known() or 'not written yet'}>"


def _vector(size: Any) -> Tensor:
    return reshape(convert(size), [1])


def _static(size: Any) -> int | None:
    value = convert(size).type.value
    return None if value is None else value[0]
