"""ONNX Runtime: one session, one call a batch."""

from __future__ import annotations

import numpy as np
import onnxruntime

from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.base import FrameworkWorker
from benchmarks.compare.workers.onnx_words import onnx_model

__all__ = ["OnnxRuntimeWorker"]


class OnnxRuntimeWorker(FrameworkWorker):
    """On its CPU provider, with all of its graph's optimizations."""

    images_first = True
    flattens_first = True

    def versions(self) -> dict[str, str]:
        """The runtime's."""
        return {"onnxruntime": onnxruntime.__version__}

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """A session of as many threads as the others have."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.task["threads"]
        options.inter_op_num_threads = 1
        model = onnx_model(self.net, weights, self.task["batch"])
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The first output."""
        return self.session.run(None, {"input": x})[0]

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """NumPy's arrays are taken as they are."""
        self.x = x

    def fit(self, steps: int) -> None:
        """It only predicts."""
        raise NotImplementedError("onnxruntime only predicts")

    def predict(self, steps: int) -> None:
        """One call a batch."""
        for _ in range(steps):
            self.session.run(None, {"input": self.x})


if __name__ == "__main__":
    serve(OnnxRuntimeWorker)
