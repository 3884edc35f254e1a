"""Sorting, and searching in what is sorted.

Sorting is stable: of equal entries that with the lower index comes first, in both directions. NaN
counts as larger than any number. Values are picked by the order, so what flows back goes to where
they came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, int32, normalize_axis, types_text
from .compare import greater, greater_equal, is_finite, less, logical_and, where
from .elementwise import cast, shape_of, zeros_like
from .gather import ScatterRows, gather
from .indexing import getitem
from .reduce import reduce_all, reduce_sum
from .shape import expand_dims, transpose
from .sizes import beside
from .source import convert, convert_all

__all__ = [
    "argsort",
    "in_top_k",
    "invert_permutation",
    "nth_element",
    "searchsorted",
    "sort",
    "top_k",
]


def _order(xp: Any, x: Any, axis: int, *, is_descending: bool) -> Any:
    """The stable order of the entries of an axis."""
    if not is_descending:
        return xp.argsort(x, axis=axis, kind="stable")
    backwards = xp.argsort(xp.flip(x, axis=axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - xp.flip(backwards, axis=axis)


@register
class Argsort(OpDef):
    """The order of the entries of an axis.  x: (...) number -> (...) int32."""

    axis: int
    is_descending: bool

    def infer(self, x: TensorType) -> TensorType:
        """The same shape."""
        require(self, "number", x=x)
        normalize_axis(self.axis, len(x.dims()), "argsort")
        return x.with_dtype(int32)

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """int32."""
        require(self, "number", x=x)
        return (x.with_dtype(int32),)

    def compute(self, xp: Any, x: Any) -> Any:
        """`argsort`; backwards of what is backwards, where it descends."""
        return _order(xp, x, self.axis, is_descending=self.is_descending).astype("int32")

    gradient = no_gradient


@register
class TopK(OpDef):
    """The largest entries of the last axis, and where they are.

    x: (..., n) number, k: () host integer in 0 <= k <= n -> (..., k), and (..., k) int32.
    """

    host_inputs = frozenset({1})

    def infer(self, x: TensorType, k: TensorType) -> tuple[TensorType, ...]:
        """`k` in the place of the last size."""
        require(self, "number", x=x)
        require(self, "integer", k=k)
        dims = x.dims()
        count = k.value[0] if k.value else None
        size = dims[-1] if dims else 0
        fits = count is None or (count >= 0 and (size is None or count <= size))
        if not dims or k.rank != 0 or not fits:
            raise ShapeError(
                "top_k",
                "there are not so many entries",
                expected="input (..., n) and k in 0 <= k <= n, of shape ()",
                got=f"input {x}, k {k if count is None else count}",
            )
        result = x.with_shape((*dims[:-1], count))
        return result, result.with_dtype(int32)

    def infer_unknown(self, x: TensorType, k: TensorType) -> tuple[TensorType, ...]:
        """The dtypes."""
        return TensorType(x.dtype, None), TensorType(int32, None)

    def compute(self, xp: Any, x: Any, k: Any) -> Any:
        """The first of all in descending order."""
        order = _order(xp, x, -1, is_descending=True)[..., : int(k)]
        return xp.take_along_axis(x, order, axis=-1), order.astype("int32")

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """To where the values came from."""
        if g[0] is None:
            return [None, None]
        sizes = shape_of(node.inputs[0])
        return [apply(ScatterRows(-1, -1), g[0], node.outputs[1], sizes), None]


@register
class Searchsorted(OpDef):
    """Where values would stand in a sorted axis.

    sequence: (*batch, n) any dtype, values: (*batch, m) of the same -> (*batch, m) integer.
    """

    is_right: bool
    dtype: DType

    def infer(self, sequence: TensorType, values: TensorType) -> TensorType:
        """One place a value."""
        require(self, "same", sequence=sequence, values=values)
        lead = sequence.dims()[:-1]
        if not sequence.dims() or not values.accepts_shape((*lead, *values.dims()[-1:])):
            raise ShapeError(
                "searchsorted",
                "the batches differ",
                expected="sorted_sequence (*batch, n), values (*batch, m)",
                got=types_text(sorted_sequence=sequence, values=values),
            )
        return values.with_dtype(self.dtype)

    def infer_unknown(self, sequence: TensorType, values: TensorType) -> tuple[TensorType, ...]:
        """The dtype asked for."""
        require(self, "same", sequence=sequence, values=values)
        return (values.with_dtype(self.dtype),)

    def compute(self, xp: Any, sequence: Any, values: Any) -> Any:
        """Binary search, for all values at once."""
        size = sequence.shape[-1]
        low = xp.zeros(values.shape, "int64")
        high = xp.full(values.shape, size, dtype="int64")
        for _ in range(size.bit_length()):
            middle = (low + high) // 2
            found = xp.take_along_axis(sequence, xp.minimum(middle, size - 1), axis=-1)
            is_before = found <= values if self.is_right else found < values
            is_before = xp.logical_and(is_before, low < high)
            low, high = xp.where(is_before, middle + 1, low), xp.where(is_before, high, middle)
        return low.astype(self.dtype.numpy)

    gradient = no_gradient


# What users call ----------------------------------------------------------------------------------


def _is_descending(where: str, direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise OptionError(
            where,
            "unknown direction",
            expected="'ASCENDING' or 'DESCENDING'",
            got=repr(direction),
            site=user_site(2),
        )
    return direction == "DESCENDING"


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The indices that sort an axis; equal entries keep their order.

    Args:
        values: (...) number.
        axis: in -rank <= axis < rank.
        direction: `"ASCENDING"` or `"DESCENDING"`.
        name: of the node.

    Returns:
        (...) int32: the i-th entry of the sorted axis is `values` at the i-th index.

    Raises:
        ShapeError: if there is no such axis.
        OptionError: for another direction.

    >>> from thalweg.core import Session
    >>> Session().run(argsort([3, 1, 3, 2])).tolist()
    [1, 3, 0, 2]
    """
    op = Argsort(int(axis), _is_descending("argsort", direction))
    return apply(op, convert(values), name=name)


def sort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The entries of an axis in order; NaN counts as larger than any number.

    Args:
        values: (...) number, of known rank unless the axis is -1.
        axis: in -rank <= axis < rank.
        direction: `"ASCENDING"` or `"DESCENDING"`.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis.
        OptionError: for another direction.

    >>> from thalweg.core import Session
    >>> Session().run(sort([[3, 1, 2], [4, 6, 5]], direction="DESCENDING")).tolist()
    [[3, 2, 1], [6, 5, 4]]
    """
    x = convert(values)
    op = Argsort(-1, _is_descending("sort", direction))
    if axis != -1 and x.ndim is None:
        raise ShapeError(
            "sort",
            "the rank is unknown",
            expected="values of known rank, or the axis -1",
            got=f"axis {axis}, values {x.type}",
            site=user_site(2),
        )
    last = (x.ndim or 0) - 1
    place = -1 if axis == -1 else normalize_axis(int(axis), last + 1, "sort")
    if place in (-1, last):
        return gather(x, apply(op, x), -1, -1, name=name)
    exchange = list(range(last + 1))
    exchange[place], exchange[last] = last, place
    moved = transpose(x, exchange)
    return transpose(gather(moved, apply(op, moved), -1, -1), exchange, name=name)


def top_k(
    input: Any, k: Any = 1, sorted: bool = True, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The `k` largest entries of the last axis, and where they are.

    Args:
        input: (..., n) number.
        k: () integer in 0 <= k <= n; it may come from sizes and fed values.
        sorted: True or False: they come in descending order anyhow, equal ones by their index.
        name: of the node.

    Returns:
        (values, indices): (..., k) of the dtype of `input`, and (..., k) int32.

    Raises:
        ShapeError: if there are not so many entries.

    >>> from thalweg.core import Session
    >>> [part.tolist() for part in Session().run(top_k([1, 5, 3, 5], 2))]
    [[5, 5], [1, 3]]
    """
    del sorted
    x = convert(input)
    with beside(x):
        count = convert(k)
    values, indices = apply_many(TopK(), x, count, name=name).outputs
    return values, indices


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether fewer than `k` classes are predicted more strongly than the target.

    So a target that ties with the k-th is in. A target that is no class is not in, nor is any
    where a prediction is infinite or NaN.

    Args:
        predictions: (batch, classes) float.
        targets: (batch,) integer.
        k: () integer.
        name: of the node.

    Returns:
        (batch,) bool.

    Raises:
        ShapeError: if the shapes do not fit.
        DtypeError: if the targets are not integers.

    >>> from thalweg.core import Session
    >>> Session().run(in_top_k([[0.1, 0.7, 0.2], [0.6, 0.1, 0.3]], [2, 1], 2)).tolist()
    [True, False]
    """
    scores = convert(predictions)
    with beside(scores):
        target = convert(targets)
        classes = getitem(shape_of(scores, target.dtype), 1)
        is_class = logical_and(greater_equal(target, 0), less(target, classes))
        of_target = gather(scores, where(is_class, target, zeros_like(target)), 1, batch_dims=1)
        is_more = cast(greater(scores, expand_dims(of_target, 1)), int32)
        is_in = less(reduce_sum(is_more, axis=1), cast(k, int32))
        is_sure = reduce_all(is_finite(scores), axis=1)
        return logical_and(logical_and(is_in, is_class), is_sure, name=name)


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = "int32",
    name: str | None = None,
) -> Tensor:
    """Where `values` would have to be inserted to keep a sequence sorted.

    Args:
        sorted_sequence: (*batch, n) any dtype, in ascending order along its last axis.
        values: (*batch, m) of the same dtype.
        side: `"left"` for the first such place (the number of smaller entries), `"right"` for the
            last (the number of those not larger).
        out_type: int32 or int64.
        name: of the node.

    Returns:
        (*batch, m) of `out_type`, in 0 <= place <= n.

    Raises:
        ShapeError: if the batches differ.
        DtypeError: if the dtypes do.
        OptionError: for another side.

    >>> from thalweg.core import Session
    >>> Session().run(searchsorted([1, 3, 3, 5], [3, 4])).tolist()
    [1, 3]
    """
    if side not in ("left", "right"):
        raise OptionError(
            "searchsorted",
            "unknown side",
            expected="'left' or 'right'",
            got=repr(side),
            site=user_site(2),
        )
    sequence, searched = convert_all(sorted_sequence, values)
    return apply(Searchsorted(side == "right", as_dtype(out_type)), sequence, searched, name=name)


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation y that undoes x: y[x[i]] = i.

    Args:
        x: (n,) integer, each of 0, …, n - 1 once. Anything else has no inverse, and what comes out
            has no meaning.
        name: of the node.

    Returns:
        (n,) of the same dtype.

    Raises:
        ShapeError: if x is no vector.
        DtypeError: if it is not of integers.

    >>> from thalweg.core import Session
    >>> Session().run(invert_permutation([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    places = convert(x)
    if not places.dtype.is_integer:
        raise DtypeError(
            "invert_permutation",
            "takes integers",
            expected="x of an integer dtype",
            got=types_text(x=places.type),
            site=user_site(2),
        )
    if places.ndim not in (1, None):
        raise ShapeError(
            "invert_permutation",
            "takes a vector",
            expected="x (n,)",
            got=types_text(x=places.type),
            site=user_site(2),
        )
    return cast(apply(Argsort(0, False), places), places.dtype, name=name)


def nth_element(input: Any, n: Any, reverse: bool = False, name: str | None = None) -> Tensor:
    """The n-th smallest entry of the last axis, counted from 0.

    Args:
        input: (..., size) number.
        n: () integer in 0 <= n < size.
        reverse: the n-th largest instead.
        name: of the node.

    Returns:
        (...), without the last axis.

    Raises:
        ShapeError: if a known n is out of range, or the input a scalar.

    >>> from thalweg.core import Session
    >>> int(Session().run(nth_element([4, 1, 3], 1)))
    3
    """
    ordered = sort(input, -1, "DESCENDING" if reverse else "ASCENDING")
    return getitem(ordered, (..., n), name=name)
