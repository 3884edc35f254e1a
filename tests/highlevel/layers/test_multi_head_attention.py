"""MultiHeadAttention, whose tensors are several arguments; and masks of all attentions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.special

import thalweg as keras
from thalweg import layers
from thalweg.core import Session, gradients, reduce_sum
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Attention, MultiHeadAttention

Array = npt.NDArray[Any]
Weights = dict[str, Array]

Q, V, K = (
    np.random.default_rng(seed).normal(size=(2, length, 4)).astype("float32")
    for seed, length in enumerate((3, 5, 5))
)


def _multi_head(query: Array, value: Array, key: Array, w: Weights) -> Array:
    """Head by head."""
    heads = w["query/kernel"].shape[1]
    total = np.zeros((*query.shape[:2], w["attention_output/kernel"].shape[-1]))
    for head in range(heads):
        q, k, v = (
            x @ w[f"{name}/kernel"][:, head] + w[f"{name}/bias"][head]
            for name, x in (("query", query), ("key", key), ("value", value))
        )
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        total += scipy.special.softmax(scores, -1) @ v @ w["attention_output/kernel"][head]
    return total + w["attention_output/bias"]


def _axial(x: Array, w: Weights) -> Array:
    """Along the second of two axes: each line of the first is a sequence of its own."""
    return np.stack([_multi_head(*[x[:, i]] * 3, w) for i in range(x.shape[1])], 1)


def _heads(
    features: int, heads: int, size: int, value: int, out: int
) -> dict[str, tuple[int, ...]]:
    return {
        "query/kernel": (features, heads, size),
        "query/bias": (heads, size),
        "key/kernel": (features, heads, size),
        "key/bias": (heads, size),
        "value/kernel": (features, heads, value),
        "value/bias": (heads, value),
        "attention_output/kernel": (heads, value, out),
        "attention_output/bias": (out,),
    }


def shaken(layer: MultiHeadAttention, *inputs: Array) -> Weights:
    """Builds a layer, gives all weights values, and returns these by name."""
    layer(*inputs)
    random = np.random.default_rng(9)
    layer.set_weights([random.uniform(-1, 1, w.shape) for w in layer.weights])
    values = zip(layer.weights, layer.get_weights(), strict=True)
    return {w.name.partition("/")[2]: value.astype(np.float64) for w, value in values}


def close(got: Array, expected: Array) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=2e-6)


def test_formula() -> None:
    layer = MultiHeadAttention(2, 3, value_dim=5, output_shape=7, name="mine")
    weights = shaken(layer, Q, V, K)
    assert {name: value.shape for name, value in weights.items()} == _heads(4, 2, 3, 5, 7)
    assert [w.name for w in layer.weights] == [f"mine/{name}" for name in _heads(4, 2, 3, 5, 7)]
    y, scores = layer(Q, V, K, return_attention_scores=True)
    close(y, _multi_head(Q, V, K, weights))
    assert scores.shape == (2, 2, 3, 5)
    close(scores.sum(-1), np.ones((2, 2, 3)))
    close(layer(Q, V), _multi_head(Q, V, V, weights))


def test_along_one_of_two_axes() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype("float32")
    layer = MultiHeadAttention(2, 3, attention_axes=2)
    weights = shaken(layer, x, x)
    close(layer(x, x), _axial(x, weights))


def test_along_two_axes_is_along_one_long_axis() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype("float32")
    layer = MultiHeadAttention(2, 3)
    weights = shaken(layer, x, x)
    line = x.reshape(2, 15, 4)
    close(layer(x, x).reshape(2, 15, 4), _multi_head(line, line, line, weights))


def test_without_biases() -> None:
    layer = MultiHeadAttention(2, 3, use_bias=False)
    weights = shaken(layer, Q, V)
    assert len(weights) == 4
    zeros = {name: np.zeros(s) for name, s in _heads(4, 2, 3, 3, 4).items() if "bias" in name}
    close(layer(Q, V), _multi_head(Q, V, V, {**weights, **zeros}))


def test_masks() -> None:
    """What is masked might as well be anything; what one query may see is all it sees."""
    layer = MultiHeadAttention(2, 3)
    weights = shaken(layer, Q, V)
    mask = np.array([[True, True, False, True, False]] * 2)
    expected = _multi_head(Q, V[:, mask[0]], V[:, mask[0]], weights)
    close(layer(Q, V, value_mask=mask), expected)
    close(layer(Q, V, key_mask=mask), expected)
    close(layer(Q, V, attention_mask=np.broadcast_to(mask[:, None], (2, 3, 5))), expected)
    of_heads = np.broadcast_to(mask[:, None, None], (2, 2, 3, 5))
    both = np.array([[True, False, True, True, True]] * 2)
    some = V[:, mask[0] & both[0]]
    close(
        layer(Q, V, value_mask=both, attention_mask=of_heads), _multi_head(Q, some, some, weights)
    )
    seen = layer(V, V, use_causal_mask=True)
    for last in range(5):
        part = V[:, : last + 1]
        close(seen[:, last], _multi_head(V[:, last : last + 1], part, part, weights)[:, 0])
    both = layer(Q, V, value_mask=mask, attention_mask=np.tri(3, 5, dtype=bool)[None])
    close(both[:, 0], _multi_head(Q[:, :1], V[:, :1], V[:, :1], weights)[:, 0])


def test_masks_come_with_tensors() -> None:
    words = keras.Input((5,), dtype="int32")
    x = layers.Embedding(7, 4, mask_zero=True)(words)
    layer = MultiHeadAttention(2, 3, name="mine")
    y = layer(x, x)
    assert y.mask is not None
    model = keras.Model(words, y)
    a, b = np.array([[1, 2, 3, 0, 0]]), np.array([[1, 2, 3]])
    table = model.layers[1].get_weights()[0]
    close(model.predict(a, verbose=0)[:, :3], layer(table[b], table[b]))


def test_gradients_are_those_of_differences(session: Session) -> None:
    layer = MultiHeadAttention(2, 3, dtype="float64")
    query, value = keras.Input((3, 4), dtype="float64"), keras.Input((5, 4), dtype="float64")
    loss = reduce_sum(layer(query, value) ** 3)
    shaken(layer, Q, V)
    feeds = {query: Q.astype("float64"), value: V.astype("float64")}
    found = session.run(gradients(loss, [query, value]), feeds)
    for tensor, slope in zip((query, value), found, strict=True):
        step = np.random.default_rng(3).normal(size=slope.shape) * 1e-6
        high, low = (
            session.run(loss, {**feeds, tensor: feeds[tensor] + sign * step}) for sign in (1, -1)
        )
        assert (slope * step).sum() == pytest.approx((high - low) / 2, rel=1e-6)


def test_configuration_and_files(tmp_path: Path) -> None:
    query, value = keras.Input((3, 4)), keras.Input((5, 4))
    layer = MultiHeadAttention(
        2, 3, value_dim=5, dropout=0.1, kernel_regularizer="l2", kernel_initializer="he_normal"
    )
    model = keras.Model([query, value], layer(query, value))
    shaken(layer, Q, V)
    expected = model.predict([Q, V], verbose=0)
    again = MultiHeadAttention.from_config(json.loads(json.dumps(layer.get_config())))
    assert again.get_config() == layer.get_config()
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        loaded = keras.models.load_model(tmp_path / name)
        np.testing.assert_array_equal(loaded.predict([Q, V], verbose=0), expected)
    for name in ("w.weights.h5", "w.h5"):
        model.save_weights(tmp_path / name)
        layer.set_weights([0 * w for w in layer.get_weights()])
        model.load_weights(tmp_path / name)
        np.testing.assert_array_equal(model.predict([Q, V], verbose=0), expected)


def test_it_trains() -> None:
    """To find the largest number of a sequence, and what stands beside it."""
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 6, 2)).astype("float32")
    y = np.take_along_axis(x[:, :, 1], x[:, :, :1].argmax(1), 1)
    inputs = keras.Input((6, 2))
    hidden = layers.Dense(16, activation="relu")(inputs)
    hidden = MultiHeadAttention(2, 8, dropout=0.05)(hidden, hidden)
    outputs = layers.Dense(1)(layers.GlobalMaxPooling1D()(hidden))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    losses = model.fit(x, y, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_masks_of_attention() -> None:
    mask = np.array([[True, False, True, True, False]] * 2)
    queries = np.array([[True, True, False]] * 2)
    layer = Attention()
    close(layer([Q, V], mask=[None, mask]), layer([Q, V[:, mask[0]]]))
    some = layer([Q, V], mask=[queries, mask])
    close(some[:, :2], layer([Q[:, :2], V[:, mask[0]]]))
    assert not some[:, 2].any()
    y, weights = layer([V, V], return_attention_scores=True, use_causal_mask=True)
    assert not np.triu(weights, 1).any()
    close(y[:, 0], V[:, 0])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: MultiHeadAttention(0, 3), "num_heads"),
        (lambda: MultiHeadAttention(2, 3, use_gate=True), "use_gate"),
        (lambda: MultiHeadAttention(2, 3, sliding_window=4), "sliding_window"),
        (lambda: MultiHeadAttention(2, 3, attention_axes=2)(Q, V), "attention_axes"),
        (lambda: layers.EinsumDense("ab,bc", 3), "labels of input, kernel and output"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="b"), "bias_axes"),
        (lambda: layers.EinsumDense("ab,bc->ac", (3, 4))(Q[0]), "output_shape"),
        (lambda: layers.GroupNormalization(0), "groups"),
        (lambda: layers.AlphaDropout(1.0), "rate"),
        (lambda: Attention(score_mode="sum"), "score_mode"),
    ],
)
def test_options(make: Any, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: MultiHeadAttention(2, 3)(Q, V[0]), "differ in their number of axes"),
        (lambda: Attention()(Q), "takes queries, values and maybe keys"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3)(Q), "another rank than the equation"),
        (lambda: layers.GroupNormalization()(Q), "do not divide into groups"),
    ],
)
def test_shapes(call: Any, text: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    assert text in str(caught.value)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(200, 500)).astype("float32")
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True)
    assert abs(y.mean()) < 0.01
    assert abs(y.std() - 1) < 0.01
    values, counts = np.unique(y, return_counts=True)
    dropped = y == values[counts.argmax()]
    assert abs(dropped.mean() - 0.3) < 0.01
    rows = layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((9, 4)), training=True)
    assert (rows == rows[:, :1]).all()
