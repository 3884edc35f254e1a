"""Keras 3's layers on TensorFlow, mapped over whole batches by `tf.data`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.compare.protocol import serve
from benchmarks.images.pictures import FIXED, RANGES, SIZE
from benchmarks.images.workers.base import PictureWorker

__all__ = ["KerasLayers"]


class KerasLayers(PictureWorker):
    """As Keras's guide on preprocessing layers does it, with batches made ahead."""

    def versions(self) -> dict[str, str]:
        """Keras's and TensorFlow's."""
        tf.config.threading.set_intra_op_parallelism_threads(self.task["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(self.task["threads"])
        return {name: version(name) for name in ("keras", "tensorflow-cpu")}

    def fixed(self, picture: np.ndarray) -> np.ndarray:
        """Ranges of one value; turned first, then moved by whole pixels, which mixes no more."""
        turn = -FIXED.degrees / 360
        rows, columns = -FIXED.rows / SIZE, -FIXED.columns / SIZE
        x = tf.constant(picture[None])
        x = layers.RandomRotation((turn, turn), fill_mode="nearest")(x, training=True)
        moving = layers.RandomTranslation((rows, rows), (columns, columns), fill_mode="nearest")
        return moving(x, training=True).numpy()[0]

    def decoded(self, path: str) -> np.ndarray:
        """As `image_dataset_from_directory` does it."""
        picture = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        return tf.image.resize(picture, (SIZE, SIZE), "bilinear").numpy()

    def from_memory(self, pictures: np.ndarray) -> Iterator[Any]:
        """Slices of one tensor, shuffled and batched."""
        data = tf.data.Dataset.from_tensor_slices(pictures).shuffle(len(pictures)).repeat()
        return self._augmented(data.batch(self.task["batch"], drop_remainder=True))

    def from_folder(self, folder: str, is_cached: bool) -> Iterator[Any]:
        """`image_dataset_from_directory`; a cache keeps decoded batches, without labels."""
        data = keras.utils.image_dataset_from_directory(
            folder,
            image_size=(SIZE, SIZE),
            interpolation="bilinear",
            batch_size=self.task["batch"],
            verbose=False,
        ).map(lambda x, y: x)
        return self._augmented((data.cache() if is_cached else data).repeat())

    def _augmented(self, data: tf.data.Dataset) -> Iterator[Any]:
        change = keras.Sequential(
            [
                layers.RandomRotation(RANGES.degrees / 360, fill_mode="nearest"),
                layers.RandomTranslation(RANGES.shift, RANGES.shift, fill_mode="nearest"),
                layers.RandomZoom(RANGES.zoom, RANGES.zoom, fill_mode="nearest"),
                layers.RandomFlip("horizontal"),
                layers.Rescaling(1 / 255),
            ]
        )
        options = tf.data.Options()
        options.threading.private_threadpool_size = self.task["threads"]
        options.deterministic = False
        data = data.map(lambda x: change(x, training=True), num_parallel_calls=tf.data.AUTOTUNE)
        return iter(data.prefetch(tf.data.AUTOTUNE).with_options(options))

    def as_array(self, batch: Any) -> np.ndarray:
        """A tensor's values."""
        return batch.numpy()


if __name__ == "__main__":
    serve(KerasLayers)
