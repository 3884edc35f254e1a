"""What is printed, when, and how often."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    Print,
    Session,
    Variable,
    arange,
    cond,
    constant,
    control_dependencies,
    gradients,
    identity,
    map_fn,
    placeholder,
    print_v2,
    reduce_sum,
    reshape,
    shape_of,
    while_loop,
)
from thalweg.core.errors import OptionError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def printed(capsys: Any) -> list[str]:
    """The lines on the standard error stream since the last time."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


# When ---------------------------------------------------------------------------------------------


def test_once_for_two_readers_in_creation_order(capsys: Any, backend: str) -> None:
    x = placeholder("float32", [None])
    y = Print(x, [x], "first ")
    z = Print(y * 2.0, [y, "word"], "second ")
    Session(backend=backend).run([z + y, y * 3.0, z], {x: [1.0, 2.0]})
    assert printed(capsys) == ["first [1.0 2.0]", "second [1.0 2.0][word]"]


def test_not_needed_not_printed(capsys: Any) -> None:
    x = placeholder("float32", [])
    y = Print(x, [x], "x ")
    print_v2("never", x)
    session = Session()
    session.run(x + 1.0, {x: 1.0})
    session.run(y + 1.0, {y: 1.0})
    assert printed(capsys) == []
    session.run(y.op, {x: 1.0})
    assert printed(capsys) == ["x [1.0]"]


def test_control_dependencies_order_what_is_printed(capsys: Any) -> None:
    x = placeholder("float32", [])
    with control_dependencies([print_v2("before", x)]):
        y = x * 2.0
        with control_dependencies([print_v2("between", y)]):
            z = Print(y + 1.0, [y], "after ")
    assert float(Session().run(z, {x: 1.0})) == 3.0
    assert printed(capsys) == ["before 1.0", "between 2.0", "after [2.0]"]


def test_what_is_simplified_away_is_still_printed(capsys: Any) -> None:
    x = placeholder("float32", [2])
    session = Session()
    assert session.run(shape_of(Print(x, [], "x")), {x: [0, 0]}).tolist() == [2]
    assert session.run(Print(constant(1.0), [constant(2.0)], "y") * 0.0) == 0.0
    assert printed(capsys) == ["x", "y[2.0]"]


def test_gradients_pass_through(capsys: Any) -> None:
    x = placeholder("float64", [])
    y = Print(x * x, [x], "x ")
    [dx] = gradients(y * y, x)
    assert float(Session().run(dx, {x: 2.0})) == 32.0
    assert printed(capsys) == ["x [2.0]"]


def test_only_the_first_runs_of_a_session(capsys: Any, backend: str) -> None:
    x = placeholder("float32", [])
    y = Print(x, [x], first_n=2)
    session, other = Session(backend=backend), Session(backend=backend)
    for number in range(4):
        session.run(y, {x: number})
    session.run(x, {x: 9.0})
    assert printed(capsys) == ["[0.0]", "[1.0]"]
    other.run(y, {x: 7.0})
    assert printed(capsys) == ["[7.0]"]
    for first_n, times in ((0, 0), (-1, 3)):
        z = Print(x, [x], first_n=first_n)
        for _ in range(3):
            session.run(z, {x: 1.0})
        assert len(printed(capsys)) == times


def test_in_loops_and_branches(capsys: Any, backend: str) -> None:
    session = Session(backend=backend)
    total = while_loop(lambda n: n < 3, lambda n: [Print(n, [n], "n ") + 1], [constant(0)])
    assert session.run(total) == [3]
    assert printed(capsys) == ["n [0]", "n [1]", "n [2]"]
    outside = constant([5, 6])
    mapped = map_fn(lambda n: Print(n, [outside], "o ", first_n=2) * n, constant([1, 2, 3]))
    assert session.run(mapped).tolist() == [1, 4, 9]
    assert printed(capsys) == ["o [5 6]"] * 2
    chosen = placeholder("bool", [])
    x = constant(1.0)
    y = cond(chosen, lambda: Print(x, [], "yes"), lambda: Print(x, [], "no"))
    session.run(y, {chosen: False})
    assert printed(capsys) == ["no"]


def test_of_a_tensor_of_another_graph(capsys: Any) -> None:
    other = Graph()
    with other.as_default():
        x = constant([1.0])
    y = Print(x, [x], "other ")
    assert y.graph is other
    assert Session(graph=other).run(y).tolist() == [1.0]
    assert printed(capsys) == ["other [1.0]"]


# What ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "summarize", "expected"),
    [
        (np.arange(5), None, "[0 1 2...]"),
        (np.arange(6).reshape(2, 3), -1, "[0 1 2 3 4 5]"),
        (np.arange(6).reshape(2, 3), 0, "[...]"),
        (np.float32(0.1), None, "[0.1]"),
        (np.zeros((0, 2)), None, "[]"),
        ([True, False], None, "[True False]"),
        (["a", "ö", b"\xff"], None, "[a ö \\xff]"),
        (float("nan"), None, "[nan]"),
    ],
)
def test_values_in_a_row(capsys: Any, value: Any, summarize: Any, expected: str) -> None:
    Session().run(Print(constant(0), [value], summarize=summarize))
    assert printed(capsys) == [expected]


def test_values_in_brackets(capsys: Any) -> None:
    session = Session()
    cube = reshape(arange(24), [2, 3, 4])
    session.run(print_v2(cube, summarize=-1))
    assert printed(capsys) == [
        "[[[0 1 2 3]",
        "  [4 5 6 7]",
        "  [8 9 10 11]]",
        " [[12 13 14 15]",
        "  [16 17 18 19]",
        "  [20 21 22 23]]]",
    ]
    session.run(print_v2(cube, summarize=1))
    assert printed(capsys) == [
        "[[[0 ... 3]", "  ...", "  [8 ... 11]]", " [[12 ... 15]", "  ...", "  [20 ... 23]]]"
    ]  # fmt: skip
    session.run(print_v2(arange(7), arange(6), 1.5, np.zeros((0, 2))))
    assert printed(capsys) == ["[0 1 2 ... 4 5 6] [0 1 2 3 4 5] 1.5 []"]


def test_structures_separators_and_ends(capsys: Any) -> None:
    x = Variable([1.0, 2.0], name="w")
    items = [x, {"a": x.value(), "b": (constant("s"),)}, [], ("t", 3)]
    session = Session()
    session.run(print_v2("items:", items, sep="\n", end="!\n"))
    assert printed(capsys) == ["items:", "[[1.0 2.0], {'a': [1.0 2.0], 'b': (s,)}, [], (t, 3)]!"]
    session.run(print_v2())
    assert printed(capsys) == [""]


def test_places_to_print_to(capsys: Any) -> None:
    x = constant([1, 2])
    file, told = io.StringIO(), []
    operations = [
        print_v2(x, output_stream=file),
        print_v2(x, output_stream=told.append),
        print_v2(x, output_stream="stdout"),
        print_v2(x, output_stream=sys.stdout),
    ]
    Session().run(operations)
    assert file.getvalue() == "[1 2]\n" and told == ["[1 2]\n"]
    captured = capsys.readouterr()
    assert captured.out == "[1 2]\n" * 2 and captured.err == ""
    assert len({op.opdef for op in operations}) == 3  # the last two are the same stream


def test_a_place_that_is_none() -> None:
    with pytest.raises(OptionError) as caught:
        print_v2("x", output_stream="stdlog")
    lines = str(caught.value).splitlines()
    assert lines[:3] == [
        "print_v2: not a place to print to",
        "  expected  'stderr', 'stdout', an open file, or a function of the text",
        "  got       'stdlog'",
    ]
    assert lines[3].startswith("  made at   test_printing.py")


def test_printing_changes_no_result() -> None:
    x = placeholder("float32", [None])
    y = reduce_sum(identity(Print(x, [x], summarize=0)))
    assert float(Session().run(y, {x: [1.0, 2.0]})) == 3.0
