"""What normalizations share: they end with gamma * x + beta, and they go along axes."""

from __future__ import annotations

from typing import Any

from thalweg.core import Variable

from .. import constraints, initializers, regularizers
from ..options import Interval
from .base import Layer

__all__ = ["ScaledLayer", "checked_axes"]


def checked_axes(layer: Layer, axis: Any) -> tuple[int, ...]:
    """An axis or several as a tuple.

    Args:
        layer: whose option `axis` it is.
        axis: an integer, or a list of them.

    Raises:
        OptionError: if one is no integer.
    """
    given = axis if isinstance(axis, list | tuple) else (axis,)
    return tuple(int(Interval(integer=True).check(layer, "axis", one)) for one in given)


class ScaledLayer(Layer):
    """A normalization whose result is multiplied by gamma and shifted by beta, where these are.

    Args:
        epsilon: added to the variance, > 0.
        center: whether there is a beta; else 0.
        scale: whether there is a gamma; else 1.
        beta_initializer, gamma_initializer: what these start from.
        beta_regularizer, gamma_regularizer: functions whose values join the loss.
        beta_constraint, gamma_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.
    """

    supports_masking = True

    gamma: Variable | None = None
    beta: Variable | None = None

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon: float = Interval(0, open_low=True).check(self, "epsilon", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def add_scale(self, sizes: tuple[int, ...]) -> None:
        """Makes gamma and beta of these sizes, in Keras's order."""
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=sizes,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=sizes,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
