"""`tf.layers`: layers whose variables are named and shared by variable scopes."""

from __future__ import annotations

from ..arguments import missing_name
from . import convolution, core, normalization, pooling, separable, transposed
from .base import InputSpec, Layer
from .convolution import *  # noqa: F403
from .core import *  # noqa: F403
from .normalization import *  # noqa: F403
from .pooling import *  # noqa: F403
from .separable import *  # noqa: F403
from .transposed import *  # noqa: F403

__all__ = ["InputSpec", "Layer"]
__all__ += convolution.__all__
__all__ += core.__all__
__all__ += normalization.__all__
__all__ += pooling.__all__
__all__ += separable.__all__
__all__ += transposed.__all__

__getattr__ = missing_name(__name__, __all__)
