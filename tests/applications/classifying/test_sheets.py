"""Sheets of pictures, drawn by Pillow alone."""

import numpy as np
import pytest
from PIL import Image

from thalweg.applications.sheets import Tile, picture_sheet
from thalweg.core.errors import DataError, OptionError


def tile(level, *lines, channels=3):
    return Tile([np.full((8, 8, channels), level)], lines)


def test_every_picture_is_on_the_sheet(tmp_path):
    path = tmp_path / "sheet.png"
    picture_sheet([tile(10 * i, f"{i}") for i in range(7)], path, side=50)
    with Image.open(path) as sheet:
        levels = np.asarray(sheet.convert("L"))
    for i in range(7):
        assert (levels == 10 * i).sum() >= 50 * 50


def test_text_fits_below_its_picture(tmp_path):
    path = tmp_path / "sheet.png"
    picture_sheet([tile(255, "a very long caption " * 10, "日本", ""), tile(255)], path, side=90)
    with Image.open(path) as sheet:
        levels = np.asarray(sheet.convert("L"))
    # The second tile is white and has no text: ink ends with the first tile, before the gap.
    assert levels.min() < 100
    assert (levels[:, 14 + 90 :] == 255).all()


def test_pictures_of_a_tile_lie_side_by_side(tmp_path):
    path = tmp_path / "sheet.png"
    grey, colour = np.full((4, 8, 1), 0.0), np.full((4, 8, 3), 128.0)
    picture_sheet([Tile([grey, colour], ["both"])], path, side=40, title="A title")
    with Image.open(path) as sheet:
        assert sheet.width == 2 * 80 + 4 + 2 * 14


def test_what_cannot_be_drawn_is_told(tmp_path):
    with pytest.raises(DataError, match="there are no pictures to show"):
        picture_sheet([], tmp_path / "sheet.png")
    with pytest.raises(OptionError, match=r"expected  \*\.png or \*\.jpg"):
        picture_sheet([tile(0)], tmp_path / "sheet.pdf")
    assert not list(tmp_path.iterdir())
