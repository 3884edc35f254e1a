"""MNIST as TensorFlow's tutorials read it: three sets that hand out shuffled batches."""

from __future__ import annotations

import math
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thalweg.core import DataError, OptionError, as_dtype, current_seed, float32, get_default_graph
from thalweg.datasets import mnist
from thalweg.datasets.idx import read_idx

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEFAULT_SOURCE_URL", "DataSet", "Datasets", "read_data_sets"]

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"

_CLASSES = 10
_IDX_FILES = (
    ("train-images-idx3-ubyte.gz", 3),
    ("train-labels-idx1-ubyte.gz", 1),
    ("t10k-images-idx3-ubyte.gz", 3),
    ("t10k-labels-idx1-ubyte.gz", 1),
)


class DataSet:
    """Images and labels that are handed out in batches.

    Args:
        images: (count, height, width, 1) uint8, 0..255 with ink bright.
        labels: (count,) uint8, or (count, classes) if one-hot.
        fake_data: batches are ones, for trying out a program.
        one_hot: whether fake labels are one-hot.
        dtype: of the images that come out: float32 in 0..1, or uint8 in 0..255.
        reshape: they come out as (count, height * width).
        seed: of the order; that of the default graph, or of the process, if None.

    Raises:
        OptionError: for another dtype.
        DataError: if there are not as many labels as images.

    >>> digits = DataSet(np.zeros((3, 2, 2, 1), np.uint8), np.arange(3, dtype=np.uint8))
    >>> images, labels = digits.next_batch(2)
    >>> images.shape, labels.shape, digits.epochs_completed
    ((2, 4), (2,), 0)
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        if as_dtype(dtype).name not in ("float32", "uint8"):
            raise OptionError(
                "DataSet", "unknown dtype of images", expected="float32 or uint8", got=f"{dtype}"
            )
        if len(images) != len(labels):
            raise DataError(
                "DataSet",
                "images and labels differ in number",
                expected="one label an image",
                got=f"{len(images)} images, {len(labels)} labels",
            )
        pixels = np.asarray(images)
        self._pixels = (
            pixels.reshape(len(pixels), math.prod(pixels.shape[1:])) if reshape else pixels
        )
        self._labels = np.asarray(labels)
        self._is_float = as_dtype(dtype) == float32
        self._is_fake = fake_data
        self._one_hot = one_hot
        self._num_examples = 10000 if fake_data else len(pixels)
        if seed is None:
            seed = get_default_graph().seed
        self._random = np.random.default_rng(current_seed() if seed is None else seed)
        self._order = np.arange(len(pixels))
        self._position = 0
        self._epochs_completed = 0

    @cached_property
    def images(self) -> NDArray[Any]:
        """All images, in the order of the files."""
        return self._values(self._pixels)

    @property
    def labels(self) -> NDArray[Any]:
        """All labels, in the order of the files."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many images there are."""
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        """How often batches have run past the last image."""
        return self._epochs_completed

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The next `batch_size` images and labels.

        A batch that runs past the end takes the rest of this epoch and the start of the next.

        Args:
            batch_size: how many, at least 1.
            fake_data: ones in place of images.
            shuffle: every epoch has an order of its own; False keeps the order there is.

        Returns:
            Images (batch_size, ...) and labels (batch_size, ...).

        Raises:
            OptionError: if `batch_size` is below 1.
            DataError: if the set is empty.
        """
        if batch_size < 1:
            raise OptionError(
                "next_batch", "not a batch size", expected="at least 1", got=repr(batch_size)
            )
        if fake_data or self._is_fake:
            return self._fake_batch(batch_size)
        if not self._num_examples:
            raise DataError("next_batch", "the set is empty", hint="validation_size made it so")
        if shuffle and self._epochs_completed == 0 and self._position == 0:
            self._random.shuffle(self._order)
        picked = []
        missing = batch_size
        while missing > self._num_examples - self._position:
            picked.append(self._order[self._position :].copy())
            missing -= len(picked[-1])
            self._position = 0
            self._epochs_completed += 1
            if shuffle:
                self._random.shuffle(self._order)
        picked.append(self._order[self._position : self._position + missing])
        self._position += missing
        index = np.concatenate(picked)
        return self._values(self._pixels[index]), self._labels[index]

    def _values(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Pixels as they come out: as they are, or float32 in 0..1."""
        return pixels.astype(np.float32) * np.float32(1 / 255) if self._is_float else pixels

    def _fake_batch(self, batch_size: int) -> tuple[NDArray[Any], NDArray[Any]]:
        labels = np.zeros(batch_size, np.uint8)
        images = np.ones((batch_size, 784), np.float32 if self._is_float else np.uint8)
        return images, _one_hot(labels) if self._one_hot else labels


class Datasets(NamedTuple):
    """What `read_data_sets` gives."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str | os.PathLike[str],
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """Reads MNIST.

    Args:
        train_dir: a folder. If `mnist.npz` or MNIST's four `.gz` files are there they are read;
            else :func:`thalweg.datasets.mnist.load_data` finds or downloads the digits, and keeps
            them in its own cache.
        fake_data: reads nothing; all batches are ones.
        one_hot: labels are (count, 10) with a single 1.0, in place of (count,) uint8, 0..9.
        dtype: of images: float32 in 0..1, or uint8 in 0..255.
        reshape: images are (count, 784), in place of (count, 28, 28, 1).
        validation_size: so many of the training images, the first, are set apart.
        seed: of the order of batches.
        source_url: TF1's address, which is not used; no other is taken.

    Returns:
        The sets `train`, `validation` and `test`; with the full MNIST 55,000, 5,000 and 10,000.

    Raises:
        OptionError: if `validation_size` is not in 0..(number of training images), or
            `source_url` is another one.
        DataError: if some of the four files are missing, or do not belong together.
        FileFormatError: if a file is damaged.

    >>> digits = read_data_sets("MNIST_data", fake_data=True, one_hot=True)
    >>> images, labels = digits.train.next_batch(100)
    >>> images.shape, labels.shape
    ((100, 784), (100, 10))
    """
    if source_url != DEFAULT_SOURCE_URL:
        raise OptionError(
            "read_data_sets",
            "cannot download from there",
            expected=DEFAULT_SOURCE_URL,
            got=repr(source_url),
            hint="put the files into train_dir",
        )
    options = {"one_hot": one_hot, "dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        return Datasets(*[DataSet([], [], fake_data=True, **options) for _ in Datasets._fields])
    (x_train, y_train), (x_test, y_test) = _load(Path(train_dir))
    if not 0 <= validation_size <= len(x_train):
        raise OptionError(
            "read_data_sets",
            "validation_size does not fit",
            expected=f"0 <= validation_size <= {len(x_train)}",
            got=repr(validation_size),
        )
    parts = (
        (x_train[validation_size:], y_train[validation_size:]),
        (x_train[:validation_size], y_train[:validation_size]),
        (x_test, y_test),
    )
    return Datasets(
        *[
            DataSet(images[..., None], _one_hot(labels) if one_hot else labels, **options)
            for images, labels in parts
        ]
    )


_Pair = tuple["NDArray[np.uint8]", "NDArray[np.uint8]"]


def _load(folder: Path) -> tuple[_Pair, _Pair]:
    """The digits from a folder, or from wherever this machine has them."""
    if (folder / "mnist.npz").is_file():
        return mnist.load_data(folder / "mnist.npz")
    missing = [name for name, _ in _IDX_FILES if not (folder / name).is_file()]
    if len(missing) == len(_IDX_FILES):
        return mnist.load_data()
    if missing:
        raise DataError(
            "read_data_sets",
            "some of MNIST's files are missing",
            expected=", ".join(name for name, _ in _IDX_FILES),
            got=f"{folder} without {', '.join(missing)}",
        )
    x_train, y_train, x_test, y_test = (read_idx(folder / name, rank) for name, rank in _IDX_FILES)
    return (x_train, y_train), (x_test, y_test)


def _one_hot(labels: NDArray[Any]) -> NDArray[np.float64]:
    """(count,) integers -> (count, 10) with a 1.0 each."""
    if labels.size and labels.max() >= _CLASSES:
        raise DataError(
            "read_data_sets",
            "a label is not a digit",
            expected=f"labels in 0 <= label < {_CLASSES}",
            got=str(labels.max()),
        )
    matrix: NDArray[np.float64] = np.eye(_CLASSES)[labels]
    return matrix
