"""Counts: of what is not zero, of equal integers, of numbers in bins, of pairs of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DtypeError, OptionError, ShapeError
from ..graph import Tensor
from ..opdef import apply
from ..types import int64, types_text
from .compare import clip_by_value, is_nan, less, logical_and, maximum, minimum, not_equal, where
from .elementwise import cast, divide, subtract
from .math import floor
from .reduce import Axis, reduce_max, reduce_sum
from .segments import SegmentCount, SegmentSum
from .shape import reshape
from .sizes import beside
from .source import convert
from .stack import stack

__all__ = ["bincount", "confusion_matrix", "count_nonzero", "histogram_fixed_width"]


def count_nonzero(
    x: Any,
    axis: Axis = None,
    keepdims: bool = False,
    dtype: Any = "int64",
    name: str | None = None,
) -> Tensor:
    """How many entries along axes are not 0, not False, or not empty.

    Args:
        x: (...) any dtype.
        axis: None for all axes, a number, or several; negative ones count from the last.
        keepdims: leave reduced axes with size 1.
        dtype: of the result.
        name: of the node.

    Raises:
        ShapeError: if there is no such axis, or one is given twice.

    >>> from thalweg.core import Session
    >>> Session().run(count_nonzero([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]], axis=1)).tolist()
    [2, 1]
    """
    tensor = convert(x)
    if not tensor.dtype.is_bool:
        tensor = not_equal(tensor, "" if tensor.dtype.is_string else 0)
    return reduce_sum(cast(tensor, dtype), axis, keepdims, name=name or "count_nonzero")


def bincount(
    values: Any,
    weights: Any = None,
    minlength: int | None = None,
    maxlength: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """How often each integer from 0 on occurs, or the sum of the weights where it does.

    The result has max(values) + 1 entries, a size that depends on data, but not fewer than
    `minlength` and not more than `maxlength`. Where both are the same number, that is the size,
    and known when the graph is built.

    Args:
        values: (...) integer; those that have no entry in the result are left out.
        weights: (...) number of the same shape. Their gradient is that of the sums.
        minlength: a Python integer >= 0; 0 if None.
        maxlength: a Python integer >= `minlength`; None for no bound.
        dtype: of the result; int32, or that of the weights, if None.
        name: of the node.

    Returns:
        (size,) of `dtype`.

    Raises:
        OptionError: if the bounds are no sizes, or exclude each other.
        DtypeError: if the values are not integers, or the weights no numbers.
        ShapeError: if the shapes differ.

    >>> from thalweg.core import Session
    >>> Session().run(bincount([1, 3, 1])).tolist()
    [0, 2, 0, 1]
    >>> Session().run(bincount([1, 3, 1], weights=[0.5, 2.0, 0.25], minlength=5)).tolist()
    [0.0, 0.75, 0.0, 2.0, 0.0]
    """
    _check_lengths(minlength, maxlength)
    tensor = convert(values)
    if not tensor.dtype.is_integer:
        raise DtypeError(
            "bincount",
            "counts integers",
            expected="an integer dtype",
            got=types_text(values=tensor.type),
        )
    with beside(tensor):
        size: Any = maxlength
        if minlength != maxlength or maxlength is None:
            size = maximum(cast(reduce_max(tensor), int64) + 1, minlength or 0)
            size = size if maxlength is None else minimum(size, maxlength)
        return _counted("bincount", tensor, weights, convert(size), dtype, name or "bincount")


def _check_lengths(minlength: int | None, maxlength: int | None) -> None:
    low, high = minlength or 0, maxlength
    if low < 0 or (high is not None and high < low):
        raise OptionError(
            "bincount",
            "no size is possible",
            expected="0 <= minlength <= maxlength",
            got=f"minlength {minlength}, maxlength {maxlength}",
        )


def _counted(
    where: str, index: Tensor, weights: Any, size: Tensor, dtype: Any, name: str
) -> Tensor:
    """Members, or weights of members, of each index."""
    if weights is None:
        counts = apply(SegmentCount(), index, size, name=f"{name}/counts")
        return cast(counts, dtype or "int32", name=name)
    tensor = convert(weights)
    if not index.type.accepts_shape(tensor.shape):
        raise ShapeError(
            where,
            "weights have another shape",
            expected="one weight for each",
            got=types_text(index=index.type, weights=tensor.type),
        )
    total = apply(SegmentSum(), tensor, index, size, name=name)
    return total if dtype is None else cast(total, dtype)


def histogram_fixed_width(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = "int32",
    name: str | None = None,
) -> Tensor:
    """How many numbers lie in each of `nbins` bins of equal width.

    Bin i holds low + i w <= value < low + (i + 1) w with w = (high - low) / nbins; what lies
    below or above the range is counted in the first or last bin, and NaN nowhere.

    Args:
        values: (...) number.
        value_range: low and high with low < high, two numbers or a tensor (2,).
        nbins: () integer > 0; it may come from sizes and fed values.
        dtype: of the result.
        name: of the node.

    Returns:
        (nbins,) of `dtype`.

    Raises:
        OptionError: if numbers are given for the range and low < high does not hold, or if a
            Python integer is given for nbins and is not above 0.

    >>> from thalweg.core import Session
    >>> Session().run(histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0, 5], 5)).tolist()
    [2, 1, 1, 0, 2]
    """
    if isinstance(value_range, list | tuple) and not _is_range(value_range):
        raise OptionError(
            "histogram_fixed_width",
            "not a range",
            expected="value_range [low, high] with low < high",
            got=repr(value_range),
        )
    if isinstance(nbins, int) and nbins <= 0:
        raise OptionError(
            "histogram_fixed_width", "no bins", expected="0 < nbins", got=f"nbins {nbins}"
        )
    tensor = convert(values)
    if not tensor.dtype.is_float:
        tensor = cast(tensor, "float64")
    with beside(tensor):
        ends = cast(convert(value_range), tensor.dtype)
        count = convert(nbins)
    bins = cast(count, tensor.dtype)
    place = divide(subtract(tensor, ends[0]), subtract(ends[1], ends[0])) * bins
    # the first and last bin take what is outside, before it is too large for an integer
    index = cast(clip_by_value(floor(place), 0.0, bins - 1.0), int64)
    index = where(is_nan(place), np.int64(-1), index)
    label = "histogram_fixed_width"
    return _counted(label, index, None, count, dtype, name or label)


def _is_range(ends: Any) -> bool:
    known = [end for end in ends if isinstance(end, int | float)]
    return len(ends) == 2 and (len(known) < 2 or known[0] < known[1])


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """How often each class, a row, was taken for each class, a column.

    Args:
        labels: (...) integer, the true classes.
        predictions: (...) integer of the same shape.
        num_classes: () integer >= 0. By default the largest class + 1, a size that depends on
            data. Pairs of which one is not in 0 <= class < num_classes are left out.
        weights: (...) number of the same shape, summed instead of counting.
        dtype: of the result; int32, or that of the weights, if None.
        name: of the node.

    Returns:
        (num_classes, num_classes) of `dtype`.

    Raises:
        DtypeError: if labels or predictions are not integers.
        ShapeError: if the shapes differ.

    >>> from thalweg.core import Session
    >>> Session().run(confusion_matrix([0, 1, 2, 2], [0, 2, 2, 2])).tolist()
    [[1, 0, 0], [0, 0, 1], [0, 0, 2]]
    """
    truth = convert(labels)
    with beside(truth):
        prediction = convert(predictions)
    _check_classes(truth, prediction)
    row, column = cast(truth, int64), cast(prediction, int64)
    with beside(truth):
        if num_classes is None:
            count = maximum(maximum(reduce_max(row), reduce_max(column)) + 1, 0)
        else:
            count = cast(convert(num_classes), int64)
        is_pair = logical_and(_is_class(row, count), _is_class(column, count))
        index = where(is_pair, row * count + column, np.int64(-1))
        label = "confusion_matrix"
        flat = _counted(label, index, weights, count * count, dtype, f"{label}/counts")
        return reshape(flat, stack([count, count]), name=name or label)


def _check_classes(label: Tensor, prediction: Tensor) -> None:
    got = types_text(labels=label.type, predictions=prediction.type)
    if not (label.dtype.is_integer and prediction.dtype.is_integer):
        raise DtypeError(
            "confusion_matrix", "classes are integers", expected="integer dtypes", got=got
        )
    if not label.type.accepts_shape(prediction.shape):
        raise ShapeError(
            "confusion_matrix", "shapes differ", expected="a prediction for each label", got=got
        )


def _is_class(number: Tensor, count: Tensor) -> Tensor:
    return logical_and(less(-1, number), less(number, count))
