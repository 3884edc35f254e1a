"""`tf.nn`: tables of vectors, largest elements, and losses over sampled classes."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, concat, convert, multiply, sigmoid

from .arguments import either, refuse

__all__ = [
    "crelu",
    "embedding_lookup",
    "learned_unigram_candidate_sampler",
    "local_response_normalization",
    "log_poisson_loss",
    "log_uniform_candidate_sampler",
    "lrn",
    "nce_loss",
    "sampled_softmax_loss",
    "selu",
    "swish",
    "top_k",
    "uniform_candidate_sampler",
    "weighted_cross_entropy_with_logits",
    "zero_fraction",
]


def selu(features: Any, name: str | None = None) -> Tensor:
    """The scaled exponential linear unit, elementwise; Klambauer et al., 2017."""
    return core.selu(features, name=name)


def swish(features: Any) -> Tensor:
    """x sigmoid(x), elementwise; Ramachandran, Zoph and Le, 2017."""
    x = convert(features)
    return multiply(x, sigmoid(x), name="swish")


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """max(x, 0) and max(-x, 0), joined along an axis; Shang et al., 2016.

    Args:
        features: (...) float.
        name: of the node.
        axis: along which both parts stand; its size doubles.
    """
    x = convert(features)
    return core.relu(concat([x, -x], axis), name=name or "CRelu")


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of elements that are zero.  (...) -> () float32."""
    x = convert(value)
    zeros = core.cast(core.equal(x, core.zeros_like(x)), "float32")
    return core.reduce_mean(zeros, name=name or "zero_fraction")


def top_k(input: Any, k: int = 1, sorted: bool = True, name: str | None = None) -> Any:
    """The `k` largest elements of each row, and where they are.

    Args:
        input: (..., n) number.
        k: how many, at most n.
        sorted: accepted: the largest comes first in any case.
        name: of the node.

    Returns:
        (..., k) values and (..., k) int32 indices; of equal elements the first counts.
    """
    return core.top_k(input, k, sorted, name=name)


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: float | None = None,
) -> Tensor:
    """Rows of a table, or of one cut into several, picked by number.

    Args:
        params: a table (rows, ...), or a list of its parts.
        ids: (...) integer.
        partition_strategy: `"mod"` or `"div"`: how rows are dealt to parts.
        name: of the node.
        validate_indices: accepted.
        max_norm: bound of a row's length; None for none.
    """
    del validate_indices
    return core.embedding_lookup(params, ids, partition_strategy, name, max_norm)


def lrn(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """Local response normalization: x / (bias + alpha sum of squares of near channels)^beta.

    Args:
        input: (batch, height, width, channels) float.
        depth_radius: how many channels to each side count.
        bias: added to the sum.
        alpha: factor of the sum.
        beta: the power.
        name: of the node.
    """
    return core.local_response_normalization(input, depth_radius, bias, alpha, beta, name=name)


local_response_normalization = lrn


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """exp(log_input) - targets log_input, and Stirling's term of the targets if wanted.

    Args:
        targets: (...) float >= 0, counts.
        log_input: (...) of the same dtype, the logarithm of the expected counts.
        compute_full_loss: whether the part that does not depend on `log_input` is added.
        name: of the node.
    """
    return core.log_poisson_loss(targets, log_input, compute_full_loss, name=name)


def weighted_cross_entropy_with_logits(
    labels: Any = None,
    logits: Any = None,
    pos_weight: Any = None,
    name: str | None = None,
    targets: Any = None,
) -> Tensor:
    """The cross-entropy of sigmoids, in which positive labels weigh `pos_weight`.

    Args:
        labels: (...) float in 0..1.
        logits: (...) of the same dtype.
        pos_weight: factor of the positive part.
        name: of the node.
        targets: the old name of `labels`.
    """
    where = "weighted_cross_entropy_with_logits"
    wanted = either(where, "labels", labels, "targets", targets)
    return core.weighted_cross_entropy_with_logits(wanted, logits, pos_weight, name=name)


def _table(parts: Any) -> Any:
    """Weights given in one piece, alone or in a list."""
    if isinstance(parts, list | tuple) and len(parts) == 1:
        return parts[0]
    if isinstance(parts, list | tuple):
        refuse("weights", "a table in one piece", partitions=len(parts))
    return parts


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """The noise-contrastive loss of each sample; Gutmann and Hyvärinen, 2010.

    Args:
        weights: (classes, features).
        biases: (classes,).
        labels: (batch, num_true) integer.
        inputs: (batch, features).
        num_sampled: how many classes are drawn as noise.
        num_classes: how many there are.
        num_true: how many labels a sample has.
        sampled_values: what was drawn; drawn log-uniformly if None.
        remove_accidental_hits: whether drawn labels are left out.
        partition_strategy: accepted: the table is in one piece.
        name: of the node.
    """
    del partition_strategy, num_true
    return core.nce_loss(
        _table(weights),
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        sampled_values,
        remove_accidental_hits,
        name=name,
    )


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """The softmax loss over the label and some drawn classes; Jean et al., 2015.

    Args:
        weights: (classes, features).
        biases: (classes,).
        labels: (batch, num_true) integer.
        inputs: (batch, features).
        num_sampled: how many classes are drawn.
        num_classes: how many there are.
        num_true: how many labels a sample has.
        sampled_values: what was drawn; drawn log-uniformly if None.
        remove_accidental_hits: whether drawn labels are left out.
        partition_strategy: accepted: the table is in one piece.
        name: of the node.
        seed: of what is drawn.
    """
    del partition_strategy, num_true
    if sampled_values is None and seed is not None:
        sampled_values = core.log_uniform_candidate_sampler(
            core.cast(labels, "int64"), num_sampled, True, num_classes, seed
        )
    return core.sampled_softmax_loss(
        _table(weights),
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        sampled_values,
        remove_accidental_hits,
        name=name,
    )


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> core.CandidateSample:
    """Classes to be noise, drawn by how often they were seen so far.

    Args:
        true_classes: (batch, num_true) int64.
        num_true: how many labels a sample has.
        num_sampled: how many classes are drawn.
        unique: whether no class is drawn twice.
        range_max: how many classes there are.
        seed: of what is drawn.
        name: of the node.
    """
    del num_true
    classes = core.cast(true_classes, "int64")
    return core.learned_unigram_candidate_sampler(
        classes, num_sampled, unique, range_max, seed, name
    )


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> core.CandidateSample:
    """Classes to be noise, drawn with probability log(1 + 1 / (class + 1)) / log(classes + 1).

    Args:
        true_classes: (batch, num_true) int64.
        num_true: how many labels a sample has.
        num_sampled: how many classes are drawn.
        unique: whether no class is drawn twice.
        range_max: how many classes there are.
        seed: of what is drawn.
        name: of the node.
    """
    del num_true
    classes = core.cast(true_classes, "int64")
    return core.log_uniform_candidate_sampler(classes, num_sampled, unique, range_max, seed, name)


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> core.CandidateSample:
    """Classes to be noise, all equally likely.

    Args:
        true_classes: (batch, num_true) int64.
        num_true: how many labels a sample has.
        num_sampled: how many classes are drawn.
        unique: whether no class is drawn twice.
        range_max: how many classes there are.
        seed: of what is drawn.
        name: of the node.
    """
    del num_true
    classes = core.cast(true_classes, "int64")
    return core.uniform_candidate_sampler(classes, num_sampled, unique, range_max, seed, name)
