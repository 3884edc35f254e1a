"""The generator behind all random ops: Philox 4x32-10, its keys' arithmetic, and plain numbers.

Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011: the generator of TensorFlow
and cuRAND. It is counter-based: block number n of a key is a function of both, so any part of a
stream can be made by itself, in any order and on any number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..opdef import OpDef, no_gradient, register, require
from ..types import DType, TensorType, uint32
from .elementwise import shape_from_value

__all__: list[str] = []  # all of it is for the other random ops

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


class Draw(OpDef):
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
class RandomBits(Draw):
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
class RandomUniform(Draw):
    """Uniform floats in 0 <= u < 1: multiples of 2**-11 (float16), 2**-24, or 2**-53 (float64)."""

    dtype: DType

    def compute(self, xp: Any, key: Any, shape: Any) -> Any:
        """The upper bits of the words."""
        if self.dtype.size_bytes == 8:
            pairs = RandomBits().compute(xp, key, np.append(shape, 2)).astype("uint64")
            high, low = pairs[..., 0], pairs[..., 1]
            shift = xp.full((), 32, "uint64")
            bits = ((high << shift) | low) >> xp.full((), 11, "uint64")
            return bits.astype("float64") * 2.0**-53
        digits = 24 if self.dtype.size_bytes == 4 else 11  # more would round up to 1
        bits = RandomBits().compute(xp, key, shape) >> xp.full((), 32 - digits, "uint32")
        return (bits.astype("float32") * 2.0**-digits).astype(self.dtype.numpy)


def open_uniform(xp: Any, key: Any, shape: Any) -> Any:
    """Float64 uniforms strictly inside 0..1, of 32 bits."""
    return (RandomBits().compute(xp, key, shape).astype("float64") + 0.5) * 2.0**-32
