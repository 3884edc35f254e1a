"""The package itself: what importing it costs, and what it names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from thalweg import layers

HEAVY = ("h5py", "PIL", "rich", "scipy", "thalweg.layers.convolution")


def test_import_loads_little() -> None:
    code = f"import sys, thalweg.layers; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout == "[]\n"


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Dence'"):
        layers.Dence  # noqa: B018


def test_names() -> None:
    assert dir(layers) == sorted(layers.__all__) == sorted(layers._HOMES)
