"""The op that moves arrays between devices; the `place` pass puts it where it is needed."""

from __future__ import annotations

from typing import Any

from ..opdef import OpDef, no_gradient, register
from ..types import TensorType

__all__: list[str] = []


@register
class Transfer(OpDef):
    """The same values on another device.  x: (...) any dtype -> (...).

    None stands for the session's device, which may turn out to be the same one.
    """

    source: str | None
    target: str | None
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        """The array; executors know where it is and where it goes."""
        return x

    gradient = no_gradient
