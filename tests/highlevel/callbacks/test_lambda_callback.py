from __future__ import annotations

import pytest

from thalweg.callbacks import Callback, CallbackList, LambdaCallback
from thalweg.core.errors import OptionError

HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_can_be_a_function(hook) -> None:
    seen = []
    hooks = CallbackList([LambdaCallback(**{hook: lambda *args: seen.append(args)})])
    index = () if hook.removeprefix("on_").split("_")[0] in ("train", "test", "predict") else (4,)
    if hook.endswith(("batch_begin", "batch_end")):
        index = (4,)
    getattr(hooks, hook)(*index, {"loss": 1.0})
    assert seen == [(*index, {"loss": 1.0})]


def test_names_of_the_arguments_are_free(run) -> None:
    seen = []
    callback = LambdaCallback(on_batch_end=lambda b, whatever: seen.append((b, whatever["loss"])))
    run(callback, [{"loss": 0.5}])
    assert seen == [(0, 0.5), (1, 0.5)]


def test_order_of_the_arguments_is_that_of_keras_3() -> None:
    functions = [lambda *args: None for _ in range(6)]
    callback = LambdaCallback(*functions)
    assert [
        callback.on_epoch_begin,
        callback.on_epoch_end,
        callback.on_train_begin,
        callback.on_train_end,
        callback.on_train_batch_begin,
        callback.on_train_batch_end,
    ] == functions


def test_unknown_hook() -> None:
    with pytest.raises(OptionError) as info:
        LambdaCallback(on_epoch_finish=print)
    assert str(info.value) == (
        "LambdaCallback: unknown hook 'on_epoch_finish'\n"
        f"  expected  {', '.join(sorted(HOOKS))}\n"
        "  hint      did you mean 'on_epoch_begin'?"
    )


def test_not_a_function() -> None:
    with pytest.raises(OptionError) as info:
        LambdaCallback(on_epoch_end="print")
    assert str(info.value) == (
        "LambdaCallback: on_epoch_end cannot be called\n  expected  a function\n  got       'print'"
    )
