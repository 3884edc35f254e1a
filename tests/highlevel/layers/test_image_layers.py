"""Layers on images beyond what rows and Keras say: other oracles, bounds, models, errors."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.ndimage

from thalweg import layers
from thalweg import tf1 as tf
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Layer
from thalweg.models import Sequential, model_from_json
from thalweg.optimizers import SGD

Array = npt.NDArray[Any]


def pictures(*shape: int, seed: int = 0) -> Array:
    """Values of 0..255, float32."""
    raw = np.random.default_rng(seed).uniform(0, 255, shape or (3, 11, 14, 3))
    return raw.astype(np.float32)


def picked(x: Array, rows: Array, columns: Array, mode: str, order: int) -> Array:
    """SciPy's pixels of a batch at positions (batch, height, width)."""
    return np.stack(
        [
            np.stack(
                [
                    scipy.ndimage.map_coordinates(
                        image[..., c], [rows[i], columns[i]], order=order, mode=mode, cval=5.0
                    )
                    for c in range(image.shape[-1])
                ],
                axis=-1,
            )
            for i, image in enumerate(x.astype(np.float64))
        ]
    )


# Moved pixels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    ("fill_mode", "mode"),
    [
        ("wrap", "grid-wrap"),
        ("reflect", "reflect"),
        ("nearest", "nearest"),
        ("constant", "grid-constant"),
    ],
)
def test_rotation_is_scipys(fill_mode: str, mode: str, interpolation: str) -> None:
    """TensorFlow's "wrap" does not blend across the seam; this is SciPy's, which does."""
    x, degrees = pictures(), np.float32([20.0, -77.0, 160.0])
    layer = layers.RandomRotation(0.5, fill_mode, interpolation, fill_value=5.0)
    got = layer.transform_images(x, {"angle": degrees})
    turn = np.deg2rad(degrees.astype(np.float64))[:, None, None]
    down, along = np.mgrid[: x.shape[1], : x.shape[2]] - np.array([5.0, 6.5])[:, None, None]
    columns = np.cos(turn) * along - np.sin(turn) * down + 6.5
    rows = np.sin(turn) * along + np.cos(turn) * down + 5.0
    expected = picked(x, rows, columns, mode, 1 if interpolation == "bilinear" else 0)
    np.testing.assert_allclose(got, expected, rtol=0, atol=255e-4)


@pytest.mark.parametrize("mode", ["reflect", "mirror", "wrap", "nearest", "constant"])
def test_elastic_displacements_are_scipys(mode: str) -> None:
    x, strength = pictures(2, 26, 32, 1), 0.9
    layer = layers.RandomElasticTransform(fill_mode=mode, fill_value=5.0)
    drawn = layer.get_random_transformation(x)
    drawn.update(distortion_factor=strength, apply_transform=[True, True])
    alpha, sigma = 0.1 * strength * 32, 0.05 * strength * 26
    smooth = [
        scipy.ndimage.gaussian_filter(
            noise.astype(np.float64), (sigma, sigma, 0), mode="constant", radius=(3, 3, 0)
        )
        for noise in drawn["noise"]
    ]
    moved = np.stack(smooth) * (alpha * sigma)
    rows, columns = np.mgrid[:26, :32]
    scipys = {"wrap": "grid-wrap", "constant": "grid-constant"}.get(mode, mode)
    expected = picked(x, rows + moved[..., 0], columns + moved[..., 1], scipys, 1)
    np.testing.assert_allclose(layer.transform_images(x, drawn), expected, rtol=0, atol=255e-4)


def test_positive_rotation_is_anticlockwise() -> None:
    x = pictures(1, 6, 6, 2)
    got = layers.RandomRotation(1.0).transform_images(x, {"angle": [90.0]})
    np.testing.assert_allclose(got[0], np.rot90(x[0]), atol=1e-2)


def test_full_shifts_of_flips_and_translations_copy() -> None:
    x = pictures()
    flipped = layers.RandomFlip("horizontal").transform_images(x, {"flips": [True, False, True]})
    np.testing.assert_array_equal(flipped, np.stack([x[0][:, ::-1], x[1], x[2][:, ::-1]]))
    layer = layers.RandomTranslation(0.5, 0.5, "wrap")
    moved = layer.transform_images(x, {"translations": [[2.0, -3.0]] * 3})
    np.testing.assert_array_equal(moved, np.roll(x, (-3, 2), (1, 2)))


def test_random_crop_is_a_part_of_the_images() -> None:
    x = np.arange(2 * 6 * 7.0).reshape(2, 6, 7, 1).astype(np.float32)
    layer, seen = layers.RandomCrop(5, 4, seed=1), set()
    for _ in range(60):
        got = layer(x)
        top, left = divmod(int(got[0, 0, 0, 0]), 7)
        np.testing.assert_array_equal(got, x[:, top : top + 5, left : left + 4])
        seen.add((top, left))
    assert seen == {(top, left) for top in (0, 1) for left in (0, 1, 2, 3)}


def test_random_crop_at_rest_takes_the_largest_window() -> None:
    x = pictures(2, 8, 12, 1)
    got = layers.RandomCrop(4, 4)(x, training=False)
    middle = x[:, :, 2:10].reshape(2, 4, 2, 4, 2, 1)
    np.testing.assert_allclose(got, middle.mean((2, 4)), rtol=1e-5)
    small = layers.RandomCrop(16, 16)(x, training=True)
    np.testing.assert_array_equal(small, layers.RandomCrop(16, 16)(x, training=False))


def test_masks_follow_without_mixing_classes() -> None:
    x = pictures(4, 10, 12, 3)
    masks = (x[..., :1] > 128).astype(np.uint8) * 3
    for layer in (
        layers.RandomRotation(0.3),
        layers.RandomZoom(0.4),
        layers.RandomPerspective((1.0, 1.0)),
        layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0)),
        layers.RandomCrop(5, 5),
        layers.Resizing(5, 5),
    ):
        got = layer({"images": x, "segmentation_masks": masks})["segmentation_masks"]
        assert set(np.unique(got)) <= {0, 3}
    crop = layers.RandomCrop(5, 5)
    rested = crop({"images": x, "segmentation_masks": masks}, training=False)
    assert set(np.unique(rested["segmentation_masks"])) <= {0, 3}
    same = layers.RandomFlip()({"images": x, "segmentation_masks": x})
    np.testing.assert_array_equal(same["images"], same["segmentation_masks"])
    kept = layers.RandomBrightness(0.5)({"images": x, "segmentation_masks": masks})
    np.testing.assert_array_equal(kept["segmentation_masks"], masks)


# Colours ------------------------------------------------------------------------------------------


def _by_colorsys(x: Array, change: Callable[[Any], Any]) -> Array:
    """Python's own conversion of one pixel after another, of 0..1."""
    flat = [colorsys.hsv_to_rgb(*change(colorsys.rgb_to_hsv(*p))) for p in x.reshape(-1, 3)]
    return np.array(flat).reshape(x.shape)


@pytest.mark.parametrize("turn", [-0.4375, 0.1875, 0.5])
def test_hue_is_colorsyss(turn: float) -> None:
    x = pictures(1, 8, 8, 3).astype(np.float64)
    x[0, 0] = [[0, 0, 0], [9, 9, 9], [255, 0, 0], [0, 255, 0], [0, 0, 255], [5, 5, 1]] + [
        [255] * 3
    ] * 2
    got = layers.RandomHue(1.0, dtype="float64").transform_images(x, {"factor": [turn]})
    expected = _by_colorsys(x / 255, lambda p: ((p[0] + turn) % 1.0, p[1], p[2])) * 255
    np.testing.assert_allclose(got, expected, atol=1e-9)


@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.375, 3.0, 1e6])
@pytest.mark.parametrize("value_range", [(0, 255), (0, 1), (-1, 1)])
def test_saturation_is_colorsyss(value_range: tuple[int, int], factor: float) -> None:
    """Also where Keras 3.15 leaves the range of values."""
    low, high = value_range
    shares = pictures(1, 8, 8, 3).astype(np.float64) / 255
    shares[0, 0, :3] = [[0, 0, 0], [0.5, 0.5, 0.5], [1, 0, 0]]
    layer = layers.RandomSaturation(1.0, value_range, dtype="float64")
    got = layer.transform_images(shares * (high - low) + low, {"factor": [factor]})
    expected = _by_colorsys(shares, lambda p: (p[0], min(max(p[1] * factor, 0.0), 1.0), p[2]))
    np.testing.assert_allclose(got, expected * (high - low) + low, atol=1e-9)
    assert low - 1e-9 <= got.min() and got.max() <= high + 1e-9


def test_jitter_is_its_steps_one_after_another() -> None:
    x = pictures()
    layer = layers.RandomColorJitter((0, 255), 0.3, 0.4, (0.2, 0.8), 0.5)
    drawn = layer.get_random_transformation(x)
    y = x
    for name, make in (
        ("brightness", layers.RandomBrightness),
        ("contrast", layers.RandomContrast),
        ("saturation", layers.RandomSaturation),
        ("hue", layers.RandomHue),
    ):
        y = make(1.0).transform_images(y, drawn[name])
    np.testing.assert_allclose(layer.transform_images(x, drawn), y, atol=1e-3)


def test_channels_of_one_value_stay() -> None:
    x = np.full((2, 5, 6, 2), 0.0, np.float32)
    x[..., 1] = 77.0
    for layer in (layers.AutoContrast(), layers.Equalization()):
        np.testing.assert_array_equal(layer(x), x)


def test_negatives_of_other_ranges_stay_within_them() -> None:
    x = np.float32([[[-1.0], [0.5]]])
    assert layers.RandomInvert((1, 1), (-1, 1))(x).ravel().tolist() == [1.0, -0.5]


def test_three_channels_are_needed() -> None:
    for layer in (layers.RandomHue(0.5), layers.RandomSaturation(0.5)):
        with pytest.raises(ShapeError, match="takes red, green and blue"):
            layer(pictures(1, 4, 4, 4))


# What is drawn ------------------------------------------------------------------------------------

_BOUNDS: list[tuple[Layer, str, float, float]] = [
    (layers.RandomRotation(0.25), "angle", -90.0, 90.0),
    (layers.RandomRotation((0.1, 0.2)), "angle", 36.0, 72.0),
    (layers.RandomTranslation((-0.5, 0.0), 0.0), "translations", -5.0, 0.0),
    (layers.RandomZoom((-0.5, -0.2), (0.3, 0.6)), "height_zoom", 0.5, 0.8),
    (layers.RandomZoom((-0.5, -0.2), (0.3, 0.6)), "width_zoom", 1.3, 1.6),
    (layers.RandomShear(0.5, 0.5), "shear_factor", -0.5, 0.5),
    (layers.RandomBrightness(0.2, (0, 1)), "rgb_delta", -0.2, 0.2),
    (layers.RandomContrast((0.3, 0.6)), "contrast_factor", 0.7, 1.6),
    (layers.RandomHue(0.4), "factor", -0.2, 0.2),
    (layers.RandomSaturation((0.2, 0.5)), "factor", 0.25, 1.0),
    (layers.Solarization(0.5, 0.0), "additions", 0.0, 127.5),
    (layers.Solarization(0.0, (0.2, 0.6)), "thresholds", 51.0, 153.0),
    (layers.RandomPosterization((2, 5)), "shift_factor", 4.0, 6.0),
    (layers.RandomSharpness((0.1, 0.3)), "factor", 0.1, 0.3),
]


@pytest.mark.parametrize(("layer", "name", "low", "high"), _BOUNDS)
def test_numbers_fill_their_range(layer: Any, name: str, low: float, high: float) -> None:
    drawn = layer.get_random_transformation(np.zeros((800, 10, 2, 3)), seed=7)[name]
    assert drawn.shape[0] == 800
    slack = 1e-5 * max(abs(low), abs(high))
    assert low - slack <= drawn.min() and drawn.max() <= high + slack
    assert drawn.max() - drawn.min() >= 0.97 * (high - low)
    if name != "translations":  # of which one is always 0
        assert len(np.unique(drawn.ravel())) > 2


def test_half_of_the_images_are_mirrored() -> None:
    flips = layers.RandomFlip(seed=2).get_random_transformation(np.zeros((2000, 1, 1, 1)))["flips"]
    assert 900 < flips.sum() < 1100


@pytest.mark.parametrize(
    ("layer", "name", "probability"),
    [
        (layers.RandomGrayscale(0.3), "should_apply", 0.3),
        (layers.RandomInvert(0.6), "apply_inversion", 0.3),
        (layers.RandomErasing((0.4, 0.8), fill_value=0), "apply_erasing", 0.6),
        (layers.RandomGaussianBlur((0.1, 0.1)), "should_apply_blur", 0.1),
        (layers.RandomPerspective(1.0), "apply_perspective", 0.5),
        (layers.RandomElasticTransform(0.5), "apply_transform", 0.25),
    ],
)
def test_probabilities(layer: Any, name: str, probability: float) -> None:
    """One number p stands for a probability between 0 and p: p / 2 in the mean."""
    drawn = layer.get_random_transformation(np.zeros((4000, 2, 2, 3)), seed=1)[name]
    assert abs(drawn.mean() - probability) < 4 * np.sqrt(0.25 / 4000)


def test_numbers_differ_between_layers_and_calls() -> None:
    x = np.zeros((50, 4, 4, 3))
    rotation, other = layers.RandomRotation(0.5), layers.RandomRotation(0.5)
    angles = [layer.get_random_transformation(x)["angle"] for layer in (rotation, rotation, other)]
    assert len(np.unique(np.concatenate(angles))) == 150
    shears = layers.RandomShear(0.5, 0.5, seed=3).get_random_transformation(x)["shear_factor"]
    assert abs(np.corrcoef(np.abs(shears).T)[0, 1]) < 0.5


def test_layers_inside_others_take_no_streams() -> None:
    """So that adding RandAugment elsewhere changes nobody's numbers."""
    x = np.zeros((5, 4, 4, 3))
    angles = []
    for make in (lambda: None, layers.RandAugment):
        from thalweg.core import set_seed

        set_seed(6)
        make()
        angles.append(layers.RandomRotation(0.5).get_random_transformation(x)["angle"])
    np.testing.assert_array_equal(*angles)


# Mixed images -------------------------------------------------------------------------------------


def test_cut_mix_labels_are_shares_of_areas() -> None:
    count = 64
    x = np.broadcast_to(np.arange(count)[:, None, None, None], (count, 20, 20, 1))
    got = layers.CutMix(seed=1)({"images": x, "labels": np.eye(count)})
    assert set(np.unique(got["images"])) <= set(range(count))
    own = np.mean(got["images"] == x, axis=(1, 2, 3))
    share = np.diag(got["labels"])
    assert own.min() < 0.5
    # a side of l pixels covers l - 1 to l + 1 of them
    np.testing.assert_allclose(share, own, atol=0.11)
    np.testing.assert_allclose(got["labels"].sum(1), 1.0, atol=1e-5)


def test_mix_up_weighs_images_as_labels() -> None:
    count = 32
    x = np.eye(count, dtype=np.float32).reshape(count, 1, count, 1)
    got = layers.MixUp(1.0, seed=1)({"images": x, "labels": np.eye(count)})
    np.testing.assert_allclose(got["images"].reshape(count, count), got["labels"], atol=1e-6)
    assert (np.diag(got["labels"]) < 1).sum() > count / 2


def test_numbers_of_classes_are_not_mixed() -> None:
    with pytest.raises(ShapeError, match="numbers of classes cannot be mixed"):
        layers.MixUp()({"images": pictures(), "labels": np.arange(3)})


def test_one_image_is_not_mixed() -> None:
    x = pictures()[0]
    for layer in (layers.MixUp(), layers.CutMix()):
        np.testing.assert_allclose(layer(x), x, rtol=1e-6)


def test_erased_rectangles() -> None:
    x = np.zeros((200, 30, 20, 1), np.float32)
    layer = layers.RandomErasing((1.0, 1.0), (0.25, 0.25), fill_value=9.0, seed=4)
    got = layer(x)[..., 0] == 9
    for image in got:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert image.sum() == len(rows) * len(columns)  # a rectangle
        assert 14 <= len(rows) <= 16 and 9 <= len(columns) <= 11
    # everywhere, in one image or another; only the first row and column are never reached
    assert got.any(0)[1:, 1:].all()
    noise = layers.RandomErasing((1.0, 1.0), (1.0, 1.0), value_range=(0, 1))(x)
    assert noise.min() == 0 and noise.max() == 1 and len(np.unique(noise)) > 1000


# Policies -----------------------------------------------------------------------------------------


def test_rand_augment_applies_the_drawn_layer() -> None:
    x = pictures() * 0.7
    layer = layers.RandAugment(num_ops=1)
    drawn = layer.get_random_transformation(x)
    for number, other in ((9, layers.AutoContrast()), (10, layers.Equalization())):
        got = layer.transform_images(x, {**drawn, "layer_idxes": [number]})
        np.testing.assert_allclose(got, other(x), atol=1e-3)
    numbers = {int(n) for _ in range(80) for n in layer.get_random_transformation(x)["layer_idxes"]}
    assert numbers == set(range(11))


def test_aug_mix_of_no_layer_is_the_image() -> None:
    x = pictures()
    layer = layers.AugMix(num_chains=2, chain_depth=1, all_ops=False)
    drawn = layer.get_random_transformation(x)
    assert drawn["chain_mixing_weights"].sum() == pytest.approx(1.0)
    got = layer.transform_images(x, {**drawn, "layer_idxes": [[7], [7]]})
    np.testing.assert_allclose(got, x, atol=1e-3)


# Models and pipelines -----------------------------------------------------------------------------


def test_fit_augments_and_evaluate_does_not() -> None:
    x = np.full((8, 2, 2, 1), 0.25, np.float32)
    model = Sequential(
        [
            layers.RandomInvert((1.0, 1.0), (0, 1), input_shape=(2, 2, 1)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    model.compile(SGD(0.0), "mse")
    history = model.fit(x, np.zeros((8, 1)), verbose=0)
    assert history.history["loss"] == [pytest.approx(0.75**2)]
    assert model.evaluate(x, np.zeros((8, 1)), verbose=0) == pytest.approx(0.25**2)


def test_pipeline_is_its_layers() -> None:
    x = pictures()
    steps = [layers.Resizing(6, 5), layers.RandomFlip(seed=3), layers.Rescaling(1 / 255)]
    pipeline = layers.Pipeline(steps)
    assert pipeline.layers == steps
    expected = x
    for step in (layers.Resizing(6, 5), layers.RandomFlip(seed=3), layers.Rescaling(1 / 255)):
        expected = step(expected)
    np.testing.assert_array_equal(pipeline(x), expected)
    rested = steps[2](steps[0](x))
    np.testing.assert_array_equal(pipeline(x, training=False), rested)
    again = layers.Pipeline.from_config(pipeline.get_config())
    np.testing.assert_array_equal(again(x, training=False), rested)
    with pytest.raises(OptionError, match="not a layer"):
        layers.Pipeline([abs])  # type: ignore[list-item]


def test_models_of_image_layers_are_read_back() -> None:
    inner = layers.Pipeline([layers.RandomZoom((-0.2, 0.2)), layers.RandomContrast(0.1)])
    model = Sequential([inner, layers.CenterCrop(4, 4), layers.Flatten(), layers.Dense(2)])
    model.build((None, 8, 8, 3))
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    x = pictures(2, 8, 8, 3)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_in_a_data_pipeline() -> None:
    x = np.arange(6 * 4 * 4.0).reshape(6, 4, 4, 1).astype(np.float32)
    layer = layers.RandomFlip("horizontal", seed=1)
    data = tf.data.Dataset.from_tensor_slices(x).batch(3).map(layer)
    batches = []
    with tf.Session() as session:
        following = data.make_one_shot_iterator().get_next()
        for _ in range(2):
            batches.append(session.run(following))
    got = np.concatenate(batches)
    is_flipped = [np.array_equal(a, b[:, ::-1]) for a, b in zip(got, x, strict=True)]
    assert all(f or np.array_equal(a, b) for f, a, b in zip(is_flipped, got, x, strict=True))
    assert 0 < sum(is_flipped)


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.RandomRotation(1.5), "a number, or two, -1 <= factor <= 1"),
        (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), "bad factor"),
        (lambda: layers.RandomRotation("much"), "bad factor"),
        (lambda: layers.RandomRotation(0.1, "around"), "bad fill_mode"),
        (lambda: layers.RandomRotation(0.1, interpolation="cubic"), "bad interpolation"),
        (lambda: layers.RandomZoom(-1.0), "-1 < height_factor <= 1"),
        (lambda: layers.RandomShear(-1.1), "-1 <= x_factor <= 1"),
        (lambda: layers.RandomTranslation(0.1, 2), "bad width_factor"),
        (lambda: layers.RandomFlip("sideways"), "bad mode"),
        (lambda: layers.RandomFlip(seed=-1), "bad seed"),
        (lambda: layers.RandomFlip(data_format="last"), "bad data_format"),
        (lambda: layers.RandomBrightness(0.1, 255), "bad value_range"),
        (lambda: layers.RandomBrightness(0.1, (1, 1)), "bad value_range"),
        (lambda: layers.RandomPosterization(9), "bad factor"),
        (lambda: layers.RandomPosterization((1.5, 3)), "an integer"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), "an odd integer"),
        (lambda: layers.RandomErasing(fill_value="black"), "bad fill_value"),
        (lambda: layers.RandomGrayscale((0.1, 0.2)), "bad factor"),
        (lambda: layers.MixUp(0.0), "alpha"),
        (lambda: layers.Resizing(0, 5), "bad height"),
        (lambda: layers.Resizing(5, 5, "area"), "bad interpolation"),
        (lambda: layers.Resizing(5, 5, fill_mode="wrap"), "bad fill_mode"),
        (
            lambda: layers.Resizing(5, 5, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "both cropped and padded",
        ),
        (lambda: layers.RandAugment(num_ops=0), "bad num_ops"),
        (lambda: layers.Rescaling("a lot"), "bad scale"),
        (lambda: layers.RandomCrop(3, 3, padding=1), "has no argument 'padding'"),
    ],
)
def test_bad_arguments(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        make()


def test_bad_data() -> None:
    flip = layers.RandomFlip()
    with pytest.raises(ShapeError, match="takes images"):
        flip(np.zeros((4, 4)))
    with pytest.raises(OptionError, match="a dict of other things"):
        flip({"labels": np.zeros(3)})
    boxes = {"images": pictures(), "bounding_boxes": np.zeros((3, 1, 4))}
    with pytest.raises(OptionError, match="bounding boxes are not moved along"):
        flip(boxes)
    with pytest.raises(ShapeError, match="the size of the images is not known"):
        layers.CenterCrop(4, 4)(layers.Input((None, None, 3)))


def test_open_sizes() -> None:
    """Most layers need no known height and width."""
    for layer in (layers.RandomRotation(0.3), layers.RandomElasticTransform(), layers.CutMix()):
        assert layer(layers.Input((None, None, 3))).shape == (None, None, None, 3)
