"""tf.nn: activations, dropout, losses, moments against NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError, ShapeError

X = np.array([[-1.5, 0.25, 2.0], [0.5, -0.75, 8.0]])
ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": lambda x: np.where(x < 0, np.expm1(x), x),
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sigmoid": scipy.special.expit,
    "tanh": np.tanh,
    "softmax": lambda x: scipy.special.softmax(x, axis=-1),
    "log_softmax": lambda x: scipy.special.log_softmax(x, axis=-1),
    "l2_loss": lambda x: (x**2).sum() / 2,
    "l2_normalize": lambda x: x / np.linalg.norm(x),
}


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_elementwise(name: str) -> None:
    y = getattr(tf.nn, name)(X, name="y")
    assert y.name == "y:0"
    np.testing.assert_allclose(run(y), ACTIVATIONS[name](X), rtol=1e-9)


def test_softmax_along_other_axes() -> None:
    x = np.arange(24.0).reshape(2, 3, 4) % 5
    for axis in (0, 1, 2, -1, -3):
        expected = scipy.special.softmax(x, axis=axis)
        np.testing.assert_allclose(run(tf.nn.softmax(x, axis)), expected, rtol=1e-9)
        logs = run(tf.nn.log_softmax(x, dim=axis))
        np.testing.assert_allclose(logs, np.log(expected), rtol=1e-9)
    with pytest.raises(ShapeError) as caught:
        tf.nn.softmax(x, axis=3)
    assert str(caught.value) == (
        "axis: no such axis\n"
        "  expected  an axis in -3 <= axis < 3\n"
        "  got       axis 3 of float64 (2, 3, 4)"
    )
    with pytest.raises(ShapeError, match="axis: the rank is unknown"):
        tf.nn.softmax(tf.placeholder(tf.float32), axis=1)


def test_bias_add_in_both_formats() -> None:
    x, b = np.zeros((2, 3, 4, 5)), np.arange(5.0)
    np.testing.assert_array_equal(run(tf.nn.bias_add(x, b)), x + b)
    first = run(tf.nn.bias_add(np.moveaxis(x, -1, 1), b, data_format="NCHW"))
    np.testing.assert_array_equal(first, np.moveaxis(x + b, -1, 1))
    with pytest.raises(ShapeError, match="bias_add: the bias does not fit the channels"):
        tf.nn.bias_add(x, np.arange(4.0))
    with pytest.raises(OptionError) as caught:
        tf.nn.bias_add(x, b, data_format="NHCW")
    assert str(caught.value) == (
        "bias_add: unknown data_format\n"
        "  expected  'NHWC', 'N...C', 'NCHW' or 'NC...'\n"
        "  got       'NHCW'"
    )


def test_xw_plus_b() -> None:
    result = run(tf.nn.xw_plus_b(X, X.T, np.array([1.0, 2.0])))
    np.testing.assert_allclose(result, X @ X.T + [1, 2])


def test_dropout_with_a_fed_keep_prob() -> None:
    x = tf.placeholder(tf.float32, [None, 1000])
    keep_prob = tf.placeholder(tf.float32)
    y = tf.nn.dropout(x, keep_prob)
    ones = np.ones((20, 1000), np.float32)
    with tf.Session() as session:
        for keep in (0.25, 0.5):
            values = session.run(y, {x: ones, keep_prob: keep})
            assert set(np.unique(values).tolist()) == {0.0, 1 / keep}
            assert abs((values > 0).mean() - keep) < 0.02
        assert session.run(y, {x: ones, keep_prob: 1.0}).tolist() == ones.tolist()
        feeds = {x: ones, keep_prob: 0.5}
        assert not np.array_equal(session.run(y, feeds), session.run(y, feeds))


def test_dropout_lets_the_gradient_through_what_it_keeps() -> None:
    x = tf.constant(np.ones(100, np.float32))
    y = tf.nn.dropout(x, 0.5)
    value, slope = run([y, tf.gradients(y, x)[0]])
    assert value.tolist() == slope.tolist()


def test_dropout_by_rate_shape_and_seed() -> None:
    x = np.ones((50, 4, 6), np.float32)
    by_rate, rows, a, b = run([
        tf.nn.dropout(x, rate=0.75),
        tf.nn.dropout(x, 0.5, noise_shape=[50, 1, 6]),
        tf.nn.dropout(x, 0.5, seed=1),
        tf.nn.dropout(x, 0.5, seed=1),
    ])  # fmt: skip
    assert set(np.unique(by_rate).tolist()) == {0.0, 4.0}
    assert (rows == rows[:, :1]).all()
    assert set(np.unique(rows).tolist()) == {0.0, 2.0}
    assert a.tolist() == b.tolist()
    tensor = tf.constant(x)
    assert tf.nn.dropout(tensor, 1.0) is tensor
    fed = tf.placeholder(tf.float64)
    assert run(tf.nn.dropout(x, rate=fed), {fed: 0.0}).tolist() == x.tolist()


def test_dropout_errors() -> None:
    with pytest.raises(OptionError) as caught:
        tf.nn.dropout(X, 1.5)
    assert str(caught.value) == (
        "dropout: not a probability to keep with\n  expected  0 < keep_prob <= 1\n  got       1.5"
    )
    with pytest.raises(OptionError, match="0 <= rate < 1"):
        tf.nn.dropout(X, rate=1.0)
    for arguments in ({}, {"keep_prob": 0.5, "rate": 0.5}):
        with pytest.raises(OptionError, match="one of keep_prob and rate is needed"):
            tf.nn.dropout(X, **arguments)


LABELS = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
LOSSES = -(LABELS * scipy.special.log_softmax(X, axis=1)).sum(axis=1)


def test_softmax_cross_entropies() -> None:
    first = tf.nn.softmax_cross_entropy_with_logits(labels=LABELS, logits=X)
    second = tf.nn.softmax_cross_entropy_with_logits_v2(labels=LABELS, logits=X)
    columns = tf.nn.softmax_cross_entropy_with_logits_v2(LABELS.T, X.T, axis=0)
    old = tf.nn.softmax_cross_entropy_with_logits(labels=LABELS.T, logits=X.T, dim=0)
    for loss in (first, second, columns, old):
        np.testing.assert_allclose(run(loss), LOSSES, rtol=1e-9)


def test_only_the_second_version_differentiates_the_labels() -> None:
    labels, logits = tf.constant(LABELS), tf.constant(X)
    first = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    second = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
    assert tf.gradients(first, labels) == [None]
    slope, logits_slope = run(tf.gradients(second, [labels, logits]))
    np.testing.assert_allclose(slope, -scipy.special.log_softmax(X, axis=1), rtol=1e-9)
    np.testing.assert_allclose(logits_slope, scipy.special.softmax(X, axis=1) - LABELS, atol=1e-9)


def test_the_other_cross_entropies() -> None:
    sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=X)
    np.testing.assert_allclose(
        run(sparse), -scipy.special.log_softmax(X, axis=1)[[0, 1], [1, 0]], rtol=1e-9
    )
    binary = tf.nn.sigmoid_cross_entropy_with_logits(labels=LABELS, logits=X)
    p = scipy.special.expit(X)
    expected = -scipy.special.xlogy(LABELS, p) - scipy.special.xlog1py(1 - LABELS, -p)
    np.testing.assert_allclose(run(binary), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "softmax_cross_entropy_with_logits",
        "sparse_softmax_cross_entropy_with_logits",
        "sigmoid_cross_entropy_with_logits",
    ],
)
def test_labels_and_logits_go_by_name(name: str) -> None:
    function = getattr(tf.nn, name)
    with pytest.raises(OptionError) as caught:
        function(X, LABELS)
    assert str(caught.value) == (
        f"{name}: takes its arguments by name\n"
        f"  expected  {name}(labels=…, logits=…)\n"
        "  got       an argument by position"
    )
    with pytest.raises(OptionError, match=f"{name}: logits is missing"):
        function(labels=LABELS)


def test_moments() -> None:
    for axes in ([0], [0, 1], 1):
        mean, variance = run(tf.nn.moments(X, axes))
        oracle = tuple(axes) if isinstance(axes, list) else axes
        np.testing.assert_allclose(mean, X.mean(axis=oracle))
        np.testing.assert_allclose(variance, X.var(axis=oracle))
    mean, variance = run(tf.nn.moments(X, [1], keep_dims=True))
    assert mean.shape == variance.shape == (2, 1)


def test_batch_normalization() -> None:
    mean, variance = X.mean(axis=0), X.var(axis=0)
    normal = (X - mean) / np.sqrt(variance + 1e-3)
    plain = tf.nn.batch_normalization(X, mean, variance, None, None, 1e-3)
    scaled = tf.nn.batch_normalization(X, mean, variance, X[0], X[1], 1e-3)
    np.testing.assert_allclose(run(plain), normal)
    np.testing.assert_allclose(run(scaled), normal * X[1] + X[0])


def test_in_top_k() -> None:
    scores = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4], [np.nan, 1.0, 2.0]])
    assert run(tf.nn.in_top_k(scores, [1, 0, 0], 1)).tolist() == [True, False, False]
    assert run(tf.nn.in_top_k(scores, [2, 1, 2], 2)).tolist() == [True, True, True]


def test_l2_normalize_along_an_axis() -> None:
    expected = X / np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(run(tf.nn.l2_normalize(X, dim=1)), expected)
    assert run(tf.nn.l2_normalize(np.zeros(2))).tolist() == [0.0, 0.0]
