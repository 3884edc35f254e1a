"""`tf.data.Options`: what speaks of speed, kept and ignored."""

from __future__ import annotations

from typing import Any

__all__ = ["Options"]


class Options:
    """Options of data sets; any may be set, and none changes the elements.

    >>> options = Options()
    >>> options.experimental_deterministic = False
    >>> options.experimental_deterministic
    False
    """

    def __init__(self) -> None:
        self._set: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_set":
            raise AttributeError(name)
        return self._set.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_set":
            super().__setattr__(name, value)
        else:
            self._set[name] = value
