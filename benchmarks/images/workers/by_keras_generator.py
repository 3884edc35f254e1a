"""Keras's `ImageDataGenerator`, which Keras 3 keeps beside its public names.

Variant "" asks its iterators for the next batch, as Keras 3's `fit` does: one thread makes it.
Variant "threads" asks for them by number from several threads, as `fit_generator(workers=2)` did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from keras.utils import img_to_array, load_img

from benchmarks.compare.protocol import serve
from benchmarks.images.pictures import FIXED, RANGES, SIZE
from benchmarks.images.workers.base import PictureWorker

__all__ = ["KerasGenerator"]


class KerasGenerator(PictureWorker):
    """SciPy resamples each channel of each picture."""

    def versions(self) -> dict[str, str]:
        """Keras's, and SciPy's, which computes."""
        return {name: version(name) for name in ("keras", "scipy")}

    def fixed(self, picture: np.ndarray) -> np.ndarray:
        """Columns first and rows second, unlike Keras 2.3.1, so that it turns the other way."""
        parameters = {"theta": -FIXED.degrees, "tx": FIXED.columns, "ty": FIXED.rows}
        return ImageDataGenerator().apply_transform(picture.astype(np.float32), parameters)

    def decoded(self, path: str) -> np.ndarray:
        """By Pillow."""
        return img_to_array(load_img(path, target_size=(SIZE, SIZE), interpolation="bilinear"))

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
        """`flow`."""
        return self._ahead(self._generator().flow(pictures, batch_size=self.task["batch"]))

    def from_folder(self, folder: str, is_cached: bool) -> Iterator[Any]:
        """`flow_from_directory`, which has no cache."""
        return self._ahead(
            self._generator().flow_from_directory(
                folder,
                target_size=(SIZE, SIZE),
                interpolation="bilinear",
                class_mode="sparse",
                batch_size=self.task["batch"],
            )
        )

    def _ahead(self, batches: Any) -> Iterator[Any]:
        """Batches by one thread; or by as many as there are, a few of them ahead."""
        if self.task["variant"] != "threads":
            yield from batches
        threads, number = self.task["threads"], 0
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Any] = deque()
            while True:
                while len(waiting) < 2 * threads:
                    waiting.append(pool.submit(batches.__getitem__, number % len(batches)))
                    number += 1
                yield waiting.popleft().result()

    def as_array(self, batch: Any) -> np.ndarray:
        """Without labels."""
        return batch[0] if isinstance(batch, tuple) else batch


if __name__ == "__main__":
    serve(KerasGenerator)
