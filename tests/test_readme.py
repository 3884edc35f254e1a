"""README.md and docs/ keep their word: examples run, commands are those of CI, links lead on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = ROOT / ".ci" / "run"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SH = shutil.which("bash")

# Stands in for Python: "installs" a pip that succeeds and a pytest that tells what it was given.
FAKE_PYTHON = """#!/bin/sh
test "$*" = "-m venv .venv" || exit 9
mkdir -p .venv/bin
printf '#!/bin/sh\\ntest "$*" = "install -e .[test]"\\n' > .venv/bin/pip
printf '#!/bin/sh\\ncat; echo "data=${THALWEG_DATA-none} ci=$CI"; exit 3\\n' > .venv/bin/pytest
chmod +x .venv/bin/pip .venv/bin/pytest
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_ci_calls_the_readme_test_command() -> None:
    assert os.access(CI, os.X_OK)
    command = CI.read_text(encoding="utf-8").splitlines()[-1]
    assert f"{command}\n" in blocks("sh")


def test_each_command_does_its_own_set_up() -> None:
    alone = [block for block in blocks("sh") if block.count("\n") == 1]
    assert len(alone) == 2
    assert all(command.startswith("python3 -m venv .venv && ") for command in alone)
    assert "examples/mnist_lenet.py" in alone[0]


@pytest.mark.skipif(SH is None, reason="needs bash")
@pytest.mark.parametrize(
    ("beside", "given", "seen"),
    [(True, None, "shared"), (True, "/given", "/given"), (False, None, "none")],
)
def test_ci_finds_the_data(beside: bool, given: str | None, seen: str, tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "python3"
    script = tmp_path / "checkout" / ".ci" / "run"
    data = tmp_path / "shared" / "data"
    for folder in (fake.parent, script.parent, *([data] if beside else [])):
        folder.mkdir(parents=True)
    shutil.copy(CI, script)
    fake.write_text(FAKE_PYTHON, encoding="utf-8")
    fake.chmod(0o755)
    variables = {key: os.environ[key] for key in os.environ if key not in {"THALWEG_DATA", "CI"}}
    variables["PATH"] = f"{fake.parent}{os.pathsep}{variables['PATH']}"
    if given is not None:
        variables["THALWEG_DATA"] = given
    done = subprocess.run(
        [script], cwd="/", env=variables, input="typed", capture_output=True, text=True, check=False
    )
    expected = str(data.resolve()) if seen == "shared" else seen
    assert done.stdout.splitlines() == [f"data={expected} ci=true"], done.stderr
    assert done.returncode == 3


@pytest.mark.slow
def test_example_runs(tmp_path: Path) -> None:
    (example,) = blocks("python")
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (256, 28, 28), dtype=np.uint8)
    labels = random.integers(0, 10, 256).astype(np.uint8)
    file = tmp_path / "mnist.npz"
    np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path,
        env={**os.environ, "THALWEG_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loss, accuracy = re.findall(r"[\d.]+", done.stdout.splitlines()[-1])[-2:]
    assert float(loss) > 0
    assert 0 <= float(accuracy) <= 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("http")]
    assert [target for target in local if not (page.parent / target).exists()] == []
