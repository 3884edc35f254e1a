"""thalweg: `ImageDataGenerator`, its `flow` and its `flow_from_directory`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import thalweg
from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.by_thalweg import our_version
from benchmarks.images.pictures import FIXED, RANGES, SIZE
from benchmarks.images.workers.base import PictureWorker
from thalweg.preprocessing.image import ImageDataGenerator, load_img

__all__ = ["ThalwegPictures"]


class ThalwegPictures(PictureWorker):
    """With the engine, on as many threads as the others."""

    def versions(self) -> dict[str, str]:
        """Ours."""
        thalweg.set_threads(self.task["threads"])
        return our_version()

    def fixed(self, picture: np.ndarray) -> np.ndarray:
        """About the picture's exact centre, as the others."""
        parameters = {"theta": FIXED.degrees, "tx": FIXED.rows, "ty": FIXED.columns}
        generator = ImageDataGenerator(corrected=True)
        return generator.apply_transform(picture.astype(np.float32), parameters)

    def decoded(self, path: str) -> np.ndarray:
        """By Pillow, whose bilinear mixes as many pixels as it skips."""
        return np.asarray(load_img(path, target_size=(SIZE, SIZE), interpolation="bilinear"))

    def _generator(self) -> ImageDataGenerator:
        return ImageDataGenerator(
            rotation_range=RANGES.degrees,
            width_shift_range=RANGES.shift,
            height_shift_range=RANGES.shift,
            zoom_range=RANGES.zoom,
            horizontal_flip=True,
            rescale=1 / 255,
        )

    def from_memory(self, pictures: np.ndarray) -> Iterator[Any]:
        """`flow`, which never ends."""
        return self._generator().flow(pictures, batch_size=self.task["batch"], seed=1)

    def from_folder(self, folder: str, is_cached: bool) -> Iterator[Any]:
        """`flow_from_directory`, with its cache as it is, or without."""
        return self._generator().flow_from_directory(
            folder,
            target_size=(SIZE, SIZE),
            interpolation="bilinear",
            class_mode="sparse",
            batch_size=self.task["batch"],
            seed=1,
            cache_bytes=None if is_cached else 0,
            verbose=False,
        )

    def as_array(self, batch: Any) -> np.ndarray:
        """Without labels."""
        return batch[0] if isinstance(batch, tuple) else batch


if __name__ == "__main__":
    serve(ThalwegPictures)
