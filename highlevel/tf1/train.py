"""`tf.train`: the optimizers of TF1, with its formulas, defaults and names of slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from thalweg.core import (
    AdadeltaRule,
    AdagradRule,
    AdamRule,
    OptionError,
    RmsPropRule,
    SgdRule,
    Tensor,
    UnscaledMomentumRule,
    cast,
    convert,
    floor,
    multiply,
    pow,
)

from .arguments import missing_name
from .optimizer import Optimizer

__all__ = [
    "AdadeltaOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "RMSPropOptimizer",
    "exponential_decay",
]

__getattr__ = missing_name(__name__, __all__)


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
        self._rule = UnscaledMomentumRule(_number(name, "momentum", momentum), bool(use_nesterov))


class AdamOptimizer(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015), with the epsilon of the form before section 2.1.

    Args:
        learning_rate: a number, tensor, or function of nothing that gives one.
        beta1: decay of the mean of gradients.
        beta2: decay of the mean of their squares.
        epsilon: added to the root of the latter.
        use_locking: ignored.
        name: of operations and slots.

    The slots `m` and `v` hold the means; steps are counted in one variable.
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
        self._rule = AdamRule(
            _number(name, "beta1", beta1),
            _number(name, "beta2", beta2),
            _number(name, "epsilon", epsilon),
        )


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
        self._rule = AdadeltaRule(_number(name, "rho", rho), _number(name, "epsilon", epsilon))


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
        start = _number(name, "initial_accumulator_value", initial_accumulator_value)
        if start <= 0:
            raise OptionError(
                name, "initial_accumulator_value is not positive", expected="> 0", got=repr(start)
            )
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

    The slot `rms` holds the mean, from 1 on; `momentum` the sum of steps, where momentum is not
    0; `mg` the mean gradient, where centered.
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
            rho=_number(name, "decay", decay),
            momentum=_number(name, "momentum", momentum),
            epsilon=_number(name, "epsilon", epsilon),
            centered=bool(centered),
            start=1.0,
        )


def _number(where: str, argument: str, value: Any) -> float:
    """A hyperparameter that the formula holds fixed."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise OptionError(
            where,
            f"{argument} is not a number",
            expected="a Python number; only the learning rate may be a tensor",
            got=repr(value),
        ) from None


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * decay_rate ** (global_step / decay_steps).

    Args:
        learning_rate: at step 0.
        global_step: () number of the step, often a variable that `minimize` raises.
        decay_steps: steps until the rate is multiplied by `decay_rate` once.
        decay_rate: > 0.
        staircase: rounds the quotient down, so that the rate falls at intervals.
        name: of the node.

    >>> import thalweg.tf1 as tf
    >>> with tf.Session() as session:
    ...     print(session.run(tf.train.exponential_decay(1.0, 25, 10, 0.5, staircase=True)))
    0.25
    """
    rate = convert(learning_rate)
    passed = cast(global_step, rate.dtype) / _as(decay_steps, rate)
    exponent = floor(passed) if staircase else passed
    return multiply(rate, pow(_as(decay_rate, rate), exponent), name=name or "ExponentialDecay")


def _as(value: Any, like: Tensor) -> Tensor:
    """A number or tensor in the dtype of another."""
    return cast(value, like.dtype) if hasattr(value, "dtype") else convert(value, like.dtype)
