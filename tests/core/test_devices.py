"""Marks, transfers and variables on several devices; `strict:N` stand in for GPUs."""

from __future__ import annotations

from typing import Any

import conformance.strict  # noqa: F401  (registers its backend)
import numpy as np
import pytest

from thalweg import core
from thalweg.core import Session, device, gradients, placeholder
from thalweg.core.devices import as_device

X = np.arange(6, dtype="f").reshape(2, 3)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("gpu", "gpu:0"),
        ("/gpu:1", "gpu:1"),
        ("/device:GPU:2", "gpu:2"),
        ("/job:localhost/replica:0/task:0/device:CPU:0", "cpu:0"),
        ("/device:GPU:*", "gpu:0"),
        ("", None),
        (None, None),
    ],
)
def test_names(name: Any, short: Any) -> None:
    assert as_device(name) == short


@pytest.mark.parametrize("name", ["gpu 0", ":1", "/gpu:x", 3])
def test_what_is_no_name(name: Any) -> None:
    with pytest.raises(core.OptionError) as error:
        device(name)
    assert "not a device" in str(error.value) and repr(name) in str(error.value)


def test_marked_operations_run_on_their_device() -> None:
    x = placeholder("float32", [2, 3])
    y = x + 1.0
    with device("strict:0"):
        z = core.matmul(y, y, transpose_b=True)
        with device(None):
            w = z * 2.0
    session = Session()
    expected = (X + 1) @ (X + 1).T
    np.testing.assert_array_equal(session.run(z, {x: X}), expected)
    np.testing.assert_array_equal(session.run(w, {x: X}), 2 * expected)
    text = session.explain(w, {x: X})
    assert text.count("Transfer(") == 2 and "on strict:0" in text
    assert "source=None, target='strict:0'" in text


def test_two_devices_do_not_mix() -> None:
    x = placeholder("float32", [2, 3])
    with device("strict:0"):
        a = x * 2.0
    with device("strict:1"):
        b = a + x
    session = Session()
    np.testing.assert_array_equal(session.run(b, {x: X}), 3 * X)
    np.testing.assert_array_equal(session.run([a, b], {x: X})[0], 2 * X)


def test_variables_live_on_their_device() -> None:
    with device("strict:1"):
        w = core.Variable(X)
    x = placeholder("float32", [2, 3])
    write = w.assign_add(x)
    y = w * 2.0  # unmarked: it follows the variable
    session = Session()
    assert "on strict:1" in session.explain(y)
    np.testing.assert_array_equal(session.run(write, {x: X}), 2 * X)
    np.testing.assert_array_equal(session.run(y), 4 * X)
    np.testing.assert_array_equal(session.value(w), 2 * X)
    session.load(w, X)
    np.testing.assert_array_equal(session.run(w), X)


def test_gradients_run_where_the_forward_pass_did() -> None:
    x = placeholder("float32", [2, 3])
    with device("strict:0"):
        y = core.tanh(x)
    [dx] = gradients(y, [x])
    session = Session()
    np.testing.assert_allclose(session.run(dx, {x: X}), 1 - np.tanh(X) ** 2, atol=1e-6)
    assert session.explain(dx, {x: X}).count("on strict:0") >= 2


def test_constants_move_once() -> None:
    x = placeholder("float32", [3])
    with device("strict:0"):
        y = x + np.float32([1, 2, 3])
    session = Session()
    for _ in range(2):
        assert session.run(y, {x: [0, 0, 0]}).tolist() == [1, 2, 3]


def test_a_whole_session_on_a_device() -> None:
    x = placeholder("float32", [2, 3])
    w = core.Variable(X)
    session = Session(device="strict:1")
    np.testing.assert_array_equal(session.run(w.assign_add(x) + 1.0, {x: X}), 2 * X + 1)
    assert "Transfer(" not in session.explain(x + w, {x: X})


def test_a_session_on_the_cpu_has_the_default_backend() -> None:
    x = placeholder("float32", [2, 3])
    session = Session(device="/device:CPU:0")
    assert session.backend is Session().backend
    y = core.tanh(x) * 2.0
    assert session.explain(y, {x: X}) == Session().explain(y, {x: X})


def test_loops_on_a_device() -> None:
    x = placeholder("float32", [4, 3])
    start = core.constant(np.ones(3, "f"))
    with device("strict:0"):

        def body(s: Any, row: Any) -> Any:
            with device("strict:1"):
                t = core.tanh(s * row)
            return core.cond(core.reduce_sum(t) > 0, lambda: t + s, lambda: t - s), t

        last, rows = core.scan(body, start, x)
    [dx] = gradients([last, rows], [x])
    value = np.random.default_rng(0).normal(size=(4, 3)).astype("f")
    got = Session().run([last, rows, dx], {x: value})
    with core.Graph().as_default():
        x = placeholder("float32", [4, 3])

        def plain(s: Any, row: Any) -> Any:
            t = core.tanh(s * row)
            return core.cond(core.reduce_sum(t) > 0, lambda: t + s, lambda: t - s), t

        last, rows = core.scan(plain, np.ones(3, "f"), x)
        expected = Session().run([last, rows, *gradients([last, rows], [x])], {x: value})
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)  # devices round on their own


def test_sizes_that_depend_on_data_of_a_device() -> None:
    x = placeholder("float32", [None])
    with device("strict:0"):
        n = core.cast(core.reduce_max(x), "int32")
        y = core.fill([n], 2.0) * x[0]
    session = Session()
    assert session.run(y, {x: [1.0, 3.0]}).tolist() == [2.0, 2.0, 2.0]
    assert session.run(y, {x: [2.0, 1.0]}).tolist() == [4.0, 4.0]


def test_training_with_the_variables_on_a_device() -> None:
    with device("strict:0"):
        w = core.Variable(np.zeros((3, 1), "f"))
    x = placeholder("float32", [None, 3])
    loss = core.reduce_mean(core.square(core.matmul(x, w.value()) - 1.0))
    [g] = gradients(loss, [w])
    step = w.assign_sub(0.01 * g)
    session = Session()
    losses = [float(session.run([loss, step], {x: X})[0]) for _ in range(50)]
    assert losses[-1] < 0.2 * losses[0]


def test_unknown_kinds_of_device() -> None:
    with device("tpu:0"):
        y = core.constant(1.0) + placeholder("float32", [])
    with pytest.raises(core.OptionError) as error:
        Session().run(y, {y.op.inputs[1]: 1.0})
    assert "unknown backend" in str(error.value) and "'tpu'" in str(error.value)


@pytest.mark.parametrize("passes_off", [[], ["fold"]])
def test_equal_instructions_of_two_devices_stay_two(passes_off: list[str]) -> None:
    one = core.constant(1)
    here = core.reduce_sum(core.fill([core.clip_by_value(one, 0, 3), 2], one), axis=0)
    with device("strict:0"):
        n = placeholder("int32", [])  # only a run knows the size: the rest is planned then
        there = core.fill([n, 2], one)
    results = Session(backend="numpy", passes_off=passes_off).run([here, there], {n: 1})
    assert [r.tolist() for r in results] == [[1, 1], [[1, 1]]]


def test_variables_hold_arrays_whatever_kernels_return() -> None:
    w = core.Variable(np.float32(1.0))
    table = core.Variable(np.arange(6.0, dtype="f").reshape(2, 3))
    with device("strict:0"):
        n = placeholder("int32", [])
        filled = core.fill([n, 2], w)
    session = Session()
    writes = [w.assign(core.square(w) + 2.0), table.assign(core.reverse(table, 1))]
    session.run([filled, *writes], {n: 1})
    assert session.run(core.tanh(w.value()) * 0 + w) == 3.0  # hoisted by the engine, if it is built
    assert session.run(core.identity(table)).tolist() == [[2, 1, 0], [5, 4, 3]]
    held = [session._values[v] for v in (w, table)]
    assert all(isinstance(array, np.ndarray) and array.flags.c_contiguous for array in held)
