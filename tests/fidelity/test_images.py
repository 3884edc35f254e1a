"""Image generators against Keras 2.3.1's: equal draws, and pictures within 1e-4 of their range."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.preprocessing import image

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("image_cases", HERE / "image_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)

with np.load(HERE / "reference" / "images.npz") as _file:
    REFERENCE = dict(_file)

TOLERANCE = 255 * 1e-4
AXES = (0, 1, 2)


def close(got: Any, expected: np.ndarray, most: int = 0) -> None:
    """Equal within the tolerance, but for at most so many values that are one level off."""
    got = np.asarray(got)
    assert got.shape == expected.shape
    off = np.abs(got - expected.astype(np.float64))
    assert int((off > TOLERANCE).sum()) <= most and float(off.max()) <= (2 if most else TOLERANCE)


def parameters_of(name: str) -> dict[str, Any]:
    values = REFERENCE[f"{name}/parameters"].tolist()
    return {
        key: None if np.isnan(value) else value
        for key, value in zip(cases.PARAMETERS, values, strict=True)
    }


@pytest.mark.parametrize("name", cases.CASES)
def test_transformations(name: str) -> None:
    case = cases.CASES[name]
    generator = image.ImageDataGenerator(**case.arguments)
    drawn = generator.get_random_transform(case.shape, case.seed)
    expected = parameters_of(name)
    assert list(drawn) == list(expected)
    assert drawn == expected
    x = cases.case_picture(case)
    # Brightness counts in levels: a pixel as near as rounding to the next one may be either.
    most = 3 if expected["brightness"] and expected["theta"] else 0
    close(generator.apply_transform(x, expected), REFERENCE[f"{name}/picture"], most)
    close(generator.random_transform(x, case.seed), REFERENCE[f"{name}/picture"], most)


def test_bytes_are_transformed_like_floats() -> None:
    case = cases.CASES["all"]
    generator = image.ImageDataGenerator(**case.arguments)
    x = cases.case_picture(case).astype(np.uint8)
    close(generator.apply_transform(x, parameters_of("all")), REFERENCE["all/picture"])


@pytest.mark.parametrize("name", cases.STATISTICS)
def test_statistics(name: str) -> None:
    arguments = cases.STATISTICS[name]
    is_first = arguments.get("data_format") == "channels_first"
    generator = image.ImageDataGenerator(**arguments)
    data = cases.batch(is_first)
    generator.fit(data)
    for what in ("mean", "std", "principal_components"):
        if f"{name}/{what}" in REFERENCE:
            expected = REFERENCE[f"{name}/{what}"]
            np.testing.assert_allclose(getattr(generator, what), expected, rtol=1e-4, atol=1e-5)
    expected = REFERENCE[f"{name}/scaled"]
    np.testing.assert_allclose(generator.standardize(data[:4].copy()), expected, atol=1e-4)
    batches = generator.flow(data, shuffle=False, batch_size=4)
    np.testing.assert_allclose(batches[0], expected, atol=1e-4)


FIRST = np.ascontiguousarray(np.moveaxis(cases.picture((12, 14, 3)), -1, 0))
LAST = cases.picture((12, 14, 3))
FUNCTIONS: dict[str, Callable[[], Any]] = {
    "random_rotation": lambda: image.random_rotation(LAST, 30, *AXES, seed=7),
    "random_shift": lambda: image.random_shift(FIRST, 0.3, 0.2, fill_mode="constant", seed=7),
    "random_shear": lambda: image.random_shear(LAST, 20, *AXES, seed=7),
    "random_zoom": lambda: image.random_zoom(LAST, (0.6, 1.4), *AXES, seed=7),
    "random_channel_shift": lambda: image.random_channel_shift(FIRST, 40.0, seed=7),
    "random_brightness": lambda: image.random_brightness(LAST, (0.5, 0.9), seed=7),
    "apply_brightness_shift": lambda: image.apply_brightness_shift(LAST - 60, 1.3),
    "array_to_img": lambda: np.asarray(image.array_to_img(LAST * 0.7 - 20)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    close(FUNCTIONS[name](), REFERENCE[f"function/{name}"])


def test_all_functions_are_compared() -> None:
    names = {key.removeprefix("function/") for key in REFERENCE if key.startswith("function/")}
    assert names == set(FUNCTIONS)
