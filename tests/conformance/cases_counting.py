"""Rows of the functions in `core/ops/counting.py`."""

from __future__ import annotations

import collections
import functools
from typing import Any

import numpy as np

from thalweg import core

from .case import Case, Input
from .cases_reduce import reduced, with_zeros

SMALL = Input("mn", "int32", low=0, high=5)
SOME_NEGATIVE = Input("mn", "int64", low=-2, high=6)
WEIGHTS = Input("mn")


def counted(
    values: np.ndarray, weights: np.ndarray | None = None, size: int | None = None
) -> np.ndarray:
    """With Python's dictionaries."""
    counts: collections.Counter[int] = collections.Counter()
    ones = np.ones(values.shape, np.int32) if weights is None else weights
    for value, weight in zip(values.reshape(-1).tolist(), ones.reshape(-1).tolist(), strict=True):
        counts[value] += weight
    size = max([-1, *counts]) + 1 if size is None else size
    return np.array([counts[i] for i in range(size)], ones.dtype)


def limited(values: np.ndarray, low: int, high: int | None) -> np.ndarray:
    size = max(int(values.max(initial=-1)) + 1, low)
    return counted(values, size=size if high is None else min(size, high))


def binned(x: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """By comparing with the edges."""
    edges = low + (high - low) / bins * np.arange(1, bins)
    places = [int(sum(v >= edge for edge in edges)) for v in x.reshape(-1) if not np.isnan(v)]
    return counted(np.array(places, int), size=bins)


def with_nan(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return generator.choice([-9.0, 0.1, 0.9, 2.6, 3.9, 1e30, np.inf, np.nan], shape).astype(dtype)


def pairs(
    labels: np.ndarray,
    predictions: np.ndarray,
    weights: np.ndarray | None = None,
    size: int | None = None,
) -> np.ndarray:
    ones = np.ones(labels.shape, np.int32) if weights is None else weights
    if size is None:
        size = max(int(labels.max(initial=-1)), int(predictions.max(initial=-1))) + 1
    result = np.zeros((size, size), ones.dtype)
    flat = (array.reshape(-1).tolist() for array in (labels, predictions, ones))
    for row, column, weight in zip(*flat, strict=True):
        if 0 <= row < size and 0 <= column < size:
            result[row, column] += weight
    return result


CASES = (
    *reduced(
        "count_nonzero",
        "ReduceSum",
        lambda x: np.array((np.abs(x) > 0) @ np.ones(x.shape[-1]), int),
        Input("mnk", values=with_zeros, gradient=False),
        gradient=False,
    ),
    Case(
        "count_nonzero of booleans and words",
        ("ReduceSum",),
        lambda x, words: (
            core.count_nonzero(x, 0, dtype="int32"),
            core.count_nonzero(core.where(x, words, "")),
        ),
        (Input("n", "bool"), Input("n", "string")),
        lambda x, words: (np.array(list(x).count(True)), np.array(sum(map(bool, x)))),
        gradient=False,
    ),
    Case(
        "bincount",
        ("SegmentCount",),
        core.bincount,
        (SMALL,),
        counted,
        gradient=False,
        data_sizes=True,
        empty="m",
    ),
    Case(
        "bincount of a known size",
        ("SegmentCount",),
        lambda values: core.bincount(values, minlength=5, maxlength=5, dtype="int64"),
        (SOME_NEGATIVE,),
        lambda values: counted(values, size=5),
        gradient=False,
        empty="m",
    ),
    *(
        Case(
            f"bincount from {low} to {high}",
            ("SegmentCount",),
            functools.partial(core.bincount, minlength=low, maxlength=high),
            (SOME_NEGATIVE,),
            functools.partial(limited, low=low or 0, high=high),
            gradient=False,
            data_sizes=True,
            empty="m",
        )
        for low, high in ((3, None), (None, 4), (2, 4))
    ),
    Case(
        "bincount of weights",
        ("SegmentSum",),
        lambda values, weights: core.bincount(values, weights),
        (SMALL, WEIGHTS),
        counted,
        data_sizes=True,
        empty="m",
    ),
    Case(
        "bincount of weights of a known size",
        ("SegmentSum",),
        lambda values, weights: core.bincount(values, weights, 3, 3, "float64"),
        (SOME_NEGATIVE, Input("mn", "float64")),
        lambda values, weights: counted(values, weights, 3),
        empty="m",
    ),
    Case(
        "histogram_fixed_width",
        ("SegmentCount",),
        lambda x: core.histogram_fixed_width(x, [-1.0, 2.0], 4),
        (Input("mn", away=(-1.0, -0.25, 0.5, 1.25, 2.0), gradient=False),),
        lambda x: binned(x, -1.0, 2.0, 4),
        gradient=False,
        empty="m",
    ),
    Case(
        "histogram_fixed_width of extremes",
        ("SegmentCount",),
        lambda x: core.histogram_fixed_width(x, [0.0, 4.0], 3, "int64"),
        (Input("mn", values=with_nan, gradient=False),),
        lambda x: binned(x, 0.0, 4.0, 3),
        gradient=False,
    ),
    Case(
        "histogram_fixed_width of integers in a given range",
        ("SegmentCount",),
        lambda x, ends: core.histogram_fixed_width(x, ends, 8),
        (Input("mn", "int32", low=-3, high=9), Input((2,), "int32", values=lambda r, s, t:
               np.array([-1, 7], t))),
        lambda x, ends: binned(x, -1, 7, 8),
        gradient=False,
    ),
    Case(
        "confusion_matrix",
        ("SegmentCount", "Reshape"),
        core.confusion_matrix,
        (Input("n", "int32", low=0, high=3), Input("n", "int64", low=0, high=4)),
        pairs,
        gradient=False,
        data_sizes=True,
        empty="n",
    ),
    Case(
        "confusion_matrix of three",
        ("SegmentCount", "Reshape"),
        lambda labels, predictions: core.confusion_matrix(labels, predictions, 3, dtype="int64"),
        (SOME_NEGATIVE, Input("mn", "uint8", low=0, high=4)),
        lambda labels, predictions: pairs(labels, predictions, size=3),
        gradient=False,
        empty="n",
    ),
    Case(
        "confusion_matrix of weights",
        ("SegmentSum", "Reshape"),
        lambda labels, predictions, weights: core.confusion_matrix(
            labels, predictions, 3, weights
        ),
        (SMALL, SMALL, WEIGHTS),
        lambda labels, predictions, weights: pairs(labels, predictions, weights, 3),
        empty="n",
    ),
)  # fmt: skip
