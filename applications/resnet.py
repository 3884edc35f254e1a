"""ResNet-50, with the weights that Keras publishes.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
"""

from __future__ import annotations

from typing import Any

from thalweg.core import Tensor
from thalweg.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from thalweg.models import Model

from . import imagenet
from .building import Arguments, Sizes, finish, image_input, predictions
from .imagenet import decode_predictions, preprocess_input
from .weights import Pretrained, published

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]

_FILE = "resnet/resnet50_weights_tf_dim_ordering_tf_kernels"
_NAMED = {
    "imagenet": Pretrained(
        published(f"{_FILE}.h5", "2cb95161c43110f7111970584f804107", 120_000_000),
        published(f"{_FILE}_notop.h5", "4d473c1dd8becc155b73f8504c6f6626", 110_000_000),
    )
}
_SIZES = Sizes((224, 224, 3), least=32, fixed=[(224, 224, 3)], classes=imagenet.CLASSES)
_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # filters and blocks of conv2 to conv5
_EPSILON = 1.001e-5


def ResNet50(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet50",
) -> Model:
    """ResNet-50: sixteen blocks of three convolutions, each block added to what went into it.

    He et al., "Deep Residual Learning for Image Recognition", 2016, table 1. As in Keras the
    first 1x1 convolution of a stage takes the stride, and convolutions have biases.

    Args:
        include_top: whether the mean over the picture and the dense layer are there.
        weights: `"imagenet"` (Keras's file, looked for and fetched as
            `thalweg.datasets.download` says), the path of an HDF5 file, or None for random ones.
        input_tensor: a tensor to begin at, of `Input` or of layers.
        input_shape: (height, width, 3), at least 32 x 32; (224, 224, 3) if it is None and the
            top is there, which `"imagenet"` then asks for.
        pooling: without the top: None for the last block's (batch, height, width, 2048), `"avg"`
            or `"max"` for (batch, 2048).
        classes: with the top, how many; 1000 with `"imagenet"`.
        classifier_activation: of the last layer; with trained weights `"softmax"` or None.
        name: of the model.

    Returns:
        A functional model: what `preprocess_input` gives -> (batch, classes).

    Raises:
        OptionError: for an argument outside its declared values.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError, ShapeError: the file is damaged or of another network.

    >>> ResNet50(weights=None).count_params()
    25636712
    """
    arguments = Arguments(
        *("ResNet50", include_top, weights, input_tensor, input_shape, pooling, classes),
        classifier_activation,
    )
    x = inputs = image_input(arguments, arguments.name_of_weights(list(_NAMED)), _SIZES)
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = _normalized(x, "conv1", activation="relu")
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, blocks) in enumerate(_STAGES, start=2):
        for block in range(1, blocks + 1):
            stride = 2 if block == 1 and stage > 2 else 1
            x = _block(x, f"conv{stage}_block{block}", filters, stride, is_first=block == 1)
    if include_top or pooling == "avg":
        x = GlobalAveragePooling2D(name="avg_pool")(x)
    elif pooling == "max":
        x = GlobalMaxPooling2D(name="max_pool")(x)
    if include_top:
        x = predictions(arguments, x)
    return finish(arguments, inputs, x, _NAMED, name)


def _normalized(x: Tensor, name: str, activation: str | None = None) -> Tensor:
    """Batch normalization, and an activation behind it.  x: (batch, height, width, channels)."""
    x = BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    return x if activation is None else Activation(activation, name=f"{name}_{activation}")(x)


def _block(x: Tensor, name: str, filters: int, stride: int, is_first: bool) -> Tensor:
    """1x1, 3x3 and 1x1 convolutions beside a shortcut, which is a 1x1 one in a stage's first block.

    x: (batch, height, width, channels) -> (batch, height / stride, width / stride, 4 * filters).
    """
    shortcut = x
    if is_first:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = _normalized(shortcut, f"{name}_0")
    x = Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = _normalized(x, f"{name}_1", activation="relu")
    x = Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = _normalized(x, f"{name}_2", activation="relu")
    x = _normalized(Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x), f"{name}_3")
    x = Add(name=f"{name}_add")([shortcut, x])
    return Activation("relu", name=f"{name}_out")(x)  # type: ignore[no-any-return]
