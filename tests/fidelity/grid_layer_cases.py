"""Layers on sequences, images and volumes: what `make_grid_layers.py` runs through real Keras.

Plain data, no Keras import: name -> (class, arguments, shape of a sample).
"""

from __future__ import annotations

from typing import Any

__all__ = ["CASES", "NOT_IN_KERAS_3"]

_SEQUENCE, _IMAGE, _VOLUME = (7, 3), (6, 5, 3), (4, 5, 3, 2)

# Keras 3 does not pad separable convolutions of sequences at their beginning alone; Keras 2 did.
NOT_IN_KERAS_3 = {"separable_conv1d_causal"}

CASES: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "conv1d": ("Conv1D", {"filters": 2, "kernel_size": 3, "strides": 2}, _SEQUENCE),
    "conv1d_causal": (
        "Conv1D",
        {"filters": 2, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
        _SEQUENCE,
    ),
    "conv3d": ("Conv3D", {"filters": 2, "kernel_size": [2, 3, 1]}, _VOLUME),
    "conv3d_same": (
        "Conv3D",
        {"filters": 2, "kernel_size": 2, "strides": [1, 2, 2], "padding": "same"},
        _VOLUME,
    ),
    "conv1d_transpose": (
        "Conv1DTranspose",
        {"filters": 4, "kernel_size": 2, "strides": 3},
        _SEQUENCE,
    ),
    "conv2d_transpose_same": (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
        _IMAGE,
    ),
    "conv2d_transpose_same_even": (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": [4, 5], "strides": [3, 2], "padding": "same"},
        _IMAGE,
    ),
    "conv2d_transpose_valid_more": (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1},
        _IMAGE,
    ),
    "conv2d_transpose_same_more": (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": 4, "strides": 3, "padding": "same", "output_padding": 2},
        _IMAGE,
    ),
    "conv3d_transpose": (
        "Conv3DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 2},
        _VOLUME,
    ),
    "depthwise_conv1d": (
        "DepthwiseConv1D",
        {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"},
        _SEQUENCE,
    ),
    "separable_conv1d": ("SeparableConv1D", {"filters": 4, "kernel_size": 3}, _SEQUENCE),
    "separable_conv1d_causal": (
        "SeparableConv1D",
        {"filters": 4, "kernel_size": 3, "padding": "causal"},
        _SEQUENCE,
    ),
    "separable_conv2d": (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "depth_multiplier": 2},
        _IMAGE,
    ),
    "max_pooling1d": ("MaxPooling1D", {"pool_size": 3, "strides": 2}, _SEQUENCE),
    "max_pooling3d": ("MaxPooling3D", {"pool_size": [2, 3, 1], "padding": "same"}, _VOLUME),
    "average_pooling1d": (
        "AveragePooling1D",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        _SEQUENCE,
    ),
    "average_pooling3d": (
        "AveragePooling3D",
        {"pool_size": 2, "strides": 1, "padding": "same"},
        _VOLUME,
    ),
    "global_max_pooling3d": ("GlobalMaxPooling3D", {}, _VOLUME),
    "global_average_pooling3d": ("GlobalAveragePooling3D", {}, _VOLUME),
    "zero_padding1d": ("ZeroPadding1D", {"padding": [2, 1]}, _SEQUENCE),
    "zero_padding3d": ("ZeroPadding3D", {"padding": [1, 2, 0]}, _VOLUME),
    "cropping1d": ("Cropping1D", {"cropping": 2}, _SEQUENCE),
    "cropping2d": ("Cropping2D", {"cropping": [[1, 0], [2, 1]]}, _IMAGE),
    "cropping3d": ("Cropping3D", {}, _VOLUME),
    "up_sampling1d": ("UpSampling1D", {}, _SEQUENCE),
    "up_sampling2d": ("UpSampling2D", {"size": [2, 3]}, _IMAGE),
    # By powers of two: TensorFlow looks up cubic kernels in a table of 1024 places a pixel.
    **{
        f"up_sampling2d_{method}": (
            "UpSampling2D",
            {"size": [2, 4], "interpolation": method},
            _IMAGE,
        )
        for method in ("bilinear", "bicubic", "lanczos3", "lanczos5")
    },
    "up_sampling3d": ("UpSampling3D", {"size": [1, 2, 3]}, _VOLUME),
    "spatial_dropout1d": ("SpatialDropout1D", {"rate": 0.5}, _SEQUENCE),
    "spatial_dropout2d": ("SpatialDropout2D", {"rate": 0.5}, _IMAGE),
    "spatial_dropout3d": ("SpatialDropout3D", {"rate": 0.5}, _VOLUME),
    "layer_normalization": ("LayerNormalization", {}, _SEQUENCE),
    "layer_normalization_axes": (
        "LayerNormalization",
        {"axis": [1, 3], "epsilon": 0.1, "center": False},
        _IMAGE,
    ),
}
