"""Optimizers: every rule in the engine against its own formula on NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_in_place, assert_same_on_any_threads, run_op

from thalweg.core import update_rules
from thalweg.core.backends.native import extension
from thalweg.core.updates import Update, UpdateRule

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

RULES: list[UpdateRule] = [
    update_rules.SgdRule(),
    update_rules.MomentumRule(0.9),
    update_rules.MomentumRule(0.9, nesterov=True),
    update_rules.UnscaledMomentumRule(0.9),
    update_rules.UnscaledMomentumRule(0.9, nesterov=True),
    update_rules.AdamRule(),
    update_rules.AdamRule(0.8, 0.99, 1e-4, amsgrad=True),
    update_rules.AdadeltaRule(),
    update_rules.AdagradRule(),
    update_rules.FtrlRule(),
    update_rules.FtrlRule(-0.7, 0.01, 0.02, 0.03, 0.1),
    update_rules.ProximalSgdRule(0.01, 0.02),
    update_rules.ProximalAdagradRule(0.01, 0.02),
    update_rules.AdagradDualAveragingRule(0.01, 0.02),
    update_rules.RmsPropRule(),
    update_rules.RmsPropRule(0.8, 0.9, 1e-6, centered=True),
]
RULE = pytest.mark.parametrize("rule", RULES, ids=str)
# several variables at once: around a vector and a block
SIZES = [(1,), (3, 5), (16,), (17,), (0,), (63, 65), (2, 3, 700)]


def inputs(rule: UpdateRule, sizes: Any, dtype: Any = np.float32) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    arrays = [np.asarray(0.01, dtype), np.asarray(3.0, dtype)]
    for kind in ("w", "g", *rule.slots):
        for size in sizes:
            values = generator.standard_normal(size)
            if kind == "average_gradient":  # its square is below the average of squares
                values = np.clip(values, -0.3, 0.3)
            is_sum = kind not in ("w", "g", "momentum", "linear", "average_gradient")
            arrays.append((np.square(values) + 0.1 if is_sum else values).astype(dtype))
    return arrays


def assert_close(results: Any, expected: Any, dtype: Any) -> None:
    """Powers may differ by a unit in two libraries, which then stays of differences of powers."""
    unit = np.finfo(dtype).eps
    for result, value in zip(results, expected, strict=True):
        largest = np.abs(value, where=np.isfinite(value), out=np.zeros_like(value)).max(initial=1)
        np.testing.assert_allclose(result, value, rtol=64 * unit, atol=8 * unit * largest)


def as_list(results: Any) -> list[np.ndarray]:
    return list(results) if isinstance(results, list | tuple) else [results]


def test_every_rule_is_here() -> None:
    assert {type(rule).__name__ for rule in RULES} == set(update_rules.__all__)


@RULE
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_formula(rule: UpdateRule, dtype: Any, decay: float) -> None:
    op = Update(rule, len(SIZES), decay)
    arrays = inputs(rule, SIZES, dtype)
    assert_close(as_list(run_op(op, *arrays)), as_list(op.compute(np, *arrays)), dtype)


@RULE
def test_in_place(rule: UpdateRule) -> None:
    assert_same_in_place(Update(rule, len(SIZES), 0.1), *inputs(rule, SIZES))


@RULE
def test_any_number_of_threads_gives_the_same_bits(rule: UpdateRule) -> None:
    arrays = inputs(rule, [(50_001,), (7,)])
    assert_same_on_any_threads(lambda: run_op(Update(rule, 2), *arrays))


@RULE
def test_what_is_not_finite_stays_where_it_is(rule: UpdateRule) -> None:
    op = Update(rule, 1)
    arrays = inputs(rule, [(100,)])
    expected = as_list(run_op(op, *arrays))
    places = {3: np.nan, 50: np.inf, 99: -np.inf}
    for place, value in places.items():
        arrays[3][place] = value
    with np.errstate(all="ignore"):
        reference = as_list(op.compute(np, *arrays))
    results = as_list(run_op(op, *arrays))
    assert_close(results, reference, np.float32)
    for result, before in zip(results, expected, strict=True):
        np.testing.assert_array_equal(
            np.delete(result, list(places)), np.delete(before, list(places))
        )


def test_rates_and_steps_are_read_at_run_time() -> None:
    rule = update_rules.AdamRule()
    op = Update(rule, 1)
    arrays = inputs(rule, [(33,)])
    for rate, t in ((0.0, 1.0), (0.5, 1.0), (0.5, 10_000.0)):
        arrays[:2] = np.float32(rate), np.float32(t)
        assert_close(run_op(op, *arrays), op.compute(np, *arrays), np.float32)
    assert (run_op(op, np.float32(0), *arrays[1:])[0] == arrays[2]).all()
