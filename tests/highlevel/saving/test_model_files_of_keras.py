"""Model files as other versions write them, made of ours by h5py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from model_entries import X, Y, classifier, rewrite, steps

from thalweg.models import load_model
from thalweg.optimizers import Adam


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.h5"


def test_state_slot_by_slot(path: Path) -> None:
    """Before 2022 all momenta stood before all velocities, then dummies."""
    model = classifier()
    steps(model)
    model.save(path)
    count = len(model.trainable_weights)
    with h5py.File(path, "r+") as file:
        state = file["optimizer_weights"]
        names = state.attrs["weight_names"].tolist()
        arrays = [state[name][()] for name in names]
        del file["optimizer_weights"], file.attrs["thalweg"]
        old = file.create_group("optimizer_weights")
        slots = [*arrays[1::2], *arrays[2::2], *([np.zeros(1, np.float32)] * count)]
        words = ["m", "v", "vhat"]
        titles = [f"training/Adam/{words[i // count]}_{i}:0" for i in range(len(slots))]
        for title, array in zip(["Adam/iterations:0", *titles], [arrays[0], *slots], strict=True):
            old[title] = array
        old.attrs["weight_names"] = [b"Adam/iterations:0", *(t.encode() for t in titles)]
    assert steps(load_model(path)) == steps(model)


def test_decay_is_written_as_a_legacy_optimizer(path: Path) -> None:
    """In tf_keras only these know it; their state is listed slot by slot."""
    model = classifier(optimizer=Adam(0.01, decay=0.1))
    steps(model)
    model.save(path)
    with h5py.File(path) as file:
        config = json.loads(file.attrs["training_config"])["optimizer_config"]["config"]
        assert config["decay"] == 0.1
        assert not {"is_legacy_optimizer", "weight_decay", "use_ema"} & set(config)
        state = file["optimizer_weights"]
        names = state.attrs["weight_names"].tolist()
        assert names[0] == b"iter:0"
        shapes = [w.shape for w in model.trainable_weights]
        assert [state[name].shape for name in names[1:]] == [*shapes, *shapes]
    assert steps(load_model(path)) == steps(model)


def test_learning_rate_in_the_state(path: Path) -> None:
    """Keras 3 lists it after the number of steps."""
    model = classifier()
    steps(model)
    model.save(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["thalweg"]
        state = file["optimizer_weights"]
        names = state.attrs["weight_names"].tolist()
        state["adam/learning_rate"] = np.float32(0.25)
        state.attrs["weight_names"] = [names[0], b"adam/learning_rate", *names[1:]]
    assert load_model(path).optimizer.learning_rate == 0.25


def test_momentum_that_is_not_used(path: Path) -> None:
    """tf_keras keeps one for an SGD without momentum."""
    model = classifier(optimizer="sgd")
    steps(model)
    model.save(path)
    with h5py.File(path, "r+") as file:
        state = file["optimizer_weights"]
        titles = [f"SGD/m/{i}:0" for i in range(len(model.trainable_weights))]
        for title, weight in zip(titles, model.trainable_weights, strict=True):
            state[title] = np.zeros(weight.type.dims(), np.float32)
        state.attrs["weight_names"] = [b"iteration:0", *(title.encode() for title in titles)]
    loaded = load_model(path)
    assert loaded.optimizer.iterations.numpy() == 5
    assert steps(loaded) == steps(model)


def test_words_of_tf_keras(path: Path) -> None:
    """Resolved metrics, registered optimizers, losses with the names of their functions."""
    model = classifier()
    steps(model)
    model.save(path)

    def change(data: Any) -> Any:
        wrapped = {"name": "accuracy", "dtype": "float32", "fn": "sparse_categorical_accuracy"}
        error = {"name": "nll", "dtype": "float32", "fn": "sparse_categorical_crossentropy"}
        data["metrics"] = [
            [
                {"class_name": "MeanMetricWrapper", "config": wrapped},
                {"class_name": "MeanMetricWrapper", "config": error},
            ]
        ]
        data["loss"] = {
            "class_name": "SparseCategoricalCrossentropy",
            "config": {
                "reduction": "auto",
                "name": "sparse_categorical_crossentropy",
                "from_logits": False,
                "ignore_class": None,
                "fn": "sparse_categorical_crossentropy",
            },
        }
        optimizer = data["optimizer_config"]
        optimizer["class_name"] = "Custom>Adam"
        optimizer["config"].update(jit_compile=False, is_legacy_optimizer=False, tempo=3)
        return data

    rewrite(path, "training_config", change)
    with pytest.warns(UserWarning, match="left out: 'tempo' of Adam$"):
        loaded = load_model(path)
    results = loaded.train_on_batch(X, Y, return_dict=True)
    assert list(results) == ["loss", "accuracy", "nll"]
    assert results["loss"] == model.train_on_batch(X, Y, return_dict=True)["loss"]
