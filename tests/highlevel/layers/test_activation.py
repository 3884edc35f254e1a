"""Activation layers beyond their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import ELU, Input, LeakyReLU, PReLU, ReLU, Softmax


def test_keras_2_spelling_of_leaky_relu() -> None:
    layer = LeakyReLU(alpha=0.5)
    assert layer(np.float32([-2])).tolist() == [-1.0]
    assert LeakyReLU.from_config(layer.get_config()).negative_slope == 0.5


def test_prelu_shapes() -> None:
    layer = PReLU(shared_axes=1)
    layer(Input((3, 4)))
    assert layer.alpha.shape == (1, 4)
    layer(Input((7, 4)))  # the shared axis may have any size
    with pytest.raises(ShapeError, match="size 4 on axis 2"):
        layer(Input((3, 5)))


def test_softmax_is_the_op_that_losses_look_for() -> None:
    assert Softmax()(Input((3,))).op.type == "Softmax"
    assert Softmax(axis=1)(Input((3,))).op.type == "Softmax"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: ReLU(max_value=-1), "ReLU: bad max_value\n  expected  a number >= 0; or None"),
        (lambda: ReLU(negative_slope=None), "bad negative_slope"),
        (lambda: ReLU(threshold=-1.0), "bad threshold"),
        (lambda: LeakyReLU(-0.1), "bad negative_slope"),
        (lambda: ELU("1"), "bad alpha"),
        (lambda: PReLU(shared_axes=[0]), "integers >= 1; or None"),
        (lambda: Softmax(axis=0.5), "bad axis"),
    ],
)
def test_options(make: Any, expected: str) -> None:
    with pytest.raises(OptionError) as error:
        make()
    assert expected in str(error.value)
