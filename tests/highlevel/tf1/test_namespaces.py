"""What `tf.math`, `tf.linalg` and their like have beyond names from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import thalweg.tf1 as tf

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 3))
SPD = X @ X.T + np.eye(3)
BITS = np.array([0b1100, 0b1010], np.int32)
OTHER = np.array([0b1010, 0b0001], np.int32)

ROWS: dict[str, tuple[Callable[[], Any], Any]] = {
    "math.reciprocal_no_nan": (lambda: tf.math.reciprocal_no_nan([4.0, 0.0]), [0.25, 0]),
    "math.polyval": (lambda: tf.math.polyval([1.0, -2.0, 3.0], X), np.polyval([1, -2, 3], X)),
    "math.reduce_std": (lambda: tf.math.reduce_std(X, 1), X.std(1)),
    "math.reduce_variance": (lambda: tf.math.reduce_variance(X, 0, True), X.var(0)[None]),
    "math.reduce_euclidean_norm": (lambda: tf.math.reduce_euclidean_norm(X), np.linalg.norm(X)),
    "math.cumulative_logsumexp": (
        lambda: tf.math.cumulative_logsumexp(X, axis=1),
        np.log(np.cumsum(np.exp(X), 1)),
    ),
    "math.multiply_no_nan": (lambda: tf.math.multiply_no_nan([np.inf, 2.0], [0.0, 3.0]), [0, 6]),
    "math.xdivy": (lambda: tf.math.xdivy([0.0, 3.0], [0.0, 2.0]), [0, 1.5]),
    "math.xlogy": (lambda: tf.math.xlogy([0.0, 3.0], [0.0, 2.0]), [0, 3 * np.log(2)]),
    "linalg.adjoint": (lambda: tf.linalg.adjoint(X), X.T),
    "linalg.expm": (lambda: tf.linalg.expm(X), scipy.linalg.expm(X)),
    "linalg.logdet": (lambda: tf.linalg.logdet(SPD), np.log(np.linalg.det(SPD))),
    "linalg.slogdet": (lambda: tf.stack(tf.linalg.slogdet(-SPD)), np.linalg.slogdet(-SPD)),
    "linalg.matrix_rank": (lambda: tf.linalg.matrix_rank(np.outer(X[0], X[1])), 1),
    "linalg.pinv": (lambda: tf.linalg.pinv(X[:2]), np.linalg.pinv(X[:2])),
    "linalg.matvec": (lambda: tf.linalg.matvec(X, X[0], adjoint_a=True), X.T @ X[0]),
    "strings.length": (lambda: tf.strings.length(["ab", "é"]), [2, 2]),
    "bitwise.bitwise_and": (lambda: tf.bitwise.bitwise_and(BITS, OTHER), BITS & OTHER),
    "bitwise.bitwise_or": (lambda: tf.bitwise.bitwise_or(BITS, OTHER), BITS | OTHER),
    "bitwise.bitwise_xor": (lambda: tf.bitwise.bitwise_xor(BITS, OTHER), BITS ^ OTHER),
    "bitwise.invert": (lambda: tf.bitwise.invert(BITS), ~BITS),
    "bitwise.left_shift": (lambda: tf.bitwise.left_shift(BITS, [1, 2]), BITS << [1, 2]),
    "bitwise.right_shift": (lambda: tf.bitwise.right_shift(-BITS, [1, 2]), -BITS >> [1, 2]),
}


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


@pytest.mark.parametrize("name", ROWS)
def test_value(name: str) -> None:
    build, expected = ROWS[name]
    with tf.Graph().as_default():
        np.testing.assert_allclose(run(build()), expected, rtol=1e-6, atol=1e-9)


def test_strings() -> None:
    with tf.Graph().as_default():
        words = tf.constant(["Ab", "É1"])
        assert run(tf.strings.length(words, unit="UTF8_CHAR")).tolist() == [2, 2]
        assert run(tf.strings.lower(words)).tolist() == [b"ab", "É1".encode()]
        assert run(tf.strings.upper(words, "utf-8")).tolist() == [b"AB", "É1".encode()]
        assert run(tf.strings.regex_full_match(words, "[A-Z]b")).tolist() == [True, False]


def test_categorical() -> None:
    with tf.Graph().as_default():
        logits = [[-np.inf, np.log(0.25), np.log(0.75)], [0.0, -np.inf, -np.inf]]
        drawn = run(tf.random.categorical(logits, 400, seed=1))
    assert drawn.dtype == np.int64
    shares = np.bincount(drawn[0], minlength=3) / 400
    np.testing.assert_allclose(shares, [0, 0.25, 0.75], atol=0.1)
    assert not drawn[1].any()


def test_samplers_of_candidates() -> None:
    with tf.Graph().as_default():
        for space in (tf.nn, tf.random):
            for kind in ("uniform", "log_uniform", "learned_unigram"):
                sampler = getattr(space, f"{kind}_candidate_sampler")
                drawn, expected_true, expected_drawn = run(sampler([[1], [2]], 1, 4, True, 9))
                assert len(set(drawn.tolist())) == 4
                assert ((drawn >= 0) & (drawn < 9)).all()
                assert expected_true.shape == (2, 1)
                assert expected_drawn.shape == (4,)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="did you mean 'expm'"):
        tf.linalg.exmp  # noqa: B018
    with pytest.raises(AttributeError, match=r"'thalweg\.tf1\.math' has no attribute 'bessel_i0'"):
        tf.math.bessel_i0  # noqa: B018
