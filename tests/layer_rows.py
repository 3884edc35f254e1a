"""One row a layer: how it is made, what it takes and gives, and its formula written another way.

The tests in `highlevel/layers/test_rows.py` go over this table; a public layer without a row fails
them. Formulas are NumPy's and SciPy's, in float64, from the definition rather than from our code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal
import scipy.special
from attention_rows import ATTENTION_ROWS
from convolution_rows import CONVOLUTION_ROWS
from grid_rows import GRID_ROWS
from layer_row import Array, Row, Weights

from thalweg import layers

__all__ = ["ROWS", "Row"]


def double(x: Any) -> Any:
    """What the row of Lambda computes."""
    return x * 2.0


def _normalized(x: Array, w: Weights, axis: int = -1, epsilon: float = 1e-3) -> Array:
    shape = [1] * x.ndim
    shape[axis] = -1
    mean, variance, gamma, beta = (
        w[name].reshape(shape) if name in w else neutral
        for name, neutral in (
            ("moving_mean", 0.0),
            ("moving_variance", 1.0),
            ("gamma", 1.0),
            ("beta", 0.0),
        )
    )
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def _rescaled(x: Array, w: Weights) -> Array:
    return x / 2 + np.array([1, 2])


def _cosine(a: Array, b: Array) -> Array:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (np.einsum("bi,bi->b", a, b) / norms)[:, None]


def _sigmoid(x: Array) -> Array:
    return scipy.special.expit(x)


def _simple_rnn(x: Array, w: Weights, cell: str = "simple_rnn_cell/") -> Array:
    h = np.zeros((len(x), w[f"{cell}recurrent_kernel"].shape[0]))
    for t in range(x.shape[1]):
        h = np.tanh(
            x[:, t] @ w[f"{cell}kernel"] + h @ w[f"{cell}recurrent_kernel"] + w[f"{cell}bias"]
        )
    return h


def _lstm(x: Array, w: Weights, cell: str = "lstm_cell/") -> Array:
    """All outputs, (batch, time, units)."""
    h = c = np.zeros((len(x), w[f"{cell}recurrent_kernel"].shape[0]))
    outputs = []
    for t in range(x.shape[1]):
        z = x[:, t] @ w[f"{cell}kernel"] + h @ w[f"{cell}recurrent_kernel"] + w[f"{cell}bias"]
        i, f, new, o = np.split(z, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(new)
        h = _sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, 1)


def _gru(x: Array, w: Weights, cell: str = "gru_cell/") -> Array:
    kernel, recurrent = w[f"{cell}kernel"], w[f"{cell}recurrent_kernel"]
    first, second = w[f"{cell}bias"]
    h = np.zeros((len(x), recurrent.shape[0]))
    for t in range(x.shape[1]):
        x_z, x_r, x_h = np.split(x[:, t] @ kernel + first, 3, axis=1)
        h_z, h_r, h_h = np.split(h @ recurrent + second, 3, axis=1)
        z = _sigmoid(x_z + h_z)
        h = z * h + (1 - z) * np.tanh(x_h + _sigmoid(x_r + h_r) * h_h)
    return h


def _conv_lstm(x: Array, w: Weights, cell: str) -> Array:
    """With a kernel of one cell, where convolutions are products of channels."""
    flat = {
        f"{cell}{n}": v.reshape(v.shape[-2:]) if v.ndim > 1 else v
        for n, v in ((name.rpartition("/")[2], value) for name, value in w.items())
    }
    places = x.reshape(*x.shape[:2], -1, x.shape[-1])
    outputs = [_lstm(places[:, :, p], flat, cell)[:, -1] for p in range(places.shape[2])]
    return np.stack(outputs, 1).reshape(len(x), *x.shape[2:-1], -1)


def _cell(
    name: str, features: int, units: int, gates: int, *more: int
) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}/kernel": (features, gates * units),
        f"{name}/recurrent_kernel": (units, gates * units),
        f"{name}/bias": (*more, gates * units),
    }


def _conv_cell(rank: int) -> dict[str, tuple[int, ...]]:
    ones, name = (1,) * rank, f"conv_lstm{rank}d_cell"
    return {
        f"{name}/kernel": (*ones, 2, 12),
        f"{name}/recurrent_kernel": (*ones, 3, 12),
        f"{name}/bias": (12,),
    }


_DENSE = {"kernel": (5, 3), "bias": (3,)}
_IMAGE = (2, 6, 5, 3)
_PAIR = ((4, 3), (4, 3))
_BATCH = {name: (3,) for name in ("gamma", "beta", "moving_mean", "moving_variance")}

ROWS: tuple[Row, ...] = (
    # core -------------------------------------------------------------------------------------
    Row(
        "dense",
        lambda **k: layers.Dense(3, **k),
        ((4, 5),),
        lambda x, w: x @ w["kernel"] + w["bias"],
        _DENSE,
    ),
    Row(
        "dense_relu_without_bias",
        lambda **k: layers.Dense(3, "relu", use_bias=False, kernel_initializer="he_normal", **k),
        ((4, 5),),
        lambda x, w: np.maximum(x @ w["kernel"], 0),
        {"kernel": (5, 3)},
    ),
    Row(
        "dense_softmax_of_rows",
        lambda **k: layers.Dense(3, "softmax", **k),
        ((2, 4, 5),),
        lambda x, w: scipy.special.softmax(
            np.einsum("btf,fu->btu", x, w["kernel"]) + w["bias"], axis=-1
        ),
        _DENSE,
    ),
    Row(
        "activation",
        lambda **k: layers.Activation("tanh", **k),
        ((4, 5),),
        lambda x, w: np.tanh(x),
    ),
    Row("identity", layers.Identity, ((4, 5),), lambda x, w: x),
    Row("lambda", lambda **k: layers.Lambda(double, **k), ((4, 5),), lambda x, w: 2 * x),
    Row("flatten", layers.Flatten, ((2, 3, 4),), lambda x, w: x.reshape(2, 12)),
    Row(
        "flatten_channels_first",
        lambda **k: layers.Flatten("channels_first", **k),
        ((2, 3, 4, 5),),
        lambda x, w: np.moveaxis(x, 1, -1).reshape(2, 60),
    ),
    Row(
        "reshape",
        lambda **k: layers.Reshape((2, -1, 3), **k),
        ((2, 3, 4),),
        lambda x, w: x.reshape(2, 2, 2, 3),
    ),
    Row(
        "permute",
        lambda **k: layers.Permute((3, 1, 2), **k),
        ((2, 3, 4, 5),),
        lambda x, w: np.einsum("xabc->xcab", x),
    ),
    Row(
        "repeat_vector",
        lambda **k: layers.RepeatVector(3, **k),
        ((2, 4),),
        lambda x, w: np.stack([x] * 3, axis=1),
    ),
    # convolution and pooling ------------------------------------------------------------------
    *ATTENTION_ROWS,
    *CONVOLUTION_ROWS,
    *GRID_ROWS,
    # normalization ----------------------------------------------------------------------------
    Row(
        "batch_normalization",
        layers.BatchNormalization,
        (_IMAGE,),
        _normalized,
        _BATCH,
        differs=True,
    ),
    Row(
        "batch_normalization_axis1",
        lambda **k: layers.BatchNormalization(axis=1, epsilon=0.1, momentum=0.5, **k),
        ((2, 3, 6, 5),),
        lambda x, w: _normalized(x, w, axis=1, epsilon=0.1),
        _BATCH,
        differs=True,
    ),
    Row(
        "batch_normalization_bare",
        lambda **k: layers.BatchNormalization(center=False, scale=False, **k),
        ((4, 3),),
        _normalized,
        {"moving_mean": (3,), "moving_variance": (3,)},
        differs=True,
    ),
    Row(
        "normalization",
        layers.Normalization,
        ((4, 2, 3),),
        lambda x, w: (x - w["mean"]) / np.sqrt(w["variance"]),
        {"mean": (3,), "variance": (3,), "count": ()},
    ),
    Row(
        "normalization_inverted",
        lambda **k: layers.Normalization(1, [1.0, 2.0], [4.0, 0.25], invert=True, **k),
        ((4, 2, 3),),
        lambda x, w: x * np.array([[2.0], [0.5]]) + np.array([[1.0], [2.0]]),
    ),
    # merging ----------------------------------------------------------------------------------
    Row("add", layers.Add, ((4, 3), (4, 3), (4, 3)), lambda a, b, c, w: a + b + c),
    Row("add_broadcast", layers.Add, ((4, 3), (4, 2, 3)), lambda a, b, w: a[:, None] + b),
    Row("subtract", layers.Subtract, _PAIR, lambda a, b, w: a - b),
    Row("multiply", layers.Multiply, _PAIR, lambda a, b, w: a * b),
    Row("average", layers.Average, _PAIR, lambda a, b, w: np.mean([a, b], axis=0)),
    Row("maximum", layers.Maximum, _PAIR, lambda a, b, w: np.max([a, b], axis=0)),
    Row("minimum", layers.Minimum, _PAIR, lambda a, b, w: np.min([a, b], axis=0)),
    Row(
        "concatenate",
        layers.Concatenate,
        ((2, 3, 4), (2, 3, 1)),
        lambda a, b, w: np.concatenate([a, b], axis=2),
    ),
    Row(
        "concatenate_axis1",
        lambda **k: layers.Concatenate(axis=1, **k),
        ((2, 3, 4), (2, 1, 4)),
        lambda a, b, w: np.concatenate([a, b], axis=1),
    ),
    Row(
        "dot",
        lambda **k: layers.Dot(axes=(2, 1), **k),
        ((2, 3, 4), (2, 4, 5)),
        lambda a, b, w: np.einsum("bij,bjk->bik", a, b),
    ),
    Row(
        "dot_of_vectors",
        lambda **k: layers.Dot(axes=-1, normalize=True, **k),
        ((2, 4), (2, 4)),
        lambda a, b, w: _cosine(a, b),
    ),
    # regularization ---------------------------------------------------------------------------
    Row("rescaling", lambda **k: layers.Rescaling(0.5, [1, 2], **k), ((3, 2),), _rescaled),
    Row(
        "pipeline",
        lambda **k: layers.Pipeline([layers.Rescaling(0.5, [1, 2], dtype=k.get("dtype"))], **k),
        ((3, 2),),
        _rescaled,
    ),
    Row("dropout", lambda **k: layers.Dropout(0.5, **k), ((8, 9),), lambda x, w: x, differs=True),
    Row(
        "alpha_dropout",
        lambda **k: layers.AlphaDropout(0.5, **k),
        ((8, 9),),
        lambda x, w: x,
        differs=True,
    ),
    Row(
        "gaussian_dropout",
        lambda **k: layers.GaussianDropout(0.5, **k),
        ((8, 9),),
        lambda x, w: x,
        differs=True,
    ),
    Row(
        "gaussian_noise",
        lambda **k: layers.GaussianNoise(1.0, **k),
        ((8, 9),),
        lambda x, w: x,
        differs=True,
    ),
    Row(
        "activity_regularization",
        lambda **k: layers.ActivityRegularization(l2=0.1, **k),
        ((4, 5),),
        lambda x, w: x,
    ),
    # activations ------------------------------------------------------------------------------
    Row(
        "relu",
        lambda **k: layers.ReLU(0.8, 0.25, 0.125, **k),
        ((4, 5),),
        lambda x, w: np.piecewise(
            x,
            [x <= 0.125, (x > 0.125) & (x < 0.8), x >= 0.8],
            [lambda t: 0.25 * (t - 0.125), lambda t: t, 0.8],
        ),
    ),
    Row(
        "leaky_relu",
        layers.LeakyReLU,
        ((4, 5),),
        lambda x, w: np.maximum(x, 0.3 * x),
    ),
    Row(
        "elu",
        lambda **k: layers.ELU(2.0, **k),
        ((4, 5),),
        lambda x, w: np.where(x > 0, x, 2 * np.expm1(x)),
    ),
    Row(
        "prelu",
        lambda **k: layers.PReLU(shared_axes=[1, 2], alpha_initializer="ones", **k),
        (_IMAGE,),
        lambda x, w: np.where(x > 0, x, w["alpha"] * x),
        {"alpha": (1, 1, 3)},
    ),
    Row(
        "softmax",
        lambda **k: layers.Softmax(axis=1, **k),
        ((2, 4, 3),),
        lambda x, w: scipy.special.softmax(x, axis=1),
    ),
    Row(
        "softmax_over_two_axes",
        lambda **k: layers.Softmax(axis=(1, 3), **k),
        ((2, 4, 3, 2),),
        lambda x, w: scipy.special.softmax(x, axis=(1, 3)),
    ),
    # sequences --------------------------------------------------------------------------------
    Row(
        "embedding",
        lambda **k: layers.Embedding(4, 3, **k),
        ((2, 5),),
        lambda x, w: w["embeddings"][x.astype(int)],
        {"embeddings": (4, 3)},
    ),
    Row("masking", lambda **k: layers.Masking(7.0, **k), ((2, 5, 3),), lambda x, w: x),
    Row(
        "simple_rnn",
        lambda **k: layers.SimpleRNN(3, **k),
        ((2, 5, 4),),
        _simple_rnn,
        _cell("simple_rnn_cell", 4, 3, 1),
    ),
    Row(
        "simple_rnn_dropout",
        lambda **k: layers.SimpleRNN(3, dropout=0.5, recurrent_dropout=0.3, **k),
        ((2, 5, 4),),
        _simple_rnn,
        _cell("simple_rnn_cell", 4, 3, 1),
        differs=True,
    ),
    Row(
        "lstm_sequences",
        lambda **k: layers.LSTM(3, return_sequences=True, **k),
        ((2, 5, 4),),
        _lstm,
        _cell("lstm_cell", 4, 3, 4),
    ),
    Row(
        "lstm_of_cudnn",
        lambda **k: layers.CuDNNLSTM(3, **k),
        ((2, 5, 4),),
        lambda x, w: _lstm(x, w)[:, -1],
        _cell("lstm_cell", 4, 3, 4),
    ),
    Row(
        "gru",
        lambda **k: layers.GRU(3, **k),
        ((2, 5, 4),),
        _gru,
        _cell("gru_cell", 4, 3, 3, 2),
    ),
    Row(
        "gru_of_cudnn",
        lambda **k: layers.CuDNNGRU(3, **k),
        ((2, 5, 4),),
        _gru,
        _cell("gru_cell", 4, 3, 3, 2),
    ),
    Row(
        "rnn_of_a_cell",
        lambda **k: layers.RNN(layers.GRUCell(3, name="mine", dtype=k.get("dtype")), **k),
        ((2, 5, 4),),
        lambda x, w: _gru(x, w, "mine/"),
        _cell("mine", 4, 3, 3, 2),
    ),
    Row(
        "bidirectional",
        lambda **k: layers.Bidirectional(layers.GRU(3, name="gru", dtype=k.get("dtype")), **k),
        ((2, 5, 4),),
        lambda x, w: np.concatenate(
            [
                _gru(x, w, "forward_gru/gru_cell/"),
                _gru(x[:, ::-1], w, "backward_gru/gru_cell/"),
            ],
            axis=1,
        ),
        {
            **_cell("forward_gru/gru_cell", 4, 3, 3, 2),
            **_cell("backward_gru/gru_cell", 4, 3, 3, 2),
        },
    ),
    Row(
        "time_distributed",
        lambda **k: layers.TimeDistributed(
            layers.Dense(3, name="inner", dtype=k.get("dtype")), **k
        ),
        ((2, 4, 5),),
        lambda x, w: np.einsum("btf,fu->btu", x, w["inner/kernel"]) + w["inner/bias"],
        {"inner/kernel": (5, 3), "inner/bias": (3,)},
    ),
    Row(
        "conv_lstm1d",
        lambda **k: layers.ConvLSTM1D(3, 1, **k),
        ((2, 4, 5, 2),),
        lambda x, w: _conv_lstm(x, w, "conv_lstm1d_cell/"),
        _conv_cell(1),
    ),
    Row(
        "conv_lstm2d",
        lambda **k: layers.ConvLSTM2D(3, 1, **k),
        ((2, 4, 3, 2, 2),),
        lambda x, w: _conv_lstm(x, w, "conv_lstm2d_cell/"),
        _conv_cell(2),
    ),
    Row(
        "conv_lstm3d",
        lambda **k: layers.ConvLSTM3D(3, 1, **k),
        ((2, 4, 2, 3, 2, 2),),
        lambda x, w: _conv_lstm(x, w, "conv_lstm3d_cell/"),
        _conv_cell(3),
    ),
)
