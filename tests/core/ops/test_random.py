"""Distributions by Kolmogorov-Smirnov and chi-square, keys, edges and errors of the random ops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

from thalweg import core
from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    gradients,
    placeholder,
    random_key,
)

COUNT = 20_000


def value(x: Any, feeds: Any = None, backend: str = "numpy") -> Any:
    return Session(backend=backend).run(x, feeds)


CONTINUOUS: dict[str, tuple[Callable[..., Any], Any]] = {
    "uniform": (lambda **o: core.random_uniform([COUNT], -1.0, 3.0, **o),
                scipy.stats.uniform(-1, 4)),
    "normal": (lambda **o: core.random_normal([COUNT], 1.0, 2.0, **o), scipy.stats.norm(1, 2)),
    "truncated": (lambda **o: core.truncated_normal([COUNT], 1.0, 3.0, **o),
                  scipy.stats.truncnorm(-2, 2, 1, 3)),
    "exponential": (lambda **o: core.random_exponential([COUNT], 2.5, **o),
                    scipy.stats.expon(scale=2.5)),
    "laplace": (lambda **o: core.random_laplace([COUNT], -1.0, 0.5, **o),
                scipy.stats.laplace(-1, 0.5)),
    **{
        f"gamma {alpha}": (
            lambda alpha=alpha, **o: core.random_gamma([COUNT], alpha, 2.0, **o),
            scipy.stats.gamma(alpha, scale=0.5),
        )
        for alpha in (0.1, 0.7, 1.0, 2.5, 400.0)
    },
    **{
        f"beta {a} {b}": (
            lambda a=a, b=b, **o: core.random_beta([COUNT], a, b, **o),
            scipy.stats.beta(a, b),
        )
        for a, b in ((0.3, 1.5), (1.0, 1.0), (2.0, 30.0))
    },
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_distributions(name: str, dtype: str) -> None:
    function, law = CONTINUOUS[name]
    for seed in (1, 2):
        sample = value(function(dtype=dtype, key=random_key(seed)))
        assert sample.shape == (COUNT,) and sample.dtype == dtype
        assert scipy.stats.kstest(sample, law.cdf).pvalue > 1e-3
        # neighbours know nothing of each other
        ranks = law.cdf(sample.astype(np.float64))
        assert abs(np.corrcoef(ranks[1:], ranks[:-1])[0, 1]) < 4 / math.sqrt(COUNT)


@pytest.mark.parametrize("rate", [0.01, 0.8, 9.9, 10.0, 35.0, 1e4])
def test_poisson(rate: float) -> None:
    law = scipy.stats.poisson(rate)
    sample = value(core.random_poisson([COUNT], rate, "int64", key=random_key(5)))
    edges = np.unique(law.ppf(np.linspace(0.02, 0.98, 30)))  # bins (edge, next edge]
    bins = np.searchsorted(edges, sample)
    expected = np.diff([0.0, *law.cdf(edges), 1.0]) * COUNT
    counts = np.bincount(bins, minlength=len(expected))
    assert counts[expected < 1e-9].sum() == 0
    kept = expected > 5
    assert scipy.stats.chisquare(
        [*counts[kept], counts[~kept].sum() + 1e-9], [*expected[kept], expected[~kept].sum() + 1e-9]
    ).pvalue > 1e-3  # fmt: skip


def test_integers_and_bernoulli() -> None:
    key = random_key(3)
    dice = value(core.random_uniform([COUNT], 1, 7, "int8", key=key))
    assert dice.dtype == np.int8 and sorted(set(dice.tolist())) == [1, 2, 3, 4, 5, 6]
    assert scipy.stats.chisquare(np.bincount(dice)[1:]).pvalue > 1e-3
    whole = value(core.random_integers([COUNT], -128, 128, "int8", key=key))
    assert scipy.stats.chisquare(np.bincount(whole.astype(int) + 128)).pvalue > 1e-3
    coins = value(core.random_bernoulli([COUNT], 0.3, "int32", key=key))
    assert scipy.stats.binomtest(int(coins.sum()), COUNT, 0.3).pvalue > 1e-3


def test_half_uniforms_stay_below_one() -> None:
    u = value(core.random_uniform([COUNT], dtype="float16", key=random_key(1)))
    assert u.dtype == np.float16 and 0 <= u.min() and u.max() < 1


def test_parameters_are_drawn_shape_times_each() -> None:
    alpha, beta = placeholder("float32", [None, 1]), placeholder("float32", [3])
    x = core.random_gamma([2, 500], alpha, beta, key=random_key(1))
    assert x.shape == (2, 500, None, 3)
    feeds = {alpha: [[1.0], [50.0]], beta: [1.0, 2.0, 4.0]}
    mean = value(x, feeds).mean((0, 1))
    np.testing.assert_allclose(mean, [[1, 0.5, 0.25], [50, 25, 12.5]], rtol=0.15)
    k = core.random_poisson([], [0, 3, 100], "int32", key=random_key(1))
    assert k.shape == (3,) and value(k)[0] == 0


def test_edges_of_the_parameters() -> None:
    inf, nan = math.inf, math.nan
    gamma = value(core.random_gamma([], [0.0, 1e-4, inf, nan, -0.5], key=random_key(1)))
    tiny = np.finfo(np.float32).tiny
    np.testing.assert_equal(gamma, np.float32([tiny, tiny, inf, nan, nan]))
    poisson = core.random_poisson([], [0.0, nan, -1.0], key=random_key(1))
    np.testing.assert_equal(value(poisson), np.float32([0, nan, nan]))
    whole = core.random_poisson([], [0.0, nan, -1.0], "int32", key=random_key(1))
    assert value(whole).tolist() == [0, 0, 0]
    tails = value(core.random_beta([1000], 1e-3, 1e-3, key=random_key(1)))
    assert np.isfinite(tails).all() and 0.4 < (tails > 0.5).mean() < 0.6
    large = value(core.random_poisson([1000], 1e9, "int64", key=random_key(1)))
    assert abs(large.mean() - 1e9) < 4 * math.sqrt(1e9 / 1000)
    assert value(core.random_gamma([0, 2], 1.0)).shape == (0, 2)
    assert value(core.random_poisson([0], 20.0)).shape == (0,)


def test_a_sample_depends_on_its_number_and_parameters_alone() -> None:
    key = random_key(9)
    few = value(core.random_gamma([], [0.3, 2.0, 7.0], key=key))
    many = value(core.random_gamma([], [5.0, 2.0, 0.1, 9.0, 30.0], key=key))
    assert few[1] == many[1] and few[0] != many[0]
    few = value(core.random_poisson([], [3.0, 20.0, 7.0], key=key))
    many = value(core.random_poisson([], [500.0, 20.0, 0.1, 9.0], key=key))
    assert few[1] == many[1] and few[0] != many[0]


# Keys -------------------------------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "random_bits": lambda **o: core.random_bits([4], **o),
    "random_uniform": lambda **o: core.random_uniform([4], **o),
    "random_integers": lambda **o: core.random_integers([4], 0, 1000, **o),
    "random_normal": lambda **o: core.random_normal([4], **o),
    "truncated_normal": lambda **o: core.truncated_normal([4], **o),
    "random_bernoulli": lambda **o: core.random_bernoulli([64], 0.5, **o),
    "random_exponential": lambda **o: core.random_exponential([4], **o),
    "random_laplace": lambda **o: core.random_laplace([4], **o),
    "random_gamma": lambda **o: core.random_gamma([4], 2.0, **o),
    "random_beta": lambda **o: core.random_beta([4], 2.0, 3.0, **o),
    "random_poisson": lambda **o: core.random_poisson([4], 100.0, **o),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_key_makes_it_a_function(name: str) -> None:
    function = FUNCTIONS[name]
    seen = []
    for backend in ("numpy", "strict"):
        with Graph().as_default():
            x = function(key=random_key([1, 2]))
            other, drawn = function(key=random_key([1, 3])), function()
            session = Session(backend=backend)
            seen += [session.run(x).tolist(), session.run(x).tolist()]
            assert session.run(other).tolist() != seen[0]
            assert session.run(drawn).tolist() != session.run(drawn).tolist()
    assert all(numbers == seen[0] for numbers in seen)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_seed_repeats_and_counts(name: str) -> None:
    def draws() -> list[Any]:
        with Graph().as_default():
            x = FUNCTIONS[name](seed=7)
            session = Session()
            return [session.run(x).tolist() for _ in range(2)]

    first, second = draws()
    assert first != second and draws() == [first, second]


def test_keys_of_numbers() -> None:
    seed = placeholder("int64", [])
    keys = [random_key(0), random_key(1), random_key(-1), random_key([0]), random_key([0, 0]),
            random_key([1, 0]), core.fold_in(random_key(0), 5), random_key(2**40)]  # fmt: skip
    words = [tuple(key.tolist()) for key in value(keys)]
    assert words[3] == words[0] and len(set(words)) == len(words) - 1
    assert tuple(value(random_key(seed), {seed: -1}).tolist()) == words[2]
    assert value(random_key(1)).dtype == np.uint32


@pytest.mark.parametrize(
    ("build", "kind", "lines"),
    [
        (
            lambda: core.random_normal([2], seed=1, key=random_key(1)),
            OptionError,
            [
                "random_normal: a seed and a key are given",
                "expected  one of them, or none",
                "got       seed 1",
            ],
        ),
        (
            lambda: core.random_uniform([2], key=[1, 2]),
            DtypeError,
            [
                "random_uniform: not a key",
                "expected  (2,) uint32",
                "got       key int32 (2,)",
                "hint      random_key(seed) makes one",
            ],
        ),
        (
            lambda: core.fold_in(np.zeros(3, np.uint32), 1),
            ShapeError,
            ["fold_in: not a key", "got       key uint32 (3,)"],
        ),
        (
            lambda: random_key(1.5),
            DtypeError,
            ["random_key: a seed is an integer", "got       seed float32 ()"],
        ),
        (
            lambda: random_key(placeholder("int32", [None])),
            ShapeError,
            [
                "random_key: the number of seeds is not known",
                "expected  a scalar, or a vector of known size",
                "got       seed int32 (None,)",
            ],
        ),
        (
            lambda: core.random_integers([2], 3, 3),
            OptionError,
            ["random_integers: an empty range", "got       minval 3, maxval 3"],
        ),
        (
            lambda: core.random_poisson([2], 1.0, "uint8"),
            DtypeError,
            [
                "random_poisson: gives no such numbers",
                "expected  a float dtype, int32 or int64",
                "got       uint8",
            ],
        ),
        (
            lambda: core.random_gamma([2], placeholder("float64", [])),
            DtypeError,
            ["convert: a tensor of another dtype", "expected  float32", "got       float64 ()"],
        ),
        (
            lambda: core.random_gamma([None, 2], 1.0),
            ShapeError,
            ["random_gamma: a size is None"],
        ),
    ],
)
def test_errors(build: Callable[[], Any], kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        build()
    for line in lines:
        assert line in str(caught.value)


# Gradients --------------------------------------------------------------------------------------


def test_scales_have_gradients_and_shape_parameters_have_none() -> None:
    scale, alpha = core.constant(2.0), core.constant(3.0)
    key = random_key(1)
    x = core.random_exponential([5], scale, key=key)
    [g] = gradients(core.reduce_sum(x), [scale])
    total, slope = value([core.reduce_sum(x), g])
    assert slope == pytest.approx(total / 2, rel=1e-6)
    gamma = core.random_gamma([5], alpha, scale, key=key)
    none, g = gradients(core.reduce_sum(gamma), [alpha, scale])
    total, slope = value([core.reduce_sum(gamma), g])
    assert none is None and slope == pytest.approx(-total / 2, rel=1e-6)
    assert gradients(core.random_poisson([5], scale), [scale]) == [None]
