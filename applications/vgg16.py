"""VGG-16, with the weights that Keras publishes, or with our own for CIFAR-10."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import shape_text
from thalweg.core.errors import ShapeError
from thalweg.datasets.cifar10 import CLASSES as CIFAR10_CLASSES
from thalweg.models import Model
from thalweg.options import COUNT, OneOf

from . import imagenet
from .building import Arguments, Sizes
from .vgg import IMAGENET, vgg
from .weights import Pretrained, published, shipped

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

_FILE = "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels"
_NAMED = {
    "imagenet": (
        IMAGENET,
        (4096, 4096),
        Pretrained(
            published(f"{_FILE}.h5", "64373286793e3c8b2b4e3219cbf3544b", 560_000_000),
            published(f"{_FILE}_notop.h5", "6d6bbae143d832006294945121d1f1fc", 60_000_000),
        ),
    ),
    "cifar10": (
        Sizes((32, 32, 3), least=32, fixed=[(32, 32, 3)], classes=len(CIFAR10_CLASSES)),
        (512,),
        shipped("vgg16_cifar10.h5"),
    ),
}
_LABELS = OneOf("imagenet", "cifar10")


def VGG16(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "vgg16",
    *,
    head: Sequence[int] | None = None,
) -> Model:
    """VGG-16: thirteen convolutions in five blocks, then three dense layers.

    Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    2015, table 1, column D. With `weights="cifar10"` the dense layers are two, of 512 units and
    of 10.

    Args:
        include_top: whether the dense layers are there.
        weights: `"imagenet"` (Keras's file, looked for and fetched as
            `thalweg.datasets.download` says), `"cifar10"` (docs/applications.md), the path of an
            HDF5 file, or None for random ones.
        input_tensor: a tensor to begin at, of `Input` or of layers.
        input_shape: (height, width, 3), at least 32 x 32; (224, 224, 3) if it is None and the
            top is there. Named weights with their top fix it: `"imagenet"` to (224, 224, 3),
            `"cifar10"` to (32, 32, 3).
        pooling: without the top: None for the last block's (batch, height, width, 512), `"avg"`
            or `"max"` for (batch, 512).
        classes: with the top, how many; 1000 with `"imagenet"`, 10 with `"cifar10"`.
        classifier_activation: of the last layer; with trained weights `"softmax"` or None.
        name: of the model.
        head: sizes of the dense layers before the last; None for (4096, 4096), or (512,) with
            `"cifar10"`. Not in Keras.

    Returns:
        A functional model: what `preprocess_input` gives -> (batch, classes).

    Raises:
        OptionError: for an argument outside its declared values.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError, ShapeError: the file is damaged or of another network.

    >>> VGG16(include_top=False, weights=None, pooling="avg").output_shape
    (None, 512)
    """
    arguments = Arguments(
        *("VGG16", include_top, weights, input_tensor, input_shape, pooling, classes),
        classifier_activation,
    )
    return vgg(arguments, (2, 2, 3, 3, 3), head, _NAMED, name)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Blue, green, red, each less its mean over ImageNet; see `imagenet.preprocess_input`.

    The network with `weights="cifar10"` expects the same.

    Args:
        x: (..., height, width, 3), red, green, blue in 0..255: an array or a tensor.
        data_format: `"channels_last"`, which None means, or `"channels_first"`.

    >>> print(preprocess_input(np.zeros((1, 1, 3))))
    [[[-103.939 -116.779 -123.68 ]]]
    """
    return imagenet.preprocess_input(x, data_format)


def decode_predictions(preds: Any, top: int = 5, labels: str = "imagenet") -> imagenet.Decoded:
    """The names of the likeliest classes.

    Args:
        preds: (batch, 1000) float; (batch, 10) for CIFAR-10.
        top: how many classes of each picture.
        labels: `"imagenet"` or `"cifar10"`. Not in Keras.

    Returns:
        For each picture a list of (number of the class, name, probability), likeliest first.
        ImageNet's numbers are WordNet's, CIFAR-10's are `"0"` to `"9"`.

    Raises:
        ShapeError, DataError, FileFormatError: as `imagenet.decode_predictions`.

    >>> decode_predictions(np.eye(10)[[3]], top=1, labels="cifar10")[0][0][:2]
    ('3', 'cat')
    """
    if _LABELS.check("decode_predictions", "labels", labels) == "imagenet":
        return imagenet.decode_predictions(preds, top)
    values = np.asarray(preds)
    if values.ndim != 2 or values.shape[1] != len(CIFAR10_CLASSES):
        raise ShapeError(
            "decode_predictions",
            "not predictions for CIFAR-10's classes",
            expected=f"(batch, {len(CIFAR10_CLASSES)})",
            got=shape_text(values.shape),
        )
    COUNT.check("decode_predictions", "top", top)
    names = tuple((str(i), name) for i, name in enumerate(CIFAR10_CLASSES))
    return imagenet.best(values, names, top)
