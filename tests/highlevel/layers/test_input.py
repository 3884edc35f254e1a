"""`Input`: where a functional model begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, constant
from thalweg.core.errors import OptionError
from thalweg.layers import Dense, Input, InputLayer


def test_placeholder(session: Session) -> None:
    x = Input((3,), name="pixels")
    assert (x.name, x.dtype, x.shape) == ("pixels:0", "float32", (None, 3))
    assert x.op.owner == "InputLayer 'pixels'"
    assert session.run(x * 2.0, {x: np.ones((2, 3))}).tolist() == [[2.0] * 3] * 2


def test_history() -> None:
    x = Input((3,))
    call = x.history
    assert call.inputs == []
    assert call.outputs is x
    assert isinstance(call.layer, InputLayer)
    assert (call.layer.input, call.layer.output) == (x, x)
    assert call.layer.weights == []
    assert call.layer.built


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"shape": 4}, (None, 4)),
        ({"shape": ()}, (None,)),
        ({"shape": [None, 4]}, (None, None, 4)),
        ({"shape": (4,), "batch_size": 8}, (8, 4)),
        ({"batch_shape": (2, 4)}, (2, 4)),
        ({"batch_shape": (None, 4)}, (None, 4)),
    ],
)
def test_shapes(arguments: dict[str, Any], shape: Any) -> None:
    assert Input(**arguments).shape == shape
    layer = InputLayer(**arguments)
    assert layer.output_shape == layer.batch_shape == shape
    again = InputLayer.from_config(layer.get_config())
    assert again.output_shape == shape
    assert again.name == layer.name


def test_keras_2_spellings() -> None:
    assert InputLayer(input_shape=(4,)).output_shape == (None, 4)
    assert InputLayer(batch_input_shape=(2, 4)).output_shape == (2, 4)


def test_dtype() -> None:
    assert Input((), dtype="int64").dtype == "int64"
    assert InputLayer((), dtype="string").output.dtype == "string"


def test_given_tensor(session: Session) -> None:
    one = constant(np.ones((2, 3), np.float32))
    x = Input(tensor=one)
    assert x is one
    assert x.history.layer.batch_shape == (2, 3)
    again = Input(tensor=Dense(4)(x))
    assert again.history.inputs == []
    assert session.run(again).shape == (2, 4)


def test_name_is_unique_in_its_graph() -> None:
    assert [Input((1,), name="x").name for _ in range(2)] == ["x:0", "x_1:0"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "InputLayer: needs a shape"),
        ({"shape": (1,), "batch_shape": (2, 1)}, "takes shape or batch_shape, not both"),
        ({"shape": (1,), "sparse": True}, "False: all tensors are dense"),
        ({"shape": (1,), "batch_size": 0}, "an integer >= 1; or None"),
        ({"shape": (1,), "name": "a/b"}, "text without '/'"),
    ],
)
def test_errors(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(OptionError) as error:
        Input(**arguments)
    assert problem in str(error.value)
