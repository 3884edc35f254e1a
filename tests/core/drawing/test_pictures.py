"""Whole pictures: the committed ones, and what holds for all of them."""

import importlib.util
import itertools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core.drawing import Drawing, draw
from thalweg.core.drawing.from_graph import graph_diagram
from thalweg.core.drawing.from_program import plan_diagram
from thalweg.core.drawing.places import HEADER, STEM, label_width, outline, place
from thalweg.core.drawing.svg import write_svg
from thalweg.core.drawing.text import text_width

DOCS = Path(__file__).resolve().parents[3] / "docs" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pictures = load(DOCS / "draw.py")


@pytest.fixture(autouse=True)
def graph():
    with core.Graph().as_default() as context:
        yield context.graph


def texts(drawing):
    """Everything written in a picture, without tooltips."""
    return [element.text for element in ET.fromstring(drawing.svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_the_pictures_of_the_documentation(name):
    expected = (DOCS / f"{name}.svg").read_text(encoding="utf-8")
    assert pictures.PICTURES[name]().svg == expected, "python docs/pictures/draw.py draws them anew"


def test_a_picture_does_not_depend_on_hashes():
    code = (
        "import sys, runpy; p = runpy.run_path(sys.argv[1])['PICTURES']; print(p['mlp_step']().svg)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, str(DOCS / "draw.py")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


# --- what holds for all -------------------------------------------------------------------------


def random_graph(seed):
    """Operations in random scopes, cycles of scopes included."""
    rng = np.random.default_rng(seed)
    tensors = [core.placeholder("float32", [None, 4], name="x")]
    scopes = ["a", "a/b", "a/b/c", "b", "b/a", "c", ""]
    for i in range(40):
        with core.name_scope(f"{scopes[rng.integers(len(scopes))]}/" if i % 3 else None):
            a, b = (tensors[j] for j in rng.integers(max(0, len(tensors) - 9), len(tensors), 2))
            with core.control_dependencies([tensors[0]] if i % 7 == 0 else []):
                tensors.append([core.add, core.multiply, core.maximum][rng.integers(3)](a, b))
    return graph_diagram(tensors[0].graph, None, None if seed % 2 else 2)


def step_diagram():
    fetches, _ = pictures.training_step()
    return graph_diagram(fetches[0].graph, fetches, None)


def plan_of_step():
    fetches, feeds = pictures.training_step()
    session = core.Session()
    function = core.GraphFunction(fetches, list(feeds))
    plan = function.compiled(function.bind(list(feeds.values())), session.backend).plan
    return plan_diagram(plan, session.backend, None)


def loop_diagram():
    x = core.placeholder("float32", [5, 3])
    w = core.Variable(np.zeros((3, 3), np.float32), name="w")
    last, _ = core.scan(
        lambda h, row: (core.tanh(h + row @ w),) * 2, core.zeros([1, 3]), x[:, None]
    )
    return graph_diagram(x.graph, [last], None)


DIAGRAMS = {f"random {i}": lambda i=i: random_graph(i) for i in range(8)}
DIAGRAMS |= {"step": step_diagram, "plan": plan_of_step, "loop": loop_diagram}


def overlap(a, b, room=0.0):
    return (
        a[0] + room < b[2] - 0.3
        and b[0] + room < a[2] - 0.3
        and a[1] < b[3] - 0.3
        and b[1] < a[3] - 0.3
    )


def corners(where):
    return where.x, where.y, where.x + where.width, where.y + where.height


@pytest.fixture(params=DIAGRAMS)
def placed(request):
    diagram = DIAGRAMS[request.param]()
    return diagram, place(diagram)


def test_nothing_overlaps(placed):
    _, places = placed
    frames = [corners(where) for _, where in places.nodes]
    for label in places.labels:
        half = label_width(label.stem) / 2
        frames.append((label.x - half, label.y - 7, label.x + half, label.y + 7))
    assert not [pair for pair in itertools.combinations(frames, 2) if overlap(*pair)]


def test_everything_is_in_its_box_and_boxes_are_apart(placed):
    _, places = placed
    frame = {box: corners(where) for box, where in places.boxes}
    inside = [(item, corners(where)) for item, where in (*places.nodes, *places.boxes)]
    for item, (left, top, right, bottom) in inside:
        assert 0 <= left and right <= places.width + 0.1 and bottom <= places.height + 0.1
        if item.box.box is not None:
            outer = frame[item.box]
            assert outer[0] < left and right < outer[2] and bottom < outer[3]
            assert top >= outer[1] + HEADER
    for (a, first), (b, second) in itertools.combinations(inside, 2):
        if a.box is b.box:
            assert not overlap(first, second)


def test_no_line_runs_through_a_node(placed):
    _, places = placed
    frames = [(node, corners(where)) for node, where in places.nodes]
    for line in places.lines:
        for (x0, y0), (x1, y1) in itertools.pairwise(line.points):
            span = (min(x0, x1), min(y0, y1), max(x0, x1) + 0.4, max(y0, y1))
            if abs(x0 - x1) < 0.05:
                hit = [node for node, frame in frames if overlap(span, frame)]
                assert not hit


def test_lines_begin_and_end_where_they_should(placed):
    _, places = placed
    where = {node: corners(frame) for node, frame in places.nodes}
    for line in places.lines:
        if line.ends:
            x, y = line.points[-1]
            targets = [where[node] for node in line.stem.targets]
            assert any(
                left <= x <= right and min(abs(y - top), abs(y - bottom)) < 0.2
                for left, top, right, bottom in targets
            )


def test_every_line_of_the_diagram_is_drawn(placed):
    diagram, places = placed
    ends = sum(line.ends for line in places.lines)
    assert ends == sum(len(stem.targets) for stem in diagram.stems)


def test_the_text_is_xml_and_fits(placed):
    diagram, places = placed
    root = ET.fromstring(write_svg(diagram, places))
    assert root.get("role") == "img" and root.get("aria-label") == diagram.caption
    assert float(root.get("width")) >= places.width
    for node, where in places.nodes:
        assert text_width(node.title, 13, bold=True) < where.width
        assert outline(node)[1] == where.height
    assert STEM > 14  # a label is 14 high


def test_names_cannot_break_the_picture():
    x = core.placeholder("float32", [], name='a<b>&"c"')
    assert 'a<b>&"c"' in texts(x.graph.show())


def contrast(a, b):
    """The ratio of two colours' luminances, as WCAG 2 defines it."""

    def luminance(color):
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_is_dark_on_light():
    svg = pictures.PICTURES["mlp_plan"]().svg
    rules = dict(re.findall(r"^\.thalweg (\S*) ?\{ (.*) \}$", svg, re.M))
    fill = {name: re.search(r"fill: (#\w+)", rule) for name, rule in rules.items()}
    ink = [fill[name][1] for name in (".detail", ".mark", ".type", ".name", ".caption", "")]
    paper = [fill[f".{name}"][1] for name in ("paper0", "paper1", "paper2", "header", "op")]
    paper += [fill[f".{name}"][1] for name in ("scope", "variable", "constant", "placeholder")]
    paper += [fill[".result"][1], *re.findall(r'rx="3" fill="(#\w+)"', svg)]
    assert min(contrast(a, b) for a in ink for b in paper) >= 4.5


def test_styles_do_not_leak_into_the_page():
    svg = pictures.PICTURES["lenet"]().svg
    style = svg[svg.index("<style>") + 7 : svg.index("</style>")]
    assert all(rule.startswith(".thalweg ") for rule in style.strip().splitlines())


# --- what is told -------------------------------------------------------------------------------


def scoped_graph():
    x = core.placeholder("float32", [None, 2], name="x")
    w = core.Variable(np.ones((2, 3), np.float32), name="dense/w")
    with core.name_scope("dense"):
        y = core.relu(x @ w)
    return x, w, y


def test_scopes_are_folded_at_a_depth():
    x, _, _ = scoped_graph()
    folded = texts(x.graph.show())
    assert {"x", "dense", "3 operations", "float32 (None, 2)"} <= set(folded)
    assert "MatMul" not in folded
    assert {"dense", "w", "MatMul", "Relu", "float32 (None, 3)"} <= set(
        texts(x.graph.show(depth=2))
    )
    assert texts(x.graph.show(depth=None)) == texts(x.graph.show(depth=2))


def test_a_scope_of_one_operation_is_that_operation():
    x = core.placeholder("float32", [], name="x")
    with core.name_scope("pool"):
        core.tanh(x)
    assert {"Tanh", "pool"} <= set(texts(x.graph.show()))


def test_only_what_fetches_need_is_shown():
    x, _, y = scoped_graph()
    core.exp(x)
    assert "Exp" in texts(x.graph.show())
    for fetches in (y, [y], y.op, y.name, [y.op.name]):
        shown = texts(x.graph.show(fetches))
        assert "Exp" not in shown and "The 4 operations that dense/Relu" in shown[-1]


def test_writes_and_orders_are_marked():
    v = core.Variable(1.0, name="v")
    with core.control_dependencies([v.assign_add(1.0)]):
        core.no_op(name="after")
    drawing = v.graph.show()
    assert "writes v" in texts(drawing)
    assert 'class="line control"' in drawing.svg
    assert "runs before" in texts(drawing)


def test_a_folded_scope_tells_what_it_writes():
    with core.name_scope("step"):
        variables = [core.Variable(0.0, name=f"variable_{i}") for i in range(9)]
        for v in variables:
            v.assign_add(1.0)
    assert "writes 9 variables" in texts(variables[0].graph.show())


def test_a_default_stands_in_its_placeholder():
    rate = core.placeholder_with_default(0.5, [], name="rate")
    assert {"rate", "default 0.5"} <= set(texts(rate.graph.show()))
    assert 'class="constant"' not in rate.graph.show().svg


def test_a_plan_tells_who_runs_what_and_where_values_lie():
    x = core.placeholder("float32", [None, 8], name="x")
    y = core.reduce_sum(core.tanh(core.exp(x)))
    shown = texts(core.Session(backend="numpy").show(y, {x: np.zeros((4, 8))}))
    assert shown.count("@0") == 2  # tanh overwrites exp
    assert {"compute on numpy", "fetch 0", "float32 (4, 8)"} <= set(shown)
    assert shown[-1] == "Plan of 3 instructions for numpy, arena of 128 bytes"


def test_stages_before_the_passes_and_after():
    x = core.placeholder("float32", [None], name="x")
    y = core.identity(x) + 0.0
    session = core.Session()
    graph = texts(session.show(y, {x: [1.0]}, stage="graph"))
    lowered = texts(session.show(y, {x: [1.0]}, stage="lowered"))
    planned = texts(session.show(y, {x: [1.0]}, stage="planned"))
    assert "Identity" in graph and "Identity" in lowered and "Identity" not in planned
    assert "float32 (None,)" in graph and "float32 (1,)" in planned


def test_a_feed_that_decides_is_folded_into_what_is_lowered():
    flag = core.placeholder("bool", [], name="flag")
    y = core.choose(flag, core.exp(1.0), core.log(1.0))
    shown = texts(core.Session().show(y, {flag: True}, stage="lowered"))
    assert "Exp" in shown and "Log" not in shown


def test_writes_of_a_plan_are_marked_where_they_are_made():
    v = core.Variable(np.ones(3, np.float32), name="state/v")
    shown = texts(core.Session().show(v.assign(v * 2.0).op))
    assert "writes v" in shown and "Multiply" in shown


def test_a_plan_that_waits_for_sizes_shows_the_rest():
    x = core.placeholder("float32", [None], name="x")
    count = core.cast(core.reduce_sum(core.tanh(x)), "int32")
    y = core.exp(core.fill([count, 2], 1.5))
    shown = texts(core.Session().show(y, {x: [1.0, -1.0]}))
    assert "then, when its sizes are known" in shown
    assert {"Tanh", "Exp", "fetch 0"} <= set(shown)


def test_bodies_of_loops_and_branches_are_boxes():
    x = core.placeholder("float32", [3], name="x")
    total, _ = core.scan(lambda s, v: (s + core.exp(v),) * 2, 0.0, x)
    chosen = core.cond(total > 1.0, lambda: core.sin(total), lambda: core.cos(total))
    count = core.while_loop(lambda n: n < chosen, lambda n: n * 2.0, 1.0)
    shown = texts(x.graph.show(depth=None))
    assert {"body", "then", "else", "condition", "Exp", "Sin", "Cos", "Scan"} <= set(shown)
    planned = texts(core.Session().show(count, {x: [1.0, 2.0, 3.0]}, depth=None))
    assert {"body", "then", "else", "condition", "Exp", "Sin", "Cos", "Scan"} <= set(planned)


def test_a_program_is_drawn_as_it_is():
    x = core.placeholder("float32", [2], name="x")
    program = (
        core.GraphFunction([core.exp(x)], [x])
        .compiled([np.zeros(2, "f")], core.get_backend("numpy"))
        .plan.program
    )
    assert {"feed 0", "Exp", "fetch 0"} <= set(texts(draw(program)))


# --- files, notebooks, mistakes -----------------------------------------------------------------


def test_a_drawing_is_saved_whole_and_shown_by_notebooks(graph, tmp_path):
    scoped_graph()
    path = tmp_path / "graph.svg"
    drawing = graph.show(path=path)
    assert isinstance(drawing, Drawing)
    assert path.read_text(encoding="utf-8") == drawing.svg == drawing._repr_svg_()
    drawing.save(tmp_path / "again.svg")
    assert sorted(os.listdir(tmp_path)) == ["again.svg", "graph.svg"]
    assert "characters of SVG" in repr(drawing)
    x, y = graph.get_tensor_by_name("x:0"), graph.get_tensor_by_name("dense/Relu:0")
    core.Session().show(y, {x: [[1.0, 2.0]]}, path=tmp_path / "plan.svg")
    assert (tmp_path / "plan.svg").exists()


def test_an_empty_graph_is_a_picture_too(graph):
    assert texts(graph.show()) == ["Graph of 0 operations"]


@pytest.mark.parametrize("depth", [0, -1, 1.5, "all"])
def test_a_depth_that_is_none(graph, depth):
    with pytest.raises(core.OptionError) as info:
        graph.show(depth=depth)
    assert str(info.value).splitlines()[:3] == [
        "show: bad depth",
        "  expected  an integer >= 1, or None for all levels",
        f"  got       {depth!r}",
    ]


def test_a_stage_that_is_none():
    x = core.constant(1.0)
    with pytest.raises(core.OptionError) as info:
        core.Session().show(x, stage="planed")
    message = str(info.value)
    assert "show: unknown stage\n  expected  one of graph, lowered, planned\n" in message
    assert "did you mean 'planned'?" in message


def test_a_fetch_of_another_graph(graph):
    with core.Graph().as_default():
        other = core.constant(1.0, name="other")
    for wrong in (other, [other], 3):
        with pytest.raises(core.GraphError, match="show: not an element of this graph"):
            graph.show(wrong)
    with pytest.raises(core.GraphError, match="no operation of this name"):
        graph.show("nothing")


def test_drawing_is_loaded_when_something_is_drawn():
    code = "import sys, thalweg.core; print('thalweg.core.drawing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
