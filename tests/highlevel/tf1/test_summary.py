"""`tf.summary`: tags, collections, writers and hooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_files import events_in, scalars_in, values_in
from tensorboardX.proto.graph_pb2 import GraphDef

import thalweg.tf1 as tf
from thalweg.core.errors import DataError, MissingExtraError, OptionError, ShapeError

summary, train = tf.summary, tf.train


def tags(operation: Any, feed_dict: Any = None) -> list[str]:
    with tf.Session() as session:
        message = summary.Summary.FromString(session.run(operation, feed_dict))
    return [value.tag for value in message.value]


def test_the_program_of_the_tutorials(tmp_path: Path) -> None:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    with tf.name_scope("layer"):
        weights = tf.Variable(tf.ones([4, 2]), name="weights")
        summary.histogram("weights", weights)
    loss = tf.reduce_mean(tf.square(tf.matmul(x, weights)))
    summary.scalar("loss", loss)
    merged = summary.merge_all()
    step = train.GradientDescentOptimizer(0.1).minimize(loss)
    expected, seen = [], []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        writer = summary.FileWriter(str(tmp_path), session.graph)
        for i in range(3):
            feeds = {x: np.full([3, 4], i)}
            _, value, now, found = session.run([step, loss, weights, merged], feeds)
            writer.add_summary(found, i)
            seen.append(now)
            expected.append((i, pytest.approx(value)))
        own = tf.Summary(value=[tf.Summary.Value(tag="accuracy", simple_value=0.5)])
        writer.add_summary(own, global_step=np.int64(7))
        writer.close()
    assert scalars_in(tmp_path) == {"loss": expected, "accuracy": [(7, 0.5)]}
    graph = GraphDef.FromString(events_in(tmp_path)[1].graph_def)
    assert {"x", "layer/weights", "loss"} <= {node.name for node in graph.node}
    assert all(node.op for node in graph.node)
    histograms = [value.histo for tag, _, value in values_in(tmp_path) if tag == "layer/weights_1"]
    assert [(found.num, found.sum) for found in histograms] == [
        (values.size, pytest.approx(float(values.sum()))) for values in seen
    ]


def test_tags_are_names_of_operations() -> None:
    with tf.name_scope("tower"):
        first = summary.scalar("loss", 1.0)
        second = summary.scalar("loss", 2.0)
        family = summary.scalar("loss", 2.0, family="train")
        odd = summary.scalar("/a loss: μ", 3)
    assert first.op.name == "tower/loss"
    assert tags(first) == ["tower/loss"]
    assert tags(second) == ["tower/loss_1"]
    assert tags(family) == ["train/tower/train/loss"]
    assert tags(odd) == ["tower/a_loss___"]
    pictures = summary.image("p", np.zeros((5, 4, 4, 1), np.float32), 2)
    assert tags(pictures) == ["p/image/0", "p/image/1"]
    sound = summary.audio("s", np.zeros((1, 9), np.float32), 8000.0, 1)
    assert tags(sound) == ["s/audio"]


def test_collections() -> None:
    assert summary.merge_all() is None
    a, b = summary.scalar("a", 1.0), summary.scalar("b", 1.0, collections=["others"])
    summary.histogram("c", [1.0])
    merged = summary.merge([b, a], collections=["merged"])
    assert tags(merged) == ["b", "a"]
    assert tf.get_collection("merged") == [merged]
    assert tags(summary.merge_all()) == ["a", "c"]
    assert tags(summary.merge_all("others")) == ["b"]
    assert tags(summary.merge_all(scope="c")) == ["c"]


def test_texts_and_tensors() -> None:
    with tf.Session() as session:
        text = session.run(summary.text("t", tf.constant(["a", "b"])))
        tensor = session.run(summary.tensor_summary("n", [1, 2], "two numbers", display_name="N"))
    (value,) = summary.Summary.FromString(text).value
    assert list(value.tensor.string_val) == [b"a", b"b"]
    assert value.metadata.plugin_data.plugin_name == "text"
    (value,) = summary.Summary.FromString(tensor).value
    assert list(value.tensor.int_val) == [1, 2]
    assert (value.metadata.display_name, value.metadata.summary_description) == ("N", "two numbers")


def test_summaries_inside_functions_see_each_value() -> None:
    x = tf.placeholder(tf.float32, [])
    shown = tf.cond(x > 0, lambda: summary.scalar("s", x), lambda: tf.constant(""))
    with tf.Session() as session:
        assert summary.Summary.FromString(session.run(shown, {x: 2.0})).value[0].simple_value == 2
        assert session.run(shown, {x: -2.0}) == b""


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="'x' is not one number"):
        summary.scalar("x", [1.0, 2.0])
    with pytest.raises(OptionError, match="not a text"):
        summary.text("x", 1.0)
    with (
        summary.FileWriter(str(tmp_path)) as writer,
        pytest.raises(OptionError, match="not a graph"),
    ):
        writer.add_graph(None)
    x = tf.placeholder(tf.float32, None)
    shown = summary.scalar("x", x), summary.histogram("h", x)
    with tf.Session() as session:
        with pytest.raises(DataError, match="'x' is not one number"):
            session.run(shown[0], {x: [1.0, 2.0]})
        with pytest.raises(DataError, match="not finite"):
            session.run(shown[1], {x: [1.0, np.nan]})


def test_graphs_can_be_built_without_tensorboardx(monkeypatch: Any, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.startswith("tensorboardX")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    x = tf.constant(2.0)
    summary.scalar("x", x)
    summary.merge_all()
    with tf.Session() as session:
        assert session.run(x) == 2
    with pytest.raises(MissingExtraError, match=r'pip install "thalweg\[tensorboard\]"'):
        summary.FileWriter(str(tmp_path))
    assert "Summary" not in tf.__all__  # `from thalweg.tf1 import *` needs no extra package


def counted(folder: Path, steps: int, **options: Any) -> dict[str, list[tuple[int, float]]]:
    """The curves of a watched training that only counts."""
    with tf.Graph().as_default():
        step = train.get_or_create_global_step()
        summary.scalar("twice", 2 * step)
        count = tf.assign_add(step, 1)
        with train.MonitoredTrainingSession(**options) as session:
            for _ in range(steps):
                session.run(count)
    summary.FileWriterCache.clear()
    return scalars_in(folder)


def test_a_monitored_session_writes_summaries(tmp_path: Path) -> None:
    found = counted(tmp_path, 5, summary_dir=str(tmp_path), save_summaries_steps=2)
    assert found == {"twice": [(1, 0), (3, 4), (5, 8)]}
    assert events_in(tmp_path)[1].session_log.status == 1  # a training starts here


def test_a_monitored_session_writes_beside_its_checkpoints(tmp_path: Path) -> None:
    found = counted(tmp_path, 3, checkpoint_dir=str(tmp_path), log_step_count_steps=None)
    assert found == {"twice": [(1, 0)]}


def test_without_summaries_nothing_is_written(tmp_path: Path) -> None:
    step = tf.assign_add(train.get_or_create_global_step(), 1)
    with train.MonitoredTrainingSession(summary_dir=str(tmp_path / "s")) as session:
        session.run(step)
    assert not (tmp_path / "s").exists()


def test_hooks_with_a_writer(tmp_path: Path) -> None:
    step = train.get_or_create_global_step()
    shown = [summary.scalar("a", step), summary.scalar("b", step)]
    count = tf.assign_add(step, 1)
    with summary.FileWriter(str(tmp_path)) as writer:
        hooks = [
            train.SummarySaverHook(1, summary_writer=writer, summary_op=shown),
            train.StepCounterHook(2, summary_writer=writer),
        ]
        with train.SingularMonitoredSession(hooks=hooks) as session:
            for _ in range(4):
                session.run(count)
    found = scalars_in(tmp_path)
    assert found["a"] == found["b"] == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert [step for step, _ in found["global_step/sec"]] == [3]
    with pytest.raises(OptionError, match="one of scaffold and summary_op"):
        train.SummarySaverHook(1)
