"""What a layer requires of its input: the number of axes, and some of their sizes."""

from __future__ import annotations

from dataclasses import dataclass, field

from thalweg.core import Tensor
from thalweg.core.errors import ShapeError

__all__ = ["InputSpec"]


@dataclass
class InputSpec:
    """What a layer requires of its input.

    Args:
        ndim: number of axes, with the batch.
        min_ndim: the least number of axes.
        axes: required sizes, by axis.
    """

    ndim: int | None = None
    min_ndim: int | None = None
    axes: dict[int, int] = field(default_factory=dict)

    def check(self, where: str, x: Tensor) -> None:
        """Raises ShapeError if a tensor does not fit; unknown ranks and sizes fit."""
        if x.shape is None:
            return
        rank = len(x.shape)
        if self.ndim is not None and rank != self.ndim:
            raise ShapeError(
                where,
                "wrong number of axes",
                expected=f"{self.ndim} axes, with the batch",
                got=f"{x.type}, {rank} axes",
                hint=_axes_hint(self.ndim, rank),
            )
        if self.min_ndim is not None and rank < self.min_ndim:
            raise ShapeError(
                where,
                "too few axes",
                expected=f"at least {self.min_ndim} axes, with the batch",
                got=f"{x.type}, {rank} axes",
            )
        for axis, size in self.axes.items():
            if x.shape[axis] not in (None, size):
                raise ShapeError(
                    where,
                    "the input has another size than the layer was built for",
                    expected=f"size {size} on axis {axis}",
                    got=str(x.type),
                    hint=f"the layer was built for {size} features, not {x.shape[axis]}",
                )


def _axes_hint(wanted: int, rank: int) -> str | None:
    if wanted == 4 and rank == 3:
        return "images are (batch, height, width, channels): x[..., None] adds a channel axis"
    if wanted == 2 and rank > 2:
        return "Flatten() makes (batch, features)"
    return None
