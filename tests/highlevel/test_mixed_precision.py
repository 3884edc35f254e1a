"""Keras's policies: what programs set and ask for, and that models still learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import thalweg as keras
from thalweg import layers, mixed_precision
from thalweg.core.backends.native import extension
from thalweg.core.errors import OptionError


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    mixed_precision.set_global_policy("float32")


def test_policies() -> None:
    assert mixed_precision.global_policy().name == "float32"
    mixed_precision.set_global_policy(mixed_precision.Policy("mixed_float16"))
    assert mixed_precision.global_policy().name == "mixed_float16"
    assert keras.get_precision() == "bfloat16"
    keras.set_precision("float32")
    assert mixed_precision.dtype_policy().name == "float32"
    keras.set_precision("bfloat16")
    assert mixed_precision.global_policy().name == "mixed_bfloat16"
    mixed_precision.set_dtype_policy("float32")
    assert keras.get_precision() == "float32"


def test_other_policies() -> None:
    with pytest.raises(OptionError, match=r'dtype="float16"'):
        mixed_precision.set_global_policy("float16")
    with pytest.raises(OptionError, match="mixed_bfloat16"):
        mixed_precision.set_global_policy("mixed_bfloat")
    assert mixed_precision.global_policy().name == "float32"


def losses(policy: str) -> list[float]:
    """Of a small network that tells stripes from their transposed, as a program would train it."""
    mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(3)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((96, 8, 8, 32), np.float32)
    y = np.arange(96) % 2
    x[y == 1, ::2] += 1
    x[y == 0, :, ::2] += 1
    model = keras.Sequential(
        [
            layers.Input((8, 8, 32)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(64, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, "sigmoid", dtype="float32"),
        ]
    )
    optimizer = mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(3e-3), initial_scale=8)
    model.compile(optimizer, "binary_crossentropy")
    return list(model.fit(x, y, batch_size=32, epochs=6, verbose=0).history["loss"])


def test_networks_learn_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = losses("float32")
    if extension is not None:
        monkeypatch.setattr(extension, "has_fast_bfloat16", lambda: True)
    rounded = losses("mixed_bfloat16")
    assert exact[-1] < exact[0] / 4
    np.testing.assert_allclose(rounded, exact, rtol=0.03)
    assert extension is None or rounded != exact
    assert rounded == losses("mixed_bfloat16")  # the same bits
