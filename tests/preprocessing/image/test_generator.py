"""`ImageDataGenerator`: arguments, scale, statistics; what Keras makes is in tests/fidelity."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from thalweg.core import OptionError, ShapeError
from thalweg.preprocessing.image import ImageDataGenerator

X = np.random.default_rng(0).integers(0, 256, (50, 6, 7, 3)).astype(np.uint8)


KERAS = """
    featurewise_center samplewise_center featurewise_std_normalization
    samplewise_std_normalization zca_whitening zca_epsilon rotation_range width_shift_range
    height_shift_range brightness_range shear_range zoom_range channel_shift_range fill_mode
    cval horizontal_flip vertical_flip rescale preprocessing_function data_format
    validation_split interpolation_order dtype
"""


def test_arguments_are_those_of_keras() -> None:
    names = list(inspect.signature(ImageDataGenerator.__init__).parameters)[1:]
    assert names[:23] == KERAS.split()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rotation_range": -1}, "bad rotation_range\n  expected  a number >= 0"),
        ({"zoom_range": [1, 2, 3]}, "bad zoom_range\n  expected  a number, or the least"),
        ({"zoom_range": "a"}, "bad zoom_range"),
        ({"width_shift_range": "a"}, "bad width_shift_range"),
        ({"height_shift_range": [[1]]}, "bad height_shift_range"),
        (
            {"fill_mode": "nearst"},
            "bad fill_mode.*\n.*\n.*\n.*\n  hint      did you mean 'nearest'",
        ),
        ({"data_format": "last"}, "bad data_format"),
        ({"validation_split": 1.0}, "bad validation_split\n  expected  a number, 0 <= validation"),
        ({"interpolation_order": 9}, "bad interpolation_order"),
        ({"dtype": "uint8"}, "bad dtype"),
        ({"rescale": "a"}, "bad rescale"),
        ({"preprocessing_function": 3}, "bad preprocessing_function"),
        ({"zca_epsilon": 0}, "bad zca_epsilon"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        ImageDataGenerator(**arguments)


def test_one_kind_of_scale_implies_another() -> None:
    with pytest.warns(UserWarning, match="sets featurewise_center=True"):
        assert ImageDataGenerator(featurewise_std_normalization=True).featurewise_center
    with pytest.warns(UserWarning, match="sets samplewise_center=True"):
        assert ImageDataGenerator(samplewise_std_normalization=True).samplewise_center
    with pytest.warns(UserWarning, match="sets featurewise_std_normalization=False"):
        generator = ImageDataGenerator(
            featurewise_center=True, zca_whitening=True, featurewise_std_normalization=True
        )
    assert not generator.featurewise_std_normalization


def test_statistics_of_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thalweg.preprocessing.image.generator._FIT_BYTES", 4 * 6 * 7 * 3 * 8)
    generator = ImageDataGenerator(
        featurewise_center=True, featurewise_std_normalization=True, rescale=1 / 255
    )
    generator.fit(X)
    x = X.astype(np.float64) / 255
    np.testing.assert_allclose(generator.mean[0, 0], x.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(generator.std[0, 0], x.std((0, 1, 2)), rtol=1e-6)
    batch = generator.flow(X, batch_size=50)[0]
    np.testing.assert_allclose(batch.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std((0, 1, 2)), 1, atol=1e-4)


def test_large_offsets_do_not_cost_digits() -> None:
    x = (np.random.default_rng(1).normal(1e6, 1.0, (300, 4, 4, 1))).astype(np.float64)
    generator = ImageDataGenerator(
        featurewise_center=True, featurewise_std_normalization=True, dtype="float64"
    )
    generator.fit(x)
    np.testing.assert_allclose(generator.std, x.std(), rtol=1e-6)


def test_whitened_pictures_are_uncorrelated() -> None:
    rng = np.random.default_rng(2)
    mixed = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 12)) + 5
    x = mixed.reshape(400, 2, 2, 3)
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    generator.fit(x)
    white = generator.flow(x, batch_size=400)[0].reshape(400, -1)
    np.testing.assert_allclose(white.T @ white / 400, np.eye(12), atol=2e-3)
    # Of all whitening matrices, ZCA's is the symmetric one.
    matrix = generator.principal_components
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)


def test_whitening_has_a_limit() -> None:
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    with pytest.raises(OptionError, match="at most 16384 values\n  got       30000 in a picture"):
        generator.fit(np.zeros((2, 100, 100, 3), np.uint8))


def test_augmented_statistics() -> None:
    generator = ImageDataGenerator(featurewise_center=True, width_shift_range=[7.0], cval=100)
    generator.fill_mode = "constant"
    generator.fit(X, augment=True, rounds=3, seed=4)
    np.testing.assert_allclose(generator.mean, 100)  # all pictures are shifted out of sight
    first = ImageDataGenerator(featurewise_center=True, rotation_range=40)
    second = ImageDataGenerator(featurewise_center=True, rotation_range=40)
    first.fit(X, augment=True, seed=4)
    second.fit(X, augment=True, seed=4)
    np.testing.assert_array_equal(first.mean, second.mean)
    second.fit(X, augment=True, seed=5)
    assert not np.array_equal(first.mean, second.mean)


def test_statistics_of_the_users_own() -> None:
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.warns(UserWarning, match=r"featurewise_center=True\) has no statistics yet"):
        np.testing.assert_array_equal(generator.standardize(np.ones((2, 2, 3))), 1)
    generator.mean = np.array([1.0, 2.0, 3.0])
    expected = X.astype(np.float32) - [1, 2, 3]
    np.testing.assert_allclose(generator.flow(X, shuffle=False, batch_size=50)[0], expected)


def test_standardize_in_place() -> None:
    generator = ImageDataGenerator(rescale=0.5)
    x = np.full((2, 2, 3), 4, np.float32)
    assert generator.standardize(x) is x
    assert x.max() == 2
    integers = np.full((2, 2, 3), 4)
    result = generator.standardize(integers)
    assert result.dtype == np.float32 and result.max() == 2 and integers.max() == 4
    batch = X[:4].astype(np.float32)
    with pytest.warns(UserWarning):
        by_sample = ImageDataGenerator(samplewise_std_normalization=True)
    by_sample.standardize(batch)
    np.testing.assert_allclose(batch.mean((1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std((1, 2, 3)), 1, atol=1e-4)


def test_subclasses_of_the_user() -> None:
    class Inverted(ImageDataGenerator):
        def apply_transform(self, x: Any, transform_parameters: Any) -> np.ndarray:
            return 255 - super().apply_transform(x, transform_parameters)

    options: dict[str, Any] = {"rotation_range": 40, "rescale": 0.1}
    plain = ImageDataGenerator(**options).flow(X, seed=3)[0]
    inverted = Inverted(**options).flow(X, seed=3)[0]
    np.testing.assert_allclose(inverted, 25.5 - plain, atol=1e-4)

    class Fixed(ImageDataGenerator):
        def get_random_transform(self, img_shape: Any, seed: Any = None) -> dict[str, Any]:
            return {"flip_horizontal": True}

    np.testing.assert_array_equal(Fixed().flow(X, shuffle=False)[0], X[:32, :, ::-1])


def test_draws_go_on_without_a_seed() -> None:
    generator = ImageDataGenerator(rotation_range=90, elastic_alpha=3.0)
    first, second = (generator.get_random_transform((4, 5, 3)) for _ in range(2))
    assert first["theta"] != second["theta"]
    assert not np.array_equal(first["elastic"], second["elastic"])
    with pytest.raises(OptionError):
        generator.get_random_transform((4, 5, 3), seed=-1)


def test_ranges() -> None:
    generator = ImageDataGenerator(
        rotation_range=10,
        width_shift_range=3,
        height_shift_range=[2, 5],
        shear_range=4,
        zoom_range=(0.5, 2),
        horizontal_flip=True,
        channel_shift_range=9,
        brightness_range=(1, 3),
    )
    draws = [generator.get_random_transform((40, 40, 3)) for _ in range(400)]

    def spread(name: str) -> tuple[float, float]:
        return min(d[name] for d in draws), max(d[name] for d in draws)

    for name, low, high in [
        ("theta", -10, 10),
        ("shear", -4, 4),
        ("zx", 0.5, 2),
        ("zy", 0.5, 2),
        ("channel_shift_intensity", -9, 9),
        ("brightness", 1, 3),
    ]:
        least, most = spread(name)
        assert low <= least < low + 0.05 * (high - low) < high - 0.05 * (high - low) < most <= high
    assert {d["ty"] for d in draws} == {-2, -1, 0, 1, 2}
    assert {d["tx"] for d in draws} == {-5, -2, 2, 5}
    assert 150 < sum(d["flip_horizontal"] for d in draws) < 250
    assert not any(d["flip_vertical"] for d in draws)


def test_shapes_are_checked() -> None:
    generator = ImageDataGenerator()
    with pytest.raises(ShapeError, match=r"apply_transform: this is no single picture"):
        generator.apply_transform(X, {})
    with pytest.raises(ShapeError, match=r"random_transform: this is no single picture"):
        generator.random_transform(X)
    with pytest.raises(ShapeError, match=r"fit: these are no pictures"):
        generator.fit(X[0])
