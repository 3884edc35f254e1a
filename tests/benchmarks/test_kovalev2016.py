"""The programs of the 2016 comparison run, learn, and are short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.kovalev2016 import __main__ as kovalev


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten patterns with a little noise: what every network learns at once."""
    random = np.random.default_rng(0)
    patterns = random.random((10, 784), np.float32)
    arrays = {}
    for name, count in (("", 1000), ("_test", 200)):
        labels = random.integers(0, 10, count)
        noise = random.random((count, 784), np.float32)
        arrays[f"x{name}"] = patterns[labels] * 0.9 + noise * 0.1
        arrays[f"y{name}"] = labels.astype(np.int64)
    path = tmp_path_factory.mktemp("kovalev") / "data.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("entry", kovalev.ENTRIES[:2], ids=lambda entry: entry.name)
@pytest.mark.parametrize("net", [("relu", "100-100"), ("tanh", "64")], ids="-".join)
def test_our_programs_learn(entry: kovalev.Entry, net: tuple[str, str], data: Path) -> None:
    options = kovalev.arguments(["--epochs", "15"])
    figures = kovalev.run(entry, net, 0, data, None, options)
    assert figures["accuracy"] > 0.9
    assert figures["train_s"] > 0 and figures["predict_s"] > 0


def test_our_programs_are_no_longer_than_the_published_ones() -> None:
    for program, published in (("keras_style.py", 62), ("graph_style.py", 80)):
        text = (kovalev.FOLDER / program).read_text(encoding="utf-8")
        assert text.count("\n") <= published
    assert "published in 2016: Theano with Keras 62, TensorFlow 80" in kovalev.lines_of_code()


def test_the_table_has_means_and_spreads() -> None:
    figures = [
        {"train_s": 1.0, "predict_s": 0.01, "accuracy": 0.97},
        {"train_s": 2.0, "predict_s": 0.03, "accuracy": 0.98},
    ]
    assert kovalev.table(
        "relu-100", {"thalweg": figures, "keras-tf": figures[:1]}
    ).splitlines() == [
        "| relu-100 | train, s | predict, s | accuracy, % |",
        "|---|---:|---:|---:|",
        "| thalweg | 1.50 | 0.020 | 97.50 ± 0.71 |",
        "| keras-tf | 1.00 | 0.010 | 97.00 ± 0.00 |",
    ]


def test_there_are_sixteen_networks() -> None:
    assert len(set(kovalev.NETS)) == 16


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--on", "caffe"], "nothing is called 'caffe'; there are thalweg, "),
        (["--only", "relu-7"], "no network is called 'relu-7'"),
    ],
)
def test_unknown_names_are_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        kovalev.arguments(words)
    assert told in capsys.readouterr().err
