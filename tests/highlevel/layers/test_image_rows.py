"""What holds for every layer on images, row by row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from image_layer_rows import ROWS, ImageRow

from thalweg import core, layers
from thalweg.core import Session, gradients, set_seed
from thalweg.layers import Input
from thalweg.layers.preprocessing.image_base import ImageTransform
from thalweg.models import Model

Array = npt.NDArray[Any]

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
# Compiled for many branches each, these two take long where they are made anew.
SLOW = ("RandAugment", "AugMix")
quick_row = pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name not in SLOW], ids=lambda row: row.name
)


def pictures(count: int = 4, seed: int = 0) -> Array:
    """uint8, 12 x 10, three channels of other ranges."""
    raw = np.random.default_rng(seed).integers(0, 256, (count, 12, 10, 3))
    return (raw // np.array([1, 2, 3]) + np.array([0, 60, 20])).astype(np.uint8)


def drawn_for(layer: Any, images: Array) -> Any:
    """What the layer would do; None where it has nothing to draw."""
    draw = getattr(layer, "get_random_transformation", None)
    return None if draw is None else draw(images)


def test_every_layer_has_a_row() -> None:
    public = {getattr(layers, name) for name in layers.__all__}
    found = {
        item.__name__
        for item in public
        if isinstance(item, type) and issubclass(item, ImageTransform)
    }
    assert found == {row.name for row in ROWS}


@every_row
def test_shapes_and_dtype(row: ImageRow) -> None:
    layer, x = row.make(), pictures()
    got = layer(x)
    assert got.dtype == np.float32
    assert got.shape == (4, *row.size, 3)
    assert np.isfinite(got).all()
    assert layer(x[0]).shape == (*row.size, 3)


@every_row
def test_training(row: ImageRow) -> None:
    """Alone, the layer takes `training` as True, as Keras 3 does."""
    set_seed(3)
    layer, x = row.make(), pictures()
    assert not np.array_equal(layer(x), x)
    if row.stays:
        np.testing.assert_array_equal(layer(x, training=False), x)
        assert not np.array_equal(layer(x, training=True), x)


@quick_row
def test_in_a_model(row: ImageRow) -> None:
    """`predict` leaves images as they are; a training call does not."""
    set_seed(4)
    x = pictures().astype(np.float32)
    inputs = Input((12, 10, 3))
    outputs = row.make()(inputs)
    assert outputs.shape == (None, *row.size, 3)
    model = Model(inputs, outputs)
    if row.stays:
        np.testing.assert_array_equal(model.predict(x), x)
        assert not np.array_equal(model(x, training=True), x)
    else:
        assert model.predict(x).shape == (4, *row.size, 3)


@quick_row
def test_open_batch_is_one_plan_for_every_size(row: ImageRow) -> None:
    x = pictures(5).astype(np.float32)
    model = Model(inputs := Input((12, 10, 3)), row.make()(inputs))
    assert model.predict(x, batch_size=2).shape == (5, *row.size, 3)
    assert row.make().compute_output_shape((None, 12, 10, 3)) == (None, *row.size, 3)


@every_row
def test_config_round_trip(row: ImageRow) -> None:
    layer = row.make(name="mine", data_format="channels_first")
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert again.data_format == "channels_first"
    for name, value in row.options.items():
        assert config[name] == (list(value) if isinstance(value, tuple) else value)


@every_row
def test_equal_parameters_give_equal_pictures_in_either_format(row: ImageRow) -> None:
    x = pictures()
    layer = row.make()
    drawn = drawn_for(layer, x)
    expected = layer.transform_images(x, drawn)
    first = row.make(data_format="channels_first")
    got = first.transform_images(np.moveaxis(x, -1, 1), drawn)
    np.testing.assert_allclose(np.moveaxis(got, 1, -1), expected, rtol=0, atol=1e-3)


@quick_row
def test_integers_are_computed_as_floats_are(row: ImageRow) -> None:
    x = pictures()
    layer = row.make()
    drawn = drawn_for(layer, x)
    expected = layer.transform_images(x.astype(np.float32), drawn)
    got = layer.transform_images(x, drawn)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-3)
    wide = row.make(dtype="float64").transform_images(x, drawn)
    assert wide.dtype == np.float64
    if row.name != "RandomPosterization":  # where a rounding error is a whole step
        np.testing.assert_allclose(wide, expected, rtol=0, atol=1e-2)


@quick_row
def test_integer_layers_round(row: ImageRow) -> None:
    x = pictures()
    layer = row.make()
    drawn = drawn_for(layer, x)
    exact = layer.transform_images(x, drawn)
    got = row.make(dtype="uint8").transform_images(x, drawn)
    assert got.dtype == np.uint8
    assert np.abs(got - np.clip(exact, 0, 255)).max() <= 0.5 + 1e-3


@every_row
def test_neutral_parameters_change_nothing(row: ImageRow) -> None:
    if row.neutral is None:
        return
    layer, x = getattr(layers, row.name)(**row.neutral), pictures()
    if row.name in ("MixUp", "CutMix", "RandAugment", "AugMix", "RandomFlip"):
        return  # they have none
    np.testing.assert_allclose(layer(x), x, rtol=0, atol=2e-2)


@quick_row
def test_each_image_has_parameters_of_its_own(row: ImageRow) -> None:
    """An image alone, with its row of the parameters, is what it is within the batch."""
    if not row.is_local or not row.is_random or row.name == "RandomCrop":
        return
    x, layer = pictures(), row.make()
    drawn = layer.get_random_transformation(x)
    together = layer.transform_images(x, drawn)
    for i in range(len(x)):
        own = _row_of(drawn, i, len(x))
        np.testing.assert_allclose(
            layer.transform_images(x[i], own), together[i], rtol=0, atol=1e-3
        )


def _row_of(drawn: Any, i: int, count: int) -> Any:
    if isinstance(drawn, dict):
        return {name: _row_of(value, i, count) for name, value in drawn.items()}
    array = np.asarray(drawn)
    return array[i : i + 1] if array.ndim and len(array) == count else array


@quick_row
def test_seeds(row: ImageRow) -> None:
    """Equal seeds draw equal numbers, at every call others."""
    if not row.is_random:
        return
    x = pictures(9)
    one, other = (row.make(seed=8) for _ in range(2))
    first = one(x)
    np.testing.assert_array_equal(other(x), first)
    assert not all(np.array_equal(one(x), first) for _ in range(4))
    set_seed(5)
    again = row.make()(x)
    set_seed(5)
    np.testing.assert_array_equal(row.make()(x), again)


@quick_row
def test_same_bits_with_any_number_of_threads(row: ImageRow) -> None:
    """What is drawn, and what is done."""
    x = np.tile(pictures(6), (1, 3, 3, 1))
    before = core.get_threads()
    results = []
    try:
        for count in (1, 2, 4):
            core.set_threads(count)
            set_seed(2)
            results.append(row.make()(x))
    finally:
        core.set_threads(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@quick_row
def test_colours_flow_back(row: ImageRow, session: Session) -> None:
    """Images have a gradient, but through layers that make steps of values."""
    if row.name.endswith(("Posterization", "Equalization")):
        return
    x = core.Variable(pictures(2).astype(np.float32))
    drawn = drawn_for(layer := row.make(), pictures(2))
    [slope] = gradients(core.reduce_sum(layer.transform_images(x.value(), drawn)), [x])
    assert slope is not None
    got = session.run(slope)
    assert got.shape == x.shape
    assert np.isfinite(got).all()


@every_row
def test_dicts(row: ImageRow) -> None:
    """Labels go with their images; what the layer does not know is passed on."""
    labels = np.eye(4, dtype=np.float32)
    given = {"images": pictures(), "labels": labels, "weights": np.arange(4)}
    got = row.make()(given)
    assert set(got) == set(given)
    assert got["images"].shape == (4, *row.size, 3)
    np.testing.assert_allclose(got["labels"].sum(1), 1.0, atol=1e-5)
    assert got["labels"].shape == labels.shape
    if row.is_local:
        np.testing.assert_array_equal(got["labels"], labels)
    np.testing.assert_array_equal(got["weights"], np.arange(4))
