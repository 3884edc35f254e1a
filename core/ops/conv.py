"""Convolution: one sum of products, and its three faces.

With `x` the padded images, `k` the kernel and `g` whatever stands in the output's place, all of
it is the sum

    S = sum over images b, positions p, taps t, channels c and outputs o of
        x[b, stride * p + dilation * t, c] * k[t, c, o] * g[b, p, o]

where p and t count rows and columns. `Conv2D` is dS/dg, `Conv2DInputGrad` is dS/dx, and
`Conv2DKernelGrad` is dS/dk: each reads two of the three and makes the third, so the gradient of
each is made of the other two, and a gradient has a gradient for free.
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
from .sizes import beside
from .source import convert, convert_all
from .windows import Padding, Windows, as_padding, as_sizes, infer_positions

__all__ = ["conv2d", "conv2d_transpose"]


class _Convolution(OpDef):
    """The attributes of all three faces, and what these share."""

    strides: tuple[int, int] = (1, 1)
    padding: Padding = "VALID"
    dilations: tuple[int, int] = (1, 1)
    groups: int = 1

    def _output_shape(self, x: Shape, kernel: Shape, got: str) -> Shape:
        """The shape rule: (batch, out_height, out_width, out), as far as it is known."""
        if len(x) != 4 or len(kernel) != 4:
            raise ShapeError(
                self.label,
                "images or kernel have the wrong rank",
                expected="x (batch, height, width, in), kernel (height, width, in // groups, out)",
                got=got,
            )
        channels, inner, outer = x[3], kernel[2], kernel[3]
        if any(n is not None and n % self.groups for n in (channels, outer)):
            raise ShapeError(
                self.label,
                "the channels do not divide into groups",
                expected=f"in and out channels that are multiples of groups={self.groups}",
                got=got,
            )
        if channels is not None and inner is not None and channels != inner * self.groups:
            is_first = x[1] == inner * self.groups
            raise ShapeError(
                self.label,
                "the channels of images and kernel differ",
                expected=f"x (batch, height, width, {inner * self.groups})",
                got=got,
                hint="channels come last: transpose(x, [0, 2, 3, 1])" if is_first else None,
            )
        height, width = infer_positions(
            self, x[1:3], kernel[:2], self.strides, self.dilations, self.padding, got
        )
        return x[0], height, width, outer

    def _windows(self, x_shape: Sequence[int], kernel_shape: Sequence[int]) -> Windows:
        sizes, kernel = tuple(x_shape[1:3]), tuple(kernel_shape[:2])
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
class Conv2D(_Convolution):
    """Slides a kernel over images and multiplies (a cross-correlation: nothing is flipped).

    x: (batch, height, width, in), kernel: (kernel_height, kernel_width, in // groups, out)
    -> (batch, out_height, out_width, out), one float dtype.

    out_height = (height + padding - (kernel_height - 1) * dilation - 1) // stride + 1, and the
    width likewise; "SAME" pads with as many zeros as make that ceil(height / stride). With
    `groups`, the channels fall into as many equal parts, which do not mix.
    """

    def infer(self, x: TensorType, kernel: TensorType) -> TensorType:
        """The shape rule; images and kernel must have matching channels."""
        require(self, "same float", x=x, kernel=kernel)
        got = types_text(x=x, kernel=kernel)
        return x.with_shape(self._output_shape(x.dims(), kernel.dims(), got))

    def infer_unknown(self, x: TensorType, kernel: TensorType) -> tuple[TensorType, ...]:
        """Four axes at any rate."""
        require(self, "same float", x=x, kernel=kernel)
        return (x.with_shape((None,) * 4),)

    def compute(self, xp: Any, x: Any, kernel: Any) -> Any:
        """One matrix product a tap: all cells it meets, times its (in, out) matrix, added up."""
        windows = self._windows(x.shape, kernel.shape)
        padded = windows.pad(xp, x)
        total = sum(
            self._split(padded[cells]) @ self._split(kernel[tap]) for tap, cells in windows.taps()
        )
        return self._join(total, (x.shape[0], *windows.positions, kernel.shape[3]))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """dS/dx and dS/dk with g in the output's place."""
        x, kernel = node.inputs
        return [
            self._face(Conv2DInputGrad, g, kernel, shape_of(x)),
            self._face(Conv2DKernelGrad, x, g, shape_of(kernel)),
        ]


@register
class Conv2DInputGrad(_Convolution):
    """The gradient of `Conv2D` in its images, also called transposed convolution.

    g: (batch, out_height, out_width, out), kernel: as `Conv2D`'s, shape: (4,) host integers
    -> (batch, height, width, in), which is `shape`. Strided positions do not tell the size.
    """

    host_inputs = frozenset({2})

    def infer(self, g: TensorType, kernel: TensorType, shape: TensorType) -> TensorType:
        """`shape`, if a convolution of such images gives g's."""
        require(self, "same float", g=g, kernel=kernel)
        sizes = shape_from_value(shape)
        got = types_text(g=g, kernel=kernel) + f", shape of the images {shape_text(sizes)}"
        expected = self._output_shape((None,) * 4 if sizes is None else sizes, kernel.dims(), got)
        if not TensorType(g.dtype, expected).accepts(g):
            raise ShapeError(
                self.label,
                "these images do not give such an output",
                expected=f"g {shape_text(expected)}",
                got=got,
            )
        inner = kernel.dims()[2]
        channels = None if inner is None else inner * self.groups
        return g.with_shape((g.dims()[0], None, None, channels) if sizes is None else sizes)

    def infer_unknown(self, g: TensorType, *others: TensorType) -> tuple[TensorType, ...]:
        """Four axes at any rate."""
        return (g.with_shape((None,) * 4),)

    def compute(self, xp: Any, g: Any, kernel: Any, shape: Any) -> Any:
        """Each tap gives back to all cells it met."""
        batch, *sizes, channels = (int(size) for size in shape)
        windows = self._windows((batch, *sizes), kernel.shape)
        result = windows.padded_zeros(xp, batch, channels, g.dtype)
        outputs = self._split(g)
        for tap, cells in windows.taps():
            given = outputs @ self._split(kernel[tap]).transpose(0, 2, 1)
            result[cells] += self._join(given, (*g.shape[:3], channels))
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The same sum with g in the images' place: dS/dg and dS/dk."""
        outputs, kernel = node.inputs[:2]
        return [
            self._face(Conv2D, g, kernel),
            self._face(Conv2DKernelGrad, g, outputs, shape_of(kernel)),
            None,
        ]


@register
class Conv2DKernelGrad(_Convolution):
    """The gradient of `Conv2D` in its kernel.

    x: (batch, height, width, in), g: (batch, out_height, out_width, out),
    shape: (4,) host integers -> (kernel_height, kernel_width, in // groups, out), which is
    `shape`.
    """

    host_inputs = frozenset({2})

    def infer(self, x: TensorType, g: TensorType, shape: TensorType) -> TensorType:
        """`shape`, if a convolution of x with such a kernel gives g's."""
        require(self, "same float", x=x, g=g)
        sizes = shape_from_value(shape)
        got = types_text(x=x, g=g) + f", shape of the kernel {shape_text(sizes)}"
        known: Shape = (None,) * 4 if sizes is None else sizes
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
        """Four axes at any rate."""
        return (x.with_shape((None,) * 4),)

    def compute(self, xp: Any, x: Any, g: Any, shape: Any) -> Any:
        """Each tap's matrix: all cells it met, times what flows back to them."""
        kernel_shape = tuple(int(size) for size in shape)
        windows = self._windows(x.shape, kernel_shape)
        padded = windows.pad(xp, x)
        outputs = self._split(g)
        taps = [
            self._join(self._split(padded[cells]).transpose(0, 2, 1) @ outputs, kernel_shape[2:])
            for _, cells in windows.taps()
        ]
        return xp.stack(taps).reshape(kernel_shape)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The same sum with g in the kernel's place: dS/dx and dS/dg."""
        x, outputs = node.inputs[:2]
        return [
            self._face(Conv2DInputGrad, outputs, g, shape_of(x)),
            self._face(Conv2D, x, g),
            None,
        ]


def conv2d(
    input: Any,
    filters: Any,
    strides: Any = (1, 1),
    padding: Any = "VALID",
    dilations: Any = (1, 1),
    groups: int = 1,
    name: str | None = None,
) -> Tensor:
    """The convolution of images with a kernel (a cross-correlation: nothing is flipped).

    Args:
        input: (batch, height, width, in), float.
        filters: (kernel_height, kernel_width, in // groups, out), of the same dtype.
        strides: cells between two positions of the kernel; one integer or (height, width).
        padding: "VALID" (none), "SAME" (zeros around, so that the output has
            ceil(size / stride) positions), or ((top, bottom), (left, right)) zeros.
        dilations: cells between two taps of the kernel; one integer or (height, width).
        groups: parts into which the channels fall; each is convolved by itself.
        name: of the node.

    Returns:
        (batch, out_height, out_width, out).

    Raises:
        ShapeError: if ranks or channels do not fit, or the kernel is larger than the images.
        DtypeError: if dtypes differ or are not float.
        OptionError: for strides, dilations, groups or padding that are none.

    >>> from thalweg.core import Session
    >>> image = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    >>> row = [[[[10.0]], [[1.0]]]]
    >>> Session().run(conv2d(image, row)).tolist()
    [[[[12.0]], [[34.0]]]]
    """
    x, kernel = convert_all(input, filters)
    if not isinstance(groups, int) or groups < 1:
        raise OptionError(
            "conv2d",
            "groups are no count",
            expected="an integer >= 1",
            got=repr(groups),
            site=user_site(),
        )
    op = Conv2D(
        as_sizes("conv2d", "strides", strides),
        as_padding("conv2d", padding),
        as_sizes("conv2d", "dilations", dilations),
        groups,
    )
    return apply(op, x, kernel, name=name)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: Any = "SAME",
    dilations: Any = (1, 1),
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv2d`: from what that gives back to images, not its inverse.

    Args:
        input: (batch, in_height, in_width, in), float.
        filters: (kernel_height, kernel_width, out, in), of the same dtype: the kernel of the
            convolution that leads the other way.
        output_shape: (batch, height, width, out), integers; the convolution of images of this
            shape must give the shape of `input`.
        strides: as the convolution's.
        padding: as the convolution's.
        dilations: as the convolution's.
        name: of the node.

    Returns:
        `output_shape`.

    Raises:
        ShapeError: if ranks, channels or `output_shape` do not fit.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> image = conv2d_transpose([[[[1.0], [2.0]]]], [[[[1.0]], [[0.5]]]], [1, 1, 4, 1], 2)
    >>> Session().run(image).reshape(-1).tolist()
    [1.0, 0.5, 2.0, 1.0]
    """
    where = "conv2d_transpose"
    x, kernel = convert_all(input, filters)
    op = Conv2DInputGrad(
        as_sizes(where, "strides", strides),
        as_padding(where, padding),
        as_sizes(where, "dilations", dilations),
    )
    with beside(x):
        shape = convert(output_shape)
    return apply(op, x, kernel, shape, name=name)
