"""What holds for every layer, row by row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from layer_rows import ROWS, Row, double

from thalweg import layers
from thalweg.core import Session, Tensor, Variable, gradients, reduce_mean, square
from thalweg.layers import Input, InputLayer, Layer
from thalweg.layers.preprocessing.image_base import ImageTransform
from thalweg.saving.config import custom_object_scope

Array = npt.NDArray[Any]

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def drawn(row: Row, seed: int = 0) -> list[Array]:
    """Inputs in -1..1."""
    random = np.random.default_rng(seed)
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in row.shapes]


def arranged(row: Row, inputs: list[Any]) -> Any:
    """One input alone, several in a list, as the layers take them."""
    return inputs[0] if len(row.shapes) == 1 else list(inputs)


def symbolic(row: Row) -> list[Tensor]:
    return [Input(shape[1:]) for shape in row.shapes]


def shake(layer: Layer) -> None:
    """Gives every weight values that no default has; variances stay positive."""
    random = np.random.default_rng(9)
    layer.set_weights([random.uniform(0.2, 1.0, w.shape) for w in layer.weights])


def named_weights(layer: Layer) -> dict[str, Array]:
    values = zip(layer.weights, layer.get_weights(), strict=True)
    return {w.name.partition("/")[2]: value.astype(np.float64) for w, value in values}


@every_row
def test_formula_on_arrays(row: Row) -> None:
    layer = row.make()
    inputs = drawn(row)
    layer(arranged(row, inputs))
    shake(layer)
    got = layer(arranged(row, inputs))
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.float32
    wide = [x.astype(np.float64) for x in inputs]
    expected = row.formula(*wide, named_weights(layer))
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@every_row
def test_tensors_give_the_same(row: Row, session: Session) -> None:
    layer = row.make()
    inputs = symbolic(row)
    output = layer(arranged(row, inputs))
    shake(layer)
    fed = dict(zip(inputs, drawn(row), strict=True))
    np.testing.assert_array_equal(session.run(output, fed), layer(arranged(row, drawn(row))))


@every_row
def test_type_and_shape(row: Row) -> None:
    layer = row.make()
    output = layer(arranged(row, symbolic(row)))
    real = layer(arranged(row, drawn(row))).shape
    assert output.dtype == "float32"
    assert output.shape == (None, *real[1:])
    assert layer.output_shape == output.shape
    assert layer.built


@every_row
def test_weights(row: Row) -> None:
    layer = row.make(name="mine")
    assert layer.weights == []
    layer(arranged(row, symbolic(row)))
    assert {w.name: w.shape for w in layer.weights} == {
        f"mine/{name}": shape for name, shape in row.weights.items()
    }
    assert layer.count_params() == sum(int(np.prod(shape)) for shape in row.weights.values())


@every_row
def test_second_call_shares_weights(row: Row) -> None:
    layer = row.make()
    layer(arranged(row, symbolic(row)))
    before = layer.weights
    layer(arranged(row, symbolic(row)))
    assert layer.weights == before


@every_row
def test_config_round_trip(row: Row) -> None:
    layer = row.make()
    layer(arranged(row, drawn(row)))
    shake(layer)
    config = json.loads(json.dumps(layer.get_config()))
    with custom_object_scope({"double": double}):
        again = type(layer).from_config(config)
    assert again.name == layer.name
    assert json.loads(json.dumps(again.get_config())) == config
    again(arranged(row, drawn(row)))
    again.set_weights(layer.get_weights())
    inputs = arranged(row, drawn(row))
    np.testing.assert_array_equal(again(inputs), layer(inputs))


@every_row
def test_training(row: Row) -> None:
    layer = row.make()
    inputs = arranged(row, drawn(row))
    at_rest = layer(inputs)
    np.testing.assert_array_equal(layer(inputs, training=False), at_rest)
    assert np.array_equal(layer(inputs, training=True), at_rest) is not row.differs


def squared_error(layer: Layer, row: Row, inputs: list[Any]) -> Tensor:
    """The loss of a regression towards random numbers."""
    output = layer(arranged(row, inputs), training=False)
    target = np.random.default_rng(5).uniform(-1, 1, (row.shapes[0][0], *output.shape[1:]))
    return reduce_mean(square(output - target.astype(np.float32)))


@every_row
def test_gradient_step_lowers_a_loss(row: Row, session: Session) -> None:
    """Of the weights, or where none can be trained, of the inputs."""
    layer = row.make()
    inputs: list[Any] = symbolic(row)
    feeds = dict(zip(inputs, drawn(row), strict=True))
    loss = squared_error(layer, row, inputs)
    changed: list[Variable] = layer.trainable_weights
    if not changed:
        changed, feeds = [Variable(x) for x in drawn(row)], {}
        loss = squared_error(layer, row, [x.value() for x in changed])
    slopes = gradients(loss, changed)
    assert None not in slopes
    step = [x.assign_sub(g * 0.01) for x, g in zip(changed, slopes, strict=True)]  # type: ignore[operator]
    before = session.run(loss, feeds)
    session.run(step, feeds)
    assert session.run(loss, feeds) < before


@every_row
def test_frozen_layer_has_no_trainable_weights(row: Row) -> None:
    layer = row.make(trainable=False)
    layer(arranged(row, symbolic(row)))
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(row.weights)


@every_row
def test_compute_output_shape(row: Row) -> None:
    shapes = [(None, *shape[1:]) for shape in row.shapes]
    real = row.make()(arranged(row, drawn(row))).shape
    assert row.make().compute_output_shape(arranged(row, shapes)) == (None, *real[1:])


@every_row
def test_dtype(row: Row) -> None:
    """A layer of another dtype computes in it."""
    layer = row.make(dtype="float64")
    assert layer(arranged(row, drawn(row))).dtype == np.float64


def test_every_layer_has_a_row() -> None:
    public = {getattr(layers, name) for name in layers.__all__}
    classes = {item for item in public if isinstance(item, type) and issubclass(item, Layer)}
    # Cells are called with states: test_cells.py; all that they compute is in fidelity/.
    cells = {layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell, layers.StackedRNNCells}
    several = {layers.MultiHeadAttention}  # arguments, not a list: test_multi_head_attention.py
    bases = {Layer, InputLayer, layers.Wrapper}
    makers = {layers.Convolution2D}  # of Conv2Ds
    # They take words, integers or boxes, and have no gradient: test_preprocessing.py,
    # test_bounding_boxes.py, and fidelity/.
    without_gradient = {
        layers.CategoryEncoding,
        layers.Discretization,
        layers.HashedCrossing,
        layers.Hashing,
        layers.IntegerLookup,
        layers.MaxNumBoundingBoxes,
        layers.StringLookup,
        layers.TextVectorization,
    }
    # They take images: image_layer_rows.py.
    of_images = {item for item in classes if issubclass(item, ImageTransform)}
    rest = classes - cells - several - bases - makers - without_gradient - of_images
    assert rest == {type(row.make()) for row in ROWS}
