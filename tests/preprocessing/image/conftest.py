"""Folders of small pictures, and a seed for each test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thalweg.utils import set_random_seed


@pytest.fixture(autouse=True)
def _seed() -> None:
    set_random_seed(1)


def write_picture(path: Path, number: int, size: tuple[int, int] = (10, 12)) -> None:
    """A picture of one color, of which the red part tells its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((*size, 3), (number, 100, 200), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cats and three dogs, one of them in a folder inside, beside a text and a hidden file."""
    paths = ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.bmp", "dogs/old/3.png"]
    for number, path in enumerate(paths):
        write_picture(tmp_path / "data" / path, 10 * number)
    (tmp_path / "data/dogs/notes.txt").write_text("no picture")
    (tmp_path / "data/dogs/.hidden.png").write_bytes(b"no picture")
    (tmp_path / "data/.cache").mkdir()
    return tmp_path / "data"
