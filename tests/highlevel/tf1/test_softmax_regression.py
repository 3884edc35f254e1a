"""The softmax regression of the tutorials: it learns, and no step size makes it NaN.

`log(softmax(x))`, written naively, is -inf where the softmax underflows to 0, and its gradient
divides 0 by 0. The graph rewrites both. So that these tests cannot pass by accident, the same
program must fail with the rewriting pass off.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import thalweg.core
import thalweg.tf1 as tf

PIXELS, CLASSES, BATCH = 196, 10, 100
USUAL = {"mean": 0.5, "sum": 0.01}  # the step sizes of the tutorial's two versions


class Program(NamedTuple):
    x: Any
    labels: Any
    loss: Any
    step: Any
    gradients: Any
    accuracy: Any
    weights: Any


def build(rate: float, kind: str = "mean") -> Program:
    """The program, in the words of the tutorial of 2015."""
    x = tf.placeholder(tf.float32, [None, PIXELS])
    W = tf.Variable(tf.zeros([PIXELS, CLASSES]))
    b = tf.Variable(tf.zeros([CLASSES]))
    y = tf.nn.softmax(tf.matmul(x, W) + b)
    y_ = tf.placeholder(tf.float32, [None, CLASSES])
    if kind == "mean":
        cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
    else:
        cross_entropy = -tf.reduce_sum(y_ * tf.log(y))
    train_step = tf.train.GradientDescentOptimizer(rate).minimize(cross_entropy)
    correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))
    slopes = tf.gradients(cross_entropy, [W, b])
    return Program(x, y_, cross_entropy, train_step, slopes, accuracy, [W, b])


def batches(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images like MNIST's: mostly 0, some 1; a pattern a class, much noise."""
    random = np.random.default_rng(0)
    patterns = random.random((CLASSES, PIXELS)) < 0.15
    made = []
    for _ in range(count):
        labels = random.integers(0, CLASSES, BATCH)
        noise = random.random((BATCH, PIXELS)) < 0.2
        images = np.where(noise, random.random((BATCH, PIXELS)), patterns[labels])
        made.append((images.astype(np.float32), np.eye(CLASSES)[labels]))
    return made


def train(program: Program, session: Any, steps: int) -> list[np.ndarray]:
    """Losses, gradients and weights of every step."""
    seen = []
    for images, labels in batches(steps):
        feeds = {program.x: images, program.labels: labels}
        loss, slopes, _ = session.run([program.loss, program.gradients, program.step], feeds)
        seen += [loss, *slopes, *session.run(program.weights)]
    return seen


@pytest.mark.parametrize("kind", USUAL)
@pytest.mark.parametrize("factor", [100, 10_000])
def test_a_step_size_far_too_large_never_gives_nan(kind: str, factor: int) -> None:
    program = build(factor * USUAL[kind], kind)
    with tf.Session() as session:
        session.run(tf.initialize_all_variables())
        assert all(np.isfinite(values).all() for values in train(program, session, 20))


@pytest.mark.parametrize("kind", USUAL)
def test_without_the_rewriting_the_same_program_gives_nan(kind: str) -> None:
    program = build(100 * USUAL[kind], kind)
    naive = thalweg.core.Session(passes_off=["simplify"])
    with np.errstate(all="ignore"):
        assert any(np.isnan(values).any() for values in train(program, naive, 20))


def test_an_underflown_softmax_has_the_exact_loss_and_gradient() -> None:
    logits = tf.placeholder(tf.float32, [1, 3])
    loss = -tf.reduce_sum([[0.0, 1.0, 0.0]] * tf.log(tf.nn.softmax(logits)))
    feeds = {logits: [[2000.0, 0.0, -3000.0]]}
    fetches = [loss, tf.gradients(loss, logits)[0]]
    with tf.Session() as session:
        value, slope = session.run(fetches, feeds)
    assert value == 2000.0
    assert slope.tolist() == [[1.0, -1.0, 0.0]]
    naive = thalweg.core.Session(passes_off=["simplify"])
    with np.errstate(all="ignore"):
        value, slope = naive.run(fetches, feeds)
    assert not np.isfinite(value)
    assert np.isnan(slope).any()


@pytest.mark.parametrize("kind", USUAL)
def test_at_the_usual_step_size_it_learns(kind: str) -> None:
    program = build(USUAL[kind], kind)
    *seen, (images, labels) = batches(40)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feeds = {program.x: images, program.labels: labels}
        before = session.run(program.loss, feeds)
        for xs, ys in seen:
            session.run(program.step, {program.x: xs, program.labels: ys})
        after, accuracy = session.run([program.loss, program.accuracy], feeds)
    scale = 1 if kind == "mean" else BATCH
    assert before == pytest.approx(scale * np.log(CLASSES))
    assert after < 0.2 * before
    assert accuracy > 0.95
