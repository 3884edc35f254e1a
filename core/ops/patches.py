"""Patches of images, as channels of the places where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import TensorType, shape_text, types_text
from .elementwise import shape_from_value, shape_of
from .source import convert
from .windows import Padding, Windows, as_padding, as_sizes, infer_positions

__all__ = ["extract_image_patches"]


class _Patches(OpDef):
    """The windows that are taken out."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    rates: tuple[int, ...]
    padding: Padding

    def patches(self, images: TensorType) -> TensorType:
        """The type of the patches of these images."""
        shape = images.dims()
        if len(shape) != 4:
            raise ShapeError(
                "extract_image_patches",
                "takes a batch of images",
                expected="images (batch, height, width, channels)",
                got=types_text(images=images),
            )
        positions = infer_positions(
            self, shape[1:3], self.sizes, self.strides, self.rates, self.padding, str(images)
        )
        channels = None if shape[3] is None else shape[3] * self.sizes[0] * self.sizes[1]
        return images.with_shape((shape[0], *positions, channels))

    def windows(self, shape: Sequence[int]) -> Windows:
        """The windows over images of this shape."""
        sizes = (shape[1], shape[2])
        return Windows(sizes, self.sizes, self.strides, self.rates, self.padding)


@register
class ExtractPatches(_Patches):
    """The cells of each window, row by row, as channels.

    images: (batch, height, width, channels) number -> (batch, rows, columns, cells * channels).
    """

    def infer(self, images: TensorType) -> TensorType:
        """One place a window."""
        require(self, "number", images=images)
        return self.patches(images)

    def infer_unknown(self, images: TensorType) -> tuple[TensorType, ...]:
        """Four axes."""
        require(self, "number", images=images)
        return (images.with_shape((None,) * 4),)

    def compute(self, xp: Any, images: Any) -> Any:
        """One tap of all windows after another."""
        windows = self.windows(images.shape)
        padded = windows.pad(xp, images)
        return xp.concatenate([padded[cells] for _, cells in windows.taps()], axis=3)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Added up where windows overlap."""
        return [apply(ExtractPatchesGrad(*self.field_values()), g, shape_of(node.inputs[0]))]


@register
class ExtractPatchesGrad(_Patches):
    """Images that patches are added to, each in its place: the gradient of `ExtractPatches`.

    g: (batch, rows, columns, cells * channels) number, shape: (4,) host integer -> `shape`.
    """

    host_inputs = frozenset({1})

    def infer(self, g: TensorType, shape: TensorType) -> TensorType:
        """`shape`, of which g must be the patches."""
        images = g.with_shape(shape_from_value(shape))
        if images.shape is not None and not self.patches(images).accepts(g):
            raise ShapeError(
                self.label,
                "these are no patches of such images",
                expected=f"g {self.patches(images)}",
                got=f"g {g}, images {shape_text(images.shape)}",
            )
        return images

    def infer_unknown(self, g: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """The shape."""
        return (g.with_shape(shape_from_value(shape)),)

    def compute(self, xp: Any, g: Any, shape: Any) -> Any:
        """One tap of all windows after another."""
        sizes = shape.tolist()
        windows = self.windows(sizes)
        result = windows.padded_zeros(xp, sizes[0], sizes[3], g.dtype)
        for number, (_, cells) in enumerate(windows.taps()):
            result[cells] += g[..., number * sizes[3] : (number + 1) * sizes[3]]
        return windows.crop(result)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Taken out again."""
        return [apply(ExtractPatches(*self.field_values()), g), None]


def extract_image_patches(
    images: Any,
    sizes: Any,
    strides: Any,
    rates: Any = 1,
    padding: Any = "VALID",
    name: str | None = None,
) -> Tensor:
    """The patches of images at regular places, each as the channels of its place.

    Channel cell * channels + c of the result is channel c of that cell, counted row by row.

    Args:
        images: (batch, height, width, channels) number.
        sizes: of the patches: an integer, or (height, width).
        strides: from one patch to the next, likewise.
        rates: from one cell of a patch to the next, likewise.
        padding: `"VALID"`, `"SAME"`, or ((top, bottom), (left, right)) zeros around the images.
        name: of the node.

    Returns:
        (batch, rows, columns, height * width of a patch * channels).

    Raises:
        ShapeError: for another rank, or images smaller than a patch.
        OptionError: for other sizes, strides, rates or padding.

    >>> from thalweg.core import Session
    >>> image = [[[[1], [2], [3]], [[4], [5], [6]]]]
    >>> Session().run(extract_image_patches(image, 2, 1)).tolist()
    [[[[1, 2, 4, 5], [2, 3, 5, 6]]]]
    """
    where = "extract_image_patches"
    op = ExtractPatches(
        as_sizes(where, "sizes", sizes),
        as_sizes(where, "strides", strides),
        as_sizes(where, "rates", rates),
        as_padding(where, padding),
    )
    return apply(op, convert(images), name=name)
