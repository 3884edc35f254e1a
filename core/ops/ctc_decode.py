"""From class scores to label sequences, by the rule of connectionist temporal classification.

`ctc_greedy_decoder` takes the best path; `ctc_beam_search_decoder` looks for the sequences that
are best summed over all their paths. Both fill up with -1 behind the end of a sequence, where
TensorFlow returns sparse tensors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import OptionError, ShapeError
from ..graph import Tensor
from ..opdef import OpDef, apply_many, no_gradient, register, require
from ..types import TensorType, int32, int64, types_text
from .ctc import require_blank
from .nn import LogSoftmax
from .source import convert

__all__ = ["CTCDecoded", "ctc_beam_search_decoder", "ctc_greedy_decoder"]


class CTCDecoded(NamedTuple):
    """What a decoder found.

    Attributes:
        labels: int64, -1 behind the end of each sequence.
        lengths: int32, labels in each sequence.
        scores: how good each sequence is, as the decoder says.
    """

    labels: Tensor
    lengths: Tensor
    scores: Tensor


class _Decoder(OpDef):
    """Base of ops on scores: (time, batch, classes) float, lengths: (batch,) integer."""

    blank: int

    def _sizes(self, scores: TensorType, lengths: TensorType) -> tuple[int | None, int | None]:
        """The times and the batch."""
        require(self, "float", scores=scores)
        require(self, "integer", lengths=lengths)
        batches = {t.dims()[a] for t, a in ((scores, 1), (lengths, 0)) if len(t.dims()) > a}
        if (scores.rank, lengths.rank) != (3, 1) or len(batches - {None}) > 1:
            raise ShapeError(
                self.label,
                "the inputs do not fit together",
                expected="inputs (time, batch, classes), sequence_length (batch,)",
                got=types_text(inputs=scores, sequence_length=lengths),
            )
        times, _, classes = scores.dims()
        require_blank(self, self.blank, classes)
        return times, next(iter(batches - {None}), None)

    gradient = no_gradient


@register
class CTCGreedyDecoder(_Decoder):
    """The labels of the best path.

    scores: (time, batch, classes) float, lengths: (batch,) integer -> (batch, time) int64 labels,
    -1 behind the last, (batch,) int32 their number, (batch,) the negated sum of the best scores.
    """

    merge_repeated: bool

    def infer(self, scores: TensorType, lengths: TensorType) -> tuple[TensorType, ...]:
        """Three outputs."""
        times, batch = self._sizes(scores, lengths)
        return (
            TensorType(int64, (batch, times)),
            TensorType(int32, (batch,)),
            TensorType(scores.dtype, (batch,)),
        )

    def infer_unknown(self, scores: TensorType, lengths: TensorType) -> tuple[TensorType, ...]:
        """Their ranks."""
        return (
            TensorType(int64, (None, None)),
            TensorType(int32, (None,)),
            TensorType(scores.dtype, (None,)),
        )

    def compute(self, xp: Any, scores: Any, lengths: Any) -> tuple[Any, Any, Any]:
        """A stable sort brings what is kept to the front."""
        times, batch, classes = scores.shape
        counts = xp.arange(times)[None, :] < lengths[:, None]
        best = scores.argmax(axis=2).T.astype("int64")
        kept = counts & (best != self.blank % classes)
        if self.merge_repeated:
            before = xp.concatenate([xp.full((batch, 1), -1, "int64"), best], axis=1)
            kept = kept & (best != before[:, :times])
        order = xp.argsort(~kept, axis=1, kind="stable")
        found = kept.sum(axis=1).astype("int32")
        labels = xp.take_along_axis(best, order, axis=1)
        is_label = xp.arange(times)[None, :] < found[:, None]
        labels = xp.where(is_label, labels, xp.full((), -1, "int64"))
        zero = xp.zeros((), scores.dtype)
        total = xp.where(counts, scores.max(axis=2).T, zero).sum(axis=1)
        return labels, found, -total


class _Beams:
    """The label sequences still in play for one sample, as places in a tree of prefixes.

    Attributes:
        nodes: place of each beam in the tree; 0 is the empty sequence.
        blank: (beams,) log-probability of its paths that end with a blank.
        label: (beams,) log-probability of its paths that end with its last label.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.nodes = [0]
        self.blank, self.label = np.zeros(1), np.full(1, -np.inf)
        self._parent, self._last = [-1], [-1]  # of every place in the tree
        self._child: dict[tuple[int, int], int] = {}

    def step(self, log_y: np.ndarray[Any, Any], blank: int) -> None:
        """One time: every beam stays or grows by a label; the best of all remain."""
        last = np.array([self._last[node] for node in self.nodes])
        total = np.logaddexp(self.blank, self.label)
        grown = total[:, None] + log_y
        has_label = last >= 0
        rows = np.flatnonzero(has_label)
        grown[rows, last[rows]] = self.blank[rows] + log_y[last[rows]]  # a blank must part equals
        grown[:, blank] = -np.inf
        stay_blank = total + log_y[blank]
        stay_label = np.where(has_label, self.label + log_y[last], -np.inf)
        self._join(grown, stay_label)
        score = np.concatenate([np.logaddexp(stay_blank, stay_label), grown.reshape(-1)])
        best = np.argsort(-score, kind="stable")[: self.width]
        best = best[score[best] > -np.inf]
        count, classes = grown.shape
        nothing = np.full(grown.size, -np.inf)
        self.blank = np.concatenate([stay_blank, nothing])[best]
        self.label = np.concatenate([stay_label, grown.reshape(-1)])[best]
        self.nodes = [
            self.nodes[place]
            if place < count
            else self._grow(self.nodes[(place - count) // classes], (place - count) % classes)
            for place in best.tolist()
        ]

    def _join(self, grown: np.ndarray[Any, Any], stay_label: np.ndarray[Any, Any]) -> None:
        """Where a beam grows into a sequence that is a beam already, their paths add up."""
        beam_of = {node: beam for beam, node in enumerate(self.nodes)}
        for beam, node in enumerate(self.nodes):
            parent = beam_of.get(self._parent[node])
            if parent is not None:
                label = self._last[node]
                stay_label[beam] = np.logaddexp(stay_label[beam], grown[parent, label])
                grown[parent, label] = -np.inf

    def _grow(self, node: int, label: int) -> int:
        child = self._child.setdefault((node, label), len(self._parent))
        if child == len(self._parent):
            self._parent.append(node)
            self._last.append(label)
        return child

    def sequence(self, beam: int) -> list[int]:
        """The labels of a beam."""
        labels, node = [], self.nodes[beam]
        while node:
            labels.append(self._last[node])
            node = self._parent[node]
        return labels[::-1]


@register
class CTCBeamSearchDecoder(_Decoder):
    """The label sequences that are most probable, summed over their paths, as a beam finds them.

    scores: (time, batch, classes) float, lengths: (batch,) integer
    -> (batch, paths, time) int64 labels, -1 behind the last, (batch, paths) int32 their number,
    (batch, paths) log-probability, best first.
    """

    beam_width: int
    top_paths: int
    runs_on_host = True

    def infer(self, scores: TensorType, lengths: TensorType) -> tuple[TensorType, ...]:
        """Three outputs."""
        times, batch = self._sizes(scores, lengths)
        return (
            TensorType(int64, (batch, self.top_paths, times)),
            TensorType(int32, (batch, self.top_paths)),
            TensorType(scores.dtype, (batch, self.top_paths)),
        )

    def infer_unknown(self, scores: TensorType, lengths: TensorType) -> tuple[TensorType, ...]:
        """Their ranks."""
        return (
            TensorType(int64, (None, self.top_paths, None)),
            TensorType(int32, (None, self.top_paths)),
            TensorType(scores.dtype, (None, self.top_paths)),
        )

    def compute(self, xp: Any, scores: Any, lengths: Any) -> tuple[Any, Any, Any]:
        """One sample after another, in float64."""
        del xp
        times, batch, classes = scores.shape
        blank = self.blank % classes
        labels = np.full((batch, self.top_paths, times), -1, np.int64)
        counts = np.zeros((batch, self.top_paths), np.int32)
        log_p = np.full((batch, self.top_paths), -np.inf, scores.dtype)
        log_y = LogSoftmax().compute(np, scores.astype(np.float64))
        for sample, length in enumerate(lengths.tolist()):
            beams = _Beams(self.beam_width)
            for time in range(min(length, times)):
                beams.step(log_y[time, sample], blank)
            total = np.logaddexp(beams.blank, beams.label)
            for path, beam in enumerate(np.argsort(-total, kind="stable")[: self.top_paths]):
                sequence = beams.sequence(beam)
                labels[sample, path, : len(sequence)] = sequence
                counts[sample, path] = len(sequence)
                log_p[sample, path] = total[beam]
        return labels, counts, log_p


def ctc_greedy_decoder(
    inputs: Any,
    sequence_length: Any,
    merge_repeated: bool = True,
    blank_index: int = -1,
    name: str | None = None,
) -> CTCDecoded:
    """The labels of the best class at each time, repetitions and then blanks dropped.

    Args:
        inputs: (time, batch, classes) float: logits, or anything that grows with them.
        sequence_length: (batch,) integer: the times of each sequence that count.
        merge_repeated: False keeps repetitions, so that only blanks are dropped.
        blank_index: the class that stands for nothing; negative ones count from the last.
        name: of the node.

    Returns:
        labels (batch, time), lengths (batch,), and scores (batch,): the negated sum of the best
        entries of `inputs`, in their dtype. Nothing of it has a gradient.

    Raises:
        ShapeError: if the shapes do not fit together, or the blank is not a class.

    >>> from thalweg.core import Session, one_hot
    >>> best = one_hot([[1], [1], [2], [1]], 3)
    >>> found = Session().run(ctc_greedy_decoder(best, [4]))
    >>> found.labels.tolist(), found.lengths.tolist(), found.scores.tolist()
    ([[1, 1, -1, -1]], [2], [-4.0])
    """
    op = CTCGreedyDecoder(int(blank_index), bool(merge_repeated))
    return CTCDecoded(*apply_many(op, convert(inputs), convert(sequence_length), name=name).outputs)


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    blank_index: int = -1,
    name: str | None = None,
) -> CTCDecoded:
    """The label sequences of largest probability, found by a beam search over their prefixes.

    Each prefix carries the probability of all its paths, those that end with a blank apart from
    those that end with a label (Graves, "Sequence Transduction with Recurrent Neural Networks",
    2012; Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition", 2014). The
    search is exact where `beam_width` is not smaller than the number of prefixes. It runs on the
    host.

    # differs from TensorFlow 1: equal labels that a blank parts stay two, as everywhere else in
    # CTC; TF1's default `merge_repeated=True` makes one of them.

    Args:
        inputs: (time, batch, classes) float logits or log-probabilities.
        sequence_length: (batch,) integer: the times of each sequence that count.
        beam_width: prefixes kept at each time, 1 or more.
        top_paths: sequences wanted, 1 <= top_paths <= beam_width.
        blank_index: the class that stands for nothing; negative ones count from the last.
        name: of the node.

    Returns:
        labels (batch, top_paths, time), lengths (batch, top_paths), and scores
        (batch, top_paths): log-probabilities in the dtype of `inputs`, the best first, -inf where
        there are fewer sequences. Nothing of it has a gradient.

    Raises:
        OptionError: if the widths make no sense.
        ShapeError: if the shapes do not fit together, or the blank is not a class.

    Example: blanks are the best path, of probability 0.36; but "a" has three paths.

    >>> from thalweg.core import Session
    >>> import numpy as np
    >>> log_p = np.log([[[0.4, 0.6]], [[0.4, 0.6]]])
    >>> found = Session().run(ctc_beam_search_decoder(log_p, [2], top_paths=2))
    >>> found.labels.tolist(), np.exp(found.scores).round(2).tolist()
    ([[[0, -1], [-1, -1]]], [[0.64, 0.36]])
    """
    if not 1 <= top_paths <= beam_width:
        raise OptionError(
            "ctc_beam_search_decoder",
            "the widths make no sense",
            expected="1 <= top_paths <= beam_width",
            got=f"top_paths={top_paths}, beam_width={beam_width}",
        )
    op = CTCBeamSearchDecoder(int(blank_index), int(beam_width), int(top_paths))
    return CTCDecoded(*apply_many(op, convert(inputs), convert(sequence_length), name=name).outputs)
