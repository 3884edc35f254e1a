"""Pictures as pixels: every part of the SVG text is where it says, in its colour."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from thalweg import core
from thalweg.core.drawing import Drawing
from thalweg.core.drawing.raster import _dashes, _points, write_png

LINE = (0x6F, 0x7E, 0x8D)
FILLS = {"op": "#ffffff", "placeholder": "#dff3e4", "constant": "#eeeeee", "scope": "#e3eefb"}


def drawn(*body: str, width: int = 40, height: int = 30, dpi: float = 96) -> np.ndarray:
    """The pixels of a picture with these elements."""
    svg = f'<svg width="{width}" height="{height}">{"".join(body)}</svg>'
    return np.asarray(Image.open(io.BytesIO(write_png(svg, dpi))))


def picture() -> Drawing:
    graph = core.Graph()
    with graph.as_default():
        x = core.placeholder("float32", [None, 2], name="x")
        with core.name_scope("layer"):
            y = core.relu(core.add(x, 1.0))
        with core.control_dependencies([y.op]):
            core.multiply(x, 2.0)
    return graph.show()


@pytest.mark.parametrize("dpi", [96, 192, 60])
def test_as_large_as_asked(dpi: float) -> None:
    drawing = picture()
    root = ElementTree.fromstring(drawing.svg)
    image = Image.open(io.BytesIO(drawing.png(dpi)))
    assert image.width == pytest.approx(float(root.attrib["width"]) * dpi / 96, abs=1)
    assert image.height == pytest.approx(float(root.attrib["height"]) * dpi / 96, abs=1)
    assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)


def test_a_huge_picture_has_fewer_pixels() -> None:
    pixels = drawn(
        '<rect class="op" width="9000" height="9000"/>', width=9000, height=9000, dpi=192
    )
    assert 15e6 < pixels.shape[0] * pixels.shape[1] <= 16.1e6


@pytest.mark.parametrize("kind", FILLS)
def test_rectangles_have_the_colour_of_their_kind(kind: str) -> None:
    rect = f'<rect class="{kind}" x="6" y="8" width="20" height="10" rx="0"/>'
    pixels = drawn(f'<g transform="translate(4 2)">{rect}</g>')
    fill = np.array([int(FILLS[kind][i : i + 2], 16) for i in (1, 3, 5)])
    inside = pixels[12:18, 12:28]
    np.testing.assert_array_equal(inside, np.broadcast_to(fill, inside.shape))
    assert (pixels[:9] == 255).all()
    assert (pixels[:, :9] == 255).all()
    assert (pixels[22:] == 255).all()
    assert (pixels[10, 12:28] < 255).all()  # the border


def test_a_fill_of_its_own_comes_before_the_class() -> None:
    assert drawn('<rect width="40" height="30" fill="#ffd9b8"/>')[15, 20].tolist() == [
        255,
        217,
        184,
    ]


def test_lines() -> None:
    pixels = drawn('<path class="line" d="M20 2V28"/>')
    rows, columns = np.nonzero((pixels < 200).all(axis=2))
    assert (rows.min(), rows.max()) == pytest.approx((2, 27), abs=1)
    assert {19, 20} >= set(columns)
    np.testing.assert_allclose(pixels[15, 19:21].min(axis=0), LINE, atol=2)


def test_dashes_are_as_long_as_the_style_says() -> None:
    parts = list(_dashes([(0, 0), (0, 6), (8, 6)], [5, 3]))
    assert parts == [[(0, 0), (0, 5)], [(2, 6), (7, 6)]]
    pixels = drawn('<path class="line control" d="M0 15h26"/>')
    is_drawn = (pixels[14:16] < 200).all(axis=2).any(axis=0)
    assert is_drawn[[2, 10, 18]].all()
    assert not is_drawn[[6, 14, 22, 30]].any()


def test_half_ellipses_bulge_as_counterclockwise_ones_do() -> None:
    down = list(_points("M10 20a15 6 0 0 0 30 0"))
    assert down[-1] == pytest.approx((40, 20))
    assert max(y for _, y in down) == pytest.approx(26)
    assert min(y for _, y in down) >= 20 - 1e-9
    up = list(_points("M40 20a15 6 0 0 0 -30 0"))
    assert up[-1] == pytest.approx((10, 20))
    assert min(y for _, y in up) == pytest.approx(14)
    for x, y in [*down[1:], *up[1:]]:
        assert ((x - 25) / 15) ** 2 + ((y - 20) / 6) ** 2 == pytest.approx(1)


def test_curves_are_bezier_curves() -> None:
    way = list(_points("M0 0C0 12 30 12 30 24"))
    assert way[0] == (0, 0)
    assert way[-1] == pytest.approx((30, 24))
    assert way[6] == pytest.approx((15, 12))  # symmetric about its middle
    # At a third: (8 a + 12 b + 6 c + d) / 27.
    assert way[4] == pytest.approx(((6 * 30 + 30) / 27, (12 * 12 + 6 * 12 + 24) / 27))


def test_text_stands_where_it_says() -> None:
    pixels = drawn('<text class="title" x="50" y="40">HHH</text>', width=100, height=60)
    rows, columns = np.nonzero((pixels < 128).all(axis=2))
    assert 48 <= (columns.min() + columns.max()) / 2 <= 51  # centred
    assert 38 <= rows.max() <= 40  # on its line
    pixels = drawn('<text class="caption" x="20" y="40">HHH</text>', width=100, height=60)
    assert 20 <= np.nonzero((pixels < 200).all(axis=2))[1].min() <= 22  # begins there


def test_every_node_of_a_picture_is_drawn() -> None:
    drawing = picture()
    pixels = np.asarray(Image.open(io.BytesIO(drawing.png(96))))
    root = ElementTree.fromstring(drawing.svg)
    space = "{http://www.w3.org/2000/svg}"
    (group, _) = root.findall(f"{space}g")
    right, down = (float(n) for n in group.attrib["transform"][10:-1].split())
    seen = 0
    for rect in group.iter(f"{space}rect"):
        fill = FILLS.get(rect.get("class", ""))
        if fill:
            x, y = (float(rect.attrib[name]) for name in ("x", "y"))
            row, column = round(y + down + 4), round(x + right + 10)
            assert "#" + bytes(pixels[row, column].tolist()).hex() == fill
            seen += 1
    assert seen >= 3


def test_saved_as_the_name_says(tmp_path) -> None:
    drawing = picture()
    drawing.save(tmp_path / "a.PNG")
    drawing.save(tmp_path / "a.svg")
    drawing.save(tmp_path / "b", kind="png", dpi=48)
    assert (tmp_path / "a.svg").read_text("utf-8") == drawing.svg
    large, small = (
        Image.open(io.BytesIO((tmp_path / name).read_bytes())) for name in ("a.PNG", "b")
    )
    assert large.format == small.format == "PNG"
    assert large.width > 3 * small.width
