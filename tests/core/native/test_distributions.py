"""Random numbers of distributions are the reference's draws, on any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.backends.native.failures import StepFailed
from thalweg.core.ops import candidates
from thalweg.core.ops.candidates import SampleLogUniform, SampleUniform, SampleUnigram
from thalweg.core.ops.distributions import (
    RandomExponential,
    RandomGamma,
    RandomLaplace,
    RandomPoisson,
)
from thalweg.core.ops.random import RandomNormal, TruncatedNormal
from thalweg.core.ops.sampling import CropOffsets, RandomPermutation
from thalweg.core.types import as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

KEY = np.array([0x243F6A88, 0x85A308D3], np.uint32)
# words and samples around a block of 4, a batch of 64 and of 256, and a task
SIZES = [0, 1, 3, 4, 5, 63, 64, 65, 255, 256, 257, 511, 512, 513, 8192, 8193, 20_001]
INVERTED = [RandomNormal, TruncatedNormal, RandomExponential, RandomLaplace]
RATES = np.array([0.0, 1e-3, 0.7, 5.0, 9.999, 10.0, 50.0, 1e5, np.nan, -1.0, np.inf])
ALPHAS = np.array([1e-3, 0.3, 0.999, 1.0, 1.5, 40.0, 1e8, 0.0, np.nan, -1.0, np.inf])
MARGIN = {"float32": 2e-7, "float64": 4e-15}  # of exp and log


def assert_same_draws(op: Any, *inputs: Any, margin: float = 0.0) -> None:
    with np.errstate(all="ignore"):
        expected = op.compute(np, *inputs)
    np.testing.assert_allclose(run_op(op, *inputs), expected, rtol=margin, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", INVERTED)
def test_by_inversion(kind: Any, dtype: str) -> None:
    for size in SIZES:
        assert_same_draws(kind(as_dtype(dtype)), KEY, np.array([size]), margin=MARGIN[dtype])


def test_five_of_six_normal_numbers_have_the_reference_s_bits() -> None:
    """Those that need no logarithm."""
    op, size = RandomNormal(as_dtype("float64")), np.array([10_000])
    result, expected = run_op(op, KEY, size), op.compute(np, KEY, size)
    centre = np.abs(expected) < 1.4
    assert centre.mean() > 0.8
    np.testing.assert_array_equal(result[centre], expected[centre])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_logarithm", [False, True])
def test_gamma(dtype: str, is_logarithm: bool) -> None:
    op = RandomGamma(as_dtype(dtype), is_logarithm)
    # an exponential multiplies the error of what it is given by that
    margin = 100 * MARGIN["float64"] + MARGIN[dtype]
    for size in (0, 1, 6, 50, 700):
        assert_same_draws(op, KEY, np.array([size]), ALPHAS, margin=margin)
    assert_same_draws(op, KEY, np.array([70, 3]), np.array(2.5, np.float32), margin=margin)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_poisson(dtype: str) -> None:
    op = RandomPoisson(as_dtype(dtype))
    rates = RATES if dtype.startswith("float") else RATES[:-1]  # infinity is no integer
    for size in (0, 1, 6, 50, 700):
        assert_same_draws(op, KEY, np.array([size]), rates)
    assert_same_draws(op, KEY, np.array([70, 3]), rates[:7].astype(np.float32).reshape(7, 1))


def test_means_and_variances() -> None:
    count = np.array([200_000])
    for rate in (0.4, 6.0, 30.0):
        x = run_op(RandomPoisson(as_dtype("float64")), KEY, count, np.array(rate))
        assert abs(x.mean() - rate) < 5 * np.sqrt(rate / x.size)
        assert abs(x.var() / rate - 1) < 0.02
    for alpha in (0.2, 1.0, 7.0):
        x = run_op(RandomGamma(as_dtype("float64"), False), KEY, count, np.array(alpha))
        assert abs(x.mean() - alpha) < 5 * np.sqrt(alpha / x.size)
        assert abs(x.var() / alpha - 1) < 0.05


@pytest.mark.parametrize("size", [*SIZES, 100_003])
def test_permutations(size: int) -> None:
    assert_same_draws(RandomPermutation(), KEY, np.array([size]))


def test_crop_offsets() -> None:
    whole = np.arange(1, 301)
    assert_same_draws(CropOffsets(), KEY, whole, whole // 3)


@pytest.mark.parametrize("is_unique", [False, True])
@pytest.mark.parametrize("count", [1, 5, 31, 255, 256, 257, 1000])
def test_samples_of_classes(count: int, is_unique: bool) -> None:
    weights = np.random.default_rng(0).integers(1, 50, 1000)
    weights[17] = 0
    for op, inputs in [
        (SampleUniform(count, is_unique, 1000), []),
        (SampleUniform(count, is_unique, 2**24), []),
        (SampleLogUniform(count, is_unique, 1000), []),
        (SampleUnigram(min(count, 999), is_unique), [weights]),
        (SampleUnigram(min(count, 999), is_unique), [weights.astype(np.int32)]),
    ]:
        expected, draws = op.compute(np, KEY, *inputs)
        result, tries = run_op(op, KEY, *inputs)
        np.testing.assert_array_equal(result, expected)
        assert tries == draws


def test_classes_too_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MAX_TRIES", 1000)
    op, weights = SampleUnigram(30, True), np.array([1] * 12 + [0] * 88)
    with pytest.raises(StepFailed, match=r"^12 distinct classes$"):
        run_op(op, KEY, weights)
    assert str(op.failure("12 distinct classes")).splitlines() == [
        "SampleUnigram: some classes are too rare to be drawn",
        "  expected  30 distinct classes in 1920 draws",
        "  got       12 distinct classes",
        "  hint      sample fewer classes, or use unique=False",
    ]


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        *((kind(as_dtype("float32")), [np.array([100_001])]) for kind in INVERTED),
        (RandomGamma(as_dtype("float32"), False), [np.array([700]), ALPHAS]),
        (RandomPoisson(as_dtype("int64")), [np.array([700]), RATES[:-1]]),
        (RandomPermutation(), [np.array([50_000])]),
    ],
    ids=lambda value: getattr(value, "label", None),
)
def test_any_number_of_threads_gives_the_same_bits(op: Any, inputs: list[Any]) -> None:
    assert_same_on_any_threads(lambda: run_op(op, KEY, *inputs))


DIGEST = """
import hashlib
import thalweg.core as core
from thalweg.core.backends.native import extension
draws = [
    core.random_normal([5000], seed=1), core.truncated_normal([5000], seed=2),
    core.random_exponential([5000], seed=3), core.random_laplace([5000], seed=4),
    core.random_gamma([500], [0.3, 4.0], seed=5), core.random_poisson([500], [3.0, 40.0], seed=6),
]
arrays = core.Session(backend="native", strict=True).run(draws)
print(extension.isa(), hashlib.sha256(b"".join(x.tobytes() for x in arrays)).hexdigest())
"""


@pytest.mark.slow
def test_every_instruction_set_gives_the_same_bits() -> None:
    digests = {}
    for isa in extension.usable_isas():
        environment = {**os.environ, "THALWEG_ISA": isa}
        command = [sys.executable, "-c", DIGEST]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        used, digests[isa] = run.stdout.split()
        assert used == isa
    assert len(set(digests.values())) == 1, digests
