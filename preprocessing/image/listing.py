"""Which files of a folder are pictures, and of which classes."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from thalweg.core import DataError, OptionError, nearest, user_site

__all__ = [
    "Listing",
    "class_folders",
    "existing_folder",
    "list_pictures",
    "require_pictures",
    "tell",
    "warn_of_classes",
]


class Listing(NamedTuple):
    """The files below a folder.

    Attributes:
        pictures: paths from that folder, sorted folder by folder.
        others: what is not a picture by its name.
    """

    pictures: list[str]
    others: list[str]


def tell(text: str) -> None:
    """Prints a line."""
    sys.stdout.write(text + "\n")


def list_pictures(folder: str, endings: tuple[str, ...], follow_links: bool) -> Listing:
    """The files below a folder, with a picture's ending or another.

    Hidden files and folders, whose names begin with a dot, are neither.
    # differs from Keras 2, which reads what other programs hide there, such as thumbnails.
    """
    pictures: list[str] = []
    others: list[str] = []
    for root, files in sorted(_walk(folder, follow_links)):
        inside = os.path.relpath(root, folder)
        for name in sorted(files):
            path = os.path.normpath(os.path.join(inside, name))
            (pictures if name.lower().endswith(endings) else others).append(path)
    return Listing(pictures, others)


def _walk(folder: str, follow_links: bool) -> Iterator[tuple[str, list[str]]]:
    """Folders and the names of their files, nothing hidden; each once, even if links go round."""
    seen = set()
    for root, folders, files in os.walk(folder, followlinks=follow_links):
        place = os.path.realpath(root)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield root, [name for name in files if not name.startswith(".")]


def class_folders(where: str, directory: Any, classes: Sequence[str] | None) -> list[str]:
    """The folders of classes in a folder, sorted; or those that were asked for, in their order.

    Raises:
        OptionError: if the folder is missing, or lacks one that was asked for.
    """
    folder = existing_folder(where, directory)
    found = sorted(
        name
        for name in os.listdir(folder)
        if os.path.isdir(os.path.join(folder, name)) and not name.startswith(".")
    )
    if not classes:
        return found
    if isinstance(classes, str):
        classes = [classes]
    for name in classes:
        if not os.path.isdir(os.path.join(folder, name)):
            raise OptionError(
                where,
                f"there is no folder for the class {name!r}",
                expected=", ".join(map(repr, found)) or "folders of classes",
                got=f"classes={list(classes)!r}",
                hint=nearest(name, found),
                site=user_site(),
            )
    return list(classes)


def existing_folder(where: str, directory: Any) -> str:
    """The path of a folder.

    Raises:
        OptionError: if it is none.
    """
    try:
        folder = os.path.expanduser(os.fsdecode(directory))
    except TypeError:
        folder = ""
    if not os.path.isdir(folder):
        raise OptionError(
            where,
            "there is no such folder",
            expected="a folder",
            got=repr(directory),
            site=user_site(),
        )
    return folder


def require_pictures(
    where: str, folder: str, count: int, endings: Sequence[str], others: Sequence[str]
) -> None:
    """Raises DataError if there are none."""
    if count:
        return
    inside = [name for name in sorted(os.listdir(folder)) if name.lower().endswith(tuple(endings))]
    hint = None
    if inside:
        hint = (
            f"pictures lie in the folder itself, as {inside[0]!r}: move them to one folder a class "
            "below it"
        )
    elif others:
        hint = f"there are other files, as {others[0]!r}"
    raise DataError(
        where,
        "there are no pictures",
        expected=f"files that end in {', '.join(endings)}, in one folder a class",
        got=f"none in {folder!r}",
        site=user_site(),
        hint=hint,
    )


def warn_of_classes(where: str, counts: dict[str, int]) -> None:
    """Says which folders of classes have no pictures, and whether there is only one class."""
    empty = [name for name, count in counts.items() if not count]
    if empty:
        _warn(f"{where}: no pictures in the class folders {', '.join(map(repr, empty))}")
    if len(counts) == 1:
        _warn(f"{where}: there is only one class, {next(iter(counts))!r}")


def _warn(text: str) -> None:
    site = user_site(2)
    warnings.warn_explicit(
        f"thalweg: {text}",
        UserWarning,
        site.filename if site else "<thalweg>",
        site.line if site else 1,
    )
