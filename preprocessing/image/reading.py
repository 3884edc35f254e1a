"""Reading and writing picture files: nothing is allocated before its size is known.

Only formats that are decoded inside this process are tried, whatever a file's name says: Pillow
alone would start other programs for some. What becomes of unusual pictures:

    CMYK, YCbCr, Lab …     converted by Pillow's formulas, without color profiles
    palette                looked up
    transparency           kept for "rgba", else dropped, not blended
    16 bits of grey        kept, 0..65535, for "grayscale"; the upper 8 bits for "rgb" and "rgba"
    32 bits or floats      cut to 0..255, except integers for "grayscale", which are kept
    animation              the first frame
    EXIF orientation       applied, unless `exif=False`
"""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from thalweg.core import DataError, OptionError, atomic_path, nearest, user_site
from thalweg.core.options import COUNT, OneOf, OrNone, Sizes

from .pixels import array_to_img

__all__ = ["COLOR_MODES", "MAX_PIXELS", "check_interpolation", "load_img", "read_image", "save_img"]

MAX_PIXELS = 2**26
"""The most pixels a picture may have unless told otherwise: 8192 x 8192, 200 MB as RGB."""

COLOR_MODES = OneOf("rgb", "rgba", "grayscale")
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "PPM", "TIFF", "WEBP", "MPO", "JPEG2000", "AVIF")
_PREFIX_BYTES = 16  # by which Pillow tells formats apart

_INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "hamming": Image.Resampling.HAMMING,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}
_INTERPOLATION = OneOf(*_INTERPOLATIONS)

_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = {  # what turns a picture upright, by the number in its EXIF data
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow's decoders raise on damaged or hostile bytes.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # where the user made errors of them
)


def load_img(
    path: Any,
    grayscale: Any = False,
    color_mode: Any = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    *,
    exif: bool = True,
    max_pixels: int | None = MAX_PIXELS,
) -> Image.Image:
    """Reads a picture file.

    Args:
        path: of the file, or an open binary file. JPEG, PNG, GIF, BMP, PPM, TIFF, WebP, and
            JPEG 2000 and AVIF where Pillow has them.
        grayscale: Keras 2's way to say `color_mode="grayscale"`. Keras 3 has no such argument: a
            second argument "rgb" is taken for the color_mode, and a third for the target_size.
        color_mode: "rgb", "rgba" or "grayscale"; the module's text tells what is converted how.
        target_size: (height, width) to resize to, or None.
        interpolation: "nearest", "bilinear", "bicubic", "box", "lanczos" or "hamming", of Pillow.
        keep_aspect_ratio: whether to cut the largest piece of the target's proportions from the
            middle first.
        exif: whether to turn the picture upright as its EXIF data say.
            # differs from Keras: it shows photographs as the camera was held.
        max_pixels: a picture that has more is refused before memory is taken for it; None for no
            limit.

    Returns:
        A Pillow image of mode "RGB", "RGBA" or "L", or "I" or "I;16" for grey pictures of more
        than 8 bits.

    Raises:
        DataError: if the file is no picture, is damaged or truncated, or has too many pixels.
        OptionError: for an argument outside its values.
        OSError: if the file cannot be opened.

    >>> picture = io.BytesIO()
    >>> Image.new("RGB", (40, 30)).save(picture, "png")
    >>> load_img(picture, target_size=(15, 20)).size
    (20, 15)
    >>> load_img(picture, color_mode="grayscale", max_pixels=1000)
    Traceback (most recent call last):
    thalweg.core.errors.DataError: load_img: the picture is too large
      expected  at most 1000 pixels
      got       40 x 30 = 1200 pixels in a file object
      hint      max_pixels=1200 allows it
    """
    if isinstance(grayscale, str):
        if target_size is None and not isinstance(color_mode, str):
            target_size = color_mode
        color_mode, grayscale = grayscale, False
    return read_image(
        path,
        "grayscale" if grayscale else color_mode,
        target_size,
        interpolation,
        keep_aspect_ratio,
        exif,
        max_pixels,
    )


def read_image(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    exif: bool = True,
    max_pixels: int | None = MAX_PIXELS,
) -> Image.Image:
    """`load_img` without Keras 2's second argument."""
    mode = COLOR_MODES.check("load_img", "color_mode", color_mode)
    size = OrNone(Sizes(2)).check("load_img", "target_size", target_size)
    check_interpolation("load_img", interpolation)
    OrNone(COUNT).check("load_img", "max_pixels", max_pixels)
    with _opened(path) as (file, name):
        try:
            image = _header(file)
            _check_size(image, name, max_pixels)
            image.load()
            image = _converted(_upright(image) if exif else image, mode)
        except DataError:
            raise
        except _DAMAGE as error:
            raise _damaged(name, error) from error
    return image if size is None else _resized(image, size, interpolation, keep_aspect_ratio)


def check_interpolation(where: str, value: Any) -> str:
    """One of Pillow's ways to resize.

    Raises:
        OptionError: for another.
    """
    return _INTERPOLATION.check(where, "interpolation", value)


@contextmanager
def _opened(path: Any) -> Iterator[tuple[IO[bytes], str]]:
    """The file and what to call it in messages."""
    if hasattr(path, "read"):
        name = getattr(path, "name", None)
        try:
            path.seek(0)
        except (AttributeError, OSError):  # a stream
            path = io.BytesIO(path.read())
        yield path, repr(name) if isinstance(name, str) else "a file object"
        return
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise OptionError(
            "load_img",
            "this is no path",
            expected="a path or a binary file",
            got=repr(path),
            site=user_site(),
        ) from None
    with open(text, "rb") as file:
        yield file, repr(text)


def _header(file: IO[bytes]) -> Image.Image:
    """A picture of which only the header was read.

    `Image.open` would warn of large pictures or refuse them by a limit of the whole process.
    """
    prefix = file.read(_PREFIX_BYTES)
    if not prefix:
        raise ValueError("the file is empty")
    # Most files are of the few formats that are loaded in a moment; only else are all loaded.
    Image.preinit()
    image = _opened_by_first(file, prefix)
    if image is None:
        Image.init()
        image = _opened_by_first(file, prefix)
    if image is None:
        raise ValueError("no known picture format")
    return image


def _opened_by_first(file: IO[bytes], prefix: bytes) -> Image.Image | None:
    """The picture, by the first of the formats that takes it and is loaded; None if none does."""
    for kind in _FORMATS:
        if kind not in Image.OPEN:
            continue
        factory, accept = Image.OPEN[kind]
        accepted = accept(prefix) if accept else True
        if isinstance(accepted, str) or not accepted:  # a text says what Pillow lacks
            continue
        file.seek(0)
        try:
            return factory(file, "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue  # as Pillow does: another format may have the same beginning
    return None


def _check_size(image: Image.Image, name: str, max_pixels: int | None) -> None:
    width, height = image.size
    if max_pixels is not None and width * height > max_pixels:
        raise DataError(
            "load_img",
            "the picture is too large",
            expected=f"at most {max_pixels} pixels",
            got=f"{width} x {height} = {width * height} pixels in {name}",
            hint=f"max_pixels={width * height} allows it",
        )


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(
        "load_img",
        f"cannot read the picture {name}",
        expected="a complete JPEG, PNG, GIF, BMP, PPM, TIFF or WebP file",
        got=str(error) or type(error).__name__,
        hint="PIL.Image.MAX_IMAGE_PIXELS is Pillow's own limit for TIFF and WebP"
        if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning)
        else None,
    )


def _upright(image: Image.Image) -> Image.Image:
    """The picture as its EXIF data want it shown; data that are damaged want nothing."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except _DAMAGE:
        return image
    method = _ORIENTATIONS.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _converted(image: Image.Image, color_mode: str) -> Image.Image:
    """The picture in one of the modes that `load_img` returns."""
    # Pillow has shown 16 bits of grey in a PNG file as either mode.
    has_16_bits = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG")
    if color_mode == "grayscale":
        if image.mode in ("L", "I", "I;16"):
            return image
        if has_16_bits:
            return image.convert("I")
        mode = "L"
    else:
        mode = "RGBA" if color_mode == "rgba" else "RGB"
        if has_16_bits:
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == mode:
        return image
    if mode != "RGBA" and "transparency" in image.info:
        image = image.copy()
        del image.info["transparency"]  # which Pillow would warn that it cannot keep
    return image.convert(mode)


def _resized(
    image: Image.Image, size: tuple[int, ...], interpolation: str, keep_aspect_ratio: bool
) -> Image.Image:
    height, width = size
    if image.size == (width, height):
        return image
    method = _INTERPOLATIONS[interpolation.lower()]
    if image.mode == "I;16" and method != Image.Resampling.NEAREST:
        image = image.convert("I")  # some versions of Pillow cannot mix 16-bit pixels
    if not keep_aspect_ratio:
        return image.resize((width, height), method)
    crop_width = min(image.width, image.height * width // height)
    crop_height = min(image.height, image.width * height // width)
    left, top = (image.width - crop_width) // 2, (image.height - crop_height) // 2
    box = (left, top, left + max(crop_width, 1), top + max(crop_height, 1))
    return image.resize((width, height), method, box=box)


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array as a picture file, which appears whole or not at all.

    Args:
        path: of the file, or a file open for writing.
        x: (height, width, channels) with 1, 3 or 4 channels; or channels first.
        data_format: "channels_last", which None stands for, or "channels_first".
        file_format: "png", "jpeg" …; by the path's ending if None.
        scale: whether the smallest value becomes 0 and the largest 255, see `array_to_img`.
        kwargs: for Pillow's `Image.save`.

    Raises:
        OptionError: if the format is unknown.
        ShapeError: if x is no image.
        OSError: if the file cannot be written.

    >>> file = io.BytesIO()
    >>> save_img(file, np.zeros((2, 3, 3)), file_format="png")
    >>> load_img(file).size
    (3, 2)
    """
    kind = _format_of(path, file_format)
    image = array_to_img(x, data_format, scale)
    if kind == "JPEG" and image.mode == "RGBA":
        warnings.warn(
            "thalweg: save_img: JPEG has no transparency, which is left out", stacklevel=2
        )
        image = image.convert("RGB")
    if hasattr(path, "write"):
        image.save(path, kind, **kwargs)
        return
    with atomic_path(path) as temporary:
        image.save(temporary, kind, **kwargs)


def _format_of(path: Any, file_format: str | None) -> str:
    """Pillow's name of a format."""
    Image.init()
    known = Image.registered_extensions()
    if file_format is not None:
        ending = f".{file_format.lower().lstrip('.')}"
    else:
        ending = "" if hasattr(path, "write") else Path(os.fsdecode(path)).suffix.lower()
    kind = known.get(ending)
    if kind is None or kind not in Image.SAVE:
        raise OptionError(
            "save_img",
            "the format is not known",
            expected="a path that ends in .png, .jpg, .bmp …, or a file_format",
            got=repr(file_format if file_format is not None else path),
            hint=nearest(ending, known),
            site=user_site(),
        )
    return kind
