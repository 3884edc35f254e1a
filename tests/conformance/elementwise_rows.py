"""Builders of rows of functions that treat every element alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import core

from .case import Case, Input


def one(
    name: str, op: str, oracle: Callable[..., Any], x: Input | None = None, **options: Any
) -> Case:
    """A row of a function of one tensor."""
    function = getattr(core, name.split()[0])
    return Case(name, (op,), function, (x or Input("mn"),), oracle, empty="mn", **options)


def two(name: str, op: str, oracle: Callable[..., Any], x: Input, y: Input, **options: Any) -> Case:
    """A row of a function of two tensors."""
    function = getattr(core, name.split()[0])
    return Case(name, (op,), function, (x, y), oracle, empty="m", **options)


def each(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """A Python function of numbers, for arrays."""
    return lambda *arrays: np.vectorize(function, otypes=[arrays[0].dtype])(*arrays)
