"""Rotations, shifts, shears and zooms against SciPy; what Keras makes is in tests/fidelity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from thalweg.core import OptionError, ShapeError
from thalweg.preprocessing.image import (
    ImageDataGenerator,
    apply_affine_transform,
    random_rotation,
    random_shift,
    random_zoom,
)

X = np.random.default_rng(0).uniform(0, 255, (9, 14, 3)).astype(np.float32)


def test_directions() -> None:
    x = np.zeros((5, 5, 1))
    x[1, 2] = 1  # above the middle

    def place(**parameters: Any) -> tuple[int, int]:
        picture = apply_affine_transform(x, exact_centre=True, **parameters)[..., 0]
        row, column = np.unravel_index(picture.argmax(), picture.shape)
        return int(row), int(column)

    assert place(theta=90) == (2, 3)  # to the right of it: clockwise
    assert place(tx=1) == (0, 2)
    assert place(ty=1) == (1, 1)
    assert place(zx=0.5) == (0, 2)


@pytest.mark.parametrize("mode", ["nearest", "constant", "reflect", "wrap", "mirror"])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_against_scipy(mode: str, order: int) -> None:
    angle, zoom = np.deg2rad(33.0), (0.8, 1.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag(zoom)
    centre = (np.array(X.shape[:2]) - 1) / 2
    offset = centre - matrix @ centre
    got = apply_affine_transform(
        X, 33, zx=zoom[0], zy=zoom[1], fill_mode=mode, cval=9.0, order=order, exact_centre=True
    )
    for channel in range(3):
        expected = ndimage.affine_transform(
            X[..., channel], matrix, offset, order=order, mode=mode, cval=9.0
        )
        np.testing.assert_allclose(got[..., channel], expected, atol=255e-4)


def test_axes() -> None:
    parameters = {"theta": 20, "tx": 1.5, "shear": 10}
    expected = apply_affine_transform(X, **parameters)
    for axes in [(1, 2, 0), (0, 2, 1), (1, 0, 2), (2, 1, 0)]:
        given = np.moveaxis(X, (0, 1, 2), axes)
        got = apply_affine_transform(
            given, row_axis=axes[0], col_axis=axes[1], channel_axis=axes[2], **parameters
        )
        np.testing.assert_array_equal(got, np.moveaxis(expected, (0, 1, 2), axes))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "float32", "float64"])
def test_dtypes(dtype: str) -> None:
    x = X.astype(dtype)
    got = apply_affine_transform(x, 25)
    assert got.dtype == x.dtype
    expected = apply_affine_transform(x.astype(np.float64), 25)
    tolerance = {"uint8": 0.5, "int16": 0.5, "float16": 0.1, "float32": 1e-2, "float64": 1e-9}
    np.testing.assert_allclose(got, expected, atol=tolerance[dtype] * 1.001)


def test_nothing_changes_nothing() -> None:
    np.testing.assert_array_equal(apply_affine_transform(X), X)
    np.testing.assert_array_equal(apply_affine_transform(X, fill_mode="constant"), X)


def test_random_ones_stay_in_their_ranges() -> None:
    first = np.moveaxis(X, -1, 0)
    rng = np.random.default_rng(0)
    pictures = [random_rotation(first, 10, rng=rng) for _ in range(3)]
    assert not np.array_equal(pictures[0], pictures[1])
    again = random_rotation(first, 10, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(again, pictures[0])
    ramp = np.broadcast_to(np.arange(20.0), (1, 20, 20))
    shifts = [random_shift(ramp, 0.1, 0.3, seed=seed)[0, 10, 10] - 10 for seed in range(40)]
    assert -2 <= min(shifts) < -1 and 1 < max(shifts) <= 2
    np.testing.assert_array_equal(random_zoom(first, (1, 1), seed=1), first)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_dtypes_of_a_generator(dtype: str) -> None:
    x = X.astype(dtype)
    generator = ImageDataGenerator(corrected=True)
    got = generator.apply_transform(x, {"theta": 25})
    assert got.dtype == x.dtype
    expected = apply_affine_transform(x, 25, exact_centre=True)
    tolerance = 1e-3 if x.dtype.kind == "f" else 1  # a tie may be rounded either way
    np.testing.assert_allclose(got, expected, atol=tolerance)
    brighter = generator.apply_transform(x, {"theta": 25, "brightness": 1.5})
    assert brighter.dtype == (x.dtype if x.dtype.kind == "f" else np.float32)


def test_splines_in_a_generator() -> None:
    parameters = {"theta": 12.0, "flip_horizontal": True}
    generator = ImageDataGenerator(interpolation_order=2, corrected=True)
    got = generator.apply_transform(X, parameters)
    turned = apply_affine_transform(X, 12.0, order=2, exact_centre=True)
    np.testing.assert_allclose(got, turned[:, ::-1], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"fill_mode": "edge"}, OptionError, "bad fill_mode"),
        ({"order": 6}, OptionError, "bad interpolation_order"),
        ({"row_axis": 1}, OptionError, "are not three axes"),
        ({"row_axis": 5}, OptionError, "are not three axes"),
    ],
)
def test_arguments_are_checked(options: dict[str, Any], error: type, told: str) -> None:
    with pytest.raises(error, match=told):
        apply_affine_transform(X, 3, **options)
    with pytest.raises(ShapeError, match="this is no single picture"):
        apply_affine_transform(X[0], 3)
