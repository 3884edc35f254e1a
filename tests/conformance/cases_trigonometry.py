"""Rows of the ops in `core/ops/trigonometry.py`; inverses are checked by complex logarithms."""

from __future__ import annotations

import numpy as np

from .case import Input
from .elementwise_rows import one, two

INSIDE = Input("mn", low=-0.85, high=0.85)

CASES = (
    one("sin", "Sin", lambda x: np.exp(1j * x).imag),
    one("cos", "Cos", lambda x: np.exp(1j * x).real),
    one("tan", "Tan", lambda x: np.sin(x) / np.cos(x), Input("mn", low=-1.2, high=1.2)),
    one("asin", "Asin", lambda x: np.log(1j * x + np.sqrt(1 - x**2)).imag, INSIDE),
    one("acos", "Acos", lambda x: np.log(x + 1j * np.sqrt(1 - x**2)).imag, INSIDE),
    one("atan", "Atan", lambda x: np.log(1 + 1j * x).imag),
    two(
        "atan2",
        "Atan2",
        lambda y, x: np.log(x + 1j * y).imag,
        Input("mn", away=(0.0,)),  # the angle jumps where y is 0 and x negative
        Input("n"),
    ),
    two(
        "atan2 column",
        "Atan2",
        lambda y, x: np.pi / 2 - np.arctan(x / y),
        Input(("m", 1), low=0.3),
        Input("mn"),
    ),
    one("sinh", "Sinh", lambda x: (np.exp(x) - np.exp(-x)) / 2),
    one("cosh", "Cosh", lambda x: (np.exp(x) + np.exp(-x)) / 2),
    one("tanh", "Tanh", lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
    one("asinh", "Asinh", lambda x: np.sign(x) * np.log(np.abs(x) + np.sqrt(x**2 + 1))),
    one("acosh", "Acosh", lambda x: np.log(x + np.sqrt(x**2 - 1)), Input("mn", low=1.3, high=5)),
    one("atanh", "Atanh", lambda x: np.log((1 + x) / (1 - x)) / 2, INSIDE),
)
