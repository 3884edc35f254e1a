"""How wide text is, without asking the fonts: by the widest of the usual sans-serif ones.

The widths are those of DejaVu Sans, in thousandths of the size; Helvetica, Arial, Segoe UI and
Roboto are narrower, so text fits with any of them.
"""

from __future__ import annotations

__all__ = ["shortened", "text_width"]

_WIDTHS = {
    295: "'IJijl",
    345: " ,./:;\\|",
    365: "-f",
    415: "!()[]rt",
    460: '"',
    530: "*_`sz",
    560: "?Lc",
    620: "FPTYaekovxy",
    640: "$0123456789ESbdghnpqu{}",
    700: "ABCKRVXZ",
    755: "HNU",
    790: "&DGOQ",
    955: "%M",
    1000: "@Wm…",
}
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text, rather too large than too small.

    Args:
        text: one line.
        size: of the font.
        bold: whether it is bold.

    >>> text_width("ii", 10) < text_width("ww", 10)
    True
    """
    total = sum(_WIDTH_OF.get(letter, 840) for letter in text)
    return total * size / 1000 * (1.15 if bold else 1.0)


def shortened(text: str, length: int) -> str:
    """The text, or its beginning and an ellipsis.

    >>> shortened("convolution", 8)
    'convolu…'
    """
    return text if len(text) <= length else text[: length - 1] + "…"
