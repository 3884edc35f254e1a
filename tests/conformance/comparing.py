"""When two results count as equal: one tolerance table for the whole suite."""

from __future__ import annotations

import numpy as np

from thalweg.core.types import TensorType

from .case import Case
from .drawing import Arrays

# Largest difference over the largest value among the case's inputs and results. Sums of a few
# dozen products stay within ten units in the last place; there is room for thirty.
TOLERANCE = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-13}


def largest(*arrays: np.ndarray) -> float:
    """The largest finite absolute value among the float arrays; 0 if there is none."""
    found = 0.0
    for array in arrays:
        if array.dtype.kind == "f" and array.size:
            finite = np.abs(array[np.isfinite(array)])
            found = max(found, float(finite.max(initial=0.0)))
    return found


def assert_close(
    actual: np.ndarray,
    expected: np.ndarray,
    what: str,
    *,
    scale: float = 0.0,
    rtol: float | None = None,
    exact: bool = False,
) -> None:
    """Equal shapes, equal infinities and NaNs, and differences within the tolerance table.

    Args:
        actual: the result; its dtype chooses the tolerance.
        expected: what it should be.
        what: for the message.
        scale: tolerance is relative to this, or to the largest expected value if that is larger.
        rtol: instead of the table's tolerance.
        exact: equal to the last bit.
    """
    expected = np.asarray(expected)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, not {expected.shape}"
    if exact or actual.dtype.kind != "f":
        same = actual == expected
        if actual.dtype.kind == "f":
            same = same | (np.isnan(actual) & np.isnan(expected))
        assert np.all(same), f"{what}:\n{actual}\nis not\n{expected}"
        return
    expected = expected.astype(np.float64)
    special = ~np.isfinite(expected)
    assert np.array_equal(actual[special], expected[special], equal_nan=True) and np.all(
        np.isfinite(actual[~special])
    ), f"{what}: infinities or NaNs differ:\n{actual}\nis not\n{expected}"
    tolerance = (TOLERANCE[actual.dtype.name] if rtol is None else rtol) * max(
        scale, largest(expected)
    )
    difference = np.abs(actual[~special].astype(np.float64) - expected[~special])
    assert np.all(difference <= tolerance), (
        f"{what}: differs by {difference.max()}, allowed is {tolerance}:\n"
        f"{actual}\nis not\n{expected}"
    )


def assert_same_results(case: Case, actual: Arrays, expected: Arrays, what: str) -> None:
    """Results, and perhaps gradients after them, of two ways to run the same row."""
    scale = largest(*expected)
    for number, (a, b) in enumerate(zip(actual, expected, strict=True)):
        assert a.dtype == b.dtype, f"{what}: result {number} is {a.dtype}, not {b.dtype}"
        tolerance = case.rtol * TOLERANCE.get(a.dtype.name, 0.0)
        assert_close(a, b, f"{what}: result {number}", scale=scale, rtol=tolerance)


def assert_value_true(type_: TensorType, result: np.ndarray) -> None:
    """A value that a type carries is the real one, where it is known."""
    if type_.value is not None:
        real = result.reshape(-1).tolist()
        assert len(real) == len(type_.value) and all(
            a is None or a == b for a, b in zip(type_.value, real, strict=True)
        ), f"its type says {type_.value}, but its value is {real}"
