"""Networks that thalweg and Keras both build, and weights for them made by NumPy alone.

The script that runs real Keras and the tests that run thalweg both import this file.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

__all__ = ["CASES", "FULL", "SMALL", "Case", "pictures", "set_all", "weights_of"]


class Case(NamedTuple):
    """A network.

    Args:
        name: of the case, and of the file that Keras publishes for it.
        function: in `keras.applications`.
        module: there, with its `preprocess_input`.
        arguments: for the function, without `weights`.
        side: of its pictures.
    """

    name: str
    function: str
    module: str
    arguments: dict[str, Any]
    side: int = 224


_TAIL = "weights_tf_dim_ordering_tf_kernels"


def _both(name: str, function: str, module: str, **arguments: Any) -> list[Case]:
    """With and without the top, in published names."""
    is_mobile = module == "mobilenet_v2"
    stem = f"{name}_{_TAIL}" + ("_1.0_224" if is_mobile else "")
    no_top = "_no_top" if is_mobile else "_notop"
    return [
        Case(f"{stem}.h5", function, module, arguments),
        Case(f"{stem}{no_top}.h5", function, module, {**arguments, "include_top": False}),
    ]


# As published: compared by hand, since the files take 1.5 GB.
FULL = [
    *_both("vgg16", "VGG16", "vgg16"),
    *_both("vgg19", "VGG19", "vgg19"),
    *_both("resnet50", "ResNet50", "resnet50"),
    *_both("mobilenet_v2", "MobileNetV2", "mobilenet_v2"),
]
# Small pictures: compared in every run of the tests.
_SMALL = {"include_top": False, "input_shape": (32, 32, 3)}
SMALL = [
    Case("vgg16_small", "VGG16", "vgg16", {**_SMALL, "pooling": "avg"}, 32),
    Case("vgg19_small", "VGG19", "vgg19", {**_SMALL, "pooling": "max"}, 32),
    Case("resnet50_small", "ResNet50", "resnet50", {**_SMALL, "pooling": "avg"}, 32),
    Case(
        "mobilenet_v2_small",
        "MobileNetV2",
        "mobilenet_v2",
        {"include_top": False, "input_shape": (33, 48, 3), "alpha": 0.35},
    ),
    Case(
        "mobilenet_v2_top",
        "MobileNetV2",
        "mobilenet_v2",
        {"input_shape": (32, 32, 3), "alpha": 0.35, "classes": 7},
        32,
    ),
]
CASES = {case.name: case for case in (*FULL, *SMALL)}


def _unit(seed: str, shape: Sequence[int]) -> Array:
    """Float32 numbers of 0 <= u < 1: the top 24 bits of PCG64's raw words, which never change."""
    words = np.random.PCG64(zlib.crc32(seed.encode())).random_raw(math.prod(shape))
    return ((words >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)).reshape(tuple(shape))


def pictures(case: Case, count: int = 2) -> Array:
    """Colours of 0..255, uint8 (count, height, width, 3), coarse patterns under fine noise."""
    shape = case.arguments.get("input_shape", (case.side, case.side, 3))
    coarse = (_unit(f"{case.name} coarse", (count, 4, 4, 3)) * 200).astype(np.uint8)
    coarse = coarse.repeat(-(-shape[0] // 4), axis=1).repeat(-(-shape[1] // 4), axis=2)
    coarse = coarse[:, : shape[0], : shape[1]]
    return coarse + (_unit(f"{case.name} fine", coarse.shape) * 56).astype(np.uint8)


def weights_of(layer: str, names: Sequence[str], shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Weights of a layer, drawn by its name: of a size that keeps the numbers in range.

    Args:
        layer: its name.
        names: of its weights: what ends in `"variance"` or `"gamma"` is positive.
        shapes: of its weights.
    """
    values = []
    for name, shape in zip(names, shapes, strict=True):
        draws = _unit(f"{layer}/{name}", shape)
        if name in ("moving_variance", "gamma"):
            values.append((draws + np.float32(0.5)) * np.float32(_share(layer, name)))
        elif len(shape) == 1:
            values.append(draws * np.float32(0.2) - np.float32(0.1))
        else:
            taps = math.prod(shape[:2] if "depthwise" in layer else shape[:-1])
            width = math.sqrt(24 / taps) * _share(layer, name)  # as He et al. 2015 for ReLU
            values.append((draws - np.float32(0.5)) * np.float32(width))
    return values


def _share(layer: str, name: str) -> float:
    """What keeps activations near 1, where float32 errors are not magnified."""
    if name == "moving_variance":
        return 1.0
    if layer in ("block1_conv1", "conv1_conv"):
        return 1 / 64  # pixels go in as -128..128
    if layer == "Conv1":
        return 3.0  # pixels go in as -1..1
    if layer.endswith(("_expand", "Conv_1")):
        return 0.7  # no ReLU before them
    if layer.endswith(("_0_bn", "_3_bn")):
        return 0.3  # blocks add up
    if layer.endswith("project_BN"):
        return 0.6
    return 1.0


def set_all(layers: Iterable[Any]) -> list[list[Any]]:
    """Gives layers these weights; the table of their names, `[layer, [[weight, shape], …]]`."""
    table = []
    for layer in layers:
        names = [str(weight.name).rpartition("/")[2].partition(":")[0] for weight in layer.weights]
        shapes = [[int(size) for size in weight.shape] for weight in layer.weights]
        # Keras 2 calls the kernels of depthwise convolutions by another name than Keras 3.
        names = [name.removeprefix("depthwise_") for name in names]
        if names:
            layer.set_weights(weights_of(layer.name, names, shapes))
        table.append([layer.name, [list(pair) for pair in zip(names, shapes, strict=True)]])
    return table
