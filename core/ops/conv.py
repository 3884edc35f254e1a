"""Convolution: one sum of products, and its three faces.

With `x` the padded images, `k` the kernel and `g` whatever stands in the output's place, all of
it is the sum

    S = sum over images b, positions p, taps t, channels c and outputs o of
        x[b, stride * p + dilation * t, c] * k[t, c, o] * g[b, p, o]

where p and t count along every axis between batch and channels: one for signals, two for
pictures, three for volumes. `Convolution` is dS/dg, `ConvolutionInputGrad` is dS/dx, and
`ConvolutionKernelGrad` is dS/dk: each reads two of the three and makes the third, so the
gradient of each is made of the other two, and a gradient has a gradient for free.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import Shape, TensorType, shape_text, types_text
from .elementwise import shape_from_value, shape_of
from .layout import in_layout
from .source import convert_all
from .windows import Padding, Windows, as_padding, as_sizes, axis_names, infer_positions

__all__ = ["conv1d", "conv2d", "conv3d", "convolution"]


class _Convolution(OpDef):
    """The attributes of all three faces, and what these share.

    There are as many axes between batch and channels as there are strides.
    """

    strides: tuple[int, ...]
    padding: Padding
    dilations: tuple[int, ...]
    groups: int = 1

    @property
    def _unknown(self) -> Shape:
        """The shape of images or kernel of which only the rank is known."""
        return (None,) * (len(self.strides) + 2)

    def _output_shape(self, x: Shape, kernel: Shape, got: str) -> Shape:
        """The shape rule: (batch, *positions, out), as far as it is known."""
        rank = len(self.strides)
        axes = ", ".join(axis_names(rank))
        if not len(x) == len(kernel) == rank + 2:
            raise ShapeError(
                self.label,
                "images or kernel have the wrong rank",
                expected=f"x (batch, {axes}, in), kernel ({axes}, in // groups, out)",
                got=got,
            )
        channels, inner, outer = x[-1], kernel[-2], kernel[-1]
        if any(n is not None and n % self.groups for n in (channels, outer)):
            raise ShapeError(
                self.label,
                "the channels do not divide into groups",
                expected=f"in and out channels that are multiples of groups={self.groups}",
                got=got,
            )
        if channels is not None and inner is not None and channels != inner * self.groups:
            order = [0, *range(2, rank + 2), 1]
            is_first = x[1] == inner * self.groups
            raise ShapeError(
                self.label,
                "the channels of images and kernel differ",
                expected=f"x (batch, {axes}, {inner * self.groups})",
                got=got,
                hint=f"channels come last: transpose(x, {order})" if is_first else None,
            )
        positions = infer_positions(
            self, x[1:-1], kernel[:-2], self.strides, self.dilations, self.padding, got
        )
        return (x[0], *positions, outer)

    def _windows(self, x_shape: Sequence[int], kernel_shape: Sequence[int]) -> Windows:
        sizes, kernel = tuple(x_shape[1:-1]), tuple(kernel_shape[:-2])
        return Windows(sizes, kernel, self.strides, self.dilations, self.padding)

    def _split(self, array: Any) -> Any:
        """(..., groups * n) -> (groups, product of the others, n): one matrix a group."""
        rows, width = math.prod(array.shape[:-1]), array.shape[-1] // self.groups
        return array.reshape(rows, self.groups, width).transpose(1, 0, 2)

    def _join(self, matrices: Any, shape: Sequence[int]) -> Any:
        """The way back."""
        return matrices.transpose(1, 0, 2).reshape(tuple(shape))

    def _face(self, op: type[_Convolution], *inputs: Tensor) -> Tensor:
        """Another face of the same convolution."""
        return apply(op(self.strides, self.padding, self.dilations, self.groups), *inputs)


@register
class Convolution(_Convolution):
    """Slides a kernel over images and multiplies (a cross-correlation: nothing is flipped).

    x: (batch, *sizes, in), kernel: (*kernel_sizes, in // groups, out)
    -> (batch, *positions, out), one float dtype.

    On each axis, positions = (size + padding - (kernel_size - 1) * dilation - 1) // stride + 1;
    "SAME" pads with as many zeros as make that ceil(size / stride). With `groups`, the channels
    fall into as many equal parts, which do not mix.
    """

    def infer(self, x: TensorType, kernel: TensorType) -> TensorType:
        """The shape rule; images and kernel must have matching channels."""
        require(self, "same float", x=x, kernel=kernel)
        got = types_text(x=x, kernel=kernel)
        return x.with_shape(self._output_shape(x.dims(), kernel.dims(), got))

    def infer_unknown(self, x: TensorType, kernel: TensorType) -> tuple[TensorType, ...]:
        """The rank at any rate."""
        require(self, "same float", x=x, kernel=kernel)
        return (x.with_shape(self._unknown),)

    def compute(self, xp: Any, x: Any, kernel: Any) -> Any:
        """One matrix product a tap: all cells it meets, times its (in, out) matrix, added up."""
        windows = self._windows(x.shape, kernel.shape)
        padded = windows.pad(xp, x)
        total = sum(
            self._split(padded[cells]) @ self._split(kernel[tap]) for tap, cells in windows.taps()
        )
        return self._join(total, (x.shape[0], *windows.positions, kernel.shape[-1]))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """dS/dx and dS/dk with g in the output's place."""
        x, kernel = node.inputs
        return [
            self._face(ConvolutionInputGrad, g, kernel, shape_of(x)),
            self._face(ConvolutionKernelGrad, x, g, shape_of(kernel)),
        ]


@register
class ConvolutionInputGrad(_Convolution):
    """The gradient of `Convolution` in its images, also called transposed convolution.

    g: (batch, *positions, out), kernel: as `Convolution`'s, shape: (rank,) host integers
    -> (batch, *sizes, in), which is `shape`. Strided positions do not tell the sizes.
    """

    host_inputs = frozenset({2})

    def infer(self, g: TensorType, kernel: TensorType, shape: TensorType) -> TensorType:
        """`shape`, if a convolution of such images gives g's."""
        require(self, "same float", g=g, kernel=kernel)
        sizes = shape_from_value(shape)
        got = types_text(g=g, kernel=kernel) + f", shape of the images {shape_text(sizes)}"
        expected = self._output_shape(self._unknown if sizes is None else sizes, kernel.dims(), got)
        if not TensorType(g.dtype, expected).accepts(g):
            raise ShapeError(
                self.label,
                "these images do not give such an output",
                expected=f"g {shape_text(expected)}",
                got=got,
            )
        if sizes is None:
            inner = kernel.dims()[-2]
            channels = None if inner is None else inner * self.groups
            sizes = (g.dims()[0], *self._unknown[2:], channels)
        return g.with_shape(sizes)

    def infer_unknown(self, g: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        """The rank at any rate."""
        return (g.with_shape(self._unknown),)

    def compute(self, xp: Any, g: Any, kernel: Any, shape: Any) -> Any:
        """Each tap gives back to all cells it met."""
        batch, *sizes, channels = (int(size) for size in shape)
        windows = self._windows((batch, *sizes, channels), kernel.shape)
        result = windows.padded_zeros(xp, batch, channels, g.dtype)
        outputs = self._split(g)
        for tap, cells in windows.taps():
            given = outputs @ self._split(kernel[tap]).transpose(0, 2, 1)
            result[cells] += self._join(given, (*g.shape[:-1], channels))
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The same sum with g in the images' place: dS/dg and dS/dk."""
        outputs, kernel = node.inputs[:2]
        return [
            self._face(Convolution, g, kernel),
            self._face(ConvolutionKernelGrad, g, outputs, shape_of(kernel)),
            None,
        ]


@register
class ConvolutionKernelGrad(_Convolution):
    """The gradient of `Convolution` in its kernel.

    x: (batch, *sizes, in), g: (batch, *positions, out), shape: (rank,) host integers
    -> (*kernel_sizes, in // groups, out), which is `shape`.
    """

    host_inputs = frozenset({2})

    def infer(self, x: TensorType, g: TensorType, shape: TensorType) -> TensorType:
        """`shape`, if a convolution of x with such a kernel gives g's."""
        require(self, "same float", x=x, g=g)
        sizes = shape_from_value(shape)
        got = types_text(x=x, g=g) + f", shape of the kernel {shape_text(sizes)}"
        known = self._unknown if sizes is None else sizes
        expected = self._output_shape(x.dims(), known, got)
        if not TensorType(x.dtype, expected).accepts(g):
            raise ShapeError(
                self.label,
                "such a kernel does not give this output",
                expected=f"g {shape_text(expected)}",
                got=got,
            )
        return x.with_shape(known)

    def infer_unknown(self, x: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        """The rank at any rate."""
        return (x.with_shape(self._unknown),)

    def compute(self, xp: Any, x: Any, g: Any, shape: Any) -> Any:
        """Each tap's matrix: all cells it met, times what flows back to them."""
        kernel_shape = tuple(int(size) for size in shape)
        windows = self._windows(x.shape, kernel_shape)
        padded = windows.pad(xp, x)
        outputs = self._split(g)
        taps = [
            self._join(self._split(padded[cells]).transpose(0, 2, 1) @ outputs, kernel_shape[-2:])
            for _, cells in windows.taps()
        ]
        return xp.stack(taps).reshape(kernel_shape)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The same sum with g in the kernel's place: dS/dx and dS/dg."""
        x, outputs = node.inputs[:2]
        return [
            self._face(ConvolutionInputGrad, outputs, g, shape_of(x)),
            self._face(Convolution, x, g),
            None,
        ]


def convolution(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The convolution of signals, pictures or volumes with a kernel, by the kernel's rank.

    Args:
        input: (batch, *sizes, in), float, with one, two or three sizes.
        filters: (*kernel_sizes, in // groups, out), of the same dtype.
        strides: cells between two positions of the kernel; one integer, or one for each axis.
        padding: "VALID" (none), "SAME" (zeros around, so that the output has
            ceil(size / stride) positions), or a pair (before, after) of zeros for each axis;
            for signals also "CAUSAL" (zeros before, so that no position sees a later one).
        dilations: cells between two taps of the kernel; one integer, or one for each axis.
        groups: parts into which the channels fall; each is convolved by itself.
        data_format: None or "NHWC" if channels come last, "NCHW" if they come first, and
            likewise "NWC", "NCW", "NDHWC", "NCDHW".
        name: of the node.

    Returns:
        (batch, *positions, out), or (batch, out, *positions).

    Raises:
        ShapeError: if ranks or channels do not fit, or the kernel is larger than the images.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> volume = [[[[[1.0], [2.0]], [[3.0], [4.0]]]]]
    >>> Session().run(convolution(volume, [[[[[10.0]], [[1.0]]]]])).tolist()
    [[[[[12.0]], [[34.0]]]]]
    """
    x, kernel = convert_all(input, filters)
    rank = kernel.ndim if x.ndim is None else x.ndim
    if rank not in (3, 4, 5):
        raise ShapeError(
            "convolution",
            "the rank is unknown" if rank is None else "no rank of images",
            expected="input (batch, ..., in) with one, two or three axes between",
            got=types_text(input=x.type, filters=kernel.type),
            site=user_site(),
        )
    return convolve(
        "convolution", x, kernel, strides, padding, dilations, groups, data_format, rank - 2, name
    )


def conv1d(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:
    """The convolution of signals with a kernel (a cross-correlation: nothing is flipped).

    Args:
        input: (batch, width, in), float.
        filters: (kernel_width, in // groups, out), of the same dtype.
        strides: cells between two positions of the kernel.
        padding: "VALID" (none), "SAME" (zeros around, so that the output has
            ceil(width / stride) positions), "CAUSAL" (zeros before, so that no position sees a
            later one: A. van den Oord et al., "WaveNet", 2016), or ((left, right),) zeros.
        dilations: cells between two taps of the kernel.
        groups: parts into which the channels fall; each is convolved by itself.
        data_format: "NWC", or "NCW" for (batch, in, width).
        name: of the node.

    Returns:
        (batch, out_width, out), or (batch, out, out_width).

    Raises:
        ShapeError: if ranks or channels do not fit, or the kernel is longer than the signals.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> signal = [[[1.0], [2.0], [3.0]]]
    >>> Session().run(conv1d(signal, [[[10.0]], [[1.0]]], padding="CAUSAL")).tolist()
    [[[1.0], [12.0], [23.0]]]
    """
    x, kernel = convert_all(input, filters)
    return convolve("conv1d", x, kernel, strides, padding, dilations, groups, data_format, 1, name)


def conv2d(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The convolution of images with a kernel (a cross-correlation: nothing is flipped).

    Args:
        input: (batch, height, width, in), float.
        filters: (kernel_height, kernel_width, in // groups, out), of the same dtype.
        strides: cells between two positions of the kernel; one integer or (height, width).
        padding: "VALID" (none), "SAME" (zeros around, so that the output has
            ceil(size / stride) positions), or ((top, bottom), (left, right)) zeros.
        dilations: cells between two taps of the kernel, one integer or (height, width); more
            than 1 makes it an atrous convolution.
        groups: parts into which the channels fall; each is convolved by itself.
        data_format: "NHWC", or "NCHW" for (batch, in, height, width).
        name: of the node.

    Returns:
        (batch, out_height, out_width, out), or (batch, out, out_height, out_width).

    Raises:
        ShapeError: if ranks or channels do not fit, or the kernel is larger than the images.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    >>> row = [[[[10.0]], [[1.0]]]]
    >>> Session().run(conv2d(image, row)).tolist()
    [[[[12.0]], [[34.0]]]]
    """
    x, kernel = convert_all(input, filters)
    return convolve("conv2d", x, kernel, strides, padding, dilations, groups, data_format, 2, name)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The convolution of volumes with a kernel (a cross-correlation: nothing is flipped).

    Args:
        input: (batch, depth, height, width, in), float.
        filters: (kernel_depth, kernel_height, kernel_width, in // groups, out), of the same
            dtype.
        strides: cells between two positions of the kernel; one integer or
            (depth, height, width).
        padding: "VALID" (none), "SAME" (zeros around, so that the output has
            ceil(size / stride) positions), or ((front, back), (top, bottom), (left, right))
            zeros.
        dilations: cells between two taps of the kernel; one integer or (depth, height, width).
        groups: parts into which the channels fall; each is convolved by itself.
        data_format: "NDHWC", or "NCDHW" for (batch, in, depth, height, width).
        name: of the node.

    Returns:
        (batch, out_depth, out_height, out_width, out), or out as the second axis.

    Raises:
        ShapeError: if ranks or channels do not fit, or the kernel is larger than the volumes.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups, padding or formats that are none.

    >>> from thalweg.core import Session
    >>> volume = [[[[[1.0]]], [[[2.0]]]]]
    >>> Session().run(conv3d(volume, [[[[[10.0]]]], [[[[1.0]]]]])).tolist()
    [[[[[12.0]]]]]
    """
    x, kernel = convert_all(input, filters)
    return convolve("conv3d", x, kernel, strides, padding, dilations, groups, data_format, 3, name)


def convolve(
    where: str,
    x: Tensor,
    kernel: Tensor,
    strides: Any,
    padding: Any,
    dilations: Any,
    groups: Any,
    data_format: str | None,
    rank: int,
    name: str | None,
) -> Tensor:
    """What all public convolutions do; `rank` counts the axes between batch and channels."""
    opdef = Convolution(*attributes(where, rank, strides, padding, dilations, groups))

    def function(images: Tensor, name: str | None) -> Tensor:
        return apply(opdef, images, kernel, name=name or f"Conv{rank}D")

    return in_layout(function, where, x, data_format, rank, name)


def attributes(
    where: str, rank: int, strides: Any, padding: Any, dilations: Any, groups: Any
) -> tuple[tuple[int, ...], Padding, tuple[int, ...], int]:
    """The fields of a convolution, checked.

    Raises:
        OptionError: for strides, dilations, groups or padding that are none.
    """
    if not isinstance(groups, int) or groups < 1:
        raise OptionError(
            where,
            "groups are no count",
            expected="an integer >= 1",
            got=repr(groups),
            site=user_site(),
        )
    return (
        as_sizes(where, "strides", strides, rank),
        as_padding(where, padding, rank, ("SAME", "VALID", *["CAUSAL"] * (rank == 1))),
        as_sizes(where, "dilations", dilations, rank),
        int(groups),
    )
