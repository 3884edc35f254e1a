"""What the networks trained on ImageNet share: how pixels go in, and what the classes are called.

Keras calls this module `imagenet_utils`; that name works too.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core import Tensor, Variable, cast, convert, reverse, shape_text
from thalweg.core.errors import FileFormatError, ShapeError
from thalweg.datasets.download import RemoteFile, resolve
from thalweg.options import COUNT, DATA_FORMAT, OneOf, OrNone
from thalweg.saving.json_text import parse_object

__all__ = ["CLASSES", "Decoded", "best", "decode_predictions", "preprocess_input"]

CLASSES = 1000
Decoded = list[list[tuple[str, str, float]]]

_MODES = OneOf("caffe", "tf", "torch")
# Means over ImageNet's training pictures. Caffe's are blue, green, red in 0..255; torch's, and its
# deviations, red, green, blue in 0..1.
_CAFFE_MEANS = (103.939, 116.779, 123.68)
_TORCH_MEANS = (0.485, 0.456, 0.406)
_TORCH_DEVIATIONS = (0.229, 0.224, 0.225)

_INDEX = RemoteFile(
    name="imagenet_class_index.json",
    url="https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    checksum="c2c37ea517e94d9795004a39431a14cb",
    maximum_bytes=2**20,  # it has 35,363
    folder="models",
)


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Makes of pixels what a network was trained on.

    `"caffe"`: blue, green, red, each less its mean over ImageNet. `"tf"`: x / 127.5 - 1, in
    -1..1. `"torch"`: x / 255 in 0..1, then each channel less its mean, over its deviation.

    Args:
        x: (..., height, width, 3), red, green, blue in 0..255: an array or a tensor, of integers
            or floats.
        data_format: `"channels_last"`, which None means, or `"channels_first"` for
            (..., 3, height, width).
        mode: `"caffe"`, `"tf"` or `"torch"`.

    Returns:
        The same shape; float32 for integers, else x's own dtype. A tensor for a tensor.

    Raises:
        OptionError: for another mode or format.
        ShapeError: if there are not three channels.

    >>> pixels = np.full((1, 1, 1, 3), [255, 0, 0], np.uint8)
    >>> preprocess_input(pixels, mode="tf").tolist()
    [[[[1.0, -1.0, -1.0]]]]
    >>> print(preprocess_input(pixels)[0, 0, 0])
    [-103.939 -116.779  131.32 ]
    """
    # differs from Keras: an array of floats is not changed, which there is half done in place.
    mode = _MODES.check("preprocess_input", "mode", mode)
    checked = OrNone(DATA_FORMAT).check("preprocess_input", "data_format", data_format)
    axis = -3 if checked == "channels_first" else -1
    is_symbolic = isinstance(x, Tensor | Variable)
    x = convert(x) if is_symbolic else np.asarray(x)
    if "float" not in str(x.dtype):
        x = cast(x, "float32") if is_symbolic else x.astype(np.float32)
    if mode == "tf":
        return x / 127.5 - 1.0
    _require_colours(x, axis)
    if mode == "torch":
        return (x / 255.0 - _row(_TORCH_MEANS, x, axis)) / _row(_TORCH_DEVIATIONS, x, axis)
    turned = reverse(x, [axis]) if is_symbolic else np.flip(x, axis)
    return turned - _row(_CAFFE_MEANS, x, axis)


def _row(numbers: tuple[float, ...], x: Any, axis: int) -> NDArray[Any]:
    """Numbers of the dtype of `x` that lie along its channels."""
    return np.array(numbers, str(x.dtype)).reshape(-1, *(1,) * (-1 - axis))


def _require_colours(x: Any, axis: int) -> None:
    shape = None if x.shape is None else tuple(x.shape)
    if shape is not None and (len(shape) < 3 or shape[axis] not in (3, None)):
        order = "(..., height, width, 3)" if axis == -1 else "(..., 3, height, width)"
        raise ShapeError(
            "preprocess_input",
            "not pictures of three colours",
            expected=order,
            got=shape_text(shape),
            hint="a grey picture is made one of colours by np.repeat(x, 3, axis=-1)",
        )


def decode_predictions(preds: Any, top: int = 5) -> Decoded:
    """The names of the likeliest of ImageNet's classes.

    The names come from Keras's file `imagenet_class_index.json`, which is looked for like
    weights: in the caches, then in the network.

    Args:
        preds: (batch, 1000) float, what a network with its top predicts.
        top: how many classes of each picture.

    Returns:
        For each picture a list of (WordNet number, name, probability), likeliest first.

    Raises:
        ShapeError: for predictions of another shape.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged.
    """
    values = np.asarray(preds)
    if values.ndim != 2 or values.shape[1] != CLASSES:
        raise ShapeError(
            "decode_predictions",
            "not predictions for ImageNet's classes",
            expected=f"(batch, {CLASSES})",
            got=shape_text(values.shape),
            hint="the names are those of a network with include_top=True, classes=1000",
        )
    COUNT.check("decode_predictions", "top", top)
    return best(values, _names(resolve(_INDEX)), top)


def best(values: NDArray[Any], names: tuple[tuple[str, str], ...], top: int) -> Decoded:
    """The names of the largest values in each row, and these values; of equals the first.

    >>> best(np.array([[0.25, 0.75]]), (("n1", "cat"), ("n2", "dog")), top=1)[0][0][:2]
    ('n2', 'dog')
    """
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    return [
        [(*names[i], row[i]) for i in places] for row, places in zip(values, order, strict=True)
    ]


@functools.lru_cache(maxsize=1)
def _names(file: Path) -> tuple[tuple[str, str], ...]:
    """Number and name of each class, in order."""
    where = str(file)
    hint = f"a good copy is at {_INDEX.url}"
    with open(file, "rb") as stream:
        text = stream.read(_INDEX.maximum_bytes + 1)
    if len(text) > _INDEX.maximum_bytes:
        raise FileFormatError(
            where,
            "the file is too large",
            expected=f"at most {_INDEX.maximum_bytes} bytes",
            hint=hint,
        )
    try:
        index = parse_object(text.decode(), where, "the class index")
    except UnicodeDecodeError as error:
        raise FileFormatError(where, "not text", got=str(error), hint=hint) from error
    names = []
    for i in range(CLASSES):
        name = index.get(str(i))
        if not (isinstance(name, list) and [type(part) for part in name] == [str, str]):
            raise FileFormatError(
                where,
                "not ImageNet's class index",
                expected=f'"{i}": ["n…", "name"], and so for each of {CLASSES} classes',
                got=repr(name)[:80],
                hint=hint,
            )
        names.append((name[0], name[1]))
    return tuple(names)
