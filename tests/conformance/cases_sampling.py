"""Rows of core/ops/sampling.py: the oracles use Philox in Python integers."""

from __future__ import annotations

import numpy as np
from conformance.case import Case, Input
from conformance.cases_random import KEY, bits, doubles, open_uniform

from thalweg import core
from thalweg.core import apply
from thalweg.core.opdef import REGISTRY


def permutation(key: np.ndarray, size: int) -> np.ndarray:
    words = [(int(a) << 32) + int(b) for a, b in bits(key, [size, 2])]
    return np.array(sorted(range(size), key=words.__getitem__), np.int64)


def offsets(key: np.ndarray, shape: np.ndarray, size: np.ndarray) -> np.ndarray:
    u = doubles(key, [len(size)])
    return np.array([int(f * (m - n + 1)) for f, m, n in zip(u, shape, size, strict=True)])


def cropped(x: np.ndarray, key: np.ndarray, size: list[int]) -> np.ndarray:
    starts = offsets(key, np.array(x.shape), np.array(size))
    return x[tuple(slice(s, s + n) for s, n in zip(starts.tolist(), size, strict=True))]


def categorical(logits: np.ndarray, key: np.ndarray, count: int) -> np.ndarray:
    """The first arrival among exponential clocks of these rates."""
    clocks = -np.log(open_uniform(key, [*logits.shape[:-1], count, logits.shape[-1]]))
    return np.argmin(clocks / np.exp(logits)[..., None, :], axis=-1)


CASES = (
    Case(
        "random_permutation",
        ("RandomPermutation",),
        lambda key, size: apply(REGISTRY["RandomPermutation"](), key, size),
        (KEY, Input((1,), "int32", host=True, values=lambda r, s, t: r.integers(0, 9, s, t))),
        lambda key, size: permutation(key, int(size[0])),
        gradient=False,
        exact=True,
    ),
    Case(
        "random_shuffle",
        ("RandomPermutation", "Gather", "ScatterRows"),
        lambda x, key: core.random_shuffle(x, key=key),
        (Input("nk"), KEY),
        lambda x, key: x[permutation(key, len(x))],
        empty="nk",
        exact=True,
    ),
    Case(
        "crop offsets",
        ("CropOffsets",),
        lambda key, shape, size: apply(REGISTRY["CropOffsets"](), key, shape, size),
        (
            KEY,
            Input((3,), "int64", host=True, values=lambda r, s, t: np.array([5, 3, 9], t)),
            Input((3,), "int32", host=True, values=lambda r, s, t: np.array([2, 3, 0], t)),
        ),
        offsets,
        gradient=False,
    ),
    Case(
        "random_crop",
        ("CropOffsets", "Gather", "ScatterRows"),
        lambda x, key: core.random_crop(x, [2, 3, 4], key=key),
        (Input(("m", 3, "n")), KEY),
        lambda x, key: cropped(x, key, [2, 3, 4]),
        sizes={"m": (2, 4), "n": (4, 7)},
        exact=True,
    ),
    Case(
        "random_categorical",
        ("RandomExponential", "Argmax"),
        lambda logits, key: core.random_categorical(logits, 5, key=key),
        (Input("mn"), KEY),
        lambda logits, key: categorical(logits, key, 5),
        gradient=False,
        empty="m",
    ),
    Case(
        "random_categorical of a vector",
        ("RandomExponential", "Argmax"),
        lambda logits, key: core.random_categorical(logits, 2, "int32", key=key),
        (Input("n"), KEY),
        lambda logits, key: categorical(logits, key, 2),
        gradient=False,
    ),
)
