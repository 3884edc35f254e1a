"""Kernels of the NumPy backend for what the ops' own `compute` does slowly, mostly with images.

Convolution copies the cells under each position of the kernel into a row of a matrix, a *patch*,
and multiplies by the kernel as another matrix: one product by BLAS a block of patches, where
`compute` makes one a tap. A block is small enough to stay in the processor's cache. Pooling takes
one axis after another, and works on the cells themselves instead of a padded copy.
A choice between a number and zero multiplies the number's bits, as an integer, by 0 or 1: that
is exact for infinities and NaN too, and ten times as fast as NumPy's `where`.

Which way is taken, and in which blocks, follows from shapes alone, and sums are added in a fixed
order: equal inputs give equal bits. Kernels keep no state: any number of threads may run one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..ops.conv import Convolution, ConvolutionInputGrad, ConvolutionKernelGrad
from ..ops.pool import MaxPool, MaxPoolGrad
from ..ops.windows import Windows
from ..types import TensorType
from . import numpy_depthwise

__all__ = ["KERNELS"]

Array = np.ndarray[Any, np.dtype[Any]]
Kernel = Callable[..., Any]

BLOCK_BYTES = 4 << 20  # fits in a usual last-level cache, and lets BLAS work in long strides
_INTEGERS: dict[int, Any] = {2: np.int16, 4: np.int32, 8: np.int64}  # as wide as the floats


def _images_a_block(image_bytes: int) -> int:
    return max(BLOCK_BYTES // max(image_bytes, 1), 1)


# Convolution ------------------------------------------------------------------------------------


class _Patches:
    """The patches of a batch of images, block after block.

    Args:
        shape: (batch, *sizes, channels) of the images.
        windows: how the kernel slides.
        dtype: of the images.
    """

    def __init__(self, shape: Sequence[int], windows: Windows, dtype: np.dtype[Any]) -> None:
        self.batch, self.channels = shape[0], shape[-1]
        self.windows = windows
        self.dtype = dtype
        # Copying is fast in long runs: the channels of a row of taps, or a row of positions.
        self.taps_first = windows.kernel[-1] * self.channels < min(windows.positions[-1], 16)
        height, *row = windows.positions
        row_bytes = math.prod(row) * self.size * dtype.itemsize
        self.images = min(_images_a_block(row_bytes * height), self.batch)
        self.rows = min(max(BLOCK_BYTES // row_bytes, 1), height)

    @property
    def size(self) -> int:
        """Numbers in a patch."""
        return math.prod(self.windows.kernel) * self.channels

    @property
    def is_image(self) -> bool:
        """True if the patches are the images' pixels in their order: nothing needs copying."""
        windows = self.windows
        is_cell = all(n == 1 for n in windows.kernel + windows.strides)
        return is_cell and not any(map(sum, windows.pads))

    def blocks(self, x: Array) -> Iterator[tuple[Array, tuple[slice, slice]]]:
        """Matrices of (positions, numbers in a patch), and the (images, rows) of their positions.

        The next block overwrites the last.
        """
        if self.is_image:
            yield x.reshape(-1, self.channels), (slice(None), slice(None))
            return
        images, rows = self.images, self.rows
        height, *row = self.windows.positions
        buffer = np.empty(images * rows * math.prod(row) * self.size, self.dtype)
        padded = None
        if any(map(sum, self.windows.pads)):
            padded = self.windows.padded_zeros(np, images, self.channels, self.dtype)
        for first in range(0, self.batch, images):
            part = x[first : first + images]
            if padded is not None:
                self.windows.crop(padded)[: len(part)] = part
                part = padded[: len(part)]
            view = self._view(part)
            for top in range(0, height, rows):
                where = slice(first, first + images), slice(top, top + rows)
                yield self._matrix(view[:, where[1]], buffer), where

    def _view(self, x: Array) -> Array:
        """(images, *positions, *kernel, channels), no copy."""
        windows = self.windows
        image, *cells, channel = x.strides
        strides = (n * step for n, step in zip(cells, windows.strides, strict=True))
        taps = (n * step for n, step in zip(cells, windows.dilations, strict=True))
        view: Array = as_strided(
            x,
            (len(x), *windows.positions, *windows.kernel, self.channels),
            (image, *strides, *taps, channel),
            writeable=False,
        )
        return view

    def _matrix(self, cells: Array, buffer: Array) -> Array:
        places = len(self.windows.positions) + 1
        count = math.prod(cells.shape[:places])
        used = buffer[: count * self.size]
        if self.taps_first:
            axes = (*range(places, cells.ndim), *range(places))
            np.copyto(used.reshape([cells.shape[axis] for axis in axes]), cells.transpose(axes))
            matrix: Array = used.reshape(self.size, count).T
            return matrix
        np.copyto(used.reshape(cells.shape), cells)
        return used.reshape(count, self.size)


def _convolve(patches: _Patches, x: Array, matrix: Array) -> Array:
    """All patches times (numbers in a patch, out)."""
    outputs = matrix.shape[1]
    y = np.empty((patches.batch, *patches.windows.positions, outputs), x.dtype)
    for block, where in patches.blocks(x):
        np.matmul(block, matrix, out=y[where].reshape(-1, outputs))
    return y


def _windows(op: Any, x: Sequence[int], kernel: Sequence[int]) -> Windows:
    return Windows(tuple(x[1:-1]), tuple(kernel[:-2]), op.strides, op.dilations, op.padding)


def _is_for_blas(op: Any, *shapes: Sequence[int], dtype: np.dtype[Any]) -> bool:
    """True where BLAS is the way: its dtypes, one group, nothing empty."""
    return op.groups == 1 and dtype.itemsize >= 4 and all(map(all, shapes))


def _depthwise(
    op: Any,
    x: Sequence[int],
    kernel: Sequence[int],
    dtype: np.dtype[Any],
    make: Callable[[Windows, int, int], Kernel],
) -> Kernel | None:
    """A kernel for as many groups as channels, which BLAS has no use for."""
    if op.groups == 1 or op.groups != x[-1] or dtype.itemsize < 4:
        return None
    return make(_windows(op, x, kernel), kernel[-1] // op.groups, BLOCK_BYTES)


def _convolution(op: Convolution, types: Sequence[TensorType]) -> Kernel | None:
    x_shape, kernel_shape = map(_static, types)
    dtype = types[0].dtype.numpy
    if not _is_for_blas(op, x_shape, kernel_shape, dtype=dtype):
        return _depthwise(op, x_shape, kernel_shape, dtype, numpy_depthwise.output)
    patches = _Patches(x_shape, _windows(op, x_shape, kernel_shape), dtype)

    def run(x: Array, kernel: Array) -> Array:
        return _convolve(patches, x, kernel.reshape(patches.size, -1))

    return run


def _convolution_kernel_grad(
    op: ConvolutionKernelGrad, types: Sequence[TensorType]
) -> Kernel | None:
    x_shape, g_shape, kernel_shape = _static(types[0]), _static(types[1]), _value(types[2])
    dtype = types[0].dtype.numpy
    if not _is_for_blas(op, x_shape, kernel_shape, dtype=dtype):
        return _depthwise(op, x_shape, kernel_shape, dtype, numpy_depthwise.kernel_gradient)
    patches = _Patches(x_shape, _windows(op, x_shape, kernel_shape), dtype)
    outputs = g_shape[-1]

    def run(x: Array, g: Array, shape: Any) -> Array:
        total = np.zeros((patches.size, outputs), dtype)
        for block, where in patches.blocks(x):
            total += block.T @ g[where].reshape(-1, outputs)
        return total.reshape(kernel_shape)

    return run


def _convolution_input_grad(op: ConvolutionInputGrad, types: Sequence[TensorType]) -> Kernel | None:
    """Convolution by the kernel turned around, where that is no more work than `compute`.

    It passes over every pixel where `compute` passes over every position, and its patches hold
    outputs rather than channels.
    """
    g_shape, kernel_shape, x_shape = _static(types[0]), _static(types[1]), _value(types[2])
    dtype = types[0].dtype.numpy
    if not _is_for_blas(op, x_shape, kernel_shape, dtype=dtype):
        return _depthwise(op, x_shape, kernel_shape, dtype, numpy_depthwise.input_gradient)
    turned = _turned(_windows(op, x_shape, kernel_shape))
    pixels, positions = math.prod(x_shape[1:-1]), math.prod(g_shape[1:-1])
    if turned is None or 4 * pixels > 5 * positions or kernel_shape[-1] > 2 * kernel_shape[-2]:
        return None
    patches = _Patches(g_shape, turned, dtype)
    axes = tuple(range(len(turned.kernel)))

    def run(g: Array, kernel: Array, shape: Any) -> Array:
        around = np.flip(kernel, axes).swapaxes(-1, -2).reshape(patches.size, x_shape[-1])
        return _convolve(patches, g, around)

    return run


def _turned(windows: Windows) -> Windows | None:
    """The windows of the convolution that is this one's transpose, if there is one."""
    pads = tuple(
        (reach - 1 - before, reach - 1 - after)
        for reach, (before, after) in zip(windows.reaches, windows.pads, strict=True)
    )
    if max(windows.strides) > 1 or min(map(min, pads)) < 0:
        return None
    return Windows(windows.positions, windows.kernel, windows.strides, windows.dilations, pads)


# Max pooling ------------------------------------------------------------------------------------


def _real_cells(windows: Windows, axis: int) -> list[tuple[slice, slice]]:
    """For each tap of one axis: the windows in which it meets a real cell, and these cells."""
    size, stride = windows.sizes[axis], windows.strides[axis]
    before, count = windows.pads[axis][0], windows.positions[axis]
    found = []
    for tap in range(windows.kernel[axis]):
        offset = tap * windows.dilations[axis] - before
        low = max(-(offset // stride), 0)
        high = min((size - 1 - offset) // stride + 1, count)
        if low < high:
            start = low * stride + offset
            cells = slice(start, start + (high - low - 1) * stride + 1, stride)
            found.append((slice(low, high), cells))
    return found


def _largest(x: Array, windows: Windows, axis: int) -> Array:
    """The largest value of each window along one axis of the images."""
    shape = list(x.shape)
    shape[axis + 1] = windows.positions[axis]
    result = np.full(shape, -np.inf, x.dtype)
    before = (slice(None),) * (axis + 1)
    for places, cells in _real_cells(windows, axis):
        into, source = (*before, places), (*before, cells)
        np.maximum(result[into], x[source], out=result[into])
    return result


def _pool_windows(op: Any, shape: Sequence[int]) -> Windows:
    return Windows(tuple(shape[1:-1]), op.pool_size, op.strides, op.dilations, op.padding)


def _max_pool(op: MaxPool, types: Sequence[TensorType]) -> Kernel:
    windows = _pool_windows(op, _static(types[0]))

    def run(x: Array) -> Array:
        for axis in range(len(windows.kernel)):
            x = _largest(x, windows, axis)
        return x

    return run


def _max_pool_grad(op: MaxPoolGrad, types: Sequence[TensorType]) -> Kernel:
    shape = _static(types[0])
    windows = _pool_windows(op, shape)
    overlaps = any(n > stride for n, stride in zip(windows.reaches, windows.strides, strict=True))
    integer = _INTEGERS[types[0].dtype.size_bytes]
    images = _images_a_block(math.prod(shape[1:]) * types[0].dtype.size_bytes)
    every = (slice(None),)
    taps = [
        (every + tuple(places for places, _ in tap), every + tuple(cells for _, cells in tap))
        for tap in product(*(_real_cells(windows, axis) for axis in range(len(windows.kernel))))
    ]

    def route(x: Array, y: Array, g: Array, result: Array) -> None:
        bits = np.ascontiguousarray(g).view(integer)
        is_open = np.ones(y.shape, np.bool_)
        for places, cells in taps:
            is_first = x[cells] == y[places]
            is_first &= is_open[places]
            is_open[places] ^= is_first
            if overlaps:
                result[cells] += (bits[places] * is_first).view(x.dtype)
            else:
                np.multiply(bits[places], is_first, out=result.view(integer)[cells])

    def run(x: Array, y: Array, g: Array) -> Array:
        result = np.zeros(x.shape, x.dtype)
        for first in range(0, len(x), images):
            block = slice(first, first + images)
            route(x[block], y[block], g[block], result[block])
        return result

    return run


# Relu -------------------------------------------------------------------------------------------


def _relu_gradient(op: Any, types: Sequence[TensorType]) -> Kernel | None:
    is_float = types[0].dtype.is_float
    if not is_float or not types[0].shape or types[0].shape != types[1].shape:
        return None
    integer = _INTEGERS[types[0].dtype.size_bytes]

    def run(g: Array, y: Array) -> Array:
        kept: Array = np.ascontiguousarray(g).view(integer) * (y > 0)
        return kept.view(g.dtype)

    return run


# Parts that begin where only the run knows ------------------------------------------------------


def _part(op: Any, shape: Sequence[int], begin: Array, size: Array) -> Any:
    """The part as an index, which makes a view where `compute` takes entry by entry."""
    key: list[Any] = [slice(None)] * len(shape)
    axes = range(len(shape)) if op.axes is None else op.axes
    for axis, first, count in zip(axes, begin.tolist(), size.tolist(), strict=True):
        if not 0 <= first <= shape[axis] - count:
            raise IndexError(f"{first}:{first + count} does not lie in axis {axis} of {shape}")
        key[axis] = slice(first, first + count)
    return (*key, ...)  # the Ellipsis keeps scalars arrays


def _dynamic_slice(op: Any, types: Sequence[TensorType]) -> Kernel:
    shape = _static(types[0])

    def run(x: Array, begin: Array, size: Array) -> Array:
        part: Array = x[_part(op, shape, begin, size)]
        return part

    return run


def _dynamic_slice_grad(op: Any, types: Sequence[TensorType]) -> Kernel:
    def run(g: Array, begin: Array, size: Array, shape: Array) -> Array:
        result = np.zeros(shape, g.dtype)
        result[_part(op, result.shape, begin, size)] = g
        return result

    return run


# The table --------------------------------------------------------------------------------------


def _static(type_: TensorType) -> tuple[int, ...]:
    """The sizes of a type in a plan, where all are known."""
    return tuple(int(size or 0) for size in type_.dims())


def _value(type_: TensorType) -> tuple[int, ...]:
    """The integers of a size operand in a plan, where they are known."""
    return tuple(int(size or 0) for size in type_.value or ())


# op name -> (op, types of the inputs in a plan) -> kernel, or None where `compute` is as good
KERNELS: dict[str, Callable[[Any, Sequence[TensorType]], Kernel | None]] = {
    "Convolution": _convolution,
    "ConvolutionInputGrad": _convolution_input_grad,
    "ConvolutionKernelGrad": _convolution_kernel_grad,
    "DynamicSlice": _dynamic_slice,
    "DynamicSliceGrad": _dynamic_slice_grad,
    "MaxPool": _max_pool,
    "MaxPoolGrad": _max_pool_grad,
    "ReluGradient": _relu_gradient,
}
