"""A described network as an ONNX model, for the runtimes that only predict."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from benchmarks.compare.models import Net, Node

__all__ = ["onnx_model"]

OPSET = 17


def onnx_model(net: Net, weights: dict[str, list[np.ndarray]], batch: int) -> ModelProto:
    """The network with its weights.

    Args:
        net: the description.
        weights: of each node, for images with their channels first.
        batch: examples a call.
    """
    shape = net.input_shape
    if net.has_images:
        shape = (shape[2], *shape[:2])
    kind = TensorProto.INT32 if net.vocabulary else TensorProto.FLOAT
    writer = _Writer()
    for node in net.nodes:
        writer.write(node, weights.get(node.name, []))
    graph = helper.make_graph(
        writer.nodes,
        net.name,
        [helper.make_tensor_value_info("input", kind, (batch, *shape))],
        [
            helper.make_tensor_value_info(
                net.nodes[-1].name, TensorProto.FLOAT, (batch, net.classes)
            )
        ],
        writer.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


class _Writer:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def op(self, op: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(op, inputs, [output], output, **attributes))

    def write(self, node: Node, arrays: list[np.ndarray]) -> None:
        """One layer, of one or more ONNX nodes."""
        options, name, inputs = node.options, node.name, list(node.inputs)
        value = f"{name}/value" if options.get("relu") else name
        if node.kind == "conv":
            arrays = [arrays[0].transpose(3, 2, 0, 1), *arrays[1:]]
        if node.kind in {"conv", "dense", "batch_norm"}:
            inputs += [self.constant(f"{name}/{i}", array) for i, array in enumerate(arrays)]
        if node.kind == "conv":
            size, stride = options["size"], options.get("stride", 1)
            padding = "SAME_UPPER" if options.get("padding") == "same" else "VALID"
            sizes = {"kernel_shape": [size, size], "strides": [stride, stride]}
            self.op("Conv", inputs, value, auto_pad=padding, **sizes)
        elif node.kind == "dense":
            self.op("Gemm", inputs, value)
        elif node.kind == "batch_norm":
            self.op("BatchNormalization", inputs, value, epsilon=1e-5)
        elif node.kind == "max_pool":
            self.op("MaxPool", inputs, value, kernel_shape=[2, 2], strides=[2, 2])
        elif node.kind == "global_mean":
            self.op("GlobalAveragePool", inputs, f"{name}/mean")
            self.op("Flatten", [f"{name}/mean"], value)
        elif node.kind == "embedding":
            self.op("Gather", [self.constant(f"{name}/0", arrays[0]), *inputs], value)
        elif node.kind == "lstm":
            self._lstm(node, arrays)
        else:
            plain = {"relu": "Relu", "flatten": "Flatten", "add": "Add", "dropout": "Identity"}
            self.op(plain[node.kind], inputs, value)
        if options.get("relu"):
            self.op("Relu", [value], name)

    def _lstm(self, node: Node, arrays: list[np.ndarray]) -> None:
        """ONNX takes (time, batch, features), and gates in the order i, o, f, c."""
        name, units = node.name, node.options["units"]

        def reordered(array: np.ndarray) -> np.ndarray:
            i, f, c, o = np.split(array, 4, axis=-1)
            return np.concatenate([i, o, f, c], axis=-1).T[None]

        kernel, recurrent, bias = (reordered(array) for array in arrays)
        bias = np.concatenate([bias, np.zeros_like(bias)], axis=1)
        constants = [
            self.constant(f"{name}/{i}", array) for i, array in enumerate((kernel, recurrent, bias))
        ]
        self.op("Transpose", list(node.inputs), f"{name}/steps", perm=[1, 0, 2])
        inputs = [f"{name}/steps", *constants]
        outputs = ["", f"{name}/last"]
        self.nodes.append(
            helper.make_node("LSTM", inputs, outputs, f"{name}/last", hidden_size=units)
        )
        axis = self.constant(f"{name}/axis", np.array([0], np.int64))
        self.op("Squeeze", [f"{name}/last", axis], name)
