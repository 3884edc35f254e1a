"""`tf.manip`: rearranging under its address of 1.5 to 1.15."""

from __future__ import annotations

from .arguments import missing_name
from .arrays import reshape, tile
from .rearranging import batch_to_space_nd, gather_nd, reverse, roll, space_to_batch_nd
from .scattering import scatter_nd

__all__ = [
    "batch_to_space_nd",
    "gather_nd",
    "reshape",
    "reverse",
    "roll",
    "scatter_nd",
    "space_to_batch_nd",
    "tile",
]

__getattr__ = missing_name(__name__, __all__)
