"""`Iterator`: batches that never end, and what all iterators over pictures share."""

from __future__ import annotations

import os
from collections.abc import Iterator as PythonIterator
from typing import Any, NamedTuple

import numpy as np

from thalweg.core.options import OneOf, OrNone

from .batches import Batches
from .listing import existing_folder
from .reading import save_img

__all__ = ["Iterator", "Made", "PictureIterator", "Saving"]

Array = np.ndarray[Any, Any]

SUBSET = OrNone(OneOf("training", "validation"))


class Iterator(Batches):
    """Batches of one epoch after another, without an end; or by number, for `fit`.

    A subclass writes `_get_batches_of_transformed_samples(index_array)`, which returns the batch
    of some samples.

    Args:
        n: number of samples.
        batch_size: samples a batch; the last of an epoch may be smaller.
        shuffle: whether the order is random, and another one in every epoch.
        seed: an integer >= 0 from which all that is random follows, or None.
        prefetch: how many batches are made ahead, on another thread.

    Attributes:
        n, batch_size, shuffle, seed: the arguments.
        batch_index: the number of the batch that `next` returns next.
        total_batches_seen: how many batches were handed out.
        index_array: the samples in the order of this epoch.

    >>> class Squares(Iterator):
    ...     def _get_batches_of_transformed_samples(self, index_array):
    ...         return index_array**2
    >>> squares = Squares(5, batch_size=2, shuffle=False, seed=None)
    >>> [next(squares).tolist() for _ in range(4)]
    [[0, 1], [4, 9], [16], [0, 1]]
    >>> len(squares), squares[1].tolist()
    (3, [4, 9])
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(
        self, n: int, batch_size: int, shuffle: bool, seed: int | None, prefetch: int = 2
    ) -> None:
        super().__init__(n, batch_size, shuffle, seed, prefetch)
        self.batch_index = 0
        self._has_begun = False  # whether `next` has taken a batch of this epoch

    def _batch(self, chosen: Array, epoch: int) -> Any:
        del epoch
        return self._get_batches_of_transformed_samples(chosen)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        """The batch of some samples, by their numbers."""
        raise NotImplementedError

    def __iter__(self) -> PythonIterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """The next batch; after the last one of an epoch comes the first of the next."""
        with self.lock:
            if self.batch_index == 0 and self._has_begun:
                self.on_epoch_end()
            self._has_begun = True
            epoch, number, count = self.epoch, self.batch_index, len(self)
            self.batch_index = (number + 1) % count
            ahead = range(number + 1, number + 1 + self.prefetch)
            following = [(epoch + i // count, i % count) for i in ahead]
        return self._take(epoch, number, following)

    def reset(self) -> None:
        """Makes `next` start a new epoch, if it has taken a batch of this one."""
        with self.lock:
            self.batch_index = 0

    def on_epoch_end(self) -> None:
        """Starts the next epoch, with another order and other transformations."""
        with self.lock:
            super().on_epoch_end()
            self.batch_index = 0
            self._has_begun = False


class Made(NamedTuple):
    """A batch as it was made.

    Attributes:
        value: what the user gets.
        pictures: those in it.
        numbers: of the samples.
        skipped: files that could not be read, and why.
    """

    value: Any
    pictures: Array
    numbers: Array
    skipped: tuple[tuple[str, str], ...] = ()


class Saving(NamedTuple):
    """Where pictures are written before they are handed out, and how.

    Attributes:
        folder: None for nowhere.
        prefix, file_format: of the files' names.
        data_format: of the pictures.
    """

    folder: Any
    prefix: str
    file_format: str
    data_format: str

    @classmethod
    def checked(
        cls, where: str, folder: Any, prefix: str, file_format: str, data_format: str
    ) -> Saving:
        """The same, if the folder is there.

        Raises:
            OptionError: if it is not.
        """
        path = existing_folder(where, folder) if folder else None
        return cls(path, prefix, file_format, data_format)

    def write(self, made: Made, epoch: int) -> None:
        """Writes PREFIX_NUMBER_EPOCH.FORMAT for each picture, stretched to 0..255."""
        if not self.folder:
            return
        for number, picture in zip(made.numbers, made.pictures, strict=True):
            name = f"{self.prefix}_{number}_{epoch}.{self.file_format}"
            save_img(os.path.join(self.folder, name), picture, self.data_format, self.file_format)


class PictureIterator(Iterator):
    """An iterator whose subclasses write `_make`, and that can save what it hands out."""

    _saving: Saving

    def _make(self, chosen: Array, epoch: int) -> Made:
        """The batch of some samples in an epoch."""
        raise NotImplementedError

    def _batch(self, chosen: Array, epoch: int) -> Made:
        return self._make(chosen, epoch)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:
        """The batch of some samples, by their numbers, in this epoch."""
        return self._make(np.asarray(index_array), self.epoch).value

    def _handed_out(self, batch: Made, chosen: Array, epoch: int) -> Any:
        del chosen
        self._saving.write(batch, epoch)
        return batch.value
