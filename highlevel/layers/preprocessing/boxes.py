"""`MaxNumBoundingBoxes`: as many bounding boxes for every image, so that they make a batch."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import OptionError, ShapeError

from ...options import COUNT, Interval
from .base import DataLayer

__all__ = ["MaxNumBoundingBoxes"]

_WHOLE = Interval(integer=True)


class MaxNumBoundingBoxes(DataLayer):
    """As many bounding boxes an image as `max_number`: the first ones, and then filled ones.

    Args:
        max_number: boxes that each image gets; > 0.
        fill_value: a whole number, of which boxes and labels consist that were not there.
        bounding_box_format: what the four numbers of a box are, such as `"xyxy"`; it is kept for
            Keras's files, and any will do: no box is moved.
        data_format: Keras's argument, likewise; images may have any order of axes.
        kwargs: `Layer`'s arguments.

    Input shape:
        a dict with `"bounding_boxes"`, a dict of `"boxes"` (batch, boxes, 4) and `"labels"`
        (batch, boxes), or both without their first axis for one image. Anything else in it, such
        as `"images"`, is passed on.

    Output shape:
        the same with `max_number` boxes, of the layer's dtype; labels keep theirs.

    Raises:
        OptionError: the input has no such dict.
        ShapeError: boxes and labels are not of these shapes.

    >>> import numpy as np
    >>> boxes = {"boxes": np.array([[[0, 0, 5, 5]]]), "labels": np.array([[7]])}
    >>> got = MaxNumBoundingBoxes(2)({"bounding_boxes": boxes})["bounding_boxes"]
    >>> got["boxes"].tolist(), got["labels"].tolist()
    ([[[0.0, 0.0, 5.0, 5.0], [-1.0, -1.0, -1.0, -1.0]]], [[7, -1]])
    """

    def __init__(
        self,
        max_number: int,
        fill_value: int = -1,
        bounding_box_format: str | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_number: int = COUNT.check(self, "max_number", max_number)
        self.fill_value: int = _WHOLE.check(self, "fill_value", fill_value)
        self.bounding_box_format = bounding_box_format
        self.data_format = data_format

    takes_dicts = True

    def call(self, inputs: Any) -> Any:
        """The dict with `max_number` boxes an image."""
        given = inputs.get("bounding_boxes") if isinstance(inputs, dict) else None
        if not isinstance(given, dict) or not {"boxes", "labels"} <= given.keys():
            names = ", ".join(map(repr, inputs)) if isinstance(inputs, dict) else "no dict"
            raise OptionError(
                type(self).__name__,
                "there are no bounding boxes",
                expected="a dict with 'bounding_boxes', a dict of 'boxes' and 'labels'",
                got=names if given is None else f"'bounding_boxes' of {type(given).__name__}",
                site=user_site(),
            )
        boxes, labels = core.convert(given["boxes"]), core.convert(given["labels"])
        if boxes.ndim not in (2, 3) or labels.ndim != boxes.ndim - 1:
            raise ShapeError(
                type(self).__name__,
                "boxes and labels do not belong together",
                expected="boxes (batch, boxes, 4) and labels (batch, boxes), or without batch",
                got=f"{boxes.type} and {labels.type}",
                layer=self._label,
                site=user_site(),
            )
        axis = boxes.ndim - 2
        filled = {
            "boxes": self._filled(core.cast(boxes, self.dtype), axis),
            "labels": self._filled(labels, axis),
        }
        return {**inputs, "bounding_boxes": {**given, **filled}}

    def _filled(self, values: Tensor, axis: int) -> Tensor:
        """The first `max_number` values along an axis, after which filled ones come."""
        shape: list[int | None] = list(values.type.dims())
        sizes = [core.shape_of(values)[at] for at in range(len(shape))]
        sizes[axis] = core.constant(self.max_number, "int32")
        rest = core.fill(core.stack(sizes), core.constant(self.fill_value, values.dtype))
        joined = core.concat([values, rest], axis)
        kept = joined[(slice(None),) * axis + (slice(self.max_number),)]
        shape[axis] = self.max_number
        return core.ensure_shape(kept, shape)
