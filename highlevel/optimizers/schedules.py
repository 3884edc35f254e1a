"""Learning rates that depend on the number of steps done.

A schedule is a function of the step, from 0. Built into a training step it is a piece of graph;
called on a number it gives the rate at once.
"""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.core import Tensor, cast, ceil, constant, convert, cos, floor, maximum, minimum, where
from thalweg.core.errors import OptionError

from ..eager import Cache, call_at_once, is_symbolic
from ..options import Interval
from ..registry import Registry
from ..saving.config import Configurable

__all__ = [
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


_POSITIVE = Interval(0, math.inf, open_low=True, open_high=True)
_AT_LEAST_0 = Interval(0, math.inf, open_high=True)


class LearningRateSchedule(Configurable):
    """Base of all schedules; a subclass of your own overrides `__call__`.

    In a training step the argument is the number of steps done, a () float32 tensor, and the
    result a scalar: tensor or number. In Keras the step is an integer; here a division needs no
    cast.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 / (step + 1)
    >>> Halving()(4)
    0.1
    """

    def __init__(self) -> None:
        pass

    def __call__(self, step: Any) -> Any:
        """The rate after `step` steps."""
        raise NotImplementedError(type(self).__name__)


class _Formula(LearningRateSchedule):
    """A schedule that writes its formula for tensors in `rate`."""

    name: str

    def rate(self, step: Tensor) -> Any:
        """() float32 -> () float32."""
        raise NotImplementedError(type(self).__name__)

    def __call__(self, step: Any) -> Any:
        """The rate after `step` steps: a tensor for a tensor, a float for a number."""

        def build(step: Tensor) -> Any:
            return self.rate(cast(step, "float32"))

        if is_symbolic(step) or hasattr(step, "__thalweg_tensor__"):
            return build(convert(step))
        if not hasattr(self, "_calls"):
            self._calls: Cache = OrderedDict()
        return float(call_at_once(build, [np.float32(step)], self._calls, None))


class ExponentialDecay(_Formula):
    """rate = initial_learning_rate * decay_rate ** (step / decay_steps).

    Args:
        initial_learning_rate: at step 0.
        decay_steps: steps in which the rate falls to `decay_rate` of itself, > 0.
        decay_rate: factor, > 0.
        staircase: only whole multiples of `decay_steps` count.
        name: kept for the configuration.

    >>> round(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20), 6)
    0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _POSITIVE.check(self, "decay_steps", decay_steps)
        self.decay_rate = _POSITIVE.check(self, "decay_rate", decay_rate)
        self.staircase = staircase
        self.name = name

    def rate(self, step: Tensor) -> Any:
        """The formula."""
        power = step / self.decay_steps
        factor = self.decay_rate ** (floor(power) if self.staircase else power)
        return self.initial_learning_rate * factor


class InverseTimeDecay(_Formula):
    """rate = initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
        initial_learning_rate: at step 0.
        decay_steps: the unit in which steps are counted, > 0.
        decay_rate: what a unit adds to the denominator, >= 0.
        staircase: only whole multiples of `decay_steps` count.
        name: kept for the configuration.

    >>> round(InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5)(20), 6)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _POSITIVE.check(self, "decay_steps", decay_steps)
        self.decay_rate = _AT_LEAST_0.check(self, "decay_rate", decay_rate)
        self.staircase = staircase
        self.name = name

    def rate(self, step: Tensor) -> Any:
        """The formula."""
        units = step / self.decay_steps
        if self.staircase:
            units = floor(units)
        return self.initial_learning_rate / (1.0 + self.decay_rate * units)


class PiecewiseConstantDecay(_Formula):
    """values[0] up to and including step boundaries[0], then values[1], and so on.

    Args:
        boundaries: steps in rising order.
        values: rates, one more than `boundaries`.
        name: kept for the configuration.

    >>> schedule = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.25])
    >>> schedule(100), schedule(101), schedule(1000)
    (1.0, 0.5, 0.25)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        where_ = type(self).__name__
        if len(values) != len(boundaries) + 1:
            raise OptionError(
                where_,
                "lengths of boundaries and values do not fit",
                expected=f"{len(boundaries) + 1} values for {len(boundaries)} boundaries",
                got=f"{len(values)} values",
            )
        if any(a >= b for a, b in itertools.pairwise(boundaries)):
            raise OptionError(
                where_, "boundaries do not rise", expected="rising steps", got=repr(boundaries)
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def rate(self, step: Tensor) -> Any:
        """The last value whose boundary the step has passed."""
        rate = constant(self.values[0], "float32")
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = where(step > boundary, constant(value, "float32"), rate)
        return rate


class PolynomialDecay(_Formula):
    """(initial_learning_rate - end_learning_rate) * (1 - p) ** power + end_learning_rate.

    p = min(step, decay_steps) / decay_steps. With `cycle`, decay_steps is instead stretched to the
    next multiple of itself that is not below the step, so that the rate jumps up and falls again.

    Args:
        initial_learning_rate: at step 0.
        decay_steps: steps until the end, > 0.
        end_learning_rate: from then on.
        power: 1 falls along a line.
        cycle: start again after the end.
        name: kept for the configuration.

    >>> round(PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)(5), 6)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _POSITIVE.check(self, "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def rate(self, step: Tensor) -> Any:
        """The formula."""
        if self.cycle:
            part = step / (maximum(ceil(step / self.decay_steps), 1.0) * self.decay_steps)
        else:
            part = minimum(step, self.decay_steps) / self.decay_steps
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * (1.0 - part) ** self.power + self.end_learning_rate


class CosineDecay(_Formula):
    """Half a cosine from the initial rate down to `alpha` of it, after an optional warm-up.

        rate = top * ((1 - alpha) * (1 + cos(pi * p)) / 2 + alpha)

    p = min(step, decay_steps) / decay_steps (Loshchilov and Hutter, 2017, equation 5). With a
    `warmup_target` the rate first rises in `warmup_steps` steps along a line from
    `initial_learning_rate` to that target, which is then the top, and p counts from there.

    Args:
        initial_learning_rate: at step 0.
        decay_steps: length of the half cosine, > 0.
        alpha: what is left at its end, as a fraction.
        name: kept for the configuration.
        warmup_target: rate at the end of the warm-up; None for no warm-up.
        warmup_steps: length of the warm-up, >= 0.

    >>> round(CosineDecay(0.1, decay_steps=10)(5), 6)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _POSITIVE.check(self, "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = _AT_LEAST_0.check(self, "warmup_steps", warmup_steps)

    def rate(self, step: Tensor) -> Any:
        """The formula; while the rate warms up, its second factor is 1."""
        top: Any = self.initial_learning_rate
        if self.warmup_target is not None:
            if self.warmup_steps:
                part = minimum(step, self.warmup_steps) / self.warmup_steps
                top = top + (self.warmup_target - top) * part
            else:
                top = self.warmup_target
            step = maximum(step - self.warmup_steps, 0.0)
        angle = math.pi * (minimum(step, self.decay_steps) / self.decay_steps)
        return top * ((1.0 - self.alpha) * (0.5 * (1.0 + cos(angle))) + self.alpha)


_registry = Registry(
    "schedule",
    {
        cls.__name__: cls
        for cls in (
            CosineDecay,
            ExponentialDecay,
            InverseTimeDecay,
            PiecewiseConstantDecay,
            PolynomialDecay,
        )
    },
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as JSON data: its class and what it was made with.

    >>> serialize(PiecewiseConstantDecay([5], [1.0, 0.5]))["class_name"]
    'PiecewiseConstantDecay'
    """
    return _registry.serialize(learning_rate_schedule)  # type: ignore[no-any-return]


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """The schedule that `serialize`, or Keras's function of that name, wrote.

    Args:
        config: `{"class_name": ..., "config": {...}}`; other entries are ignored.
        custom_objects: the user's classes by name, besides the registered ones.

    Raises:
        OptionError: if the class or one of its arguments is unknown.
    """
    return _registry.deserialize(config, custom_objects)  # type: ignore[no-any-return]
