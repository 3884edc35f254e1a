"""`fit` of a network on CIFAR-10, from its files or from memory: steps are epochs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import thalweg
from benchmarks.compare.models import NETS, make_weights
from benchmarks.compare.protocol import Task, encode, serve
from benchmarks.compare.workers.by_thalweg import our_version
from benchmarks.compare.workers.keras_words import build_model, compile_model
from thalweg.preprocessing.image import ImageDataGenerator

__all__ = ["Training"]

CHECKED = 4  # pictures whose outputs are compared


class Training:
    """Variant "folder" reads with `flow_from_directory`, "memory" has all of it in an array.

    Both shuffle, and begin with the same weights.
    """

    def start(self, task: Task) -> dict[str, Any]:
        """What the network says of the first pictures goes to the parent."""
        thalweg.set_threads(task["threads"])
        self.task = task
        net = NETS[task["net"]]()
        self.model = build_model(thalweg, net, make_weights(net))
        compile_model(thalweg, net, self.model)
        ordered = self._batches(shuffle=False)
        if task["variant"] == "folder":
            self.data = {"x": self._batches(shuffle=True)}
            first = ordered[0][0]
        else:
            batches = [ordered[number] for number in range(len(ordered))]
            x, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
            self.data = {"x": x, "y": y, "batch_size": task["batch"], "shuffle": True}
            first = x
        outputs = np.asarray(self.model.predict_on_batch(first[:CHECKED]))
        return {"versions": our_version(), "before": encode(outputs)}

    def run(self, steps: int) -> float:
        """Seconds of so many epochs."""
        start = time.perf_counter()
        self.model.fit(**self.data, epochs=steps, verbose=0)
        return time.perf_counter() - start

    def _batches(self, shuffle: bool) -> Any:
        return ImageDataGenerator(rescale=1 / 255).flow_from_directory(
            self.task["folder"],
            target_size=(32, 32),
            class_mode="sparse",
            batch_size=self.task["batch"],
            shuffle=shuffle,
            seed=1,
            verbose=False,
        )


if __name__ == "__main__":
    serve(Training)
