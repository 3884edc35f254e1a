"""A placed diagram as SVG text.

Dark on light, no script, no font or picture from elsewhere; kinds differ in shape, not by colour
alone. Whoever rests the pointer on something is told its whole name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from .parts import Box, Diagram, Node
from .places import (
    BODY,
    HEADER,
    SMALL,
    TAG_GAP,
    TITLE,
    Label,
    Line,
    Places,
    Point,
    Rectangle,
    label_width,
    tag_width,
)
from .text import text_width

__all__ = ["STYLE", "write_svg"]

_FONTS = "'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
STYLE = {  # every rule begins with the class of the picture: a page that shows it stays as it is
    "": f"background: #ffffff; font-family: {_FONTS}; fill: #1b2733",
    ".paper0": "fill: #ffffff",
    ".paper1": "fill: #f4f7fa",
    ".paper2": "fill: #e9eff5",
    ".box": "stroke: #b6c2cf",
    ".header": "fill: #dde6ee",
    ".op": "fill: #ffffff; stroke: #51606f",
    ".scope": "fill: #e3eefb; stroke: #3d6ea5",
    ".variable": "fill: #fdf1d3; stroke: #94711b",
    ".constant": "fill: #eeeeee; stroke: #6b6b6b",
    ".placeholder": "fill: #dff3e4; stroke: #2f7d4b",
    ".result": "fill: #f0e6f7; stroke: #75489b",
    ".writes": "stroke: #b3440c; stroke-width: 2",
    ".line": "fill: none; stroke: #6f7e8d; stroke-width: 1.2",
    ".control": "stroke-dasharray: 5 3",
    ".arrow": "fill: #6f7e8d",
    "text": "text-anchor: middle",
    ".title": f"font-size: {TITLE:g}px; font-weight: 600",
    ".detail": f"font-size: {BODY:g}px; fill: #44515e",
    ".mark": f"font-size: {SMALL:g}px; font-weight: 600; fill: #9c3a08",
    ".type": f"font-size: {SMALL:g}px; fill: #3a4754",
    ".name": f"font-size: {BODY:g}px; font-weight: 600; fill: #33475b; text-anchor: start",
    ".caption": f"font-size: {BODY:g}px; fill: #44515e; text-anchor: start",
}
_TAGS = ("#bfe3ff", "#ffd9b8", "#cdeccb", "#f3cfe4", "#e0d4f7", "#fff0a8", "#c9ece8", "#ffcfcb")
_MARGIN = 24.0
_LEGEND_HEIGHT = 30.0
_LEGEND = {
    "op": "operation",
    "scope": "scope, folded",
    "variable": "variable",
    "constant": "constant",
    "placeholder": "fed",
    "result": "result",
}


def write_svg(diagram: Diagram, places: Places) -> str:
    """The picture as text.

    Args:
        diagram: what is shown.
        places: where.
    """
    legend, legend_width = _legend(diagram, places)
    width = max(places.width, legend_width, text_width(diagram.caption, BODY)) + 2 * _MARGIN
    height = places.height + 2 * _MARGIN + _LEGEND_HEIGHT + 20
    shift = (width - places.width) / 2
    foot = _MARGIN + places.height + 26
    colors = _tag_colors(places)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="thalweg" width="{_n(width)}" '
        f'height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}" role="img" '
        f"aria-label={quoteattr(diagram.caption)}>",
        "<style>",
        *(f".thalweg {selector} {{ {rule} }}" for selector, rule in STYLE.items()),
        "</style>",
        f'<rect class="paper0" width="{_n(width)}" height="{_n(height)}"/>',
        f'<g transform="translate({_n(shift)} {_n(_MARGIN)})">',
        *(_box(box, where) for box, where in places.boxes),
        *(text for line in places.lines for text in _line(line)),
        *(text for box, where in places.boxes for text in _header(box, where)),
        *(text for label in places.labels for text in _label(label, colors)),
        *(text for node, where in places.nodes for text in _node(node, where)),
        "</g>",
        f'<g transform="translate({_n(_MARGIN)} {_n(foot)})">',
        *legend,
        _text("caption", 0, _LEGEND_HEIGHT + 8, diagram.caption),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _n(number: float) -> str:
    """A number with at most one decimal."""
    return f"{round(number, 1) + 0.0:g}"  # adding 0 makes 0 of -0


# Boxes and nodes ----------------------------------------------------------------------------------


def _box(box: Box, where: Rectangle) -> str:
    return f'<rect class="box {_paper(box)}" {_frame(where)} rx="8"/>'


def _paper(box: Box) -> str:
    """The class of what a box is filled with: boxes in boxes take turns."""
    return "paper0" if box.depth == 0 else f"paper{2 - box.depth % 2}"


def _frame(where: Rectangle) -> str:
    return (
        f'x="{_n(where.x)}" y="{_n(where.y)}" width="{_n(where.width)}" height="{_n(where.height)}"'
    )


def _header(box: Box, where: Rectangle) -> Iterator[str]:
    band = Rectangle(where.x + 0.5, where.y + 0.5, where.width - 1, HEADER - 5)
    yield f'<rect class="header" {_frame(band)} rx="7"/>'
    yield _text("name", where.x + 10, where.y + 14, box.name)


def _text(style: str, x: float, y: float, text: str) -> str:
    return f'<text class="{style}" x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>'


def _node(node: Node, where: Rectangle) -> Iterator[str]:
    yield f"<g><title>{escape(node.tooltip)}</title>"
    yield from _shape(node.kind, where, "writes" if node.mark else "")
    x = where.x + where.width / 2
    y = where.y + 20 + (8 if node.kind == "variable" else 0)
    yield _text("title", x, y, node.title)
    for line in node.detail:
        y += 14
        yield _text("detail", x, y, line)
    if node.mark:
        yield _text("mark", x, y + 15, node.mark)
    yield "</g>"


def _shape(kind: str, where: Rectangle, extra: str = "") -> Iterator[str]:
    """An outline: every kind has one of its own."""
    style = quoteattr(f"{kind} {extra}".strip())
    x, y, width, height = where.x, where.y, where.width, where.height
    if kind == "variable":  # a drum
        sides = f"M{_n(x)} {_n(y + 6)}v{_n(height - 12)}"
        bottom = f"a{_n(width / 2)} 6 0 0 0 {_n(width)} 0v{_n(12 - height)}"
        lid = f"a{_n(width / 2)} 6 0 0 0 {_n(-width)} 0a{_n(width / 2)} 6 0 0 0 {_n(width)} 0"
        yield f'<path class={style} d="{sides}{bottom}{lid}"/>'
    elif kind == "placeholder":  # a parallelogram
        corners = [(x + 12, y), (x + width, y), (x + width - 12, y + height), (x, y + height)]
        text = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
        yield f'<polygon class={style} points="{text}"/>'
    else:
        if kind == "scope":  # a pile
            behind = Rectangle(x + 4, y + 4, width, height)
            yield f'<rect class={style} {_frame(behind)} rx="4"/>'
        radius = {"constant": height / 2, "result": 0.0, "scope": 4.0}.get(kind, 8.0)
        yield f'<rect class={style} {_frame(where)} rx="{_n(radius)}"/>'


# Lines --------------------------------------------------------------------------------------------


def _line(line: Line) -> Iterator[str]:
    style = "line control" if line.stem.is_control else "line"
    points = list(line.points)
    if line.ends:
        (x, y), (_, before) = points[-1], points[-2]
        down = 1 if y > before or (y == before and points[0][1] < y) else -1
        points[-1] = (x, y - 6 * down)
        tip = f"{_n(x)},{_n(y)} {_n(x - 3.5)},{_n(y - 8 * down)} {_n(x + 3.5)},{_n(y - 8 * down)}"
    tooltip = f"<title>{escape(line.stem.tooltip)}</title>"
    yield f'<path class="{style}" d="{_path(points)}">{tooltip}</path>'
    if line.ends:
        yield f'<polygon class="arrow" points="{tip}"/>'


def _path(points: Iterable[Point]) -> str:
    """Straight where one point is above the next, else an S with upright ends."""
    text = ""
    previous: Point | None = None
    for x, y in points:
        if previous is None:
            text = f"M{_n(x)} {_n(y)}"
        elif abs(x - previous[0]) < 0.05:
            text += f"V{_n(y)}"
        else:
            middle = _n((y + previous[1]) / 2)
            text += f"C{_n(previous[0])} {middle} {_n(x)} {middle} {_n(x)} {_n(y)}"
        previous = (x, y)
    return text


def _tag_colors(places: Places) -> dict[str, str]:
    tags = dict.fromkeys(label.stem.tag for label in places.labels if label.stem.tag)
    return {tag: _TAGS[i % len(_TAGS)] for i, tag in enumerate(tags)}


def _label(label: Label, colors: dict[str, str]) -> Iterator[str]:
    stem = label.stem
    if not stem.text:
        return
    width = label_width(stem) - 10
    field = Rectangle(label.x - width / 2, label.y - 7, width, 13)
    yield f'<rect class="{_paper(label.stem.source.box)}" {_frame(field)}/>'
    tag = tag_width(stem.tag) + TAG_GAP if stem.tag else 0.0
    yield _text("type", label.x - tag / 2, label.y + 3.5, stem.text)
    if stem.tag:
        right = label.x + width / 2 - 2
        place = Rectangle(right - tag_width(stem.tag), label.y - 6.5, tag_width(stem.tag), 13)
        yield f'<rect {_frame(place)} rx="3" fill="{colors[stem.tag]}"/>'
        yield _text("type", place.x + place.width / 2, label.y + 3.5, stem.tag)


# Legend -------------------------------------------------------------------------------------------


def _legend(diagram: Diagram, places: Places) -> tuple[list[str], float]:
    """What the shapes that occur mean, side by side; and how wide that is."""
    swatch = Rectangle(0, 0, 26, 16)
    kinds = {node.kind for node, _ in places.nodes}
    words = {**_LEGEND, **diagram.words}
    entries = [
        ("".join(_shape(kind, swatch)), text) for kind, text in words.items() if kind in kinds
    ]
    if any(node.mark for node, _ in places.nodes):
        entries.append(("".join(_shape("op", swatch, "writes")), "writes a variable"))
    if any(stem.is_control for stem in diagram.stems):
        entries.append(('<path class="line control" d="M0 8h26"/>', "runs before"))
    if any(stem.tag for stem in diagram.stems):
        field = f'<rect y="1" width="26" height="14" rx="3" fill="{_TAGS[0]}"/>'
        entries.append((field, "offset in the arena; equal ones share memory"))
    lines, x = [], 0.0
    for picture, text in entries:
        lines.append(f'<g transform="translate({_n(x)} 0)">{picture}')
        lines.append(f"{_text('caption', 34, 12, text)}</g>")
        x += 34 + text_width(text, BODY) + 18
    return lines, x
