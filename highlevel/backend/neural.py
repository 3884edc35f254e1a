"""Activations, losses, biases and normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor

from .. import activations
from .settings import epsilon
from .shapes import size_axes

__all__ = [
    "batch_normalization",
    "bias_add",
    "binary_crossentropy",
    "categorical_crossentropy",
    "ctc_batch_cost",
    "dropout",
    "elu",
    "hard_sigmoid",
    "in_top_k",
    "l2_normalize",
    "normalize_batch_in_training",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "tanh",
]

in_top_k = core.in_top_k
sigmoid = core.sigmoid
softplus = core.softplus
softsign = core.softsign
tanh = core.tanh

# Activations --------------------------------------------------------------------------------------


def relu(
    x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """max(x, 0), or with the options of the layer `ReLU`.

    Args:
        x: a tensor.
        alpha: slope below the threshold.
        max_value: the largest value; None for no bound.
        threshold: below it, alpha * (x - threshold).

    >>> from thalweg.backend import eval
    >>> eval(relu([-1.0, 2.0], alpha=0.5)).tolist()
    [-0.5, 2.0]
    """
    return activations.relu(core.convert(x), alpha, max_value, threshold)  # type: ignore[no-any-return]


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (exp(x) - 1) below 0.

    >>> from thalweg.backend import eval
    >>> eval(elu([2.0])).tolist()
    [2.0]
    """
    return activations.elu(core.convert(x), alpha)  # type: ignore[no-any-return]


def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) by the sum of those along an axis.

    >>> from thalweg.backend import eval
    >>> eval(softmax([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    return activations.softmax(core.convert(x), axis)  # type: ignore[no-any-return]


def hard_sigmoid(x: Any) -> Tensor:
    """0.2 * x + 0.5, held in 0..1: Keras 2's; the activation of that name is Keras 3's.

    >>> from thalweg.backend import eval
    >>> eval(hard_sigmoid([-9.0, 0.0, 9.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return core.clip_by_value(0.2 * core.convert(x) + 0.5, 0.0, 1.0)


def l2_normalize(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """x by its length along axes, or all of it.

    >>> from thalweg.backend import eval
    >>> print(eval(l2_normalize([3.0, 4.0])).round(4))
    [0.6 0.8]
    """
    return core.l2_normalize(x, axis)


def dropout(
    x: Any, level: float, noise_shape: Sequence[int] | None = None, seed: int | None = None
) -> Tensor:
    """Elements become 0 with a probability, and the others grow by 1 / (1 - level).

    Args:
        x: a tensor.
        level: the probability, 0 <= level < 1.
        noise_shape: shape of what is drawn, which is spread over x; None for x's own.
        seed: an integer.

    >>> from thalweg.backend import eval
    >>> sorted(set(eval(dropout([[1.0] * 99], 0.5)).ravel().tolist()))
    [0.0, 2.0]
    """
    tensor = core.convert(x)
    sizes: Any = core.shape_of(tensor) if noise_shape is None else list(noise_shape)
    kept = core.random_bernoulli(sizes, 1.0 - level, tensor.dtype, seed)
    return tensor * (kept * (1.0 / (1.0 - level)))


# Losses -------------------------------------------------------------------------------------------


def _held(output: Any) -> Tensor:
    """Probabilities, not nearer than epsilon to 0 and 1."""
    return core.clip_by_value(core.convert(output), epsilon(), 1.0 - epsilon())


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-sum(target * log(output)) along an axis.

    Args:
        target: probabilities of the classes, or a one among zeros.
        output: probabilities, which are divided by their sum, or logits; target's shape.
        from_logits: which.
        axis: of the classes.

    Returns:
        the shape without that axis.

    >>> from thalweg.backend import eval
    >>> print(eval(categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])).round(4))
    [0.6931]
    """
    y, p = core.convert_all(target, output)
    if from_logits:
        shifted = p - core.reduce_logsumexp(p, axis, True)
        return -core.reduce_sum(y * shifted, axis)
    p = p / core.reduce_sum(p, axis, True)
    return -core.reduce_sum(y * core.log(_held(p)), axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-log(output) at the target's class.

    Args:
        target: integers, output's shape without the axis of classes, or with size 1 there.
        output: probabilities or logits.
        from_logits: which.
        axis: of the classes: the last one.

    Returns:
        output's shape without that axis.

    >>> from thalweg.backend import eval
    >>> print(eval(sparse_categorical_crossentropy([1], [[0.5, 0.5]])).round(4))
    [0.6931]
    """
    scores = core.convert(output)
    rank = scores.ndim or 2
    if axis % rank != rank - 1:
        order = [a for a in range(rank) if a != axis % rank] + [axis % rank]
        scores = core.transpose(scores, order)
    logits = scores if from_logits else core.log(_held(scores))
    labels = core.cast(target, "int64")
    if labels.ndim == rank:
        labels = core.squeeze(labels, [axis])
    return core.sparse_softmax_cross_entropy(labels, logits)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """-target * log(output) - (1 - target) * log(1 - output), element by element.

    Args:
        target: numbers in 0..1.
        output: probabilities or logits, of the same shape.
        from_logits: which.

    >>> from thalweg.backend import eval
    >>> print(eval(binary_crossentropy([1.0], [0.5])).round(4))
    [0.6931]
    """
    y, p = core.convert_all(target, output)
    if from_logits:
        return core.sigmoid_cross_entropy(y, p)
    p = _held(p)
    return -(y * core.log(p + epsilon()) + (1.0 - y) * core.log(1.0 - p + epsilon()))


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Tensor:
    """The loss of connectionist temporal classification, for each sample.

    A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist Temporal Classification:
    Labelling Unsegmented Sequence Data with Recurrent Neural Networks", 2006.

    Args:
        y_true: (batch, labels) integers; the blank is the last class.
        y_pred: (batch, time, classes) probabilities.
        input_length: (batch, 1) integers: steps that count.
        label_length: (batch, 1) integers: labels that count.

    Returns:
        (batch, 1).

    >>> from thalweg.backend import eval
    >>> print(eval(ctc_batch_cost([[0]], [[[0.5, 0.5]]], [[1]], [[1]])).round(4))
    [[0.6931]]
    """
    logits = core.log(core.transpose(y_pred, [1, 0, 2]) + epsilon())
    lengths = [core.squeeze(core.cast(n, "int32"), [1]) for n in (label_length, input_length)]
    losses = core.ctc_loss(core.cast(y_true, "int32"), logits, lengths[0], lengths[1])
    return core.expand_dims(losses, 1)


# Biases and normalization -------------------------------------------------------------------------


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """x plus a bias for each channel.

    Args:
        x: (batch, ..., channels), or with channels second.
        bias: (channels,), or x's shape without the batch.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.

    >>> from thalweg.backend import eval
    >>> eval(bias_add([[1.0, 2.0]], [10.0, 20.0])).tolist()
    [[11.0, 22.0]]
    """
    tensor, vector = core.convert_all(x, bias)
    rank = tensor.ndim or 2
    axes = size_axes("bias_add", data_format, rank - 2)
    if axes and axes[0] == 2:
        last = vector.ndim or 1
        if last == 1:
            return tensor + core.reshape(vector, [-1, *[1] * (rank - 2)])
        return tensor + core.transpose(vector, [last - 1, *range(last - 1)])
    return tensor + vector


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Tensor:
    """gamma * (x - mean) / sqrt(var + epsilon) + beta.

    Args:
        x: a tensor.
        mean, var: statistics, which broadcast to x.
        beta, gamma: the same; None for 0 and 1.
        axis: accepted as in Keras; the statistics' shapes say it.
        epsilon: added to the variance.

    >>> from thalweg.backend import eval
    >>> eval(batch_normalization([[3.0]], [1.0], [4.0], None, None, epsilon=0.0)).tolist()
    [[1.0]]
    """
    return core.batch_normalization(x, mean, var, beta, gamma, epsilon)


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Sequence[int], epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """x normalised by its own mean and variance.

    Args:
        x: a tensor.
        gamma, beta: for each of the remaining axes; None for 1 and 0.
        reduction_axes: over which mean and variance are taken.
        epsilon: added to the variance.

    Returns:
        x normalised, mean, (biased) variance, of the shape of the remaining axes.

    >>> from thalweg.backend import eval
    >>> y, mean, variance = normalize_batch_in_training([[1.0], [3.0]], None, None, [0], 0.0)
    >>> eval(y).tolist(), eval(mean).tolist()
    ([[-1.0], [1.0]], [2.0])
    """
    tensor = core.convert(x)
    rank = tensor.ndim or 1
    axes = sorted(axis % rank for axis in reduction_axes)
    mean, variance = core.moments(tensor, axes)

    def spread(statistic: Any) -> Any:
        if statistic is None:
            return None
        y = core.convert(statistic)
        for axis in axes:
            y = core.expand_dims(y, axis)
        return y

    normal = core.batch_normalization(
        tensor, spread(mean), spread(variance), spread(beta), spread(gamma), epsilon
    )
    return normal, mean, variance
