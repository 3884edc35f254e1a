"""Sums by segment, counts and sums so far in TF1's spelling."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import int32, int64

from .arguments import either

__all__ = [
    "bincount",
    "confusion_matrix",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "histogram_fixed_width",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The sum of the rows of each segment; `segment_ids` are sorted."""
    return core.segment_sum(data, segment_ids, name=name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The mean of the rows of each segment; `segment_ids` are sorted."""
    return core.segment_mean(data, segment_ids, name=name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The prod of the rows of each segment; `segment_ids` are sorted."""
    return core.segment_prod(data, segment_ids, name=name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The min of the rows of each segment; `segment_ids` are sorted."""
    return core.segment_min(data, segment_ids, name=name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The max of the rows of each segment; `segment_ids` are sorted."""
    return core.segment_max(data, segment_ids, name=name)


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The sum of the rows of each segment, in any order."""
    return core.unsorted_segment_sum(data, segment_ids, num_segments, name=name)


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The mean of the rows of each segment, in any order."""
    return core.unsorted_segment_mean(data, segment_ids, num_segments, name=name)


def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The max of the rows of each segment, in any order."""
    return core.unsorted_segment_max(data, segment_ids, num_segments, name=name)


def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The min of the rows of each segment, in any order."""
    return core.unsorted_segment_min(data, segment_ids, num_segments, name=name)


def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The prod of the rows of each segment, in any order."""
    return core.unsorted_segment_prod(data, segment_ids, num_segments, name=name)


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The sqrt n of the rows of each segment, in any order."""
    return core.unsorted_segment_sqrt_n(data, segment_ids, num_segments, name=name)


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """Sums so far along an axis."""
    return core.cumsum(x, axis, exclusive, reverse, name=name)


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """Products so far along an axis."""
    return core.cumprod(x, axis, exclusive, reverse, name=name)


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Any:
    """How many values fall into each of equally wide bins."""
    return core.histogram_fixed_width(values, value_range, nbins, dtype, name=name)


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = int32
) -> Any:
    """How often each integer occurs, or the sum of its weights."""
    return core.bincount(arr, weights, minlength, maxlength, None if weights is not None else dtype)


def confusion_matrix(
    labels: Any = None,
    predictions: Any = None,
    num_classes: Any = None,
    dtype: Any = int32,
    name: str | None = None,
    weights: Any = None,
) -> Any:
    """How often each class was predicted for each label."""
    return core.confusion_matrix(labels, predictions, num_classes, weights, dtype, name=name)


def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = int64,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: Any = None,
    input: Any = None,
) -> Any:
    """How many elements are not zero, along axes."""
    return core.count_nonzero(
        either("count_nonzero", "input_tensor", input_tensor, "input", input),
        either("count_nonzero", "axis", axis, "reduction_indices", reduction_indices),
        bool(either("count_nonzero", "keepdims", keepdims, "keep_dims", keep_dims)),
        dtype,
        name=name,
    )
