"""Rows of the ops in `core/ops/error_function.py`."""

from __future__ import annotations

from scipy import special

from .case import Input
from .elementwise_rows import one

CASES = (
    one("erf", "Erf", lambda x: special.erf(x), Input("mn", low=-4, high=4)),
    one("erfc", "Erfc", lambda x: special.erfc(x), Input("mn", low=-5, high=5)),
    one("erfinv", "Erfinv", lambda x: special.erfinv(x), Input("mn", low=-0.9, high=0.9)),
    one("ndtri", "Ndtri", lambda x: special.ndtri(x), Input("mn", low=0.05, high=0.95)),
)
