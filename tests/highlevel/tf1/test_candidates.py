"""Tables, largest elements and sampled losses of `tf.nn`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_softmax

import thalweg.tf1 as tf
from thalweg.core import CandidateSample

X = np.random.default_rng(0).normal(size=(3, 4)).astype("f")


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        yield


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def test_activations() -> None:
    wide = X.astype("d")
    scaled = np.where(wide > 0, wide, 1.6732632423543772 * np.expm1(wide))
    np.testing.assert_allclose(run(tf.nn.selu(X)), 1.0507009873554805 * scaled, rtol=1e-5)
    np.testing.assert_allclose(run(tf.nn.swish(X)), wide * expit(wide), rtol=1e-5)
    both = np.concatenate([np.maximum(X, 0), np.maximum(-X, 0)], 1)
    np.testing.assert_array_equal(run(tf.nn.crelu(X)), both)
    assert run(tf.nn.zero_fraction([0.0, 1.0, 0.0, 2.0])) == 0.5


def test_top_k() -> None:
    values, indices = run(tf.nn.top_k([[1.0, 5.0, 3.0]], k=2))
    assert values.tolist() == [[5, 3]] and indices.tolist() == [[1, 2]]


def test_embedding_lookup() -> None:
    np.testing.assert_array_equal(run(tf.nn.embedding_lookup(X, [[2, 0]])), X[[[2, 0]]])
    parts = [X[0::2], X[1::2]]
    np.testing.assert_array_equal(run(tf.nn.embedding_lookup(parts, [0, 1, 2])), X)


def test_lrn() -> None:
    x = X.reshape(1, 1, 3, 4)
    squares = np.stack([(X[:, max(c - 1, 0) : c + 2] ** 2).sum(1) for c in range(4)], 1)
    expected = X / (2 + 0.5 * squares) ** 0.75
    np.testing.assert_allclose(run(tf.nn.lrn(x, 1, 2.0, 0.5, 0.75))[0, 0], expected, rtol=1e-5)


def test_weighted_cross_entropy() -> None:
    z = np.random.default_rng(1).uniform(size=X.shape)
    p = expit(X.astype("d"))
    expected = -3.0 * z * np.log(p) - (1 - z) * np.log(1 - p)
    loss = tf.nn.weighted_cross_entropy_with_logits(targets=z.astype("f"), logits=X, pos_weight=3.0)
    np.testing.assert_allclose(run(loss), expected, rtol=1e-5)


def test_sampled_losses_of_all_classes() -> None:
    """With every class drawn exactly once, the sampled softmax is the whole one."""
    weights = np.random.default_rng(2).normal(size=(5, 4)).astype("f")
    biases = np.arange(5, dtype="f") / 5
    labels = np.array([[1], [0], [4]])
    counts = np.ones(5, "f")
    drawn = (tf.constant(np.arange(5)), tf.ones([3, 1]), tf.constant(counts))
    loss = tf.nn.sampled_softmax_loss(
        weights, biases, labels, X, 5, 5, sampled_values=CandidateSample(*drawn)
    )
    logits = X.astype("d") @ weights.T + biases
    expected = -log_softmax(logits, axis=1)[np.arange(3), labels[:, 0]]
    np.testing.assert_allclose(run(loss), expected, rtol=1e-4)


def test_sampled_losses_teach_an_embedding() -> None:
    """Rows that should tell even from odd numbers come to do so, by either loss."""
    tf.set_random_seed(3)
    numbers = np.arange(20)
    for loss_of in (tf.nn.nce_loss, tf.nn.sampled_softmax_loss):
        table = tf.Variable(tf.random_uniform([20, 4], -1.0, 1.0))
        weights = tf.Variable(tf.truncated_normal([20, 4], stddev=0.3))
        biases = tf.Variable(tf.zeros([20]))
        rows = tf.nn.embedding_lookup(table, numbers)
        target = (numbers % 2)[:, None]
        loss = tf.reduce_mean(loss_of(weights, biases, target, rows, 6, 20))
        step = tf.train.AdamOptimizer(0.1).minimize(loss)
        scores = tf.matmul(rows, weights, transpose_b=True) + biases
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(150):
                session.run(step)
            found = session.run(scores)[:, :2].argmax(1)
        assert (found == numbers % 2).mean() > 0.9


def test_a_seed_makes_the_sampled_softmax_repeatable() -> None:
    weights, biases = X @ X.T, np.zeros(3, "f")
    losses = [
        tf.nn.sampled_softmax_loss(weights, biases, [[0]] * 3, X[:, :3], 2, 3, seed=5)
        for _ in range(2)
    ]
    first, second = run(losses)
    np.testing.assert_array_equal(first, second)


def test_log_poisson_loss() -> None:
    counts, log_rate = np.array([0.0, 1.0, 4.0]), np.array([0.5, -0.3, 1.0])
    short = np.exp(log_rate) - counts * log_rate
    rest = 4 * np.log(4) - 4 + 0.5 * np.log(2 * np.pi * 4)  # Stirling, of counts above 1
    with tf.Session() as session:
        a, b = session.run(
            [
                tf.nn.log_poisson_loss(counts, log_rate),
                tf.nn.log_poisson_loss(counts, log_rate, compute_full_loss=True),
            ]
        )
    np.testing.assert_allclose(a, short, rtol=1e-7)
    np.testing.assert_allclose(b, short + np.array([0, 0, rest]), rtol=1e-7)
