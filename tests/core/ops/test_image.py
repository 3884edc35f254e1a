"""What the rows of `conformance/cases_image*.py` cannot say: chance, Pillow's numbers, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest

from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    constant,
    gradients,
    image,
    placeholder,
    shape_of,
)

nan = float("nan")


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def images(*shape: int | None, dtype: str = "float32") -> Any:
    return placeholder(dtype, shape, name="x")


def message(error: pytest.ExceptionInfo[ThalwegError]) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_image.py:" in site
    return [line for line in lines if line != site]


# Resizing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(5, 7), (40, 33), (20, 64)])
@pytest.mark.parametrize(
    ("method", "filter"),
    [
        ("bilinear", PIL.Image.Resampling.BILINEAR),
        ("bicubic", PIL.Image.Resampling.BICUBIC),
        ("lanczos3", PIL.Image.Resampling.LANCZOS),
        ("area", PIL.Image.Resampling.BOX),
    ],
)
def test_antialiased_resizing_is_pillows(method: str, filter: Any, size: tuple[int, int]) -> None:
    x = np.random.default_rng(0).uniform(0, 255, (23, 29)).astype(np.float32)
    if method == "area":  # Pillow's box counts whole pixels: they agree where sizes divide
        x, size = x[:20, :28], (5, 7)
    expected = np.asarray(PIL.Image.fromarray(x).resize(size[::-1], filter))
    result = Session().run(image.resize(x[:, :, None], size, method, antialias=True))
    np.testing.assert_allclose(result[:, :, 0], expected, rtol=0, atol=1e-3)


def test_sizes_of_resized_images() -> None:
    x = images(None, None, None, 3)
    assert image.resize(x, [4, 5]).shape == (None, 4, 5, 3)
    for old, new in (((9, 12), (4, 6)), ((12, 10), (6, 5)), ((4, 12), (2, 6)), ((11, 12), (6, 6))):
        y = image.resize(images(2, *old, 3), [6, 6], preserve_aspect_ratio=True)
        assert y.shape == (2, *new, 3)  # 4.5 and 5.5 become even
    assert image.resize(placeholder("float32"), [4, 5], "nearest").shape is None
    twice = image.resize(x, shape_of(x)[1:3] * 2, "nearest")
    assert Session().run(twice, {x: np.ones((1, 2, 3, 3), np.float32)}).shape == (1, 4, 6, 3)


def test_dtypes_of_resized_images() -> None:
    for dtype, method, expected in (
        ("uint8", "nearest", "uint8"),
        ("uint8", "area", "float32"),
        ("float64", "bicubic", "float64"),
        ("float16", "bilinear", "float16"),
    ):
        assert image.resize(images(2, 2, 1, dtype=dtype), [3, 3], method).dtype == expected


def test_an_image_of_its_own_size_stays() -> None:
    x = np.random.default_rng(1).uniform(size=(5, 6, 2)).astype(np.float32)
    for method in ("bilinear", "bicubic", "area", "lanczos3", "nearest"):
        for coordinates in ("half_pixel", "align_corners", "asymmetric"):
            y = Session().run(image.resize(x, [5, 6], method, coordinates))
            np.testing.assert_allclose(y, x, atol=1e-6)


def test_unknown_method_and_coordinates() -> None:
    with pytest.raises(OptionError) as error:
        image.resize(images(4, 4, 1), [2, 2], "bilinea")
    assert message(error) == [
        "resize: unknown method",
        "  expected  one of 'nearest', 'area', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5', "
        "'gaussian', 'mitchellcubic'",
        "  got       'bilinea'",
        "  hint      did you mean 'bilinear'?",
    ]
    with pytest.raises(OptionError, match="resize: unknown coordinates"):
        image.resize(images(4, 4, 1), [2, 2], coordinates="corners")


def test_size() -> None:
    with pytest.raises(ShapeError) as error:
        image.resize(images(4, 4, 1), [2, 2, 1])
    assert message(error) == [
        "resize: size is not height and width",
        "  expected  two integers",
        "  got       size int32 (3,)",
    ]


def test_images_of_no_size() -> None:
    with pytest.raises(ShapeError) as error:
        image.resize(images(0, 4, 1), [2, 2])
    assert message(error) == [
        "ResizeMatrix: images of no size",
        "  expected  sizes >= 1 before and after",
        "  got       from 0 to 2",
        "  node      'resize/weights'",
    ]


def test_images_of_too_few_axes() -> None:
    with pytest.raises(ShapeError) as error:
        image.resize(images(4, 4), [2, 2])
    assert message(error) == [
        "resize: images have too few axes",
        "  expected  images (..., height, width, channels)",
        "  got       images float32 (4, 4)",
    ]


# Parts --------------------------------------------------------------------------------------------


def test_a_part_that_lies_outside() -> None:
    with pytest.raises(ShapeError) as error:
        image.crop_to_bounding_box(images(1, 4, 5, 3), 2, 0, 3, 5)
    assert message(error) == [
        "Frame: the frame does not lie within the image",
        "  expected  0 <= offset, and offset + size <= the size around it",
        "  got       x (1, 4, 5, 3), offsets (2, 0), sizes (3, 5)",
        "  node      'crop_to_bounding_box'",
    ]
    x = images(None, None, 3)
    part = image.crop_to_bounding_box(x, 2, 0, 3, 5)
    with pytest.raises(ShapeError, match="the frame does not lie within the image"):
        Session().run(part, {x: np.ones((4, 5, 3), np.float32)})


def test_an_image_that_does_not_fit() -> None:
    for box in ((0, 0, 3, 5), (1, 0, 4, 5), (-1, 0, 9, 9)):
        with pytest.raises(ShapeError, match="the image does not lie within the frame"):
            image.pad_to_bounding_box(images(4, 5, 3), *box)
    with pytest.raises(ShapeError, match="Frame: a size is negative"):
        image.resize_with_crop_or_pad(images(4, 5, 3), -1, 2)


def test_a_frame_of_too_few_axes() -> None:
    with pytest.raises(ShapeError) as error:
        image.resize_with_crop_or_pad(images(4, 5, 3)[0], 4, 4)
    assert "Frame: images have too few axes" in str(error.value)


@pytest.mark.parametrize("fraction", [0.0, 1.5, "half"])
def test_fraction(fraction: Any) -> None:
    with pytest.raises(OptionError) as error:
        image.central_crop(images(4, 5, 3), fraction)
    assert message(error) == [
        "central_crop: no fraction",
        "  expected  a number in 0 < central_fraction <= 1",
        f"  got       {fraction!r}",
    ]


def test_types_of_parts() -> None:
    x = images(None, None, None, 3)
    assert image.central_crop(images(2, 10, 9, 3), 0.5).shape == (2, 6, 5, 3)
    assert image.resize_with_crop_or_pad(x, 4, 5).shape == (None, 4, 5, 3)
    assert image.random_crop(x, [2, 4, 4, 3]).shape == (2, 4, 4, 3)
    assert image.central_crop(placeholder("float32"), 0.5).shape is None


def test_turns() -> None:
    with pytest.raises(OptionError) as error:
        image.rot90(images(4, 5, 3), 1.5)
    assert message(error) == [
        "rot90: k is no count",
        "  expected  an integer",
        "  got       1.5",
    ]
    with pytest.raises(ShapeError) as error:
        image.transpose_image(images(4, 5))
    assert message(error) == [
        "transpose_image: images have too few axes",
        "  expected  image (..., height, width, channels)",
        "  got       image float32 (4, 5)",
    ]


# Chance -------------------------------------------------------------------------------------------


def test_random_parts_lie_everywhere_and_nowhere_else() -> None:
    x = constant(np.arange(12).reshape(3, 4))
    part = image.random_crop(x, [2, 3], seed=1)
    session = Session()
    starts = [int(session.run(part)[0, 0]) for _ in range(200)]
    assert sorted(set(starts)) == [0, 1, 4, 5]
    assert min(starts.count(start) for start in set(starts)) > 25
    value = session.run(part)
    assert (
        value == np.arange(12).reshape(3, 4)[:3, :][value[0, 0] // 4 :, value[0, 0] % 4 :][:2, :3]
    ).all()


def test_a_random_part_that_is_too_large() -> None:
    with pytest.raises(ShapeError, match="the frame does not lie within the image"):
        image.random_crop(images(3, 4), [2, 5])
    with pytest.raises(ShapeError) as error:
        image.random_crop(images(3, 4), [2])
    assert message(error) == [
        "random_crop: needs one size for each axis",
        "  expected  2 integers",
        "  got       value float32 (3, 4), size int32 (1,)",
    ]


def test_the_gradient_of_a_random_part_is_where_it_was() -> None:
    x = images(5, 4)
    part = image.random_crop(x, [2, 3], seed=3)
    [g] = gradients(part, [x])
    value = np.arange(20, dtype=np.float32).reshape(5, 4)
    for _ in range(5):
        picked, where = Session().run([part, g], {x: value})
        assert sorted(value[where == 1].tolist()) == sorted(picked.reshape(-1).tolist())
        assert where.sum() == 6


def test_images_of_a_batch_flip_by_themselves() -> None:
    x = np.arange(400, dtype=np.float32).reshape(200, 1, 2, 1)
    y = Session().run(image.random_flip_left_right(x, seed=5))
    is_flipped = y[:, 0, 0, 0] > y[:, 0, 1, 0]
    assert 70 < is_flipped.sum() < 130
    assert (np.sort(y, axis=2) == x).all()
    z = Session().run(image.random_flip_up_down(x.reshape(200, 2, 1, 1), seed=6))
    assert 70 < (z[:, 0] > z[:, 1]).sum() < 130


def test_random_colours_differ_from_run_to_run_and_stay_in_range() -> None:
    x = np.random.default_rng(2).uniform(0.2, 0.8, (3, 4, 3))
    session = Session()
    for changed, limit in (
        (image.random_brightness(x, 0.2), 0.2),
        (image.random_contrast(x, 0.5, 1.5), 0.3),
        (image.random_hue(x, 0.3), 0.6),
        (image.random_saturation(x, 0.5, 1.0), 0.6),
    ):
        first, second = session.run(changed), session.run(changed)
        assert first.dtype == np.float64
        assert 0 < np.abs(first - second).max()
        assert 0 < np.abs(first - x).max() <= limit
    bright = np.array([session.run(image.random_brightness([0.0], 0.2, seed=9))[0]])
    assert np.abs(bright).max() <= 0.2


def test_ranges_of_chance() -> None:
    with pytest.raises(OptionError) as error:
        image.random_contrast(images(4, 4, 3), 1.0, 0.5)
    assert message(error) == [
        "random_contrast: an empty range",
        "  expected  a lower bound that is no greater than the upper one",
        "  got       1.0 and 0.5",
    ]
    with pytest.raises(OptionError, match="random_brightness: an empty range"):
        image.random_brightness(images(4, 4, 3), -0.5)
    with pytest.raises(OptionError) as error:
        image.random_hue(images(4, 4, 3), 0.7)
    assert message(error) == [
        "random_hue: no angle",
        "  expected  0 <= max_delta <= 0.5",
        "  got       0.7",
    ]


# Colours ------------------------------------------------------------------------------------------


def test_grey_has_no_hue_and_finite_gradients() -> None:
    x = constant(np.array([[0.5, 0.5, 0.5], [0.0, 0.0, 0.0]], np.float32))
    hsv = image.rgb_to_hsv(x)
    [g] = gradients(hsv, [x])
    value, slope = Session().run([hsv, g])
    assert value.tolist() == [[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]]
    assert np.isfinite(slope).all()


def test_every_byte_survives_the_way_through_floats() -> None:
    x = constant(np.arange(256, dtype=np.uint8))
    there = image.convert_image_dtype(x, "float32")
    assert (Session().run(image.convert_image_dtype(there, "uint8")) == np.arange(256)).all()


def test_hue_of_bytes() -> None:
    red = constant(np.array([[[255, 0, 0]]], np.uint8))
    assert Session().run(image.adjust_hue(red, 1 / 3)).tolist() == [[[0, 255, 0]]]


def test_channels() -> None:
    with pytest.raises(ShapeError, match="the parts do not make up the axis"):
        image.rgb_to_hsv(images(2, 2, 4))
    with pytest.raises(ShapeError, match="the parts do not make up the axis"):
        image.rgb_to_grayscale(images(2, 2, 1))


def test_image_dtypes() -> None:
    with pytest.raises(DtypeError) as error:
        image.convert_image_dtype(images(2, 2, 1), "bool")
    assert message(error) == [
        "convert_image_dtype: takes and gives numbers",
        "  expected  float or integer dtypes",
        "  got       image float32 (2, 2, 1), dtype bool",
    ]


def test_gamma() -> None:
    with pytest.raises(OptionError) as error:
        image.adjust_gamma(images(2, 2, 1), -1.0)
    assert message(error) == [
        "adjust_gamma: gamma is negative",
        "  expected  a number >= 0",
        "  got       -1.0",
    ]


# Likeness -----------------------------------------------------------------------------------------


def test_equal_images() -> None:
    x = np.random.default_rng(3).uniform(size=(2, 16, 16, 3)).astype(np.float32)
    ratio, likeness = Session().run([image.psnr(x, x, 1.0), image.ssim(x, x, 1.0)])
    assert ratio.tolist() == [np.inf, np.inf]
    np.testing.assert_allclose(likeness, [1.0, 1.0], rtol=1e-6)


def test_an_image_of_one_colour_is_standardized_to_zero() -> None:
    assert Session().run(image.per_image_standardization(np.full((2, 2, 1), 7))).tolist() == [
        [[0.0], [0.0]],
        [[0.0], [0.0]],
    ]


def test_unsigned_differences_do_not_wrap() -> None:
    x = constant(np.array([[[1], [200], [0]]], np.uint8))
    total, (_, dx) = Session().run([image.total_variation(x), image.image_gradients(x)])
    assert total == 399 and dx.reshape(-1).tolist() == [199, -200, 0]


def test_a_window_larger_than_the_images() -> None:
    with pytest.raises(ShapeError):
        image.ssim(images(8, 8, 1), images(8, 8, 1), 1.0)
    with pytest.raises(OptionError) as error:
        image.ssim(images(8, 8, 1), images(8, 8, 1), 1.0, filter_size=0)
    assert message(error) == [
        "ssim: filter_size is no count",
        "  expected  an integer >= 1",
        "  got       0",
    ]


# Boxes --------------------------------------------------------------------------------------------


def test_boxes_of_the_wrong_rank() -> None:
    with pytest.raises(ShapeError) as error:
        image.crop_and_resize(images(1, 4, 4, 3), images(4), constant([0]), 2)
    assert message(error) == [
        "crop_and_resize: image or boxes have the wrong rank",
        "  expected  image (batch, height, width, channels), boxes (boxes, 4), "
        "box_indices (boxes,)",
        "  got       image float32 (1, 4, 4, 3), boxes float32 (4,), box_indices int32 (1,)",
    ]
    with pytest.raises(OptionError) as error:
        image.crop_and_resize(images(1, 4, 4, 3), images(1, 4), [0], 2, "nearst")
    assert message(error) == [
        "crop_and_resize: unknown method",
        "  expected  'bilinear' or 'nearest'",
        "  got       'nearst'",
        "  hint      did you mean 'nearest'?",
    ]


def test_a_flipped_box_is_a_flipped_image() -> None:
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    y = Session().run(image.crop_and_resize(x, [[1.0, 0.0, 0.0, 1.0]], [0], [3, 4]))
    assert (y == x[:, ::-1]).all()


def test_equal_scores_keep_their_order_and_flat_boxes_stay() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]], np.float32)
    kept = image.non_max_suppression(boxes, np.ones(4, np.float32), 4)
    assert Session().run(kept).tolist() == [0, 3]
    scores = np.array([nan, 0.0, 1.0, 2.0], np.float32)
    assert Session().run(image.non_max_suppression(boxes, scores, 1)).tolist() == [3]


def test_what_is_made_of_the_kept_boxes() -> None:
    boxes = images(None, 4)
    scores = placeholder("float32", [None])
    kept = image.non_max_suppression(boxes, scores, 10)
    assert kept.shape == (None,)
    doubled = kept * 2
    value = np.array([[0, 0, 1, 1], [0, 0, 1, 1.1], [3, 3, 4, 4]], np.float32)
    assert Session().run(doubled, {boxes: value, scores: [1.0, 2.0, 3.0]}).tolist() == [4, 2]


def test_boxes_and_scores() -> None:
    with pytest.raises(ShapeError) as error:
        image.non_max_suppression(images(5, 4), np.ones(6, np.float32), 3)
    assert message(error) == [
        "NonMaxSuppression: boxes, scores and max_output_size do not fit together",
        "  expected  boxes (boxes, 4), scores (boxes,), max_output_size ()",
        "  got       boxes float32 (5, 4), scores float32 (6,), max_output_size int32 ()",
        "  node      'NonMaxSuppression'",
    ]
    with pytest.raises(OptionError) as error:
        image.non_max_suppression(images(5, 4), images(5), 3, iou_threshold=2)
    assert message(error) == [
        "non_max_suppression: no intersection over union",
        "  expected  0 <= iou_threshold <= 1",
        "  got       2",
    ]
