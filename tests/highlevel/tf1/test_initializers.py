"""tf.initializers: TensorFlow 1.15's definitions under both spellings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError, ShapeError


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def test_both_spellings_are_one_class() -> None:
    for name in tf.initializers.__all__:
        long = f"{name}_initializer"
        if long in tf.__all__ and "variables" not in name:
            assert getattr(tf.initializers, name) is getattr(tf, long), name
    assert tf.initializers.global_variables is tf.global_variables_initializer
    assert tf.initializers.variables is tf.variables_initializer


def test_fixed_numbers() -> None:
    assert run(tf.zeros_initializer()([2])).tolist() == [0.0, 0.0]
    assert run(tf.ones_initializer(tf.int32)([2])).dtype == np.int32
    assert run(tf.ones_initializer()([2], dtype=tf.float64)).dtype == np.float64
    assert run(tf.zeros_initializer()([], tf.bool)) == np.False_
    assert run(tf.initializers.identity(2.0)([2, 3])).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ShapeError, match="identity: needs a matrix"):
        tf.initializers.identity()([2])


def test_constants_repeat_their_last_value() -> None:
    assert run(tf.constant_initializer([1, 2])([2, 2])).tolist() == [[1, 2], [2, 2]]
    assert run(tf.constant_initializer(7, tf.int64)([2])).tolist() == [7, 7]
    with pytest.raises(ShapeError):
        run(tf.constant_initializer([1, 2], verify_shape=True)([2, 2]))
    with pytest.raises(ShapeError):
        run(tf.constant_initializer([1, 2])([2, 2], verify_shape=True))


def test_random_numbers() -> None:
    uniform = run(tf.random_uniform_initializer()([1000]))
    assert 0 <= uniform.min() < 0.01
    assert 0.99 < uniform.max() < 1
    bounded = run(tf.random_uniform_initializer(-2, 3, dtype=tf.int32)([1000]))
    assert sorted(set(bounded.tolist())) == [-2, -1, 0, 1, 2]
    normal = run(tf.random_normal_initializer(5.0, 2.0)([10000]))
    assert normal.mean() == pytest.approx(5, abs=0.1)
    assert normal.std() == pytest.approx(2, abs=0.1)
    cut = run(tf.truncated_normal_initializer(5.0, 2.0)([10000]))
    assert abs(cut - 5).max() < 4


# The variance of numbers of this shape: receptive field 6, 20 channels in, 30 out.
SHAPE = [2, 3, 20, 30]
VARIANCES = {
    "glorot_uniform": (tf.glorot_uniform_initializer(), 2 / (120 + 180)),
    "glorot_normal": (tf.glorot_normal_initializer(), 2 / (120 + 180)),
    "he_uniform": (tf.initializers.he_uniform(), 2 / 120),
    "he_normal": (tf.initializers.he_normal(), 2 / 120),
    "lecun_uniform": (tf.initializers.lecun_uniform(), 1 / 120),
    "lecun_normal": (tf.initializers.lecun_normal(), 1 / 120),
    "scaling": (tf.variance_scaling_initializer(), 1 / 120),
    "out": (tf.variance_scaling_initializer(3.0, "fan_out", "untruncated_normal"), 3 / 180),
    "unit": (tf.uniform_unit_scaling_initializer(1.5), 1.5**2 / 120),
}


@pytest.mark.parametrize("name", VARIANCES)
def test_variances(name: str) -> None:
    initializer, variance = VARIANCES[name]
    numbers = run(initializer(SHAPE))
    assert numbers.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / numbers.size))
    assert numbers.var() == pytest.approx(variance, rel=0.06)
    if "uniform" in name or name == "unit":
        limit = np.sqrt(3 * variance)
        assert 0.98 * limit < abs(numbers).max() <= limit
    elif name != "out":
        assert abs(numbers).max() <= 2 * np.sqrt(variance) / 0.8796


def test_small_shapes() -> None:
    for shape in ([], [5], [0, 3]):
        assert run(tf.glorot_uniform_initializer()(shape)).shape == tuple(shape)
        assert run(tf.uniform_unit_scaling_initializer()(shape)).shape == tuple(shape)


def test_orthogonal() -> None:
    for shape in ([6, 4], [4, 6], [2, 3, 5], [3, 3]):
        q = run(tf.orthogonal_initializer(2.0)(shape)).reshape(-1, shape[-1])
        product = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
        np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)
    a, b = tf.orthogonal_initializer()([3, 3]), tf.orthogonal_initializer()([3, 3])
    first, second = run([a, b])
    assert not np.allclose(first, second)
    with pytest.raises(ShapeError, match="orthogonal_initializer: needs a matrix"):
        tf.orthogonal_initializer()([3])


def test_seeds() -> None:
    for make in (
        tf.random_uniform_initializer, tf.random_normal_initializer,
        tf.truncated_normal_initializer, tf.glorot_uniform_initializer,
        tf.variance_scaling_initializer, tf.orthogonal_initializer,
    ):  # fmt: skip
        first, second, other = run([make(seed=s)([3, 3]) for s in (1, 1, 2)])
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first, other)


def test_configs() -> None:
    made = tf.variance_scaling_initializer(2.0, "fan_out", "normal", 3)
    config = made.get_config()
    assert config == {
        "scale": 2.0, "mode": "fan_out", "distribution": "normal", "seed": 3, "dtype": "float32",
    }  # fmt: skip
    again = tf.variance_scaling_initializer.from_config(config)
    assert again.get_config() == config
    glorot = tf.glorot_normal_initializer(seed=1)
    assert glorot.get_config() == {"seed": 1, "dtype": "float32"}
    assert isinstance(tf.glorot_normal_initializer.from_config({"seed": 1}), type(glorot))


def test_options() -> None:
    for make, text in (
        (lambda: tf.variance_scaling_initializer(0.0), "not a scale"),
        (lambda: tf.variance_scaling_initializer(mode="fan"), "unknown mode"),
        (lambda: tf.variance_scaling_initializer(distribution="flat"), "unknown distribution"),
        (lambda: tf.glorot_uniform_initializer(dtype=tf.int32), "draws floats"),
        (lambda: tf.random_normal_initializer(dtype=tf.int32), "draws floats"),
    ):
        with pytest.raises(OptionError, match=text):
            make()
