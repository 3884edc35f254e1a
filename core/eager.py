"""Array in, value out; tensor in, tensor out.

Layers, losses, metrics and what prepares images are written once, as functions that build graph.
Called on arrays they compute at once: the call is built into a small graph of its own, compiled,
and kept for the next call with equal types, so that nothing grows in a loop.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import numpy as np

from .function import GraphFunction
from .graph import Graph, Operation, Tensor
from .ops.source import as_array, placeholder
from .ops.state import Trace, Variable, is_tracing
from .session import current_session
from .structure import flatten, rebuild
from .types import as_dtype

__all__ = ["CallCache", "array_or_tensor", "call_at_once", "is_symbolic"]

MAX_CALLS = 64  # compiled calls kept a function or layer

_F = TypeVar("_F", bound=Callable[..., Any])
CallCache = OrderedDict[Hashable, tuple[GraphFunction, Any]]


def is_symbolic(*structures: Any) -> bool:
    """True if graph is to be built: a leaf is a Tensor, or a trace is open on this thread."""
    return is_tracing() or any(isinstance(leaf, Tensor) for leaf in flatten(structures))


def call_at_once(
    build: Callable[..., Any], arrays: Sequence[Any], cache: CallCache, key: Hashable
) -> Any:
    """Builds, compiles and runs `build` on arrays; writes to variables are carried out.

    Args:
        build: a function of as many tensors that returns tensors, nested as it likes.
        arrays: numbers or NumPy arrays.
        cache: where compiled calls are kept.
        key: what else the graph depends on.

    Returns:
        NumPy values in the structure that `build` returned.
    """
    values = [as_array(array) for array in arrays]
    full_key = (key, *((value.dtype.str, value.shape) for value in values))
    found = cache.get(full_key)
    if found is None:
        found = cache[full_key] = _compile(build, values)
        if len(cache) > MAX_CALLS:
            cache.popitem(last=False)
    else:
        with suppress(KeyError):  # another thread may have dropped it meanwhile
            cache.move_to_end(full_key)
    function, structure = found
    results = current_session().call(function, values)
    return rebuild(structure, iter(results))


def _compile(
    build: Callable[..., Any], values: Sequence[np.ndarray[Any, Any]]
) -> tuple[GraphFunction, Any]:
    trace = Trace()
    with Graph().as_default(), trace.open():
        feeds = [placeholder(as_dtype(value.dtype), value.shape) for value in values]
        structure = build(*feeds)
        leaves = [
            leaf.value() if isinstance(leaf, Variable) else leaf for leaf in flatten(structure)
        ]
    fetches: list[Tensor | Operation] = [*leaves, *trace.writes]
    return GraphFunction(fetches, feeds), structure


def array_or_tensor(function: _F) -> _F:
    """Decorator: a graph-building function that also computes at once on arrays.

    NumPy arrays and lists among the arguments are data; everything else is an option.

    >>> from thalweg.core import array_or_tensor, square
    >>> array_or_tensor(square)(np.float32([1, 2])).tolist()
    [1.0, 4.0]
    """
    cache: CallCache = OrderedDict()

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if is_symbolic(args, kwargs):
            return function(*args, **kwargs)
        slots = [*args, *kwargs.values()]
        data = [
            i for i, value in enumerate(slots) if isinstance(value, list | np.ndarray | np.generic)
        ]
        options = tuple(None if i in data else value for i, value in enumerate(slots))

        def build(*tensors: Tensor) -> Any:
            filled = list(slots)
            for i, tensor in zip(data, tensors, strict=True):
                filled[i] = tensor
            return function(
                *filled[: len(args)], **dict(zip(kwargs, filled[len(args) :], strict=True))
            )

        return call_at_once(
            build, [slots[i] for i in data], cache, (options, tuple(data), tuple(kwargs))
        )

    return cast(_F, call)
