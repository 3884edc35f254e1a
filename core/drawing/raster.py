"""A picture as pixels: draws the SVG text that `svg.py` writes, and nothing else that is SVG.

Shapes are drawn twice as large and then halved, which makes their edges smooth. Letters are those
of the font that comes with Pillow.
"""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from PIL import Image, ImageDraw, ImageFont

from .svg import STYLE

__all__ = ["write_png"]

Point = tuple[float, float]
_FINER = 2  # pixels drawn for one that is shown, each way
_MOST_PIXELS = 64e6  # of a picture as it is drawn: 192 MB
_CURVE = [i / 12 for i in range(1, 13)]  # places on a curve between which lines are straight
_COMMAND = re.compile(r"([MVCvah])([^MVCvah]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def write_png(svg: str, dpi: float = 96.0) -> bytes:
    """The picture as a PNG file.

    Args:
        svg: what `write_svg` gave.
        dpi: pixels an inch; an inch of the picture is 96 units. A picture that would have more
            than 16 million pixels gets fewer.

    >>> from .parts import diagram
    >>> from .places import place
    >>> from .svg import write_svg
    >>> empty = diagram([], [], None, "nothing")
    >>> write_png(write_svg(empty, place(empty)))[:4]
    b'\\x89PNG'
    """
    # Its own text alone is parsed here, never one from a file.
    root = ElementTree.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    scale = min(dpi / 96 * _FINER, math.sqrt(_MOST_PIXELS / (width * height)))
    size = [math.ceil(side * scale / _FINER) * _FINER for side in (width, height)]
    image = Image.new("RGB", (size[0], size[1]), "#ffffff")
    canvas = _Canvas(ImageDraw.Draw(image), scale)
    for element in root:
        canvas.draw(element, 0.0, 0.0)
    file = io.BytesIO()
    image.reduce(_FINER).save(file, "PNG", dpi=(dpi, dpi), optimize=True)
    return file.getvalue()


class _Canvas:
    """Draws elements: what is asked of it is in the picture's units.

    Args:
        pen: of the image.
        scale: pixels a unit.
    """

    def __init__(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        self._pen = pen
        self._scale = scale

    def draw(self, element: ElementTree.Element, x: float, y: float) -> None:
        """Draws an element and what is in it, moved by (x, y)."""
        kind = element.tag.rpartition("}")[2]
        if kind == "g":
            right, down = _numbers(element.get("transform", "0 0"))
            for child in element:
                self.draw(child, x + right, y + down)
        elif kind in ("rect", "polygon", "path", "text"):
            getattr(self, f"_{kind}")(element, _style(element), x, y)

    def _at(self, x: float, y: float) -> Point:
        return x * self._scale, y * self._scale

    def _rect(self, element: Any, style: Mapping[str, str], x: float, y: float) -> None:
        left, top, width, height, radius = (
            float(element.get(name, 0)) for name in ("x", "y", "width", "height", "rx")
        )
        corners = [*self._at(x + left, y + top), *self._at(x + left + width, y + top + height)]
        self._pen.rounded_rectangle(
            corners,
            radius * self._scale,
            fill=style.get("fill"),
            outline=style.get("stroke"),
            width=self._thickness(style) if "stroke" in style else 0,
        )

    def _polygon(self, element: Any, style: Mapping[str, str], x: float, y: float) -> None:
        numbers = _numbers(element.get("points"))
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        self._outline([*corners, corners[0]], style, x, y)

    def _path(self, element: Any, style: Mapping[str, str], x: float, y: float) -> None:
        self._outline(list(_points(element.get("d"))), style, x, y)

    def _outline(self, way: Sequence[Point], style: Mapping[str, str], x: float, y: float) -> None:
        points = [self._at(x + a, y + b) for a, b in way]
        if style.get("fill", "none") != "none":
            self._pen.polygon(points, fill=style["fill"])
        if "stroke" in style:
            lengths = [n * self._scale for n in _numbers(style.get("stroke-dasharray", ""))]
            for part in _dashes(points, lengths) if lengths else [points]:
                self._pen.line(part, style["stroke"], self._thickness(style), joint="curve")

    def _thickness(self, style: Mapping[str, str]) -> int:
        return max(1, round(float(style.get("stroke-width", 1)) * self._scale))

    def _text(self, element: Any, style: Mapping[str, str], x: float, y: float) -> None:
        size = float(style["font-size"].removesuffix("px")) * self._scale
        self._pen.text(
            self._at(x + float(element.get("x")), y + float(element.get("y"))),
            element.text or "",
            fill=style["fill"],
            font=_font(size),
            anchor="ls" if style.get("text-anchor") == "start" else "ms",
            stroke_width=round(size / 40) if style.get("font-weight") == "600" else 0,
        )


@lru_cache(maxsize=16)
def _font(size: float) -> Any:
    return ImageFont.load_default(size)


def _style(element: ElementTree.Element) -> dict[str, str]:
    """What the classes of an element say, and then it itself."""
    names = [f".{name}" for name in element.get("class", "").split()]
    style = {"fill": "#1b2733"}
    for name in names:
        for rule in STYLE[name].split(";"):
            key, _, value = rule.partition(":")
            style[key.strip()] = value.strip()
    if "fill" in element.attrib:
        style["fill"] = element.attrib["fill"]
    return style


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _points(text: str) -> Iterator[Point]:
    """The corners of a path: M, V and C absolute; v, h and half ellipses relative."""
    x = y = 0.0
    for command, rest in _COMMAND.findall(text):
        numbers = _numbers(rest)
        if command in "MVvh":
            x = {"M": numbers[0], "h": x + numbers[0]}.get(command, x)
            y = {"M": numbers[-1], "V": numbers[0], "v": y + numbers[0]}.get(command, y)
            yield x, y
        elif command == "C":
            yield from _bezier((x, y), *zip(numbers[::2], numbers[1::2], strict=True))
            x, y = numbers[-2:]
        else:  # counterclockwise, from one end of the level axis to the other
            right, radius = numbers[5], numbers[1]
            first = math.pi if right > 0 else 0.0
            for place in _CURVE:
                angle = first - math.pi * place
                yield (
                    x + right / 2 + abs(right) / 2 * math.cos(angle),
                    y + radius * math.sin(angle),
                )
            x += right


def _bezier(a: Point, b: Point, c: Point, d: Point) -> Iterator[Point]:
    """A cubic curve from a to d."""
    for t in _CURVE:
        weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        yield (
            sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
            sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
        )


def _dashes(points: Sequence[Point], lengths: Sequence[float]) -> Iterator[list[Point]]:
    """The drawn parts of a dashed line."""
    drawn, gap = lengths
    done = 0.0  # along the line, in a period of a dash and a gap
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        way = math.hypot(x1 - x0, y1 - y0)
        at = 0.0
        while at < way:
            step = min((drawn if done < drawn else drawn + gap) - done, way - at)
            if done < drawn:
                ends = (at / way, (at + step) / way)
                yield [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in ends]
            at += step
            done = (done + step) % (drawn + gap)
