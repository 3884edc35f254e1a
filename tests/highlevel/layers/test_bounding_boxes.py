"""MaxNumBoundingBoxes: results are Keras 3.15's, or counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Input, MaxNumBoundingBoxes
from thalweg.models import Model

BOXES = np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]])
FILLED = [-1.0] * 4


def test_too_few_are_filled_up() -> None:
    images = np.zeros((1, 8, 8, 3), np.uint8)
    given = {"images": images, "bounding_boxes": {"boxes": BOXES, "labels": np.array([[1, 2]])}}
    got = MaxNumBoundingBoxes(4)(given)
    assert got["bounding_boxes"]["boxes"].tolist() == [[[1, 2, 3, 4], [5, 6, 7, 8], FILLED, FILLED]]
    assert got["bounding_boxes"]["boxes"].dtype == np.float32
    assert got["bounding_boxes"]["labels"].tolist() == [[1, 2, -1, -1]]
    assert got["bounding_boxes"]["labels"].dtype == np.int64
    assert got["images"].dtype == np.uint8


def test_too_many_are_cut() -> None:
    boxes = {"boxes": BOXES[0], "labels": np.array([1, 2])}
    got = MaxNumBoundingBoxes(1)({"bounding_boxes": boxes})["bounding_boxes"]
    assert (got["boxes"].tolist(), got["labels"].tolist()) == ([[1, 2, 3, 4]], [1])


def test_in_a_model_of_any_number_of_boxes() -> None:
    boxes, labels = Input((None, 4)), Input((None,))
    layer = MaxNumBoundingBoxes(3, fill_value=9)
    out = layer({"bounding_boxes": {"boxes": boxes, "labels": labels}})["bounding_boxes"]
    assert (out["boxes"].shape, out["labels"].shape) == ((None, 3, 4), (None, 3))
    model = Model([boxes, labels], [out["boxes"], out["labels"]])
    for count in (0, 2, 5):
        x = np.arange(8 * count, dtype=np.float32).reshape(2, count, 4)
        got, names = model.predict([x, x[..., 0]], verbose=0)
        filled = np.pad(x[:, :3], [(0, 0), (0, max(0, 3 - count)), (0, 0)], constant_values=9)
        np.testing.assert_array_equal(got, filled)
        np.testing.assert_array_equal(names, filled[..., 0])


def test_config() -> None:
    layer = MaxNumBoundingBoxes(3, fill_value=0, bounding_box_format="xyxy")
    again = MaxNumBoundingBoxes.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("given", [np.zeros((1, 4)), {"images": BOXES}, {"bounding_boxes": BOXES}])
def test_input_without_boxes(given: Any) -> None:
    with pytest.raises(OptionError, match="there are no bounding boxes") as error:
        MaxNumBoundingBoxes(2)(given)
    assert "'boxes' and 'labels'" in str(error.value)


def test_boxes_and_labels_of_other_shapes() -> None:
    boxes = {"boxes": BOXES, "labels": np.array([1, 2])}
    with pytest.raises(ShapeError, match="do not belong together"):
        MaxNumBoundingBoxes(2)({"bounding_boxes": boxes})


def test_bad_arguments() -> None:
    with pytest.raises(OptionError, match="max_number"):
        MaxNumBoundingBoxes(0)
    with pytest.raises(OptionError, match="fill_value"):
        MaxNumBoundingBoxes(2, fill_value=0.5)  # type: ignore[arg-type]
