"""The lock between processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from thalweg.datasets.locks import exclusive

HOLDER = """
import sys, time
from thalweg.datasets.locks import exclusive
with exclusive(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_nothing_is_left(path: Path) -> None:
    for _ in range(2):
        with exclusive(path):
            assert path.exists()
        assert not path.exists()


def test_error_frees(path: Path) -> None:
    with pytest.raises(KeyError), exclusive(path):
        raise KeyError
    with exclusive(path, lambda: False):
        pass


def test_second_holder_is_refused(path: Path) -> None:
    with exclusive(path), pytest.raises(TimeoutError) as caught, exclusive(path, lambda: False):
        pass
    assert str(caught.value) == f"{path} is held by another process"
    assert not path.exists()


def test_process_that_dies_frees(path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(TimeoutError), exclusive(path, lambda: False):
        pass
    holder.kill()
    holder.wait()
    with exclusive(path, lambda: False):
        assert path.exists()
    assert not path.exists()


def test_one_at_a_time(path: Path) -> None:
    """Also while each holder removes the file that the others are waiting for."""
    inside = []
    most = []

    def work() -> None:
        with exclusive(path, poll_s=0.001):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20
    assert not path.exists()


def test_lock_of_a_removed_file_is_not_enough(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder is done between our opening and our locking of its file."""
    real = os.open
    opened = []

    def open_then_remove(*arguments: object) -> int:
        descriptor = real(*arguments)  # type: ignore[arg-type]
        if not opened:
            os.unlink(path)
        opened.append(descriptor)
        return descriptor

    monkeypatch.setattr(os, "open", open_then_remove)
    with exclusive(path, poll_s=0):
        assert path.exists()
    assert len(opened) == 2


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), exclusive(tmp_path / "nowhere" / "a.lock"):
        pass
