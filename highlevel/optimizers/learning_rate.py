"""The learning rate: a variable or a schedule, which Python reads and sets between two runs."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np

from thalweg.core import (
    GraphFunction,
    Tensor,
    Variable,
    cast,
    convert,
    current_session,
    is_tracing,
)
from thalweg.core.errors import OptionError

from ..eager import Cache, call_at_once
from ..options import Interval
from . import schedules
from .schedules import LearningRateSchedule

__all__ = ["LearningRate", "Rate", "StepCount"]


_AT_LEAST_0 = Interval(0, math.inf, open_high=True)


class Rate(float):
    """A learning rate as the session has it now: a float that knows its variable.

    Arithmetic on it is arithmetic on the number. Where graph is built it stands for the variable,
    so that later assignments count.

    Attributes:
        variable: () float32, the rate itself.
    """

    variable: Variable

    def __new__(cls, variable: Variable) -> Rate:
        """Reads the variable in the current session."""
        self = super().__new__(cls, current_session().value(variable))
        self.variable = variable
        return self

    def __thalweg_tensor__(self) -> Tensor:
        return self.variable.value()

    def numpy(self) -> Any:
        """The number as a NumPy scalar."""
        return np.float32(self)

    def assign(self, value: float) -> None:
        """Sets the rate in the current session."""
        current_session().load(self.variable, value)


class StepCount(Variable):
    """How many steps an optimizer has done: a variable that is an integer to Python."""

    def numpy(self) -> Any:
        """The number in the current session, as a NumPy scalar."""
        return np.int64(int(self))

    def __int__(self) -> int:
        return int(self.value() if is_tracing() else current_session().value(self))

    __index__ = __int__


class LearningRate:
    """What an optimizer knows of its rate.

    Args:
        where: the optimizer's class, for messages.
        rate: finite number >= 0, or a schedule.
        decay: Keras 2's: step i, from 0, uses rate / (1 + decay * i); >= 0.

    Attributes:
        source: the rate without decay, a () float32 variable or a schedule.
        decay: as given.

    Raises:
        OptionError: an option outside its values, or both a decay and a schedule.
    """

    source: Variable | LearningRateSchedule

    def __init__(self, where: str, rate: Any, decay: Any) -> None:
        self._where = where
        self._calls: Cache = OrderedDict()
        self.decay: float = _AT_LEAST_0.check(where, "decay", decay)
        if isinstance(rate, LearningRateSchedule):
            self.source = rate
            if self.decay:
                raise OptionError(
                    where,
                    "both a decay and a schedule are given",
                    expected="one of them",
                    got=f"decay={self.decay}, learning_rate={type(rate).__name__}",
                )
        else:
            value = np.float32(self._checked(rate))
            self.source = Variable(value, trainable=False, name="learning_rate")

    def _checked(self, rate: Any) -> float:
        if isinstance(rate, Tensor | Variable):
            [rate] = current_session().call(GraphFunction([convert(rate)], []), ())
        if isinstance(rate, np.ndarray) and rate.size == 1:
            rate = rate.item()
        try:
            return float(_AT_LEAST_0.check(self._where, "learning_rate", rate))
        except OptionError as error:
            error.expected = f"{error.expected}, or a LearningRateSchedule"
            raise

    def tensor(self, steps: Tensor) -> Tensor:
        """The rate after `steps` steps, without decay.  () int64 -> () float32."""
        if isinstance(self.source, Variable):
            return self.source.value()
        rate = self.source(cast(steps, "float32"))
        return cast(rate if isinstance(rate, Tensor) else convert(rate), "float32")

    def decayed(self, steps: Tensor) -> Tensor:
        """The rate that the step after `steps` steps uses.  () int64 -> () float32."""
        rate = self.tensor(steps)
        if self.decay:
            rate = rate * (1.0 / (1.0 + self.decay * cast(steps, "float32")))
        return rate

    def read(self, iterations: StepCount) -> Any:
        """The rate without decay: a float, or a tensor inside an open trace."""
        if is_tracing():
            return self.tensor(iterations.value())
        if isinstance(self.source, Variable):
            return Rate(self.source)
        return float(call_at_once(self.tensor, [iterations.numpy()], self._calls, None))

    def assign(self, rate: Any) -> None:
        """Sets the rate in the current session.

        Raises:
            OptionError: if a schedule gives it, or shall from now on: graphs that are built
                would not know.
        """
        source = self.source
        if not isinstance(source, Variable) or isinstance(rate, LearningRateSchedule):
            raise OptionError(
                self._where,
                "the learning rate cannot change between a number and a schedule",
                expected="a number"
                if isinstance(source, Variable)
                else f"nothing: {type(source).__name__} gives the rate",
                got=repr(rate),
                hint="make a new optimizer, and compile the model again",
            )
        current_session().load(source, self._checked(rate))

    def config(self) -> Any:
        """The rate in the current session, or the schedule, as JSON data."""
        if not isinstance(self.source, Variable):
            return schedules.serialize(self.source)
        # the shortest decimal that gives the same float32: 0.01, not 0.009999999776482582
        return float(str(current_session().value(self.source)))
