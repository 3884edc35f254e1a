"""The described networks: ours alone, one step of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import thalweg
from benchmarks.compare.models import NETS, Net, channels_first, make_data, make_weights
from benchmarks.compare.protocol import decode
from benchmarks.compare.rows import ROWS
from benchmarks.compare.workers.by_thalweg import ThalwegWorker
from benchmarks.compare.workers.keras_words import build_model
from benchmarks.images.rows import ROWS as PICTURE_ROWS

PARAMETERS = {
    "vgg16": 138_357_544,
    "lenet": 431_080,
    "mnist_cnn": 1_199_882,
    "mlp": 669_706,
    "lstm": 2_691_713,
}
SMALL = ["lenet", "mlp", "mnist_cnn", "resnet20", "lstm"]


@pytest.fixture(autouse=True)
def same_number_of_threads() -> Iterator[None]:
    before = thalweg.get_threads()
    yield
    thalweg.set_threads(before)


@pytest.mark.parametrize("name", PARAMETERS)
def test_they_are_the_networks_that_they_are_called(name: str) -> None:
    net = NETS[name]()
    shapes = [array.shape for arrays in _shapes(net).values() for array in arrays]
    assert sum(int(np.prod(shape)) for shape in shapes) == PARAMETERS[name]
    assert net.nodes[-1].shape == (net.classes,)


def _shapes(net: Net) -> dict[str, list[Any]]:
    """The weights; those of the largest network without making 138 million numbers."""
    if net.name != "vgg16":
        return make_weights(net)
    found = {}
    for node in net.nodes:
        if node.kind in {"conv", "dense"}:
            window = (3, 3) if node.kind == "conv" else ()
            units = node.options["units"]
            kernel = np.broadcast_to(np.float32(0), (*window, node.before[-1], units))
            found[node.name] = [kernel, np.broadcast_to(np.float32(0), (units,))]
    return found


def test_rows_name_networks() -> None:
    assert {row.net for row in (*ROWS, *PICTURE_ROWS) if row.net} == set(NETS)
    assert {row.mode for row in ROWS} == {"fit", "predict"}


@pytest.mark.parametrize("name", SMALL)
def test_our_worker_trains_and_predicts(name: str) -> None:
    task = {"net": name, "mode": "fit", "batch": 3, "threads": 1, "variant": ""}
    worker = ThalwegWorker()
    answer = worker.start(task)
    before = decode(answer["before"])
    assert before.shape == (3, NETS[name]().classes) and np.isfinite(before).all()
    assert np.abs(before).max() < 50
    if "after" in answer:
        assert 0 < np.abs(decode(answer["after"]) - before).max() < 50
    assert ("after" in answer) == (name not in {"mlp", "mnist_cnn"})
    assert worker.run(2) > 0
    task["mode"] = "predict"
    worker = ThalwegWorker()
    np.testing.assert_array_equal(decode(worker.start(task)["before"]), before)
    assert worker.run(2) > 0


def test_data_repeat_and_labels_fit() -> None:
    for name in ("lenet", "lstm"):
        net = NETS[name]()
        x, y = make_data(net, 5)
        again, _ = make_data(net, 5)
        np.testing.assert_array_equal(x, again)
        assert x.shape == (5, *net.input_shape)
        assert y.shape == ((5, 1) if net.classes == 1 else (5,))
        assert 0 <= y.min() and y.max() < max(net.classes, 2)
    assert x.dtype == np.int32 and x.max() < 20_000


def test_channels_first_changes_the_product_behind_an_image() -> None:
    net = NETS["lenet"]()
    weights = make_weights(net)
    changed = channels_first(net, weights)
    (flat,) = (node for node in net.nodes if node.kind == "flatten")
    (dense,) = (node.name for node in net.nodes if node.inputs == (flat.name,))
    assert [name for name in weights if changed[name][0] is not weights[name][0]] == [dense]
    image = np.random.default_rng(0).random(flat.before, np.float32)
    np.testing.assert_allclose(
        image.transpose(2, 0, 1).ravel() @ changed[dense][0],
        image.ravel() @ weights[dense][0],
        rtol=1e-4,
        atol=1e-4,
    )


def test_weights_arrive_in_the_model() -> None:
    net = NETS["resnet20"]()
    weights = make_weights(net)
    model = build_model(thalweg, net, weights)
    arrays = [array for node in net.nodes for array in weights.get(node.name, [])]
    assert sum(array.size for array in model.get_weights()) == sum(array.size for array in arrays)
