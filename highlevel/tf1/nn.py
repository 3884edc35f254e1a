"""`tf.nn`: activations, convolutions, losses and regularization in TF1's spelling."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import thalweg.core
from thalweg.core import (
    OptionError,
    Tensor,
    cast,
    convert,
    greater,
    greater_equal,
    less,
    multiply,
    random_uniform,
    reduce_sum,
    shape_of,
    sigmoid,
    squeeze,
    tanh,
    where,
)

from . import candidates, convolutions, ctc, normalization, pooling, transposed_convolutions
from .arguments import either, missing_name
from .arrays import one_hot
from .axes import from_last, to_last
from .candidates import *  # noqa: F403
from .convolutions import *  # noqa: F403
from .cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from .ctc import *  # noqa: F403
from .elementwise import matmul
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .transposed_convolutions import *  # noqa: F403

if TYPE_CHECKING:
    from . import rnn_cell as rnn_cell
    from .rnn import (
        bidirectional_dynamic_rnn as bidirectional_dynamic_rnn,
    )
    from .rnn import (
        dynamic_rnn as dynamic_rnn,
    )
    from .rnn import (
        raw_rnn as raw_rnn,
    )
    from .rnn import (
        static_bidirectional_rnn as static_bidirectional_rnn,
    )
    from .rnn import (
        static_rnn as static_rnn,
    )

__all__ = [
    "bias_add",
    "dropout",
    "elu",
    "in_top_k",
    "l2_loss",
    "leaky_relu",
    "log_softmax",
    "relu",
    "relu6",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "tanh",
    "xw_plus_b",
]

__all__ += candidates.__all__
__all__ += convolutions.__all__
__all__ += ctc.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += transposed_convolutions.__all__

# Recurrent networks stand on `tf.layers`, which stands on this module.
_RECURRENT = [
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
]
__all__ += [*_RECURRENT, "rnn_cell"]
_missing_name = missing_name(__name__, __all__)


def __getattr__(name: str) -> Any:
    """Imports recurrent networks at their first use."""
    if name == "rnn_cell":
        return importlib.import_module(f"{__package__}.rnn_cell")
    if name in _RECURRENT:
        return getattr(importlib.import_module(f"{__package__}.rnn"), name)
    return _missing_name(name)


def relu(features: Any, name: str | None = None) -> Tensor:
    """max(x, 0), elementwise."""
    return thalweg.core.relu(features, name=name)


def relu6(features: Any, name: str | None = None) -> Tensor:
    """min(max(x, 0), 6), elementwise."""
    return thalweg.core.clip_by_value(features, 0.0, 6.0, name=name or "Relu6")


def elu(features: Any, name: str | None = None) -> Tensor:
    """exp(x) - 1 where x < 0, else x, elementwise."""
    return thalweg.core.elu(features, name=name)


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """alpha * x where x < 0, else x, elementwise."""
    return thalweg.core.leaky_relu(features, alpha, name=name)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """log(1 + exp(x)), elementwise."""
    return thalweg.core.softplus(features, name=name)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """x / (1 + |x|), elementwise."""
    return thalweg.core.softsign(features, name=name)


def softmax(
    logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis.

    Args:
        logits: (..., classes) float.
        axis: of the classes; the last if None.
        name: of the node.
        dim: the old name of `axis`.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.nn.softmax([[0.0, 0.0]])))
    [[0.5 0.5]]
    """
    axis = either("softmax", "axis", axis, "dim", dim)
    x = convert(logits)
    return from_last(thalweg.core.softmax(to_last(x, axis), name=name), axis)


def log_softmax(
    logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """x - log(sum(exp(x))) along an axis; arguments as in `softmax`."""
    axis = either("log_softmax", "axis", axis, "dim", dim)
    x = convert(logits)
    return from_last(thalweg.core.log_softmax(to_last(x, axis), name=name), axis)


def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """`value` plus one number a channel.

    Args:
        value: (..., channels) number, or (batch, channels, ...) for NCHW.
        bias: (channels,), of the same dtype.
        data_format: "NHWC" if None, "N...C", "NCHW" or "NC...".
        name: of the node.

    Raises:
        OptionError: for another format.
        ShapeError: if `bias` does not have value's number of channels.
    """
    if data_format not in (None, "NHWC", "N...C", "NCHW", "NC..."):
        raise OptionError(
            "bias_add",
            "unknown data_format",
            expected="'NHWC', 'N...C', 'NCHW' or 'NC...'",
            got=repr(data_format),
        )
    x, b = thalweg.core.convert_all(value, bias)
    axis = 1 if data_format in ("NCHW", "NC...") else None
    return from_last(thalweg.core.bias_add(to_last(x, axis), b, name=name), axis)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """x weights + biases.  (batch, in), (in, out), (out,) -> (batch, out)."""
    return bias_add(matmul(x, weights), biases, name=name or "xw_plus_b")


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Zeros a random part of `x` and divides the rest by `keep_prob`, so that the mean stays.

    Args:
        x: (...) float.
        keep_prob: () the probability that an element is kept, 0 < keep_prob <= 1: a number, or
            a tensor that is fed.
        noise_shape: where it has size 1, elements are kept or dropped together; x's if None.
        seed: two operations of equal seed and shape drop the same elements.
        name: of the node.
        rate: 1 - keep_prob, 0 <= rate < 1, in its place.

    Raises:
        OptionError: unless one of `keep_prob` and `rate` is given, in its range.

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting", JMLR 2014.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     keep_prob = tf.placeholder(tf.float32)
    ...     y = tf.nn.dropout(tf.ones([100]), keep_prob)
    ...     print(sorted(set(session.run(y, {keep_prob: 0.5}).tolist())))
    [0.0, 2.0]
    """
    tensor = convert(x)
    if (keep_prob is None) == (rate is None):
        raise OptionError(
            "dropout", "one of keep_prob and rate is needed", got=f"{keep_prob=}, {rate=}"
        )
    given = keep_prob if rate is None else rate
    if isinstance(given, int | float):
        keep = float(given) if rate is None else 1.0 - given
        if not 0 < keep <= 1:
            raise OptionError(
                "dropout",
                "not a probability to keep with" if rate is None else "not a rate of dropping",
                expected="0 < keep_prob <= 1" if rate is None else "0 <= rate < 1",
                got=repr(given),
            )
        if keep == 1:
            return tensor
        kept: Any = keep
    else:
        kept = cast(given, tensor.dtype)
        kept = kept if rate is None else 1 - kept
    shape = shape_of(tensor) if noise_shape is None else noise_shape
    noise = random_uniform(shape, dtype=tensor.dtype, seed=seed)
    mask = cast(greater_equal(noise, 1 - kept), tensor.dtype)
    return multiply(tensor / kept, mask, name=name or "dropout")


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of the squares of all elements.  (...) float -> ()."""
    return multiply(reduce_sum(thalweg.core.square(t)), 0.5, name=name or "L2Loss")


def in_top_k(predictions: Any, targets: Any, k: int, name: str | None = None) -> Tensor:
    """Whether fewer than `k` classes have a larger prediction than the target class.

    Args:
        predictions: (batch, classes) float.
        targets: (batch,) integer in 0 <= target < classes.
        k: >= 1.
        name: of the node.

    Returns:
        (batch,) bool; False where the target's prediction is not finite.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.nn.in_top_k([[0.1, 0.7, 0.2]] * 2, [2, 0], 2)))
    [ True False]
    """
    scores = convert(predictions)
    is_target = one_hot(targets, shape_of(scores)[1], dtype="bool")
    score = reduce_sum(where(is_target, scores, thalweg.core.zeros_like(scores)), 1, keepdims=True)
    better = reduce_sum(cast(greater(scores, score), "int32"), 1)
    finite = thalweg.core.is_finite(squeeze(score, 1))
    return thalweg.core.logical_and(less(better, k), finite, name=name)
