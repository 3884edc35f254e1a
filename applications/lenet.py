"""LeNet, twice: Caffe's, and LeNet-5 as it was published in 1998. With weights for MNIST's digits.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document
Recognition", Proceedings of the IEEE, 1998.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from thalweg.core import Tensor, Variable, cast, convert, expand_dims, shape_text
from thalweg.core.errors import ShapeError
from thalweg.layers import Conv2D, Dense, Flatten, MaxPooling2D, ZeroPadding2D
from thalweg.models import Model
from thalweg.options import COUNT

from .building import Arguments, Sizes, finish, image_input, pooled, predictions
from .lenet_layers import SparseConv2D, Subsampling, scaled_tanh
from .weights import Pretrained, shipped

__all__ = [
    "LeNet",
    "LeNet5",
    "SparseConv2D",
    "Subsampling",
    "decode_predictions",
    "preprocess_input",
    "scaled_tanh",
]

_DIGITS = 10
_MNIST = (28, 28, 1)
_SIDE = 32  # of the pictures that LeNet-5 was made for: strokes can lie in the middle of C1's maps
_CAFFE: dict[str, Pretrained] = {"mnist": shipped("lenet_mnist.h5")}
_LENET5: dict[str, Pretrained] = {"mnist": shipped("lenet5_mnist.h5")}

# Table I: which maps of S2 each map of C3 sees. First three in a row, then four in a row, then four
# in two pairs, and the last sees all.
_TABLE = (
    *(tuple((first + i) % 6 for i in range(3)) for first in range(6)),
    *(tuple((first + i) % 6 for i in range(4)) for first in range(6)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


def LeNet(
    include_top: bool = True,
    weights: Any = "mnist",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "lenet",
) -> Model:
    """LeNet as in Caffe's example: two convolutions, each halved by pooling, two dense layers.

    20 kernels of 5 x 5, the largest of 2 x 2; 50 kernels of 5 x 5, the largest of 2 x 2; 500
    units with ReLU, then the classes. No activation follows the convolutions. 431,080 parameters
    for digits.

    Args:
        include_top: whether the dense layers are there.
        weights: `"mnist"` (comes with thalweg), the path of an HDF5 file, or None for random
            ones.
        input_tensor: a tensor to begin at, of `Input` or of layers.
        input_shape: (height, width, channels), at least 16 x 16; None for (28, 28, 1), which
            `"mnist"` asks for.
        pooling: without the top: None for (batch, height, width, 50), `"avg"` or `"max"` for
            (batch, 50).
        classes: with the top, how many.
        classifier_activation: of the last layer; with trained weights `"softmax"` or None.
        name: of the model.

    Returns:
        A functional model: what `preprocess_input` gives -> (batch, classes).

    Raises:
        OptionError: for an argument outside its declared values.
        DataError: the file that comes with thalweg is missing.
        FileFormatError, ShapeError: the file is damaged or of another network.

    >>> LeNet(weights=None).count_params()
    431080
    """
    arguments = _arguments(
        *("LeNet", include_top, weights, input_tensor, input_shape, pooling, classes),
        classifier_activation,
    )
    sizes = Sizes(_MNIST, least=16, fixed=[_MNIST], classes=_DIGITS)
    x = inputs = image_input(arguments, arguments.name_of_weights(list(_CAFFE)), sizes)
    for number, filters in enumerate((20, 50), start=1):
        x = Conv2D(filters, 5, name=f"conv{number}")(x)
        x = MaxPooling2D(2, name=f"pool{number}")(x)
    if include_top:
        x = Flatten(name="flatten")(x)
        x = Dense(500, activation="relu", name="fc1")(x)
    return _finished(arguments, inputs, x, _CAFFE, name)


def LeNet5(
    include_top: bool = True,
    weights: Any = "mnist",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str = "lenet5",
) -> Model:
    """LeNet-5 as in the paper's section II.B and figure 2, up to layer F6.

    C1: 6 kernels of 5 x 5. S2: sums of 2 x 2, times a coefficient, plus a bias. C3: 16 kernels of
    5 x 5, each on the maps that table I gives it. S4: as S2. C5: 120 kernels of 5 x 5. F6: 84
    units. Each is followed by 1.7159 tanh(2/3 x).

    The paper's last layer measures distances to drawings of the characters, 7 x 12 pixels each;
    here it is a dense layer, by default with softmax.

    Args:
        include_top: whether F6 and the last layer are there.
        weights: `"mnist"` (comes with thalweg), the path of an HDF5 file, or None for random
            ones.
        input_tensor: a tensor to begin at, of `Input` or of layers.
        input_shape: (height, width, channels), at least 28 x 28; None for (28, 28, 1). Sizes
            below 32 are filled up to 32 by zeros around, 28 by 2 on each side. `"mnist"` with its
            top takes (28, 28, 1) and (32, 32, 1).
        pooling: without the top: None for C5's (batch, height, width, 120), `"avg"` or `"max"`
            for (batch, 120).
        classes: with the top, how many.
        classifier_activation: of the last layer; with trained weights `"softmax"` or None.
        name: of the model.

    Returns:
        A functional model: what `preprocess_input` gives -> (batch, classes).

    Raises:
        OptionError: for an argument outside its declared values.
        DataError: the file that comes with thalweg is missing.
        FileFormatError, ShapeError: the file is damaged or of another network.

    >>> network = LeNet5(weights=None)
    >>> [network.get_layer(name).count_params() for name in ("C1", "S2", "C3", "S4", "C5", "F6")]
    [156, 12, 1516, 32, 48120, 10164]
    """
    arguments = _arguments(
        *("LeNet5", include_top, weights, input_tensor, input_shape, pooling, classes),
        classifier_activation,
    )
    trained = [_MNIST, (_SIDE, _SIDE, 1)]
    sizes = Sizes(_MNIST, least=28, fixed=trained, classes=_DIGITS)
    x = inputs = image_input(arguments, arguments.name_of_weights(list(_LENET5)), sizes)
    lacking = [max(_SIDE - (size or _SIDE), 0) for size in inputs.type.dims()[1:3]]
    if any(lacking):
        x = ZeroPadding2D([(n // 2, n - n // 2) for n in lacking], name="pad")(x)
    x = Conv2D(6, 5, activation=scaled_tanh, name="C1")(x)
    x = Subsampling(activation=scaled_tanh, name="S2")(x)
    x = SparseConv2D(_TABLE, 5, activation=scaled_tanh, name="C3")(x)
    x = Subsampling(activation=scaled_tanh, name="S4")(x)
    x = Conv2D(120, 5, activation=scaled_tanh, name="C5")(x)
    if include_top:
        x = Flatten(name="flatten")(x)
        x = Dense(84, activation=scaled_tanh, name="F6")(x)
    return _finished(arguments, inputs, x, _LENET5, name)


def _arguments(
    where: str,
    include_top: bool,
    weights: Any,
    input_tensor: Any,
    input_shape: Any,
    pooling: Any,
    classes: int,
    classifier_activation: Any,
) -> Arguments:
    """The arguments; digits are the usual pictures, also without the top."""
    shape = _MNIST if input_shape is None and input_tensor is None else input_shape
    return Arguments(
        *(where, include_top, weights, input_tensor, shape, pooling, classes),
        classifier_activation,
    )


def _finished(
    arguments: Arguments, inputs: Tensor, x: Tensor, named: Mapping[str, Pretrained], name: str
) -> Model:
    """The model, with its last layer or the pooling in its place."""
    if arguments.include_top:
        x = predictions(arguments, x)
    else:
        x = pooled(x, arguments.pooling)
    return finish(arguments, inputs, x, named, name)


def preprocess_input(x: Any) -> Any:
    """Makes of MNIST's pixels what both networks were trained on: x / 255, with an axis more.

    Args:
        x: (height, width), (batch, height, width) or (batch, height, width, 1), ink bright, in
            0..255: an array or a tensor, of integers or floats.

    Returns:
        float32 (..., height, width, 1) in 0..1; a tensor for a tensor.

    Raises:
        ShapeError: if there is more than one channel, or no picture.

    >>> preprocess_input(np.full((2, 28, 28), 255, np.uint8)).shape
    (2, 28, 28, 1)
    """
    is_symbolic = isinstance(x, Tensor | Variable)
    x = convert(x) if is_symbolic else np.asarray(x)
    shape = None if x.shape is None else tuple(x.shape)
    if shape is None or not 2 <= len(shape) <= 4 or (len(shape) == 4 and shape[3] != 1):
        raise ShapeError(
            "preprocess_input",
            "not grey pictures",
            expected="(batch, height, width), or (batch, height, width, 1)",
            got=shape_text(shape),
        )
    if shape[-1] != 1 or len(shape) == 2:
        x = expand_dims(x, -1) if is_symbolic else x[..., np.newaxis]
    x = cast(x, "float32") if is_symbolic else x.astype(np.float32)
    return x / 255.0


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[int, float]]]:
    """The likeliest digits.

    Args:
        preds: (batch, 10) float, what a network with its top predicts.
        top: how many digits of each picture.

    Returns:
        For each picture a list of (digit, probability), likeliest first.

    Raises:
        ShapeError: for predictions of another shape.

    >>> decode_predictions(np.eye(10)[[7]], top=1)
    [[(7, 1.0)]]
    """
    values = np.asarray(preds)
    if values.ndim != 2 or values.shape[1] != _DIGITS:
        raise ShapeError(
            "decode_predictions",
            "not predictions for digits",
            expected=f"(batch, {_DIGITS})",
            got=shape_text(values.shape),
        )
    COUNT.check("decode_predictions", "top", top)
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    return [
        [(int(i), float(row[i])) for i in places] for row, places in zip(values, order, strict=True)
    ]
