"""The optimizers of TF1, with its formulas, defaults and names of slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from thalweg.core import (
    AdadeltaRule,
    AdagradRule,
    AdamRule,
    DType,
    Graph,
    Operation,
    RmsPropRule,
    SgdRule,
    Tensor,
    UnscaledMomentumRule,
    cast,
    constant,
    get_default_graph,
    sqrt,
)

from ..ordering import group
from .hyperparameters import number, positive
from .optimizer import Optimizer

__all__ = [
    "AdadeltaOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "RMSPropOptimizer",
]


class GradientDescentOptimizer(Optimizer):
    """w - learning_rate * g.

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        use_locking: ignored.
        name: of operations.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     w = tf.Variable(3.0)
    ...     step = tf.train.GradientDescentOptimizer(0.25).minimize(w * w)
    ...     session.run(tf.global_variables_initializer())
    ...     session.run(step)
    ...     print(session.run(w))
    1.5
    """

    def __init__(
        self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._rule = SgdRule()


class MomentumOptimizer(Optimizer):
    """a = momentum * a + g;  w - learning_rate * a,  or with Nesterov's g + momentum * a.

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        momentum: a number in 0 <= momentum < 1.
        use_locking: ignored.
        name: of operations and slots.
        use_nesterov: looks ahead along the sum (Sutskever et al., 2013).

    The slot `momentum` holds a.
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: float,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._rule = UnscaledMomentumRule(number(name, "momentum", momentum), bool(use_nesterov))


class AdamOptimizer(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015), with the epsilon of the form before section 2.1.

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        beta1: decay of the mean of gradients.
        beta2: decay of the mean of their squares.
        epsilon: added to the root of the latter.
        use_locking: ignored.
        name: of operations and slots.

    The slots `m` and `v` hold the means. `beta1_power` and `beta2_power`, one each for all
    variables, hold beta1 and beta2 to the power of the next step's number.
    """

    slot_names: ClassVar[Mapping[str, str]] = {"momentum": "m", "velocity": "v"}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-08,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._betas = {
            "beta1_power": number(name, "beta1", beta1),
            "beta2_power": number(name, "beta2", beta2),
        }
        self._rule = AdamRule(
            self._betas["beta1_power"], self._betas["beta2_power"], number(name, "epsilon", epsilon)
        )

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for name, beta in self._betas.items():
            # differs from TensorFlow 1: in float32, 1 - 0.999 keeps two digits fewer than 0.999
            self._create_non_slot_variable(constant(beta, "float64"), name, var_list[0])
        super()._create_slots(var_list)

    def _rate_and_step(self, dtype: DType, graph: Graph) -> tuple[Tensor, Tensor]:
        """The rate with the correction of both means in it; the rule's own is 1 at step infinity.

        So the state is that of TF1's checkpoints, powers in the place of a count.
        """
        rate, _ = super()._rate_and_step(dtype, graph)
        first, second = (self._own[graph][name].value() for name in self._betas)
        correction = cast(sqrt(1 - second) / (1 - first), dtype)
        return rate * correction, constant(float("inf"), dtype)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        own = self._own[get_default_graph()]
        powers = [own[name].assign(own[name].value() * beta) for name, beta in self._betas.items()]
        return group(*update_ops, *powers, name=name_scope)


class AdadeltaOptimizer(Optimizer):
    """Steps in units of earlier steps (Zeiler, 2012, algorithm 1), times `learning_rate`.

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one; the paper has 1.
        rho: decay of both means.
        epsilon: added under the roots.
        use_locking: ignored.
        name: of operations and slots.

    The slots are `accum` for squared gradients and `accum_update` for squared steps.
    """

    slot_names: ClassVar[Mapping[str, str]] = {
        "accumulated_grad": "accum",
        "accumulated_delta_var": "accum_update",
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-08,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._rule = AdadeltaRule(number(name, "rho", rho), number(name, "epsilon", epsilon))


class AdagradOptimizer(Optimizer):
    """a = a + g²;  w - learning_rate * g / sqrt(a)  (Duchi, Hazan and Singer, 2011).

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        initial_accumulator_value: what a starts from, > 0.
        use_locking: ignored.
        name: of operations and slots.

    The slot `accumulator` holds a.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        super().__init__(use_locking, name)
        start = positive(name, "initial_accumulator_value", initial_accumulator_value)
        self._rate = learning_rate
        self._rule = AdagradRule(epsilon=0.0, start=start)


class RMSPropOptimizer(Optimizer):
    """Divides the gradient by the root of the mean of its squares (Hinton, 2012, lecture 6e).

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        decay: of the mean.
        momentum: decay of the sum of steps.
        epsilon: added under the root.
        use_locking: ignored.
        centered: takes the square of the mean gradient out of the mean of squares.
        name: of operations and slots.

    The slot `rms` holds the mean, from 1 on; `momentum` the sum of steps, and stays 0 where
    momentum is 0; `mg` holds the mean gradient, where centered.
    """

    slot_names: ClassVar[Mapping[str, str]] = {"velocity": "rms", "average_gradient": "mg"}

    def __init__(
        self,
        learning_rate: Any,
        decay: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._rate = learning_rate
        self._rule = RmsPropRule(
            rho=number(name, "decay", decay),
            momentum=number(name, "momentum", momentum),
            epsilon=number(name, "epsilon", epsilon),
            centered=bool(centered),
            start=1.0,
        )
        self._names = ["rms", *["mg"] * bool(centered), "momentum"]

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            for name in self._names:
                self._slot(variable, name, 1.0 if name == "rms" else 0.0)
