"""The distance between sequences, by the edits that make one of the other."""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import TensorType, float32, types_text
from .elementwise import shape_of
from .repeat import fill
from .sizes import beside
from .slicing import Slice
from .source import convert, convert_all

__all__ = ["edit_distance"]


@register
class EditDistance(OpDef):
    """Levenshtein's distance of each pair of sequences of a batch.

    a: (batch, n), b: (batch, m) any dtype; a_lengths, b_lengths: (batch,) integer -> (batch,)
    float32; divided by the length of b, if `normalize`.
    """

    normalize: bool

    def infer(
        self, a: TensorType, b: TensorType, a_lengths: TensorType, b_lengths: TensorType
    ) -> TensorType:
        """One distance a pair."""
        require(self, "same", hypothesis=a, truth=b)
        require(self, "integer", hypothesis_lengths=a_lengths, truth_lengths=b_lengths)
        batch = a.dims()[:1]
        firsts = (b.with_shape(b.dims()[:1]), a_lengths, b_lengths)
        if not all(type_.accepts_shape(batch) for type_ in firsts):
            raise ShapeError(
                "edit_distance",
                "the batches differ",
                expected="(batch, n) and (batch, m), and their (batch,) lengths",
                got=types_text(
                    hypothesis=a, truth=b, hypothesis_lengths=a_lengths, truth_lengths=b_lengths
                ),
            )
        return TensorType(float32, batch)

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType(float32, (None,)),)

    def compute(self, xp: Any, a: Any, b: Any, a_lengths: Any, b_lengths: Any) -> Any:
        """Row i holds the distances of the first i entries of a to all beginnings of b.

        The one in column j is the least of those after deleting a's entry, substituting it, and
        inserting b's: column j - 1 plus 1. So along a row it is a running minimum, of what the row
        before leaves less the column's number.
        """
        columns = xp.arange(b.shape[1] + 1)
        row = xp.broadcast_to(columns, (a.shape[0], b.shape[1] + 1))
        ends = b_lengths.astype("int64").reshape(-1, 1)
        a_lengths = a_lengths.astype("int64")
        distance = xp.take_along_axis(row, ends, axis=1)[:, 0]
        for i in range(a.shape[1]):
            substituted = row[:, :-1] + (b != a[:, i : i + 1])
            row = xp.concatenate([row[:, :1] + 1, xp.minimum(row[:, 1:] + 1, substituted)], axis=1)
            row = _running_minimum(xp, row - columns) + columns
            ended = xp.take_along_axis(row, ends, axis=1)[:, 0]
            distance = xp.where(a_lengths == i + 1, ended, distance)
        result = distance.astype("float32")
        if self.normalize:  # to nothing, anything is infinitely far, and nothing is not
            result = xp.where(distance > 0, result / ends[:, 0].astype("float32"), result)
        return result

    gradient = no_gradient


def _running_minimum(xp: Any, x: Any) -> Any:
    """The least of each entry and those before it, over distances of 1, 2, 4, …"""
    step = 1
    while step < x.shape[1]:
        x = xp.concatenate([x[:, :step], xp.minimum(x[:, step:], x[:, :-step])], axis=1)
        step *= 2
    return x


def edit_distance(
    hypothesis: Any,
    truth: Any,
    hypothesis_lengths: Any = None,
    truth_lengths: Any = None,
    normalize: bool = True,
    name: str | None = None,
) -> Tensor:
    """The least number of entries to insert, delete or substitute to make one sequence of another.

    (Levenshtein, 1966.)

    # differs from TensorFlow 1: the sequences are dense, with a length each, instead of sparse.

    Args:
        hypothesis: (batch, n) any dtype.
        truth: (batch, m) of the same dtype.
        hypothesis_lengths: (batch,) integer in 0 <= length <= n; n if None.
        truth_lengths: (batch,) integer in 0 <= length <= m; m if None.
        normalize: divide by the length of the truth; where that is 0, the distance is infinite, or
            0 for an empty hypothesis.
        name: of the node.

    Returns:
        (batch,) float32.

    Raises:
        ShapeError: if the shapes do not fit together.
        DtypeError: if the dtypes differ, or lengths are not integers.

    >>> from thalweg.core import Session
    >>> words = [[list(b"kitten")], [list(b"sitting")]]
    >>> Session().run(edit_distance(*words, normalize=False)).tolist()
    [3.0]
    """
    a, b = convert_all(hypothesis, truth)
    if any(sequences.ndim not in (2, None) for sequences in (a, b)):
        raise ShapeError(
            "edit_distance",
            "takes two batches of sequences",
            expected="hypothesis (batch, n), truth (batch, m)",
            got=types_text(hypothesis=a.type, truth=b.type),
            site=user_site(2),
        )
    with beside(a):
        lengths = [
            _all_of(x) if given is None else convert(given)
            for x, given in ((a, hypothesis_lengths), (b, truth_lengths))
        ]
    return apply(EditDistance(bool(normalize)), a, b, *lengths, name=name)


def _all_of(x: Tensor) -> Tensor:
    """The size of the second axis, for each entry of the first."""
    batch, size = (apply(Slice((axis,)), shape_of(x)) for axis in (0, 1))
    return fill([batch], size)
