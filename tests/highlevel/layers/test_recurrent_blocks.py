"""Recurrent layers on the engine: samples by blocks, forwards and backwards, with equal bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import layers
from thalweg.core import get_threads, set_threads
from thalweg.core.backends.native import extension
from thalweg.core.backends.native.rules import loops

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

LAYERS: dict[str, Callable[[], Any]] = {
    "lstm": lambda: layers.LSTM(128),
    "lstm backwards": lambda: layers.LSTM(128, go_backwards=True),
    "gru": lambda: layers.GRU(128),
    "gru reset before": lambda: layers.GRU(128, reset_after=False),
    "simple": lambda: layers.SimpleRNN(192),
}


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = get_threads()
    yield set_threads
    set_threads(before)


def trained(make: Callable[[], Any], is_masked: bool, samples: int) -> list[Any]:
    """Predictions and weights after two steps."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(2)
    x = rng.integers(0 if is_masked else 1, 9, (samples, 5))
    y = rng.integers(0, 2, (samples, 1)).astype("f")
    model = keras.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(9, 16, mask_zero=is_masked),
            make(),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mean_squared_error")
    model.fit(x, y, batch_size=samples, epochs=2, verbose=0)
    return [model.predict(x, verbose=0, batch_size=samples), *model.get_weights()]


@pytest.mark.parametrize("is_masked", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_all_loops_run_in_blocks_and_bits_stay(
    name: str, is_masked: bool, threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[int] = []
    call = loops.LoopCall

    def counted(*arguments: Any) -> Any:
        made = call(*arguments)
        blocks.append(made.blocks)
        return made

    monkeypatch.setattr(loops, "LoopCall", counted)
    results = []
    for count in (1, 2, 3):
        threads(count)
        results.append(trained(LAYERS[name], is_masked, 35))
    assert blocks and set(blocks) == {4}  # of 9 samples, the last of 8
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
