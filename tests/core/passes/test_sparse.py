"""Updates of picked rows: which they are, that nothing else is touched, and to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import (
    AdagradRule,
    AdamRule,
    MomentumRule,
    RmsPropRule,
    Session,
    SgdRule,
    UpdateRule,
    Variable,
)
from thalweg.core.lower import lower
from thalweg.core.passes import run_passes
from thalweg.core.passes.memory import delay_writes
from thalweg.core.plan import make_plan
from thalweg.core.program import Program, verify

ROWS, WIDTH = 100_000, 16


@pytest.fixture(autouse=True)
def graph():
    with core.Graph().as_default():
        yield


def step(
    rule: UpdateRule, variables: list[Variable], loss: Any, weight_decay: float = 0.0
) -> tuple[Any, list[Variable]]:
    """An operation that trains the variables by one step, and their slots."""
    columns = [
        [Variable(np.full(v.shape, start, v.dtype.numpy), name="slot") for v in variables]
        for start in rule.slots.values()
    ]
    values = [v.value() for v in variables]
    new, new_slots = core.update(
        rule,
        core.constant(0.1),
        core.constant(1.0),
        values,
        core.gradients(loss, variables),
        [[slot.value() for slot in column] for column in columns],
        weight_decay,
    )
    writes = [v.assign(value) for v, value in zip(variables, new, strict=True)]
    for column, results in zip(columns, new_slots, strict=True):
        writes += [slot.assign(value) for slot, value in zip(column, results, strict=True)]
    return core.group(*writes), [slot for column in columns for slot in column]


def lookup_loss(table: Any, indices: Any) -> Any:
    return core.reduce_sum(core.square(core.gather(table, indices) + 1.0))


def labels(program: Program) -> list[str]:
    return [instruction.opdef.label for instruction in program.instructions]


def test_an_sgd_step_touches_only_the_picked_rows() -> None:
    before = np.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype(np.float32)
    table = Variable(before)
    indices = core.placeholder("int32", [None])
    train, _ = step(SgdRule(), [table], lookup_loss(table, indices))

    program = run_passes(lower([train], [indices]))
    plan = make_plan(program, [(3,)])
    verify(plan.program)
    assert "ScatterRows" not in labels(plan.program)
    large = [
        instruction.opdef.label
        for instruction in plan.program.instructions
        for n in instruction.outputs
        if plan.program.types[n].shape == (ROWS, WIDTH)
    ]
    assert large == ["PutRows"]
    assert set(plan.memory.reused) >= set(plan.program.state_out.values())
    assert plan.memory.arena_bytes < 4096

    session = Session()
    held = session._values
    session.value(table)
    array = held[table]
    session.run(train, {indices: [7, 99_999, 7]})
    assert np.shares_memory(held[table], array)  # the table was neither copied nor made anew
    changed = np.flatnonzero((session.value(table) != before).any(axis=1))
    assert changed.tolist() == [7, 99_999]
    expected = before[7] - np.float32(0.1) * (2 * (before[7] + 1) + 2 * (before[7] + 1))
    np.testing.assert_allclose(session.value(table)[7], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "rule", [SgdRule(), AdagradRule(), AdagradRule(epsilon=0.0), AdagradRule(1e-3, 0.0)]
)
@pytest.mark.parametrize("axis", [0, -2])
def test_the_bits_are_those_of_the_dense_update(rule: UpdateRule, axis: int, backend: str) -> None:
    generator = np.random.default_rng(1)
    start = generator.normal(size=(40, 3)).astype(np.float32)
    # rows that are not picked keep what would not survive arithmetic
    start[10:13] = [[0.0, -0.0, np.inf], [np.nan, 1e-40, 1.0], [-1e38, 1.0, 2.0]]
    tables = [Variable(start), Variable(start[:30] * 2), Variable(start[:4])]
    bias = Variable(np.ones(3, np.float32))
    indices = core.placeholder("int64", [None, 2])
    picked = [core.gather(table, indices, axis) for table in tables]
    loss = core.reduce_sum(core.square(core.add_n([*picked, core.tanh(picked[0])]) + bias))
    train, slots = step(rule, [tables[0], bias, *tables[1:]], loss)

    states = []
    for off in ((), ("sparse",)):
        session = Session(backend=backend, passes_off=off)
        for _ in range(3):
            draws = np.random.default_rng(2).integers(-4, 4, (6, 2))
            session.run(train, {indices: draws})
        states.append([session.value(v).tobytes() for v in (*tables, bias, *slots)])
    assert states[0] == states[1]


def plan_of(rule: UpdateRule, count: int, weight_decay: float = 0.0, size: int = 8) -> list[str]:
    table = Variable(np.ones((size, 2), np.float32))
    indices = core.placeholder("int32", [None])
    train, _ = step(rule, [table], lookup_loss(table, indices), weight_decay)
    return labels(make_plan(run_passes(lower([train], [indices])), [(count,)]).program)


@pytest.mark.parametrize(
    ("rule", "weight_decay"),
    [
        (SgdRule(), 0.1),
        (MomentumRule(0.9), 0.0),
        (AdamRule(), 0.0),
        (RmsPropRule(), 0.0),
        (AdagradRule(epsilon=0.0, start=0.0), 0.0),
    ],
)
def test_rules_that_change_every_row_see_the_whole_gradient(
    rule: UpdateRule, weight_decay: float
) -> None:
    assert "ScatterRows" in plan_of(rule, 3, weight_decay)


def test_many_indices_are_cheaper_as_a_whole_gradient() -> None:
    assert "ScatterRows" not in plan_of(SgdRule(), 7)
    assert "ScatterRows" in plan_of(SgdRule(), 8)


def test_a_gradient_of_another_axis_is_whole() -> None:
    table = Variable(np.ones((4, 9), np.float32))
    loss = core.reduce_sum(core.gather(table, [1, 1], axis=1) ** 2.0)
    train, _ = step(SgdRule(), [table], loss)
    assert "ScatterRows" in labels(make_plan(run_passes(lower([train], [])), []).program)
    session = Session()
    session.run(train)
    assert session.value(table)[0].tolist() == pytest.approx([1, 0.6] + [1] * 7)


def test_anything_else_reads_the_gradient_as_a_tensor(backend: str) -> None:
    table = Variable(np.ones((5, 2), np.float32))
    indices = core.placeholder("int32", [None])
    loss = lookup_loss(table, indices)
    [gradient] = core.gradients(loss, [table])
    norm = core.sqrt(core.reduce_sum(core.square(gradient)))
    train, _ = step(SgdRule(), [table], loss)
    whole, size, _ = Session(backend=backend).run([gradient, norm, train], {indices: [1, 3, 1]})
    assert whole.tolist() == [[0, 0], [8, 8], [0, 0], [4, 4], [0, 0]]
    assert float(size) == pytest.approx(np.sqrt(160))


def test_a_run_may_fetch_the_old_value_and_the_new() -> None:
    table = Variable(np.ones((5, 2), np.float32))
    loss = lookup_loss(table, [1])
    [new], _ = core.update(
        SgdRule(), core.constant(0.25), core.constant(1.0), [table.value()],
        core.gradients(loss, [table]), [],
    )  # fmt: skip
    session = Session()
    for old in (1.0, 0.0):
        before, after, _ = session.run([table.value(), new, table.assign(new)])
        assert before[1].tolist() == [old, old]
        assert after[1].tolist() == [old - 0.5 * (old + 1)] * 2
    before[:] = after[:] = 7.0  # arrays handed out are copies
    assert session.value(table)[0].tolist() == [1.0, 1.0]


def test_what_writes_in_place_comes_last() -> None:
    table = Variable(np.ones((5, 2), np.float32))
    other = Variable(np.ones((3,), np.float32))
    x = core.placeholder("float32", [None])
    write = core.scatter_add(table, [1], [[1.0, 1.0]])
    fails = other.assign(core.scatter_update(other, [0], [5.0]) + core.reshape(x, [3]))
    program = delay_writes(lower([write.op, fails.op], [x]))
    assert labels(program)[-1] == "PutRows"
    assert labels(program).count("PutRows") == 2  # the other one is read
    session = Session()
    index = core.placeholder("int32", [1])
    both = core.group(write, core.scatter_update(other, index, [0.0]))
    with pytest.raises(core.KernelError, match="out of bounds"):
        session.run(both, {index: [3]})
    assert session.value(table).tolist() == np.ones((5, 2)).tolist()
    session.run(both, {index: [2]})
    assert session.value(table)[1].tolist() == [2.0, 2.0]
