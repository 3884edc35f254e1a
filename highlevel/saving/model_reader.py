"""ModelReader: makes models and layers of configurations that need not be trusted.

Names lead to classes through closed tables; nothing is imported, and no code is read. What a
configuration may ask for is bounded: a few lines of JSON can nest models so that they make a
billion calls.
"""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from thalweg.core import Stream, Tensor, flatten, rebuild
from thalweg.core.errors import FileFormatError, ThalwegError

from ..layers.base import Layer
from ..layers.input import InputLayer
from ..models.model import Model
from ..models.sequential import Sequential
from .arguments import ArgumentReader
from .config import custom_object_scope
from .json_text import parse_object
from .mask_operations import Operation, read_operation, without_masks
from .nodes import Node, Reference, in_order, read_coordinates, read_nodes

__all__ = ["ModelReader", "Path", "model_from_config", "model_from_json", "read_model"]

_MAX_LAYERS = 5_000
_MAX_CALLS = 20_000  # of layers, counting those inside models again for each call of the model

Path = tuple[str, ...]  # names of the models that a layer lies in, and its own


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """A model, with new weights, from `{"class_name": …, "config": …}`.

    Args:
        config: what `model_config` or Keras 2 or 3 made.
        custom_objects: the user's classes and functions by name.

    Raises:
        FileFormatError: if it names unknown classes, or makes no sense.
    """
    with custom_object_scope(custom_objects or {}):
        reader = ModelReader("model_from_config")
        model = reader.layer(config, ())
        reader.finish()
        return model


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model, with new weights, from the text that `model.to_json()` made, here or in Keras.

    Args:
        json_string: the JSON.
        custom_objects: the user's classes and functions by name.

    Raises:
        FileFormatError: if the text is damaged, names unknown classes, or makes no sense.

    >>> from thalweg.layers import Dense
    >>> text = Sequential([Dense(3, input_shape=(4,))]).to_json()
    >>> model_from_json(text).output_shape
    (None, 3)
    """
    config = parse_object(json_string, "model_from_json", "the text")
    return model_from_config(config, custom_objects)


def read_model(
    cls: type[Model], config: Any, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """A model of a class, with new weights, from what its `get_config` returned.

    Raises:
        FileFormatError: if it names unknown classes, or makes no sense.
    """
    with custom_object_scope(custom_objects or {}):
        reader = ModelReader(f"{cls.__name__}.from_config")
        model = reader.layer_of_class(cls, {"config": config}, ())
        reader.finish()
        return model


class ModelReader:
    """Makes models of configurations; one reader reads one file.

    Args:
        where: the file, or the function that was given the configuration.
        streams: random streams for layers, by path, where the file tells them.
        is_own: whether this library wrote the configuration.

    Attributes:
        ignored: what was left out, `"'key' of Dense 'head'"` each.
        listed: the layers of each model, in the order of the configuration; inputs of a
            Sequential are left out, as Keras does.
    """

    def __init__(
        self, where: str, streams: Mapping[Path, Stream] | None = None, *, is_own: bool = False
    ) -> None:
        self.where = where
        self._streams = streams or {}
        self._is_own = is_own
        self.ignored: list[str] = []
        self.listed: dict[Model, list[Layer]] = {}
        self._arguments = ArgumentReader(where, self._nested_layer, self.ignored)
        self._path: Path = ()
        self._layers = 0
        self._calls = 0
        self._cost: dict[Layer, int] = {}
        self._shared: dict[int, Layer] = {}

    def finish(self, stacklevel: int = 3) -> None:
        """Says in one warning what was left out; `stacklevel` as for `warnings.warn`."""
        if self.ignored:
            more = f" and {len(self.ignored) - 8} more" if len(self.ignored) > 8 else ""
            warnings.warn(
                f"thalweg: {self.where}: not known here and left out: "
                f"{', '.join(self.ignored[:8])}{more}",
                UserWarning,
                stacklevel=stacklevel,
            )

    # One layer ----------------------------------------------------------------------------------

    def layer(self, data: Any, inside: Path) -> Layer:
        """The layer or model that an entry describes.

        Args:
            data: `{"class_name": …, "config": …}`.
            inside: the path of the model that it lies in.
        """
        cls = self._arguments.layer_class(data)
        number = data.get("shared_object_id")  # Keras 3's: one layer in several models
        known = self._shared.get(number) if isinstance(number, int) else None
        if type(known) is cls:
            return known
        layer = self.layer_of_class(cls, data, inside)
        if isinstance(number, int):
            self._shared[number] = layer
        return layer

    def layer_of_class(self, cls: type[Layer], data: Mapping[str, Any], inside: Path) -> Layer:
        """A layer of a known class, from an entry."""
        self._count()
        config, name = data["config"], _name(data)
        label = f"{cls.__name__} {name!r}"
        # The model that is read has an empty path; layers begin with their names.
        path = (*inside, name or "") if self._layers > 1 else ()
        outer, self._path = self._path, path
        try:
            made = self._model(cls, config, path, label)
            if made is None:
                with self.making(label):
                    made = self._arguments.make(cls, config, label)
        finally:
            self._path = outer
        if name:
            made.name = name  # also one with a slash, or that the class has no argument for
        if isinstance(config, Mapping) and config.get("trainable") is False and made.trainable:
            made.trainable = False
        if path in self._streams:
            made._stream = self._streams[path]
        return made

    def _count(self) -> None:
        self._layers += 1
        if self._layers > _MAX_LAYERS:
            raise self._error("too many layers", expected=f"at most {_MAX_LAYERS}")

    def _nested_layer(self, data: Any) -> Layer:
        """A layer among the arguments of another."""
        return self.layer(data, self._path)

    @contextlib.contextmanager
    def making(self, label: str) -> Iterator[None]:
        """Turns what a nonsensical configuration makes classes raise into our error."""
        try:
            yield
        except FileFormatError as error:
            raise error.at(layer=label) from error.__cause__
        except ThalwegError as error:
            raise FileFormatError(
                self.where,
                f"the configuration makes no sense: {error.where}: {error.problem}",
                expected=error.expected,
                got=error.got,
                layer=label,
                hint=error.hint,
            ) from error
        except Exception as error:
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            raise FileFormatError(
                self.where,
                "the configuration makes no sense",
                got=said if len(said) <= 200 else said[:200] + "…",
                layer=label,
            ) from error

    def _error(
        self,
        problem: str,
        expected: str | None = None,
        got: str | None = None,
        layer: str | None = None,
        hint: str | None = None,
    ) -> FileFormatError:
        return FileFormatError(
            self.where, problem, expected=expected, got=got, layer=layer, hint=hint
        )

    def _spend(self, calls: int) -> None:
        self._calls += calls
        if self._calls > _MAX_CALLS:
            raise self._error("the layers are called too often", expected=f"at most {_MAX_CALLS}")

    # Models -------------------------------------------------------------------------------------

    def _model(self, cls: type[Layer], config: Any, path: Path, label: str) -> Layer | None:
        """A model that is described by its layers; None if the entry describes something else."""
        if not issubclass(cls, Model) or (isinstance(config, Mapping) and "layers" not in config):
            return None
        parameters = inspect.signature(cls.__init__).parameters
        if issubclass(cls, Sequential) and "layers" in parameters:
            return self._sequential(cls, config, path, label)
        if isinstance(config, Mapping) and {"inputs", "outputs"} <= set(parameters):
            return self._functional(cls, config, path, label)
        return None

    def _sequential(self, cls: type[Sequential], config: Any, path: Path, label: str) -> Sequential:
        options = config if isinstance(config, Mapping) else {"layers": config}  # as Keras 2.0
        layers = [self.layer(entry, path) for entry in self._entries(options, label)]
        cost = sum(self._cost.get(layer, 1) for layer in layers)
        self._spend(cost)
        with self.making(label):
            model = cls(layers, name=_plain(options.get("name")))
            shape = options.get("build_input_shape")
            if model.network is None and isinstance(shape, list):
                model.build(tuple(shape))
        self._cost[model] = cost
        self.listed[model] = [layer for layer in layers if not isinstance(layer, InputLayer)]
        return model

    def _entries(self, config: Mapping[str, Any], label: str) -> list[Any]:
        entries = config["layers"]
        if not isinstance(entries, list):
            raise self._error("'layers' is no list", got=type(entries).__name__, layer=label)
        return entries

    def _functional(
        self, cls: type[Model], config: Mapping[str, Any], path: Path, label: str
    ) -> Model:
        layers: dict[str, Layer] = {}
        nodes: dict[str, list[Node]] = {}
        operations: dict[str, Operation] = {}
        for entry in self._entries(config, label):
            operation = read_operation(entry, self.where)
            if operation is not None:
                self._count()
                operations[operation.name] = operation
                continue
            layer = self.layer(entry, path)
            name = _name(entry) or layer.name
            if name in layers:
                raise self._error(f"two layers are called {name!r}", layer=label)
            layers[name] = layer
            nodes[name] = read_nodes(
                entry.get("inbound_nodes", []), name, self.where, is_own=self._is_own
            )
        inputs = read_coordinates(config.get("input_layers"), "input_layers", self.where)
        outputs = read_coordinates(config.get("output_layers"), "output_layers", self.where)
        ends = [*flatten(inputs), *flatten(outputs)]
        if operations:
            nodes = without_masks(layers, nodes, operations, ends, self.where)
        builder = _Builder(self, layers, nodes, ends)
        cost = builder.run()
        with self.making(label):
            model = cls(
                inputs=builder.tensors(inputs),
                outputs=builder.tensors(outputs),
                name=_plain(config.get("name")),
            )
        self._cost[model] = cost
        self.listed[model] = list(layers.values())
        return model

    def call(self, layer: Layer, inputs: Any, positional: Any, named: Any) -> tuple[list[Any], int]:
        """Calls a layer; returns its outputs, flat, and how many calls that was in all."""
        cost = self._cost.get(layer, 1)
        self._spend(cost)
        with self.making(f"{type(layer).__name__} {layer.name!r}"):
            return list(flatten(layer(inputs, *positional, **named))), cost


class _Builder:
    """Makes the calls of one functional model, in an order in which their inputs exist.

    Args:
        reader: who makes the calls, and counts them.
        layers: by name.
        nodes: the calls of each layer.
        ends: references to the model's inputs and outputs.
    """

    def __init__(
        self,
        reader: ModelReader,
        layers: Mapping[str, Layer],
        nodes: Mapping[str, list[Node]],
        ends: list[Reference],
    ) -> None:
        self._reader = reader
        self._layers = layers
        self._nodes = nodes
        references = [r for own in nodes.values() for node in own for r in node.sources()]
        used: dict[str, set[int]] = {}
        for reference in (*references, *ends):
            used.setdefault(reference.layer, set()).add(reference.call)
        # Keras 2 counts the calls of a model with inputs of its own from 1, Keras 3 from 0.
        self._first = {
            name: int(isinstance(layers[name], Model) and 0 not in used.get(name, {0}))
            for name in layers
        }
        self._results: dict[tuple[str, int], list[Any]] = {}

    def run(self) -> int:
        """Makes all calls; returns how many layers were called in all."""
        calls = [(name, i) for name, own in self._nodes.items() for i in range(len(own))]
        numbers = {call: number for number, call in enumerate(calls)}
        needs = []
        for name, i in calls:
            before = [numbers[name, i - 1]] if i else []
            sources = [self._place(r) for r in self._nodes[name][i].sources()]
            needs.append(before + [numbers[place] for place in sources if place in numbers])
        order = in_order(needs)
        if len(order) < len(calls):
            stuck = sorted({calls[n][0] for n in set(range(len(calls))) - set(order)})
            raise FileFormatError(
                self._reader.where,
                "the layers need each other in a circle",
                got=", ".join(map(repr, stuck[:8])),
            )
        for name, layer in self._layers.items():
            if isinstance(layer, InputLayer):
                self._results[name, 0] = [layer.output]
        total = 0
        for number in order:
            name, i = calls[number]
            node = self._nodes[name][i]
            whole = self.tensors((node.inputs, node.positional, node.named))
            outputs, cost = self._reader.call(self._layers[name], *whole)
            self._results[name, i] = outputs
            total += cost
        return total

    def _place(self, reference: Reference) -> tuple[str, int]:
        """The layer and the call that are meant, checked."""
        name, call = reference.layer, reference.call
        place = (name, call - self._first.get(name, 0))
        count = max(len(self._nodes.get(name, [])), 1)
        if name not in self._layers or not 0 <= place[1] < count:
            raise FileFormatError(
                self._reader.where,
                "the connections of the layers lead nowhere",
                expected="a call that a layer of the model makes",
                got=repr(reference),
            )
        return place

    def tensors(self, nest: Any) -> Any:
        """The same nesting with the tensors that are meant."""
        return rebuild(nest, iter([self._tensor(leaf) for leaf in flatten(nest)]))

    def _tensor(self, leaf: Any) -> Any:
        if not isinstance(leaf, Reference):
            return leaf
        outputs = self._results.get(self._place(leaf), [])
        if not 0 <= leaf.output < len(outputs) or not isinstance(outputs[leaf.output], Tensor):
            raise FileFormatError(
                self._reader.where,
                "the connections of the layers lead nowhere",
                expected=f"one of {len(outputs)} outputs",
                got=repr(leaf),
            )
        return outputs[leaf.output]


def _name(data: Mapping[str, Any]) -> str | None:
    """A layer's name; that of the entry is what the connections go by."""
    config = data.get("config")
    inner = config.get("name") if isinstance(config, Mapping) else None
    name = data.get("name", inner)
    return name if isinstance(name, str) and name else None


def _plain(name: Any) -> Any:
    """A name without slashes, which scopes could not tell from their own."""
    return name.replace("/", "_") if isinstance(name, str) else None
