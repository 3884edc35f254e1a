"""Rows of the ops in `core/ops/bitwise.py` and `conversion.py`."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import core

from .case import Case, Input

Numbers = tuple[int, ...]


def wrapped(value: int, dtype: np.dtype[Any]) -> int:
    """A Python integer cut to the bits of a dtype."""
    value &= 2 ** (8 * dtype.itemsize) - 1
    limit = np.iinfo(dtype).max
    return value if value <= limit else value - 2 ** (8 * dtype.itemsize)


def of_integers(function: Callable[..., int]) -> Callable[..., np.ndarray]:
    """A function of Python integers, which have any number of bits, for arrays."""

    def oracle(*arrays: np.ndarray) -> np.ndarray:
        dtype = arrays[0].dtype
        broadcast = np.broadcast_arrays(*arrays)
        rows = zip(*(array.reshape(-1).tolist() for array in broadcast), strict=True)
        flat = [wrapped(function(*row), dtype) for row in rows]
        return np.array(flat, dtype).reshape(broadcast[0].shape)

    return oracle


def any_bits(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return generator.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def bits(name: str, op: str, function: Callable[..., int], dtype: str) -> Case:
    """A row of a function of all the bits, or of bits and places to shift."""
    count = 8 * np.dtype(dtype).itemsize
    places = Input("n", dtype, low=0, high=count - 1)
    y = places if "shift" in name else Input("n", dtype, values=any_bits)
    x = Input("mn", dtype, values=any_bits)
    return Case(
        f"{name} {dtype}",
        (op,),
        getattr(core, name),
        (x,) if "invert" in name else (x, y),
        of_integers(function),
        gradient=False,
        empty="m",
    )


FUNCTIONS: dict[str, tuple[str, Callable[..., int]]] = {
    "bitwise_and": ("BitwiseAnd", lambda x, y: x & y),
    "bitwise_or": ("BitwiseOr", lambda x, y: x | y),
    "bitwise_xor": ("BitwiseXor", lambda x, y: x ^ y),
    "bitwise_invert": ("BitwiseInvert", lambda x: -1 - x),
    "bitwise_left_shift": ("BitwiseLeftShift", lambda x, y: x * 2**y),
    "bitwise_right_shift": ("BitwiseRightShift", lambda x, y: x // 2**y),
}
CODES = {"float16": "e", "float32": "f", "float64": "d", "int8": "b", "uint16": "H",
         "int32": "i", "uint32": "I", "int64": "q"}  # fmt: skip


def same_bytes(x: np.ndarray, source: str, target: str, shape: tuple[int, ...]) -> np.ndarray:
    """By Python's own packing of numbers into bytes."""
    flat = x.reshape(-1).tolist()
    packed = struct.pack(f"<{len(flat)}{CODES[source]}", *flat)
    count = len(packed) // np.dtype(target).itemsize
    return np.array(struct.unpack(f"<{count}{CODES[target]}", packed), target).reshape(shape)


def read_as(source: str, target: str, ratio: int = 1, **options: Any) -> Case:
    """A row of bitcast; `ratio` elements of the source are one of the target."""
    shape: tuple[int | str, ...] = ("m", "n") if ratio == 1 else ("m", "n", ratio)

    def oracle(x: np.ndarray) -> np.ndarray:
        rest = np.dtype(source).itemsize // np.dtype(target).itemsize
        dims = x.shape[:2] if rest <= 1 else (*x.shape, rest)
        return same_bytes(x, source, target, dims)

    return Case(
        f"bitcast {source} {target}",
        ("Bitcast",),
        lambda x: core.bitcast(x, target),
        (Input(shape, source, gradient=False, **options),),
        oracle,
        gradient=False,
        empty="mn",
        exact=True,
    )


def saturated(source: str, target: str, values: list[Any], suffix: str = "") -> Case:
    """A row of saturate_cast, by comparing Python's own numbers."""
    limits = np.iinfo(target)

    def number(x: Any) -> int:
        if x != x:
            return 0
        return limits.min if x < limits.min else limits.max if x > limits.max else int(x)

    return Case(
        f"saturate_cast {source} {target}{suffix}",
        ("Cast",),
        lambda x: core.saturate_cast(x, target),
        (Input("mn", source, values=lambda r, s, t: r.choice(np.array(values, t), s),
               gradient=False),),
        np.vectorize(number, otypes=[target]),
        gradient=False,
        empty="m",
    )  # fmt: skip


FLOATS = [0.0, -1.5, 2.9, -3e9, 3e9, 1e19, -1e19, np.inf, -np.inf, np.nan, 254.9, 255.5, -128.9]
HALVES = [0.0, -1.5, 2.9, 65504, -65504, np.inf, -np.inf, np.nan, 254.8, 255.5]
INTEGERS = [0, -1, 127, 128, -128, -129, 255, 256, 2**31 - 1, -(2**31)]

CASES = (
    *(
        bits(name, op, function, dtype)
        for name, (op, function) in FUNCTIONS.items()
        for dtype in ("int8", "uint8", "int32", "uint64")
    ),
    read_as("float32", "uint32"),
    read_as("int32", "float32", low=1 << 29, high=1 << 30),
    read_as("float64", "int32"),
    read_as("int32", "int64", ratio=2),
    read_as("int8", "float32", ratio=4, low=1, high=60),
    read_as("float16", "int8"),
    Case(
        "bitcast of a scalar",
        ("Bitcast",),
        lambda x: core.bitcast(x, "uint16"),
        (Input((), "int64", values=any_bits),),
        functools.partial(same_bytes, source="int64", target="uint16", shape=(4,)),
        gradient=False,
    ),
    *(saturated("float64", target, FLOATS) for target in ("int8", "uint8", "int32", "int64")),
    *(saturated("float32", target, FLOATS) for target in ("int32", "uint64")),
    *(saturated("float16", target, HALVES) for target in ("uint8", "int32")),
    *(saturated("int64", target, INTEGERS) for target in ("int8", "uint8", "uint32")),
    saturated("uint8", "int8", [0, 127, 128, 255]),
    saturated("uint8", "int32", [0, 127, 128, 255]),
    Case(
        "saturate_cast inside",
        ("Cast", "Maximum", "Minimum"),
        lambda x: core.saturate_cast(x, "float16"),
        (Input("n", "float32"),),
        lambda x: x,
        rtol=2.0,  # float16's rounding is taken relative to the largest value
    ),
    Case(
        "saturate_cast of floats",
        ("Cast", "Maximum", "Minimum"),
        lambda x: core.saturate_cast(x * 1e39, "float32"),
        (Input("n", "float64", low=-2, high=2, away=(-0.34, 0.34), gradient=False),),
        lambda x: np.clip(x * 1e39, -3.4028234663852886e38, 3.4028234663852886e38),
        gradient=False,
    ),
)
