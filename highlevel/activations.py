"""Activation functions: tensors in, tensors out; on arrays they compute at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, convert

from .eager import array_or_tensor
from .registry import Registry

__all__ = [
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def _float(x: Any) -> Tensor:
    """The tensor; integers and booleans become float32."""
    tensor = convert(x)
    return tensor if tensor.dtype.is_float else core.cast(tensor, "float32")


@array_or_tensor
def linear(x: Any) -> Any:
    """x itself.

    Args:
        x: (...) any dtype.

    >>> import numpy as np
    >>> linear(np.float32([1, -2])).tolist()
    [1.0, -2.0]
    """
    return convert(x)


@array_or_tensor
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """max(x, 0), or with other options: x where x > threshold, else negative_slope * (x -
    threshold), and max_value where that is larger.

    Args:
        x: (...) number.
        negative_slope: slope below the threshold, >= 0.
        max_value: the largest result; None for no bound.
        threshold: below it lies the damped part.

    >>> import numpy as np
    >>> relu(np.float32([-10, -1, 0, 3, 8]), negative_slope=0.5, max_value=6).tolist()
    [-5.0, -0.5, 0.0, 3.0, 6.0]
    """
    x = convert(x)
    if threshold == 0:
        if max_value == 6 and negative_slope == 0:
            return core.clipped_relu(x)
        positive = core.relu(x) if negative_slope == 0 else core.leaky_relu(x, negative_slope)
    else:
        damped = core.zeros_like(x) if negative_slope == 0 else (x - threshold) * negative_slope
        positive = core.where(core.greater(x, threshold), x, damped)
    return positive if max_value is None else core.minimum(positive, max_value)


@array_or_tensor
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6), of MobileNet.

    Args:
        x: (...) number.

    >>> import numpy as np
    >>> relu6(np.float32([-1, 3, 8])).tolist()
    [0.0, 3.0, 6.0]
    """
    return core.clipped_relu(x)


@array_or_tensor
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where it is positive, else negative_slope * x.

    Args:
        x: (...) float.
        negative_slope: slope below 0.

    >>> import numpy as np
    >>> leaky_relu(np.float32([1, -2]), negative_slope=0.5).tolist()
    [1.0, -1.0]
    """
    return core.leaky_relu(_float(x), negative_slope)


@array_or_tensor
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, else alpha * (exp(x) - 1).

    Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
    Linear Units", 2016, equation 15.

    Args:
        x: (...) float.
        alpha: the limit far below 0 is -alpha.

    >>> import numpy as np
    >>> elu(np.float32([2, -1000]), alpha=3.0).tolist()
    [2.0, -3.0]
    """
    x = _float(x)
    curved = core.elu(x)
    return curved if alpha == 1 else core.where(core.greater(x, 0), x, curved * alpha)


@array_or_tensor
def selu(x: Any) -> Any:
    """scale * elu(x, alpha), with the two constants that keep mean 0 and variance 1.

    Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", 2017,
    equation 14.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> selu(np.float32([1, -1000])).round(4).tolist()
    [1.0506999492645264, -1.7581000328063965]
    """
    return core.selu(_float(x))


@array_or_tensor
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)).

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> sigmoid(np.float32([0])).tolist()
    [0.5]
    """
    return core.sigmoid(_float(x))


@array_or_tensor
def log_sigmoid(x: Any) -> Any:
    """log(1 / (1 + exp(-x))), finite also where the sigmoid is 0.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> log_sigmoid(np.float32([-1000])).tolist()
    [-1000.0]
    """
    return core.log_sigmoid(_float(x))


@array_or_tensor
def hard_sigmoid(x: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6, the piecewise linear sigmoid of MobileNetV3.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> hard_sigmoid(np.float32([-3, 0, 1.5, 4])).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    return core.clipped_relu(_float(x) + 3.0) / 6.0


@array_or_tensor
def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x).

    Howard et al., "Searching for MobileNetV3", 2019, section 5.2.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> hard_silu(np.float32([0, 3])).tolist()
    [0.0, 3.0]
    """
    x = _float(x)
    return x * hard_sigmoid(x)


@array_or_tensor
def tanh(x: Any) -> Any:
    """The hyperbolic tangent.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> tanh(np.float32([0])).tolist()
    [0.0]
    """
    return core.tanh(_float(x))


@array_or_tensor
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> softplus(np.float32([-1000, 1000])).tolist()
    [0.0, 1000.0]
    """
    return core.softplus(_float(x))


@array_or_tensor
def softsign(x: Any) -> Any:
    """x / (1 + |x|).

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> softsign(np.float32([1, -3])).tolist()
    [0.5, -0.75]
    """
    return core.softsign(_float(x))


@array_or_tensor
def exponential(x: Any) -> Any:
    """exp(x).

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> exponential(np.float32([0])).tolist()
    [1.0]
    """
    return core.exp(_float(x))


@array_or_tensor
def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish.

    Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016, section 2; Ramachandran, Zoph, Le,
    "Searching for Activation Functions", 2017.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> silu(np.float32([0, 20])).round(4).tolist()
    [0.0, 20.0]
    """
    x = _float(x)
    return x * core.sigmoid(x)


@array_or_tensor
def gelu(x: Any, approximate: bool = False) -> Any:
    """x * P(X <= x) for a standard normal X: x / 2 * (1 + erf(x / sqrt(2))).

    Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016, section 2.

    Args:
        x: (...) float.
        approximate: use x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))) instead.

    >>> import numpy as np
    >>> gelu(np.float32([0, 1])).round(4).tolist()
    [0.0, 0.8413000106811523]
    """
    x = _float(x)
    if approximate:
        inner = core.tanh((x + 0.044715 * (x * x * x)) * math.sqrt(2 / math.pi))
    else:
        inner = core.erf(x * math.sqrt(0.5))
    return 0.5 * x * (1.0 + inner)


@array_or_tensor
def mish(x: Any) -> Any:
    """x * tanh(softplus(x)).

    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019, equation 1.

    Args:
        x: (...) float.

    >>> import numpy as np
    >>> mish(np.float32([0, 20])).tolist()
    [0.0, 20.0]
    """
    x = _float(x)
    return x * core.tanh(core.softplus(x))


def _over_axes(function: Any, x: Any, axis: int | Sequence[int]) -> Any:
    """A function of the last axis applied to other axes, which are brought there and back."""
    x = _float(x)
    if x.ndim is None:
        return function(x)  # only the last axis can be meant
    axes = [i % x.ndim for i in (axis if isinstance(axis, list | tuple) else [axis])]
    if axes == [x.ndim - 1]:
        return function(x)
    kept = [i for i in range(x.ndim) if i not in axes]
    order = [*kept, *axes]
    moved = core.transpose(x, order)
    if len(axes) == 1:
        y = function(moved)
    else:
        sizes = core.shape_of(moved)
        flat = core.concat([sizes[: len(kept)], [-1]], 0)
        y = core.reshape(function(core.reshape(moved, flat)), sizes)
    return core.transpose(y, [order.index(i) for i in range(x.ndim)])


@array_or_tensor
def softmax(x: Any, axis: int | tuple[int, ...] = -1) -> Any:
    """exp(x) / sum(exp(x)) over an axis: positive numbers that sum to 1.

    Args:
        x: (...) float.
        axis: over which the sum goes; several in a tuple.

    >>> import numpy as np
    >>> softmax(np.float32([[0, 0]])).tolist()
    [[0.5, 0.5]]
    """
    return _over_axes(core.softmax, x, axis)


@array_or_tensor
def log_softmax(x: Any, axis: int = -1) -> Any:
    """x - log(sum(exp(x))) over an axis: the logarithm of `softmax`, never -inf.

    Args:
        x: (...) float.
        axis: over which the sum goes.

    >>> import numpy as np
    >>> log_softmax(np.float32([[0, -1000]])).tolist()
    [[0.0, -1000.0]]
    """
    return _over_axes(core.log_softmax, x, axis)


swish = silu
hard_swish = hard_silu

_registry = Registry(
    "activation",
    {name: globals()[name] for name in __all__ if name not in ("get", "serialize", "deserialize")},
)


def get(identifier: Any) -> Any:
    """The activation function that an argument means; None means `linear`.

    Args:
        identifier: a name, what `serialize` wrote, or a function.

    Raises:
        OptionError: for an unknown name, with the nearest one.

    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    return linear if identifier is None else _registry.get(identifier)


serialize = _registry.serialize
deserialize = _registry.deserialize
