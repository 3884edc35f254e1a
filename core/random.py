"""Seeds and streams: which key a random op draws from.

The seed is one number a process (or a graph, TF1's way). A stream is a name under which random
ops are counted in the order they are built: each layer has one, so that the numbers a layer draws
depend on the seed and on the layer, not on what else is in the program.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from .errors import OptionError

__all__ = ["Stream", "current_seed", "new_stream", "set_seed"]


class _State:
    seed: int | None = None
    names: ClassVar[Counter[str]] = Counter()


def set_seed(seed: int | None) -> None:
    """Fixes all random numbers drawn by what is built from now on; None draws a new seed.

    Raises:
        OptionError: if the seed is not an integer >= 0.

    >>> set_seed(7)
    >>> current_seed()
    7
    >>> set_seed(None)
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        raise OptionError("set_seed", "not a seed", expected="an integer >= 0", got=repr(seed))
    _State.seed = seed
    _State.names.clear()


def current_seed() -> int:
    """The seed in force; drawn once from the system if none was set."""
    if _State.seed is None:
        _State.seed = int.from_bytes(os.urandom(8), "little") >> 1
    return _State.seed


class Stream:
    """A named sequence of paths, one a random op, under the seed in force when it was made.

    Args:
        name: of the stream.
        seed: the seed in force if None.
        ordinals: the numbers of its first ops, as a file tells them; then it counts on.

    >>> stream = Stream("drop", 7, ordinals=[2, 5])
    >>> [stream.next_path() for _ in range(3)]
    ['drop/2', 'drop/5', 'drop/6']
    """

    def __init__(self, name: str, seed: int | None = None, ordinals: Iterable[int] = ()) -> None:
        self.name = name
        self.seed = current_seed() if seed is None else seed
        first = list(ordinals)
        self._ordinals = itertools.chain(first, itertools.count(max(first, default=-1) + 1))

    def next_path(self) -> str:
        """The path of the next random op of this stream."""
        return f"{self.name}/{next(self._ordinals)}"


def new_stream(kind: str, name: str | None = None) -> Stream:
    """A stream for something of this kind, numbered among its kind since the seed was set.

    Args:
        kind: `"dense"`; the third nameless one since `set_seed` is `"dense#2"`, whatever else
            was made before, in this or another run.
        name: chosen by the user: then it is the stream's name, and a number follows where it was
            taken, so that two models of equally named layers do not start from equal weights.

    >>> set_seed(0)
    >>> [new_stream("dense").name for _ in range(2)]
    ['dense#0', 'dense#1']
    >>> [new_stream("dense", "mine").name for _ in range(2)]
    ['mine', 'mine##1']
    """
    key = kind if name is None else f"name {name}"
    ordinal = _State.names[key]
    _State.names[key] += 1
    if name is None:
        return Stream(f"{kind}#{ordinal}")
    return Stream(f"{name}##{ordinal}" if ordinal else name)
