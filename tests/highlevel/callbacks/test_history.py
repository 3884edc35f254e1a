from __future__ import annotations

from thalweg.callbacks import History


def test_history_records_every_epoch(run, model) -> None:
    history = History()
    run(history, [{"loss": 1.0}, {"loss": 0.5, "val_loss": 0.7}])
    assert history.history == {"loss": [1.0, 0.5], "val_loss": [0.7]}
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert model.history is history


def test_a_second_training_counts_its_own_epochs(run) -> None:
    history = History()
    run(history, [{"loss": 1.0}])
    run(history, [{"loss": 0.5}], first=1)
    assert history.epoch == [1]
    assert history.history == {"loss": [1.0, 0.5]}


def test_each_training_has_its_own_lists() -> None:
    first, second = History(), History()
    first.on_epoch_end(0, {"loss": 1.0})
    assert second.history == {}
    second.on_epoch_end(0)
    assert (second.history, second.epoch) == ({}, [0])
