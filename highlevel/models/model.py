"""`Model`: a layer that is trained. Functional, or subclassed with a `call` of its own."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from thalweg.core import Graph, Tensor, Trace, flatten, library, placeholder
from thalweg.core.errors import GraphError, OptionError, nearest

from ..layers.base import Layer
from ..layers.calls import current_call
from ..layers.masks import with_masks
from ..training.layout import Batch
from ..training.trainer import Trainer
from .network import Network

__all__ = ["Model"]


class Model(Trainer):
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

    >>> import numpy as np
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
        self.added_losses: list[Tensor] = []
        self._steps = {}
        self._fits = 0
        self._traced_outputs: Any = None  # of a subclassed model
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
        self._forget_steps()
        if not self.trainable:
            self.trainable = False  # of the layers too

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
        inputs = self._network().inputs
        if isinstance(inputs, dict):
            return list(inputs)
        return [tensor.history.layer.name for tensor in self._network().flat_inputs]

    @property
    def data_names(self) -> list[str] | None:
        """`input_names`; None if the model takes whatever nesting comes."""
        return None if self.network is None else self.input_names

    @property
    def output_structure(self) -> Any:
        """The output tensors, nested as the model returns them; None while unknown."""
        return self._traced_outputs if self.network is None else self.network.outputs

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that make the outputs, or the keys of a dict of outputs.

        A subclassed model's are `output`, or `output_1`, `output_2`, …
        """
        outputs = self.output_structure
        if isinstance(outputs, dict):
            return list(outputs)
        tensors = list(flatten(outputs))
        if self.network is None:
            return [f"output_{i + 1}" for i in range(len(tensors))] if tensors[1:] else ["output"]
        names: list[str] = []
        made: Counter[str] = Counter()
        for tensor in tensors:
            name = tensor.history.layer.name if tensor.history else tensor.op.name
            names.append(f"{name}_{made[name]}" if made[name] else name)
            made[name] += 1
        return names

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the masks of a model's outputs are those that its layers give them."""

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The network on other inputs. Subclasses write their own.

        Args:
            inputs: nested as the model takes them.
            training: a bool, or a boolean scalar.
            mask: of the inputs, nested likewise; None where there is none.
        """
        if self.network is None:
            raise GraphError(
                "Model",
                "a subclass must define call(inputs)",
                layer=self._label,
            )
        return self.network.apply(with_masks(inputs, mask))

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar tensor to the loss that training minimises.

        Args:
            loss: inside `call` any scalar; on a functional model one computed from its tensors.

        Raises:
            OptionError: on a model that is not functional, outside of `call`.
            ShapeError: if it is not a scalar.
        """
        if self.network is None or current_call() is not None:
            super().add_loss(loss)
        else:
            self.added_losses.append(self._scalar_loss(loss))
            self._steps.clear()

    @property
    def losses(self) -> list[Tensor]:
        """Regularizers' values, and what `add_loss` and activity regularizers added."""
        calls = [] if self.network is None else self.network.calls
        inner = [loss for call in calls for loss in call.losses]
        return [*inner, *self.added_losses, *self.regularization_losses()]

    def ensure_built(self, batch: Batch) -> None:
        """Traces a subclassed model on its first data: makes weights, learns the outputs."""
        if self.network is None and self._traced_outputs is None:
            self._traced_outputs = self._step("predict", batch).outputs

    # Configuration and files --------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The model as JSON data in Keras 2's layout: its layers and how they are connected.

        Raises:
            GraphError: if a tensor comes from an operation that belongs to no layer.
            OptionError: if an argument of a layer cannot be written.
        """
        from ..saving.model_config import own_config

        return own_config(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """A model, with new weights, from what `get_config` returned, here or in Keras.

        Raises:
            FileFormatError: if the configuration makes no sense, or names unknown classes.
        """
        from ..saving.model_reader import read_model

        return read_model(cls, config, custom_objects)

    def to_json(self, **options: Any) -> str:
        """The model's configuration as a JSON text for `model_from_json`, without weights.

        Args:
            options: for `json.dumps`.
        """
        from ..saving.model_config import model_to_json

        return model_to_json(self, **options)

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        include_optimizer: bool = True,
        save_format: str | None = None,
    ) -> None:
        """Writes the whole model to one file; `saving.model_file.save_model` says what is in it.

        Args:
            filepath: the file, `*.keras` or `*.h5`.
            overwrite: False refuses to replace a file.
            include_optimizer: whether `compile`'s arguments and the optimizer's state go along.
            save_format: `"keras"` or `"h5"`; None tells by the suffix.

        Raises:
            OptionError, GraphError: if the model cannot be written; nothing is written then.
        """
        from ..saving.model_file import save_model

        save_model(self, filepath, overwrite, include_optimizer, save_format)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights to HDF5, all or nothing.

        Args:
            filepath: the file; `*.weights.h5` is written in the layout of Keras 3, any other
                name, usually `*.h5`, in that of Keras 2.
            overwrite: False refuses to replace a file.

        Raises:
            OptionError: if the file exists and may not be replaced.
        """
        from ..saving.weights_file import save_weights

        if not overwrite and os.path.exists(filepath):
            raise OptionError("save_weights", "the file exists", got=os.fspath(filepath))
        self._require_weights("save_weights")
        save_weights(self, filepath)

    def load_weights(self, filepath: str | os.PathLike[str], by_name: bool = False) -> None:
        """Reads weights that this library or Keras wrote; all are checked before any is set.

        Args:
            filepath: a file of weights, or of a whole model, in the layout of Keras 2 or 3.
            by_name: give each layer the weights of the stored layer of its name, instead of
                matching them in order; in the layout of Keras 2.

        Raises:
            FileFormatError: if the file is corrupt, unsafe, or has other layers.
            ShapeError: if an array does not fit its weight.
        """
        from ..saving.weights_file import load_weights

        self._require_weights("load_weights")
        load_weights(self, filepath, by_name)

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
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Prints a table of layers, output shapes and numbers of parameters.

        Args:
            line_length: width in characters, 65 if None.
            positions: ignored: columns are as wide as they must be.
            print_fn: called with each line; standard output if None.
            expand_nested: list the layers of models that are layers, too.
            show_trainable: ignored: layers that do not train are called frozen.
        """
        from .summary import summary_lines

        write = print_fn or _write_line
        for line in summary_lines(self, line_length or 65, expand_nested):
            write(line)

    def build(self, input_shape: Any) -> None:
        """Makes the weights of a subclassed model by calling it on symbolic inputs.

        Args:
            input_shape: sizes with the batch; a list or dict of them for several inputs.
        """
        if self.built or current_call() is not None:
            return
        self.built = True
        shapes = list(input_shape.values()) if isinstance(input_shape, dict) else input_shape
        several = bool(shapes) and isinstance(shapes[0], list | tuple)
        with self.graph.as_default(), library(), Trace().open():
            tensors = [placeholder(self.dtype, s) for s in (shapes if several else [shapes])]
            if isinstance(input_shape, dict):
                self(dict(zip(input_shape, tensors, strict=True)))
            else:
                self(tensors if several else tensors[0])

    def reset_states(self) -> None:
        """Sets the states of stateful recurrent layers to zeros, also of those in other layers."""
        for layer in self.all_sublayers():
            if getattr(layer, "states", None):
                layer.reset_states()  # type: ignore[attr-defined]


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
