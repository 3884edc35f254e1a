"""Means, variances and normalisation by them, in TF1's spelling."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import Tensor, convert, multiply, reduce_sum

from .arguments import either

__all__ = ["batch_normalization", "l2_normalize", "moments"]


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
