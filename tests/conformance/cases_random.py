"""Rows of core/ops/philox.py and random.py. The oracle is Philox in Python integers, by blocks."""

from __future__ import annotations

import math

import numpy as np
import scipy.special
from conformance.case import Case, Input

from thalweg.core import apply
from thalweg.core.opdef import REGISTRY
from thalweg.core.types import float16, float32, float64


def philox_block(counter, key):
    """Four 32-bit words: ten rounds of Salmon et al. 2011, figure 4."""
    c = [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
    k = [int(word) for word in key]
    for _ in range(10):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (high >> 32) ^ c[1] ^ k[0],
            high & 0xFFFFFFFF,
            (low >> 32) ^ c[3] ^ k[1],
            low & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def bits(key, shape):
    total = math.prod(int(n) for n in shape)
    words = [word for block in range(-(-total // 4)) for word in philox_block(block, key)]
    return np.array(words[:total], np.uint32).reshape([int(n) for n in shape])


def doubles(key, shape):
    pairs = bits(key, [*shape, 2]).astype(object)
    return ((pairs[..., 0] * 2**32 + pairs[..., 1]) // 2**11).astype(float) / 2**53


def open_uniform(key, shape):
    return (bits(key, shape) + 0.5) / 2**32


def truncated(key, shape):
    low, high = scipy.special.ndtr(-2.0), scipy.special.ndtr(2.0)
    return scipy.special.ndtri(low + (high - low) * open_uniform(key, shape))


def words(rng, shape, dtype):
    return rng.integers(2**32, size=shape).astype(dtype)


def count(rng, shape, dtype):
    return np.array(rng.integers(2**40), dtype)


def floats(key, shape):
    return ((bits(key, shape) >> 8) / 2**24).astype("f")


def halves(key, shape):
    return ((bits(key, shape) >> 21) / 2**11).astype("e")


def normal(key, shape):
    return scipy.special.ndtri(open_uniform(key, shape))


def sizes(rng, shape, dtype):
    return rng.integers(1, 6, size=shape).astype(dtype)


KEY = Input((2,), dtype="uint32", values=words)
SHAPE = Input((2,), dtype="int32", values=sizes, host=True)


def draw(name, oracle, *attributes, exact=True, rtol=1.0):
    return Case(
        f"{name} {' '.join(map(str, attributes))}".strip(),
        covers=(name,),
        function=lambda key, shape: apply(REGISTRY[name](*attributes), key, shape),
        inputs=(KEY, SHAPE),
        oracle=oracle,
        gradient=False,
        exact=exact,
        rtol=rtol,
    )


CASES = (
    Case(
        "fold_in",
        covers=("FoldIn",),
        function=lambda key, data: apply(REGISTRY["FoldIn"](), key, data),
        inputs=(KEY, Input("", dtype="int64", values=count)),
        oracle=lambda key, data: np.array(philox_block(int(data), key)[:2], np.uint32),
        gradient=False,
        exact=True,
    ),
    draw("RandomBits", bits),
    draw("RandomUniform", floats, float32),
    draw("RandomUniform", doubles, float64),
    draw("RandomUniform", halves, float16),
    draw("RandomNormal", normal, float64, exact=False),
    draw("RandomNormal", lambda key, shape: normal(key, shape).astype("f"), float32, exact=False),
    draw("TruncatedNormal", truncated, float64, exact=False),
)
