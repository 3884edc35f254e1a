"""`Sequential`: a stack of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.core import Tensor, is_tracing
from thalweg.core.errors import OptionError

from ..layers.base import Layer
from ..layers.input import Input, InputLayer
from ..layers.masks import with_masks
from ..training.layout import Batch
from .model import Model
from .network import Network

__all__ = ["Sequential"]


class Sequential(Model):
    """A model that is a stack of layers, each fed by the one before.

    Args:
        layers: the layers, first to last; more may be added with `add`.
        name: of the model.
        trainable: False freezes all layers.

    The input shape is declared by an `Input` or by `input_shape=` of the first layer; without
    it, the model is built when it first sees data.

    >>> import numpy as np
    >>> from thalweg.layers import Dense
    >>> model = Sequential([Dense(3, input_shape=(4,)), Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    def __init__(
        self, layers: Sequence[Any] | None = None, name: str | None = None, trainable: bool = True
    ) -> None:
        self._stack: list[Layer] = []
        super().__init__(name=name, trainable=trainable)
        self._input: Tensor | list[Tensor] | None = None
        self._values: list[Any] = []  # the output of each layer
        for layer in layers or ():
            self._append(layer)
        self._rebuild()

    def add(self, layer: Any) -> None:
        """Puts a layer on top.

        Raises:
            OptionError: if it is not a layer, or its name is taken.
        """
        self._append(layer)
        self._rebuild()

    def pop(self) -> Layer:
        """Takes the top layer off and returns it."""
        if not self._stack:
            raise OptionError("Sequential", "there is no layer to remove", layer=self._label)
        layer = self._stack.pop()
        self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Tensor) and layer.history is not None and layer.history.is_input:
            layer = layer.history.layer  # Input(…) in a list of layers
        if not isinstance(layer, Layer):
            raise OptionError(
                "Sequential",
                "not a layer",
                expected="a Layer object",
                got=repr(layer),
                layer=self._label,
                hint=f"{layer.__name__}(…) makes one" if isinstance(layer, type) else None,
            )
        if any(layer.name == other.name for other in self._stack):
            raise OptionError(
                "Sequential",
                f"two layers are called {layer.name!r}",
                layer=self._label,
                hint="give one of them another name=",
            )
        if isinstance(layer, InputLayer):
            if self._stack:
                raise OptionError("Sequential", "an input can only come first", layer=self._label)
            self._input = layer.output
            return
        if self._input is None and not self._stack:
            self._input = _declared_input(layer)
        self._stack.append(layer)

    def _rebuild(self) -> None:
        """Calls new layers on what is below them; without a declared input, waits for data."""
        if self._input is None or not self._stack:
            self._values = []
            self.network = None
            self.built = False
            self._forget_steps()
            return
        del self._values[len(self._stack) :]
        for layer in self._stack[len(self._values) :]:
            self._values.append(layer(self._values[-1] if self._values else self._input))
        self._set_network(Network(self._input, self._values[-1]))

    def sublayers(self) -> Iterator[Layer]:
        """The layers in order; the input does not count, as in Keras."""
        yield from self._stack

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The layers one after another; arguments as of a `Model`."""
        inputs = with_masks(inputs, mask)
        if self.network is not None:
            return self.network.apply(inputs)
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    def _call_on_arrays(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The layers' network is made where the user is, not in the graph of one computation."""
        if self.network is None and not isinstance(inputs, dict | list | tuple):
            self.build((None, *np.shape(inputs)[1:]))
        return super()._call_on_arrays(inputs, args, kwargs)

    def ensure_built(self, batch: Batch) -> None:
        """Declares the input's shape by the first data."""
        if self.network is None:
            if not self._stack:
                raise OptionError("Sequential", "has no layers", layer=self._label)
            self.build((None, *batch.x[0].shape[1:]))

    def build(self, input_shape: Any) -> None:
        """Declares the input shape, with the batch, of a model that has none yet."""
        if self.network is None and self._stack and not is_tracing():
            self._input = Input(batch_shape=tuple(input_shape), dtype=self._stack[0].taken_dtype)
            self._rebuild()

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
        """The most probable class of each sample (Keras 2's name)."""
        output = self.predict(x, batch_size=batch_size, verbose=verbose)
        if output.shape[-1] > 1:
            return output.argmax(axis=-1)
        return (output > 0.5).astype("int32")

    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
        """`predict` (Keras 2's name)."""
        return self.predict(x, batch_size=batch_size, verbose=verbose)


def _declared_input(layer: Layer) -> Tensor | list[Tensor] | None:
    """The input that a first layer declares, or those that the model inside it has."""
    if isinstance(layer, Model) and layer.network is not None:
        made = [Input(batch_shape=t.shape, dtype=t.dtype) for t in layer.network.flat_inputs]
        return made if len(made) > 1 else made[0]
    if layer.batch_input_shape is None:
        return None
    return Input(batch_shape=layer.batch_input_shape, dtype=layer.dtype)
