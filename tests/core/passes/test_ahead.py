"""Products with picked rows: when they are computed ahead, and that the numbers stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import Session, Variable
from thalweg.core.backends.native import extension
from thalweg.core.lower import lower
from thalweg.core.passes import run_passes
from thalweg.core.passes.ahead import MAX_BYTES, MAX_ROWS, ahead
from thalweg.core.plan import specialize
from thalweg.core.program import Program, verify

RNG = np.random.default_rng(0)
ROWS, FEATURES, UNITS = 20, 6, 5


@pytest.fixture(autouse=True)
def graph() -> Iterator[None]:
    with core.Graph().as_default():
        yield


def weights(*shape: int) -> Variable:
    return Variable(RNG.standard_normal(shape, dtype=np.float32))


def labels(program: Program) -> list[str]:
    return [instruction.opdef.label for instruction in program.instructions]


def planned(fetches: list[Any], indices: Any, shape: tuple[int, ...]) -> Program:
    """What a plan computes, before anything is fused."""
    program = ahead(run_passes(specialize(run_passes(lower(fetches, [indices])), [shape])))
    verify(program)
    return program


def projected(indices: Any, *, rows: int = ROWS, units: int = UNITS) -> tuple[Any, list[Variable]]:
    """By time, as recurrent layers do it: rows of a table, times a kernel, plus a bias."""
    table, kernel, bias = weights(rows, FEATURES), weights(FEATURES, units), weights(units)
    by_time = core.transpose(core.gather(table, indices), [1, 0, 2])
    flat = core.reshape(by_time, [-1, FEATURES])
    return core.matmul(flat, kernel) + bias, [table, kernel, bias]


def test_a_prediction_only_picks_rows() -> None:
    indices = core.placeholder("int32", [None, None])
    y, _ = projected(indices)
    program = planned([y], indices, (2, 3))
    assert sorted(labels(program)) == ["Add", "Gather", "MatMul", "Reshape", "Transpose"]
    *others, pick = program.instructions
    assert pick.opdef.label == "Gather"  # of a sum of variables
    moved = [i for i in others if i.opdef.label in ("Transpose", "Reshape")]
    assert all(program.types[n].dtype is core.int32 for i in moved for n in i.outputs)


@pytest.mark.skipif(extension is None, reason="the engine is not built here")
def test_the_numbers_are_those_of_the_product_and_follow_the_variables() -> None:
    indices = core.placeholder("int32", [None, None])
    y, variables = projected(indices)
    session = Session(backend="native", strict=True)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        picks = rng.integers(-ROWS, ROWS, (4, 3))
        table, kernel, bias = (rng.standard_normal(v.shape, dtype=np.float32) for v in variables)
        for variable, value in zip(variables, (table, kernel, bias), strict=True):
            session.run(variable.assign(value))
        expected = np.einsum("btk,ku->tbu", table[picks].astype(np.float64), kernel) + bias
        got = session.run(y, {indices: picks})
        np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


def test_a_dense_layer_on_picked_rows_needs_no_reshape() -> None:
    indices = core.placeholder("int32", [None, None])
    y = core.matmul(core.gather(weights(ROWS, FEATURES), indices), weights(FEATURES, UNITS))
    assert labels(planned([y], indices, (2, 3))) == ["MatMul", "Gather"]


def test_a_program_that_writes_one_of_them_keeps_the_product() -> None:
    indices = core.placeholder("int32", [None, None])
    y, variables = projected(indices)
    for variable in variables[:2]:
        write = variable.assign_add(core.ones_like(variable.value())).op
        assert "Add" not in labels(planned([y, write], indices, (2, 3)))[:1]
        last = labels(planned([y, write], indices, (2, 3)))
        assert last.index("Gather") < last.index("MatMul")


def test_a_table_much_larger_than_what_a_run_picks_is_not_multiplied() -> None:
    indices = core.placeholder("int32", [None, None])
    y, _ = projected(indices, rows=6 * MAX_ROWS)
    assert labels(planned([y], indices, (2, 3)))[-1] == "Gather"
    y, _ = projected(indices, rows=6 * MAX_ROWS + 1)
    assert labels(planned([y], indices, (2, 3)))[-1] == "Add"


def test_what_would_take_much_memory_is_not_kept() -> None:
    rows = MAX_BYTES // 4 // 1024
    indices = core.placeholder("int32", [None, None])
    table, shape = weights(rows, 1), (64, rows // 64)
    fits = core.matmul(core.gather(table, indices), weights(1, 1024))
    assert labels(planned([fits], indices, shape)) == ["MatMul", "Gather"]
    larger = core.matmul(core.gather(table, indices), weights(1, 1025))
    assert labels(planned([larger], indices, shape)) == ["Gather", "MatMul"]


def test_rows_that_depend_on_a_feed_are_multiplied_as_they_come() -> None:
    indices = core.placeholder("int32", [None, None])
    table = weights(ROWS, FEATURES) * core.cast(core.reduce_sum(indices), "float32")
    y = core.matmul(core.gather(table, indices), weights(FEATURES, UNITS))
    assert labels(planned([y], indices, (2, 3)))[-1] == "MatMul"


def test_an_addition_alone_does_not_keep_the_table_twice() -> None:
    indices = core.placeholder("int32", [None, None])
    y = core.gather(weights(ROWS, FEATURES), indices) + weights(FEATURES)
    assert labels(planned([y], indices, (2, 3))) == ["Gather", "Add"]


@pytest.mark.skipif(extension is None, reason="the engine is not built here")
def test_it_may_be_switched_off_and_other_backends_do_without() -> None:
    indices = core.placeholder("int32", [None, None])
    y, _ = projected(indices)
    feeds = {indices: np.zeros((2, 3), np.int32)}

    def is_ahead(session: Session) -> bool:
        text = session.explain(y, feeds)
        return "MatMul" in text.split("= Gather(")[0]

    assert is_ahead(Session(backend="native"))
    assert not is_ahead(Session(backend="native", passes_off=["ahead"]))
    assert not is_ahead(Session(backend="numpy"))
