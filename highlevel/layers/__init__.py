"""Layers: a name is imported when it is first used, so the package itself costs nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .activation import ELU, LeakyReLU, PReLU, ReLU, Softmax
    from .attention import AdditiveAttention, Attention
    from .base import Layer
    from .convolution import (
        Conv1D,
        Conv2D,
        Conv3D,
        Convolution1D,
        Convolution2D,
        Convolution3D,
    )
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
    from .depthwise import (
        DepthwiseConv1D,
        DepthwiseConv2D,
    )
    from .einsum_dense import EinsumDense
    from .embedding import Embedding
    from .global_pooling import (
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAveragePooling3D,
        GlobalAvgPool1D,
        GlobalAvgPool2D,
        GlobalAvgPool3D,
        GlobalMaxPool1D,
        GlobalMaxPool2D,
        GlobalMaxPool3D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GlobalMaxPooling3D,
    )
    from .group_normalization import GroupNormalization, RMSNormalization, UnitNormalization
    from .input import Input, InputLayer
    from .input_spec import InputSpec
    from .layer_normalization import (
        LayerNormalization,
    )
    from .masking import Masking
    from .merge_modes import Merge, merge
    from .merging import (
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
    from .padding import (
        Cropping1D,
        Cropping2D,
        Cropping3D,
        ZeroPadding1D,
        ZeroPadding2D,
        ZeroPadding3D,
    )
    from .pooling import (
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        AvgPool1D,
        AvgPool2D,
        AvgPool3D,
        MaxPool1D,
        MaxPool2D,
        MaxPool3D,
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
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
    from .regularization import (
        ActivityRegularization,
        AlphaDropout,
        Dropout,
        GaussianDropout,
        GaussianNoise,
        SpatialDropout1D,
        SpatialDropout2D,
        SpatialDropout3D,
    )
    from .separable import (
        SeparableConv1D,
        SeparableConv2D,
        SeparableConvolution1D,
        SeparableConvolution2D,
    )
    from .transposed import (
        Conv1DTranspose,
        Conv2DTranspose,
        Conv3DTranspose,
        Convolution1DTranspose,
        Convolution2DTranspose,
        Convolution3DTranspose,
    )
    from .upsampling import (
        UpSampling1D,
        UpSampling2D,
        UpSampling3D,
    )

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
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
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Merge",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
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
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "merge",
    "minimum",
    "multiply",
    "subtract",
]

_MODULES = {
    "activation": "ELU LeakyReLU PReLU ReLU Softmax",
    "base": "Layer",
    "input_spec": "InputSpec",
    "convolution": "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D",
    "core": "Activation Dense Flatten Identity Lambda Permute RepeatVector Reshape",
    "input": "Input InputLayer",
    "merge_modes": "Merge merge",
    "merging": "Add Average Concatenate Dot Maximum Minimum Multiply Subtract add average "
    "concatenate dot maximum minimum multiply subtract",
    "normalization": "BatchNormalization",
    "pooling": "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D "
    "AvgPool3D MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D",
    "attention": "AdditiveAttention Attention",
    "einsum_dense": "EinsumDense",
    "group_normalization": "GroupNormalization RMSNormalization UnitNormalization",
    "multi_head_attention": "MultiHeadAttention",
    "depthwise": "DepthwiseConv1D DepthwiseConv2D",
    "embedding": "Embedding",
    "masking": "Masking",
    "padding": "Cropping1D Cropping2D Cropping3D ZeroPadding1D ZeroPadding2D ZeroPadding3D",
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
    "recurrent": "GRU LSTM RNN Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D CuDNNGRU "
    "CuDNNLSTM GRUCell LSTMCell SimpleRNN SimpleRNNCell StackedRNNCells "
    "TimeDistributed Wrapper",
    "regularization": "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "global_pooling": "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
    "GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D "
    "GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GlobalMaxPooling3D",
    "layer_normalization": "LayerNormalization",
    "separable": "SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D",
    "transposed": "Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1DTranspose "
    "Convolution2DTranspose Convolution3DTranspose",
    "upsampling": "UpSampling1D UpSampling2D UpSampling3D",
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
