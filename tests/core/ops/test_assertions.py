"""Checks: what they let pass, what they say, when they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Assert,
    Graph,
    Session,
    Variable,
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_integer,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_scalar,
    assert_type,
    cond,
    constant,
    control_dependencies,
    greater,
    identity,
    placeholder,
    py_func,
    shape_of,
)
from thalweg.core.errors import CheckError, DtypeError, ShapeError, ThalwegError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def message(call: Callable[[], Any], kind: type[ThalwegError] = CheckError) -> list[str]:
    """The lines of the error but the user's own, which must be there and in this file."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    lines = str(caught.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_assertions.py" in site
    return [line for line in lines if line != site]


# Assert -------------------------------------------------------------------------------------------


def test_assert_says_what_it_is_given(backend: str) -> None:
    x = placeholder("float32", [None])
    check = Assert(greater(x, 0.0), ["x must be positive:", x, ["s", "t"]], name="positive")
    session = Session(backend=backend)
    assert session.run(check, {x: [1.0, 2.0]}) is None
    assert session.run(check, {x: []}) is None
    assert message(lambda: session.run(check, {x: [1.0, -2.0, 3.0, 4.0]})) == [
        "Assert: the condition does not hold",
        "  got       x must be positive:, [1.0 -2.0 3.0...], [s t]",
        "  node      'positive'",
    ]


def test_assert_without_data() -> None:
    check = Assert(placeholder("bool", [], name="fine"), [])
    lines = message(lambda: Session().run(check, {check.inputs[0]: False}))
    assert lines == ["Assert: the condition does not hold", "  node      'Assert'"]


def test_the_condition_is_boolean() -> None:
    assert message(lambda: Assert(constant(1), []), DtypeError) == [
        "Assert: the condition is not boolean",
        "  expected  condition bool (...)",
        "  got       condition int32 ()",
        "  node      'Assert'",
        "  hint      compare first: not_equal(condition, 0)",
    ]


# When checks are made -----------------------------------------------------------------------------


def test_checks_are_made_in_creation_order() -> None:
    x = placeholder("float32", [])
    seen: list[str] = []
    first = py_func(lambda v: seen.append("first"), [x], [])
    check = assert_positive(x)
    last = py_func(lambda v: seen.append("last"), [x], [])
    session = Session()
    session.run([last, check, first], {x: 1.0})
    assert seen == ["first", "last"]
    with pytest.raises(CheckError):
        session.run([last, check, first], {x: -1.0})
    assert seen == ["first", "last", "first"]


def test_checks_that_are_not_needed_are_not_made() -> None:
    x = placeholder("float32", [])
    assert_positive(x)
    with control_dependencies([assert_positive(x)]):
        y = identity(x)
    session = Session()
    assert float(session.run(x * 2.0, {x: -1.0})) == -2.0
    assert float(session.run(y * 2.0, {y: -1.0})) == -2.0
    for fetches in (y, [y, y + 1.0], shape_of(y)):
        with pytest.raises(CheckError):
            session.run(fetches, {x: -1.0})


def test_a_failed_check_leaves_variables_as_they_were(backend: str) -> None:
    x = placeholder("float32", [])
    w = Variable(1.0)
    update = w.assign_add(x)
    with control_dependencies([update]):
        check = assert_less(w.read_value(), 3.0)
    session = Session(backend=backend)
    session.run([update, check], {x: 1.0})
    with pytest.raises(CheckError):
        session.run([update, check], {x: 5.0})
    assert float(session.run(w)) == 2.0


def test_only_the_branch_that_runs_is_checked() -> None:
    chosen, x = placeholder("bool", []), placeholder("float32", [])

    def checked() -> Any:
        with control_dependencies([assert_positive(x)]):
            return identity(x)

    y = cond(chosen, checked, lambda: x * 2.0)
    session = Session()
    assert float(session.run(y, {chosen: False, x: -1.0})) == -2.0
    assert float(session.run(y, {chosen: True, x: 1.0})) == 1.0
    with pytest.raises(CheckError, match="x > 0 does not hold"):
        session.run(y, {chosen: True, x: -1.0})


# Comparisons --------------------------------------------------------------------------------------

PAIRS: list[tuple[Callable[..., Any], str, float, float, float]] = [
    # what should hold between x and 2.0; an x that passes, and two that do not
    (assert_equal, "x == y", 2.0, 1.0, 3.0),
    (assert_none_equal, "x != y", 1.0, 2.0, 2.0),
    (assert_less, "x < y", 1.0, 2.0, 3.0),
    (assert_less_equal, "x <= y", 2.0, 2.5, 3.0),
    (assert_greater, "x > y", 3.0, 2.0, 1.0),
    (assert_greater_equal, "x >= y", 2.0, 1.5, 1.0),
]
SIGNS: list[tuple[Callable[..., Any], str, float, float, float]] = [
    (assert_positive, "x > 0", 1.0, 0.0, -1.0),
    (assert_negative, "x < 0", -1.0, 0.0, 1.0),
    (assert_non_positive, "x <= 0", 0.0, 0.5, 1.0),
    (assert_non_negative, "x >= 0", 0.0, -0.5, -1.0),
]


@pytest.mark.parametrize(("check", "claim", "good", "bad", "worse"), PAIRS)
def test_pairs_in_the_run(
    check: Any, claim: str, good: float, bad: float, worse: float, backend: str
) -> None:
    x, y = placeholder("float32", [None, 2]), placeholder("float32", [2])
    operation = check(x, y, data=["see", y], name="mine")
    session = Session(backend=backend)
    feeds = {x: [[good, good]] * 3, y: [2.0, 2.0]}
    assert session.run(operation, feeds) is None
    assert session.run(operation, {x: np.zeros((0, 2)), y: [2.0, 2.0]}) is None
    wrong = {**feeds, x: [[good, good], [good, bad], [worse, good]]}
    assert message(lambda: session.run(operation, wrong)) == [
        f"{check.__name__}: {claim} does not hold",
        f"  expected  {claim} for all elements",
        f"  got       2 of 6 fail, the first at [1, 1]: x {bad}, y 2.0; see; [2.0 2.0]",
        "  node      'mine'",
    ]


@pytest.mark.parametrize(("check", "claim", "good", "bad", "worse"), SIGNS)
def test_signs_in_the_run(
    check: Any, claim: str, good: float, bad: float, worse: float, backend: str
) -> None:
    x = placeholder("float32", [None])
    operation = check(x, message="it is wrong")
    session = Session(backend=backend)
    assert session.run(operation, {x: [good, good]}) is None
    assert message(lambda: session.run(operation, {x: [good, bad, worse]})) == [
        f"{check.__name__}: it is wrong",
        f"  expected  {claim} for all elements",
        f"  got       2 of 3 fail, the first at [1]: x {bad}",
        f"  node      '{check.__name__}'",
    ]


@pytest.mark.parametrize(("check", "claim", "good", "bad", "worse"), PAIRS)
def test_pairs_that_are_known_are_checked_at_once(
    check: Any, claim: str, good: float, bad: float, worse: float
) -> None:
    assert check(constant([good, good]), 2.0, name="fine").type == "NoOp"
    assert message(lambda: check([good, bad], 2.0, name="mine")) == [
        f"{check.__name__}: {claim} does not hold",
        f"  expected  {claim} for all elements",
        f"  got       1 of 2 fail, the first at [1]: x {bad}, y 2.0",
        "  node      'mine'",
    ]


@pytest.mark.parametrize(("check", "claim", "good", "bad", "worse"), SIGNS)
def test_signs_that_are_known_are_checked_at_once(
    check: Any, claim: str, good: float, bad: float, worse: float
) -> None:
    assert Session().run(check([good])) is None
    with pytest.raises(CheckError, match=f"{claim} does not hold"):
        check(worse)


def test_sizes_that_are_known_are_checked_at_once() -> None:
    x = placeholder("float32", [None, 3])
    assert assert_equal(shape_of(x)[1], 3).type == "NoOp"
    with pytest.raises(CheckError, match="the first at the scalar: x 3, y 4"):
        assert_equal(shape_of(x)[1], 4)
    open_size = assert_equal(shape_of(x)[0], 2)
    session = Session()
    session.run(open_size, {x: np.zeros((2, 3))})
    with pytest.raises(CheckError, match="1 of 1 fail, the first at the scalar: x 1, y 2"):
        session.run(open_size, {x: np.zeros((1, 3))})


def test_nan_is_neither_equal_nor_ordered() -> None:
    for check in (assert_equal, assert_less_equal, assert_greater_equal):
        with pytest.raises(CheckError, match="x nan, y nan"):
            check(float("nan"), float("nan"))
    assert_none_equal(float("nan"), float("nan"))


def test_strings_may_be_compared(backend: str) -> None:
    x = placeholder("string", [None])
    check = assert_equal(x, "a")
    session = Session(backend=backend)
    session.run(check, {x: ["a", "a"]})
    session.run(check, {x: []})
    with pytest.raises(CheckError, match=r"1 of 2 fail, the first at \[1\]: x b, y a"):
        session.run(check, {x: ["a", "b"]})


def test_near(backend: str) -> None:
    x = placeholder("float32", [None])
    close, loose = assert_near(x, 100.0), assert_near(x, 100.0, rtol=0.01, atol=1.0)
    session = Session(backend=backend)
    session.run(close, {x: [100.0001, 99.9999]})
    session.run(loose, {x: [102.0, 98.0]})
    assert message(lambda: session.run(close, {x: [100.0, 101.0]})) == [
        "assert_near: |x - y| <= 1.19e-06 + 1.19e-06 * |y| does not hold",
        "  expected  |x - y| <= 1.19e-06 + 1.19e-06 * |y| for all elements",
        "  got       1 of 2 fail, the first at [1]: x 101.0, y 100.0",
        "  node      'assert_near'",
    ]
    with pytest.raises(CheckError):
        session.run(loose, {x: [102.1]})
    assert message(lambda: assert_near([1, 2], [1, 2]), DtypeError) == [
        "assert_near: takes float tensors",
        "  got       x int32 (2,), y int32 (2,)",
        "  hint      assert_equal compares integers",
    ]


def test_shapes_that_do_not_fit() -> None:
    x = placeholder("float32", [2])
    with pytest.raises(ShapeError, match="cannot be broadcast together"):
        assert_equal(x, [1.0, 2.0, 3.0])


# Ranks and dtypes ---------------------------------------------------------------------------------


def test_ranks_that_are_known() -> None:
    x = placeholder("float32", [None, 2], name="x")
    fine = [
        assert_rank(x, 2), assert_rank_at_least(x, 1), assert_rank_in(x, (1, 2)), assert_scalar(1)
    ]  # fmt: skip
    assert [op.type for op in fine] == ["NoOp"] * 4
    wrong: list[tuple[Callable[[], Any], str, str]] = [
        (lambda: assert_rank(x, 3), "assert_rank", "rank 3"),
        (lambda: assert_rank_at_least(x, 3), "assert_rank_at_least", "rank 3 or more"),
        (lambda: assert_rank_in(x, {4, 3}), "assert_rank_in", "rank 3 or 4"),
        (lambda: assert_scalar(x), "assert_scalar", "rank 0"),
    ]
    for call, where, expected in wrong:
        assert message(call) == [
            f"{where}: the rank is another",
            f"  expected  {expected}",
            "  got       rank 2: x float32 (None, 2)",
            "  node      'x'",
        ]


def test_ranks_that_only_the_run_knows(backend: str) -> None:
    x = placeholder("float32", None)
    session = Session(backend=backend)
    checks: list[tuple[Any, str, str, list[int], list[int]]] = [
        (assert_rank(x, 2), "assert_rank", "rank 2", [2], [1, 3]),
        (assert_rank_at_least(x, 2), "assert_rank_at_least", "rank 2 or more", [2, 3], [0, 1]),
        (assert_rank_in(x, [0, 2]), "assert_rank_in", "rank 0 or 2", [0, 2], [1, 3]),
        (assert_scalar(x), "assert_scalar", "rank 0", [0], [1]),
    ]
    for check, where, expected, good, bad in checks:
        for rank in good:
            session.run(check, {x: np.zeros((1,) * rank)})
        for rank in bad:
            assert message(lambda c=check, r=rank: session.run(c, {x: np.zeros((1,) * r)})) == [
                f"{where}: the rank is another: expected {expected}",
                f"  got       [{rank}]",
                f"  node      '{check.name}'",
            ]


def test_dtypes() -> None:
    x = placeholder("float32", [2], name="x")
    fine = [assert_integer([1]), assert_type(x, "float32"), assert_type("a", str)]
    assert [op.type for op in fine] == ["NoOp"] * 3
    assert message(lambda: assert_integer(x, "indices, please"), DtypeError) == [
        "assert_integer: indices, please",
        "  expected  an integer dtype",
        "  got       x float32 (2,)",
        "  node      'x'",
    ]
    assert message(lambda: assert_type(x, "int64"), DtypeError) == [
        "assert_type: the dtype is another",
        "  expected  int64",
        "  got       x float32 (2,)",
        "  node      'x'",
    ]
