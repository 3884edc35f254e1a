"""keras.utils.get_file: cache, checksums, archives, and what hostile ones may not do."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import CONTENT

from thalweg.core.errors import DataError, FileFormatError, OptionError
from thalweg.utils import get_file

FILES = {"pictures/a/1.txt": b"one", "pictures/b/2.txt": b"two" * 1000, "readme": b"text"}
Start = Callable[[bytes], str]


def tar_of(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in more:
            archive.addfile(entry)
    return packed.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("pictures/", b"")
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def origin(serve: Any) -> Start:
    """The address of a server that has one file; `requests` counts."""

    def start(content: bytes) -> str:
        server = serve(lambda handler: handler.whole(content))
        start.server = server  # type: ignore[attr-defined]
        return f"http://127.0.0.1:{server.server_port}/some%20data.bin?key=1"

    return start


def requests(origin: Any) -> int:
    return len(origin.server.ranges)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(".lock")
    }


def test_a_file_is_downloaded_once(origin: Any, home: Path) -> None:
    address = origin(CONTENT)
    path = get_file("data.bin", address)
    assert path == str(home / ".keras" / "datasets" / "data.bin")
    assert Path(path).read_bytes() == CONTENT
    assert get_file("data.bin", address) == path
    assert requests(origin) == 1
    get_file("data.bin", address, force_download=True)
    assert requests(origin) == 2


def test_where_it_goes(origin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = origin(b"x")
    assert get_file(origin=address, cache_dir=tmp_path / "c", cache_subdir="s") == str(
        tmp_path / "c" / "s" / "some data.bin"
    )
    assert get_file(str(tmp_path / "here.bin"), address) == str(tmp_path / "here.bin")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert get_file("a", address) == str(tmp_path / "k" / "datasets" / "a")


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_file_with_another_checksum_is_replaced(origin: Any, home: Path, kind: str) -> None:
    address, digest = origin(CONTENT), hashlib.new(kind, CONTENT).hexdigest()
    target = home / ".keras" / "datasets" / "data.bin"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    name = "md5_hash" if kind == "md5" else "file_hash"
    assert Path(get_file("data.bin", address, **{name: digest.upper()})).read_bytes() == CONTENT
    get_file("data.bin", address, **{name: digest})
    assert requests(origin) == 1


def test_a_wrong_download_leaves_the_old_file(origin: Any, home: Path) -> None:
    target = home / ".keras" / "datasets" / "data.bin"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    with pytest.raises(DataError, match="wrong checksum"):
        get_file("data.bin", origin(CONTENT), file_hash="0" * 64)
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_archives_are_unpacked_beside_themselves(origin: Any, pack: Any) -> None:
    content = pack(FILES)
    path = Path(get_file("pictures.packed", origin(content), extract=True))
    assert files_in(path.parent) == {**FILES, "pictures.packed": content}
    (path.parent / "readme").write_text("mine")
    (path.parent / "pictures" / "a" / "1.txt").unlink()
    get_file("pictures.packed", "http://127.0.0.1:9/", extract=True)
    assert (path.parent / "readme").read_text() == "mine"  # what is there stays


def test_untar_gives_the_folder(origin: Any, home: Path) -> None:
    inside = {name: content for name, content in FILES.items() if "/" in name}
    address = origin(tar_of(inside))
    path = Path(get_file("pictures", address, untar=True))
    assert path == home / ".keras" / "datasets" / "pictures"
    assert files_in(path) == {name[9:]: content for name, content in inside.items()}
    get_file("pictures", address, untar=True)
    assert requests(origin) == 1


def test_what_is_no_archive_stays_a_file(origin: Any) -> None:
    path = Path(get_file("data.bin", origin(CONTENT), extract=True))
    assert list(files_in(path.parent)) == ["data.bin"]
    assert get_file("a.zip", origin(zip_of(FILES)), extract=True, archive_format="tar")
    assert list(files_in(path.parent)) == ["a.zip", "data.bin"]


@pytest.mark.parametrize(
    "content",
    [
        tar_of({"good": b"", "../bad": b"x"}),
        tar_of({"good": b"", "/tmp/bad": b"x"}),
        tar_of({"good": b"", "a/../../bad": b"x"}),
        zip_of({"good": b"", "..\\bad": b"x"}),
        zip_of({"good": b"", "C:/bad": b"x"}),
    ],
)
def test_nothing_leaves_the_folder(origin: Any, content: bytes) -> None:
    address = origin(content)
    with pytest.raises(FileFormatError, match=r"data.bin: holds a name that leaves the folder"):
        get_file("a/b/data.bin", address, extract=True)
    names = {path.name for path in Path.home().rglob("*") if path.is_file()}
    assert {name for name in names if not name.endswith(".lock")} == {"data.bin"}


def test_links_are_refused(origin: Any) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(
        FileFormatError, match=r"data.bin: holds what is neither a file nor a folder"
    ):
        get_file("data.bin", origin(tar_of({"good": b""}, link)), extract=True)
    assert not (Path.home() / ".keras" / "datasets" / "good").exists()


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_a_truncated_archive_leaves_nothing(origin: Any, pack: Any) -> None:
    packed = pack({"a": b"", "b": os.urandom(100_000)})
    content = (
        packed[: len(packed) // 2] if pack is tar_of else packed[:50] + b"\0" * 99 + packed[149:]
    )
    with pytest.raises(FileFormatError, match="damaged or truncated"):
        get_file("data.bin", origin(content), extract=True)
    assert list(files_in(Path.home())) == [".keras/datasets/data.bin"]


def test_errors(origin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="no address"):
        get_file("data.bin")
    with pytest.raises(OptionError, match="ends in no name"):
        get_file(origin="http://127.0.0.1:9/")
    with pytest.raises(OptionError, match="unknown archive_format"):
        get_file("a", "http://127.0.0.1:9/a", archive_format="rar")
    monkeypatch.setenv("THALWEG_OFFLINE", "1")
    with pytest.raises(DataError, match="THALWEG_OFFLINE is set"):
        get_file("data.bin", origin(CONTENT))
    assert requests(origin) == 0
