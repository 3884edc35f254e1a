"""sum_outside: the sum of a loop's products becomes one product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, gradients

STEPS, ROWS, WIDTH, UNITS = 5, 3, 4, 2


@pytest.fixture(autouse=True)
def graph() -> Any:
    with core.Graph().as_default() as context:
        yield context.graph


def in_a_body(text: str, what: str) -> bool:
    """Whether a planned program, as text, has this in the body of a loop: these are indented."""
    return any(what in line for line in text.splitlines() if line.startswith(" "))


@pytest.mark.parametrize("reverse", [False, True])
def test_a_sum_of_products_leaves_its_loop(reverse: bool) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(STEPS, ROWS, WIDTH)), rng.normal(size=(STEPS, ROWS, UNITS))
    start = rng.normal(size=(WIDTH, UNITS))
    a, b = core.placeholder("float64", x.shape), core.placeholder("float64", y.shape)

    def body(total: Any, rows: Any) -> Any:
        # the second factor is made in the body, the first is a slice of what the loop runs along
        return total + core.matmul(rows[0], core.tanh(rows[1]), transpose_a=True), ()

    total, _ = core.scan(body, core.constant(start), (a, b), reverse=reverse)
    feeds = {a: x, b: y}
    expected = start + np.einsum("trw,tru->wu", x, np.tanh(y))
    for off in ((), ("sum_outside",)):
        session = Session(passes_off=off)
        np.testing.assert_allclose(session.run(total, feeds), expected, rtol=1e-12)
        assert in_a_body(session.explain(total, feeds), "MatMul") == bool(off)


def test_the_gradient_of_a_recurrent_weight_is_one_product() -> None:
    rng = np.random.default_rng(1)
    x = core.placeholder("float32", [STEPS, ROWS, WIDTH])
    w = core.Variable(rng.normal(size=(WIDTH, WIDTH)).astype("f") * 0.3)

    def body(h: Any, row: Any) -> Any:
        new = core.tanh(row + core.matmul(h, w))
        return new, new

    last, _ = core.scan(body, core.zeros([ROWS, WIDTH]), x)
    [g] = gradients(core.reduce_sum(last), [w])
    value = rng.normal(size=(STEPS, ROWS, WIDTH)).astype("f")
    results = {off: Session(passes_off=off) for off in ((), ("sum_outside",))}
    got = [session.run(g, {x: value}) for session in results.values()]
    np.testing.assert_allclose(got[0], got[1], rtol=1e-5, atol=1e-6)
    text = results[()].explain(g, {x: value})
    assert not in_a_body(text, "[transpose_a=True")


def test_a_sum_that_the_loop_reads_stays() -> None:
    a = core.placeholder("float64", [STEPS, ROWS, WIDTH])

    def body(total: Any, rows: Any) -> Any:
        new = total + core.matmul(rows, rows, transpose_a=True)
        return new, core.reduce_sum(total)

    total, seen = core.scan(body, core.zeros([WIDTH, WIDTH], "float64"), a)
    x = np.random.default_rng(2).normal(size=(STEPS, ROWS, WIDTH))
    parts = np.einsum("trw,tru->twu", x, x)
    got_total, got_seen = Session().run([total, seen], {a: x})
    np.testing.assert_allclose(got_total, parts.sum(0), rtol=1e-12)
    before = np.concatenate([np.zeros((1, WIDTH, WIDTH)), parts.cumsum(0)[:-1]])
    np.testing.assert_allclose(got_seen, before.sum((1, 2)), rtol=1e-12)
