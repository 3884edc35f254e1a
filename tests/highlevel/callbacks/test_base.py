from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import thalweg.callbacks
from thalweg.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from thalweg.core.errors import OptionError

HOOKS = {
    "on_train_begin": 0,
    "on_train_end": 0,
    "on_epoch_begin": 1,
    "on_epoch_end": 1,
    "on_batch_begin": 1,
    "on_batch_end": 1,
    "on_train_batch_begin": 1,
    "on_train_batch_end": 1,
    "on_test_begin": 0,
    "on_test_end": 0,
    "on_test_batch_begin": 1,
    "on_test_batch_end": 1,
    "on_predict_begin": 0,
    "on_predict_end": 0,
    "on_predict_batch_begin": 1,
    "on_predict_batch_end": 1,
}


class TestCallback:
    def test_keras_hooks_are_all_there(self) -> None:
        assert {name for name in dir(Callback) if name.startswith("on_")} == set(HOOKS)

    @pytest.mark.parametrize("hook", HOOKS)
    def test_a_subclass_that_does_not_call_init_works(self, hook: str) -> None:
        class Silent(Callback):
            def __init__(self) -> None:
                pass

        callback = Silent()
        assert callback.model is None
        assert callback.params is None
        callback.set_params({"epochs": 1})
        callback.set_model("model")
        getattr(callback, hook)(*range(HOOKS[hook]))
        getattr(callback, hook)(*range(HOOKS[hook]), logs={})
        assert (callback.model, callback.params) == ("model", {"epochs": 1})

    @pytest.mark.parametrize("end", ["begin", "end"])
    def test_keras_2_name_of_the_batch_hooks(self, end: str) -> None:
        seen: list[Any] = []
        old = type("Old", (Callback,), {f"on_batch_{end}": lambda *args: seen.append(args[1:])})()
        hooks = CallbackList(old)
        getattr(hooks, f"on_train_batch_{end}")(3, {"loss": 0.5})
        assert seen == [(3, {"loss": 0.5})]
        assert hooks.has_train_batch_hooks


class TestCallbackList:
    @pytest.mark.parametrize("hook", HOOKS)
    def test_every_hook_reaches_every_callback_in_order(self, hook: str) -> None:
        seen: list[Any] = []

        class Spy(Callback):
            def __init__(self, name: str) -> None:
                self.name = name

        def spied(self: Spy, *args: Any) -> None:
            seen.append((self.name, *args))

        setattr(Spy, hook, spied)
        hooks = CallbackList([Spy("a"), (Spy("b"), [Spy("c")])])
        index = range(7, 7 + HOOKS[hook])
        getattr(hooks, hook)(*index, {"loss": 1.0})
        assert seen == [(name, *index, {"loss": 1.0}) for name in "abc"]

    @pytest.mark.parametrize("logs", [None, {}])
    def test_what_one_adds_to_the_logs_the_next_sees(self, logs: dict[str, float] | None) -> None:
        class Adds(Callback):
            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                assert logs is not None
                logs["extra"] = 2.0

        hooks = CallbackList([Adds()])
        hooks.on_epoch_end(0, logs)
        assert hooks.history is not None
        assert hooks.history.history == {"extra": [2.0]}
        assert logs in (None, {"extra": 2.0})

    def test_model_and_parameters_go_to_all(self) -> None:
        model = type("Model", (), {})()
        first, second = Callback(), Callback()
        hooks = CallbackList([first], model=model, epochs=3, steps=None)
        hooks.append(second)
        assert first.model is second.model is hooks.model is model
        assert first.params == second.params == {"epochs": 3, "steps": None}
        assert model.history is hooks.history
        assert list(hooks)[-1] is second

    def test_history_and_bar_are_added_once_and_last(self) -> None:
        assert [type(c) for c in CallbackList()] == [History]
        assert list(CallbackList(add_history=False)) == []
        assert CallbackList(add_history=False).history is None
        hooks = CallbackList([Callback()], add_progbar=True)
        assert [type(c) for c in hooks] == [Callback, History, ProgbarLogger]
        own = [ProgbarLogger(), History()]
        assert list(CallbackList(own, add_progbar=True)) == own

    def test_lists_nest(self) -> None:
        inner = CallbackList([Callback()])
        hooks = CallbackList([inner, Callback()])
        assert len(list(hooks)) == 3
        assert hooks.history is inner.history
        assert next(iter(CallbackList(Callback(), add_history=False))).model is None

    def test_batch_hooks_are_asked_for_only_if_overridden(self) -> None:
        quiet = [
            EarlyStopping(),
            ModelCheckpoint("a.h5"),
            LearningRateScheduler(lambda epoch: 0.1),
            ReduceLROnPlateau(),
            CSVLogger("log.csv"),
            LambdaCallback(on_epoch_end=print),
            ProgbarLogger(),
        ]
        hooks = CallbackList(quiet, add_progbar=True)
        assert not hooks.has_train_batch_hooks
        assert not hooks.has_test_batch_hooks
        assert not hooks.has_predict_batch_hooks

    @pytest.mark.parametrize(
        ("callback", "mode"),
        [
            (TerminateOnNaN(), "train"),
            (ModelCheckpoint("a.h5", save_freq=3), "train"),
            (LambdaCallback(on_batch_end=print), "train"),
            (LambdaCallback(on_train_batch_begin=print), "train"),
            (LambdaCallback(on_test_batch_end=print), "test"),
            (LambdaCallback(on_predict_batch_begin=print), "predict"),
            (type("P", (ProgbarLogger,), {"on_test_batch_end": print})(), "test"),
            (type("C", (ModelCheckpoint,), {"on_batch_end": print})("a.h5"), "train"),
        ],
    )
    def test_batch_hooks_that_are_overridden(self, callback: Callback, mode: str) -> None:
        hooks = CallbackList([callback, History()])
        for other in ("train", "test", "predict"):
            assert getattr(hooks, f"has_{other}_batch_hooks") == (other == mode)

    def test_leaving_the_block_closes_all_after_an_error_too(self) -> None:
        closed: list[str] = []

        class Holds(Callback):
            def _close(self) -> None:
                closed.append("closed")

        with pytest.raises(KeyboardInterrupt), CallbackList([Holds(), Holds()]):
            raise KeyboardInterrupt
        assert closed == ["closed", "closed"]

    @pytest.mark.parametrize(
        ("entry", "got", "hint"),
        [
            (
                EarlyStopping,
                "the class EarlyStopping",
                "an object of it is made by EarlyStopping()",
            ),
            ("history", "'history'", None),
        ],
    )
    def test_what_is_no_callback_is_named(self, entry: Any, got: str, hint: str | None) -> None:
        with pytest.raises(OptionError) as info:
            CallbackList([History(), [entry]])
        lines = [
            "callbacks: an entry is not a callback",
            "  expected  Callback objects, or lists of them",
            f"  got       {got}",
        ] + ([f"  hint      {hint}"] if hint else [])
        assert str(info.value) == "\n".join(lines)


class TestPackage:
    def test_public_names(self) -> None:
        assert sorted(dir(thalweg.callbacks)) == sorted(thalweg.callbacks.__all__)
        for name in thalweg.callbacks.__all__:
            assert getattr(thalweg.callbacks, name).__name__ == name
        with pytest.raises(AttributeError, match="has no attribute 'Earlystopping'"):
            thalweg.callbacks.Earlystopping  # noqa: B018

    def test_importing_costs_nothing(self) -> None:
        code = (
            "import sys, thalweg.callbacks; "
            "sys.exit(bool({'rich', 'h5py', 'thalweg.callbacks.base'} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_rich_and_h5py_stay_out_until_needed(self) -> None:
        code = (
            "import sys; from thalweg.callbacks import *; import thalweg.saving.hdf5; "
            "hooks = CallbackList([], add_progbar=True, verbose=1, epochs=1, steps=1); "
            "hooks.on_epoch_begin(0); hooks.on_epoch_end(0, {'loss': 1.0}); "
            "sys.exit(bool({'rich', 'h5py'} & set(sys.modules)))"
        )
        result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
        assert (result.returncode, result.stderr) == (0, b"")
