"""Loops and branches: what they compute, their gradients, and what they do to variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import conformance.strict  # noqa: F401  (registers its backend)
import numpy as np
import pytest

from thalweg import core
from thalweg.core import (
    Session,
    cond,
    gradients,
    placeholder,
    placeholder_with_default,
    scan,
    while_loop,
)


def differences(f: Callable[[np.ndarray], float], x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences of a function of one array."""
    result = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        delta = np.zeros_like(x)
        delta[index] = step
        result[index] = (f(x + delta) - f(x - delta)) / (2 * step)
    return result


def check_gradient(
    build: Callable[[Any], Any], value: Any, backend: str = "numpy", order: int = 2
) -> None:
    """The gradient of `build(x)`, and that of a function of the gradient, by differences."""
    value = np.asarray(value, np.float64)
    x = placeholder("float64", value.shape)
    y = core.reduce_sum(build(x))
    session = Session(backend=backend)
    for _ in range(order):
        [dx] = gradients(y, [x])
        assert dx is not None
        found = session.run(dx, {x: value})
        expected = differences(lambda v, y=y: float(session.run(y, {x: v})), value)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
        y = core.reduce_sum(core.sin(dx))


class TestWhile:
    def test_it_stops(self, backend: str) -> None:
        n = placeholder("int32", [])
        i, p = while_loop(lambda i, p: i < n, lambda i, p: (i + 1, p * 2.0), [0, 1.0])
        session = Session(backend=backend)
        for count in (0, 1, 5):
            assert [float(v) for v in session.run([i, p], {n: count})] == [count, 2.0**count]

    def test_gradient_of_a_power(self, backend: str) -> None:
        n = core.constant(3)
        check_gradient(
            lambda x: while_loop(lambda i, p: i < n, lambda i, p: (i + 1, p * x), [0, x])[1],
            [1.5, -0.5],
            backend,
        )

    def test_gradient_when_it_never_runs(self) -> None:
        n = placeholder("int32", [])
        x = placeholder("float64", [2])
        _, y = while_loop(lambda i, p: i < n, lambda i, p: (i + 1, core.tanh(p * x)), [0, x])
        [dx] = gradients(y, [x])
        session = Session()
        assert session.run(dx, {x: [1.0, 2.0], n: 0}).tolist() == [1.0, 1.0]
        assert session.run(dx, {x: [1.0, 2.0], n: 2}).shape == (2,)

    def test_sizes_that_grow(self) -> None:
        _, x = while_loop(
            lambda i, x: i < 3,
            lambda i, x: (i + 1, core.concat([x, x], axis=0)),
            [0, core.constant([1.0, 2.0])],
            shape_invariants=[[], [None]],
        )
        assert x.shape == (None,)
        assert Session().run(x).tolist() == [1.0, 2.0] * 8

    def test_a_changed_shape_is_refused(self) -> None:
        with pytest.raises(core.ShapeError) as error:
            while_loop(lambda x: True, lambda x: core.concat([x, x], axis=0), [np.zeros(2)])
        assert "a loop changes the shape of a value" in str(error.value)
        assert "shape_invariants" in str(error.value)

    def test_a_changed_dtype_is_refused(self) -> None:
        with pytest.raises(core.DtypeError, match="a loop changes the dtype of a value"):
            while_loop(lambda x: True, lambda x: core.cast(x, "float64"), [1.0])

    def test_another_structure_is_refused(self) -> None:
        with pytest.raises(core.GraphError, match="another structure"):
            while_loop(lambda x: True, lambda x: (x, x), [1.0])

    def test_structures(self) -> None:
        start = {"i": 0, "pair": (1.0, [2.0])}
        end = while_loop(
            lambda v: v["i"] < 2,
            lambda v: {"i": v["i"] + 1, "pair": (v["pair"][0] + 1, [v["pair"][1][0] * 2])},
            [start],
        )[0]
        assert Session().run(end) == {"i": 2, "pair": (3.0, [8.0])}

    def test_maximum_iterations(self) -> None:
        x = while_loop(lambda x: x > 0, lambda x: [x + 1], [1], maximum_iterations=4)
        assert Session().run(x) == [5]

    def test_writes(self, backend: str) -> None:
        w = core.Variable(1.0)
        session = Session(backend=backend)

        def body(i: Any) -> Any:
            w.assign_add(1.0)
            w.assign(w * 2.0)
            return i + 1

        [i] = while_loop(lambda i: i < 3, lambda i: [body(i)], [0])
        assert session.run(i) == 3
        assert float(session.run(w)) == ((1 + 1) * 2 + 1) * 2 * 2 + 2  # 22
        before, _ = session.run([w, i])
        assert float(before) == 22.0  # a read sees the start of the run
        assert float(session.run(w)) == ((22 + 1) * 2 + 1) * 4 + 2

    def test_writes_compose_with_unordered_ones(self) -> None:
        w = core.Variable(1.0)
        first = w.assign_add(10.0)
        [i] = while_loop(
            lambda i: i < 2, lambda i: [i + 1 + 0 * core.cast(w.assign_add(1.0), "int32")], [0]
        )
        last = w.assign_add(100.0)
        session = Session()
        session.run([last, i, first])
        assert float(session.run(w)) == 113.0

    def test_the_condition_sees_what_the_body_writes(self) -> None:
        w = core.Variable(0.0)
        [i] = while_loop(
            lambda i: w < 3.0, lambda i: [i + core.cast(w.assign_add(1.0) > 0, "int32")], [0]
        )
        session = Session()
        assert session.run(i) == 3
        assert session.run(i) == 0

    def test_variables_are_differentiated(self) -> None:
        w = core.Variable(np.float64(1.5))
        _, y = while_loop(
            lambda i, y: i < 3, lambda i, y: (i + 1, y * w), [0, core.constant(np.float64(2.0))]
        )
        [dw] = gradients(y, [w])
        assert float(Session().run(dw)) == pytest.approx(2 * 3 * 1.5**2)

    def test_tensors_of_the_body_stay_in_it(self) -> None:
        leaked: list[Any] = []

        def body(x: Any) -> Any:
            leaked.append(x * 2.0)
            return x + 1.0

        while_loop(lambda x: x < 3.0, body, [0.0])
        with pytest.raises(core.GraphError):
            leaked[0] + core.placeholder("float32", [])


class TestScan:
    def test_sums(self, backend: str) -> None:
        x = placeholder("float32", [None, 2])
        last, sums = scan(lambda s, row: (s + row, s * row), np.zeros(2, "f"), x)
        session = Session(backend=backend)
        rows = np.arange(6, dtype="f").reshape(3, 2)
        got_last, got = session.run([last, sums], {x: rows})
        before = np.concatenate([np.zeros((1, 2), "f"), np.cumsum(rows, 0)[:-1]])
        np.testing.assert_array_equal(got_last, rows.sum(0))
        np.testing.assert_array_equal(got, before * rows)
        assert session.run(sums, {x: rows[:0]}).shape == (0, 2)

    def test_reverse(self) -> None:
        _, y = scan(lambda s, x: (s + x, s), 0.0, [1.0, 2.0, 4.0], reverse=True)
        assert Session().run(y).tolist() == [6.0, 4.0, 0.0]

    def test_lengths_must_agree(self) -> None:
        with pytest.raises(core.ShapeError, match="no one length"):
            scan(lambda s, x: (s, s), 0.0, (np.zeros(2), np.zeros(3)))

    @pytest.mark.parametrize("reverse", [False, True])
    def test_gradients(self, backend: str, reverse: bool) -> None:
        w = np.random.default_rng(0).normal(size=(2, 2))

        def build(x: Any) -> Any:
            kernel = core.constant(w) * x[0]
            last, states = scan(
                lambda h, row: (core.tanh(core.matmul(h, kernel) + row),) * 2,
                np.ones((1, 2)),
                core.reshape(x, [3, 1, 2]),
                reverse,
            )
            return core.reduce_sum(last * 2.0) + core.reduce_sum(states * x[1])

        check_gradient(build, np.random.default_rng(1).normal(size=(3, 2)), backend)

    def test_gradient_with_unknown_sizes(self) -> None:
        x = placeholder("float64", [None, None])
        last, _ = scan(lambda s, row: (core.sin(s + row), ()), core.zeros_like(x[0]), x)
        [dx] = gradients(last, [x])
        session = Session()
        for shape in ((2, 3), (4, 1)):
            value = np.random.default_rng(2).normal(size=shape)
            found = session.run(dx, {x: value})
            expected = differences(lambda v: float(session.run(last, {x: v}).sum()), value)
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)

    def test_predicting_saves_nothing(self) -> None:
        x = placeholder("float32", [5, 2])
        last, _ = scan(lambda s, row: (core.tanh(s * row), ()), np.ones(2, "f"), x)
        alone = Session().explain(last, {x: np.zeros((5, 2), "f")})
        [dx] = gradients(last, [x])
        assert Session().explain(last, {x: np.zeros((5, 2), "f")}) == alone
        both = Session().explain([last, dx], {x: np.zeros((5, 2), "f")})
        assert both.count("Scan(") == 2

    def test_nested(self) -> None:
        def build(x: Any) -> Any:
            def outer(total: Any, row: Any) -> Any:
                inner, _ = scan(lambda s, e: (core.sin(s + e * total), ()), total, row)
                return total + inner, inner

            return scan(outer, core.constant(np.float64(0.3)), x)[1]

        check_gradient(build, np.random.default_rng(3).normal(size=(2, 3)))

    def test_a_loop_of_changing_length_in_a_scan(self) -> None:
        def build(x: Any) -> Any:
            def outer(total: Any, pair: Any) -> Any:
                value, count = pair
                _, p = while_loop(
                    lambda i, p: i < count, lambda i, p: (i + 1, core.sin(p * value)), [0, value]
                )
                return total + p, p

            return scan(outer, core.constant(np.float64(0.0)), (x, np.array([2, 0, 3], "int32")))[1]

        check_gradient(build, [0.7, 1.1, -0.4])

    def test_random_numbers_differ_by_iteration_and_run(self, backend: str) -> None:
        core.set_seed(3)
        x = np.zeros(4, "f")
        _, draws = scan(lambda s, e: (s, core.random_uniform([2])), 0.0, x)
        session = Session(backend=backend)
        first, second = session.run(draws), session.run(draws)
        assert len(np.unique(np.concatenate([first.ravel(), second.ravel()]))) == 16
        core.set_seed(3)
        _, again = scan(lambda s, e: (s, core.random_uniform([2])), 0.0, x)
        assert core.Session().run(again).shape == (4, 2)

    def test_dropout_in_a_loop_has_one_mask_an_iteration(self) -> None:
        """The mask of the gradient is that of the forward pass."""
        x = placeholder("float64", [6, 3])

        def body(s: Any, row: Any) -> Any:
            kept = core.cast(core.random_bernoulli([3], 0.5), "float64") * row
            return s + core.reduce_sum(kept * kept), kept

        total, kept = scan(body, core.constant(np.float64(0.0)), x)
        [dx] = gradients(total, [x])
        value = np.random.default_rng(4).normal(size=(6, 3))
        got, slope = Session().run([kept, dx], {x: value})
        np.testing.assert_allclose(slope, 2 * got)

    def test_writes(self) -> None:
        w = core.Variable(np.zeros(2, "f"))
        _, seen = scan(lambda s, row: (s, w.assign_add(row) * 1.0), 0.0, np.eye(2, dtype="f"))
        session = Session()
        assert session.run(seen).tolist() == [[1, 0], [1, 1]]
        assert session.run(w).tolist() == [1, 1]

    def test_writes_of_a_nested_loop(self) -> None:
        w = core.Variable(0.0)

        def outer(s: Any, e: Any) -> Any:
            inner, _ = scan(lambda t, f: (t + w.assign_add(f), ()), 0.0, np.array([1.0, 2.0], "f"))
            return s + inner, w.value()

        _, seen = scan(outer, 0.0, np.zeros(2, "f"))
        session = Session()
        assert session.run(seen).tolist() == [3.0, 6.0]
        assert float(session.run(w)) == 6.0

    def test_several_in_one_trace(self) -> None:
        w = core.Variable(1.0)
        with core.Trace().open() as trace:
            w.assign(5.0)
            _, seen = scan(lambda s, e: (s, w.assign_add(1.0)), 0.0, np.zeros(2, "f"))
            after = w.value() * 1.0
        session = Session()
        got = session.run([seen, after, *trace.writes])
        assert got[0].tolist() == [6.0, 7.0] and float(got[1]) == 7.0
        assert float(session.run(w)) == 7.0


class TestCond:
    def test_one_side_runs(self, backend: str) -> None:
        x = placeholder("float64", [2])
        y = cond(core.reduce_sum(x) > 0, lambda: core.log(x), lambda: core.exp(x))
        session = Session(backend=backend)
        np.testing.assert_allclose(session.run(y, {x: [1.0, 2.0]}), np.log([1, 2]))
        np.testing.assert_allclose(session.run(y, {x: [-1.0, -2.0]}), np.exp([-1, -2]))

    @pytest.mark.parametrize("value", [[1.0, 2.0], [-1.0, -2.0]])
    def test_gradients(self, backend: str, value: list[float]) -> None:
        def build(x: Any) -> Any:
            return cond(core.reduce_sum(x) > 0, lambda: x * core.log(x), lambda: core.exp(x * x))

        check_gradient(build, value, backend)

    def test_a_side_without_gradient(self) -> None:
        x = placeholder("float64", [])
        y = cond(x > 0, lambda: x * x, lambda: core.constant(np.float64(1.0)))
        [dx] = gradients(y, [x])
        session = Session()
        assert [float(session.run(dx, {x: v})) for v in (3.0, -3.0)] == [6.0, 0.0]

    def test_python_booleans_decide_at_once(self) -> None:
        assert cond(True, lambda: "yes", lambda: "no") == "yes"

    def test_sizes_may_differ(self) -> None:
        p = placeholder("bool", [])
        y = cond(p, lambda: np.zeros(2, "f"), lambda: np.ones(3, "f"))
        assert y.shape == (None,)
        session = Session()
        assert session.run(y + 1.0, {p: True}).tolist() == [1, 1]
        assert session.run(y + 1.0, {p: False}).tolist() == [2, 2, 2]

    def test_writes_happen_on_the_side_that_runs(self) -> None:
        w, v = core.Variable(1.0), core.Variable(1.0)
        p = placeholder("bool", [])
        y = cond(p, lambda: w.assign_add(1.0), lambda: v.assign(5.0) + w)
        session = Session()
        assert float(session.run(y, {p: True})) == 2.0
        assert [float(i) for i in session.run([w, v])] == [2.0, 1.0]
        assert float(session.run(y, {p: False})) == 7.0
        assert [float(i) for i in session.run([w, v])] == [2.0, 5.0]

    def test_a_variable_beside_a_tensor_that_is_its_value(self) -> None:
        w = core.Variable(1.0)
        value = w.value()
        y = cond(placeholder_with_default(True, []), lambda: w + value, lambda: value)
        assert float(Session().run(y)) == 2.0

    def test_an_operand_from_outside_does_not_take_the_other_there(self) -> None:
        w, x = core.Variable(1.0), core.constant(10.0)

        def write_and_read() -> Any:
            w.assign(5.0)
            return x + w

        y = cond(placeholder_with_default(True, []), write_and_read, lambda: x)
        assert float(Session().run(y)) == 15.0

    def test_other_dtypes_are_refused(self) -> None:
        p = placeholder("bool", [])
        with pytest.raises(core.DtypeError, match="result 0 has two dtypes"):
            cond(p, lambda: 1.0, lambda: 1)

    def test_other_structures_are_refused(self) -> None:
        p = placeholder("bool", [])
        with pytest.raises(core.GraphError, match="different structures"):
            cond(p, lambda: [1.0], lambda: (1.0,))

    def test_no_boolean(self) -> None:
        with pytest.raises(core.DtypeError, match="the condition is not a boolean scalar"):
            cond(core.constant(1.0), lambda: 1.0, lambda: 2.0)

    def test_in_a_loop(self) -> None:
        def build(x: Any) -> Any:
            def step(s: Any, e: Any) -> Any:
                s = cond(e > 0, lambda: core.sin(s + e * x[0]), lambda: s * e)
                return s, s

            return scan(step, core.constant(np.float64(0.5)), x)[1]

        check_gradient(build, [1.0, -0.5, 2.0])


def test_case_takes_the_first_that_holds() -> None:
    x = placeholder("float32", [])
    y = core.case([(x < 1, lambda: x * 0), (x < 2, lambda: x * 10)], default=lambda: x)
    session = Session()
    assert [float(session.run(y, {x: v})) for v in (0.5, 1.5, 2.5)] == [0.0, 15.0, 2.5]
    with pytest.raises(core.OptionError, match="nothing to choose from"):
        core.case([])


def test_folds() -> None:
    x = placeholder("float64", [None])
    left = core.foldl(lambda a, e: a * 10 + e, x)
    right = core.foldr(lambda a, e: a * 10 + e, x, initializer=np.float64(9.0))
    got = Session().run([left, right], {x: [1.0, 2.0, 3.0]})
    assert [float(v) for v in got] == [123.0, 9321.0]


def test_map_fn_of_structures() -> None:
    x = np.arange(6.0).reshape(3, 2)
    y = core.map_fn(lambda p: {"s": p[0] + p[1], "d": core.reduce_sum(p[0])}, (x, x * 2))
    got = Session().run(y)
    np.testing.assert_array_equal(got["s"], 3 * x)
    np.testing.assert_array_equal(got["d"], x.sum(1))


def test_a_body_runs_after_operations_outside() -> None:
    w = core.Variable(1.0)
    write = w.assign(5.0)

    def after_write(value: Any) -> Any:
        with core.control_dependencies([write]):
            return w + value

    p = placeholder("bool", [])
    x = core.constant([1.0, 2.0])
    nested = cond(p, lambda: cond(p, lambda: after_write(1.0), lambda: w + 0.0), lambda: w + 0.0)
    loop = while_loop(lambda v: v < 3.0, after_write, [1.0])[0]
    for fetch, expected in ((nested, 6.0), (loop, 6.0), (core.map_fn(after_write, x), [6.0, 7.0])):
        session = Session()
        assert session.run(fetch, {p: True}).tolist() == expected
        assert session.run(w) == 5.0
    with core.Graph().as_default():
        stranger = core.constant(1.0).op
    with pytest.raises(core.GraphError, match="something of another graph is used in the body"):
        cond(p, lambda: core.group(stranger), lambda: x)


def test_a_constant_that_waits_for_something_in_a_loop_has_no_place_in_its_gradient() -> None:
    def step(total: Any, x: Any) -> Any:
        with core.control_dependencies([total]):
            factor = core.constant(3.0)
        return total + factor * x * x, total

    x = placeholder("float32", [2])
    [dx] = gradients(scan(step, 0.0, x)[0], [x])
    assert Session().run(dx, {x: [1.0, 2.0]}).tolist() == [6.0, 12.0]


def test_a_size_that_is_fed_reaches_into_bodies() -> None:
    n = core.negative(core.constant(-1))  # its type knows that it is 1
    rows = core.fill([n, 2], 1.0)
    p = placeholder("bool", [])
    counted = while_loop(lambda i: i < n, lambda i: i + 1, [0])[0]
    summed = cond(p, lambda: core.reduce_sum(core.fill([n], 1.0)), lambda: core.reduce_sum(rows))
    added = core.map_fn(lambda x: core.stack([n, n]) + x, [0, 1])
    session = Session()
    assert session.run([counted, summed], {p: True}) == [1, 1.0]
    assert session.run([counted, summed], {p: True, n: 3}) == [3, 3.0]
    assert session.run([counted, summed], {p: False, n: 4}) == [4, 8.0]
    assert session.run(added, {n: 5}).tolist() == [[5, 5], [6, 6]]


def test_effects_in_bodies_run_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    from model.effects import LOG, note

    LOG.clear()

    def body(s: Any, e: Any) -> Any:
        with core.control_dependencies([note(1, e)]):
            return s + e, ()

    last, _ = scan(body, 0.0, [1.0, 2.0])
    p = placeholder("bool", [])

    def noted() -> Any:
        with core.control_dependencies([note(2, 1.0)]):
            return core.identity(1.0)

    y = cond(p, noted, lambda: 2.0)
    session = Session()
    session.run([last, y], {p: False})
    assert LOG == [(1, 1.0), (1, 2.0)]
    session.run(y, {p: True})
    assert LOG[2:] == [(2, 1.0)]


def test_every_pass_may_be_off() -> None:
    x = placeholder("float64", [3, 2])

    def body(s: Any, row: Any) -> Any:
        return cond(core.reduce_sum(row) > 0, lambda: (s * row, s), lambda: (s + row, row))

    last, rows = scan(body, np.ones(2), x)
    [dx] = gradients([last, rows], [x])
    value = np.array([[1.0, 2.0], [-3.0, 0.5], [2.0, 2.0]])
    expected = Session().run([last, rows, dx], {x: value})
    for off in (["fold"], ["merge"], ["simplify"], ["fold", "merge", "simplify"]):
        got = Session(passes_off=off).run([last, rows, dx], {x: value})
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_loops_do_not_grow_memory_or_graph() -> None:
    x = placeholder("float32", [4])
    last, _ = scan(lambda s, e: (s + e, ()), 0.0, x)
    session = Session()
    session.run(last, {x: np.zeros(4)})
    before = len(x.graph.get_operations())
    for _ in range(20):
        session.run(last, {x: np.ones(4)})
    assert len(x.graph.get_operations()) == before
