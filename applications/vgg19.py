"""VGG-19, with the weights that Keras publishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.models import Model

from .building import Arguments
from .imagenet import decode_predictions, preprocess_input
from .vgg import IMAGENET, vgg
from .weights import Pretrained, published

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

_FILE = "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels"
_NAMED = {
    "imagenet": (
        IMAGENET,
        (4096, 4096),
        Pretrained(
            published(f"{_FILE}.h5", "cbe5617147190e668d6c5d5026f83318", 600_000_000),
            published(f"{_FILE}_notop.h5", "253f8cb515780f3b799900260a226db6", 90_000_000),
        ),
    )
}


def VGG19(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "vgg19",
    *,
    head: Sequence[int] | None = None,
) -> Model:
    """VGG-19: sixteen convolutions in five blocks, then three dense layers.

    Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    2015, table 1, column E.

    Args:
        include_top: whether the dense layers are there.
        weights: `"imagenet"` (Keras's file, looked for and fetched as
            `thalweg.datasets.download` says), the path of an HDF5 file, or None for random ones.
        input_tensor: a tensor to begin at, of `Input` or of layers.
        input_shape: (height, width, 3), at least 32 x 32; (224, 224, 3) if it is None and the
            top is there, which `"imagenet"` then asks for.
        pooling: without the top: None for the last block's (batch, height, width, 512), `"avg"`
            or `"max"` for (batch, 512).
        classes: with the top, how many; 1000 with `"imagenet"`.
        classifier_activation: of the last layer; with trained weights `"softmax"` or None.
        name: of the model.
        head: sizes of the dense layers before the last; None for (4096, 4096). Not in Keras.

    Returns:
        A functional model: what `preprocess_input` gives -> (batch, classes).

    Raises:
        OptionError: for an argument outside its declared values.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError, ShapeError: the file is damaged or of another network.

    >>> VGG19(include_top=False, weights=None).output_shape
    (None, None, None, 512)
    """
    arguments = Arguments(
        *("VGG19", include_top, weights, input_tensor, input_shape, pooling, classes),
        classifier_activation,
    )
    return vgg(arguments, (2, 2, 4, 4, 4), head, _NAMED, name)
