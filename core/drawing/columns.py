"""Columns: where in its row each vertex stands, so that edges are straight where they can be.

Every segment pulls its two ends below each other. One row at a time is placed as well as its
neighbours allow, exactly: keeping an order and distances while minimising a sum of distances is
isotonic regression, which the pool-adjacent-violators algorithm solves. Squared distances first,
for the broad picture; then absolute ones, whose minimum is a median and makes lines straight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .rows import Segment, Vertex

__all__ = ["place_columns"]

Link = tuple[Vertex, float, float]  # to whom, how far from below or above it, how strongly
Pull = tuple[float, float]  # where to, how strongly
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
    above, below = _links(segments)
    nobody: list[Link] = []
    for kind, looks_up, looks_down, turns in _PHASES:
        for turn in range(turns):
            for row in rows if (turn % 2 == 0) == looks_up else reversed(rows):
                links = [
                    (above.get(v, nobody) if looks_up else nobody)
                    + (below.get(v, nobody) if looks_down else nobody)
                    for v in row
                ]
                _place_row(row, links, gap, kind)
    left = min((v.x - v.width / 2 for row in rows for v in row), default=0.0)
    for row in rows:
        for vertex in row:
            vertex.x = round(vertex.x - left, 1)


def _links(
    segments: Sequence[Sequence[Segment]],
) -> tuple[dict[Vertex, list[Link]], dict[Vertex, list[Link]]]:
    """What pulls at each vertex from the row above, and from the row below."""
    above: dict[Vertex, list[Link]] = {}
    below: dict[Vertex, list[Link]] = {}
    for part in segments:
        for s in part:
            bends = s.upper.is_bend + s.lower.is_bend
            weight = s.edge.weight * s.edge.straightness * _BEND_WEIGHT[bends]
            shift = s.upper_dx - s.lower_dx
            above.setdefault(s.lower, []).append((s.upper, shift, weight))
            below.setdefault(s.upper, []).append((s.lower, -shift, weight))
    return above, below


def _place_row(
    row: Sequence[Vertex], links: Sequence[list[Link]], gap: float, kind: type[_Pool]
) -> None:
    """Pools neighbours that would come too close until every pool stands where it wants to."""
    offset = 0.0
    offsets = []
    pools: list[_Pool] = []
    for i, vertex in enumerate(row):
        if i:
            offset += _distance(row[i - 1], vertex, gap)
        offsets.append(offset)
        pulls = [(other.x + shift - offset, weight) for other, shift, weight in links[i]]
        pools.append(kind(pulls or [(vertex.x - offset, 0.01)]))
        while len(pools) > 1 and pools[-2].place > pools[-1].place:
            last = pools.pop()
            pools[-1].absorb(last)
    places = [pool.place for pool in pools for _ in range(pool.members)]
    for vertex, place, offset in zip(row, places, offsets, strict=True):
        vertex.x = place + offset


def _distance(a: Vertex, b: Vertex, gap: float) -> float:
    return (a.width + b.width) / 2 + (gap / 2 if a.is_bend or b.is_bend else gap)


class _Pool:
    """Vertices that stand as close as they may.

    Args:
        pulls: at the one vertex that it begins with.

    Attributes:
        members: how many vertices they are.
        place: where the first of them wants to stand, and with it all others.
    """

    def __init__(self, pulls: list[Pull]) -> None:
        self.members = 1
        self.place = pulls[0][0]

    def absorb(self, other: Any) -> None:
        """Takes in the members of the pool to its right."""
        self.members += other.members


class _Mean(_Pool):
    """Stands where squared distances to what pulls are least."""

    def __init__(self, pulls: list[Pull]) -> None:
        super().__init__(pulls)
        self._weight = self._moment = 0.0
        for to, weight in pulls:
            self._weight += weight
            self._moment += to * weight
        self.place = self._moment / self._weight

    def absorb(self, other: Any) -> None:
        super().absorb(other)
        self._weight += other._weight
        self._moment += other._moment
        self.place = self._moment / self._weight


class _Median(_Pool):
    """Stands where distances to what pulls are least."""

    def __init__(self, pulls: list[Pull]) -> None:
        super().__init__(pulls)
        self._pulls = pulls
        self._find_place()

    def absorb(self, other: Any) -> None:
        super().absorb(other)
        self._pulls += other._pulls  # both are sorted, so sorting is merging
        self._find_place()

    def _find_place(self) -> None:
        self._pulls.sort()
        rest = 0.0
        for _, weight in self._pulls:
            rest += weight / 2
        for to, weight in self._pulls:
            self.place = to
            rest -= weight
            if rest <= 1e-9:
                break


# How places are found: by which kind of pool, whether the rows above and those below pull, how
# often. Rows that look only one way, one after another, bring a chain of vertices into one line.
_PHASES = (
    *((_Mean, False, True, 1), (_Mean, True, False, 1)) * 3,
    (_Mean, True, True, 8),
    *((_Median, False, True, 1), (_Median, True, False, 1)) * 2,
    (_Median, True, True, 6),
)
