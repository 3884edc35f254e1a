"""What all workers share: the pictures, the checks before timing, and the clock."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compare.protocol import Task, encode
from benchmarks.images.pictures import SIZE, drawn, inner

__all__ = ["PictureWorker", "first_file"]

DIFFERENT = 64  # drawn pictures; the data of a row in memory repeats them
REPEATS = 8


class PictureWorker(ABC):
    """Shows what it does to one picture, and makes batches of augmented ones.

    Batches are float32, in 0..1.

    Attributes:
        task: `mode`, `batch`, `threads`, `variant`, and `folder`, which has one folder a class.
    """

    task: Task

    # What a framework says in its own words.

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """The packages that compute, and their versions; called first, it sets threads as well."""

    @abstractmethod
    def fixed(self, picture: np.ndarray) -> np.ndarray:
        """A picture (height, width, 3) uint8 after `FIXED`, bilinear; of that shape, in 0..255."""

    @abstractmethod
    def decoded(self, path: str) -> np.ndarray:
        """The picture in a file, resized as for a batch: (SIZE, SIZE, 3) in 0..255."""

    @abstractmethod
    def from_memory(self, pictures: np.ndarray) -> Iterator[Any]:
        """Augmented batches without end of (count, SIZE, SIZE, 3) uint8 in a random order."""

    @abstractmethod
    def from_folder(self, folder: str, is_cached: bool) -> Iterator[Any]:
        """The same of a folder's files, decoded each time, or once."""

    @abstractmethod
    def as_array(self, batch: Any) -> np.ndarray:
        """The pictures of a batch as (batch, height, width, 3)."""

    # What the protocol asks for.

    def start(self, task: Task) -> dict[str, Any]:
        """Makes the first batch; what becomes of a picture and of a file goes to the parent."""
        self.task = task
        answer: dict[str, Any] = {"versions": self.versions()}
        pictures = drawn(DIFFERENT)
        answer["fixed"] = encode(inner(self.fixed(pictures[0])))
        if task["mode"] == "augment":
            self.batches = self.from_memory(np.concatenate([pictures] * REPEATS))
        else:
            answer["decoded"] = encode(self.decoded(first_file(task["folder"])))
            self.batches = self.from_folder(task["folder"], task["mode"] == "cached")
        self._check(self.as_array(next(self.batches)))
        return answer

    def run(self, steps: int) -> float:
        """Seconds that so many batches take."""
        start = time.perf_counter()
        for _ in range(steps):
            next(self.batches)
        return time.perf_counter() - start

    def _check(self, batch: np.ndarray) -> None:
        expected = (self.task["batch"], SIZE, SIZE, 3)
        if batch.shape != expected or batch.dtype != np.float32:
            raise ValueError(f"a batch is {batch.dtype} {batch.shape}, not float32 {expected}")
        if not (batch.min() >= -1e-4 and 0.5 < batch.max() <= 1.0001):
            raise ValueError(f"pixels are in {batch.min():.3g}..{batch.max():.3g}, not in 0..1")


def first_file(folder: str) -> str:
    """The first file of a folder of folders."""
    return str(min(Path(folder).glob("*/*.jpg")))
