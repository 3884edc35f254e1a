"""`tf.train.Optimizer`: gradients of a loss, and the operation that applies them.

The formulas are rules of the core; this file knows TF1's protocol around them: which variables,
which slots under which names, the step counter, and `global_step`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import thalweg.core
from thalweg.core import (
    DType,
    Graph,
    GraphError,
    Operation,
    OptionError,
    Tensor,
    UpdateRule,
    cast,
    changed_context,
    control_dependencies,
    convert,
    update,
)

from .collections import GraphKeys
from .derivatives import gradients
from .graph import group, name_scope
from .variables import Variable

__all__ = ["Optimizer"]

Pairs = Iterable[tuple[Tensor | None, Any]]


class Optimizer:
    """Base of TF1's optimizers.

    Args:
        use_locking: ignored: a run that writes excludes all others.
        name: of the operations and slots.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    slot_names: ClassVar[Mapping[str, str]] = {}  # the rule's name of a slot -> TF1's

    def __init__(self, use_locking: bool, name: str) -> None:
        del use_locking
        if not name:
            raise OptionError("Optimizer", "the name is empty", expected="a name", got=repr(name))
        self._name = name
        self._rate: Any = None
        self._rule: UpdateRule = UpdateRule()
        self._slots: dict[str, dict[Any, Variable]] = {}
        self._steps: WeakKeyDictionary[Graph, Variable] = WeakKeyDictionary()

    def get_name(self) -> str:
        """Its name."""
        return self._name

    def minimize(
        self,
        loss: Tensor,
        global_step: Any = None,
        var_list: Sequence[Any] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Operation:
        """The operation that makes one step down the gradient of `loss`.

        Args:
            loss: a float tensor; its elements are added up.
            global_step: a variable that the step raises by one.
            var_list: the variables to change; the graph's trainable ones if None.
            gate_gradients: ignored: all gradients are of the values before the step.
            aggregation_method: ignored.
            colocate_gradients_with_ops: ignored.
            name: of the operation.
            grad_loss: what flows into `loss`; ones if None.

        Raises:
            GraphError: if there is no variable, or the loss depends on none of them.
        """
        pairs = self.compute_gradients(
            loss,
            var_list,
            gate_gradients,
            aggregation_method,
            colocate_gradients_with_ops,
            grad_loss,
        )
        if all(g is None for g, _ in pairs):
            raise GraphError(
                self._name,
                "the loss depends on none of the variables",
                expected="a loss computed from " + ", ".join(repr(v.name) for _, v in pairs),
                got=f"{loss.type}",
                node=loss.op.name,
                site=loss.op.site,
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self,
        loss: Tensor,
        var_list: Sequence[Any] | None = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: int | None = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Tensor | None, Any]]:
        """Pairs of gradient and variable; None where the loss does not depend on it.

        Arguments as in `minimize`.
        """
        if var_list is None:
            var_list = loss.graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        variables = list(var_list) if isinstance(var_list, Iterable) else [var_list]
        if not variables:
            raise GraphError(
                self._name,
                "there is nothing to optimize",
                expected="trainable variables in the graph of the loss, or var_list=[…]",
                got="none",
                node=loss.op.name,
            )
        slopes = gradients(loss, variables, grad_ys=grad_loss)
        return list(zip(slopes, variables, strict=True))

    def apply_gradients(
        self, grads_and_vars: Pairs, global_step: Any = None, name: str | None = None
    ) -> Operation:
        """The operation that makes one step with the given gradients.

        Args:
            grads_and_vars: pairs as `compute_gradients` gives, perhaps changed; those without
                a gradient are left alone.
            global_step: a variable that the step raises by one.
            name: of the operation.

        Raises:
            GraphError: if no pair has a gradient.
        """
        pairs = [(convert(g), v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise GraphError(
                self._name,
                "there are no gradients",
                expected="pairs (gradient, variable) with a gradient",
                got="none",
            )
        graph: Graph = pairs[0][0].graph
        name = name or self._name
        with changed_context(graph=graph), name_scope(name) as scope:
            writes = [
                write
                for dtype in dict.fromkeys(v.dtype for _, v in pairs)
                for write in self._step([pair for pair in pairs if pair[1].dtype is dtype])
            ]
            if self._rule.takes_step:
                writes.append(self._counter(graph).assign_add(1))
            if global_step is not None:
                with control_dependencies(writes):
                    writes.append(global_step.assign_add(1))
        return group(*writes, name=scope)

    def get_slot(self, var: Any, name: str) -> Variable | None:
        """The optimizer's own variable of that name beside `var`, or None.

        >>> import thalweg.tf1 as tf
        >>> with tf.Graph().as_default():
        ...     w = tf.Variable([1.0], name="w")
        ...     optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
        ...     _ = optimizer.minimize(w * w)
        ...     print(optimizer.get_slot_names(), optimizer.get_slot(w, "momentum").name)
        ['momentum'] w/Momentum:0
        """
        return self._slots.get(name, {}).get(var)

    def get_slot_names(self) -> list[str]:
        """The names of the slots made so far, sorted."""
        return sorted(self._slots)

    def variables(self) -> list[Variable]:
        """All the optimizer's own variables, sorted by name."""
        own = [variable for slot in self._slots.values() for variable in slot.values()]
        return sorted([*own, *self._steps.values()], key=lambda variable: variable.name)

    def _step(self, pairs: Sequence[tuple[Tensor, Any]]) -> list[Any]:
        """The writes of one step for variables of one dtype."""
        slopes = [g for g, _ in pairs]
        variables = [v for _, v in pairs]
        dtype = variables[0].dtype
        columns = [
            [self._slot(v, self.slot_names.get(name, name), start) for v in variables]
            for name, start in self._rule.slots.items()
        ]
        count = self._counter(slopes[0].graph).value() + 1 if self._rule.takes_step else convert(1)
        values, new_columns = update(
            self._rule,
            _scalar(self._rate() if callable(self._rate) else self._rate, dtype),
            cast(count, dtype),
            [v.value() for v in variables],
            slopes,
            [[slot.value() for slot in column] for column in columns],
        )
        for i, variable in enumerate(variables):
            if variable.constraint is not None:
                values[i] = variable.constraint(values[i])
        targets = [variables, *columns]
        return [
            target.assign(value)
            for column, new in zip(targets, [values, *new_columns], strict=True)
            for target, value in zip(column, new, strict=True)
        ]

    def _slot(self, variable: Any, name: str, start: float) -> Variable:
        slots = self._slots.setdefault(name, {})
        if variable not in slots:
            with changed_context(scope="", control=()):
                initial = thalweg.core.fill(
                    variable.shape, thalweg.core.constant(start, variable.dtype)
                )
                path = f"{variable.name.partition(':')[0]}/{self._name}"
                slots[variable] = Variable(initial, trainable=False, name=path)
        return slots[variable]

    def _counter(self, graph: Graph) -> Variable:
        """The number of steps made."""
        if graph not in self._steps:
            with changed_context(scope="", control=()):
                start = thalweg.core.constant(0, "int64")
                self._steps[graph] = Variable(start, trainable=False, name=f"{self._name}/step")
        return self._steps[graph]


def _scalar(rate: Any, dtype: DType) -> Tensor:
    """A rate as a scalar of the variables' dtype; only tensors need a cast for that."""
    if isinstance(rate, Tensor | thalweg.core.Variable):
        return cast(rate, dtype)
    return convert(rate, dtype)
