"""OpenVINO: a compiled model, one synchronous request a batch."""

from __future__ import annotations

import numpy as np
import openvino

from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.base import FrameworkWorker
from benchmarks.compare.workers.onnx_words import onnx_model

__all__ = ["OpenVinoWorker"]


class OpenVinoWorker(FrameworkWorker):
    """In fp32 unless told: left alone, it computes in bf16 where the processor can."""

    images_first = True
    flattens_first = True

    def versions(self) -> dict[str, str]:
        """Its release, without the build's number."""
        return {"openvino": openvino.__version__.split("-")[0]}

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """Compiled for latency, on as many threads as the others have."""
        core = openvino.Core()
        data = onnx_model(self.net, weights, self.task["batch"]).SerializeToString()
        options = {
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[self.precision],
            "INFERENCE_NUM_THREADS": self.task["threads"],
            "PERFORMANCE_HINT": "LATENCY",
        }
        model = core.read_model(model=data, weights=b"")
        self.request = core.compile_model(model, "CPU", options).create_infer_request()

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The first output."""
        return np.array(self.request.infer([x])[0])

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """NumPy's arrays are taken as they are."""
        self.x = x

    def fit(self, steps: int) -> None:
        """It only predicts."""
        raise NotImplementedError("OpenVINO only predicts")

    def predict(self, steps: int) -> None:
        """One request a batch."""
        for _ in range(steps):
            self.request.infer([self.x])


if __name__ == "__main__":
    serve(OpenVinoWorker)
