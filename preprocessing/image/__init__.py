"""Pictures: files, transformations, and batches of them for training.

The names of Keras 2.3.1's `keras.preprocessing.image`, and Keras 3's `smart_resize` and
`image_dataset_from_directory`. Each is imported at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .array_iterator import NumpyArrayIterator
    from .color import (
        apply_brightness_shift,
        apply_channel_shift,
        random_brightness,
        random_channel_shift,
    )
    from .dataframe_iterator import DataFrameIterator
    from .dataset import ImageDataset, image_dataset_from_directory
    from .directory_iterator import DirectoryIterator
    from .elastic import apply_elastic, centre_by_mass, random_elastic
    from .generator import ImageDataGenerator
    from .geometry import (
        apply_affine_transform,
        random_rotation,
        random_shear,
        random_shift,
        random_zoom,
    )
    from .iterator import Iterator
    from .pixels import array_to_img, img_to_array
    from .reading import load_img, save_img
    from .resizing import smart_resize

_HOMES = {
    "array_iterator": ["NumpyArrayIterator"],
    "color": [
        "apply_brightness_shift",
        "apply_channel_shift",
        "random_brightness",
        "random_channel_shift",
    ],
    "dataframe_iterator": ["DataFrameIterator"],
    "dataset": ["ImageDataset", "image_dataset_from_directory"],
    "directory_iterator": ["DirectoryIterator"],
    "elastic": ["apply_elastic", "centre_by_mass", "random_elastic"],
    "generator": ["ImageDataGenerator"],
    "geometry": [
        "apply_affine_transform",
        "random_rotation",
        "random_shear",
        "random_shift",
        "random_zoom",
    ],
    "iterator": ["Iterator"],
    "pixels": ["array_to_img", "img_to_array"],
    "reading": ["load_img", "save_img"],
    "resizing": ["smart_resize"],
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "ImageDataset",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "apply_elastic",
    "array_to_img",
    "centre_by_mass",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_elastic",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
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
