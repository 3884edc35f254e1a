"""Rows of the ops in `core/ops/trigonometry.py`."""

from __future__ import annotations

import numpy as np

from .case import Input
from .elementwise_rows import one

CASES = (
    one("sin", "Sin", lambda x: np.exp(1j * x).imag),
    one("cos", "Cos", lambda x: np.exp(1j * x).real),
    one("tan", "Tan", lambda x: np.sin(x) / np.cos(x), Input("mn", low=-1.2, high=1.2)),
    one("tanh", "Tanh", lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
)
