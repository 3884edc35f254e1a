"""`tf.image`: each function once, against NumPy, Python's colorsys, and pictures done by hand."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError

RANDOM = np.random.default_rng(5)
P = RANDOM.uniform(0.1, 0.9, (4, 6, 3))
Q = np.clip(P + RANDOM.normal(size=P.shape) * 0.05, 0, 1)
GREY = P[..., :1]


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        yield


def run(fetches: Any) -> Any:
    with tf.Session() as session:
        return session.run(fetches)


def each(function: Callable[..., Any]) -> np.ndarray:
    return np.array([[function(*pixel) for pixel in row] for row in P])


def turned(r: float, g: float, b: float) -> Any:
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb((h + 0.2) % 1, s, v)


def duller(r: float, g: float, b: float) -> Any:
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb(h, s * 0.5, v)


def slopes(axis: int) -> np.ndarray:
    channels = np.moveaxis(P, -1, 0)
    return np.stack([scipy.ndimage.sobel(c, axis, mode="mirror") for c in channels], -1)


MEAN = P.mean((0, 1))
HSV = each(colorsys.rgb_to_hsv)
DOWN = np.append(np.diff(P, axis=0), np.zeros((1, 6, 3)), 0)
RIGHT = np.append(np.diff(P, axis=1), np.zeros((4, 1, 3)), 1)
ROWS: dict[str, tuple[Callable[[], Any], Any]] = {
    "adjust_brightness": (lambda: tf.image.adjust_brightness(P, 0.1), P + 0.1),
    "adjust_contrast": (lambda: tf.image.adjust_contrast(P, 2.0), (P - MEAN) * 2 + MEAN),
    "adjust_gamma": (lambda: tf.image.adjust_gamma(P, 2, 3), 3 * P**2),
    "adjust_hue": (lambda: tf.image.adjust_hue(P, 0.2), each(turned)),
    "adjust_saturation": (lambda: tf.image.adjust_saturation(P, 0.5), each(duller)),
    "central_crop": (lambda: tf.image.central_crop(P, 0.5), P[1:3, 1:5]),
    "convert_image_dtype": (
        lambda: tf.image.convert_image_dtype(tf.constant([0, 51], tf.uint8), tf.float32),
        [0, 0.2],
    ),
    "crop_and_resize": (
        lambda: tf.image.crop_and_resize(P[None], [[0.0, 0.0, 1.0, 1.0]], [0], [2, 2]),
        P[None, ::3, ::5],
    ),
    "crop_to_bounding_box": (lambda: tf.image.crop_to_bounding_box(P, 1, 2, 2, 3), P[1:3, 2:5]),
    "extract_image_patches": (
        lambda: tf.image.extract_image_patches(
            P[None], [1, 4, 6, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
        ),
        P.reshape(1, 1, 1, -1),
    ),
    "flip_left_right": (lambda: tf.image.flip_left_right(P), P[:, ::-1]),
    "flip_up_down": (lambda: tf.image.flip_up_down(P), P[::-1]),
    "grayscale_to_rgb": (lambda: tf.image.grayscale_to_rgb(GREY), np.repeat(GREY, 3, -1)),
    "hsv_to_rgb": (lambda: tf.image.hsv_to_rgb(HSV), P),
    "image_gradients": (lambda: tf.stack(tf.image.image_gradients(P[None])), [[DOWN], [RIGHT]]),
    "non_max_suppression": (
        lambda: tf.image.non_max_suppression(
            [[0.0, 0, 1, 1], [0, 0.1, 1, 1.1], [2, 0, 3, 1]], [0.5, 0.9, 0.1], 3, name="kept"
        ),
        [1, 2],
    ),
    "pad_to_bounding_box": (
        lambda: tf.image.pad_to_bounding_box(P, 1, 0, 6, 7),
        np.pad(P, [(1, 1), (0, 1), (0, 0)]),
    ),
    "per_image_standardization": (
        lambda: tf.image.per_image_standardization(P),
        (P - P.mean()) / P.std(),
    ),
    "psnr": (lambda: tf.image.psnr(P, Q, 1.0), -10 * np.log10(((P - Q) ** 2).mean())),
    "resize_area": (
        lambda: tf.image.resize_area(P[None], [2, 3]),
        P.reshape(1, 2, 2, 3, 2, 3).mean((2, 4)),
    ),
    "resize_bicubic": (lambda: tf.image.resize_bicubic(P[None], [4, 6]), P[None]),
    "resize_bilinear": (
        lambda: tf.image.resize_bilinear(P[None], [7, 11], align_corners=True),
        scipy.ndimage.zoom(P, (7 / 4, 11 / 6, 1), order=1)[None],
    ),
    "resize_image_with_crop_or_pad": (
        lambda: tf.image.resize_image_with_crop_or_pad(P, 2, 8),
        np.pad(P[1:3], [(0, 0), (1, 1), (0, 0)]),
    ),
    "resize_image_with_pad": (
        lambda: tf.image.resize_image_with_pad(P, 6, 6),
        np.pad(P, [(1, 1), (0, 0), (0, 0)]),
    ),
    "resize_images": (lambda: tf.image.resize_images(P, [2, 3], 1), P[::2, ::2]),
    "resize_nearest_neighbor": (
        lambda: tf.image.resize_nearest_neighbor(P[None], [8, 12]),
        P.repeat(2, 0).repeat(2, 1)[None],
    ),
    "rgb_to_grayscale": (
        lambda: tf.image.rgb_to_grayscale(P),
        P @ np.array([[0.2989], [0.587], [0.114]]),
    ),
    "rgb_to_hsv": (lambda: tf.image.rgb_to_hsv(P), HSV),
    "rot90": (lambda: tf.image.rot90(P, 3), np.rot90(P, 3)),
    "sobel_edges": (
        lambda: tf.image.sobel_edges(P[None]),
        np.stack([slopes(0), slopes(1)], -1)[None],
    ),
    "total_variation": (
        lambda: tf.image.total_variation(P),
        np.abs(DOWN).sum() + np.abs(RIGHT).sum(),
    ),
    "transpose_image": (lambda: tf.image.transpose_image(P), P.transpose(1, 0, 2)),
}
DRAWN = {
    "random_brightness",
    "random_contrast",
    "random_crop",
    "random_flip_left_right",
    "random_flip_up_down",
    "random_hue",
    "random_saturation",
}
SAME = {
    "resize": "resize_images",
    "resize_with_crop_or_pad": "resize_image_with_crop_or_pad",
    "transpose": "transpose_image",
}


@pytest.mark.parametrize("name", ROWS)
def test_value(name: str) -> None:
    build, expected = ROWS[name]
    np.testing.assert_allclose(run(build()), expected, rtol=1e-5, atol=1e-6)


def test_every_name_has_a_row() -> None:
    assert set(tf.image.__all__) == {*ROWS, *DRAWN, *SAME, "ResizeMethod", "ssim"}
    for newer, older in SAME.items():
        assert getattr(tf.image, newer) is getattr(tf.image, older)


def test_ssim() -> None:
    big = RANDOM.uniform(size=(12, 13, 1))
    other = np.clip(big + RANDOM.normal(size=big.shape) * 0.1, 0, 1)
    a, b = run([tf.image.ssim(big, big, 1.0), tf.image.ssim(big, other, 1.0)])
    axis = np.arange(11) - 5
    window = np.exp(-(axis**2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2
    scores = []
    for y in range(2):
        for x in range(3):
            p, q = (i[y : y + 11, x : x + 11, 0] for i in (big, other))
            m, n = (window * p).sum(), (window * q).sum()
            vp, vq = (window * p * p).sum() - m * m, (window * q * q).sum() - n * n
            both = (window * p * q).sum() - m * n
            luminance = (2 * m * n + 1e-4) / (m * m + n * n + 1e-4)
            scores.append(luminance * (2 * both + 9e-4) / (vp + vq + 9e-4))
    np.testing.assert_allclose(a, 1, rtol=1e-6)
    np.testing.assert_allclose(b, np.mean(scores), rtol=1e-5)


def test_where_pixels_lie() -> None:
    """TF1's pixel i at i * scale, aligned corners, and TF2's centres, on a ramp."""
    ramp = np.arange(4.0).reshape(1, 1, 4, 1)
    plain, aligned, centres = run(
        [
            tf.image.resize_bilinear(ramp, [1, 7]),
            tf.image.resize_bilinear(ramp, [1, 7], align_corners=True),
            tf.image.resize_bilinear(ramp, [1, 7], half_pixel_centers=True),
        ]
    )
    i = np.arange(7)
    np.testing.assert_allclose(plain.reshape(-1), np.clip(i * 4 / 7, 0, 3), rtol=1e-6)
    np.testing.assert_allclose(aligned.reshape(-1), i / 2, rtol=1e-6)
    np.testing.assert_allclose(
        centres.reshape(-1), np.clip((i + 0.5) * 4 / 7 - 0.5, 0, 3), atol=1e-6
    )


def test_methods_of_resize_images() -> None:
    images = tf.constant(RANDOM.integers(0, 255, (2, 4, 4, 1)), tf.uint8)
    methods = tf.image.ResizeMethod
    results = run(
        [
            tf.image.resize_images(images, [2, 2], method)
            for method in (methods.BILINEAR, methods.NEAREST_NEIGHBOR, methods.BICUBIC, "area")
        ]
    )
    assert [r.dtype for r in results] == [np.float32, np.uint8, np.float32, np.float32]
    assert all(r.shape == (2, 2, 2, 1) for r in results)
    assert tf.image.resize_images(images, [4, 4]).dtype == tf.uint8
    kept = tf.image.resize_images(images, [8, 2], preserve_aspect_ratio=True)
    assert run(kept).shape == (2, 2, 2, 1)
    with pytest.raises(OptionError) as caught:
        tf.image.resize_images(images, [2, 2], "bilinaer")
    assert str(caught.value) == (
        "resize_images: unknown method\n"
        "  expected  0 (bilinear) or 1 (nearest) or 2 (bicubic) or 3 (area)\n"
        "  got       'bilinaer'\n"
        "  hint      did you mean 'bilinear'?"
    )
    with pytest.raises(OptionError, match="pixels lie in one place"):
        tf.image.resize_bicubic(images, [2, 2], align_corners=True, half_pixel_centers=True)
    with pytest.raises(OptionError, match="areas have no corners to align"):
        tf.image.resize_area(images, [2, 2], align_corners=True)
    with pytest.raises(OptionError, match="crop_and_resize: crop_size is missing"):
        tf.image.crop_and_resize(images, [[0.0, 0, 1, 1]], [0])


def test_drawn_images() -> None:
    images = [
        tf.image.random_brightness(P, 0.3, seed=1) - P,
        tf.image.random_contrast(P, 0.5, 1.5, seed=1),
        tf.image.random_hue(P, 0.2, seed=1),
        tf.image.random_saturation(P, 0.5, 1.5, seed=1),
        tf.image.random_crop(P, [2, 3, 3], seed=1),
        tf.image.random_flip_left_right(P, seed=1),
        tf.image.random_flip_up_down(P, seed=1),
    ]
    with tf.Session() as session:
        draws = [session.run(images) for _ in range(16)]
    added = [draw[0] for draw in draws]
    assert all(np.ptp(a) < 1e-6 and abs(a.mean()) <= 0.3 for a in added)
    factors = [((draw[1] - MEAN) / (P - MEAN)).mean() for draw in draws]
    assert all(0.5 <= factor <= 1.5 for factor in factors)
    for draw in draws:
        hsv = np.array([colorsys.rgb_to_hsv(*p) for p in draw[2].reshape(-1, 3)])
        np.testing.assert_allclose(hsv[:, 2], HSV[..., 2].reshape(-1), atol=1e-5)
        assert any(
            np.allclose(draw[4], P[y : y + 2, x : x + 3]) for y in range(3) for x in range(4)
        )
        assert any(np.allclose(draw[5], p) for p in (P, P[:, ::-1]))
        assert any(np.allclose(draw[6], p) for p in (P, P[::-1]))
    for number in range(len(images)):
        assert len({draw[number].tobytes() for draw in draws}) > 1
