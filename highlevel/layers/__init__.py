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
    from .depthwise import DepthwiseConv2D
    from .embedding import Embedding
    from .input import Input, InputLayer
    from .input_spec import InputSpec
    from .masking import Masking
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
    from .padding import ZeroPadding2D
    from .pooling import (
        AveragePooling2D,
        AvgPool2D,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAvgPool1D,
        GlobalAvgPool2D,
        GlobalMaxPool1D,
        GlobalMaxPool2D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        MaxPool2D,
        MaxPooling2D,
    )
    from .preprocessing.adaptive_equalization import (
        ContrastLimitedAdaptiveHistogramEqualization,
    )
    from .preprocessing.boxes import MaxNumBoundingBoxes
    from .preprocessing.category_encoding import CategoryEncoding
    from .preprocessing.colours import (
        RandomBrightness,
        RandomColorDegeneration,
        RandomColorJitter,
        RandomContrast,
        RandomGrayscale,
        RandomHue,
        RandomSaturation,
    )
    from .preprocessing.discretization import Discretization
    from .preprocessing.elastic import RandomElasticTransform
    from .preprocessing.geometry import (
        RandomFlip,
        RandomPerspective,
        RandomRotation,
        RandomShear,
        RandomTranslation,
        RandomZoom,
    )
    from .preprocessing.hashing import HashedCrossing, Hashing
    from .preprocessing.levels import (
        AutoContrast,
        Equalization,
        RandomInvert,
        RandomPosterization,
        Solarization,
    )
    from .preprocessing.lookup import IntegerLookup, StringLookup
    from .preprocessing.mixing import (
        CutMix,
        MixUp,
        RandomErasing,
    )
    from .preprocessing.normalization import Normalization
    from .preprocessing.pipeline import Pipeline
    from .preprocessing.policies import AugMix, RandAugment
    from .preprocessing.rescaling import Rescaling
    from .preprocessing.resizing import (
        CenterCrop,
        RandomCrop,
        Resizing,
    )
    from .preprocessing.sharpness import RandomGaussianBlur, RandomSharpness
    from .preprocessing.text_vectorization import TextVectorization
    from .recurrent import (
        GRU,
        LSTM,
        RNN,
        Bidirectional,
        ConvLSTM1D,
        ConvLSTM2D,
        ConvLSTM3D,
        CuDNNGRU,
        CuDNNLSTM,
        GRUCell,
        LSTMCell,
        SimpleRNN,
        SimpleRNNCell,
        StackedRNNCells,
        TimeDistributed,
        Wrapper,
    )
    from .regularization import ActivityRegularization, Dropout, GaussianDropout, GaussianNoise

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv2D",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution2D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "CutMix",
    "Dense",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "Embedding",
    "Equalization",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool2D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "MixUp",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "Wrapper",
    "ZeroPadding2D",
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
    "pooling": "AveragePooling2D AvgPool2D GlobalAveragePooling1D GlobalAvgPool1D "
    "GlobalMaxPool1D GlobalMaxPooling1D GlobalAveragePooling2D GlobalAvgPool2D "
    "GlobalMaxPool2D GlobalMaxPooling2D MaxPool2D MaxPooling2D",
    "depthwise": "DepthwiseConv2D",
    "embedding": "Embedding",
    "masking": "Masking",
    "padding": "ZeroPadding2D",
    "preprocessing.adaptive_equalization": "ContrastLimitedAdaptiveHistogramEqualization",
    "preprocessing.boxes": "MaxNumBoundingBoxes",
    "preprocessing.category_encoding": "CategoryEncoding",
    "preprocessing.discretization": "Discretization",
    "preprocessing.hashing": "HashedCrossing Hashing",
    "preprocessing.lookup": "IntegerLookup StringLookup",
    "preprocessing.normalization": "Normalization",
    "preprocessing.text_vectorization": "TextVectorization",
    "preprocessing.colours": "RandomBrightness RandomColorDegeneration RandomColorJitter "
    "RandomContrast RandomGrayscale RandomHue RandomSaturation",
    "preprocessing.elastic": "RandomElasticTransform",
    "preprocessing.geometry": "RandomFlip RandomPerspective RandomRotation RandomShear "
    "RandomTranslation RandomZoom",
    "preprocessing.levels": "AutoContrast Equalization RandomInvert RandomPosterization "
    "Solarization",
    "preprocessing.mixing": "CutMix MixUp RandomErasing",
    "preprocessing.pipeline": "Pipeline",
    "preprocessing.policies": "AugMix RandAugment",
    "preprocessing.rescaling": "Rescaling",
    "preprocessing.resizing": "CenterCrop RandomCrop Resizing",
    "preprocessing.sharpness": "RandomGaussianBlur RandomSharpness",
    "recurrent": "GRU LSTM RNN Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D "
    "CuDNNGRU CuDNNLSTM GRUCell LSTMCell SimpleRNN SimpleRNNCell StackedRNNCells "
    "TimeDistributed Wrapper",
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
