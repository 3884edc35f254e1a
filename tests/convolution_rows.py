"""Rows of convolutions, pooling and what goes with them; `layer_rows` has the whole table."""

from __future__ import annotations

import numpy as np
import scipy.signal
import scipy.special
from layer_row import Array, Row, Weights

from thalweg import layers

__all__ = ["CONVOLUTION_ROWS"]

_IMAGE = (2, 6, 5, 3)


def _convolved(x: Array, w: Weights, groups: int = 1) -> Array:
    """Each output channel is the sum of correlations of the input channels of its group."""
    kernel = w["kernel"]
    outputs = []
    for o in range(kernel.shape[3]):
        first = o // (kernel.shape[3] // groups) * kernel.shape[2]
        maps = [
            [
                scipy.signal.correlate2d(image[:, :, first + c], kernel[:, :, c, o], mode="valid")
                for c in range(kernel.shape[2])
            ]
            for image in x
        ]
        outputs.append(np.sum(maps, axis=1))
    return np.stack(outputs, axis=-1) + w.get("bias", 0.0)


def _depthwise(x: Array, w: Weights) -> Array:
    """Output channel c * multiplier + m is the correlation of channel c with its kernel m."""
    kernel = w["depthwise_kernel"]
    outputs = [
        [scipy.signal.correlate2d(image[:, :, c], kernel[:, :, c, m], mode="valid") for image in x]
        for c in range(kernel.shape[2])
        for m in range(kernel.shape[3])
    ]
    return np.stack(outputs, axis=-1) + w.get("bias", 0.0)


def _dilated(kernel: Array, rate: int) -> Array:
    height, width = (rate * (n - 1) + 1 for n in kernel.shape[:2])
    result = np.zeros((height, width, *kernel.shape[2:]))
    result[::rate, ::rate] = kernel
    return result


def _windows(x: Array, size: int, stride: int, fill: float) -> Array:
    """Windows with "same" padding, the shorter part first: (batch, rows, columns, channels, n)."""
    pads = []
    for length in x.shape[1:3]:
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    return view[:, ::stride, ::stride].reshape(*view[:, ::stride, ::stride].shape[:4], -1)


CONVOLUTION_ROWS: tuple[Row, ...] = (
    # convolution ------------------------------------------------------------------------------
    Row(
        "conv2d",
        lambda **k: layers.Conv2D(2, 3, **k),
        (_IMAGE,),
        _convolved,
        {"kernel": (3, 3, 3, 2), "bias": (2,)},
    ),
    Row(
        "conv2d_strides_relu",
        lambda **k: layers.Conv2D(4, (2, 3), strides=(2, 1), activation="relu", **k),
        (_IMAGE,),
        lambda x, w: np.maximum(_convolved(x, w)[:, ::2], 0),
        {"kernel": (2, 3, 3, 4), "bias": (4,)},
    ),
    Row(
        "conv2d_same_dilated",
        lambda **k: layers.Conv2D(2, 3, padding="SAME", dilation_rate=2, use_bias=False, **k),
        (_IMAGE,),
        lambda x, w: _convolved(
            np.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)]), {"kernel": _dilated(w["kernel"], 2)}
        ),
        {"kernel": (3, 3, 3, 2)},
    ),
    Row(
        "conv2d_groups",
        lambda **k: layers.Conv2D(4, 2, groups=2, **k),
        ((2, 4, 4, 6),),
        lambda x, w: _convolved(x, w, groups=2),
        {"kernel": (2, 2, 3, 4), "bias": (4,)},
    ),
    Row(
        "conv2d_channels_first",
        lambda **k: layers.Conv2D(2, 3, data_format="channels_first", activation="softmax", **k),
        ((2, 3, 6, 5),),
        lambda x, w: scipy.special.softmax(
            np.moveaxis(_convolved(np.moveaxis(x, 1, -1), w), -1, 1), axis=-1
        ),
        {"kernel": (3, 3, 3, 2), "bias": (2,)},
    ),
    Row(
        "depthwise_conv2d",
        lambda **k: layers.DepthwiseConv2D((2, 3), depth_multiplier=2, activation="relu", **k),
        (_IMAGE,),
        lambda x, w: np.maximum(_depthwise(x, w), 0),
        {"depthwise_kernel": (2, 3, 3, 2), "bias": (6,)},
    ),
    Row(
        "depthwise_conv2d_same_strides",
        lambda **k: layers.DepthwiseConv2D(3, 2, "same", use_bias=False, **k),
        ((2, 5, 7, 3),),
        lambda x, w: _depthwise(np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]), w)[:, ::2, ::2],
        {"depthwise_kernel": (3, 3, 3, 1)},
    ),
    Row(
        "depthwise_conv2d_channels_first",
        lambda **k: layers.DepthwiseConv2D(2, dilation_rate=2, data_format="channels_first", **k),
        ((2, 3, 6, 5),),
        lambda x, w: np.moveaxis(
            _depthwise(
                np.moveaxis(x, 1, -1),
                {"depthwise_kernel": _dilated(w["depthwise_kernel"], 2), "bias": w["bias"]},
            ),
            -1,
            1,
        ),
        {"depthwise_kernel": (2, 2, 3, 1), "bias": (3,)},
    ),
    Row(
        "zero_padding2d",
        lambda **k: layers.ZeroPadding2D(((1, 0), (2, 3)), **k),
        (_IMAGE,),
        lambda x, w: np.pad(x, [(0, 0), (1, 0), (2, 3), (0, 0)]),
    ),
    Row(
        "zero_padding2d_channels_first",
        lambda **k: layers.ZeroPadding2D((1, 2), data_format="channels_first", **k),
        ((2, 3, 6, 5),),
        lambda x, w: np.pad(x, [(0, 0), (0, 0), (1, 1), (2, 2)]),
    ),
    # pooling ----------------------------------------------------------------------------------
    Row(
        "max_pooling2d",
        layers.MaxPooling2D,
        ((2, 6, 4, 3),),
        lambda x, w: x.reshape(2, 3, 2, 2, 2, 3).max(axis=(2, 4)),
    ),
    Row(
        "max_pooling2d_same",
        lambda **k: layers.MaxPooling2D(3, 2, "same", **k),
        (_IMAGE,),
        lambda x, w: _windows(x, 3, 2, -np.inf).max(axis=-1),
    ),
    Row(
        "average_pooling2d",
        layers.AveragePooling2D,
        ((2, 6, 4, 3),),
        lambda x, w: x.reshape(2, 3, 2, 2, 2, 3).mean(axis=(2, 4)),
    ),
    Row(
        "average_pooling2d_same",
        lambda **k: layers.AveragePooling2D(3, 2, "same", **k),
        (_IMAGE,),
        lambda x, w: np.nanmean(_windows(x, 3, 2, np.nan), axis=-1),
    ),
    Row(
        "average_pooling2d_channels_first",
        lambda **k: layers.AveragePooling2D(data_format="channels_first", **k),
        ((2, 3, 6, 4),),
        lambda x, w: x.reshape(2, 3, 3, 2, 2, 2).mean(axis=(3, 5)),
    ),
    Row(
        "global_average_pooling2d",
        layers.GlobalAveragePooling2D,
        (_IMAGE,),
        lambda x, w: x.reshape(2, 30, 3).mean(axis=1),
    ),
    Row(
        "global_max_pooling2d",
        lambda **k: layers.GlobalMaxPooling2D("channels_first", keepdims=True, **k),
        ((2, 3, 6, 5),),
        lambda x, w: x.reshape(2, 3, 30).max(axis=2)[:, :, None, None],
    ),
    Row(
        "global_average_pooling1d",
        layers.GlobalAveragePooling1D,
        ((2, 5, 3),),
        lambda x, w: np.einsum("btc->bc", x) / 5,
    ),
    Row(
        "global_max_pooling1d",
        lambda **k: layers.GlobalMaxPooling1D("channels_first", keepdims=True, **k),
        ((2, 3, 5),),
        lambda x, w: np.sort(x, axis=2)[:, :, -1:],
    ),
)
