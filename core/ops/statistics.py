"""Statistics along axes, made of reductions: log-sum-exp, moments, variance, length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..graph import Tensor
from .compare import equal, is_finite, where
from .elementwise import (
    add,
    cast,
    divide,
    ones_like,
    shape_of,
    stop_gradient,
    subtract,
    zeros_like,
)
from .gather import gather
from .math import exp, log, sqrt, square, squared_difference
from .reduce import Axis, reduce_max, reduce_mean, reduce_prod, reduce_sum
from .source import convert, convert_all

__all__ = [
    "SufficientStatistics",
    "moments",
    "normalize_moments",
    "reduce_euclidean_norm",
    "reduce_logsumexp",
    "reduce_std",
    "reduce_variance",
    "sufficient_statistics",
    "weighted_moments",
]


def reduce_logsumexp(
    x: Any, axis: Axis = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """log(sum(exp(x))) along axes, without overflow.

    Args:
        x: (...) float.
        axis: None for all axes, a number, or several.
        keepdims: leave reduced axes with size 1.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(reduce_logsumexp([[1000.0, 1000.0]], axis=1)).round(2).tolist()
    [1000.69...]
    """
    x = convert(x)
    largest = stop_gradient(reduce_max(x, axis, keepdims=True))
    shift = where(is_finite(largest), largest, zeros_like(largest))
    total = reduce_sum(exp(x - shift), axis, keepdims)
    reduced_shift = shift if keepdims else reduce_sum(shift, axis)  # of one entry each
    return add(log(total), reduced_shift, name=name or "reduce_logsumexp")


def moments(
    x: Any, axes: Axis, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance along axes; the variance divides by the count.

    Args:
        x: (...) float.
        axes: None for all axes, a number, or several.
        keepdims: leave reduced axes with size 1.
        name: prefix of the two nodes.

    >>> from thalweg.core import Session
    >>> mean, variance = Session().run(moments([[1.0, 5.0]], axes=[1]))
    >>> mean.tolist(), variance.tolist()
    ([3.0], [4.0])
    """
    x = convert(x)
    name = name or "moments"
    mean = reduce_mean(x, axes, keepdims=True)
    variance = reduce_mean(squared_difference(x, mean), axes, keepdims, name=f"{name}_variance")
    return reduce_mean(x, axes, keepdims, name=f"{name}_mean"), variance


def reduce_variance(
    x: Any, axis: Axis = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean squared distance from the mean along axes.

    Args:
        x: (...) float.
        axis: None for all axes, a number, or several.
        keepdims: leave reduced axes with size 1.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(reduce_variance([[1.0, 5.0]], axis=1)).tolist()
    [4.0]
    """
    return moments(x, axis, keepdims, name or "reduce_variance")[1]


def reduce_std(
    x: Any, axis: Axis = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the variance along axes.

    Args:
        x: (...) float.
        axis: None for all axes, a number, or several.
        keepdims: leave reduced axes with size 1.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(reduce_std([[1.0, 5.0]], axis=1)).tolist()
    [2.0]
    """
    return sqrt(reduce_variance(x, axis, keepdims), name=name or "reduce_std")


def weighted_moments(
    x: Any,
    axes: Axis,
    frequency_weights: Any,
    keepdims: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean and variance along axes where some entries count more often than others.

    mean = sum(w x) / sum(w) and variance = sum(w (x - mean)**2) / sum(w).

    Args:
        x: (...) float.
        axes: None for all axes, a number, or several.
        frequency_weights: how often each entry counts, >= 0: a shape that broadcasts, of the same
            dtype.
        keepdims: leave reduced axes with size 1.
        name: prefix of the two nodes.

    >>> from thalweg.core import Session
    >>> mean, variance = Session().run(weighted_moments([1.0, 5.0], None, [3.0, 1.0]))
    >>> float(mean), float(variance)
    (2.0, 3.0)
    """
    x, weights = convert_all(x, frequency_weights)
    name = name or "weighted_moments"
    weights = weights * ones_like(x)
    x = x * ones_like(weights)
    mean = reduce_sum(x * weights, axes, True) / reduce_sum(weights, axes, True)
    total = reduce_sum(weights, axes, keepdims)
    spread = reduce_sum(squared_difference(x, mean) * weights, axes, keepdims)
    return (
        mean if keepdims else reduce_sum(mean, axes, name=f"{name}_mean"),  # of one entry each
        divide(spread, total, name=f"{name}_variance"),
    )


class SufficientStatistics(NamedTuple):
    """What `sufficient_statistics` makes."""

    counts: Tensor
    mean_ss: Tensor
    variance_ss: Tensor
    shift: Tensor | None


def sufficient_statistics(
    x: Any, axes: Axis, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> SufficientStatistics:
    """Sums from which mean and variance follow, and which add up over batches.

    Args:
        x: (...) float.
        axes: None for all axes, a number, or several.
        shift: subtracted from x first, and near its mean if that is large: squares that are
            nearly equal would cancel. A shape that broadcasts; None means nothing.
        keepdims: leave reduced axes with size 1.
        name: prefix of the nodes.

    Returns:
        The number of entries summed, () of x's dtype; sum(x - shift) and sum((x - shift)**2)
        along the axes; and the shift.

    >>> from thalweg.core import Session
    >>> count, mean_ss, variance_ss, _ = sufficient_statistics([[1.0, 5.0]], [1])
    >>> [value.tolist() for value in Session().run([count, mean_ss, variance_ss])]
    [2.0, [6.0], [26.0]]
    """
    name = name or "sufficient_statistics"
    if shift is None:
        x, by = convert(x), None
        moved = x
    else:
        x, by = convert_all(x, shift)
        moved = x - by
    sizes = shape_of(x)
    if axes is not None:
        sizes = gather(sizes, list(axes) if isinstance(axes, Sequence) else [axes])
    return SufficientStatistics(
        cast(reduce_prod(sizes), x.dtype, name=f"{name}_count"),
        reduce_sum(moved, axes, keepdims, name=f"{name}_mean"),
        reduce_sum(square(moved), axes, keepdims, name=f"{name}_variance"),
        by,
    )


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance from `sufficient_statistics`.

    Args:
        counts: () float, the number of entries.
        mean_ss: (...) their sum, less the shift.
        variance_ss: (...) the sum of their squares, less the shift.
        shift: what was subtracted, or None.
        name: prefix of the two nodes.

    >>> from thalweg.core import Session
    >>> mean, variance = Session().run(normalize_moments(2.0, [6.0], [26.0]))
    >>> mean.tolist(), variance.tolist()
    ([3.0], [4.0])
    """
    name = name or "normalize_moments"
    given = [counts, mean_ss, variance_ss, *([] if shift is None else [shift])]
    count, mean_sum, square_sum, *by = convert_all(*given)
    mean = mean_sum / count
    variance = subtract(square_sum / count, square(mean), name=f"{name}_variance")
    return add(mean, by[0], name=f"{name}_mean") if by else mean, variance


def reduce_euclidean_norm(
    x: Any, axis: Axis = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The square root of the sum of squares along axes; its gradient at 0 is 0, not NaN.

    Args:
        x: (...) float.
        axis: None for all axes, a number, or several.
        keepdims: leave reduced axes with size 1.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(reduce_euclidean_norm([[3.0, 4.0], [0.0, 0.0]], axis=1)).tolist()
    [5.0, 0.0]
    """
    squares = reduce_sum(square(x), axis, keepdims)
    is_zero = equal(squares, 0)
    root = sqrt(where(is_zero, ones_like(squares), squares))
    return where(is_zero, zeros_like(squares), root, name=name or "reduce_euclidean_norm")
