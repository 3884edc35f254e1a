"""Names in graphs: unique, reserved, taken from scopes; and graphs of a subclass."""

from __future__ import annotations

import pytest

import thalweg.core as core
from thalweg.core import Graph, UnknownNameError, constant, name_scope


def test_names_are_numbered() -> None:
    with Graph().as_default():
        assert [constant(1, name="a").op.name for _ in range(3)] == ["a", "a_1", "a_2"]
        with name_scope("s"):
            assert constant(1, name="a").op.name == "s/a"


def test_reserved_names_are_not_given_by_chance() -> None:
    graph = Graph()
    with graph.as_default():
        assert graph.free_name("a") == "a"
        assert graph.free_name("a", reserve=True) == "a"
        assert graph.free_name("a", reserve=True) == "a_1"
        assert constant(1, name="a").op.name == "a_2"
        assert graph.free_name("a") == "a_3"


def test_an_operation_may_have_the_name_of_a_scope() -> None:
    graph = Graph()
    graph.free_name("tower", reserve=True)
    with graph.as_default(), name_scope("tower"):
        assert constant(1, name="tower/").op.name == "tower"
        assert constant(1, name="tower/").op.name == "tower_1"
        assert constant(1, name="x").op.name == "tower/x"
        with pytest.raises(core.ShapeError) as caught:
            core.matmul([[1.0]], [[1.0], [2.0]], name="tower/")
    assert "node      'tower'" in str(caught.value)


def test_unknown_names() -> None:
    graph = Graph()
    with graph.as_default():
        constant(1, name="loss")
    with pytest.raises(UnknownNameError) as caught:
        graph.get_operation_by_name("los")
    assert str(caught.value) == (
        "Graph: no operation of this name\n  got       'los'\n  hint      did you mean 'loss'?"
    )
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, ValueError)
    for name in ("loss", "loss:1", "loss:x"):
        with pytest.raises(UnknownNameError, match="no tensor of this name\n  expected  loss:0"):
            graph.get_tensor_by_name(name)


def test_the_default_graph_may_be_of_a_subclass() -> None:
    class Counted(Graph):
        def count(self) -> int:
            return len(self.get_operations())

    before = core.get_default_graph()
    kind = type(before)
    try:
        made = constant(1)
        core.set_graph_class(Counted)
        graph = core.get_default_graph()
        assert isinstance(graph, Counted)
        assert graph is before is made.graph
        assert graph.count() >= 1
        core.reset_default_graph()
        assert type(core.get_default_graph()) is Counted
    finally:
        core.set_graph_class(kind)
        core.reset_default_graph()
