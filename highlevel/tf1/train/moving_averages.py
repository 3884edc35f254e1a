"""Averages of variables that follow training slowly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.core import (
    DtypeError,
    GraphError,
    Operation,
    Tensor,
    cast,
    changed_context,
    convert,
    float32,
    minimum,
    pow,
    zeros,
)

from ..collections import GraphKeys
from ..graph import name_scope
from ..graph_state import home_graph
from ..ordering import group
from ..state import global_variables, moving_average_variables, trainable_variables
from ..variable_scopes import get_variable_scope
from ..variables import Variable

__all__ = ["ExponentialMovingAverage"]


class ExponentialMovingAverage:
    """Averages a = a - (1 - decay) * (a - v) of variables and tensors v.

    Args:
        decay: near 1, the nearer the slower.
        num_updates: () number of steps made; then min(decay, (1 + n) / (10 + n)) decays, so that
            averages are quick at first.
        zero_debias: averages of tensors start from 0, and are divided by what that takes away,
            as in Adam (Kingma and Ba, 2015, section 3). Averages of variables start from their
            initial values.
        name: of the averages, `"w/ExponentialMovingAverage"`.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     w = tf.Variable(0.0, name="w")
    ...     ema = tf.train.ExponentialMovingAverage(0.75)
    ...     with tf.control_dependencies([w.assign(4.0)]):
    ...         step = ema.apply([w])
    ...     session.run(step)
    ...     print(ema.average(w).name, session.run(ema.average(w)))
    w/ExponentialMovingAverage:0 1.0
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Variable] = {}

    @property
    def name(self) -> str:
        """The name of this object."""
        return self._name

    def apply(self, var_list: Sequence[Any] | None = None) -> Operation:
        """The operation that moves the averages.

        Args:
            var_list: variables and tensors, float; the trainable variables if None.

        Raises:
            GraphError: if one has an average already.
            DtypeError: if one is no float.
        """
        if var_list is None:
            var_list = trainable_variables()
        for item in var_list:
            self._averages[item] = self._made(item)
        with name_scope(self._name) as scope:
            decay = convert(self._decay, float32, "decay")
            if self._num_updates is not None:
                steps = convert(self._num_updates)
                steps = steps if steps.dtype.is_float else cast(steps, float32)
                decay = minimum(cast(decay, steps.dtype), (1 + steps) / (10 + steps), name="decay")
            updates = [self._moved(item, decay) for item in var_list]
            return group(*updates, name=scope)

    def _made(self, item: Any) -> Variable:
        """A new variable for an average."""
        if item in self._averages:
            raise GraphError(
                "ExponentialMovingAverage.apply", "has an average already", got=repr(item)
            )
        if not item.dtype.is_float:
            raise DtypeError(
                "ExponentialMovingAverage.apply", "is no float", expected="a float dtype",
                got=repr(item),
            )  # fmt: skip
        if isinstance(item, Variable):
            with changed_context(control=()):
                initial = item.initialized_value()
            home_graph().add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, item)
        else:
            initial = zeros(item.shape, item.dtype)
        prefix = get_variable_scope().name
        path = f"{item.op.name}/{self._name}"
        with changed_context(scope="", control=()):
            return Variable(initial, trainable=False, name=f"{prefix}/{path}" if prefix else path)

    def _moved(self, item: Any, decay: Tensor) -> Any:
        """The operation that moves one average."""
        average = self._averages[item]
        rest = cast(1.0 - decay, average.dtype)
        value = item.value() if isinstance(item, Variable) else item
        if not self._zero_debias or isinstance(item, Variable):
            return average.assign_sub((average - value) * rest)
        with changed_context(scope=f"{average.op.name}/", control=()):
            biased = Variable(zeros(item.shape, item.dtype), trainable=False, name="biased")
            steps = Variable(zeros([], item.dtype), trainable=False, name="local_step")
        sum_ = biased.assign_sub((biased - value) * rest)
        return average.assign(sum_ / (1 - pow(1 - rest, steps.assign_add(1))))

    def average(self, var: Any) -> Variable | None:
        """The variable that holds the average of another, or None."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name of that variable, without `:0`: what it is or would be called."""
        found = self._averages.get(var)
        if found is not None:
            return found.op.name
        return home_graph().free_name(f"{var.op.name}/{self._name}")

    def variables_to_restore(
        self, moving_avg_variables: Sequence[Any] | None = None
    ) -> dict[str, Any]:
        """Names in a checkpoint -> variables, so that variables are restored from averages.

        Args:
            moving_avg_variables: those to take from averages; if None, those that are trainable
                or have one.

        >>> import thalweg.tf1 as tf
        >>> with tf.Graph().as_default():
        ...     w, fixed = tf.Variable(0.0, name="w"), tf.Variable(1.0, False, name="fixed")
        ...     print(tf.train.ExponentialMovingAverage(0.9).variables_to_restore())
        {'w/ExponentialMovingAverage': <tf.Variable 'w:0' float32 ()>,
         'fixed': <tf.Variable 'fixed:0' float32 ()>}
        """
        if moving_avg_variables is None:
            moving_avg_variables = [*trainable_variables(), *moving_average_variables()]
        averaged = dict.fromkeys(moving_avg_variables)
        names = {self.average_name(variable): variable for variable in averaged}
        for variable in global_variables():
            if variable not in averaged and variable.op.name not in names:
                names[variable.op.name] = variable
        return names
