"""The networks, described once; each worker builds them in its framework's own words.

Shapes are `(height, width, channels)`, without the batch; weights are in Keras's layouts and
orders. Networks end in logits: their losses are cross-entropies of logits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["NETS", "Net", "Node", "channels_first", "make_data", "make_weights"]

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Node:
    """One layer.

    Attributes:
        kind: `conv`, `dense`, `batch_norm`, `relu`, `max_pool`, `global_mean`, `flatten`,
            `dropout`, `add`, `embedding` or `lstm`.
        name: of its own.
        inputs: names of other nodes; `"input"` is the data.
        options: what the kind needs: `units`, `size`, `stride`, `padding`, `relu`, `bias`, `rate`,
            `vocabulary`.
        before: shape that comes in.
        shape: shape that goes out.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    options: dict[str, Any]
    before: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass
class Net:
    """A network while it is described, and after.

    Attributes:
        name: of the network.
        input_shape: of one example.
        classes: how many logits; 1 means a yes or no.
        optimizer: `("adam", rate)` or `("momentum", rate)`, the latter with momentum 0.9.
        vocabulary: examples are integers below it; None for floats in 0..1.
    """

    name: str
    input_shape: tuple[int, ...]
    classes: int
    optimizer: tuple[str, float]
    vocabulary: int | None = None
    nodes: list[Node] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, **options: Any) -> str:
        """Adds a layer behind the last one, or behind those that are named; returns its name."""
        inputs = inputs or (self.nodes[-1].name if self.nodes else "input",)
        before = self.shape_of(inputs[0])
        name = f"{kind}_{len(self.nodes)}"
        shape = _shape_after(kind, before, options)
        self.nodes.append(Node(kind, name, inputs, options, before, shape))
        return name

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a node's output."""
        shapes = {node.name: node.shape for node in self.nodes}
        return {"input": self.input_shape, **shapes}[name]

    @property
    def has_dropout(self) -> bool:
        """Whether a training step draws random numbers."""
        return any(node.kind == "dropout" for node in self.nodes)

    @property
    def has_images(self) -> bool:
        """Whether there are channels, which some frameworks want in another place."""
        return len(self.input_shape) == 3


def _shape_after(kind: str, before: tuple[int, ...], options: dict[str, Any]) -> tuple[int, ...]:
    if kind == "conv":
        size, stride = options["size"], options.get("stride", 1)
        is_same = options.get("padding") == "same"
        extents = (-(-(n if is_same else n - size + 1) // stride) for n in before[:2])
        return (*extents, options["units"])
    if kind == "max_pool":
        return (before[0] // 2, before[1] // 2, before[2])
    if kind == "flatten":
        return (int(np.prod(before)),)
    if kind == "global_mean":
        return (before[-1],)
    if kind == "embedding":
        return (*before, options["units"])
    if kind in {"dense", "lstm"}:
        return (options["units"],)
    return before


# --- the networks ---------------------------------------------------------------------------------


def _vgg16(net: Net, dense: tuple[int, ...]) -> Net:
    """Simonyan and Zisserman 2014, configuration D."""
    for count, units in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            net.add("conv", units=units, size=3, padding="same", relu=True)
        net.add("max_pool")
    net.add("flatten")
    for units in dense:
        net.add("dense", units=units, relu=True)
    net.add("dense", units=net.classes)
    return net


def vgg16() -> Net:
    """VGG-16 for ImageNet: 138 million weights."""
    return _vgg16(Net("vgg16", (224, 224, 3), 1000, ("momentum", 0.001)), (4096, 4096))


def vgg16_cifar() -> Net:
    """VGG-16's convolutions for images of 32 x 32."""
    return _vgg16(Net("vgg16_cifar", (32, 32, 3), 10, ("momentum", 0.001)), (512,))


def mnist_cnn() -> Net:
    """The convolutional network of Keras's first example."""
    net = Net("mnist_cnn", (28, 28, 1), 10, ("adam", 0.001))
    net.add("conv", units=32, size=3, relu=True)
    net.add("conv", units=64, size=3, relu=True)
    net.add("max_pool")
    net.add("dropout", rate=0.25)
    net.add("flatten")
    net.add("dense", units=128, relu=True)
    net.add("dropout", rate=0.5)
    net.add("dense", units=10)
    return net


def _lenet(net: Net) -> Net:
    """LeNet-5 as in Caffe: convolutions 20 and 50 of 5 x 5, then 500."""
    for units in (20, 50):
        net.add("conv", units=units, size=5, relu=True)
        net.add("max_pool")
    net.add("flatten")
    net.add("dense", units=500, relu=True)
    net.add("dense", units=10)
    return net


def lenet() -> Net:
    """Caffe's LeNet for MNIST."""
    return _lenet(Net("lenet", (28, 28, 1), 10, ("adam", 0.001)))


def lenet_cifar() -> Net:
    """The same for images of 32 x 32 in colors."""
    return _lenet(Net("lenet_cifar", (32, 32, 3), 10, ("adam", 0.001)))


def mlp() -> Net:
    """784-512-512-10 with dropout, the multilayer perceptron of Keras's examples."""
    net = Net("mlp", (784,), 10, ("adam", 0.001))
    for _ in range(2):
        net.add("dense", units=512, relu=True)
        net.add("dropout", rate=0.2)
    net.add("dense", units=10)
    return net


def lstm() -> Net:
    """Words of 80 steps: an embedding, an LSTM of 128 units, and one answer."""
    net = Net("lstm", (80,), 1, ("adam", 0.001), vocabulary=20_000)
    net.add("embedding", units=128, vocabulary=20_000)
    net.add("lstm", units=128)
    net.add("dense", units=1)
    return net


def resnet20() -> Net:
    """He et al. 2015, section 4.2, with projections where the size changes."""
    net = Net("resnet20", (32, 32, 3), 10, ("momentum", 0.01))

    def conv(units: int, *inputs: str, size: int = 3, stride: int = 1) -> str:
        options = {"units": units, "size": size, "stride": stride}
        return net.add("conv", *inputs, padding="same", bias=False, **options)

    conv(16)
    net.add("batch_norm")
    top = net.add("relu")
    for units in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and units > 16 else 1
            conv(units, top, stride=stride)
            net.add("batch_norm")
            net.add("relu")
            conv(units)
            branch = net.add("batch_norm")
            if stride == 2:
                top = conv(units, top, size=1, stride=2)
            net.add("add", top, branch)
            top = net.add("relu")
    net.add("global_mean")
    net.add("dense", units=10)
    return net


_MAKERS = (vgg16, vgg16_cifar, mnist_cnn, lenet, lenet_cifar, mlp, lstm, resnet20)
NETS = {make.__name__: make for make in _MAKERS}


# --- their weights and data -----------------------------------------------------------------------


def make_weights(net: Net, seed: int = 0) -> dict[str, Arrays]:
    """The weights of each node that has any; all workers begin with the same.

    `conv` and `dense`: kernel and bias. `batch_norm`: gamma, beta, mean, variance. `embedding`: its
    table. `lstm`: kernel, recurrent kernel and bias, with gates in the order i, f, c, o.
    """
    random = np.random.default_rng(seed)

    def normal(shape: tuple[int, ...], fan_in: int) -> np.ndarray:
        scale = np.float32(np.sqrt(2 / fan_in))
        return random.standard_normal(shape, np.float32) * scale

    weights = {}
    for node in net.nodes:
        units = node.options.get("units", 0)
        if node.kind in {"conv", "dense"}:
            window = (node.options["size"],) * 2 if node.kind == "conv" else ()
            shape = (*window, node.before[-1], units)
            weights[node.name] = [normal(shape, int(np.prod(shape[:-1])))]
            if node.options.get("bias", True):
                weights[node.name].append(normal((units,), 200))
        elif node.kind == "batch_norm":
            one, zero = np.ones(node.before[-1], np.float32), np.zeros(node.before[-1], np.float32)
            weights[node.name] = [one, zero, zero, one]
        elif node.kind == "embedding":
            weights[node.name] = [normal((node.options["vocabulary"], units), 200)]
        elif node.kind == "lstm":
            kernel = normal((node.before[-1], 4 * units), node.before[-1])
            weights[node.name] = [
                kernel,
                normal((units, 4 * units), 4 * units),
                normal((4 * units,), 200),
            ]
    return weights


def channels_first(net: Net, weights: dict[str, Arrays]) -> dict[str, Arrays]:
    """The same network for images of `(channels, height, width)`.

    Convolutions keep Keras's kernels; what changes is the product that follows a flattened image,
    whose rows come in another order.
    """
    changed = dict(weights)
    flat = {node.name: node.before for node in net.nodes if node.kind == "flatten"}
    for node in net.nodes:
        if node.kind == "dense" and node.inputs[0] in flat:
            kernel, *rest = weights[node.name]
            image = kernel.reshape(*flat[node.inputs[0]], -1).transpose(2, 0, 1, 3)
            changed[node.name] = [np.ascontiguousarray(image).reshape(kernel.shape), *rest]
    return changed


def make_data(net: Net, count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Examples and their labels: int32 classes, or float32 of 0 and 1 in a column for one logit."""
    random = np.random.default_rng(seed)
    shape = (count, *net.input_shape)
    if net.vocabulary:
        x = random.integers(0, net.vocabulary, shape, np.int32)
    else:
        x = random.random(shape, np.float32)
    if net.classes == 1:
        return x, random.integers(0, 2, (count, 1)).astype(np.float32)
    return x, random.integers(0, net.classes, count, np.int32)
