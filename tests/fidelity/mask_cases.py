"""Models with masks, in the words that Keras 3 and thalweg share, and what they are fed.

`make_masks.py` builds them with Keras and writes what they compute; `test_masks.py` builds them
with thalweg and compares. Inputs and weights follow from the case's name alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH, TIME, FEATURES, UNITS = 4, 5, 3, 2
Build = Callable[[Any], Any]


def generator(name: str) -> np.random.Generator:
    """The same numbers for a case in either library."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _sequence(k: Any, *sizes: int) -> Any:
    return k.Input(batch_shape=(BATCH, TIME, *(sizes or (FEATURES,))))


def _mask(k: Any, *sizes: int) -> Any:
    return k.Input(batch_shape=(BATCH, TIME, *sizes), dtype="bool", name="mask")


def _after_masking(*makes: Callable[[Any], Any], sizes: tuple[int, ...] = ()) -> Build:
    """Masking, and layers one after another."""

    def build(k: Any) -> Any:
        x = _sequence(k, *sizes)
        y = k.layers.Masking(0.0)(x)
        for make in makes:
            y = make(k.layers)(y)
        return k.Model(x, y)

    return build


def _given(make: Callable[[Any], Any], *sizes: int, mask: tuple[int, ...] = ()) -> Build:
    """A layer whose mask is given as an argument."""

    def build(k: Any) -> Any:
        x, m = _sequence(k, *sizes), _mask(k, *mask)
        return k.Model([x, m], make(k.layers)(x, mask=m))

    return build


def _merged(make: Callable[[Any], Any], second: str = "masked") -> Build:
    """Two sequences with masks of their own, or with one, merged."""

    def build(k: Any) -> Any:
        a, b = _sequence(k), _sequence(k)
        masked = k.layers.Masking(0.0)(b) if second == "masked" else b
        return k.Model([a, b], make(k.layers)([k.layers.Masking(0.0)(a), masked]))

    return build


def _embedding(k: Any) -> Any:
    x = k.Input(batch_shape=(BATCH, TIME), dtype="int32", name="words")
    y = k.layers.Embedding(7, FEATURES, mask_zero=True)(x)
    return k.Model(x, k.layers.BatchNormalization(momentum=0.8)(y))


def _no_mask_zero(k: Any) -> Any:
    x = k.Input(batch_shape=(BATCH, TIME), dtype="int32", name="words")
    return k.Model(x, k.layers.LSTM(UNITS, return_sequences=True)(k.layers.Embedding(7, 3)(x)))


def _nested(inner: Callable[[Any, Any], Any], masked_inside: bool = False) -> Build:
    """A functional model inside another one."""

    def build(k: Any) -> Any:
        a = _sequence(k)
        model = k.Model(a, inner(k, k.layers.Masking(0.0)(a) if masked_inside else a))
        x = _sequence(k)
        y = model(x if masked_inside else k.layers.Masking(0.0)(x))
        return k.Model(x, k.layers.SimpleRNN(UNITS, return_sequences=True)(y))

    return build


def _stack(k: Any) -> Any:
    x = _sequence(k)
    parts = [k.layers.GRU(UNITS, return_sequences=True), k.layers.Dense(UNITS)]
    y = k.Sequential(parts)(k.layers.Masking(0.0)(x))
    return k.Model(x, k.layers.LSTM(UNITS)(y))


def _model_given(k: Any) -> Any:
    a = _sequence(k)
    inner = k.Model(a, k.layers.GRU(UNITS, return_sequences=True)(a))
    x, m = _sequence(k), _mask(k)
    return k.Model([x, m], inner(x, mask=m))


def _branches(k: Any) -> Any:
    """One masked sequence along two ways that meet."""
    x = _sequence(k)
    y = k.layers.Masking(0.0)(x)
    left = k.layers.Dense(UNITS, activation="tanh")(y)
    right = k.layers.GRU(UNITS, return_sequences=True)(y)
    both = k.layers.Concatenate()([left, right])
    return k.Model(x, k.layers.BatchNormalization()(both))


def _channels_first(k: Any) -> Any:
    x = k.Input(batch_shape=(BATCH, FEATURES, TIME))
    m = _mask(k)
    layer = k.layers.GlobalAveragePooling1D(data_format="channels_first")
    return k.Model([x, m], layer(k.layers.Permute((1, 2))(x), mask=m))


def _doubled(x: Any) -> Any:
    return x * 2.0


def _kept(x: Any, mask: Any = None) -> Any:
    return mask


def _lambda(**options: Any) -> Callable[[Any], Any]:
    return lambda of: of.Lambda(_doubled, output_shape=(TIME, FEATURES), **options)


def _rnn(of: Any) -> Any:
    return of.SimpleRNN(UNITS, return_sequences=True)


CASES: dict[str, Build] = {
    # Batch normalisation: what a mask leaves out does not join mean and variance.
    "BatchNormalization": _after_masking(lambda of: of.BatchNormalization()),
    "BatchNormalization momentum": _after_masking(
        lambda of: of.BatchNormalization(momentum=0.6, epsilon=0.1)
    ),
    "BatchNormalization bare": _after_masking(
        lambda of: of.BatchNormalization(center=False, scale=False)
    ),
    "BatchNormalization given": _given(lambda of: of.BatchNormalization()),
    "BatchNormalization given, images": _given(lambda of: of.BatchNormalization(), 4, 3, mask=(4,)),
    "BatchNormalization given, axis 1": _given(lambda of: of.BatchNormalization(axis=1), 4),
    "BatchNormalization given, axis 2": _given(
        lambda of: of.BatchNormalization(axis=2, momentum=0.7), 4, 3, mask=(4,)
    ),
    "BatchNormalization one channel": _given(lambda of: of.BatchNormalization(), 1),
    "BatchNormalization nothing": _given(lambda of: of.BatchNormalization()),
    "BatchNormalization frozen": _given(lambda of: of.BatchNormalization(trainable=False)),
    "BatchNormalization twice": _after_masking(
        lambda of: of.BatchNormalization(),
        lambda of: of.Dense(4, activation="tanh"),
        lambda of: of.BatchNormalization(),
    ),
    "BatchNormalization, then LSTM": _after_masking(
        lambda of: of.BatchNormalization(), lambda of: of.LSTM(UNITS)
    ),
    "Embedding, BatchNormalization": _embedding,
    "branches": _branches,
    # Layers that hand masks on: the recurrent layer after them repeats what is masked.
    "Dense": _after_masking(lambda of: of.Dense(3, activation="relu"), _rnn),
    "Activation": _after_masking(lambda of: of.Activation("softmax"), _rnn),
    "ReLU": _after_masking(lambda of: of.ReLU(), _rnn),
    "LeakyReLU": _after_masking(lambda of: of.LeakyReLU(negative_slope=0.2), _rnn),
    "ELU": _after_masking(lambda of: of.ELU(), _rnn),
    "PReLU": _after_masking(lambda of: of.PReLU(), _rnn),
    "Identity": _after_masking(lambda of: of.Identity(), _rnn),
    "Dropout": _after_masking(lambda of: of.Dropout(0.0), _rnn),
    "GaussianNoise": _after_masking(lambda of: of.GaussianNoise(0.0), _rnn),
    "GaussianDropout": _after_masking(lambda of: of.GaussianDropout(0.0), _rnn),
    "ActivityRegularization": _after_masking(lambda of: of.ActivityRegularization(l2=0.1), _rnn),
    "Masking again": _after_masking(lambda of: of.Dense(2), lambda of: of.Masking(5.0), _rnn),
    "TimeDistributed": _after_masking(lambda of: of.TimeDistributed(of.Dense(2)), _rnn),
    "Bidirectional": _after_masking(lambda of: of.Bidirectional(_rnn(of)), _rnn),
    "sequences": _after_masking(lambda of: of.GRU(UNITS, return_sequences=True), _rnn),
    # Layers that drop them.
    "last step": _after_masking(lambda of: of.LSTM(UNITS), lambda of: of.RepeatVector(3), _rnn),
    "Flatten": _after_masking(lambda of: of.Flatten(), lambda of: of.Dense(2)),
    "Reshape": _after_masking(lambda of: of.Reshape((TIME, FEATURES)), _rnn),
    "Permute": _after_masking(lambda of: of.Permute((2, 1)), _rnn),
    "Lambda": _after_masking(_lambda(), _rnn),
    "Lambda with mask": _after_masking(_lambda(mask=_kept), _rnn),
    "Embedding without mask_zero": _no_mask_zero,
    # Layers that use them.
    "Softmax given": _given(lambda of: of.Softmax(), mask=(FEATURES,)),
    "Softmax given, stretched": _given(lambda of: of.Softmax(axis=1), mask=(1,)),
    "Softmax given, axes": _given(lambda of: of.Softmax(axis=(1, 2)), mask=(FEATURES,)),
    "GlobalAveragePooling1D": _after_masking(lambda of: of.GlobalAveragePooling1D()),
    "GlobalAveragePooling1D kept": _after_masking(
        lambda of: of.GlobalAveragePooling1D(keepdims=True), _rnn
    ),
    "GlobalAveragePooling1D first": _channels_first,
    "GlobalMaxPooling1D": _after_masking(lambda of: of.GlobalMaxPooling1D(keepdims=True), _rnn),
    "Softmax nothing": _given(lambda of: of.Softmax(), mask=(FEATURES,)),
    "GRU given": _given(lambda of: of.GRU(UNITS, return_sequences=True)),
    "TimeDistributed recurrent": _after_masking(
        lambda of: of.TimeDistributed(of.LSTM(UNITS)), sizes=(4, 2)
    ),
    "TimeDistributed given": _given(
        lambda of: of.TimeDistributed(of.GRU(UNITS, return_sequences=True)), 4, 2, mask=(4,)
    ),
    "ConvLSTM1D given": _given(
        lambda of: of.ConvLSTM1D(UNITS, 2, padding="same", return_sequences=True), 4, 2
    ),
    "ConvLSTM2D given": _given(lambda of: of.ConvLSTM2D(UNITS, 2, padding="same"), 4, 3, 2),
    # Merges.
    **{
        f"{kind} {second}": _merged(lambda of, kind=kind: getattr(of, kind)(), second)
        for kind in ("Add", "Average", "Maximum", "Multiply", "Concatenate", "Subtract", "Minimum")
        for second in ("masked", "bare")
    },
    "Concatenate time": _merged(lambda of: of.Concatenate(axis=1)),
    "Concatenate time bare": _merged(lambda of: of.Concatenate(axis=1), "bare"),
    "Dot": _merged(lambda of: of.Dot(axes=2)),
    # Models inside models.
    "model of sequences": _nested(lambda k, x: k.layers.GRU(UNITS, return_sequences=True)(x)),
    "model that masks": _nested(lambda k, x: k.layers.Dense(3)(x), masked_inside=True),
    "model that normalizes": _nested(lambda k, x: k.layers.BatchNormalization()(x)),
    "Sequential inside": _stack,
    "model given": _model_given,
}


def data(name: str, shapes: list[tuple[int, ...]], dtypes: list[str]) -> list[np.ndarray]:
    """Inputs: sequences in which the steps of `counts` are not zero, masks, and words."""
    random = generator(f"{name} inputs")
    counts = np.arange(TIME) < np.array([[5], [3], [1], [2]])
    arrays = []
    for number, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True)):
        if dtype == "bool":
            chosen = random.random(shape) < (0.0 if "nothing" in name else 0.6)
            if "Pooling" in name:  # Keras divides by the number of steps that count
                chosen[:, 0] = True
            arrays.append(chosen)
        elif dtype == "int32":
            arrays.append((random.integers(1, 7, shape) * counts).astype(np.int32))
        else:
            values = random.normal(0.4, 0.8, shape)
            if "bool" not in dtypes:
                kept = counts if number == 0 else random.random((BATCH, TIME)) < 0.6
                values *= kept.reshape(BATCH, TIME, *[1] * (len(shape) - 2))
            arrays.append(values.astype(np.float32))
    return arrays


def weights(name: str, variables: list[Any]) -> list[np.ndarray]:
    """Weights that no initializer would make; variances are positive."""
    random = generator(f"{name} weights")
    lowest = [0.1 if "variance" in variable.name else -0.6 for variable in variables]
    return [
        random.uniform(low, 0.6, tuple(variable.shape)).astype(np.float32)
        for low, variable in zip(lowest, variables, strict=True)
    ]


def projections(name: str, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """By what outputs are multiplied before their sum is differentiated."""
    random = generator(f"{name} projections")
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


# Losses and metrics of a masked output -----------------------------------------------------------

LOSSES = [
    (loss, weighted, nothing)
    for loss in ("mse", "sum of mae", "sparse_categorical_crossentropy")
    for weighted in ("plain", "by sample", "by step")
    for nothing in (False, True)
]


def evaluated(k: Any, loss: str, weighted: str, nothing: bool) -> list[float]:
    """Loss and metrics of a recurrent model whose output is masked, `nothing`: everywhere."""
    name = f"losses {loss} {weighted}"
    random = generator(name)
    x = _sequence(k)
    y = k.layers.GRU(UNITS, return_sequences=True, activation="sigmoid")(k.layers.Masking(0.0)(x))
    model = k.Model(x, y)
    model.set_weights(weights(name, model.weights))
    [values] = data(name, [(BATCH, TIME, FEATURES)], ["float32"])
    is_sparse = loss.startswith("sparse")
    target = random.normal(0.4, 0.3, (BATCH, TIME, UNITS)).astype(np.float32)
    labels = random.integers(0, UNITS, (BATCH, TIME)).astype(np.int32)
    by_step = random.uniform(0.5, 2.0, (BATCH, TIME)).astype(np.float32)
    sample_weight = {"plain": None, "by sample": by_step[:, :1], "by step": by_step}[weighted]
    made = k.losses.MeanAbsoluteError(reduction="sum") if loss == "sum of mae" else loss
    kind = "sparse_categorical_accuracy" if is_sparse else "mean_absolute_error"
    model.compile("sgd", made, metrics=[kind], weighted_metrics=[kind])
    found = model.evaluate(
        values * (0.0 if nothing else 1.0),
        labels if is_sparse else target,
        sample_weight=sample_weight,
        batch_size=BATCH,
        verbose=0,
        return_dict=True,  # Keras's lists name a metric that is weighted too twice
    )
    return [found[name] for name in ("loss", kind, f"weighted_{kind}")]
