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


def test_what_is_linear_in_sums_follows_them() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(STEPS, ROWS, WIDTH)), rng.normal(size=(STEPS, ROWS, UNITS))
    a, b = core.placeholder("float64", x.shape), core.placeholder("float64", y.shape)

    def body(total: Any, rows: Any) -> Any:
        # two sums of products side by side, (width, units) and (width, width), turned over
        left = core.matmul(rows[0], core.tanh(rows[1]), transpose_a=True)
        right = core.matmul(rows[0], core.exp(rows[0]), transpose_a=True)
        return total + core.transpose(core.concat([left, right], 1)), ()

    total, _ = core.scan(body, core.zeros([UNITS + WIDTH, WIDTH], "float64"), (a, b))
    expected = np.concatenate(
        [np.einsum("trw,tru->uw", x, np.tanh(y)), np.einsum("trw,trv->vw", x, np.exp(x))]
    )
    for off in ((), ("sum_outside",)):
        session = Session(passes_off=off)
        np.testing.assert_allclose(session.run(total, {a: x, b: y}), expected, rtol=1e-12)
        assert in_a_body(session.explain(total, {a: x, b: y}), "MatMul") == bool(off)


def test_what_is_not_linear_stays() -> None:
    x = np.random.default_rng(4).normal(size=(STEPS, ROWS, WIDTH))
    a = core.placeholder("float64", x.shape)

    def body(total: Any, rows: Any) -> Any:
        return total + core.tanh(core.matmul(rows, rows, transpose_a=True)), ()

    total, _ = core.scan(body, core.zeros([WIDTH, WIDTH], "float64"), a)
    expected = np.tanh(np.einsum("trw,trv->twv", x, x)).sum(0)
    np.testing.assert_allclose(Session().run(total, {a: x}), expected, rtol=1e-12)


def test_the_gradient_of_one_of_two_biases_leaves_the_loop() -> None:
    rng = np.random.default_rng(5)
    x = core.placeholder("float64", [STEPS, ROWS, WIDTH])
    w, b, way = (rng.normal(size=size) * 0.3 for size in ((WIDTH, WIDTH), (2, WIDTH), (2, WIDTH)))
    kernel, biases = core.Variable(w), core.Variable(b)

    def body(h: Any, row: Any) -> Any:
        new = core.tanh(row + core.matmul(h, kernel) + biases[1])
        return new, new

    last, _ = core.scan(body, core.zeros([ROWS, WIDTH], "float64"), x)
    fetches = gradients(core.reduce_sum(core.square(last)), [biases, kernel])
    value = rng.normal(size=(STEPS, ROWS, WIDTH))

    def loss(biases: np.ndarray) -> float:
        h = np.zeros((ROWS, WIDTH))
        for row in value:
            h = np.tanh(row + h @ w + biases[1])
        return float((h**2).sum())

    slope = (loss(b + 1e-6 * way) - loss(b - 1e-6 * way)) / 2e-6
    for off in ((), ("sum_outside",)):
        session = Session(passes_off=off)
        got, _ = session.run(fetches, {x: value})
        np.testing.assert_allclose((got * way).sum(), slope, rtol=1e-7)
        assert not got[0].any()
        assert in_a_body(session.explain(fetches, {x: value}), "SumTo") == bool(off)
