"""Sheets of pictures with captions, drawn by Pillow alone: explanations and mistakes."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from thalweg.core import atomic_path
from thalweg.core.errors import DataError, OptionError

__all__ = ["Tile", "picture_sheet"]

_FONT_PIXELS = 15
_LINE_PIXELS = 20
_GAP = 14
_INK = (34, 34, 34)
_PALE = (105, 105, 105)


class Tile(NamedTuple):
    """Pictures side by side, with lines of text below.

    Attributes:
        pictures: (height, width, 1 or 3) in 0..255 each.
        lines: the text, the first line dark, the others paler; what is too wide is cut.
    """

    pictures: Sequence[NDArray[Any]]
    lines: Sequence[str]


def picture_sheet(
    tiles: Sequence[Tile],
    path: str | os.PathLike[str],
    side: int = 224,
    columns: int | None = None,
    title: str | None = None,
) -> None:
    """Draws tiles in rows and writes the sheet; small pictures are enlarged without smoothing.

    Args:
        tiles: what to show.
        path: the file, `*.png` or `*.jpg`; it appears whole or not at all.
        side: the height of every picture on the sheet, in pixels.
        columns: tiles a row; None for about as many as make the sheet as wide as high.
        title: above the tiles.

    Raises:
        DataError: there are no tiles.
        OptionError: another kind of file.
    """
    if not tiles:
        raise DataError("picture_sheet", "there are no pictures to show")
    if os.path.splitext(path)[1].lower() not in (".png", ".jpg", ".jpeg"):
        raise OptionError(
            "picture_sheet",
            "this kind of picture is not drawn",
            expected="*.png or *.jpg",
            got=repr(os.fspath(path)),
        )
    shown = [[_enlarged(p, side) for p in tile.pictures] for tile in tiles]
    width = max(sum(p.width for p in row) + (len(row) - 1) * 4 for row in shown)
    height = side + 6 + _LINE_PIXELS * max(len(tile.lines) for tile in tiles)
    columns = min(columns or _columns(len(tiles), width, height), len(tiles))
    rows = -(-len(tiles) // columns)
    font = _font(_FONT_PIXELS)
    top = _GAP + (_LINE_PIXELS + 10 if title else 0)
    sheet = Image.new(
        "RGB",
        (columns * (width + _GAP) + _GAP, top + rows * (height + _GAP)),
        "white",
    )
    draw = ImageDraw.Draw(sheet)
    if title:
        title = _cut(title, font, sheet.width - 2 * _GAP)
        draw.text((_GAP, _GAP), title, _INK, _font(_FONT_PIXELS + 2))
    for number, (tile, pictures) in enumerate(zip(tiles, shown, strict=True)):
        row, column = divmod(number, columns)
        left, upper = _GAP + column * (width + _GAP), top + row * (height + _GAP)
        x = left
        for picture in pictures:
            sheet.paste(picture, (x, upper))
            x += picture.width + 4
        for index, line in enumerate(tile.lines):
            place = (left, upper + side + 6 + index * _LINE_PIXELS)
            draw.text(place, _cut(line, font, width), _PALE if index else _INK, font)
    with atomic_path(path) as temporary:
        sheet.save(temporary)


def _columns(count: int, width: int, height: int) -> int:
    return max(1, round(math.sqrt(count * height / width)))


def _enlarged(picture: NDArray[Any], side: int) -> Image.Image:
    """Of the height `side`; pixels stay visible where a small picture grows."""
    levels = np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)
    image = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).convert("RGB")
    width = max(1, round(image.width * side / image.height))
    grows = side >= 2 * image.height
    method = Image.Resampling.NEAREST if grows else Image.Resampling.LANCZOS
    return image.resize((width, side), method)


def _font(pixels: int) -> Any:
    """A font that has most letters; Pillow's own, with Latin alone, where there is no other."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf"):
        try:
            return ImageFont.truetype(name, pixels)
        except OSError:
            continue
    return ImageFont.load_default(pixels)


def _cut(text: str, font: Any, width: int) -> str:
    """The text, shortened at its end until it fits."""
    text = " ".join(text.split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
