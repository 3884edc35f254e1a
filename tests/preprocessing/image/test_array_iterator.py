"""`flow`: batches of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.core import DataError, OptionError
from thalweg.preprocessing.image import ImageDataGenerator, NumpyArrayIterator, load_img

X = np.random.default_rng(0).integers(0, 256, (10, 4, 5, 3)).astype(np.uint8)
Y = np.arange(10) % 2


def test_batches() -> None:
    flow = ImageDataGenerator().flow(X, Y, batch_size=4, shuffle=False)
    assert (flow.n, flow.batch_size, len(flow)) == (10, 4, 3)
    x, y = flow[2]
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, X[8:])
    np.testing.assert_array_equal(y, Y[8:])
    assert isinstance(ImageDataGenerator().flow(X)[0], np.ndarray)


def test_more_inputs_and_weights() -> None:
    more, weights = np.arange(10) * 2, np.arange(10) / 10
    generator = ImageDataGenerator()
    [x, extra], y, w = generator.flow((X, more), Y, 4, sample_weight=weights, seed=1)[1]
    np.testing.assert_array_equal(extra, weights_to_numbers(w) * 2)
    np.testing.assert_array_equal(x, X[weights_to_numbers(w)])
    np.testing.assert_array_equal(y, Y[weights_to_numbers(w)])
    [x, first, second], _ = generator.flow([X, [more, more + 1]], Y)[0]
    np.testing.assert_array_equal(first + 1, second)


def weights_to_numbers(weights: np.ndarray) -> np.ndarray:
    return np.rint(weights * 10).astype(int)


def test_subsets() -> None:
    generator = ImageDataGenerator(validation_split=0.3)
    weights = np.arange(10.0)
    held_out = generator.flow(X, Y, subset="validation", shuffle=False, sample_weight=weights)
    rest = generator.flow(X, Y, subset="training", shuffle=False, sample_weight=weights)
    np.testing.assert_array_equal(held_out[0][0], X[:3])
    np.testing.assert_array_equal(rest[0][0], X[3:])
    np.testing.assert_array_equal(rest[0][2], weights[3:])
    both = [X, np.arange(10)]
    np.testing.assert_array_equal(generator.flow(both, subset="training")[0][1].sum(), 42)
    with pytest.raises(DataError, match="do not have the same classes\n  got       only one"):
        generator.flow(X, np.sort(Y), subset="training")
    generator.flow(X, np.sort(Y), subset="training", ignore_class_split=True)
    with pytest.raises(OptionError, match="subset needs a part"):
        ImageDataGenerator().flow(X, subset="training")


def test_dtypes() -> None:
    for dtype in ("float16", "float32", "float64"):
        generator = ImageDataGenerator(rescale=0.5, rotation_range=5, dtype=dtype)
        assert generator.flow(X)[0].dtype == dtype
    fine = ImageDataGenerator(rescale=1 / 3, dtype="float64").flow(X, shuffle=False)[0]
    np.testing.assert_allclose(fine, X / 3, rtol=1e-14)


def test_function_of_the_user() -> None:
    seen: list[Any] = []

    def halve(picture: np.ndarray) -> np.ndarray:
        seen.append(picture)
        return picture / 2

    generator = ImageDataGenerator(preprocessing_function=halve, rescale=4, horizontal_flip=True)
    plain = ImageDataGenerator(horizontal_flip=True).flow(X, seed=2)[0]
    np.testing.assert_allclose(generator.flow(X, seed=2)[0], plain * 2, rtol=1e-6)
    assert len(seen) == 10 and seen[0].shape == (4, 5, 3) and seen[0].dtype == np.float32
    wrong = ImageDataGenerator(preprocessing_function=lambda picture: picture[..., :1])
    with pytest.raises(DataError, match="changed the shape of a picture"):
        wrong.flow(X)[0]


def test_pictures_are_saved(tmp_path: Path) -> None:
    flow = ImageDataGenerator().flow(
        X, batch_size=4, shuffle=False, save_to_dir=tmp_path, save_prefix="a", save_format="png"
    )
    next(flow)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a_{i}_0.png" for i in range(4)]
    saved = np.asarray(load_img(tmp_path / "a_2_0.png")).astype(float)
    stretched = (X[2] - float(X[2].min())) / (X[2].max() - float(X[2].min())) * 255
    np.testing.assert_allclose(saved, np.floor(stretched), atol=1)
    with pytest.raises(OptionError, match="there is no such folder"):
        ImageDataGenerator().flow(X, save_to_dir=tmp_path / "gone")


def test_channels_first() -> None:
    first = np.ascontiguousarray(np.moveaxis(X, -1, 1))
    options: dict[str, Any] = {"rotation_range": 20, "width_shift_range": 0.2, "zoom_range": 0.2}
    last = ImageDataGenerator(**options).flow(X, seed=2)[0]
    got = ImageDataGenerator(**options, data_format="channels_first").flow(first, seed=2)[0]
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, np.moveaxis(last, -1, 1), atol=1e-4)


@pytest.mark.parametrize(
    ("x", "options", "told"),
    [
        (X[0], {}, "x is no array of pictures\n  expected  \\(samples"),
        (X[..., 0], {}, "hint      x\\[..., None\\] adds an axis"),
        (X, {"y": Y[:4]}, "numbers of samples differ\n  expected  10 of each\n  got       y \\(4,"),
        (X, {"y": Y, "sample_weight": Y[:2]}, "got       sample_weight \\(2,\\)"),
        ((X, Y[:3]), {}, "got       x\\[1\\]\\[0\\] \\(3,\\)"),
        (X[:0], {}, "there are no pictures"),
        (np.full((2, 3, 3, 1), "a"), {}, "x is no array of numbers"),
    ],
)
def test_data_are_checked(x: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        ImageDataGenerator().flow(x, **options)


def test_channels_are_checked() -> None:
    with pytest.warns(UserWarning, match=r"x \(2, 7, 5, 3\) with channels_first has 7"):
        NumpyArrayIterator(
            np.zeros((2, 7, 5, 3)), None, ImageDataGenerator(), data_format="channels_first"
        )
