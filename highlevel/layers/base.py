"""`Layer`: owns variables; its `call` adds operations to the graph.

A layer writes `__init__` (options), `build` (variables) and `call` (ops). Everything else is
here: calling on tensors or arrays, naming, weights, configuration, losses, the training flag.
The graph knows shapes and gradients, so layers state neither.
"""

from __future__ import annotations

import functools
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.core import (
    Graph,
    Stream,
    Tensor,
    Trace,
    Variable,
    as_dtype,
    cast,
    convert,
    current_context,
    current_session,
    flatten,
    identity,
    library,
    maximum,
    new_stream,
    placeholder,
    placeholder_with_default,
    rebuild,
    shape_of,
    use_context,
    user_site,
)
from thalweg.core.errors import OptionError, ShapeError, ThalwegError

from ..eager import Cache, call_at_once, is_symbolic
from ..keras1 import modern_arguments
from ..saving.config import Configurable
from .arguments import declared_input, initial_value, parameters_of
from .calls import Calls, CallState, LayerCall, current_call, learning_phase, within
from .input_spec import InputSpec
from .masks import fill_in, hand_on
from .naming import unique_layer_name

__all__ = ["Layer"]


class Layer(Configurable):
    """Base of all layers.

    Args:
        name: unique in a model; made from the class if None.
        trainable: whether optimizers change its weights.
        dtype: of its weights and inputs.
        activity_regularizer: a function of the output whose value joins the loss.
        input_shape: sizes without the batch, for the first layer of a `Sequential`.
        batch_input_shape, batch_shape: sizes with the batch.
        input_dim: the same as `input_shape=(input_dim,)`.

    >>> class Twice(Layer):
    ...     def call(self, inputs):
    ...         return inputs * 2.0
    >>> Twice()(np.float32([1, 2])).tolist()
    [2.0, 4.0]
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise OptionError(
                type(self).__name__, "not a layer name", expected="text without '/'", got=repr(name)
            )
        self._stream: Stream = new_stream(type(self).__name__, name)
        self.name = name or unique_layer_name(type(self).__name__)
        self._trainable = bool(trainable)
        self.dtype: str = as_dtype(dtype or "float32").name
        self.activity_regularizer = _regularizer(activity_regularizer)
        self.batch_input_shape = declared_input(type(self), Layer, kwargs)
        self.built = False
        self.input_spec: InputSpec | None = None
        self._weights: list[Variable] = []
        self._calls = Calls()
        self._eager_calls: Cache = OrderedDict()

    # Whether outputs have masks where inputs have; so they do if a class writes `compute_mask`.
    supports_masking: bool = False

    def _read_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Keras 1's names of the library's own layers are read as well."""
        if kwargs and type(self).__module__.startswith("thalweg."):
            return modern_arguments(type(self), args, kwargs)
        return args, kwargs

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "compute_mask" in vars(cls) and "supports_masking" not in vars(cls):
            cls.supports_masking = True

    # What subclasses write ----------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Makes the variables. `input_shape` is a tuple with None for the batch, nested as the
        inputs are."""

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the layer's ops to the graph. May take `training`, a bool or boolean scalar."""
        raise NotImplementedError(type(self).__name__)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks of the outputs, from those of the inputs: by default the same."""
        return mask

    # Weights ------------------------------------------------------------------------------------

    def add_weight(
        self,
        name: Any = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
        **kwargs: Any,
    ) -> Variable:
        """Makes a variable of the layer.

        Args:
            name: `"kernel"`; Keras 3's order (shape first) is understood too.
            shape: sizes, all known.
            dtype: the layer's if None.
            initializer: name or object; glorot_uniform for floats of rank > 1, else zeros.
            regularizer: a function of the variable whose value joins the loss.
            trainable: whether optimizers change it.
            constraint: a function applied to it after each update.
        """
        from .. import constraints, initializers

        if not isinstance(name, str | None):
            name, shape = (shape if isinstance(shape, str) else None), name
        sizes = tuple(() if shape is None else shape)
        if None in sizes:
            raise ShapeError(
                type(self).__name__,
                "a weight needs known sizes",
                got=f"{name or 'weight'} {sizes}",
                layer=self._label,
                hint="give the sizes of all axes but the batch: Input((28, 28, 1))",
            )
        wanted = as_dtype(dtype or self.dtype)
        initial = initializers.get(initializer or ("glorot_uniform" if len(sizes) > 1 else "zeros"))
        short = name or f"weight_{len(self._weights)}"
        variable = Variable(
            functools.partial(
                initial_value,
                initial,
                sizes,
                wanted.name,
                f"{self._stream.name}/{short}",
                self._stream.seed,
            ),
            trainable=trainable,
            name=short,
            dtype=wanted,
            shape=sizes,
        )
        variable.regularizer = _regularizer(regularizer)
        variable.constraint = constraints.get(constraint)
        self._weights.append(variable)
        return variable

    def sublayers(self) -> Iterator[Layer]:
        """The layers it holds as attributes, in order; lists and dicts of them count."""
        seen: set[Layer] = set()
        for name, value in list(vars(self).items()):
            if name == "_arguments":  # what it was made with; it need not hold that
                continue
            for item in flatten(value) if isinstance(value, list | tuple | dict) else (value,):
                if isinstance(item, Layer) and item not in seen:
                    seen.add(item)
                    yield item

    def all_sublayers(self) -> Iterator[Layer]:
        """All layers inside it, also those of layers inside it."""
        for layer in self.sublayers():
            yield layer
            yield from layer.all_sublayers()

    def _own_weights(self) -> list[Variable]:
        found = list(self._weights)
        for value in vars(self).values():
            if isinstance(value, Variable) and value not in found:
                found.append(value)
        return found

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its weights; setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.sublayers():
            layer.trainable = value

    @property
    def trainable_weights(self) -> list[Variable]:
        """Variables that optimizers change; none if the layer is frozen."""
        return self.trained_weights(lambda layer: layer.trainable)

    def trained_weights(self, trains: Callable[[Layer], bool]) -> list[Variable]:
        """Its trainable variables and those of layers inside it, in the layers that train."""
        if not trains(self):
            return []
        own = [w for w in self._own_weights() if w.trainable]
        return _unique(
            own + [w for layer in self.sublayers() for w in layer.trained_weights(trains)]
        )

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """All other variables."""
        trainable = set(self.trainable_weights)
        return [w for w in self.weights if w not in trainable]

    @property
    def weights(self) -> list[Variable]:
        """Its own variables, those made trainable first; then those of each layer inside it."""
        own = self._own_weights()
        ordered = [w for w in own if w.trainable] + [w for w in own if not w.trainable]
        return _unique(ordered + [w for layer in self.sublayers() for w in layer.weights])

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of the weights' values, in the order of `weights`."""
        session = current_session()
        return [session.value(w) for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the weights' values; all are checked before any is set.

        Raises:
            ShapeError: if number or shapes differ.
        """
        variables = self.weights
        arrays = [np.asarray(value) for value in weights]
        if len(arrays) != len(variables):
            raise ShapeError(
                "set_weights",
                "wrong number of arrays",
                expected=f"{len(variables)}: " + ", ".join(w.name for w in variables),
                got=str(len(arrays)),
                layer=self._label,
            )
        for variable, array in zip(variables, arrays, strict=True):
            if not variable.type.accepts_shape(array.shape):
                raise ShapeError(
                    "set_weights",
                    "an array does not fit its weight",
                    expected=f"{variable.name} {variable.type}",
                    got=f"{array.dtype} {array.shape}",
                    layer=self._label,
                )
        session = current_session()
        for variable, array in zip(variables, arrays, strict=True):
            session.load(variable, array.astype(variable.dtype.numpy))

    def count_params(self) -> int:
        """Number of elements of all weights."""
        return sum(w.type.size or 0 for w in self.weights)

    # Losses -------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar tensor to the loss of the model that is being called or built.

        Raises:
            OptionError: outside of `call`.
            ShapeError: if it is not a scalar.
        """
        state = current_call()
        if state is None:
            raise OptionError(
                "add_loss",
                "called outside of call()",
                layer=self._label,
                site=user_site(),
                hint="in a layer's call, or on a functional model: model.add_loss(tensor)",
            )
        state.losses.append(self._scalar_loss(loss))

    def _scalar_loss(self, loss: Any) -> Tensor:
        tensor = convert(loss)
        if tensor.ndim not in (None, 0):
            raise ShapeError(
                "add_loss",
                "the loss is not a scalar",
                got=str(tensor.type),
                node=tensor.op.name,
                layer=self._label,
                site=user_site(),
                hint="reduce_mean(loss) makes one number of it",
            )
        return tensor

    def regularization_losses(self) -> list[Tensor]:
        """The regularizers' values for its trainable weights, in the current graph."""
        return regularization(self.trainable_weights)

    @property
    def losses(self) -> list[Tensor]:
        """Regularizers' values, and what `add_loss` added at symbolic calls."""
        added = [loss for call in self._calls for loss in call.losses]
        return added + self.regularization_losses()

    # Calling ------------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's output: tensors for tensors, computed values for arrays.

        Args:
            inputs: a tensor or array, or a nest of them.
            args: further positional arguments of `call`.
            kwargs: further arguments of `call`; `training` is a bool or None for "what the
                model that is running does".

        Raises:
            ShapeError, DtypeError: if the input does not fit.
        """
        if not is_symbolic(inputs, args, kwargs):
            return self._call_on_arrays(inputs, args, kwargs)
        return self._call_on_tensors(inputs, args, kwargs)

    def _call_on_arrays(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        leaves = [np.asarray(leaf) for leaf in flatten(inputs)]
        if all(leaf.dtype.kind in "fiu" for leaf in leaves):
            leaves = [
                leaf.astype(self.dtype) if leaf.dtype.kind == "f" else leaf for leaf in leaves
            ]
        others = list(flatten((args, kwargs)))
        places = [i for i, leaf in enumerate(others) if isinstance(leaf, np.ndarray)]

        def build(*tensors: Tensor) -> Any:
            feed = iter(tensors)
            given = rebuild(inputs, feed)
            filled = [next(feed) if i in places else leaf for i, leaf in enumerate(others)]
            positional, named = rebuild((args, kwargs), iter(filled))
            return self._call_on_tensors(given, positional, named)

        structure = str(rebuild((inputs, args, kwargs), itertools.repeat(".")))
        options = tuple("." if i in places else leaf for i, leaf in enumerate(others))
        flags = [self.trainable, *(layer.trainable for layer in self.all_sublayers())]
        data = [*leaves, *(others[i] for i in places)]
        return call_at_once(build, data, self._eager_calls, (structure, options, *flags))

    def _call_on_tensors(self, inputs: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        context = current_context()
        tensors = [leaf for leaf in flatten(inputs) if isinstance(leaf, Tensor)]
        if tensors and tensors[0].graph is not context.graph:
            context = replace(context, graph=tensors[0].graph, scope="", control=())
        is_edge = context.trace is None
        outer = current_call()
        training = self._resolve_training(kwargs, outer, is_edge, context.graph)
        state = (
            CallState(training) if is_edge or outer is None else replace(outer, training=training)
        )
        trace = Trace() if is_edge else context.trace
        context = replace(
            context,
            scope=f"{context.scope}{self.name}/",
            owner=self._label,
            stream=self._stream,
            is_library=True,
            trace=trace,
        )
        try:
            with within(state), use_context(context):
                inputs = self._converted(inputs)
                self._check_inputs(inputs)
                self._build_once(inputs)
                arguments = {name: value for name, value in kwargs.items() if name != "training"}
                if "training" in parameters_of(type(self).call):
                    arguments["training"] = training
                masks = fill_in(self, inputs, args, arguments)
                outputs = self.call(inputs, *args, **arguments)
                outputs = self._finish(inputs, outputs, state, is_edge)
                hand_on(self, inputs, outputs, masks)
        except ThalwegError as error:
            raise error.at(layer=self._label, site=user_site()) from None
        if is_edge:
            self._record(inputs, outputs, args, kwargs, trace, state)
        return outputs

    def _resolve_training(
        self, kwargs: dict[str, Any], outer: CallState | None, is_edge: bool, graph: Graph
    ) -> Any:
        explicit = kwargs.get("training")
        if explicit is not None:
            return bool(explicit) if isinstance(explicit, int) else explicit
        if outer is not None and not is_edge:
            return outer.training
        return learning_phase(graph) if is_edge else False

    def _converted(self, inputs: Any) -> Any:
        wanted = as_dtype(self.dtype)
        leaves = (
            leaf
            if isinstance(leaf, Tensor)
            else convert(leaf, None if isinstance(leaf, Variable) else wanted)
            for leaf in flatten(inputs)
        )
        return rebuild(inputs, leaves)

    def _check_inputs(self, inputs: Any) -> None:
        if self.input_spec is not None:
            for tensor in flatten(inputs):
                self.input_spec.check(type(self).__name__, tensor)

    def _build_once(self, inputs: Any) -> None:
        if self.built:
            return
        shapes = rebuild(inputs, iter([leaf.shape for leaf in flatten(inputs)]))
        self.build(shapes)
        self.built = True
        self._check_inputs(inputs)

    def _finish(self, inputs: Any, outputs: Any, state: CallState, is_edge: bool) -> Any:
        """Adds the activity's loss; an output that is an input gets a node of its own."""
        if self.activity_regularizer is not None:
            for tensor in flatten(outputs):
                state.losses.append(_a_sample(self.activity_regularizer(tensor), tensor))
        if not is_edge:
            return outputs
        given = set(flatten(inputs))
        leaves = [convert(item) for item in flatten(outputs)]
        own = [
            identity(leaf) if leaf in given or leaf.history is not None else leaf for leaf in leaves
        ]
        for leaf, tensor in zip(leaves, own, strict=True):
            tensor.mask = leaf.mask
        return rebuild(outputs, iter(own))

    def _record(
        self, inputs: Any, outputs: Any, args: Any, kwargs: Any, trace: Trace, state: CallState
    ) -> None:
        call = LayerCall(
            self, inputs, outputs, args, kwargs, trace.writes, state.losses, state.flags
        )
        for tensor in flatten(outputs):
            tensor.history = call
        self._calls.append(call)

    def trainable_flag(self) -> Any:
        """Whether the layer is trainable, as `call` may ask: a Python bool, or in a functional
        model a boolean scalar that follows later changes of `layer.trainable`."""
        state = current_call()
        context = current_context()
        if state is not None and state.frozen is not None:
            return self not in state.frozen
        if state is None or not isinstance(state.training, Tensor):
            return self.trainable
        known = next((flag for layer, flag in state.flags if layer is self), None)
        if known is not None and known.graph is context.graph:
            return known
        flag = placeholder_with_default(self.trainable, [], name="trainable")
        state.flags.append((self, flag))
        return flag

    # Shapes and configuration -------------------------------------------------------------------

    @property
    def _label(self) -> str:
        return f"{type(self).__name__} '{self.name}'"

    @property
    def input(self) -> Any:
        """The symbolic input of its first call."""
        return self._first_call().inputs

    @property
    def output(self) -> Any:
        """The symbolic output of its first call."""
        return self._first_call().outputs

    @property
    def input_shape(self) -> Any:
        """Shape of `input`."""
        return _shapes(self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of `output`."""
        return _shapes(self.output)

    def _first_call(self) -> LayerCall:
        if not self._calls:
            raise OptionError(
                "Layer", "has not been called on a symbolic tensor", layer=self._label
            )
        return next(iter(self._calls))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input of this shape, or a list of them; None is unknown."""
        several = any(isinstance(item, list | tuple) for item in input_shape)
        shapes = input_shape if several else [input_shape]
        with Graph().as_default(), library():
            inputs = [placeholder(self.taken_dtype, shape) for shape in shapes]
            with Trace().open():
                return _shapes(self(inputs if several else inputs[0]))

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return self.dtype

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, as JSON data."""
        config = super().get_config()
        own = parameters_of(type(self).__init__)
        for name in ("input_shape", "batch_shape", "input_dim"):
            if name not in own:  # Embedding has an input_dim
                config.pop(name, None)
        config.update(name=self.name, trainable=self.trainable, dtype=self.dtype)
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = list(self.batch_input_shape)
        if config.get("activity_regularizer", False) is None:
            del config["activity_regularizer"]
        return config

    def __repr__(self) -> str:
        return f"<{self._label}{'' if self.built else ', not built'}>"


def regularization(weights: Sequence[Variable]) -> list[Tensor]:
    """The regularizers' values for these weights, in the current graph."""
    return [w.regularizer(w.value()) for w in weights if w.regularizer is not None]


def _a_sample(loss: Tensor, output: Tensor) -> Tensor:
    """An activity's loss by sample, so that it does not grow with the batch (Keras's rule)."""
    if output.ndim == 0:
        return loss
    return loss / cast(maximum(shape_of(output)[0], 1), loss.dtype)


def _shapes(tensors: Any) -> Any:
    return rebuild(tensors, iter([tensor.shape for tensor in flatten(tensors)]))


def _unique(variables: list[Variable]) -> list[Variable]:
    return list(dict.fromkeys(variables))


def _regularizer(identifier: Any) -> Any:
    if identifier is None:
        return None
    from .. import regularizers

    return regularizers.get(identifier)
