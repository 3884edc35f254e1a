"""Methods of graphs, names of scopes, and states of variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg
import thalweg.core
import thalweg.tf1 as tf
from thalweg.core.errors import GraphError, OptionError, UnknownNameError


def test_the_default_graph_is_one_of_tf1s() -> None:
    assert isinstance(tf.get_default_graph(), tf.Graph)
    assert isinstance(thalweg.core.get_default_graph(), tf.Graph)
    with tf.Graph().as_default() as graph:
        assert isinstance(graph, tf.Graph)
        assert tf.get_default_graph() is graph


def test_elements() -> None:
    graph = tf.get_default_graph()
    x, v = tf.constant(1.0, name="x"), tf.Variable(2.0, name="v")
    assert graph.as_graph_element("x") is graph.as_graph_element(x.op) is x.op
    assert graph.as_graph_element("x:0") is graph.as_graph_element(x) is x
    assert graph.as_graph_element(v).op.name == "v"
    with pytest.raises(KeyError):
        graph.as_graph_element("y:0")
    with pytest.raises(UnknownNameError, match="did you mean 'x'"):
        graph.get_operation_by_name("xx")
    with pytest.raises(GraphError) as caught:
        graph.as_graph_element(x, allow_tensor=False)
    assert str(caught.value).startswith(
        "as_graph_element: not an element of this graph\n"
        "  expected  an operation of this graph, or its name\n"
        "  got       <Tensor 'x:0' float32 ()>"
    )
    for wrong in (x.op, 3):
        with pytest.raises(GraphError, match="expected  a tensor of this graph"):
            graph.as_graph_element(wrong, allow_operation=False)
    with tf.Graph().as_default():
        foreign = tf.constant(1.0)
    with pytest.raises(GraphError, match="a tensor or an operation of this graph"):
        graph.as_graph_element(foreign)


def test_names_that_are_kept() -> None:
    graph = tf.get_default_graph()
    assert graph.unique_name("a") == "a"
    assert tf.constant(1, name="a").op.name == "a_1"
    assert graph.unique_name("b", mark_as_used=False) == "b"
    with tf.name_scope("s"):
        assert graph.get_name_scope() == "s"
        assert graph.unique_name("b") == "s/b"
        with tf.Graph().as_default():
            assert graph.unique_name("c") == "c"
    assert tf.constant(1, name="b").op.name == "b"


def test_scopes_and_operations_share_their_names() -> None:
    with tf.name_scope("a"):
        pass
    assert tf.constant(1, name="a").op.name == "a_1"
    tf.constant(1, name="b")
    with tf.name_scope("b") as scope:
        assert scope == "b_1/"
        assert tf.constant(1, name=scope).op.name == "b_1"
        assert tf.nn.relu([1.0], name=scope).op.name == "b_1_1"
    assert tf.Variable(1.0, name="a").op.name == "a_2"


def test_names_of_scopes() -> None:
    for name in ("a b", "_a", "/a", "ä", "a:0"):
        with pytest.raises(GraphError) as caught, tf.name_scope(name):
            pass
        assert str(caught.value) == (
            "name_scope: not a scope name\n"
            "  expected  letters, digits and . _ - /, beginning with a letter, a digit or a dot\n"
            f"  got       {name!r}"
        )
    with tf.name_scope("a"), tf.name_scope("_b") as scope:
        assert scope == "a/_b/"


def test_the_scope_of_another_graph() -> None:
    graph = tf.Graph()
    with graph.name_scope("a") as scope:
        assert scope == "a/"
        assert tf.get_default_graph() is graph
    with tf.get_default_graph().name_scope("here"):
        assert tf.no_op().name == "here/NoOp"


def test_collections_of_a_graph() -> None:
    graph = tf.get_default_graph()
    with tf.name_scope("s"):
        x = tf.constant(1.0, name="x")
    graph.add_to_collections(["a", "b", "a"], x)
    graph.add_to_collections("c", 3)
    tf.add_to_collections(["a", "d"], 4)
    assert graph.get_collection("a") == [x, 4]
    assert graph.get_collection("a", "s/") == [x]
    assert graph.get_collection("a", scope="t/") == []
    graph.get_collection_ref("e").append(5)
    assert sorted(graph.get_all_collection_keys()) == ["a", "b", "c", "d", "e"]
    graph.clear_collection("a")
    assert graph.get_collection("a") == []
    graph.clear_collection("never")


def test_blocks() -> None:
    graph = tf.get_default_graph()
    v = tf.Variable(1.0)
    with graph.control_dependencies([v.assign(2.0)]):
        after = v + 0.0
        with tf.init_scope():
            free = tf.identity(v)
    with graph.device("/cpu:0"), tf.device(lambda op: "/gpu:0"), tf.device(None):
        assert tf.constant(1).op.device is None
    with tf.device("/job:localhost/device:CPU:0"):
        assert tf.constant(1).op.device == "cpu:0"
    with graph.colocate_with(v), graph.container("shared") as name:
        assert name == "shared"
    with tf.Session() as session:
        assert session.run([after, free]) == [2.0, 1.0]
    with pytest.raises(OptionError, match="device: not a device"):
        tf.device("gpu 0")


def test_init_scope_leads_out_of_loops() -> None:
    made = []

    def body(i: Any) -> Any:
        with tf.init_scope():
            made.append(tf.constant(7))
        return i + 1

    thalweg.core.while_loop(lambda i: i < 3, body, [0])
    assert made[0].graph is tf.get_default_graph()


def test_versions_and_finalizing() -> None:
    graph = tf.get_default_graph()
    before = graph.version
    tf.constant(1)
    assert graph.version > before
    assert graph.building_function is False
    graph.finalize()
    assert graph.finalized
    with pytest.raises(GraphError, match="is finalized"):
        tf.constant(1)


def test_what_graphs_do_not_do() -> None:
    graph = tf.get_default_graph()
    for call, text in (
        (lambda: graph.as_graph_def(), "Graph.as_graph_def: graphs are not written"),
        (lambda: graph.create_op("MatMul", []), "operations are not made by the name"),
        (lambda: graph.gradient_override_map({"Relu": "Guided"}), "cannot be replaced by the name"),
    ):
        with pytest.raises(GraphError, match=text):
            call()


def test_tuples_wait_for_each_other() -> None:
    v = tf.Variable(1.0)
    w = tf.Variable(0.0)
    first, none, second = tf.tuple([v + 1.0, None, v * 2.0], control_inputs=[w.assign(5.0)])
    assert none is None
    with tf.Session() as session:
        assert session.run(first) == 2.0
        assert session.run([second, w]) == [2.0, 5.0]
    with pytest.raises(OptionError, match="tuple: there is no tensor"):
        tf.tuple([None])


def test_identities() -> None:
    x, y = tf.identity_n([1.0, [2, 3]])
    assert x.op.name == "IdentityN/Identity"
    with tf.Session() as session:
        assert session.run(y).tolist() == [2, 3]
    assert tf.is_tensor(x)
    assert tf.is_tensor(tf.Variable(1))
    assert not tf.is_tensor(np.ones(3))


# States of variables ----------------------------------------------------------------------------


def test_what_is_initialised() -> None:
    v, w = tf.Variable(1.0, name="v"), tf.Variable(2.0, name="w")
    local = tf.get_local_variable("local", [])
    report = tf.report_uninitialized_variables()
    known = tf.is_variable_initialized(v)
    with tf.Session() as session:
        assert session.run(report).tolist() == [b"v", b"w", b"local"]
        assert not session.run(known)
        session.run(v.initializer)
        assert session.run(report).tolist() == [b"w", b"local"]
        assert session.run(known)
        session.run(tf.variables_initializer([local]))
        assert [name.decode() for name in session.run(report)] == ["w"]
        assert session.run(tf.report_uninitialized_variables([v])).tolist() == []
        assert session.run(w) == 2.0
        assert session.run(report).tolist() == []
        assert known.eval()
        assert session.run(known, {known: False}) == np.False_
    with tf.Session() as session:
        assert len(session.run(report)) == 3


def test_initialising_what_is_left() -> None:
    """The idiom of programs that restore a part of their variables."""
    v, w = tf.Variable(1.0, name="v"), tf.Variable(2.0, name="w")
    with tf.Session() as session:
        session.run(v.assign(5.0))
        missing = set(session.run(tf.report_uninitialized_variables()))
        left = [x for x in tf.global_variables() if x.name.split(":")[0].encode() in missing]
        assert left == [w]
        session.run(tf.variables_initializer(left))
        assert session.run([v, w]) == [5.0, 2.0]


def test_tables_and_other_lists() -> None:
    v = tf.Variable(1.0)
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, v.assign(3.0).op)
    tf.add_to_collection(tf.GraphKeys.MODEL_VARIABLES, v)
    with tf.Session() as session:
        session.run(tf.tables_initializer())
        assert session.run(v) == 3.0
        session.run(tf.initialize_local_variables())
    assert tf.tables_initializer("tables").name == "tables"
    assert tf.model_variables() == [v]
    assert tf.moving_average_variables() == []


def test_setting_the_shape_of_a_variable() -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    v = tf.Variable(x, validate_shape=False)
    v.set_shape([3, 2])
    assert v.shape == (3, 2)


# Behaviour and versions -------------------------------------------------------------------------


def test_switches() -> None:
    for name in (
        "disable_control_flow_v2", "disable_eager_execution", "disable_resource_variables",
        "disable_tensor_equality", "disable_v2_behavior", "disable_v2_tensorshape",
        "enable_resource_variables",
    ):  # fmt: skip
        assert getattr(tf, name)() is None
    assert tf.executing_eagerly() is False
    assert tf.resource_variables_enabled() is True
    for switch in (tf.enable_eager_execution, tf.enable_v2_behavior):
        with pytest.raises(GraphError) as caught:
            switch()
        assert str(caught.value) == (
            f"{switch.__name__}: thalweg.tf1 builds graphs and runs them in sessions\n"
            "  expected  with tf.Session() as session: session.run(…)\n"
            "  hint      functions of thalweg.ops and layers of thalweg.layers compute at once on "
            "arrays"
        )


def test_versions_compare_as_programs_do() -> None:
    version = tf.__version__
    assert version == tf.VERSION == tf.version.VERSION
    assert version.startswith("1.15.5+thalweg.")
    assert tuple(map(int, version.split(".")[:2])) == (1, 15)
    assert version >= "1.4" or version.startswith("1.")
    assert version < "2"
    assert tf.GIT_VERSION == tf.version.GIT_VERSION == f"v{version}"
    assert isinstance(tf.COMPILER_VERSION, str)


def test_compat() -> None:
    import thalweg.tf1.compat.v1 as v1

    assert v1 is tf.compat.v1 is tf
    x = tf.compat.v1.placeholder(tf.float32, [])
    with v1.Session() as session:
        assert session.run(x, {x: 2.0}) == 2.0
    compat = tf.compat
    assert compat.as_bytes(bytearray(b"a")) == compat.as_bytes("a") == compat.as_bytes(b"a") == b"a"
    assert compat.as_text("a") == compat.as_str(b"a") == compat.as_str_any(b"a") == "a"
    assert compat.as_str_any(3) == "3"
    assert isinstance(np.int64(3), compat.integral_types)
    assert isinstance(1.5, compat.real_types)
    assert compat.dimension_value(tf.constant([1, 2]).shape[0]) == 2
    assert compat.dimension_value(None) is None
    assert compat.dimension_at_index(None, 0) is None
    assert compat.dimension_at_index(tf.constant([1, 2]).shape, 0) == 2
    assert compat.path_to_str("a") == "a"
    for convert in (compat.as_bytes, compat.as_text):
        with pytest.raises(ValueError, match="neither bytes nor text"):
            convert(3)


def test_keras_is_the_library_itself() -> None:
    assert tf.keras is thalweg


def test_namespaces_are_loaded_when_they_are_used() -> None:
    import subprocess
    import sys

    program = (
        "import sys, thalweg.tf1 as tf\n"
        "loaded = [n for n in ('layers', 'train', 'losses', 'metrics', 'contrib', 'flags')\n"
        "          if f'thalweg.tf1.{n}' in sys.modules]\n"
        "assert not loaded, loaded\n"
        "assert 'h5py' not in sys.modules\n"
        "tf.train.Saver, tf.layers.dense\n"
        "assert 'h5py' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
