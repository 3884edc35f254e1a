"""MobileNetV2, with the weights that Keras publishes.

M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: Inverted Residuals and
Linear Bottlenecks", CVPR 2018.
"""

from __future__ import annotations

import warnings
from typing import Any

from thalweg.core import Tensor
from thalweg.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    ReLU,
    ZeroPadding2D,
)
from thalweg.models import Model
from thalweg.options import Interval, option_error

from . import imagenet
from .building import Arguments, Sizes, finish, image_input, pooled, predictions
from .imagenet import decode_predictions
from .weights import Pretrained, published

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

_SIDES = (96, 128, 160, 192, 224)  # of the pictures for which there are weights
_USUAL_SIDE = 224
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)  # and the widths
_FILE = "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
_MAXIMUM_BYTES = 50_000_000  # the widest has 24 million
_ALPHA = Interval(0, open_low=True)
# Table 2: expansion, filters, blocks, stride of the first block.
_STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
_LAST = 1280


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """MobileNetV2: blocks that widen, convolve each channel by itself, and narrow again.

    Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, table 2.

    Args:
        input_shape: (height, width, 3), at least 32 x 32; (224, 224, 3) if it is None and the top
            is there. `"imagenet"` with its top takes squares of 96, 128, 160, 192 and 224.
        alpha: what the numbers of filters are multiplied by, > 0; one of 0.35, 0.5, 0.75, 1.0,
            1.3, 1.4 with `"imagenet"`.
        include_top: whether the mean over the picture and the dense layer are there.
        weights: `"imagenet"` (Keras's file, looked for and fetched as
            `thalweg.datasets.download` says; without the top those for 224 x 224 where there are
            none for `input_shape`), the path of an HDF5 file, or None for random ones.
        input_tensor: a tensor to begin at, of `Input` or of layers.
        pooling: without the top: None for (batch, height, width, 1280), `"avg"` or `"max"` for
            (batch, 1280); more channels if alpha > 1.
        classes: with the top, how many; 1000 with `"imagenet"`.
        classifier_activation: of the last layer; with trained weights `"softmax"` or None.
        name: of the model.

    Returns:
        A functional model: what `preprocess_input` gives -> (batch, classes).

    Raises:
        OptionError: for an argument outside its declared values.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError, ShapeError: the file is damaged or of another network.

    >>> MobileNetV2(weights=None).count_params()
    3538984
    """
    arguments = Arguments(
        *("MobileNetV2", include_top, weights, input_tensor, input_shape, pooling, classes),
        classifier_activation,
    )
    key = arguments.name_of_weights(["imagenet"])
    _ALPHA.check("MobileNetV2", "alpha", alpha)
    if key is not None and alpha not in _ALPHAS:
        expected = f"one of {', '.join(map(str, _ALPHAS))}, with weights={key!r}"
        raise option_error("MobileNetV2", "alpha", alpha, expected)
    squares = [(side, side, 3) for side in _SIDES]
    usual = (_USUAL_SIDE, _USUAL_SIDE, 3)
    sizes = Sizes(usual, least=32, fixed=squares, classes=imagenet.CLASSES)
    x = inputs = image_input(arguments, key, sizes)
    side = _side_of(inputs, is_trained=key is not None)
    x = Conv2D(_rounded(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = _normalized(x, "bn_Conv1", "Conv1_relu")
    number = 0
    for expansion, filters, blocks, stride in _STAGES:
        for block in range(blocks):
            width = _rounded(int(filters * alpha))
            x = _block(x, number, expansion, width, stride if block == 0 else 1)
            number += 1
    last = _rounded(_LAST * alpha) if alpha > 1 else _LAST
    x = Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = _normalized(x, "Conv_1_bn", "out_relu")
    if include_top:
        x = predictions(arguments, GlobalAveragePooling2D()(x))
    else:
        x = pooled(x, pooling)
    files = {"imagenet": _files(alpha, side or _USUAL_SIDE)}
    return finish(arguments, inputs, x, files, name or f"mobilenetv2_{alpha:0.2f}_{side}")


def _files(alpha: float, side: int) -> Pretrained:
    """The files for a width and a size."""
    stem = f"{_FILE}_{float(alpha)}_{side}"
    return Pretrained(
        published(f"{stem}.h5", None, _MAXIMUM_BYTES),
        published(f"{stem}_no_top.h5", None, _MAXIMUM_BYTES),
    )


def _side_of(inputs: Tensor, is_trained: bool) -> int | None:
    """The height of the pictures; of trained weights that of a square for which there are some."""
    height, width = inputs.type.dims()[1:3]
    if not is_trained or (height == width and height in _SIDES):
        return height
    if height is not None or width is not None:
        warnings.warn(
            f"MobileNetV2: there are no weights for pictures of {height} x {width}; those for "
            f"{_USUAL_SIDE} x {_USUAL_SIDE} are used",
            stacklevel=3,
        )
    return _USUAL_SIDE


def _rounded(filters: float) -> int:
    """The nearest multiple of 8, at least 8, or the next if that were less than nine tenths.

    >>> _rounded(11.2), _rounded(48)
    (16, 48)
    """
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * filters else nearest + 8


def _normalized(x: Tensor, name: str, relu: str | None) -> Tensor:
    """Batch normalization, and min(max(x, 0), 6) behind it if that has a name."""
    x = BatchNormalization(epsilon=1e-3, momentum=0.999, name=name)(x)
    return x if relu is None else ReLU(6.0, name=relu)(x)


def _block(x: Tensor, number: int, expansion: int, filters: int, stride: int) -> Tensor:
    """Widened, convolved channel by channel, narrowed; added to its input where sizes agree.

    x: (batch, height, width, channels) -> (batch, height / stride, width / stride, filters).
    """
    inputs = x
    channels = x.type.dims()[3]
    prefix = f"block_{number}_" if number else "expanded_conv_"
    if number:
        wide = expansion * (channels or 0)
        x = Conv2D(wide, 1, padding="same", use_bias=False, name=f"{prefix}expand")(x)
        x = _normalized(x, f"{prefix}expand_BN", f"{prefix}expand_relu")
    if stride == 2:
        # An even size is padded below and on the right alone, as the weights were trained.
        even = [size is None or size % 2 == 0 for size in x.type.dims()[1:3]]
        x = ZeroPadding2D([(1 - is_even, 1) for is_even in even], name=f"{prefix}pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = DepthwiseConv2D(3, stride, padding, use_bias=False, name=f"{prefix}depthwise")(x)
    x = _normalized(x, f"{prefix}depthwise_BN", f"{prefix}depthwise_relu")
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}project")(x)
    x = _normalized(x, f"{prefix}project_BN", None)
    if stride == 1 and channels == filters:
        return Add(name=f"{prefix}add")([inputs, x])  # type: ignore[no-any-return]
    return x


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """x / 127.5 - 1, in -1..1; see `imagenet.preprocess_input`.

    Args:
        x: (..., height, width, 3), red, green, blue in 0..255: an array or a tensor.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.
    """
    return imagenet.preprocess_input(x, data_format, mode="tf")
