"""tf.layers: convolutions and pooling of signals, images and volumes, against SciPy and NumPy."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import scipy.signal

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError, ShapeError

RANDOM = np.random.default_rng(0)
SIZES = {1: (7,), 2: (7, 6), 3: (5, 6, 4)}
CONV = {1: tf.layers.Conv1D, 2: tf.layers.Conv2D, 3: tf.layers.Conv3D}


def images(rank: int, channels: int = 3) -> np.ndarray:
    return RANDOM.normal(size=(2, *SIZES[rank], channels)).astype(np.float32)


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


def correlated(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Every position of a whole window, by SciPy."""
    return np.stack(
        [
            np.stack(
                [
                    sum(
                        scipy.signal.correlate(sample[..., c], kernel[..., c, o], "valid")
                        for c in range(kernel.shape[-2])
                    )
                    for o in range(kernel.shape[-1])
                ],
                axis=-1,
            )
            for sample in x
        ]
    )


def first(x: np.ndarray) -> np.ndarray:
    """Channels moved before the sizes."""
    return np.moveaxis(x, -1, 1)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_convolution(rank: int) -> None:
    x = images(rank)
    layer = CONV[rank](4, 3, bias_initializer=tf.constant_initializer(0.5))
    y = layer(x)
    name = f"conv{rank}d"
    assert [v.name for v in layer.weights] == [f"{name}/kernel:0", f"{name}/bias:0"]
    assert layer.kernel.shape == (*[3] * rank, 3, 4)
    assert y.shape == (2, *[size - 2 for size in SIZES[rank]], 4)
    found, kernel = run([y, layer.kernel])
    np.testing.assert_allclose(found, correlated(x, kernel) + 0.5, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_channels_first_strides_and_padding(rank: int) -> None:
    x = images(rank)
    last = CONV[rank](4, 3, strides=2, padding="SAME", activation=tf.nn.relu)
    moved = CONV[rank](
        4, 3, strides=2, padding="same", data_format="channels_first", activation=tf.nn.relu
    )
    a = last(x)
    b = moved(first(x))
    assert a.shape == (2, *[-(-size // 2) for size in SIZES[rank]], 4)
    with tf.Session() as session:
        session.run(moved.kernel.assign(last.kernel))
        expected, found = session.run([a, b])
    np.testing.assert_allclose(found, first(expected), rtol=1e-4, atol=1e-5)
    assert expected.min() == 0.0


def test_dilations() -> None:
    x = images(2)
    layer = tf.layers.Conv2D(2, (2, 3), dilation_rate=(2, 1), use_bias=False)
    found, kernel = run([layer(x), layer.kernel])
    wide = np.zeros((3, 3, 3, 2), np.float32)
    wide[::2] = kernel
    np.testing.assert_allclose(found, correlated(x, wide), rtol=1e-4, atol=1e-5)


def test_names_and_reuse() -> None:
    x = images(2)
    y = tf.layers.conv2d(x, 4, 3, name="c", activation=tf.nn.relu)
    z = tf.layers.conv2d(x, 4, 3, name="c", reuse=True, activation=tf.nn.relu)
    assert y.name == "c/Relu:0"
    assert [v.name for v in tf.global_variables()] == ["c/kernel:0", "c/bias:0"]
    a, b = run([y, z])
    np.testing.assert_array_equal(a, b)
    tf.layers.conv2d(x, 4, 3, kernel_regularizer=tf.nn.l2_loss, trainable=False)
    assert len(tf.trainable_variables()) == 2
    assert len(tf.losses.get_regularization_losses()) == 1


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_transposed_convolution_is_the_gradient_of_convolution(
    rank: int, padding: str, data_format: str
) -> None:
    cls = {2: tf.layers.Conv2DTranspose, 3: tf.layers.Conv3DTranspose}[rank]
    x = images(rank)
    strides = 2
    layer = cls(4, 3, strides, padding, data_format, use_bias=False)
    y = layer(first(x) if data_format == "channels_first" else x)
    name = f"conv{rank}d_transpose"
    assert [v.name for v in layer.weights] == [f"{name}/kernel:0"]
    assert layer.kernel.shape == (*[3] * rank, 4, 3)
    larger = [size * strides + (1 if padding == "valid" else 0) for size in SIZES[rank]]
    zeros = tf.zeros([2, *larger, 4])
    forward = CONV[rank](3, 3, strides, padding, use_bias=False, name="forward")
    with tf.Session() as session:
        z = forward(zeros)
        session.run(forward.kernel.assign(layer.kernel))
        [expected] = session.run(tf.gradients(z, zeros, grad_ys=tf.constant(x)))
        found = session.run(y)
    if data_format == "channels_first":
        expected = first(expected)
    assert y.shape == found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_transposed_convolution_of_unknown_sizes() -> None:
    x = tf.placeholder(tf.float32, [None, None, 4, 3])
    y = tf.layers.conv2d_transpose(x, 2, 3, strides=(2, 1), padding="same", name="up")
    assert y.shape == (None, None, 4, 2)
    assert run(y, {x: np.ones((1, 5, 4, 3))}).shape == (1, 10, 4, 2)
    assert [v.op.name for v in tf.global_variables()] == ["up/kernel", "up/bias"]


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_separable_convolution_is_one_with_a_product_kernel(rank: int, data_format: str) -> None:
    cls = {1: tf.layers.SeparableConv1D, 2: tf.layers.SeparableConv2D}[rank]
    x = images(rank)
    layer = cls(5, 3, data_format=data_format, depth_multiplier=2)
    y = layer(first(x) if data_format == "channels_first" else x)
    name = f"separable_conv{rank}d"
    assert [v.name for v in layer.weights] == [
        f"{name}/depthwise_kernel:0", f"{name}/pointwise_kernel:0", f"{name}/bias:0",
    ]  # fmt: skip
    found, depthwise, pointwise = run([y, layer.depthwise_kernel, layer.pointwise_kernel])
    assert depthwise.shape == (*[3] * rank, 3, 2)
    assert pointwise.shape == (*[1] * rank, 6, 5)
    both = np.einsum("...cm,cmo->...co", depthwise, pointwise.reshape(3, 2, 5))
    expected = correlated(x, both)
    if data_format == "channels_first":
        expected = first(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_functions_of_separable_convolution() -> None:
    y = tf.layers.separable_conv2d(images(2), 5, 3, strides=2, padding="same", name="s")
    assert y.shape == (2, 4, 3, 5)
    assert tf.layers.separable_conv1d(images(1), 5, 3).shape == (2, 5, 5)
    with pytest.raises(OptionError, match="depth_multiplier is not positive"):
        tf.layers.separable_conv2d(images(2), 5, 3, depth_multiplier=0)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling(rank: int, kind: str) -> None:
    x = images(rank)
    function = getattr(tf.layers, f"{kind}_pooling{rank}d")
    y = function(x, 2, 2)
    sizes = [size // 2 for size in SIZES[rank]]
    cut = x[(slice(None), *(slice(0, 2 * n) for n in sizes))]
    blocks = cut.reshape(2, *[part for n in sizes for part in (n, 2)], 3)
    axes = tuple(2 + 2 * axis for axis in range(rank))
    expected = blocks.max(axes) if kind == "max" else blocks.mean(axes)
    np.testing.assert_allclose(run(y), expected, rtol=1e-5, atol=1e-6)
    moved = function(first(x), [2] * rank, 2, data_format="channels_first", name="pool")
    np.testing.assert_allclose(run(moved), first(expected), rtol=1e-5, atol=1e-6)
    same = function(x, 3, 2, padding="same")
    assert same.shape == (2, *[-(-size // 2) for size in SIZES[rank]], 3)
    assert tf.global_variables() == []


def test_inputs_and_options_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="Conv2D: the input does not fit the layer"):
        tf.layers.conv2d(images(1), 4, 3)
    with pytest.raises(ShapeError, match="a size that the variables depend on is not known"):
        tf.layers.conv2d(tf.placeholder(tf.float32, [1, 8, 8, None]), 4, 3)
    layer = tf.layers.Conv2D(4, 3)
    layer(images(2))
    with pytest.raises(ShapeError, match="expected  size 3 on axis 3"):
        layer(images(2, channels=5))
    x = images(2)
    for call, text in (
        (lambda: tf.layers.conv2d(x, 4, (3, 3, 3)), "kernel_size does not fit"),
        (lambda: tf.layers.conv2d(x, 4, 0), "kernel_size does not fit"),
        (lambda: tf.layers.conv2d(x, 4, 3, strides=1.5), "strides does not fit"),
        (lambda: tf.layers.conv2d(x, 4, 3, padding="full"), "Conv2D: unknown padding"),
        (lambda: tf.layers.conv2d(x, 4, 3, data_format="NHWC"), "unknown data_format"),
        (lambda: tf.layers.max_pooling2d(x, 2, [2]), None),
    ):
        if text is None:
            call()
        else:
            with pytest.raises(OptionError, match=text):
                call()


def test_functions_know_their_arguments() -> None:
    assert tf.layers.conv2d.__name__ == "conv2d"
    assert tf.layers.conv2d.__doc__.startswith("Applies a `Conv2D` layer of its own")
    assert "reuse" not in inspect.signature(tf.layers.max_pooling2d).parameters
    with pytest.raises(TypeError, match="kernel_size"):
        tf.layers.conv2d(images(2), 4)


def test_a_convolutional_network_learns() -> None:
    x = RANDOM.normal(size=(64, 8, 8, 1)).astype(np.float32)
    y = (x[:, :4].mean((1, 2, 3)) > x[:, 4:].mean((1, 2, 3))).astype(np.int32)
    net = tf.layers.conv2d(x, 4, 3, padding="same", activation=tf.nn.relu)
    net = tf.layers.max_pooling2d(net, 2, 2)
    logits = tf.layers.dense(tf.layers.flatten(net), 2)
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    step = tf.train.AdamOptimizer(0.02).minimize(loss)
    with tf.Session() as session:
        before = session.run(loss)
        for _ in range(40):
            session.run(step)
        assert session.run(loss) < before / 3
