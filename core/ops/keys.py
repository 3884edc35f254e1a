"""Keys: which stream of numbers a random op draws, and how far it has drawn.

A key is folded from the seed, the op's path in its model and the op's own execution counter. So no
op's numbers depend on which other ops exist, on threads or on the order of execution.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Tensor, current_context
from ..opdef import apply
from ..random import current_seed
from .philox import FoldIn
from .source import constant
from .state import Counter, NextCount

__all__ = ["draw_key"]


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
    path = stream.next_path() if stream else context.graph.unique_name(context.scope + name)
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
