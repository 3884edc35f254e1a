"""Folders of pictures for training and testing: one folder a class, perhaps in `train/` and `val/`.

>>> sorted(AUGMENTATION)
['height_shift_range', 'rotation_range', 'width_shift_range', 'zoom_range']
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thalweg.core.errors import DataError, nearest
from thalweg.preprocessing.image import ImageDataGenerator
from thalweg.preprocessing.image.listing import class_folders, existing_folder, list_pictures

from .model_card import ModelCard
from .pictures import Preparation

__all__ = [
    "AUGMENTATION",
    "PictureFolders",
    "count_pictures",
    "find_folders",
    "folder_to_evaluate",
    "in_order",
    "numbers_of_classes",
    "picture_batches",
    "pictures_at",
]

AUGMENTATION: Mapping[str, Any] = {
    "rotation_range": 15,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "zoom_range": 0.15,
}
"""How pictures are changed by chance in training; mirrored as well where classes allow it."""

_TRAIN = ("train", "training")
_VALIDATION = ("val", "valid", "validation", "test")
_TEST = ("test", "val", "valid", "validation")
_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")


@dataclass(frozen=True)
class PictureFolders:
    """Where the pictures of a training lie.

    Attributes:
        train: the folder that holds one folder a class.
        validation: another one, or None to set pictures of the first aside.
        counts: class -> number of pictures in `train`, sorted by name.
    """

    train: str
    validation: str | None
    counts: Mapping[str, int]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, sorted."""
        return tuple(self.counts)

    def set_aside(self, part: float) -> int:
        """How many pictures a part of each class is, rounded down as the generator does."""
        return sum(int(part * count) for count in self.counts.values())


def find_folders(folder: str) -> PictureFolders:
    """What a folder for training holds: class folders, or `train/` and perhaps `val/` with them.

    Raises:
        OptionError: there is no such folder.
        DataError: there are fewer than two classes with pictures, classes of `val/` are not those
            of `train/`, or a class has no pictures.
    """
    home = existing_folder("train", folder)
    parts = _parts(home)
    train = _first(parts, _TRAIN)
    validation = _first(parts, _VALIDATION) if train else None
    counts = count_pictures(train or home)
    empty = [name for name, count in counts.items() if not count]
    if len(counts) < 2 or empty:
        raise _too_few(train or home, counts, empty)
    if validation is not None:
        others = count_pictures(validation)
        if set(others) != set(counts):
            raise DataError(
                "train",
                "the classes for validation are not those for training",
                expected=f"in {validation}: {_listed(counts)}",
                got=_listed(others),
                hint=_difference(counts, others),
            )
        if not any(others.values()):
            raise _too_few(validation, others, list(others))
    return PictureFolders(train or home, validation, counts)


def pictures_at(paths: Sequence[str]) -> list[str]:
    """Paths of pictures, where a folder stands for all pictures in and below it.

    Raises:
        DataError: a folder has none.
    """
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        names = list_pictures(path, _ENDINGS, False).pictures
        if not names:
            raise DataError(
                "folder",
                "there are no pictures",
                expected=f"files {_listed_endings()} in or below {path!r}",
                got=f"{len(os.listdir(path))} files and folders, none of these",
                hint="name the files themselves if they have other endings",
            )
        found += [os.path.join(path, name) for name in names]
    return found


def count_pictures(folder: str) -> dict[str, int]:
    """Class -> number of pictures, for the class folders of a folder, sorted by name.

    Raises:
        OptionError: there is no such folder.
    """
    return {
        name: len(list_pictures(os.path.join(folder, name), _ENDINGS, False).pictures)
        for name in class_folders("pictures", folder, None)
    }


def folder_to_evaluate(folder: str) -> str:
    """The folder with class folders in it: itself, or its `test/` or `val/`.

    Raises:
        OptionError: there is no such folder.
        DataError: there are no pictures.
    """
    home = existing_folder("evaluate", folder)
    parts = _parts(home)
    found = _first(parts, _TEST) or _first(parts, _TRAIN) or home
    if not any(count_pictures(found).values()):
        raise _too_few(found, count_pictures(found), [], needed=1)
    return found


def numbers_of_classes(
    folder: str, classes: Sequence[str], ids: Sequence[str] = ()
) -> dict[str, int]:
    """Class folder -> number of the model's class, by their names.

    Args:
        folder: holds one folder a class; a class of the model may be missing.
        classes: the model's, in order.
        ids: other names of these, in the same order.

    Raises:
        DataError: a folder has the name of no class.
    """
    names = [name for name, count in count_pictures(folder).items() if count]
    for known in (classes, ids):
        if known and set(names) <= set(known):
            numbers = {name: number for number, name in reversed(list(enumerate(known)))}
            return {name: numbers[name] for name in names}
    strange = [name for name in names if name not in classes]
    raise DataError(
        folder,
        "the folders are not the model's classes",
        expected=f"folders of {_listed(classes)}",
        got=f"also {_listed(strange)}",
        hint=nearest(strange[0], classes)
        or "a folder has the name of its class, as it was in training",
    )


def picture_batches(
    folder: str,
    classes: Sequence[str],
    card: ModelCard,
    size: tuple[int, int],
    channels: int,
    *,
    batch_size: int = 32,
    shuffle: bool = False,
    seed: int | None = None,
    augmentation: Mapping[str, Any] | None = None,
    split: float = 0.0,
    subset: str | None = None,
) -> Any:
    """Batches of a folder's pictures as a model takes them; files that are damaged are skipped.

    Args:
        folder: holds one folder a class.
        classes: the folders, in the order of their numbers.
        card: how pixels become input.
        size, channels: of the model's pictures.
        batch_size, shuffle, seed: as in `flow_from_directory`.
        augmentation: arguments of `ImageDataGenerator`, or None.
        split, subset: the part of each class for `"validation"`, and which of the two is meant.

    Returns:
        A `DirectoryIterator` of (inputs, numbers of classes as float32).
    """
    generator = ImageDataGenerator(
        preprocessing_function=Preparation(card), validation_split=split, **(augmentation or {})
    )
    with warnings.catch_warnings():
        # Of classes without pictures, or of a single one: both are as they should be in tests.
        warnings.filterwarnings("ignore", "thalweg: flow_from_directory: ")
        return generator.flow_from_directory(
            folder,
            target_size=size,
            color_mode="grayscale" if channels == 1 else "rgb",
            classes=list(classes),
            class_mode="sparse",
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            subset=subset,
            interpolation="bilinear",
            keep_aspect_ratio=True,
            on_error="skip",
            verbose=False,
        )


def in_order(batches: Any) -> Iterator[tuple[Any, Any, list[str]]]:
    """The batches of an iterator that does not shuffle, with the paths of their pictures.

    Where not one file of a batch can be read, the iterator puts another picture in its place, for
    a batch cannot be empty; here such a batch is left out.

    Args:
        batches: what `picture_batches` returns.

    Yields:
        Inputs, numbers of classes, paths: of equal lengths.
    """
    for index in range(len(batches)):
        x, y = batches[index]
        start = index * batches.batch_size
        own = batches.filepaths[start : start + batches.batch_size]
        paths = [path for path in own if path not in batches.skipped]
        if paths:
            yield x, y, paths


def _parts(home: str) -> dict[str, str]:
    """The folders `train/`, `val/` and so on by name; none where there are others beside them.

    A folder `train` beside `bus` and `car` is of trains.
    """
    names = class_folders("pictures", home, None)
    if not names or not set(names) <= {*_TRAIN, *_TEST}:
        return {}
    return {name: os.path.join(home, name) for name in names}


def _first(parts: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The first of the folders that is there."""
    return next((parts[name] for name in names if name in parts), None)


def _too_few(
    folder: str, counts: Mapping[str, int], empty: Sequence[str], needed: int = 2
) -> DataError:
    inside = sorted(os.listdir(folder))
    loose = [name for name in inside if name.lower().endswith(_ENDINGS)]
    hint = "FOLDER/cats/1.jpg, FOLDER/dogs/1.jpg, or FOLDER/train/cats/… and FOLDER/val/cats/…"
    if empty:
        hint = f"no pictures in {_listed(empty)}: fill or remove the folder"
    elif loose:
        hint = f"pictures lie in the folder itself, as {loose[0]!r}: move them to class folders"
    got = f"{_listed(counts)} in {folder!r}" if counts else f"no folders in {folder!r}"
    return DataError(
        "folder",
        "there are no pictures"
        if not any(counts.values())
        else "a class has no pictures"
        if empty
        else "there is only one class",
        expected=f"a folder a class, at least {needed}, with files {_listed_endings()}",
        got=got,
        hint=hint,
    )


def _listed_endings() -> str:
    """What the names of pictures end in."""
    return ", ".join(f"*{ending}" for ending in _ENDINGS)


def _listed(names: Any, most: int = 8) -> str:
    """Some names of many."""
    texts = [repr(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more or "none"


def _difference(wanted: Mapping[str, int], got: Mapping[str, int]) -> str:
    missing, extra = sorted(set(wanted) - set(got)), sorted(set(got) - set(wanted))
    parts = [f"missing: {_listed(missing)}"] * bool(missing) + [f"extra: {_listed(extra)}"] * bool(
        extra
    )
    return "; ".join(parts)
