"""What variables start from, with TF1's definitions and defaults.

An initializer is called with a shape and a dtype and adds its numbers to the graph; so running a
variable's initializer again draws others.

>>> import thalweg.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     print(session.run(tf.constant_initializer(0.5)([2])))
[0.5 0.5]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import thalweg.core
from thalweg.core import (
    OptionError,
    ShapeError,
    Tensor,
    as_dtype,
    as_shape,
    cast,
    float32,
    float64,
    matrix_diag_part,
    qr,
    reshape,
    sign,
    transpose,
)

from .draws import random_normal as _random_normal
from .draws import random_uniform as _random_uniform
from .draws import truncated_normal as _truncated_normal
from .inputs import constant as _constant

__all__ = [
    "constant_initializer",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "ones_initializer",
    "orthogonal_initializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "truncated_normal_initializer",
    "uniform_unit_scaling_initializer",
    "variance_scaling_initializer",
    "zeros_initializer",
]


class Initializer:
    """Base of all initializers; a subclass writes `__call__`.

    Args:
        dtype: of the numbers, where the call does not say another.
    """

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Numbers of a shape.

        Args:
            shape: sizes.
            dtype: the initializer's if None.
            partition_info: ignored: variables lie in one piece.
        """
        raise NotImplementedError(type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {**vars(self), "dtype": self.dtype.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An initializer made with the arguments that `get_config` told."""
        return cls(**config)


class zeros_initializer(Initializer):
    """Zeros, False, or empty strings.

    Args:
        dtype: of the numbers, where the call does not say another.
    """

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Zeros of a shape."""
        return thalweg.core.zeros(_sizes(shape), dtype or self.dtype)


class ones_initializer(Initializer):
    """Ones.

    Args:
        dtype: of the numbers, where the call does not say another.
    """

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Ones of a shape."""
        return thalweg.core.ones(_sizes(shape), dtype or self.dtype)


class constant_initializer(Initializer):
    """Given values; where the shape has more elements, the last is repeated.

    Args:
        value: a number, a list or an array.
        dtype: of the values, where the call does not say another.
        verify_shape: refuses a value whose shape is not the variable's.
    """

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        super().__init__(dtype)
        self.value = value
        self.verify_shape = verify_shape

    def __call__(
        self,
        shape: Any,
        dtype: Any = None,
        partition_info: Any = None,
        verify_shape: bool | None = None,
    ) -> Tensor:
        """The values in a shape."""
        verify = self.verify_shape if verify_shape is None else verify_shape
        return _constant(self.value, dtype or self.dtype, shape, verify_shape=verify)


class random_uniform_initializer(Initializer):
    """Uniform numbers in minval <= x < maxval.

    Args:
        minval: lower bound.
        maxval: upper bound; 1 for floats if None.
        seed: equal seeds give equal numbers.
        dtype: float or integer.
    """

    def __init__(
        self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(dtype)
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Independent draws."""
        return _random_uniform(shape, self.minval, self.maxval, dtype or self.dtype, self.seed)


class random_normal_initializer(Initializer):
    """Normal numbers.

    Args:
        mean: of the distribution.
        stddev: its standard deviation.
        seed: equal seeds give equal numbers.
        dtype: float.
    """

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(_float(self, dtype))
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Independent draws."""
        return _random_normal(shape, self.mean, self.stddev, dtype or self.dtype, self.seed)


class truncated_normal_initializer(Initializer):
    """Normal numbers on the condition that they lie within two standard deviations.

    Args:
        mean: of the distribution before truncation.
        stddev: its standard deviation before truncation.
        seed: equal seeds give equal numbers.
        dtype: float.
    """

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        super().__init__(_float(self, dtype))
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Independent draws."""
        return _truncated_normal(shape, self.mean, self.stddev, dtype or self.dtype, self.seed)


class uniform_unit_scaling_initializer(Initializer):
    """Uniform numbers within factor * sqrt(3 / n), n the size of all axes but the last.

    So an output has the variance of an input, times factor² (Sussillo and Abbott, "Random Walk
    Initialization for Training Very Deep Feedforward Networks", 2014).

    Args:
        factor: for the gain of the activation that follows, 1.15 for tanh.
        seed: equal seeds give equal numbers.
        dtype: float.
    """

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(_float(self, dtype))
        self.factor = factor
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Independent draws."""
        inputs = max(math.prod(_sizes(shape)[:-1]), 1)
        limit = math.sqrt(3.0 / inputs) * self.factor
        return _random_uniform(shape, -limit, limit, dtype or self.dtype, self.seed)


class variance_scaling_initializer(Initializer):
    """Numbers of mean 0 and variance scale / n, n the inputs or outputs of a kernel.

    Args:
        scale: > 0.
        mode: n is `"fan_in"`, `"fan_out"` or `"fan_avg"`, the mean of both.
        distribution: `"truncated_normal"` (also `"normal"`), `"untruncated_normal"` or
            `"uniform"`.
        seed: equal seeds give equal numbers.
        dtype: float.

    Raises:
        OptionError: for another mode or distribution, or a scale that is not positive.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        super().__init__(_float(self, dtype))
        if scale <= 0.0:
            raise OptionError(
                "variance_scaling_initializer", "not a scale", expected="> 0", got=repr(scale)
            )
        self.scale = scale
        self.mode = _one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        word = distribution.lower()
        words = ("normal", "uniform", "truncated_normal", "untruncated_normal")
        self.distribution = _one_of("distribution", word, words)
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """Independent draws."""
        fan_in, fan_out = _fans(_sizes(shape))
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        wanted = dtype or self.dtype
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _random_uniform(shape, -limit, limit, wanted, self.seed)
        if self.distribution == "untruncated_normal":
            return _random_normal(shape, 0.0, math.sqrt(variance), wanted, self.seed)
        stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
        return _truncated_normal(shape, 0.0, stddev, wanted, self.seed)


# The standard deviation of a standard normal variable on the condition |x| < 2.
_TRUNCATED_STDDEV = 0.87962566103423978


class _Scaled(variance_scaling_initializer):
    """One of the named members of the family, whose arguments are `seed` and `dtype`."""

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {"seed": self.seed, "dtype": self.dtype.name}


class glorot_uniform_initializer(_Scaled):
    """Uniform numbers within sqrt(6 / (fan_in + fan_out)): Glorot and Bengio, 2010, equation 16.

    Args:
        seed: equal seeds give equal numbers.
        dtype: float.
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)


class glorot_normal_initializer(_Scaled):
    """Truncated normal numbers of variance 2 / (fan_in + fan_out): Glorot and Bengio, 2010.

    Args:
        seed: equal seeds give equal numbers.
        dtype: float.
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)


class orthogonal_initializer(Initializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times a number.

    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", 2014: the Q of the QR decomposition of normal numbers, with signs
    that make it uniform over all such matrices (Mezzadri, 2007).

    Args:
        gain: the number.
        seed: equal seeds give equal numbers.
        dtype: float.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(_float(self, dtype))
        self.gain = gain
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """The matrix, whose rows are all axes but the last.

        Raises:
            ShapeError: if the shape has fewer than two axes.
        """
        sizes = _sizes(shape)
        if len(sizes) < 2:
            raise ShapeError(
                "orthogonal_initializer",
                "needs a matrix",
                expected="two axes or more",
                got=repr(tuple(sizes)),
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        draws = _random_normal(
            [max(rows, columns), min(rows, columns)], dtype=float64, seed=self.seed
        )
        q, r = qr(draws)
        q = q * sign(matrix_diag_part(r))
        matrix = q if rows >= columns else transpose(q)
        return cast(self.gain * reshape(matrix, sizes), dtype or self.dtype)


def _sizes(shape: Any) -> Sequence[int]:
    return [size for size in as_shape(shape) or () if size is not None]


def _fans(sizes: Sequence[int]) -> tuple[int, int]:
    """How many inputs an output of a kernel has, and how many outputs an input."""
    if len(sizes) < 2:
        size = sizes[0] if sizes else 1
        return size, size
    field = math.prod(sizes[:-2])
    return sizes[-2] * field, sizes[-1] * field


def _float(initializer: Initializer, dtype: Any) -> Any:
    wanted = as_dtype(dtype)
    if not wanted.is_float:
        raise OptionError(
            type(initializer).__name__,
            "draws floats",
            expected="a float dtype",
            got=repr(dtype),
        )
    return wanted


def _one_of(argument: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise OptionError(
            "variance_scaling_initializer",
            f"unknown {argument}",
            expected=", ".join(map(repr, allowed)),
            got=repr(value),
        )
    return value
