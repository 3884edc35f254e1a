"""Connectionist temporal classification: the loss of a label sequence without an alignment.

Graves, Fernández, Gomez and Schmidhuber, "Connectionist Temporal Classification: Labelling
Unsegmented Sequence Data with Recurrent Neural Networks", ICML 2006. A network says at each time
how likely each class is, one of which is *blank*: nothing. A path is one class a time; dropping
repetitions and then blanks makes a label sequence of it. The loss is -log of the summed
probability of all paths that make the wanted sequence.

The sum runs over the states of the sequence: its labels, with blanks between and around them,
2 * labels + 1 in all (section 4.1). Probabilities stay logarithms throughout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, GraphError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, register, require
from ..types import TensorType, types_text
from .nn import LogSoftmax, Softmax
from .shape import expand_dims, transpose
from .source import convert

__all__ = ["ctc_loss"]


def require_blank(op: OpDef, blank: int, classes: int | None) -> None:
    """Checks that the blank is one of the classes; negative ones count from the last.

    Raises:
        ShapeError: if it is not.
    """
    if classes is not None and not -classes <= blank < classes:
        raise ShapeError(
            op.label,
            "the blank is not a class",
            expected=f"{-classes} <= blank_index < {classes}, the number of classes",
            got=str(blank),
        )


class _States:
    """The states of a batch of label sequences, and the steps between them.

    Attributes:
        log_y: (time, batch, states) log-probability of each state's class.
        classes: (batch, states) the class of each state.
        is_last: (batch, states) True where a path may end.
        is_wrong: (batch,) True where labels or lengths have no meaning.
    """

    def __init__(
        self, xp: Any, log_y: Any, labels: Any, label_length: Any, logit_length: Any, blank: int
    ) -> None:
        times, batch, class_count = log_y.shape
        longest = labels.shape[1]
        inside = xp.arange(longest)[None, :] < label_length[:, None]
        impossible = (labels < 0) | (labels >= class_count) | (labels == blank)
        self.is_wrong = (
            (inside & impossible).any(axis=1)
            | (label_length < 0)
            | (label_length > longest)
            | (logit_length < 0)
            | (logit_length > times)
        )
        blanks = xp.full((batch, longest + 1), blank, "int64")
        known = xp.where(inside & ~impossible, labels.astype("int64"), blanks[:, 1:])
        pairs = xp.stack([blanks[:, 1:], known], axis=2).reshape((batch, 2 * longest))
        self.classes = xp.concatenate([pairs, blanks[:, :1]], axis=1)
        two_before = xp.concatenate([blanks[:, :1], blanks[:, :1], self.classes], axis=1)
        # Between two different labels there need not be a blank.
        self._may_skip = (self.classes != blank) & (self.classes != two_before[:, :-2])
        state, end = xp.arange(2 * longest + 1)[None, :], (2 * label_length)[:, None]
        self.is_first = state == 0
        self.is_last = (state == end) | (state == end - 1)
        where = xp.broadcast_to(self.classes[None], (times, batch, 2 * longest + 1))
        self.log_y = xp.take_along_axis(log_y, where, axis=2)
        self._never = xp.full((), -float("inf"), log_y.dtype)
        self._xp = xp

    def log_only(self, where: Any) -> Any:
        """(batch, states): log(1) where told, log(0) elsewhere."""
        return self._xp.where(where, self._xp.zeros_like(self._never), self._never)

    def forwards(self, x: Any) -> Any:
        """Log-probability of being in each state a step later, from that of being there now."""
        xp = self._xp
        one, two = self._moved(x, 1), xp.where(self._may_skip, self._moved(x, 2), self._never)
        return xp.logaddexp(xp.logaddexp(x, one), two)

    def backwards(self, x: Any) -> Any:
        """The transpose of `forwards`."""
        xp = self._xp
        one, two = self._moved(x, -1), self._moved(xp.where(self._may_skip, x, self._never), -2)
        return xp.logaddexp(xp.logaddexp(x, one), two)

    def _moved(self, x: Any, by: int) -> Any:
        count = min(abs(by), x.shape[1])
        nothing = self._xp.broadcast_to(self._never, (x.shape[0], count))
        parts = [nothing, x[:, : x.shape[1] - count]] if by > 0 else [x[:, count:], nothing]
        return self._xp.concatenate(parts, axis=1)

    def log_total(self, x: Any) -> Any:
        """(batch,) log of the summed probability of the last states; -inf where it is 0."""
        xp = self._xp
        x = xp.where(self.is_last, x, self._never)
        largest = x.max(axis=1)
        largest = xp.where(largest > self._never, largest, xp.zeros_like(largest))
        return largest + xp.log(xp.exp(x - largest[:, None]).sum(axis=1))


class _Ctc(OpDef):
    """Base of the loss and its gradient, which begin with the same four inputs."""

    blank: int

    def _sizes(
        self,
        labels: TensorType,
        logits: TensorType,
        label_length: TensorType,
        logit_length: TensorType,
    ) -> tuple[int | None, int | None]:
        """The batch and the number of states."""
        given = {
            "labels": labels,
            "logits": logits,
            "label_length": label_length,
            "logit_length": logit_length,
        }
        require(self, "float", logits=logits)
        require(self, "integer", **{name: t for name, t in given.items() if name != "logits"})
        if logits.dtype.size_bytes < 4:
            raise DtypeError(
                self.label,
                "sums over paths need more precision",
                expected="float32 or float64 logits",
                got=types_text(logits=logits),
                hint="cast(logits, 'float32') converts",
            )
        batches = {
            type_.dims()[axis]
            for type_, axis in ((labels, 0), (logits, 1), (label_length, 0), (logit_length, 0))
            if type_.rank is not None and type_.rank > axis
        } - {None}
        ranks = tuple(type_.rank for type_ in given.values())
        if ranks != (2, 3, 1, 1) or len(batches) > 1:
            raise ShapeError(
                self.label,
                "the inputs do not fit together",
                expected="labels (batch, longest), logits (time, batch, classes), "
                "label_length (batch,), logit_length (batch,)",
                got=types_text(**given),
            )
        require_blank(self, self.blank, logits.dims()[2])
        longest = labels.dims()[1]
        return next(iter(batches), None), None if longest is None else 2 * longest + 1

    def _states(
        self, xp: Any, log_y: Any, labels: Any, label_length: Any, logit_length: Any
    ) -> _States:
        blank = self.blank % log_y.shape[2]
        return _States(xp, log_y, labels, label_length, logit_length, blank)


@register
class CTCLoss(_Ctc):
    """-log of the probability of label sequences, and the logarithms it is the sum of.

    labels: (batch, longest) integer, logits: (time, batch, classes) float32 or float64,
    label_length, logit_length: (batch,) integer -> (batch,) losses, (time, batch, states)
    log-probability of the paths up to each time and state, the paper's alpha.
    """

    def infer(self, *types: TensorType) -> tuple[TensorType, TensorType]:
        """One loss a sequence."""
        batch, states = self._sizes(*types)
        logits = types[1]
        return logits.with_shape((batch,)), logits.with_shape((logits.dims()[0], batch, states))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """A vector and a cube of the logits' dtype."""
        return TensorType(types[1].dtype, (None,)), TensorType(types[1].dtype, (None,) * 3)

    def compute(
        self, xp: Any, labels: Any, logits: Any, label_length: Any, logit_length: Any
    ) -> tuple[Any, Any]:
        """Equations 6 to 8, from a start before time 0 in which all probability is at state 0."""
        log_y = LogSoftmax().compute(xp, logits)
        states = self._states(xp, log_y, labels, label_length, logit_length)
        alphas = xp.empty(states.log_y.shape, logits.dtype)
        alpha = states.log_only(xp.broadcast_to(states.is_first, states.classes.shape))
        for time in range(len(alphas)):
            new = states.forwards(alpha) + states.log_y[time]
            alpha = xp.where((time < logit_length)[:, None], new, alpha)
            alphas[time] = alpha
        loss = -states.log_total(alpha)
        return xp.where(states.is_wrong, xp.full((), float("nan"), loss.dtype), loss), alphas

    def gradient(
        self, node: Operation, g: Tensor | None, g_alphas: Tensor | None
    ) -> Sequence[Tensor | None]:
        """See CTCLossGrad."""
        if g_alphas is not None:
            raise GraphError(self.label, "only its losses have a gradient")
        if g is None:
            return [None] * 4
        slope = apply(CTCLossGrad(self.blank), *node.inputs, *node.outputs)
        return [None, expand_dims(expand_dims(g, 0), -1) * slope, None, None]


@register
class CTCLossGrad(_Ctc):
    """How fast each loss grows with the logits: softmax minus the share of paths in each class.

    The inputs of CTCLoss and its outputs -> the shape of the logits.
    Zero after the end of a sequence, and where no path makes the labels.
    """

    def infer(self, *types: TensorType) -> TensorType:
        """The type of the logits."""
        self._sizes(*types[:4])
        return types[1]

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The type of the logits, as far as it is known."""
        return (types[1].with_shape(types[1].shape),)

    def compute(
        self,
        xp: Any,
        labels: Any,
        logits: Any,
        label_length: Any,
        logit_length: Any,
        loss: Any,
        alphas: Any,
    ) -> Any:
        """Section 4.2; but beta leaves out its own time, so that alpha * beta needs no division.

        At each time the products add up to the probability of all paths. Dividing by their own
        sum, instead of by the loss, cancels the rounding that grew with the times.
        """
        log_y = LogSoftmax().compute(xp, logits)
        states = self._states(xp, log_y, labels, label_length, logit_length)
        shares = xp.zeros(alphas.shape, logits.dtype)
        beta = states.log_only(states.is_last)
        is_possible = xp.isfinite(loss)
        zero = xp.zeros((), logits.dtype)
        for time in reversed(range(len(alphas))):
            if time + 1 < len(alphas):
                new = states.backwards(beta + states.log_y[time + 1])
                beta = xp.where((time + 1 < logit_length)[:, None], new, beta)
            counts = (is_possible & (time < logit_length))[:, None]
            shares[time] = Softmax().compute(xp, xp.where(counts, alphas[time] + beta, zero))
            shares[time] = xp.where(counts, shares[time], zero)
        one_hot = states.classes[:, :, None] == xp.arange(logits.shape[2])
        by_class = xp.matmul(shares.transpose(1, 0, 2), one_hot.astype(logits.dtype))
        time = xp.arange(len(alphas))[:, None]
        counts = (is_possible[None] & (time < logit_length[None]))[:, :, None]
        slope = xp.where(counts, xp.exp(log_y), zero) - by_class.transpose(1, 0, 2)
        wrong = xp.isnan(loss)[None, :, None]
        return xp.where(wrong, xp.full((), float("nan"), slope.dtype), slope)


def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    blank_index: int = -1,
    name: str | None = None,
) -> Tensor:
    """-log p(labels | logits), summed over all alignments of labels and times.

    Graves et al., "Connectionist Temporal Classification", ICML 2006, equation 8 and section 4.
    The softmax is taken inside, so `logits` are any numbers; log-probabilities do as well.

    Args:
        labels: (batch, longest) integer in 0 <= label < classes and not blank; what stands
            behind `label_length` is not looked at.
        logits: (time, batch, classes) float32 or float64.
        label_length: (batch,) integer in 0..longest.
        logit_length: (batch,) integer in 0..time: the times of each sequence that count.
        logits_time_major: False if `logits` are (batch, time, classes).
        blank_index: the class that stands for nothing; negative ones count from the last, which
            it is by default, as in TF1.
        name: of the node.

    Returns:
        (batch,) losses: infinite where no path makes the labels, because there are fewer times
        than labels and blanks between equal ones; such a sequence has a gradient of zero. NaN,
        as is the gradient, where a label or length is out of range.

    Raises:
        ShapeError: if the shapes do not fit together, or the blank is not a class.
        DtypeError: if labels or lengths are not integers, or the logits not float32 or float64.

    Example: at two times, "a" is made by the paths a-, -a and aa, of 4.

    >>> from thalweg.core import Session
    >>> import numpy as np
    >>> loss = ctc_loss([[0]], np.zeros((2, 1, 2), np.float32), [1], [2])
    >>> [round(float(x), 4) for x in np.exp(-Session().run(loss))]
    [0.75]
    """
    tensor = convert(logits)
    if not logits_time_major:
        tensor = transpose(tensor, [1, 0, 2])
    inputs = (convert(labels), tensor, convert(label_length), convert(logit_length))
    return apply_many(CTCLoss(int(blank_index)), *inputs, name=name).outputs[0]
