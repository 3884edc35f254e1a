"""Pictures: files and sizes, under Keras's names. Each is imported at its first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pixels import array_to_img, img_to_array
    from .reading import load_img, save_img
    from .resizing import smart_resize

_HOMES = {
    "pixels": ["array_to_img", "img_to_array"],
    "reading": ["load_img", "save_img"],
    "resizing": ["smart_resize"],
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "array_to_img",
    "img_to_array",
    "load_img",
    "save_img",
    "smart_resize",
]


def __getattr__(name: str) -> object:
    """Imports a public name at its first use."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
