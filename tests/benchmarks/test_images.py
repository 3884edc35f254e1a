"""Pipelines of pictures: ours alone, what is compared, and the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import thalweg
from benchmarks.compare import table
from benchmarks.compare.protocol import ROOT, decode, encode
from benchmarks.compare.rows import chosen_rows
from benchmarks.images import report
from benchmarks.images.__main__ import MARKS, arguments, check
from benchmarks.images.folders import Folder, photographs, small_pictures
from benchmarks.images.peers import OURS, PEERS
from benchmarks.images.pictures import FIXED, SIZE, drawn, inner
from benchmarks.images.rows import ROWS
from benchmarks.images.workers.by_thalweg import ThalwegPictures
from benchmarks.images.workers.training import Training


@pytest.fixture(autouse=True)
def same_number_of_threads() -> Iterator[None]:
    before = thalweg.get_threads()
    yield
    thalweg.set_threads(before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("THALWEG_DATA", raising=False)
        return photographs(tmp_path_factory.mktemp("pictures"), 8)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("THALWEG_DATA", raising=False)
        return small_pictures(tmp_path_factory.mktemp("pictures"), 30)


# --- pictures -------------------------------------------------------------------------------------


def test_drawn_pictures_are_smooth_and_the_same_each_time() -> None:
    pictures = drawn(3, 40, 60, seed=5)
    assert pictures.shape == (3, 40, 60, 3) and pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures, drawn(3, 40, 60, seed=5))
    assert (pictures != drawn(3, 40, 60, seed=6)).any()
    levels = pictures.astype(int)
    for axis in (1, 2):
        steps = np.abs(np.diff(levels, axis=axis))
        assert steps.max() < 40 and steps.mean() > 0.5
    assert levels.max() - levels.min() > 150


def test_the_middle_is_picked_from_within() -> None:
    r, c = inner(np.moveaxis(np.mgrid[:SIZE, :SIZE], 0, -1)).reshape(-1, 2).T
    rows, columns = _places(r, c)
    assert min(rows.min(), columns.min()) >= 0 and max(rows.max(), columns.max()) <= SIZE - 1


def _places(row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where pixels are picked, as `Fixed` says."""
    centre, angle = (SIZE - 1) / 2, np.deg2rad(FIXED.degrees)
    r, c = row - centre + FIXED.rows, column - centre + FIXED.columns
    turned = np.cos(angle) * r - np.sin(angle) * c, np.sin(angle) * r + np.cos(angle) * c
    return turned[0] + centre, turned[1] + centre


def test_ours_turns_and_moves_as_it_is_told() -> None:
    picture = drawn(1)[0]
    places = _places(*np.mgrid[:SIZE, :SIZE])
    expected = [
        ndimage.map_coordinates(picture[..., i].astype(float), places, order=1, mode="nearest")
        for i in range(3)
    ]
    ours = ThalwegPictures().fixed(picture)
    np.testing.assert_allclose(ours, np.moveaxis(expected, 0, -1), atol=0.01)


# --- our workers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["augment", "folder", "cached"])
def test_our_worker_makes_batches(mode: str, photos: Folder) -> None:
    worker = ThalwegPictures()
    task = {"mode": mode, "batch": 4, "threads": 1, "folder": str(photos.path)}
    answer = worker.start(task)
    assert decode(answer["fixed"]).shape == (SIZE // 2, SIZE // 2, 3)
    assert ("decoded" in answer) == (mode != "augment")
    assert worker.run(3) > 0


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (np.zeros((4, 8, 8, 3), "f"), r"a batch is float32 \(4, 8, 8, 3\), not float32 \(4, 224"),
        (np.ones((4, SIZE, SIZE, 3)), r"a batch is float64 "),
        (np.full((4, SIZE, SIZE, 3), 255, "f"), r"pixels are in 255\.\.255, not in 0\.\.1"),
        (np.full((4, SIZE, SIZE, 3), np.nan, "f"), r"pixels are in nan"),
    ],
)
def test_other_batches_are_refused(batch: np.ndarray, told: str) -> None:
    worker = ThalwegPictures()
    worker.task = {"batch": 4}
    with pytest.raises(ValueError, match=told):
        worker._check(batch)


def test_training_from_files_begins_as_from_memory(small: Folder) -> None:
    answers = []
    for variant in ("memory", "folder"):
        worker = Training()
        task = {"net": "lenet_cifar", "batch": 16, "threads": 1, "folder": str(small.path)}
        answers.append(worker.start({**task, "variant": variant}))
        before = worker.model.get_weights()[0]
        assert worker.run(2) > 0
        assert (worker.model.get_weights()[0] != before).any()
    memory, folder = (decode(answer["before"]) for answer in answers)
    assert memory.shape == (4, 10) and np.abs(memory).max() > 0
    np.testing.assert_allclose(memory, folder, rtol=1e-5, atol=1e-5)


# --- what is compared -----------------------------------------------------------------------------


def test_who_does_something_else_with_a_picture_is_found() -> None:
    picture = drawn(1)[0].astype("f")
    ours = {"fixed": encode(picture), "decoded": encode(picture)}
    check(ours, {"fixed": encode(picture + 0.9), "decoded": encode(picture + 2.5)})
    check({"fixed": encode(picture)}, {"fixed": encode(picture)})
    moved = ndimage.shift(picture, (0.5, 0.5, 0), order=1, mode="nearest")  # half a pixel
    with pytest.raises(ValueError, match="a picture turned and moved differs by "):
        check(ours, {"fixed": encode(moved), "decoded": encode(picture)})
    with pytest.raises(ValueError, match=r"differs by nan"):
        check(ours, {"fixed": encode(picture * np.nan), "decoded": encode(picture)})
    with pytest.raises(ValueError, match=r"a decoded file differs by 4\.00 levels"):
        check(ours, {"fixed": encode(picture), "decoded": encode(picture + 4)})


def test_rows_and_peers_are_chosen_by_name() -> None:
    assert [row.name for row in chosen_rows(["folder-224"], ROWS)] == ["folder-224"]
    assert [row.name for row in chosen_rows(["folder"], ROWS)] == [
        "folder-224",
        "folder-224-cached",
    ]
    taking = {row.name: {name for name in PEERS if PEERS[name].takes(row)} for row in ROWS}
    generators = {"keras-generator", "keras-generator-threads"}
    assert taking["folder-224"] == {*generators, "keras-layers", "torchvision"}
    assert taking["folder-224-cached"] == {"keras-layers"}
    assert taking["cifar-vgg"] == set()
    workers = ROOT / "benchmarks" / "images" / "workers"
    assert all((workers / f"{peer.worker}.py").exists() for peer in (OURS, *PEERS.values()))


def test_the_options_of_the_page_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    told = arguments("--only cifar --seconds 3 --data a/b --pictures 500".split())
    assert (told.only, told.seconds, told.data, told.pictures) == (["cifar"], 3.0, Path("a/b"), 500)
    with pytest.raises(SystemExit):
        arguments(["--pictures", "12"])
    assert "--pictures 12: not a multiple of ten" in capsys.readouterr().err


# --- the report -----------------------------------------------------------------------------------


def results(rows: dict[str, Any]) -> dict[str, Any]:
    about = {"machine": "here", "threads": 2, "versions": {}, "order": [row.name for row in ROWS]}
    return {
        **about,
        "rows": rows,
        "sources": {"cifar-vgg": "its files are drawn", "folder-224": ""},
    }


def test_the_report_says_all_of_it() -> None:
    cells = {
        "thalweg": table.summary([0.001] * 2, 0),
        "keras-generator": table.summary([0.02] * 2, 0),
        "torchvision": table.summary([0.002] * 2, 0),
        "keras-layers": table.failed("no jpeg"),
    }
    training = {"memory": table.summary([2.0] * 2, 0), "folder": table.summary([2.1] * 2, 0)}
    found = report.text(results({"augment-224": cells, "cifar-vgg": training}))
    assert found.splitlines() == [
        "| pictures a second | thalweg | keras-generator | torchvision | keras-layers "
        "| thalweg / best peer |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| augment-224 | 1000 | 50 | **500** | failed | 2.00 |",
        "",
        "* augment-224: thalweg makes 20.00 times keras-generator, 2.00 times torchvision.",
        "",
        "| seconds an epoch | from memory | from files | files / memory |",
        "| --- | ---: | ---: | ---: |",
        "| cifar-vgg | 2 | 2.1 | 1.050 |",
        "",
        "* cifar-vgg: its files are drawn.",
        "",
        "* augment-224, keras-layers: no jpeg",
    ]


def test_training_without_files_has_no_ratio() -> None:
    cells = {"memory": table.summary([2.0] * 2, 0), "folder": table.failed("no file")}
    found = report.text(results({"cifar-lenet": cells}))
    assert "| cifar-lenet | 2 | failed |  |" in found and "* cifar-lenet, folder: no file" in found


def test_the_page_has_a_place_for_the_report() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [text.count(mark) for mark in MARKS] == [1, 1]
