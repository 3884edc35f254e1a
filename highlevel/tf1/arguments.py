"""TF1's deprecated argument names, sentinels and misspelt names, each handled once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from thalweg.core import GraphError, OptionError, nearest

__all__ = ["either", "missing_name", "only_named", "refuse"]


def either(where: str, name: str, value: Any, old_name: str, old_value: Any) -> Any:
    """The argument under its name, or under the name it had in older versions.

    Raises:
        OptionError: if both are given.

    >>> either("reduce_sum", "axis", None, "reduction_indices", [1])
    [1]
    """
    if old_value is None:
        return value
    if value is not None:
        raise OptionError(
            where,
            "one argument under two names",
            expected=f"{name}, or its old name {old_name}",
            got=f"{name}={value!r}, {old_name}={old_value!r}",
        )
    return old_value


def only_named(where: str, sentinel: Any, **arguments: Any) -> None:
    """Checks a function that takes labels and logits by name only, so that nobody swaps them.

    Raises:
        OptionError: if something was given by position, or an argument is missing.
    """
    wanted = f"{where}({', '.join(f'{name}=…' for name in arguments)})"
    if sentinel is not None:
        raise OptionError(
            where, "takes its arguments by name", expected=wanted, got="an argument by position"
        )
    for name, value in arguments.items():
        if value is None:
            raise OptionError(where, f"{name} is missing", expected=wanted, got=f"{name}=None")


def refuse(where: str, reason: str, **arguments: Any) -> None:
    """Refuses TF1 options that would change a result and that thalweg does not have.

    Raises:
        GraphError: if one of the arguments is not None or False.
    """
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise GraphError(
                where, f"{name} is not supported", expected=reason, got=f"{name}={value!r}"
            )


def missing_name(
    module: str, known: Iterable[str], renamed: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """A module's `__getattr__` for names it does not have.

    Args:
        module: its name.
        known: the names it has.
        renamed: names of TensorFlow before 1.0 -> what they are called since.

    >>> import thalweg.tf1 as tf
    >>> tf.nn.rely
    Traceback (most recent call last):
        ...
    AttributeError: module 'thalweg.tf1.nn' has no attribute 'rely': did you mean 'relu'?
    """

    def __getattr__(name: str) -> Any:
        message = f"module {module!r} has no attribute {name!r}"
        if not name.startswith("__"):
            successor = (renamed or {}).get(name)
            hint = f"since 1.0 it is {successor!r}" if successor else nearest(name, known)
            message += f": {hint}" if hint else ""
        raise AttributeError(message, name=name)

    return __getattr__
