"""Every layer there is goes through both kinds of model files: equal outputs, nothing left out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import image_layer_rows
import layer_rows
import numpy as np
import pytest
from model_entries import Array, numbers

from thalweg import layers
from thalweg.layers import Input, Layer
from thalweg.models import Model, load_model
from thalweg.saving.config import custom_object_scope

_SEQUENCES = numbers(2, 5, 4)


@dataclass(frozen=True)
class Case:
    """A layer, what it is called on, and whether it has learnt its weights."""

    name: str
    make: Callable[[], Layer]
    inputs: tuple[Array, ...]
    has_learnt: bool = False


def adapted(layer: Any, values: Any) -> Any:
    layer.adapt(values)
    return layer


def more() -> Iterator[Case]:
    """Layers that learnt something, and layers inside layers."""
    words = np.array([["b"], ["a"], ["zz"]])
    ids = np.array([[3], [9], [4]])
    learnt_ids, learnt_words = np.array([3, 5, 3, 9, 9, 9]), np.array(["b", "a", "b"])
    grid = numbers(20, 3)
    made: list[tuple[str, Callable[[], Layer], Any]] = [
        ("integer_lookup", lambda: layers.IntegerLookup(vocabulary=[3, 5, 9]), ids),
        (
            "integer_lookup_adapted",
            lambda: adapted(layers.IntegerLookup(output_mode="count"), learnt_ids),
            ids,
        ),
        ("string_lookup", lambda: layers.StringLookup(vocabulary=["a", "b"]), words),
        (
            "string_lookup_rarities",
            lambda: adapted(layers.StringLookup(output_mode="tf_idf"), learnt_words),
            words,
        ),
        (
            "text_vectorization",
            lambda: adapted(layers.TextVectorization(output_mode="multi_hot"), ["a dog", "a cat"]),
            np.array([["a dog sat"], ["cat"]]),
        ),
        ("hashing", lambda: layers.Hashing(5), ids),
        ("category_encoding", lambda: layers.CategoryEncoding(10, "one_hot"), ids),
        ("discretization", lambda: adapted(layers.Discretization(num_bins=3), grid), grid),
        ("discretization_given", lambda: layers.Discretization([-0.5, 0.5]), grid),
        ("normalization_adapted", lambda: adapted(layers.Normalization(), grid), grid),
        (
            "stacked_cells",
            lambda: layers.RNN([layers.LSTMCell(3), layers.LSTMCell(2), layers.GRUCell(3)]),
            _SEQUENCES,
        ),
        ("leaky_at_each_time", lambda: layers.TimeDistributed(layers.LeakyReLU(0.2)), _SEQUENCES),
        (
            "sum_of_two_directions",
            lambda: layers.Bidirectional(
                layers.LSTM(3, return_sequences=True, dropout=0.2), merge_mode="sum"
            ),
            _SEQUENCES,
        ),
        (
            "pipeline_adapted",
            lambda: layers.Pipeline([adapted(layers.Normalization(), numbers(9, 5, 4)),
                                     layers.Rescaling(2.0)]),
            _SEQUENCES,
        ),
    ]  # fmt: skip
    for name, make, x in made:
        yield Case(name, make, (x,), has_learnt="adapt" in name)


def cases() -> Iterator[Case]:
    for row in layer_rows.ROWS:
        inputs = tuple(numbers(*shape) for shape in row.shapes)
        if row.name == "embedding":
            inputs = (np.array([[0, 3, 1, 2, 2], [1, 0, 3, 3, 0]], np.int32),)
        yield Case(row.name, row.make, inputs)
    pictures = np.abs(numbers(4, 12, 10, 3)) * 255
    for image_row in image_layer_rows.ROWS:
        yield Case(image_row.name, image_row.make, (pictures,))
    yield from more()


CASES = {case.name: case for case in cases()}


def model_of(case: Case) -> tuple[Model, Any]:
    """A model of the layer alone, with weights that show when they are lost; its inputs."""
    kinds = ["string" if x.dtype.kind == "U" else x.dtype.name for x in case.inputs]
    inputs = [Input(x.shape[1:], dtype=kind) for x, kind in zip(case.inputs, kinds, strict=True)]
    several = len(inputs) > 1
    model = Model(inputs, case.make()(inputs if several else inputs[0]))
    if not case.has_learnt:
        model.set_weights([np.abs(numbers(*w.shape)) + 0.1 for w in model.weights])
    return model, list(case.inputs) if several else case.inputs[0]


@pytest.mark.parametrize("name", CASES)
def test_both_files(name: str, tmp_path: Path) -> None:
    model, given = model_of(CASES[name])
    expected = model.predict(given)
    with custom_object_scope({"double": layer_rows.double}), warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing may be left out
        for suffix in ("keras", "h5"):
            model.save(tmp_path / f"model.{suffix}")
            loaded = load_model(tmp_path / f"model.{suffix}")
            np.testing.assert_array_equal(loaded.predict(given), expected)
    if model.weights:
        model.save_weights(tmp_path / "model.weights.h5")
        values = model.get_weights()
        model.set_weights([np.zeros(value.shape) for value in values])
        model.load_weights(tmp_path / "model.weights.h5")
        for value, wanted in zip(model.get_weights(), values, strict=True):
            np.testing.assert_array_equal(value, wanted)
