"""What is fed for an input: ranks that Keras adjusts, and errors that say the way out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input
from thalweg.core.errors import DataError
from thalweg.training.inputs import fitted_array


def fitted(shape: tuple[Any, ...], *got: int) -> tuple[int, ...]:
    return fitted_array(Input(shape), np.zeros(got), "fit").shape


@pytest.mark.parametrize(
    ("shape", "got", "becomes"),
    [
        ((4,), (5, 4), (5, 4)),
        ((1,), (5,), (5, 1)),
        ((4,), (5, 4, 1), (5, 4)),
        ((8, 8, 1), (5, 8, 8), (5, 8, 8, 1)),
        ((None, None, 3), (5, 8, 9, 3), (5, 8, 9, 3)),
        ((), (5, 1), (5,)),
    ],
)
def test_fits(shape: Any, got: tuple[int, ...], becomes: tuple[int, ...]) -> None:
    assert fitted(shape, *got) == becomes


def test_no_copy() -> None:
    x = np.zeros((5, 4), np.float32)
    assert fitted_array(Input((4,)), x, "fit") is x


def test_error() -> None:
    tensor = Input((28, 28, 1), name="image")
    with pytest.raises(DataError) as error:
        fitted_array(tensor, np.zeros((60, 32, 32, 3), np.uint8), "evaluate")
    assert re.sub(r"(\.py):.*", r"\1", str(error.value)) == (
        "evaluate: x does not fit the model's input 'image'\n"
        "  expected  samples of shape (28, 28, 1), arrays (None, 28, 28, 1)\n"
        "  got       uint8 (60, 32, 32, 3)\n"
        "  node      layer InputLayer 'image'\n"
        "  made at   test_inputs.py"
    )


@pytest.mark.parametrize(
    ("shape", "got", "hint"),
    [
        ((28, 28, 1), (28, 28, 1), "one sample? x[None] adds the axis of samples"),
        ((4,), (4,), "one sample? x[None] adds the axis of samples"),
        ((None, None, 3), (28, 28, 3), "one sample? x[None] adds the axis of samples"),
        (
            (784,),
            (60, 28, 28),
            "x.reshape(len(x), -1) makes rows of it; or begin the model with Flatten()",
        ),
        ((28, 28, 1), (60, 784), "x.reshape(-1, 28, 28, 1) gives the rows this shape"),
        ((32, 32, 3), (60, 3, 32, 32), "x.transpose(0, 2, 3, 1) puts the channels last"),
        ((4,), (60, 5), None),
    ],
)
def test_hints(shape: Any, got: tuple[int, ...], hint: str | None) -> None:
    with pytest.raises(DataError) as error:
        fitted(shape, *got)
    assert error.value.hint == hint
