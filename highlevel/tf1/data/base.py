"""What every data set is: a structure of elements, tensors it depends on, passes over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.core import Tensor, TensorType, shape_text

from ..errors import InvalidArgumentError
from .passes import Pass

__all__ = ["Element", "Source", "joined_type", "stacked"]

Element = tuple[Any, ...]  # the parts of an element: arrays, or data sets


class Source:
    """Elements, one after the other, as often as a pass is made.

    Args:
        structure: nested tuples and dicts of TensorTypes.
        inputs: the data sets it is made of.
        tensors: the tensors it depends on besides.
    """

    def __init__(
        self, structure: Any, inputs: Sequence[Source] = (), tensors: Sequence[Any] = ()
    ) -> None:
        self.structure = structure
        self._inputs = list(inputs)
        self._own_tensors = [t for t in tensors if isinstance(t, Tensor)]

    def tensors(self) -> list[Tensor]:
        """All tensors whose values a pass needs."""
        found = dict.fromkeys(self._own_tensors)
        for source in self._inputs:
            found.update(dict.fromkeys(source.tensors()))
        return list(found)

    def elements(self, run: Pass) -> Iterator[Element]:
        """The elements of one pass."""
        raise NotImplementedError(type(self).__name__)


def joined_type(a: TensorType, b: TensorType) -> TensorType:
    """What the types of two data sets' elements have in common."""
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
        return TensorType(a.dtype, None)
    return TensorType(
        a.dtype, tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True))
    )


def stacked(elements: Sequence[Element]) -> Element:
    """Elements along a new first axis.

    Raises:
        InvalidArgumentError: if they differ in shape.
    """
    parts = []
    for arrays in zip(*elements, strict=True):
        shapes = {np.shape(array) for array in arrays}
        if len(shapes) > 1:
            told = " and ".join(map(shape_text, sorted(shapes)))
            raise InvalidArgumentError(
                None, None, f"elements of shapes {told} cannot be batched; padded_batch pads them"
            )
        parts.append(np.stack([np.asarray(array) for array in arrays]))
    return tuple(parts)
