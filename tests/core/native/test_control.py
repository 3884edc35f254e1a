"""While and Cond in the engine: one segment, NumPy's results, and the other branch at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, cond, placeholder, scan, while_loop
from thalweg.core.backends.native import extension
from thalweg.core.opdef import OpDef, apply
from thalweg.core.types import TensorType

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(33, 40)).astype("f")
W = RNG.normal(size=(40, 40)).astype("f") / 6


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with core.Graph().as_default() as context:
        yield context.graph


def is_one_segment(fetches: Any, feeds: Any) -> bool:
    """Whether the engine runs all of it, without coming back."""
    counts = [s for s in Session().explain(fetches, feeds).splitlines() if " instructions: " in s]
    return all(s.endswith(("native kernel", "a view")) for s in counts)


def check(fetches: Any, feeds: dict[Any, Any], rtol: float = 1e-5) -> list[Any]:
    """What the engine and NumPy give: it must be the same."""
    assert is_one_segment(fetches, feeds)
    ours = Session(strict=True).run(fetches, feeds)
    plain = Session(backend="numpy").run(fetches, feeds)
    for got, expected in zip(ours, plain, strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-6)
    return list(ours)


# While --------------------------------------------------------------------------------------------


class TestWhile:
    def test_any_number_of_iterations(self) -> None:
        n, x = placeholder("int32", []), placeholder("float32", [None, 40])
        fetches = while_loop(
            lambda i, y: i < n, lambda i, y: (i + 1, core.sin(y) * 1.1), [np.int32(0), x]
        )
        for count in (0, 1, 2, 3, 10):
            i, y = check(fetches, {n: count, x: X})
            assert i == count
            expected = X.astype("d")
            for _ in range(count):
                expected = np.sin(expected) * 1.1
            np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)

    def test_carries_that_change_places(self) -> None:
        n = placeholder("int64", [])
        _, a, b = while_loop(
            lambda i, a, b: i < n,
            lambda i, a, b: (i + 1, b, a + b),
            [np.int64(0)] * 2 + [np.int64(1)],
        )
        found = [int(check([a, b], {n: count})[0]) for count in range(10)]
        assert found == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]

    def test_a_carry_that_stays_and_one_that_is_handed_on_twice(self) -> None:
        n, x = placeholder("int32", []), placeholder("float64", [3])
        _, kept, once, twice = while_loop(
            lambda i, kept, a, b: i < n,
            lambda i, kept, a, b: (i + 1, kept, a * 2, a * 2),
            [np.int32(0), x, x, x],
        )
        value = np.arange(3.0)
        for count in (0, 1, 2, 5):
            found = check([kept, once, twice], {n: count, x: value})
            for got, expected in zip(found, (1, 2**count, 2**count), strict=True):
                np.testing.assert_array_equal(got, value * expected)

    def test_the_condition_may_be_a_carry(self) -> None:
        x = placeholder("float32", [])
        goes_on, y = while_loop(
            lambda goes_on, y: goes_on, lambda goes_on, y: (y < 50, y * 2), [x < 50, x]
        )
        for start, end in ((60.0, 60.0), (1.0, 128.0)):
            assert [float(v) for v in check([goes_on, y], {x: start})] == [0.0, end]

    def test_a_condition_that_no_iteration_changes(self) -> None:
        x = placeholder("float32", [2])
        y = while_loop(lambda y: core.reduce_sum(x) > 1e9, lambda y: y + 1, [x])
        np.testing.assert_array_equal(check(y, {x: [1.0, 2.0]})[0], [1, 2])

    def test_at_most_so_many_iterations(self) -> None:
        x = placeholder("float32", [])
        y = while_loop(lambda y: y < 1e9, lambda y: y * 2, [x], maximum_iterations=5)
        assert float(check(y, {x: 1.0})[0]) == 32

    def test_no_elements(self) -> None:
        x = placeholder("float32", [None, 40])
        fetches = while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2), [np.int32(0), x])
        assert check(fetches, {x: X[:0]})[1].shape == (0, 40)

    def test_products_of_a_constant_and_threads(self, threads: Callable[[int], None]) -> None:
        x, w = placeholder("float32", [None, 40]), placeholder("float32", [40, 40])
        fetches = while_loop(
            lambda i, y: i < 20,
            lambda i, y: (i + 1, core.tanh(core.matmul(y, w) + x)),
            [np.int32(0), x],
        )
        rows = np.tile(X, (20, 1))
        check(fetches, {x: rows, w: W}, rtol=1e-3)
        session, results = Session(), []
        for count in (1, 2, 3, 4):
            threads(count)
            results.append(session.run(fetches[1], {x: rows, w: W}))
        for other in results[1:]:
            np.testing.assert_array_equal(results[0], other)

    def test_a_body_that_writes_a_variable(self) -> None:
        n = placeholder("int32", [])
        total = core.Variable(np.zeros(5, "f"))

        def body(i: Any) -> Any:
            with core.control_dependencies([total.assign_add(core.ones([5]) * 2.0)]):
                return [i + 1]

        loop = while_loop(lambda i: i < n, body, [np.int32(0)])
        session = Session(strict=True)
        for count in (0, 3, 4):
            session.run(loop, {n: count})
        np.testing.assert_array_equal(session.value(total), [14] * 5)

    def test_random_numbers_differ_by_iteration(self) -> None:
        def body(i: Any, y: Any) -> Any:
            return i + 1, y * 10 + core.cast(core.random_uniform([4], seed=3) * 10, "int32")

        start = [np.int32(0), np.zeros(4, "int32")]
        _, y = check(while_loop(lambda i, y: i < 4, body, start), {})
        assert len({int(digit) for digit in f"{int(y[0]):04}"}) > 1

    def test_a_loop_of_unwritten_variables_follows_them(self) -> None:
        v = core.Variable(np.float32(1.0))
        y = while_loop(lambda y: y < 100, lambda y: y * 2, [v.value()])[0]
        session = Session(strict=True)
        assert float(session.run(y)) == 128
        session.load(v, 3.0)
        assert float(session.run(y)) == 192

    def test_its_gradient_stacks_what_each_iteration_made(self) -> None:
        x, n = placeholder("float32", [3]), placeholder("int32", [])
        _, y = while_loop(lambda i, y: i < n, lambda i, y: (i + 1, core.sin(y)), [np.int32(0), x])
        [dx] = core.gradients(core.reduce_sum(y), [x])
        value = np.array([0.1, 0.5, 1.0])
        for count in (0, 1, 4):
            slope, at = np.ones(3), value.copy()
            for _ in range(count):
                slope, at = slope * np.cos(at), np.sin(at)
            np.testing.assert_allclose(Session().run(dx, {x: value, n: count}), slope, rtol=1e-5)


# Cond ---------------------------------------------------------------------------------------------


class TestCond:
    def test_either_side(self) -> None:
        p, x = placeholder("bool", []), placeholder("float32", [None, 40])
        fetches = cond(
            p, lambda: (core.exp(x), x, core.matmul(x, W)), lambda: (x, x * 2, core.sin(x))
        )
        for chosen, expected in (
            (True, (np.exp(X), X, X @ W)),
            (False, (X, X * 2, np.sin(X))),
        ):
            for got, wanted in zip(check(fetches, {p: chosen, x: X}), expected, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)

    def test_the_other_side_does_not_run(self) -> None:
        table, index = placeholder("float32", [4]), placeholder("int32", [2])
        y = cond(
            core.reduce_all(index < 4), lambda: core.gather(table, index), lambda: core.zeros([2])
        )
        feeds = {table: np.arange(4.0), index: np.array([3, 1], "i")}
        assert is_one_segment(y, feeds)
        session = Session(strict=True)
        assert session.run(y, feeds).tolist() == [3, 1]
        assert session.run(y, {**feeds, index: np.array([3, 9], "i")}).tolist() == [0, 0]

    def test_weights_of_a_side_follow_their_variable(self) -> None:
        p, x = placeholder("bool", []), placeholder("float32", [None, 40])
        w = core.Variable(W)
        y = cond(p, lambda: core.matmul(x, w), lambda: x)
        session = Session(strict=True)
        for scale in (1.0, 0.5):
            session.load(w, W * scale)
            got = session.run(y, {p: True, x: X})
            np.testing.assert_allclose(got, X @ W * scale, rtol=1e-4, atol=1e-5)

    def test_a_side_that_writes_a_variable(self) -> None:
        p = placeholder("bool", [])
        v = core.Variable(np.ones(3, "f"))
        y = cond(p, lambda: v.assign_add(core.ones([3])), lambda: core.identity(v.value()) * 10)
        session = Session(strict=True)
        got = [session.run(y, {p: chosen}).tolist() for chosen in (True, False, True)]
        assert got == [[2] * 3, [20] * 3, [3] * 3]
        assert session.value(v).tolist() == [3] * 3

    def test_its_gradient(self) -> None:
        p, x = placeholder("bool", []), placeholder("float32", [3])
        y = cond(p, lambda: core.square(x), lambda: core.sin(x))
        gradients = core.gradients(core.reduce_sum(y), [x])
        for chosen, expected in ((True, 2 * X[0, :3]), (False, np.cos(X[0, :3]))):
            got = check(gradients, {p: chosen, x: X[0, :3]})
            np.testing.assert_allclose(got[0], expected, rtol=1e-5)

    def test_a_case_of_many(self) -> None:
        x = placeholder("float32", [])
        pairs = [(x < k, lambda k=k: x * k) for k in range(1, 5)]
        y = core.case(pairs, default=lambda: -x)
        for value, expected in ((0.5, 0.5), (2.5, 7.5), (9.0, -9.0)):
            assert float(check([y], {x: value})[0]) == expected


# Nested -------------------------------------------------------------------------------------------


def collatz(n: Any) -> Any:
    """How many steps lead from n to 1."""
    half_or_triple = lambda m: cond(  # noqa: E731
        core.equal(m % 2, 0), lambda: m // 2, lambda: m * 3 + 1
    )
    return while_loop(lambda m, s: m > 1, lambda m, s: (half_or_triple(m), s + 1), [n, np.int32(0)])


class TestNested:
    def test_a_cond_in_a_while_in_a_scan(self) -> None:
        numbers = placeholder("int32", [None])
        best = core.Variable(np.int32(0))

        def body(total: Any, n: Any) -> Any:
            steps = collatz(n)[1]
            kept = cond(steps > best.value(), lambda: best.assign(steps), lambda: best.value())
            return total + steps, (steps, kept)

        total, (each, so_far) = scan(body, np.int32(0), numbers)
        feeds = {numbers: np.array([1, 7, 6, 27, 9], "i")}
        assert is_one_segment([total, each, so_far], feeds)
        for session in (Session(strict=True), Session(backend="numpy")):
            found = session.run([total, each, so_far], feeds)
            assert [np.asarray(f).tolist() for f in found] == [
                154,
                [0, 16, 8, 111, 19],
                [0, 16, 16, 111, 111],
            ]
            assert session.value(best) == 111

    def test_a_scan_in_a_cond_in_a_while(self) -> None:
        x = placeholder("float32", [5, 40])
        n = placeholder("int32", [])

        def sums(y: Any) -> Any:
            return scan(lambda s, row: (s + row, core.tanh(s + row)), core.zeros([40]), y)[1]

        fetches = while_loop(
            lambda i, y: i < n,
            lambda i, y: (i + 1, cond(core.equal(i % 2, 0), lambda: sums(y), lambda: y * 1.5)),
            [np.int32(0), x],
        )
        for count in (0, 1, 2, 5):
            check(fetches, {x: X[:5], n: count}, rtol=1e-4)

    def test_a_while_in_a_while(self) -> None:
        n = placeholder("int32", [])

        def row(i: Any, total: Any) -> Any:
            inner = while_loop(
                lambda j, t: j < i, lambda j, t: (j + 1, t + j), [np.int32(0), total]
            )
            return i + 1, inner[1]

        fetches = while_loop(lambda i, t: i < n, row, [np.int32(0), np.int32(0)])
        for count in (0, 1, 6):
            expected = sum(j for i in range(count) for j in range(i))
            assert int(check(fetches, {n: count})[1]) == expected


# What the engine cannot do, and what goes wrong ---------------------------------------------------


class Halves(OpDef):
    """Half of its input; the engine has no kernel for it."""

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        """On NumPy."""
        return x / 2


def test_a_body_without_a_kernel_runs_on_numpy() -> None:
    x = placeholder("float32", [2])
    y = cond(core.reduce_sum(x) > 0, lambda: apply(Halves(), x), lambda: core.zeros([2]))
    value = np.array([2, 3], "f")
    assert not is_one_segment(y, {x: value})
    assert Session().run(y, {x: value}).tolist() == [1, 1.5]
    assert Session().run(y, {x: -value}).tolist() == [0, 0]
    with pytest.raises(core.KernelError, match="Halves: the engine has no kernel for it"):
        Session(strict=True).run(y, {x: value})


def test_sizes_that_change_run_on_numpy() -> None:
    x = placeholder("float32", [None])
    y = while_loop(
        lambda y: core.reduce_sum(y) < 20,
        lambda y: [core.concat([y, y], 0)],
        [x],
        shape_invariants=[[None]],
    )[0]
    assert Session().run(y, {x: [1.0, 2.0]}).tolist() == [1.0, 2.0] * 8


def test_an_error_in_a_body_names_its_line() -> None:
    table, index = placeholder("float32", [4, 2]), placeholder("int32", [])

    def body(i: Any, total: Any) -> Any:
        row = core.gather(table, i + index, name="look_up")
        return i + 1, total + row

    y = while_loop(lambda i, t: i < 3, body, [np.int32(0), core.zeros([2])])[1]
    session = Session(strict=True)
    ones = np.ones((4, 2), "f")
    assert session.run(y, {table: ones, index: 1}).tolist() == [3, 3]
    with pytest.raises(core.KernelError, match="an index is out of bounds") as caught:
        session.run(y, {table: ones, index: 2})
    assert "look_up" in str(caught.value) and "row = core.gather" in str(caught.value)


def test_what_never_runs_does_not_fail() -> None:
    """Also where it follows from the loop's constants alone, so that it is made in advance."""
    table, index, n = (
        placeholder("float32", [4, 2]),
        placeholder("int32", [1]),
        placeholder("int32", []),
    )
    y = while_loop(
        lambda i, t: i < n,
        lambda i, t: (i + 1, t + core.gather(table, index)),
        [np.int32(0), core.zeros([1, 2])],
    )[1]
    feeds = {table: np.ones((4, 2), "f"), index: [9]}
    assert Session(strict=True).run(y, {**feeds, n: 0}).tolist() == [[0, 0]]
    with pytest.raises(core.KernelError, match="an index is out of bounds"):
        Session(strict=True).run(y, {**feeds, n: 1})


def test_arenas_full_of_nans_change_nothing() -> None:
    n, x = placeholder("int32", []), placeholder("float32", [None, 40])
    fetches = while_loop(
        lambda i, y: core.logical_and(i < n, core.reduce_mean(y) < 1e9),
        lambda i, y: (i + 1, core.softmax(cond(i > 1, lambda: core.matmul(y, W), lambda: y + 1.0))),
        [np.int32(0), x],
    )
    extension.poison_arenas(True)
    try:
        for count in (0, 1, 2, 5):
            check(fetches, {n: count, x: X})
    finally:
        extension.poison_arenas(False)
