"""Keras 3 on the backend that `KERAS_BACKEND` names: `fit` and `predict_on_batch`."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.keras_words import KerasLikeWorker

__all__ = ["KerasWorker"]

PACKAGES = {"tensorflow": "tensorflow-cpu", "jax": "jax", "torch": "torch"}


class KerasWorker(KerasLikeWorker):
    """Images have their channels last, but on torch, which prefers them first.

    Flattened they have them last in both cases: that is how Keras does it.
    """

    def __init__(self) -> None:
        import keras

        self.keras = keras
        self.backend = keras.backend.backend()
        self.images_first = self.backend == "torch"
        keras.config.set_image_data_format(
            "channels_first" if self.images_first else "channels_last"
        )

    def versions(self) -> dict[str, str]:
        """Keras's and its backend's."""
        return {name: version(name) for name in ("keras", PACKAGES[self.backend])}

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """With the number of threads that the backend can be told."""
        threads = self.task["threads"]
        if self.backend == "tensorflow":
            import tensorflow

            tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
            tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
        elif self.backend == "torch":
            import torch

            torch.set_num_threads(threads)
        if self.precision == "bfloat16":
            self.keras.mixed_precision.set_global_policy("mixed_bfloat16")
        super().build(weights)


if __name__ == "__main__":
    serve(KerasWorker)
