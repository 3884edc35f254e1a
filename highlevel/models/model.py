"""`Model`: a layer that is trained. Functional, or subclassed with a `call` of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from thalweg.core import Graph, Tensor, current_session
from thalweg.core.errors import GraphError, OptionError, nearest

from ..layers.base import Layer
from ..training.data import Batch
from ..training.trainer import Trainer
from .network import Network

__all__ = ["Model"]


class Model(Trainer, Layer):
    """A graph of layers that can be trained, evaluated, saved and called like a layer.

    Functional: `Model(inputs, outputs)` with tensors made by `Input` and layers; the model
    fetches those very tensors, so that losses may close over any of them. Subclassed: layers as
    attributes, and `call(inputs, training=None)`.

    Args:
        inputs: a tensor made by `Input`, or a list or dict of them.
        outputs: tensors computed from them, nested as the model shall return them.
        name: of the model.
        trainable: False freezes all layers.

    Raises:
        GraphError: if the outputs need inputs that are not given.

    Input shape: that of the inputs.  Output shape: that of the outputs.

    >>> from thalweg.layers import Dense, Input
    >>> x = Input((4,))
    >>> model = Model(x, Dense(2)(x))
    >>> model.predict(np.zeros((3, 4))).shape
    (3, 2)
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
        **kwargs: Any,
    ) -> None:
        inputs = kwargs.pop("input", inputs)  # Keras 1's names
        outputs = kwargs.pop("output", outputs)
        self.network: Network | None = None
        self._steps = {}
        self._epochs_shuffled = 0
        self._output_names: list[str] | None = None
        super().__init__(name=name, trainable=trainable, **kwargs)
        self.graph = Graph()  # for subclassed models; a functional one lives where its tensors do
        if (inputs is None) != (outputs is None):
            raise GraphError(
                "Model",
                "inputs and outputs belong together",
                expected="Model(inputs=…, outputs=…), or a subclass with call()",
                layer=self._label,
            )
        if inputs is not None:
            self._set_network(Network(inputs, outputs))

    def _set_network(self, network: Network) -> None:
        self.network = network
        self.built = True
        self._steps.clear()

    # Structure ----------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """Its layers, in Keras's order."""
        return list(self.sublayers())

    def sublayers(self) -> Iterator[Layer]:
        """The network's layers; of a subclassed model those held as attributes."""
        if self.network is not None:
            yield from self.network.layers
        else:
            yield from super().sublayers()

    def _flat_layers(self) -> Iterator[Layer]:
        """All layers inside it, also those of models inside it."""
        stack: list[Layer] = list(self.sublayers())
        while stack:
            layer = stack.pop()
            yield layer
            stack.extend(layer.sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name or position.

        Raises:
            OptionError: if there is none, with the nearest name.
        """
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise OptionError(
                    "get_layer",
                    "no layer of this index",
                    expected=f"0..{len(layers) - 1}",
                    got=str(index),
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in layers]
        raise OptionError(
            "get_layer",
            "no layer of this name",
            expected=", ".join(names),
            got=repr(name),
            hint=nearest(name, names),
        )

    @property
    def inputs(self) -> list[Tensor]:
        """The input tensors of a functional model, flat."""
        return list(self._network().flat_inputs)

    @property
    def outputs(self) -> list[Tensor]:
        """The output tensors of a functional model, flat."""
        return list(self._network().flat_outputs)

    @property
    def input(self) -> Any:
        """The input tensors, nested as given."""
        return self._network().inputs

    @property
    def output(self) -> Any:
        """The output tensors, nested as given."""
        return self._network().outputs

    def _network(self) -> Network:
        if self.network is None:
            raise OptionError(
                "Model",
                "has no tensors of its own yet",
                layer=self._label,
                hint="declare the input shape, or call the model on data first",
            )
        return self.network

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers, or the keys of a dict of inputs."""
        if self.network is None:
            return ["input"]
        if isinstance(self.network.inputs, dict):
            return list(self.network.inputs)
        return [tensor.history.layer.name for tensor in self.network.flat_inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that make the outputs, or the keys of a dict of outputs."""
        if self.network is None:
            return self._output_names or ["output"]
        if isinstance(self.network.outputs, dict):
            return list(self.network.outputs)
        names: list[str] = []
        for tensor in self.network.flat_outputs:
            name = tensor.history.layer.name if tensor.history else tensor.op.name
            taken = names.count(name)
            names.append(f"{name}_{taken}" if taken else name)
        return names

    def _declared_outputs(self, y: Any) -> list[str]:
        if self._output_names is None and y is not None:
            self._output_names = super()._declared_outputs(y)
        return self._output_names or ["output"]

    def nest_inputs(self, tensors: Sequence[Tensor]) -> Any:
        """Inputs as a subclass's `call` takes them: alone, or as a list."""
        return tensors[0] if len(tensors) == 1 else list(tensors)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The network on other inputs. Subclasses write their own."""
        if self.network is None:
            raise GraphError(
                "Model",
                "a subclass must define call(inputs)",
                layer=self._label,
            )
        return self.network.apply(inputs)

    def _ensure_network(self, batch: Batch) -> None:
        """Only `Sequential` makes its network late."""

    def _stream_name(self) -> str:
        return self._stream.name

    # Weights files ------------------------------------------------------------------------------

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights to HDF5 in Keras 2's layout, all or nothing.

        Args:
            filepath: the file, usually `*.h5`.
            overwrite: False refuses to replace a file.

        Raises:
            OptionError: if the file exists and may not be replaced.
        """
        from ..saving.hdf5 import LayerWeights, write_weights

        if not overwrite and os.path.exists(filepath):
            raise OptionError("save_weights", "the file exists", got=os.fspath(filepath))
        session = current_session()
        write_weights(
            filepath,
            [
                LayerWeights(layer.name, [(f"{w.name}:0", session.value(w)) for w in layer.weights])
                for layer in self.layers
            ],
        )

    def load_weights(self, filepath: str | os.PathLike[str], by_name: bool = False) -> None:
        """Reads weights that this library or Keras 2 wrote; all are checked before any is set.

        Args:
            filepath: an HDF5 file of weights, or of a whole model.
            by_name: give each layer the weights of the stored layer of its name, instead of
                matching them in order.

        Raises:
            FileFormatError: if the file is corrupt, unsafe, or has other layers.
            ShapeError: if an array does not fit its weight.
        """
        from ..saving.hdf5 import read_weights
        from ..saving.matching import assign_weights

        self._require_weights("load_weights")
        layers = self.layers
        wanted = [(layer.name, [w.type.dims() for w in layer.weights]) for layer in layers]
        arrays = assign_weights(wanted, read_weights(filepath), by_name=by_name)  # type: ignore[arg-type]
        session = current_session()
        weights = [w for layer in layers for w in layer.weights]
        for weight, array in zip(weights, arrays, strict=True):
            if array is not None:
                session.load(weight, array.astype(weight.dtype.numpy))

    def _require_weights(self, where: str) -> None:
        if not self.built and not self.weights:
            raise OptionError(
                where,
                "the model has no weights yet",
                layer=self._label,
                hint="declare the input shape (Input, input_shape=…), or call the model on data",
            )

    # Looking at it ------------------------------------------------------------------------------

    def summary(
        self, line_length: int | None = None, print_fn: Callable[[str], Any] | None = None
    ) -> None:
        """Prints a table of layers, output shapes and numbers of parameters.

        Args:
            line_length: width in characters, 65 if None.
            print_fn: called with each line; standard output if None.
        """
        from .summary import summary_lines

        write = print_fn or _write_line
        for line in summary_lines(self, line_length or 65):
            write(line)

    def build(self, input_shape: Any) -> None:
        """Makes the weights of a subclassed model by calling it on a symbolic input."""

    def reset_states(self) -> None:
        """Resets the state of stateful layers (recurrent ones; there are none yet)."""


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
