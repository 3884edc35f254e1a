"""Parts of images, and images within larger ones.

All of it is one op, a frame that is laid over the image: what lies inside is seen, and outside is
nothing, that is 0. A frame smaller than the image crops, a larger one pads; each is the other's
gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...errors import OptionError, ShapeError, user_site
from ...graph import Operation, Tensor
from ...opdef import OpDef, apply, register, require
from ...types import TensorType, shape_text
from ..compare import maximum
from ..elementwise import cast, negative, shape_of
from ..math import floor, floordiv
from ..random import random_uniform
from ..sizes import beside, size_values
from ..source import convert
from ..stack import size_vector

__all__ = [
    "central_crop",
    "crop_to_bounding_box",
    "pad_to_bounding_box",
    "random_crop",
    "resize_with_crop_or_pad",
]

_TRANSPOSED = {"crop": "pad", "pad": "crop", "any": "any"}


@register
class Frame(OpDef):
    """What lies in a frame over x; 0 where the frame reaches beyond x.

    x: (...) number, offsets: (axes,) integer, sizes: (axes,) host integer, both for the last axes
    but `skip` -> x's shape with `sizes` there. Element i of such an axis is x's i + offset.

    Attributes:
        skip: how many axes at the end the frame leaves alone: the channels.
        kind: "crop" if the frame must lie within x, "pad" if x must lie within the frame, "any".
    """

    skip: int
    kind: str
    host_inputs = frozenset({2})

    def infer(self, x: TensorType, offsets: TensorType, sizes: TensorType) -> TensorType:
        """The sizes' values; what is known of the offsets is checked."""
        require(self, "number", x=x)
        require(self, "integer", offsets=offsets, sizes=sizes)
        frame = size_values(sizes)
        if frame is None:
            return x.with_shape((None,) * len(x.dims()))
        first = len(x.dims()) - self.skip - len(frame)
        if first < 0:
            raise ShapeError(
                self.label,
                "images have too few axes",
                expected=f"{len(frame) + self.skip} axes or more",
                got=f"x {x}",
            )
        end = first + len(frame)
        old = x.dims()[first:end]
        starts = offsets.value or (None,) * len(frame)
        for axis in zip(old, starts, frame, strict=True):
            self._check(*axis, f"x {shape_text(x.dims())}, offsets {starts}, sizes {frame}")
        return x.with_shape((*x.dims()[:first], *frame, *x.dims()[end:]))

    def _check(self, old: int | None, start: int | None, new: int | None, got: str) -> None:
        """One axis of the frame."""
        if new is not None and new < 0:
            raise ShapeError(self.label, "a size is negative", expected="sizes >= 0", got=got)
        if old is None or new is None or self.kind == "any":
            return
        names, inner, outer, offset = ("frame", "image"), new, old, start
        if self.kind == "pad":
            names, inner, outer = ("image", "frame"), old, new
            offset = None if start is None else -start
        if inner > outer or (offset is not None and not 0 <= offset <= outer - inner):
            raise ShapeError(
                self.label,
                f"the {names[0]} does not lie within the {names[1]}",
                expected="0 <= offset, and offset + size <= the size around it",
                got=got,
            )

    def infer_unknown(
        self, x: TensorType, offsets: TensorType, sizes: TensorType
    ) -> tuple[TensorType, ...]:
        """The dtype."""
        require(self, "number", x=x)
        return (x.with_shape(None),)

    def compute(self, xp: Any, x: Any, offsets: Any, sizes: Any) -> Any:
        """One axis after another: elements are picked, and those from outside become 0."""
        first = x.ndim - self.skip - len(sizes)
        for axis, size in enumerate(sizes.tolist(), start=first):
            old = x.shape[axis]
            if not old:
                x = xp.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
                continue
            place = xp.arange(size, dtype="int64") + offsets[axis - first].astype("int64")
            x = xp.take(x, xp.clip(place, 0, old - 1), axis=axis)
            if self.kind != "crop":
                is_inside = (place >= 0) & (place < old)
                after = (1,) * (x.ndim - 1 - axis)
                x = xp.where(is_inside.reshape((-1, *after)), x, xp.zeros((), x.dtype))
        return x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The frame of x, seen from the frame."""
        x, offsets, sizes = node.inputs
        count = sizes.shape[0] if sizes.shape else None
        first = None if count is None else -count - self.skip
        old = shape_of(x)[first : -self.skip or None]
        back = Frame(self.skip, _TRANSPOSED[self.kind])
        return [apply(back, g, negative(offsets), old), None, None]


def _framed(
    where: str, kind: str, image: Any, offsets: Any, sizes: Any, name: str | None
) -> Tensor:
    """An image of two framed axes and channels."""
    x = convert(image)
    with beside(x):
        return apply(
            Frame(1, kind), x, size_vector(where, offsets, x), size_vector(where, sizes, x),
            name=name or where,
        )  # fmt: skip


def crop_to_bounding_box(
    image: Any,
    offset_height: Any,
    offset_width: Any,
    target_height: Any,
    target_width: Any,
    name: str | None = None,
) -> Tensor:
    """The part of images from a row and column on.

    Args:
        image: (..., height, width, channels), number.
        offset_height: the first row, integer >= 0.
        offset_width: the first column, integer >= 0.
        target_height: how many rows, integer >= 0.
        target_width: how many columns, integer >= 0.
        name: of the node.

    Returns:
        (..., target_height, target_width, channels).

    Raises:
        ShapeError: if the part does not lie within the images.

    >>> from thalweg.core import Session, image
    >>> picture = [[[1], [2], [3]], [[4], [5], [6]]]
    >>> Session().run(image.crop_to_bounding_box(picture, 1, 1, 1, 2)).tolist()
    [[[5], [6]]]
    """
    offsets, sizes = [offset_height, offset_width], [target_height, target_width]
    return _framed("crop_to_bounding_box", "crop", image, offsets, sizes, name)


def pad_to_bounding_box(
    image: Any,
    offset_height: Any,
    offset_width: Any,
    target_height: Any,
    target_width: Any,
    name: str | None = None,
) -> Tensor:
    """Images within larger ones of zeros.

    Args:
        image: (..., height, width, channels), number.
        offset_height: rows of zeros above, integer >= 0.
        offset_width: columns of zeros on the left, integer >= 0.
        target_height: rows of the result, integer.
        target_width: columns of the result, integer.
        name: of the node.

    Returns:
        (..., target_height, target_width, channels).

    Raises:
        ShapeError: if the images do not lie within the result.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.pad_to_bounding_box([[[7]]], 0, 1, 2, 2)).tolist()
    [[[0], [7]], [[0], [0]]]
    """
    x = convert(image)
    with beside(x):
        offsets = [-convert(offset_height), -convert(offset_width)]
    sizes = [target_height, target_width]
    return _framed("pad_to_bounding_box", "pad", x, offsets, sizes, name)


def resize_with_crop_or_pad(
    image: Any, target_height: Any, target_width: Any, name: str | None = None
) -> Tensor:
    """Images cropped around their centre, or padded with zeros around it, to a size.

    Args:
        image: (..., height, width, channels), number.
        target_height: rows of the result, integer.
        target_width: columns of the result, integer.
        name: of the node.

    Returns:
        (..., target_height, target_width, channels). An odd row is cut or added below, an odd
        column on the right.

    Raises:
        ShapeError: if images have fewer than three axes, or a size is negative.

    >>> from thalweg.core import Session, image
    >>> picture = [[[1], [2], [3], [4]]]
    >>> Session().run(image.resize_with_crop_or_pad(picture, 3, 1)).reshape(-1).tolist()
    [0, 2, 0]
    """
    x = convert(image)
    where = "resize_with_crop_or_pad"
    with beside(x):
        sizes = size_vector(where, [target_height, target_width], x)
        spare = shape_of(x)[-3:-1] - cast(sizes, "int32")
        offsets = maximum(floordiv(spare, 2), 0) - maximum(floordiv(-spare, 2), 0)
    return _framed(where, "any", x, offsets, sizes, name)


def central_crop(image: Any, central_fraction: float, name: str | None = None) -> Tensor:
    """The middle of images.

    Args:
        image: (..., height, width, channels), number.
        central_fraction: 0 < fraction <= 1, how much of height and width stays.
        name: of the node.

    Returns:
        (..., new height, new width, channels): as much is cut above as below, and on both sides,
        floor(size * (1 - fraction) / 2).

    Raises:
        ShapeError: if images have fewer than three axes.
        OptionError: if the fraction is none.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.central_crop([[[1], [2], [3], [4]]], 0.5)).tolist()
    [[[2], [3]]]
    """
    is_number = isinstance(central_fraction, int | float)
    if not is_number or not 0 < central_fraction <= 1:
        raise OptionError(
            "central_crop",
            "no fraction",
            expected="a number in 0 < central_fraction <= 1",
            got=repr(central_fraction),
            site=user_site(),
        )
    part = Fraction(central_fraction).limit_denominator(1 << 15)  # sizes are integers throughout
    x = convert(image)
    with beside(x):
        old = cast(shape_of(x)[-3:-1], "int64")
        offsets = floordiv(old * (part.denominator - part.numerator), 2 * part.denominator)
        sizes = old - offsets * 2
    return _framed("central_crop", "crop", x, offsets, sizes, name)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of a tensor, at another place in every run.

    Args:
        value: (...) number.
        size: the sizes of the part, one for each axis of `value`.
        seed: makes the stream independent of the node's name.
        name: of the node.

    Returns:
        `size`; all places are equally likely.

    Raises:
        ShapeError: if the part is larger than the tensor, or has another number of axes.

    >>> from thalweg.core import Session, image
    >>> part = Session().run(image.random_crop([[1, 2, 3, 4]], [1, 3])).tolist()
    >>> part in ([[1, 2, 3]], [[2, 3, 4]])
    True
    """
    x = convert(value)
    sizes = size_vector("random_crop", size, x)
    if x.shape is not None and sizes.shape not in ((len(x.shape),), (None,), None):
        raise ShapeError(
            "random_crop",
            "needs one size for each axis",
            expected=f"{len(x.shape)} integers",
            got=f"value {x.type}, size {sizes.type}",
            site=user_site(),
        )
    with beside(x):
        places = shape_of(x) - cast(sizes, "int32") + 1
        u = random_uniform(shape_of(sizes), dtype="float64", seed=seed)
        offsets = cast(floor(u * cast(places, "float64")), "int32")
    return apply(Frame(0, "crop"), x, offsets, sizes, name=name or "random_crop")
