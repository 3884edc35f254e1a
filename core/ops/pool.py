"""Pooling: the largest or the mean of each window of an image, channel by channel.

Images have one axis or several between batch and channels: as many as windows have sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import TensorType, int64, shape_text, types_text
from .elementwise import shape_from_value, shape_of
from .windows import Padding, Windows, axis_names, by_axis, infer_positions, is_any_idle

__all__: list[str] = []  # `pooling.py` has the public functions


class Pooling(OpDef):
    """The attributes of all pooling ops, and their shape rule."""

    pool_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: Padding
    dilations: tuple[int, ...]

    def infer_unknown(self, x: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        """The rank at any rate."""
        return (x.with_shape((None,) * (len(self.pool_size) + 2)),)

    def _output_type(self, x: TensorType, got: str) -> TensorType:
        shape = x.dims()
        names = axis_names(len(self.pool_size))
        got += f", windows {self.pool_size}"
        if len(shape) != len(names) + 2:
            raise ShapeError(
                self.label,
                "takes a batch of images",
                expected=f"x (batch, {', '.join(names)}, channels)",
                got=got,
            )
        positions = infer_positions(
            self, shape[1:-1], self.pool_size, self.strides, self.dilations, self.padding, got
        )
        paddings = by_axis(self.padding, len(names))
        for name, size, *rule in zip(
            names, shape[1:-1], self.pool_size, self.strides, self.dilations, paddings, strict=True
        ):
            if size is not None and is_any_idle(size, *rule):
                raise ShapeError(
                    self.label,
                    f"a window holds nothing but padding along the {name}",
                    expected=f"a larger {name}, or smaller dilations",
                    got=f"{got}, dilations {self.dilations}",
                )
        return x.with_shape((shape[0], *positions, shape[-1]))

    def _windows(self, shape: Sequence[int]) -> Windows:
        sizes = tuple(shape[1:-1])
        return Windows(sizes, self.pool_size, self.strides, self.dilations, self.padding)

    def _other(self, op: type[Pooling], *inputs: Tensor) -> Tensor:
        """Another op on the same windows."""
        return apply(op(self.pool_size, self.strides, self.padding, self.dilations), *inputs)


@register
class MaxPool(Pooling):
    """The largest value of each window.

    x: (batch, *sizes, channels) float -> (batch, *positions, channels).
    Padding never wins; NaN always does.
    """

    def infer(self, x: TensorType) -> TensorType:
        """The shape rule of `windows.py`."""
        require(self, "float", x=x)
        return self._output_type(x, types_text(x=x))

    def compute(self, xp: Any, x: Any) -> Any:
        """Compares, tap by tap, all windows at once."""
        windows = self._windows(x.shape)
        padded = windows.pad(xp, x, -xp.inf)
        shape = (x.shape[0], *windows.positions, x.shape[-1])
        result = xp.full(shape, -xp.inf, x.dtype)
        for _, cells in windows.taps():
            result = xp.maximum(result, padded[cells])
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """To the first of the largest values."""
        return [self._other(MaxPoolGrad, node.inputs[0], node.outputs[0], g)]


class _MaxPoolGradient(Pooling):
    """What the gradients of max pooling share: where each window's first maximum lies."""

    def _first_maxima(
        self, xp: Any, windows: Windows, x: Any, y: Any
    ) -> Iterator[tuple[Any, tuple[slice, ...]]]:
        """For each tap: in which windows it is the first maximum, and the cells it meets.

        Padding is NaN here, which equals nothing; so a window whose maximum is NaN has none.
        """
        padded = windows.pad(xp, x, xp.nan)
        is_open = xp.ones(y.shape, bool)
        for _, cells in windows.taps():
            is_first = is_open & (padded[cells] == y)
            is_open = is_open & ~is_first
            yield is_first, cells


@register
class MaxPoolGrad(_MaxPoolGradient):
    """The gradient of `MaxPool`: g goes to the first maximum of its window, in row-major order.

    x: (batch, *sizes, channels) float; y, g: (batch, *positions, channels)
    -> x's shape. A window whose maximum is NaN passes nothing on.
    """

    def infer(self, x: TensorType, y: TensorType, g: TensorType) -> TensorType:
        """x's type."""
        require(self, "same float", x=x, y=y, g=g)
        return x.with_shape(x.dims())

    def compute(self, xp: Any, x: Any, y: Any, g: Any) -> Any:
        """Adds up, where windows overlap."""
        windows = self._windows(x.shape)
        result = windows.padded_zeros(xp, x.shape[0], x.shape[-1], x.dtype)
        zero = xp.zeros((), g.dtype)
        for is_first, cells in self._first_maxima(xp, windows, x, y):
            result[cells] += xp.where(is_first, g, zero)
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Reads at the same places. Where they lie does not change with x."""
        x, y, _ = node.inputs
        return [None, None, self._other(MaxPoolGradGrad, x, y, g)]


@register
class MaxPoolGradGrad(_MaxPoolGradient):
    """The gradient of `MaxPoolGrad` in its g: of v, what lies at each window's first maximum.

    x, v: (batch, *sizes, channels) float; y: (batch, *positions, channels)
    -> y's shape.
    """

    def infer(self, x: TensorType, y: TensorType, v: TensorType) -> TensorType:
        """y's type."""
        require(self, "same float", x=x, y=y, v=v)
        return y.with_shape(y.dims())

    def compute(self, xp: Any, x: Any, y: Any, v: Any) -> Any:
        """Of each window at most one tap gives a value."""
        windows = self._windows(x.shape)
        padded = windows.pad(xp, v)
        result = xp.zeros(y.shape, v.dtype)
        for is_first, cells in self._first_maxima(xp, windows, x, y):
            result = xp.where(is_first, padded[cells], result)
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Writes at the same places."""
        x, y, _ = node.inputs
        return [None, None, self._other(MaxPoolGrad, x, y, g)]


@register
class MaxPoolArgmax(Pooling):
    """Where each window's first maximum lies, as an index of the flattened images.

    x: (batch, *sizes, channels) float, y: (batch, *positions, channels) of the same dtype, which
    is `MaxPool` of x -> y's shape, int64. The index counts rows of x in row-major order, from the
    start of the batch if `is_in_batch`, else of its own image. NaN counts as the largest.
    """

    is_in_batch: bool

    def infer(self, x: TensorType, y: TensorType) -> TensorType:
        """y's shape."""
        require(self, "same float", x=x, y=y)
        return TensorType(int64, y.dims())

    def infer_unknown(self, x: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        """The rank at any rate."""
        return (TensorType(int64, (None,) * (len(self.pool_size) + 2)),)

    def compute(self, xp: Any, x: Any, y: Any) -> Any:
        """Indices are pooled as values are; padding has none."""
        windows = self._windows(x.shape)
        shape = x.shape if self.is_in_batch else (1, *x.shape[1:])
        places = windows.pad(xp, xp.arange(math.prod(shape), dtype="int64").reshape(shape), -1)
        padded = windows.pad(xp, x)
        result = xp.full(y.shape, -1, "int64")
        for _, cells in windows.taps():
            value, place = padded[cells], places[cells]
            is_same = (value == y) | (xp.isnan(value) & xp.isnan(y))
            result = xp.where(is_same & (place >= 0) & (result < 0), place, result)
        return result

    gradient = no_gradient


@register
class AvgPool(Pooling):
    """The mean of the real cells of each window; padding does not count.

    x: (batch, *sizes, channels) float -> (batch, *positions, channels).
    """

    def infer(self, x: TensorType) -> TensorType:
        """The shape rule of `windows.py`."""
        require(self, "float", x=x)
        return self._output_type(x, types_text(x=x))

    def compute(self, xp: Any, x: Any) -> Any:
        """The sum of the cells by their number."""
        windows = self._windows(x.shape)
        padded = windows.pad(xp, x)
        total = sum(padded[cells] for _, cells in windows.taps())
        return total / _cell_counts(xp, windows, x.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Each cell's share."""
        return [self._other(AvgPoolGrad, g, shape_of(node.inputs[0]))]


@register
class AvgPoolGrad(Pooling):
    """The gradient of `AvgPool`: each real cell of a window gets an equal share of g.

    g: (batch, *positions, channels) float, shape: (rank,) host integers
    -> (batch, *sizes, channels), which is `shape`.
    """

    host_inputs = frozenset({1})

    def infer(self, g: TensorType, shape: TensorType) -> TensorType:
        """`shape`, if such images give g's."""
        require(self, "float", g=g)
        sizes = shape_from_value(shape)
        if sizes is None:
            return g.with_shape((g.dims()[0], *(None,) * len(self.pool_size), g.dims()[-1]))
        got = f"g {g}, shape of the images {shape_text(sizes)}"
        expected = self._output_type(g.with_shape(sizes), got)
        if not expected.accepts(g):
            raise ShapeError(
                self.label,
                "these images do not give such an output",
                expected=f"g {shape_text(expected.shape)}",
                got=f"{got}, windows {self.pool_size}",
            )
        return g.with_shape(sizes)

    def compute(self, xp: Any, g: Any, shape: Any) -> Any:
        """Adds up, where windows overlap."""
        windows = self._windows([int(size) for size in shape])
        result = windows.padded_zeros(xp, g.shape[0], g.shape[-1], g.dtype)
        share = g / _cell_counts(xp, windows, g.dtype)
        for _, cells in windows.taps():
            result[cells] += share
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """It is linear, and its transpose is the mean."""
        return [self._other(AvgPool, g), None]


def _cell_counts(xp: Any, windows: Windows, dtype: Any) -> Any:
    """How many cells of each window are real: (1, *positions, 1)."""
    ones = windows.pad(xp, xp.ones((1, *windows.sizes, 1), dtype))
    return sum(ones[cells] for _, cells in windows.taps())
