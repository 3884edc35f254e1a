"""The tables of cases that `make_reference.py` runs through real Keras.

Plain data, no Keras import: class names, the arguments that are passed by name, and arrays drawn
with `fixtures`. Adding a row here and running the script again adds it to the reference files.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import fixtures
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arguments = dict[str, Any]

LAYER_SEED = 30_001
LOSS_SEED = 30_002
METRIC_SEED = 30_003

# ------------------------------------------------------------------------------------ optimizers

# name -> (class, arguments for the MLP, arguments for the LeNet). The LeNet's rates are lower where
# a higher one makes its path too chaotic to compare over 100 steps (README.md, "Conditioning").
OPTIMIZERS: dict[str, tuple[str, Arguments, Arguments]] = {
    "sgd_momentum": (
        "SGD",
        {"learning_rate": 0.05, "momentum": 0.9},
        {"learning_rate": 0.01, "momentum": 0.9},
    ),
    "sgd_nesterov": (
        "SGD",
        {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
        {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True},
    ),
    "adam": ("Adam", {}, {}),
    "adamw": ("AdamW", {}, {}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}, {"learning_rate": 1.0}),
    "adagrad": ("Adagrad", {"learning_rate": 0.05}, {"learning_rate": 0.02}),
    "adamax": ("Adamax", {}, {}),
    "nadam": ("Nadam", {}, {}),
    "rmsprop": ("RMSprop", {}, {}),
    "rmsprop_centered": (
        "RMSprop",
        {"centered": True, "momentum": 0.5},
        {"centered": True, "momentum": 0.5},
    ),
}

# ---------------------------------------------------------------------------------------- layers


@dataclass(frozen=True)
class LayerCase:
    """One layer, its input shapes, and whether it runs in training mode (None: not said)."""

    name: str
    class_name: str
    arguments: Arguments
    shapes: tuple[tuple[int, ...], ...]
    training: bool | None = None
    inputs: tuple[Array, ...] = ()  # given values instead of values drawn for `shapes`


def _convolution_cases() -> list[LayerCase]:
    sizes = {"odd": (2, 9, 7, 3), "even": (2, 8, 6, 3)}
    cases = [
        LayerCase(
            f"conv2d/kernel{kernel}_stride{stride}_{padding}_{size}",
            "Conv2D",
            {"filters": 4, "kernel_size": kernel, "strides": stride, "padding": padding},
            (shape,),
        )
        for kernel, stride, padding, (size, shape) in itertools.product(
            (1, 2, 3, 5), (1, 2), ("same", "valid"), sizes.items()
        )
    ]
    variants: dict[str, Arguments] = {
        "rectangular": {"kernel_size": [3, 2], "strides": [2, 1], "padding": "same"},
        "no_bias": {"kernel_size": 3, "use_bias": False},
        "relu": {"kernel_size": 3, "padding": "same", "activation": "relu"},
    }
    for kernel, padding, dilation in (
        *itertools.product((2, 3), ("same", "valid"), (2,)),
        (3, "same", [1, 2]),
    ):
        word = "2" if dilation == 2 else "1x2"
        variants[f"kernel{kernel}_dilation{word}_{padding}"] = {
            "kernel_size": kernel,
            "padding": padding,
            "dilation_rate": dilation,
        }
    for name, arguments in variants.items():
        for size, shape in sizes.items():
            cases.append(
                LayerCase(f"conv2d/{name}_{size}", "Conv2D", {"filters": 4, **arguments}, (shape,))
            )
    for kernel, stride, padding in itertools.product((1, 3), (1, 2), ("same", "valid")):
        arguments = {"filters": 6, "kernel_size": kernel, "strides": stride, "padding": padding}
        cases.append(
            LayerCase(
                f"conv2d/groups2_kernel{kernel}_stride{stride}_{padding}",
                "Conv2D",
                {**arguments, "groups": 2},
                ((2, 7, 6, 4),),
            )
        )
    return cases


def _pooling_cases() -> list[LayerCase]:
    sizes = {"odd": (2, 9, 7, 3), "even": (2, 8, 6, 3)}
    windows: dict[str, Arguments] = {
        "pool2": {"pool_size": 2},
        "pool3_stride2": {"pool_size": 3, "strides": 2},
        "pool2_stride3": {"pool_size": 2, "strides": 3},
        "pool3_stride1": {"pool_size": 3, "strides": 1},
        "pool3x2_stride1x2": {"pool_size": [3, 2], "strides": [1, 2]},
    }
    cases = [
        LayerCase(
            f"{kind.lower()}/{window}_{padding}_{size}",
            kind,
            {**arguments, "padding": padding},
            (shape,),
        )
        for kind in ("MaxPooling2D", "AveragePooling2D")
        for (window, arguments), padding, (size, shape) in itertools.product(
            windows.items(), ("same", "valid"), sizes.items()
        )
    ]
    for keepdims in (False, True):
        cases.append(
            LayerCase(
                f"globalaveragepooling2d/keepdims_{str(keepdims).lower()}",
                "GlobalAveragePooling2D",
                {"keepdims": keepdims},
                ((3, 5, 4, 3),),
            )
        )
    return cases


def _normalization_cases() -> list[LayerCase]:
    variants: dict[str, tuple[Arguments, tuple[int, ...]]] = {
        "default_4d": ({}, (4, 5, 3, 6)),
        "default_2d": ({}, (9, 6)),
        "momentum_epsilon": ({"momentum": 0.7, "epsilon": 0.05}, (9, 6)),
        "no_center": ({"center": False}, (9, 6)),
        "no_scale": ({"scale": False}, (9, 6)),
        "neither": ({"center": False, "scale": False}, (4, 5, 3, 6)),
        "axis1": ({"axis": 1}, (4, 5, 3, 6)),
    }
    return [
        LayerCase(
            f"batchnormalization/{name}_{'training' if training else 'inference'}",
            "BatchNormalization",
            arguments,
            (shape,),
            training,
        )
        for (name, (arguments, shape)), training in itertools.product(
            variants.items(), (True, False)
        )
    ]


ACTIVATIONS = (
    *("linear", "relu", "tanh", "sigmoid", "softmax", "softplus", "softsign", "elu", "selu"),
    *("hard_sigmoid", "exponential", "swish", "gelu", "leaky_relu"),
)


def _activation_cases() -> list[LayerCase]:
    ordinary = np.linspace(-6, 6, 49, dtype=np.float32).reshape(7, 7)
    # Values where a naive formula overflows, and the corners of the piecewise ones.
    large = np.asarray(
        [[-100, -88, -60, -30, -20, -3], [-1, -0.0, 0, 1, 3, 6], [20, 30, 60, 80, 88, 100]],
        dtype=np.float32,
    )
    cases = [
        LayerCase(
            f"activation/{name}_{size}", "Activation", {"activation": name}, (), None, (values,)
        )
        for name in ACTIVATIONS
        for size, values in (("ordinary", ordinary), ("large", large))
        if (name, size) != ("exponential", "large")  # exp(100) is infinite in float32
    ]
    relu: dict[str, Arguments] = {
        "default": {},
        "max_value": {"max_value": 2.5},
        "negative_slope": {"negative_slope": 0.25},
        "threshold": {"threshold": 1.0},
        "all": {"max_value": 3.0, "negative_slope": 0.5, "threshold": 0.75},
    }
    cases += [
        LayerCase(f"relu/{name}", "ReLU", arguments, (), None, (ordinary,))
        for name, arguments in relu.items()
    ]
    cases += [
        LayerCase("softmax/last_axis", "Softmax", {}, ((3, 4, 5),)),
        LayerCase("softmax/axis1", "Softmax", {"axis": 1}, ((3, 4, 5),)),
        LayerCase("softmax/large", "Softmax", {}, (), None, (large,)),
    ]
    return cases


def layer_cases() -> list[LayerCase]:
    """Return every layer case, in the order in which its arrays are drawn."""
    dense: dict[str, tuple[Arguments, tuple[int, ...]]] = {
        "default": ({"units": 5}, (4, 7)),
        "no_bias": ({"units": 5, "use_bias": False}, (4, 7)),
        "tanh": ({"units": 5, "activation": "tanh"}, (4, 7)),
        "softmax": ({"units": 5, "activation": "softmax"}, (4, 7)),
        "rank3": ({"units": 5}, (2, 3, 7)),
    }
    cases = [LayerCase(f"dense/{name}", "Dense", a, (s,)) for name, (a, s) in dense.items()]
    cases += _convolution_cases() + _pooling_cases() + _normalization_cases()
    cases += _activation_cases()
    cases += [
        LayerCase("concatenate/last_axis", "Concatenate", {}, ((2, 3, 4), (2, 3, 1), (2, 3, 2))),
        LayerCase("concatenate/axis1", "Concatenate", {"axis": 1}, ((2, 3, 4), (2, 2, 4))),
        LayerCase("add/two", "Add", {}, ((2, 3, 4), (2, 3, 4))),
        LayerCase("add/three", "Add", {}, ((2, 3), (2, 3), (2, 3))),
        LayerCase("add/broadcast", "Add", {}, ((2, 3, 4), (2, 1, 4))),
    ]
    return cases


# ---------------------------------------------------------------------------- losses and metrics


@dataclass(frozen=True)
class LossCase:
    """One loss with its arrays; weights are (samples,), (samples, 1) or (samples, steps)."""

    name: str
    class_name: str
    arguments: Arguments
    y_true: Array
    y_pred: Array
    sample_weight: Array


def loss_cases() -> list[LossCase]:
    """Return every loss case; 6 samples, 4 features or classes unless the name says otherwise."""
    random = fixtures.generator(LOSS_SEED)

    def draw(*shape: int, low: float = -1.0, high: float = 1.0) -> Array:
        return fixtures.uniform(random, shape, low, high)

    def labels(*shape: int, classes: int = 4) -> npt.NDArray[np.int64]:
        return draw(*shape, low=0.0, high=classes - 1e-3).astype(np.int64)

    weight = draw(6, low=0.25, high=2.0)
    weight[2] = 0.0
    signed_true, signed_pred = draw(6, 4), draw(6, 4)
    positive_true, positive_pred = draw(6, 4, low=0.1, high=3.0), draw(6, 4, low=0.1, high=3.0)
    cube_true, cube_pred = draw(6, 5, 3), draw(6, 5, 3)
    step_weight = draw(6, 5, low=0.0, high=2.0)
    bits = (draw(6, 4) > 0).astype(np.float32)
    chance = draw(6, 4, low=0.02, high=0.98)
    logits = draw(6, 4, low=-4.0, high=4.0)
    classes = labels(6)
    hot = fixtures.one_hot(classes, 4)
    exponentials = draw(6, 4, low=0.05, high=1.0)
    distribution = exponentials / exponentials.sum(axis=1, keepdims=True, dtype=np.float32)
    other = draw(6, 4, low=0.05, high=1.0)
    target = other / other.sum(axis=1, keepdims=True, dtype=np.float32)
    clipped = chance.copy()
    clipped[0, :2], clipped[1, :2] = (0.0, 1.0), (1.0, 0.0)
    sequence = labels(6, 5)
    sequence_logits = draw(6, 5, 4, low=-3.0, high=3.0)
    large_logits = 30 * logits

    rows: list[tuple[str, str, Arguments, Array, Array]] = [
        ("mse", "MeanSquaredError", {}, signed_true, signed_pred),
        ("mse/rank3", "MeanSquaredError", {}, cube_true, cube_pred),
        ("mae", "MeanAbsoluteError", {}, signed_true, signed_pred),
        ("mape", "MeanAbsolutePercentageError", {}, positive_true, positive_pred),
        ("msle", "MeanSquaredLogarithmicError", {}, positive_true, positive_pred),
        ("msle/negative", "MeanSquaredLogarithmicError", {}, positive_true, signed_pred),
        ("huber", "Huber", {}, positive_true, positive_pred),
        ("huber/delta", "Huber", {"delta": 0.5}, positive_true, positive_pred),
        ("log_cosh", "LogCosh", {}, signed_true, signed_pred),
        ("log_cosh/large", "LogCosh", {}, 100 * signed_true, 100 * signed_pred),
        ("cosine_similarity", "CosineSimilarity", {}, signed_true, signed_pred),
        ("cosine_similarity/axis1", "CosineSimilarity", {"axis": 1}, cube_true, cube_pred),
        ("poisson", "Poisson", {}, positive_true, positive_pred),
        ("kld", "KLDivergence", {}, target, distribution),
        ("hinge", "Hinge", {}, 2 * bits - 1, signed_pred),
        ("hinge/zero_one", "Hinge", {}, bits, signed_pred),
        ("squared_hinge", "SquaredHinge", {}, 2 * bits - 1, signed_pred),
        ("squared_hinge/zero_one", "SquaredHinge", {}, bits, signed_pred),
        ("categorical_hinge", "CategoricalHinge", {}, hot, signed_pred),
    ]
    smooth = {"label_smoothing": 0.1}
    from_logits = {"from_logits": True}
    for kind, name in (
        ("binary_crossentropy", "BinaryCrossentropy"),
        ("categorical_crossentropy", "CategoricalCrossentropy"),
    ):
        true, pred = (bits, chance) if name.startswith("B") else (hot, distribution)
        rows += [
            (f"{kind}/probabilities", name, {}, true, pred),
            (f"{kind}/probabilities_smoothed", name, smooth, true, pred),
            (f"{kind}/logits", name, from_logits, true, logits),
            (f"{kind}/logits_smoothed", name, {**from_logits, **smooth}, true, logits),
            (f"{kind}/large_logits", name, from_logits, true, large_logits),
            (f"{kind}/clipped", name, {}, true, clipped),
        ]
    rows += [
        ("categorical_crossentropy/unnormalized", "CategoricalCrossentropy", {}, hot, exponentials),
        ("categorical_crossentropy/soft", "CategoricalCrossentropy", {}, target, distribution),
    ]
    sparse, kind = "SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"
    rows += [
        (f"{kind}/probabilities", sparse, {}, classes, distribution),
        (f"{kind}/column", sparse, {}, classes[:, None], distribution),
        (f"{kind}/unnormalized", sparse, {}, classes, exponentials),
        (f"{kind}/logits", sparse, from_logits, classes, logits),
        (f"{kind}/large_logits", sparse, from_logits, classes, large_logits),
        (f"{kind}/sequence", sparse, from_logits, sequence, sequence_logits),
    ]
    # Keras 3 does not spread weights of shape (samples,) over losses of rank 2: (samples, 1) it is.
    cases = [LossCase(*row, weight if row[4].ndim == 2 else weight[:, None]) for row in rows]
    return [
        *cases,
        LossCase("mse/rank3_step_weights", *rows[1][1:], step_weight),
        LossCase(f"{kind}/sequence_step_weights", *rows[-1][1:], step_weight),
    ]


@dataclass(frozen=True)
class MetricCase:
    """One metric and the argument lists of its two updates, without and with weights."""

    name: str
    class_name: str
    arguments: Arguments
    updates: tuple[tuple[Array, ...], ...]  # (y_true, y_pred), or (values,)
    sample_weights: tuple[Array, ...]


def metric_cases() -> list[MetricCase]:
    """Return every metric case: two updates, of 12 and of 7 samples."""
    random = fixtures.generator(METRIC_SEED)
    sizes = (12, 7)

    def pairs(width: int, low: float = 0.0, high: float = 1.0) -> tuple[Array, ...]:
        return tuple(fixtures.uniform(random, (n, width), low, high) for n in sizes)

    weights = tuple(fixtures.uniform(random, (n,), 0.25, 2.0) for n in sizes)
    chance, scores, real, target = pairs(1), pairs(6), pairs(3, -1, 1), pairs(3, -1, 1)
    multi = pairs(6)
    # Likelier to be one where the prediction is high, so that no count is zero.
    bits = tuple(
        (p + fixtures.uniform(random, p.shape, -0.4, 0.4) > 0.5).astype(np.float32) for p in chance
    )
    multi_bits = tuple(
        (p + fixtures.uniform(random, p.shape, -0.4, 0.4) > 0.5).astype(np.float32) for p in multi
    )
    labels = tuple((fixtures.uniform(random, (n,), 0, 5.99)).astype(np.int64) for n in sizes)
    labels = tuple(
        np.where(np.arange(len(y)) % 3 == 0, p.argmax(axis=1), y)
        for y, p in zip(labels, scores, strict=True)
    )
    hot = tuple(fixtures.one_hot(y, 6) for y in labels)
    columns = tuple(y[:, None] for y in labels)

    rows: list[tuple[str, str, Arguments, tuple[Array, ...], tuple[Array, ...]]] = [
        ("accuracy/equal", "Accuracy", {}, columns, tuple(p.argmax(1)[:, None] for p in scores)),
        ("binary_accuracy", "BinaryAccuracy", {}, bits, chance),
        ("binary_accuracy/threshold", "BinaryAccuracy", {"threshold": 0.3}, bits, chance),
        ("binary_accuracy/many", "BinaryAccuracy", {}, multi_bits, multi),
        ("categorical_accuracy", "CategoricalAccuracy", {}, hot, scores),
        ("sparse_categorical_accuracy", "SparseCategoricalAccuracy", {}, labels, scores),
        ("sparse_categorical_accuracy/column", "SparseCategoricalAccuracy", {}, columns, scores),
        ("top_k", "TopKCategoricalAccuracy", {}, hot, scores),
        ("top_k/2", "TopKCategoricalAccuracy", {"k": 2}, hot, scores),
        ("sparse_top_k", "SparseTopKCategoricalAccuracy", {}, labels, scores),
        ("sparse_top_k/2", "SparseTopKCategoricalAccuracy", {"k": 2}, labels, scores),
        ("auc", "AUC", {}, bits, chance),
        ("auc/pr", "AUC", {"curve": "PR"}, bits, chance),
        ("auc/20_thresholds", "AUC", {"num_thresholds": 20}, bits, chance),
        *(
            (
                f"auc/{method}",
                "AUC",
                {"num_thresholds": 6, "summation_method": method},
                bits,
                chance,
            )
            for method in ("interpolation", "minoring", "majoring")
        ),
        ("auc/thresholds", "AUC", {"thresholds": [0.15, 0.4, 0.45, 0.9]}, bits, chance),
        ("auc/many", "AUC", {}, multi_bits, multi),
        ("precision", "Precision", {}, bits, chance),
        ("precision/threshold", "Precision", {"thresholds": 0.3}, bits, chance),
        ("precision/thresholds", "Precision", {"thresholds": [0.2, 0.5, 0.8]}, bits, chance),
        ("precision/class_id", "Precision", {"class_id": 2}, multi_bits, multi),
        ("precision/top_k", "Precision", {"top_k": 2}, multi_bits, multi),
        ("recall", "Recall", {}, bits, chance),
        ("recall/threshold", "Recall", {"thresholds": 0.6}, bits, chance),
        ("recall/thresholds", "Recall", {"thresholds": [0.2, 0.5, 0.8]}, bits, chance),
        ("recall/class_id", "Recall", {"class_id": 4}, multi_bits, multi),
        ("recall/top_k", "Recall", {"top_k": 2}, multi_bits, multi),
        ("mean_squared_error", "MeanSquaredError", {}, target, real),
        ("root_mean_squared_error", "RootMeanSquaredError", {}, target, real),
        ("mean_absolute_error", "MeanAbsoluteError", {}, target, real),
    ]
    cases = [
        MetricCase(name, kind, arguments, tuple(zip(true, pred, strict=True)), weights)
        for name, kind, arguments, true, pred in rows
    ]
    for kind in ("Mean", "Sum"):
        values = tuple((p[:, 0],) for p in real)
        cases.append(MetricCase(kind.lower(), kind, {}, values, weights))
        cases.append(
            MetricCase(f"{kind.lower()}/rank2", kind, {}, tuple((p,) for p in real), weights)
        )
    return cases


# ---------------------------------------------------------------------------------- initializers

# Standard deviation of a standard normal cut at two deviations: the constant in Keras's source.
TRUNCATED_DEVIATION = 0.87962566103423978


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return Keras's (fan_in, fan_out): a scalar has 1 and 1, a vector its size twice."""
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    field_size = math.prod(shape[:-2])
    return field_size * shape[-2], field_size * shape[-1]


def _moments(distribution: str, mean: float, deviation: float, width: float) -> dict[str, Any]:
    """Describe a distribution; `deviation` is that of the uncut normal, `width` half a range."""
    variance, reach = {
        "uniform": (width**2 / 3, width),
        "truncated_normal": ((TRUNCATED_DEVIATION * deviation) ** 2, 2 * deviation),
        "normal": (deviation**2, math.inf),
        "constant": (0.0, 0.0),
    }[distribution]
    bounded = math.isfinite(reach)
    return {
        "distribution": distribution,
        "mean": mean,
        "variance": variance,
        "low": mean - reach if bounded else None,
        "high": mean + reach if bounded else None,
    }


def _variance_scaling(
    shape: tuple[int, ...], scale: float, mode: str, distribution: str
) -> dict[str, Any]:
    fan_in, fan_out = fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "truncated_normal":
        return _moments(distribution, 0.0, math.sqrt(variance) / TRUNCATED_DEVIATION, 0.0)
    if distribution == "untruncated_normal":
        return _moments("normal", 0.0, math.sqrt(variance), 0.0)
    return _moments("uniform", 0.0, 0.0, math.sqrt(3 * variance))


def initializer_cases() -> list[dict[str, Any]]:
    """Return rows of class, arguments, shape and the values that Keras's formulas give."""
    shape: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...] = ((784, 64), (5, 5, 6, 16), (3, 3, 8, 8), (120,), (7, 5))
    rows: list[dict[str, Any]] = []

    def add(kind: str, arguments: Arguments, shape: tuple[int, ...], **expected: Any) -> None:
        rows.append({"class_name": kind, "arguments": arguments, "shape": list(shape), **expected})

    presets = {
        "GlorotUniform": (1.0, "fan_avg", "uniform"),
        "GlorotNormal": (1.0, "fan_avg", "truncated_normal"),
        "HeUniform": (2.0, "fan_in", "uniform"),
        "HeNormal": (2.0, "fan_in", "truncated_normal"),
        "LecunUniform": (1.0, "fan_in", "uniform"),
        "LecunNormal": (1.0, "fan_in", "truncated_normal"),
    }
    scalings: list[Arguments] = [
        {},
        {"scale": 2.0, "mode": "fan_out"},
        {"scale": 0.5, "mode": "fan_avg", "distribution": "uniform"},
        {"scale": 3.0, "mode": "fan_in", "distribution": "untruncated_normal"},
    ]
    for shape in shapes:
        for kind, (scale, mode, distribution) in presets.items():
            add(kind, {}, shape, **_variance_scaling(shape, scale, mode, distribution))
        for given in scalings:
            full = {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal", **given}
            add("VarianceScaling", given, shape, **_variance_scaling(shape, **full))
    for shape in ((784, 64), (120,)):
        add("RandomUniform", {}, shape, **_moments("uniform", 0.0, 0.0, 0.05))
        given = {"minval": -0.5, "maxval": 1.5}
        add("RandomUniform", given, shape, **_moments("uniform", 0.5, 0.0, 1.0))
        for kind, cut in (("RandomNormal", "normal"), ("TruncatedNormal", "truncated_normal")):
            add(kind, {}, shape, **_moments(cut, 0.0, 0.05, 0.0))
            add(kind, {"mean": 1.0, "stddev": 0.2}, shape, **_moments(cut, 1.0, 0.2, 0.0))
    for shape in ((3, 3, 8, 8), (7,), ()):
        add("Zeros", {}, shape, **_moments("constant", 0.0, 0.0, 0.0))
        add("Ones", {}, shape, **_moments("constant", 1.0, 0.0, 0.0))
        add("Constant", {}, shape, **_moments("constant", 0.0, 0.0, 0.0))
        add("Constant", {"value": 0.25}, shape, **_moments("constant", 0.25, 0.0, 0.0))
    # Orthogonal: columns (or rows, where they are fewer) of length gain, at right angles; the
    # mean square of an entry is therefore gain**2 / max(rows, columns) exactly.
    for shape in ((64, 32), (32, 64), (3, 3, 8, 16)):
        for gain in (1.0, 1.5):
            add(
                "Orthogonal",
                {} if gain == 1.0 else {"gain": gain},
                shape,
                distribution="orthogonal",
                mean=0.0,
                variance=gain**2 / max(math.prod(shape[:-1]), shape[-1]),
                low=-gain,
                high=gain,
            )
    for shape in ((5, 5), (4, 6)):
        for gain in (1.0, 2.0):
            mean = gain * min(shape) / math.prod(shape)
            add(
                "Identity",
                {} if gain == 1.0 else {"gain": gain},
                shape,
                distribution="identity",
                mean=mean,
                variance=gain * mean - mean**2,
                low=0.0,
                high=gain,
            )
    return rows
