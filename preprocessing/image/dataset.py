"""`image_dataset_from_directory`: Keras 3's data set of a folder of pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.core import DataError, OptionError, nearest, user_site
from thalweg.core.options import COUNT, DATA_FORMAT, Interval, OneOf, OrNone, Sizes, option_error

from .batches import Batches
from .draws import SEED, Draws
from .file_iterator import read_pixels
from .listing import class_folders, existing_folder, list_pictures, tell
from .picture_files import PictureFiles
from .reading import COLOR_MODES, MAX_PIXELS
from .resizing import METHODS, crop_box, padded, resized

__all__ = ["ImageDataset", "image_dataset_from_directory"]

Array = np.ndarray[Any, Any]

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_WHERE = "image_dataset_from_directory"
_LABEL_MODE = OrNone(OneOf("int", "categorical", "binary"))
_SUBSET = OrNone(OneOf("training", "validation", "both"))
_SPLIT = OrNone(Interval(0, 1, open_low=True, open_high=True))


class ImageDataset(Batches):
    """Batches of a folder's pictures: what `image_dataset_from_directory` returns.

    A loop over it is one pass over the data; `fit`, `evaluate` and `predict` take it as it is.

    Attributes:
        class_names: in the order of their numbers; None without labels.
        file_paths: of the pictures, by number.
        labels: the number of each picture's class, or None.
        skipped: path -> reason, of files that were left out because they could not be read.
    """

    def __init__(
        self,
        files: PictureFiles,
        labels: Array | None,
        class_names: list[str] | None,
        label_mode: str | None,
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
        prefetch: int,
    ) -> None:
        self.file_paths = list(files.paths)
        self.class_names = class_names
        self.labels = labels
        self.skipped: dict[str, str] = {}
        self._files = files
        self._label_mode = label_mode
        self._is_batched = batch_size is not None
        self._has_begun = False
        super().__init__(len(files.paths), batch_size or 1, shuffle, seed, prefetch)

    def __iter__(self) -> Iterator[Any]:
        if self._has_begun:
            self.on_epoch_end()
        self._has_begun = True
        order = range(len(self))
        self.expect_batches(order)
        return (self[number] for number in order)

    def on_epoch_end(self) -> None:
        """Starts the next epoch, with another order."""
        super().on_epoch_end()
        self._has_begun = False

    def _batch(self, chosen: Array, epoch: int) -> Any:
        pictures = self._files.read(chosen, self._ordered(epoch).tolist())
        images = pictures.images.astype(np.float32, copy=False)
        value: Any = images
        if self.labels is not None:
            value = (images, self._encoded(self.labels[pictures.numbers]))
        return value, pictures.skipped

    def _encoded(self, numbers: Array) -> Array:
        if self._label_mode == "binary":
            return numbers.astype(np.float32)[:, None]
        if self._label_mode == "categorical":
            return np.eye(len(self.class_names or ()), dtype=np.float32)[numbers]
        return numbers.astype(np.int32)

    def _handed_out(self, batch: Any, chosen: Array, epoch: int) -> Any:
        del chosen, epoch
        value, skipped = batch
        self.skipped.update(skipped)
        if self._is_batched:
            return value
        return tuple(part[0] for part in value) if isinstance(value, tuple) else value[0]


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
    *,
    exif: bool = True,
    max_pixels: int | None = MAX_PIXELS,
    on_error: str = "raise",
    cache_bytes: int | None = None,
    prefetch: int = 2,
) -> Any:
    """A data set of the picture files of a folder.

    Args:
        directory: the folder; with labels "inferred" it has one folder for each class.
        labels: "inferred" from the folders, None for none, or a list of integers, one for each
            file in the order of their sorted paths.
        label_mode: "int" gives (batch,) int32, "binary" (batch, 1) float32 of two classes,
            "categorical" (batch, classes) float32, None no labels.
        class_names: names of the folders, in the order of their numbers; None for all, sorted.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: pictures a batch; None for single pictures.
        image_size: (height, width) that all pictures are resized to.
        shuffle: whether the order is random, and another one in every pass.
        seed: an integer >= 0 from which orders follow, or None.
        validation_split: the part of the pictures that is set aside for validation.
        subset: "training", "validation", or "both" for a list of two data sets.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5",
            "gaussian" or "mitchellcubic", of TensorFlow, without smoothing of what shrinks.
        follow_links: whether to look into folders that are links.
        crop_to_aspect_ratio: cut what does not fit, rather than distort.
        pad_to_aspect_ratio: put zeros around what is too narrow, rather than distort.
        data_format: "channels_last", which None stands for, or "channels_first".
        verbose: whether to print how many files were found.
        exif, max_pixels: see `load_img`.
        on_error, cache_bytes, prefetch: see `DirectoryIterator`.

    Returns:
        An `ImageDataset` of `(images, labels)`, or of images alone: images (batch, height,
        width, channels) float32 in 0..255, of 8 bits. With subset "both", a list of two.

    Raises:
        OptionError: for an argument outside its values, or a folder that is missing.
        DataError: if there are no pictures, or labels do not fit them.

    >>> import os, tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for path in ("cats/1.png", "dogs/1.png", "dogs/2.png"):
    ...         os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
    ...         Image.new("RGB", (20, 10)).save(os.path.join(folder, path))
    ...     data = image_dataset_from_directory(folder, image_size=(8, 8), verbose=False)
    ...     [(x.shape, sorted(y.tolist())) for x, y in data]
    [((3, 8, 8, 3), [0, 1, 1])]
    """
    label_mode = _LABEL_MODE.check(_WHERE, "label_mode", label_mode)
    SEED.check(_WHERE, "seed", seed)
    size = Sizes(2).check(_WHERE, "image_size", image_size)
    mode = COLOR_MODES.check(_WHERE, "color_mode", color_mode)
    method = METHODS.check(_WHERE, "interpolation", interpolation)
    order = DATA_FORMAT.check(_WHERE, "data_format", data_format or "channels_last")
    OrNone(COUNT).check(_WHERE, "batch_size", batch_size)
    _check_split(validation_split, subset, shuffle, seed)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise option_error(
            _WHERE, "pad_to_aspect_ratio", True, "only one of crop_to_ and pad_to_aspect_ratio"
        )
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "distort"
    decode = _Decode(mode, size, method, fit, order, exif, max_pixels)

    paths, numbers, names = _indexed(
        directory, labels if label_mode else None, class_names, follow_links, verbose
    )
    if label_mode == "binary" and len(names or ()) != 2:
        raise DataError(
            _WHERE,
            "label_mode 'binary' needs two classes",
            expected="two",
            got=f"{len(names or ())}: {', '.join(map(repr, names or ()))}",
            site=user_site(),
        )
    if shuffle:
        paths, numbers = _shuffled(paths, numbers, seed)

    def dataset(part: slice, is_shuffled: bool) -> ImageDataset:
        files = PictureFiles(_WHERE, paths[part], decode, on_error, cache_bytes)
        kept = None if numbers is None else numbers[part]
        return ImageDataset(files, kept, names, label_mode, batch_size, is_shuffled, seed, prefetch)

    parts = _parts(len(paths), validation_split, verbose and subset)
    if subset == "both":
        return [dataset(parts["training"], shuffle), dataset(parts["validation"], False)]
    return dataset(parts[subset] if subset else slice(None), shuffle)


class _Decode:
    """From a path to the pixels of a picture of one size."""

    def __init__(
        self,
        color_mode: str,
        size: tuple[int, ...],
        method: str,
        fit: str,
        data_format: str,
        exif: bool,
        max_pixels: int | None,
    ) -> None:
        self._color_mode = color_mode
        self._size = size
        self._method = method
        self._fit = fit
        self._is_first = data_format == "channels_first"
        self._arguments = (exif, max_pixels)

    def __call__(self, path: str) -> Array:
        x = read_pixels(path, self._color_mode, None, "nearest", False, *self._arguments)
        if x.dtype != np.uint8:  # 16 bits of grey, of which TensorFlow keeps 8
            x = np.floor(x / 256)
        if self._fit == "pad":
            y = padded(x, self._size, self._method)
        else:
            if self._fit == "crop":
                top, left, rows, columns = crop_box(*x.shape[:2], *self._size)
                x = x[top : top + rows, left : left + columns]
            y = resized(x, self._size, self._method)
        return np.ascontiguousarray(np.moveaxis(y, -1, 0)) if self._is_first else y


def _check_split(
    validation_split: float | None, subset: str | None, shuffle: bool, seed: int | None
) -> None:
    _SPLIT.check(_WHERE, "validation_split", validation_split)
    _SUBSET.check(_WHERE, "subset", subset)
    if bool(validation_split) != bool(subset):
        raise OptionError(
            _WHERE,
            "validation_split and subset belong together",
            expected="both, or neither",
            got=f"validation_split={validation_split!r}, subset={subset!r}",
            site=user_site(),
        )
    if validation_split and shuffle and seed is None and subset != "both":
        raise OptionError(
            _WHERE,
            "without a seed the two subsets would overlap",
            expected="the same seed for both calls, shuffle=False, or subset='both'",
            got="seed=None",
            site=user_site(),
        )


def _indexed(
    directory: Any,
    labels: Any,
    class_names: Sequence[str] | None,
    follow_links: bool,
    verbose: bool,
) -> tuple[list[str], Array | None, list[str] | None]:
    """Paths, numbers of classes and names of classes, sorted by path."""
    folder = existing_folder(_WHERE, directory)
    is_inferred = isinstance(labels, str)
    if is_inferred and labels != "inferred":
        raise option_error(
            _WHERE, "labels", labels, "'inferred', None, or integers", nearest(labels, ["inferred"])
        )
    if class_names is not None and not is_inferred:
        raise OptionError(
            _WHERE,
            "class_names are for inferred labels",
            expected="labels='inferred', or class_names=None",
            got=f"class_names={list(class_names)!r}",
            site=user_site(),
        )
    folders = class_folders(_WHERE, folder, class_names) if is_inferred else [""]
    paths: list[str] = []
    inferred: list[int] = []
    for number, name in enumerate(folders):
        found = list_pictures(os.path.join(folder, name), ENDINGS, follow_links)
        paths += [os.path.join(folder, name, path) for path in found.pictures]
        inferred += [number] * len(found.pictures)
    if not paths:
        raise DataError(
            _WHERE,
            "there are no pictures",
            expected=f"files that end in {', '.join(ENDINGS)}"
            + (", in one folder a class" if is_inferred else ""),
            got=f"none in {folder!r}",
            site=user_site(),
        )
    if labels is None:
        if verbose:
            tell(f"Found {len(paths)} files.")
        return paths, None, None
    names = folders if is_inferred else [str(label) for label in sorted(set(labels))]
    if verbose:
        tell(f"Found {len(paths)} files belonging to {len(names)} classes.")
    return paths, _numbers(inferred if is_inferred else labels, len(paths)), names


def _numbers(labels: Any, count: int) -> Array:
    numbers = np.asarray(labels)
    if numbers.shape != (count,) or numbers.dtype.kind not in "iu":
        raise DataError(
            _WHERE,
            "labels do not fit the files",
            expected=f"{count} integers, one for each file",
            got=f"{numbers.dtype} {numbers.shape}",
            site=user_site(),
        )
    return numbers


def _shuffled(
    paths: list[str], numbers: Array | None, seed: int | None
) -> tuple[list[str], Array | None]:
    """In the order of Keras for this seed."""
    number = Draws().key % 10**6 if seed is None else seed
    order = np.arange(len(paths))
    np.random.RandomState(number).shuffle(order)
    return [paths[i] for i in order], None if numbers is None else numbers[order]


def _parts(count: int, fraction: float | None, told: Any) -> dict[str, slice]:
    """The samples for training and, the last ones, for validation.

    Raises:
        DataError: if either has none.
    """
    if not fraction:
        return {}
    held_out = int(fraction * count)
    if not 0 < held_out < count:
        raise DataError(
            _WHERE,
            "one of the subsets has no pictures",
            expected="at least one for training and one for validation",
            got=f"validation_split={fraction} of {count} pictures",
            site=user_site(),
        )
    if told in ("training", "both"):
        tell(f"Using {count - held_out} files for training.")
    if told in ("validation", "both"):
        tell(f"Using {held_out} files for validation.")
    return {"training": slice(0, count - held_out), "validation": slice(count - held_out, count)}
