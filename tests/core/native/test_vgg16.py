"""A whole VGG-16 in the engine's float32 against the same network in float64 on NumPy.

Winograd's transforms round more than direct sums do; these are the bounds that docs/engine.md
states, for a network of thirteen convolutions. `THALWEG_VGG_SIZE=224` (some minutes) takes images
of the original's size. Among its millions of activations rounding decides some that are almost 0,
and some pairs that are almost equal: there gradients in float32 differ by more, whoever computes
them, so the bound is what direct sums in float32 give.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core.backends.native import extension

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

SIZE = int(os.environ.get("THALWEG_VGG_SIZE", "32"))
BATCH, CLASSES, HIDDEN = 3, 10, 128
CHANNELS = [64, 64, "pool", 128, 128, "pool", *([256] * 3), "pool", *([512] * 3), "pool",
            *([512] * 3), "pool"]  # fmt: skip


def initial_values() -> list[np.ndarray[Any, Any]]:
    """Kernels and biases in float32, of He's scale."""
    random = np.random.default_rng(0)
    values: list[np.ndarray[Any, Any]] = []

    def add(*shape: int) -> None:
        scale = np.sqrt(2.0 / np.prod(shape[:-1]))
        values.append((random.standard_normal(shape) * scale).astype(np.float32))
        values.append((random.standard_normal(shape[-1:]) * 0.05).astype(np.float32))

    before = 3
    for channels in CHANNELS:
        if isinstance(channels, int):
            add(3, 3, before, channels)
            before = channels
    add((SIZE // 32) ** 2 * before, HIDDEN)
    add(HIDDEN, CLASSES)
    return values


def run(backend: str, dtype: str) -> tuple[Any, Any]:
    """Logits, and the gradients of the mean loss by kernels and biases."""
    random = np.random.default_rng(3)
    images = random.standard_normal((BATCH, SIZE, SIZE, 3)).astype(np.float32).astype(dtype)
    labels = random.integers(0, CLASSES, BATCH)
    with core.Graph().as_default(), core.Session(backend=backend) as session:
        variables = [core.Variable(value.astype(dtype)) for value in initial_values()]
        x = core.placeholder(dtype, images.shape)
        left, y = iter(variables), x
        for channels in CHANNELS:
            if channels == "pool":
                y = core.max_pool2d(y, 2, 2, "VALID")
            else:
                y = core.relu(core.conv2d(y, next(left), padding="SAME") + next(left))
        y = core.reshape(y, [BATCH, -1])
        y = core.relu(core.matmul(y, next(left)) + next(left))
        logits = core.matmul(y, next(left)) + next(left)
        loss = core.reduce_mean(core.sparse_softmax_cross_entropy(labels, logits))
        result: tuple[Any, Any] = session.run(
            (logits, core.gradients(loss, variables)), {x: images}
        )
        return result


def largest(gradient: Any, exact: Any) -> float:
    """The largest error, relative to the largest value."""
    return float(np.abs(gradient - exact).max() / np.abs(exact).max())


def test_outputs_and_gradients() -> None:
    logits, gradients = run("native", "float32")
    exact, exact_gradients = run("numpy", "float64")
    assert exact.dtype == np.float64
    assert np.abs(logits - exact).max() <= 5e-6 * np.abs(exact).max()
    errors = [largest(g, other) for g, other in zip(gradients, exact_gradients, strict=True)]
    bounds = [2e-5] * len(errors)
    if SIZE > 32:
        _, direct = run("numpy", "float32")
        others = [largest(g, other) for g, other in zip(direct, exact_gradients, strict=True)]
        bounds = [max(bound, 2 * other) for bound, other in zip(bounds, others, strict=True)]
    assert all(error <= bound for error, bound in zip(errors, bounds, strict=True)), (
        errors,
        bounds,
    )
