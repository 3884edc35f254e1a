"""Functions of layers: each call makes a layer of its own and applies it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .base import Layer

__all__ = ["as_function"]


def as_function(cls: type[Layer], name: str, *, shares: bool = True) -> Callable[..., Any]:
    """The function of a layer: takes inputs, then the layer's arguments.

    Args:
        cls: the layer.
        name: of the function.
        shares: whether there is an argument `reuse`; with `name`, it uses the variables of the
            layer that was first called so.

    >>> inspect.signature(as_function(Layer, "layer"))
    <Signature (inputs, trainable=True, name=None, dtype=None, reuse=None)>
    """
    given = [
        parameter.replace(annotation=parameter.empty)
        for parameter in list(inspect.signature(cls.__init__).parameters.values())[1:]
        if parameter.kind is not parameter.VAR_KEYWORD
    ]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [inspect.Parameter("reuse", kind, default=None)] if shares else []
    signature = inspect.Signature([inspect.Parameter("inputs", kind), *given, *own])

    @functools.wraps(cls, assigned=(), updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs).arguments
        inputs = arguments.pop("inputs")
        if shares:
            arguments["_reuse"] = arguments.pop("reuse", None)
            arguments["_scope"] = arguments.get("name")
        return cls(**arguments)(inputs)

    function.__name__ = function.__qualname__ = name
    function.__module__ = cls.__module__
    function.__doc__ = (
        f"Applies a `{cls.__name__}` layer of its own to `inputs`; other arguments as of that "
        "class" + (", and `reuse`: True or AUTO_REUSE use the variables of `name` again."
                   if shares else ".")
    )  # fmt: skip
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function
