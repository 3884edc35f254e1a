"""Variables changed by index: `scatter_update`, `scatter_add` and their kind.

Each becomes pure instructions on the value that the write before it left, as `assign_add` does; so
unordered ones in one run compose. Only the rows at the indices are computed, and where nothing else
reads the old value any more they are written into it: a large table is not copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import OptionError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import apply, register, require
from ..types import TensorType, int64, types_text
from .concat import concat
from .elementwise import Shape, broadcast_to, shape_of
from .scatter import FlatIndex, head_of_sizes, put_combined
from .scattering import index_depth
from .sizes import beside
from .slicing import Slice, Span
from .source import convert
from .state import Emitter, StateOp, Variable

__all__ = [
    "scatter_add",
    "scatter_div",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "scatter_sub",
    "scatter_update",
]


@register
class AssignRows(StateOp):
    """Changes the rows of a variable at some indices.

    indices: (*n) integer, counting the entries of the first `axes` axes in row-major order; rows:
    (*n, ...) -> the new value. `kind` is what becomes of old and new rows, as in `put_combined`.
    """

    variable: Variable
    kind: str
    axes: int

    def infer(self, indices: TensorType, rows: TensorType) -> TensorType:
        """The variable's type, into which the rows must fit."""
        require(self, "integer", indices=indices)
        if self.kind == "divide":
            require(self, "float", updates=rows)
        elif self.kind != "last":
            require(self, "number", updates=rows)
        held = self.variable.type
        wanted = (*indices.dims(), *held.dims()[self.axes :])
        if not 1 <= self.axes <= len(held.dims()) or not rows.accepts_shape(wanted):
            raise ShapeError(
                "scatter",
                "the updates do not fit",
                expected=f"updates {rows.with_shape(wanted)}, for variable "
                f"'{self.variable.name}' {held}",
                got=types_text(indices=indices, updates=rows),
            )
        return held

    def infer_unknown(self, indices: TensorType, rows: TensorType) -> tuple[TensorType, ...]:
        """The variable's type."""
        return (self.variable.type,)

    def transition(self, emitter: Emitter, old: Callable[[], Any], *inputs: Any) -> tuple[Any, Any]:
        """Old rows are picked, met by the new ones, and replaced."""
        value = old()
        indices, rows = inputs
        sizes = emitter.emit(Shape(int64), value)
        _, total = head_of_sizes(emitter.emit, sizes, self.axes)
        new = put_combined(emitter.emit, self.kind, value, indices, rows, total, self.axes)
        return new, new


def _scatter(ref: Any, kind: str, indices: Any, updates: Any, name: str | None) -> Tensor:
    """The rows of the first axis at `indices`."""
    variable = _variable(ref)
    picked = convert(indices)
    rows = convert(updates, variable.dtype)
    if rows.ndim == 0:  # one number for all of them
        with beside(rows):
            tail = apply(Slice((Span(1, None),)), shape_of(variable.value(), int64))
            rows = broadcast_to(rows, concat([shape_of(picked, int64), tail], 0))
    return variable.write(AssignRows(variable, kind, 1), picked, rows, name=name)


def _scatter_nd(ref: Any, kind: str, indices: Any, updates: Any, name: str | None) -> Tensor:
    """The entries at vectors of indices."""
    variable = _variable(ref)
    vectors = convert(indices)
    axes = index_depth("scatter_nd", vectors)
    sizes, _ = head_of_sizes(apply, shape_of(variable.value(), int64), axes)
    flat = apply(FlatIndex(), vectors, sizes)
    rows = convert(updates, variable.dtype)
    return variable.write(AssignRows(variable, kind, axes), flat, rows, name=name)


def _variable(ref: Any) -> Variable:
    if not isinstance(ref, Variable):
        raise OptionError(
            "scatter",
            "ref is not a variable",
            expected="a Variable",
            got=repr(ref),
            site=user_site(3),
            hint="tensor_scatter_update(tensor, indices, updates) makes a new tensor",
        )
    return ref


def scatter_update(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Replaces rows of a variable.

    Of several updates of one row the last in row-major order counts.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError: if the updates do not fit indices and variable.
        DtypeError: if their dtype is another, or the indices are not integers.
        KernelError: if an index that only the run knows is out of range (on a device it wraps).

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 3.0])
    >>> Session().run(scatter_update(w, [2, 0, 2], [5.0, 6.0, 7.0])).tolist()
    [6.0, 2.0, 7.0]
    """
    return _scatter(ref, "last", indices, updates, name)


def scatter_add(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Adds to rows of a variable.

    Updates of one row add up, in an order that follows from the indices alone.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 3.0])
    >>> Session().run(scatter_add(w, [2, 0, 2], [5.0, 6.0, 7.0])).tolist()
    [7.0, 2.0, 15.0]
    """
    return _scatter(ref, "add", indices, updates, name)


def scatter_sub(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Subtracts from rows of a variable.

    Updates of one row add up, in an order that follows from the indices alone.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 3.0])
    >>> Session().run(scatter_sub(w, [2, 0, 2], [5.0, 6.0, 7.0])).tolist()
    [-5.0, 2.0, -9.0]
    """
    return _scatter(ref, "subtract", indices, updates, name)


def scatter_mul(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Multiplies rows of a variable.

    Updates of one row are multiplied first, in an order that follows from the indices alone.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 3.0])
    >>> Session().run(scatter_mul(w, [2, 0, 2], [5.0, 6.0, 7.0])).tolist()
    [6.0, 2.0, 105.0]
    """
    return _scatter(ref, "multiply", indices, updates, name)


def scatter_div(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Divides rows of a variable, which must be of floats.

    Updates of one row are multiplied first, in an order that follows from the indices alone.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 30.0])
    >>> Session().run(scatter_div(w, [2, 0, 2], [5.0, 2.0, 3.0])).tolist()
    [0.5, 2.0, 2.0]
    """
    return _scatter(ref, "divide", indices, updates, name)


def scatter_min(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Lowers rows of a variable to the updates, where these are less.

    Of several updates of one row the least counts.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 9.0])
    >>> Session().run(scatter_min(w, [2, 0, 2], [5.0, 6.0, 7.0])).tolist()
    [1.0, 2.0, 5.0]
    """
    return _scatter(ref, "minimum", indices, updates, name)


def scatter_max(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Raises rows of a variable to the updates, where these are more.

    Of several updates of one row the largest counts.

    Args:
        ref: (size, ...) any dtype.
        indices: (...) integer in -size <= index < size.
        updates: (..., ...) of its dtype: the shape of the indices, and the rest of the variable's;
            or () for all of them.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([1.0, 2.0, 9.0])
    >>> Session().run(scatter_max(w, [2, 0, 2], [5.0, 6.0, 7.0])).tolist()
    [6.0, 2.0, 9.0]
    """
    return _scatter(ref, "maximum", indices, updates, name)


def scatter_nd_update(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Replaces entries of a variable at vectors of indices.

    Of several updates of one place the last in row-major order counts.

    Args:
        ref: (size_1, …, size_k, ...) any dtype.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of its dtype: the indices' shape without its last axis, and the rest of
            the variable's.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([[1.0, 2.0], [3.0, 4.0]])
    >>> Session().run(scatter_nd_update(w, [[0, 1], [1, 0]], [5.0, 6.0])).tolist()
    [[1.0, 5.0], [6.0, 4.0]]
    """
    return _scatter_nd(ref, "last", indices, updates, name)


def scatter_nd_add(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Adds to entries of a variable at vectors of indices.

    Updates of one place add up, in an order that follows from the indices alone.

    Args:
        ref: (size_1, …, size_k, ...) any dtype.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of its dtype: the indices' shape without its last axis, and the rest of
            the variable's.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([[1.0, 2.0], [3.0, 4.0]])
    >>> Session().run(scatter_nd_add(w, [[0, 1], [1, 0]], [5.0, 6.0])).tolist()
    [[1.0, 7.0], [9.0, 4.0]]
    """
    return _scatter_nd(ref, "add", indices, updates, name)


def scatter_nd_sub(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Subtracts from entries of a variable at vectors of indices.

    Updates of one place add up, in an order that follows from the indices alone.

    Args:
        ref: (size_1, …, size_k, ...) any dtype.
        indices: (..., k) integer, each in -size <= index < size; k must be known.
        updates: (..., ...) of its dtype: the indices' shape without its last axis, and the rest of
            the variable's.
        name: of the node.

    Returns:
        The new value of the variable.

    Raises:
        ShapeError, DtypeError, KernelError: as `scatter_update`.

    >>> from thalweg.core import Session
    >>> w = Variable([[1.0, 2.0], [3.0, 4.0]])
    >>> Session().run(scatter_nd_sub(w, [[0, 1], [1, 0]], [5.0, 6.0])).tolist()
    [[1.0, -3.0], [-3.0, 4.0]]
    """
    return _scatter_nd(ref, "subtract", indices, updates, name)
