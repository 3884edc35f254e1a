"""VGG: blocks of 3x3 convolutions, each block halved by pooling, then dense layers.

K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
ICLR 2015, table 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from thalweg.core import Tensor
from thalweg.layers import Conv2D, Dense, Flatten, MaxPooling2D
from thalweg.models import Model
from thalweg.options import COUNT, option_error

from .building import Arguments, Sizes, finish, image_input, pooled, predictions
from .imagenet import CLASSES
from .weights import Pretrained

__all__ = ["IMAGENET", "vgg"]

IMAGENET = Sizes((224, 224, 3), least=32, fixed=[(224, 224, 3)], classes=CLASSES)
_FILTERS = (64, 128, 256, 512, 512)
_HEAD = (4096, 4096)


def vgg(
    arguments: Arguments,
    depths: Sequence[int],
    head: Any,
    named: Mapping[str, tuple[Sizes, tuple[int, ...], Pretrained]],
    model_name: str,
) -> Model:
    """A network of this family.

    Args:
        arguments: as they came.
        depths: convolutions of each of the five blocks.
        head: sizes of the dense layers before the last; None for those of the weights.
        named: name of weights -> the pictures, the head and the files that go with it.
        model_name: of the model.
    """
    name = arguments.name_of_weights(list(named))
    sizes, usual_head = (IMAGENET, _HEAD) if name is None else named[name][:2]
    widths = usual_head if head is None else _checked_head(arguments.where, head)
    if arguments.include_top and name is not None and widths != usual_head:
        raise option_error(
            arguments.where, "head", head, f"{usual_head}, or None, with weights={name!r}"
        )
    x = inputs = image_input(arguments, name, sizes)
    for block, (filters, depth) in enumerate(zip(_FILTERS, depths, strict=True), start=1):
        x = _block(x, block, filters, depth)
    if arguments.include_top:
        x = Flatten(name="flatten")(x)
        for number, width in enumerate(widths, start=1):
            x = Dense(width, activation="relu", name=f"fc{number}")(x)
        x = predictions(arguments, x)
    else:
        x = pooled(x, arguments.pooling)
    files = {key: entry[2] for key, entry in named.items()}
    return finish(arguments, inputs, x, files, model_name)


def _checked_head(where: str, head: Any) -> tuple[int, ...]:
    if not isinstance(head, list | tuple):
        raise option_error(where, "head", head, "sizes of dense layers, such as (4096, 4096)")
    return tuple(COUNT.check(where, "head", width) for width in head)


def _block(x: Tensor, block: int, filters: int, depth: int) -> Tensor:
    """Convolutions and the pooling behind them."""
    for number in range(1, depth + 1):
        name = f"block{block}_conv{number}"
        x = Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
    return MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)  # type: ignore[no-any-return]
