"""Kernels of the NumPy backend for depthwise convolution: channels do not mix, so nothing is summed
but taps, and one multiplication of whole images a tap does it. A matrix product for each channel,
as the ops' `compute` has it, has too little to multiply.

Where a channel has several kernels, it is repeated first: numbers then lie as the outputs do.
Images are taken in blocks that stay in the processor's cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..ops.windows import Windows

__all__ = ["input_gradient", "kernel_gradient", "output"]

Array = np.ndarray[Any, np.dtype[Any]]
Kernel = Callable[..., Array]


def output(windows: Windows, multiplier: int, block_bytes: int) -> Kernel:
    """(images, kernel) -> output.

    Args:
        windows: how the kernel slides.
        multiplier: kernels a channel.
        block_bytes: of outputs, about.
    """

    def run(x: Array, kernel: Array) -> Array:
        channels = kernel.shape[-1]
        y = np.zeros((len(x), *windows.positions, channels), x.dtype)
        for block in _blocks(y, block_bytes):
            padded = windows.pad(np, _repeated(x[block], multiplier))
            product = np.empty(y[block].shape, y.dtype)
            for tap, cells in windows.taps():
                np.multiply(padded[cells], kernel[tap][0], out=product)
                y[block] += product
        return y

    return run


def input_gradient(windows: Windows, multiplier: int, block_bytes: int) -> Kernel:
    """(gradient of the output, kernel, shape of the images) -> gradient of the images."""

    def run(g: Array, kernel: Array, shape: Any) -> Array:
        channels = kernel.shape[-1] // multiplier
        result = np.empty((len(g), *windows.sizes, channels), g.dtype)
        for block in _blocks(g, block_bytes):
            given = g[block]
            padded = windows.padded_zeros(np, len(given), kernel.shape[-1], g.dtype)
            for tap, cells in windows.taps():
                padded[cells] += given * kernel[tap][0]
            inside = windows.crop(padded)
            parts = inside.reshape(*inside.shape[:-1], channels, multiplier)
            result[block] = parts.sum(axis=-1) if multiplier > 1 else inside
        return result

    return run


def kernel_gradient(windows: Windows, multiplier: int, block_bytes: int) -> Kernel:
    """(images, gradient of the output, shape of the kernel) -> gradient of the kernel."""

    def run(x: Array, g: Array, shape: Any) -> Array:
        result = np.zeros((*windows.kernel, 1, g.shape[-1]), x.dtype)
        for block in _blocks(g, block_bytes):
            given = g[block]
            padded = windows.pad(np, _repeated(x[block], multiplier))
            product = np.empty(given.shape, g.dtype)
            for tap, cells in windows.taps():
                np.multiply(padded[cells], given, out=product)
                result[tap][0] += _sum_of_channels(product)
        return result

    return run


def _blocks(outputs: Array, block_bytes: int) -> Iterator[slice]:
    """Images of about so many bytes together."""
    count = max(block_bytes // max(math.prod(outputs.shape[1:]) * outputs.itemsize, 1), 1)
    for first in range(0, len(outputs), count):
        yield slice(first, first + count)


def _repeated(x: Array, multiplier: int) -> Array:
    return np.repeat(x, multiplier, axis=-1) if multiplier > 1 else x


def _sum_of_channels(x: Array) -> Array:
    """Over all axes but the last, one after another: short sums round less than one long one."""
    while x.ndim > 1:
        x = x.sum(axis=-2)
    return x
