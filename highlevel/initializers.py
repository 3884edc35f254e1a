"""Initializers: what weights start from, as functions of their shape.

An initializer is called with a shape and a dtype. Inside a graph that is being built it returns a
tensor; otherwise it computes at once and returns a NumPy array. Numbers come from the core's
random streams: with a `seed` they depend on it and the shape alone, without one every call draws
others.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import (
    Stream,
    Tensor,
    as_dtype,
    changed_context,
    current_context,
    new_stream,
)
from thalweg.core.errors import ShapeError

from .eager import call_at_once, is_symbolic
from .options import Interval, OneOf, OrNone
from .registry import Registry
from .saving.config import Configurable

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

_NUMBER = Interval()
_NOT_NEGATIVE = Interval(0)
_POSITIVE = Interval(0, open_low=True)
_SEED = OrNone(Interval(0, integer=True))


class Initializer(Configurable):
    """Base of all initializers; a subclass writes `values`.

    >>> class Halves(Initializer):
    ...     def values(self, shape, dtype):
    ...         return core.fill(shape, core.constant(0.5, dtype))
    >>> Halves()((2,)).tolist()
    [0.5, 0.5]
    """

    _stream: Stream | None = None

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The starting values of a weight.

        Args:
            shape: sizes of the weight.
            dtype: float32 if None.

        Returns:
            A tensor inside a trace, else a NumPy array.
        """
        sizes = tuple(int(size) for size in shape)
        wanted = as_dtype(dtype or "float32").name
        if is_symbolic():
            return self.values(sizes, wanted)
        if self._stream is None:
            self._stream = new_stream(type(self).__name__)

        def build() -> Tensor:
            with changed_context(stream=self._stream):
                return self.values(sizes, wanted)

        # Compiled anew each time: a kept one would count on, and a seed give other numbers.
        return call_at_once(build, (), OrderedDict(), ())

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """The values as a tensor of the graph that is being built."""
        raise NotImplementedError(type(self).__name__)

    def clone(self) -> Initializer:
        """An initializer made with the same arguments."""
        return self.from_config(self.get_config())


class Zeros(Initializer):
    """Zeros.

    >>> Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """Zeros of this shape."""
        return core.zeros(shape, dtype)


class Ones(Initializer):
    """Ones.

    >>> Ones()((2,)).tolist()
    [1.0, 1.0]
    """

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """Ones of this shape."""
        return core.ones(shape, dtype)


class Constant(Initializer):
    """One number everywhere, or given values.

    Args:
        value: a number, or an array that broadcasts to the weight's shape.

    >>> Constant(3.0)((2,)).tolist()
    [3.0, 3.0]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """The value, broadcast."""
        value = core.constant(np.asarray(self.value).astype(as_dtype(dtype).numpy))
        return core.broadcast_to(value, np.asarray(shape, np.int32))


class Identity(Initializer):
    """The identity matrix times a number.

    Args:
        gain: the number.

    >>> Identity(2.0)((2, 2)).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = _NUMBER.check(self, "gain", gain)

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """`gain` on the diagonal.

        Raises:
            ShapeError: if the shape has not two axes.
        """
        if len(shape) != 2:
            raise ShapeError(
                "Identity", "needs a matrix", expected="(rows, columns)", got=repr(shape)
            )
        return core.constant((self.gain * np.eye(*shape)).astype(as_dtype(dtype).numpy))


class RandomNormal(Initializer):
    """Normal numbers.

    Args:
        mean: of the distribution.
        stddev: its standard deviation, >= 0.
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> bool((RandomNormal(seed=1)((3,)) == RandomNormal(seed=1)((3,))).all())
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = _NUMBER.check(self, "mean", mean)
        self.stddev = _NOT_NEGATIVE.check(self, "stddev", stddev)
        self.seed = _SEED.check(self, "seed", seed)

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """Independent draws."""
        return core.random_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)


class TruncatedNormal(Initializer):
    """Normal numbers on the condition that they lie within two standard deviations of the mean.

    Args:
        mean: of the distribution before truncation.
        stddev: its standard deviation before truncation, >= 0; that of the numbers is 0.88 of it.
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> bool(abs(TruncatedNormal(stddev=1.0)((100,))).max() <= 2)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = _NUMBER.check(self, "mean", mean)
        self.stddev = _NOT_NEGATIVE.check(self, "stddev", stddev)
        self.seed = _SEED.check(self, "seed", seed)

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """Independent draws."""
        return core.truncated_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)


class RandomUniform(Initializer):
    """Uniform numbers in minval <= x < maxval.

    Args:
        minval, maxval: the bounds.
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> x = RandomUniform(2.0, 3.0)((100,))
    >>> bool(2 <= x.min() <= x.max() <= 3)
    True
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval = _NUMBER.check(self, "minval", minval)
        self.maxval = _NUMBER.check(self, "maxval", maxval)
        self.seed = _SEED.check(self, "seed", seed)

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """Independent draws."""
        return core.random_uniform(shape, self.minval, self.maxval, dtype, seed=self.seed)


def compute_fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs an output of a kernel has, and how many outputs an input.

    Args:
        shape: (..., in, out); the axes before count the receptive field. A vector's size is
            both, and a scalar has one of each.

    >>> compute_fans((3, 3, 16, 32)), compute_fans((784, 10)), compute_fans((5,))
    ((144, 288), (784, 10), (5, 5))
    """
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


# The standard deviation of a standard normal variable on the condition |x| < 2.
_TRUNCATED_STDDEV = 0.87962566103423978


class VarianceScaling(Initializer):
    """Numbers of variance scale / n, where n counts the inputs or outputs of a kernel.

    So a layer's outputs, or what flows back through it, keep the variance of what flows in.

    Args:
        scale: > 0.
        mode: n is `"fan_in"`, `"fan_out"` or `"fan_avg"`, the mean of both.
        distribution: `"truncated_normal"` (also called `"normal"`), `"untruncated_normal"` or
            `"uniform"`; the mean is 0.
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> x = VarianceScaling(scale=3.0, distribution="uniform")((900, 10))
    >>> bool(abs(x).max() <= 0.1)  # sqrt(3 * 3 / 900)
    True
    """

    _distribution = OneOf("truncated_normal", "untruncated_normal", "uniform", "normal")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        self.scale = _POSITIVE.check(self, "scale", scale)
        self.mode = OneOf("fan_in", "fan_out", "fan_avg").check(self, "mode", mode)
        word = self._distribution.check(self, "distribution", distribution)
        self.distribution = "truncated_normal" if word == "normal" else word
        self.seed = _SEED.check(self, "seed", seed)

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """Independent draws."""
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, n))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * stddev
            return core.random_uniform(shape, -limit, limit, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return core.random_normal(shape, 0.0, stddev, dtype, seed=self.seed)
        return core.truncated_normal(shape, 0.0, stddev / _TRUNCATED_STDDEV, dtype, seed=self.seed)


class GlorotUniform(VarianceScaling):
    """Uniform numbers of variance 2 / (fan_in + fan_out): within sqrt(6 / (fan_in + fan_out)).

    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    2010, equation 16.

    Args:
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> bool(abs(GlorotUniform()((2, 4))).max() <= 1)
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal numbers of variance 2 / (fan_in + fan_out).

    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    2010, equation 12.

    Args:
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> GlorotNormal()((2, 4)).shape
    (2, 4)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform numbers of variance 2 / fan_in: within sqrt(6 / fan_in).

    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015, equation 10.

    Args:
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> bool(abs(HeUniform()((6, 4))).max() <= 1)
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal numbers of variance 2 / fan_in.

    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015, equation 10.

    Args:
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> HeNormal()((2, 4)).shape
    (2, 4)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform numbers of variance 1 / fan_in: within sqrt(3 / fan_in).

    LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.6.

    Args:
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> bool(abs(LecunUniform()((3, 4))).max() <= 1)
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal numbers of variance 1 / fan_in, as `selu` needs them.

    LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.6.

    Args:
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> LecunNormal()((2, 4)).shape
    (2, 4)
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times a number.

    Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks", 2014. It is the Q of the QR decomposition of normal numbers, with
    signs that make it uniform over all such matrices (Mezzadri, 2007).

    Args:
        gain: the number.
        seed: an integer >= 0; equal seeds give equal numbers.

    >>> q = Orthogonal()((3, 2))
    >>> bool(np.allclose(q.T @ q, np.eye(2), atol=1e-6))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = _NUMBER.check(self, "gain", gain)
        self.seed = _SEED.check(self, "seed", seed)

    def values(self, shape: tuple[int, ...], dtype: str) -> Tensor:
        """The matrix, whose rows are all axes but the last; a constant of the graph.

        Raises:
            ShapeError: if the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ShapeError(
                "Orthogonal", "needs a matrix", expected="two axes or more", got=repr(shape)
            )
        stream = current_context().stream
        rows, columns = math.prod(shape[:-1]), shape[-1]
        sizes = (max(rows, columns), min(rows, columns))

        def draw() -> Tensor:
            with changed_context(stream=stream):
                return core.random_normal(sizes, dtype="float64", seed=self.seed)

        # There is no decomposition in the graph: the numbers are drawn now.
        q, r = np.linalg.qr(call_at_once(draw, (), OrderedDict(), ()))
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        matrix = q if rows >= columns else q.T
        return core.constant((self.gain * matrix.reshape(shape)).astype(as_dtype(dtype).numpy))


IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal
zeros = Zeros
ones = Ones
constant = Constant
identity = Identity
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_uniform = HeUniform
he_normal = HeNormal
lecun_uniform = LecunUniform
lecun_normal = LecunNormal
orthogonal = Orthogonal

_registry = Registry(
    "initializer",
    {
        **{
            name: item
            for name, item in list(globals().items())
            if name in __all__ and isinstance(item, type) and item is not Initializer
        },
        "zero": Zeros,
        "one": Ones,
        "normal": RandomNormal,
        "uniform": RandomUniform,
    },
)


def get(identifier: Any) -> Any:
    """The initializer that an argument means; None stays None.

    Args:
        identifier: a name, a class, what `serialize` wrote, an array of values, or a function
            `f(shape, dtype=...)`.

    Raises:
        OptionError: for an unknown name, with the nearest one.

    >>> type(get("he_normal")).__name__
    'HeNormal'
    """
    if isinstance(identifier, np.ndarray | list):
        return Constant(identifier)
    return _registry.get(identifier)


serialize = _registry.serialize
deserialize = _registry.deserialize
