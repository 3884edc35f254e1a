"""Diagonals and triangles: unknown ranks, what stays outside, and the texts of the errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Session,
    Tensor,
    cross,
    diag,
    diag_part,
    eye,
    gradients,
    matrix_band_part,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
    matrix_transpose,
    placeholder,
    shape_of,
    trace,
    tril,
)
from thalweg.core.errors import DtypeError, OptionError, ShapeError

X = np.arange(12.0, dtype=np.float32).reshape(2, 2, 3)


def tensor(*shape: int | None, dtype: str = "float32") -> Tensor:
    return placeholder(dtype, shape)


def test_unknown_ranks() -> None:
    x = placeholder("float32")
    y = [matrix_transpose(x), matrix_diag_part(x, 1), matrix_diag(x), trace(x), tril(x)]
    expected = [
        X.swapaxes(1, 2),
        X[:, [0, 1], [1, 2]],
        X[..., None] * np.eye(3),
        X[:, 0, 0] + X[:, 1, 1],
        np.tril(X),
    ]
    for found, wanted in zip(Session().run(y, {x: X}), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    [g] = gradients(matrix_transpose(x) * 2.0, [x])
    np.testing.assert_array_equal(Session().run(g, {x: X}), np.full(X.shape, 2))


def test_sizes_are_inferred() -> None:
    assert matrix_diag(tensor(None, 3), -2).shape == (None, 5, 5)
    assert matrix_diag_part(tensor(None, 4, 3), 1).shape == (None, 2)
    assert matrix_diag_part(tensor(None, 4, None)).shape == (None, None)
    assert matrix_set_diag(tensor(None, 4, 3), tensor(2, 3)).shape == (2, 4, 3)
    assert diag(tensor(2, 3)).shape == (2, 3, 2, 3)
    assert diag_part(tensor(2, None, 2, 3)).shape == (2, None)
    assert eye(shape_of(tensor(None, 3))[1], batch_shape=[2]).shape == (2, 3, 3)


def test_nothing_outside_a_band_is_left() -> None:
    x = np.array([[1.0, np.inf], [np.nan, 2.0]])
    np.testing.assert_array_equal(Session().run(matrix_band_part(x, 0, 0)), np.diag([1.0, 2.0]))


@pytest.mark.parametrize(
    ("call", "problem", "expected", "got"),
    [
        (
            lambda: matrix_diag_part(tensor(2, 3), 4),
            "there is no such diagonal",
            "-rows <= offset <= columns",
            "offset 4, x float32 (2, 3)",
        ),
        (
            lambda: matrix_set_diag(tensor(5, 2, 3), tensor(5, 3)),
            "the diagonal does not fit",
            "diagonal float32 (5, 2)",
            "x float32 (5, 2, 3), diagonal float32 (5, 3)",
        ),
        (
            lambda: matrix_set_diag(tensor(5, 2, 3), tensor(2)),
            "the diagonal does not fit",
            "diagonal float32 (5, 2)",
            "x float32 (5, 2, 3), diagonal float32 (2,)",
        ),
        (
            lambda: matrix_transpose(tensor(5)),
            "takes matrices",
            "x with two axes or more",
            "x float32 (5,)",
        ),
        (
            lambda: trace(tensor(5)),
            "takes matrices",
            "x with two axes or more",
            "x float32 (5,)",
        ),
        (
            lambda: matrix_diag(1.0),
            "takes vectors",
            "diagonal with one axis or more",
            "diagonal float32 ()",
        ),
        (
            lambda: diag_part(tensor(2, 3)),
            "the shape is not one shape twice",
            "x of shape (sizes..., sizes...)",
            "x float32 (2, 3)",
        ),
        (
            lambda: diag_part(tensor(2, 2, 2)),
            "the shape is not one shape twice",
            "x of shape (sizes..., sizes...)",
            "x float32 (2, 2, 2)",
        ),
        (
            lambda: diag_part(placeholder("float32")),
            "the rank is unknown",
            "x of shape (sizes..., sizes...)",
            "x float32 (...)",
        ),
        (
            lambda: matrix_diag(tensor(2), (0, 1)),
            "takes one vector a diagonal",
            "diagonal with two axes or more",
            "diagonal float32 (2,)",
        ),
        (lambda: eye(-1), "a size is negative", "integers >= 0", "(-1, -1)"),
        (
            lambda: cross(tensor(2), tensor(3)),
            "takes vectors in space",
            "a and b of shape (..., 3)",
            "a float32 (2,), b float32 (3,)",
        ),
    ],
)
def test_shape_error(call: Callable[[], Any], problem: str, expected: str, got: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    error = caught.value
    assert (error.problem, error.expected, error.got) == (problem, expected, got)
    assert "test_diagonals.py" in str(error.site)


@pytest.mark.parametrize("offset", [(1, 0), (0, 1, 2)])
def test_offsets_that_are_none(offset: Any) -> None:
    for call in (matrix_diag, matrix_diag_part, lambda x, k: matrix_set_diag(x, x, k)):
        with pytest.raises(OptionError) as caught:
            call(tensor(3, 3), offset)
        assert caught.value.problem == "offset is neither that of a diagonal nor of a band"
        assert caught.value.expected == "an integer, or (lowest, highest)"
        assert caught.value.got == repr(offset)
        assert "test_diagonals.py" in str(caught.value.site)


def test_bands_of_unknown_rank() -> None:
    x = placeholder("float32")
    y = matrix_set_diag(x, matrix_diag_part(x, (-1, 1)) * 2.0, (-1, 1))
    band = np.tri(2, 3, 1) * 1.0
    np.testing.assert_array_equal(Session().run(y, {x: X}), X * (1 + band))


def test_dtypes_must_agree() -> None:
    with pytest.raises(DtypeError, match="dtypes differ"):
        matrix_set_diag(tensor(2, 2), tensor(2, dtype="float64"))
