"""Grad-CAM: where in a picture a network looked for its answer.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017. With the maps A_k of the last convolution and the score y of a class
before the softmax, the weight of a map is the mean of dy/dA_k over its places (equation 1), and the
heat map is relu(sum over k of weight_k A_k) (equation 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core import (
    GraphFunction,
    Operation,
    Tensor,
    cast,
    current_session,
    gradients,
    library,
    one_hot,
    placeholder,
    reduce_sum,
)
from thalweg.core.errors import DataError, OptionError

__all__ = ["grad_cam", "heat_overlay", "last_convolution"]

_LEAST_SIDE = 4  # a heat map of 2 x 2 says nothing: 32 x 32 pictures leave VGG-16 as 2 x 2
_SQUASHING = {"Softmax", "Sigmoid"}


def grad_cam(
    model: Any,
    pictures: NDArray[Any],
    classes: Sequence[int] | None = None,
    layer: str | None = None,
) -> NDArray[np.float32]:
    """The heat maps of Grad-CAM.

    Args:
        model: functional or Sequential, with one input and one output, a score a class; a single
            output counts as the score of class 1 against class 0.
        pictures: (batch, height, width, channels), prepared as the model takes them.
        classes: for each picture the number of the class to explain; None for the likeliest.
        layer: name of the layer whose output is looked at; None finds the last convolution whose
            maps have at least 4 x 4 places, with the normalization and activation after it.

    Returns:
        (batch, rows, columns) float32 in 0..1, one for each place of the maps; all zeros where
        nothing speaks for the class.

    Raises:
        OptionError: there is no such layer, or no convolution.
        DataError: the classes do not fit the pictures or the model.

    >>> from thalweg.layers import Conv2D, Dense, Flatten
    >>> from thalweg.models import Sequential
    >>> model = Sequential([Conv2D(2, 3, input_shape=(8, 8, 1)), Flatten(), Dense(3)])
    >>> grad_cam(model, np.ones((5, 8, 8, 1), np.float32)).shape
    (5, 6, 6)
    """
    depth = model.outputs[0].shape[-1]
    if classes is None:
        outputs = np.asarray(model.predict(pictures, verbose=0))
        classes = (outputs[:, 0] > 0.5 if depth == 1 else outputs.argmax(-1)).astype(int).tolist()
    known = max(depth or 0, 2)
    if len(classes) != len(pictures) or not all(0 <= number < known for number in classes):
        raise DataError(
            "grad_cam",
            "the classes do not fit",
            expected=f"{len(pictures)} numbers in 0..{known - 1}",
            got=str(list(classes))[:80],
        )
    values = [np.asarray(pictures, np.float32), np.asarray(classes, np.int32)]
    results = current_session().call(_function(model, layer), values)
    maps, slopes = map(np.asarray, results)
    weights = slopes.mean(axis=(1, 2), keepdims=True)  # equation 1
    heat = np.maximum((weights * maps).sum(-1), 0)  # equation 2
    peak = heat.max(axis=(1, 2), keepdims=True)
    return np.asarray(heat / np.where(peak > 0, peak, 1), np.float32)


def _function(model: Any, layer: str | None) -> GraphFunction:
    """From pictures and classes to the maps, and the slopes of the classes' scores."""
    picture, output = model.inputs[0], model.outputs[0]
    maps = last_convolution(model) if layer is None else model.get_layer(layer).output
    if maps.ndim != 4:
        raise OptionError(
            "grad_cam",
            "the layer's output has no places in the picture",
            expected="(batch, rows, columns, channels)",
            got=f"{layer!r} {maps.shape}",
        )
    scores = output.op.inputs[0] if output.op.type in _SQUASHING else output
    with picture.graph.as_default(), library():
        chosen = placeholder("int32", [None], "explained_class")
        if scores.shape is not None and scores.shape[-1] == 1:
            picked = scores[:, 0] * (2.0 * cast(chosen, "float32") - 1.0)
        else:
            picked = reduce_sum(scores * one_hot(chosen, scores.shape[-1]), -1)
        slopes = gradients([picked], [maps], unconnected_gradients="zero")
    found = [slope for slope in slopes if slope is not None]  # zeros, where nothing flows
    return GraphFunction([maps, *found], [picture, chosen])


def last_convolution(model: Any) -> Tensor:
    """What comes out of the last convolution, with the normalization and activation after it.

    It is found in the graph, not in the list of layers, so it may lie in a model inside the model.

    Args:
        model: functional or Sequential.

    Returns:
        (batch, rows, columns, channels): of the last convolution whose maps are at least 4 x 4,
        or of the last one if all are smaller, the last tensor of its shape on the way to the
        output.

    Raises:
        OptionError: if there is no convolution of pictures.
    """
    operations = _ancestors(model.outputs[0].op)
    found = [
        op for op in operations if op.type == "Convolution" and op.outputs[0].ndim == 4
    ]  # in the order of their creation, so the last is the last
    if not found:
        raise OptionError(
            "grad_cam",
            "the model has no convolution of pictures",
            expected="a model with a Conv2D",
            got=f"{type(model).__name__} '{model.name}'",
        )
    wide = [op for op in found if _side(op) >= _LEAST_SIDE]
    convolution = (wide or found)[-1]
    after = {convolution}
    last = convolution.outputs[0]
    for op in operations:
        if any(tensor.op in after for tensor in op.inputs):
            after.add(op)
            alike = [t for t in op.outputs if t.ndim == 4 and t.type.shape == last.type.shape]
            last = alike[0] if alike else last
    return last


def _side(op: Operation) -> int:
    """The smaller side of its maps; unknown sides count as large."""
    shape = op.outputs[0].type.shape or ()
    return min((size for size in shape[1:3] if size is not None), default=_LEAST_SIDE)


def _ancestors(op: Operation) -> list[Operation]:
    """An operation and all that it needs, in the order of their creation."""
    seen = {op}
    stack = [op]
    while stack:
        new = {tensor.op for tensor in stack.pop().inputs} - seen
        seen |= new
        stack.extend(new)
    return sorted(seen, key=lambda found: found.index)


def heat_overlay(picture: NDArray[Any], heat: NDArray[Any], opacity: float = 0.5) -> NDArray[Any]:
    """A picture with a heat map over it: the hotter, the more colour; cold places stay grey.

    Args:
        picture: (height, width, channels) in 0..255, grey or RGB.
        heat: (rows, columns) in 0..1.
        opacity: of the hottest place, in 0..1.

    Returns:
        (height, width, 3) uint8.

    >>> heat_overlay(np.zeros((2, 2, 1)), np.float32([[0, 1], [1, 0]])).shape
    (2, 2, 3)
    """
    from PIL import Image

    height, width = picture.shape[:2]
    smooth = Image.fromarray(np.asarray(heat, np.float32)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    amount = np.clip(np.asarray(smooth), 0, 1)[..., None]
    grey = np.broadcast_to(picture.mean(-1, keepdims=True), (height, width, 3))
    under = np.broadcast_to(picture, (height, width, 3))
    cover = opacity * amount
    mixed = (1 - cover) * (amount * grey + (1 - amount) * under) + cover * _colours(amount[..., 0])
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def _colours(amount: NDArray[Any]) -> NDArray[Any]:
    """From blue over yellow to red, of equal steps to the eye of most people."""
    stops = np.array([0, 0.35, 0.65, 1])
    colours = np.array([(40, 70, 200), (60, 190, 170), (250, 215, 60), (225, 30, 35)])
    return np.stack([np.interp(amount, stops, colours[:, c]) for c in range(3)], -1)
