"""Python functions in the graph: when they run, what they see, what they may return."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    GraphError,
    KernelError,
    OptionError,
    Session,
    Variable,
    constant,
    control_dependencies,
    gradients,
    identity,
    map_fn,
    placeholder,
    py_func,
    reduce_sum,
    reshape,
    shape_of,
    stop_gradient,
    timestamp,
    while_loop,
)


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


class Log(list[Any]):
    """Functions that note when they are called."""

    def noting(self, word: str) -> Callable[..., Any]:
        def function(*values: Any) -> Any:
            self.append(word)
            return values[0] if values else np.float32(len(self))

        return function


# When ---------------------------------------------------------------------------------------------


def test_once_for_two_readers_and_in_creation_order(backend: str) -> None:
    log = Log()
    x = placeholder("float32", [None])
    first = py_func(log.noting("first"), [x], "float32")
    second = py_func(log.noting("second"), [x], "float32")
    fetches = [second + first, first * 2.0, second.op, first]
    Session(backend=backend).run(fetches, {x: [1.0, 2.0]})
    assert log == ["first", "second"]


def test_equal_calls_are_two_calls() -> None:
    log = Log()
    x = constant(1.0)
    function = log.noting("call")
    ys = [py_func(function, [x], "float32") for _ in range(2)]
    session = Session()
    session.run(ys)
    session.run(ys)
    assert log == ["call"] * 4


def test_not_needed_not_run() -> None:
    log = Log()
    x = placeholder("float32", [])
    y = py_func(log.noting("fed"), [x], "float32", shapes=[])
    py_func(log.noting("never"), [x], "float32")
    assert float(Session().run(y + 1.0, {y: 3.0})) == 4.0
    assert float(Session().run(x * 1.0, {x: 3.0})) == 3.0
    assert log == []


def test_control_dependencies_run_it_without_reading_it() -> None:
    log = Log()
    x = placeholder("float32", [])
    nothing = py_func(lambda value: log.append(float(value)), [x], [])
    with control_dependencies([nothing]):
        with control_dependencies([py_func(log.noting("then"), [], [])]):
            y = identity(x)
    assert Session().run([y, nothing], {x: 2.0}) == [2.0, None]
    assert log == [2.0, "then"]


def test_its_outputs_may_be_simplified_away() -> None:
    log = Log()
    x = placeholder("float32", [2])
    y = py_func(log.noting("call"), [x], "float32", shapes=[2])
    assert Session().run(shape_of(y), {x: [1, 2]}).tolist() == [2]
    assert log == ["call"]


def test_stateless_calls_are_shared_and_folded() -> None:
    log = Log()
    function = log.noting("call")
    x = placeholder("float32", [])
    ys = [py_func(function, [x], "float32", stateful=False, shapes=[]) for _ in range(2)]
    session = Session()
    assert [float(y) for y in session.run(ys, {x: 1.0})] == [1.0, 1.0]
    assert log == ["call"]
    folded = py_func(function, [constant(1.0)], "float32", stateful=False, shapes=[])
    session.run(folded), session.run(folded)
    assert log == ["call"] * 2


def test_in_every_iteration_of_a_loop() -> None:
    seen: list[int] = []

    def noted(n: Any) -> Any:
        return py_func(lambda v: seen.append(int(v)) or v * v, [n], "int32", shapes=[])

    square = map_fn(noted, constant([1, 2, 3]))
    assert Session().run(square).tolist() == [1, 4, 9] and seen == [1, 2, 3]
    total = while_loop(
        lambda n: n < 3,
        lambda n: [py_func(lambda v: seen.append(-int(v)) or v + 1, [n], "int32", True, [])],
        [constant(0)],
    )
    Session().run(total)
    assert seen[3:] == [0, -1, -2]


def test_it_may_run_the_session() -> None:
    session = Session()
    w = Variable(2.0)
    x = placeholder("float32", [])
    y = py_func(lambda v: session.run(w) * v, [x], "float32")
    assert float(session.run(y, {x: 3.0})) == 6.0


# What goes in and out -----------------------------------------------------------------------------


def test_inputs_are_arrays_that_nobody_can_spoil(backend: str) -> None:
    seen: list[Any] = []
    w = Variable([1.0, 2.0])
    y = py_func(lambda *v: seen.extend(v), [w, 3, "word", reduce_sum(w.value())], [])
    session = Session(backend=backend)
    session.run(y)
    assert [type(v) for v in seen] == [np.ndarray] * 4
    assert [v.dtype for v in seen] == [np.float32, np.int32, object, np.float32]
    assert [v.tolist() for v in seen] == [[1.0, 2.0], 3, b"word", 3.0]
    for value in seen:
        with pytest.raises(ValueError, match="read-only"):
            value[...] = 0
    assert session.run(w).tolist() == [1.0, 2.0]


def test_results_are_copies() -> None:
    kept = np.zeros(2, np.float32)
    x = placeholder("float32", [2])
    same = py_func(lambda v: v, [x], "float32")
    mine = py_func(lambda: kept, [], "float32")
    given = np.ones(2, np.float32)
    a, b = Session().run([same, mine], {x: given})
    a[:], b[:] = 7, 7
    assert given.tolist() == [1, 1] and kept.tolist() == [0, 0]


def test_several_results_of_several_kinds(backend: str) -> None:
    def function(n: Any) -> Any:
        return [n * 0.5, ["a", b"b\x00"], int(n) > 2, range(int(n))]

    outputs = py_func(function, [3], ["float32", "string", "bool", "int64"])
    results = Session(backend=backend).run([*outputs, outputs[0] * 2.0])
    assert [np.asarray(r).tolist() for r in results[:3]] == [1.5, [b"a", b"b\x00"], True]
    assert results[3].tolist() == [0, 1, 2] and results[3].dtype == np.int64 and results[4] == 3.0


def test_a_single_dtype_takes_what_is_returned_as_it_is() -> None:
    assert Session().run(py_func(lambda: [1, 2], [], "int32")).tolist() == [1, 2]
    [y] = py_func(lambda: np.ones(2), [], ["float32"])
    assert Session().run(y).tolist() == [1.0, 1.0]
    assert py_func(lambda: 1, [], []).type == "PyFunc"


def test_sizes_that_only_the_function_knows() -> None:
    n = placeholder("int32", [])
    y = py_func(lambda n: np.arange(n, dtype="f"), [n], "float32", shapes=[None])
    assert y.shape == (None,)
    z = reshape(y, [-1, 2]) + 1.0
    session = Session()
    assert [session.run(z, {n: size}).shape for size in (4, 6)] == [(2, 2), (3, 2)]


# Gradients ----------------------------------------------------------------------------------------


def test_a_gradient_may_be_said_and_have_one_itself(backend: str) -> None:
    def cube(x: Any) -> Any:
        return py_func(lambda v: v**3, [x], "float64", shapes=[None], grad=derived)

    def derived(node: Any, g: Any) -> Any:
        return 3.0 * g * node.inputs[0] * node.inputs[0]

    x = placeholder("float64", [None])
    [dx] = gradients(cube(x), x)
    [ddx] = gradients(dx, x)
    values = Session(backend=backend).run([dx, ddx], {x: [1.0, 2.0]})
    assert [v.tolist() for v in values] == [[3.0, 12.0], [6.0, 12.0]]


def test_gradients_of_some_outputs_and_inputs() -> None:
    seen: list[Any] = []

    def derived(node: Any, *g: Any) -> Any:
        seen.extend(g)
        return [g[0] + g[2], None]

    x = placeholder("float32", [])
    y, _, _ = py_func(lambda a, b: [a, 1, a], [x, 2], ["float32", "int32", "float32"],
                      shapes=[[], [], []], grad=derived)  # fmt: skip
    assert float(Session().run(gradients(y, x)[0], {x: 1.0})) == 1.0
    assert seen[1] is None and seen[2] is not None


def test_without_gradient() -> None:
    x = placeholder("float32", [])
    y = py_func(np.sin, [x], "float32", name="wave")
    with pytest.raises(GraphError) as caught:
        gradients(y, x)
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["PyFunc: sin has no gradient", "  node      'wave'"]
    assert lines[2].startswith("  made at   test_host_function.py")
    assert lines[3:] == [
        "  hint      py_func(…, grad=…) says one; stop_gradient(y) says that y needs none"
    ]
    z = stop_gradient(y) + x
    assert float(Session().run(gradients(z, x)[0], {x: 1.0})) == 1.0


# Errors -------------------------------------------------------------------------------------------


def fail(x: Any) -> Any:
    return {}[int(x)]


@pytest.mark.parametrize(
    ("function", "Tout", "shapes", "expected"),
    [
        (fail, "int32", None, ["PyFunc: fail raised KeyError: 0"]),
        (
            lambda x: [1, 2],
            ["int32"],
            None,
            [
                "PyFunc: <lambda> returned another number of values",
                "  expected  1, as Tout says",
                "  got       2",
            ],
        ),
        (
            lambda x: 1.5,
            "int32",
            [[]],
            [
                "PyFunc: <lambda> returned what Tout does not say as value 0",
                "  expected  int32 ()",
                "  got       float64 ()",
            ],
        ),
        (
            lambda x: None,
            "int32",
            None,
            [
                "PyFunc: <lambda> returned what Tout does not say as value 0",
                "  expected  int32 (...)",
                "  got       None",
            ],
        ),
        (
            lambda x: [1, np.zeros(3)],
            ["int32", "float32"],
            [[], [None, 3]],
            [
                "PyFunc: <lambda> returned another shape as value 1",
                "  expected  float32 (None, 3)",
                "  got       float32 (3,)",
            ],
        ),
    ],
)
def test_errors_in_the_run(
    function: Any, Tout: Any, shapes: Any, expected: list[str], backend: str
) -> None:
    x = placeholder("int32", [])
    shapes = shapes[0] if isinstance(Tout, str) and shapes else shapes
    y = py_func(function, [x], Tout, shapes=shapes, name="mine")
    with pytest.raises(KernelError) as caught:
        Session(backend=backend).run(y, {x: 0})
    lines = str(caught.value).splitlines()
    assert lines[: len(expected)] == expected
    assert lines[len(expected)] == "  node      'mine'"
    assert lines[len(expected) + 1].startswith("  made at   test_host_function.py")
    assert (function is fail) == isinstance(caught.value.__cause__, KeyError)


def test_one_shape_a_dtype() -> None:
    with pytest.raises(OptionError) as caught:
        py_func(fail, [1], ["int32", "int32"], shapes=[[]])
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "py_func: not one shape a dtype",
        "  expected  2 shapes",
        "  got       [[]]",
    ]
    assert lines[3].startswith("  made at   test_host_function.py")


def test_timestamps_follow_the_order_of_effects(backend: str) -> None:
    before = time.time()
    first = timestamp()
    with control_dependencies([py_func(lambda: time.sleep(0.01), [], [])]):
        second = timestamp()
    session = Session(backend=backend)
    times = [float(t) for _ in range(2) for t in session.run([first, second])]
    assert before <= times[0] and times == sorted(times) and times[1] - times[0] >= 0.009
