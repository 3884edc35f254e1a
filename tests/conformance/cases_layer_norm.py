"""Rows of normalisations of single examples and of channels, and of the statistics they share."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from thalweg.core import (
    apply_many,
    batch_normalization,
    fused_batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_normalization,
    normalize_moments,
    rms_norm,
    sufficient_statistics,
    weighted_moments,
)
from thalweg.core.ops.layer_norm import LayerNorm

from .case import Case, Input

VECTOR = Input("c")
POSITIVE = Input("c", low=0.1, high=3.0)


def standard(x: np.ndarray, epsilon: float) -> np.ndarray:
    """One set of numbers that share a mean."""
    return (x - np.mean(x)) / np.sqrt(np.var(x) + epsilon) if x.size else x


def layers(x: np.ndarray, axes: int, epsilon: float) -> np.ndarray:
    """One example after another."""
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape[:-axes]):
        result[place] = standard(x[place], epsilon)
    return result


def statistics(x: np.ndarray, axes: int, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    shape = (*x.shape[:-axes], *(1,) * axes)
    rows = x.reshape(*x.shape[:-axes], -1)
    deviation = np.sqrt(rows.var(axis=-1) + epsilon)
    return rows.mean(axis=-1).reshape(shape), (1 / deviation).reshape(shape)


def groups(x: np.ndarray, count: int, epsilon: float) -> np.ndarray:
    """One image and one group after another."""
    result = np.empty(x.shape)
    size = x.shape[-1] // count
    for image, group in product(range(len(x)), range(count)):
        members = slice(group * size, (group + 1) * size)
        result[image, ..., members] = standard(x[image, ..., members], epsilon)
    return result


def local_response(
    x: np.ndarray, radius: int, bias: float, alpha: float, beta: float
) -> np.ndarray:
    result = np.empty(x.shape)
    for c in range(x.shape[-1]):
        near = x[..., max(c - radius, 0) : c + radius + 1]
        result[..., c] = x[..., c] / (bias + alpha * np.einsum("...k,...k", near, near)) ** beta
    return result


def response(name: str, x: Input, radius: int, *others: float, **more: Any) -> Case:
    return Case(
        name,
        ("NeighbourSum",),
        lambda x: local_response_normalization(x, radius, *others),
        (x,),
        lambda x: local_response(x, radius, *others),
        **more,
    )


def trained(x: np.ndarray, scale: Any, offset: Any) -> tuple[np.ndarray, ...]:
    """TF1's outputs: the variance that is handed out is unbiased."""
    flat = x.reshape(-1, x.shape[-1])
    columns = [standard(flat[:, c], 0.1) for c in range(flat.shape[1])]
    y = np.stack(columns, axis=-1).reshape(x.shape) * scale + offset
    count = len(flat)
    variance = np.var(flat, axis=0, ddof=1) if count > 1 else np.zeros(flat.shape[1])
    return y, flat.mean(axis=0), variance


def weighted(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """NumPy's weighted averages, row by row."""
    w = np.broadcast_to(w, x.shape)
    mean = np.array([np.average(row, weights=v) for row, v in zip(x, w, strict=True)])
    squares = [np.average((row - m) ** 2, weights=v) for row, v, m in zip(x, w, mean, strict=True)]
    return mean, np.array(squares)


CASES = (
    Case(
        "layer_norm",
        ("LayerNorm",),
        lambda x, scale, offset: layer_norm(x, scale, offset, 0.1),
        (Input("ntc"), VECTOR, VECTOR),
        lambda x, scale, offset: layers(x, 1, 0.1) * scale + offset,
        empty="nc",
    ),
    Case(
        "layer_norm two axes",
        ("LayerNorm",),
        lambda x, scale, offset: layer_norm(x, scale, offset, 0.1, axes=2),
        (Input("ntc"), Input("tc"), Input("tc")),
        lambda x, scale, offset: layers(x, 2, 0.1) * scale + offset,
    ),
    Case(
        "layer_norm plain",
        ("LayerNorm",),
        lambda x: layer_norm(x, epsilon=0.1),
        (Input("nc", low=99.0, high=103.0),),
        lambda x: layers(x, 1, 0.1),
    ),
    Case(
        "layer_norm with its statistics",
        ("LayerNorm",),
        lambda *inputs: tuple(apply_many(LayerNorm(1, 0.1), *inputs).outputs),
        (Input("nc"), VECTOR, VECTOR),
        lambda x, scale, offset: (layers(x, 1, 0.1) * scale + offset, *statistics(x, 1, 0.1)),
    ),
    Case(
        "layer_norm statistics alone",
        ("LayerNorm",),
        lambda *inputs: tuple(apply_many(LayerNorm(2, 0.1), *inputs).outputs[1:]),
        (Input("nhc"), Input("hc", gradient=False), Input("hc", gradient=False)),
        lambda x, scale, offset: statistics(x, 2, 0.1),
    ),
    Case(
        "group_norm",
        ("Reshape",),
        lambda x, scale, offset: group_norm(x, 2, scale, offset, 0.1),
        (Input(("n", "h", "w", 4)), Input((4,)), Input((4,))),
        lambda x, scale, offset: groups(x, 2, 0.1) * scale + offset,
        needs_rank=True,
    ),
    Case(
        "group_norm dense",
        ("Reshape",),
        lambda x: group_norm(x, 3, epsilon=0.1),
        (Input(("n", 6)),),
        lambda x: groups(x, 3, 0.1),
        needs_rank=True,
    ),
    Case(
        "instance_norm",
        ("ReduceMean",),
        lambda x, scale, offset: instance_norm(x, scale, offset, 0.1),
        (Input("nhwc"), VECTOR, VECTOR),
        lambda x, scale, offset: groups(x, x.shape[-1], 0.1) * scale + offset,
        needs_rank=True,
    ),
    Case(
        "rms_norm",
        ("ReduceMean",),
        lambda x, scale: rms_norm(x, scale, epsilon=0.1),
        (Input("ntc"), VECTOR),
        lambda x, scale: (
            x / np.sqrt(np.einsum("ntc,ntc->nt", x, x) / x.shape[-1] + 0.1)[..., None] * scale
        ),
    ),
    response("local_response_normalization", Input("nhwc"), 1, 1.0, 0.5, 0.75, empty="nc"),
    response("local_response_normalization all", Input("nc"), 5, 2.0, 1.0, 0.5),
    response("local_response_normalization of itself", Input("nc"), 0, 2.0, 0.1, 1.0),
    Case(
        "batch_normalization",
        ("Rsqrt",),
        lambda x, mean, variance, offset, scale: batch_normalization(
            x, mean, variance, offset, scale, 0.1
        ),
        (Input("nhc"), VECTOR, POSITIVE, VECTOR, VECTOR),
        lambda x, mean, variance, offset, scale: (
            (x - mean) * scale / np.sqrt(variance + 0.1) + offset
        ),
        empty="n",
    ),
    Case(
        "batch_normalization plain",
        ("Rsqrt",),
        lambda x, mean, variance: batch_normalization(x, mean, variance, epsilon=0.1),
        (Input("nhc"), Input(("n", 1, "c")), Input(("n", 1, "c"), low=0.1)),
        lambda x, mean, variance: (x - mean) / np.sqrt(variance + 0.1),
    ),
    Case(
        "fused_batch_norm",
        ("BatchNormTrain",),
        lambda x, scale, offset: tuple(fused_batch_norm(x, scale, offset, epsilon=0.1)),
        (Input("nhwc"), VECTOR, VECTOR),
        trained,
    ),
    Case(
        "fused_batch_norm NCHW inference",
        ("BatchNormInference",),
        lambda *inputs: (
            fused_batch_norm(*inputs, epsilon=0.1, data_format="NCHW", is_training=False).y
        ),
        (Input("nchw"), VECTOR, VECTOR, VECTOR, POSITIVE),
        lambda x, scale, offset, mean, variance: np.stack(
            [
                (x[:, c] - mean[c]) * scale[c] / np.sqrt(variance[c] + 0.1) + offset[c]
                for c in range(len(scale))
            ],
            axis=1,
        ),
    ),
    Case(
        "weighted_moments",
        ("ReduceSum",),
        lambda x, w: weighted_moments(x, [1], w),
        (Input("nt"), Input("nt", low=0.5)),
        weighted,
    ),
    Case(
        "weighted_moments with broadcast weights",
        ("ReduceSum",),
        lambda x, w: weighted_moments(x, 1, w),
        (Input("nt"), Input("t", low=0.5)),
        weighted,
    ),
    Case(
        "sufficient_statistics and normalize_moments",
        ("ReduceSum",),
        lambda x, shift: normalize_moments(*sufficient_statistics(x, [0, 1], shift)),
        (Input("nhc", low=10.0, high=13.0), Input("c", low=10.0, high=13.0)),
        lambda x, shift: (
            np.mean(x.reshape(-1, x.shape[-1]), axis=0),
            np.var(x.reshape(-1, x.shape[-1]), axis=0),
        ),
    ),
    Case(
        "sufficient_statistics",
        ("ReduceSum",),
        lambda x: sufficient_statistics(x, -1, keepdims=True)[:3],
        (Input("nc"),),
        lambda x: (
            np.float64(x.shape[1]),
            np.array([[sum(row)] for row in x]),
            np.array([[row @ row] for row in x]),
        ),
    ),
)
