"""`tf.losses`: one number from labels and predictions, which joins the collection LOSSES.

Every loss is weighted: `weights` is a scalar, or has the rank of the losses and on each axis
their size or 1. How weighted losses become one number is a `Reduction`; by default they are added
up and divided by the number of those whose weight is not 0.
"""

from __future__ import annotations

from ..arguments import missing_name
from . import distances, entropies
from .distances import *  # noqa: F403
from .entropies import *  # noqa: F403
from .weighted import (
    Reduction,
    add_loss,
    compute_weighted_loss,
    get_losses,
    get_regularization_loss,
    get_regularization_losses,
    get_total_loss,
)

__all__ = [
    "Reduction",
    "add_loss",
    "compute_weighted_loss",
    "get_losses",
    "get_regularization_loss",
    "get_regularization_losses",
    "get_total_loss",
]
__all__ += distances.__all__
__all__ += entropies.__all__

__getattr__ = missing_name(__name__, __all__)
