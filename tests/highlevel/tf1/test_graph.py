"""Graphs, scopes, collections, control edges and gradients."""

from __future__ import annotations

import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError


def test_operations_go_to_the_default_graph_and_are_found_by_name() -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    graph = tf.get_default_graph()
    assert x.graph is graph
    assert graph.get_tensor_by_name("x:0") is x
    assert graph.get_operation_by_name("x") is x.op
    with tf.Graph().as_default() as _:
        assert tf.get_default_graph() is not graph
    assert tf.get_default_graph() is graph


def test_reset_default_graph_forgets_operations_and_collections() -> None:
    tf.Variable(1.0, name="w")
    tf.reset_default_graph()
    assert tf.global_variables() == []
    assert tf.get_default_graph().get_operations() == []
    assert tf.Variable(1.0, name="w").name == "w:0"


def test_reset_inside_a_with_block_is_an_error() -> None:
    with tf.Graph().as_default(), pytest.raises(GraphError, match="reset_default_graph: called"):
        tf.reset_default_graph()


def test_names_count_up_and_scopes_do_too() -> None:
    names = []
    for _ in range(2):
        with tf.name_scope("layer") as scope:
            names.append((scope, tf.constant(1).name, tf.Variable(1.0, name="w").name))
    assert names == [
        ("layer/", "layer/Const:0", "layer/w:0"),
        ("layer_1/", "layer_1/Const:0", "layer_1/w:0"),
    ]
    with tf.name_scope("layer/"):
        assert tf.constant(1).name == "layer/Const_1:0"
    with tf.name_scope("a"), tf.name_scope("b"), tf.name_scope(None, "c"):
        assert tf.no_op().name == "a/b/c/NoOp"
        with tf.name_scope(None):
            assert tf.no_op("root").name == "root"


def test_scopes_of_one_graph_do_not_count_for_another() -> None:
    for _ in range(2):
        with tf.Graph().as_default(), tf.name_scope("layer") as scope:
            assert scope == "layer/"


def test_collections() -> None:
    with tf.name_scope("a"):
        tf.add_to_collection("losses", tf.constant(1.0, name="loss"))
    tf.add_to_collection("losses", tf.constant(2.0, name="loss"))
    tf.add_to_collection("losses", 3.0)
    assert len(tf.get_collection("losses")) == 3
    assert [loss.name for loss in tf.get_collection("losses", scope="a/")] == ["a/loss:0"]
    tf.get_collection("losses").clear()
    assert len(tf.get_collection("losses")) == 3
    tf.get_collection_ref("losses").clear()
    assert tf.get_collection("losses") == []
    assert tf.get_collection("nothing") == []


def test_the_sum_of_a_collection_is_a_loss() -> None:
    tf.add_to_collection(tf.GraphKeys.LOSSES, tf.constant(1.0))
    tf.add_to_collection("losses", tf.constant(2.5))
    with tf.Session() as session:
        assert session.run(tf.add_n(tf.get_collection("losses"))) == 3.5


def test_control_dependencies_order_reads_after_writes() -> None:
    v = tf.Variable(1.0)
    raised = v.assign(10.0)
    before = v + 0.0
    with tf.control_dependencies([raised]):
        after = v + 0.0
        with tf.control_dependencies(None):
            free = v + 0.0
    with tf.Session() as session:
        assert session.run([before, after, free]) == [1.0, 10.0, 1.0]


def test_group_runs_lists_too() -> None:
    a, b, c = (tf.Variable(0) for _ in range(3))
    together = tf.group([a.assign(1), b.assign(2)], c.assign(3), name="all")
    assert together.name == "all"
    assert tf.group(a.assign(1)).name == "group_deps"
    with tf.Session() as session:
        assert session.run(together) is None
        assert session.run([a, b, c]) == [1, 2, 3]


def test_group_takes_no_other_keyword() -> None:
    with pytest.raises(OptionError) as caught:
        tf.group(tf.no_op(), nam="x")
    assert str(caught.value) == "group: unknown keyword\n  expected  name\n  got       nam"


def test_gradients() -> None:
    x, w, z = tf.constant(3.0), tf.Variable(2.0), tf.constant(1.0)
    y = w * x * x
    with tf.Session() as session:
        assert session.run(tf.gradients(y, [x, w])) == [12.0, 9.0]
        assert session.run(tf.gradients(y, x, grad_ys=10.0)) == [120.0]
        assert tf.gradients(y, z) == [None]
        zero = tf.gradients(y, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        assert session.run(zero) == [0.0]
        [slope] = tf.gradients(y, x)
        assert session.run(tf.gradients(slope, x)) == [4.0]


def test_gradients_stop_where_told() -> None:
    x = tf.constant(3.0)
    inner = x * x
    y = inner * x
    with tf.Session() as session:
        assert session.run(tf.gradients(y, x)) == [27.0]
        assert session.run(tf.gradients(y, x, stop_gradients=inner)) == [9.0]
        assert session.run(tf.gradients(tf.stop_gradient(inner) * x, x)) == [9.0]


def test_a_wrong_name_suggests_the_nearest() -> None:
    texts = {
        "rely": (tf.nn, "module 'thalweg.tf1.nn' has no attribute 'rely': did you mean 'relu'?"),
        "matmull": (tf, "module 'thalweg.tf1' has no attribute 'matmull': did you mean 'matmul'?"),
        "AdamOptimiser": (
            tf.train,
            "module 'thalweg.tf1.train' has no attribute 'AdamOptimiser': "
            "did you mean 'AdamOptimizer'?",
        ),
        "mul": (tf, "module 'thalweg.tf1' has no attribute 'mul': since 1.0 it is 'multiply'"),
        "qqq": (tf, "module 'thalweg.tf1' has no attribute 'qqq'"),
    }
    for name, (module, text) in texts.items():
        with pytest.raises(AttributeError) as caught:
            getattr(module, name)
        assert str(caught.value) == text
    assert not hasattr(tf, "__wrapped__")


def test_static_shapes_answer_as_tf1s() -> None:
    x = tf.placeholder(tf.float32, [None, 7, 7, 64])
    assert x.get_shape().as_list() == [None, 7, 7, 64]
    assert x.shape[1:].num_elements() == 3136
    assert x.get_shape()[-1].value == 64
    assert int(x.get_shape()[3]) == 64
    assert (x.get_shape().ndims, x.shape.is_fully_defined()) == (4, False)
    assert x.shape == (None, 7, 7, 64)
    assert tf.placeholder(tf.float32).get_shape() is None


def test_star_import_brings_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from thalweg.tf1 import *", names)
    assert names["float32"] is tf.float32
    assert names["bool"] is tf.bool
    assert len(tf.__all__) == len(set(tf.__all__))
    assert "examples" in dir(tf)
