"""Pictures of another size against TensorFlow's and Keras 3's, within 1e-4 of their range."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, constant
from thalweg.preprocessing.image import smart_resize
from thalweg.preprocessing.image.resizing import padded, resized

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("image_cases", HERE / "image_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

with np.load(HERE / "reference" / "resized.npz") as _file:
    REFERENCE = dict(_file)

TOLERANCE = 255 * 1e-4
TABLE = 255 * 1e-3  # TensorFlow rounds the place of cubic weights to 1/1024 of a pixel


@pytest.mark.parametrize("key", REFERENCE)
def test_sizes(key: str) -> None:
    shape, size, method, fit = key.split("/")
    x = cases.picture(_numbers(shape)).astype(np.uint8)
    functions = {"distort": resized, "pad": padded, "crop": smart_resize}
    got = functions[fit](x, _numbers(size), method)
    tolerance = TABLE if method == "bicubic" else TOLERANCE
    np.testing.assert_allclose(got, REFERENCE[key], atol=tolerance)


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
def test_tensors_and_channels_first(method: str) -> None:
    x = cases.picture((13, 20, 3)).astype(np.uint8)
    expected = REFERENCE[f"(13, 20, 3)/(17, 11)/{method}/crop"]
    tensor = smart_resize(constant(x), (17, 11), method)
    np.testing.assert_allclose(Session().run(tensor), expected, atol=TOLERANCE)
    first = np.ascontiguousarray(np.moveaxis(x, -1, 0))
    batch = np.stack([first, first])
    for given in (first, batch, constant(first), constant(batch)):
        got = smart_resize(given, (17, 11), method, "channels_first")
        values = got if isinstance(got, np.ndarray) else Session().run(got)
        last = np.moveaxis(values if values.ndim == 3 else values[1], 0, -1)
        np.testing.assert_allclose(last, expected, atol=TOLERANCE)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.strip("()").split(","))
