"""`tf.contrib`: of TF1's attic, the layers and recurrent cells of programs of its time."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..arguments import missing_name

if TYPE_CHECKING:
    from . import layers as layers
    from . import rnn as rnn

__all__ = ["layers", "rnn"]

_missing_name = missing_name(__name__, __all__)


def __getattr__(name: str) -> Any:
    """Imports a namespace at its first use."""
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    return _missing_name(name)
