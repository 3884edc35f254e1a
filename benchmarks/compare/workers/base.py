"""What all workers share: the data, the checks before timing, and the clock."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from benchmarks.compare.models import NETS, Net, channels_first, make_data, make_weights
from benchmarks.compare.protocol import Task, encode

__all__ = ["FrameworkWorker"]

POOL = 4  # different batches; longer runs repeat them
CHECKED = 4  # examples whose outputs are compared, at most


class FrameworkWorker(ABC):
    """Builds a network, shows what it computes, and runs steps of it.

    Attributes:
        images_first: whether images are `(channels, height, width)`.
        flattens_first: whether it flattens them in that order.
        net: the network's description.
        task: `net`, `mode` (`fit` or `predict`), `batch`, `threads`, `variant`; `precision`, which
            is `float32` if not given, or `bfloat16`.
    """

    images_first = False
    flattens_first = False
    net: Net
    task: Task

    @property
    def precision(self) -> str:
        """Of the operands of products."""
        return str(self.task.get("precision", "float32"))

    # What a framework says in its own words.

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """The packages that compute, and their versions."""

    @abstractmethod
    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """Makes the network, ready for the task."""

    @abstractmethod
    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The logits of a batch, without dropout."""

    @abstractmethod
    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """Puts the data of the next runs where the framework wants it; not timed."""

    @abstractmethod
    def fit(self, steps: int) -> None:
        """Trains on the loaded data, which is that many batches."""

    @abstractmethod
    def predict(self, steps: int) -> None:
        """Predicts the loaded data, which is one batch, that many times."""

    # What the protocol asks for.

    def start(self, task: Task) -> dict[str, Any]:
        """Builds it; the outputs before and after one step of training go to the parent."""
        self.task = task
        self.net = NETS[task["net"]]()
        weights = make_weights(self.net)
        self.build(channels_first(self.net, weights) if self.flattens_first else weights)
        self._loaded = 0
        x, _ = self._data(1)
        answer = {"versions": self.versions(), "before": self._shown(x)}
        if task["mode"] == "fit":
            self._load(1)
            self.fit(1)
            if not self.net.has_dropout:
                answer["after"] = self._shown(x)
        return answer

    def run(self, steps: int) -> float:
        """Seconds that so many steps take."""
        if self.task["mode"] == "fit":
            self._load(steps)
            work = self.fit
        else:
            self._load(1)
            work = self.predict
        start = time.perf_counter()
        work(steps)
        return time.perf_counter() - start

    def _shown(self, x: np.ndarray) -> dict[str, Any]:
        return encode(self.outputs(x)[:CHECKED])

    def _data(self, batches: int) -> tuple[np.ndarray, np.ndarray]:
        size = self.task["batch"]
        x, y = make_data(self.net, size * min(batches, POOL))
        if self.images_first and self.net.has_images:
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        repeats = -(-batches // POOL)
        x, y = (np.concatenate([array] * repeats)[: batches * size] for array in (x, y))
        return x, y

    def _load(self, batches: int) -> None:
        if batches != self._loaded:
            self.load(*self._data(batches))
            self._loaded = batches
