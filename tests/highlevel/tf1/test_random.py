"""Random numbers: distributions, seeds, streams."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError

N = 20_000


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def test_distributions() -> None:
    tf.set_random_seed(3)
    uniform, normal, truncated, integers = run([
        tf.random_uniform([N], -1.0, 3.0),
        tf.random_normal([N], mean=1.0, stddev=2.0),
        tf.truncated_normal([N], stddev=0.1),
        tf.random_uniform([N], 0, 5, dtype=tf.int32),
    ])  # fmt: skip
    for sample, law in (
        (uniform, scipy.stats.uniform(-1, 4)),
        (normal, scipy.stats.norm(1, 2)),
        (truncated, scipy.stats.truncnorm(-2, 2, scale=0.1)),
    ):
        assert scipy.stats.kstest(sample, law.cdf).pvalue > 1e-3
    assert np.bincount(integers).min() > 0.9 * N / 5
    assert sorted(set(integers.tolist())) == [0, 1, 2, 3, 4]


def test_every_operation_draws_numbers_of_its_own_and_new_ones_each_run() -> None:
    tf.set_random_seed(1)
    fetches = [tf.random_normal([4]), tf.random_normal([4]), tf.Variable(tf.random_normal([4]))]
    with tf.Session() as session:
        first, second = session.run(fetches), session.run(fetches)
    draws = [tuple(values.tolist()) for values in (*first[:2], *second)]
    assert len(set(draws)) == 5
    assert first[2].tolist() == second[2].tolist()


def test_the_seed_of_the_graph_repeats_a_program() -> None:
    def draw(seed: int) -> list[float]:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(seed)
            values = session.run([tf.random_uniform([2]), tf.truncated_normal([2])])
            return np.concatenate(values).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_equal_seeds_draw_equal_numbers() -> None:
    a, b, c = run([tf.random_uniform([3], seed=seed) for seed in (7, 7, 8)])
    assert a.tolist() == b.tolist() != c.tolist()


def test_shapes_and_dtypes() -> None:
    x = run([tf.random_uniform([]), tf.random_normal(tf.constant([2, 2]), dtype=tf.float64)])
    assert (x[0].shape, x[1].shape, x[1].dtype) == ((), (2, 2), np.float64)


def test_integers_need_a_bound() -> None:
    with pytest.raises(OptionError) as caught:
        tf.random_uniform([2], dtype=tf.int32)
    assert str(caught.value) == (
        "random_uniform: maxval is missing\n"
        "  expected  maxval=… for integers\n"
        "  got       dtype int32"
    )
