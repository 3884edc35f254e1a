"""Keys: which stream of numbers a random op draws, and how far it has drawn.

By default a key is folded from the seed, the op's path in its model and the op's own execution
counter. So no op's numbers depend on which other ops exist, on threads or on the order of
execution. A key that is given instead makes the op a function: the same numbers at every run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DtypeError, OptionError, ShapeError
from ..graph import Tensor, current_context
from ..opdef import apply
from ..random import current_seed
from ..types import int64, types_text, uint32
from .elementwise import cast
from .philox import FoldIn
from .sizes import beside
from .source import constant, convert
from .state import Counter, NextCount

__all__ = ["draw_key", "fold_in", "random_key"]


def stream_key(seed: int, path: str) -> np.ndarray[Any, Any]:
    """The key of one stream.  -> (2,) uint32.

    >>> stream_key(0, "dropout").dtype, stream_key(0, "a").tolist() == stream_key(1, "a").tolist()
    (dtype('uint32'), False)
    """
    import hashlib  # loads OpenSSL, which most programs never need

    digest = hashlib.blake2b(f"{seed}/{path}".encode(), digest_size=8).digest()
    return np.frombuffer(digest, "<u4").astype(np.uint32)


def draw_key(seed: int | None = None) -> Tensor:
    """A key that differs at every run: folded from seed, path and a counter of its own.

    The path is that of the stream in force (a layer's), else the node's name; with an explicit
    `seed` it is the seed alone, so that two ops of equal seed draw equal numbers.
    """
    context = current_context()
    if context.graph.outer is not None:
        return _draw_in_body(seed, context.graph)
    stream = context.stream
    name = "random/seed"  # the node's, made below: so the next op's path is another
    path = stream.next_path() if stream else context.graph.free_name(context.scope + name)
    ordinal = int(path.rpartition("/")[2]) if stream else 0
    if seed is not None:
        path, general = f"seed {seed}", context.graph.seed or 0
    elif stream is not None:
        general = stream.seed
    else:
        general = current_seed() if context.graph.seed is None else context.graph.seed
    base = constant(stream_key(general, path), name=name)
    counter = Counter(f"{path}/count", stream, ordinal)
    count = apply(NextCount(counter), name="random/count")
    return apply(FoldIn(), base, count, name="random/key")


def _draw_in_body(seed: int | None, graph: Any) -> Tensor:
    """A key drawn once for the whole loop, outside of it, and folded with the iteration."""
    with graph.outside():
        key = draw_key(seed)
    iteration = graph.iteration()
    return graph.capture(key) if iteration is None else apply(FoldIn(), key, iteration)


_ROOT = np.array([0x243F6A88, 0x85A308D3], np.uint32)  # pi's first fractional bits; any would do


def random_key(seed: Any, name: str | None = None) -> Tensor:
    """The key that a seed stands for: the same at every run, in every graph and model.

    Args:
        seed: an integer, or a vector of a known number of them, as TF1's stateless ops take; a
            tensor may be fed.
        name: of the node.

    Returns:
        (2,) uint32, for the argument `key` of the random functions.

    Raises:
        DtypeError: if the seed is no integer.
        ShapeError: if it is neither a scalar nor a vector of known size.

    >>> from thalweg.core import Session, random_uniform
    >>> a, b = (random_uniform([2], key=random_key([1, 2])) for _ in range(2))
    >>> first, second = Session().run([a, b])
    >>> first.tolist() == second.tolist() == Session().run(a).tolist()
    True
    """
    tensor = convert(seed)
    if not tensor.dtype.is_integer:
        raise DtypeError(
            "random_key",
            "a seed is an integer",
            expected="an integer dtype",
            got=types_text(seed=tensor.type),
        )
    if tensor.ndim not in (0, 1) or tensor.type.size is None:
        raise ShapeError(
            "random_key",
            "the number of seeds is not known",
            expected="a scalar, or a vector of known size",
            got=types_text(seed=tensor.type),
        )
    numbers = [tensor] if tensor.ndim == 0 else [tensor[i] for i in range(tensor.type.size)]
    with beside(tensor):
        key = constant(_ROOT)
    for number in numbers:
        key = fold_in(key, number, name)
    return key


def fold_in(key: Any, data: Any, name: str | None = None) -> Tensor:
    """A new key from a key and a number; its stream is independent of that of any other number.

    Args:
        key: (2,) uint32.
        data: () integer.
        name: of the node.

    Returns:
        (2,) uint32.

    >>> from thalweg.core import Session
    >>> keys = [fold_in(random_key(7), number) for number in (0, 1)]
    >>> first, second = Session().run(keys)
    >>> first.tolist() == second.tolist()
    False
    """
    tensor = _as_key("fold_in", key)
    with beside(tensor):
        number = cast(convert(data), int64)
    return apply(FoldIn(), tensor, number, name=name)


def choose_key(where: str, seed: int | None, key: Any) -> Tensor:
    """The key of a random function's arguments.

    Raises:
        OptionError: if both are given.
        DtypeError: if the key is none.
        ShapeError: likewise.
    """
    if key is None:
        return draw_key(seed)
    if seed is not None:
        raise OptionError(
            where, "a seed and a key are given", expected="one of them, or none", got=f"seed {seed}"
        )
    return _as_key(where, key)


def _as_key(where: str, key: Any) -> Tensor:
    tensor = convert(key)
    problem: dict[str, Any] = {
        "expected": "(2,) uint32",
        "got": types_text(key=tensor.type),
        "hint": "random_key(seed) makes one",
    }
    if tensor.dtype is not uint32:
        raise DtypeError(where, "not a key", **problem)
    if not tensor.type.accepts_shape((2,)):
        raise ShapeError(where, "not a key", **problem)
    return tensor
