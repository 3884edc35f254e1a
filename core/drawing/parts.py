"""What a picture shows, before anything has a place: nodes, the boxes they stand in, and stems.

A source (`from_graph.py`, `from_program.py`) lists `Part`s, each with the name scopes around it,
and the `Wire`s between them. `diagram` folds scopes below a depth into single nodes and joins the
wires that then lead from one node to another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Box", "Diagram", "Node", "Part", "Stem", "Wire", "diagram"]


@dataclass(frozen=True)
class Part:
    """One thing to draw.

    Attributes:
        key: by which wires name it.
        scopes: names of the scopes around it, outermost first.
        kind: `"op"`, `"variable"`, `"constant"`, `"placeholder"` or `"result"`; `"scope"` for
            something with an inside that is not shown.
        title: its large line.
        detail: small lines below.
        writes: the variables it sets.
        owner: the layer it belongs to, `"Dense 'dense_1'"`.
        tooltip: what a pointer that rests on it shows.
        always_open: how many of its outermost scopes are drawn open whatever the depth.
    """

    key: Hashable
    scopes: tuple[str, ...]
    kind: str
    title: str
    detail: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    owner: str | None = None
    tooltip: str = ""
    always_open: int = 0


@dataclass(frozen=True)
class Wire:
    """A value on its way to one reader, or an order without a value.

    Attributes:
        source, target: keys of parts.
        value: equal for wires that carry the same value; None for a control edge.
        text: dtype and shape.
        tag: where the value lies, `"@4096"`.
    """

    source: Hashable
    target: Hashable
    value: Hashable | None
    text: str = ""
    tag: str = ""


@dataclass(eq=False)
class Node:
    """Something with an outline: a part, or a scope whose inside is not shown.

    Attributes:
        kind: a part's kind, or `"scope"`.
        title, detail, tooltip: as in a part.
        mark: what it writes, in words; empty for none.
        box: the box it stands in.
    """

    kind: str
    title: str
    detail: tuple[str, ...]
    mark: str
    tooltip: str
    box: Box


@dataclass(eq=False)
class Box:
    """A scope whose inside is shown.

    Attributes:
        name: of the scope, empty for the whole picture.
        box: the box around it, or None.
        children: nodes and boxes, in order of creation.
    """

    name: str
    box: Box | None
    children: list[Node | Box] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """How many boxes are around it."""
        return 0 if self.box is None else self.box.depth + 1


@dataclass(eq=False)
class Stem:
    """A line that leaves a node and branches to its readers.

    Attributes:
        source: where it begins.
        targets: where its branches end.
        text: what it carries; it may be empty, and is for a control edge.
        tag: where that lies.
        tooltip: all values it carries.
        is_control: True if it carries no value.
    """

    source: Node
    targets: list[Node]
    text: str
    tag: str
    tooltip: str
    is_control: bool = False


@dataclass(frozen=True)
class Diagram:
    """A whole picture.

    Attributes:
        root: the box around everything.
        stems: all lines.
        caption: what it shows, in a sentence.
        words: what kinds of nodes are called in the legend, where that differs from a graph's.
    """

    root: Box
    stems: list[Stem]
    caption: str
    words: Mapping[str, str] = field(default_factory=dict)


def diagram(
    parts: Sequence[Part],
    wires: Iterable[Wire],
    depth: int | None,
    caption: str,
    words: Mapping[str, str] | None = None,
) -> Diagram:
    """Folds and joins.

    Args:
        parts: in order of creation.
        wires: between parts.
        depth: scopes at this level are folded into one node each, those above it are boxes;
            None shows everything.
        caption: what the picture shows.
        words: what kinds of nodes are called in the legend.
    """
    root = Box("", None)
    folding = _Folding(parts, depth, root)
    node_of = {part.key: folding.node(part) for part in parts}
    return Diagram(root, _stems(wires, node_of), caption, words or {})


class _Folding:
    """Which node shows a part."""

    def __init__(self, parts: Sequence[Part], depth: int | None, root: Box) -> None:
        self._depth = depth
        self._inside: dict[tuple[str, ...], list[Part]] = {}
        for part in parts:
            for level in range(1, len(part.scopes) + 1):
                self._inside.setdefault(part.scopes[:level], []).append(part)
        self._boxes: dict[tuple[str, ...], Box] = {(): root}
        self._folded: dict[tuple[str, ...], Node] = {}

    def node(self, part: Part) -> Node:
        """The node of a part: its own, or that of the scope it is folded into."""
        scopes = part.scopes
        while scopes and len(self._inside[scopes]) == 1:
            scopes = scopes[:-1]  # a box around one node would say nothing
        detail = part.detail
        if part.scopes != scopes and not detail and part.kind == "op":
            detail = (part.scopes[-1],)
        if self._depth is not None and len(scopes) >= self._depth + part.always_open:
            return self._fold(scopes[: self._depth + part.always_open])
        mark = _mark(part.writes)
        node = Node(part.kind, part.title, detail, mark, part.tooltip, self._box(scopes))
        node.box.children.append(node)
        return node

    def _box(self, scopes: tuple[str, ...]) -> Box:
        if scopes not in self._boxes:
            outer = self._box(scopes[:-1])
            self._boxes[scopes] = Box(scopes[-1], outer)
            outer.children.append(self._boxes[scopes])
        return self._boxes[scopes]

    def _fold(self, scopes: tuple[str, ...]) -> Node:
        if scopes not in self._folded:
            inside = self._inside[scopes]
            owners = {part.owner for part in inside if part.owner}
            kind = owners.pop().partition(" ")[0] if len(owners) == 1 else ""
            detail = (kind, _count(len(inside), "operation"))
            mark = _mark([name for part in inside for name in part.writes])
            box = self._box(scopes[:-1])
            tooltip = "\n".join(["/".join(scopes), _tally(inside)])
            node = Node("scope", scopes[-1], tuple(filter(None, detail)), mark, tooltip, box)
            box.children.append(node)
            self._folded[scopes] = node
        return self._folded[scopes]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _mark(written: Sequence[str]) -> str:
    """What a node writes: names, or only how many variables."""
    names = list(dict.fromkeys(written))
    text = ", ".join(names)
    if len(text) > 24 and len(names) > 1:
        text = _count(len(written), "variable")
    return f"writes {text}" if names else ""


def _tally(parts: Iterable[Part]) -> str:
    """`3 Conv2D, 1 Add`, the most frequent first."""
    counts = Counter(part.title if part.kind == "op" else part.kind for part in parts)
    return ", ".join(f"{count} {title}" for title, count in counts.most_common())


def _stems(wires: Iterable[Wire], node_of: dict[Hashable, Node]) -> list[Stem]:
    """Wires between two nodes are one line; lines that carry the same values are one stem."""
    carried: dict[tuple[Node, Node], dict[Hashable, Wire]] = {}
    ordered: dict[tuple[Node, Node], Wire] = {}
    for wire in wires:
        ends = node_of[wire.source], node_of[wire.target]
        if ends[0] is ends[1]:
            continue
        if wire.value is None:
            ordered.setdefault(ends, wire)
        else:
            carried.setdefault(ends, {}).setdefault(wire.value, wire)
    stems: dict[tuple[Node, frozenset[Hashable]], Stem] = {}
    for (source, target), values in carried.items():
        key = (source, frozenset(values))
        if key not in stems:
            stems[key] = _stem(source, list(values.values()))
        stems[key].targets.append(target)
    for source, target in ordered:
        if (source, target) not in carried:
            key = (source, frozenset())
            order = Stem(source, [], "", "", "runs before", is_control=True)
            stems.setdefault(key, order).targets.append(target)
    return list(stems.values())


def _stem(source: Node, wires: Sequence[Wire]) -> Stem:
    texts = [f"{wire.text} {wire.tag}".strip() for wire in wires]
    if len(wires) == 1:
        return Stem(source, [], wires[0].text, wires[0].tag, texts[0])
    text = f"{len(wires)} tensors" if any(texts) else ""
    return Stem(source, [], text, "", "\n".join(texts))
