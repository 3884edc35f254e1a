"""Layers that make one tensor of several."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, types_text
from thalweg.core.errors import ShapeError

from ..options import Interval, Sizes, option_error
from .base import Layer

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


class _Merge(Layer):
    """Base of all layers of this file: checks that the input is a list."""

    supports_masking = True

    _count: int | None = None  # how many inputs it takes, if that is fixed

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What counts in any of the inputs, if all of them have masks."""
        if mask is None or any(one is None for one in mask):
            return None
        merged = mask[0]
        for one in mask[1:]:
            merged = core.logical_or(merged, one)
        return merged

    def call(self, inputs: Any) -> Tensor:
        """What `_merged` makes of the list.

        Raises:
            ShapeError: if it is no list of as many tensors as the layer takes.
        """
        takes = "a list of tensors" if self._count is None else f"a list of {self._count} tensors"
        if not isinstance(inputs, list | tuple) or not inputs:
            got = str(inputs.type) if isinstance(inputs, Tensor) else repr(inputs)
            raise ShapeError(type(self).__name__, "merges several inputs", expected=takes, got=got)
        if self._count not in (None, len(inputs)):
            raise ShapeError(
                type(self).__name__,
                "wrong number of inputs",
                expected=takes,
                got=str(len(inputs)),
            )
        return self._merged(list(inputs))

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        raise NotImplementedError(type(self).__name__)


class _Elementwise(_Merge):
    """Base of those that go element by element, with broadcasting.

    Inputs with fewer axes get axes of size 1 after the batch.
    """

    _function: Callable[..., Tensor]

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        return functools.reduce(type(self)._function, _of_one_rank(tensors))


def _of_one_rank(tensors: Sequence[Tensor]) -> list[Tensor]:
    ranks = [tensor.ndim for tensor in tensors]
    if None in ranks:
        return list(tensors)
    most = max(rank or 0 for rank in ranks)
    return [
        core.expand_dims(tensor, list(range(1, 1 + most - rank)))
        if rank and rank < most
        else tensor
        for tensor, rank in zip(tensors, ranks, strict=True)
    ]


class _Extreme(_Elementwise):
    """Base of those that pick one of the values: a masked one is none."""

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        values, masks = _of_one_rank(tensors), _wide_masks(tensors)
        result, kept = values[0], masks[0]
        for value, mask in zip(values[1:], masks[1:], strict=True):
            other = value if mask is None else core.where(mask, value, result)
            own = result if kept is None else core.where(kept, result, other)
            result = type(self)._function(own, other)
            both = kept is not None and mask is not None
            kept = core.logical_or(kept, mask) if both else None
        return result


def _wide_masks(tensors: Sequence[Tensor]) -> list[Tensor | None]:
    """The tensors' masks, each as wide as its tensor in `_of_one_rank`; None without one."""
    wide = [_as_wide(tensor.mask, tensor) for tensor in tensors]
    return [
        None if tensor.mask is None else mask
        for tensor, mask in zip(tensors, _of_one_rank(wide), strict=True)
    ]


class Add(_Elementwise):
    """The sum of the inputs, elementwise.

    Args:
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of tensors of one shape; sizes of 1 are stretched.

    Output shape:
        that shape.

    >>> import numpy as np
    >>> Add()([np.float32([[1, 2]]), np.float32([[10, 20]])]).tolist()
    [[11.0, 22.0]]
    """

    _function = staticmethod(core.add)


class Subtract(_Elementwise):
    """The first input minus the second, elementwise.

    Args:
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of two tensors of one shape; sizes of 1 are stretched.

    Output shape:
        that shape.

    >>> import numpy as np
    >>> Subtract()([np.float32([[1, 2]]), np.float32([[10, 20]])]).tolist()
    [[-9.0, -18.0]]
    """

    _count = 2
    _function = staticmethod(core.subtract)


class Multiply(_Elementwise):
    """The product of the inputs, elementwise.

    What an input masks does not multiply; where all of them mask, the product is 0.

    Args:
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of tensors of one shape; sizes of 1 are stretched.

    Output shape:
        that shape.

    >>> import numpy as np
    >>> Multiply()([np.float32([[1, 2]]), np.float32([[10, 20]])]).tolist()
    [[10.0, 40.0]]
    """

    _function = staticmethod(core.multiply)

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        masks = _wide_masks(tensors)
        factors = [
            tensor if mask is None else core.where(mask, tensor, core.ones_like(tensor))
            for mask, tensor in zip(masks, _of_one_rank(tensors), strict=True)
        ]
        product = super()._merged(factors)
        if any(mask is None for mask in masks):
            return product
        anywhere = functools.reduce(core.logical_or, masks)
        return core.where(anywhere, product, core.zeros_like(product))


class Average(_Elementwise):
    """The mean of the inputs, elementwise.

    Args:
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of float tensors of one shape; sizes of 1 are stretched.

    Output shape:
        that shape.

    >>> import numpy as np
    >>> Average()([np.float32([[1, 2]]), np.float32([[3, 4]])]).tolist()
    [[2.0, 3.0]]
    """

    _function = staticmethod(core.add)

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        return super()._merged(tensors) / float(len(tensors))


class Maximum(_Extreme):
    """The largest of the inputs, elementwise; what an input masks leaves the others as they are.

    Args:
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of tensors of one shape; sizes of 1 are stretched.

    Output shape:
        that shape.

    >>> import numpy as np
    >>> Maximum()([np.float32([[1, 5]]), np.float32([[3, 4]])]).tolist()
    [[3.0, 5.0]]
    """

    _function = staticmethod(core.maximum)


class Minimum(_Extreme):
    """The smallest of the inputs, elementwise; what an input masks leaves the others as they are.

    Args:
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of tensors of one shape; sizes of 1 are stretched.

    Output shape:
        that shape.

    >>> import numpy as np
    >>> Minimum()([np.float32([[1, 5]]), np.float32([[3, 4]])]).tolist()
    [[1.0, 4.0]]
    """

    _function = staticmethod(core.minimum)


class Concatenate(_Merge):
    """The inputs one after another along an axis.

    Args:
        axis: along which; counted with the batch.
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of tensors whose shapes differ on that axis at most.

    Output shape:
        that shape, with the sizes on the axis added up.

    >>> import numpy as np
    >>> Concatenate()([np.float32([[1, 2]]), np.float32([[3]])]).tolist()
    [[1.0, 2.0, 3.0]]
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis: int = Interval(integer=True).check(self, "axis", axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Where anything counts along the last axis; an input without a mask counts everywhere."""
        if mask is None or all(one is None for one in mask):
            return None
        wide = [_as_wide(one, tensor) for one, tensor in zip(mask, inputs, strict=True)]
        return core.reduce_any(core.concat(wide, self.axis), axis=-1)

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        return core.concat(tensors, self.axis)


def _as_wide(mask: Tensor | None, tensor: Tensor) -> Tensor:
    """A mask in the shape of its tensor, true without one."""
    if mask is None:
        return core.ones(core.shape_of(tensor), "bool")
    # differs from Keras: which takes masks with one axis less than their tensors only
    while (mask.ndim or 0) < (tensor.ndim or 0):
        mask = core.expand_dims(mask, -1)
    return core.broadcast_to(mask, core.shape_of(tensor))


class Dot(_Merge):
    """The sum over an axis of the products of two inputs, sample by sample.

    Args:
        axes: the axis of the first and of the second input, or one integer for both; counted
            with the batch, which it cannot be.
        normalize: whether both are first divided by their norms along that axis: then the result
            is the cosine of the angle between them.
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of two tensors, (batch, ...) each.

    Output shape:
        (batch, axes left of the first, axes left of the second); (batch, 1) if none is left.

    >>> import numpy as np
    >>> Dot(axes=1)([np.float32([[1, 2]]), np.float32([[10, 20]])]).tolist()
    [[50.0]]
    """

    _count = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        first, second = Sizes(2, low=-16).check(self, "axes", axes)
        if 0 in (first, second):
            raise option_error(self, "axes", axes, "integers other than 0, which is the batch")
        self.axes = (first, second)
        self.normalize = bool(normalize)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: products have no positions."""

    def _merged(self, tensors: list[Tensor]) -> Tensor:
        a, b = (_axis_last(self, *pair) for pair in zip(tensors, self.axes, strict=True))
        if self.normalize:
            a, b = (
                t * core.rsqrt(core.maximum(core.reduce_sum(t * t, -1, keepdims=True), 1e-12))
                for t in (a, b)
            )
        size = core.shape_of(a)[-1]
        rows = [core.reshape(t, core.stack([core.shape_of(t)[0], -1, size])) for t in (a, b)]
        product = core.matmul(rows[0], rows[1], transpose_b=True)
        left = core.shape_of(b)[1:-1] if b.ndim != 2 or a.ndim != 2 else [1]
        return core.reshape(product, core.concat([core.shape_of(a)[:-1], left], 0))


def _axis_last(layer: Dot, x: Tensor, axis: int) -> Tensor:
    if x.ndim is None or not 1 <= axis % x.ndim or not -x.ndim <= axis < x.ndim:
        raise ShapeError(
            "Dot",
            "an input has no such axis",
            expected=f"an axis {axis} that is not the batch",
            got=types_text(x=x.type),
        )
    order = [i for i in range(x.ndim) if i != axis % x.ndim]
    return core.transpose(x, [*order, axis % x.ndim])


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`: the sum of the inputs, elementwise.

    >>> import numpy as np
    >>> add([np.float32([[1]]), np.float32([[2]])]).tolist()
    [[3.0]]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`: the first input minus the second, elementwise.

    >>> import numpy as np
    >>> subtract([np.float32([[1]]), np.float32([[2]])]).tolist()
    [[-1.0]]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`: the product of the inputs, elementwise.

    >>> import numpy as np
    >>> multiply([np.float32([[3]]), np.float32([[2]])]).tolist()
    [[6.0]]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`: the mean of the inputs, elementwise.

    >>> import numpy as np
    >>> average([np.float32([[1]]), np.float32([[2]])]).tolist()
    [[1.5]]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`: the largest of the inputs, elementwise.

    >>> import numpy as np
    >>> maximum([np.float32([[1]]), np.float32([[2]])]).tolist()
    [[2.0]]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`: the smallest of the inputs, elementwise.

    >>> import numpy as np
    >>> minimum([np.float32([[1]]), np.float32([[2]])]).tolist()
    [[1.0]]
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`: the inputs one after another along an axis.

    >>> import numpy as np
    >>> concatenate([np.float32([[1]]), np.float32([[2]])]).tolist()
    [[1.0, 2.0]]
    """
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot(axes, **kwargs)(inputs)`: the sum over an axis of the products of two inputs.

    >>> import numpy as np
    >>> dot([np.float32([[3, 1]]), np.float32([[2, 1]])]).tolist()
    [[7.0]]
    """
    return Dot(axes, **kwargs)(inputs)
