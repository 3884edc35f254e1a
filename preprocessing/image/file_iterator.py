"""What iterators over picture files share: how files become batches."""

from __future__ import annotations

import os
from collections.abc import Iterator as PythonIterator
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import CallCache, OptionError, user_site
from thalweg.core.options import DATA_FORMAT, Sizes

from .iterator import SUBSET, Made, PictureIterator, Saving
from .picture_files import PictureFiles
from .pixels import img_to_array
from .reading import COLOR_MODES, MAX_PIXELS, check_interpolation, read_image

__all__ = ["FileIterator", "one_of_modes", "read_pixels"]

Array = np.ndarray[Any, Any]

_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FileIterator(PictureIterator):
    """Batches of picture files.

    A subclass sets `filenames`, `classes` or `_targets`, `class_mode`, and calls `_finish`.

    Attributes:
        skipped: path -> reason, of files that were left out because they could not be read.
    """

    class_mode: str | None
    class_indices: dict[str, int]
    filenames: list[str]
    classes: Any

    def _set_up(
        self,
        image_data_generator: Any,
        target_size: Any,
        color_mode: str,
        data_format: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: Any,
        exif: bool,
        max_pixels: int | None,
    ) -> None:
        """Checks and keeps what says how a file is read."""
        self.image_data_generator = image_data_generator
        self.target_size = Sizes(2).check(self, "target_size", target_size)
        self.color_mode = COLOR_MODES.check(self, "color_mode", color_mode)
        self.data_format = DATA_FORMAT.check(self, "data_format", data_format or "channels_last")
        channels = _CHANNELS[self.color_mode]
        self.image_shape = (
            (*self.target_size, channels)
            if self.data_format == "channels_last"
            else (channels, *self.target_size)
        )
        self.interpolation = check_interpolation(type(self).__name__, interpolation)
        self.keep_aspect_ratio = keep_aspect_ratio
        self.subset = SUBSET.check(self, "subset", subset)
        self.dtype = dtype
        self._exif, self._max_pixels = exif, max_pixels
        saving = (save_to_dir, save_prefix, save_format, self.data_format)
        self._saving = Saving.checked(type(self).__name__, *saving)
        self._calls: CallCache = CallCache()
        self._targets: Any = None
        self._weights: Array | None = None
        self.skipped: dict[str, str] = {}

    def _part(self, count: int) -> slice:
        """Which of so many sorted samples belong to the subset: validation is the head."""
        if self.subset is None:
            return slice(0, count)
        fraction = getattr(self.image_data_generator, "_validation_split", 0.0)
        if not fraction:
            raise OptionError(
                type(self).__name__,
                "subset needs a part of the data that is set aside",
                expected="ImageDataGenerator(validation_split=…) above 0",
                got=f"subset={self.subset!r}, validation_split=0",
                site=user_site(),
            )
        border = int(fraction * count)
        return slice(0, border) if self.subset == "validation" else slice(border, count)

    def _finish(
        self,
        directory: str,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        on_error: str,
        cache_bytes: int | None,
        prefetch: int,
    ) -> None:
        """Starts, once the files are known."""
        self.samples = len(self.filenames)
        self._filepaths = [os.path.join(directory, name) for name in self.filenames]
        self._files = PictureFiles(
            type(self).__name__, self._filepaths, self._decode, on_error, cache_bytes
        )
        super().__init__(self.samples, batch_size, shuffle, seed, prefetch)

    @property
    def filepaths(self) -> list[str]:
        """Paths of the files, by number."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """What targets are made of: the number of each picture's class, or columns of values."""
        return self.classes if self._targets is None else self._targets

    @property
    def sample_weight(self) -> Array | None:
        """Weights of the samples, or None."""
        return self._weights

    def _decode(self, path: str) -> Array:
        return read_pixels(
            path,
            self.color_mode,
            self.target_size,
            self.interpolation,
            self.keep_aspect_ratio,
            self._exif,
            self._max_pixels,
            self.data_format,
        )

    def _make(self, chosen: Array, epoch: int) -> Made:
        following = _following(self._ordered(epoch), chosen)
        images, numbers, skipped = self._files.read(chosen, following)
        if self.image_data_generator is not None:
            images = self.image_data_generator.transformed_batch(
                images, self._draws, epoch, numbers, self._calls
            )
        images = images.astype(self.dtype, copy=False)
        return Made(self._with_targets(images, numbers), images, numbers, skipped)

    def _with_targets(self, images: Array, numbers: Array) -> Any:
        """The batch as users get it."""
        mode = self.class_mode
        if mode is None:
            return images
        y: Any
        if mode == "input":
            y = images.copy()
        elif mode in ("binary", "sparse"):
            y = np.array([self.classes[i] for i in numbers], self.dtype)
        elif mode == "categorical":
            y = np.zeros((len(numbers), len(self.class_indices)), self.dtype)
            for row, number in zip(y, numbers, strict=True):
                row[self.classes[number]] = 1.0  # one class, or a list of them
        elif mode == "multi_output":
            y = [values[numbers] for values in self._targets]
        else:
            y = self._targets[numbers]
        return (images, y) if self._weights is None else (images, y, self._weights[numbers])

    def _handed_out(self, batch: Made, chosen: Array, epoch: int) -> Any:
        self.skipped.update(batch.skipped)
        return super()._handed_out(batch, chosen, epoch)


def _following(order: Array, chosen: Array) -> PythonIterator[int]:
    """The samples after some, in their order and from its start; looked for when asked for."""
    start = int(np.flatnonzero(order == chosen[-1])[0]) + 1
    yield from order[start:].tolist()
    yield from order[:start].tolist()


def read_pixels(
    path: str,
    color_mode: str,
    target_size: Any,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    exif: bool = True,
    max_pixels: int | None = MAX_PIXELS,
    data_format: str = "channels_last",
) -> Array:
    """The pixels of a file: uint8, or float32 where there are more than 8 bits."""
    arguments = (color_mode, target_size, interpolation, keep_aspect_ratio, exif, max_pixels)
    picture = read_image(path, *arguments)
    is_deep = picture.mode.startswith("I")
    return img_to_array(picture, data_format, np.float32 if is_deep else np.uint8)


def one_of_modes(where: object, value: Any, modes: Sequence[str | None]) -> str | None:
    """A class mode.

    Raises:
        OptionError: for another one.
    """
    if value in modes:
        mode: str | None = value
        return mode
    raise OptionError(
        type(where).__name__,
        "bad class_mode",
        expected="one of " + ", ".join(map(repr, modes)),
        got=repr(value),
        site=user_site(),
    )
