"""Random numbers as pure ops: the same key and shape give the same bits on every machine.

A random op draws from a counter-based generator, Philox 4x32-10 (Salmon et al., "Parallel Random
Numbers: As Easy as 1, 2, 3", SC 2011), the one of TensorFlow and cuRAND. Its key is folded from
the seed, the op's path in its model and the op's own execution counter. So no op's numbers
depend on which other ops exist, on threads or on the order of execution.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import Tensor, current_context
from ..opdef import OpDef, apply, no_gradient, register, require
from ..random import current_seed
from ..types import DType, TensorType, as_dtype, float32, uint32
from .elementwise import add, cast, multiply, shape_from_value
from .source import constant, convert
from .state import Counter, NextCount

__all__ = [
    "draw_key",
    "random_bernoulli",
    "random_bits",
    "random_integers",
    "random_normal",
    "random_uniform",
    "truncated_normal",
]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK = 0xFFFFFFFF


def philox(xp: Any, counters: Any, key: Any) -> tuple[Any, Any, Any, Any]:
    """Philox 4x32-10.

    Args:
        xp: the array module.
        counters: (blocks,) uint64 block numbers.
        key: (2,) uint32.

    Returns:
        Four (blocks,) uint64 arrays of 32-bit words.
    """
    k0, k1 = key[0].astype("uint64"), key[1].astype("uint64")
    mask = xp.full((), _MASK, "uint64")
    half = xp.full((), 32, "uint64")
    m0, m1 = (xp.full((), m, "uint64") for m in _MULTIPLIERS)
    w0, w1 = (xp.full((), w, "uint64") for w in _WEYL)
    c0, c1 = counters & mask, counters >> half
    c2 = c3 = xp.zeros(counters.shape, "uint64")
    for _ in range(10):
        p0, p1 = c0 * m0, c2 * m1
        c0, c1, c2, c3 = (
            (p1 >> half) ^ c1 ^ k0,
            p1 & mask,
            (p0 >> half) ^ c3 ^ k1,
            p0 & mask,
        )
        k0, k1 = (k0 + w0) & mask, (k1 + w1) & mask
    return c0, c1, c2, c3


@register
class FoldIn(OpDef):
    """A new key from a key and a number.  key: (2,) uint32, data: () int64 -> (2,) uint32."""

    def infer(self, key: TensorType, data: TensorType) -> TensorType:
        """A key."""
        require(self, "integer", key=key, data=data)
        return TensorType(uint32, (2,))

    def compute(self, xp: Any, key: Any, data: Any) -> Any:
        """Two words of the Philox block that `data` numbers."""
        words = philox(xp, data.reshape((1,)).astype("uint64"), key)
        return xp.concatenate(words[:2]).astype("uint32")

    gradient = no_gradient


class _Draw(OpDef):
    """Base of ops (key, shape) -> array."""

    host_inputs = frozenset({1})
    dtype: DType

    def infer(self, key: TensorType, shape: TensorType) -> TensorType:
        """The shape's value, where known."""
        require(self, "integer", key=key, shape=shape)
        return TensorType(self.dtype, shape_from_value(shape))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The dtype."""
        return (TensorType(self.dtype, None),)

    gradient = no_gradient


@register
class RandomBits(_Draw):
    """Independent uniform 32-bit words.  key: (2,) uint32, shape: host -> `shape` uint32."""

    dtype: DType = uint32

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """Word i of the stream is word i % 4 of block i // 4."""
        sizes = tuple(int(size) for size in shape)
        total = int(np.prod(shape, dtype=np.int64))
        blocks = -(-total // 4)
        words = philox(xp, xp.arange(blocks, dtype="uint64"), key)
        flat = xp.stack(words, axis=1).astype("uint32").reshape((-1,))
        return flat[:total].reshape(sizes)


@register
class RandomUniform(_Draw):
    """Uniform floats in 0 <= u < 1, multiples of 2**-24 (float64: of 2**-53)."""

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """The upper bits of the words."""
        if self.dtype.size_bytes == 8:
            pairs = RandomBits().compute(xp, key, np.append(shape, 2)).astype("uint64")
            high, low = pairs[..., 0], pairs[..., 1]
            shift = xp.full((), 32, "uint64")
            bits = ((high << shift) | low) >> xp.full((), 11, "uint64")
            return bits.astype("float64") * 2.0**-53
        bits = RandomBits().compute(xp, key, shape)
        return ((bits >> xp.full((), 8, "uint32")).astype("float32") * 2.0**-24).astype(
            self.dtype.numpy
        )


def _open_uniform(xp: Any, key: Any, shape: Any) -> Any:
    """Float64 uniforms strictly inside 0..1, of 32 bits."""
    return (RandomBits().compute(xp, key, shape).astype("float64") + 0.5) * 2.0**-32


@register
class RandomNormal(_Draw):
    """Standard normal numbers, by inversion of the distribution function."""

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """One uniform word each; |x| < 6.3."""
        return normal_quantile(xp, _open_uniform(xp, key, shape)).astype(self.dtype.numpy)


@register
class TruncatedNormal(_Draw):
    """Standard normal numbers on the condition |x| < 2, by inversion."""

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """Uniforms between the distribution's values at -2 and 2."""
        low = 0.022750131948179195  # Phi(-2)
        u = low + (1.0 - 2.0 * low) * _open_uniform(xp, key, shape)
        return normal_quantile(xp, u).astype(self.dtype.numpy)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    result = coefficients[-1] + 0.0 * x
    for c in coefficients[-2::-1]:
        result = result * x + c
    return result


# Wichura, "Algorithm AS 241: The percentage points of the normal distribution", 1988: PPND16.
_CENTRE = (
    (3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)  # fmt: skip
_MIDDLE = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
     3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip
_TAIL = (
    (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip


def normal_quantile(xp: Any, u: Any) -> Any:
    """The x at which the standard normal distribution function is u, 0 < u < 1 (AS 241).

    Relative error about 1e-16; u and result are float64 of any shape.
    """
    q = u - 0.5
    r = 0.180625 - q * q
    centre = q * _polynomial(_CENTRE[0], r) / _polynomial(_CENTRE[1], r)
    tail = xp.sqrt(-xp.log(xp.minimum(u, 1.0 - u)))
    near, far = tail - 1.6, tail - 5.0
    outer = xp.where(
        tail <= 5.0,
        _polynomial(_MIDDLE[0], near) / _polynomial(_MIDDLE[1], near),
        _polynomial(_TAIL[0], far) / _polynomial(_TAIL[1], far),
    )
    return xp.where(xp.abs(q) <= 0.425, centre, xp.where(q < 0, -outer, outer))


# Keys and public functions ----------------------------------------------------------------------


def stream_key(seed: int, path: str) -> np.ndarray[Any, Any]:
    """The key of one stream.  -> (2,) uint32.

    >>> stream_key(0, "dropout").dtype, stream_key(0, "a").tolist() == stream_key(1, "a").tolist()
    (dtype('uint32'), False)
    """
    import hashlib  # loads OpenSSL, which most programs never need

    digest = hashlib.blake2b(f"{seed}/{path}".encode(), digest_size=8).digest()
    return np.frombuffer(digest, "<u4").astype(np.uint32)


def draw_key(seed: int | None = None) -> Tensor:
    """A key that differs at every run: folded from seed, path and a counter of its own.

    The path is that of the stream in force (a layer's), else the node's name; with an explicit
    `seed` it is the seed alone, so that two ops of equal seed draw equal numbers.
    """
    context = current_context()
    if context.graph.outer is not None:
        return _draw_in_body(seed, context.graph)
    stream = context.stream
    name = "random/seed"  # the node's, made below: so the next op's path is another
    path = stream.next_path() if stream else context.graph.free_name(context.scope + name)
    ordinal = int(path.rpartition("/")[2]) if stream else 0
    if seed is not None:
        path, general = f"seed {seed}", context.graph.seed or 0
    elif stream is not None:
        general = stream.seed
    else:
        general = current_seed() if context.graph.seed is None else context.graph.seed
    base = constant(stream_key(general, path), name=name)
    counter = Counter(f"{path}/count", stream, ordinal)
    count = apply(NextCount(counter), name="random/count")
    return apply(FoldIn(), base, count, name="random/key")


def _draw_in_body(seed: int | None, graph: Any) -> Tensor:
    """A key drawn once for the whole loop, outside of it, and folded with the iteration."""
    with graph.outside():
        key = draw_key(seed)
    iteration = graph.iteration()
    return graph.capture(key) if iteration is None else apply(FoldIn(), key, iteration)


def _draw(op: OpDef, shape: Any, seed: int | None, name: str | None) -> Tensor:
    return apply(op, draw_key(seed), convert(_shape(shape)), name=name)


def _shape(shape: Any) -> Any:
    """An empty list of sizes is still a list of integers."""
    return np.zeros(0, np.int32) if isinstance(shape, list | tuple) and not shape else shape


def random_bits(shape: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Uniform 32-bit words.

    Args:
        shape: sizes, or a host integer vector.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Returns:
        `shape` uint32.

    >>> from thalweg.core import Session
    >>> Session().run(random_bits([2, 3])).shape
    (2, 3)
    """
    return _draw(RandomBits(), shape, seed, name)


def random_uniform(
    shape: Any,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform numbers in minval <= u < maxval; integers for an integer dtype.

    Args:
        shape: sizes, or a host integer vector.
        minval: lower bound.
        maxval: upper bound, exclusive.
        dtype: float, or integer (then both bounds must be given).
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session
    >>> x = Session().run(random_uniform([1000], 2.0, 3.0))
    >>> bool(2 <= x.min() < x.max() < 3)
    True
    """
    wanted = as_dtype(dtype)
    if wanted.is_integer:
        return random_integers(shape, minval, maxval, wanted, seed, name)
    u = _draw(RandomUniform(wanted), shape, seed, name)
    if isinstance(minval, int | float) and isinstance(maxval, int | float):
        if minval == 0 and maxval == 1:
            return u
        return u * (maxval - minval) + minval
    low, high = convert(minval, wanted), convert(maxval, wanted)
    return u * (high - low) + low


def random_integers(
    shape: Any,
    minval: int,
    maxval: int,
    dtype: Any = "int32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Uniform integers in minval <= n < maxval (bias below 2**-32 times the range).

    Raises:
        OptionError: if the range is empty.

    >>> from thalweg.core import Session
    >>> sorted(set(Session().run(random_integers([100], 0, 3)).tolist()))
    [0, 1, 2]
    """
    if not minval < maxval:
        raise OptionError(
            "random_integers",
            "an empty range",
            expected="minval < maxval",
            got=f"minval {minval}, maxval {maxval}",
        )
    u = _draw(RandomUniform(as_dtype("float64")), shape, seed, name)
    return cast(u * float(maxval - minval), dtype) + minval


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers.

    Args:
        shape: sizes, or a host integer vector.
        mean: of the distribution.
        stddev: its standard deviation.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session
    >>> abs(float(Session().run(random_normal([10000])).mean())) < 0.1
    True
    """
    draw = _draw(RandomNormal(as_dtype(dtype)), shape, seed, name)
    return add(multiply(draw, stddev), mean)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers on the condition that they lie within two standard deviations.

    Args:
        shape: sizes, or a host integer vector.
        mean: of the distribution before truncation.
        stddev: its standard deviation before truncation.
        dtype: float.
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session
    >>> bool(abs(Session().run(truncated_normal([10000]))).max() < 2)
    True
    """
    draw = _draw(TruncatedNormal(as_dtype(dtype)), shape, seed, name)
    return add(multiply(draw, stddev), mean)


def random_bernoulli(
    shape: Any, probability: Any, dtype: Any = "bool", seed: int | None = None
) -> Tensor:
    """True with the given probability, which may be a tensor.

    >>> from thalweg.core import Session
    >>> Session().run(random_bernoulli([2], 1.0)).tolist()
    [True, True]
    """
    return cast(random_uniform(shape, dtype=float32, seed=seed) < probability, dtype)
