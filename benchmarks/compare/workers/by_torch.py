"""PyTorch: a plain training loop, and calls in inference mode.

Variants: `eager`, `channels_last` (the memory format that its convolutions prefer) and `compiled`
(`torch.compile`, which needs a C++ compiler).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.compare.models import Net, Node
from benchmarks.compare.protocol import serve
from benchmarks.compare.workers.base import FrameworkWorker

__all__ = ["TorchNet", "TorchWorker"]


class LastStep(nn.Module):
    """An LSTM of which the last output is wanted."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.cell = nn.LSTM(inputs, units, batch_first=True)
        # Torch has two biases where Keras has one: the second one stays zero.
        self.cell.bias_hh_l0.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, features) -> (batch, units)."""
        return self.cell(x)[0][:, -1]


class TorchNet(nn.Module):
    """A described network; images are `(batch, channels, height, width)`."""

    def __init__(self, net: Net, weights: dict[str, list[np.ndarray]]) -> None:
        super().__init__()
        self.plan = [(node.name, node.inputs, node.kind) for node in net.nodes]
        self.parts = nn.ModuleDict()
        for node in net.nodes:
            if node.kind != "add":
                part = self.parts[node.name] = _module(node)
                _set_weights(part, node.kind, weights.get(node.name, []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        values = {"input": x}
        for name, inputs, kind in self.plan:
            if kind == "add":
                values[name] = values[inputs[0]] + values[inputs[1]]
            else:
                values[name] = self.parts[name](values[inputs[0]])
        return values[self.plan[-1][0]]


def _module(node: Node) -> nn.Module:
    options = node.options
    units = options.get("units", 0)
    if node.kind == "conv":
        module: nn.Module = _convolution(node)
    elif node.kind == "dense":
        module = nn.Linear(node.before[-1], units)
    elif node.kind == "batch_norm":
        return nn.BatchNorm2d(node.before[-1], eps=1e-5, momentum=0.1)
    elif node.kind == "embedding":
        return nn.Embedding(options["vocabulary"], units)
    elif node.kind == "lstm":
        return LastStep(node.before[-1], units)
    elif node.kind == "dropout":
        return nn.Dropout(options["rate"])
    elif node.kind == "global_mean":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    else:
        return {"relu": nn.ReLU, "max_pool": lambda: nn.MaxPool2d(2), "flatten": nn.Flatten}[
            node.kind
        ]()
    return nn.Sequential(module, nn.ReLU()) if options.get("relu") else module


def _convolution(node: Node) -> nn.Module:
    """SAME may pad one more behind than before, which torch does in a step of its own."""
    size, stride = node.options["size"], node.options.get("stride", 1)
    before = after = 0
    if node.options.get("padding") == "same":
        total = max((node.shape[0] - 1) * stride + size - node.before[0], 0)
        before, after = total // 2, total - total // 2
    convolution = nn.Conv2d(
        node.before[-1],
        node.options["units"],
        size,
        stride,
        padding=before if before == after else 0,
        bias=node.options.get("bias", True),
    )
    if before == after:
        return convolution
    return nn.Sequential(nn.ZeroPad2d((before, after, before, after)), convolution)


def _set_weights(part: nn.Module, kind: str, arrays: list[np.ndarray]) -> None:
    if not arrays:
        return
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.Embedding, nn.LSTM)
    (module,) = (inner for inner in part.modules() if isinstance(inner, kinds))
    if kind == "conv":
        arrays = [arrays[0].transpose(3, 2, 0, 1), *arrays[1:]]
    elif kind in {"dense", "lstm"}:
        arrays = [array.T for array in arrays]  # a bias stays as it is
    names = {
        "batch_norm": ["weight", "bias", "running_mean", "running_var"],
        "lstm": ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"],
    }.get(kind, ["weight", "bias"])
    with torch.no_grad():
        for name, array in zip(names, arrays, strict=False):
            getattr(module, name).copy_(torch.from_numpy(np.ascontiguousarray(array)))
        if kind == "lstm":
            module.bias_hh_l0.zero_()


class TorchWorker(FrameworkWorker):
    """The loop of PyTorch's tutorials, with its fused optimizers."""

    images_first = True
    flattens_first = True

    def versions(self) -> dict[str, str]:
        """Torch's."""
        return {"torch": torch.__version__}

    def build(self, weights: dict[str, list[np.ndarray]]) -> None:
        """The module, its optimizer and its loss."""
        torch.set_num_threads(self.task["threads"])
        module = TorchNet(self.net, weights)
        self.format = torch.contiguous_format
        if self.task["variant"] == "channels_last":
            self.format = torch.channels_last
            module = module.to(memory_format=torch.channels_last)
        name, rate = self.net.optimizer
        wanted = [p for p in module.parameters() if p.requires_grad]
        if name == "adam":
            self.optimizer = torch.optim.Adam(wanted, rate, eps=1e-7, fused=True)
        else:
            self.optimizer = torch.optim.SGD(wanted, rate, momentum=0.9, fused=True)
        self.loss = nn.BCEWithLogitsLoss() if self.net.classes == 1 else nn.CrossEntropyLoss()
        self.module = module
        self.call = torch.compile(module) if self.task["variant"] == "compiled" else module

    def _autocast(self) -> torch.autocast:
        is_rounded = self.precision == "bfloat16"
        return torch.autocast("cpu", torch.bfloat16, enabled=is_rounded)

    def _tensor(self, x: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(x)
        return tensor.contiguous(memory_format=self.format) if x.ndim == 4 else tensor

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Without dropout, and with the kept means of batch normalization."""
        self.module.eval()
        with torch.inference_mode(), self._autocast():
            return self.module(self._tensor(x)).float().numpy()

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """As tensors, cut into batches."""
        size = self.task["batch"]
        labels = torch.from_numpy(y if self.net.classes == 1 else y.astype(np.int64))
        self.batches = list(zip(self._tensor(x).split(size), labels.split(size), strict=True))

    def fit(self, steps: int) -> None:
        """Forward, backward, update."""
        self.module.train()
        total = 0.0
        for x, y in self.batches:
            self.optimizer.zero_grad(set_to_none=True)
            with self._autocast():
                loss = self.loss(self.call(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item()  # as `fit` tells it

    def predict(self, steps: int) -> None:
        """One call a batch."""
        self.module.eval()
        with torch.inference_mode(), self._autocast():
            for _ in range(steps):
                self.call(self.batches[0][0]).float().numpy()


if __name__ == "__main__":
    serve(TorchWorker)
