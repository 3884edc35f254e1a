"""Sessions: what run takes and gives, default sessions, options, errors."""

from __future__ import annotations

import collections
import threading

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import FeedError, GraphError, OptionError


def test_hello() -> None:
    hello = tf.constant("Hello, TensorFlow!")
    with tf.Session() as session:
        assert session.run(hello) == b"Hello, TensorFlow!"
    a, b = tf.constant(10), tf.constant(32)
    session = tf.Session()
    assert session.run(a + b) == 42
    session.close()


def test_fetches_keep_their_structure() -> None:
    Pair = collections.namedtuple("Pair", ["a", "b"])
    x, v = tf.constant([1.0, 2.0], name="x"), tf.Variable(3.0)
    with tf.Session() as session:
        result = session.run({"t": (x, [v, "x:0"]), "p": Pair(x * 2, tf.no_op()), "n": []})
    assert result["t"][0].tolist() == [1.0, 2.0]
    assert isinstance(result["t"], tuple)
    assert isinstance(result["t"][0], np.ndarray)
    assert result["t"][1][0] == 3.0
    assert result["t"][1][1].tolist() == [1.0, 2.0]
    assert result["p"].a.tolist() == [2.0, 4.0]
    assert result["p"].b is None
    assert result["n"] == []


def test_feeds_of_placeholders_and_of_anything_else() -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    rate = tf.placeholder_with_default(0.5, [])
    doubled = x * 2
    y = tf.reduce_sum(doubled, reduction_indices=[1]) * rate
    with tf.Session() as session:
        assert session.run(y, feed_dict={x: [[1, 2], [3, 4]]}).tolist() == [3.0, 7.0]
        assert session.run(y, {x: np.ones((1, 2)), rate: 2}).tolist() == [8.0]
        assert session.run(y, {doubled: [[10.0, 10.0]]}).tolist() == [10.0]


def test_default_sessions() -> None:
    x = tf.constant(2.0)
    with tf.Session() as session:
        assert tf.get_default_session() is session
        assert x.eval() == 2.0
        with tf.Session().as_default() as inner:
            assert tf.get_default_session() is inner
        tf.group(x).run()
    other = tf.Session()
    assert x.eval(session=other) == 2.0


def test_without_a_default_session_eval_says_so() -> None:
    with pytest.raises(GraphError) as caught:
        tf.constant(1.0, name="c").eval()
    assert str(caught.value) == (
        "eval: there is no default session\n"
        "  node      'c:0'\n"
        "  hint      use `with Session():`, or pass session=…"
    )


def test_interactive_session_is_the_default_until_closed() -> None:
    session = tf.InteractiveSession()
    x = tf.placeholder(tf.float32)
    v = tf.Variable(1.0)
    v.initializer.run()
    assert (x * v).eval(feed_dict={x: 3.0}) == 3.0
    inner = tf.InteractiveSession()
    assert tf.get_default_session() is inner
    inner.close()
    assert tf.get_default_session() is session
    session.close()
    session.close()
    assert tf.get_default_session() is None
    with pytest.raises(GraphError, match="the session is closed"):
        session.run(v)


def test_interactive_session_of_a_graph_enters_it() -> None:
    graph = tf.Graph()
    session = tf.InteractiveSession(graph=graph)
    assert tf.constant(1).graph is graph
    session.close()
    assert tf.get_default_graph() is not graph


def test_interactive_session_may_be_closed_by_another_thread() -> None:
    made = []

    def make() -> None:
        made.append(tf.InteractiveSession())

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    made[0].close()
    assert tf.get_default_session() is None


def test_a_session_belongs_to_one_graph() -> None:
    with tf.Graph().as_default():
        foreign = tf.constant(1.0, name="foreign")
    with tf.Session() as session, pytest.raises(GraphError) as caught:
        session.run(foreign)
    text = str(caught.value)
    assert text.startswith("Session.run: not an element of this session's graph")
    assert "'foreign:0' of another graph" in text
    assert tf.Session(graph=foreign.graph).run(foreign) == 1.0


def test_sessions_have_values_of_their_own() -> None:
    v = tf.Variable(1.0)
    one, two = tf.Session(), tf.Session()
    one.run(v.assign(5.0))
    assert (one.run(v), two.run(v)) == (5.0, 1.0)


def test_a_missing_feed() -> None:
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    with tf.Session() as session, pytest.raises(FeedError) as caught:
        session.run(x + 1)
    text = str(caught.value)
    assert "'x'" in text
    assert "float32 (None, 784)" in text
    assert "test_session.py" in text


def test_a_feed_that_does_not_fit() -> None:
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    with tf.Session() as session, pytest.raises(FeedError) as caught:
        session.run(x + 1, feed_dict={x: np.zeros((10, 28, 28), np.float32)})
    assert "expected  float32 (None, 784)\n  got       float32 (10, 28, 28)" in str(caught.value)


def test_make_callable() -> None:
    x = tf.placeholder(tf.float32, [])
    double = tf.Session().make_callable([x * 2, x], [x])
    assert double(4.0) == [8.0, 4.0]
    with pytest.raises(GraphError, match="make_callable: accept_options is not supported"):
        tf.Session().make_callable(x, [x], accept_options=True)


def test_options_are_accepted_and_their_names_checked() -> None:
    config = tf.ConfigProto(
        allow_soft_placement=True,
        device_count={"GPU": 0},
        gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=0.3),
    )
    config.gpu_options.allow_growth = True
    config.inter_op_parallelism_threads = 2
    assert config.gpu_options.per_process_gpu_memory_fraction == 0.3
    assert tf.ConfigProto().gpu_options is not tf.ConfigProto().gpu_options
    with tf.Session("", config=config) as session:
        assert session.run(tf.constant(1), options=None, run_metadata=None) == 1
    with pytest.raises(OptionError) as caught:
        tf.GPUOptions(allow_grow=True)
    assert str(caught.value) == (
        "GPUOptions: no such option\n"
        "  expected  one of per_process_gpu_memory_fraction, allow_growth, allocator_type, "
        "deferred_deletion_bytes, visible_device_list, polling_active_delay_usecs, "
        "polling_inactive_delay_msecs, force_gpu_compatible, experimental\n"
        "  got       'allow_grow'\n"
        "  hint      did you mean 'allow_growth'?"
    )
    with pytest.raises(AttributeError, match="did you mean 'allow_growth'"):
        tf.GPUOptions().allow_grows  # noqa: B018


def test_options_of_runs_and_graphs() -> None:
    options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE, timeout_in_ms=10)
    metadata = tf.RunMetadata()
    with tf.Session() as session:
        assert session.run(tf.constant(1), options=options, run_metadata=metadata) == 1
        with pytest.raises(OptionError) as caught:
            session.run(tf.constant(1), run_metadata={})
    assert metadata.step_stats is None
    assert str(caught.value) == (
        "Session.run: run_metadata is of another class\n"
        "  expected  tf.RunMetadata(), which stays empty\n"
        "  got       {}\n"
        "  hint      session.explain(fetches) tells who runs what"
    )
    config = tf.ConfigProto()
    level = tf.OptimizerOptions.L0
    config.graph_options.CopyFrom(
        tf.GraphOptions(optimizer_options=tf.OptimizerOptions(opt_level=level))
    )
    assert config.graph_options.optimizer_options.opt_level == -1
    assert repr(tf.RunMetadata()).startswith("RunMetadata(step_stats=None, ")


def test_devices_and_reset() -> None:
    v = tf.Variable(1.0)
    session = tf.Session()
    [device] = session.list_devices()
    assert (device.device_type, device.name[-6:]) == ("CPU", ":CPU:0")
    assert session.sess_str == b""
    session.run(v.assign(5.0))
    with pytest.raises(GraphError, match=r"Session.reset: containers is not supported"):
        tf.Session.reset("", ["experiment"])
    tf.Session.reset("")
    with pytest.raises(GraphError, match="the session is closed"):
        session.run(v)


def test_what_sessions_do_not_do() -> None:
    with tf.Session() as session:
        for call in (
            lambda: session.partial_run_setup([]),
            lambda: session.partial_run("handle", []),
        ):
            with pytest.raises(GraphError) as caught:
                call()
        assert str(caught.value) == (
            "Session.partial_run: a run cannot be stopped and continued\n"
            "  hint      fetch the tensors between, and feed them to the second run: any tensor "
            "may be fed"
        )
        with pytest.raises(GraphError, match="graphs are not written to protocol buffers"):
            session.graph_def  # noqa: B018


def test_what_may_not_be_fed_or_fetched() -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    step = tf.no_op("step")
    graph = tf.get_default_graph()
    assert graph.is_feedable(x)
    assert graph.is_fetchable(step)
    graph.prevent_feeding(x)
    graph.prevent_fetching(step)
    assert not graph.is_feedable(x)
    assert not graph.is_fetchable(step)
    with tf.Session() as session:
        with pytest.raises(GraphError, match="may not be fed"):
            session.run(x, {x: 1.0})
        with pytest.raises(GraphError, match="may not be fetched"):
            session.run(step)


def test_errors_are_of_both_kinds() -> None:
    x = tf.placeholder(tf.float32, [2], name="x")
    double = tf.Session().make_callable(x * 2, [x])
    with tf.Session() as session, pytest.raises(FeedError) as caught:
        session.run(x, {x: [1, 2, 3]})
    error = caught.value
    assert isinstance(error, tf.errors.InvalidArgumentError)
    assert isinstance(error, ValueError)
    assert error.error_code == tf.errors.INVALID_ARGUMENT
    assert error.message == str(error)
    assert (error.op, error.node_def) == (None, None)
    assert type(error).__name__ == "FeedError"
    with pytest.raises(tf.errors.OpError):
        double([1, 2, 3])
    with pytest.raises(tf.OpError), tf.Session() as session:
        session.run("unknown")
    with pytest.raises(KeyError), tf.Session() as session:
        session.run("unknown:0")


def test_errors_of_programs() -> None:
    x = tf.constant(1.0)
    error = tf.errors.OutOfRangeError(None, x.op, "the end")
    assert (error.message, error.op, error.error_code) == ("the end", x.op, 11)
    assert str(error) == "the end"
    assert tf.errors.OpError(None, None, "?", tf.errors.ABORTED).error_code == 10
    assert tf.errors.exception_type_from_error_code(5) is tf.errors.NotFoundError
    assert tf.errors.error_code_from_exception_type(tf.errors.UnknownError) == 2
    codes = {getattr(tf.errors, name) for name in tf.errors.__all__ if name.isupper()}
    assert codes == set(range(17))
