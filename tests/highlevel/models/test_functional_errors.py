"""What is wrong with a functional model is said when it is made or called."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential, core
from thalweg.core import Graph
from thalweg.core.errors import GraphError, OptionError, ShapeError
from thalweg.layers import Concatenate, Conv2D, Dense, Flatten


def message(error: pytest.ExceptionInfo[Any]) -> str:
    """The error's text, with the user's line cut off after its file."""
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


def test_missing_input() -> None:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    y = Dense(1)(Concatenate()([a, b]))
    with pytest.raises(GraphError) as error:
        Model(a, y)
    assert message(error) == (
        "Model: the outputs need an input that the model does not have\n"
        "  expected  one of a:0\n"
        "  got       <Tensor 'b:0' float32 (None, 2)>\n"
        "  made at   test_functional_errors.py\n"
        "  hint      add it to inputs=[…]"
    )


def test_input_of_another_graph() -> None:
    a = Input((3,), name="a")
    y = Dense(1)(a)
    with Graph().as_default():
        elsewhere = Input((3,), name="elsewhere")
    with pytest.raises(GraphError) as error:
        Model(elsewhere, y)
    assert message(error) == (
        "Model: the outputs need an input that the model does not have\n"
        "  expected  one of elsewhere:0\n"
        "  got       <Tensor 'a:0' float32 (None, 3)>\n"
        "  made at   test_functional_errors.py\n"
        "  hint      it is of another graph: was a graph entered, or clear_session() called, "
        "between?"
    )


def test_layer_of_tensors_of_two_graphs() -> None:
    a = Input((3,), name="a")
    with Graph().as_default():
        b = Input((3,), name="b")
    with pytest.raises(GraphError, match="inputs belong to different graphs") as error:
        Concatenate(name="both")([a, b])
    assert "layer Concatenate 'both'" in str(error.value)
    assert "got       a:0, b:0" in str(error.value)


def test_output_that_is_no_tensor() -> None:
    with pytest.raises(GraphError) as error:
        Model(Input((3,)), np.zeros(3))
    assert message(error) == (
        "Model: an output is not a symbolic tensor\n"
        "  expected  tensors made by Input() and layers\n"
        "  got       array([0., 0., 0.])"
    )


def test_input_that_is_no_input() -> None:
    h = Dense(2, name="hidden")(Input((3,)))
    with pytest.raises(GraphError) as error:
        Model(h, Dense(1)(h))
    assert message(error) == (
        "Model: an input must come from Input()\n"
        "  got       <Tensor 'hidden/BiasAdd:0' float32 (None, 2)>\n"
        "  made at   test_functional_errors.py\n"
        "  hint      a model that starts inside another one needs an Input of its own"
    )


def test_input_given_twice() -> None:
    x = Input((3,))
    with pytest.raises(GraphError, match=r"^Model: an input is given twice$"):
        Model([x, x], Dense(1)(x))


def test_inputs_without_outputs() -> None:
    with pytest.raises(GraphError) as error:
        Model(Input((3,)), name="half")
    assert message(error) == (
        "Model: inputs and outputs belong together\n"
        "  expected  Model(inputs=…, outputs=…), or a subclass with call()\n"
        "  node      layer Model 'half'"
    )


def test_two_layers_of_one_name() -> None:
    x = Input((3,))
    with pytest.raises(GraphError) as error:
        Model(x, Dense(2, name="same")(Dense(2, name="same")(x)))
    assert message(error) == (
        "Model: two layers are called 'same'\n"
        "  got       <Dense 'same'> and <Dense 'same'>\n"
        "  made at   test_functional_errors.py\n"
        "  hint      give one of them another name=; files and get_layer go by names"
    )


class TestCalls:
    def build(self) -> Model:
        a, b = Input((3,), name="a"), Input((2,), name="b")
        return Model([a, b], Dense(1)(Concatenate()([a, b])), name="pair")

    @pytest.mark.parametrize("count", [1, 3])
    def test_wrong_number(self, count: int) -> None:
        model = self.build()
        with pytest.raises(ShapeError) as error:
            model([np.zeros((4, 3))] * count)
        assert message(error) == (
            "Model: wrong number of inputs\n"
            "  expected  2: a, b\n"
            f"  got       {count}\n"
            "  node      layer Model 'pair'\n"
            "  made at   test_functional_errors.py"
        )

    def test_wrong_size(self) -> None:
        model = self.build()
        with pytest.raises(ShapeError) as error:
            model([np.zeros((4, 3)), np.zeros((4, 5))])
        assert message(error) == (
            "Model: the input 'b' does not fit\n"
            "  expected  float32 (None, 2)\n"
            "  got       float32 (4, 5)\n"
            "  node      layer Model 'pair'\n"
            "  made at   test_functional_errors.py"
        )

    def test_wrong_rank_of_a_tensor(self) -> None:
        model = Sequential([Conv2D(2, 3, input_shape=(8, 8, 1)), Flatten()], name="images")
        with pytest.raises(ShapeError) as error:
            model(core.placeholder("float32", (None, 64)))
        assert message(error) == (
            "Model: the input 'input_layer' does not fit\n"
            "  expected  float32 (None, 8, 8, 1)\n"
            "  got       float32 (None, 64)\n"
            "  node      layer Sequential 'images'\n"
            "  made at   test_functional_errors.py"
        )

    def test_missing_name(self) -> None:
        with pytest.raises(ShapeError) as error:
            self.build()({"a": np.zeros((4, 3)), "c": np.zeros((4, 2))})
        assert message(error) == (
            "Model: there is no input 'b'\n"
            "  expected  a, b\n"
            "  got       a, c\n"
            "  node      layer Model 'pair'\n"
            "  made at   test_functional_errors.py"
        )


class TestGetLayer:
    def build(self) -> Sequential:
        return Sequential([Dense(2, name="first", input_shape=(3,)), Dense(1, name="last")])

    def test_by_name_and_index(self) -> None:
        model = self.build()
        assert model.get_layer("last") is model.get_layer(index=1) is model.get_layer(index=-1)
        assert model.get_layer(name="first") is model.layers[0]

    def test_unknown_name(self) -> None:
        with pytest.raises(OptionError) as error:
            self.build().get_layer("frist")
        assert message(error) == (
            "get_layer: no layer of this name\n"
            "  expected  first, last\n"
            "  got       'frist'\n"
            "  hint      did you mean 'first'?"
        )

    def test_unknown_index(self) -> None:
        with pytest.raises(OptionError) as error:
            self.build().get_layer(index=2)
        assert message(error) == (
            "get_layer: no layer of this index\n  expected  0..1\n  got       2"
        )


def test_tensors_of_a_model_that_has_none() -> None:
    with pytest.raises(OptionError) as error:
        _ = Sequential([Dense(2)], name="late").inputs
    assert message(error) == (
        "Model: has no tensors of its own yet\n"
        "  node      layer Sequential 'late'\n"
        "  hint      declare the input shape, or call the model on data first"
    )
