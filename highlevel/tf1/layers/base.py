"""`tf.layers.Layer`: a piece of a network whose variables are named and shared by scopes.

A layer makes its variables by `get_variable` at its first call, in a variable scope of its own,
and uses them again at all others. Its losses and updates join the graph's collections.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import thalweg.core
from thalweg.core import (
    DtypeError,
    Graph,
    GraphError,
    OptionError,
    ShapeError,
    Tensor,
    as_dtype,
    as_shape,
    cast,
    convert,
    flatten,
    rebuild,
    shape_of,
)

from ..collections import GraphKeys, add_to_collections
from ..graph import name_scope
from ..graph_state import home_graph, state_of
from ..named_variables import get_variable
from ..variable_scopes import VariableScope, get_variable_scope, variable_scope
from ..variables import Variable, VariableAggregation, VariableSynchronization
from .options import initializer_of, regularizer_of

__all__ = ["InputSpec", "Layer", "known_size"]


class _Names(Counter[tuple[str, str]]):
    """How many layers of a class were made in a graph, by variable scope."""


class InputSpec:
    """What a layer takes.

    Args:
        dtype: the dtype.
        shape: the sizes, None where any will do.
        ndim: the number of axes.
        max_ndim: the largest number of axes.
        min_ndim: the least number of axes.
        axes: sizes of axes, by number.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int] | None = None,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype)
        self.shape = as_shape(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        known = {axis: size for axis, size in enumerate(self.shape or ()) if size is not None}
        self.axes = {**known, **(axes or {})}

    def check(self, layer: Layer, x: Tensor) -> None:
        """Refuses an input that does not fit.

        Raises:
            ShapeError, DtypeError: with what was expected.
        """
        where = type(layer).__name__
        label = f"{where} {layer.name!r}"
        problem = "the input does not fit the layer"
        if self.dtype is not None and x.dtype is not self.dtype:
            raise DtypeError(where, problem, expected=str(self.dtype), got=str(x.type), layer=label)
        expected = self._expected(x.type.shape)
        if expected:
            raise ShapeError(where, problem, expected=expected, got=str(x.type), layer=label)

    def _expected(self, shape: Sequence[int | None] | None) -> str | None:
        """What is wrong with a shape, told as what would be right."""
        if shape is None:
            return None
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"{self.ndim} axes"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"{self.min_ndim} axes or more"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"{self.max_ndim} axes or fewer"
        wrong = [axis for axis, size in self.axes.items() if shape[axis] not in (None, size)]
        return ", ".join(f"size {self.axes[axis]} on axis {axis}" for axis in wrong) or None


class Layer:
    """Base of layers; a subclass writes `build`, which makes variables, and `call`.

    Args:
        trainable: whether optimizers change its variables.
        name: of the layer, and of its variable scope; made from the class if None.
        dtype: of its variables; that of the first input if None.

    >>> import thalweg.tf1 as tf
    >>> class Scale(tf.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_variable("factor", [], initializer=tf.ones_initializer())
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> with tf.Graph().as_default():
    ...     scale = Scale(name="scale")
    ...     y = scale(tf.zeros([2])) + scale(tf.zeros([2]))
    ...     print(scale.variables)
    [<tf.Variable 'scale/factor:0' float32 ()>]
    """

    _options: ClassVar[frozenset[str]] = frozenset(
        {"_scope", "_reuse", "_updates_collections", "activity_regularizer"}
    )

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        if unknown := set(kwargs) - self._options:
            raise OptionError(
                type(self).__name__, "unknown argument", got=", ".join(sorted(unknown))
            )
        self.trainable = trainable
        self.built = False
        self.input_spec: InputSpec | None = None
        self.activity_regularizer = regularizer_of(kwargs.get("activity_regularizer"))
        self._dtype = None if dtype is None else as_dtype(dtype)
        self._reuse = kwargs.get("_reuse")
        self._update_keys = kwargs.get("_updates_collections", GraphKeys.UPDATE_OPS)
        self._base_name = name or _snake_case(type(self).__name__)
        self._name = name or _numbered(self._base_name)
        self._graph: Graph = home_graph()
        self._scope: VariableScope | None = None
        self._trainable_weights: list[Variable] = []
        self._fixed_weights: list[Variable] = []
        self._updates: list[Any] = []
        self._losses: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        if kwargs.get("_scope"):
            with variable_scope(kwargs["_scope"]) as self._scope:
                pass

    # What subclasses write ----------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Makes the variables; `input_shape` is nested as the inputs are."""

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the layer's operations to the graph."""
        return inputs

    # Calls --------------------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the layer's operations to the graph; variables are made at the first call.

        Args:
            inputs: a tensor, or several in a list, tuple or dict.
            args: of `call`.
            kwargs: of `call`, and `scope`, in the place of the variable scope by name.

        Returns:
            What `call` returns.
        """
        if not any(isinstance(leaf, Tensor | thalweg.core.Variable) for leaf in flatten(inputs)):
            inputs = convert(inputs)  # a nested list of numbers is one array
        tensors = [convert(leaf) for leaf in flatten(inputs)]
        inputs = rebuild(inputs, iter(tensors))
        self._open_scope(kwargs.pop("scope", None))
        reuse = True if self.built else self._reuse
        with (
            variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope,
            name_scope(scope.original_name_scope),
        ):
            if self.input_spec is not None:
                for tensor in tensors:
                    self.input_spec.check(self, tensor)
            if not self.built:
                if self._dtype is None and tensors:
                    self._dtype = tensors[0].dtype
                self.build(rebuild(inputs, iter([tensor.shape for tensor in tensors])))
                self.built = True
                if self.input_spec is not None:
                    for tensor in tensors:
                        self.input_spec.check(self, tensor)
            outputs = self.call(inputs, *args, **kwargs)
            if self.activity_regularizer is not None:
                self._regularize(outputs)
        self.inputs += tensors
        self.outputs += list(flatten(outputs))
        return outputs

    apply = __call__

    def _open_scope(self, scope: Any) -> None:
        if self._scope is None:
            given = scope if scope is not None or not self._reuse else self._base_name
            with variable_scope(given, default_name=self._base_name) as self._scope:
                pass

    def _regularize(self, outputs: Any) -> None:
        """The mean penalty of a sample's outputs joins the losses."""
        with name_scope("ActivityRegularizer"):
            for output in flatten(outputs):
                loss = self.activity_regularizer(output)
                self.add_loss(loss / cast(shape_of(output)[0], loss.dtype))

    # Variables ----------------------------------------------------------------------------------

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
        partitioner: Any = None,
        **kwargs: Any,
    ) -> Variable:
        """Makes a variable of the layer, or finds it; arguments as of `tf.get_variable`.

        A regularizer's loss joins REGULARIZATION_LOSSES when the variable is made.
        """
        trains = self.trainable and (trainable is None or bool(trainable))
        before = len(self._graph.get_collection(GraphKeys.REGULARIZATION_LOSSES))
        variable: Variable = get_variable(
            name,
            shape,
            dtype or self._dtype,
            initializer_of(initializer),
            regularizer_of(regularizer),
            trains,
            None,
            None,
            partitioner,
            True,
            use_resource,
            None,
            constraint,
            synchronization,
            aggregation,
        )
        self._losses += self._graph.get_collection(GraphKeys.REGULARIZATION_LOSSES)[before:]
        (self._trainable_weights if trains else self._fixed_weights).append(variable)
        return variable

    add_variable = add_weight

    @property
    def trainable_weights(self) -> list[Variable]:
        """Its variables that optimizers change; none if the layer is not trainable."""
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Its other variables."""
        frozen = [] if self.trainable else self._trainable_weights
        return [*frozen, *self._fixed_weights]

    @property
    def weights(self) -> list[Variable]:
        """All its variables."""
        return self.trainable_weights + self.non_trainable_weights

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights
    variables = weights

    def count_params(self) -> int:
        """How many numbers its variables have.

        Raises:
            GraphError: before the first call.
        """
        if not self.built:
            raise GraphError(type(self).__name__, "the layer has no variables yet",
                             hint="call it first")  # fmt: skip
        return sum(variable.type.size or 0 for variable in self.weights)

    # Losses and updates ---------------------------------------------------------------------------

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds losses to the layer and to the collection REGULARIZATION_LOSSES."""
        for loss in losses if isinstance(losses, list | tuple) else [losses]:
            if loss is not None:
                self._losses.append(loss)
                self._graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Adds operations to the layer and to the collection UPDATE_OPS."""
        for update in updates if isinstance(updates, list | tuple) else [updates]:
            self._updates.append(update)
            if self._update_keys:
                add_to_collections(self._update_keys, update)

    @property
    def losses(self) -> list[Any]:
        """Its losses."""
        return list(self._losses)

    @property
    def updates(self) -> list[Any]:
        """Its updates."""
        return list(self._updates)

    # Names ----------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def scope_name(self) -> str:
        """The name of its variable scope.

        Raises:
            GraphError: before the first call.
        """
        if self._scope is None:
            raise GraphError(type(self).__name__, "the layer has no scope yet",
                             hint="call it first, or give it a name")  # fmt: skip
        return self._scope.name

    @property
    def dtype(self) -> Any:
        """The dtype of its variables; None before it is known."""
        return self._dtype

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self._graph


def _snake_case(name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`, `Conv2D` -> `conv2d`."""
    parted = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", parted).lower().lstrip("_")


def _numbered(base: str) -> str:
    """The name of another layer of this kind in the variable scope."""
    names = state_of(home_graph(), _Names)
    key = (get_variable_scope().name, base)
    names[key] += 1
    return base if names[key] == 1 else f"{base}_{names[key] - 1}"


def known_size(layer: Layer, shape: Sequence[int | None] | None, axis: int) -> int:
    """A size that the layer's variables depend on.

    Raises:
        ShapeError: if it is not known.
    """
    size = None if shape is None else shape[axis]
    if size is None:
        raise ShapeError(
            type(layer).__name__,
            "a size that the variables depend on is not known",
            expected=f"a known size on axis {axis}",
            got=thalweg.core.shape_text(shape),
            layer=f"{type(layer).__name__} {layer.name!r}",
            hint="x.set_shape(...) tells what is known",
        )
    return int(size)
