"""A model that only keeps its promises to callbacks, and a loop that trains it on given logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from thalweg.callbacks import Callback, CallbackList


class FakeModel:
    """What a callback may ask of a model; its one weight is the number of the epoch."""

    def __init__(self, rate: float = 0.1) -> None:
        self.optimizer = SimpleNamespace(learning_rate=rate)
        self.stop_training = False
        self.history: Any = None
        self.weight = -1.0
        self.saved: list[tuple[str, str]] = []

    def get_weights(self) -> list[Any]:
        return [np.full(2, self.weight)]

    def set_weights(self, weights: list[Any]) -> None:
        self.weight = float(weights[0][0])

    def save(self, path: str) -> None:
        self.saved.append(("model", path))
        Path(path).write_text(str(self.weight))

    def save_weights(self, path: str) -> None:
        self.saved.append(("weights", path))
        Path(path).write_text(str(self.weight))


Run = Callable[..., CallbackList]


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def run(model: FakeModel) -> Run:
    """Runs the hooks of a training: one epoch for each dictionary of logs."""

    def train(
        callbacks: Callback | list[Any],
        epochs: Iterable[dict[str, float]],
        batches: int = 2,
        first: int = 0,
        **params: Any,
    ) -> CallbackList:
        all_logs = list(epochs)
        model.stop_training = False
        params = {"verbose": 0, "epochs": len(all_logs), "steps": batches, **params}
        with CallbackList(callbacks, model=model, **params) as hooks:
            hooks.on_train_begin()
            for epoch, logs in enumerate(all_logs, first):
                model.weight = float(epoch)
                hooks.on_epoch_begin(epoch)
                for batch in range(batches):
                    hooks.on_train_batch_begin(batch)
                    hooks.on_train_batch_end(batch, dict(logs))
                    if model.stop_training:
                        break
                hooks.on_epoch_end(epoch, dict(logs))
                if model.stop_training:
                    break
            hooks.on_train_end(dict(logs))
        return hooks

    return train
