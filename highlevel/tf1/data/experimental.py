"""`tf.data.experimental`: the names that programs use most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arguments import missing_name

__all__ = ["AUTOTUNE", "map_and_batch", "shuffle_and_repeat", "unbatch"]

__getattr__ = missing_name(__name__, __all__)

AUTOTUNE = -1


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Callable[[Any], Any]:
    """For `Dataset.apply`: `map`, then `batch`."""
    return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)


def shuffle_and_repeat(
    buffer_size: Any, count: Any = None, seed: Any = None
) -> Callable[[Any], Any]:
    """For `Dataset.apply`: `shuffle`, then `repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def unbatch() -> Callable[[Any], Any]:
    """For `Dataset.apply`: `Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()
