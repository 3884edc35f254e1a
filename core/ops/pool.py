"""Pooling: the largest or the mean of each window of an image, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import TensorType, shape_text, types_text
from .elementwise import shape_from_value, shape_of
from .source import convert
from .windows import Padding, Windows, as_padding, as_sizes, infer_positions

__all__ = ["avg_pool2d", "max_pool2d"]


class _Pooling(OpDef):
    """The attributes of all pooling ops, and their shape rule."""

    pool_size: tuple[int, int]
    strides: tuple[int, int]
    padding: Padding = "VALID"

    def infer_unknown(self, x: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        """Four axes at any rate."""
        return (x.with_shape((None,) * 4),)

    def _output_type(self, x: TensorType, got: str) -> TensorType:
        shape = x.dims()
        got += f", windows {self.pool_size}"
        if len(shape) != 4:
            raise ShapeError(
                self.label,
                "takes a batch of images",
                expected="x (batch, height, width, channels)",
                got=got,
            )
        height, width = infer_positions(
            self, shape[1:3], self.pool_size, self.strides, (1, 1), self.padding, got
        )
        return x.with_shape((shape[0], height, width, shape[3]))

    def _windows(self, shape: Sequence[int]) -> Windows:
        sizes = tuple(shape[1:3])
        return Windows(sizes, self.pool_size, self.strides, (1, 1), self.padding)

    def _other(self, op: type[_Pooling], *inputs: Tensor) -> Tensor:
        """Another op on the same windows."""
        return apply(op(self.pool_size, self.strides, self.padding), *inputs)


@register
class MaxPool2D(_Pooling):
    """The largest value of each window.

    x: (batch, height, width, channels) float -> (batch, out_height, out_width, channels).
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
        shape = (x.shape[0], *windows.positions, x.shape[3])
        result = xp.full(shape, -xp.inf, x.dtype)
        for _, cells in windows.taps():
            result = xp.maximum(result, padded[cells])
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """To the first of the largest values."""
        return [self._other(MaxPool2DGrad, node.inputs[0], node.outputs[0], g)]


class _MaxPoolGradient(_Pooling):
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
class MaxPool2DGrad(_MaxPoolGradient):
    """The gradient of `MaxPool2D`: g goes to the first maximum of its window, in row-major order.

    x: (batch, height, width, channels) float; y, g: (batch, out_height, out_width, channels)
    -> x's shape. A window whose maximum is NaN passes nothing on.
    """

    def infer(self, x: TensorType, y: TensorType, g: TensorType) -> TensorType:
        """x's type."""
        require(self, "same float", x=x, y=y, g=g)
        return x.with_shape(x.dims())

    def compute(self, xp: Any, x: Any, y: Any, g: Any) -> Any:
        """Adds up, where windows overlap."""
        windows = self._windows(x.shape)
        result = windows.padded_zeros(xp, x.shape[0], x.shape[3], x.dtype)
        zero = xp.zeros((), g.dtype)
        for is_first, cells in self._first_maxima(xp, windows, x, y):
            result[cells] += xp.where(is_first, g, zero)
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Reads at the same places. Where they lie does not change with x."""
        x, y, _ = node.inputs
        return [None, None, self._other(MaxPool2DGradGrad, x, y, g)]


@register
class MaxPool2DGradGrad(_MaxPoolGradient):
    """The gradient of `MaxPool2DGrad` in its g: of v, what lies at each window's first maximum.

    x, v: (batch, height, width, channels) float; y: (batch, out_height, out_width, channels)
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
        return [None, None, self._other(MaxPool2DGrad, x, y, g)]


@register
class AvgPool2D(_Pooling):
    """The mean of the real cells of each window; padding does not count.

    x: (batch, height, width, channels) float -> (batch, out_height, out_width, channels).
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
        return [self._other(AvgPool2DGrad, g, shape_of(node.inputs[0]))]


@register
class AvgPool2DGrad(_Pooling):
    """The gradient of `AvgPool2D`: each real cell of a window gets an equal share of g.

    g: (batch, out_height, out_width, channels) float, shape: (4,) host integers
    -> (batch, height, width, channels), which is `shape`.
    """

    host_inputs = frozenset({1})

    def infer(self, g: TensorType, shape: TensorType) -> TensorType:
        """`shape`, if such images give g's."""
        require(self, "float", g=g)
        sizes = shape_from_value(shape)
        if sizes is None:
            return g.with_shape((g.dims()[0], None, None, g.dims()[3]))
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
        result = windows.padded_zeros(xp, g.shape[0], g.shape[3], g.dtype)
        share = g / _cell_counts(xp, windows, g.dtype)
        for _, cells in windows.taps():
            result[cells] += share
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """It is linear, and its transpose is the mean."""
        return [self._other(AvgPool2D, g), None]


def _cell_counts(xp: Any, windows: Windows, dtype: Any) -> Any:
    """How many cells of each window are real: (1, out_height, out_width, 1)."""
    ones = windows.pad(xp, xp.ones((1, *windows.sizes, 1), dtype))
    return sum(ones[cells] for _, cells in windows.taps())


def _apply_pooling(
    op: type[_Pooling], where: str, x: Any, ksize: Any, strides: Any, padding: Any, name: str | None
) -> Tensor:
    pool_size = as_sizes(where, "ksize", ksize)
    checked = as_padding(where, padding)
    if not isinstance(checked, str) and any(
        n >= size for pair, size in zip(checked, pool_size, strict=True) for n in pair
    ):
        raise OptionError(
            where,
            "a window would hold nothing but padding",
            expected=f"padding smaller than the windows {pool_size}",
            got=repr(padding),
            site=user_site(),
        )
    opdef = op(pool_size, as_sizes(where, "strides", strides), checked)
    return apply(opdef, convert(x), name=name)


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, name: str | None = None
) -> Tensor:
    """The largest value of each window of the images.

    Args:
        input: (batch, height, width, channels), float.
        ksize: size of the windows; one integer or (height, width).
        strides: cells between two windows; one integer or (height, width).
        padding: "VALID" (whole windows only), "SAME" (ceil(size / stride) windows a side, the
            last ones perhaps cut off), or ((top, bottom), (left, right)) cells.
        name: of the node.

    Returns:
        (batch, out_height, out_width, channels).

    Raises:
        ShapeError: for another rank, or images smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides or padding that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0], [2.0], [9.0]], [[3.0], [4.0], [5.0]]]]
    >>> Session().run(max_pool2d(image, 2, 2, "SAME")).tolist()
    [[[[4.0], [9.0]]]]
    """
    return _apply_pooling(MaxPool2D, "max_pool2d", input, ksize, strides, padding, name)


def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, name: str | None = None
) -> Tensor:
    """The mean of each window of the images; padding does not count.

    Args:
        input: (batch, height, width, channels), float.
        ksize: size of the windows; one integer or (height, width).
        strides: cells between two windows; one integer or (height, width).
        padding: as `max_pool2d`'s.
        name: of the node.

    Returns:
        (batch, out_height, out_width, channels).

    Raises:
        ShapeError: for another rank, or images smaller than a window.
        DtypeError: if the input is not float.
        OptionError: for sizes, strides or padding that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0], [2.0], [9.0]], [[3.0], [4.0], [5.0]]]]
    >>> Session().run(avg_pool2d(image, 2, 2, "SAME")).tolist()
    [[[[2.5], [7.0]]]]
    """
    return _apply_pooling(AvgPool2D, "avg_pool2d", input, ksize, strides, padding, name)
