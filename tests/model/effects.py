"""An op with an effect, so that programs show which operations run, how often, in which order.

It may also fail: then the run has no effect on variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from thalweg import core
from thalweg.core import OpDef, Operation, Tensor, TensorType, apply

__all__ = ["FAILS", "LOG", "Note", "note"]

LOG: list[tuple[int, Any]] = []
FAILS = 3  # the number of notes that fail where their input begins with a number so large


class Note(OpDef):
    """Its input; and a line in the log.  x: (...) any dtype -> (...)."""

    number: int
    has_effect: ClassVar[bool] = True
    is_pure: ClassVar[bool] = False
    runs_on_host: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x.with_shape(x.shape)

    def compute(self, xp: Any, x: Any) -> Any:
        LOG.append((self.number, x.tolist()))
        if self.number == FAILS and x.reshape(-1)[0] >= 3:
            raise core.DataError("note", "begins with a large number")
        return np.array(x)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        return [g]


def note(number: int, x: Any) -> Tensor:
    """What a program calls."""
    return apply(Note(number), core.convert(x))
