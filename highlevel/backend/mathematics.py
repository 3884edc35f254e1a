"""Arithmetic, sums along axes, and products of tensors."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

__all__ = [
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "batch_dot",
    "cast",
    "clip",
    "cos",
    "cumprod",
    "cumsum",
    "dot",
    "equal",
    "exp",
    "eye",
    "greater",
    "greater_equal",
    "identity",
    "less",
    "less_equal",
    "log",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "not_equal",
    "ones",
    "ones_like",
    "pow",
    "prod",
    "random_normal_variable",
    "random_uniform_variable",
    "round",
    "sign",
    "sin",
    "sqrt",
    "square",
    "std",
    "sum",
    "transpose",
    "var",
    "zeros",
    "zeros_like",
]

abs = core.abs
cast = core.cast
cos = core.cos
cumprod = core.cumprod
cumsum = core.cumsum
equal = core.equal
exp = core.exp
greater = core.greater
greater_equal = core.greater_equal
identity = core.identity
less = core.less
less_equal = core.less_equal
log = core.log
logsumexp = core.reduce_logsumexp
max = core.reduce_max
maximum = core.maximum
min = core.reduce_min
minimum = core.minimum
not_equal = core.not_equal
ones_like = core.ones_like
pow = core.pow
prod = core.reduce_prod
round = core.round
sign = core.sign
sin = core.sin
square = core.square
sum = core.reduce_sum
zeros_like = core.zeros_like

Axis = int | Sequence[int] | None


def _numbers(x: Any) -> Tensor:
    """Truth as 0 and 1 in float32; anything else as it is."""
    tensor = core.convert(x)
    return core.cast(tensor, "float32") if tensor.dtype.name == "bool" else tensor


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean along axes; of truth values it is the share of true ones.

    Args:
        x: a tensor.
        axis: one or several; None for all.
        keepdims: whether these axes stay, with size 1.

    >>> from thalweg.backend import eval
    >>> eval(mean([[True, False], [True, True]], axis=1)).tolist()
    [0.5, 1.0]
    """
    return core.reduce_mean(_numbers(x), axis, keepdims)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The (biased) variance along axes.

    >>> from thalweg.backend import eval
    >>> float(eval(var([1.0, 3.0])))
    1.0
    """
    return core.reduce_variance(_numbers(x), axis, keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The (biased) standard deviation along axes.

    >>> from thalweg.backend import eval
    >>> float(eval(std([1.0, 3.0])))
    1.0
    """
    return core.reduce_std(_numbers(x), axis, keepdims)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether something along axes is true, or is not 0.

    >>> from thalweg.backend import eval
    >>> bool(eval(any([0.0, 2.0])))
    True
    """
    return core.reduce_any(core.cast(x, "bool"), axis, keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether everything along axes is true, or is not 0.

    >>> from thalweg.backend import eval
    >>> bool(eval(all([0.0, 2.0])))
    False
    """
    return core.reduce_all(core.cast(x, "bool"), axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Tensor:
    """Where the largest number along an axis is, int64; the first one of several.

    >>> from thalweg.backend import eval
    >>> eval(argmax([[1, 3, 2]])).tolist()
    [1]
    """
    return core.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """Where the smallest number along an axis is, int64; the first one of several.

    >>> from thalweg.backend import eval
    >>> eval(argmin([[1, 3, 2]])).tolist()
    [0]
    """
    return core.argmin(x, axis)


def sqrt(x: Any) -> Tensor:
    """Square root; of what is below 0, it is 0.

    >>> from thalweg.backend import eval
    >>> eval(sqrt([4.0, -1.0])).tolist()
    [2.0, 0.0]
    """
    tensor = core.convert(x)
    return core.sqrt(core.maximum(tensor, core.zeros_like(tensor)))


def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Numbers held between two others.

    Args:
        x: a tensor.
        min_value: the least; None for no bound.
        max_value: the largest, not below `min_value`, which counts else; None for no bound.

    >>> from thalweg.backend import eval
    >>> eval(clip([1.0, 5.0, 9.0], 2.0, 6.0)).tolist()
    [2.0, 5.0, 6.0]
    """
    y = core.convert(x)
    y = y if max_value is None else core.minimum(y, max_value)
    return y if min_value is None else core.maximum(y, min_value)


def dot(x: Any, y: Any) -> Tensor:
    """The product over x's last axis and y's last but one.

    Args:
        x: (..., n).
        y: (..., n, m), or (n,).

    Returns:
        x's other axes, then y's.

    >>> from thalweg.backend import eval
    >>> eval(dot([[1.0, 2.0]], [[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    a, b = core.convert_all(x, y)
    last, row = (a.ndim or 1) - 1, (b.ndim or 2) - 2
    return core.tensordot(a, b, [[last], [row if row > 0 else 0]])


def batch_dot(x: Any, y: Any, axes: int | Sequence[int] | None = None) -> Tensor:
    """The product over an axis of each, sample by sample.

    Args:
        x: (batch, ...).
        y: (batch, ...), of as many samples.
        axes: one of x and one of y, of equal size, or one for both; None for x's last and y's
            second, or y's last if it has but two.

    Returns:
        (batch, x's other axes, y's other axes), with at least two axes.

    >>> from thalweg.backend import eval
    >>> eval(batch_dot([[1.0, 2.0]], [[3.0, 4.0]], axes=1)).tolist()
    [[11.0]]
    """
    a, b = core.convert_all(x, y)
    ranks = (a.ndim or 2), (b.ndim or 2)
    if axes is None:
        axes = (ranks[0] - 1, 1 if ranks[1] == 2 else ranks[1] - 2)
    pair = (axes, axes) if isinstance(axes, int) else axes
    letters = iter(string.ascii_letters[2:])  # "a" is the batch, "b" what is summed over
    names = []
    for rank, axis in zip(ranks, pair, strict=True):
        name = ["a", *(next(letters) for _ in range(rank - 1))]
        name[axis % rank] = "b"
        names.append(name)
    rest = [letter for name in names for letter in name if letter not in "ab"]
    y = core.einsum(f"{''.join(names[0])},{''.join(names[1])}->a{''.join(rest)}", a, b)
    return y if rest else core.expand_dims(y, 1)


def transpose(x: Any) -> Tensor:
    """The axes in reverse order.

    >>> from thalweg.backend import eval
    >>> eval(transpose([[1, 2]])).tolist()
    [[1], [2]]
    """
    return core.transpose(x)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Tensor:
    """Numbers in equal steps, as `range` counts.

    Args:
        start: the first, or with no `stop` how many from 0 on.
        stop: they end before it.
        step: from one to the next.
        dtype: of the result.

    >>> from thalweg.backend import eval
    >>> eval(arange(1, 7, 2)).tolist()
    [1, 3, 5]
    """
    first, end = (0, start) if stop is None else (start, stop)
    return core.cast(core.arange(first, end, step), dtype)


def zeros(shape: Sequence[int], dtype: Any = None, name: str | None = None) -> Variable:
    """A variable that starts from zeros.

    Args:
        shape: its sizes.
        dtype: float32 if None.
        name: of the variable.

    >>> from thalweg.backend import eval
    >>> eval(zeros((2,))).tolist()
    [0.0, 0.0]
    """
    return Variable(core.zeros(shape, dtype or "float32"), name=name)


def ones(shape: Sequence[int], dtype: Any = None, name: str | None = None) -> Variable:
    """A variable that starts from ones.

    Args:
        shape: its sizes.
        dtype: float32 if None.
        name: of the variable.

    >>> from thalweg.backend import eval
    >>> eval(ones((2,))).tolist()
    [1.0, 1.0]
    """
    return Variable(core.ones(shape, dtype or "float32"), name=name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable that starts from an identity matrix.

    Args:
        size: its rows and columns.
        dtype: float32 if None.
        name: of the variable.

    >>> from thalweg.backend import eval
    >>> eval(eye(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return Variable(core.eye(size, dtype=dtype or "float32"), name=name)


def random_uniform_variable(
    shape: Sequence[int],
    low: float,
    high: float,
    dtype: Any = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """A variable that starts from uniform random numbers in low..high.

    Args:
        shape: its sizes.
        low, high: bounds of the numbers.
        dtype: float32 if None.
        name: of the variable.
        seed: an integer; the numbers follow from `set_random_seed` if None.

    >>> random_uniform_variable((2, 3), 0, 1).shape
    (2, 3)
    """
    drawn = core.random_uniform(shape, low, high, dtype or "float32", seed)
    return Variable(drawn, name=name)


def random_normal_variable(
    shape: Sequence[int],
    mean: float,
    scale: float,
    dtype: Any = None,
    name: str | None = None,
    seed: int | None = None,
) -> Variable:
    """A variable that starts from normal random numbers.

    Args:
        shape: its sizes.
        mean: of the numbers.
        scale: their standard deviation.
        dtype: float32 if None.
        name: of the variable.
        seed: an integer; the numbers follow from `set_random_seed` if None.

    >>> random_normal_variable((2, 3), 0, 1).shape
    (2, 3)
    """
    drawn = core.random_normal(shape, mean, scale, dtype or "float32", seed)
    return Variable(drawn, name=name)
