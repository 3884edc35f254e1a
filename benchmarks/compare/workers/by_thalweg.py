"""thalweg: `fit` and `predict_on_batch` of a functional model."""

from __future__ import annotations

import numpy as np

import thalweg
from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.keras_words import KerasLikeWorker

__all__ = ["ThalwegWorker", "our_version"]


def our_version() -> dict[str, str]:
    """Our release, and the instruction set of the engine's kernels."""
    isa = thalweg.core.get_instruction_set() or "no engine"
    return {"thalweg": f"{thalweg.__version__} ({isa})"}


class ThalwegWorker(KerasLikeWorker):
    """With the engine, on as many threads as the others."""

    keras = thalweg  # our words are Keras's

    def versions(self) -> dict[str, str]:
        """Ours."""
        return our_version()

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """With the number of threads."""
        thalweg.set_threads(self.task["threads"])
        thalweg.set_precision(self.precision)
        super().build(weights)


if __name__ == "__main__":
    serve(ThalwegWorker)
