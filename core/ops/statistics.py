"""Statistics along axes, made of reductions: log-sum-exp, moments, variance."""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from .compare import is_finite, where
from .elementwise import add, stop_gradient, zeros_like
from .math import exp, log, sqrt, squared_difference
from .reduce import Axis, reduce_max, reduce_mean, reduce_sum
from .source import convert

__all__ = ["moments", "reduce_logsumexp", "reduce_std", "reduce_variance"]


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
