"""Learning rates that fall with the step, as tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import thalweg.core
from thalweg.core import (
    OptionError,
    Tensor,
    cast,
    ceil,
    convert,
    cos,
    equal,
    exp,
    floor,
    identity,
    less_equal,
    log,
    minimum,
    pow,
    where,
)

from ..draws import random_normal
from ..graph import name_scope

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * decay_rate ** (global_step / decay_steps).

    Args:
        learning_rate: at step 0.
        global_step: () number of the step, often a variable that `minimize` raises.
        decay_steps: steps until the rate is multiplied by `decay_rate` once.
        decay_rate: > 0.
        staircase: rounds the quotient down, so that the rate falls at intervals.
        name: of the name scope.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.train.exponential_decay(1.0, 25, 10, 0.5, staircase=True)))
    0.25
    """
    with name_scope(name, "ExponentialDecay"):
        rate = convert(learning_rate)
        periods = _periods(rate, "exponential_decay", global_step, decay_steps, staircase)
        return rate * pow(_as(decay_rate, rate), periods)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * exp(-decay_rate * global_step / decay_steps).

    Arguments as in `exponential_decay`.
    """
    with name_scope(name, "NaturalExpDecay"):
        rate = convert(learning_rate)
        periods = _periods(rate, "natural_exp_decay", global_step, decay_steps, staircase)
        return rate * exp(-_as(decay_rate, rate) * periods)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate / (1 + decay_rate * global_step / decay_steps).

    Arguments as in `exponential_decay`.
    """
    with name_scope(name, "InverseTimeDecay"):
        rate = convert(learning_rate)
        periods = _periods(rate, "inverse_time_decay", global_step, decay_steps, staircase)
        return rate / (1 + _as(decay_rate, rate) * periods)


def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Tensor:
    """The first value while x <= boundaries[0], the second while x <= boundaries[1], and so on.

    Args:
        x: () number, often the step.
        boundaries: rising numbers.
        values: one more than boundaries, of one dtype.
        name: of the name scope.

    Raises:
        OptionError: if there is not one value more than boundaries.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     for step in (10, 11):
    ...         print(session.run(tf.train.piecewise_constant(step, [10], [1.0, 0.5])))
    1.0
    0.5
    """
    if len(boundaries) != len(values) - 1:
        raise OptionError(
            "piecewise_constant",
            "values do not fit the boundaries",
            expected=f"{len(boundaries) + 1} values for {len(boundaries)} boundaries",
            got=f"{len(values)}",
        )
    with name_scope(name, "PiecewiseConstant"):
        step = convert(x)
        result = convert(values[-1])
        pieces = list(zip(boundaries, values[:-1], strict=True))
        for boundary, value in reversed(pieces):
            is_before = less_equal(step, _as(boundary, step))
            result = where(is_before, convert(value, result.dtype), result)
        return identity(result)


piecewise_constant_decay = piecewise_constant


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """(learning_rate - end) * (1 - step / decay_steps) ** power + end, and `end` from then on.

    Args:
        learning_rate: at step 0.
        global_step: () number of the step.
        decay_steps: after which the rate is `end_learning_rate`.
        end_learning_rate: the least rate.
        power: 1 is a straight line.
        cycle: stretches `decay_steps` to their next multiple rather than staying at the end.
        name: of the name scope.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.train.polynomial_decay(1.0, 5, 10, end_learning_rate=0.5)))
    0.75
    """
    with name_scope(name, "PolynomialDecay"):
        rate = convert(learning_rate)
        end = _as(end_learning_rate, rate)
        step, steps = _step(rate, "polynomial_decay", global_step), _as(decay_steps, rate)
        if cycle:
            one = convert(1, rate.dtype)
            steps = steps * where(equal(step, _as(0, rate)), one, ceil(step / steps))
        else:
            step = minimum(step, steps)
        return (rate - end) * pow(1 - step / steps, _as(power, rate)) + end


def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha).

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017,
    equation 5, without restarts.

    Args:
        learning_rate: at step 0.
        global_step: () number of the step.
        decay_steps: after which the rate is alpha * learning_rate.
        alpha: the least rate as a part of `learning_rate`.
        name: of the name scope.
    """
    with name_scope(name, "CosineDecay"):
        rate = convert(learning_rate)
        steps = _as(decay_steps, rate)
        done = minimum(_step(rate, "cosine_decay", global_step), steps) / steps
        least = _as(alpha, rate)
        return rate * ((1 - least) * _half_cosine(done) + least)


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """`cosine_decay` that begins again after each period (SGDR, Loshchilov and Hutter, 2017).

    Args:
        learning_rate: at step 0.
        global_step: () number of the step.
        first_decay_steps: of the first period.
        t_mul: each period has so many times the steps of the one before, a number >= 1.
        m_mul: and begins with so many times its rate.
        alpha: the least rate as a part of `learning_rate`.
        name: of the name scope.
    """
    with name_scope(name, "SGDRDecay"):
        rate = convert(learning_rate)
        least = _as(alpha, rate)
        step = _step(rate, "cosine_decay_restarts", global_step)
        done = step / _as(first_decay_steps, rate)
        if t_mul == 1:
            restarts = floor(done)
            done = done - restarts
        else:
            growth = _as(t_mul, rate)
            restarts = floor(log(1 - done * (1 - growth)) / log(growth))
            before = (1 - pow(growth, restarts)) / (1 - growth)
            done = (done - before) / pow(growth, restarts)
        height = pow(_as(m_mul, rate), restarts) * _half_cosine(done)
        return rate * ((1 - least) * height + least)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """learning_rate * ((alpha + 1 - d) * (1 + cos(2 pi num_periods d)) / 2 + beta), d part done.

    Bello et al., "Neural Optimizer Search with Reinforcement Learning", 2017.

    Args:
        learning_rate: at step 0, about.
        global_step: () number of the step.
        decay_steps: d = min(step, decay_steps) / decay_steps.
        num_periods: of the cosine.
        alpha: see the formula.
        beta: see the formula.
        name: of the name scope.
    """
    with name_scope(name, "LinearCosineDecay"):
        rate = convert(learning_rate)
        done = _part_done(rate, "linear_cosine_decay", global_step, decay_steps)
        wave = _half_cosine(2 * _as(num_periods, rate) * done)
        return rate * ((_as(alpha, rate) + (1 - done)) * wave + _as(beta, rate))


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """`linear_cosine_decay` with normal noise added to its straight line.

    The noise has variance initial_variance / (1 + step) ** variance_decay; other arguments as in
    `linear_cosine_decay`.
    """
    with name_scope(name, "NoisyLinearCosineDecay"):
        rate = convert(learning_rate)
        done = _part_done(rate, "noisy_linear_cosine_decay", global_step, decay_steps)
        step = minimum(_step(rate, "", global_step), _as(decay_steps, rate))
        variance = _as(initial_variance, rate) / pow(1 + step, _as(variance_decay, rate))
        noise = random_normal([], dtype=rate.dtype) * thalweg.core.sqrt(variance)
        wave = _half_cosine(2 * _as(num_periods, rate) * done)
        return rate * ((_as(alpha, rate) + (1 - done) + noise) * wave + _as(beta, rate))


def _half_cosine(periods: Tensor) -> Tensor:
    """From 1 at 0 down to 0 at 1."""
    return 0.5 * (1 + cos(math.pi * periods))


def _part_done(rate: Tensor, where: str, global_step: Any, decay_steps: Any) -> Tensor:
    steps = _as(decay_steps, rate)
    return minimum(_step(rate, where, global_step), steps) / steps


def _periods(
    rate: Tensor, where: str, global_step: Any, decay_steps: Any, staircase: bool
) -> Tensor:
    passed = _step(rate, where, global_step) / _as(decay_steps, rate)
    return floor(passed) if staircase else passed


def _step(rate: Tensor, where: str, global_step: Any) -> Tensor:
    """The step in the dtype of the rate."""
    if global_step is None:
        raise OptionError(where, "global_step is missing", expected="a number or a variable")
    return cast(convert(global_step), rate.dtype)


def _as(value: Any, like: Tensor) -> Tensor:
    """A number or tensor in the dtype of another."""
    return cast(value, like.dtype) if hasattr(value, "dtype") else convert(value, like.dtype)
