"""Resizing: every output pixel is a weighted mean of input pixels, row by row and column by column.

A method is a kernel, a function of the distance between two pixels. `coordinates` say where the
centre of output pixel `i` lies among the input's, with `scale = inputs / outputs`:

    half_pixel     (i + 0.5) * scale - 0.5, both images cover one area (TensorFlow 2, Pillow)
    align_corners  i * (inputs - 1) / (outputs - 1), the outermost pixels meet
    asymmetric     i * scale, the first pixels meet (TensorFlow 1's default)

The weights of one axis are a matrix (outputs, inputs), and an image is multiplied by two of them;
so the gradient is a product of matrices too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import OptionError, ShapeError, nearest, user_site
from ...graph import Tensor
from ...opdef import OpDef, apply, no_gradient, register, require
from ...types import DType, TensorType, float32
from ..compare import equal, maximum, minimum
from ..concat import concat
from ..elementwise import cast, identity, shape_of
from ..gather import gather
from ..linalg import matmul
from ..math import floordiv, floormod
from ..reduce import reduce_prod
from ..repeat import arange
from ..shape import reshape
from ..sizes import beside, size_values
from ..source import convert
from ..stack import size_vector, stack

__all__ = ["resize"]

COORDINATES = ("half_pixel", "align_corners", "asymmetric")


# Kernels: weight by distance, in units of pixels, and how far they reach --------------------------


def _triangle(xp: Any, d: Any) -> Any:
    return xp.maximum(1 - d, 0)


def _cubic(a: float) -> Callable[[Any, Any], Any]:
    """R. Keys, "Cubic convolution interpolation for digital image processing", 1981, equation 4."""

    def kernel(xp: Any, d: Any) -> Any:
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        return xp.where(d < 1, near, xp.where(d < 2, far, 0.0))

    return kernel


def _mitchell(xp: Any, d: Any) -> Any:
    """D. Mitchell, A. Netravali, "Reconstruction filters", 1988, equation 8 with B = C = 1/3."""
    near = (7 * d - 12) * d * d / 6 + 16 / 18
    far = ((-7 * d / 18 + 2) * d - 10 / 3) * d + 32 / 18
    return xp.where(d < 1, near, xp.where(d < 2, far, 0.0))


def _gaussian(xp: Any, d: Any) -> Any:
    """A standard deviation of half a pixel, cut off at three of them."""
    return xp.where(d < 1.5, xp.exp(-2 * d * d), 0.0)


def _lanczos(radius: int) -> Callable[[Any, Any], Any]:
    """sinc(d) sinc(d / radius)."""

    def kernel(xp: Any, d: Any) -> Any:
        t = xp.pi * xp.maximum(d, 1e-8)
        wave = radius * xp.sin(t) * xp.sin(t / radius) / (t * t)
        return xp.where(d < radius, wave, 0.0)

    return kernel


_KERNELS: dict[str, Callable[[Any, Any], Any]] = {
    "bilinear": _triangle,
    "bicubic": _cubic(-0.5),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
    "gaussian": _gaussian,
    "mitchellcubic": _mitchell,
}
METHODS = ("nearest", "area", *_KERNELS)


# The matrix of one axis ---------------------------------------------------------------------------


@register
class ResizeMatrix(OpDef):
    """The weights of one axis: output pixel i is the sum over j of [i, j] times input pixel j.

    sizes: (2,) host integers, outputs and inputs -> (outputs, inputs) dtype. Rows add up to 1.
    """

    method: str
    coordinates: str
    antialias: bool
    dtype: DType
    host_inputs = frozenset({0})

    def infer(self, sizes: TensorType) -> TensorType:
        """The sizes' values."""
        require(self, "integer", sizes=sizes)
        shape = size_values(sizes) or (None, None)
        if any(size is not None and size < 1 for size in shape):
            raise ShapeError(
                self.label,
                "images of no size",
                expected="sizes >= 1 before and after",
                got=f"from {shape[1]} to {shape[0]}",
            )
        return TensorType(self.dtype, shape)

    def infer_unknown(self, sizes: TensorType) -> tuple[TensorType, ...]:
        """A matrix."""
        return (TensorType(self.dtype, (None, None)),)

    def compute(self, xp: Any, sizes: Any) -> Any:
        """In float64: positions of pixels are differences of large numbers."""
        outputs, inputs = (int(size) for size in sizes)
        if self.method == "area":
            weights = self._overlaps(xp, outputs, inputs)
        elif self.method == "bicubic" and self.coordinates != "half_pixel":
            weights = self._repeating_the_edge(xp, outputs, inputs)
        else:
            scale = inputs / outputs if self.antialias else 1.0
            centres, pixels = self._centres(xp, outputs, inputs), _numbers(xp, inputs)
            distances = xp.abs(pixels[None, :] - centres[:, None]) / max(scale, 1.0)
            weights = _KERNELS[self.method](xp, distances)
        return (weights / weights.sum(axis=1, keepdims=True)).astype(self.dtype.numpy)

    def _centres(self, xp: Any, outputs: int, inputs: int) -> Any:
        """Where output pixels lie, measured in input pixels."""
        scale = _scale(self.coordinates, outputs, inputs)
        if self.coordinates == "half_pixel":
            return (_numbers(xp, outputs) + 0.5) * scale - 0.5
        return _numbers(xp, outputs) * scale

    def _overlaps(self, xp: Any, outputs: int, inputs: int) -> Any:
        """How much of each input pixel an output pixel covers; the last one goes on for ever."""
        scale = _scale(self.coordinates, outputs, inputs)
        low = _numbers(xp, outputs)[:, None] * scale
        start = _numbers(xp, inputs)[None, :]
        end = xp.where(start < inputs - 1, start + 1, xp.inf)
        return xp.maximum(xp.minimum(low + scale, end) - xp.maximum(low, start), 0)

    def _repeating_the_edge(self, xp: Any, outputs: int, inputs: int) -> Any:
        """TensorFlow 1's cubic: another constant, and the outermost pixels repeated outside."""
        around = _numbers(xp, inputs + 4) - 2
        centres = self._centres(xp, outputs, inputs)
        weights = _cubic(-0.75)(xp, xp.abs(around[None, :] - centres[:, None]))
        inside = weights[:, 2:-2].copy()
        inside[:, 0] += weights[:, :2].sum(axis=1)
        inside[:, -1] += weights[:, -2:].sum(axis=1)
        return inside

    gradient = no_gradient


def _numbers(xp: Any, count: int) -> Any:
    return xp.arange(count, dtype="float64")


def _scale(coordinates: str, outputs: int, inputs: int) -> float:
    """Input pixels between the centres of two output pixels."""
    if coordinates == "align_corners" and outputs > 1:
        return (inputs - 1) / (outputs - 1)
    return inputs / outputs


# Images -------------------------------------------------------------------------------------------


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    coordinates: str = "half_pixel",
    antialias: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """`images` with another height and width.

    Args:
        images: (..., height, width, channels), number.
        size: (height, width) of the result, integers >= 1: a list, or an integer vector.
        method: "bilinear", "nearest", "bicubic", "area" (the mean of what an output pixel
            covers), "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        coordinates: where the centre of output pixel i lies: "half_pixel" at
            (i + 0.5) * scale - 0.5, as in TensorFlow 2; "align_corners", so that the outermost
            pixels meet, or "asymmetric" at i * scale, as in TensorFlow 1 with and without
            align_corners. With one of these two, "bicubic" is TensorFlow 1's, which repeats the
            outermost pixels and has a = -0.75 where Keys (1981) has -0.5.
        antialias: whether kernels get wider where images shrink, so that all pixels count.
        preserve_aspect_ratio: whether `size` is the largest the result may have.
        name: of the node.

    Returns:
        (..., new height, new width, channels): the dtype of the images for "nearest" and for
        floats, else float32.

    Raises:
        ShapeError: if images or result are empty, or images have fewer than three axes.
        OptionError: for an unknown method or coordinates.

    >>> from thalweg.core import Session, image
    >>> picture = [[[0.0], [4.0]]]
    >>> Session().run(image.resize(picture, [1, 4])).reshape(-1).tolist()
    [0.0, 1.0, 3.0, 4.0]
    >>> Session().run(image.resize(picture, [1, 4], "nearest", "asymmetric")).reshape(-1).tolist()
    [0.0, 0.0, 4.0, 4.0]
    """
    _check("method", method, METHODS)
    _check("coordinates", coordinates, COORDINATES)
    x = convert(images)
    if x.ndim is not None and x.ndim < 3:
        raise ShapeError(
            "resize",
            "images have too few axes",
            expected="images (..., height, width, channels)",
            got=f"images {x.type}",
            site=user_site(),
        )
    given = size_vector("resize", size, x)
    if given.shape not in ((2,), (None,), None):
        raise ShapeError(
            "resize",
            "size is not height and width",
            expected="two integers",
            got=f"size {given.type}",
            site=user_site(),
        )
    with beside(x):
        old = shape_of(x)[-3], shape_of(x)[-2]
        new = given[0], given[1]
        if preserve_aspect_ratio:
            new = _within(*new, *old)
        if method == "nearest":
            for axis in (0, 1):
                picks = _nearest_pixels(coordinates, new[axis], old[axis])
                x = gather(x, picks, axis - 3)
            return identity(x, name=name or "resize")
        dtype = x.dtype if x.dtype.is_float else float32
        opdef = ResizeMatrix(method, coordinates, bool(antialias), dtype)
        rows, columns = (
            apply(opdef, stack([new[axis], old[axis]]), name="resize/weights") for axis in (0, 1)
        )
        return between_matrices(cast(x, dtype), rows, columns, new, name or "resize")


def between_matrices(
    x: Tensor, rows: Tensor, columns: Tensor, new: tuple[Tensor, Tensor], name: str
) -> Tensor:
    """rows @ x @ columns.T, for the height and the width of every channel."""
    shape = shape_of(x)
    height, width, channels = shape[-3], shape[-2], shape[-1]
    count = reduce_prod(shape[:-3])
    lines = reshape(x, [count, height, width * channels])
    pixels = reshape(matmul(rows, lines), [count * new[0], width, channels])
    result = concat([shape[:-3], stack([new[0], new[1], channels])], axis=0)
    return reshape(matmul(columns, pixels), result, name=name)


def _nearest_pixels(coordinates: str, outputs: Tensor, inputs: Tensor) -> Tensor:
    """The input pixel of each output pixel, in integers: no rounding decides between two."""
    number = arange(cast(outputs, "int64"))
    n, m = cast(inputs, "int64"), cast(outputs, "int64")
    if coordinates == "half_pixel":  # the one in which the centre lies
        return floordiv((number * 2 + 1) * n, m * 2)
    if coordinates == "asymmetric":
        return floordiv(number * n, m)
    steps = maximum(m - 1, 1)  # halves go up
    return floordiv(number * (n - 1) * 2 + steps, steps * 2)


def _within(
    height: Tensor, width: Tensor, old_height: Tensor, old_width: Tensor
) -> tuple[Tensor, Tensor]:
    """The largest sizes of the old ones' proportion, rounded to integers."""
    return (
        minimum(height, _rounded(old_height * width, old_width)),
        minimum(width, _rounded(old_width * height, old_height)),
    )


def _rounded(numerator: Tensor, denominator: Tensor) -> Tensor:
    """The integer nearest to a quotient of positive ones; halves become even."""
    doubled, step = numerator * 2 + denominator, denominator * 2
    up = floordiv(doubled, step)
    is_half = cast(equal(floormod(doubled, step), 0), up.dtype)
    return up - is_half * floormod(up, 2)


def _check(what: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(
            "resize",
            f"unknown {what}",
            expected="one of " + ", ".join(map(repr, known)),
            got=repr(value),
            hint=nearest(value, known),
            site=user_site(),
        )
