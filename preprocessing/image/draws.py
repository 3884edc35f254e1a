"""Random numbers that belong to a sample: the same whoever draws them, in whatever order.

A stream is Philox's, keyed by a seed and a number of an epoch, at a place given by the sample's
number. So the transformation of a sample depends on these three alone: not on the batch it is in,
on threads, or on what is drawn for others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import new_stream
from thalweg.core.options import Interval, OrNone

__all__ = [
    "SEED",
    "Draws",
    "Generator",
    "field_source",
    "permutation",
    "random_source",
    "sample_source",
]

Generator = np.random.Generator | np.random.RandomState
"""What draws: both have `uniform`, `random` and `choice`."""

SEED = OrNone(Interval(0, integer=True))

_SAMPLES, _ORDERS, _FIELDS = 0, 1, 2  # purposes, which never share a stream


class Draws:
    """The streams of one seed.

    Args:
        seed: an integer >= 0; None takes one that follows from `set_random_seed`, if that was
            called, and from how many have been taken.

    >>> a, b = Draws(7), Draws(7)
    >>> bool(sample_source(a, 0, 5).random() == sample_source(b, 0, 5).random())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is None:
            stream = new_stream("image_iterator")
            words = [stream.seed, *stream.name.encode()]
        else:
            words = [int(SEED.check("seed", "seed", seed))]
        self.key = int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])

    def at(self, purpose: int, epoch: int, number: int) -> np.random.Generator:
        """The stream for one purpose, epoch and number."""
        bits = np.random.Philox(key=[self.key, epoch], counter=[0, 0, number, purpose])
        return np.random.Generator(bits)


def sample_source(draws: Draws, epoch: int, number: int) -> np.random.Generator:
    """The stream of one sample in one epoch."""
    return draws.at(_SAMPLES, epoch, number)


def field_source(draws: Draws, epoch: int, number: int) -> np.random.Generator:
    """The stream of one sample's field of noise.

    It is another one, so that what else is drawn, as for colors, does not change the field: masks
    are deformed as pictures are.
    """
    return draws.at(_FIELDS, epoch, number)


def permutation(draws: Draws, epoch: int, count: int) -> np.ndarray[Any, Any]:
    """The order of samples in one epoch."""
    return draws.at(_ORDERS, epoch, 0).permutation(count)


def random_source(seed: int | None, rng: Generator | None) -> Generator:
    """What a function with the arguments `seed` and `rng` draws from.

    A given seed draws what Keras draws after `np.random.seed(seed)`.
    """
    if rng is not None:
        return rng
    if seed is None:
        return sample_source(Draws(), 0, 0)
    return np.random.RandomState(SEED.check("seed", "seed", seed))
