"""Reductions of segments: of the rows that share an id.

Ids have the first axes of the data; what is behind those axes is a row. A row whose id is not in
0 <= id < num_segments has no place and no gradient. Gradients never divide by the values:
products are right with zeros, and extremes share theirs evenly among ties, as `reduce_max` does.
Sums are made in an order that depends on the ids alone, see `equal_rows.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import DtypeError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import TensorType, as_dtype, float16, int64, types_text
from .arithmetic import div_no_nan
from .compare import equal, maximum
from .elementwise import cast, divide, identity, ones_like, shape_of, zeros_like
from .grouped import Combine, combine_rows, scan_groups
from .math import sqrt
from .reduce import reduce_max
from .shape import expand_dims
from .sizes import beside
from .source import convert

__all__ = [
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]


def segment_count(op: OpDef, num_segments: TensorType) -> int | None:
    """The number of segments, None where it is not known.

    Raises:
        DtypeError: if the operand is no integer.
        ShapeError: if it is no scalar, or negative.
    """
    require(op, "integer", num_segments=num_segments)
    known = num_segments.value[0] if num_segments.value else None
    if num_segments.rank not in (0, None) or (known is not None and known < 0):
        raise ShapeError(
            op.label,
            "num_segments is not a size",
            expected="an integer >= 0 of shape ()",
            got=f"num_segments {known if num_segments.rank == 0 else num_segments}",
        )
    return known


def _row_shape(op: OpDef, data: TensorType, ids: TensorType) -> tuple[int | None, ...]:
    """The shape of one row."""
    dims, first = data.dims(), ids.dims()
    if len(first) > len(dims) or not TensorType(data.dtype, dims[: len(first)]).accepts_shape(
        first
    ):
        raise ShapeError(
            op.label,
            "ids do not have the first axes of the data",
            expected="data (ids..., row...) and segment_ids (ids...)",
            got=types_text(data=data, segment_ids=ids),
        )
    return dims[len(first) :]


class _Segments(OpDef):
    """Base of reductions.  data: (ids..., row...), ids: (ids...), num: () -> (num, row...)."""

    host_inputs = frozenset({2})

    def infer(self, data: TensorType, ids: TensorType, num: TensorType) -> TensorType:
        """One row a segment."""
        require(self, "number", data=data)
        require(self, "integer", segment_ids=ids)
        row = _row_shape(self, data, ids)
        return data.with_shape((segment_count(self, num), *row))

    def infer_unknown(
        self, data: TensorType, ids: TensorType, num: TensorType
    ) -> tuple[TensorType, ...]:
        """An unknown rank."""
        require(self, "number", data=data)
        require(self, "integer", segment_ids=ids)
        segment_count(self, num)
        return (TensorType(data.dtype, None),)

    def compute(self, xp: Any, data: Any, ids: Any, num: Any) -> Any:
        """By the mechanism of `grouped.py`."""
        index = ids.astype("int64").reshape(-1)
        rows = data.reshape((index.shape[0], *data.shape[ids.ndim :]))
        combine, empty = self.combination(xp, as_dtype(data.dtype).numpy)
        return combine_rows(xp, index, rows, int(num), combine, empty)

    def combination(self, xp: Any, dtype: np.dtype[Any]) -> tuple[Combine, float]:
        """What joins two rows, and the number of no rows."""
        raise NotImplementedError

    def spread(self, reduced: Tensor, node: Operation) -> Tensor:
        """Gives each row what its segment has."""
        return apply(SpreadSegments(), reduced, node.inputs[1])


@register
class SpreadSegments(OpDef):
    """Gives each member what its segment has; 0 to those that have none.

    x: (num, row...) number, ids: (ids...) integer -> (ids..., row...).
    """

    def infer(self, x: TensorType, ids: TensorType) -> TensorType:
        """The shape of the ids, and of a row."""
        return x.with_shape((*ids.dims(), *x.dims()[1:]))

    def compute(self, xp: Any, x: Any, ids: Any) -> Any:
        """A row of zeros is taken by those without a segment."""
        size = x.shape[0]
        index = ids.astype("int64")
        index = xp.where((index < 0) | (index >= size), size, index)
        padded = xp.concatenate([x, xp.zeros((1, *x.shape[1:]), x.dtype)])
        return xp.take(padded, index, axis=0)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Summed up by segment."""
        x, ids = node.inputs
        return [apply(SegmentSum(), g, ids, shape_of(x)[0]), None]


@register
class SegmentSum(_Segments):
    """The sum of each segment; 0 of none."""

    def combination(self, xp: Any, dtype: np.dtype[Any]) -> tuple[Combine, float]:
        """Addition."""
        return operator.add, 0

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """g for each row."""
        return [self.spread(g, node), None, None]


@register
class SegmentProd(_Segments):
    """The product of each segment; 1 of none."""

    def combination(self, xp: Any, dtype: np.dtype[Any]) -> tuple[Combine, float]:
        """Multiplication."""
        return operator.mul, 1

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """g times the product of the others: of those before and those after."""
        x, ids, _ = node.inputs
        zero = zeros_like(x)
        before, after = (
            apply(GroupedScan(1.0, reverse), x, zero, ids) for reverse in (False, True)
        )
        return [self.spread(g, node) * (before * after), None, None]


@register
class GroupedScan(OpDef):
    """`ExclusiveScan` along the rows of each id: y = initial, then b + a y.

    a, b: (ids..., row...) float, ids: (ids...) integer -> as a. With `reverse` each id's last row
    comes first. Its gradient is the scan in the other direction, as there.
    """

    initial: float
    reverse: bool

    def infer(self, a: TensorType, b: TensorType, ids: TensorType) -> TensorType:
        """The type of a."""
        return a

    def compute(self, xp: Any, a: Any, b: Any, ids: Any) -> Any:
        """By the mechanism of `grouped.py`."""
        index = ids.astype("int64").reshape(-1)
        rows = (index.shape[0], *a.shape[ids.ndim :])
        turn = slice(None, None, -1 if self.reverse else 1)
        a_rows, b_rows = a.reshape(rows)[turn], b.reshape(rows)[turn]
        made = scan_groups(xp, index[turn], a_rows, b_rows, self.initial)
        return made[turn].reshape(a.shape)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """What flows back through the recurrence, and that times the state it met."""
        a, _, ids = node.inputs
        back = apply(GroupedScan(0.0, not self.reverse), a, g, ids)
        return [back * node.outputs[0], back, None]


class _Extreme(_Segments):
    empty_is_zero: bool

    def empty(self, dtype: np.dtype[Any], sign: int) -> float:
        """The number of no rows: 0, or the least (sign -1) or greatest finite one of the dtype."""
        if self.empty_is_zero:
            return 0
        if dtype.kind == "f":
            return sign * float(np.finfo(dtype).max)
        return int(np.iinfo(dtype).min if sign < 0 else np.iinfo(dtype).max)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Shared evenly by all rows that equal the extreme of their segment."""
        x, ids, num = node.inputs
        chosen = cast(equal(x, self.spread(node.outputs[0], node)), x.dtype)
        share = div_no_nan(g, apply(SegmentSum(), chosen, ids, num))
        return [chosen * self.spread(share, node), None, None]


@register
class SegmentMax(_Extreme):
    """The largest of each segment; of none the least finite number, or 0."""

    def combination(self, xp: Any, dtype: np.dtype[Any]) -> tuple[Combine, float]:
        """The larger."""
        return xp.maximum, self.empty(dtype, -1)


@register
class SegmentMin(_Extreme):
    """The smallest of each segment; of none the greatest finite number, or 0."""

    def combination(self, xp: Any, dtype: np.dtype[Any]) -> tuple[Combine, float]:
        """The smaller."""
        return xp.minimum, self.empty(dtype, 1)


@register
class SegmentCount(OpDef):
    """How many members each segment has.  ids: (...) integer, num: () host -> (num,) int64."""

    host_inputs = frozenset({1})

    def infer(self, ids: TensorType, num: TensorType) -> TensorType:
        """One number a segment."""
        require(self, "integer", segment_ids=ids)
        return TensorType(int64, (segment_count(self, num),))

    def infer_unknown(self, ids: TensorType, num: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(ids, num),)

    def compute(self, xp: Any, ids: Any, num: Any) -> Any:
        """Those without a segment are counted in one more, which is dropped."""
        size = int(num)
        index = ids.astype("int64").reshape(-1)
        index = xp.where((index < 0) | (index >= size), size, index)
        return xp.bincount(index, minlength=size + 1)[:size].astype("int64")

    gradient = no_gradient


# Public functions -------------------------------------------------------------------------------

_Reduce = Callable[[Tensor, Tensor, Tensor, "str | None"], Tensor]


class SegmentFunction(Protocol):
    """A public function that reduces segments."""

    def __call__(
        self, data: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None
    ) -> Tensor:
        """A tensor of one row a segment."""


class UnsortedSegmentFunction(Protocol):
    """A public function that reduces segments whose number is given."""

    def __call__(
        self, data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
    ) -> Tensor:
        """A tensor of one row a segment."""


def _by(op: OpDef) -> _Reduce:
    return lambda data, ids, num, name: apply(op, data, ids, num, name=name)


def _average(label: str, scale: Callable[[Tensor], Tensor]) -> _Reduce:
    """Sums over a function of the counts; those of float16, which overflow, in float32."""

    def reduce(data: Tensor, ids: Tensor, num: Tensor, name: str | None) -> Tensor:
        if not data.dtype.is_float:
            raise DtypeError(
                label,
                "takes float tensors",
                expected="float dtypes",
                got=types_text(data=data.type, segment_ids=ids.type),
                hint="cast(x, 'float32') converts",
            )
        wide = cast(data, "float32") if data.dtype is float16 else data
        total = apply(SegmentSum(), wide, ids, num)
        mean = divide(total, scale(_counts(wide, ids, num)), name=name or label)
        return cast(mean, data.dtype)

    return reduce


def _counts(data: Tensor, ids: Tensor, num: Tensor) -> Tensor:
    """Members a segment, at least 1, in a shape that broadcasts with rows of the data."""
    if data.ndim is None or ids.ndim is None:
        return maximum(apply(SegmentSum(), ones_like(data), ids, num), 1)
    counts = cast(maximum(apply(SegmentCount(), ids, num), 1), data.dtype)
    row_axes = range(1, data.ndim - ids.ndim + 1)
    return expand_dims(counts, list(row_axes)) if row_axes else counts


_ARGUMENTS = """
Args:
    data: (ids..., row...) {takes}.
    segment_ids: (ids...) integer{order}; rows outside 0 <= id < num_segments do not count.
    num_segments: () integer >= 0{default}; it may come from sizes, fed values and data.
    name: of the node.

Returns:
    (num_segments, row...), the dtype of the data.

Raises:
    ShapeError: if the ids do not have the first axes of the data, or `num_segments` is no size.
    DtypeError: if the data are not {takes}, or the ids not integers.

>>> from thalweg.core import Session
>>> Session().run({name}({example[0]})).tolist()
{example[1]}
"""


def _unsorted(
    name: str, doc: str, reduce: _Reduce, example: tuple[str, str], takes: str = "number"
) -> UnsortedSegmentFunction:
    """The public function of ids in any order."""

    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
        tensor = convert(data)
        with beside(tensor):
            ids, num = convert(segment_ids), convert(num_segments)
        return reduce(tensor, ids, num, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        doc
        + "\n"
        + _ARGUMENTS.format(
            name=name, example=example, takes=takes, order=" in any order", default=""
        )
    )
    return function


def _sorted(
    name: str, doc: str, reduce: _Reduce, example: tuple[str, str], takes: str = "number"
) -> SegmentFunction:
    """The public function of sorted ids, whose last one tells how many segments there are."""

    def function(
        data: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None
    ) -> Tensor:
        tensor = convert(data)
        with beside(tensor):
            ids = convert(segment_ids)
            num = _number_of(ids) if num_segments is None else convert(num_segments)
        return reduce(tensor, ids, num, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        doc
        + "\n"
        + _ARGUMENTS.format(
            name=name,
            example=example,
            takes=takes,
            order=", sorted in TF1, here in any order",
            default="; by default the largest id + 1, a size that depends on data",
        )
    )
    return function


def _number_of(ids: Tensor) -> Tensor:
    """The largest id + 1; 0 if there are none."""
    return maximum(cast(reduce_max(ids), int64) + 1, 0)


_DATA = "[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]"
segment_sum = _sorted(
    "segment_sum",
    "The sum of the rows of each segment; 0 of none.",
    _by(SegmentSum()),
    (f"{_DATA}, [0, 0, 1]", "[[4.0, 6.0], [5.0, 6.0]]"),
)
segment_mean = _sorted(
    "segment_mean",
    "The mean of the rows of each segment; 0 of none.",
    _average("segment_mean", identity),
    (f"{_DATA}, [0, 0, 1]", "[[2.0, 3.0], [5.0, 6.0]]"),
    takes="float",
)
segment_prod = _sorted(
    "segment_prod",
    "The product of the rows of each segment; 1 of none. Its gradient is right with zeros too.",
    _by(SegmentProd()),
    (f"{_DATA}, [0, 0, 1]", "[[3.0, 8.0], [5.0, 6.0]]"),
)
segment_max = _sorted(
    "segment_max",
    "The largest entries of the rows of each segment; 0 of none. Ties share the gradient evenly.",
    _by(SegmentMax(True)),
    (f"{_DATA}, [0, 0, 1]", "[[3.0, 4.0], [5.0, 6.0]]"),
)
segment_min = _sorted(
    "segment_min",
    "The smallest entries of the rows of each segment; 0 of none. Ties share the gradient evenly.",
    _by(SegmentMin(True)),
    (f"{_DATA}, [0, 0, 1]", "[[1.0, 2.0], [5.0, 6.0]]"),
)
unsorted_segment_sum = _unsorted(
    "unsorted_segment_sum",
    "The sum of the rows of each segment; 0 of none.",
    _by(SegmentSum()),
    (f"{_DATA}, [1, 0, 1], 2", "[[3.0, 4.0], [6.0, 8.0]]"),
)
unsorted_segment_mean = _unsorted(
    "unsorted_segment_mean",
    "The mean of the rows of each segment; 0 of none.",
    _average("unsorted_segment_mean", identity),
    (f"{_DATA}, [1, 0, 1], 2", "[[3.0, 4.0], [3.0, 4.0]]"),
    takes="float",
)
unsorted_segment_sqrt_n = _unsorted(
    "unsorted_segment_sqrt_n",
    "The sum of the rows of each segment over the square root of their number; 0 of none.",
    _average("unsorted_segment_sqrt_n", sqrt),
    ("[1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0], 1", "[5.0]"),
    takes="float",
)
unsorted_segment_prod = _unsorted(
    "unsorted_segment_prod",
    "The product of the rows of each segment; 1 of none. Its gradient is right with zeros too.",
    _by(SegmentProd()),
    (f"{_DATA}, [1, 0, 1], 2", "[[3.0, 4.0], [5.0, 12.0]]"),
)
unsorted_segment_max = _unsorted(
    "unsorted_segment_max",
    "The largest entries of the rows of each segment; the least finite number of none. Ties share "
    "the gradient evenly.",
    _by(SegmentMax(False)),
    (f"{_DATA}, [1, 0, 1], 2", "[[3.0, 4.0], [5.0, 6.0]]"),
)
unsorted_segment_min = _unsorted(
    "unsorted_segment_min",
    "The smallest entries of the rows of each segment; the greatest finite number of none. Ties "
    "share the gradient evenly.",
    _by(SegmentMin(False)),
    (f"{_DATA}, [1, 0, 1], 2", "[[3.0, 4.0], [1.0, 2.0]]"),
)

# Rows are made by builders, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
