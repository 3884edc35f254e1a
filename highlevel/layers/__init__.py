"""Layers: a name is imported when it is first used, so the package itself costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .activation import ELU, LeakyReLU, PReLU, ReLU, Softmax
    from .base import Layer
    from .convolution import Conv2D, Convolution2D
    from .core import (
        Activation,
        Dense,
        Flatten,
        Identity,
        Lambda,
        Permute,
        RepeatVector,
        Reshape,
    )
    from .input import Input, InputLayer
    from .input_spec import InputSpec
    from .merge import (
        Add,
        Average,
        Concatenate,
        Dot,
        Maximum,
        Minimum,
        Multiply,
        Subtract,
        add,
        average,
        concatenate,
        dot,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from .normalization import BatchNormalization
    from .pooling import (
        AveragePooling2D,
        AvgPool2D,
        GlobalAveragePooling2D,
        GlobalAvgPool2D,
        GlobalMaxPool2D,
        GlobalMaxPooling2D,
        MaxPool2D,
        MaxPooling2D,
    )
    from .regularization import ActivityRegularization, Dropout, GaussianDropout, GaussianNoise

__all__ = [
    "ELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "Average",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Convolution2D",
    "Dense",
    "Dot",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

_MODULES = {
    "activation": "ELU LeakyReLU PReLU ReLU Softmax",
    "base": "Layer",
    "input_spec": "InputSpec",
    "convolution": "Conv2D Convolution2D",
    "core": "Activation Dense Flatten Identity Lambda Permute RepeatVector Reshape",
    "input": "Input InputLayer",
    "merge": "Add Average Concatenate Dot Maximum Minimum Multiply Subtract "
    "add average concatenate dot maximum minimum multiply subtract",
    "normalization": "BatchNormalization",
    "pooling": "AveragePooling2D AvgPool2D GlobalAveragePooling2D GlobalAvgPool2D "
    "GlobalMaxPool2D GlobalMaxPooling2D MaxPool2D MaxPooling2D",
    "regularization": "ActivityRegularization Dropout GaussianDropout GaussianNoise",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Imports a layer at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
