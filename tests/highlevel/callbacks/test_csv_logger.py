from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from thalweg.callbacks import CSVLogger
from thalweg.core.errors import FileFormatError, OptionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "train.csv"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_a_line_an_epoch(run, path) -> None:
    run(CSVLogger(path), [{"loss": 0.5, "accuracy": 0.25}, {"loss": 0.1, "accuracy": 1e-7}])
    assert lines(path) == ["epoch,accuracy,loss", "0,0.25,0.5", "1,1e-07,0.1"]


def test_floats_come_back_to_the_last_bit(run, path) -> None:
    run(CSVLogger(path), [{"loss": 1 / 3}])
    with open(path, newline="") as file:
        assert float(next(csv.DictReader(file))["loss"]) == 1 / 3


def test_it_can_be_read_while_training_goes_on(model, path) -> None:
    logger = CSVLogger(path)
    logger.set_model(model)
    logger.on_train_begin()
    assert lines(path) == []
    logger.on_epoch_end(0, {"loss": 0.5})
    assert lines(path) == ["epoch,loss", "0,0.5"]


def test_an_old_file_is_replaced(run, path) -> None:
    for loss in (1.0, 2.0):
        run(CSVLogger(path), [{"loss": loss}])
    assert lines(path) == ["epoch,loss", "0,2.0"]


def test_append_goes_on(run, path) -> None:
    run(CSVLogger(path, append=True), [{"loss": 1.0, "acc": 0.5}])
    run(CSVLogger(path, append=True), [{"acc": 0.75, "loss": 0.5}], first=1)
    assert lines(path) == ["epoch,acc,loss", "0,0.5,1.0", "1,0.75,0.5"]


def test_append_keeps_the_order_of_the_columns(run, path) -> None:
    path.parent.mkdir()
    path.write_text("epoch;z;a\n0;1;2\n")
    run(CSVLogger(path, separator=";", append=True), [{"a": 4.0, "z": 3.0}, {"z": 5.0}], first=1)
    assert lines(path) == ["epoch;z;a", "0;1;2", "1;3.0;4.0", "2;5.0;NA"]


def test_new_names_become_new_columns(run, path) -> None:
    run(CSVLogger(path), [{"loss": 1.0}, {"loss": 0.5, "val_loss": 0.7}, {"loss": 0.4}])
    assert lines(path) == ["epoch,loss,val_loss", "0,1.0,NA", "1,0.5,0.7", "2,0.4,NA"]
    assert os.listdir(path.parent) == [path.name]


def test_append_after_a_line_without_an_end(run, path) -> None:
    path.parent.mkdir()
    path.write_text("epoch,loss\n0,1.0\n1,0")
    run(CSVLogger(path, append=True), [{"loss": 0.5}], first=2)
    assert lines(path) == ["epoch,loss", "0,1.0", "1,0", "2,0.5"]


def test_append_to_an_empty_file(run, path) -> None:
    path.parent.mkdir()
    path.touch()
    run(CSVLogger(path, append=True), [{"loss": 0.5}])
    assert lines(path) == ["epoch,loss", "0,0.5"]


def test_a_name_with_the_separator_is_quoted(run, path) -> None:
    run(CSVLogger(path), [{"a,b": 1.0}])
    assert lines(path) == ['epoch,"a,b"', "0,1.0"]


def test_append_to_something_else(run, path) -> None:
    path.parent.mkdir()
    path.write_text("epoch;loss\n0;1\n")
    with pytest.raises(FileFormatError) as info:
        run(CSVLogger(path, append=True), [{"loss": 0.5}])
    assert str(info.value) == (
        f"{path}: not a log to go on with\n"
        "  expected  a first line of names: epoch,loss …\n"
        "  got       'epoch;loss'\n"
        "  hint      is the separator the same? append=False starts a new file"
    )
    assert path.read_text() == "epoch;loss\n0;1\n"


@pytest.mark.parametrize("separator", ["", ",,", "\n", '"', 3])
def test_bad_separator(separator) -> None:
    with pytest.raises(OptionError) as info:
        CSVLogger("log.csv", separator=separator)
    assert str(info.value) == (
        "CSVLogger: bad separator\n"
        "  expected  one character, neither a quote nor the end of a line\n"
        f"  got       {separator!r}"
    )
