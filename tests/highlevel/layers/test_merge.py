"""Merging layers beyond their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import layers
from thalweg.core import Session
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Add, Concatenate, Dot, Input, Subtract

A = np.float32([[1, 2], [3, 4]])
B = np.float32([[10, 0], [-1, 5]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", A + B),
        ("subtract", A - B),
        ("multiply", A * B),
        ("average", (A + B) / 2),
        ("maximum", np.where(A > B, A, B)),
        ("minimum", np.where(A < B, A, B)),
        ("concatenate", np.hstack([A, B])),
        ("dot", np.diag(A @ B.T)[:, None]),
    ],
)
def test_functions(name: str, expected: Any, session: Session) -> None:
    function = getattr(layers, name)
    np.testing.assert_allclose(function([A, B]), expected)
    x, y = Input((2,)), Input((2,))
    z = function([x, y], name="mine")
    assert z.history.layer.name == "mine"
    np.testing.assert_allclose(session.run(z, {x: A, y: B}), expected)


def test_one_input() -> None:
    assert Add()([A]).tolist() == A.tolist()


def test_integers_stay_integers() -> None:
    assert Add()([np.int32([1]), np.int32([2])]).dtype == np.int32


def test_tensor_and_array(session: Session) -> None:
    x = Input((2,))
    np.testing.assert_allclose(session.run(Add()([x, B]), {x: A}), A + B)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: Add()(A), "expected  a list of tensors\n  got       float32 (2, 2)"),
        (lambda: Subtract()([A, A, A]), "expected  a list of 2 tensors\n  got       3"),
        (lambda: Add()([np.ones((2, 3)), np.ones((2, 4, 2))]), "shapes cannot be broadcast"),
        (lambda: Concatenate()([np.ones((2, 3)), np.ones((3, 3))]), "one shape"),
        (lambda: Concatenate(axis=2)([A, A]), "no such axis"),
        (lambda: Dot(2)([A, A]), "an axis 2 that is not the batch"),
        (lambda: Dot(-2)([A, A]), "an axis -2 that is not the batch"),
    ],
)
def test_shape_errors(call: Any, expected: str) -> None:
    with pytest.raises(ShapeError) as error:
        call()
    assert expected in str(error.value)
    assert "layer " in str(error.value)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Concatenate(axis=None), "bad axis\n  expected  an integer"),
        (lambda: Dot(axes=(1, 2, 3)), "bad axes"),
        (lambda: Dot(axes=0), "integers other than 0, which is the batch"),
    ],
)
def test_options(make: Any, expected: str) -> None:
    with pytest.raises(OptionError) as error:
        make()
    assert expected in str(error.value)
