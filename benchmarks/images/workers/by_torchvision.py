"""torchvision's transforms, version 2, on tensors of bytes.

Variant "" changes one picture at a time in the processes of a `DataLoader`. Variant "batch" changes
a whole batch in one call, which draws once for all of its pictures: less work of chance for the
same pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler

from benchmarks.compare.protocol import serve
from benchmarks.images.pictures import FIXED, RANGES, SIZE
from benchmarks.images.workers.base import PictureWorker

__all__ = ["Torchvision"]

_WITHOUT_END = 10**6  # epochs


def import_torchvision() -> Any:
    """torchvision, also where its compiled part does not fit this build of torch.

    The transformations are torch's own operators; what the compiled part has are operators on
    boxes, two of which the package wants to know of when it is imported.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in ("nms", "qnms"):
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", schema)
        import torchvision
    return torchvision


torchvision = import_torchvision()
from torchvision.datasets import ImageFolder  # noqa: E402 - the package is there only now
from torchvision.datasets.folder import default_loader  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

BILINEAR = v2.InterpolationMode.BILINEAR


class InMemory(Dataset):
    """Pictures of one tensor, each changed when it is asked for."""

    def __init__(self, pictures: torch.Tensor, change: Any) -> None:
        self.pictures, self.change = pictures, change

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> torch.Tensor:
        return self.change(self.pictures[number])


class Torchvision(PictureWorker):
    """Batches are (batch, channels, height, width); what is beyond a picture is black.

    Its transformations know no other border.
    """

    def versions(self) -> dict[str, str]:
        """Torch's and its own."""
        torch.set_num_threads(self.task["threads"])
        return {"torch": torch.__version__, "torchvision": torchvision.__version__}

    def fixed(self, picture: np.ndarray) -> np.ndarray:
        """In one call; the result is rounded to bytes."""
        tensor = torch.from_numpy(picture).permute(2, 0, 1)
        moved = v2.functional.affine(
            tensor,
            angle=FIXED.degrees,
            translate=[-FIXED.columns, -FIXED.rows],
            scale=1.0,
            shear=[0.0],
            interpolation=BILINEAR,
        )
        return moved.permute(1, 2, 0).numpy()

    def decoded(self, path: str) -> np.ndarray:
        """By Pillow; resized as a tensor."""
        return self._reading()(default_loader(path)).permute(1, 2, 0).numpy()

    def _reading(self) -> Any:
        """From Pillow's picture to a tensor of bytes of our size."""
        return v2.Compose([v2.PILToTensor(), v2.Resize((SIZE, SIZE), BILINEAR, antialias=True)])

    def _change(self) -> Any:
        return v2.Compose(
            [
                v2.RandomAffine(
                    RANGES.degrees,
                    (RANGES.shift, RANGES.shift),
                    (1 - RANGES.zoom, 1 + RANGES.zoom),
                    interpolation=BILINEAR,
                ),
                v2.RandomHorizontalFlip(),
            ]
        )

    def from_memory(self, pictures: np.ndarray) -> Iterator[Any]:
        """Picture by picture, or batch by batch."""
        tensor = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
        if self.task["variant"] == "batch":
            return self._by_batches(tensor)
        return self._loaded(InMemory(tensor, self._change()))

    def from_folder(self, folder: str, is_cached: bool) -> Iterator[Any]:
        """`ImageFolder`, which has no cache."""
        data = ImageFolder(folder, v2.Compose([self._reading(), self._change()]))
        return self._loaded(data)

    def _by_batches(self, pictures: torch.Tensor) -> Iterator[torch.Tensor]:
        """Floats first: to round and clip all pixels would cost more."""
        change = v2.Compose([v2.ToDtype(torch.float32, scale=True), self._change()])
        size = self.task["batch"]
        while True:
            for chosen in torch.randperm(len(pictures)).split(size):
                yield change(pictures[chosen])

    def _loaded(self, data: Dataset) -> Iterator[torch.Tensor]:
        """Bytes from the loader's processes, floats in this one."""
        loader = DataLoader(
            data,
            self.task["batch"],
            sampler=RandomSampler(data, num_samples=len(data) * _WITHOUT_END),
            num_workers=self.task["threads"],
            drop_last=True,
        )
        as_float = v2.ToDtype(torch.float32, scale=True)
        for batch in loader:
            yield as_float(batch[0] if isinstance(batch, list) else batch)

    def as_array(self, batch: torch.Tensor) -> np.ndarray:
        """With channels last."""
        return batch.permute(0, 2, 3, 1).numpy()


if __name__ == "__main__":
    serve(Torchvision)
