"""The accuracy that core/native/math.h states, over all magnitudes and at the special values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import thalweg.core as core
from thalweg.core.backends.native import extension

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

# (reference in float64, units in the last place)
FUNCTIONS = {
    "exp": (np.exp, 1.0),
    "expm1": (np.expm1, 2.0),
    "log": (np.log, 1.0),
    "log1p": (np.log1p, 2.0),
    "tanh": (np.tanh, 2.5),
    "sigmoid": (special.expit, 3.0),
    "softplus": (lambda x: np.logaddexp(x, 0.0), 2.0),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))), 2.0),
    "erf": (special.erf, 3.0),
}
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38], np.float32)


def arguments() -> np.ndarray:
    """A sample of all bit patterns, dense where the functions bend."""
    patterns = np.arange(0, 2**32, 40009, dtype=np.uint64).astype(np.uint32).view(np.float32)
    bends = (np.linspace(-b, b, 100_003, dtype=np.float32) for b in (0.7, 4.0, 110.0))
    return np.concatenate([patterns, *bends, SPECIAL])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_accuracy(name: str) -> None:
    reference, bound = FUNCTIONS[name]
    values = arguments()
    x = core.placeholder("float32", [None])
    session = core.Session(backend="native")
    assert "native kernel" in session.explain(getattr(core, name)(x), {x: values})
    result = session.run(getattr(core, name)(x), {x: values})
    with np.errstate(all="ignore"):
        exact = reference(values.astype(np.float64))
        rounded = exact.astype(np.float32)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(result[~finite], rounded[~finite])
    unit = np.maximum(np.spacing(np.abs(rounded[finite])).astype(np.float64), 2.0**-149)
    error = np.abs(result[finite] - exact[finite]) / unit
    worst = int(error.argmax())
    assert error[worst] <= bound, f"{error[worst]} at {values[finite][worst]!r}"
