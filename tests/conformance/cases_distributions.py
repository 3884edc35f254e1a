"""Rows of core/ops/distributions.py: the oracles draw one sample at a time, in Python's numbers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special
from conformance.case import Case, Input
from conformance.cases_random import KEY, SHAPE, draw, open_uniform, philox_block

from thalweg.core import apply
from thalweg.core.opdef import REGISTRY
from thalweg.core.types import DType, float32, float64, int32, int64


def uniforms(key: np.ndarray, sample: int, attempt: int) -> list[float]:
    """The four words of a sample's block, strictly inside 0..1."""
    return [(word + 0.5) / 2**32 for word in philox_block(sample + (attempt << 48), key)]


def log_gamma_number(key: np.ndarray, sample: int, alpha: float) -> float:
    """Marsaglia and Tsang 2000, sections 4 and 6."""
    boost = math.log(uniforms(key, sample, 0)[2]) / alpha if alpha < 1 else 0.0
    d = (alpha + 1 if alpha < 1 else alpha) - 1 / 3
    attempt = 0
    while True:
        first, second, _, _ = uniforms(key, sample, attempt)
        x = float(scipy.special.ndtri(first))
        v = (1 + x / math.sqrt(9 * d)) ** 3
        if v > 0 and math.log(second) < x * x / 2 + d - d * v + d * math.log(v):
            return math.log(d * v) + boost
        attempt += 1


def poisson_number(key: np.ndarray, sample: int, rate: float) -> int:
    if rate < 10:
        high, low, _, _ = uniforms(key, sample, 0)
        u = high - 2.0**-33 + low / 2**32
        return next(k for k in range(100) if scipy.special.pdtr(k, rate) >= u)
    return poisson_by_rejection(key, sample, rate)


def poisson_by_rejection(key: np.ndarray, sample: int, rate: float) -> int:
    """Hoermann 1993, algorithm PTRS."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    attempt = 0
    while True:
        u, v, _, _ = uniforms(key, sample, attempt)
        attempt += 1
        u -= 0.5
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        weight = math.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / us**2 + b))
        if weight <= k * math.log(rate) - rate - math.lgamma(k + 1):
            return k


def each_sample(
    number: Callable[[np.ndarray, int, float], float], dtype: DType
) -> Callable[..., np.ndarray]:
    """A function of (key, sample, parameter) for an op's operands."""

    def oracle(key: np.ndarray, shape: np.ndarray, parameter: np.ndarray) -> np.ndarray:
        sizes = (*shape.tolist(), *parameter.shape)
        flat = np.broadcast_to(parameter, sizes).reshape(-1).tolist()
        numbers = [number(key, sample, value) for sample, value in enumerate(flat)]
        return np.array(numbers).reshape(sizes).astype(dtype.numpy)

    return oracle


def sampled(
    name: str,
    attributes: tuple[Any, ...],
    number: Callable[[np.ndarray, int, float], float],
    parameter: Input,
    **options: Any,
) -> Case:
    return Case(
        f"{name} {' '.join(map(str, attributes))} {parameter.low}..{parameter.high}",
        covers=(name,),
        function=lambda key, shape, x: apply(REGISTRY[name](*attributes), key, shape, x),
        inputs=(KEY, SHAPE, parameter),
        oracle=each_sample(number, attributes[0]),
        gradient=False,
        empty="n",
        **options,
    )


def exponential(key: np.ndarray, shape: np.ndarray) -> np.ndarray:
    return np.log(1 / open_uniform(key, shape))


def laplace(key: np.ndarray, shape: np.ndarray) -> np.ndarray:
    u = open_uniform(key, shape) - 0.5
    return -np.sign(u) * np.log1p(-2 * np.abs(u))


def gamma_number(key: np.ndarray, sample: int, alpha: float) -> float:
    return math.exp(log_gamma_number(key, sample, alpha))


in_range = functools.partial(Input, ("n", 3), "float64")

CASES = (
    draw("RandomExponential", exponential, float64, exact=False),
    draw("RandomLaplace", laplace, float64, exact=False),
    draw("RandomLaplace", laplace, float32, exact=False),
    # logarithms and their differences amplify rounding
    sampled("RandomGamma", (float64, False), gamma_number, in_range(low=1.0, high=9.0), rtol=10.0),
    sampled("RandomGamma", (float64, True), log_gamma_number, in_range(low=0.05, high=1.5),
            rtol=10.0),
    sampled("RandomGamma", (float32, False), gamma_number, in_range(low=0.5, high=5.0)),
    sampled("RandomPoisson", (int32,), poisson_number, in_range(low=0.01, high=10.0)),
    sampled("RandomPoisson", (int64,), poisson_number, in_range(low=10.0, high=1000.0)),
    sampled("RandomPoisson", (float32,), poisson_number, in_range(low=0.0, high=30.0)),
)  # fmt: skip
