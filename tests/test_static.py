"""ruff and mypy find nothing: what pre-commit and an editor show is checked here as well.

A tool that is not installed skips its test, except in CI (environment variable `CI`).
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("highlevel", "core", "applications", "preprocessing")


def tool(name: str) -> list[str]:
    """The command of a tool of this environment."""
    if importlib.util.find_spec(name) is None:
        message = f'{name} is not installed: pip install -e ".[test]"'
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return [sys.executable, "-m", name]


def run(*command: str) -> str:
    """What a command says; its complaints are the test's failure."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_ruff_rules() -> None:
    run(*tool("ruff"), "check", "--no-cache")


def test_ruff_format() -> None:
    run(*tool("ruff"), "format", "--no-cache", "--check")


@pytest.mark.slow
def test_mypy() -> None:
    mypy = tool("mypy")
    run(sys.executable, str(ROOT / "tests" / "typing_view.py"))
    said = run(*mypy)
    checked = re.search(r"no issues found in (\d+) source files", said)
    assert checked, said
    files = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")]
    assert int(checked[1]) >= len(files), "mypy does not see all files: look at typing_view.py"


def test_missing_tool_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no_such_tool is not installed"):
        tool("no_such_tool")


def test_missing_tool_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no_such_tool is not installed"):
        tool("no_such_tool")
