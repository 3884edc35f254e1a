"""Pictures as classifiers take them: read, brought to size, turned bright on dark, scaled.

Colours and sizes are converted: a grey picture for a network of colours and the other way round,
any size to the network's, by cutting what its proportions leave out and then resizing with
smoothing. Digits are another matter. MNIST's are white on black, in a box of 20 of 28 pixels, with
their centre of mass in the middle; a photograph of ink on paper is none of that, and is made so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from thalweg.core.errors import OptionError, nearest
from thalweg.core.options import OneOf
from thalweg.preprocessing.image.reading import read_image

from .model_card import PREPARATIONS, ModelCard

__all__ = ["Preparation", "has_bright_border", "read_pictures"]

Array = NDArray[np.float32]

_INVERT = OneOf("auto", "yes", "no")
_DIGIT_PART = 20 / 28  # of the side, that the strokes of MNIST's digits take at most
_PAPER = 0.15  # of the brightest: up to here it is paper, unevenly lit
_STROKE = 0.2  # of the rest: what counts as stroke
_WORKING_SIDE = 224  # to which large pictures of digits are brought first; drowns specks


def read_pictures(
    paths: Sequence[str],
    size: tuple[int, int],
    channels: int,
    card: ModelCard | None = None,
    invert: str = "auto",
) -> Array:
    """Reads picture files.

    Args:
        paths: of the files.
        size: (height, width) of the result.
        channels: 1 for grey, 3 for RGB.
        card: tells the background that the model expects and how pictures are framed.
        invert: "yes" or "no"; "auto" inverts what has a bright border, where the model expects a
            black background.

    Returns:
        (pictures, height, width, channels) float32 in 0..255.

    Raises:
        OptionError: for an argument outside its values.
        DataError: a file is no picture, damaged or too large.
        OSError: there is no such file, or it cannot be read.
    """
    card = card or ModelCard()
    _INVERT.check("read_pictures", "invert", invert)
    result = np.empty((len(paths), *size, channels), np.float32)
    for row, path in zip(result, paths, strict=True):
        if card.framing == "digit" and channels == 1:
            row[...] = _digit(path, size, invert)
        else:
            mode = "grayscale" if channels == 1 else "rgb"
            picture = read_image(path, mode, size, "bilinear", True)
            row[...] = _turned(_levels(picture), card.background, invert)
    return result


class Preparation:
    """From pixels of one or many pictures to a model's input; a `preprocessing_function`.

    Args:
        card: of the model.

    >>> Preparation(ModelCard(preparation="unit"))(np.full((1, 2, 1), 255.0)).tolist()
    [[[1.0], [1.0]]]
    """

    def __init__(self, card: ModelCard) -> None:
        if card.preparation not in PREPARATIONS:
            raise OptionError(
                "Preparation",
                "unknown way to prepare pixels",
                expected=", ".join(PREPARATIONS),
                got=repr(card.preparation),
                hint=nearest(card.preparation, PREPARATIONS),
            )
        self._card = card

    def __call__(self, pixels: Any) -> Array:
        """The input for pixels (..., height, width, channels) in 0..255."""
        x = _eight_bits(np.asarray(pixels, np.float32))
        if self._card.background == "black" and x.ndim == 3:
            x = _turned(x, "black", "auto")
        kind = self._card.preparation
        if kind == "none":
            return x
        if kind == "unit":
            return np.asarray(x / 255, np.float32)
        from .imagenet import preprocess_input

        return np.asarray(preprocess_input(x, mode=kind), np.float32)


def has_bright_border(picture: NDArray[Any]) -> bool:
    """Whether the outermost pixels of a picture are mostly bright, as paper is.

    Args:
        picture: (height, width, channels) in 0..255.

    >>> has_bright_border(np.full((4, 4, 1), 200)), has_bright_border(np.zeros((4, 4, 1)))
    (True, False)
    """
    return _border_level(picture) > 127


def _border_level(picture: NDArray[Any]) -> float:
    """The median of the outermost pixels."""
    grey = picture.mean(-1)
    # np.median would take a twentieth of a second at its first call, to import masked arrays.
    border = np.sort(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    return float(border[len(border) // 2])


def _turned(picture: Array, background: str | None, invert: str) -> Array:
    """Bright on dark, where the model wants it so."""
    is_wanted = invert == "yes" or (
        invert == "auto" and background == "black" and has_bright_border(picture)
    )
    return 255 - picture if is_wanted else picture


def _levels(picture: Image.Image) -> Array:
    """(height, width, channels) in 0..255, also of pictures with 16 bits of grey."""
    pixels = np.asarray(picture, np.float32)
    return _eight_bits(pixels[..., None] if pixels.ndim == 2 else pixels)


def _eight_bits(pixels: Array) -> Array:
    """Pixels of 16 bits as those of 8; what was computed may exceed 255 by a rounding error."""
    return pixels / np.float32(257) if pixels.max(initial=0) > 256 else np.minimum(pixels, 255)


def _digit(path: str, size: tuple[int, int], invert: str) -> Array:
    """A digit as MNIST has it: (height, width, 1). A picture of the right size stays as it is."""
    picture = read_image(path, "rgba")
    if (picture.height, picture.width) == size:
        return _turned(_grey(picture), "black", invert)
    picture.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BOX)
    grey = _turned(_grey(picture), "black", invert)[..., 0]
    strokes = np.maximum(grey - _border_level(grey[..., None]), 0)
    peak = strokes.max(initial=0)
    if peak <= 0:  # an even picture: there is nothing to find
        return np.zeros((*size, 1), np.float32)
    strokes = np.maximum(strokes - _PAPER * peak, 0) * (255 / (peak * (1 - _PAPER)))
    inside = strokes > 255 * _STROKE
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    box = strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _centred(box, size)[..., None]


def _grey(picture: Image.Image) -> Array:
    """(height, width, 1) in 0..255; what is transparent is seen on white paper."""
    paper = Image.new("RGBA", picture.size, "white")
    return _levels(Image.alpha_composite(paper, picture).convert("L"))


def _centred(box: Array, size: tuple[int, int]) -> Array:
    """Strokes brought to MNIST's scale, with their centre of mass at its place, pixel 14 of 28."""
    height, width = size
    scale = min(size) * _DIGIT_PART / max(box.shape)
    small = Image.fromarray(box).resize(
        (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale))),
        Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR,
    )
    x = np.asarray(small, np.float32)
    x = np.minimum(x * (255 / max(float(x.max()), 1e-6)), 255)
    total = max(float(x.sum()), 1e-6)
    row = float((x.sum(1) * np.arange(x.shape[0])).sum()) / total
    column = float((x.sum(0) * np.arange(x.shape[1])).sum()) / total
    top = min(max(round(height / 2 - row), 0), height - x.shape[0])
    left = min(max(round(width / 2 - column), 0), width - x.shape[1])
    result = np.zeros(size, np.float32)
    result[top : top + x.shape[0], left : left + x.shape[1]] = x
    return result
