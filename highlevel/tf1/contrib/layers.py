"""`tf.contrib.layers`: layers as functions, with ReLU by default and names of their own.

Their variables are called `weights` and `biases`, and join the collection MODEL_VARIABLES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from thalweg.core import OptionError, Tensor, cast, float32

from .. import layers as _layers
from ..arguments import missing_name, refuse
from ..arrays import one_hot
from ..collections import GraphKeys, add_to_collections
from ..graph import name_scope
from ..initializer_classes import ones_initializer, zeros_initializer
from ..inputs import identity
from ..nn import relu
from ..ordering import control_dependencies
from ..variable_scopes import variable_scope
from . import regularizers
from .regularizers import *  # noqa: F403
from .regularizers import xavier_initializer

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "dropout",
    "flatten",
    "fully_connected",
    "linear",
    "max_pool2d",
    "one_hot_encoding",
    "relu",
]
__all__ += regularizers.__all__

__getattr__ = missing_name(__name__, __all__)

_XAVIER = xavier_initializer()
_ZEROS = zeros_initializer()


def _getter(names: Mapping[str, str], collections: Any) -> Callable[..., Any]:
    """A custom getter that renames variables and puts them into collections."""

    def get(getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
        scope, slash, own = name.rpartition("/")
        own = names.get(own, own)
        variable = getter(f"{scope}{slash}{own}", *args, **kwargs)
        wanted = collections.get(own) if isinstance(collections, Mapping) else collections
        keys = [wanted] if isinstance(wanted, str) else list(wanted or ())
        for key in dict.fromkeys([GraphKeys.MODEL_VARIABLES, *keys]):
            if variable not in variable.graph.get_collection(key):
                variable.graph.add_to_collection(key, variable)
        return variable

    return get


def _finished(outputs: Any, collections: Any, activation_fn: Any = None) -> Any:
    """The output after its activation, in the collections that are named."""
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    if collections:
        add_to_collections(collections, outputs)
    return outputs


def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Callable[[Any], Any] | None = relu,
    normalizer_fn: Callable[..., Any] | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """activation_fn(inputs weights + biases), along the last axis.

    Args:
        inputs: (batch, ..., in) float.
        num_outputs: size of the last axis of the output.
        activation_fn: ReLU; None for none.
        normalizer_fn: a function, as `batch_norm`, in the place of biases.
        normalizer_params: its arguments.
        weights_initializer: `xavier_initializer()`.
        weights_regularizer: a function whose loss joins REGULARIZATION_LOSSES.
        biases_initializer: zeros; None leaves biases out.
        biases_regularizer: likewise.
        reuse: True, or AUTO_REUSE, to use the variables of the scope again.
        variables_collections: names of collections for the variables, or a dict of them by
            `"weights"` and `"biases"`.
        outputs_collections: names of collections for the output.
        trainable: whether optimizers change the variables.
        scope: of the variables, `"fully_connected"` if None.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     _ = tf.contrib.layers.fully_connected(tf.zeros([2, 3]), 4)
    ...     print([variable.name for variable in tf.model_variables()])
    ['fully_connected/weights:0', 'fully_connected/biases:0']
    """
    getter = _getter({"kernel": "weights", "bias": "biases"}, variables_collections)
    with variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse, custom_getter=getter
    ) as opened:
        layer = _layers.Dense(
            num_outputs,
            use_bias=normalizer_fn is None and biases_initializer is not None,
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            _scope=opened,
            _reuse=reuse,
        )
        outputs = layer(inputs)
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        return _finished(outputs, outputs_collections, activation_fn)


def linear(inputs: Any, num_outputs: int, **kwargs: Any) -> Any:
    """`fully_connected` without an activation; arguments as there."""
    return fully_connected(inputs, num_outputs, **{"activation_fn": None, **kwargs})


def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Callable[[Any], Any] | None = None,
    param_initializers: Mapping[str, Any] | None = None,
    param_regularizers: Mapping[str, Any] | None = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Any:
    """Batch normalisation (Ioffe and Szegedy, 2015), as `tf.layers.batch_normalization`.

    Args:
        inputs: (batch, ..., channels) float.
        decay: of the moving mean and variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        epsilon: added to the variance.
        activation_fn: of the output.
        param_initializers: by `"beta"`, `"gamma"`, `"moving_mean"`, `"moving_variance"`.
        param_regularizers: by `"beta"` and `"gamma"`.
        updates_collections: names of collections for the updates; None makes the output wait
            for them instead.
        is_training: a bool, or a () bool tensor that is fed.
        reuse: True, or AUTO_REUSE, to use the variables of the scope again.
        variables_collections: names of collections for the variables.
        outputs_collections: names of collections for the output.
        trainable: whether optimizers change beta and gamma.
        batch_weights: not supported.
        fused: as of `tf.layers.batch_normalization`.
        data_format: `"NHWC"`, or `"NCHW"` for channels second.
        zero_debias_moving_mean: not supported.
        scope: of the variables, `"BatchNorm"` if None.
        renorm: not supported, nor are the arguments that follow.
        renorm_clipping: not supported.
        renorm_decay: ignored.
        adjustment: not supported.
    """
    refuse(
        "batch_norm",
        "plain batch normalisation",
        batch_weights=batch_weights,
        zero_debias_moving_mean=zero_debias_moving_mean,
        renorm=renorm,
        renorm_clipping=renorm_clipping,
        adjustment=adjustment,
    )
    initial = dict(param_initializers or {})
    penalties = dict(param_regularizers or {})
    getter = _getter({}, variables_collections)
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getter) as opened:
        layer = _layers.BatchNormalization(
            _axis_of(data_format),
            decay,
            epsilon,
            center,
            scale,
            initial.get("beta", _ZEROS),
            initial.get("gamma", ones_initializer()),
            initial.get("moving_mean", _ZEROS),
            initial.get("moving_variance", ones_initializer()),
            penalties.get("beta"),
            penalties.get("gamma"),
            fused=fused,
            trainable=trainable,
            _updates_collections=updates_collections,
            _scope=opened,
            _reuse=reuse,
        )
        outputs = layer(inputs, training=is_training)
        if updates_collections is None and layer.updates:
            with control_dependencies(layer.updates):
                outputs = identity(outputs)
        return _finished(outputs, outputs_collections, activation_fn)


def _axis_of(data_format: str | None) -> int:
    """The axis of the channels.

    Raises:
        OptionError: for another format.
    """
    if data_format not in (None, "NHWC", "NCHW"):
        raise OptionError(
            "contrib.layers", "unknown data_format", expected="'NHWC' or 'NCHW'",
            got=repr(data_format),
        )  # fmt: skip
    return 1 if data_format == "NCHW" else -1


def _format_of(data_format: str | None) -> str:
    return "channels_first" if _axis_of(data_format) == 1 else "channels_last"


def conv2d(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Callable[[Any], Any] | None = relu,
    normalizer_fn: Callable[..., Any] | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """A convolution of images, with biases and an activation.

    Args as of `fully_connected`, and:
        inputs: (batch, height, width, in) float.
        kernel_size: one integer, or two.
        stride: cells between two positions.
        padding: `"SAME"` or `"VALID"`.
        data_format: `"NHWC"` if None, or `"NCHW"` for channels second.
        rate: cells between two cells of the kernel.
        scope: of the variables, `"Conv"` if None.
    """
    getter = _getter({"kernel": "weights", "bias": "biases"}, variables_collections)
    with variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as opened:
        layer = _layers.Conv2D(
            num_outputs,
            kernel_size,
            stride,
            padding,
            _format_of(data_format),
            rate,
            use_bias=normalizer_fn is None and biases_initializer is not None,
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            _scope=opened,
            _reuse=reuse,
        )
        outputs = layer(inputs)
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        return _finished(outputs, outputs_collections, activation_fn)


def max_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """The largest value of each window of images; arguments as in `conv2d`."""
    with name_scope(scope, "MaxPool2D"):
        layer = _layers.MaxPooling2D(kernel_size, stride, padding, _format_of(data_format))
        return _finished(layer(inputs), outputs_collections)


def avg_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """The mean of each window of images; arguments as in `conv2d`."""
    with name_scope(scope, "AvgPool2D"):
        layer = _layers.AveragePooling2D(kernel_size, stride, padding, _format_of(data_format))
        return _finished(layer(inputs), outputs_collections)


def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Any:
    """Keeps a random part of the inputs while training, and scales it up.

    Args:
        inputs: (...) float.
        keep_prob: the part, 0 < keep_prob <= 1.
        noise_shape: where it has size 1, elements are kept or dropped together.
        is_training: a bool, or a () bool tensor that is fed; all is kept if False.
        outputs_collections: names of collections for the output.
        scope: of the name scope, `"Dropout"` if None.
        seed: two layers of equal seed and shape keep the same elements.
    """
    with variable_scope(scope, "Dropout", [inputs]) as opened:
        layer = _layers.Dropout(1 - keep_prob, noise_shape, seed, _scope=opened)
        return _finished(layer(inputs, training=is_training), outputs_collections)


def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Any:
    """(batch, ...) -> (batch, product of the others)."""
    return _finished(_layers.flatten(inputs, name=scope), outputs_collections)


def one_hot_encoding(
    labels: Any,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """`tf.one_hot` of labels.  (batch,) integer -> (batch, num_classes) float32."""
    encoded = cast(one_hot(labels, num_classes, on_value, off_value), float32)
    result: Tensor = _finished(encoded, outputs_collections)
    return result
