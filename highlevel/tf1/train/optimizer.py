"""`tf.train.Optimizer`: gradients of a loss, and the operation that applies them.

The formulas are rules of the core; this file knows TF1's protocol around them: which variables,
which slots under which names, and `global_step`. A program's own optimizer is a subclass with
`_apply_dense(grad, var)`, as in TF1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import thalweg.core
from thalweg.core import (
    DType,
    DtypeError,
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

from ..collections import GraphKeys
from ..derivatives import gradients
from ..graph import name_scope
from ..ordering import group
from ..variable_scopes import get_variable_scope
from ..variables import Variable

__all__ = ["Optimizer"]

Pairs = Iterable[tuple[Tensor | None, Any]]


class Optimizer:
    """Base of TF1's optimizers.

    Args:
        use_locking: ignored: a run that writes excludes all others.
        name: of the operations and slots.

    >>> import thalweg.tf1 as tf
    >>> class SignDescent(tf.train.Optimizer):
    ...     def _apply_dense(self, grad, var):
    ...         return var.assign_sub(0.5 * tf.sign(grad))
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     w = tf.Variable(3.0)
    ...     session.run(SignDescent(False, "SignDescent").minimize(w * w))
    ...     print(session.run(w))
    2.5
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
        self._rule: UpdateRule | None = None
        self._slots: dict[str, dict[Any, Variable]] = {}
        self._own: WeakKeyDictionary[Graph, dict[str, Variable]] = WeakKeyDictionary()

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
        gates = (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH)
        if gate_gradients not in gates:
            raise OptionError(
                self._name,
                "gate_gradients has another value",
                expected="Optimizer.GATE_NONE, GATE_OP or GATE_GRAPH",
                got=repr(gate_gradients),
            )
        loss = convert(loss)
        if not loss.dtype.is_float:
            raise DtypeError(
                self._name, "the loss is no float", expected="a float dtype", got=str(loss.type),
                node=loss.op.name, site=loss.op.site,
            )  # fmt: skip
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
        with changed_context(graph=graph):
            self._create_slots([v for _, v in pairs])
            with name_scope(name or self._name) as scope:
                self._prepare()
                updates = self._updates(pairs)
                if global_step is None:
                    step = self._finish(updates, scope)
                else:
                    with control_dependencies([self._finish(updates, "update")]):
                        step = group(global_step.assign_add(1), name=scope)
        train_ops: list[Any] = graph.collections.setdefault(GraphKeys.TRAIN_OP, [])
        train_ops.append(step)
        return step

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
        slots = [variable for slot in self._slots.values() for variable in slot.values()]
        others = [variable for own in self._own.values() for variable in own.values()]
        return sorted([*slots, *others], key=lambda variable: variable.name)

    # What a program's own optimizer writes, and may use -----------------------------------------

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        """Makes the optimizer's own variables; by default those of its rule."""
        if self._rule is not None:
            for variable in var_list:
                for name, start in self._rule.slots.items():
                    self._slot(variable, self.slot_names.get(name, name), start)

    def _prepare(self) -> None:
        """Makes the tensors that all variables need."""

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        """The operation that changes one variable."""
        raise NotImplementedError(type(self).__name__)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        """The name under which some programs write `_apply_dense`."""
        return self._apply_dense(grad, handle)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        """The operation that joins the changes of all variables."""
        return group(*update_ops, name=name_scope)

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Variable:
        """The slot of a variable, which starts from `val`."""
        slots = self._slots.setdefault(slot_name, {})
        if var not in slots:
            prefix = get_variable_scope().name
            path = f"{_path(var)}/{op_name}"
            with changed_context(scope="", control=()):
                slots[var] = Variable(
                    val, trainable=False, name=f"{prefix}/{path}" if prefix else path
                )
        return slots[var]

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Variable:
        """The slot of a variable, which starts from zeros."""
        zeros = thalweg.core.zeros(var.shape, var.dtype)
        return self._get_or_make_slot(var, zeros, slot_name, op_name)

    def _create_non_slot_variable(
        self, initial_value: Any, name: str, colocate_with: Any
    ) -> Variable:
        """A variable of the optimizer that belongs to no other."""
        graph = colocate_with.graph
        own = self._own.setdefault(graph, {})
        if name not in own:
            with changed_context(control=()):
                own[name] = Variable(initial_value, trainable=False, name=name)
        return own[name]

    def _get_non_slot_variable(self, name: str, graph: Graph) -> Variable | None:
        """What `_create_non_slot_variable` made in a graph, or None."""
        return self._own.get(graph, {}).get(name)

    # How a rule is applied ----------------------------------------------------------------------

    def _updates(self, pairs: Sequence[tuple[Tensor, Any]]) -> list[Any]:
        """The changes of all variables."""
        if self._rule is None:
            return [self._resource_apply_dense(g, v) for g, v in pairs]
        dtypes = dict.fromkeys(v.dtype for _, v in pairs)
        return [
            write
            for dtype in dtypes
            for write in self._rule_step(
                self._rule, dtype, [pair for pair in pairs if pair[1].dtype is dtype]
            )
        ]

    def _rule_step(
        self, rule: UpdateRule, dtype: DType, pairs: Sequence[tuple[Tensor, Any]]
    ) -> list[Any]:
        """The writes of one step for variables of one dtype."""
        slopes = [g for g, _ in pairs]
        variables = [v for _, v in pairs]
        columns = [
            [self._slots[self.slot_names.get(name, name)][v] for v in variables]
            for name in rule.slots
        ]
        rate, step = self._rate_and_step(dtype, slopes[0].graph)
        values, new_columns = update(
            rule,
            rate,
            step,
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

    def _rate_and_step(self, dtype: DType, graph: Graph) -> tuple[Tensor, Tensor]:
        """The learning rate, and the number of the step for rules that need it."""
        del graph
        rate = self._rate() if callable(self._rate) else self._rate
        return _scalar(rate, dtype), _scalar(1, dtype)

    def _slot(self, variable: Any, name: str, start: float) -> Variable:
        """A slot of the variable's shape, filled with a number."""
        if (found := self.get_slot(variable, name)) is not None:
            return found
        with changed_context(control=()):
            filled = thalweg.core.fill(variable.shape, thalweg.core.constant(start, variable.dtype))
        return self._get_or_make_slot(variable, filled, name, self._name)


def _path(variable: Any) -> str:
    """The name of a variable as operations spell it."""
    path: str = variable.name.partition(":")[0]
    return path


def _scalar(rate: Any, dtype: DType) -> Tensor:
    """A rate as a scalar of the variables' dtype; only tensors need a cast for that."""
    if isinstance(rate, Tensor | thalweg.core.Variable):
        return cast(rate, dtype)
    return convert(rate, dtype)
