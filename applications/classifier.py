"""A network that names what is in a picture: known ones by name, others from files.

>>> sorted(NAMED)
['lenet', 'mobilenet_v2', 'resnet50', 'vgg16', 'vgg16-cifar10']
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core.errors import DataError, OptionError, nearest

from .model_card import ModelCard, read_card
from .pictures import Preparation, read_pictures

__all__ = ["NAMED", "Classifier", "KnownNetwork", "load_classifier", "picture_size"]

_IMAGENET = "imagenet"
_CIFAR10 = (  # as in `datasets.cifar10`, which would take longer to import than a prediction
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_DIGITS = tuple("0123456789")
_DEFAULT_SIDE = 224


@dataclass(frozen=True)
class KnownNetwork:
    """A network of `thalweg.applications` with weights.

    Attributes:
        module, function: where its function is.
        weights: those that it is asked for with.
        arguments: further ones.
        card: what is known of it; ImageNet's classes are in a file of their own.
        channels: of its pictures.
        side: height and width of its pictures.
        flips: whether what it tells apart stays the same in a mirror.
    """

    module: str
    function: str
    weights: str
    card: ModelCard
    side: int
    channels: int = 3
    arguments: Mapping[str, Any] = field(default_factory=dict)
    flips: bool = True

    def build(self, **arguments: Any) -> Any:
        """The network; arguments replace those of its own.

        Raises:
            DataError, OptionError, FileFormatError: its weights are not to be had, or damaged.
        """
        module = importlib.import_module(f"{__package__}.{self.module}")
        options = {"weights": self.weights, **self.arguments, **arguments}
        return getattr(module, self.function)(**options)


NAMED = {
    "vgg16": KnownNetwork("vgg16", "VGG16", _IMAGENET, ModelCard((), "caffe"), 224),
    "vgg16-cifar10": KnownNetwork(
        "vgg16",
        "VGG16",
        "cifar10",
        ModelCard(_CIFAR10, "caffe"),
        32,
        arguments={"input_shape": (32, 32, 3), "classes": 10},
    ),
    "lenet": KnownNetwork(
        "lenet",
        "LeNet",
        "mnist",
        ModelCard(_DIGITS, "unit", background="black", framing="digit"),
        28,
        channels=1,
        flips=False,
    ),
    "mobilenet_v2": KnownNetwork(
        "mobilenet_v2", "MobileNetV2", _IMAGENET, ModelCard((), "tf"), 224
    ),
    "resnet50": KnownNetwork("resnet50", "ResNet50", _IMAGENET, ModelCard((), "caffe"), 224),
}
"""What `--model` and `--base` take beside files."""


@dataclass(frozen=True)
class Classifier:
    """A model of one picture in and a score a class out, and what is needed to ask it.

    Attributes:
        model: the network.
        card: names of classes, and how pixels become input.
        name: as it was asked for: a known network's, or a path.
        size: (height, width) of its pictures.
        channels: 1 or 3.
        ids: other names of the classes, WordNet's numbers for ImageNet; else empty.
        assumed: what the file does not say, and was assumed.
    """

    model: Any
    card: ModelCard
    name: str
    size: tuple[int, int]
    channels: int
    ids: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; `"class 0"`, … where they are not known."""
        return self.card.classes or tuple(f"class {i}" for i in range(self.count))

    @property
    def count(self) -> int:
        """How many classes there are."""
        return max(int(self.model.outputs[0].shape[-1]), 2)

    def read(self, paths: Sequence[str], invert: str = "auto") -> NDArray[np.float32]:
        """Picture files at the model's size: (pictures, height, width, channels) in 0..255.

        Raises:
            DataError: a file is no picture.
            OSError: there is no such file.
        """
        return read_pictures(paths, self.size, self.channels, self.card, invert)

    def inputs(self, pictures: NDArray[Any]) -> NDArray[np.float32]:
        """What the model takes for pictures (pictures, height, width, channels) in 0..255."""
        # What `read` has turned already must not be turned again.
        prepare = Preparation(replace(self.card, background=None))
        return self.fitted(prepare(pictures))

    def fitted(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Prepared pictures in the shape of the model's input, which may be flat."""
        shape = self.model.inputs[0].type.shape[1:]
        return inputs if len(shape) == 3 else inputs.reshape(len(inputs), *shape)

    def probabilities(self, inputs: NDArray[Any], batch_size: int = 32) -> NDArray[np.float32]:
        """The model's answers to prepared pictures: (pictures, classes) in 0..1.

        Scores that are no probabilities yet are brought through a softmax; the output of a
        single sigmoid is the probability of the second class.
        """
        outputs = np.asarray(self.model.predict(inputs, batch_size=batch_size, verbose=0))
        kind = self.model.outputs[0].op.type
        if outputs.shape[-1] == 1:
            p = outputs if kind == "Sigmoid" else 1 / (1 + np.exp(-outputs))
            return np.asarray(np.concatenate([1 - p, p], -1), np.float32)
        if kind in ("Softmax", "Sigmoid"):
            return outputs
        powers = np.exp(outputs - outputs.max(-1, keepdims=True))
        return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


def load_classifier(name: str, preparation: str | None = None) -> Classifier:
    """A classifier by the name of a known network, or from a file.

    Args:
        name: a key of `NAMED`, or the path of a whole model, `*.keras` or `*.h5`.
        preparation: how pixels become input, a key of `PREPARATIONS`; None for what the file
            says.

    Raises:
        OptionError: neither a known name nor a file.
        DataError: a model that does not take one picture and give a score a class.
        FileFormatError: the file is of another kind, damaged or unsafe.
    """
    if name in NAMED and not os.path.isfile(name):
        known = NAMED[name]
        model = known.build()
        card = known.card
        ids: tuple[str, ...] = ()
        if known.weights == _IMAGENET:
            names, ids = _imagenet_names()
            card = replace(card, classes=names)
        found = Classifier(model, card, name, (known.side, known.side), known.channels, ids)
    else:
        found = _from_file(name)
    if preparation is not None:
        card = replace(found.card, preparation=preparation)
        Preparation(card)
        found = replace(found, card=card, assumed=())
    return found


def _imagenet_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of ImageNet's classes, and WordNet's numbers of them."""
    from .imagenet import CLASSES, decode_predictions

    rows = [row[0] for row in decode_predictions(np.eye(CLASSES, dtype=np.float32), top=1)]
    return tuple(name for _, name, _ in rows), tuple(number for number, _, _ in rows)


def _from_file(path: str) -> Classifier:
    if not os.path.exists(path):
        looks_like_file = os.path.splitext(path)[1] != "" or os.sep in path
        raise OptionError(
            "model",
            "there is no such file" if looks_like_file else "no network of this name, and no file",
            expected=f"{', '.join(NAMED)}, or a file *.keras or *.h5",
            got=repr(path),
            hint=nearest(path, NAMED),
        )
    from thalweg.saving.model_file import load_model

    model = load_model(path, compile=False)
    size, channels = picture_size(model, path)
    card = read_card(path)
    assumed: tuple[str, ...] = ()
    if card is None:
        card, assumed = _assumed_card(model, size, channels)
    found = Classifier(model, card, path, size, channels, assumed=assumed)
    if card.classes and len(card.classes) != found.count:
        raise DataError(
            path,
            "the names of classes in the file do not fit its outputs",
            expected=f"{found.count} names",
            got=str(len(card.classes)),
        )
    return found


def picture_size(model: Any, path: str) -> tuple[tuple[int, int], int]:
    """Size and channels of the pictures that a model takes.

    Raises:
        DataError: if it is no classifier of pictures.
    """
    inputs, outputs = model.inputs, model.outputs
    shape = inputs[0].type.shape if len(inputs) == len(outputs) == 1 else None
    result = outputs[0].type.shape
    if shape is not None and result is not None and len(result) == 2 and result[1]:
        if len(shape) == 4 and shape[3] in (1, 3):
            return (shape[1] or _DEFAULT_SIDE, shape[2] or _DEFAULT_SIDE), shape[3]
        if len(shape) == 3 and shape[1] and shape[2]:
            return (shape[1], shape[2]), 1
        if len(shape) == 2 and shape[1]:
            side = round(shape[1] ** 0.5)
            if side * side == shape[1]:
                return (side, side), 1
    raise DataError(
        path,
        "the model does not tell classes of pictures apart",
        expected="input (batch, height, width, 1 or 3), (batch, height, width) or "
        "(batch, side * side), and output (batch, classes)",
        got=f"{' and '.join(str(t.shape) for t in inputs)} to "
        f"{' and '.join(str(t.shape) for t in outputs)}",
        hint="channels have to come last" if shape and len(shape) == 4 else None,
    )


def _assumed_card(
    model: Any, size: tuple[int, int], channels: int
) -> tuple[ModelCard, tuple[str, ...]]:
    """What a file without a card most probably wants."""
    scales = {"Rescaling", "Normalization"} & {type(x).__name__ for x in model.all_sublayers()}
    kind = "none" if scales else "unit"
    said = f"the file does not say how pixels are scaled: assumed {kind!r} (--preprocess)"
    if (size, channels) == ((28, 28), 1):
        # Grey pictures of 28 x 28 are MNIST, or were made to be like it.
        is_digits = model.outputs[0].shape[-1] == 10
        card = ModelCard(_DIGITS if is_digits else (), kind, "black", "digit")
        return card, (said, "28 x 28 grey: assumed bright strokes on black, as MNIST (--invert)")
    return ModelCard((), kind), (said,)
