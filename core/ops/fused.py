"""Several ops in one instruction: what the `fuse` pass makes."""

from __future__ import annotations

from typing import Any

from ..opdef import OpDef, no_gradient
from ..types import TensorType

__all__ = ["Fused"]


class Fused(OpDef):
    """A little program that a backend runs as one instruction.

    Its feeds are the inputs, its fetches the outputs; it has no state. What it computes is defined
    by its ops: `compute` runs them one after another. It appears in plans only, never in graphs.

    Args:
        program: the ops.
        name: theirs, for printers: `"MatMul+Add+Relu"`.
        overwrites: as `OpDef.reuse`.
    """

    program: Any
    name: str
    overwrites: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @property
    def reuse(self) -> dict[int, int | tuple[int, ...]]:  # type: ignore[override]
        """What the pass found."""
        return dict(self.overwrites)

    @property
    def runs_last(self) -> bool:  # type: ignore[override]
        """Whether one of its ops does."""
        return any(instruction.opdef.runs_last for instruction in self.program.instructions)

    @property
    def label(self) -> str:
        """Not the name of a registered op."""
        return "Fused"

    def fields_text(self) -> str:
        """The ops' names."""
        return self.name

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """What the program infers."""
        return tuple(self.program.result_types(types))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The same: plans know all sizes."""
        return self.infer(*types)

    def compute(self, xp: Any, *arrays: Any) -> Any:
        """Op by op."""
        results = self.program.compute(xp, arrays)
        return results[0] if len(results) == 1 else tuple(results)

    gradient = no_gradient
