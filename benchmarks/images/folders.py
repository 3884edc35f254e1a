"""Folders of picture files, one folder a class: real ones where there are any, else drawn ones.

Archives are looked for in the folder that `THALWEG_DATA` names. What they contain is written under
names of our own, and appears whole or not at all.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.images.pictures import drawn

__all__ = ["Folder", "photographs", "small_pictures"]

Files = Iterator[tuple[str, bytes]]  # class, and what is in the file

_MOST_BYTES = 2**22  # of one file
_SIZES = ((375, 500), (500, 375), (333, 500), (500, 500))  # of drawn photographs
_CIFAR_CLASSES = 10


class Folder(NamedTuple):
    """A folder, and where its pictures come from."""

    path: Path
    source: str


def photographs(cache: Path, count: int = 384) -> Folder:
    """Photographs of ants and bees, half of each; or drawn pictures of their sizes.

    Args:
        cache: folder that the pictures are written to, once.
        count: how many there are, at most 384.
    """
    archive = _archive("ants_bees.zip")
    if archive is None:
        return _made(cache, f"drawn-{count}", lambda: _drawn_photographs(count))
    return _made(cache, f"ants_bees-{count}", lambda: _ants_and_bees(archive, count // 2))


def small_pictures(cache: Path, count: int) -> Folder:
    """Pictures of CIFAR-10, as many of each class; or drawn ones of 32 x 32.

    Args:
        cache: folder that the pictures are written to, once.
        count: how many there are, a multiple of ten.
    """
    archive = _archive("cifar10_images.tar.xz")
    each = count // _CIFAR_CLASSES
    if archive is None:
        return _made(cache, f"small-{count}", lambda: _drawn_small(each))
    return _made(cache, f"cifar10-{count}", lambda: _cifar(archive, each))


def _archive(name: str) -> Path | None:
    folder = os.environ.get("THALWEG_DATA")
    path = Path(folder) / name if folder else None
    return path if path is not None and path.is_file() else None


def _made(cache: Path, name: str, files: Callable[[], Files]) -> Folder:
    """A folder of the cache, written first if it is not there."""
    target = cache / name
    if not target.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=cache))
        try:
            for number, (kind, data) in enumerate(files()):
                (new / kind).mkdir(exist_ok=True)
                (new / kind / f"{number:05}.jpg").write_bytes(data)
            os.replace(new, target)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return Folder(target, name)


def _ants_and_bees(archive: Path, each: int) -> Files:
    wanted = re.compile(r"ants_bees/(?:train|val)/(ants|bees)/[^/]+\.jpg")
    left = {"ants": each, "bees": each}
    with zipfile.ZipFile(archive) as opened:
        for member in sorted(opened.infolist(), key=lambda member: member.filename):
            match = wanted.fullmatch(member.filename)
            if match and left[match[1]] and member.file_size <= _MOST_BYTES:
                left[match[1]] -= 1
                yield match[1], opened.read(member)
    if any(left.values()):
        raise ValueError(f"{archive} has not {each} photographs of each class")


def _cifar(archive: Path, each: int) -> Files:
    wanted = re.compile(r"cifar10/train/([a-z]+)/(\d+)\.jpg")
    found = 0
    with tarfile.open(archive, "r|xz") as opened:
        for member in opened:
            match = wanted.fullmatch(member.name) if member.isfile() else None
            if not match or int(match[2]) >= each or member.size > _MOST_BYTES:
                continue
            file = opened.extractfile(member)
            if file is not None:
                found += 1
                yield match[1], file.read()
    if found != each * _CIFAR_CLASSES:
        raise ValueError(f"{archive} has {found} of {each * _CIFAR_CLASSES} pictures")


def _drawn_photographs(count: int) -> Files:
    for number in range(count):
        height, width = _SIZES[number % len(_SIZES)]
        yield f"class_{number % 2}", _jpeg(drawn(1, height, width, number)[0])


def _drawn_small(each: int) -> Files:
    for number in range(_CIFAR_CLASSES):
        for picture in drawn(each, 32, 32, number):
            yield f"class_{number}", _jpeg(picture)


def _jpeg(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return file.getvalue()
