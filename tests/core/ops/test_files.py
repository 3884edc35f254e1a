"""Files that a run reads and writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from thalweg.core import (
    Graph,
    KernelError,
    Session,
    as_string,
    constant,
    control_dependencies,
    placeholder,
    read_file,
    reshape,
    string_join,
    string_split,
    write_file,
)
from thalweg.core.errors import DtypeError, ShapeError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def test_what_is_written_is_read(tmp_path: Path, backend: str) -> None:
    name = placeholder("string", [])
    contents = placeholder("string", [])
    write, read = write_file(name, contents), read_file(name)
    session = Session(backend=backend)
    path = tmp_path / "a" / "ö.bin"
    assert session.run(write, {name: str(path), contents: b"\x00whole\x00"}) is None
    assert path.read_bytes() == b"\x00whole\x00" and os.listdir(path.parent) == ["ö.bin"]
    assert session.run(read, {name: str(path)}) == b"\x00whole\x00"


def test_reading_after_writing_in_one_run(tmp_path: Path) -> None:
    # The text's size is known in the run only: the write waits for it, and so the read must.
    path = str(tmp_path / "note")
    text = placeholder("string", [])
    parts, _ = string_split(reshape(text, [1]), ",")
    with control_dependencies([write_file(path, parts[0, -1])]):
        contents = read_file(path)
    session = Session()
    for given, last in (("a,b", b"b"), ("c", b"c")):
        assert session.run(contents, {text: given}) == last


def test_a_file_is_read_at_every_run(tmp_path: Path) -> None:
    path = tmp_path / "note"
    contents = read_file(str(path))
    session = Session()
    for text in ("one", "two"):
        path.write_text(text)
        assert session.run(contents) == text.encode()


def test_a_file_is_written_once_and_only_if_needed(tmp_path: Path, monkeypatch: Any) -> None:
    path, seen = tmp_path / "note", []
    monkeypatch.setattr("os.replace", lambda old, new, real=os.replace: seen.append(real(old, new)))
    x = constant(2.0)
    with control_dependencies([write_file(str(path), as_string(x))]):
        y = x + 1.0
    session = Session()
    session.run(x * 2.0)
    assert not path.exists()
    assert session.run([y * 2.0, y * 3.0, y.op]) == [6.0, 9.0, None]
    assert path.read_text() == "2.000000" and len(seen) == 1


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "note"
    path.write_text("old")
    operation = write_file(str(path), "new")

    def fail(*args: Any) -> None:
        raise OSError("disk is gone")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KernelError, match="WriteFile: its kernel failed: OSError: disk is gone"):
        Session().run(operation)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["note"]


def test_a_missing_file(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    contents = read_file(string_join([str(tmp_path), "none"], "/"), name="words")
    with pytest.raises(KernelError) as caught:
        Session().run(contents)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert str(caught.value).splitlines()[:2] == [
        "ReadFile: its kernel failed: FileNotFoundError: [Errno 2] No such file or directory: "
        f"{os.fsencode(path)!r}",
        "  node      'words'",
    ]
    assert "made at   test_files.py" in str(caught.value)


def test_one_file_at_a_time() -> None:
    with pytest.raises(ShapeError) as caught:
        read_file(["a", "b"])
    assert str(caught.value).splitlines()[:3] == [
        "ReadFile: takes one file",
        "  expected  string ()",
        "  got       filename string (2,)",
    ]
    with pytest.raises(DtypeError, match="WriteFile: takes strings"):
        write_file("a", 3.0)
