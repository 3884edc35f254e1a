"""Convolution and pooling: TF1's sizes and formats, against sums written out and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError, ShapeError

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(2, 6, 7, 3))
KERNEL = RANDOM.normal(size=(3, 2, 3, 4))


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


def correlated(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Every position of a whole window, by SciPy."""
    return np.stack(
        [
            sum(
                np.stack(
                    [
                        scipy.signal.correlate2d(i[..., c], kernel[..., c, o], "valid")
                        for i in images
                    ]
                )
                for c in range(kernel.shape[2])
            )
            for o in range(kernel.shape[3])
        ],
        axis=-1,
    )


def test_valid_convolution() -> None:
    expected = correlated(IMAGES, KERNEL)
    for strides in ([1, 1, 1, 1], 1, [1, 1], [1]):
        result = run(tf.nn.conv2d(IMAGES, KERNEL, strides, "VALID"))
        np.testing.assert_allclose(result, expected, rtol=1e-9)
    result = run(tf.nn.conv2d(input=IMAGES, filters=KERNEL, strides=[1, 2, 3, 1], padding="VALID"))
    np.testing.assert_allclose(result, expected[:, ::2, ::3], rtol=1e-9)


def test_same_and_explicit_padding() -> None:
    padded = np.pad(IMAGES, [(0, 0), (1, 1), (0, 1), (0, 0)])  # an odd cell comes after
    expected = correlated(padded, KERNEL)
    same = tf.nn.conv2d(IMAGES, KERNEL, strides=[1, 1, 1, 1], padding="SAME")
    explicit = tf.nn.conv2d(
        IMAGES, KERNEL, strides=[1, 1, 1, 1], padding=[[0, 0], [1, 1], [0, 1], [0, 0]]
    )
    for result in run([same, explicit]):
        np.testing.assert_allclose(result, expected, rtol=1e-9)


def test_dilations() -> None:
    wide = np.zeros((5, 2, 3, 4))
    wide[::2] = KERNEL
    result = run(tf.nn.conv2d(IMAGES, KERNEL, strides=1, padding="VALID", dilations=[1, 2, 1, 1]))
    np.testing.assert_allclose(result, correlated(IMAGES, wide), rtol=1e-9)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_nchw_equals_nhwc(padding: str) -> None:
    def both(function: Any, *sizes: Any, **options: Any) -> None:
        nhwc, first = tf.constant(IMAGES), tf.constant(IMAGES.transpose(0, 3, 1, 2))
        last = function(nhwc, *sizes, padding=padding, **options)
        nchw_sizes = [
            [size[0], size[3], size[1], size[2]] if isinstance(size, list) else size
            for size in sizes
        ]
        other = function(
            first,
            *nchw_sizes,
            padding=padding,
            data_format="NCHW",
            name=f"first_{function.__name__}",
            **options,
        )
        assert other.name == f"first_{function.__name__}:0"
        [last_slope] = tf.gradients(last * last, nhwc)
        [first_slope] = tf.gradients(other * other, first)
        a, b, c, d = run([last, other, last_slope, first_slope])
        np.testing.assert_allclose(a, b.transpose(0, 2, 3, 1), rtol=1e-9)
        np.testing.assert_allclose(c, d.transpose(0, 2, 3, 1), rtol=1e-9)

    both(tf.nn.conv2d, KERNEL, [1, 2, 1, 1])
    both(tf.nn.max_pool, [1, 2, 3, 1], [1, 2, 1, 1])
    both(tf.nn.avg_pool, [1, 2, 3, 1], [1, 2, 1, 1])


def test_explicit_padding_and_dilations_in_nchw() -> None:
    nhwc = tf.nn.conv2d(
        IMAGES, KERNEL, [1, 1, 1, 1], [[0, 0], [2, 1], [0, 1], [0, 0]], dilations=[1, 2, 1, 1]
    )
    nchw = tf.nn.conv2d(
        IMAGES.transpose(0, 3, 1, 2),
        KERNEL,
        [1, 1, 1, 1],
        [[0, 0], [0, 0], [2, 1], [0, 1]],
        data_format="NCHW",
        dilations=[1, 1, 2, 1],
    )
    a, b = run([nhwc, nchw])
    np.testing.assert_allclose(a, b.transpose(0, 2, 3, 1), rtol=1e-9)


def test_pooling() -> None:
    windows = IMAGES[:, :, :6].reshape(2, 3, 2, 3, 2, 3)
    largest = tf.nn.max_pool(IMAGES, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    mean = tf.nn.avg_pool(IMAGES, 2, 2, "VALID")
    a, b = run([largest, mean])
    np.testing.assert_allclose(a, windows.max(axis=(2, 4)))
    np.testing.assert_allclose(b, windows.mean(axis=(2, 4)))
    # "SAME" does not count cells outside of the image
    edge = run(tf.nn.avg_pool(IMAGES, ksize=[1, 1, 2, 1], strides=[1, 1, 2, 1], padding="SAME"))
    np.testing.assert_allclose(edge[:, :, 3], IMAGES[:, :, 6])


def test_shapes_of_the_tutorial() -> None:
    x = tf.reshape(tf.placeholder(tf.float32, [None, 784]), [-1, 28, 28, 1])
    y = tf.nn.conv2d(x, tf.zeros([5, 5, 1, 32]), strides=[1, 1, 1, 1], padding="SAME")
    y = tf.nn.max_pool(y, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    assert y.get_shape().as_list() == [None, 14, 14, 32]


def test_errors() -> None:
    with pytest.raises(OptionError) as caught:
        tf.nn.conv2d(IMAGES, KERNEL, [1, 1, 1, 1], "SAME", data_format="NWHC")
    assert str(caught.value) == (
        "conv2d: unknown data_format\n"
        "  expected  'NHWC' or 'NCHW'\n"
        "  got       'NWHC'\n"
        "  hint      did you mean 'NHWC'?"
    )
    with pytest.raises(OptionError) as caught:
        tf.nn.max_pool(IMAGES, [1, 2, 2, 2], [1, 2, 2, 1], "SAME")
    assert str(caught.value) == (
        "max_pool: ksize do not fit the axes\n"
        "  expected  one number, 2 spatial ones, or 4 with 1 for batch and channels\n"
        "  got       [1, 2, 2, 2]"
    )
    with pytest.raises(OptionError, match="padding does not fit the axes"):
        tf.nn.conv2d(IMAGES, KERNEL, 1, [[1, 1], [0, 0], [0, 0], [0, 0]])
    with pytest.raises(OptionError, match="conv2d: padding is missing"):
        tf.nn.conv2d(IMAGES, KERNEL, 1)
    with pytest.raises(OptionError, match="input, or its old name value"):
        tf.nn.avg_pool(IMAGES, 2, 2, "SAME", input=IMAGES)
    with pytest.raises(ShapeError, match=r"test_images\.py"):
        tf.nn.conv2d(IMAGES, KERNEL[:, :, :2], 1, "SAME")
