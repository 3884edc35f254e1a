"""Peers are installed once, each by itself; pip is made up."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare import installation
from benchmarks.compare.peers import Peer

ONE = Peer("one", "by_one", ("shared>=1", "one==2"))
TWO = Peer("two", "by_two", ("shared>=1", "two==3+cpu"))


def test_what_is_missing_is_installed_and_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if command[1:3] == ["-m", "venv"]:
            python = Path(command[3]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.touch()
        else:
            asked.append(command[command.index("--pre") + 1 :])
        has_failed = "two==3+cpu" in command
        error = "first\nERROR: No matching distribution found for two==3+cpu\n"
        return subprocess.CompletedProcess(command, int(has_failed), "", error * has_failed)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", run)
    python, missing = installation.install_peers([ONE, TWO], ["--pre"])
    assert python.is_relative_to(tmp_path / "thalweg-benchmarks")
    assert asked == [["shared>=1", "one==2"], ["two==3+cpu"]]
    assert missing == {"two": "ERROR: No matching distribution found for two==3+cpu"}
    asked.clear()
    assert installation.install_peers([ONE], ["--pre"]) == (python, {})
    assert asked == []
