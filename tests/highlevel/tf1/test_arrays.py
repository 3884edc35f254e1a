"""Making, shaping, joining and picking against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError

X = np.arange(6).reshape(2, 3)


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


def test_making() -> None:
    assert run(tf.zeros([2, 2])).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert run(tf.ones([2], tf.int32)).tolist() == [1, 1]
    assert run(tf.fill([2, 1], 9)).tolist() == [[9], [9]]
    assert run(tf.zeros_like(X, dtype=tf.float32)).dtype == np.float32
    assert run(tf.ones_like(tensor=X)).tolist() == np.ones_like(X).tolist()
    x = tf.placeholder(tf.float32, [None, 3])
    assert run(tf.zeros_like(x), {x: np.ones((2, 3))}).tolist() == np.zeros((2, 3)).tolist()


def test_ranges() -> None:
    assert run(tf.range(3)).tolist() == [0, 1, 2]
    assert run(tf.range(1, 7, 2)).tolist() == [1, 3, 5]
    assert run(tf.range(start=3, limit=0, delta=-1)).tolist() == [3, 2, 1]
    assert run(tf.range(0.0, 1.0, 0.5)).tolist() == [0.0, 0.5]
    assert tf.range(3).dtype == tf.int32
    assert tf.range(3, dtype=tf.int64).dtype == tf.int64


def test_shaping() -> None:
    assert run(tf.reshape(X, [3, -1])).tolist() == X.reshape(3, 2).tolist()
    assert run(tf.transpose(X)).tolist() == X.T.tolist()
    assert run(tf.transpose(X[None], perm=[1, 0, 2])).shape == (2, 1, 3)
    assert run(tf.expand_dims(X, 1)).shape == (2, 1, 3)
    assert run(tf.expand_dims(X, dim=-1)).shape == (2, 3, 1)
    assert run(tf.squeeze(X[None, :, None])).shape == (2, 3)
    assert run(tf.squeeze(X[None, :, None], squeeze_dims=[0])).shape == (2, 1, 3)
    assert run(tf.tile(X, [1, 2])).tolist() == np.tile(X, (1, 2)).tolist()
    assert run(tf.broadcast_to(X[0], [2, 3])).tolist() == [X[0].tolist()] * 2
    assert run(tf.pad(X, [[1, 0], [0, 2]], constant_values=7)).tolist() == (
        np.pad(X, [[1, 0], [0, 2]], constant_values=7).tolist()
    )


def test_sizes() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    fetches = [tf.shape(x), tf.size(x), tf.rank(x), tf.shape(x, out_type=tf.int64)]
    shape, size, rank, wide = run(fetches, {x: np.zeros((4, 3))})
    assert (shape.tolist(), size, rank, wide.dtype) == ([4, 3], 12, 2, np.int64)
    batch = tf.shape(x)[0]
    assert run(tf.reshape(x, [batch, 3, 1]), {x: np.zeros((4, 3))}).shape == (4, 3, 1)


def test_joining() -> None:
    assert run(tf.concat([X, X], 1)).tolist() == np.concatenate([X, X], 1).tolist()
    assert run(tf.concat(values=[X, X], axis=0)).shape == (4, 3)
    assert run(tf.stack([X, X], axis=-1)).tolist() == np.stack([X, X], -1).tolist()
    assert [part.tolist() for part in run(tf.unstack(X, axis=1))] == X.T.tolist()
    assert [part.shape for part in run(tf.split(X, 3, 1))] == [(2, 1)] * 3
    assert [part.shape for part in run(tf.split(X, [1, 2], axis=1))] == [(2, 1), (2, 2)]


def test_picking() -> None:
    assert run(tf.gather(X, [1, 1])).tolist() == X[[1, 1]].tolist()
    assert run(tf.gather(X, [2, 0], axis=1)).tolist() == X[:, [2, 0]].tolist()
    assert run(tf.one_hot([0, 2], 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert run(tf.one_hot([0, 2], 3, 5, -1)).tolist() == [[5, -1, -1], [-1, -1, 5]]
    assert tf.one_hot([0], 3, 5, -1).dtype == tf.int32
    assert run(tf.one_hot([0, 2], 3, axis=0, dtype=tf.int32)).shape == (3, 2)
    x = tf.constant(X)
    assert run([x[0], x[:, 1], x[..., ::2]])[2].tolist() == X[..., ::2].tolist()


def test_errors() -> None:
    with pytest.raises(OptionError) as caught:
        tf.concat(1, [X, X])
    assert str(caught.value) == (
        "concat: the values come first since TensorFlow 1.0\n"
        "  expected  concat(values, axis)\n"
        "  got       concat(1, …)"
    )
    with pytest.raises(OptionError, match="expand_dims: axis is missing"):
        tf.expand_dims(X)
    with pytest.raises(GraphError, match="gather: batch_dims is not supported"):
        tf.gather(X, [0], batch_dims=1)
