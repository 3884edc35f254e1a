"""The texts of the errors of matmul."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, Tensor, matmul, name_scope, ones, placeholder
from thalweg.core.errors import DtypeError, ShapeError, ThalwegError


def tensor(*shape: int | None, dtype: str = "float32") -> Tensor:
    return placeholder(dtype, shape)


def test_whole_text() -> None:
    with pytest.raises(ShapeError) as caught, name_scope("dense"):
        matmul(tensor(None, 784), tensor(512, 10), name="product")
    assert caught.value.site is not None
    assert str(caught.value).splitlines() == [
        "matmul: inner sizes differ",
        "  expected  a (..., k) and b (k, units) with one k",
        "  got       a float32 (None, 784), b float32 (512, 10)",
        "  node      'dense/product'",
        f"  made at   test_linalg_errors.py:{caught.value.site.line}   "
        'matmul(tensor(None, 784), tensor(512, 10), name="product")',
    ]


@pytest.mark.parametrize(
    ("call", "problem", "expected", "got"),
    [
        (
            lambda: matmul(tensor(None, 784), tensor(512, 10), transpose_b=True),
            "inner sizes differ",
            "a (..., k) and b (units, k) with one k",
            "a float32 (None, 784), b float32 (512, 10)",
        ),
        (
            lambda: matmul(tensor(512, 10), tensor(2, 3, 4), transpose_a=True),
            "inner sizes differ",
            "a (..., k, rows) and b (..., k, units) with one k",
            "a float32 (512, 10), b float32 (2, 3, 4)",
        ),
        (
            lambda: matmul(tensor(5, 2, 3), tensor(1, 2, 4), transpose_b=True),
            "inner sizes differ",
            "a (..., k) and b (..., units, k) with one k",
            "a float32 (5, 2, 3), b float32 (1, 2, 4)",
        ),
        (
            lambda: matmul(tensor(2, 3, 4), tensor(3, 4, 3)),
            "the axes before the last two cannot be broadcast together",
            "equal sizes, or 1, on each of them",
            "a float32 (2, 3, 4), b float32 (3, 4, 3)",
        ),
        (
            lambda: tensor(None, 2) @ [1.0, 2.0],
            "takes matrices",
            "a and b with two axes or more",
            "a float32 (None, 2), b float32 (2,)",
        ),
        (
            lambda: matmul(3.0, placeholder("float32")),
            "takes matrices",
            "a and b with two axes or more",
            "a float32 (), b float32 (...)",
        ),
    ],
)
def test_shape_error(call: Callable[[], Any], problem: str, expected: str, got: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    assert (caught.value.problem, caught.value.expected, caught.value.got) == (
        problem,
        expected,
        got,
    )


def test_hint_for_vectors() -> None:
    with pytest.raises(ShapeError) as caught:
        matmul(ones(3), ones(3))
    assert caught.value.hint == (
        "v[None, :] makes a row of a vector, v[:, None] a column; a * b multiplies elements"
    )


@pytest.mark.parametrize(
    ("dtypes", "problem", "got"),
    [
        (("float32", "float64"), "dtypes differ", "a float32 (2, 2), b float64 (2, 2)"),
        (("bool", "bool"), "takes number tensors", "a bool (2, 2), b bool (2, 2)"),
    ],
)
def test_dtype_error(dtypes: tuple[str, str], problem: str, got: str) -> None:
    with pytest.raises(DtypeError) as caught:
        matmul(*(tensor(2, 2, dtype=dtype) for dtype in dtypes))
    assert caught.value.where == "MatMul"
    assert (caught.value.problem, caught.value.got) == (problem, got)


def test_what_only_sizes_can_tell() -> None:
    x = tensor(None, None)
    y = matmul(x, x, name="square")
    with pytest.raises(ThalwegError, match="inner sizes differ") as caught:
        Session().run(y, {x: np.zeros((1, 3), np.float32)})
    assert isinstance(caught.value, ShapeError)
    assert caught.value.node is not None and caught.value.node.startswith("square")
    assert "test_linalg_errors.py" in str(caught.value.site)
