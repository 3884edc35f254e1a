"""Caffe's LeNet, LeNet-5, and the layers that only the latter has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal

import thalweg as keras
from thalweg.applications import LeNet, LeNet5, lenet
from thalweg.applications.lenet import SparseConv2D, Subsampling, scaled_tanh
from thalweg.core import Session, placeholder
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Conv2D, Dense, MaxPooling2D

# Table I of the paper, row by row: S2's maps against C3's.
TABLE_I = """
o...ooo..oooo.oo
oo...ooo..oooo.o
ooo...ooo..o.ooo
.ooo..oooo..o.oo
..ooo..oooo.oo.o
...ooo..oooo.ooo
""".split()


def digits(*shape: int) -> Any:
    return np.random.default_rng(8).random(shape, dtype=np.float32)


def test_caffe() -> None:
    model = LeNet(weights=None)
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert counts == {"conv1": 520, "conv2": 25_050, "fc1": 400_500, "predictions": 5_010}
    shapes = [layer.output_shape for layer in model.layers if isinstance(layer, MaxPooling2D)]
    assert shapes == [(None, 12, 12, 20), (None, 4, 4, 50)]
    for layer in model.layers:
        if isinstance(layer, Conv2D):
            assert layer.activation is keras.activations.linear
    assert model.get_layer("fc1").activation is keras.activations.relu


def test_lenet5() -> None:
    """The counts of the paper, layer by layer."""
    model = LeNet5(weights=None)
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert counts.pop("predictions") == 850
    expected = {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164}
    assert counts == expected
    shapes = {layer.name: layer.output_shape[1:] for layer in model.layers}
    assert shapes["pad"] == (32, 32, 1)
    maps = {name: shapes[name] for name in ("C1", "S2", "C3", "S4", "C5")}
    assert maps == {
        "C1": (28, 28, 6),
        "S2": (14, 14, 6),
        "C3": (10, 10, 16),
        "S4": (5, 5, 16),
        "C5": (1, 1, 120),
    }
    for layer in model.layers:
        if layer.name in expected:
            assert layer.activation is scaled_tanh


def test_lenet5_equals_its_formula() -> None:
    """The whole network once more in float64, by SciPy, from the paper's text."""
    model = LeNet5(weights=None)
    x = digits(2, 28, 28, 1)
    w = {layer.name: [a.astype(np.float64) for a in layer.get_weights()] for layer in model.layers}

    def squashed(y: Any) -> Any:
        return 1.7159 * np.tanh(2 * y / 3)

    def convolved(y: Any, kernel: Any, bias: float) -> Any:
        return scipy.signal.correlate(y, kernel, mode="valid")[:, :, 0] + bias

    def subsampled(y: Any, name: str) -> Any:
        sums = y[::2, ::2] + y[1::2, ::2] + y[::2, 1::2] + y[1::2, 1::2]
        return squashed(sums * w[name][0] + w[name][1])

    for picture, got in zip(x, model.predict(x), strict=True):
        y = np.pad(picture.astype(np.float64), [(2, 2), (2, 2), (0, 0)])
        y = squashed(
            np.stack([convolved(y, w["C1"][0][..., i], w["C1"][1][i]) for i in range(6)], axis=-1)
        )
        y = subsampled(y, "S2")
        maps, used = [], 0
        for i in range(16):
            seen = model.get_layer("C3").connections[i]
            assert sorted(seen) == [row for row in range(6) if TABLE_I[row][i] == "o"]
            kernel = w["C3"][0][..., used : used + len(seen)]
            used += len(seen)
            maps.append(convolved(y[:, :, seen], kernel, w["C3"][1][i]))
        assert used == 60
        y = subsampled(squashed(np.stack(maps, axis=-1)), "S4")
        y = squashed(np.einsum("ijc,ijco->o", y, w["C5"][0]) + w["C5"][1])
        y = squashed(y @ w["F6"][0] + w["F6"][1])
        logits = np.exp(y @ w["predictions"][0] + w["predictions"][1])
        np.testing.assert_allclose(got, logits / logits.sum(), atol=1e-6)


def test_sizes_of_lenet5() -> None:
    names = [layer.name for layer in LeNet5(weights=None, input_shape=(32, 32, 1)).layers]
    assert "pad" not in names
    model = LeNet5(weights=None, input_shape=(29, 40, 3), include_top=False)
    assert model.get_layer("pad").output_shape == (None, 32, 40, 3)
    assert model.output_shape == (None, 1, 3, 120)


@pytest.mark.parametrize("function", [LeNet, LeNet5])
def test_trains_and_is_saved(function: Any, tmp_path: Path) -> None:
    """Eight pictures are learnt by heart; the file brings the same network back."""
    x, y = digits(8, 28, 28, 1), np.arange(8) % 4
    keras.utils.set_random_seed(1)
    model = function(weights=None, classes=4)
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy")
    losses = model.fit(x, y, epochs=60, verbose=0, shuffle=False).history["loss"]
    assert losses[-1] < losses[0] / 4
    model.save(tmp_path / "model.h5")
    again = keras.models.load_model(tmp_path / "model.h5")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.slow
def test_file_is_read_where_the_networks_are_not_loaded(tmp_path: Path) -> None:
    """A file may name LeNet-5's layers, which only the package of networks knows."""
    LeNet5(weights=None).save(tmp_path / "model.h5")
    code = f"""
import sys, thalweg as keras
for _ in range(2):
    model = keras.models.load_model({str(tmp_path / "model.h5")!r}, compile=False)
    print(model.count_params())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["60850", "60850"]


# --- layers ---------------------------------------------------------------------------------------


def test_scaled_tanh() -> None:
    """f(1) = 1 and f(-1) = -1, to the digits that the paper gives; odd; bounded by 1.7159."""
    x = np.float32([-100, -1, 0, 0.5, 1, 100])
    expected = [-1.7159, -1, 0, 1.7159 * np.tanh(1 / 3), 1, 1.7159]
    np.testing.assert_allclose(scaled_tanh(x), expected, atol=1e-4)


def test_subsampling() -> None:
    x = digits(2, 6, 4, 3)
    layer = Subsampling(activation="relu")
    layer(x)
    coefficient, bias = np.float32([1, -2, 0.5]), np.float32([0, 1, -0.25])
    layer.set_weights([coefficient, bias])
    sums = x.reshape(2, 3, 2, 2, 2, 3).sum(axis=(2, 4))
    np.testing.assert_allclose(layer(x), np.maximum(sums * coefficient + bias, 0), atol=1e-5)
    assert layer(digits(1, 5, 7, 3)).shape == (1, 2, 3, 3)
    fresh = Subsampling()
    np.testing.assert_allclose(fresh(x), sums / 4, atol=1e-6)
    assert Subsampling.from_config(layer.get_config()).activation is keras.activations.relu


def test_sparse_convolution_is_a_dense_one_with_holes() -> None:
    x = digits(2, 6, 5, 3)
    layer = SparseConv2D([[2], [0, 1], [1, 2, 0]], (2, 3), activation="relu")
    layer(x)
    kernel, bias = digits(2, 3, 6) - 0.5, np.float32([0.1, 0.2, -0.3])
    layer.set_weights([kernel, bias])
    dense = np.zeros((2, 3, 3, 3), np.float32)
    dense[:, :, 2, 0] = kernel[..., 0]
    dense[:, :, 0, 1], dense[:, :, 1, 1] = kernel[..., 1], kernel[..., 2]
    dense[:, :, 1, 2], dense[:, :, 2, 2], dense[:, :, 0, 2] = np.moveaxis(kernel[..., 3:], -1, 0)
    whole = Conv2D(3, (2, 3), activation="relu")
    whole(x)
    whole.set_weights([dense, bias])
    np.testing.assert_allclose(layer(x), whole(x), atol=1e-6)


def test_gradient_flows_where_maps_are_connected() -> None:
    """Of output channel k with respect to input channel c: zero unless k sees c."""
    connections = [[0], [1, 3], [0, 2, 3]]
    layer = SparseConv2D(connections, 3)
    x = placeholder("float32", (1, 5, 5, 4))
    y = layer(x)
    for k, seen in enumerate(connections):
        (gradient,) = keras.core.gradients(y[..., k], [x])
        got = Session().run(gradient, {x: digits(1, 5, 5, 4)})
        flows = [c for c in range(4) if np.abs(got[..., c]).max() > 0]
        assert flows == seen


def test_wrong_connections() -> None:
    for connections in ([], [[]], [[0, 0]], [[0], [-1]], [[0.5]]):
        with pytest.raises(OptionError, match="connections"):
            SparseConv2D(connections, 3)
    with pytest.raises(OptionError, match="numbers below 2, the input's channels"):
        SparseConv2D([[2]], 1)(np.ones((1, 3, 3, 2)))


# --- pixels and names -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(28, 28), (3, 28, 28), (28, 28, 1), (3, 28, 28, 1)])
def test_preprocess(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    wanted = shape if shape[-1] == 1 else (*shape, 1)
    for given in (x, x.astype(np.float64)):
        got = lenet.preprocess_input(given)
        assert (got.shape, got.dtype) == (wanted, np.float32)
        np.testing.assert_allclose(got.ravel(), x.ravel() / 255, atol=1e-7)
    tensor = placeholder("uint8", shape)
    symbolic = lenet.preprocess_input(tensor)
    np.testing.assert_array_equal(Session().run(symbolic, {tensor: x}), lenet.preprocess_input(x))


def test_wrong_pictures() -> None:
    with pytest.raises(ShapeError) as caught:
        lenet.preprocess_input(np.zeros((2, 28, 28, 3)))
    assert str(caught.value) == (
        "preprocess_input: not grey pictures\n"
        "  expected  (batch, height, width), or (batch, height, width, 1)\n"
        "  got       (2, 28, 28, 3)"
    )


def test_digits() -> None:
    predictions = np.float32([[0.5, 0, 0, 0.25, 0, 0, 0, 0.125, 0, 0.125]])
    assert lenet.decode_predictions(predictions, top=3) == [[(0, 0.5), (3, 0.25), (7, 0.125)]]
    with pytest.raises(ShapeError, match=r"expected  \(batch, 10\)"):
        lenet.decode_predictions(np.zeros((1, 26)))


def test_dense_is_the_last_layer() -> None:
    """In place of the paper's distances to drawings of the digits."""
    assert isinstance(LeNet5(weights=None).layers[-1], Dense)
