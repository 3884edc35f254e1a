from __future__ import annotations

import math

import pytest

from thalweg.callbacks import CallbackList, TerminateOnNaN
from thalweg.core.errors import KernelError


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_training_stops_at_the_batch(model, capsys, loss) -> None:
    hooks = CallbackList([TerminateOnNaN()], model=model)
    hooks.on_train_batch_end(0, {"loss": 1e30})
    hooks.on_train_batch_end(1, {})
    assert not model.stop_training
    hooks.on_train_batch_end(2, {"loss": loss})
    assert model.stop_training
    assert capsys.readouterr().out == f"Batch 2: the loss is {loss}; training stops\n"


def test_or_raises(model) -> None:
    hooks = CallbackList([TerminateOnNaN(raise_error=True)], model=model)
    with pytest.raises(RuntimeError) as info:
        hooks.on_train_batch_end(3, {"loss": math.nan})
    assert isinstance(info.value, KernelError)
    assert str(info.value) == (
        "TerminateOnNaN: the loss of batch 3 is not finite\n"
        "  expected  a finite loss\n"
        "  got       nan\n"
        "  hint      try a smaller learning rate, clipped gradients or scaled inputs"
    )
