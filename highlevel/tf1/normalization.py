"""Means, variances and normalisation by them, in TF1's spelling."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import Tensor, convert, multiply, reduce_sum

from .arguments import either

__all__ = [
    "batch_normalization",
    "fused_batch_norm",
    "l2_normalize",
    "moments",
    "normalize_moments",
    "sufficient_statistics",
    "weighted_moments",
]


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """x / sqrt(max(sum(x²), epsilon)) along an axis or several; along all if None.

    `dim` is the old name of `axis`.
    """
    axis = either("l2_normalize", "axis", axis, "dim", dim)
    tensor = convert(x)
    squares = reduce_sum(thalweg.core.square(tensor), axis, keepdims=True)
    scale = thalweg.core.rsqrt(thalweg.core.maximum(squares, epsilon))
    return multiply(tensor, scale, name=name or "l2_normalize")


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and (biased) variance over axes.

    Args:
        x: (...) float.
        axes: an axis or a list of them.
        shift: ignored, as in TF1.
        name: prefix of the nodes.
        keep_dims: the old name of `keepdims`.
        keepdims: leave reduced axes with size 1.
    """
    keep = either("moments", "keepdims", keepdims, "keep_dims", keep_dims)
    mean, variance = thalweg.core.moments(x, axes, bool(keep), name=name)
    return mean, variance


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: float,
    name: str | None = None,
) -> Tensor:
    """scale * (x - mean) / sqrt(variance + variance_epsilon) + offset, by broadcasting.

    `offset` and `scale` may be None. Source: Ioffe and Szegedy, "Batch Normalization", 2015,
    algorithm 1.
    """
    factor = thalweg.core.rsqrt(convert(variance) + variance_epsilon)
    factor = factor if scale is None else factor * scale
    result = (convert(x) - mean) * factor
    return thalweg.core.identity(result if offset is None else result + offset, name=name)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization of images, and the statistics it used.

    Args:
        x: (batch, height, width, channels) float, or channels second for NCHW.
        scale: (channels,).
        offset: (channels,).
        mean: (channels,), needed where it is not training.
        variance: (channels,), likewise.
        epsilon: added to the variance.
        data_format: "NHWC" or "NCHW".
        is_training: whether the statistics are this batch's.
        name: of the node.

    Returns:
        The result, its mean and its variance; the batch's variance is the unbiased estimate.
    """
    y, center, spread = thalweg.core.fused_batch_norm(
        x, scale, offset, mean, variance, epsilon, data_format, is_training, name=name
    )
    return y, center, spread


def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The count, the sum and the sum of squares over axes, and the shift that was subtracted.

    Args:
        x: (...) float.
        axes: an axis or a list of them.
        shift: subtracted before, against cancellation.
        keep_dims: the old name of `keepdims`.
        name: of the nodes.
        keepdims: leave reduced axes with size 1.
    """
    keep = either("sufficient_statistics", "keepdims", keepdims, "keep_dims", keep_dims)
    counts, sums, squares, shifted = thalweg.core.sufficient_statistics(
        x, axes, shift, bool(keep), name=name
    )
    return counts, sums, squares, shifted


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance from what `sufficient_statistics` returns."""
    return thalweg.core.normalize_moments(counts, mean_ss, variance_ss, shift, name=name)


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance over axes, each element counted `frequency_weights` times.

    Args:
        x: (...) float.
        axes: an axis or a list of them.
        frequency_weights: of a shape that broadcasts to x's.
        name: of the nodes.
        keep_dims: the old name of `keepdims`.
        keepdims: leave reduced axes with size 1.
    """
    keep = either("weighted_moments", "keepdims", keepdims, "keep_dims", keep_dims)
    return thalweg.core.weighted_moments(x, axes, frequency_weights, bool(keep), name=name)
