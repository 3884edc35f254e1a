"""Optimizers: every rule in the engine against its own formula on NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_in_place, assert_same_on_any_threads, run_op

from thalweg import core
from thalweg.core import update_rules
from thalweg.core.backends.native import extension
from thalweg.core.backends.native.rules.fused import NativeFusion
from thalweg.core.lower import lower
from thalweg.core.opdef import REGISTRY
from thalweg.core.passes import run_passes
from thalweg.core.plan import make_plan
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
    update_rules.AdamaxRule(0.8, 0.99, 1e-4),
    update_rules.NadamRule(),
    update_rules.NadamRule(0.8, 0.99, 1e-4, 0.004),
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


def test_no_state_is_denormal() -> None:
    """Averages that fade stop at normal numbers; NumPy's go on to those that are slow to compute.

    That is so in the update alone, on whatever threads it ran: elsewhere small numbers stay.
    """
    rule = update_rules.AdamRule()
    smallest = np.finfo(np.float32).tiny
    arrays = inputs(rule, [(50_001,)])
    arrays[3][:] = 0.0
    arrays[4][:] = np.float32(1e-36)  # m
    arrays[5][:] = np.float32(1e-36)  # v
    ours = theirs = arrays
    for _ in range(60):
        ours = [*arrays[:2], ours[2], arrays[3], *run_op(Update(rule, 1), *ours)[1:]]
        theirs = [*arrays[:2], theirs[2], arrays[3], *Update(rule, 1).compute(np, *theirs)[1:]]
    assert all((state >= smallest).all() for state in ours[4:])
    assert (theirs[4] < smallest).all()
    small = np.full(50_001, 1e-39, np.float32)
    assert (run_op(Update(rule, 1), *arrays[:4], small, arrays[5])[1] == 0).all()
    np.testing.assert_array_equal(run_op(REGISTRY["Negative"](), small), -small)


def test_rates_and_steps_are_read_at_run_time() -> None:
    rule = update_rules.AdamRule()
    op = Update(rule, 1)
    arrays = inputs(rule, [(33,)])
    for rate, t in ((0.0, 1.0), (0.5, 1.0), (0.5, 10_000.0)):
        arrays[:2] = np.float32(rate), np.float32(t)
        assert_close(run_op(op, *arrays), op.compute(np, *arrays), np.float32)
    assert (run_op(op, np.float32(0), *arrays[1:])[0] == arrays[2]).all()


@pytest.fixture
def graph() -> Iterator[None]:
    with core.Graph().as_default():
        yield


TABLE_RULES = [RULES[2], RULES[5], RULES[13]]  # of Nesterov, Adam and Ftrl's kin: zeros count


def table_step(rule: UpdateRule, shape: tuple[int, ...], indices: Any, dtype: str) -> list[Any]:
    """One step of a table of which rows are looked up, and of a weight; and all it changes."""
    generator = np.random.default_rng(1)
    values = generator.standard_normal(shape).astype(dtype)
    table = core.Variable(values, name="table")
    weight = core.Variable(generator.standard_normal(shape[1:]).astype(dtype), name="weight")
    variables = [table, weight]
    loss = core.reduce_sum(core.square(core.gather(table.value(), indices) * weight.value()))
    slots = [
        [core.Variable(np.full(v.shape, start + 0.25, dtype), name=name) for v in variables]
        for name, start in rule.slots.items()
    ]
    new, new_slots = core.update(
        rule,
        core.constant(0.1, dtype),
        core.constant(2.0, dtype),
        [v.value() for v in variables],
        core.gradients(loss, variables),
        [[slot.value() for slot in column] for column in slots],
    )
    writes = [v.assign(value) for v, value in zip(variables, new, strict=True)]
    for column, results in zip(slots, new_slots, strict=True):
        writes += [slot.assign(value) for slot, value in zip(column, results, strict=True)]
    return writes


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("rule", TABLE_RULES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "count", "index_type"),
    [((40, 3), 5, "int32"), ((2000, 33), 700, "int64"), ((7, 1), 50, "int32"), ((9,), 4, "int64")],
)
def test_sums_of_rows_are_made_on_the_way(
    rule: UpdateRule, dtype: str, shape: tuple[int, ...], count: int, index_type: str
) -> None:
    """Rows picked often, never, and from the end; as on NumPy, which makes the whole gradient."""
    picked = np.random.default_rng(2).integers(-shape[0], shape[0], count).astype(index_type)
    indices = core.placeholder(index_type, [count])
    writes = table_step(rule, shape, indices, dtype)
    session = core.Session(backend="native")
    assert "ScatterRows+Update" in session.explain(writes, {indices: picked})
    expected = core.Session(backend="numpy").run(writes, {indices: picked})
    assert_close(session.run(writes, {indices: picked}), expected, dtype)


@pytest.mark.usefixtures("graph")
def test_a_table_and_its_slots_are_written_in_place() -> None:
    indices = core.placeholder("int32", [3])
    writes = table_step(update_rules.AdamRule(), (50, 16), indices, "float32")
    program = run_passes(lower([core.group(*writes)], [indices]))
    plan = make_plan(program, [indices.type], fusion=NativeFusion())
    assert any(i.opdef.fields_text() == "ScatterRows+Update" for i in plan.program.instructions)
    assert len(plan.memory.in_place) == 6


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("index", [-11, 10])
def test_a_row_that_the_table_lacks(index: int) -> None:
    indices = core.placeholder("int32", [2])
    writes = table_step(update_rules.AdamRule(), (10, 4), indices, "float32")
    session = core.Session(backend="native")
    with pytest.raises(core.KernelError, match="out of bounds"):
        session.run(writes, {indices: [1, index]})


@pytest.mark.usefixtures("graph")
def test_a_gradient_that_somebody_reads_is_made() -> None:
    table = core.Variable(np.ones((6, 2), np.float32))
    loss = core.reduce_sum(core.square(core.gather(table.value(), [1, 1, 4])))
    (gradient,) = core.gradients(loss, [table])
    rule = update_rules.SgdRule()
    (new,), _ = core.update(
        rule, core.constant(0.5), core.constant(1.0), [table.value()], [gradient], []
    )
    made, written = core.Session(backend="native").run([gradient, table.assign(new)])
    assert made.tolist() == [[0, 0], [4, 4], [0, 0], [0, 0], [2, 2], [0, 0]]
    assert written.tolist() == [[1, 1], [-1, -1], [1, 1], [1, 1], [0, 0], [1, 1]]
