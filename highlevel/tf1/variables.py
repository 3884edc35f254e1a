"""TF1's Variable: unique names, collections and initializers, over the core's Variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import thalweg.core
from thalweg.core import (
    GraphError,
    Operation,
    ReadVariable,
    ShapeError,
    Tensor,
    apply,
    as_dtype,
    changed_context,
    convert,
    current_context,
    get_default_graph,
    get_default_session,
)

from .arguments import refuse
from .collections import GraphKeys
from .graph_state import home

__all__ = [
    "Variable",
    "VariableAggregation",
    "VariableSynchronization",
]


class VariableSynchronization(IntEnum):
    """When copies of a variable meet; here there are no copies."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(IntEnum):
    """How copies of a variable meet; here there are no copies."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


class Variable(thalweg.core.Variable):
    """A named value that outlives runs, of a graph that keeps it.

    Its name is unique in the graph, and is also the name of the tensor that reads it: `"w:0"`.
    It may be initialised by its `initializer`, as TF1 requires; else that is done at first use.

    Args:
        initial_value: a tensor, anything that makes a constant, or a function that makes one.
        trainable: whether optimizers change it by default; None means True.
        collections: names of the graph's lists it joins; by default GLOBAL_VARIABLES. Trainable
            ones join TRAINABLE_VARIABLES as well.
        validate_shape: False allows an initial value of unknown shape.
        caching_device: ignored, as are `use_resource`, `synchronization` and `aggregation`.
        name: of the variable, `"Variable"` if None.
        variable_def: not supported: graphs are not read from protocol buffers.
        dtype: converts the initial value.
        expected_shape: ignored, as in TF1.
        import_scope: not supported.
        constraint: a function of the new value that optimizers apply after each step.
        use_resource: reads always see the value at the start of the run, unless edges order them.
        synchronization: of copies; there are none.
        aggregation: of copies; there are none.
        shape: the declared shape, where it should be less precise than the initial value's.

    Raises:
        ShapeError: if the initial value's shape is unknown and `validate_shape` is on.
        GraphError: if there is no initial value, or an option is not supported.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     w, again = tf.Variable(tf.zeros([2]), name="w"), tf.Variable([1.0], name="w")
    ...     session.run(tf.global_variables_initializer())
    ...     print(w.name, again.name, session.run(w.assign_add([1, 1])))
    w:0 w_1:0 [1. 1.]
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Sequence[str] | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Tensor], Tensor] | None = None,
        use_resource: bool | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
        shape: Any = None,
    ) -> None:
        del caching_device, expected_shape, use_resource, synchronization, aggregation
        refuse("Variable", "variables are made from an initial value",
               variable_def=variable_def, import_scope=import_scope)  # fmt: skip
        if initial_value is None:
            raise GraphError("Variable", "there is no initial value", got="initial_value=None")
        with home():
            self._make(initial_value, trainable, name, dtype, validate_shape, shape)
        self.constraint = constraint
        keys = {GraphKeys.GLOBAL_VARIABLES} if collections is None else set(collections)
        if self.trainable:
            keys.add(GraphKeys.TRAINABLE_VARIABLES)
        for key in sorted(keys):
            self.graph.add_to_collection(key, self)

    def _make(
        self,
        initial_value: Any,
        trainable: bool | None,
        name: str | None,
        dtype: Any,
        validate_shape: bool,
        shape: Any,
    ) -> None:
        """Makes the variable, and the operations named after it."""
        path = get_default_graph().free_name(current_context().full_name(name or "Variable"))
        with changed_context(scope=f"{path}/", control=()):
            given = initial_value() if callable(initial_value) else initial_value
            initial = convert(given, None if dtype is None else as_dtype(dtype), "initial_value")
        if validate_shape and shape is None and not initial.type.is_static:
            raise ShapeError(
                "Variable",
                "the shape of the initial value is not fully known",
                expected="known sizes, or validate_shape=False",
                got=str(initial.type),
                node=initial.op.name,
                hint="initial_value.set_shape(...) tells what is known",
            )
        with changed_context(scope="", control=()):
            declared = initial.shape if shape is None else shape
            super().__init__(initial, trainable is None or bool(trainable), path, shape=declared)
            self._snapshot = apply(ReadVariable(self), name=path)
            self.name = path = self._snapshot.op.name
            self._initializer = super().assign(initial, name=f"{path}/Assign").op

    @property
    def name(self) -> str:
        """Name of the tensor that reads it, `"w:0"`."""
        return f"{self._path}:0"

    @name.setter
    def name(self, path: str) -> None:
        self._path = path

    @property
    def op(self) -> Operation:
        """The operation named like the variable."""
        return self._snapshot.op

    @property
    def shape(self) -> Any:
        """Its sizes."""
        return self._snapshot.shape

    def set_shape(self, shape: Any) -> None:
        """Narrows what is known of its shape."""
        self._snapshot.set_shape(shape)

    def get_shape(self) -> Any:
        """Its sizes."""
        return self.shape

    @property
    def initializer(self) -> Operation:
        """The operation that sets it to its initial value."""
        return self._initializer

    def value(self) -> Tensor:
        """The tensor that reads it; inside `control_dependencies`, a new one that obeys them."""
        context = current_context()
        known = self._known_here(context)
        if known is not None:
            return known
        if context.graph is self.graph and not context.control:
            return self._snapshot
        return apply(ReadVariable(self), name=f"{self._path.rpartition('/')[2]}/read")

    read_value = value
    __thalweg_tensor__ = value

    def initialized_value(self) -> Tensor:
        """Its value (here every read is of an initialised variable)."""
        return self.value()

    def assign(  # type: ignore[override]
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Tensor | Operation:
        """Sets it; the returned tensor is the new value.  value: of its shape and dtype."""
        result = super().assign(value, name or "Assign")
        return result if read_value else result.op

    def assign_add(  # type: ignore[override]
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Tensor | Operation:
        """Adds to it; the returned tensor is the new value."""
        result = super().assign_add(delta, name or "AssignAdd")
        return result if read_value else result.op

    def assign_sub(  # type: ignore[override]
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Tensor | Operation:
        """Subtracts from it; the returned tensor is the new value."""
        result = super().assign_sub(delta, name or "AssignSub")
        return result if read_value else result.op

    def count_up_to(self, limit: int) -> Tensor:
        """Raises it by one, as `tf.count_up_to`; the returned tensor is the value before."""
        from .state import count_up_to

        return count_up_to(self, limit)

    def load(self, value: Any, session: Any = None) -> None:
        """Sets its value in the given or the default session, without adding to the graph.

        Raises:
            GraphError: if there is no session.
        """
        chosen = session or get_default_session()
        if chosen is None:
            raise GraphError(
                "Variable.load",
                "there is no default session",
                node=self.op.name,
                hint="use `with Session():`, or pass session=…",
            )
        chosen.load(self, value)

    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} {self.type}>"


def start_from(variable: Variable, value: Any) -> None:
    """Gives a variable another initial value, of its shape and dtype."""
    path = variable.op.name
    with home(), changed_context(scope=f"{path}/", control=()):
        variable.initial_value = thalweg.core.constant(value, name="initial_value")
    with home(), changed_context(scope="", control=()):
        assigned = thalweg.core.assign(variable, variable.initial_value, name=f"{path}/Assign")
    variable._initializer = assigned.op
