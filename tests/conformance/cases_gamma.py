"""Rows of the ops in `core/ops/gamma.py`."""

from __future__ import annotations

import numpy as np
from scipy import special

from thalweg import core

from .case import Case, Input
from .elementwise_rows import one

POSITIVE = Input("mn", low=0.3, high=12)
NEGATIVE = Input("mn", low=-3.8, high=-0.2, away=(-3.0, -2.0, -1.0))


def hurwitz(order: int, x: np.ndarray) -> np.ndarray:
    """Polygamma for order >= 1, below 0 too, by its series: the tail is a zeta function."""
    terms = sum(1 / (x + k) ** (order + 1) for k in range(12))
    series = terms + special.zeta(order + 1, x + 12)
    return (-1) ** (order + 1) * special.factorial(order) * series


def derived(order: int, x: Input, suffix: str = "") -> Case:
    return Case(
        f"polygamma {order}{suffix}",
        ("Polygamma",),
        lambda x: core.polygamma(order, x),
        (x,),
        lambda x: hurwitz(order, x),
        empty="m",
    )


CASES = (
    one("lgamma", "Lgamma", lambda x: special.gammaln(x), POSITIVE),
    one("lgamma below 0", "Lgamma", lambda x: np.log(np.abs(special.gamma(x))), NEGATIVE),
    one("digamma", "Polygamma", lambda x: special.psi(x), POSITIVE),
    one("digamma below 0", "Polygamma", lambda x: special.psi(x), NEGATIVE),
    derived(1, POSITIVE),
    derived(1, NEGATIVE, " below 0"),
    derived(2, POSITIVE),
    derived(2, NEGATIVE, " below 0"),
    derived(5, Input("mn", low=0.8, high=12)),
)
