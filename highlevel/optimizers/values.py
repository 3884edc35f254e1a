"""Values of an optimizer that Python reads and sets between two runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import Tensor, Variable, current_session, is_tracing

__all__ = ["Rate", "StepCount"]


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

    def numpy(self) -> np.float32:
        """The number as a NumPy scalar."""
        return np.float32(self)

    def assign(self, value: float) -> None:
        """Sets the rate in the current session."""
        current_session().load(self.variable, value)


class StepCount(Variable):
    """How many steps an optimizer has done: a variable that is an integer to Python."""

    def numpy(self) -> np.int64:
        """The number in the current session, as a NumPy scalar."""
        return np.int64(int(self))

    def __int__(self) -> int:
        return int(self.value() if is_tracing() else current_session().value(self))

    __index__ = __int__
