"""Models of a dozen shapes that both libraries build, and what they are trained on.

`make_shapes.py` saves them with real Keras 3, `write_shapes.py` with thalweg.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import fixtures
import numpy as np

__all__ = ["SHAPES", "Shape", "compiled", "data", "step", "weights_of"]

BATCH = 6
CLASSES = 3


class Shape(NamedTuple):
    """A model, and how it is compiled.

    Attributes:
        build: makes it of a library, thalweg or Keras.
        optimizer: makes its optimizer of a library.
        vocabulary: values of integer inputs lie below this.
        is_legacy: whether Keras's `.h5` files can hold it: not what two models have in common,
            which they hold twice, nor what layers learnt by `adapt`.
    """

    build: Callable[[Any], Any]
    optimizer: Callable[[Any], Any]
    vocabulary: int = 0
    is_legacy: bool = True


def sequential(library: Any) -> Any:
    layers = library.layers
    return library.Sequential(
        [
            library.Input((5,), name="x"),
            layers.Dense(4, activation="relu", kernel_regularizer="l2", name="first"),
            layers.Dense(4, activation="elu", kernel_initializer="he_normal", name="second"),
            layers.Dropout(0.0, name="dropped"),
            layers.Dense(CLASSES, activation="softmax", use_bias=False, name="label"),
        ],
        name="sequential_shape",
    )


def functional(library: Any) -> Any:
    layers = library.layers
    x = library.Input((4, 6), name="x")
    flat = layers.Flatten(name="flat")(layers.Permute((2, 1), name="turned")(x))
    wide = layers.Dense(4, activation="tanh", name="wide")(flat)
    narrow = layers.LeakyReLU(negative_slope=0.2, name="leaky")(
        layers.Dense(4, kernel_constraint="unit_norm", name="narrow")(flat)
    )
    joined = layers.Concatenate(name="joined")(
        [layers.Multiply(name="times")([wide, narrow]), wide]
    )
    shaped = layers.Reshape((2, 4), name="shaped")(joined)
    label = layers.Dense(CLASSES, activation="softmax", name="label")
    return library.Model(x, label(layers.GlobalMaxPooling1D(name="largest")(shaped)))


def shared(library: Any) -> Any:
    layers = library.layers
    left, right = library.Input((4,), name="left"), library.Input((4,), name="right")
    twin, other = layers.Dense(3, activation="tanh", name="twin"), layers.Dense(3, name="other")
    distance = layers.Subtract(name="distance")([twin(left), twin(right)])
    again = layers.Add(name="again")([other(twin(left)), distance, other(distance)])
    return library.Model([left, right], layers.Dense(CLASSES, activation="softmax")(again))


def nested(library: Any) -> Any:
    """Models inside models, one of them called twice."""
    layers = library.layers
    start = library.Input((4,), name="start")
    inner = library.Model(start, layers.Dense(4, name="d")(layers.Dense(3, name="e")(start)),
                          name="inner")  # fmt: skip
    stack = library.Sequential(
        [library.Input((4,)), inner, layers.Dense(4, activation="tanh", name="f")], name="stack"
    )
    x = library.Input((4,), name="x")
    label = layers.Dense(CLASSES, activation="softmax", name="label")
    return library.Model(x, label(stack(layers.Dense(4, name="between")(stack(x)))))


def common(library: Any) -> Any:
    """A model that lies in the outer model and in another one inside it."""
    layers = library.layers
    start = library.Input((4,), name="start")
    inner = library.Model(start, layers.Dense(4, activation="tanh", name="d")(start), name="inner")
    stack = library.Sequential([library.Input((4,)), inner, layers.ELU(name="f")], name="stack")
    x = library.Input((4,), name="x")
    label = layers.Dense(CLASSES, activation="softmax", name="label")
    return library.Model(x, label(stack(layers.Dense(4, name="between")(inner(x)))))


def several(library: Any) -> Any:
    layers = library.layers
    first, second = library.Input((4,), name="first"), library.Input((2,), name="second")
    joined = layers.Concatenate(name="joined")([first, layers.Dense(3, name="bent")(second)])
    outputs = [
        layers.Dense(1, name="number")(joined),
        layers.Dense(CLASSES, activation="softmax", name="label")(joined),
    ]
    return library.Model([first, second], outputs)


def normalized(library: Any) -> Any:
    """Convolutions and batch normalisation, one of them frozen."""
    layers = library.layers
    frozen = layers.BatchNormalization(name="frozen")
    frozen.trainable = False
    return library.Sequential(
        [
            library.Input((6, 6, 2), name="x"),
            layers.Conv2D(3, 3, padding="same", name="conv"),
            layers.BatchNormalization(name="norm", momentum=0.9),
            layers.ReLU(name="relu"),
            layers.Conv2D(3, 3, strides=2, use_bias=False, name="small"),
            frozen,
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(CLASSES, activation="softmax", name="label"),
        ]
    )


def recurrent(library: Any) -> Any:
    layers = library.layers
    x = library.Input((5, 3), name="x")
    both = layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="l"), name="both")(x)
    each = layers.TimeDistributed(layers.Dense(3, activation="tanh", name="d"), name="each")(both)
    cells = [layers.GRUCell(3, name="c"), layers.LSTMCell(2, name="b"), layers.GRUCell(2, name="a")]
    last = layers.RNN(cells, name="stacked")(each)
    sums, *state = layers.LSTM(3, return_state=True, name="state")(each)
    more = layers.LSTM(3, name="more")(x, initial_state=state)
    label = layers.Dense(CLASSES, activation="softmax", name="label")
    return library.Model(x, label(layers.Concatenate(name="joined")([last, sums, more])))


def vgg(library: Any) -> Any:
    """The topology of VGG-16, with few channels."""
    layers = library.layers
    stack = [library.Input((32, 32, 3), name="x")]
    for block, (count, channels) in enumerate([(2, 2), (2, 2), (3, 3), (3, 3), (3, 4)], 1):
        for i in range(1, count + 1):
            name = f"block{block}_conv{i}"
            stack.append(layers.Conv2D(channels, 3, padding="same", activation="relu", name=name))
        stack.append(layers.MaxPooling2D(2, 2, name=f"block{block}_pool"))
    stack.append(layers.Flatten(name="flatten"))
    stack += [layers.Dense(4, activation="relu", name=f"fc{i}") for i in (1, 2)]
    return library.Sequential([*stack, layers.Dense(CLASSES, "softmax", name="predictions")])


def residual(library: Any) -> Any:
    layers = library.layers
    x = library.Input((6, 6, 2), name="x")
    h = layers.Conv2D(3, 3, padding="same", name="stem")(x)
    for i in range(2):
        bent = layers.BatchNormalization(name=f"norm_{i}")(h)
        bent = layers.Activation("relu", name=f"relu_{i}")(bent)
        bent = layers.Conv2D(3, 3, padding="same", name=f"conv_{i}")(bent)
        h = layers.Add(name=f"added_{i}")([h, bent])
    pooled = layers.GlobalAveragePooling2D(name="pooled")(h)
    return library.Model(x, layers.Dense(CLASSES, activation="softmax", name="label")(pooled))


def masked(library: Any) -> Any:
    """An Embedding whose mask reaches recurrent layers and a pooling layer."""
    layers = library.layers
    x = library.Input((5,), dtype="int32", name="x")
    words = layers.Embedding(7, 4, mask_zero=True, name="words")(x)
    h = layers.Bidirectional(layers.GRU(3, return_sequences=True, name="g"), name="both")(words)
    mean = layers.GlobalAveragePooling1D(name="mean")(h)
    last = layers.LSTM(3, name="last")(layers.Masking(0.5, name="masking")(words))
    joined = layers.Concatenate(name="joined")([mean, last])
    return library.Model(x, layers.Dense(CLASSES, activation="softmax", name="label")(joined))


def adapted(library: Any) -> Any:
    """Layers that learnt from data: means and variances, limits of bins, a vocabulary."""
    layers = library.layers
    x, ids = library.Input((3,), name="x"), library.Input((2,), dtype="int64", name="ids")
    normal, bins = layers.Normalization(name="normal"), layers.Discretization(num_bins=4)
    lookup = layers.IntegerLookup(output_mode="multi_hot", name="lookup")
    grid = np.arange(60, dtype=np.float32).reshape(20, 3) / 30
    normal.adapt(grid)
    bins.adapt(grid)
    lookup.adapt(np.array([[5, 2], [2, 3], [5, 2]]))
    coded = layers.CategoryEncoding(4, "multi_hot", name="coded")(bins(x))
    joined = layers.Concatenate(name="joined")([normal(x), coded, lookup(ids)])
    return library.Model([x, ids], layers.Dense(CLASSES, activation="softmax")(joined))


def deferred(library: Any) -> Any:
    """A Sequential without a declared input inside a functional model."""
    layers = library.layers
    x = library.Input((4,), name="x")
    stack = library.Sequential([layers.Dense(3), layers.Dense(2, activation="tanh")], name="stack")
    return library.Model(x, layers.Dense(CLASSES, activation="softmax")(stack(x)))


def _schedule(library: Any) -> Any:
    return library.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)


SHAPES = {
    "sequential": Shape(sequential, lambda k: k.optimizers.Adam(0.01)),
    "functional": Shape(functional, lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True)),
    "shared": Shape(shared, lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True)),
    "nested": Shape(nested, lambda k: k.optimizers.AdamW(0.01, weight_decay=0.1)),
    "common": Shape(common, lambda k: k.optimizers.Adam(0.01), is_legacy=False),
    "several": Shape(several, lambda k: k.optimizers.Adam(0.01, amsgrad=True, clipnorm=1.0)),
    "normalized": Shape(normalized, lambda k: k.optimizers.Adadelta(_schedule(k))),
    "recurrent": Shape(recurrent, lambda k: k.optimizers.Adagrad(0.05)),
    "vgg": Shape(vgg, lambda k: k.optimizers.SGD(0.01)),
    "residual": Shape(residual, lambda k: k.optimizers.SGD(_schedule(k), momentum=0.5)),
    "masked": Shape(
        masked,
        # Not Adam: for rows that a batch needs twice Keras squares the parts of a gradient.
        lambda k: k.optimizers.SGD(0.05, momentum=0.9, use_ema=True, ema_overwrite_frequency=2),
        vocabulary=7,
    ),
    "adapted": Shape(adapted, lambda k: k.optimizers.SGD(0.1), vocabulary=6, is_legacy=False),
    "deferred": Shape(deferred, lambda k: k.optimizers.Adam(_schedule(k), clipvalue=0.5)),
}


def compiled(library: Any, name: str) -> Any:
    """The model of a shape, compiled."""
    shape = SHAPES[name]
    model = shape.build(library)
    loss: Any = library.losses.SparseCategoricalCrossentropy()
    metrics: Any = ["accuracy"]
    weights = None
    if len(model.outputs) > 1:
        loss, metrics, weights = ["mse", loss], [["mae"], ["accuracy"]], [1.0, 0.5]
    model.compile(shape.optimizer(library), loss, loss_weights=weights, metrics=metrics)
    return model


def weights_of(model: Any, name: str) -> list[Any]:
    """Starting weights, made by NumPy alone; what layers learnt stays as it is."""
    random = fixtures.generator(list(SHAPES).index(name))
    made: list[Any] = []
    for variable, value in zip(model.weights, model.get_weights(), strict=True):
        drawn = fixtures.uniform(random, value.shape)
        scale = np.float32(np.sqrt(6 / np.prod(value.shape[:-1]))) if value.ndim > 1 else None
        # Variances must be positive; kernels should neither die nor explode.
        new = np.abs(drawn) / 2 + np.float32(0.1) if scale is None else drawn * scale
        made.append(value if name == "adapted" and not variable.trainable else new)
    return made


def data(model: Any, name: str) -> tuple[list[Any], list[Any]]:
    """Inputs and targets."""
    random = fixtures.generator(1000 + list(SHAPES).index(name))
    x = []
    for tensor in model.inputs:
        size = (BATCH, *tensor.shape[1:])
        is_integer = "int" in str(getattr(tensor.dtype, "name", tensor.dtype))
        values = fixtures.uniform(random, size)
        if is_integer:
            vocabulary = SHAPES[name].vocabulary
            values = ((values + 1) / 2 * vocabulary).astype(np.int32) % vocabulary
        x.append(values)
    y: list[Any] = [np.arange(BATCH) % CLASSES]
    return x, [fixtures.uniform(random, (BATCH, 1)), *y] if len(model.outputs) > 1 else y


def step(model: Any, x: list[Any], y: list[Any]) -> dict[str, float]:
    """One step of training; the losses and metrics of that batch, by name."""
    model.reset_metrics()
    given, wanted = (values if len(values) > 1 else values[0] for values in (x, y))
    values = model.train_on_batch(given, wanted, return_dict=True)
    return {name: float(value) for name, value in sorted(values.items())}
