"""Rows of layers on sequences, images and volumes; `layer_rows` has the whole table.

One formula serves all numbers of sizes: SciPy correlates and convolves arrays of any rank.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import scipy.ndimage
import scipy.signal
from layer_row import Array, Row, Weights

from thalweg import layers

__all__ = ["GRID_ROWS"]

_SEQUENCE, _IMAGE, _VOLUME = (2, 7, 3), (2, 6, 5, 3), (2, 4, 5, 3, 2)


def _first(x: Array) -> Array:
    return np.moveaxis(x, 1, -1)


def _last(x: Array) -> Array:
    return np.moveaxis(x, -1, 1)


def _dilated(kernel: Array, rate: int) -> Array:
    """Zeros between the taps."""
    sizes = [rate * (n - 1) + 1 for n in kernel.shape[:-2]]
    result = np.zeros((*sizes, *kernel.shape[-2:]))
    result[(slice(None, None, rate),) * len(sizes)] = kernel
    return result


def _convolved(x: Array, kernel: Array, strides: int = 1, groups: int = 1) -> Array:
    """Each output channel is the sum of correlations of the input channels of its group."""
    outputs = []
    for o in range(kernel.shape[-1]):
        first = o // (kernel.shape[-1] // groups) * kernel.shape[-2]
        maps = [
            sum(
                scipy.signal.correlate(one[..., first + c], kernel[..., c, o], mode="valid")
                for c in range(kernel.shape[-2])
            )
            for one in x
        ]
        outputs.append(np.stack(maps))
    y = np.stack(outputs, axis=-1)
    return y[(slice(None), *(slice(None, None, strides),) * (x.ndim - 2))]


def _padded(x: Array, before: int, after: int) -> Array:
    return np.pad(x, [(0, 0), *[(before, after)] * (x.ndim - 2), (0, 0)])


def _spread(x: Array, kernel: Array, stride: int, cut: Sequence[tuple[int, int]]) -> Array:
    """Each input cell adds its multiple of the kernel, stride cells on; then ends are cut off.

    A negative number of cells to cut off is one of zeros to add.
    """
    rank = x.ndim - 2
    sparse = np.zeros((len(x), *[stride * (n - 1) + 1 for n in x.shape[1:-1]], x.shape[-1]))
    sparse[(slice(None), *(slice(None, None, stride),) * rank)] = x
    y = np.stack(
        [
            np.stack(
                [
                    sum(
                        scipy.signal.convolve(one[..., c], kernel[..., o, c])
                        for c in range(x.shape[-1])
                    )
                    for o in range(kernel.shape[-2])
                ],
                axis=-1,
            )
            for one in sparse
        ]
    )
    y = np.pad(y, [(0, 0), *[(max(-a, 0), max(-b, 0)) for a, b in cut], (0, 0)])
    return y[(slice(None), *(slice(max(a, 0), -b if b > 0 else None) for a, b in cut))]


def _depthwise(x: Array, kernel: Array) -> Array:
    """Output channel c * multiplier + m is the correlation of channel c with its kernel m."""
    outputs = [
        np.stack(
            [scipy.signal.correlate(one[..., c], kernel[..., c, m], mode="valid") for one in x]
        )
        for c in range(kernel.shape[-2])
        for m in range(kernel.shape[-1])
    ]
    return np.stack(outputs, axis=-1)


def _windows(x: Array, size: int, stride: int, reduce: Callable[..., Array]) -> Array:
    """What each whole window gives."""
    rank = x.ndim - 2
    axes = tuple(range(1, rank + 1))
    view = np.lib.stride_tricks.sliding_window_view(x, (size,) * rank, axis=axes)
    view = view[(slice(None), *(slice(None, None, stride),) * rank)]
    return reduce(view, axis=tuple(range(-rank, 0)))


def _layer_normalized(x: Array, w: Weights, axes: tuple[int, ...], epsilon: float) -> Array:
    mean = x.mean(axis=axes, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + epsilon)
    shape = [n if axis in axes else 1 for axis, n in enumerate(x.shape)]
    gamma, beta = (
        w[name].reshape(shape) if name in w else neutral
        for name, neutral in (("gamma", 1.0), ("beta", 0.0))
    )
    return (x - mean) / deviation * gamma + beta


def _bilinear(x: Array, factor: int) -> Array:
    """Pixel i of the output lies at (i + 0.5) / factor - 0.5; beyond the edges are the edges."""
    places = [(np.arange(n * factor) + 0.5) / factor - 0.5 for n in x.shape[1:3]]
    grid = np.meshgrid(*places, indexing="ij")
    return np.stack(
        [
            np.stack(
                [
                    scipy.ndimage.map_coordinates(one[..., c], grid, order=1, mode="nearest")
                    for c in range(x.shape[3])
                ],
                axis=-1,
            )
            for one in x
        ]
    )


GRID_ROWS: tuple[Row, ...] = (
    # convolution ------------------------------------------------------------------------------
    Row(
        "conv1d",
        lambda **k: layers.Conv1D(2, 3, strides=2, activation="relu", **k),
        (_SEQUENCE,),
        lambda x, w: np.maximum(_convolved(x, w["kernel"], 2) + w["bias"], 0),
        {"kernel": (3, 3, 2), "bias": (2,)},
    ),
    Row(
        "conv1d_causal_dilated",
        lambda **k: layers.Conv1D(2, 2, padding="causal", dilation_rate=3, use_bias=False, **k),
        (_SEQUENCE,),
        lambda x, w: _convolved(_padded(x, 3, 0), _dilated(w["kernel"], 3)),
        {"kernel": (2, 3, 2)},
    ),
    Row(
        "conv1d_groups_channels_first",
        lambda **k: layers.Conv1D(4, 2, groups=2, data_format="channels_first", **k),
        ((2, 6, 5),),
        lambda x, w: _last(_convolved(_first(x), w["kernel"], groups=2) + w["bias"]),
        {"kernel": (2, 3, 4), "bias": (4,)},
    ),
    Row(
        "conv3d",
        lambda **k: layers.Conv3D(3, 2, **k),
        (_VOLUME,),
        lambda x, w: _convolved(x, w["kernel"]) + w["bias"],
        {"kernel": (2, 2, 2, 2, 3), "bias": (3,)},
    ),
    Row(
        "conv3d_same_channels_first",
        lambda **k: layers.Conv3D(2, 3, padding="same", data_format="channels_first", **k),
        ((2, 2, 3, 4, 5),),
        lambda x, w: _last(_convolved(_padded(_first(x), 1, 1), w["kernel"]) + w["bias"]),
        {"kernel": (3, 3, 3, 2, 2), "bias": (2,)},
    ),
    # transposed convolution -------------------------------------------------------------------
    Row(
        "conv1d_transpose",
        lambda **k: layers.Conv1DTranspose(4, 2, strides=3, **k),
        (_SEQUENCE,),
        lambda x, w: _spread(x, w["kernel"], 3, [(0, -1)]) + w["bias"],
        {"kernel": (2, 4, 3), "bias": (4,)},
    ),
    Row(
        "conv2d_transpose_same",
        lambda **k: layers.Conv2DTranspose(2, 3, strides=2, padding="same", **k),
        (_IMAGE,),
        lambda x, w: _spread(x, w["kernel"], 2, [(0, 1)] * 2) + w["bias"],
        {"kernel": (3, 3, 2, 3), "bias": (2,)},
    ),
    Row(
        "conv2d_transpose_rectangular_relu",
        lambda **k: layers.Conv2DTranspose(2, (3, 2), activation="relu", use_bias=False, **k),
        (_IMAGE,),
        lambda x, w: np.maximum(_spread(x, w["kernel"], 1, [(0, 0)] * 2), 0),
        {"kernel": (3, 2, 2, 3)},
    ),
    Row(
        "conv2d_transpose_output_padding",
        lambda **k: layers.Conv2DTranspose(2, 3, 2, "same", output_padding=0, **k),
        (_IMAGE,),
        lambda x, w: _spread(x, w["kernel"], 2, [(1, 1)] * 2) + w["bias"],
        {"kernel": (3, 3, 2, 3), "bias": (2,)},
    ),
    Row(
        "conv2d_transpose_dilated_channels_first",
        lambda **k: layers.Conv2DTranspose(
            2, 2, dilation_rate=2, data_format="channels_first", **k
        ),
        ((2, 3, 4, 5),),
        lambda x, w: _last(
            _spread(_first(x), _dilated(w["kernel"], 2), 1, [(0, 0)] * 2) + w["bias"]
        ),
        {"kernel": (2, 2, 2, 3), "bias": (2,)},
    ),
    Row(
        "conv3d_transpose",
        lambda **k: layers.Conv3DTranspose(3, 2, strides=2, padding="same", **k),
        (_VOLUME,),
        lambda x, w: _spread(x, w["kernel"], 2, [(0, 0)] * 3) + w["bias"],
        {"kernel": (2, 2, 2, 3, 2), "bias": (3,)},
    ),
    # depthwise and separable ------------------------------------------------------------------
    Row(
        "depthwise_conv1d",
        lambda **k: layers.DepthwiseConv1D(3, depth_multiplier=2, activation="relu", **k),
        (_SEQUENCE,),
        lambda x, w: np.maximum(_depthwise(x, w["depthwise_kernel"]) + w["bias"], 0),
        {"depthwise_kernel": (3, 3, 2), "bias": (6,)},
    ),
    Row(
        "separable_conv1d_causal",
        lambda **k: layers.SeparableConv1D(4, 3, padding="causal", **k),
        (_SEQUENCE,),
        lambda x, w: (
            _depthwise(_padded(x, 2, 0), w["depthwise_kernel"]) @ w["pointwise_kernel"][0]
            + w["bias"]
        ),
        {"depthwise_kernel": (3, 3, 1), "pointwise_kernel": (1, 3, 4), "bias": (4,)},
    ),
    Row(
        "separable_conv2d",
        lambda **k: layers.SeparableConv2D(4, 3, depth_multiplier=2, activation="tanh", **k),
        (_IMAGE,),
        lambda x, w: np.tanh(
            _depthwise(x, w["depthwise_kernel"]) @ w["pointwise_kernel"][0, 0] + w["bias"]
        ),
        {"depthwise_kernel": (3, 3, 3, 2), "pointwise_kernel": (1, 1, 6, 4), "bias": (4,)},
    ),
    Row(
        "separable_conv2d_same_channels_first",
        lambda **k: layers.SeparableConv2D(
            2, 3, padding="same", use_bias=False, data_format="channels_first", **k
        ),
        ((2, 3, 6, 5),),
        lambda x, w: _last(
            _depthwise(_padded(_first(x), 1, 1), w["depthwise_kernel"])
            @ w["pointwise_kernel"][0, 0]
        ),
        {"depthwise_kernel": (3, 3, 3, 1), "pointwise_kernel": (1, 1, 3, 2)},
    ),
    # pooling ----------------------------------------------------------------------------------
    *(
        Row(
            f"{kind.lower()}_pooling{rank}d",
            getattr(layers, f"{kind}Pooling{rank}D"),
            (shape,),
            lambda x, w, reduce=reduce: _windows(x, 2, 2, reduce),
        )
        for (rank, shape), (kind, reduce) in itertools.product(
            {1: _SEQUENCE, 3: _VOLUME}.items(), {"Max": np.max, "Average": np.mean}.items()
        )
    ),
    Row(
        "max_pooling1d_channels_first",
        lambda **k: layers.MaxPooling1D(3, 1, data_format="channels_first", **k),
        (_SEQUENCE,),
        lambda x, w: _last(_windows(_first(x), 3, 1, np.max)),
    ),
    Row(
        "average_pooling3d_channels_first",
        lambda **k: layers.AveragePooling3D(2, 1, data_format="channels_first", **k),
        (_VOLUME,),
        lambda x, w: _last(_windows(_first(x), 2, 1, np.mean)),
    ),
    Row(
        "global_average_pooling3d",
        layers.GlobalAveragePooling3D,
        (_VOLUME,),
        lambda x, w: np.einsum("bdhwc->bc", x) / 60,
    ),
    Row(
        "global_max_pooling3d",
        lambda **k: layers.GlobalMaxPooling3D("channels_first", keepdims=True, **k),
        (_VOLUME,),
        lambda x, w: np.sort(x.reshape(2, 4, -1))[:, :, -1].reshape(2, 4, 1, 1, 1),
    ),
    # padding, cropping, upsampling ------------------------------------------------------------
    Row(
        "zero_padding1d",
        lambda **k: layers.ZeroPadding1D((2, 1), **k),
        (_SEQUENCE,),
        lambda x, w: np.concatenate([np.zeros((2, 2, 3)), x, np.zeros((2, 1, 3))], axis=1),
    ),
    Row(
        "zero_padding3d",
        lambda **k: layers.ZeroPadding3D((0, 1, (2, 0)), data_format="channels_first", **k),
        (_VOLUME,),
        lambda x, w: np.pad(x, [(0, 0), (0, 0), (0, 0), (1, 1), (2, 0)]),
    ),
    Row(
        "cropping1d",
        layers.Cropping1D,
        (_SEQUENCE,),
        lambda x, w: np.take(x, range(1, 6), axis=1),
    ),
    Row(
        "cropping2d",
        lambda **k: layers.Cropping2D(((0, 2), (1, 0)), **k),
        (_IMAGE,),
        lambda x, w: np.take(np.take(x, range(4), axis=1), range(1, 5), axis=2),
    ),
    Row(
        "cropping3d_channels_first",
        lambda **k: layers.Cropping3D((1, 1, 0), data_format="channels_first", **k),
        (_VOLUME,),
        lambda x, w: np.take(np.take(x, [1, 2, 3], axis=2), [1], axis=3),
    ),
    Row(
        "up_sampling1d",
        lambda **k: layers.UpSampling1D(3, **k),
        (_SEQUENCE,),
        lambda x, w: np.kron(x, np.ones((1, 3, 1))),
    ),
    Row(
        "up_sampling2d",
        lambda **k: layers.UpSampling2D((2, 3), **k),
        (_IMAGE,),
        lambda x, w: np.kron(x, np.ones((1, 2, 3, 1))),
    ),
    Row(
        "up_sampling2d_bilinear",
        lambda **k: layers.UpSampling2D(3, "channels_first", "bilinear", **k),
        ((2, 3, 4, 5),),
        lambda x, w: _last(_bilinear(_first(x), 3)),
    ),
    Row(
        "up_sampling3d",
        lambda **k: layers.UpSampling3D((1, 2, 2), data_format="channels_first", **k),
        (_VOLUME,),
        lambda x, w: np.kron(x, np.ones((1, 1, 1, 2, 2))),
    ),
    # dropout of channels, normalisation -------------------------------------------------------
    *(
        Row(
            f"spatial_dropout{rank}d",
            lambda rank=rank, **k: getattr(layers, f"SpatialDropout{rank}D")(0.5, seed=3, **k),
            (shape,),
            lambda x, w: x,
            differs=True,
        )
        for rank, shape in {1: _SEQUENCE, 2: _IMAGE, 3: _VOLUME}.items()
    ),
    Row(
        "layer_normalization",
        layers.LayerNormalization,
        (_SEQUENCE,),
        lambda x, w: _layer_normalized(x, w, (2,), 1e-3),
        {"gamma": (3,), "beta": (3,)},
    ),
    Row(
        "layer_normalization_axes",
        lambda **k: layers.LayerNormalization((1, 3), 0.1, center=False, **k),
        (_IMAGE,),
        lambda x, w: _layer_normalized(x, w, (1, 3), 0.1),
        {"gamma": (6, 3)},
    ),
)
