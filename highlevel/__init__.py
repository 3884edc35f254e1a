"""thalweg: the public API (folder highlevel/).

Everything is imported at its first use, so `import thalweg` costs little more than NumPy, and
`import thalweg.core` loads no layer.

>>> import thalweg as keras
>>> keras.Sequential.__name__
'Sequential'
"""

from __future__ import annotations

if __name__ != "thalweg":
    raise ImportError(f"import this package as 'thalweg', not as {__name__!r}")

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        activations,
        backend,
        callbacks,
        constraints,
        datasets,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        optimizers,
        regularizers,
        tf1,
        utils,
    )
    from .core import get_precision, get_threads, set_precision, set_threads
    from .gradient_functions import gradients_of
    from .layers import Input, Layer
    from .models import Model, Sequential

__version__ = "0.1.0"

__all__ = [
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "get_precision",
    "get_threads",
    "gradients_of",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "set_precision",
    "set_threads",
    "tf1",
    "utils",
]

_NAMES = {
    "Input": "layers",
    "Layer": "layers",
    "Model": "models",
    "Sequential": "models",
    "get_precision": "core",
    "get_threads": "core",
    "gradients_of": "gradient_functions",
    "set_precision": "core",
    "set_threads": "core",
}


def __getattr__(name: str) -> object:
    """Imports a public module or class at its first use."""
    if name in _NAMES:
        value: object = getattr(importlib.import_module(f"thalweg.{_NAMES[name]}"), name)
    elif name in __all__:
        value = importlib.import_module(f"thalweg.{name}")
    else:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
