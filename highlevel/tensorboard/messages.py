"""Arrays as summaries: the messages that TensorBoard draws as curves, histograms and pictures.

Every function returns a `Summary`, whose values each have a tag: TensorBoard shows values of one
tag, written at different steps, in one chart.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from thalweg.core.errors import DataError, require_extra

__all__ = ["audio", "histogram", "image", "protocol", "scalar", "tensor", "text"]

# Bounds between the bins of TensorFlow's histograms: each a tenth more than the one before.
_GROWING = 1e-12 * 1.1 ** np.arange(774)
_BOUNDS = np.concatenate(
    [
        [-np.finfo("float64").max],
        -_GROWING[::-1],
        [0.0],
        _GROWING,
        [np.finfo("float64").max],
    ]
)
_NOT_FINITE = 255, 0, 0, 255  # the color of pixels that are NaN or infinite: red
_NEARLY_BLACK = 1e-6  # pictures that are no brighter are not stretched


def protocol(name: str) -> Any:
    """A module of tensorboardX's messages: `"summary"`, `"event"`, `"graph"`.

    Raises:
        MissingExtraError: if tensorboardX is not installed.
    """
    try:
        return importlib.import_module(f"tensorboardX.proto.{name}_pb2")
    except ImportError as error:
        raise require_extra("tensorboardX", "tensorboard", "summaries for TensorBoard") from error


def scalar(tag: str, value: Any) -> Any:
    """A point of a curve.

    Args:
        tag: of the curve.
        value: one number.

    >>> scalar("loss", 0.5).value[0].simple_value
    0.5
    """
    number = np.asarray(value)
    if number.size != 1:
        raise DataError(
            "summary",
            f"{tag!r} is not one number",
            expected="a scalar",
            got=f"shape {number.shape}",
            hint="a mean of it is one; histogram() shows many",
        )
    return _summary(tag, simple_value=float(number.reshape(())))


def histogram(tag: str, values: Any) -> Any:
    """How often values of which size occur.

    Args:
        tag: of the histogram.
        values: numbers, of any shape.

    Raises:
        DataError: if one is NaN or infinite.

    >>> found = histogram("weights", [-1.0, 2.0, 2.0]).value[0].histo
    >>> found.min, found.max, found.num, found.sum, sum(found.bucket)
    (-1.0, 2.0, 3.0, 3.0, 3.0)
    """
    numbers = np.asarray(values, "float64").ravel()
    if not np.isfinite(numbers).all():
        raise DataError(
            "summary",
            f"{tag!r} has values that are not finite",
            expected="numbers",
            got=f"{np.count_nonzero(~np.isfinite(numbers))} of {numbers.size} NaN or infinite",
        )
    # Bin i holds what is at least bound i - 1 and less than bound i.
    found = np.searchsorted(_BOUNDS[:-1], numbers, side="right")
    counts = np.bincount(found, minlength=len(_BOUNDS))
    filled = np.flatnonzero(counts)
    first, last = (filled[0] - 1, filled[-1]) if len(filled) else (len(counts) - 1,) * 2
    with np.errstate(over="ignore"):
        total, squares = numbers.sum(), np.square(numbers).sum()
    message = protocol("summary").HistogramProto(
        min=numbers.min() if numbers.size else 0.0,
        max=numbers.max() if numbers.size else 0.0,
        num=numbers.size,
        sum=total,
        sum_squares=squares,
        bucket_limit=_BOUNDS[first : last + 1].tolist(),
        bucket=counts[first : last + 1].tolist(),
    )
    return _summary(tag, histo=message)


def image(tag: str, images: Any, max_outputs: int = 3) -> Any:
    """Pictures, as PNG files.

    Bytes are shown as they are. Of floats, each picture is stretched by itself: without negative
    values its largest becomes 255; otherwise 0 becomes 128 and the largest magnitude 127 more or
    less. What is not finite is red.

    Args:
        tag: of the pictures; they get `/image`, or `/image/0` and so on.
        images: (batch, height, width, channels) of 1, 3 or 4 channels, uint8 or floats.
        max_outputs: how many are written, from the first.

    >>> [value.tag for value in image("digit", np.zeros((5, 8, 8, 1)), 2).value]
    ['digit/image/0', 'digit/image/1']
    """
    pixels = np.asarray(images)
    if pixels.ndim != 4 or pixels.shape[3] not in (1, 3, 4):
        raise DataError(
            "summary",
            f"{tag!r} are no pictures",
            expected="(batch, height, width, channels) with 1, 3 or 4 channels",
            got=f"shape {pixels.shape}",
        )
    from PIL import Image

    messages = protocol("summary")
    made = messages.Summary()
    for name, one in _numbered(f"{tag}/image", pixels, max_outputs):
        shown = one if one.dtype == np.uint8 else _stretched(one.astype("float64"))
        file = io.BytesIO()
        Image.fromarray(shown[..., 0] if shown.shape[2] == 1 else shown).save(file, "PNG")
        height, width, channels = shown.shape
        value = messages.Summary.Image(
            height=height,
            width=width,
            colorspace=channels,
            encoded_image_string=file.getvalue(),
        )
        made.value.add(tag=name, image=value)
    return made


def _stretched(pixels: np.ndarray) -> np.ndarray:
    """A float picture as bytes."""
    is_finite = np.isfinite(pixels)
    finite = pixels[is_finite]
    low, high = finite.min(initial=0.0), finite.max(initial=0.0)
    offset, room, largest = (128.0, 127.0, max(-low, high)) if low < 0 else (0.0, 255.0, high)
    scale = room / largest if largest >= _NEARLY_BLACK else 0.0
    shown = np.where(is_finite, pixels, 0.0) * scale + offset
    shown[~is_finite.all(axis=2)] = _NOT_FINITE[: pixels.shape[2]]
    return shown.astype(np.uint8)


def audio(tag: str, waves: Any, sample_rate: float, max_outputs: int = 3) -> Any:
    """Sounds, as WAV files of 16 bits.

    Args:
        tag: of the sounds; they get `/audio`, or `/audio/0` and so on.
        waves: (batch, frames) or (batch, frames, channels), -1 to 1; what is beyond is cut.
        sample_rate: in hertz.
        max_outputs: how many are written, from the first.

    >>> audio("tone", np.sin(np.linspace(0, 9, 100))[None], 8000).value[0].audio.length_frames
    100
    """
    sounds = np.asarray(waves, "float64")
    if sounds.ndim not in (2, 3):
        raise DataError(
            "summary",
            f"{tag!r} are no sounds",
            expected="(batch, frames) or (batch, frames, channels)",
            got=f"shape {sounds.shape}",
        )
    import wave

    messages = protocol("summary")
    made = messages.Summary()
    for name, one in _numbered(f"{tag}/audio", sounds, max_outputs):
        frames = one.reshape(len(one), -1)
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(frames.shape[1])
            sound.setsampwidth(2)
            sound.setframerate(round(sample_rate))
            sound.writeframes(np.rint(np.clip(frames, -1, 1) * 32767).astype("<i2").tobytes())
        value = messages.Summary.Audio(
            sample_rate=sample_rate,
            num_channels=frames.shape[1],
            length_frames=len(frames),
            encoded_audio_string=file.getvalue(),
            content_type="audio/wav",
        )
        made.value.add(tag=name, audio=value)
    return made


def text(tag: str, strings: Any) -> Any:
    """Texts, which TensorBoard shows as Markdown.

    Args:
        tag: of the texts.
        strings: a string, or an array of them: a table.

    >>> text("note", "**bold**").value[0].tensor.string_val
    [b'**bold**']
    """
    return tensor(tag, np.asarray(strings, object), plugin="text")


def tensor(tag: str, value: Any, plugin: str = "", content: bytes = b"") -> Any:
    """An array as it is, for a plugin of TensorBoard.

    Args:
        tag: of the array.
        value: numbers, truth values, strings or bytes, of any shape.
        plugin: the name of the plugin that shows it.
        content: what that plugin is told.

    >>> list(tensor("counts", np.int32([3, 4])).value[0].tensor.int_val)
    [3, 4]
    """
    array = np.asarray(value)
    if array.dtype.kind == "U":
        array = array.astype(object)
    dtype, field = _FIELDS.get(array.dtype.name, (None, ""))
    if dtype is None:
        raise DataError("summary", f"{tag!r} is no array for a summary", got=f"dtype {array.dtype}")
    items = array.ravel().tolist()
    if field == "string_val":
        items = [item if isinstance(item, bytes) else str(item).encode() for item in items]
    shapes = protocol("tensor_shape").TensorShapeProto
    shape = shapes(dim=[shapes.Dim(size=size) for size in array.shape])
    message = protocol("tensor").TensorProto(dtype=dtype, tensor_shape=shape, **{field: items})
    kinds = protocol("summary").SummaryMetadata
    metadata = kinds(plugin_data=kinds.PluginData(plugin_name=plugin, content=content))
    return _summary(tag, tensor=message, metadata=metadata)


_FIELDS = {  # NumPy's dtype -> that of a TensorProto, and the field of its values
    "float32": ("DT_FLOAT", "float_val"),
    "float64": ("DT_DOUBLE", "double_val"),
    "int32": ("DT_INT32", "int_val"),
    "int64": ("DT_INT64", "int64_val"),
    "int16": ("DT_INT16", "int_val"),
    "int8": ("DT_INT8", "int_val"),
    "uint8": ("DT_UINT8", "int_val"),
    "bool": ("DT_BOOL", "bool_val"),
    "object": ("DT_STRING", "string_val"),
}


def _summary(tag: str, **value: Any) -> Any:
    made = protocol("summary").Summary()
    made.value.add(tag=tag, **value)
    return made


def _numbered(tag: str, items: np.ndarray, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """The first items and their tags; a single one has no number."""
    for index, item in enumerate(items[:count]):
        yield (tag if count == 1 else f"{tag}/{index}"), item
