"""Rows of the ops in `core/ops/norm.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import (
    apply_many,
    batch_norm_inference,
    batch_norm_train,
    bias_add,
)
from thalweg.core.ops.norm import BatchNormTrainGrad

from .case import Case, Input

TRAIN = ("BatchNormTrain", "BatchNormTrainGrad")
VECTOR = Input("c")
POSITIVE = Input("c", low=0.1, high=3.0)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel, one channel after another."""
    channels = [x[..., c] for c in range(x.shape[-1])]
    return (
        np.array([np.mean(values) for values in channels]),
        np.array([np.var(values) for values in channels]),
    )


def standard(x: np.ndarray, mean: Any, variance: Any, epsilon: float) -> np.ndarray:
    return (x - mean) * np.power(variance + epsilon, -0.5)


def train(x: np.ndarray, scale: Any, offset: Any, epsilon: float) -> tuple[np.ndarray, ...]:
    mean, variance = moments(x)
    return standard(x, mean, variance, epsilon) * scale + offset, mean, variance


def train_gradient(
    x: np.ndarray, scale: Any, mean: Any, variance: Any, g: np.ndarray, epsilon: float
) -> tuple[np.ndarray, ...]:
    """The product with the Jacobian of each channel, written out as a matrix."""
    g_x, g_scale = np.empty(x.shape), np.empty(len(scale))
    count = x[..., 0].size
    for c in range(len(scale)):
        normal = standard(x[..., c].reshape(-1), mean[c], variance[c], epsilon)
        jacobian = np.eye(count) - 1 / count - np.outer(normal, normal) / count
        flow = g[..., c].reshape(-1)
        factor = scale[c] / np.sqrt(variance[c] + epsilon)
        g_x[..., c] = (factor * jacobian.T @ flow).reshape(x.shape[:-1])
        g_scale[c] = normal @ flow
    return g_x, g_scale, np.array([g[..., c].sum() for c in range(len(scale))])


def bn_train(name: str, x: Input, epsilon: float, **options: Any) -> Case:
    return Case(
        name,
        TRAIN,
        lambda x, scale, offset: tuple(batch_norm_train(x, scale, offset, epsilon)),
        (x, VECTOR, VECTOR),
        lambda x, scale, offset: train(x, scale, offset, epsilon),
        **options,
    )


CASES = (
    bn_train("batch_norm_train", Input("nhwc"), 0.1, empty="c"),
    bn_train("batch_norm_train dense", Input("nc"), 1e-3, sizes={"n": (2, 5)}),
    bn_train("batch_norm_train far from zero", Input("nhc", low=99.0, high=103.0), 0.1),
    Case(
        "batch_norm_train y alone",
        TRAIN,
        lambda x, scale, offset: batch_norm_train(x, scale, offset, 0.1).y,
        (Input("ntc"), VECTOR, VECTOR),
        lambda x, scale, offset: train(x, scale, offset, 0.1)[0],
    ),
    Case(
        "batch_norm_train moments alone",
        ("BatchNormTrain",),
        lambda x: batch_norm_train(x, [1.0, 1.0], [0.0, 0.0])[1:],
        (Input(("n", "t", 2)),),
        moments,
    ),
    Case(
        "batch_norm_train gradient",
        ("BatchNormTrainGrad",),
        lambda *inputs: tuple(apply_many(BatchNormTrainGrad(0.1), *inputs).outputs),
        (Input("nhc"), VECTOR, VECTOR, POSITIVE, Input("nhc")),
        lambda *inputs: train_gradient(*inputs, epsilon=0.1),
    ),
    Case(
        "batch_norm_inference",
        ("BatchNormInference",),
        lambda *inputs: batch_norm_inference(*inputs, epsilon=0.1),
        (Input("nhwc"), VECTOR, VECTOR, VECTOR, POSITIVE),
        lambda x, scale, offset, mean, variance: standard(x, mean, variance, 0.1) * scale + offset,
        empty="nc",
    ),
    Case(
        "bias_add",
        ("Add",),
        bias_add,
        (Input("nhc"), VECTOR),
        lambda value, bias: np.stack([value[..., c] + b for c, b in enumerate(bias)], axis=-1),
        empty="n",
    ),
)
