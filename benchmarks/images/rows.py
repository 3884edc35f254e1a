"""The rows of the tables."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ROWS", "TRAIN", "Row"]

TRAIN = "train"


class Row(NamedTuple):
    """Some work.

    Attributes:
        name: as in `--only`.
        mode: `augment` takes pictures from memory, `folder` decodes files each time, `cached`
            keeps what was decoded; `train` fits a network.
        batch: pictures a batch.
        net: the network that is fitted.
    """

    name: str
    mode: str
    batch: int
    net: str = ""


ROWS = [
    Row("augment-224", "augment", 64),
    Row("folder-224", "folder", 32),
    Row("folder-224-cached", "cached", 32),
    Row("cifar-vgg", TRAIN, 128, "vgg16_cifar"),
    Row("cifar-lenet", TRAIN, 128, "lenet_cifar"),
]
