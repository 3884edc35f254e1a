"""`DirectoryIterator`: batches of the picture files of a folder, one folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import DataError, user_site

from .file_iterator import FileIterator, one_of_modes
from .listing import (
    class_folders,
    existing_folder,
    list_pictures,
    require_pictures,
    tell,
    warn_of_classes,
)
from .reading import MAX_PIXELS

__all__ = ["DirectoryIterator"]

_LABELS = ("categorical", "binary", "sparse")


class DirectoryIterator(FileIterator):
    """Batches of the picture files of a folder that has one folder for each class.

    Files in folders inside of a class's folder count as well; hidden ones, and files whose names
    do not end in .png, .jpg, .jpeg, .bmp, .ppm, .tif or .tiff, do not.

    Args:
        directory: the folder.
        image_data_generator: what transforms the pictures, or None.
        target_size: (height, width) that all pictures are resized to.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: names of the folders, in the order of their numbers; None for all, sorted.
        class_mode: what targets are: "categorical" has a column a class, "binary" and "sparse"
            the class's number, "input" the transformed picture itself; None has no targets.
        batch_size: pictures a batch; the last of an epoch may have fewer.
        shuffle: whether the order is random; else sorted by name.
        seed: an integer >= 0 from which order and transformations follow, or None.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder where all pictures are written, to look at them, or None.
        save_prefix, save_format: of these files, which are named PREFIX_NUMBER_EPOCH.FORMAT.
        follow_links: whether to look into folders that are links.
        subset: "validation" for the first files of each class, of which the generator's
            `validation_split` says how many, "training" for the rest, None for all.
        interpolation, keep_aspect_ratio, exif, max_pixels: see `load_img`.
        dtype: of batches.
        on_error: "raise", or "skip" for batches without the files that cannot be read; which
            they are is in `skipped`.
        cache_bytes: how many bytes of decoded pixels are kept in memory, so that files are read
            once; None for a quarter of free memory, at most 1 GiB; 0 for none.
        prefetch: how many batches are made ahead, on other threads.
        verbose: whether to print how many files were found.

    Attributes:
        filenames: paths from the folder, by number.
        filepaths: the same with the folder.
        classes: the number of each file's class, int32.
        class_indices: name -> number of each class.
        num_classes, samples: how many there are.
        ignored: files that were left out because of their names.
        skipped: path -> reason, of files that could not be read.

    Raises:
        OptionError: for an argument outside its values, a folder that is missing, or one that
            a class of `classes` lacks.
        DataError: if there are no pictures, or not two classes for "binary".
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        dtype: Any = "float32",
        *,
        keep_aspect_ratio: bool = False,
        exif: bool = True,
        max_pixels: int | None = MAX_PIXELS,
        on_error: str = "raise",
        cache_bytes: int | None = None,
        prefetch: int = 2,
        verbose: bool = True,
    ) -> None:
        self._set_up(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
            dtype,
            exif,
            max_pixels,
        )
        self.class_mode = one_of_modes(self, class_mode, self.allowed_class_modes)
        self.directory = existing_folder("flow_from_directory", directory)
        names = class_folders("flow_from_directory", self.directory, classes)
        self.num_classes = len(names)
        self.class_indices = dict(zip(names, range(len(names)), strict=True))
        self._find(follow_links, verbose)
        self._finish(self.directory, batch_size, shuffle, seed, on_error, cache_bytes, prefetch)

    def _find(self, follow_links: bool, verbose: bool) -> None:
        """Lists the files and numbers their classes."""
        endings = tuple(f".{name}" for name in self.white_list_formats)
        self.filenames, self.ignored = [], []
        numbers: list[int] = []
        counts = {}
        for name, number in self.class_indices.items():
            folder = os.path.join(self.directory, name)
            pictures, others = list_pictures(folder, endings, follow_links)
            counts[name] = len(pictures)
            part = pictures[self._part(len(pictures))]
            self.filenames += [os.path.join(name, path) for path in part]
            self.ignored += [os.path.join(name, path) for path in others]
            numbers += [number] * len(part)
        self.classes = np.array(numbers, np.int32)
        require_pictures(
            "flow_from_directory", self.directory, len(self.filenames), endings, self.ignored
        )
        if self.class_mode in _LABELS:
            self._check_classes(counts)
        if verbose:
            more = f" ({len(self.ignored)} other files ignored)" if self.ignored else ""
            tell(f"Found {len(numbers)} images belonging to {len(counts)} classes.{more}")

    def _check_classes(self, counts: dict[str, int]) -> None:
        if self.class_mode == "binary" and len(counts) > 2:
            raise DataError(
                "flow_from_directory",
                "class_mode 'binary' needs two classes",
                expected="two folders, or two names in classes",
                got=f"{len(counts)}: {', '.join(map(repr, counts))}",
                hint="class_mode='sparse' has the same targets for any number of classes",
                site=user_site(),
            )
        warn_of_classes("flow_from_directory", counts)
