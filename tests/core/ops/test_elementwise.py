"""Conversions and errors of elementwise ops; their values and gradients are checked by rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import DtypeError, Session, ShapeError, constant, placeholder


def error_of(kind: type[Exception], build: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        build()
    return str(caught.value)


def test_python_numbers_and_arrays_take_the_dtype_of_the_tensor() -> None:
    x = placeholder("float64", [2])
    assert (x + 1).dtype == "float64"
    assert (1 - x).dtype == "float64"
    assert (np.float32(2.0) * x).dtype == "float64"
    assert (np.ones(2) / x).dtype == "float64"
    assert (placeholder("int64", [2]) * 3).dtype == "int64"
    assert core.add(1, 2).dtype == "int32"
    assert core.add(1, 2.5).dtype == "float32"


def test_every_operator_of_python() -> None:
    x, i = constant([5.0, -2.0], "float64"), constant([5, -2])
    p, q = constant([True, True]), constant([True, False])
    a, j, b = np.array([5.0, -2.0]), np.array([5, -2]), np.array([[1.0, 2.0], [3.0, 4.0]])
    m = constant(b)
    pairs: list[tuple[Any, Any]] = [
        (x + 2, a + 2), (2 + x, 2 + a), (x - 2, a - 2), (2 - x, 2 - a), (x * 2, a * 2),
        (2 * x, 2 * a), (x / 2, a / 2), (2 / x, 2 / a), (i // 2, j // 2), (7 // i, 7 // j),
        (i % 3, j % 3), (7 % i, 7 % j), (x**2, a**2), (2**x, 2**a), (-x, -a), (abs(x), abs(a)),
        (x < 5, a < 5), (x <= 5, a <= 5), (x > 5, a > 5), (x >= 5, a >= 5),
        (p & q, [True, False]), (True & q, [True, False]), (p | q, [True, True]),
        (False | q, [True, False]), (p ^ q, [False, True]), (True ^ q, [False, True]),
        (~q, [False, True]), (m @ m, b @ b),
    ]  # fmt: skip
    for result, (_, expected) in zip(Session().run([t for t, _ in pairs]), pairs, strict=True):
        np.testing.assert_array_equal(result, expected)


def test_small_integers_keep_their_values() -> None:
    sizes = core.shape_of(placeholder("float32", [6, 4]))
    assert (sizes * 2 - 1).type.value == (11, 7)
    assert core.floordiv(sizes, 4).type.value == (1, 1)
    assert core.maximum(sizes, 5).type.value == (6, 5)
    assert core.equal(sizes, 4).type.value == (False, True)
    assert core.cast(sizes, "int64").type.value == (6, 4)
    assert core.reduce_prod(sizes).type.value == (24,)
    assert core.cast(sizes, "float32").type.value is None


def test_shapes_that_do_not_broadcast() -> None:
    a, b = placeholder("float32", [None, 3]), placeholder("float32", [4])
    text = error_of(ShapeError, lambda: core.add(a, b, name="sum"))
    assert text.splitlines()[:4] == [
        "Add: shapes cannot be broadcast together",
        "  expected  equal sizes, or 1, on each axis counted from the last",
        "  got       a float32 (None, 3), b float32 (4,)",
        "  node      'sum'",
    ]
    assert "made at   test_elementwise.py:" in text


def test_two_dtypes() -> None:
    text = error_of(DtypeError, lambda: placeholder("float32", [2]) + placeholder("float64", [2]))
    assert text.startswith(
        "Add: dtypes differ\n"
        "  expected  one dtype for all of a, b\n"
        "  got       a float32 (2,), b float64 (2,)\n"
    )
    assert "hint      cast(x, 'float32') converts" in text


@pytest.mark.parametrize(
    ("build", "lines"),
    [
        (lambda: core.exp(constant(1)), ["Exp: takes float tensors", "got       x int32 ()",
                                         "hint      cast(x, 'float32') converts"]),
        (lambda: constant(4) / 2, ["Divide: takes float tensors", "a int32 (), b int32 ()"]),
        (lambda: core.relu(constant(True)), ["Relu: takes number tensors", "x bool ()"]),
        (lambda: core.negative("a"), ["Negative: takes number tensors", "x string ()"]),
        (lambda: constant(1) & 2, ["LogicalAnd: takes bool tensors", "a int32 ()"]),
        (lambda: constant(True) < False, ["Less: takes number tensors", "a bool ()"]),
        (lambda: core.exp(placeholder("int32")), ["Exp: takes float tensors", "x int32 (...)"]),
        (lambda: core.add("a", "b"), ["Add: takes number tensors", "a string ()"]),
    ],
)  # fmt: skip
def test_dtypes_that_an_op_does_not_take(build: Callable[[], Any], lines: list[str]) -> None:
    text = error_of(DtypeError, build)
    for line in lines:
        assert line in text


@pytest.mark.parametrize(
    ("size", "shape", "got"),
    [
        ([3], [4], "x float32 (3,), shape (4,)"),
        ([None, 3], [3, 2], "x float32 (None, 3), shape (3, 2)"),
        ([2, 3], [3], "x float32 (2, 3), shape (3,)"),
    ],
)
def test_broadcast_to_a_shape_that_does_not_fit(size: Any, shape: Any, got: str) -> None:
    text = error_of(ShapeError, lambda: core.broadcast_to(placeholder("float32", size), shape))
    assert text.startswith("BroadcastTo: cannot be broadcast to this shape\n")
    assert f"expected  a shape that x stretches to\n  got       {got}" in text


def test_cast_to_its_own_dtype_is_nothing() -> None:
    x = placeholder("float32", [2])
    assert core.cast(x, "float32") is x


def test_public_functions_can_be_read() -> None:
    assert str(inspect.signature(core.exp)) == "(x: 'Any', name: 'str | None' = None) -> 'Tensor'"
    assert core.maximum.__name__ == "maximum"  # type: ignore[attr-defined]
    text = core.less.__doc__ or ""
    for part in ("x < y.", "x: (...) number.", "y: the same dtype", "shape, bool.", ">>> "):
        assert part in text
