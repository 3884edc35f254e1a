"""Casts between all types, halves, shifts and powers of integers: every end and every bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from engine.calling import run_op

from thalweg.core.backends.native import extension
from thalweg.core.opdef import REGISTRY
from thalweg.core.ops.conversion import Bitcast
from thalweg.core.ops.elementwise import Cast
from thalweg.core.types import as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]


def cast(x: np.ndarray, dtype: str) -> np.ndarray:
    result: np.ndarray = run_op(Cast(as_dtype(dtype)), x)
    assert result.dtype == dtype
    return result


def wrapped(value: float, dtype: str) -> int:
    """Through the integer that is wide enough, of which the least stands for what is in none."""
    size = 8 * np.dtype(dtype).itemsize
    way = 32 if size < 32 or dtype == "int32" else 64
    moved = 0
    if dtype == "uint64" and value >= 2.0**63:
        value, moved = value - 2.0**63, 2**63
    is_there = math.isfinite(value) and -(2.0 ** (way - 1)) <= int(value) < 2.0 ** (way - 1)
    number = (int(value) if is_there else -(2 ** (way - 1))) + moved
    number %= 2**size
    return number - 2**size if dtype[0] == "i" and number >= 2 ** (size - 1) else number


@pytest.mark.parametrize("source", FLOATS)
@pytest.mark.parametrize("target", INTEGERS)
def test_floats_to_integers(source: str, target: str) -> None:
    ends = [2.0**k + more for k in (7, 8, 15, 16, 31, 32, 63, 64) for more in (-1, -0.5, 0, 0.75)]
    values = [0.0, 0.4, 0.99, 1.5, 254.9, 3e9, 1e20, 1e300, math.inf, math.nan, *ends]
    with np.errstate(over="ignore"):
        x = np.array([*values, *(-value for value in values)] * 3).astype(source)
    expected = np.array([wrapped(float(value), target) for value in x], target)
    np.testing.assert_array_equal(cast(x, target), expected)


@pytest.mark.parametrize("source", [*INTEGERS, "bool"])
@pytest.mark.parametrize("target", [*INTEGERS, *FLOATS, "bool"])
def test_integers_to_all(source: str, target: str) -> None:
    if source == "bool":
        x = np.array([True, False, True])
    else:
        ends = np.iinfo(source)
        values = [0, 1, 2, 100, ends.max, ends.max - 1, ends.max // 2, ends.min, ends.min // 2]
        values += [n for n in (2049, 2051, 65519, 65520, 2**24 + 1, 2**53 + 1) if n <= ends.max]
        x = np.array(values, source)
    with np.errstate(over="ignore"):
        expected = x.astype(target)
    np.testing.assert_array_equal(cast(x, target), expected)


def bits(x: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(x), np.uint16(0x7E00), x.view(np.uint16))


def test_all_halves() -> None:
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for wide in ("float32", "float64"):
        np.testing.assert_array_equal(cast(x, wide), x.astype(wide))
        np.testing.assert_array_equal(bits(cast(cast(x, wide), "float16")), bits(x))
    np.testing.assert_array_equal(cast(x, "bool"), x != 0)


@pytest.mark.parametrize("source", ["float32", "float64"])
def test_to_the_nearest_half(source: str) -> None:
    """Between two halves, at the middle, and as little as can be beside the middle."""
    finite = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(source)
    middles = (finite[:-1] + finite[1:]) / 2
    beyond = np.array([65519.99, 65520, 65536, 1e30, np.inf, 1e-30, 2.0**-25, np.nan], source)
    exact = np.concatenate([finite, middles, beyond])
    x = np.concatenate([exact, np.nextafter(exact, 0), np.nextafter(exact, np.inf, dtype=source)])
    x = np.concatenate([x, -x])
    with np.errstate(over="ignore", under="ignore"):
        expected = x.astype(np.float16)
    np.testing.assert_array_equal(bits(cast(x, "float16")), bits(expected))


@pytest.mark.parametrize(
    "label", ["Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Less", "Equal"]
)
def test_halves_are_computed_as_numpy_does(label: str) -> None:
    values = np.array([0, -0.0, 1, 3, 1e-7, 6e-5, 65504, 1e-3, np.inf, np.nan, 1 / 3], np.float16)
    column = np.concatenate([values, -values])
    a, b = (side.reshape(-1) for side in np.meshgrid(column, column))
    op = REGISTRY[label]()
    with np.errstate(all="ignore"):
        expected = op.compute(np, a, b)
    np.testing.assert_array_equal(run_op(op, a, b), expected, strict=True)


def test_a_half_that_is_copied_keeps_its_bits() -> None:
    x = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(-1, 1)
    result = run_op(REGISTRY["BroadcastTo"](), x, np.array([2**16, 2]))
    np.testing.assert_array_equal(result.view(np.uint16), np.repeat(x.view(np.uint16), 2, 1))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts(dtype: str) -> None:
    """By as many places as there are bits, or more, or fewer than none: nothing is left."""
    size, ends = 8 * np.dtype(dtype).itemsize, np.iinfo(dtype)
    x = np.array([0, 1, 3, 77, ends.max, ends.min, ends.max // 3], dtype)
    places = [0, 1, size // 2, size - 1, size, size + 1, 100, *([-1, -100] if ends.min else [])]
    for label in ("BitwiseLeftShift", "BitwiseRightShift"):
        for count in places:
            is_within = 0 <= count < size
            if label == "BitwiseLeftShift":
                exact = [int(n) << count if is_within else 0 for n in x]
            else:
                exact = [int(n) >> (count if is_within else size) for n in x]
            expected = np.array([n % 2**size for n in exact], np.uint64).astype(dtype)
            result = run_op(REGISTRY[label](), x, np.full(x.shape, count, dtype))
            np.testing.assert_array_equal(result, expected, strict=True)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_powers_wrap_around(dtype: str) -> None:
    size, ends = 8 * np.dtype(dtype).itemsize, np.iinfo(dtype)
    values = [0, 1, 2, 3, 7, ends.max, *([ends.min, -1, -2] if ends.min else [])]
    axes = np.array(values, dtype), np.array([0, 1, 2, 3, 5, 31, 64, 100], dtype)
    x, y = (side.reshape(-1) for side in np.meshgrid(*axes))
    exact = [pow(int(a), int(b), 2**size) for a, b in zip(x, y, strict=True)]
    expected = np.array(exact, np.uint64).astype(dtype)
    np.testing.assert_array_equal(run_op(REGISTRY["Pow"](), x, y), expected, strict=True)


@pytest.mark.parametrize(("source", "target"), [("float64", "int16"), ("uint8", "float32")])
def test_bits_as_another_type(source: str, target: Any) -> None:
    x = np.arange(24, dtype=np.uint8).view(source).reshape(-1, 4 if source == "uint8" else 1)
    if source == "float64":
        x = x[:, 0]
    result = run_op(Bitcast(as_dtype(target)), x)
    assert result.tobytes() == x.tobytes() and result.dtype == target
