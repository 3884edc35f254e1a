"""Rows: which vertex stands above which, and in what order from left to right.

The method is that of K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of
Hierarchical System Structures", 1981: cycles are opened, every vertex gets a row below those it
reads from, long edges get a bend in each row they pass, and rows are ordered by barycenters so
that few edges cross.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

__all__ = [
    "Edge",
    "Segment",
    "Vertex",
    "add_bends",
    "crossings",
    "find_rows",
    "grouped",
    "open_cycles",
    "order_rows",
]

ROW_WIDTH = 1100.0  # a row of sources or of sinks that is wider is cut in several
SWEEPS = 16
_T = TypeVar("_T")


@dataclass(eq=False, slots=True)
class Vertex:
    """Something that takes room in a row.

    Attributes:
        width, height: its size.
        pin: -1 keeps it in the first row, 1 in the last, which then hold nothing else.
        row: number of its row.
        place: number in its row, from the left.
        x: of its middle.
        top: y of its upper side.
        is_bend: True for the point where a long edge passes a row.
    """

    width: float
    height: float
    pin: int = 0
    row: int = 0
    place: int = 0
    x: float = 0.0
    top: float = 0.0
    is_bend: bool = False


@dataclass(eq=False, slots=True)
class Edge:
    """A line from `tail` to `head`, in the direction of the data.

    Attributes:
        weight: how much it matters.
        straightness: by how much more it wants to be straight than others of its weight.
        goes_up: True if its tail had to stand below its head.
        tail_dx, head_dx: where it meets them, from their middles.
        bends: in the rows that it passes, from above.
    """

    tail: Vertex
    head: Vertex
    weight: float = 1.0
    straightness: float = 1.0
    goes_up: bool = False
    tail_dx: float = 0.0
    head_dx: float = 0.0
    bends: list[Vertex] = field(default_factory=list)

    @property
    def upper(self) -> Vertex:
        """The end in the higher row."""
        return self.head if self.goes_up else self.tail

    @property
    def lower(self) -> Vertex:
        """The end in the lower row."""
        return self.tail if self.goes_up else self.head

    @property
    def span(self) -> int:
        """How many rows it reaches down."""
        return self.lower.row - self.upper.row

    def where(self, vertex: Vertex) -> float:
        """Where it meets one of its ends, from that end's middle."""
        return self.tail_dx if vertex is self.tail else self.head_dx

    def meet(self, vertex: Vertex, dx: float) -> None:
        """Sets where it meets one of its ends."""
        if vertex is self.tail:
            self.tail_dx = dx
        else:
            self.head_dx = dx

    @property
    def upper_dx(self) -> float:
        """Where it meets the higher end."""
        return self.head_dx if self.goes_up else self.tail_dx

    @property
    def lower_dx(self) -> float:
        """Where it meets the lower end."""
        return self.tail_dx if self.goes_up else self.head_dx


@dataclass(eq=False, slots=True)
class Segment:
    """The part of an edge between two rows that follow each other."""

    edge: Edge
    upper: Vertex
    lower: Vertex

    @property
    def upper_dx(self) -> float:
        """Where it meets its upper vertex."""
        return 0.0 if self.upper.is_bend else self.edge.upper_dx

    @property
    def lower_dx(self) -> float:
        """Where it meets its lower vertex."""
        return 0.0 if self.lower.is_bend else self.edge.lower_dx


# Rows ---------------------------------------------------------------------------------------------


def open_cycles(vertices: Sequence[Vertex], edges: Sequence[Edge]) -> None:
    """Sets `goes_up` of the edges that lead back to where a walk in the given order came from."""
    for edge in edges:
        edge.goes_up = edge.tail.pin > 0 or edge.head.pin < 0
    leaving = grouped((edge.tail, edge) for edge in edges if not edge.goes_up)
    on_the_way, done = set[Vertex](), set[Vertex]()
    for start in vertices:
        if start in done:
            continue
        on_the_way.add(start)
        stack = [(start, iter(leaving.get(start, ())))]
        while stack:
            vertex, rest = stack[-1]
            for edge in rest:
                if edge.head in on_the_way:
                    edge.goes_up = True
                elif edge.head not in done:
                    on_the_way.add(edge.head)
                    stack.append((edge.head, iter(leaving.get(edge.head, ()))))
                    break
            else:
                stack.pop()
                on_the_way.discard(vertex)
                done.add(vertex)


def find_rows(vertices: Sequence[Vertex], edges: Sequence[Edge]) -> list[list[Vertex]]:
    """Gives every vertex a row; the first and the last row are those of pinned ones."""
    above = grouped((edge.lower, edge.upper) for edge in edges)
    below = grouped((edge.upper, edge.lower) for edge in edges)
    inner = _from_above([v for v in vertices if not v.pin], above, below)
    for vertex in inner:
        vertex.row = 1 + max((other.row for other in above.get(vertex, ())), default=0)
    _shorten(inner, above, below)
    rows: list[list[Vertex]] = [[] for _ in range(max((v.row for v in inner), default=0))]
    for vertex in vertices:
        if not vertex.pin:
            rows[vertex.row - 1].append(vertex)
    rows = [part for row in rows for part in _cut(row, above, below)]
    rows.insert(0, [v for v in vertices if v.pin < 0])
    rows.append([v for v in vertices if v.pin > 0])
    for number, row in enumerate(rows):
        for vertex in row:
            vertex.row = number
    return rows


def grouped(pairs: Iterable[tuple[Vertex, _T]]) -> dict[Vertex, list[_T]]:
    """What comes with each vertex."""
    groups: dict[Vertex, list[_T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _from_above(
    vertices: Sequence[Vertex],
    above: dict[Vertex, list[Vertex]],
    below: dict[Vertex, list[Vertex]],
) -> list[Vertex]:
    """The vertices in an order in which each comes after those above it."""
    waiting = {v: sum(1 for other in above.get(v, ()) if not other.pin) for v in vertices}
    found = [v for v in vertices if not waiting[v]]
    for vertex in found:  # grows while it is walked
        for other in below.get(vertex, ()):
            if not other.pin:
                waiting[other] -= 1
                if not waiting[other]:
                    found.append(other)
    return found


def _shorten(
    ordered: Sequence[Vertex],
    above: dict[Vertex, list[Vertex]],
    below: dict[Vertex, list[Vertex]],
) -> None:
    """Lets vertices sink or rise between their neighbours where that makes edges shorter."""
    for _ in range(8):
        before = [v.row for v in ordered]
        for vertex in reversed(ordered):
            free = [other.row for other in below.get(vertex, ()) if not other.pin]
            if free and len(free) > len(above.get(vertex, ())):
                vertex.row = min(free) - 1
        for vertex in ordered:
            rows = [other.row for other in above.get(vertex, ())]
            if rows and len(rows) > len(below.get(vertex, ())):
                vertex.row = 1 + max(rows)
        if [v.row for v in ordered] == before:
            break
    lowest = min((v.row for v in ordered), default=1)
    for vertex in ordered:
        vertex.row += 1 - lowest


def _cut(
    row: list[Vertex], above: dict[Vertex, list[Vertex]], below: dict[Vertex, list[Vertex]]
) -> list[list[Vertex]]:
    """The row, with what is too much of its sources in rows above, of its sinks in rows below."""
    sources = [v for v in row if not above.get(v)]
    sinks = [v for v in row if above.get(v) and not below.get(v)]
    room = ROW_WIDTH - math.fsum(v.width for v in row if v not in {*sources, *sinks})
    early, kept = _filled(sources, room)
    late, kept_too = _filled(sinks, room - math.fsum(v.width for v in kept))
    middle = {*kept, *kept_too, *row} - {v for part in (*early, *late) for v in part}
    return [*early, [v for v in row if v in middle], *late]


def _filled(vertices: list[Vertex], room: float) -> tuple[list[list[Vertex]], list[Vertex]]:
    """Full rows, and what is left for a row that has this much room."""
    total = math.fsum(v.width for v in vertices)
    if total <= max(room, ROW_WIDTH / 2):
        return [], vertices
    count = int(total // ROW_WIDTH) + 1  # rows of about the same length
    parts = [vertices[i::count] for i in range(count)]  # lines of one pass between those of others
    if total / count <= room:
        return parts[:-1], parts[-1]
    return parts, []


def add_bends(rows: list[list[Vertex]], edges: Sequence[Edge], width: float) -> list[list[Segment]]:
    """Gives long edges their bends; returns the segments below each row but the last."""
    segments: list[list[Segment]] = [[] for _ in rows[1:]]
    for edge in edges:
        chain = [edge.upper]
        for number in range(edge.upper.row + 1, edge.lower.row):
            bend = Vertex(width, 0.0, row=number, is_bend=True)
            rows[number].append(bend)
            edge.bends.append(bend)
            chain.append(bend)
        chain.append(edge.lower)
        for upper, lower in pairwise(chain):
            segments[upper.row].append(Segment(edge, upper, lower))
    return segments


# Order in rows ------------------------------------------------------------------------------------


def order_rows(
    rows: list[list[Vertex]], segments: list[list[Segment]], vertices: Sequence[Vertex]
) -> None:
    """Orders each row so that few segments cross; sets `place` and a first `x`.

    Args:
        rows: all vertices and bends.
        segments: below each row but the last.
        vertices: without the bends, in the order that they take where nothing else decides.
    """
    _first_order(rows, segments, vertices)
    best, fewest = [list(row) for row in rows], crossings(segments)
    patience = 4
    for sweep in range(SWEEPS):
        if not fewest or not patience:
            break
        _sweep(rows, segments, down=sweep % 2 == 0)
        _swap_neighbours(rows, segments)
        count = crossings(segments)
        patience -= 1
        if count < fewest:
            best, fewest, patience = [list(row) for row in rows], count, 4
    for row, ordered in zip(rows, best, strict=True):
        row[:] = ordered
        _number(row)


def _number(row: list[Vertex]) -> None:
    """Numbers a row from the left, and lays it out around 0."""
    x = -math.fsum(v.width for v in row) / 2
    for place, vertex in enumerate(row):
        vertex.place = place
        vertex.x = x + vertex.width / 2
        x += vertex.width


def _first_order(
    rows: list[list[Vertex]], segments: list[list[Segment]], vertices: Sequence[Vertex]
) -> None:
    """What hangs together stands together: a walk down from each vertex."""
    below = grouped((s.upper, s.lower) for part in segments for s in part)
    met: dict[Vertex, None] = {}
    for vertex in vertices:
        stack = [vertex]
        while stack:
            current = stack.pop()
            if current not in met:
                met[current] = None
                stack.extend(reversed(below.get(current, ())))
    number = {vertex: i for i, vertex in enumerate(met)}
    for row in rows:
        row.sort(key=number.__getitem__)
        _number(row)


def _sweep(rows: list[list[Vertex]], segments: list[list[Segment]], *, down: bool) -> None:
    """Sorts each row by the middles of its neighbours in the row before."""
    numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
    for number in numbers:
        part = segments[number - 1] if down else segments[number]
        pulls = grouped(
            (s.lower, s.upper.x + s.upper_dx) if down else (s.upper, s.lower.x + s.lower_dx)
            for s in part
        )
        wish = {v: math.fsum(pulls[v]) / len(pulls[v]) if v in pulls else v.x for v in rows[number]}
        rows[number].sort(key=wish.__getitem__)
        _number(rows[number])


def _swap_neighbours(rows: list[list[Vertex]], segments: list[list[Segment]]) -> None:
    """Swaps two that stand side by side where fewer segments then cross."""
    for number, row in enumerate(rows):
        sides = []
        if number:
            up = grouped((s.lower, (s.upper.place, s.upper_dx)) for s in segments[number - 1])
            sides.append(up)
        if number < len(segments):
            sides.append(grouped((s.upper, (s.lower.place, s.lower_dx)) for s in segments[number]))
        for i in range(len(row) - 1):
            a, b = row[i], row[i + 1]
            gain = sum(
                _inversions(side.get(a, ()), side.get(b, ()))
                - _inversions(side.get(b, ()), side.get(a, ()))
                for side in sides
            )
            if gain > 0:
                row[i], row[i + 1] = b, a
        _number(row)


def _inversions(left: Sequence[tuple[int, float]], right: Sequence[tuple[int, float]]) -> int:
    """Pairs that cross if the owner of `left` stands left."""
    if len(left) == 1 == len(right):  # most have one
        return int(right[0] < left[0])
    ends = sorted(right)
    return sum(bisect.bisect_left(ends, end) for end in left)


def crossings(segments: list[list[Segment]]) -> int:
    """How many pairs of segments cross."""
    total = 0
    for part in segments:
        ends = [((s.upper.place, s.upper_dx), (s.lower.place, s.lower_dx)) for s in part]
        seen: list[tuple[int, float]] = []
        for _, lower in sorted(ends):
            total += len(seen) - bisect.bisect_right(seen, lower)
            bisect.insort(seen, lower)
    return total
