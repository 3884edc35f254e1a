"""The rows of the op tests, and arrays for their inputs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.core.types import as_dtype

from .case import Case, Input

Arrays = tuple[np.ndarray, ...]
FLOATS = ("float32", "float64")


def load_rows(folder: Path) -> tuple[dict[str, Case], dict[str, Exception]]:
    """All rows by name, and the error of each file that cannot be read."""
    rows: dict[str, Case] = {}
    broken: dict[str, Exception] = {}
    for path in sorted(folder.glob("cases_*.py")):
        try:
            cases = importlib.import_module(f"conformance.{path.stem}").CASES
            for case in cases:
                if case.name in rows:
                    raise ValueError(f"two rows are called {case.name!r}")
                rows[case.name] = case
        except Exception as error:  # one broken file must not hide the others' rows
            broken[path.stem] = error
    return rows, broken


def letters(case: Case) -> dict[str, tuple[int, int]]:
    """Bounds of the size of each letter of the row."""
    return {
        axis: case.sizes.get(axis, (1, 4))
        for item in case.inputs
        for axis in item.shape
        if isinstance(axis, str)
    }


def dtypes(case: Case) -> tuple[str, ...]:
    """What `"float"` stands for, one after another."""
    return FLOATS if any(item.dtype == "float" for item in case.inputs) else FLOATS[1:]


def draw(case: Case, sizes: Mapping[str, int], seed: int, float_dtype: str) -> Arrays:
    """Read-only arrays for the row's inputs."""
    generator = np.random.default_rng(seed)
    arrays = []
    for item in case.inputs:
        shape = tuple(sizes[a] if isinstance(a, str) else a for a in item.shape)
        dtype = float_dtype if item.dtype == "float" else item.dtype
        arrays.append(_draw_one(item, shape, as_dtype(dtype).numpy, generator))
        arrays[-1].flags.writeable = False
    return tuple(arrays)


def _draw_one(
    item: Input, shape: tuple[int, ...], dtype: np.dtype[Any], generator: np.random.Generator
) -> np.ndarray:
    if item.values is not None:
        array = np.asarray(item.values(generator, shape, dtype))
        assert array.shape == shape and array.dtype == dtype, (
            f"values() made {array.dtype} {array.shape}, the row says {dtype} {shape}"
        )
        return array
    if dtype.kind == "b":
        return generator.random(shape) < 0.5
    if dtype.kind == "O":
        words = generator.integers(0, 1000, shape)
        return np.array([b"w%d" % n for n in words.reshape(-1)], object).reshape(shape)
    if dtype.kind in "iu":
        low = max(int(item.low), 0) if dtype.kind == "u" else int(item.low)
        return _resample(
            item, lambda n: generator.integers(low, int(item.high), n, endpoint=True), shape, dtype
        )
    if item.distinct:
        return _draw_distinct(item, shape, dtype, generator)
    return _resample(item, lambda n: generator.uniform(item.low, item.high, n), shape, dtype)


def _near(item: Input, values: np.ndarray) -> np.ndarray:
    near = np.zeros(values.shape, bool)
    for point in item.away:
        near |= np.abs(values - point) < 0.1
    return near


def _resample(
    item: Input,
    sample: Callable[[int], np.ndarray],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> np.ndarray:
    flat = sample(int(np.prod(shape, dtype=int)))
    for _ in range(1000):
        near = _near(item, flat)
        if not near.any():
            return flat.reshape(shape).astype(dtype)
        flat[near] = sample(int(near.sum()))
    raise AssertionError(f"no values between {item.low} and {item.high} are away {item.away}")


def _draw_distinct(
    item: Input, shape: tuple[int, ...], dtype: np.dtype[Any], generator: np.random.Generator
) -> np.ndarray:
    count = int(np.prod(shape, dtype=int))
    step = max(0.06, (item.high - item.low) / (2 * count + 1))
    grid = item.low + step * np.arange(4 * count + 100)
    grid = grid[~_near(item, grid)]
    inside = grid[grid <= item.high]
    pool = inside if inside.size >= count else grid[:count]  # bounds yield to distinctness
    return generator.permutation(pool)[:count].reshape(shape).astype(dtype)
