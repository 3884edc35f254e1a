"""Packed archives: read whole, in memory, and never further than allowed."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from dataset_rows import tar

from thalweg.core.errors import FileFormatError
from thalweg.datasets.archives import members

CONTENTS = {"a/1.txt": b"one", "a/b/2.txt": b"", "3.bin": bytes(range(256)) * 100}


def read(path: Path, maximum_bytes: int = 10**6) -> dict[str, bytes]:
    return dict(members(path, maximum_bytes=maximum_bytes))


def failure(path: Path, maximum_bytes: int = 10**6) -> str:
    with pytest.raises(FileFormatError) as caught:
        read(path, maximum_bytes)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_read(mode: str, tmp_path: Path) -> None:
    """Whatever the file is called."""
    (tmp_path / "a").write_bytes(tar(CONTENTS, mode))
    assert list(members(tmp_path / "a", maximum_bytes=10**6)) == [*CONTENTS.items()]


def test_only_plain_files(tmp_path: Path) -> None:
    """Folders, links and devices are passed over; a hostile name is only a name."""
    with tarfile.open(tmp_path / "a", "w:gz") as archive:
        for name, kind in (
            ("folder", tarfile.DIRTYPE),
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("device", tarfile.CHRTYPE),
            ("../../outside", tarfile.REGTYPE),
            ("/etc/passwd", tarfile.REGTYPE),
        ):
            entry = tarfile.TarInfo(name)
            entry.type = kind
            entry.linkname = "/etc/passwd"
            archive.addfile(entry)
    assert read(tmp_path / "a") == {"../../outside": b"", "/etc/passwd": b""}
    assert {path.name for path in tmp_path.iterdir()} == {"a", "here", "home"}
    assert not list((tmp_path / "here").iterdir()) and not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_too_large(mode: str, tmp_path: Path) -> None:
    """A small archive of many zeros."""
    (tmp_path / "a").write_bytes(tar({"zeros": bytes(50_000_000)}, mode))
    tracemalloc.start()
    try:
        told = failure(tmp_path / "a")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert told == "too large when unpacked\n  expected  at most 1000000 bytes"


def test_large_header(tmp_path: Path) -> None:
    """A name of 50 million letters."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a" * 50_000_000))
    (tmp_path / "a").write_bytes(stream.getvalue())
    assert failure(tmp_path / "a").startswith("too large when unpacked")


def test_sparse_file(tmp_path: Path) -> None:
    """It would be a gigabyte of zeros, of which the archive holds nothing."""
    entry = tarfile.TarInfo("sparse")
    entry.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    head[386:482] = bytes(96)
    head[483:495] = b"%011o\0" % 2**30  # the real size
    head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 8 * 32)
    stream = io.BytesIO(bytes(head) + bytes(10_240))
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as archive:
        assert archive.getmembers()[0].issparse()
    import gzip

    (tmp_path / "a").write_bytes(gzip.compress(stream.getvalue()))
    assert read(tmp_path / "a") == {}


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_truncated_anywhere(mode: str, tmp_path: Path) -> None:
    content = tar(CONTENTS, mode)
    for size in range(2, len(content), 7):
        (tmp_path / "a").write_bytes(content[:size])
        assert failure(tmp_path / "a").startswith("damaged or truncated")


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all"])
def test_other_files(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert failure(tmp_path / "a") == "not an archive\n  expected  a .tar.gz or .tar.xz file"


def test_packed_but_no_archive(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "a").write_bytes(gzip.compress(b"only text, and not even much of it"))
    assert failure(tmp_path / "a").startswith("damaged or truncated")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "a")
