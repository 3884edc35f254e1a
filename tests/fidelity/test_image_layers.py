"""Layers on images against Keras 3: with the numbers that Keras drew, the same pictures."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg import layers

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("image_layer_cases", HERE / "image_layer_cases.py")
assert _SPEC is not None and _SPEC.loader is not None
cases = importlib.util.module_from_spec(_SPEC)
sys.modules["image_layer_cases"] = cases  # its dataclass looks itself up there
_SPEC.loader.exec_module(cases)

REFERENCE = np.load(HERE / "reference" / "image_layers.npz", allow_pickle=False)
TOLERANCE = 1e-4  # of the greatest value


def drawn_by_keras(name: str) -> Any:
    """The parameters of a case, as Keras has them."""
    start = f"{name}/drawn/"
    arrays = {key[len(start) :]: REFERENCE[key] for key in REFERENCE if key.startswith(start)}
    return cases.nested(arrays)


def test_all_cases_are_there() -> None:
    assert {key.partition("/")[0] for key in REFERENCE} == {*cases.CASES, "made_with"}


def _crop(layer: Any, x: Any, drawn: Any) -> Any:
    return drawn["[0]"], drawn["[1]"]


def _policy(layer: Any, x: Any, drawn: Any) -> Any:
    """What Keras draws for each layer, beside what layers that it did not draw for need."""
    own = layer.get_random_transformation(x)
    return {
        "layer_idxes": drawn["layer_idxes"],
        "transforms": {**own["transforms"], **drawn["transforms"]},
    }


def _chains(layer: Any, x: Any, drawn: Any) -> Any:
    """Keras names the layers of each chain; a chain that is shorter ends in none."""
    own = layer.get_random_transformation(x)
    names = list(layer._choices)
    numbers = np.full((layer.num_chains, layer.chain_depth), len(names))
    for chain, places in drawn.get("chain_transforms", {}).items():
        for place, step in places.items():
            i, j, name = int(chain[1:-1]), int(place[1:-1]), str(step["layer_name"])
            numbers[i, j] = names.index(name)
            own["transforms"][i][j][name] = step.get("transformation", {})
    given = {name: drawn[name] for name in ("chain_mixing_weights", "weight_sample")}
    return {**own, **given, "layer_idxes": numbers}


_ARRANGED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "RandomCrop": _crop,
    "RandAugment": _policy,
    "AugMix": _chains,
}


@pytest.mark.parametrize("name", cases.CASES)
def test_as_keras(name: str) -> None:
    case = cases.CASES[name]
    layer = getattr(layers, case.layer)(**case.options)
    x = case.images
    if case.layer == "Rescaling":
        got = layer(x)
    else:
        arrange = _ARRANGED.get(case.layer, lambda layer, x, drawn: drawn)
        got = layer.transform_images(x, arrange(layer, x, drawn_by_keras(name)))
    expected = REFERENCE[f"{name}/result"]
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE * case.greatest)


def test_labels_of_cut_mix() -> None:
    drawn = drawn_by_keras("cut mix")
    labels = np.eye(len(cases.CASES["cut mix"].images), dtype=np.float32)
    got = layers.CutMix().transform_labels(labels, drawn)
    np.testing.assert_allclose(got, drawn["labels"], rtol=0, atol=1e-6)


def test_the_cases_change_images() -> None:
    """Else they would compare nothing."""
    for name, case in cases.CASES.items():
        result = REFERENCE[f"{name}/result"]
        assert result.shape != case.images.shape or not np.array_equal(result, case.images), name
