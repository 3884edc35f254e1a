"""Variable scopes: names, sharing, what is inherited; the behaviour of TensorFlow 1.15."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import DtypeError, GraphError, OptionError, ShapeError


def name_of(name: str = "w", shape: Any = (1,), **options: Any) -> str:
    return tf.get_variable(name, shape, **options).name


def test_names_of_variables_and_operations() -> None:
    assert name_of("w") == "w:0"
    with tf.variable_scope("a") as a:
        assert name_of() == "a/w:0"
        assert tf.constant(1).name == "a/Const:0"
        with tf.variable_scope("b/c"):
            assert name_of() == "a/b/c/w:0"
            assert tf.constant(1).name == "a/b/c/Const:0"
    assert (a.name, a.original_name_scope) == ("a", "a/")
    assert a.reuse is False


def test_name_scopes_do_not_touch_names_of_variables() -> None:
    with tf.name_scope("tower"):
        assert name_of("w") == "w:0"
        with tf.variable_scope("a"):
            assert name_of() == "a/w:0"
            assert tf.constant(1).name == "tower/a/Const:0"


def test_a_variable_made_by_hand_takes_the_name_from_one_by_name() -> None:
    assert tf.Variable(1.0, name="w").name == "w:0"
    assert name_of("w") == "w_1:0"
    assert tf.get_variable_scope().name == ""


def test_entering_by_name_again_numbers_operations_alone() -> None:
    for number, prefix in enumerate(("a", "a_1")):
        with tf.variable_scope("a"):
            assert name_of(f"w{number}") == f"a/w{number}:0"
            assert tf.constant(1).name == f"{prefix}/Const:0"


def test_entering_a_scope_jumps_to_it() -> None:
    with tf.variable_scope("a") as a:
        w = tf.get_variable("w", [1])
    with tf.variable_scope("other"), tf.variable_scope(a, reuse=True) as again:
        assert tf.get_variable("w", [1]) is w
        assert tf.constant(1).name == "other/a/Const:0"
        assert (again.name, again.original_name_scope) == ("a", "a/")
        with tf.name_scope(a.original_name_scope):
            assert tf.constant(1).name == "a/Const:0"
    assert tf.get_variable_scope().name == ""


def test_without_a_name_scope() -> None:
    with (
        tf.name_scope("ops"),
        tf.variable_scope("a", auxiliary_name_scope=False) as scope,
    ):
        assert name_of() == "a/w:0"
        assert tf.constant(1).name == "ops/Const:0"
        assert scope.original_name_scope == "ops/"


def test_default_names_are_numbered() -> None:
    names = []
    for _ in range(2):
        with tf.variable_scope(None, default_name="dense"):
            names.append((name_of(), tf.constant(1).name))
    assert names == [
        ("dense/w:0", "dense/Const:0"),
        ("dense_1/w:0", "dense_1/Const:0"),
    ]
    with tf.variable_scope("dense_2"), tf.variable_scope(None, "dense"):
        assert name_of() == "dense_2/dense/w:0"
    with tf.variable_scope("given", "dense"):
        assert name_of() == "given/w:0"


def test_default_names_begin_anew_when_a_scope_is_entered_again() -> None:
    def two_layers() -> list[str]:
        names = []
        for _ in range(2):
            with tf.variable_scope(None, "layer"):
                names.append(name_of())
        return names

    with tf.variable_scope("net") as net:
        first = two_layers()
    assert first == ["net/layer/w:0", "net/layer_1/w:0"]
    with tf.variable_scope("net", reuse=True):
        assert two_layers() == first
    with tf.variable_scope(net, reuse=True):
        assert two_layers() == first
    with tf.variable_scope("net"), pytest.raises(GraphError, match="already exists"):
        two_layers()


def test_reuse() -> None:
    with tf.variable_scope("a"):
        w = tf.get_variable("w", [2])
    with tf.variable_scope("a", reuse=True):
        assert tf.get_variable("w", [2]) is tf.get_variable("w") is w
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE) as scope:
        assert tf.get_variable("w", [2]) is w
        assert tf.get_variable("v", [2]) is tf.get_variable("v", [2])
        assert scope.reuse is tf.AUTO_REUSE
    with tf.variable_scope("a") as scope:
        scope.reuse_variables()
        assert tf.get_variable("w", [2]) is w
    assert len(tf.global_variables()) == 2


def test_reuse_is_inherited_and_false_does_not_end_it() -> None:
    with tf.variable_scope("a"), tf.variable_scope("b"):
        w = tf.get_variable("w", [2])
    with tf.variable_scope("a", reuse=True), tf.variable_scope("b", reuse=False) as b:
        assert b.reuse is True
        assert tf.get_variable("w", [2]) is w
    with tf.variable_scope("a", reuse=True) as a:
        pass
    with tf.variable_scope(a) as again, tf.variable_scope("b"):
        assert again.reuse is True
        assert tf.get_variable("w", [2]) is w


def test_the_outermost_scope_may_be_set_to_reuse() -> None:
    w = tf.get_variable("w", [1])
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        assert tf.get_variable("w", [1]) is w
        assert tf.constant(1).name == "Const:0"
    assert tf.get_variable_scope().reuse is False
    tf.get_variable_scope().reuse_variables()
    assert tf.get_variable("w", [1]) is w
    with tf.Graph().as_default():
        assert tf.get_variable_scope().reuse is False


def test_a_variable_that_exists() -> None:
    with tf.variable_scope("a"):
        tf.get_variable("w", [2])
        with pytest.raises(GraphError) as caught:
            tf.get_variable("w", [2])
    assert str(caught.value).startswith(
        "get_variable: the variable 'a/w' already exists\n"
        "  expected  reuse=True or reuse=tf.AUTO_REUSE in its scope, to share it\n"
        "  got       <tf.Variable 'a/w:0' float32 (2,)>\n"
        "  made at   test_variable_scopes.py:"
    )
    assert isinstance(caught.value, ValueError)


def test_a_variable_that_does_not_exist() -> None:
    with tf.variable_scope("a"):
        tf.get_variable("weights", [2])
    tf.Variable(1.0, name="a/weight")
    with tf.variable_scope("a", reuse=True), pytest.raises(GraphError) as caught:
        tf.get_variable("weight", [2])
    assert str(caught.value) == (
        "get_variable: there is no variable 'a/weight' to be used again\n"
        "  expected  one that tf.get_variable has made; with reuse=tf.AUTO_REUSE it is made where "
        "it is missing\n"
        "  hint      did you mean 'a/weights'?"
    )


def test_a_variable_of_another_type() -> None:
    tf.get_variable("w", [2, 3])
    with tf.variable_scope("", reuse=True):
        assert tf.get_variable("w", [2, None]).shape == (2, 3)
        with pytest.raises(ShapeError) as shape:
            tf.get_variable("w", [3, 3])
        with pytest.raises(DtypeError) as dtype:
            tf.get_variable("w", [2, 3], tf.float64)
    assert str(shape.value).startswith(
        "get_variable: the variable 'w' that is to be used again has another shape\n"
        "  expected  (3, 3)\n"
        "  got       (2, 3)\n"
    )
    assert "has another dtype\n  expected  float64\n  got       float32\n" in str(dtype.value)


def test_wrong_arguments() -> None:
    texts = {
        "there is no name": {"name_or_scope": None},
        "name_or_scope is of another kind": {"name_or_scope": 3},
        "reuse has another value": {"name_or_scope": "a", "reuse": "yes"},
        "nothing that could be used again": {
            "name_or_scope": None, "default_name": "a", "reuse": True,
        },
    }  # fmt: skip
    for text, arguments in texts.items():
        with pytest.raises(OptionError, match=text), tf.variable_scope(**arguments):
            pass
    with pytest.raises(GraphError, match="partitioner is not supported"):
        tf.get_variable("w", [2], partitioner=lambda **_: [1])
    with (
        pytest.raises(GraphError, match="partitioner is not supported"),
        tf.variable_scope("a", partitioner=lambda **_: [1]),
    ):
        pass


def test_defaults_are_inherited() -> None:
    with (
        tf.variable_scope("a", initializer=tf.ones_initializer(), dtype=tf.float64),
        tf.variable_scope("b"),
    ):
        w = tf.get_variable("w", [2])
        v = tf.get_variable("v", [2], tf.float32, tf.zeros_initializer())
        with tf.variable_scope("c", initializer=tf.constant_initializer(3)):
            u = tf.get_variable("u", [1])
    with tf.Session() as session:
        values = session.run([w, v, u])
    assert [value.tolist() for value in values] == [[1.0, 1.0], [0.0, 0.0], [3.0]]
    assert [w.dtype, v.dtype, u.dtype] == [tf.float64, tf.float32, tf.float64]


def test_setters_change_a_scope_from_then_on() -> None:
    with tf.variable_scope("a") as scope:
        scope.set_initializer(tf.ones_initializer())
        scope.set_dtype(tf.float64)
        scope.set_regularizer(tf.nn.l2_loss)
        scope.set_use_resource(True)
        scope.set_caching_device("/cpu:0")
        w = tf.get_variable("w", [2])
        assert scope.use_resource is True
        assert scope.caching_device == "/cpu:0"
        assert scope.partitioner is None
    [loss] = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    with tf.Session() as session:
        assert session.run([w, loss])[1] == 1.0
    assert w.dtype == tf.float64


def test_regularizers_add_a_loss_when_a_variable_is_made() -> None:
    def doubled(variable: Any) -> Any:
        return tf.multiply(tf.reduce_sum(variable), 2.0, name="double")

    ones = tf.ones_initializer()
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE, regularizer=tf.nn.l2_loss):
        for _ in range(2):
            tf.get_variable("w", [2], initializer=ones)
        tf.get_variable("v", [2], initializer=ones, regularizer=doubled)
        tf.get_variable("u", [2], initializer=ones, regularizer=tf.no_regularizer)
        with tf.variable_scope("none", regularizer=tf.no_regularizer):
            tf.get_variable("t", [2])
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [loss.op.name for loss in losses] == ["a/w/Regularizer/L2Loss", "a/v/Regularizer/double"]
    with tf.Session() as session:
        assert session.run(losses) == [1.0, 4.0]


def test_constraints() -> None:
    with tf.variable_scope("a", constraint=tf.nn.relu) as scope:
        assert tf.get_variable("w", [1]).constraint is tf.nn.relu is scope.constraint
        assert tf.get_variable("v", [1], constraint=tf.abs).constraint is tf.abs
        with tf.variable_scope("b"):
            assert tf.get_variable("w", [1]).constraint is None


def test_custom_getters_wrap_those_around_them() -> None:
    calls = []

    def outer(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        calls.append(("outer", name))
        return getter(name, *args, **kwargs)

    def inner(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        calls.append(("inner", name))
        kwargs["trainable"] = False
        return getter(f"{name}_own", *args, **kwargs) * 2.0

    with tf.variable_scope("a", custom_getter=outer):
        assert isinstance(tf.get_variable("w", [1]), tf.Variable)
        with tf.variable_scope("b", custom_getter=inner):
            doubled = tf.get_variable("w", [1], initializer=tf.ones_initializer())
    assert calls == [("outer", "a/w"), ("inner", "a/b/w"), ("outer", "a/b/w_own")]
    assert [v.name for v in tf.global_variables()] == ["a/w:0", "a/b/w_own:0"]
    assert [v.name for v in tf.trainable_variables()] == ["a/w:0"]
    with tf.Session() as session:
        assert session.run(doubled) == [2.0]


def test_a_custom_getter_gets_a_constraint_if_it_takes_one() -> None:
    seen = {}

    def strict(getter: Any, name: str, constraint: Any = None, **kwargs: Any) -> Any:
        seen.update(constraint=constraint, **kwargs)
        return getter(name, **kwargs)

    def narrow(
        getter: Any, name: str, shape: Any, dtype: Any, initializer: Any, regularizer: Any,
        reuse: Any, trainable: Any, collections: Any, caching_device: Any, partitioner: Any,
        validate_shape: Any, use_resource: Any, synchronization: Any, aggregation: Any,
    ) -> Any:  # fmt: skip
        return getter(name, shape, dtype)

    tf.get_variable("v", [1], custom_getter=strict, constraint=tf.abs)
    assert seen["constraint"] is tf.abs
    assert seen["shape"] == [1]
    assert tf.get_variable("w", [1], custom_getter=narrow, constraint=tf.abs).name == "w:0"


def test_initializers_of_all_kinds() -> None:
    made = {
        "class": tf.get_variable("class", [2], initializer=tf.ones_initializer),
        "value": tf.get_variable("value", initializer=np.int32([7, 8])),
        "dtype": tf.get_variable("dtype", dtype=tf.float64, initializer=[1.0, 2.0]),
        "bare": tf.get_variable("bare", initializer=lambda: tf.ones([3])),
        "function": tf.get_variable(
            "function", [2], initializer=lambda shape, dtype: tf.fill(shape, tf.cast(5, dtype))
        ),
        "partition": tf.get_variable(
            "partition",
            [2],
            initializer=lambda shape, dtype, partition_info: tf.zeros(shape, dtype),
        ),
        "integer": tf.get_variable("integer", [2], tf.int64),
        "bool": tf.get_variable("bool", [1], tf.bool),
    }
    with tf.Session() as session:
        values = session.run(made)
    assert {name: value.tolist() for name, value in values.items()} == {
        "class": [1.0, 1.0], "value": [7, 8], "dtype": [1.0, 2.0], "bare": [1.0] * 3,
        "function": [5.0, 5.0], "partition": [0.0, 0.0], "integer": [0, 0], "bool": [False],
    }  # fmt: skip
    assert [v.dtype.name for v in made.values()] == [
        "float32", "int32", "float64", "float32", "float32", "float32", "int64", "bool",
    ]  # fmt: skip


def test_the_default_initializer_is_glorot_uniform() -> None:
    w = tf.get_variable("w", [300, 300])
    with tf.Session() as session:
        value = session.run(w)
    assert abs(value).max() <= 0.1
    assert abs(value).max() > 0.099


def test_shapes_and_initializers_that_do_not_go_together() -> None:
    with pytest.raises(ShapeError) as both:
        tf.get_variable("w", [2], initializer=tf.ones([2]))
    assert str(both.value).startswith(
        "get_variable: the initial value of 'w' has a shape already\n"
        "  expected  shape=None where the initializer is a value\n"
    )
    with pytest.raises(ShapeError) as unknown:
        tf.get_variable("w", [None, 2])
    assert str(unknown.value) == (
        "get_variable: the shape of the new variable 'w' is not fully known\n"
        "  expected  known sizes, or an initializer without arguments\n"
        "  got       shape (None, 2)"
    )
    with pytest.raises(ShapeError, match="not fully known"):
        tf.get_variable("w")
    with pytest.raises(GraphError, match="the variable 'w' of string needs an initializer"):
        tf.get_variable("w", [], tf.string)


def test_collections() -> None:
    with tf.variable_scope("a") as scope:
        w = tf.get_variable("w", [1])
        local = tf.get_local_variable("count", [], initializer=tf.zeros_initializer())
        fixed = tf.get_variable("fixed", [1], trainable=False, collections=["mine"])
    tf.get_variable("ab", [1])
    assert scope.global_variables() == scope.trainable_variables() == [w]
    assert scope.local_variables() == tf.local_variables() == [local]
    assert scope.get_collection("mine") == tf.get_collection("mine") == [fixed]
    assert len(tf.get_variable_scope().global_variables()) == 2


def test_threads_have_scopes_of_their_own() -> None:
    names = []
    with tf.variable_scope("a"):
        thread = threading.Thread(target=lambda: names.append(name_of()))
        thread.start()
        thread.join()
        names.append(name_of())
    assert names == ["w:0", "a/w:0"]


def test_the_order_before_1_0() -> None:
    with tf.variable_op_scope([], "a", "default", initializer=tf.ones_initializer()):
        w = tf.get_variable("w", [1])
    assert w.name == "a/w:0"
    with tf.Session() as session:
        assert session.run(w) == [1.0]


def test_variables_of_loops_are_made_outside() -> None:
    def step(i: Any, total: Any) -> Any:
        with tf.variable_scope("loop", reuse=tf.AUTO_REUSE):
            w = tf.get_variable("w", [], initializer=tf.constant_initializer(2.0))
        return i + 1, total + w

    import thalweg.core

    with tf.variable_scope("net"):
        _, total = thalweg.core.while_loop(lambda i, _: i < 3, step, [0, 0.0])
    [w] = tf.global_variables()
    assert w.name == "net/loop/w:0"
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(total) == 6.0
        assert session.run(tf.gradients(total, w)) == [3.0]


def test_repr() -> None:
    with tf.variable_scope("a", reuse=True) as scope:
        assert repr(scope) == "<tf.VariableScope 'a', reuse=True>"
