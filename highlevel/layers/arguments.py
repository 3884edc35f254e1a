"""What `Layer` makes of constructor arguments and signatures."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from thalweg.core import Stream, Trace, user_site
from thalweg.core.errors import OptionError, nearest

__all__ = ["declared_input", "initial_value", "parameters_of"]


@functools.lru_cache(maxsize=256)  # bounded: it keeps the classes of users alive
def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters, in order."""
    return tuple(inspect.signature(function).parameters)


def initial_value(
    initializer: Any, shape: tuple[int, ...], dtype: str, stream: str, seed: int
) -> Any:
    """Runs an initializer under the weight's own random stream."""
    with Trace().open(stream=Stream(stream, seed)):
        return initializer(shape, dtype=dtype)


def declared_input(
    cls: type[Any], base: type[Any], kwargs: dict[str, Any]
) -> tuple[int | None, ...] | None:
    """The batch input shape that constructor arguments declare; other leftovers are errors."""
    given = {
        name: kwargs.pop(name)
        for name in ("input_shape", "batch_input_shape", "batch_shape", "input_dim")
        if name in kwargs
    }
    if kwargs:
        name = next(iter(kwargs))
        known = [*parameters_of(cls.__init__), *parameters_of(base.__init__), "input_shape"]
        raise OptionError(
            cls.__name__,
            f"has no argument {name!r}",
            site=user_site(),
            hint=nearest(name, known),
        )
    batch = given.get("batch_input_shape") or given.get("batch_shape")
    if batch is not None:
        return tuple(batch)
    if given.get("input_shape") is not None:
        shape = given["input_shape"]
        return (None, *((shape,) if isinstance(shape, int) else shape))
    if given.get("input_dim") is not None:
        return (None, given["input_dim"])
    return None
