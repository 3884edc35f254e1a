"""Rows of the ops in `core/ops/pool.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from thalweg.core import Tensor, apply, avg_pool2d, convert, max_pool2d
from thalweg.core.ops.pool import AvgPool2DGrad, MaxPool2DGrad, MaxPool2DGradGrad

from .case import Case, Input

MAX = ("MaxPool2D", "MaxPool2DGrad", "MaxPool2DGradGrad")
AVERAGE = ("AvgPool2D", "AvgPool2DGrad")
Options = tuple[tuple[int, int], tuple[int, int], Any]  # pool_size, strides, padding


def starts(size: int, window: int, stride: int, padding: Any) -> range:
    """Where windows start on one axis; SAME ones may hang over both ends."""
    if padding == "VALID":
        return range(0, size - window + 1, stride)
    if padding == "SAME":
        count = -(-size // stride)
        missing = max((count - 1) * stride + window - size, 0)
        before = missing // 2
        return range(-before, -before + count * stride, stride)
    before, after = padding
    return range(-before, size + after - window + 1, stride)


def all_starts(shape: tuple[int, ...], options: Options) -> tuple[range, range]:
    sizes, strides, padding = options
    if isinstance(padding, str):
        padding = (padding, padding)
    rows, columns = (
        starts(shape[axis + 1], sizes[axis], strides[axis], padding[axis]) for axis in (0, 1)
    )
    return rows, columns


def windows(
    shape: tuple[int, ...], options: Options
) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """The place of each window in the output, and the index of its real cells."""
    (height, width), _, _ = options
    rows, columns = all_starts(shape, options)
    for (p, row), (q, column) in product(enumerate(rows), enumerate(columns)):
        for b, c in product(range(shape[0]), range(shape[3])):
            down = slice(max(row, 0), row + height)
            right = slice(max(column, 0), column + width)
            yield (b, p, q, c), (b, down, right, c)


def pooled(x: np.ndarray, options: Options, value: Callable[[np.ndarray], Any]) -> np.ndarray:
    """One window after another."""
    rows, columns = all_starts(x.shape, options)
    result = np.zeros((x.shape[0], len(rows), len(columns), x.shape[3]))
    for place, cells in windows(x.shape, options):
        result[place] = value(x[cells])
    return result


def first_maximum(x: np.ndarray, cells: tuple[Any, ...]) -> tuple[int, ...]:
    window = x[cells]
    row, column = np.unravel_index(np.argmax(window), window.shape)
    return cells[0], cells[1].start + row, cells[2].start + column, cells[3]


def options_text(options: Options) -> str:
    return " ".join(map(str, options))


def max_pool(x: Input, *options: Any, **more: Any) -> Case:
    return Case(
        f"max_pool2d {options_text(options)}",
        MAX,
        lambda x: max_pool2d(x, *options),
        (x,),
        lambda x: pooled(x, options, np.max),
        exact=True,
        **more,
    )


def max_pool_grad(shape: tuple[int, ...], g: tuple[int, ...], *options: Any) -> Case:
    def oracle(x: np.ndarray, g: np.ndarray) -> np.ndarray:
        result = np.zeros(x.shape)
        for place, cells in windows(x.shape, options):
            result[first_maximum(x, cells)] += g[place]
        return result

    return Case(
        f"max_pool2d gradient {options_text(options)}",
        MAX,
        lambda x, g: apply(MaxPool2DGrad(*options), x, max_pool2d(x, *options), g),
        (Input(shape, distinct=True), Input(g)),
        oracle,
    )


def max_pool_grad_grad(shape: tuple[int, ...], *options: Any) -> Case:
    def oracle(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        result = pooled(x, options, np.max)
        for place, cells in windows(x.shape, options):
            result[place] = v[first_maximum(x, cells)]
        return result

    return Case(
        f"max_pool2d gradient's gradient {options_text(options)}",
        MAX,
        lambda x, v: apply(MaxPool2DGradGrad(*options), x, max_pool2d(x, *options), v),
        (Input(shape, distinct=True), Input(shape)),
        oracle,
    )


def avg_pool(x: Input, *options: Any, **more: Any) -> Case:
    return Case(
        f"avg_pool2d {options_text(options)}",
        AVERAGE,
        lambda x: avg_pool2d(x, *options),
        (x,),
        lambda x: pooled(x, options, np.mean),
        **more,
    )


def avg_pool_grad(shape: tuple[int, ...], g: tuple[int, ...], *options: Any) -> Case:
    def oracle(g: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        result = np.zeros(sizes)
        for place, cells in windows(shape, options):
            result[cells] += g[place] / result[cells].size
        return result

    def function(g: Tensor, sizes: Any) -> Tensor:
        return apply(AvgPool2DGrad(*options), g, convert(sizes))

    sizes = Input((4,), "int32", values=lambda _, n, dtype: np.array(shape, dtype), host=True)
    return Case(
        f"avg_pool2d gradient {options_text(options)}", AVERAGE, function, (Input(g), sizes), oracle
    )


DISTINCT = Input("nhwc", distinct=True)
SIZES = {"n": (1, 2), "h": (3, 7), "w": (3, 7), "c": (1, 3)}

CASES = (
    max_pool(DISTINCT, (2, 2), (2, 2), "VALID", sizes=SIZES, empty="nc"),
    max_pool(DISTINCT, (2, 2), (2, 2), "SAME", sizes=SIZES, empty="nc"),
    max_pool(DISTINCT, (3, 2), (1, 2), "VALID", sizes=SIZES),
    max_pool(DISTINCT, (3, 3), (2, 2), "SAME", sizes=SIZES),
    max_pool(DISTINCT, (1, 1), (2, 3), "VALID", sizes=SIZES),
    max_pool(DISTINCT, (2, 3), (3, 1), ((1, 0), (2, 1)), sizes=SIZES),
    max_pool_grad((2, 5, 4, 2), (2, 2, 2, 2), (2, 2), (2, 2), "VALID"),
    max_pool_grad((1, 5, 6, 2), (1, 3, 3, 2), (3, 3), (2, 2), "SAME"),
    max_pool_grad_grad((2, 5, 4, 2), (2, 2), (2, 2), "VALID"),
    max_pool_grad_grad((1, 5, 6, 2), (3, 3), (2, 2), "SAME"),
    avg_pool(Input("nhwc"), (2, 2), (2, 2), "VALID", sizes=SIZES, empty="nc"),
    avg_pool(Input("nhwc"), (3, 2), (2, 1), "SAME", sizes=SIZES, empty="nc"),
    avg_pool(Input("nhwc"), (3, 3), (1, 3), "VALID", sizes=SIZES),
    avg_pool(Input("nhwc"), (2, 3), (3, 2), ((1, 0), (2, 1)), sizes=SIZES),
    avg_pool_grad((2, 5, 4, 2), (2, 2, 2, 2), (2, 2), (2, 2), "VALID"),
    avg_pool_grad((1, 5, 6, 2), (1, 3, 3, 2), (3, 3), (2, 2), "SAME"),
)
