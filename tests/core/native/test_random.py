"""Random numbers: the reference's bits for every length, and on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.ops.philox import FoldIn, RandomBits, RandomUniform
from thalweg.core.types import as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

KEYS = [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x243F6A88, 0x85A308D3)]
# words around a block of 4, a batch of 64 blocks, and a task of 2048
SIZES = [0, 1, 2, 3, 4, 5, 7, 255, 256, 257, 260, 8191, 8192, 8193, 40_001]
OPS = [RandomBits(), RandomUniform(as_dtype("float32")), RandomUniform(as_dtype("float64"))]


def key(words: tuple[int, int]) -> np.ndarray:
    return np.array(words, np.uint32)


def test_the_authors_own_numbers() -> None:
    """Random123's known answer for counter 0 and key 0."""
    first = run_op(RandomBits(), key((0, 0)), np.array([4]))
    assert [hex(word) for word in first] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]


@pytest.mark.parametrize("op", OPS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_the_reference_s_bits(op: Any, size: int) -> None:
    for words in KEYS:
        expected = op.compute(np, key(words), np.array([size]))
        np.testing.assert_array_equal(run_op(op, key(words), np.array([size])), expected)


def test_shapes_only_arrange_the_stream() -> None:
    flat = run_op(OPS[1], key(KEYS[2]), np.array([210]))
    np.testing.assert_array_equal(
        run_op(OPS[1], key(KEYS[2]), np.array([5, 6, 7])), flat.reshape(5, 6, 7)
    )


def test_uniforms_are_below_one_and_spread() -> None:
    for op in OPS[1:]:
        u = run_op(op, key(KEYS[2]), np.array([100_000]))
        assert u.min() >= 0 and u.max() < 1
        counts = np.histogram(u, 100, (0, 1))[0]
        assert np.square(counts - 1000).sum() / 1000 < 160  # chi squared, 99 degrees


@pytest.mark.parametrize("data", [0, 1, 2**31, 2**32, 2**63 - 1, -1])
def test_fold_in(data: int) -> None:
    for words in KEYS:
        arrays = key(words), np.array(data, np.int64)
        np.testing.assert_array_equal(run_op(FoldIn(), *arrays), FoldIn().compute(np, *arrays))


@pytest.mark.parametrize("op", OPS, ids=str)
def test_any_number_of_threads_gives_the_same_bits(op: Any) -> None:
    assert_same_on_any_threads(lambda: run_op(op, key(KEYS[2]), np.array([100_001])))
