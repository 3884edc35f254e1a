"""`NumpyArrayIterator`: batches of an array of pictures."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from thalweg.core import CallCache, DataError, OptionError, user_site
from thalweg.core.options import DATA_FORMAT

from .iterator import SUBSET, Made, PictureIterator, Saving

__all__ = ["NumpyArrayIterator"]

Array = np.ndarray[Any, Any]

_WHERE = "NumpyArrayIterator"


class NumpyArrayIterator(PictureIterator):
    """Batches of an array of pictures.

    Args:
        x: pictures, four axes; or a list or tuple of pictures and one more array, or a list of
            arrays, whose rows are handed out unchanged: batches are then `([pictures, more], y)`.
        y: targets, one a picture, or None for batches of pictures alone.
        image_data_generator: what transforms the pictures.
        batch_size: pictures a batch; the last of an epoch may have fewer.
        shuffle: whether the order is random.
        sample_weight: one a picture, or None.
        seed: an integer >= 0 from which order and transformations follow, or None.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder where all pictures are written, to look at them, or None.
        save_prefix, save_format: of these files, which are named PREFIX_NUMBER_EPOCH.FORMAT.
        subset: "validation" for the first part of the data, whose size the generator's
            `validation_split` says, "training" for the rest, None for all.
        dtype: of batches.
        ignore_class_split: allow parts that do not contain the same classes.
        prefetch: how many batches are made ahead, on another thread.

    Attributes:
        x: the pictures; bytes stay bytes until they are in a batch.
            # differs from Keras, which makes floats of all of them.
        y, sample_weight, image_data_generator, n, batch_size: as given.

    Raises:
        DataError: if lengths differ, x has not four axes, there is nothing in it, or only one
            part of the data has some class.
        OptionError: for an argument outside its values.

    >>> from thalweg.preprocessing.image import ImageDataGenerator
    >>> generator = ImageDataGenerator(rescale=1 / 255)
    >>> x = np.full((3, 4, 4, 1), 255, "uint8")
    >>> batches = NumpyArrayIterator([x, np.arange(3)], None, generator, batch_size=2)
    >>> pictures, numbers = batches[1]
    >>> pictures.max(), numbers
    (np.float32(1.0), array([2]))
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        dtype: Any = "float32",
        ignore_class_split: bool = False,
        prefetch: int = 2,
    ) -> None:
        order = DATA_FORMAT.check(self, "data_format", data_format or "channels_last")
        SUBSET.check(self, "subset", subset)
        pictures, more = _parted(x)
        columns = {"x": pictures, **{f"x[1][{i}]": array for i, array in enumerate(more)}}
        self.y = None if y is None else np.asarray(y)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        for name, array in (("y", self.y), ("sample_weight", self.sample_weight)):
            if array is not None:
                columns[name] = array
        _check(columns, order)
        self.dtype = dtype
        if pictures.dtype != np.uint8:
            pictures = pictures.astype(dtype, copy=False)
        self.x, self.x_misc = pictures, more
        if subset is not None:
            self._keep(subset, image_data_generator._validation_split, ignore_class_split)
        if not len(self.x):
            raise DataError(_WHERE, "there are no pictures", got=f"x {np.shape(self.x)}")
        self.image_data_generator = image_data_generator
        self.data_format = order
        self.subset = subset
        self._saving = Saving.checked(_WHERE, save_to_dir, save_prefix, save_format, order)
        self._calls: CallCache = CallCache()
        super().__init__(len(self.x), batch_size, shuffle, seed, prefetch)

    def _keep(self, subset: str, fraction: float, ignores_classes: bool) -> None:
        """Leaves the part of the data that belongs to a subset: the head is for validation."""
        if not fraction:
            raise OptionError(
                _WHERE,
                "subset needs a part of the data that is set aside",
                expected="ImageDataGenerator(validation_split=…) above 0",
                got=f"subset={subset!r}, validation_split=0",
                site=user_site(),
            )
        count = int(len(self.x) * fraction)
        if self.y is not None and not ignores_classes:
            _check_classes(self.y[:count], self.y[count:])
        part = slice(None, count) if subset == "validation" else slice(count, None)
        self.x, self.x_misc = self.x[part], [array[part] for array in self.x_misc]
        self.y = None if self.y is None else self.y[part]
        # Keras leaves the weights whole, so that the training part would get the wrong ones.
        self.sample_weight = None if self.sample_weight is None else self.sample_weight[part]

    def _make(self, chosen: Array, epoch: int) -> Made:
        pictures = self.image_data_generator.transformed_batch(
            self.x[chosen], self._draws, epoch, chosen, self._calls
        ).astype(self.dtype, copy=False)
        more = [array[chosen] for array in self.x_misc]
        value: Any = [pictures, *more] if more else pictures
        if self.y is not None:
            value = (value, self.y[chosen])
            if self.sample_weight is not None:
                value = (*value, self.sample_weight[chosen])
        return Made(value, pictures, chosen)


def _parted(x: Any) -> tuple[Array, list[Array]]:
    """The pictures, and the arrays that go with them."""
    if not isinstance(x, tuple | list):
        return np.asarray(x), []
    if len(x) == 2 and np.ndim(x[0]) == 4:
        more = x[1] if isinstance(x[1], list) else [x[1]]
        return np.asarray(x[0]), [np.asarray(array) for array in more]
    return np.asarray(x), []


def _check(columns: dict[str, Array], data_format: str) -> None:
    x = columns["x"]
    if x.ndim != 4:
        raise DataError(
            _WHERE,
            "x is no array of pictures",
            expected="(samples, height, width, channels), or channels first",
            got=f"x {x.dtype} {x.shape}",
            site=user_site(),
            hint="x[..., None] adds an axis of channels" if x.ndim == 3 else None,
        )
    if x.dtype.kind not in "fiub":
        raise DataError(_WHERE, "x is no array of numbers", got=str(x.dtype), site=user_site())
    for name, array in columns.items():
        if array.ndim == 0 or len(array) != len(x):
            raise DataError(
                _WHERE,
                "numbers of samples differ",
                expected=f"{len(x)} of each",
                got=f"{name} {array.shape}",
                site=user_site(),
            )
    channels = x.shape[1 if data_format == "channels_first" else 3]
    if channels not in (1, 3, 4):
        warnings.warn(
            f"thalweg: pictures have 1, 3 or 4 channels; x {x.shape} with {data_format} has "
            f"{channels}. Is data_format right?",
            UserWarning,
            stacklevel=4,
        )


def _check_classes(validation: Array, training: Array) -> None:
    """Raises unless both parts have the same classes: Keras's guard against sorted data."""
    here, there = np.unique(validation), np.unique(training)
    if not np.array_equal(here, there):
        alone = np.setxor1d(here, there)
        raise DataError(
            _WHERE,
            "training and validation parts do not have the same classes",
            got=f"only one of them has {', '.join(map(str, alone[:5]))}",
            hint="shuffle x and y together first, or pass ignore_class_split=True",
            site=user_site(),
        )
