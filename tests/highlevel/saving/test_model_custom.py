"""Models with classes and functions of the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from layer_rows import double
from model_entries import JSON, Scaled, again, functional, message, numbers, same_outputs

from thalweg.core import Tensor
from thalweg.core.errors import FileFormatError
from thalweg.layers import Activation, Dense, Input, Lambda, Layer
from thalweg.models import Model, Sequential, model_from_config
from thalweg.saving.config import (
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)


@pytest.fixture(autouse=True)
def clean_registry() -> Iterator[None]:
    with custom_object_scope():
        yield


class Greedy(Layer):
    """A user's layer that takes arguments out of `**kwargs`."""

    def __init__(self, **kwargs: Any) -> None:
        self.power = kwargs.pop("power", 1)
        super().__init__(**kwargs)

    def call(self, inputs: Tensor) -> Any:
        return inputs**self.power


class ByHand(Layer):
    """A user's layer in Keras's style, with a configuration of its own."""

    def __init__(self, inner: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs: Tensor) -> Any:
        return self.inner(inputs)

    def get_config(self) -> JSON:
        return {"name": self.name, "dtype": self.dtype, "size": self.inner.units}

    @classmethod
    def from_config(cls, config: Any) -> ByHand:
        config = dict(config)
        return cls(Dense(config.pop("size")), **config)


class Wrapped(Layer):
    """A user's layer with a layer as argument."""

    def __init__(self, inner: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, inputs: Tensor) -> Any:
        return self.inner(inputs)


class TestCustomObjects:
    @pytest.mark.parametrize(
        "layer",
        [
            lambda: Scaled(2.5),
            lambda: Greedy(power=2, name="square"),
            lambda: ByHand(Dense(4), name="hand"),
            lambda: Wrapped(Dense(4, "relu"), name="wrap"),
        ],
    )
    def test_layers(self, layer: Callable[[], Layer]) -> None:
        x = Input((3,))
        made = layer()
        model = Model(x, made(x))
        copied = again(model, {type(made).__name__: type(made)})
        assert copied.layers[1].name == made.name
        assert type(copied.layers[1]) is type(made)
        same_outputs(model, copied, numbers(4, 3))

    def test_frozen_layer_without_that_argument(self) -> None:
        class Weighted(Layer):
            """Takes no argument at all."""

            def __init__(self) -> None:
                super().__init__()

            def build(self, input_shape: Any) -> None:
                self.factor = self.add_weight("factor", (), initializer="ones")

            def call(self, inputs: Tensor) -> Tensor:
                return inputs * self.factor

        model = Sequential([Input((3,)), Weighted()])
        model.layers[0].trainable = False
        copied = again(model, {"Weighted": Weighted})
        assert not copied.trainable_weights
        assert len(copied.weights) == 1

    def test_registered_under_a_package(self) -> None:
        @register_keras_serializable("mine")
        class Local(Scaled):
            """Known to files as mine>Local."""

        model = Sequential([Input((3,)), Local(3.0)])
        assert '"mine>Local"' in model.to_json()
        assert again(model).layers[0].factor == 3.0
        entry = {
            "module": "__main__",
            "class_name": "Local",
            "config": {"factor": 2.0, "name": "s"},
            "registered_name": "mine>Local",
            "name": "s",
            "inbound_nodes": [[["x", 0, 0, {}]]],
        }
        assert model_from_config(functional(entry)).layers[1].factor == 2.0

    def test_package_of_the_writer_does_not_matter(self) -> None:
        entry = {
            "class_name": "Custom>Scaled",
            "config": {"factor": 2.0, "name": "s"},
            "name": "s",
            "inbound_nodes": [[["x", 0, 0, {}]]],
        }
        model = model_from_config(functional(entry), {"Scaled": Scaled})
        assert model.layers[1].factor == 2.0
        assert "Scaled" not in get_custom_objects()

    def test_functions(self) -> None:
        def triple(x: Tensor) -> Tensor:
            return x * 3.0

        model = Sequential([Input((2,)), Activation(triple), Lambda(triple)])
        copied = again(model, {"triple": triple})
        assert copied.predict(np.ones((1, 2))).tolist() == [[9.0, 9.0]]
        with pytest.raises(FileFormatError) as error:
            again(model)
        assert "unknown activation 'triple'" in message(error)

    def test_function_with_named_arguments(self) -> None:
        def shifted(x: Tensor, by: float) -> Tensor:
            return x + by

        model = Sequential([Input((2,)), Lambda(shifted, arguments={"by": 2.0})])
        copied = again(model, {"shifted": shifted})
        assert copied.predict(np.ones((1, 2))).tolist() == [[3.0, 3.0]]

    def test_lambda_of_keras_2_by_name(self) -> None:
        config = {
            "name": "l",
            "function": "double",
            "function_type": "function",
            "module": "os",
            "output_shape": None,
            "output_shape_type": "raw",
            "output_shape_module": None,
            "arguments": {},
        }
        entry = {
            "class_name": "Lambda",
            "config": config,
            "name": "l",
            "inbound_nodes": [[["x", 0, 0, {}]]],
        }
        model = model_from_config(functional(entry), {"double": double})
        assert model.predict(np.ones((1, 3))).tolist() == [[2.0, 2.0, 2.0]]

    def test_models_of_a_class_of_the_users(self) -> None:
        class Net(Model):
            """Functional, with arguments of its own."""

            def __init__(self, units: int, **kwargs: Any) -> None:
                x = Input((3,))
                super().__init__(x, Dense(units)(x), **kwargs)
                self.units = units

        model = Net(5, name="net")
        assert model.get_config() == {"units": 5, "name": "net"}
        assert Net.from_config(model.get_config()).output_shape == (None, 5)
        same_outputs(model, again(model, {"Net": Net}), numbers(2, 3))

    def test_functional_subclass_without_an_init(self) -> None:
        class Plain(Model):
            """Adds a method."""

            def half(self, x: Any) -> Any:
                return self.predict(x) / 2

        x = Input((3,))
        model = Plain(x, Dense(2)(x), name="plain")
        copied = again(model, {"Plain": Plain})
        assert type(copied) is Plain
        same_outputs(model, copied, numbers(2, 3))

    def test_subclass_with_a_call(self) -> None:
        class Called(Model):
            """Described by its argument."""

            def __init__(self, units: int) -> None:
                super().__init__()
                self.head = Dense(units)

            def call(self, inputs: Tensor, training: Any = None) -> Any:
                return self.head(inputs)

        model = Called(4)
        copied = again(model, {"Called": Called})
        assert copied.predict(numbers(2, 3)).shape == (2, 4)
