"""State that an optimizer keeps for each variable, and the moving averages made of it."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from thalweg.core import (
    DType,
    Tensor,
    Variable,
    cast,
    convert,
    equal,
    fill,
    floormod,
    minimum,
    where,
)
from thalweg.core.errors import ShapeError

__all__ = ["MovingAverages", "Slots"]


class Slots:
    """Variables beside variables: for each one a row of state of its type.

    They are held by the variable they belong to, weakly: an optimizer does not keep a model alive
    that it once trained.
    """

    def __init__(self) -> None:
        self.rows: weakref.WeakKeyDictionary[Variable, dict[str, Variable]] = (
            weakref.WeakKeyDictionary()
        )

    def make(self, variable: Variable, starts: Mapping[str, float]) -> None:
        """Makes a variable's row.

        Args:
            variable: of known sizes.
            starts: names, and the value every element starts from.

        Raises:
            ShapeError: if a size is unknown.
        """
        shape = variable.shape
        if shape is None or None in shape:
            raise ShapeError(
                "optimizer",
                "a variable needs known sizes",
                got=f"{variable.type}, variable '{variable.name}'",
                site=variable.site,
            )
        prefix = variable.name.replace("/", "_")
        self.rows[variable] = {
            name: Variable(
                functools.partial(_filled, shape, variable.dtype, start),
                trainable=False,
                name=f"{prefix}_{name}",
                dtype=variable.dtype,
                shape=shape,
            )
            for name, start in starts.items()
        }

    def columns(self, variables: Sequence[Variable]) -> list[list[Variable]]:
        """For each name, one slot a variable."""
        rows = [self.rows[variable].values() for variable in variables]
        return [list(column) for column in zip(*rows, strict=True)]

    def listed(self, apart: Sequence[str] = ()) -> list[Variable]:
        """All slots, variable by variable; those named in `apart` follow, name by name."""
        rows = list(self.rows.values())
        together = [slot for row in rows for name, slot in row.items() if name not in apart]
        return together + [row[name] for name in apart for row in rows if name in row]


def _filled(shape: Sequence[Any], dtype: DType, value: float) -> Tensor:
    return fill(shape, convert(value, dtype))


class MovingAverages(Slots):
    """Exponential moving averages of variables (Polyak and Juditsky, 1992, in spirit).

    Args:
        momentum: weight of the past, 0 <= momentum <= 1; the first step has no past.
        frequency: every so many steps the average becomes the variable; None for never.
    """

    def __init__(self, momentum: float, frequency: int | None) -> None:
        super().__init__()
        self.momentum = momentum
        self.frequency = frequency

    def of(self, variable: Variable) -> Variable:
        """A variable's average."""
        return self.rows[variable]["average"]

    def step(
        self, variables: Iterable[Variable], new: dict[Variable, Tensor], steps: Tensor
    ) -> list[Tensor]:
        """Takes the new values into the averages, and where it is time, the averages into `new`.

        Args:
            variables: all variables; those not in `new` keep their value.
            new: the new values, changed in place.
            steps: () int64 steps done before this one.

        Returns:
            The new averages.
        """
        averages = []
        for variable in variables:
            value = new.get(variable, variable.value())
            past = minimum(cast(steps, variable.dtype), 1.0) * self.momentum
            average = self.of(variable)
            averages.append(average.assign(past * average.value() + (1.0 - past) * value))
            if self.frequency is not None:
                is_time = equal(floormod(steps + 1, self.frequency), 0)
                new[variable] = where(is_time, averages[-1], value)
        return averages
