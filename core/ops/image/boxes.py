"""Boxes in images: their contents at one size, and the best of those that overlap.

A box is (y1, x1, y2, x2), two opposite corners.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import OptionError, ShapeError, nearest, user_site
from ...graph import Tensor
from ...opdef import OpDef, apply, no_gradient, register, require
from ...types import TensorType, float32, int32, types_text
from ..compare import clip_by_value, less_equal, logical_and, where
from ..elementwise import cast, shape_of
from ..gather import gather
from ..math import ceil, floor
from ..shape import reshape
from ..sizes import beside
from ..source import convert, convert_all
from ..windows import as_sizes

__all__ = ["crop_and_resize", "non_max_suppression"]


# Contents -----------------------------------------------------------------------------------------


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: str | None = None,
) -> Tensor:
    """What lies in boxes of images, each resized to one height and width.

    Row i of a box is sampled at (y1 + (y2 - y1) i / (rows - 1)) (height - 1), and a single row
    in the middle; columns likewise. K. He et al., "Mask R-CNN", 2017, section 3, uses it so.

    Args:
        image: (batch, height, width, channels), number.
        boxes: (boxes, 4) float, corners in 0..1 of the way from the first pixel to the last; a
            box with y1 > y2 is flipped, and boxes may reach beyond the images.
        box_indices: (boxes,) integer, the image of each box.
        crop_size: (rows, columns) of the result, or one integer for both.
        method: "bilinear" or "nearest".
        extrapolation_value: of samples outside the images.
        name: of the node.

    Returns:
        (boxes, rows, columns, channels) float; integer images become float32. It has gradients
        in images and boxes.

    Raises:
        ShapeError: if image or boxes have the wrong rank.
        OptionError: for an unknown method or sizes that are none.

    >>> from thalweg.core import Session, image
    >>> picture = [[[[0.0], [1.0], [2.0]]]]
    >>> box = [[0.0, 0.5, 0.0, 1.0]]
    >>> Session().run(image.crop_and_resize(picture, box, [0], [1, 3])).reshape(-1).tolist()
    [1.0, 1.5, 2.0]
    """
    if method not in ("bilinear", "nearest"):
        raise OptionError(
            "crop_and_resize",
            "unknown method",
            expected="'bilinear' or 'nearest'",
            got=repr(method),
            hint=nearest(method, ("bilinear", "nearest")),
            site=user_site(),
        )
    rows, columns = as_sizes("crop_and_resize", "crop_size", crop_size)
    x = convert(image)
    x = x if x.dtype.is_float else cast(x, float32)
    with beside(x):
        corners, indices = cast(boxes, x.dtype), cast(box_indices, "int32")
    if x.ndim not in (4, None) or corners.ndim not in (2, None) or indices.ndim not in (1, None):
        raise ShapeError(
            "crop_and_resize",
            "image or boxes have the wrong rank",
            expected="image (batch, height, width, channels), boxes (boxes, 4), "
            "box_indices (boxes,)",
            got=types_text(image=x.type, boxes=corners.type, box_indices=indices.type),
            site=user_site(),
        )
    with beside(x):
        sizes = shape_of(x)
        down = _samples(corners[:, 0:1], corners[:, 2:3], rows, sizes[1])[:, :, None]
        right = _samples(corners[:, 1:2], corners[:, 3:4], columns, sizes[2])[:, None, :]
        pixels = reshape(x, [sizes[0] * sizes[1] * sizes[2], sizes[3]])
        start = indices[:, None, None] * sizes[1]

        def pixel(row: Tensor, column: Tensor) -> Tensor:
            line = start + _index(row, sizes[1])
            return gather(pixels, line * sizes[2] + _index(column, sizes[2]))

        if method == "nearest":
            values = pixel(floor(down + 0.5), floor(right + 0.5))
        else:
            top, left = floor(down), floor(right)
            below, after = (down - top)[..., None], (right - left)[..., None]
            upper, lower = (
                (1.0 - after) * pixel(row, left) + after * pixel(row, ceil(right))
                for row in (top, ceil(down))
            )
            values = (1.0 - below) * upper + below * lower
        is_inside = logical_and(_is_within(down, sizes[1]), _is_within(right, sizes[2]))
        outside = convert(float(extrapolation_value), x.dtype)
        return where(is_inside[..., None], values, outside, name=name or "crop_and_resize")


def _samples(low: Tensor, high: Tensor, count: int, size: Tensor) -> Tensor:
    """Where the rows of boxes are sampled, in pixels.  low, high: (boxes, 1) -> (boxes, count)."""
    part = np.linspace(0.0, 1.0, count) if count > 1 else np.array([0.5])
    return (low + (high - low) * part) * cast(size - 1, low.dtype)


def _index(position: Tensor, size: Tensor) -> Tensor:
    """A row or column that exists."""
    return clip_by_value(cast(position, "int32"), 0, size - 1)


def _is_within(position: Tensor, size: Tensor) -> Tensor:
    last = cast(size - 1, position.dtype)
    return logical_and(less_equal(0.0, position), less_equal(position, last))


# The best -----------------------------------------------------------------------------------------


@register
class NonMaxSuppression(OpDef):
    """Boxes that no better one overlaps too much, best first, greedily.

    boxes: (boxes, 4) float, scores: (boxes,) float, limit: () integer -> (kept,) int32 indices,
    at most `limit`.
    """

    iou_threshold: float
    score_threshold: float
    runs_on_host = True

    def infer(self, boxes: TensorType, scores: TensorType, limit: TensorType) -> TensorType:
        """How many are kept, only the values tell."""
        require(self, "same float", boxes=boxes, scores=scores)
        require(self, "integer", limit=limit)
        sizes = boxes.dims()
        is_wrong = len(sizes) != 2 or sizes[1] not in (4, None)
        if is_wrong or not boxes.with_shape(sizes[:1]).accepts(scores) or limit.dims():
            raise ShapeError(
                self.label,
                "boxes, scores and max_output_size do not fit together",
                expected="boxes (boxes, 4), scores (boxes,), max_output_size ()",
                got=types_text(boxes=boxes, scores=scores, max_output_size=limit),
            )
        return TensorType(int32, (None,))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType(int32, (None,)),)

    def compute(self, xp: Any, boxes: Any, scores: Any, limit: Any) -> Any:
        """The best of those left is kept, and what it overlaps goes; equals in their order."""
        with np.errstate(invalid="ignore"):
            rest = np.flatnonzero(scores > self.score_threshold)
        rest = rest[np.argsort(-scores[rest], kind="stable")]
        kept: list[int] = []
        while rest.size and len(kept) < int(limit):
            best, rest = rest[0], rest[1:]
            kept.append(int(best))
            rest = rest[_overlap(boxes[best], boxes[rest]) <= self.iou_threshold]
        return np.array(kept, np.int32)

    gradient = no_gradient


def _overlap(box: Any, others: Any) -> Any:
    """Intersection over union of a box with others; 0 where one of the two has no area."""
    low, high = np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])
    lows = np.minimum(others[:, :2], others[:, 2:])
    highs = np.maximum(others[:, :2], others[:, 2:])
    sides = np.maximum(np.minimum(highs, high) - np.maximum(lows, low), 0)
    common = sides.prod(axis=1)
    area, areas = (high - low).prod(), (highs - lows).prod(axis=1)
    is_box = (areas > 0) & (area > 0)
    return np.where(is_box, common / np.where(is_box, area + areas - common, 1), 0)


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"),
    name: str | None = None,
) -> Tensor:
    """The indices of boxes that no box of a better score overlaps too much.

    The best box is kept, all boxes go that overlap it by more than the threshold, and so on.

    Args:
        boxes: (boxes, 4) float, two opposite corners each.
        scores: (boxes,) of the same dtype; of equal scores the first is better.
        max_output_size: () integer, how many indices there are at most.
        iou_threshold: in 0..1; intersection over union of two boxes above which the worse goes.
        score_threshold: boxes of this score or less go.
        name: of the node.

    Returns:
        (kept,) int32, best first; how many, only the values tell.

    Raises:
        ShapeError: if boxes and scores do not fit together.
        DtypeError: if dtypes differ or are not float.
        OptionError: if the threshold is not in 0..1.

    >>> from thalweg.core import Session, image
    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [2.0, 0.0, 3.0, 1.0]]
    >>> Session().run(image.non_max_suppression(boxes, [0.5, 0.9, 0.1], 3)).tolist()
    [1, 2]
    """
    if not 0 <= iou_threshold <= 1:
        raise OptionError(
            "non_max_suppression",
            "no intersection over union",
            expected="0 <= iou_threshold <= 1",
            got=repr(iou_threshold),
            site=user_site(),
        )
    corners, numbers = convert_all(boxes, scores)
    with beside(corners):
        limit = convert(max_output_size)
    opdef = NonMaxSuppression(float(iou_threshold), float(score_threshold))
    return apply(opdef, corners, numbers, limit, name=name)
