"""thalweg: `fit` and `predict_on_batch` of a functional model."""

from __future__ import annotations

import numpy as np

import thalweg
from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.base import FrameworkWorker
from benchmarks.compare.workers.keras_words import build_model, compile_model

__all__ = ["ThalwegWorker"]


class ThalwegWorker(FrameworkWorker):
    """With the engine, on as many threads as the others."""

    def versions(self) -> dict[str, str]:
        """Ours, and the instruction set of the engine's kernels."""
        isa = thalweg.core.get_instruction_set() or "no engine"
        return {"thalweg": f"{thalweg.__version__} ({isa})"}

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """Our words are Keras's."""
        thalweg.set_threads(self.task["threads"])
        self.model = build_model(thalweg, self.net, weights)
        compile_model(thalweg, self.net, self.model)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """As `predict` gives them."""
        return np.asarray(self.model.predict_on_batch(x))

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """NumPy's arrays are taken as they are."""
        self.x, self.y = x, y

    def fit(self, steps: int) -> None:
        """One epoch over the loaded batches."""
        self.model.fit(
            self.x, self.y, batch_size=self.task["batch"], epochs=1, shuffle=False, verbose=0
        )

    def predict(self, steps: int) -> None:
        """One call a batch."""
        for _ in range(steps):
            self.model.predict_on_batch(self.x)


if __name__ == "__main__":
    serve(ThalwegWorker)
