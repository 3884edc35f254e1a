"""Rows and columns: on any graph lines go down, nothing touches, and chains are straight."""

import itertools

import hypothesis
import hypothesis.strategies as st
import pytest

from thalweg.core.drawing.columns import place_columns
from thalweg.core.drawing.rows import (
    ROW_WIDTH,
    Edge,
    Vertex,
    add_bends,
    crossings,
    find_rows,
    open_cycles,
    order_rows,
)

GAP = 20.0


def laid_out(widths, pairs):
    """Vertices and edges, and their rows, after everything."""
    vertices = [Vertex(float(width), 10.0) for width in widths]
    edges = [Edge(vertices[a], vertices[b]) for a, b in pairs]
    open_cycles(vertices, edges)
    rows = find_rows(vertices, edges)
    segments = add_bends(rows, edges, 4.0)
    order_rows(rows, segments, vertices)
    place_columns(rows, segments, GAP)
    return vertices, edges, rows, segments


graphs = st.integers(1, 14).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(10, 120), min_size=n, max_size=n),
        st.lists(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1]),
            max_size=25,
        ),
    )
)


@hypothesis.given(graphs)
def test_every_graph_is_laid_out(graph):
    _, edges, rows, segments = laid_out(*graph)
    for edge in edges:
        assert edge.upper.row < edge.lower.row
        assert len(edge.bends) == edge.span - 1
    for segment in itertools.chain.from_iterable(segments):
        assert segment.lower.row == segment.upper.row + 1
    for row in rows:
        for left, right in itertools.pairwise(row):
            room = right.x - right.width / 2 - (left.x + left.width / 2)
            needed = GAP / 2 if left.is_bend or right.is_bend else GAP
            assert room >= needed - 0.2  # places are rounded to one decimal


@hypothesis.given(graphs)
def test_only_cycles_turn_edges_around(graph):
    widths, pairs = graph
    downward = [(min(pair), max(pair)) for pair in pairs]
    _, edges, _, _ = laid_out(widths, downward)
    assert not any(edge.goes_up for edge in edges)


def test_a_cycle_is_opened_where_it_returns_to_its_beginning():
    _, edges, rows, _ = laid_out([10, 10, 10], [(0, 1), (1, 2), (2, 0)])
    assert [edge.goes_up for edge in edges] == [False, False, True]
    assert [len(row) for row in rows if row] == [1, 2, 1]  # the second has the bend


@hypothesis.given(graphs)
def test_crossings_are_counted(graph):
    _, _, _, segments = laid_out(*graph)
    expected = 0
    for part in segments:
        for a, b in itertools.combinations(part, 2):
            upper = (a.upper.place - b.upper.place, a.lower.place - b.lower.place)
            expected += upper[0] * upper[1] < 0
    assert crossings(segments) == expected


def test_two_chains_do_not_cross():
    pairs = [(0, 5), (1, 4), (4, 3), (5, 2)]  # listed so that the first order would cross them
    assert crossings(laid_out([30] * 6, pairs)[3]) == 0


def test_a_long_chain_beside_short_ones_is_one_straight_line():
    chain = [(i, i + 1) for i in range(9)]
    side = [(10, 3), (11, 6)]
    vertices, *_ = laid_out([40, 90, 30, 60, 80, 20, 70, 50, 40, 30, 50, 50], chain + side)
    assert len({v.x for v in vertices[4:6]} | {v.x for v in vertices[7:10]}) == 1


def test_sources_stand_right_above_what_reads_them():
    vertices, *_ = laid_out([10] * 5, [(0, 1), (1, 2), (2, 3), (4, 3)])
    assert vertices[4].row == vertices[2].row


@pytest.mark.parametrize("turned", [False, True])
def test_many_sources_or_sinks_share_several_rows(turned):
    pairs = [(i, 40) if not turned else (40, i) for i in range(40)]
    _, _, rows, _ = laid_out([100] * 41, pairs)
    full = [row for row in rows if sum(not v.is_bend for v in row) > 1]
    assert len(full) >= 4
    assert all(sum(v.width for v in row if not v.is_bend) <= ROW_WIDTH for row in full)
