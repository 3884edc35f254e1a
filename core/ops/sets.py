"""Vectors as sets, and tensors taken apart by value: sizes that depend on data.

What follows such an op is planned when its sizes are known, and kept for the next time that they
are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError, user_site
from ..graph import Tensor
from ..opdef import OpDef, apply, apply_many, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, bool_, int64, types_text
from .compare import equal, logical_not, where_indices
from .concat import concat
from .elementwise import add, cast, shape_of
from .gather import gather
from .masks import boolean_mask
from .reduce import reduce_max
from .repeat import fill
from .scatter import put_combined
from .shape import reshape, size_of
from .sizes import beside
from .slicing import Slice, Span
from .source import constant, convert, convert_all

__all__ = [
    "dynamic_partition",
    "dynamic_stitch",
    "setdiff1d",
    "unique",
    "unique_with_counts",
]


@register
class UniquePositions(OpDef):
    """The distinct values of a vector, in the order of their first occurrence.

    x: (n,) any dtype -> where each first occurs, (m,) integer; which of them each entry is, (n,);
    and how often each occurs, (m,).
    """

    dtype: DType

    def infer(self, x: TensorType) -> tuple[TensorType, ...]:
        """How many there are depends on the values."""
        if len(x.dims()) != 1:
            raise ShapeError("unique", "takes a vector", expected="x (n,)", got=types_text(x=x))
        several = TensorType(self.dtype, (None,))
        return several, x.with_dtype(self.dtype), several

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """Three vectors."""
        return (TensorType(self.dtype, (None,)),) * 3

    def compute(self, xp: Any, x: Any) -> Any:
        """Equal entries are neighbours in the stable order; the first of them came first."""
        order = xp.argsort(x, kind="stable")
        ordered = x[order]
        is_new = xp.ones(x.shape, "bool")
        is_new[1:] = ordered[1:] != ordered[:-1]
        starts = xp.flatnonzero(is_new)
        first = order[starts]
        ranks = xp.argsort(first)
        number = xp.zeros(first.shape, "int64")
        number[ranks] = xp.arange(first.shape[0])
        index = xp.zeros(x.shape, "int64")
        index[order] = number[xp.cumsum(is_new) - 1]
        counts = xp.diff(xp.concatenate([starts, xp.full(1, x.shape[0], dtype=starts.dtype)]))
        return tuple(part.astype(self.dtype.numpy) for part in (first[ranks], index, counts[ranks]))

    gradient = no_gradient


@register
class IsIn(OpDef):
    """Whether entries occur in a vector.  x: (...) any dtype, y: (n,) of the same -> (...) bool."""

    def infer(self, x: TensorType, y: TensorType) -> TensorType:
        """The shape of x."""
        require(self, "same", x=x, y=y)
        if y.rank != 1:
            raise ShapeError("setdiff1d", "takes vectors", expected="y (n,)", got=types_text(y=y))
        return x.with_dtype(bool_)

    def infer_unknown(self, x: TensorType, y: TensorType) -> tuple[TensorType, ...]:
        """Booleans."""
        require(self, "same", x=x, y=y)
        return (x.with_dtype(bool_),)

    def compute(self, xp: Any, x: Any, y: Any) -> Any:
        """A search in what is sorted."""
        if not y.shape[0]:
            return xp.zeros(x.shape, "bool")
        ordered = xp.sort(y)
        place = xp.minimum(xp.searchsorted(ordered, x), y.shape[0] - 1)
        return (ordered[place] == x).astype("bool")

    gradient = no_gradient


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> tuple[Tensor, Tensor]:
    """The distinct values of a vector in the order of their first occurrence, and which is which.

    Args:
        x: (n,) any dtype; every NaN is a value of its own.
        out_idx: int32 or int64.
        name: of the node.

    Returns:
        (y, idx): (m,) of the dtype of x, and (n,) of `out_idx`, so that y[idx[i]] = x[i].

    Raises:
        ShapeError: if x is no vector.

    >>> from thalweg.core import Session
    >>> [part.tolist() for part in Session().run(unique([5, 2, 5, 9]))]
    [[5, 2, 9], [0, 1, 0, 2]]
    """
    return unique_with_counts(x, out_idx, name)[:2]


def unique_with_counts(
    x: Any, out_idx: Any = "int32", name: str | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The distinct values of a vector, as `unique` has them, and how often each occurs.

    Args:
        x: (n,) any dtype; every NaN is a value of its own.
        out_idx: int32 or int64.
        name: of the node.

    Returns:
        (y, idx, count): (m,) of the dtype of x; (n,) of `out_idx`, so that y[idx[i]] = x[i]; and
        (m,) of `out_idx`.

    Raises:
        ShapeError: if x is no vector.

    >>> from thalweg.core import Session
    >>> [part.tolist() for part in Session().run(unique_with_counts([5, 2, 5, 9]))]
    [[5, 2, 9], [0, 1, 0, 2], [2, 1, 1]]
    """
    vector = convert(x)
    first, index, count = apply_many(UniquePositions(as_dtype(out_idx)), vector, name=name).outputs
    return gather(vector, first), index, count


def setdiff1d(
    x: Any, y: Any, index_dtype: Any = "int32", name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The entries of x that do not occur in y, in their order, and where they stand in x.

    Args:
        x: (n,) any dtype; entries that occur more than once stay so.
        y: (m,) of the same dtype.
        index_dtype: int32 or int64.
        name: of the node.

    Returns:
        (out, idx): (k,) of the dtype of x, and (k,) of `index_dtype`.

    Raises:
        ShapeError: if one is no vector.
        DtypeError: if the dtypes differ.

    >>> from thalweg.core import Session
    >>> [part.tolist() for part in Session().run(setdiff1d([1, 2, 3, 2, 4], [3, 1]))]
    [[2, 2, 4], [1, 3, 4]]
    """
    vector, excluded = convert_all(x, y)
    if vector.ndim not in (1, None):
        raise ShapeError(
            "setdiff1d",
            "takes vectors",
            expected="x (n,)",
            got=types_text(x=vector.type),
            site=user_site(2),
        )
    with beside(vector):
        rest = where_indices(logical_not(apply(IsIn(), vector, excluded)))
        places = cast(reshape(rest, [-1]), as_dtype(index_dtype))
        return gather(vector, places, name=name), places


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """The entries of `data` shared out by number, each part in their order.

    Args:
        data: (*n, ...) any dtype.
        partitions: (*n) integer of known rank, the number of the part of each entry; an entry
            whose number is none of a part is in none.
        num_partitions: how many parts, > 0.
        name: of the nodes.

    Returns:
        A list of `num_partitions` tensors (count_i, ...).

    Raises:
        ShapeError: if the shape of the partitions is not how that of the data begins.
        OptionError: if there are no parts.

    >>> from thalweg.core import Session
    >>> parts = dynamic_partition([1, 2, 3, 4], [0, 1, 1, 0], 2)
    >>> [part.tolist() for part in Session().run(parts)]
    [[1, 4], [2, 3]]
    """
    if not isinstance(num_partitions, int | np.integer) or num_partitions < 1:
        raise OptionError(
            "dynamic_partition",
            "there are no parts",
            expected="num_partitions, an integer > 0",
            got=repr(num_partitions),
            site=user_site(2),
        )
    x = convert(data)
    with beside(x):
        numbers = convert(partitions)
        if numbers.ndim == 0:  # one entry, which is all of the data
            numbers = reshape(numbers, [1])
            x = reshape(x, concat([[1], shape_of(x)], 0))
        return [
            boolean_mask(x, equal(numbers, number), name=name)
            for number in range(int(num_partitions))
        ]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """Entries put together by number: what `dynamic_partition` took apart.

    result[indices[i][j]] = data[i][j]. Of several entries of one number the last counts, first by
    i, then by j; what no entry has is zero (or the empty string).

    Args:
        indices: a list of (*n_i) integer >= 0, of known ranks.
        data: a list of as many (*n_i, ...), of one dtype and one shape beyond that of the indices.
        name: of the node.

    Returns:
        (largest number + 1, ...), so that the size depends on data.

    Raises:
        ShapeError: if the shapes do not fit together.
        OptionError: if the lists are empty or of different lengths.

    >>> from thalweg.core import Session
    >>> Session().run(dynamic_stitch([[0, 3], [1, 2]], [[1, 4], [2, 3]])).tolist()
    [1, 2, 3, 4]
    """
    if not indices or len(indices) != len(data):
        raise OptionError(
            "dynamic_stitch",
            "indices and data do not belong together",
            expected="two lists of one length > 0",
            got=f"{len(indices)} indices, {len(data)} data",
            site=user_site(2),
        )
    parts = convert_all(*data)
    with beside(parts[0]):
        places = [_numbers(numbers) for numbers in indices]
        rows = [_rows(part, place) for part, place in zip(parts, places, strict=True)]
        flat = concat([reshape(place, [-1]) for place in places], 0)
        merged = concat(rows, 0)
        size = add(reduce_max(concat([flat, constant([-1], int64)], 0)), 1)
        rest = apply(Slice((Span(1, None),)), shape_of(merged, int64))
        nothing = "" if merged.dtype.is_string else np.zeros((), merged.dtype.numpy)
        start = fill(concat([reshape(size, [1]), rest], 0), nothing)
        result: Tensor = put_combined(apply, "last", start, flat, merged, size, 1, name=name)
        return result


def _numbers(indices: Any) -> Tensor:
    """The numbers of one part."""
    numbers = convert(indices)
    if numbers.ndim is None:
        raise ShapeError(
            "dynamic_stitch",
            "the rank of the indices is unknown",
            expected="indices of known rank",
            got=types_text(indices=numbers.type),
            site=user_site(3),
        )
    return cast(numbers, int64)


def _rows(part: Tensor, numbers: Tensor) -> Tensor:
    """The entries of one part, one after another."""
    rest = apply(Slice((Span(numbers.ndim, None),)), shape_of(part))
    return reshape(part, concat([reshape(size_of(numbers), [1]), rest], 0))
