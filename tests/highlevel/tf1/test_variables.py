"""tf.Variable: names, collections, initializers, reads and writes."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import thalweg.core
import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, ShapeError


def test_names_are_unique_and_name_the_tensor() -> None:
    first, second = tf.Variable(1.0, name="w"), tf.Variable(2.0, name="w")
    assert (first.name, second.name, first.op.name) == ("w:0", "w_1:0", "w")
    assert tf.Variable(0).name == "Variable:0"
    with tf.Session() as session:
        assert session.run(["w:0", "w_1:0"]) == [1.0, 2.0]
        session.run("w/Assign")
        assert session.run("w/initial_value:0") == 1.0
    assert repr(first) == "<tf.Variable 'w:0' float32 ()>"


def test_variables_need_no_initializer_but_accept_one() -> None:
    w = tf.Variable(tf.constant([1.0, 2.0]))
    with tf.Session() as session:
        assert session.run(w).tolist() == [1.0, 2.0]
        session.run(w.assign([5.0, 6.0]))
        session.run(tf.global_variables_initializer())
        assert session.run(w).tolist() == [1.0, 2.0]
        session.run(w.assign([5.0, 6.0]))
        session.run(w.initializer)
        assert session.run(w).tolist() == [1.0, 2.0]
    with tf.Session() as session:
        tf.initialize_all_variables().run()
        assert w.eval().tolist() == [1.0, 2.0]


def test_initializing_again_starts_anew() -> None:
    w = tf.Variable(tf.random_normal([100]))
    initialize = tf.global_variables_initializer()
    with tf.Session() as session:
        session.run(initialize)
        first = session.run(w)
        assert session.run(w).tolist() == first.tolist()
        session.run(initialize)
        assert not np.array_equal(session.run(w), first)


def test_dependent_variables_start_from_the_same_numbers() -> None:
    w = tf.Variable(tf.random_normal([10]))
    twice = tf.Variable(2.0 * w.initialized_value())
    rest = tf.Variable(tf.random_normal([10]) * 0.0 + (twice - w))
    initialize = tf.global_variables_initializer()
    with tf.Session() as session:  # without an initializer
        a, b, c = session.run([w, twice, rest])
        np.testing.assert_array_equal(b, 2 * a)
        np.testing.assert_array_equal(c, b - a)
        session.run(initialize)  # with new numbers
        x, y, z = session.run([w, twice, rest])
        assert not np.array_equal(a, x)
        np.testing.assert_array_equal(y, 2 * x)
        np.testing.assert_array_equal(z, y - x)
        session.run(w.assign(tf.ones([10])))  # one after the other has changed
        session.run(twice.initializer)
        np.testing.assert_array_equal(session.run(twice), np.full(10, 2.0))
        session.run(tf.variables_initializer([rest]))
        np.testing.assert_array_equal(session.run(rest), np.ones(10))


def test_collections() -> None:
    w = tf.Variable(1.0, name="w")
    with tf.name_scope("fixed"):
        f = tf.Variable(1.0, trainable=False, name="f")
    local = tf.Variable(
        1.0, trainable=False, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="local"
    )
    assert tf.global_variables() == tf.all_variables() == [w, f]
    assert tf.trainable_variables() == [w]
    assert tf.local_variables() == [local]
    assert tf.global_variables("fixed") == [f]
    assert [w.trainable, f.trainable] == [True, False]
    with tf.Session() as session:
        session.run(local.assign(3.0))
        session.run(tf.local_variables_initializer())
        assert session.run(local) == 1.0
        session.run(tf.variables_initializer([]))
        session.run(tf.initialize_variables([w, f]))


def test_assignments() -> None:
    v = tf.Variable([1, 2])
    with tf.Session() as session:
        assert session.run(v.assign_add([10, 10])).tolist() == [11, 12]
        assert session.run(tf.assign_sub(v, [1, 1])).tolist() == [10, 11]
        assert session.run(tf.assign(v, [0, 0])).tolist() == [0, 0]
        assert session.run(tf.assign_add(v, [5, 5], name="raise")).tolist() == [5, 5]
        assert session.run("raise:0").tolist() == [10, 10]
        assert session.run(v.assign([7, 7], read_value=False)) is None
        assert v.eval().tolist() == [7, 7]


def test_a_counter_that_minimize_or_a_program_raises() -> None:
    state = tf.Variable(0, name="counter")
    update = tf.assign(state, tf.add(state, tf.constant(1)))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [session.run(state)] + [session.run(update) for _ in range(3)] == [0, 1, 2, 3]


def test_expressions_and_feeds() -> None:
    v = tf.Variable(2.0)
    with tf.Session() as session:
        assert session.run([v + 1, 1 - v, v * v, -v, v[None]]) == [3.0, -1.0, 4.0, -2.0, [2.0]]
        assert session.run(v + 1, feed_dict={v: 9.0}) == 10.0
        assert session.run(v + 1, feed_dict={"Variable:0": 9.0}) == 10.0
        assert session.run(v) == 2.0


def test_initial_values_of_all_kinds() -> None:
    kinds = {
        "number": tf.Variable(1),
        "array": tf.Variable(np.ones(3)),
        "dtype": tf.Variable([1, 2], dtype=tf.float32),
        "function": tf.Variable(lambda: tf.zeros([2])),
        "string": tf.Variable("a"),
    }
    assert [v.dtype.name for v in kinds.values()] == [
        "int32", "float64", "float32", "float32", "string"
    ]  # fmt: skip
    assert kinds["array"].get_shape().as_list() == [3]
    with tf.Session() as session:
        assert session.run(kinds["string"]) == b"a"
        assert session.run(kinds["function"]).tolist() == [0.0, 0.0]


def test_load_sets_without_growing_the_graph() -> None:
    v = tf.Variable(1.0)
    count = len(tf.get_default_graph().get_operations())
    session = tf.Session()
    v.load(5.0, session)
    assert session.run(v) == 5.0
    with session.as_default():
        v.load(6.0)
    assert session.run(v) == 6.0
    assert len(tf.get_default_graph().get_operations()) == count
    with pytest.raises(GraphError) as caught:
        v.load(1.0)
    assert str(caught.value) == (
        "Variable.load: there is no default session\n"
        "  node      'Variable'\n"
        "  hint      use `with Session():`, or pass session=…"
    )


def test_the_graph_keeps_its_variables_and_lets_them_go() -> None:
    session = tf.Session()
    session.run(tf.Variable(1.0, name="kept").assign(4.0))
    gc.collect()
    assert session.run("kept:0") == 4.0
    [variable] = tf.global_variables()
    reference = weakref.ref(variable)
    del variable, session
    tf.reset_default_graph()
    gc.collect()
    assert reference() is None


def test_it_is_a_variable_of_the_core() -> None:
    v = tf.Variable([3.0])
    assert isinstance(v, thalweg.core.Variable)
    assert thalweg.core.Session().run(v).tolist() == [3.0]
    assert thalweg.core.Session().run(thalweg.core.multiply(v, 2.0)).tolist() == [6.0]


def test_reads_in_another_graph_and_in_a_trace() -> None:
    v = tf.Variable(1.0)
    trace = thalweg.core.Trace()
    with trace.open():
        v.assign(5.0)
        after = v + 1.0
    with tf.Graph().as_default():
        elsewhere = v + 1.0
        session = thalweg.core.Session()
        assert session.run(elsewhere) == 2.0
    assert session.run(after) == 6.0


def test_constraints_are_kept_for_optimizers() -> None:
    v = tf.Variable(1.0, constraint=tf.nn.relu)
    assert v.constraint is tf.nn.relu


def test_no_initial_value() -> None:
    with pytest.raises(GraphError) as caught:
        tf.Variable(name="w")
    assert str(caught.value) == (
        "Variable: there is no initial value\n  got       initial_value=None"
    )


def test_unknown_shape_needs_to_be_allowed() -> None:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    with pytest.raises(ShapeError) as caught:
        tf.Variable(x)
    assert str(caught.value) == (
        "Variable: the shape of the initial value is not fully known\n"
        "  expected  known sizes, or validate_shape=False\n"
        "  got       float32 (None, 2)\n"
        "  node      'x'\n"
        "  hint      initial_value.set_shape(...) tells what is known"
    )
    v = tf.Variable(x, validate_shape=False)
    with tf.Session() as session:
        session.run(v.initializer, {x: np.zeros((3, 2))})
        assert session.run(v).shape == (3, 2)


def test_unsupported_options_are_refused() -> None:
    with pytest.raises(GraphError, match="Variable: variable_def is not supported"):
        tf.Variable(1.0, variable_def=object())


def test_a_value_that_does_not_fit() -> None:
    v = tf.Variable([1.0, 2.0], name="w")
    with pytest.raises(ShapeError, match="float32 \\(2,\\), the type of variable 'w:0'"):
        v.assign([1.0, 2.0, 3.0])


def test_counting_up_to_a_limit() -> None:
    v = tf.Variable(7, name="v")
    step = v.count_up_to(9)
    with tf.Session() as session:
        assert [session.run(step) for _ in range(2)] == [7, 8]
        for _ in range(2):
            with pytest.raises(tf.errors.OutOfRangeError) as caught:
                session.run(step)
            assert caught.value.message == "v:0 has reached the limit of 9"
            assert caught.value.op is v.op
            assert caught.value.__cause__ is None
        assert session.run(v) == 9
        call = session.make_callable(tf.count_up_to(v, 9))
        with pytest.raises(tf.errors.OutOfRangeError):
            call()
