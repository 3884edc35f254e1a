from __future__ import annotations

import os
from pathlib import Path

import pytest

from thalweg.callbacks import ModelCheckpoint
from thalweg.core.errors import OptionError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def losses(*values: float, name: str = "val_loss") -> list[dict[str, float]]:
    return [{"loss": 1.0, name: value} for value in values]


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_every_epoch_by_name(run, model, folder) -> None:
    run(ModelCheckpoint("w/{epoch:02d}-{val_loss:.2f}.keras"), losses(1.234, 0.5))
    assert files(folder) == ["w/01-1.23.keras", "w/02-0.50.keras"]
    assert model.saved[0] == ("model", "w/01-1.23.keras")


def test_weights_only_and_path_objects(run, model, folder) -> None:
    run(ModelCheckpoint(folder / "w.h5", save_weights_only=True), losses(1, 2))
    assert model.saved == [("weights", str(folder / "w.h5"))] * 2


@pytest.mark.parametrize("filepath", ["{epoch}-{val_acc:.3f}.h5", "{epoch}-{val_accuracy:.3f}.h5"])
def test_keras_2_name_in_the_file_name(run, folder, filepath) -> None:
    run(ModelCheckpoint(filepath), losses(0.98765, name="val_accuracy"))
    assert files(folder) == ["1-0.988.h5"]


@pytest.mark.parametrize(
    ("options", "values", "saved"),
    [
        ({}, [3, 2, 2.5, 1], ["0", "1", "3"]),
        ({"mode": "max"}, [1, 3, 2, 4], ["0", "1", "3"]),
        ({"monitor": "val_acc"}, [1, 3, 2, 4], ["0", "1", "3"]),
        ({"initial_value_threshold": 2.2}, [3, 2, 1], ["1", "2"]),
        ({"period": 2}, [3, 2, 1, 0.5, 0.4], ["1", "3"]),
        ({}, [float("nan"), 3, float("nan")], ["1"]),
    ],
)
def test_best_only(run, folder, options, values, saved) -> None:
    name = options.get("monitor", "val_loss").replace("acc", "accuracy")
    callback = ModelCheckpoint("{epoch}.h5", save_best_only=True, **options)
    run(callback, losses(*values, name=name))
    assert [Path(name).read_text()[:-2] for name in files(folder)] == saved


def test_the_best_stays_known_in_a_second_training(run, model) -> None:
    callback = ModelCheckpoint("best.h5", save_best_only=True)
    run(callback, losses(1.0))
    run(callback, losses(2.0, 0.5), first=1)
    assert len(model.saved) == 2
    assert callback.best == 0.5


def test_a_save_that_fails_does_not_count_as_best(run, model, monkeypatch) -> None:
    def full_disk(path: str) -> None:
        raise OSError("no space left")

    callback = ModelCheckpoint("best.h5", save_best_only=True)
    monkeypatch.setattr(model, "save", full_disk)
    with pytest.raises(OSError, match="no space left"):
        run(callback, losses(1.0))
    assert callback.best is None


def test_epochs_without_validation_do_not_replace_the_best(run, model, folder) -> None:
    epochs = [{"val_loss": 0.5}, {"loss": 9.0}, {"val_loss": 0.4}, {"loss": 9.0}]
    run(ModelCheckpoint("best.h5", save_best_only=True), epochs)
    assert Path("best.h5").read_text() == "2.0"
    assert len(model.saved) == 2


def test_without_the_quantity_every_epoch_is_saved_with_one_warning(run, model) -> None:
    with pytest.warns(UserWarning) as caught:
        run(ModelCheckpoint("best.h5", save_best_only=True), [{"loss": 1.0}, {"loss": 2.0}])
    assert [str(w.message) for w in caught] == [
        "ModelCheckpoint monitors 'val_loss', which is not in the logs; "
        "available: 'loss'; this epoch had no validation"
    ]
    assert len(model.saved) == 2


def test_validation_every_other_epoch_and_its_result_in_the_name(run, folder) -> None:
    epochs = [{"loss": 9.0}, {"loss": 9.0, "val_loss": 0.5}]
    with pytest.warns(UserWarning, match="which is not in the logs"):
        run(ModelCheckpoint("{val_loss:.1f}.h5", save_best_only=True), epochs)
    assert files(folder) == ["0.5.h5"]


def test_every_few_batches(run, folder) -> None:
    # Batches 0..4 of each epoch; a save after every third, counted through.
    run(ModelCheckpoint("{epoch}-{batch}.h5", save_freq=3), losses(1, 1, 1), batches=5)
    assert files(folder) == ["1-3.h5", "2-1.h5", "2-4.h5", "3-2.h5", "3-5.h5"]


def test_batches_that_pass_several_at_a_time(model, folder) -> None:
    callback = ModelCheckpoint("{batch}.h5", save_freq=4)
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    for last in (2, 5, 8):
        callback.on_train_batch_end(last, {"loss": 1.0})
    assert files(folder) == ["6.h5"]


def test_period_of_keras_2(run, folder) -> None:
    run(ModelCheckpoint("{epoch}.h5", period=2), losses(1, 1, 1, 1, 1))
    assert files(folder) == ["2.h5", "4.h5"]


def test_it_says_what_it_does(run, capsys) -> None:
    run(ModelCheckpoint("a.h5", save_best_only=True, verbose=1), losses(1, 2, 0.5))
    assert capsys.readouterr().out == (
        "Epoch 1: val_loss improved to 1.00000, saving to a.h5\n"
        "Epoch 2: val_loss did not improve from 1.00000\n"
        "Epoch 3: val_loss improved from 1.00000 to 0.50000, saving to a.h5\n"
    )
    run(ModelCheckpoint("a.h5", verbose=1), losses(1))
    assert capsys.readouterr().out == "Epoch 1: saving to a.h5\n"


def test_direction_is_needed_only_to_find_the_best(run, folder) -> None:
    run(ModelCheckpoint("a.h5", monitor="wobble"), [{"wobble": 1.0}])
    assert files(folder) == ["a.h5"]
    with pytest.raises(OptionError, match="nothing tells whether 'wobble' should rise or fall"):
        run(ModelCheckpoint("b.h5", monitor="wobble", save_best_only=True), [{"wobble": 1.0}])
    assert files(folder) == ["a.h5"]


class TestErrors:
    def test_a_name_that_is_not_in_the_logs(self, run, folder) -> None:
        with pytest.raises(OptionError) as info:
            run(ModelCheckpoint("new/{epoch}-{val_mae:.2f}.h5"), losses(1))
        assert str(info.value) == (
            "ModelCheckpoint: the file name cannot be made: 'val_mae' is not known\n"
            "  expected  fields such as {epoch:02d} or {val_loss:.2f}\n"
            "  got       'new/{epoch}-{val_mae:.2f}.h5'\n"
            "  hint      available: 'loss', 'val_loss', 'epoch'"
        )
        assert os.listdir(folder) == []

    @pytest.mark.parametrize("filepath", ["{epoch:.2z}.h5", "{epoch.nothing}.h5", "{loss:d}.h5"])
    def test_a_format_that_does_not_fit(self, run, folder, filepath) -> None:
        with pytest.raises(OptionError, match="the file name cannot be made"):
            run(ModelCheckpoint("new/" + filepath), losses(1))
        assert os.listdir(folder) == []

    @pytest.mark.parametrize("filepath", ["{epoch.h5", "epoch}.h5", "{}.h5", "{0}.h5"])
    def test_a_template_that_never_can_be_filled(self, filepath) -> None:
        with pytest.raises(OptionError) as info:
            ModelCheckpoint(filepath)
        text = str(info.value)
        assert text.startswith("ModelCheckpoint: the file name cannot be made: ")
        assert text.endswith("  hint      a brace that belongs to the name is written twice: '{{'")

    def test_a_folder(self, run, folder) -> None:
        (folder / "w").mkdir()
        with pytest.raises(OptionError) as info:
            run(ModelCheckpoint("w"), losses(1))
        assert str(info.value) == (
            "ModelCheckpoint: the path is a folder\n"
            "  expected  the name of a file\n"
            "  got       'w'\n"
            f"  hint      for example {os.path.join('w', 'weights.{epoch:02d}.h5')!r}"
        )

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (
                {"save_freq": "epochs"},
                "unknown save_freq\n  expected  'epoch' or a number of batches\n"
                "  got       'epochs'\n  hint      did you mean 'epoch'?",
            ),
            ({"save_freq": 0}, "bad save_freq\n  expected  a whole number >= 1"),
            ({"period": 0}, "bad period\n  expected  a whole number >= 1"),
            ({"initial_value_threshold": "x"}, "bad initial_value_threshold"),
            ({"mode": "best"}, "unknown mode"),
        ],
    )
    def test_options(self, options, text) -> None:
        with pytest.raises(OptionError) as info:
            ModelCheckpoint("a.h5", **options)
        assert str(info.value).startswith("ModelCheckpoint: " + text)
