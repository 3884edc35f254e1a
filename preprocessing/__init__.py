"""Data made ready for models (folder preprocessing/, imported as thalweg.preprocessing).

Everything is imported at its first use.

>>> from thalweg.preprocessing import sequence
>>> sequence.pad_sequences([[1], [2, 3]]).tolist()
[[0, 1], [2, 3]]
"""

from __future__ import annotations

if __name__ != "thalweg.preprocessing":
    raise ImportError(f"import this folder as 'thalweg.preprocessing', not as {__name__!r}")

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import image, sequence, text
    from .image.dataset import image_dataset_from_directory
    from .timeseries import timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "timeseries_dataset_from_array",
]

_NAMES = {
    "image_dataset_from_directory": "image",
    "timeseries_dataset_from_array": "timeseries",
}


def __getattr__(name: str) -> object:
    """Imports a public module or function at its first use."""
    if name in _NAMES:
        value: object = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    elif name in __all__:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
