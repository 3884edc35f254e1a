"""Losses over many classes that look at the true ones and at a sample of the others.

As in TensorFlow 1, whose "Candidate Sampling Algorithms Reference" derives them: from the logit
of each class the logarithm of its expected count in the sample is subtracted, and the classes
that were looked at are then all there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..graph import Tensor
from ..types import types_text
from .candidates import CandidateSample, log_uniform_candidate_sampler
from .compare import equal, where
from .concat import concat, split
from .elementwise import cast, ones_like, shape_of, stop_gradient, subtract, zeros_like
from .gather import gather
from .linalg import matmul
from .math import log, reciprocal
from .nn import sigmoid_cross_entropy, softmax_cross_entropy
from .reduce import reduce_any, reduce_sum
from .shape import expand_dims, reshape
from .source import convert

__all__ = ["nce_loss", "sampled_softmax_loss"]


def _size(x: Tensor, axis: int) -> Any:
    """One size: an int if it is known, else a tensor."""
    known = None if x.shape is None else x.shape[axis]
    return shape_of(x)[axis] if known is None else int(known)


def _sampled_logits(
    loss: str,
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    sample: CandidateSample | None,
    num_sampled: int,
    num_classes: int,
    remove_accidental_hits: bool,
) -> tuple[Tensor, Tensor]:
    """Labels and logits: (batch, num_true + num_sampled), the true classes first."""
    w, b, y, x = convert(weights), convert(biases), convert(labels), convert(inputs)
    if y.type.rank not in (2, None) or not y.dtype.is_integer:
        raise ShapeError(
            loss,
            "labels are not rows of classes",
            expected="labels integer (batch, num_true)",
            got=types_text(weights=w.type, biases=b.type, labels=y.type, inputs=x.type),
        )
    num_true = _size(y, 1)
    if sample is None:
        sample = log_uniform_candidate_sampler(y, num_sampled, True, num_classes)
    sampled, true_count, sampled_count = map(convert, sample)
    classes = concat([reshape(cast(y, "int64"), [-1]), cast(sampled, "int64")], axis=0)
    sizes = [-1, num_sampled]
    true_w, sampled_w = split(gather(w, classes), sizes, axis=0)
    true_b, sampled_b = split(gather(b, classes), sizes, axis=0)
    true_w = reshape(true_w, [-1, num_true, _size(w, 1)])
    true_logits = reduce_sum(expand_dims(x, 1) * true_w, axis=2) + reshape(true_b, [-1, num_true])
    sampled_logits = matmul(x, sampled_w, transpose_b=True) + sampled_b
    if remove_accidental_hits:
        hits = reduce_any(equal(expand_dims(cast(y, "int64"), 2), cast(sampled, "int64")), axis=1)
        lowest = float(np.finfo(x.dtype.numpy).min) / 2  # not -inf: 0 * -inf is not 0
        sampled_logits = where(hits, lowest, sampled_logits)
    logits = [
        subtract(true_logits, log(cast(true_count, x.dtype))),
        subtract(sampled_logits, log(cast(sampled_count, x.dtype))),
    ]
    share = reciprocal(cast(convert(num_true), x.dtype))
    wanted = [share * ones_like(true_logits), zeros_like(sampled_logits)]
    return stop_gradient(concat(wanted, axis=1)), concat(logits, axis=1)


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    sampled_values: CandidateSample | None = None,
    remove_accidental_hits: bool = False,
    name: str | None = None,
) -> Tensor:
    """Noise-contrastive estimation: tells each sample's true classes from drawn ones.

    The sum over true and drawn classes of the binary cross-entropy of
    inputs * weights[class] + biases[class] - log(expected count of the class)
    against 1 / num_true for the true classes and 0 for the others (Gutmann and Hyvärinen,
    "Noise-contrastive estimation", AISTATS 2010).

    Args:
        weights: (num_classes, features) float.
        biases: (num_classes,) of the same dtype.
        labels: (batch, num_true) integer, the true classes.
        inputs: (batch, features) of the same dtype.
        num_sampled: classes drawn a batch.
        num_classes: how many there are.
        sampled_values: what a candidate sampler made for `labels`; by default the log-uniform
            sampler's, which suits classes numbered from the most frequent on.
        remove_accidental_hits: whether drawn classes that are true are left out.
        name: of the node.

    Returns:
        (batch,) losses.

    Raises:
        ShapeError: if the labels are not (batch, num_true).
        OptionError: if so many classes cannot be drawn.

    >>> from thalweg.core import Session, zeros
    >>> loss = nce_loss(zeros([9, 2]), zeros([9]), [[0], [8]], zeros([2, 2]), 4, 9)
    >>> Session().run(loss).shape
    (2,)
    """
    wanted, logits = _sampled_logits(
        "nce_loss", weights, biases, labels, inputs, sampled_values, num_sampled, num_classes,
        remove_accidental_hits,
    )  # fmt: skip
    return reduce_sum(sigmoid_cross_entropy(wanted, logits), axis=1, name=name or "nce_loss")


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    sampled_values: CandidateSample | None = None,
    remove_accidental_hits: bool = True,
    name: str | None = None,
) -> Tensor:
    """Softmax cross-entropy over the true classes and a sample of the others: for training alone.

    The softmax is over inputs * weights[class] + biases[class] - log(expected count of the
    class); each true class is wanted with probability 1 / num_true (Jean et al., "On Using Very
    Large Target Vocabulary for Neural Machine Translation", ACL 2015). Evaluation takes the full
    softmax.

    Args:
        weights: (num_classes, features) float.
        biases: (num_classes,) of the same dtype.
        labels: (batch, num_true) integer, the true classes.
        inputs: (batch, features) of the same dtype.
        num_sampled: classes drawn a batch.
        num_classes: how many there are.
        sampled_values: what a candidate sampler made for `labels`; by default the log-uniform
            sampler's, which suits classes numbered from the most frequent on.
        remove_accidental_hits: whether drawn classes that are true are left out.
        name: of the node.

    Returns:
        (batch,) losses.

    Raises:
        ShapeError: if the labels are not (batch, num_true).
        OptionError: if so many classes cannot be drawn.

    >>> from thalweg.core import Session, zeros
    >>> loss = sampled_softmax_loss(zeros([9, 2]), zeros([9]), [[0], [8]], zeros([2, 2]), 4, 9)
    >>> Session().run(loss).shape
    (2,)
    """
    wanted, logits = _sampled_logits(
        "sampled_softmax_loss", weights, biases, labels, inputs, sampled_values, num_sampled,
        num_classes, remove_accidental_hits,
    )  # fmt: skip
    return softmax_cross_entropy(wanted, logits, name=name or "sampled_softmax_loss")
