"""Event files and graphs, read back by the description of their format."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from event_files import events_in, events_of, scalars_in
from tensorboardX.proto.graph_pb2 import GraphDef

import thalweg as keras
from thalweg import core, layers
from thalweg.core.errors import GraphError
from thalweg.tensorboard import EventWriter, graph_of_layers, graph_of_operations, scalar


def test_events_are_read_back(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "a" / "b") as events:
        for step in range(3):
            events.add_summary(scalar("x", step / 2), step)
        events.add_summary(scalar("x", 9).SerializeToString())
    found = events_in(tmp_path / "a" / "b")
    assert found[0].file_version == "brain.Event:2"
    assert all(a.wall_time <= b.wall_time for a, b in itertools.pairwise(found))
    assert scalars_in(tmp_path / "a" / "b") == {"x": [(0, 0), (1, 0.5), (2, 1), (0, 9)]}


def test_what_waits_is_written_when_it_is_much(tmp_path: Path) -> None:
    events = EventWriter(tmp_path, max_queue=3)
    for count, on_disk in ((1, 0), (2, 0), (3, 3), (4, 3)):
        events.add_summary(scalar("x", count), count)
        assert len(events_in(tmp_path)) == 1 + on_disk
    events.flush()
    assert len(events_in(tmp_path)) == 5
    events.close()


def test_what_waits_is_written_when_it_waits_long(tmp_path: Path) -> None:
    with EventWriter(tmp_path, max_queue=100, flush_secs=0) as events:
        events.add_summary(scalar("x", 1), 1)
        assert len(events_in(tmp_path)) == 2


def test_a_program_that_forgets_to_close_loses_nothing(tmp_path: Path) -> None:
    program = (
        "from thalweg.tensorboard import EventWriter, scalar\n"
        f"events = EventWriter({str(tmp_path)!r})\n"
        "events.add_summary(scalar('x', 2), 1)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert scalars_in(tmp_path) == {"x": [(1, 2)]}


def test_writers_of_one_second_have_files_of_their_own(tmp_path: Path) -> None:
    for step in range(3):
        with EventWriter(tmp_path, suffix=".v2") as events:
            events.add_summary(scalar("x", 0), step)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(path.name.endswith(".v2") for path in files)
    assert sorted(events_of(path)[1].step for path in files) == [0, 1, 2]


def test_closed_and_opened_again(tmp_path: Path) -> None:
    events = EventWriter(tmp_path)
    events.close()
    events.close()
    with pytest.raises(GraphError, match="the writer is closed"):
        events.add_summary(scalar("x", 1), 1)
    events.flush()
    events.reopen()
    events.add_summary(scalar("x", 1), 1)
    events.close()
    assert sorted(len(events_of(path)) for path in tmp_path.iterdir()) == [1, 2]


def test_a_graph_of_operations(tmp_path: Path) -> None:
    graph = core.Graph()
    with graph.as_default():
        x = core.placeholder("float32", [None, 4], name="x")
        parts = core.split(x, 2, axis=1, name="parts")
        with core.control_dependencies([parts[0].op]):
            core.add(parts[0], parts[1], name="sum")
    with EventWriter(tmp_path) as events:
        events.add_graph(graph_of_operations(graph))
        drawn = GraphDef.FromString(events_in(tmp_path)[1].graph_def)  # there at once
    nodes = {node.name: node for node in drawn.node}
    assert "x" in nodes["parts"].input
    assert list(nodes["sum"].input) == ["parts", "parts:1", "^parts"]
    assert nodes["x"].op == "Placeholder"
    (shape,) = nodes["x"].attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [-1, 4]


def test_a_graph_of_layers() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(3, name="shared")
    both = layers.Concatenate(name="both")([shared(a), shared(b) * 2.0])
    model = keras.Model([a, b], layers.Dense(1, name="score")(both))
    drawn = graph_of_layers(model.network)
    assert {node.name: (node.op, list(node.input)) for node in drawn.node} == {
        "a": ("InputLayer", []),
        "b": ("InputLayer", []),
        "shared": ("Dense", ["a"]),
        "shared_1": ("Dense", ["b"]),
        "both": ("Concatenate", ["shared", "shared_1"]),
        "score": ("Dense", ["both"]),
    }
