"""`PyDataset`, Keras 2's `Sequence`: batches by number, from a class of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..options import COUNT

__all__ = ["PyDataset", "Sequence"]


class PyDataset:
    """Base of objects that give `fit`, `evaluate` and `predict` a batch a number.

    Subclasses write `__len__`, the number of batches of an epoch, and `__getitem__(index)`, the
    batch `(x, y)` or `(x, y, sample_weight)`, or x alone for `predict`. A class that has no such
    base, but these two methods, does as well.

    Args:
        workers: threads that make batches ahead; with 1 each is made when it is asked for. With
            more, `__getitem__` runs several times at a time, and must be able to; the batches and
            their order are the same.
        use_multiprocessing: Keras's argument; threads serve here in any case.
        max_queue_size: how many batches are made ahead at most, if there are several workers.

    Raises:
        OptionError: a number is below 1.

    >>> import numpy as np
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return np.array([index]), np.array([index**2])
    >>> [int(y[0]) for x, y in Squares()]
    [0, 1, 4]
    """

    # Also without super().__init__(), which Keras 2's `Sequence` did not ask for.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = COUNT.check(self, "workers", workers)
        self.use_multiprocessing = bool(use_multiprocessing)
        self.max_queue_size = COUNT.check(self, "max_queue_size", max_queue_size)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        raise NotImplementedError(f"{type(self).__name__}.__len__ says how many batches there are")

    def __getitem__(self, index: int) -> Any:
        """The batch of a number, 0 <= index < len(self)."""
        raise NotImplementedError(f"{type(self).__name__}.__getitem__ gives the batch of a number")

    def __iter__(self) -> Iterator[Any]:
        """The batches of one epoch."""
        return (self[index] for index in range(len(self)))

    @property
    def num_batches(self) -> int:
        """The number of batches in an epoch, as Keras 3 calls it."""
        return len(self)

    def on_epoch_end(self) -> None:
        """Called after each epoch of `fit`: the place to draw another order."""


Sequence = PyDataset
"""Keras 2's name."""
