"""Variables, placeholders, and what is computed of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from thalweg import core
from thalweg.core import OptionError, Tensor, Variable, current_session, group, user_site

__all__ = [
    "Function",
    "batch_get_value",
    "batch_set_value",
    "constant",
    "count_params",
    "dtype",
    "eval",
    "function",
    "get_value",
    "get_variable_shape",
    "gradients",
    "int_shape",
    "is_keras_tensor",
    "is_placeholder",
    "is_sparse",
    "moving_average_update",
    "ndim",
    "placeholder",
    "print_tensor",
    "set_value",
    "shape",
    "stop_gradient",
    "update",
    "update_add",
    "update_sub",
    "variable",
]

Array = npt.NDArray[Any]
stop_gradient = core.stop_gradient


def variable(
    value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """A variable that starts from a value.

    Args:
        value: array or numbers; Python's floats become float32.
        dtype: of the variable; None for the value's.
        name: of the variable.
        constraint: accepted as in Keras; layers apply constraints to their own weights.

    >>> eval(variable([1.0, 2.0]) * 2.0).tolist()
    [2.0, 4.0]
    """
    array = np.asarray(value)
    if dtype is None and array.dtype == np.float64:
        dtype = "float32"
    return Variable(array, name=name, dtype=dtype)


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """A tensor to feed.

    Args:
        shape: sizes, None where they are unknown.
        ndim: if there is no shape, the number of axes, of unknown sizes.
        dtype: float32 if None.
        sparse: must be False.
        name: of the node.

    Raises:
        OptionError: if it is to be sparse.

    >>> x = placeholder((None, 2))
    >>> function([x], [x * 2.0])([np.float32([[1, 2]])])[0].tolist()
    [[2.0, 4.0]]
    """
    if sparse:
        raise OptionError(
            "placeholder", "there are no sparse tensors here", expected="sparse=False"
        )
    if shape is None and ndim is not None:
        shape = (None,) * ndim
    return core.placeholder(dtype or "float32", shape, name)


def constant(
    value: Any, dtype: Any = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Tensor:
    """A tensor that is always the same.

    Args:
        value: numbers.
        dtype: float32 if None.
        shape: a number is spread over it.
        name: of the node.

    >>> eval(constant(3, shape=(2,))).tolist()
    [3.0, 3.0]
    """
    array = np.asarray(value, core.as_dtype(dtype or "float32").numpy)
    return core.constant(np.broadcast_to(array, shape) if shape is not None else array, name=name)


def eval(x: Any) -> Any:
    """The value of a tensor or variable in the current session.

    >>> float(eval(constant(2.0) + 1.0))
    3.0
    """
    return current_session().run(x)


def get_value(x: Any) -> Any:
    """The value of a variable, or of an optimizer's learning rate, in the current session.

    >>> get_value(variable([1.0])).tolist()
    [1.0]
    """
    return current_session().run(_variable(x))


def _variable(x: Any) -> Any:
    """A learning rate is a number that knows its variable."""
    return getattr(x, "variable", x)


def batch_get_value(ops: Sequence[Any]) -> list[Any]:
    """The values of several variables, of one moment.

    >>> [value.tolist() for value in batch_get_value([variable([1.0]), variable([2.0])])]
    [[1.0], [2.0]]
    """
    return list(current_session().run([_variable(x) for x in ops])) if ops else []


def set_value(x: Any, value: Any) -> None:
    """Gives a variable a value in the current session.

    Args:
        x: the variable, or an optimizer's learning rate.
        value: of its shape.

    >>> x = variable([1.0])
    >>> set_value(x, [5.0])
    >>> get_value(x).tolist()
    [5.0]
    """
    batch_set_value([(x, value)])


def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Gives several variables their values.

    Args:
        tuples: (variable, value).

    >>> x = variable([1.0])
    >>> batch_set_value([(x, np.float32([7]))])
    >>> get_value(x).tolist()
    [7.0]
    """
    for x, value in tuples:
        target = _variable(x)
        current_session().load(target, np.asarray(value, target.dtype.numpy))


def shape(x: Any) -> Tensor:
    """The sizes of a tensor, computed: an int32 vector.

    >>> eval(shape(constant([[1, 2]]))).tolist()
    [1, 2]
    """
    return core.shape_of(x)


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The sizes that are known, None where they are not; None if even the rank is not.

    >>> int_shape(placeholder((None, 3)))
    (None, 3)
    """
    found = getattr(x, "shape", np.shape(x))
    return None if found is None else tuple(found)


def get_variable_shape(x: Variable) -> tuple[int | None, ...] | None:
    """The same as `int_shape`.

    >>> get_variable_shape(variable([[1.0, 2.0]]))
    (1, 2)
    """
    return int_shape(x)


def ndim(x: Any) -> int | None:
    """The number of axes; None if it is unknown.

    >>> ndim(placeholder((None, 3)))
    2
    """
    found = int_shape(x)
    return None if found is None else len(found)


def dtype(x: Any) -> str:
    """The name of the dtype.

    >>> dtype(constant(1.0))
    'float32'
    """
    return str(core.as_dtype(x.dtype).name)


def count_params(x: Variable) -> int:
    """The number of elements.

    >>> count_params(variable([[1.0, 2.0]]))
    2
    """
    return prod(size or 0 for size in int_shape(x) or ())


def is_keras_tensor(x: Any) -> bool:
    """Whether it is a tensor of a graph.

    >>> is_keras_tensor(placeholder((2,))), is_keras_tensor(variable(1.0))
    (True, False)
    """
    return isinstance(x, Tensor)


def is_placeholder(x: Any) -> bool:
    """Whether it is a tensor that waits to be fed.

    >>> is_placeholder(placeholder((2,))), is_placeholder(constant(1.0))
    (True, False)
    """
    return isinstance(x, Tensor) and x.op.type.startswith("Placeholder")


def is_sparse(tensor: Any) -> bool:
    """False: there are no sparse tensors here.

    >>> is_sparse(constant(1.0))
    False
    """
    return False


def update(x: Variable, new_x: Any) -> Any:
    """An operation that gives a variable a value when it is run; `function` takes it in `updates`.

    >>> x = variable(1.0)
    >>> _ = function([], [], updates=[update(x, x + 1.0)])([])
    >>> float(get_value(x))
    2.0
    """
    return core.assign(x, new_x)


def update_add(x: Variable, increment: Any) -> Any:
    """An operation that adds to a variable when it is run.

    >>> x = variable(1.0)
    >>> _ = function([], [], updates=[update_add(x, 2.0)])([])
    >>> float(get_value(x))
    3.0
    """
    return core.assign_add(x, increment)


def update_sub(x: Variable, decrement: Any) -> Any:
    """An operation that subtracts from a variable when it is run.

    >>> x = variable(1.0)
    >>> _ = function([], [], updates=[update_sub(x, 2.0)])([])
    >>> float(get_value(x))
    -1.0
    """
    return core.assign_sub(x, decrement)


def moving_average_update(x: Variable, value: Any, momentum: float) -> Any:
    """An operation that makes x momentum * x + (1 - momentum) * value when it is run.

    >>> x = variable(1.0)
    >>> _ = function([], [], updates=[moving_average_update(x, 3.0, 0.5)])([])
    >>> float(get_value(x))
    2.0
    """
    return core.assign_sub(x, (x - value) * (1.0 - momentum))


def gradients(loss: Any, variables: Any) -> Any:
    """The gradients of the sum of a tensor.

    Args:
        loss: a tensor.
        variables: tensors and variables in a list, or one alone.

    Returns:
        A list, None where the loss does not depend on it.

    >>> x = variable([1.0, 3.0])
    >>> eval(gradients(x * x, [x])[0]).tolist()
    [2.0, 6.0]
    """
    wanted = variables if isinstance(variables, list | tuple) else [variables]
    return core.gradients(loss, list(wanted))


def print_tensor(x: Any, message: str = "") -> Tensor:
    """The tensor itself; what uses it prints it.

    Args:
        x: a tensor.
        message: printed before it.

    >>> eval(print_tensor(constant([1.0]), "x =")).tolist()
    [1.0]
    """
    return core.Print(x, [x], message)


class Function:
    """Computes tensors from others, and runs updates; `function` makes it.

    Calling it takes the values of the inputs, in a list, and gives those of the outputs.
    """

    def __init__(
        self, inputs: Sequence[Any], outputs: Any, updates: Sequence[Any], name: str | None
    ) -> None:
        self.inputs = list(inputs)
        self.is_list = isinstance(outputs, list | tuple)
        self.outputs = list(outputs) if self.is_list else [outputs]
        self.updates = [update(*one) if isinstance(one, tuple) else one for one in updates]
        self.name = name
        self._all_updates = group(*self.updates) if self.updates else None

    def __call__(self, inputs: Sequence[Any] = ()) -> Any:
        """The outputs' values: in a list, or one alone if outputs was no list."""
        values = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        if len(values) != len(self.inputs):
            raise OptionError(
                self.name or "function",
                "another number of inputs",
                expected=f"{len(self.inputs)} values in a list",
                got=f"{len(values)}",
                site=user_site(),
            )
        fetches = [*self.outputs, *([] if self._all_updates is None else [self._all_updates])]
        feeds = {
            tensor: np.asarray(value, tensor.dtype.numpy)
            for tensor, value in zip(self.inputs, values, strict=True)
        }
        results = list(current_session().run(fetches, feeds))[: len(self.outputs)]
        return results if self.is_list else results[0]


def function(
    inputs: Sequence[Any],
    outputs: Any,
    updates: Sequence[Any] | None = None,
    name: str | None = None,
) -> Function:
    """A Python function that computes tensors from others.

    Args:
        inputs: tensors to feed: placeholders, a model's inputs, `learning_phase()`, or any others;
            values are brought to their dtypes.
        outputs: tensors; one alone gives its value without a list.
        updates: operations to run with them, or pairs (variable, new value).
        name: for messages.

    Returns:
        A function of a list of values, as many as inputs.

    Raises:
        OptionError: if it is called with another number of values.

    >>> x = placeholder((None,))
    >>> total = variable(0.0)
    >>> add = function([x], [x * 2.0], updates=[(total, total + 1.0)])
    >>> add([np.float32([1, 2])])[0].tolist(), float(get_value(total))
    ([2.0, 4.0], 1.0)
    """
    return Function(inputs, outputs, updates or (), name)
