"""Rows of the ops in `core/ops/error_function.py`."""

from __future__ import annotations

from scipy import special

from .case import Input
from .elementwise_rows import one

CASES = (one("erf", "Erf", lambda x: special.erf(x), Input("mn", low=-4, high=4)),)
