"""tf.losses: values, weights and reductions by NumPy, collections as TensorFlow 1.15's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError, ShapeError

RANDOM = np.random.default_rng(0)
Y = RANDOM.uniform(0.1, 0.9, (3, 4)).astype(np.float32)
P = RANDOM.uniform(0.1, 0.9, (3, 4)).astype(np.float32)
Z = RANDOM.normal(size=(3, 4)).astype(np.float32)
BITS = (RANDOM.random((3, 4)) < 0.5).astype(np.float32)
ROWS = np.eye(4, dtype=np.float32)[[0, 2, 3]]


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


# A loss of labels and predictions, those two, and its elements by another formula.
LOSSES: dict[str, tuple[Callable[..., Any], Any, Any, Any]] = {
    "absolute_difference": (tf.losses.absolute_difference, Y, P, np.abs(Y - P)),
    "mean_squared_error": (tf.losses.mean_squared_error, Y, P, (Y - P) ** 2),
    "hinge_loss": (tf.losses.hinge_loss, BITS, Z, np.maximum(1 - np.where(BITS, Z, -Z), 0)),
    "huber_loss": (
        lambda *args, **kwargs: tf.losses.huber_loss(*args, delta=0.3, **kwargs),
        Y,
        P,
        scipy.special.huber(0.3, Y - P),
    ),
    "log_loss": (
        tf.losses.log_loss,
        BITS,
        P,
        -np.log(np.where(BITS, P, 1 - P) + 1e-7),
    ),
    "sigmoid_cross_entropy": (
        tf.losses.sigmoid_cross_entropy,
        BITS,
        Z,
        -np.log(np.where(BITS, scipy.special.expit(Z), scipy.special.expit(-Z))),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_elements(name: str) -> None:
    loss, labels, predictions, expected = LOSSES[name]
    found = run(loss(labels, predictions, reduction=tf.losses.Reduction.NONE))
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_the_mean_joins_the_losses(name: str) -> None:
    loss, labels, predictions, expected = LOSSES[name]
    total = loss(labels, predictions)
    assert tf.losses.get_losses() == [total]
    assert total.op.name.startswith(f"{name.removesuffix('_loss')}")
    np.testing.assert_allclose(run(total), expected.mean(), rtol=1e-5)
    loss(labels, predictions, loss_collection=None)
    loss(labels, predictions, loss_collection="mine")
    assert tf.losses.get_losses() == [total]
    assert len(tf.losses.get_losses(loss_collection="mine")) == 1


WEIGHTS = {
    "number": 2.0,
    "zero": 0.0,
    "rows": np.float32([[1], [0], [3]]),
    "all": np.float32(RANDOM.integers(0, 3, (3, 4))),
    "columns": np.float32([[0, 1, 0, 2]]),
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_and_reductions(weights: Any) -> None:
    elements = (Y - P) ** 2
    factors = np.broadcast_to(np.float32(weights), elements.shape)
    weighted = elements * factors
    present = np.count_nonzero(factors)
    expected = {
        "NONE": weighted,
        "SUM": weighted.sum(),
        "MEAN": weighted.sum() / factors.sum() if factors.sum() else 0.0,
        "SUM_OVER_BATCH_SIZE": weighted.sum() / 12,
        "SUM_BY_NONZERO_WEIGHTS": weighted.sum() / present if present else 0.0,
        "SUM_OVER_NONZERO_WEIGHTS": weighted.sum() / present if present else 0.0,
    }
    for name, value in expected.items():
        reduction = getattr(tf.losses.Reduction, name)
        loss = tf.losses.mean_squared_error(Y, P, weights, reduction=reduction)
        np.testing.assert_allclose(run(loss), value, rtol=1e-5, atol=1e-7)


def test_zero_weights_have_finite_gradients() -> None:
    x = tf.constant(P)
    loss = tf.losses.mean_squared_error(Y, x, weights=0.0)
    assert not run(tf.gradients(loss, x)[0]).any()


def test_weights_that_do_not_fit() -> None:
    for weights in (np.ones(4), np.ones((3, 2)), np.ones((3, 4, 1))):
        with pytest.raises(ShapeError) as caught:
            tf.losses.mean_squared_error(Y, P, np.float32(weights))
        assert str(caught.value).startswith(
            "losses: the weights do not fit the losses\n"
            "  expected  a scalar, or the rank of the losses, with their size or 1 on each axis\n"
        )


def test_shapes_that_differ() -> None:
    with pytest.raises(ShapeError, match="labels and predictions have different shapes"):
        tf.losses.absolute_difference(Y, P[:2])


def test_unknown_reduction() -> None:
    with pytest.raises(OptionError, match="losses: unknown reduction"):
        tf.losses.mean_squared_error(Y, P, reduction="mean")
    assert len(tf.losses.Reduction.all()) == 5


def test_dtypes() -> None:
    assert tf.losses.mean_squared_error(np.float64(Y), np.float64(P)).dtype == tf.float64
    assert tf.losses.mean_squared_error(np.float16(Y), np.float16(P)).dtype == tf.float16
    assert run(tf.losses.absolute_difference([1, 2], [3, 5])) == 2.5


def test_cosine_distance() -> None:
    y, p = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (Y, P))
    expected = 1 - (y * p).sum(1, keepdims=True)
    none = tf.losses.Reduction.NONE
    found = tf.losses.cosine_distance(y, p, axis=1, reduction=none)
    np.testing.assert_allclose(run(found), expected, rtol=1e-4, atol=1e-6)
    old = tf.losses.cosine_distance(y, p, dim=1, weights=np.float32([[1], [0], [0]]))
    np.testing.assert_allclose(run(old), expected[0, 0], rtol=1e-4)
    with pytest.raises(OptionError, match="cosine_distance: axis is missing"):
        tf.losses.cosine_distance(y, p)


def pairwise(y: np.ndarray, p: np.ndarray) -> float:
    """Pair by pair."""
    d = (p - y).astype(np.float64)
    n = len(d)
    pairs = [(d[i] - d[j]) ** 2 for i in range(n) for j in range(n) if i != j]
    return float(np.mean(pairs))


def test_mean_pairwise_squared_error() -> None:
    expected = [pairwise(y, p) for y, p in zip(Y, P, strict=True)]
    np.testing.assert_allclose(
        run(tf.losses.mean_pairwise_squared_error(Y, P)), sum(expected), rtol=1e-4
    )
    weights = np.float32([[2], [0], [1]])
    weighted = run(tf.losses.mean_pairwise_squared_error(Y, P, weights))
    np.testing.assert_allclose(weighted, 2 * expected[0] + expected[2], rtol=1e-4)
    assert run(tf.losses.mean_pairwise_squared_error(Y, P, 0.0)) == 0.0
    assert len(tf.losses.get_losses()) == 3


def test_softmax_cross_entropy() -> None:
    expected = -scipy.special.log_softmax(Z, 1)[np.arange(3), [0, 2, 3]]
    np.testing.assert_allclose(
        run(tf.losses.softmax_cross_entropy(ROWS, Z)), expected.mean(), rtol=1e-5
    )
    weighted = run(tf.losses.softmax_cross_entropy(ROWS, Z, np.float32([1, 0, 0])))
    np.testing.assert_allclose(weighted, expected[0], rtol=1e-5)
    smooth = ROWS * 0.8 + 0.2 / 4
    expected = -(smooth * scipy.special.log_softmax(Z, 1)).sum(1).mean()
    found = run(tf.losses.softmax_cross_entropy(ROWS, Z, label_smoothing=0.2))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_sigmoid_label_smoothing() -> None:
    smooth = BITS * 0.8 + 0.1
    expected = -(
        smooth * scipy.special.log_expit(Z) + (1 - smooth) * scipy.special.log_expit(-Z)
    ).mean()
    found = run(tf.losses.sigmoid_cross_entropy(BITS, Z, label_smoothing=0.2))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_sparse_softmax_cross_entropy() -> None:
    expected = -scipy.special.log_softmax(Z, 1)[np.arange(3), [0, 2, 3]]
    for labels in ([0, 2, 3], np.int64([[0], [2], [3]])):
        found = run(tf.losses.sparse_softmax_cross_entropy(labels, Z))
        np.testing.assert_allclose(found, expected.mean(), rtol=1e-5)
    for weights in (np.float32([0, 2, 0]), np.float32([[0], [2], [0]])):
        found = run(tf.losses.sparse_softmax_cross_entropy([0, 2, 3], Z, weights))
        np.testing.assert_allclose(found, 2 * expected[1], rtol=1e-5)


def test_unknown_batch() -> None:
    z, y = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.int32, [None])
    loss = tf.losses.sparse_softmax_cross_entropy(y, z, tf.cast(y, tf.float32))
    with tf.Session() as session:
        found = session.run(loss, {z: Z, y: [0, 2, 3]})
    expected = -scipy.special.log_softmax(Z, 1)[np.arange(3), [0, 2, 3]]
    np.testing.assert_allclose(found, expected @ [0, 2, 3] / 2, rtol=1e-5)


def test_totals() -> None:
    with pytest.raises(OptionError, match="get_total_loss: there are no losses"):
        tf.losses.get_total_loss()
    assert run(tf.losses.get_regularization_loss()) == 0.0
    with tf.name_scope("a"):
        tf.losses.add_loss(tf.constant(1.0, name="one"))
    with tf.name_scope("b"):
        tf.losses.add_loss(tf.constant(2.0, name="two"))
        tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(4.0, name="three"))
    assert len(tf.losses.get_losses("a")) == 1
    assert len(tf.losses.get_regularization_losses()) == 1
    total = tf.losses.get_total_loss()
    assert total.op.name == "total_loss"
    parts = [
        total,
        tf.losses.get_total_loss(False),
        tf.losses.get_total_loss(scope="b"),
        tf.losses.get_regularization_loss(),
    ]
    assert run(parts) == [7.0, 3.0, 6.0, 4.0]


def test_names_lie_in_scopes() -> None:
    assert tf.losses.mean_squared_error(Y, P).op.name == "mean_squared_error/value"
    assert tf.losses.mean_squared_error(Y, P).op.name == "mean_squared_error_1/value"
    assert tf.losses.absolute_difference(Y, P, scope="mine").op.name == "mine/value"
