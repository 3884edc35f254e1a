"""Normalisation across neighbouring channels.

A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet Classification with Deep Convolutional Neural
Networks", 2012, section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import TensorType
from .elementwise import multiply
from .math import pow, square
from .source import convert

__all__ = ["local_response_normalization"]


@register
class NeighbourSum(OpDef):
    """For each channel, the sum of those at most `radius` away.

    x: (..., channels) float -> (..., channels).
    """

    radius: int

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        require(self, "float", x=x)
        if not x.dims():
            raise ShapeError(
                self.label, "needs an axis of channels", expected="x (..., channels)", got=f"x {x}"
            )
        return x.with_shape(x.dims())

    def compute(self, xp: Any, x: Any) -> Any:
        """Shifted copies, added up."""
        channels = x.shape[-1]
        padded = xp.pad(x, ((0, 0),) * (x.ndim - 1) + ((self.radius, self.radius),))
        return sum(padded[..., i : i + channels] for i in range(2 * self.radius + 1))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Whom I reach, reaches me: it is its own transpose."""
        return [apply(self, g)]


def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """`input` divided by what its neighbouring channels amount to.

    y[c] = x[c] / (bias + alpha * sum of x[k]**2 over |k - c| <= depth_radius) ** beta.

    Args:
        input: (..., channels), float.
        depth_radius: how far neighbours reach, >= 0.
        bias: keeps the base away from 0, > 0.
        alpha: of the sum; unlike in some other libraries it is not divided by their number.
        beta: the exponent.
        name: of the node.

    Returns:
        The shape of `input`.

    Raises:
        ShapeError: for a scalar.
        DtypeError: if the input is not float.
        OptionError: if the radius is no count.

    >>> from thalweg.core import Session
    >>> y = local_response_normalization([[1.0, 1.0, 1.0]], 1, bias=1.0, alpha=1.0, beta=1.0)
    >>> Session().run(y).round(4).tolist()
    [[0.333..., 0.25, 0.333...]]
    """
    if not isinstance(depth_radius, int) or depth_radius < 0:
        raise OptionError(
            "local_response_normalization",
            "the radius is no count",
            expected="an integer >= 0",
            got=repr(depth_radius),
            site=user_site(),
        )
    x = convert(input)
    base = apply(NeighbourSum(depth_radius), square(x)) * alpha + bias
    return multiply(x, pow(base, -beta), name=name or "LRN")
