"""Models of many shapes that real Keras 3 saved, `.keras` and `.h5`, load and train on alike."""

from __future__ import annotations

import json
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg.models import Model, load_model

REFERENCE = Path(__file__).parent / "reference"
SHAPES: dict[str, Any] = json.loads((REFERENCE / "shapes.json").read_text())["shapes"]
TOLERANCE = 1e-5
STEP_TOLERANCE = 1e-4

Array = npt.NDArray[Any]
Data = dict[str, list[Array]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of Keras lie."""
    path = tmp_path_factory.mktemp("shapes")
    with tarfile.open(REFERENCE / "shapes.tar.xz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            (path / Path(member.name).name).write_bytes(content.read())
    return path


@pytest.fixture
def data(name: str) -> Data:
    """Of one shape: inputs, targets, and what Keras predicts."""
    with np.load(REFERENCE / "shapes.npz") as file:
        parts = ("x", "y", "predictions")
        return {part: [file[key] for key in SHAPES[name][part]] for part in parts}


def alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def check_predictions(model: Model, data: Data) -> None:
    got = model.predict(alone(data["x"]))
    for value, expected in zip(
        got if len(data["predictions"]) > 1 else [got], data["predictions"], strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=0, atol=TOLERANCE)


def loaded(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing of the file may be left out
        return load_model(path)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", SHAPES)
def test_predictions_and_next_steps(name: str, suffix: str, folder: Path, data: Data) -> None:
    if not (folder / f"{name}.{suffix}").exists():
        pytest.skip("Keras's .h5 files cannot hold it")
    model = loaded(folder / f"{name}.{suffix}")
    check_predictions(model, data)
    for expected in SHAPES[name]["next_steps"]:
        values = model.train_on_batch(alone(data["x"]), alone(data["y"]), return_dict=True)
        assert values == pytest.approx(expected, rel=STEP_TOLERANCE, abs=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_weights_alone(name: str, folder: Path, data: Data, tmp_path: Path) -> None:
    """The weights in the archive are a file of `save_weights`; both may be loaded by a model."""
    path = folder / f"{name}.keras"
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "k.weights.h5").write_bytes(archive.read("model.weights.h5"))
    model = loaded(path)
    values = model.get_weights()
    for source in (tmp_path / "k.weights.h5", path):
        model.set_weights([np.full(value.shape, 0.37) for value in values])
        model.load_weights(source)
        for value, expected in zip(model.get_weights(), values, strict=True):
            np.testing.assert_array_equal(value, expected)
    check_predictions(model, data)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [*((name, "keras") for name in SHAPES), *((name, "h5") for name in ("common", "adapted"))],
)
def test_again_through_our_file(
    name: str, suffix: str, folder: Path, data: Data, tmp_path: Path
) -> None:
    """What was read can be written, and read again, with nothing lost."""
    first = loaded(folder / f"{name}.keras")
    first.save(tmp_path / f"ours.{suffix}")
    second = loaded(tmp_path / f"ours.{suffix}")
    assert second.to_json() == first.to_json()
    given = alone(data["x"]), alone(data["y"])
    for _ in range(2):
        assert second.train_on_batch(*given) == first.train_on_batch(*given)
