"""Known networks, with weights (folder applications/, imported as thalweg.applications).

Each network has a module with its `preprocess_input` and `decode_predictions`, as in Keras.
Everything is imported at its first use.

>>> import thalweg as keras
>>> network = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10)
>>> network.count_params()
33638218
"""

from __future__ import annotations

if __name__ != "thalweg.applications":
    raise ImportError(f"import this folder as 'thalweg.applications', not as {__name__!r}")

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import imagenet, lenet, mobilenet_v2, resnet, resnet50, vgg16, vgg19
    from . import imagenet as imagenet_utils
    from .lenet import LeNet, LeNet5
    from .mobilenet_v2 import MobileNetV2
    from .resnet import ResNet50
    from .vgg16 import VGG16
    from .vgg19 import VGG19

__all__ = [
    "VGG16",
    "VGG19",
    "LeNet",
    "LeNet5",
    "MobileNetV2",
    "ResNet50",
    "imagenet",
    "imagenet_utils",
    "lenet",
    "mobilenet_v2",
    "resnet",
    "resnet50",
    "vgg16",
    "vgg19",
]

_NAMES = {
    "LeNet": "lenet",
    "LeNet5": "lenet",
    "MobileNetV2": "mobilenet_v2",
    "ResNet50": "resnet",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
}
_ALIASES = {"imagenet_utils": "imagenet"}  # what Keras calls it


def __getattr__(name: str) -> object:
    """Imports a network or a module at its first use."""
    if name in _NAMES:
        value: object = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    elif name in __all__:
        value = importlib.import_module(f"{__name__}.{_ALIASES.get(name, name)}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
