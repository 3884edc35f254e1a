from __future__ import annotations

import numpy as np
import pytest

from thalweg.callbacks import ReduceLROnPlateau
from thalweg.core.errors import OptionError


def losses(*values: float) -> list[dict[str, float]]:
    return [{"val_loss": value} for value in values]


# The rate logged at the end of each epoch, which is the one the epoch ran with.
@pytest.mark.parametrize(
    ("options", "values", "rates"),
    [
        ({"patience": 1}, [1, 1, 1, 1], [1, 1, 0.1, 0.01]),
        ({"patience": 0}, [1, 1, 1], [1, 1, 0.1]),
        ({"patience": 2, "factor": 0.5}, [1, 1, 1, 1, 1, 1], [1, 1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 1, "cooldown": 2}, [1, 1, 1, 1, 1], [1, 1, 0.1, 0.1, 0.01]),
        ({"patience": 1, "min_lr": 0.3}, [1, 1, 1, 1], [1, 1, 0.3, 0.3]),
        ({"patience": 1, "min_delta": 0.5}, [1, 0.6, 0.4, 0.4], [1, 1, 0.1, 0.1]),
        ({"patience": 1, "epsilon": 0.5}, [1, 0.6, 0.4, 0.4], [1, 1, 0.1, 0.1]),
        ({"patience": 1, "mode": "max"}, [1, 2, 3, 3, 3], [1, 1, 1, 1, 0.1]),
    ],
)
def test_rates(run, model, options, values, rates) -> None:
    model.optimizer.learning_rate = 1.0
    hooks = run(ReduceLROnPlateau(**options), losses(*values))
    np.testing.assert_allclose(hooks.history.history["learning_rate"], rates, rtol=1e-12)


def test_the_smallest_rate_is_compared_as_the_optimizer_keeps_it(run, model, capsys) -> None:
    class Float32Optimizer:
        _rate = np.float32(0.01)

        @property
        def learning_rate(self) -> np.float32:
            return self._rate

        @learning_rate.setter
        def learning_rate(self, value: float) -> None:
            self._rate = np.float32(value)

    model.optimizer = Float32Optimizer()
    # float32(0.001) is a little more than 0.001, and must not be reduced for ever.
    run(ReduceLROnPlateau(patience=1, min_lr=0.001, verbose=1), losses(1, 1, 1, 1))
    assert capsys.readouterr().out == "Epoch 2: learning rate reduced from 0.01 to 0.001\n"


def test_rate_is_logged_though_the_quantity_is_missing(run, model) -> None:
    callback = ReduceLROnPlateau("val_accuracy", patience=1)
    with pytest.warns(
        UserWarning,
        match=r"ReduceLROnPlateau monitors 'val_accuracy', .*available: 'loss', 'learning_rate'",
    ) as caught:
        hooks = run(callback, [{"loss": 1.0}, {"loss": 1.0}])
    assert len(caught) == 1
    assert hooks.history.history["learning_rate"] == [0.1, 0.1]


def test_an_object_serves_a_second_training(run, model) -> None:
    callback = ReduceLROnPlateau(patience=1)
    run(callback, losses(0.1, 0.1))
    assert model.optimizer.learning_rate == pytest.approx(0.01)
    run(callback, losses(5, 4))
    assert model.optimizer.learning_rate == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"factor": 1.0}, "bad factor\n  expected  a finite number > 0 and < 1\n  got       1.0"),
        ({"factor": 0}, "bad factor"),
        ({"min_lr": -1}, "bad min_lr\n  expected  a finite number >= 0\n  got       -1"),
        ({"cooldown": -1}, "bad cooldown"),
        ({"mode": "maximum"}, "unknown mode"),
    ],
)
def test_options(options, text) -> None:
    with pytest.raises(OptionError) as info:
        ReduceLROnPlateau(**options)
    assert str(info.value).startswith("ReduceLROnPlateau: " + text)
