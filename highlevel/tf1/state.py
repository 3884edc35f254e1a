"""Lists of variables, and the operations that set and initialise them, in TF1's spelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.core import (
    Operation,
    ReadVariable,
    Tensor,
    apply_many,
    constant,
    identity,
    placeholder_with_default,
    py_func,
)

from .collections import GraphKeys, get_collection
from .errors import OutOfRangeError
from .graph_state import SessionValues, home, state_of
from .ordering import control_dependencies, group
from .variables import Variable

__all__ = [
    "all_variables",
    "assign",
    "assign_add",
    "assign_sub",
    "count_up_to",
    "global_variables",
    "global_variables_initializer",
    "initialize_all_variables",
    "initialize_local_variables",
    "initialize_variables",
    "is_variable_initialized",
    "local_variables",
    "local_variables_initializer",
    "model_variables",
    "moving_average_variables",
    "report_uninitialized_variables",
    "tables_initializer",
    "trainable_variables",
    "variables_initializer",
]


def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:
    """Sets a variable; the returned tensor is the new value.

    `validate_shape` and `use_locking` are ignored: a variable keeps its declared shape.
    """
    return ref.assign(value, name=name)


def assign_add(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Adds to a variable; the returned tensor is the new value. `use_locking` is ignored."""
    return ref.assign_add(value, name=name)


def assign_sub(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Subtracts from a variable; the returned tensor is the new value. `use_locking` is ignored."""
    return ref.assign_sub(value, name=name)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """Raises a variable by one; the returned tensor is the value before.

    Args:
        ref: a variable, () integer.
        limit: a run that finds it there raises `tf.errors.OutOfRangeError`, and changes nothing.
        name: of the node.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     step = tf.count_up_to(tf.Variable(0), 2)
    ...     try:
    ...         while True:
    ...             print(session.run(step))
    ...     except tf.errors.OutOfRangeError:
    ...         print("the end")
    0
    1
    the end
    """

    def checked(value: Any) -> Any:
        if value >= limit:
            raise OutOfRangeError(None, ref.op, f"{ref.name} has reached the limit of {limit}")
        return value

    old = py_func(checked, [ref.value()], ref.dtype, shapes=())
    with control_dependencies([ref.assign(old + 1)]):
        return identity(old, name=name or "CountUpTo")


def global_variables(scope: str | None = None) -> list[Variable]:
    """The variables of the default graph, in the order they were made.

    Args:
        scope: a regular expression that the start of a name must match, if given.
    """
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables() -> list[Variable]:
    """`global_variables()` under its old name."""
    return global_variables()


def local_variables(scope: str | None = None) -> list[Variable]:
    """The variables that were made with `collections=[GraphKeys.LOCAL_VARIABLES]`."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Variable]:
    """The variables in the collection MODEL_VARIABLES."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Variable]:
    """The variables that an `ExponentialMovingAverage` keeps averages of."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Variable]:
    """The variables of the default graph that optimizers change by default."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """One operation that sets all the given variables to their initial values.

    An initial value that is computed from another of these variables is computed from what that
    one is set to in the same run.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     w = tf.Variable(tf.random_normal([3]))
    ...     doubled = tf.Variable(w.initialized_value() * 2.0)
    ...     session.run(tf.variables_initializer([w, doubled]))
    ...     print((session.run(doubled) == 2 * session.run(w)).all())
    True
    """
    variables = set(var_list)
    assigned: dict[Any, Tensor] = {}

    def initialized(variable: Any) -> Tensor:
        """The value that this operation gives to a variable."""
        if variable not in assigned:
            initial = variable.initial_value
            if isinstance(initial, Tensor) and (value := _rebuilt(initial, replace)) is not initial:
                assigned[variable] = variable.assign(value)
            else:
                assigned[variable] = variable.initializer.outputs[0]
        return assigned[variable]

    def replace(operation: Operation) -> Tensor | None:
        read = operation.opdef
        if isinstance(read, ReadVariable) and read.variable in variables:
            return initialized(read.variable)
        return None

    return group(*[initialized(variable) for variable in var_list], name=name)


def _rebuilt(tensor: Tensor, replace: Callable[[Operation], Tensor | None]) -> Tensor:
    """`tensor` computed again, with other tensors in the place of some operations' outputs."""
    needed = {tensor.op}
    stack = [tensor.op]
    while stack:
        found = {source.op for source in stack.pop().inputs} - needed
        needed |= found
        stack.extend(found)
    new: dict[Tensor, Tensor] = {}
    for op in sorted(needed, key=lambda op: op.index):  # inputs come before what uses them
        replacement = replace(op)
        if replacement is not None:
            new[op.outputs[0]] = replacement
        elif not new.keys().isdisjoint(op.inputs):
            inputs = [new.get(source, source) for source in op.inputs]
            copy = apply_many(op.opdef, *inputs, name=op.name.rpartition("/")[2])
            new.update(zip(op.outputs, copy.outputs, strict=True))
    return new.get(tensor, tensor)


def initialize_variables(var_list: Sequence[Any], name: str = "init") -> Operation:
    """`variables_initializer` under its old name."""
    return variables_initializer(var_list, name)


def global_variables_initializer() -> Operation:
    """One operation that sets all variables of the default graph to their initial values.

    thalweg does not need it at first use; run again, it starts anew, with other random numbers.
    """
    return variables_initializer(global_variables())


def initialize_all_variables() -> Operation:
    """`global_variables_initializer` under its old name."""
    return global_variables_initializer()


def local_variables_initializer() -> Operation:
    """One operation that sets the local variables to their initial values."""
    return variables_initializer(local_variables())


def initialize_local_variables() -> Operation:
    """`local_variables_initializer` under its old name."""
    return local_variables_initializer()


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """One operation that fills the lookup tables of the default graph."""
    return group(*get_collection(GraphKeys.TABLE_INITIALIZERS), name=name)


def is_variable_initialized(variable: Any) -> Tensor:
    """Whether a variable has a value in the session that runs it.  -> () bool.

    It has none before its first use, which gives it the initial value.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     w = tf.Variable(1.0)
    ...     known = tf.is_variable_initialized(w)
    ...     before = session.run(known)
    ...     session.run(w.initializer)
    ...     print(before, session.run(known))
    False True
    """
    with home():
        answer = placeholder_with_default(True, [], name="IsVariableInitialized")
    asked = state_of(answer.graph, SessionValues).values
    asked[answer] = lambda session: session.is_initialized(variable)
    return answer


def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of variables without a value in the session that runs it.  -> (n,) string.

    Args:
        var_list: the variables to look at; all global and local ones if None.
        name: of the node.
    """
    if var_list is None:
        var_list = [*global_variables(), *local_variables()]
    names = {variable.op.name.encode(): variable for variable in var_list}
    with home():
        none = constant(np.array([], object), "string")
        answer = placeholder_with_default(none, [None], name=name)

    def missing(session: Any) -> Any:
        return np.array([n for n, v in names.items() if not session.is_initialized(v)], object)

    state_of(answer.graph, SessionValues).values[answer] = missing
    return answer
