"""`tf.layers`: layers whose variables are named and shared by variable scopes."""

from __future__ import annotations

from ..arguments import missing_name
from . import core, normalization
from .base import InputSpec, Layer
from .core import *  # noqa: F403
from .normalization import *  # noqa: F403

__all__ = ["InputSpec", "Layer"]
__all__ += core.__all__
__all__ += normalization.__all__

__getattr__ = missing_name(__name__, __all__)
