"""Elastic deformations against SciPy, and pictures moved to their centre of mass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from thalweg.core import OptionError, ShapeError
from thalweg.preprocessing.image import (
    ImageDataGenerator,
    apply_affine_transform,
    apply_elastic,
    centre_by_mass,
    random_elastic,
)

X = np.random.default_rng(0).uniform(0, 255, (15, 18, 2)).astype(np.float32)


def deformed(x: np.ndarray, field: np.ndarray, mode: str = "nearest") -> np.ndarray:
    rows, columns = np.mgrid[: x.shape[0], : x.shape[1]]
    places = [rows + field[..., 0], columns + field[..., 1]]
    channels = [
        ndimage.map_coordinates(x[..., c], places, order=1, mode=mode) for c in range(x.shape[-1])
    ]
    return np.stack(channels, axis=-1)


def smoothed(noise: np.ndarray, alpha: float, sigma: float) -> np.ndarray:
    fields = [ndimage.gaussian_filter(noise[..., i], sigma, mode="constant") for i in (0, 1)]
    return alpha * np.stack(fields, axis=-1)


@pytest.mark.parametrize("mode", ["nearest", "reflect", "constant"])
def test_displacements(mode: str) -> None:
    field = np.random.default_rng(1).normal(0, 3, (15, 18, 2))
    got = apply_elastic(X, field, fill_mode=mode)
    np.testing.assert_allclose(got, deformed(X, field, mode), atol=255e-4)


def test_random_fields_are_smoothed_noise() -> None:
    noise = np.random.RandomState(4).uniform(-1, 1, (15, 18, 2))
    got = random_elastic(X, 20.0, 2.0, seed=4)
    np.testing.assert_allclose(got, deformed(X, smoothed(noise, 20.0, 2.0)), atol=255e-4)


def test_in_a_generator_all_is_one_resampling() -> None:
    generator = ImageDataGenerator(elastic_alpha=15.0, elastic_sigma=2.0, corrected=True)
    parameters = generator.get_random_transform(X.shape, seed=3)
    assert parameters["elastic"].shape == (15, 18, 2)
    field = smoothed(parameters["elastic"], 15.0, 2.0)
    got = generator.apply_transform(X, parameters)
    np.testing.assert_allclose(got, deformed(X, field), atol=255e-4)
    both = generator.apply_transform(X, {**parameters, "tx": 2.0, "ty": -1.5})
    np.testing.assert_allclose(both, deformed(X, field + np.array([2.0, -1.5])), atol=255e-4)
    first = ImageDataGenerator(
        elastic_alpha=15.0, elastic_sigma=2.0, corrected=True, data_format="channels_first"
    )
    moved = first.apply_transform(np.moveaxis(X, -1, 0), parameters)
    np.testing.assert_allclose(np.moveaxis(moved, 0, -1), got, atol=1e-4)
    smooth = ImageDataGenerator(
        elastic_alpha=15.0, elastic_sigma=2.0, corrected=True, interpolation_order=3
    )
    assert np.abs(smooth.apply_transform(X, parameters) - got).mean() < 30


def spot(row: int, column: int) -> np.ndarray:
    x = np.zeros((11, 13, 1), np.uint8)
    x[row - 1 : row + 2, column - 1 : column + 2] = 200
    return x


@pytest.mark.parametrize(("row", "column"), [(1, 1), (9, 11), (5, 6), (2, 9)])
def test_centre_of_mass(row: int, column: int) -> None:
    moved = centre_by_mass(spot(row, column), fill_mode="constant")
    np.testing.assert_array_equal(moved, spot(5, 6))
    first = np.moveaxis(spot(row, column), -1, 0)
    moved = centre_by_mass(first, 1, 2, 0, fill_mode="constant")
    np.testing.assert_array_equal(moved, np.moveaxis(spot(5, 6), -1, 0))


def test_centred_before_all_else() -> None:
    x = spot(2, 9)
    generator = ImageDataGenerator(centre_by_mass=True, corrected=True)
    got = generator.apply_transform(x, {"theta": 45})
    expected = apply_affine_transform(spot(5, 6).astype(float), 45, exact_centre=True)
    np.testing.assert_allclose(got, expected, atol=0.51)  # bytes again
    batch = generator.flow(np.stack([x, spot(8, 3)]), shuffle=False)[0]
    np.testing.assert_array_equal(batch, np.stack([spot(5, 6)] * 2))


def test_flat_pictures_stay() -> None:
    flat = np.full((4, 6, 3), 9.0)
    np.testing.assert_array_equal(centre_by_mass(flat), flat)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: apply_elastic(X, np.zeros((3, 3, 2))), ShapeError, "not of the picture's size"),
        (lambda: random_elastic(X, 1.0, 0.0), OptionError, "bad sigma"),
        (lambda: ImageDataGenerator(elastic_alpha=1, elastic_sigma=0), OptionError, "bad elastic_"),
        (lambda: centre_by_mass(np.zeros((3, 3))), ShapeError, "this is no single picture"),
    ],
)
def test_arguments_are_checked(call: Any, error: type, told: str) -> None:
    with pytest.raises(error, match=told):
        call()
