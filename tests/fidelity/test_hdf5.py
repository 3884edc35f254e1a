"""Weights files of real tf_keras are read, and the models predict what tf_keras predicted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from thalweg import Input, Model, Sequential
from thalweg.core import Graph, Session, set_session
from thalweg.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)

REFERENCE = Path(__file__).parent / "reference"
DATA: dict[str, Any] = json.loads((REFERENCE / "tf_keras.json").read_text())
MODELS: dict[str, Any] = DATA["models"]


@pytest.fixture(autouse=True)
def session() -> Iterator[Session]:
    with Graph().as_default():
        session = Session()
        set_session(session)
        yield session
    set_session(None)


@pytest.fixture
def arrays() -> dict[str, npt.NDArray[Any]]:
    with np.load(REFERENCE / DATA["arrays"]) as file:
        return dict(file)


def sequential(prefix: str = "") -> Model:
    return Sequential(
        [
            Conv2D(
                4, 3, padding="same", activation="relu", input_shape=(8, 8, 2), name=f"{prefix}conv"
            ),
            BatchNormalization(name=f"{prefix}norm"),
            Flatten(name=f"{prefix}flatten"),
            Dense(5, activation="softmax", name=f"{prefix}head"),
        ]
    )


def functional(prefix: str = "") -> Model:
    """Two branches from one input, joined by Add, then by Concatenate with one of them."""
    image = Input((6, 6, 2), name=f"{prefix}image")
    wide = Conv2D(3, 3, padding="same", activation="relu", name=f"{prefix}wide")(image)
    narrow = Conv2D(3, 1, use_bias=False, name=f"{prefix}narrow")(image)
    added = Add(name=f"{prefix}added")([wide, narrow])
    normal = BatchNormalization(epsilon=0.01, name=f"{prefix}norm")(added)
    joined = Concatenate(name=f"{prefix}joined")([normal, narrow])
    pooled = MaxPooling2D(2, name=f"{prefix}pooled")(joined)
    mean = GlobalAveragePooling2D(name=f"{prefix}mean")(pooled)
    head = Dense(4, activation="softmax", name=f"{prefix}head")(mean)
    return Model(image, head)


def names_in(group: Any, attribute: str) -> list[str]:
    """A list of names, stored as bytes or as text."""
    return [n.decode() if isinstance(n, bytes) else n for n in group.attrs[attribute].tolist()]


BUILD: dict[str, Callable[..., Model]] = {"sequential": sequential, "functional": functional}
each = pytest.mark.parametrize("name", list(MODELS))


@each
@pytest.mark.parametrize("kind", ["weights", "model"])
@pytest.mark.parametrize("by_name", [False, True])
def test_load_what_tf_keras_saved(
    name: str, kind: str, by_name: bool, arrays: dict[str, npt.NDArray[Any]]
) -> None:
    described = MODELS[name]
    model = BUILD[name]()
    model.load_weights(REFERENCE / f"tf_keras_{name}_{kind}.h5", by_name=by_name)
    for key, weight in zip(described["weights"], model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, arrays[key])
    predictions = model.predict(arrays[described["input"]])
    np.testing.assert_allclose(predictions, arrays[described["predictions"]], rtol=0, atol=1e-6)


@each
def test_layers_come_in_keras_order(name: str) -> None:
    assert [layer.name for layer in BUILD[name]().layers] == [
        layer["name"] for layer in MODELS[name]["layers"]
    ]


@each
def test_names_do_not_matter_without_by_name(
    name: str, arrays: dict[str, npt.NDArray[Any]]
) -> None:
    model = BUILD[name]("my_")
    model.load_weights(REFERENCE / f"tf_keras_{name}_weights.h5")
    predictions = model.predict(arrays[MODELS[name]["input"]])
    np.testing.assert_allclose(predictions, arrays[MODELS[name]["predictions"]], rtol=0, atol=1e-6)


@each
def test_our_file_has_the_same_layout(
    name: str, arrays: dict[str, npt.NDArray[Any]], tmp_path: Path
) -> None:
    """Names of layers and weights, order, shapes, dtypes and values are those of tf_keras."""
    model = BUILD[name]()
    model.set_weights([arrays[key] for key in MODELS[name]["weights"]])
    model.save_weights(tmp_path / "ours.h5")
    with (
        h5py.File(tmp_path / "ours.h5") as ours,
        h5py.File(REFERENCE / f"tf_keras_{name}_weights.h5") as theirs,
    ):
        layers = names_in(theirs, "layer_names")
        assert names_in(ours, "layer_names") == layers
        for layer in layers:
            keys = names_in(theirs[layer], "weight_names")
            assert names_in(ours[layer], "weight_names") == keys
            for key in keys:
                assert ours[layer][key].dtype == theirs[layer][key].dtype
                np.testing.assert_array_equal(ours[layer][key][()], theirs[layer][key][()])
