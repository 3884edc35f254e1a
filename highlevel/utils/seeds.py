"""The seed of everything random, and forgetting what was built."""

from __future__ import annotations

import random

import numpy as np

from thalweg.core import reset_default_graph, set_seed, set_session

from ..layers.naming import reset_names

__all__ = ["clear_session", "set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Fixes all random numbers: weights, dropout, shuffling, and Python's and NumPy's generators.

    Args:
        seed: 0 <= seed < 2**32.

    Two programs that build and train the same model after the same seed get the same bits.

    >>> set_random_seed(1)
    """
    set_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def clear_session() -> None:
    """Forgets the shared graph, session and layer names; existing models must not be used on.

    >>> clear_session()
    """
    reset_default_graph()
    set_session(None)
    reset_names()
