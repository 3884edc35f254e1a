"""Calls of Keras 2's backend that both libraries answer: name -> (call of K and arrays, arrays).

`make_backend.py` runs them with tf_keras and keeps the answers; the test runs them here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CASES"]

Array = npt.NDArray[Any]
_random = np.random.default_rng(20)


def _draw(*shape: int, low: float = -2.0, high: float = 2.0) -> Array:
    return _random.uniform(low, high, shape).astype(np.float32)


X, Y = _draw(3, 4), _draw(3, 4)
POSITIVE = _draw(3, 4, low=0.1, high=3.0)
PROBABILITIES = POSITIVE / POSITIVE.sum(1, keepdims=True)
SEQUENCES, IMAGES, VOLUMES = _draw(2, 6, 3), _draw(2, 5, 6, 3), _draw(2, 4, 3, 5, 2)
ONE_HOT = np.eye(4, dtype=np.float32)[[2, 0, 3]]
WORDS = _draw(2, 6, 4, low=0.1, high=1.0)

Call = Callable[..., Any]

CASES: dict[str, tuple[Call, tuple[Array, ...]]] = {
    # arithmetic
    **{
        name: (lambda K, x, name=name: getattr(K, name)(x), (X,))
        for name in ("abs", "square", "sqrt", "exp", "round", "sign", "sin", "cos", "transpose")
    },
    "log": (lambda K, x: K.log(x), (POSITIVE,)),
    "pow": (lambda K, x: K.pow(x, 3), (X,)),
    "clip": (lambda K, x: K.clip(x, -0.5, 1.0), (X,)),
    **{
        name: (lambda K, x, y, name=name: getattr(K, name)(x, y), (X, Y))
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
    },
    "maximum": (lambda K, x, y: K.maximum(x, y), (X, Y)),
    "minimum": (lambda K, x, y: K.minimum(x, y), (X, Y)),
    # along axes
    **{
        f"{name}_{label}": (
            lambda K, x, name=name, options=options: getattr(K, name)(x, **options),
            (X,),
        )
        for name in ("sum", "mean", "max", "min", "prod", "var", "std")
        for label, options in (
            ("all", {}),
            ("axis", {"axis": 0}),
            ("kept", {"axis": [-1], "keepdims": True}),
        )
    },
    "any": (lambda K, x: K.any(K.greater(x, 1.0), axis=1), (X,)),
    "all": (lambda K, x: K.all(K.greater(x, -1.0), axis=0, keepdims=True), (X,)),
    "mean_of_truths": (lambda K, x: K.mean(K.greater(x, 0.0), axis=1), (X,)),
    "cumsum": (lambda K, x: K.cumsum(x, axis=1), (X,)),
    "cumprod": (lambda K, x: K.cumprod(x), (X,)),
    "argmax": (lambda K, x: K.argmax(x), (X,)),
    "argmin": (lambda K, x: K.argmin(x, axis=0), (X,)),
    # products
    "dot": (lambda K, x, y: K.dot(x, y), (X, _draw(4, 5))),
    "dot_of_three_axes": (lambda K, x, y: K.dot(x, y), (SEQUENCES, _draw(2, 3, 4))),
    "dot_vector": (lambda K, x, y: K.dot(x, y), (X, _draw(4, 1))),
    "batch_dot": (lambda K, x, y: K.batch_dot(x, y), (SEQUENCES, _draw(2, 3, 5))),
    "batch_dot_axes": (
        lambda K, x, y: K.batch_dot(x, y, axes=(1, 2)),
        (SEQUENCES, _draw(2, 5, 6)),
    ),
    "batch_dot_rows": (lambda K, x, y: K.batch_dot(x, y, axes=1), (X, Y)),
    "batch_dot_of_four_axes": (
        lambda K, x, y: K.batch_dot(x, y, axes=[3, 1]),
        (_draw(2, 3, 4, 5), _draw(2, 5, 2)),
    ),
    # shapes
    "concatenate": (lambda K, x, y: K.concatenate([x, y]), (X, Y)),
    "concatenate_axis": (lambda K, x, y: K.concatenate([x, y], axis=0), (X, Y)),
    "reshape": (lambda K, x: K.reshape(x, (2, -1)), (X,)),
    "permute_dimensions": (lambda K, x: K.permute_dimensions(x, (2, 0, 1)), (SEQUENCES,)),
    "flatten": (lambda K, x: K.flatten(x), (SEQUENCES,)),
    "batch_flatten": (lambda K, x: K.batch_flatten(x), (SEQUENCES,)),
    "expand_dims": (lambda K, x: K.expand_dims(x), (X,)),
    "squeeze": (lambda K, x: K.squeeze(x, 1), (_draw(3, 1, 2),)),
    "stack": (lambda K, x, y: K.stack([x, y], axis=1), (X, Y)),
    "tile": (lambda K, x: K.tile(x, [2, 3]), (X,)),
    "repeat": (lambda K, x: K.repeat(x, 3), (X,)),
    "repeat_elements": (lambda K, x: K.repeat_elements(x, 2, axis=1), (X,)),
    "reverse": (lambda K, x: K.reverse(x, 1), (X,)),
    "gather": (lambda K, x: K.gather(x, [2, 0, 2]), (X,)),
    "one_hot": (lambda K, x: K.one_hot(K.cast(x, "int32"), 4), (np.float32([0, 3, 1]),)),
    "arange": (lambda K: K.arange(1, 10, 3), ()),
    "temporal_padding": (lambda K, x: K.temporal_padding(x, (2, 1)), (SEQUENCES,)),
    "spatial_2d_padding": (
        lambda K, x: K.spatial_2d_padding(x, ((1, 0), (2, 1)), "channels_first"),
        (IMAGES,),
    ),
    "spatial_3d_padding": (lambda K, x: K.spatial_3d_padding(x), (VOLUMES,)),
    "resize_images": (lambda K, x: K.resize_images(x, 2, 3, "channels_last"), (IMAGES,)),
    "resize_images_bilinear": (
        lambda K, x: K.resize_images(x, 2, 3, "channels_last", "bilinear"),
        (IMAGES,),
    ),
    "resize_volumes": (lambda K, x: K.resize_volumes(x, 1, 2, 3, "channels_last"), (VOLUMES,)),
    # networks
    **{
        name: (lambda K, x, name=name: getattr(K, name)(x), (X,))
        for name in ("relu", "elu", "softmax", "softplus", "softsign", "sigmoid", "tanh")
    },
    "hard_sigmoid": (lambda K, x: K.hard_sigmoid(x * 2.0), (X,)),
    "relu_options": (
        lambda K, x: K.relu(x, alpha=0.1, max_value=1.5, threshold=0.5),
        (X,),
    ),
    "elu_alpha": (lambda K, x: K.elu(x, 0.5), (X,)),
    "l2_normalize": (lambda K, x: K.l2_normalize(x, axis=1), (X,)),
    "categorical_crossentropy": (
        lambda K, y, p: K.categorical_crossentropy(y, p),
        (ONE_HOT, POSITIVE),
    ),
    "categorical_crossentropy_logits": (
        lambda K, y, p: K.categorical_crossentropy(y, p, from_logits=True),
        (ONE_HOT, X),
    ),
    "sparse_categorical_crossentropy": (
        lambda K, y, p: K.sparse_categorical_crossentropy(y, p),
        (np.float32([2, 0, 3]), PROBABILITIES),
    ),
    "sparse_categorical_crossentropy_logits": (
        lambda K, y, p: K.sparse_categorical_crossentropy(y, p, from_logits=True),
        (np.float32([2, 0, 3]), X),
    ),
    "binary_crossentropy": (
        lambda K, y, p: K.binary_crossentropy(y, p),
        (ONE_HOT, PROBABILITIES),
    ),
    "binary_crossentropy_logits": (
        lambda K, y, p: K.binary_crossentropy(y, p, from_logits=True),
        (ONE_HOT, X),
    ),
    "ctc_batch_cost": (
        lambda K, y, p, n, m: K.ctc_batch_cost(y, p, n, m),
        (
            np.float32([[0, 2], [1, 1]]),
            WORDS / WORDS.sum(2, keepdims=True),
            np.float32([[6], [4]]),
            np.float32([[2], [1]]),
        ),
    ),
    "conv1d": (lambda K, x, w: K.conv1d(x, w, 2, "same"), (SEQUENCES, _draw(3, 3, 2))),
    "conv1d_causal": (
        lambda K, x, w: K.conv1d(x, w, padding="causal", dilation_rate=2),
        (SEQUENCES, _draw(2, 3, 2)),
    ),
    "conv2d": (lambda K, x, w: K.conv2d(x, w, (2, 1), "same"), (IMAGES, _draw(3, 3, 3, 2))),
    "conv2d_dilated": (
        lambda K, x, w: K.conv2d(x, w, dilation_rate=(2, 2)),
        (IMAGES, _draw(2, 2, 3, 2)),
    ),
    "conv3d": (lambda K, x, w: K.conv3d(x, w), (VOLUMES, _draw(2, 2, 2, 2, 3))),
    "conv2d_transpose": (
        lambda K, x, w: K.conv2d_transpose(x, w, (2, 10, 12, 2), (2, 2), "same"),
        (IMAGES, _draw(3, 3, 2, 3)),
    ),
    "depthwise_conv2d": (
        lambda K, x, w: K.depthwise_conv2d(x, w, padding="same"),
        (IMAGES, _draw(3, 3, 3, 2)),
    ),
    "separable_conv2d": (
        lambda K, x, w, p: K.separable_conv2d(x, w, p, (1, 1), "same"),
        (IMAGES, _draw(3, 3, 3, 2), _draw(1, 1, 6, 4)),
    ),
    "pool2d": (lambda K, x: K.pool2d(x, (2, 2), (2, 2), "same"), (IMAGES,)),
    "pool2d_mean": (lambda K, x: K.pool2d(x, (3, 2), (1, 2), pool_mode="avg"), (IMAGES,)),
    "pool3d": (lambda K, x: K.pool3d(x, (2, 2, 2), (2, 1, 2)), (VOLUMES,)),
    "bias_add": (lambda K, x, b: K.bias_add(x, b), (IMAGES, _draw(3))),
    "bias_add_first": (
        lambda K, x, b: K.bias_add(x, b, "channels_first"),
        (IMAGES, _draw(5)),
    ),
    "batch_normalization": (
        lambda K, x, m, v, b, g: K.batch_normalization(x, m, v, b, g, epsilon=0.01),
        (IMAGES, _draw(3), _draw(3, low=0.1), _draw(3), _draw(3)),
    ),
    "normalize_batch_in_training": (
        lambda K, x, g, b: K.normalize_batch_in_training(x, g, b, [0, 1, 2])[0],
        (IMAGES, _draw(3), _draw(3)),
    ),
    "normalize_batch_in_training_first": (
        lambda K, x, g, b: K.normalize_batch_in_training(x, g, b, [0, 2, 3])[0],
        (IMAGES, _draw(5), _draw(5)),
    ),
    # control
    "switch": (lambda K, x, y: K.switch(K.greater(x, 0.0), x, y), (X, Y)),
    "map_fn": (lambda K, x: K.map_fn(lambda row: row * 2.0, x), (X,)),
    "foldl": (lambda K, x: K.foldl(lambda total, row: total * 0.5 + row, x), (X,)),
    "foldr": (lambda K, x: K.foldr(lambda total, row: total * 0.5 + row, x), (X,)),
    **{
        f"rnn_{label}_{part}": (
            lambda K, x, h, options=options, part=part: K.rnn(
                lambda now, states: (
                    K.tanh(now + states[0]),
                    [states[0] * 0.5 + now],
                ),
                x,
                [h],
                **options(K),
            )[("last", "outputs", "states").index(part)],
            (SEQUENCES, _draw(2, 3)),
        )
        for label, options in (
            ("forwards", lambda K: {}),
            ("backwards", lambda K: {"go_backwards": True}),
            (
                "masked",
                lambda K: {"mask": K.constant([[1, 1, 1, 1, 0, 0], [1, 0, 1, 1, 1, 1]]) > 0},
            ),
        )
        for part in ("last", "outputs", "states")
    },
}
