"""`Draws`: the random numbers of one call of a layer, one for each image and question."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from thalweg import core
from thalweg.core import Tensor

__all__ = ["Draws"]


@dataclass(frozen=True)
class Draws:
    """Numbers that are drawn one after another, all from one key of the layer's stream.

    Args:
        key: (2,) uint32; the question's number is folded into it.
        count: () integer: how many images there are.
        numbers: of the questions.
    """

    key: Tensor
    count: Tensor
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def begin(cls, seed: int | None, count: Tensor) -> Draws:
        """A new key: of the seed, or of the stream in force."""
        return cls(core.draw_key(seed), count)

    def next_key(self) -> Tensor:
        """The key of the next question."""
        return core.fold_in(self.key, next(self.numbers))

    def apart(self) -> Draws:
        """Draws of something inside, which do not change what is drawn after it."""
        return Draws(self.next_key(), self.count)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, shape: Any = None) -> Tensor:
        """Uniform numbers in low <= u < high: (batch,) float32, or of another shape."""
        sizes = self.per_image() if shape is None else shape
        return core.random_uniform(sizes, low, high, key=self.next_key())

    def below(self, probability: tuple[float, float]) -> Tensor:
        """(batch,) bool: True with a probability that is itself drawn between two bounds."""
        limit = self.uniform(*probability)
        return core.less(self.uniform(), limit)

    def sign(self) -> Tensor:
        """(batch,) float32: 1 or -1."""
        return core.where(core.greater(self.uniform(), 0.5), -1.0, 1.0)

    def per_image(self, *sizes: Any) -> Tensor:
        """A shape: the batch, then other sizes."""
        parts = [core.cast(core.convert(size), "int32") for size in (self.count, *sizes)]
        return core.stack(parts)
