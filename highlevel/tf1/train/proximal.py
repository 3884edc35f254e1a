"""The optimizers of TF1 that shrink weights, so that an l1 penalty makes zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from thalweg.core import (
    AdagradDualAveragingRule,
    DType,
    FtrlRule,
    Graph,
    ProximalAdagradRule,
    ProximalSgdRule,
    Tensor,
    cast,
    convert,
)

from ..variables import Variable
from .hyperparameters import not_negative, positive
from .optimizer import Optimizer

__all__ = [
    "AdagradDAOptimizer",
    "FtrlOptimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
]


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013, algorithm 1).

    Args:
        learning_rate: alpha: a number, tensor, or function of nothing that gives one.
        learning_rate_power: <= 0; -0.5 lets the rate fall with the root of summed squares.
        initial_accumulator_value: what the sum of squares starts from, >= 0.
        l1_regularization_strength: lambda_1, >= 0: makes weights exactly 0.
        l2_regularization_strength: half of lambda_2, >= 0.
        use_locking: ignored.
        name: of operations and slots.
        accum_name: of the variables of the slot `accum`; `name` if None.
        linear_name: of those of the slot `linear`; `name` if None.
        l2_shrinkage_regularization_strength: >= 0; pulls weights to 0 as a penalty of the loss
            would, without entering the sum of squares.
    """

    slot_names: ClassVar[Mapping[str, str]] = {"accumulator": "accum"}

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        shrinkage = l2_shrinkage_regularization_strength
        self._rate = learning_rate
        self._rule = FtrlRule(
            rate_power=-not_negative(name, "-learning_rate_power", -learning_rate_power),
            l1=not_negative(name, "l1_regularization_strength", l1_regularization_strength),
            l2=not_negative(name, "l2_regularization_strength", l2_regularization_strength),
            l2_shrinkage=not_negative(name, "l2_shrinkage_regularization_strength", shrinkage),
            start=not_negative(name, "initial_accumulator_value", initial_accumulator_value),
        )
        self._names = {"accum": accum_name or name, "linear": linear_name or name}

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Variable:
        return super()._get_or_make_slot(var, val, slot_name, self._names[slot_name])


class ProximalGradientDescentOptimizer(Optimizer):
    """Gradient descent, then a step that shrinks weights (Duchi and Singer, 2009).

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        l1_regularization_strength: >= 0: makes weights exactly 0.
        l2_regularization_strength: >= 0.
        use_locking: ignored.
        name: of operations.
    """

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._rule = ProximalSgdRule(
            not_negative(name, "l1_regularization_strength", l1_regularization_strength),
            not_negative(name, "l2_regularization_strength", l2_regularization_strength),
        )


class ProximalAdagradOptimizer(Optimizer):
    """Adagrad, then a step that shrinks weights (Duchi and Singer, 2009).

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        initial_accumulator_value: what the sum of squares starts from, > 0.
        l1_regularization_strength: >= 0: makes weights exactly 0.
        l2_regularization_strength: >= 0.
        use_locking: ignored.
        name: of operations and slots.

    The slot `accumulator` holds the sum of squared gradients.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._rule = ProximalAdagradRule(
            not_negative(name, "l1_regularization_strength", l1_regularization_strength),
            not_negative(name, "l2_regularization_strength", l2_regularization_strength),
            positive(name, "initial_accumulator_value", initial_accumulator_value),
        )


class AdagradDAOptimizer(Optimizer):
    """Adagrad in its dual averaging form (Duchi, Hazan and Singer, 2011, equation 24).

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        global_step: () the number of steps made, which `minimize` is to raise.
        initial_gradient_squared_accumulator_value: what the sum of squares starts from, > 0.
        l1_regularization_strength: >= 0: makes weights exactly 0.
        l2_regularization_strength: >= 0.
        use_locking: ignored.
        name: of operations and slots.

    The slots are `gradient_accumulator` and `gradient_squared_accumulator`.
    """

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        super().__init__(use_locking, name)
        start = initial_gradient_squared_accumulator_value
        self._rate = learning_rate
        self._global_step = global_step
        self._rule = AdagradDualAveragingRule(
            not_negative(name, "l1_regularization_strength", l1_regularization_strength),
            not_negative(name, "l2_regularization_strength", l2_regularization_strength),
            positive(name, "initial_gradient_squared_accumulator_value", start),
        )

    def _rate_and_step(self, dtype: DType, graph: Graph) -> tuple[Tensor, Tensor]:
        """The number of this step is one more than that of the steps made."""
        rate, _ = super()._rate_and_step(dtype, graph)
        return rate, cast(convert(self._global_step), dtype) + 1
