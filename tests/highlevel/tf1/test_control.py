"""Branches and loops in TF1's spelling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


def test_cond_unpacks_single_lists() -> None:
    p = tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: [tf.constant(1.0)], lambda: [tf.constant(2.0)])
    assert isinstance(y, tf.Tensor) and run(y, {p: False}) == 2.0
    assert isinstance(tf.cond(p, lambda: [1.0], lambda: [2.0], strict=True), list)
    assert run(tf.cond(p, fn1=lambda: 1, fn2=lambda: 2), {p: True}) == 1


def test_case_and_switch_case() -> None:
    x = tf.placeholder(tf.int32, [])
    y = tf.case({tf.equal(x, 1): lambda: 10, tf.equal(x, 2): lambda: 20}, default=lambda: 0)
    z = tf.switch_case(x, {1: lambda: 10, 2: lambda: 20}, default=lambda: -1)
    for value, expected in ((1, 10), (2, 20)):
        assert run([y, z], {x: value}) == [expected, expected]
    assert run([y, z], {x: 7}) == [0, -1]


def test_while_loop_returns_one_variable_bare() -> None:
    i = tf.while_loop(lambda i: i < 5, lambda i: tf.add(i, 2), [tf.constant(0)])
    assert isinstance(i, tf.Tensor) and run(i) == 6
    same = tf.while_loop(lambda i: i < 5, lambda i: [i + 2], [0], return_same_structure=True)
    assert isinstance(same, list) and run(same) == [6]


def test_while_loop_of_growing_shapes() -> None:
    ends = tf.while_loop(
        lambda i, x: i < 3,
        lambda i, x: [i + 1, tf.concat([x, x], axis=0)],
        [tf.constant(0), tf.ones([2, 2])],
        shape_invariants=[tf.constant(0).get_shape(), tf.placeholder(tf.float32, [None, 2]).shape],
    )
    assert run(ends[1]).shape == (16, 2)


def test_back_prop_off_stops_gradients() -> None:
    x = tf.constant(2.0)
    for back_prop, expected in ((True, 8.0), (False, None)):
        y = tf.while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, y * 2.0), (0, x), back_prop=back_prop
        )[1]
        [dx] = tf.gradients(y, [x])
        assert (dx is None) if expected is None else run(dx) == expected


def test_maps_folds_and_scans() -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    assert run(tf.map_fn(lambda e: e * e, x, dtype=tf.float32)).tolist() == [1, 4, 9]
    assert run(tf.foldl(lambda a, e: a * 10 + e, x)) == 123
    assert run(tf.foldr(lambda a, e: a * 10 + e, x)) == 321
    assert run(tf.scan(lambda a, e: a + e, x)).tolist() == [1, 3, 6]
    assert run(tf.scan(lambda a, e: a + e, x, reverse=True)).tolist() == [6, 5, 3]
    assert run(tf.scan(lambda a, e: a + e, x, initializer=10.0)).tolist() == [11, 13, 16]
    pair = tf.scan(lambda a, e: (a[0] + e[0], a[1] * e[1]), (x, x * 2.0))
    assert [row.tolist() for row in run(pair)] == [[1, 3, 6], [2, 8, 48]]


def test_tensor_array() -> None:
    def body(i: Any, array: Any) -> Any:
        return i + 1, array.write(i, tf.cast(i * i, tf.float32))

    array = tf.TensorArray(tf.float32, size=4)
    _, array = tf.while_loop(lambda i, a: i < 4, body, (0, array))
    assert run(array.stack()).tolist() == [0, 1, 4, 9]


def test_tuple_waits() -> None:
    w = tf.Variable(1.0)
    write = tf.assign(w, 5.0)
    a, none = tf.tuple([tf.constant(3.0), None], control_inputs=[write])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert none is None and session.run(a) == 3.0
        assert session.run(w) == 5.0
    with pytest.raises(Exception, match="there is no tensor"):
        tf.tuple([None])


def test_hessians() -> None:
    x = tf.constant([1.0, 2.0])
    [h] = tf.hessians(tf.reduce_prod(x) * x[0], [x])
    np.testing.assert_allclose(run(h), [[4, 2], [2, 0]], atol=1e-6)


def test_variables_in_loops() -> None:
    w = tf.Variable(0.0)
    i = tf.while_loop(
        lambda i: i < 4,
        lambda i: i + tf.cast(tf.assign_add(w, 2.0) > 0, tf.int32),
        [tf.constant(0)],
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(i) == 4
        assert session.run(w) == 8.0
