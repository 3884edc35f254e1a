"""Columns: where in its row each vertex stands, so that edges are straight where they can be.

Every segment pulls its two ends below each other. One row at a time is placed as well as its
neighbours allow, exactly: keeping an order and distances while minimising a sum of distances is
isotonic regression, which the pool-adjacent-violators algorithm solves. Squared distances first,
for the broad picture; then absolute ones, whose minimum is a median and makes lines straight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from .rows import Segment, Vertex

__all__ = ["place_columns"]

Pull = tuple[float, float]  # where to, and how strongly
_BEND_WEIGHT = {0: 1.0, 1: 2.0, 2: 8.0}  # by how many ends of a segment are bends


def place_columns(
    rows: Sequence[Sequence[Vertex]], segments: Sequence[Sequence[Segment]], gap: float
) -> None:
    """Sets every `x`; the leftmost side is at 0.

    Args:
        rows: ordered from the left.
        segments: below each row but the last.
        gap: least distance between two vertices; half of it beside a bend.
    """
    above = _by_vertex(segments, lower=True)
    below = _by_vertex(segments, lower=False)
    for center, upper, lower, turns in _PHASES:
        for turn in range(turns):
            for row in rows if (turn % 2 == 0) == upper else reversed(rows):
                wishes = [
                    [
                        *(_pulls_up(above.get(v, ())) if upper else ()),
                        *(_pulls_down(below.get(v, ())) if lower else ()),
                    ]
                    for v in row
                ]
                _place_row(row, wishes, gap, center)
    left = min((v.x - v.width / 2 for row in rows for v in row), default=0.0)
    for row in rows:
        for vertex in row:
            vertex.x = round(vertex.x - left, 1)


def _by_vertex(
    segments: Sequence[Sequence[Segment]], *, lower: bool
) -> dict[Vertex, list[tuple[Segment, float]]]:
    """The segments at each vertex, with their weights."""
    found: dict[Vertex, list[tuple[Segment, float]]] = {}
    for part in segments:
        for segment in part:
            bends = segment.upper.is_bend + segment.lower.is_bend
            weight = segment.edge.weight * segment.edge.straightness * _BEND_WEIGHT[bends]
            found.setdefault(segment.lower if lower else segment.upper, []).append(
                (segment, weight)
            )
    return found


def _pulls_up(segments: Sequence[tuple[Segment, float]]) -> Iterator[Pull]:
    for s, weight in segments:
        yield s.upper.x + s.upper_dx - s.lower_dx, weight


def _pulls_down(segments: Sequence[tuple[Segment, float]]) -> Iterator[Pull]:
    for s, weight in segments:
        yield s.lower.x + s.lower_dx - s.upper_dx, weight


def _place_row(
    row: Sequence[Vertex],
    wishes: Sequence[list[Pull]],
    gap: float,
    center: Callable[[list[Pull]], float],
) -> None:
    """Pools neighbours that would come too close until every pool stands where it wants to."""
    offset = 0.0
    offsets = []
    pools: list[tuple[float, int, list[Pull]]] = []  # place, members, pulls
    for i, vertex in enumerate(row):
        if i:
            offset += _distance(row[i - 1], vertex, gap)
        offsets.append(offset)
        pulls = [(to - offset, weight) for to, weight in wishes[i]] or [(vertex.x - offset, 0.01)]
        pools.append((center(pulls), 1, pulls))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            _, members, pulls = pools.pop()
            _, others, before = pools.pop()
            pulls = before + pulls
            pools.append((center(pulls), others + members, pulls))
    places = (place for place, members, _ in pools for _ in range(members))
    for vertex, place, offset in zip(row, places, offsets, strict=True):
        vertex.x = place + offset


def _distance(a: Vertex, b: Vertex, gap: float) -> float:
    return (a.width + b.width) / 2 + (gap / 2 if a.is_bend or b.is_bend else gap)


def _mean(pulls: list[Pull]) -> float:
    total = math.fsum(weight for _, weight in pulls)
    return math.fsum(to * weight for to, weight in pulls) / total


def _median(pulls: list[Pull]) -> float:
    rest = math.fsum(weight for _, weight in pulls) / 2
    ordered = sorted(pulls)
    i = 0
    while rest > ordered[i][1] + 1e-9:
        rest -= ordered[i][1]
        i += 1
    return ordered[i][0]


# How places are found: by which centre, whether the rows above and those below pull, how often.
# Rows that look only one way, one after another, bring a whole chain of vertices into line.
_PHASES = (
    *((_mean, False, True, 1), (_mean, True, False, 1)) * 3,
    (_mean, True, True, 8),
    *((_median, False, True, 1), (_median, True, False, 1)) * 2,
    (_median, True, True, 6),
)
