"""`choose`: types, gradient and errors; that only one side runs stands in `test_state.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    DtypeError,
    Session,
    ShapeError,
    choose,
    constant,
    gradients,
    placeholder,
    shape_of,
)


def test_a_python_condition_decides_at_once() -> None:
    a, b = constant(1.0), constant(2.0)
    assert choose(True, a, b) is a
    assert choose(False, a, b) is b


def test_a_known_condition_gives_the_type_of_its_side() -> None:
    a, b = placeholder("float32", [2, 3]), placeholder("float32", [4])
    assert choose(constant(True), a, b).shape == (2, 3)
    assert choose(constant(False), a, b).shape == (4,)


def test_an_unknown_condition_gives_what_both_types_have_in_common() -> None:
    condition = placeholder("bool", [])
    a = placeholder("float32", [2, 3, None])
    b = placeholder("float32", [2, 4, None])
    assert choose(condition, a, b).shape == (2, None, None)
    assert choose(condition, a, placeholder("float32")).shape is None


@pytest.mark.parametrize("passes_off", [(), ("fold", "merge", "simplify")])
def test_the_gradient_flows_to_the_chosen_side(backend: str, passes_off: tuple[str, ...]) -> None:
    condition = placeholder("bool", [])
    x, y = placeholder("float64", [None]), placeholder("float64", [None])
    chosen = choose(condition, x * x * x, 5.0 * y)
    first = gradients(chosen, [x, y])
    [second] = gradients(first[0], [x])
    session = Session(backend=backend, passes_off=passes_off)
    for value, expected in ((True, ([12.0], [0.0], [12.0])), (False, ([0.0], [5.0], [0.0]))):
        feeds = {condition: value, x: [2.0], y: [7.0]}
        result = session.run([*first, second], feeds)
        np.testing.assert_allclose(np.ravel(result), np.ravel(expected))


def test_a_size_may_decide() -> None:
    x = placeholder("float32", [None])
    y = choose(shape_of(x)[0] > 2, x, -x)
    session = Session()
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [-1.0, -2.0]
    assert session.run(y, {x: [1.0, 2.0, 3.0]}).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("condition", "a", "b", "kind", "lines"),
    [
        (
            ("float32", []),
            1.0,
            2.0,
            DtypeError,
            ["Choose: the condition is not a boolean scalar", "got       float32 ()"],
        ),
        (
            ("bool", [3]),
            1.0,
            2.0,
            DtypeError,
            ["Choose: the condition is not a boolean scalar", "got       bool (3,)"],
        ),
        (
            ("bool", []),
            1.0,
            1,
            DtypeError,
            ["Choose: the two sides have two dtypes", "got       a float32 (), b int32 ()"],
        ),
        (
            ("bool", []),
            1.0,
            [1.0],
            ShapeError,
            ["Choose: the two sides have two ranks", "got       a float32 (), b float32 (1,)"],
        ),
    ],
)
def test_errors(condition: Any, a: Any, b: Any, kind: type[Exception], lines: list[str]) -> None:
    with pytest.raises(kind) as caught:
        choose(placeholder(*condition), constant(a), constant(b), name="side")
    text = str(caught.value)
    for line in [*lines, "node      'side'", "made at   test_control.py:"]:
        assert line in text
