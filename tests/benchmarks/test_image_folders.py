"""Folders of picture files, from archives and without."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.images.folders import photographs, small_pictures


def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_without_archives_pictures_are_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    made = photographs(tmp_path / "cache", 4)
    assert made.source == "drawn-4" and made.path == tmp_path / "cache" / "drawn-4"
    files = written(made.path)
    assert [*files] == [f"class_{i % 2}/{i:05}.jpg" for i in (0, 2, 1, 3)]
    sizes = {Image.open(io.BytesIO(data)).size for data in files.values()}
    assert sizes == {(500, 375), (375, 500), (500, 333), (500, 500)}
    (made.path / "class_0" / "00000.jpg").write_bytes(b"kept")
    assert written(photographs(tmp_path / "cache", 4).path)["class_0/00000.jpg"] == b"kept"
    small = small_pictures(tmp_path / "cache", 20)
    assert len([*small.path.iterdir()]) == 10 and len(written(small.path)) == 20
    with Image.open(next(small.path.rglob("*.jpg"))) as picture:
        assert picture.size == (32, 32) and np.asarray(picture).std() > 10


def test_photographs_are_taken_from_their_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "ants_bees.zip", "w") as archive:
        for name in ("train/ants/b", "train/ants/a", "val/bees/c", "val/bees/d", "val/wasps/e"):
            archive.writestr(f"ants_bees/{name}.jpg", name)
        archive.writestr("ants_bees/train/ants/../../../out.jpg", "hostile")
        archive.writestr("ants_bees/train/bees/0.jpg", bytes(2**22 + 1))
    made = photographs(tmp_path / "cache", 4)
    assert made.source == "ants_bees-4"
    assert written(made.path) == {
        "ants/00000.jpg": b"train/ants/a",
        "ants/00001.jpg": b"train/ants/b",
        "bees/00002.jpg": b"val/bees/c",
        "bees/00003.jpg": b"val/bees/d",
    }
    with pytest.raises(ValueError, match="has not 3 photographs of each class"):
        photographs(tmp_path / "cache", 6)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["ants_bees-4"]


def test_small_pictures_are_taken_from_their_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    names = [f"{part}/{kind}/{i:04}" for part in ("test", "train") for kind in "abcdefghij"
             for i in range(2)]  # fmt: skip
    with tarfile.open(tmp_path / "cifar10_images.tar.xz", "w:xz") as archive:
        for name in names:
            member = tarfile.TarInfo(f"cifar10/{name}.jpg")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
        link = tarfile.TarInfo("cifar10/train/link/0000.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../../out"
        archive.addfile(link)
    made = small_pictures(tmp_path / "cache", 10)
    expected = {f"{kind}/{i:05}.jpg": f"train/{kind}/0000" for i, kind in enumerate("abcdefghij")}
    found = {name: data.decode() for name, data in written(made.path).items()}
    assert made.source == "cifar10-10" and found == expected
    with pytest.raises(ValueError, match="has 20 of 30 pictures"):
        small_pictures(tmp_path / "cache", 30)
