"""Constants, conversions and dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import DtypeError, OptionError, ShapeError


def run(fetches):  # type: ignore[no-untyped-def]
    with tf.Session() as session:
        return session.run(fetches)


def test_constants() -> None:
    assert [tf.constant(v).dtype for v in (1, 1.5, True, "a", 1 << 40, np.float64(1))] == [
        tf.int32, tf.float32, tf.bool, tf.string, tf.int64, tf.float64
    ]  # fmt: skip
    assert tf.constant(1, name="one").name == "one:0"
    assert run(tf.constant(0.1, shape=[2, 2])).tolist() == np.full((2, 2), np.float32(0.1)).tolist()
    assert run(tf.constant([1, 2, 3, 4], shape=[2, 2])).tolist() == [[1, 2], [3, 4]]
    assert run(tf.constant([1, 2], tf.float32, [2, 2])).tolist() == [[1, 2], [2, 2]]
    assert run(tf.constant(-1, shape=[])) == -1
    assert run(tf.constant(["a", "b"])).tolist() == [b"a", b"b"]


def test_a_constant_that_does_not_fit() -> None:
    with pytest.raises(ShapeError) as caught:
        tf.constant([1, 2, 3], shape=[2])
    assert str(caught.value) == (
        "constant: the value does not fit the shape\n"
        "  expected  at most (2,)\n"
        "  got       3 elements of shape (3,)"
    )
    with pytest.raises(ShapeError, match="expected  \\(2, 2\\)"):
        tf.constant([1, 2, 3, 4], shape=[2, 2], verify_shape=True)
    with pytest.raises(ShapeError, match="0 elements"):
        tf.constant([], shape=[2])
    with pytest.raises(DtypeError, match="the value does not fit the dtype"):
        tf.constant(1.5, dtype=tf.int32)


def test_convert_to_tensor() -> None:
    x = tf.constant(1.0)
    assert tf.convert_to_tensor(x) is x
    assert tf.convert_to_tensor(1, tf.float32).dtype == tf.float32
    assert tf.convert_to_tensor(1, preferred_dtype=tf.float64).dtype == tf.float64
    assert tf.convert_to_tensor(1.5, dtype_hint=tf.int32).dtype == tf.float32
    with pytest.raises(DtypeError, match="a tensor of another dtype"):
        tf.convert_to_tensor(x, tf.int32)


def test_identity_and_stop_gradient_have_names() -> None:
    x = tf.constant(2.0)
    assert tf.identity(x, name="y").name == "y:0"
    assert run([tf.identity(input=x), tf.stop_gradient(input=x)]) == [2.0, 2.0]


def test_dtypes() -> None:
    assert tf.as_dtype("float32") is tf.as_dtype(np.float32) is tf.float32
    assert tf.as_dtype("float") is tf.float32
    assert (tf.double, tf.half) == (tf.float64, tf.float16)
    assert tf.float32.as_numpy_dtype is np.float32
    assert [d.name for d in (tf.uint8, tf.int8, tf.int16, tf.uint16, tf.bool, tf.string)] == [
        "uint8", "int8", "int16", "uint16", "bool", "string"
    ]  # fmt: skip


def test_two_names_of_one_argument() -> None:
    with pytest.raises(OptionError) as caught:
        tf.reduce_sum([1], axis=0, reduction_indices=[0])
    assert str(caught.value) == (
        "reduce_sum: one argument under two names\n"
        "  expected  axis, or its old name reduction_indices\n"
        "  got       axis=0, reduction_indices=[0]"
    )
