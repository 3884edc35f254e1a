"""Numbers that are not finite: who says so, and where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    Session,
    Variable,
    add_check_numerics_ops,
    changed_context,
    check_numerics,
    constant,
    gradients,
    log,
    placeholder,
    py_func,
    reduce_sum,
    sqrt,
    verify_tensor_all_finite,
)
from thalweg.core.errors import CheckError, DtypeError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def message(error: Any) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_numerics.py" in site
    return [line for line in lines if line != site]


def test_the_first_is_told(backend: str) -> None:
    x = placeholder("float32", [None, None], name="x")
    y = check_numerics(x, "the features are broken", name="checked")
    session = Session(backend=backend)
    fine = np.ones((2, 3), np.float32)
    assert session.run(y, {x: fine}).tolist() == fine.tolist()
    assert session.run(y, {x: fine[:0]}).shape == (0, 3)
    broken = fine.copy()
    broken[0, 2], broken[1, 0], broken[1, 2] = np.inf, np.nan, -np.inf
    with pytest.raises(CheckError) as error:
        session.run(y, {x: broken})
    assert message(error) == [
        "check_numerics: the features are broken",
        "  expected  finite numbers in 'x:0'",
        "  got       1 NaN and 2 infinite of 6 elements, the first at [0, 2]",
        "  node      'check_numerics/assert'",
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_scalars_of_every_kind(value: float) -> None:
    for dtype in ("float16", "float32", "float64"):
        x = placeholder(dtype, [])
        with pytest.raises(CheckError, match="the first at the scalar"):
            Session().run(check_numerics(x, "scalar"), {x: value})


def test_the_gradient_is_checked_as_well(backend: str) -> None:
    x = placeholder("float64", [None])
    y = reduce_sum(sqrt(check_numerics(x, "x is broken")))
    [dx] = gradients(y, x)
    session = Session(backend=backend)
    assert session.run(dx, {x: [4.0]}).tolist() == [0.25]
    assert float(session.run(y, {x: [0.0]})) == 0.0
    with pytest.raises(CheckError) as error:
        session.run(dx, {x: [1.0, 0.0]})
    lines = message(error)
    assert lines[0] == "check_numerics: gradient of: x is broken"
    assert lines[2] == "  got       0 NaN and 1 infinite of 2 elements, the first at [1]"
    [ddx] = gradients(dx, x)
    assert session.run(ddx, {x: [4.0]}).tolist() == [-0.03125]


def test_it_is_made_once_and_only_where_needed() -> None:
    x = placeholder("float32", [])
    seen: list[float] = []
    source = py_func(lambda v: seen.append(float(v)) or v, [x], "float32", shapes=[])
    y = check_numerics(source, "y")
    session = Session()
    assert session.run([y * 2.0, y + 1.0], {x: 3.0}) == [6.0, 4.0] and seen == [3.0]
    assert np.isnan(session.run(x * 2.0, {x: np.nan}))
    assert np.isnan(session.run(y * 2.0, {y: np.nan})) and seen == [3.0]


def test_integers_are_always_finite() -> None:
    with pytest.raises(DtypeError) as error:
        check_numerics(constant([1, 2], name="n"), "n")
    assert str(error.value).splitlines() == [
        "check_numerics: takes float tensors",
        "  got       tensor int32 (2,)",
        "  node      'n'",
    ]


def test_verify_tensor_all_finite() -> None:
    x = placeholder("float32", [2])
    y = verify_tensor_all_finite(x, "not finite")
    assert Session().run(y, {x: [1.0, 2.0]}).tolist() == [1.0, 2.0]
    with pytest.raises(CheckError, match="check_numerics: not finite"):
        Session().run(y, {x: [1.0, np.nan]})


def test_all_of_a_graph(backend: str) -> None:
    x = placeholder("float32", [2], name="x")
    w = Variable([1.0, 1.0], name="w")
    with changed_context(owner="Log 'log_1'"):
        y = log(x * w, name="tower/my_log")
    update = w.assign_add(y)
    z = y * 2.0 + 1.0
    check = add_check_numerics_ops()
    session = Session(backend=backend)
    assert session.run([z, check], {x: [1.0, 1.0]})[0].tolist() == [1.0, 1.0]
    assert session.run(w).tolist() == [1.0, 1.0]  # checks write nothing
    with pytest.raises(CheckError) as error:
        session.run([update, z, check], {x: [-1.0, 0.0]})
    assert message(error) == [
        "check_numerics: 'tower/my_log' is not finite",
        "  expected  finite numbers in 'tower/my_log:0'",
        "  got       1 NaN and 1 infinite of 2 elements, the first at [0]",
        "  node      'tower/my_log/check', layer Log 'log_1'",
    ]
    assert "my_log" in str(error.value).partition("made at")[2]
    assert session.run(w).tolist() == [1.0, 1.0]


def test_all_of_a_graph_without_floats() -> None:
    constant(1)
    assert Session().run(add_check_numerics_ops()) is None
