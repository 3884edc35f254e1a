"""Places for everything in a diagram: every box is laid out alone, the innermost first.

A line that crosses a box's border does so at a port. Which side its port is on is decided from
the outside inwards, since it depends on whether the line goes down (the rule) or back up (in a
cycle of boxes); where on that side it is, from the inside outwards, when the box is laid out.

Sums of numbers are exact (`math.fsum`), so that every version of Python draws the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from .columns import place_columns
from .parts import Box, Diagram, Node, Stem
from .rows import Edge, Segment, Vertex, add_bends, find_rows, grouped, open_cycles, order_rows
from .text import text_width

__all__ = [
    "BODY",
    "HEADER",
    "SMALL",
    "STEM",
    "TAG_GAP",
    "TITLE",
    "Label",
    "Line",
    "Places",
    "Rectangle",
    "label_width",
    "outline",
    "place",
    "tag_width",
]

TITLE, BODY, SMALL = 13.0, 11.0, 10.0  # sizes of the fonts
HEADER = 24.0  # of a box
STEM = 28.0  # from a node's lower side to where its lines branch
TAG_GAP = 5.0
_PADDING = 18.0
_COLUMN_GAP = 26.0
_ROW_GAP = 24.0
_ENTRY_GAP = 12.0  # between lines that end at a node
_BEND_WIDTH = 4.0
_MAIN = 8.0  # how much straighter a line is that is the main one of its end; squared for both

Item = Node | Box
Point = tuple[float, float]


@dataclass(frozen=True)
class Rectangle:
    """Where something is: the upper left corner and the size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A way from one end to the other; between two points that are not above each other it bends.

    Attributes:
        points: from the tail.
        stem: what it belongs to.
        ends: True if it ends at a node: there its arrow is.
    """

    points: list[Point]
    stem: Stem
    ends: bool


@dataclass(frozen=True)
class Label:
    """The text on a stem, centred at a point."""

    x: float
    y: float
    stem: Stem


@dataclass
class Places:
    """The picture with a place for everything.

    Attributes:
        width, height: of the whole.
        boxes: outer ones first.
        nodes, lines, labels: in the order in which they are drawn.
    """

    width: float = 0.0
    height: float = 0.0
    boxes: list[tuple[Box, Rectangle]] = field(default_factory=list)
    nodes: list[tuple[Node, Rectangle]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


def place(diagram: Diagram) -> Places:
    """Finds a place for every node, box, line and label."""
    root = _Level(diagram.root)
    for stem in diagram.stems:
        for target in stem.targets:
            _link(root, stem, target)
    root.find_sides()
    root.lay_out()
    places = Places(root.width, root.height)
    root.collect(places, 0.0, 0.0)
    return places


def _way(item: Item) -> list[Item]:
    """The boxes around an item from the outermost, and itself."""
    way: list[Item] = [item]
    box = item.box
    while box is not None:
        way.append(box)
        box = box.box
    return way[::-1]


def _link(root: _Level, stem: Stem, target: Node) -> None:
    """Adds a line to the innermost level that holds both its ends."""
    level = root
    tail, head = _way(stem.source), _way(target)
    depth = 1
    while tail[depth] is head[depth]:
        inner = tail[depth]
        assert isinstance(inner, Box)  # noqa: S101
        level = level.inner[inner]
        depth += 1
    level.connect(stem, tail[depth], head[depth])


@dataclass(frozen=True)
class _Port:
    """Where a stem crosses the border of a box."""

    stem: Stem
    side: int  # -1 above, 1 below
    enters: bool


class _Level:
    """The inside of one box.

    Attributes:
        inner: the levels of the boxes in it.
        width, height: of the box, once it is laid out.
    """

    def __init__(self, box: Box) -> None:
        self.box = box
        self.inner = {child: _Level(child) for child in box.children if isinstance(child, Box)}
        self.width = 0.0
        self.height = 0.0
        self._vertices: dict[Item | _Port, Vertex] = {
            child: Vertex(0.0, 0.0) for child in box.children
        }
        self._edges: dict[tuple[Stem, Item | _Port, Item | _Port], Edge] = {}
        self._ports: dict[_Port, Vertex] = {}
        self._row_top: list[float] = []
        self._row_end: list[float] = []

    # Lines, and the sides of ports ----------------------------------------------------------------

    def connect(self, stem: Stem, tail: Item | _Port, head: Item | _Port) -> None:
        """Adds a line between two items, or an item and a port."""
        if (stem, tail, head) not in self._edges:
            is_side = stem.source.kind in ("constant", "variable")
            self._edges[stem, tail, head] = Edge(
                self._vertices[tail], self._vertices[head], weight=0.5 if is_side else 1.0
            )

    def port(self, port: _Port) -> None:
        """Lets a stem cross the border, and leads it to where it goes inside."""
        if port not in self._ports:
            vertex = Vertex(_BEND_WIDTH, 0.0, pin=port.side, is_bend=True)
            self._ports[port] = self._vertices[port] = vertex
        if port.enters:
            for target in port.stem.targets:
                way = _way(target)
                if self.box in way:
                    self.connect(port.stem, port, way[way.index(self.box) + 1])
        else:
            way = _way(port.stem.source)
            self.connect(port.stem, way[way.index(self.box) + 1], port)

    def find_sides(self) -> None:
        """Decides which lines go up, here and then inside."""
        open_cycles(list(self._vertices.values()), list(self._edges.values()))
        for (stem, tail, head), edge in self._edges.items():
            if isinstance(tail, Box):
                self.inner[tail].port(_Port(stem, -1 if edge.goes_up else 1, enters=False))
            if isinstance(head, Box):
                self.inner[head].port(_Port(stem, 1 if edge.goes_up else -1, enters=True))
        for level in self.inner.values():
            level.find_sides()

    # Sizes and places -----------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Places everything inside, from the inside."""
        for level in self.inner.values():
            level.lay_out()
        for item, vertex in self._vertices.items():
            if isinstance(item, Box):
                vertex.width, vertex.height = self.inner[item].width, self.inner[item].height
            elif isinstance(item, Node):
                vertex.width, vertex.height = self._size(item)
        edges = list(self._edges.values())
        vertices = list(self._vertices.values())
        rows = find_rows(vertices, edges)
        segments = add_bends(rows, edges, _BEND_WIDTH)
        self._meet_boxes()
        order_rows(rows, segments, vertices)
        self._meet_nodes(segments)
        self._find_main_lines()
        place_columns(rows, segments, _COLUMN_GAP)
        content = max((v.x + v.width / 2 for row in rows for v in row), default=0.0)
        title = text_width(self.box.name, BODY, bold=True) + 2 * _PADDING
        self.width = max(content + 2 * _PADDING, title)
        shift = (self.width - content) / 2
        for vertex in (v for row in rows for v in row):
            vertex.x += shift
        self._place_rows(rows, segments)

    def _edges_at(self, item: Item) -> Iterator[tuple[Stem, Edge, bool]]:
        """Stem and edge of each line at an item, and whether it meets the item's lower side."""
        for (stem, tail, head), edge in self._edges.items():
            if tail is item:
                yield stem, edge, not edge.goes_up
            elif head is item:
                yield stem, edge, edge.goes_up

    def _stems_below(self, node: Node) -> list[Stem]:
        below = (stem for stem, _, is_below in self._edges_at(node) if is_below)
        return list(dict.fromkeys(below))

    def _size(self, node: Node) -> tuple[float, float]:
        """A node's size with the stems below it."""
        entries = [e for e in self._edges_at(node) if not e[2]]
        stems = self._stems_below(node)
        width, height = outline(node)
        needed = max(
            width,
            len(entries) * _ENTRY_GAP + 8,
            math.fsum(label_width(stem) for stem in stems),
        )
        return needed, height + (STEM if stems else 0.0)

    def _meet_boxes(self) -> None:
        """Lines meet boxes where their ports are."""
        for (stem, tail, head), edge in self._edges.items():
            if isinstance(tail, Box):
                port = _Port(stem, -1 if edge.goes_up else 1, enters=False)
                edge.tail_dx = self.inner[tail].port_dx(port)
            if isinstance(head, Box):
                port = _Port(stem, 1 if edge.goes_up else -1, enters=True)
                edge.head_dx = self.inner[head].port_dx(port)

    def port_dx(self, port: _Port) -> float:
        """Where a port is, from the middle of the box."""
        return self._ports[port].x - self.width / 2

    def _meet_nodes(self, segments: list[list[Segment]]) -> None:
        """Lines meet nodes side by side, in the order in which they come.

        The main line into a node and the main one out of it meet it above each other: so the way
        of the data through a chain of nodes is one straight line.
        """
        toward: dict[tuple[Edge, Vertex], float] = {}
        for segment in (s for part in segments for s in part):
            toward[segment.edge, segment.upper] = segment.lower.x + segment.lower_dx
            toward[segment.edge, segment.lower] = segment.upper.x + segment.upper_dx
        for node in (item for item in self._vertices if isinstance(item, Node)):
            vertex = self._vertices[node]
            above: list[Edge] = []
            below: dict[Stem, list[Edge]] = {}
            for stem, edge, is_below in self._edges_at(node):
                (below.setdefault(stem, []) if is_below else above).append(edge)
            anchor = 0.0
            if below:
                middle = {
                    stem: math.fsum(toward[edge, vertex] for edge in edges) / len(edges)
                    for stem, edges in below.items()
                }
                stems = sorted(below, key=middle.__getitem__)
                anchor = _hang_stems(vertex, stems, below)
            if above:
                above.sort(key=lambda edge: toward[edge, vertex])
                _enter_node(vertex, above, anchor)

    def _find_main_lines(self) -> None:
        """Straightens what is the main line of its ends: of what comes from above, of what goes."""
        edges = list(self._edges.values())
        for end in ("upper", "lower"):
            for together in grouped((getattr(edge, end), edge) for edge in edges).values():
                _main(together).straightness *= _MAIN

    def _place_rows(self, rows: list[list[Vertex]], segments: list[list[Segment]]) -> None:
        """Sets every `top`, and between which heights each row lies."""
        is_root = self.box.box is None
        reads = {s.lower for part in segments for s in part}
        is_read = {s.upper for part in segments for s in part}
        y = 0.0 if is_root else HEADER
        for number, row in enumerate(rows):
            self._row_top.append(y)
            height = max((v.height for v in row), default=0.0)
            for vertex in row:
                share = 0.0 if vertex not in is_read else 0.5 if vertex in reads else 1.0
                vertex.top = y + round((height - vertex.height) * share, 1)
            y += height
            self._row_end.append(y)
            if row and number + 1 < len(rows) and (rows[number + 1] or number + 2 < len(rows)):
                y += _gap(segments[number])
            elif number + 1 < len(rows) and not is_root:
                y += _PADDING / 2 if number == 0 else _PADDING
        self.height = round(y, 1)
        for vertex in rows[0]:
            vertex.top = 0.0

    # The result -----------------------------------------------------------------------------------

    def collect(self, places: Places, x: float, y: float) -> None:
        """Adds everything inside to `places`; this level's upper left corner is at (x, y)."""
        for item, vertex in self._vertices.items():
            left = x + vertex.x - vertex.width / 2
            if isinstance(item, Box):
                where = Rectangle(left, y + vertex.top, vertex.width, vertex.height)
                places.boxes.append((item, where))
                self.inner[item].collect(places, left, y + vertex.top)
            elif isinstance(item, Node):
                height = outline(item)[1]
                places.nodes.append((item, Rectangle(left, y + vertex.top, vertex.width, height)))
        self._collect_lines(places, x, y)

    def _collect_lines(self, places: Places, x: float, y: float) -> None:
        labelled: set[Stem] = set()
        for (stem, tail, head), edge in self._edges.items():
            points = [(x + px, y + py) for px, py in self._points(tail, head, edge)]
            places.lines.append(Line(points, stem, isinstance(head, Node)))
            if isinstance(tail, Node) and not edge.goes_up and stem not in labelled:
                labelled.add(stem)
                height = outline(tail)[1]
                middle = y + edge.tail.top + height + STEM / 2
                places.labels.append(Label(x + edge.tail.x + edge.tail_dx, middle, stem))

    def _points(self, tail: Item | _Port, head: Item | _Port, edge: Edge) -> list[Point]:
        """From the tail to the head; in each row a line runs straight from its top to its end."""
        upper, lower = edge.upper, edge.lower
        upper_item = head if edge.goes_up else tail
        x = upper.x + edge.upper_dx
        start = upper.top + (upper.height if isinstance(upper_item, Box) else 0.0)
        if isinstance(upper_item, Node):
            start = upper.top + outline(upper_item)[1]
        points = [(x, start), (x, self._row_end[upper.row])]
        for bend in edge.bends:
            points += [(bend.x, self._row_top[bend.row]), (bend.x, self._row_end[bend.row])]
        x = lower.x + edge.lower_dx
        points += [(x, self._row_top[lower.row]), (x, lower.top)]
        return points[::-1] if edge.goes_up else points


def _main(edges: list[Edge]) -> Edge:
    """The line that matters most: data before constants and variables, short before long."""
    return min(edges, key=lambda edge: (-edge.weight, edge.span))


def _hang_stems(vertex: Vertex, stems: list[Stem], edges: dict[Stem, list[Edge]]) -> float:
    """Places stems side by side below a node; returns where the main one is."""
    widths = [label_width(stem) for stem in stems]
    x = -math.fsum(widths) / 2
    for stem, width in zip(stems, widths, strict=True):
        for edge in edges[stem]:
            edge.meet(vertex, x + width / 2)
        x += width
    main = _main([edge for stem in stems for edge in edges[stem]])
    return main.where(vertex)


def _enter_node(vertex: Vertex, edges: list[Edge], anchor: float) -> None:
    """Places the ends of lines along a node's upper side, the main one at `anchor` if it can be."""
    main = _main(edges)
    room = vertex.width / 2 - 10
    gap = min(_ENTRY_GAP, 2 * room / max(1, len(edges) - 1))
    first = anchor - gap * edges.index(main)
    first = max(-room, min(first, room - gap * (len(edges) - 1)))
    for i, edge in enumerate(edges):
        edge.meet(vertex, first + gap * i)


def _gap(segments: list[Segment]) -> float:
    """The height between two rows: flat lines need more of it."""
    spans = (s.lower.x + s.lower_dx - s.upper.x - s.upper_dx for s in segments)
    return _ROW_GAP + round(min(60.0, 0.1 * max(map(abs, spans), default=0.0)))


def outline(node: Node) -> tuple[float, float]:
    """The size of a node without what hangs below it."""
    widths = [
        text_width(node.title, TITLE, bold=True),
        *(text_width(line, BODY) for line in node.detail),
        text_width(node.mark, SMALL, bold=True),
    ]
    height = 16.0 + 16.0 + 14.0 * len(node.detail) + (15.0 if node.mark else 0.0)
    if node.kind == "variable":
        height += 10.0  # the lid
    sides = {"placeholder": 48.0, "constant": 36.0}.get(node.kind, 28.0)
    return round(max(widths) + sides, 1), height


def label_width(stem: Stem) -> float:
    """The room that a stem takes below its node."""
    if not stem.text:
        return _ENTRY_GAP
    width = text_width(stem.text, SMALL) + 14.0
    return width + (TAG_GAP + tag_width(stem.tag) if stem.tag else 0.0)


def tag_width(tag: str) -> float:
    """The width of the coloured field that says where a value lies."""
    return text_width(tag, SMALL) + 8.0
