"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.core.errors import OptionError, nearest

from .base import Callback

__all__ = ["LambdaCallback"]

_HOOKS = sorted(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """Calls the given functions at their hooks.

    Args:
        on_epoch_begin: called with `(epoch, logs)`.
        on_epoch_end: called with `(epoch, logs)`.
        on_train_begin: called with `(logs)`.
        on_train_end: called with `(logs)`.
        on_train_batch_begin: called with `(batch, logs)`.
        on_train_batch_end: called with `(batch, logs)`.
        hooks: any other hook of `Callback` by its name, `on_batch_end` of Keras 2 included.

    Raises:
        OptionError: an unknown hook, or something that cannot be called.

    Example:
        >>> lines = []
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: lines.append(logs["loss"]))
        >>> callback.on_epoch_end(0, {"loss": 0.5})
        >>> lines
        [0.5]
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **hooks: Callable[..., Any] | None,
    ) -> None:
        functions = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **hooks,
        }
        for name, function in functions.items():
            if name not in _HOOKS:
                raise OptionError(
                    "LambdaCallback",
                    f"unknown hook {name!r}",
                    expected=", ".join(_HOOKS),
                    hint=nearest(name, _HOOKS),
                )
            if function is None:
                continue
            if not callable(function):
                raise OptionError(
                    "LambdaCallback",
                    f"{name} cannot be called",
                    expected="a function",
                    got=repr(function),
                )
            setattr(self, name, function)
