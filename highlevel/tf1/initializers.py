"""`tf.initializers`: the short names of what variables start from, and some that have no other."""

from __future__ import annotations

from typing import Any

import thalweg.core
from thalweg.core import ShapeError, Tensor, as_dtype, as_shape, float32

from .arguments import missing_name
from .initializer_classes import Initializer
from .initializer_classes import constant_initializer as constant
from .initializer_classes import glorot_normal_initializer as glorot_normal
from .initializer_classes import glorot_uniform_initializer as glorot_uniform
from .initializer_classes import ones_initializer as ones
from .initializer_classes import orthogonal_initializer as orthogonal
from .initializer_classes import random_normal_initializer as random_normal
from .initializer_classes import random_uniform_initializer as random_uniform
from .initializer_classes import truncated_normal_initializer as truncated_normal
from .initializer_classes import uniform_unit_scaling_initializer as uniform_unit_scaling
from .initializer_classes import variance_scaling_initializer as variance_scaling
from .initializer_classes import zeros_initializer as zeros
from .state import global_variables_initializer as global_variables
from .state import local_variables_initializer as local_variables
from .state import tables_initializer
from .state import variables_initializer as variables

__all__ = [
    "constant",
    "global_variables",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "local_variables",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "tables_initializer",
    "truncated_normal",
    "uniform_unit_scaling",
    "variables",
    "variance_scaling",
    "zeros",
]

__getattr__ = missing_name(__name__, __all__)


def he_normal(seed: int | None = None) -> variance_scaling:
    """Truncated normal numbers of variance 2 / fan_in: He et al., 2015, equation 10."""
    return variance_scaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> variance_scaling:
    """Uniform numbers within sqrt(6 / fan_in): He et al., 2015, equation 10."""
    return variance_scaling(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> variance_scaling:
    """Truncated normal numbers of variance 1 / fan_in: LeCun et al., 1998, section 4.6."""
    return variance_scaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> variance_scaling:
    """Uniform numbers within sqrt(3 / fan_in): LeCun et al., 1998, section 4.6."""
    return variance_scaling(1.0, "fan_in", "uniform", seed)


class identity(Initializer):
    """The identity matrix times a number.

    Args:
        gain: the number.
        dtype: float.
    """

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        super().__init__(dtype)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """`gain` on the diagonal.

        Raises:
            ShapeError: if the shape has not two axes.
        """
        sizes = as_shape(shape) or ()
        if len(sizes) != 2:
            raise ShapeError(
                "identity", "needs a matrix", expected="(rows, columns)", got=repr(sizes)
            )
        rows = thalweg.core.arange(sizes[0])
        wanted = self.dtype if dtype is None else as_dtype(dtype)
        return thalweg.core.one_hot(rows, sizes[1], self.gain, 0.0, -1, wanted)
