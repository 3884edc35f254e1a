"""Rows of the ops in `core/ops/source.py`."""

from __future__ import annotations

import numpy as np

from thalweg.core import constant

from .case import Case, Input

CASES = (
    Case(
        "constant",
        covers=("Constant",),
        function=lambda x: x + constant(2.5, dtype=x.dtype),
        inputs=(Input("n"),),
        oracle=lambda x: x - (-2.5),
        empty="n",
    ),
    Case(
        "constant strings",
        covers=("Constant",),
        function=lambda: constant(["a", "ö"]),
        inputs=(),
        oracle=lambda: np.array([b"a", b"\xc3\xb6"], object),
        gradient=False,
    ),
)
