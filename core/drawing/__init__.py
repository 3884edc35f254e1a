"""Pictures of graphs and programs, as SVG text; nothing else has to be installed.

`Graph.show()` and `Session.show()` load this folder when they are called. The layout is our own:
the layered method, boxes inside boxes, and text sizes that need no fonts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..atomic import atomic_path
from ..backends import Backend
from ..errors import GraphError, OptionError, nearest, user_site
from ..function import GraphFunction
from ..graph import Graph, Operation, Tensor
from ..lower import host_feeds, lower
from ..program import Program
from .from_graph import graph_diagram
from .from_program import plan_diagram, program_diagram
from .parts import Diagram, Part, Wire, diagram
from .places import place
from .svg import write_svg

__all__ = ["Drawing", "Part", "Wire", "diagram", "draw", "draw_graph", "draw_run"]

_STAGES = ("graph", "lowered", "planned")
Path = str | os.PathLike[str] | None


class Drawing:
    """A picture.

    Args:
        shown: what `diagram` makes of parts and wires.

    Attributes:
        svg: its text. The same graph always gives the same text.
    """

    def __init__(self, shown: Diagram) -> None:
        self.svg = write_svg(shown, place(shown))

    def png(self, dpi: float = 192.0) -> bytes:
        """It as a PNG file.

        Args:
            dpi: pixels an inch; an inch is 96 units of the picture.
        """
        from .raster import write_png

        return write_png(self.svg, dpi)

    def save(
        self, path: str | os.PathLike[str], kind: str | None = None, dpi: float = 192.0
    ) -> None:
        """Writes it to a file, whole or not at all.

        Args:
            path: the file, `"graph.svg"`, or `"graph.png"` for pixels.
            kind: `"svg"` or `"png"`; by default as the file's name ends, SVG if in doubt.
            dpi: pixels an inch, if they are.
        """
        is_png = kind == "png" or (kind is None and os.fspath(path).lower().endswith(".png"))
        content = self.png(dpi) if is_png else self.svg.encode()
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)

    def _repr_svg_(self) -> str:
        """Jupyter shows it."""
        return self.svg

    def __repr__(self) -> str:
        return f"<Drawing of {len(self.svg)} characters of SVG; save('picture.svg') writes it>"


def draw(program: Program, depth: int | None = 1, path: Path = None) -> Drawing:
    """A picture of a program, as it is.

    Args:
        program: what is shown.
        depth: how many levels of name scopes are told apart, at least 1; None is all of them.
        path: a file to write it to.

    Raises:
        OptionError: for another depth.
    """
    return _finished(program_diagram(program, _checked(depth)), path)


def draw_graph(
    graph: Graph, fetches: Any = None, depth: int | None = 1, path: Path = None
) -> Drawing:
    """A picture of a graph: what `Graph.show` does.

    Args:
        graph: what is shown.
        fetches: a tensor, operation, variable or name, or a list of them: only what they need is
            shown. None shows everything.
        depth: how many levels of name scopes are told apart, at least 1; None is all of them.
        path: a file to write it to.

    Raises:
        GraphError: if a fetch is none, or not of this graph.
        OptionError: for another depth.
    """
    chosen = None if fetches is None else _fetched(graph, fetches)
    return _finished(graph_diagram(graph, chosen, _checked(depth)), path)


def draw_run(
    function: GraphFunction,
    arrays: Sequence[Any],
    backend: Backend,
    stage: str = "planned",
    depth: int | None = 1,
    path: Path = None,
) -> Drawing:
    """A picture of what a run would execute: what `Session.show` does.

    Args:
        function: what would be called.
        arrays: with what, in the order of its feeds.
        backend: where.
        stage: `"graph"`, `"lowered"` or `"planned"`.
        depth: how many levels of name scopes are told apart, at least 1; None is all of them.
        path: a file to write it to.

    Raises:
        OptionError: for another stage or depth.
    """
    depth = _checked(depth)
    fetches, feeds = function.fetches, function.feeds
    if stage == "graph":
        shown = graph_diagram(fetches[0].graph, fetches, depth)
    elif stage == "lowered":
        deciding = set(host_feeds(fetches, feeds))
        given = {t: a for t, a in zip(feeds, arrays, strict=True) if t in deciding}
        shown = program_diagram(lower(fetches, feeds, given), depth, feeds, fetches)
    elif stage == "planned":
        plan = function.compiled(arrays, backend).plan
        shown = plan_diagram(plan, backend, depth, feeds, fetches)
    else:
        raise OptionError(
            "show",
            "unknown stage",
            expected="one of " + ", ".join(_STAGES),
            got=repr(stage),
            site=user_site(2),
            hint=nearest(stage, _STAGES),
        )
    return _finished(shown, path)


def _finished(shown: Diagram, path: Path) -> Drawing:
    drawing = Drawing(shown)
    if path is not None:
        drawing.save(path)
    return drawing


def _checked(depth: int | None) -> int | None:
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise OptionError(
            "show",
            "bad depth",
            expected="an integer >= 1, or None for all levels",
            got=repr(depth),
            site=user_site(3),
        )
    return depth


def _fetched(graph: Graph, fetches: Any) -> list[Tensor | Operation]:
    """The operations and tensors that are meant."""
    if isinstance(fetches, list | tuple):
        return [one for item in fetches for one in _fetched(graph, item)]
    item = fetches
    if isinstance(item, str):
        item = graph.get_tensor_by_name(item) if ":" in item else graph.get_operation_by_name(item)
    elif hasattr(item, "__thalweg_tensor__"):
        item = item.__thalweg_tensor__()
    if not isinstance(item, Tensor | Operation) or item.graph is not graph:
        raise GraphError(
            "show",
            "not an element of this graph",
            expected="a Tensor, Operation, Variable or name of this graph, or a list of these",
            got=repr(fetches),
            site=user_site(3),
        )
    return [item]
