"""How optimizers change variables: what a rule is, and the one op that applies it to all of them.

A step over any number of variables is a single node, `Update`: the plan stays small, and a
backend can run it in one pass over memory. A rule is a record of hyperparameters; its
`step` is the paper's formula for one variable (`update_rules.py` has them). Rates are inputs, so
that callbacks and schedules may change them between runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .errors import DtypeError, ShapeError
from .graph import Operation, Tensor
from .opdef import OpDef, apply_many, no_gradient, register
from .record import Record
from .types import TensorType, types_text

__all__ = ["Update", "UpdateRule", "update"]


class UpdateRule(Record):
    """A formula for one step of one variable. A record of hyperparameters.

    Class attributes:
        takes_step: whether `step` needs the number of the step, counted from 1.
    """

    takes_step: ClassVar[bool] = False

    @property
    def slots(self) -> Mapping[str, float]:
        """The per-variable state: names in order, and what every element starts from.

        Each slot has the variable's shape and dtype.
        """
        return {}

    @property
    def skips_zeros(self) -> bool:
        """Whether elements whose gradient is zero stay as they are, and their slots too.

        Then a gradient of a few rows updates these alone. True only if `step` gives the same
        without, to the last bit, for every finite rate >= 0.
        """
        return False

    def step(
        self, xp: Any, w: Any, g: Any, slots: Sequence[Any], rate: Any, t: Any
    ) -> tuple[Any, ...]:
        """One step.

        Args:
            xp: the array module.
            w: the variable.
            g: its gradient, of the same shape and dtype.
            slots: its state, in the order of `slots`.
            rate: () the learning rate, of the variable's dtype.
            t: () the number of the step from 1, of the variable's dtype.

        Returns:
            The new variable, then its new slots: fresh arrays, no two of them the same.
        """
        raise NotImplementedError(type(self).__name__)


@register
class Update(OpDef):
    """One step of a rule for `count` variables.

    Inputs: rate (), t (), then all variables, all gradients, then each slot of all variables.
    Outputs: the new variables, then each new slot of all variables.
    A decoupled weight decay first shrinks the variable by `weight_decay * rate` of itself
    (Loshchilov and Hutter, 2019).
    """

    rule: UpdateRule
    count: int
    weight_decay: float = 0.0

    runs_last = True

    @property
    def reuse(self) -> dict[int, int]:  # type: ignore[override]
        """Every output may overwrite the input it replaces."""
        n = self.count
        slots = len(self.rule.slots)
        pairs = {i: 2 + i for i in range(n)}
        pairs.update({n + i: 2 + 2 * n + i for i in range(n * slots)})
        return pairs

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The types of variables and slots."""
        n = self.count
        variables, gradients = types[2 : 2 + n], types[2 + n : 2 + 2 * n]
        for w, g in zip(variables, gradients, strict=True):
            if w.dtype is not g.dtype or types[0].dtype is not w.dtype:
                raise DtypeError(
                    self.label,
                    "dtypes differ",
                    expected="one float dtype for rate, variable and gradient",
                    got=types_text(rate=types[0], variable=w, gradient=g),
                )
            if not w.accepts(g):
                raise ShapeError(
                    self.label,
                    "a gradient does not fit its variable",
                    got=types_text(variable=w, gradient=g),
                )
        return (*variables, *types[2 + 2 * n :])

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The same: nothing is computed from ranks."""
        return self.infer(*types)

    def compute(self, xp: Any, rate: Any, t: Any, *arrays: Any) -> Any:
        """Variable by variable."""
        n = self.count
        width = len(self.rule.slots)
        columns: list[list[Any]] = [[] for _ in range(1 + width)]
        for i in range(n):
            w, g = arrays[i], arrays[n + i]
            if self.weight_decay:
                w = w - w * (self.weight_decay * rate)
            slots = [arrays[(2 + k) * n + i] for k in range(width)]
            results = self.rule.step(xp, w, g, slots, rate, t)
            for column, value in zip(columns, results, strict=True):
                column.append(value)
        values = [value for column in columns for value in column]
        return tuple(values) if len(values) > 1 else values[0]

    gradient = no_gradient


def update(
    rule: UpdateRule,
    rate: Tensor,
    t: Tensor,
    variables: Sequence[Tensor],
    gradients: Sequence[Tensor],
    slots: Sequence[Sequence[Tensor]],
    weight_decay: float = 0.0,
    name: str | None = None,
) -> tuple[list[Tensor], list[list[Tensor]]]:
    """New values of variables and slots after one step.

    Args:
        rule: the formula.
        rate: () learning rate, of the variables' dtype.
        t: () number of the step from 1, of the variables' dtype.
        variables: their values.
        gradients: one each, of the same shape.
        slots: for each name in `rule.slots`, one tensor a variable.
        weight_decay: decoupled decay, in 1 / rate.
        name: of the node.

    Returns:
        (new variables, new slots in the order given).
    """
    n = len(variables)
    op = Update(rule, n, weight_decay)
    flat = [tensor for column in slots for tensor in column]
    node: Operation = apply_many(op, rate, t, *variables, *gradients, *flat, name=name)
    outputs = list(node.outputs)
    columns = [outputs[(1 + k) * n : (2 + k) * n] for k in range(len(slots))]
    return outputs[:n], columns
