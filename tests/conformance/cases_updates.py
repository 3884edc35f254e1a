"""Rows of the optimizers' rules.

The oracles are the papers' formulas for one number, called in a loop; where a formula has another
well-known form, the oracle uses that one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.core.update_rules import (
    AdadeltaRule,
    AdagradDualAveragingRule,
    AdagradRule,
    AdamaxRule,
    AdamRule,
    FtrlRule,
    MomentumRule,
    NadamRule,
    ProximalAdagradRule,
    ProximalSgdRule,
    RmsPropRule,
    SgdRule,
    UnscaledMomentumRule,
)
from thalweg.core.updates import UpdateRule, update

from .case import Case, Input

SHAPES = ("mn", "k")  # two variables, so that their columns cannot be mixed up unseen
Formula = Callable[..., tuple[float, ...]]  # (w, g, rate, t, *slots) -> (w, *slots)


def whole_number(generator: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.asarray(generator.integers(1, 40, shape), dtype)


def row(
    name: str,
    rule: UpdateRule,
    formula: Formula,
    slots: Sequence[tuple[float, float]] = (),
    weight_decay: float = 0.0,
    shapes: Sequence[str] = SHAPES,
) -> Case:
    """A row for a rule; `slots` are the bounds of the drawn state."""
    count = len(shapes)
    assert len(slots) == len(rule.slots)

    def split(arrays: Sequence[Any]) -> list[list[Any]]:
        return [list(arrays[i : i + count]) for i in range(0, len(arrays), count)]

    def function(rate: Any, t: Any, *tensors: Any) -> tuple[Any, ...]:
        variables, gradients, *columns = split(tensors)
        new, new_columns = update(rule, rate, t, variables, gradients, columns, weight_decay)
        return (*new, *[tensor for column in new_columns for tensor in column])

    def oracle(rate: Any, t: Any, *arrays: Any) -> tuple[Any, ...]:
        columns = split(arrays)
        results = [[np.empty_like(a) for a in c] for c in (columns[0], *columns[2:])]
        for i in range(count):
            for index in np.ndindex(columns[0][i].shape):
                w, g, *state = (float(column[i][index]) for column in columns)
                new = formula(w, g, float(rate), int(t), *state)
                for column, value in zip(results, new, strict=True):
                    column[i][index] = value
        return tuple(array for column in results for array in column)

    bounds = [(-3.0, 3.0), (-3.0, 3.0), *slots]
    return Case(
        name,
        covers=("Update",),
        function=function,
        inputs=(
            Input("", low=0.01, high=0.5),
            Input("", values=whole_number),
            *[Input(shape, low=low, high=high) for low, high in bounds for shape in shapes],
        ),
        oracle=oracle,
        gradient=False,
        empty="".join(shape[:1] for shape in shapes),
    )


def sgd(w: float, g: float, rate: float, t: int) -> tuple[float, ...]:
    return (w - rate * g,)


def decayed_sgd(w: float, g: float, rate: float, t: int) -> tuple[float, ...]:
    return (w - rate * g - rate * 0.3 * w,)


def momentum(w: float, g: float, rate: float, t: int, m: float) -> tuple[float, ...]:
    velocity = 0.9 * m - rate * g
    return w + velocity, velocity


def nesterov(w: float, g: float, rate: float, t: int, m: float) -> tuple[float, ...]:
    return w + 0.9 * 0.9 * m - (1 + 0.9) * rate * g, 0.9 * m - rate * g


def unscaled(w: float, g: float, rate: float, t: int, a: float) -> tuple[float, ...]:
    w, velocity = momentum(w, g, rate, t, -rate * a)
    return w, -velocity / rate


def unscaled_nesterov(w: float, g: float, rate: float, t: int, a: float) -> tuple[float, ...]:
    w, velocity = nesterov(w, g, rate, t, -rate * a)
    return w, -velocity / rate


def adam(
    w: float, g: float, rate: float, t: int, m: float, v: float, largest: float | None = None
) -> tuple[float, ...]:
    """Algorithm 1, with corrected moments; its epsilon is epsilon hat over a root."""
    m = 0.8 * m + 0.2 * g
    v = 0.99 * v + 0.01 * g**2
    top = v if largest is None else max(largest, v)
    m_corrected, v_corrected = m / (1 - 0.8**t), top / (1 - 0.99**t)
    epsilon = 1e-3 / math.sqrt(1 - 0.99**t)
    w -= rate * m_corrected / (math.sqrt(v_corrected) + epsilon)
    return (w, m, v) if largest is None else (w, m, v, top)


def adamax(w: float, g: float, rate: float, t: int, m: float, u: float) -> tuple[float, ...]:
    m, u = 0.8 * m + 0.2 * g, max(0.99 * u, abs(g))
    return w - rate * m / (1 - 0.8**t) / (u + 1e-3), m, u


def nadam(w: float, g: float, rate: float, t: int, m: float, v: float) -> tuple[float, ...]:
    m, v = 0.8 * m + 0.2 * g, 0.99 * v + 0.01 * g**2
    *past, now, ahead = [0.8 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
    product = math.prod([*past, now])
    look = ahead / (1 - product * ahead) * m + (1 - now) / (1 - product) * g
    return w - rate * look / (math.sqrt(v / (1 - 0.99**t)) + 1e-3), m, v


def adadelta(w: float, g: float, rate: float, t: int, a: float, b: float) -> tuple[float, ...]:
    a = 0.9 * a + 0.1 * g**2
    delta = -math.sqrt((b + 1e-3) / (a + 1e-3)) * g
    return w + rate * delta, a, 0.9 * b + 0.1 * delta**2


def adagrad(w: float, g: float, rate: float, t: int, a: float) -> tuple[float, ...]:
    return w - rate * g * (a + g**2 + 1e-3) ** -0.5, a + g**2


def adagrad_without_epsilon(w: float, g: float, rate: float, t: int, a: float) -> tuple[float, ...]:
    return w - rate * g * (a + g**2) ** -0.5, a + g**2


def rmsprop(w: float, g: float, rate: float, t: int, v: float) -> tuple[float, ...]:
    v = 0.8 * v + 0.2 * g**2
    return w - rate * g * (v + 1e-3) ** -0.5, v


def rmsprop_momentum(
    w: float, g: float, rate: float, t: int, v: float, p: float
) -> tuple[float, ...]:
    moved, v = rmsprop(w, g, rate, t, v)
    p = 0.7 * p + (w - moved)
    return w - p, v, p


def rmsprop_all(
    w: float, g: float, rate: float, t: int, v: float, p: float, h: float
) -> tuple[float, ...]:
    v, h = 0.8 * v + 0.2 * g**2, 0.8 * h + 0.2 * g
    p = 0.7 * p + rate * g * (v - h**2 + 1e-3) ** -0.5
    return w - p, v, p, h


def rmsprop_centered(
    w: float, g: float, rate: float, t: int, v: float, h: float
) -> tuple[float, ...]:
    w, v, _, h = rmsprop_all(w, g, rate, t, v, 0.0, h)
    return w, v, h


def minimizer(linear: float, l1: float, quadratic: float) -> float:
    """The u at which linear * u + l1 * |u| + quadratic / 2 * u² is least: 0 or a root aside."""

    def height(u: float) -> float:
        return linear * u + l1 * abs(u) + quadratic / 2 * u * u

    return min((0.0, (l1 - linear) / quadratic, (-l1 - linear) / quadratic), key=height)


def ftrl(w: float, g: float, rate: float, t: int, a: float, z: float) -> tuple[float, ...]:
    """Algorithm 1 with its sigma, for sums that the slots begin with."""
    sigma = (math.sqrt(a + g**2) - math.sqrt(a)) / rate
    z += g + 2 * 0.05 * w - sigma * w
    a += g**2
    return minimizer(z, 0.4, (0.1 + math.sqrt(a)) / rate + 2 * 0.3), a, z


def ftrl_power(w: float, g: float, rate: float, t: int, a: float, z: float) -> tuple[float, ...]:
    z += g - ((a + g**2) ** 0.7 - a**0.7) / rate * w
    return -z * rate / (a + g**2) ** 0.7, a + g**2, z


def proximal_sgd(w: float, g: float, rate: float, t: int) -> tuple[float, ...]:
    return (minimizer(rate * g - w, rate * 0.9, 1 + rate * 0.3),)


def proximal_adagrad(w: float, g: float, rate: float, t: int, a: float) -> tuple[float, ...]:
    return *proximal_sgd(w, g, rate * (a + g**2) ** -0.5, t), a + g**2


def dual_averaging(
    w: float, g: float, rate: float, t: int, s: float, a: float
) -> tuple[float, ...]:
    s, a = s + g, a + g**2
    return minimizer(s, 0.05 * t, 0.3 * t + math.sqrt(a) / rate), s, a


ANY, SQUARES = (-2.0, 2.0), (0.1, 4.0)
CENTERED = (2.0, 9.0)  # a mean square well above the squared mean, so that rounding stays small

CASES = (
    row("update sgd", SgdRule(), sgd),
    row("update sgd alone", SgdRule(), sgd, shapes=("mn",)),
    row("update sgd scalar", SgdRule(), sgd, shapes=("",)),
    row("update adam scalar", AdamRule(0.8, 0.99, 1e-3), adam, [ANY, SQUARES], shapes=("",)),
    row("update sgd decayed", SgdRule(), decayed_sgd, weight_decay=0.3),
    row("update momentum", MomentumRule(0.9), momentum, [ANY]),
    row("update nesterov", MomentumRule(0.9, nesterov=True), nesterov, [ANY]),
    row("update unscaled", UnscaledMomentumRule(0.9), unscaled, [ANY]),
    row(
        "update unscaled nesterov",
        UnscaledMomentumRule(0.9, nesterov=True),
        unscaled_nesterov,
        [ANY],
    ),
    row("update adam", AdamRule(0.8, 0.99, 1e-3), adam, [ANY, SQUARES]),
    row("update amsgrad", AdamRule(0.8, 0.99, 1e-3, amsgrad=True), adam, [ANY, SQUARES, SQUARES]),
    row("update adamax", AdamaxRule(0.8, 0.99, 1e-3), adamax, [ANY, SQUARES]),
    row("update nadam", NadamRule(0.8, 0.99, 1e-3), nadam, [ANY, SQUARES]),
    row("update adadelta", AdadeltaRule(0.9, 1e-3), adadelta, [SQUARES, SQUARES]),
    row("update adagrad", AdagradRule(1e-3), adagrad, [SQUARES]),
    row("update adagrad tf1", AdagradRule(0.0), adagrad_without_epsilon, [SQUARES]),
    row("update rmsprop", RmsPropRule(0.8, 0.0, 1e-3), rmsprop, [SQUARES]),
    row("update rmsprop momentum", RmsPropRule(0.8, 0.7, 1e-3), rmsprop_momentum, [SQUARES, ANY]),
    row(
        "update rmsprop centered",
        RmsPropRule(0.8, 0.0, 1e-3, centered=True),
        rmsprop_centered,
        [CENTERED, (-1.0, 1.0)],
    ),
    row(
        "update rmsprop all",
        RmsPropRule(0.8, 0.7, 1e-3, centered=True),
        rmsprop_all,
        [CENTERED, ANY, (-1.0, 1.0)],
    ),
    row(
        "update ftrl",
        FtrlRule(l1=0.4, l2=0.3, l2_shrinkage=0.05, beta=0.1),
        ftrl,
        [SQUARES, ANY],
    ),
    row("update ftrl power", FtrlRule(rate_power=-0.7), ftrl_power, [SQUARES, ANY]),
    row("update proximal sgd", ProximalSgdRule(0.9, 0.3), proximal_sgd),
    row("update proximal adagrad", ProximalAdagradRule(0.9, 0.3), proximal_adagrad, [SQUARES]),
    row(
        "update dual averaging",
        AdagradDualAveragingRule(0.05, 0.3),
        dual_averaging,
        [ANY, SQUARES],
    ),
)
