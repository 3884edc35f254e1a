from __future__ import annotations

import math

import pytest

from thalweg.callbacks import EarlyStopping
from thalweg.core.errors import OptionError


def losses(*values: float, name: str = "val_loss") -> list[dict[str, float]]:
    return [{"loss": 1.0, name: value} for value in values]


# How many epochs run, worked out by hand from Keras's rule: the count of epochs without
# improvement reaches the patience, and the first epoch never stops.
@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({}, [3, 2, 1], 3),
        ({}, [1, 2, 3], 2),
        ({"patience": 2}, [1, 2, 3, 4], 3),
        ({"patience": 2}, [1, 2, 0.5, 2, 3, 4], 5),
        ({"min_delta": 0.5}, [3, 2.4, 2.0, 1], 3),
        ({"min_delta": -0.5}, [3, 2.4, 2.0, 1], 3),
        ({"min_delta": 0.25}, [3, 2.75, 1], 2),
        ({"mode": "max"}, [1, 2, 2, 3], 3),
        ({"patience": 2, "baseline": 0.5}, [3, 2, 1, 0.9], 4),
        ({"patience": 1, "baseline": 0.5}, [0.4, 0.3, 0.9], 3),
        ({"start_from_epoch": 2}, [1, 9, 2, 3], 4),
        ({"patience": 2}, [math.nan, math.nan, math.nan], 2),
        ({"patience": 2}, [1, math.nan, 0.5, math.nan, math.nan], 5),
    ],
)
def test_epochs_until_it_stops(run, options, values, epochs) -> None:
    callback = EarlyStopping(**options)
    hooks = run(callback, losses(*values))
    assert len(hooks.history.epoch) == epochs
    assert callback.stopped_epoch == (epochs - 1 if callback.model.stop_training else 0)


@pytest.mark.parametrize("name", ["accuracy", "acc", "val_acc", "out_acc", "auc_1", "top_k_recall"])
def test_direction_is_told_by_the_name(run, name: str) -> None:
    hooks = run(EarlyStopping(name), losses(0.1, 0.2, 0.2, 0.3, name=name))
    assert len(hooks.history.epoch) == 3


@pytest.mark.parametrize("name", ["loss_2", "mse", "out_mean_squared_error", "accuracy_loss"])
def test_what_falls(run, name: str) -> None:
    hooks = run(EarlyStopping(name), losses(0.3, 0.2, 0.2, 0.1, name=name))
    assert len(hooks.history.epoch) == 3


@pytest.mark.parametrize("attribute", ["direction", "_direction"])
@pytest.mark.parametrize(("direction", "epochs"), [("up", 3), ("down", 2)])
def test_the_metric_itself_knows_best(run, model, attribute, direction, epochs) -> None:
    model.metrics = [type("Metric", (), {"name": "loss_of_face", attribute: direction})()]
    hooks = run(EarlyStopping("val_loss_of_face"), losses(1, 2, 2, 3, name="val_loss_of_face"))
    assert len(hooks.history.epoch) == epochs


def test_the_name_of_keras_2_finds_the_accuracy(run) -> None:
    hooks = run(EarlyStopping("val_acc"), losses(0.1, 0.2, 0.2, 0.3, name="val_accuracy"))
    assert len(hooks.history.epoch) == 3


def test_best_weights_come_back(run, model) -> None:
    callback = EarlyStopping(patience=2, restore_best_weights=True)
    run(callback, losses(3, 1, 2, 2, 0))
    assert model.weight == 1.0
    assert (callback.best, callback.best_epoch, callback.stopped_epoch) == (1.0, 1, 3)


def test_best_weights_come_back_when_training_ran_through(run, model) -> None:
    run(EarlyStopping(patience=9, restore_best_weights=True), losses(3, 1, 2))
    assert model.weight == 1.0


def test_best_weights_though_the_baseline_was_never_beaten(run, model) -> None:
    run(EarlyStopping(patience=3, restore_best_weights=True, baseline=0.5), losses(4, 2, 3, 2.5))
    assert model.weight == 1.0


def test_weights_stay_without_being_asked(run, model) -> None:
    run(EarlyStopping(), losses(1, 2, 3))
    assert model.weight == 1.0


def test_an_object_serves_a_second_training(run, model) -> None:
    callback = EarlyStopping(restore_best_weights=True)
    run(callback, losses(0.1, 0.2))
    hooks = run(callback, losses(5, 4, 4))
    assert len(hooks.history.epoch) == 3
    assert model.weight == 1.0


def test_it_says_what_it_does(run, capsys) -> None:
    run(EarlyStopping(verbose=1, restore_best_weights=True), losses(1, 2, 3))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nBest weights restored, from the end of epoch 1\n"
    )


def test_a_missing_quantity_is_told_once_a_training(run) -> None:
    callback = EarlyStopping("vall_loss")
    for _ in range(2):
        with pytest.warns(UserWarning) as caught:
            hooks = run(callback, losses(1, 2, 3))
        assert [str(warning.message) for warning in caught] == [
            "EarlyStopping monitors 'vall_loss', which is not in the logs; "
            "available: 'loss', 'val_loss'; did you mean 'val_loss'?"
        ]
        assert len(hooks.history.epoch) == 3


def test_a_quantity_of_every_other_epoch_is_not_missing(run) -> None:
    epochs = [{"val_loss": 1.0}, {"loss": 1.0}, {"val_loss": 2.0}, {"loss": 1.0}]
    hooks = run(EarlyStopping(), epochs)
    assert len(hooks.history.epoch) == 3


def test_a_missing_quantity_in_empty_logs(run) -> None:
    with pytest.warns(
        UserWarning, match=r"'val_loss', which is not in the logs; available: nothing"
    ):
        run(EarlyStopping(), [{}])


class TestErrors:
    def test_unknown_mode(self) -> None:
        with pytest.raises(OptionError) as info:
            EarlyStopping(mode="mim")
        assert str(info.value) == (
            "EarlyStopping: unknown mode\n"
            "  expected  'auto', 'min' or 'max'\n"
            "  got       'mim'\n"
            "  hint      did you mean 'min'?"
        )

    def test_no_direction_is_told_before_the_first_epoch(self, run, model) -> None:
        model.metrics = [type("Metric", (), {"name": "wobble"})()]
        with pytest.raises(OptionError) as info:
            run(EarlyStopping("val_woble"), losses(1, 2))
        assert str(info.value) == (
            "EarlyStopping: nothing tells whether 'val_woble' should rise or fall\n"
            "  expected  mode='min' or mode='max'\n"
            "  got       mode='auto'\n"
            "  hint      did you mean 'val_wobble'?"
        )
        assert model.weight == -1.0

    def test_no_direction_of_a_quantity_that_is_there(self, run) -> None:
        with pytest.raises(OptionError) as info:
            run(EarlyStopping("wobble"), losses(1, 2, name="wobble"))
        assert "  hint      did you mean 'wobble'?" not in str(info.value)
        assert "  hint      pass mode= with the direction that is better" in str(info.value)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"monitor": 3}, "bad monitor\n  expected  the name of a loss or metric"),
            ({"monitor": ""}, "bad monitor"),
            ({"patience": -1}, "bad patience\n  expected  a whole number >= 0\n  got       -1"),
            ({"patience": 1.5}, "bad patience"),
            ({"patience": True}, "bad patience"),
            ({"start_from_epoch": "2"}, "bad start_from_epoch"),
            (
                {"min_delta": math.nan},
                "bad min_delta\n  expected  a finite number\n  got       nan",
            ),
            ({"baseline": "low"}, "bad baseline"),
        ],
    )
    def test_other_options(self, options, text) -> None:
        with pytest.raises(OptionError) as info:
            EarlyStopping(**options)
        assert str(info.value).startswith("EarlyStopping: " + text)
