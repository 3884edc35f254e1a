"""What CuPy has: every call on the strict backend is held against its signatures.

CuPy imports without a GPU, so the names and arguments of its functions can be checked where none
of them can run. Compiled functions tell no signature: of these only the name is checked.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
from typing import Any

HAS_CUPY = importlib.util.find_spec("cupy") is not None
UFUNC_OPTIONS = {"out", "dtype", "casting"}


@functools.cache
def _module(name: str) -> Any:
    import cupy

    return functools.reduce(getattr, name.split(".")[1:], cupy)


@functools.cache
def _signature(module: str, name: str) -> inspect.Signature | None:
    try:
        return inspect.signature(getattr(_module(module), name))
    except ValueError:
        return None


def check_call(module: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises TypeError if CuPy has no such function, or it does not take these arguments.

    Args:
        module: `"cupy"`, or a part of it, `"cupy.linalg"`.
        name: of the function.
        args, kwargs: as in the call.
    """
    if not HAS_CUPY:
        return
    function = getattr(_module(module), name, None)
    if function is None:
        raise TypeError(f"{module} has no {name!r}")
    signature = _signature(module, name)
    if hasattr(function, "nin"):
        extra = set(kwargs) - UFUNC_OPTIONS
        if extra or len(args) > function.nargs:
            raise TypeError(f"{module}.{name} takes {function.nargs} arrays, and not {extra}")
    elif signature is not None:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{module}.{name}{signature}: {error}") from None


def check_method(name: str) -> None:
    """Raises TypeError if CuPy's arrays have no such method."""
    if HAS_CUPY and not hasattr(_module("cupy").ndarray, name):
        raise TypeError(f"cupy.ndarray has no {name!r}")
