"""Callback and CallbackList: what user code may do between two runs of the model."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Union

from thalweg.core.errors import OptionError

if TYPE_CHECKING:
    from .history import History

__all__ = [
    "Callback",
    "CallbackList",
    "Callbacks",
    "Logs",
    "Mode",
    "batch_hooks",
    "overrides",
    "say",
]

Logs = dict[str, float]
Mode = Literal["train", "test", "predict"]
# What `fit(callbacks=...)` takes: one callback, or lists of them, nested as deep as one likes.
Callbacks = Union["Callback", Sequence["Callbacks"], None]


class Callback:
    """Base of everything that watches or steers `fit`, `evaluate` and `predict`.

    Subclass it and override the hooks of interest. A hook gets its arguments by position;
    `logs` maps names (`"loss"`, `"val_accuracy"`) to Python floats and is one and the same
    dictionary for all callbacks of a list, so what one adds the later ones see.

    Attributes:
        model: the model at work, set by `set_model`.
        params: `{"verbose": ..., "epochs": ..., "steps": ...}`, set by `set_params`; `steps` is
            None while the number of batches is not known.

    Example:
        >>> class Best(Callback):
        ...     lowest = float("inf")
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.lowest = min(self.lowest, logs["loss"])
        >>> best = Best()
        >>> best.on_epoch_end(0, {"loss": 0.5})
        >>> best.lowest
        0.5
    """

    # Defaults of the class, so that a subclass need not call `super().__init__()`.
    model: Any = None
    params: dict[str, Any] | None = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Receives the training parameters before the first hook."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receives the model before the first hook."""
        self.model = model

    def needs_every_batch(self, mode: Mode) -> bool:
        """Whether the batch hooks of `mode` must be called at each batch.

        By default: whether this object overrides one of them. Where no callback needs it, many
        batches may run in one call; the hooks are then called now and then, with the index of
        the last batch done. Override it if that is enough for your hooks.
        """
        return overrides(self, Callback, batch_hooks(mode))

    def _close(self) -> None:
        """Gives back what is held (a terminal, a file) when training ends, by an error too."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called once, before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called once, after the last epoch, with the logs of that epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before epoch `epoch`, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after epoch `epoch` and its validation; `logs` has both (`val_` names)."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Keras 2's name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Keras 2's name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before batch `batch` of the epoch, counted from 0."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after batch `batch`; `logs` has the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before an evaluation, the validation inside `fit` included."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after an evaluation, with its results."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of a prediction."""


def batch_hooks(mode: Mode) -> tuple[str, ...]:
    """The names of the hooks called around each batch of `mode`."""
    names = (f"on_{mode}_batch_begin", f"on_{mode}_batch_end")
    return (*names, "on_batch_begin", "on_batch_end") if mode == "train" else names


def overrides(callback: Callback, base: type[Callback], names: Iterable[str]) -> bool:
    """Whether `callback`, by its class or itself, replaces one of the methods of `base`."""
    return any(
        getattr(getattr(callback, name), "__func__", None) is not getattr(base, name)
        for name in names
    )


def say(message: str) -> None:
    """Writes one line to standard output, at once."""
    if sys.stdout is not None:
        sys.stdout.write(message + "\n")
        sys.stdout.flush()


class CallbackList(Callback):
    """Callbacks called together, in order.

    A context manager: leaving the block, by an error too, makes every callback give back what
    it holds, so that a failed training leaves a sane terminal behind.

    Args:
        callbacks: one callback or a list, which may hold further lists.
        add_history: append a `History` if there is none; it becomes `model.history`.
        add_progbar: append a `ProgbarLogger` if there is none.
        model: passed to `set_model` of all.
        params: passed to `set_params` of all: `verbose`, `epochs`, `steps`.

    Raises:
        OptionError: something in the list is not a callback.

    Example:
        >>> with CallbackList([], verbose=0, epochs=1, steps=None) as callbacks:
        ...     callbacks.on_train_begin()
        ...     callbacks.on_epoch_end(0, {"loss": 0.5})
        >>> callbacks.history.history
        {'loss': [0.5]}
    """

    def __init__(
        self,
        callbacks: Callbacks = None,
        add_history: bool = True,  # differs from Keras, where it is False
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        from .history import History
        from .progress import ProgbarLogger

        self.callbacks = list(_flat(callbacks))
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            # Last, so that its line shows what the others added to the logs.
            self.callbacks.append(ProgbarLogger())
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    @property
    def history(self) -> History | None:
        """The first History of the list, or None."""
        from .history import History

        return next((c for c in self.callbacks if isinstance(c, History)), None)

    @property
    def has_train_batch_hooks(self) -> bool:
        """Whether some callback must be called at each batch of the training."""
        return self.needs_every_batch("train")

    @property
    def has_test_batch_hooks(self) -> bool:
        """Whether some callback must be called at each batch of an evaluation."""
        return self.needs_every_batch("test")

    @property
    def has_predict_batch_hooks(self) -> bool:
        """Whether some callback must be called at each batch of a prediction."""
        return self.needs_every_batch("predict")

    def needs_every_batch(self, mode: Mode) -> bool:
        """Whether some callback must be called at each batch of `mode`."""
        return any(callback.needs_every_batch(mode) for callback in self.callbacks)

    def append(self, callback: Callback) -> None:
        """Adds a callback at the end and tells it the model and the parameters."""
        for added in _flat(callback):
            self.callbacks.append(added)
            if self.model is not None:
                added.set_model(self.model)
            if self.params:
                added.set_params(self.params)

    def __iter__(self) -> Iterator[Callback]:
        """The callbacks in their order."""
        return iter(self.callbacks)

    def __enter__(self) -> CallbackList:
        """Returns the list itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Makes every callback give back what it holds."""
        self._close()

    def _close(self) -> None:
        for callback in self.callbacks:
            callback._close()

    def set_params(self, params: dict[str, Any]) -> None:
        """Passes the parameters to every callback, unless there are none."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Passes the model to every callback; the history becomes `model.history`."""
        self.model = model
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def _each(self, hook: str, logs: Logs | None, *index: int) -> None:
        logs = {} if logs is None else logs  # one dictionary for all, also when none came
        for callback in self.callbacks:
            getattr(callback, hook)(*index, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Calls `on_train_begin` of every callback."""
        self._each("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Calls `on_train_end` of every callback."""
        self._each("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Calls `on_epoch_begin` of every callback."""
        self._each("on_epoch_begin", logs, epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Calls `on_epoch_end` of every callback."""
        self._each("on_epoch_end", logs, epoch)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_batch_begin` of every callback."""
        self._each("on_batch_begin", logs, batch)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_batch_end` of every callback."""
        self._each("on_batch_end", logs, batch)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_train_batch_begin` of every callback."""
        self._each("on_train_batch_begin", logs, batch)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_train_batch_end` of every callback."""
        self._each("on_train_batch_end", logs, batch)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Calls `on_test_begin` of every callback."""
        self._each("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Calls `on_test_end` of every callback."""
        self._each("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_test_batch_begin` of every callback."""
        self._each("on_test_batch_begin", logs, batch)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_test_batch_end` of every callback."""
        self._each("on_test_batch_end", logs, batch)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Calls `on_predict_begin` of every callback."""
        self._each("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Calls `on_predict_end` of every callback."""
        self._each("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_predict_batch_begin` of every callback."""
        self._each("on_predict_batch_begin", logs, batch)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_predict_batch_end` of every callback."""
        self._each("on_predict_batch_end", logs, batch)


def _flat(callbacks: object) -> Iterator[Callback]:
    """The callbacks of nested lists, in order."""
    if callbacks is None:
        return
    if isinstance(callbacks, CallbackList):
        yield from callbacks.callbacks
    elif isinstance(callbacks, Callback):
        yield callbacks
    elif isinstance(callbacks, (list, tuple)):
        for item in callbacks:
            yield from _flat(item)
    else:
        name = callbacks.__name__ if isinstance(callbacks, type) else None
        raise OptionError(
            "callbacks",
            "an entry is not a callback",
            expected="Callback objects, or lists of them",
            got=f"the class {name}" if name else repr(callbacks),
            hint=f"an object of it is made by {name}()" if name else None,
        )
