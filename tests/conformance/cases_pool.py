"""Rows of the ops in `core/ops/pool.py`, and of the functions in `core/ops/pooling.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from thalweg.core import (
    Tensor,
    apply,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    convert,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_pool_with_argmax,
    pool,
)
from thalweg.core.ops.pool import AvgPoolGrad, MaxPool, MaxPoolArgmax, MaxPoolGrad, MaxPoolGradGrad

from .case import Case, Input

MAX = ("MaxPool", "MaxPoolGrad", "MaxPoolGradGrad")
AVERAGE = ("AvgPool", "AvgPoolGrad")


class Options(NamedTuple):
    """The attributes of a pooling op, without those that are the same for all axes."""

    pool_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: Any
    dilations: tuple[int, ...]


def options_of(
    pool_size: tuple[int, ...],
    strides: tuple[int, ...],
    padding: Any,
    dilations: tuple[int, ...] | None = None,
) -> Options:
    return Options(pool_size, strides, padding, dilations or (1,) * len(pool_size))


def axis_windows(
    size: int, window: int, stride: int, dilation: int, padding: Any
) -> list[list[int]]:
    """The real cells of each window on one axis; SAME ones may hang over both ends."""
    reach = (window - 1) * dilation + 1
    if padding == "SAME":
        count = -(-size // stride)
        missing = max((count - 1) * stride + reach - size, 0)
        padding = missing // 2, missing - missing // 2
    before, after = (0, 0) if padding == "VALID" else padding
    return [
        [cell for cell in range(start, start + reach, dilation) if 0 <= cell < size]
        for start in range(-before, size + after - reach + 1, stride)
    ]


def all_windows(shape: Sequence[int], options: Options) -> list[list[list[int]]]:
    sizes, strides, padding, dilations = options
    paddings = (padding,) * len(sizes) if isinstance(padding, str) else padding
    return [
        axis_windows(*axis)
        for axis in zip(shape[1:-1], sizes, strides, dilations, paddings, strict=True)
    ]


def windows(
    shape: Sequence[int], options: Options
) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """The place of each window in the output, and the index of its real cells."""
    axes = all_windows(shape, options)
    for position in product(*(range(len(axis)) for axis in axes)):
        cells = np.ix_(*(axis[p] for axis, p in zip(axes, position, strict=True)))
        for b, c in product(range(shape[0]), range(shape[-1])):
            yield (b, *position, c), (b, *cells, c)


def pooled(x: np.ndarray, options: Options, value: Callable[[np.ndarray], Any]) -> np.ndarray:
    """One window after another."""
    positions = [len(axis) for axis in all_windows(x.shape, options)]
    result = np.zeros((x.shape[0], *positions, x.shape[-1]))
    for place, cells in windows(x.shape, options):
        result[place] = value(x[cells])
    return result


def first_maximum(x: np.ndarray, cells: tuple[Any, ...]) -> tuple[int, ...]:
    b, *axes, c = cells
    window = x[cells]
    place = np.unravel_index(np.argmax(window), window.shape)
    return (b, *(axis.reshape(-1)[p] for axis, p in zip(axes, place, strict=True)), c)


def text(options: Sequence[Any]) -> str:
    return " ".join(map(str, options))


def max_pool(function: Any, x: str, *given: Any, **more: Any) -> Case:
    return Case(
        f"{function.__name__} {text(given)}",
        MAX,
        lambda x: function(x, *given),
        (Input(x, distinct=True),),
        lambda x: pooled(x, options_of(*given), np.max),
        exact=True,
        **{"sizes": SIZES, **more},
    )


def max_pool_grad(shape: tuple[int, ...], g: tuple[int, ...], *given: Any) -> Case:
    options = options_of(*given)

    def oracle(x: np.ndarray, g: np.ndarray) -> np.ndarray:
        result = np.zeros(x.shape)
        for place, cells in windows(x.shape, options):
            result[first_maximum(x, cells)] += g[place]
        return result

    return Case(
        f"max pool gradient {text(given)}",
        MAX,
        lambda x, g: apply(MaxPoolGrad(*options), x, apply(MaxPool(*options), x), g),
        (Input(shape, distinct=True), Input(g)),
        oracle,
    )


def max_pool_grad_grad(shape: tuple[int, ...], *given: Any) -> Case:
    options = options_of(*given)

    def oracle(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        result = pooled(x, options, np.max)
        for place, cells in windows(x.shape, options):
            result[place] = v[first_maximum(x, cells)]
        return result

    return Case(
        f"max pool gradient's gradient {text(given)}",
        MAX,
        lambda x, v: apply(MaxPoolGradGrad(*options), x, apply(MaxPool(*options), x), v),
        (Input(shape, distinct=True), Input(shape)),
        oracle,
    )


def argmax(is_in_batch: bool, *given: Any) -> Case:
    options = options_of(*given)

    def oracle(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        largest = pooled(x, options, np.max)
        places = np.zeros(largest.shape, np.int64)
        for place, cells in windows(x.shape, options):
            b, *rest = first_maximum(x, cells)
            index = (b if is_in_batch else 0, *rest)
            places[place] = np.ravel_multi_index(index, x.shape)
        return largest, places

    return Case(
        f"max_pool_with_argmax {is_in_batch} {text(given)}",
        (*MAX, "MaxPoolArgmax"),
        lambda x: tuple(max_pool_with_argmax(x, *given, include_batch_in_index=is_in_batch)),
        (Input("nhwc", distinct=True),),
        oracle,
        sizes=SIZES,
        empty="nc",
    )


def volume_argmax() -> Case:
    options = options_of((1, 2, 2), (1, 2, 1), "VALID")

    def oracle(x: np.ndarray) -> np.ndarray:
        places = pooled(x, options, np.max).astype(np.int64)
        for place, cells in windows(x.shape, options):
            places[place] = np.ravel_multi_index(first_maximum(x, cells), x.shape)
        return places

    return Case(
        "max pool argmax of volumes",
        ("MaxPoolArgmax",),
        lambda x: apply(MaxPoolArgmax(*options, True), x, apply(MaxPool(*options), x)),
        (Input((2, 2, 3, 4, 2), distinct=True),),
        oracle,
        gradient=False,
    )


def avg_pool(function: Any, x: str, *given: Any, **more: Any) -> Case:
    return Case(
        f"{function.__name__} {text(given)}",
        AVERAGE,
        lambda x: function(x, *given),
        (Input(x),),
        lambda x: pooled(x, options_of(*given), np.mean),
        **{"sizes": SIZES, **more},
    )


def avg_pool_grad(shape: tuple[int, ...], g: tuple[int, ...], *given: Any) -> Case:
    options = options_of(*given)

    def oracle(g: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        result = np.zeros(sizes)
        for place, cells in windows(shape, options):
            result[cells] += g[place] / result[cells].size
        return result

    def function(g: Tensor, sizes: Any) -> Tensor:
        return apply(AvgPoolGrad(*options), g, convert(sizes))

    sizes = Input(
        (len(shape),), "int32", values=lambda _, n, dtype: np.array(shape, dtype), host=True
    )
    return Case(f"avg pool gradient {text(given)}", AVERAGE, function, (Input(g), sizes), oracle)


def general(x: str, kind: str, *given: Any, **more: Any) -> Case:
    options = options_of(*given)
    size, strides, padding, dilations = options
    return Case(
        f"pool {kind} {text(given)}",
        MAX if kind == "MAX" else AVERAGE,
        lambda x: pool(x, size, kind, strides, padding, dilations),
        (Input(x, distinct=kind == "MAX"),),
        lambda x: pooled(x, options, np.max if kind == "MAX" else np.mean),
        **{"sizes": SIZES, **more},
    )


def channels_first(function: Any, kind: str, data_format: str, x: str) -> Case:
    value = np.max if kind == "MAX" else np.mean
    options = options_of((2,) * (len(x) - 2), (2,) * (len(x) - 2), "SAME")
    return Case(
        f"{function.__name__} {data_format}",
        MAX if kind == "MAX" else AVERAGE,
        lambda x: function(x, 2, 2, "SAME", data_format=data_format),
        (Input(x, distinct=kind == "MAX"),),
        lambda x: np.moveaxis(pooled(np.moveaxis(x, 1, -1), options, value), -1, 1),
        sizes=SIZES,
    )


SIZES = {"n": (1, 2), "d": (3, 4), "h": (3, 7), "w": (3, 7), "c": (1, 3)}
WIDE = {**SIZES, "h": (5, 7), "w": (5, 8)}  # holds windows with gaps
SMALL = {**SIZES, "h": (3, 4), "w": (3, 4), "c": (1, 2)}

CASES = (
    max_pool(max_pool2d, "nhwc", (2, 2), (2, 2), "VALID", empty="nc"),
    max_pool(max_pool2d, "nhwc", (2, 2), (2, 2), "SAME", empty="nc"),
    max_pool(max_pool2d, "nhwc", (3, 2), (1, 2), "VALID"),
    max_pool(max_pool2d, "nhwc", (3, 3), (2, 2), "SAME"),
    max_pool(max_pool2d, "nhwc", (1, 1), (2, 3), "VALID"),
    max_pool(max_pool2d, "nhwc", (2, 3), (3, 1), ((1, 0), (2, 1))),
    max_pool(max_pool1d, "nwc", (3,), (2,), "SAME"),
    max_pool(max_pool3d, "ndhwc", (2, 2, 1), (1, 2, 2), "VALID", sizes=SMALL),
    max_pool_grad((2, 5, 4, 2), (2, 2, 2, 2), (2, 2), (2, 2), "VALID"),
    max_pool_grad((1, 5, 6, 2), (1, 3, 3, 2), (3, 3), (2, 2), "SAME"),
    max_pool_grad((2, 7, 2), (2, 5, 2), (2,), (1,), "VALID", (2,)),
    max_pool_grad((1, 2, 3, 4, 2), (1, 1, 3, 2, 2), (2, 2, 2), (2, 1, 2), "SAME"),
    max_pool_grad_grad((2, 5, 4, 2), (2, 2), (2, 2), "VALID"),
    max_pool_grad_grad((1, 5, 6, 2), (3, 3), (2, 2), "SAME"),
    max_pool_grad_grad((2, 7, 2), (3,), (2,), ((2, 2),), (2,)),
    argmax(False, (2, 2), (2, 2), "VALID"),
    argmax(True, (3, 2), (1, 2), "SAME"),
    volume_argmax(),
    avg_pool(avg_pool2d, "nhwc", (2, 2), (2, 2), "VALID", empty="nc"),
    avg_pool(avg_pool2d, "nhwc", (3, 2), (2, 1), "SAME", empty="nc"),
    avg_pool(avg_pool2d, "nhwc", (3, 3), (1, 3), "VALID"),
    avg_pool(avg_pool2d, "nhwc", (2, 3), (3, 2), ((1, 0), (2, 1))),
    avg_pool(avg_pool1d, "nwc", (2,), (2,), "SAME"),
    avg_pool(avg_pool3d, "ndhwc", (2, 2, 2), (2, 1, 2), "SAME", sizes=SMALL),
    avg_pool_grad((2, 5, 4, 2), (2, 2, 2, 2), (2, 2), (2, 2), "VALID"),
    avg_pool_grad((1, 5, 6, 2), (1, 3, 3, 2), (3, 3), (2, 2), "SAME"),
    avg_pool_grad((2, 7, 2), (2, 7, 2), (3,), (1,), "SAME", (2,)),
    general("nhwc", "MAX", (2, 2), (1, 1), "SAME", (2, 1), sizes=WIDE),
    general("nwc", "AVG", (3,), (2,), "VALID", (2,), sizes=WIDE),
    general("nhwc", "AVG", (2, 3), (1, 1), ((1, 1), (0, 2)), (2, 1), sizes=WIDE),
    channels_first(max_pool1d, "MAX", "NCW", "ncw"),
    channels_first(max_pool2d, "MAX", "NCHW", "nchw"),
    channels_first(avg_pool2d, "AVG", "NCHW", "nchw"),
    channels_first(avg_pool3d, "AVG", "NCDHW", "ncdhw"),
)
