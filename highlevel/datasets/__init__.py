"""Real data sets as NumPy arrays, each a module with `load_data`, as in Keras.

Importing this package loads nothing: a data set's module is loaded at its first use.
:mod:`thalweg.datasets.download` says where files are looked for, and in which order.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import boston_housing as boston_housing
    from . import california_housing as california_housing
    from . import cifar10 as cifar10
    from . import cifar100 as cifar100
    from . import fashion_mnist as fashion_mnist
    from . import imdb as imdb
    from . import mnist as mnist
    from . import reuters as reuters
    from .download import CorruptFileWarning as CorruptFileWarning
    from .download import SampleDataWarning as SampleDataWarning

__all__ = [
    "CorruptFileWarning",
    "SampleDataWarning",
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]

_MODULES = frozenset(__all__) - {"CorruptFileWarning", "SampleDataWarning"}


def __getattr__(name: str) -> object:
    """Loads a data set's module, or the module of a public class, at its first use."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        value: object = getattr(importlib.import_module(f"{__name__}.download"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Lists the public names, loaded or not."""
    return sorted({*globals(), *__all__})
