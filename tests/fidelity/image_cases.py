"""Pictures, and arguments of image generators, that Keras and thalweg are both given."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

PARAMETERS = (
    "theta tx ty shear zx zy flip_horizontal flip_vertical channel_shift_intensity brightness"
).split()


class Case(NamedTuple):
    """One transformation: what a generator is made with, of which picture, and the seed."""

    arguments: dict[str, Any]
    shape: tuple[int, int, int] = (20, 24, 3)
    seed: int = 0


CASES = {
    "rotation": Case({"rotation_range": 40}, seed=1),
    "shift": Case({"width_shift_range": 0.3, "height_shift_range": 0.2}, seed=2),
    "shift by pixels": Case(
        {"width_shift_range": 5, "height_shift_range": [-4, 3, 6], "fill_mode": "wrap"}, seed=3
    ),
    "shift by floats": Case({"width_shift_range": 2.5, "height_shift_range": 1.0}, seed=4),
    "shear": Case({"shear_range": 30, "fill_mode": "reflect"}, seed=5),
    "zoom": Case({"zoom_range": [0.5, 1.5], "fill_mode": "constant", "cval": 100.0}, seed=6),
    "flips": Case({"horizontal_flip": True, "vertical_flip": True}, seed=9),
    "channel shift": Case({"channel_shift_range": 60.0}, seed=8),
    "brightness": Case({"brightness_range": [0.4, 1.7]}, seed=10),
    "brightness of a turned picture": Case(
        {"brightness_range": [0.4, 1.7], "rotation_range": 40, "shear_range": 20}, seed=17
    ),
    "grey brightness": Case({"brightness_range": [1.2, 1.9]}, (15, 11, 1), seed=11),
    "nearest pixel": Case(
        {"rotation_range": 90, "zoom_range": 0.3, "interpolation_order": 0}, seed=12
    ),
    "all": Case(
        {
            "rotation_range": 25,
            "width_shift_range": 0.2,
            "height_shift_range": 0.2,
            "shear_range": 15,
            "zoom_range": 0.3,
            "channel_shift_range": 40,
            "horizontal_flip": True,
            "vertical_flip": True,
            "fill_mode": "nearest",
        },
        (17, 30, 3),
        seed=13,
    ),
    "channels first": Case(
        {"rotation_range": 25, "width_shift_range": 0.2, "data_format": "channels_first"},
        (3, 18, 13),
        seed=14,
    ),
}

STATISTICS: dict[str, dict[str, Any]] = {
    "mean and deviation": {
        "featurewise_center": True,
        "featurewise_std_normalization": True,
        "rescale": 0.5,
    },
    "whitening": {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 0.1},
    "by sample": {"samplewise_center": True, "samplewise_std_normalization": True},
    "channels first": {
        "featurewise_center": True,
        "featurewise_std_normalization": True,
        "data_format": "channels_first",
    },
}


def picture(shape: tuple[int, int, int], channels_first: bool = False) -> np.ndarray:
    """Waves, edges and flat parts in whole numbers from 0 to 255, float32."""
    rows, columns, channels = (*shape[1:], shape[0]) if channels_first else shape
    y, x, c = np.mgrid[:rows, :columns, :channels].astype(np.float64)
    waves = 127 + 120 * np.sin(0.7 * x + 0.3 * c) * np.cos(0.5 * y - 0.2 * c)
    waves[rows // 3 : rows // 2] = 255 - 40 * c[rows // 3 : rows // 2]
    waves[:, : columns // 6] = 0
    x = np.clip(np.rint(waves), 0, 255).astype(np.float32)
    return np.ascontiguousarray(np.moveaxis(x, -1, 0)) if channels_first else x


def case_picture(case: Case) -> np.ndarray:
    return picture(case.shape, case.arguments.get("data_format") == "channels_first")


def batch(channels_first: bool = False) -> np.ndarray:
    """Small pictures, (120, 3, 4, 3) or channels first, float32.

    They are more than their values, 36: else whitening blows up what rounding leaves of zeros.
    """
    x = np.random.default_rng(5).integers(0, 256, (120, 3, 4, 3)).astype(np.float32)
    x[..., 1] *= 0.5
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if channels_first else x


def random_cases(count: int) -> dict[str, Case]:
    """So many more transformations, of arbitrary arguments and sizes."""
    rng = np.random.default_rng(2)
    cases = {}
    for number in range(count):
        arguments: dict[str, Any] = {
            "rotation_range": float(rng.choice([0, 10, 180])),
            "width_shift_range": [0.0, 0.3, 4, 1.5][rng.integers(4)],
            "height_shift_range": [0.0, 0.2, 7, [0.1, 0.3]][rng.integers(4)],
            "shear_range": float(rng.choice([0, 45])),
            "zoom_range": [0.0, 0.4, [0.3, 2.0]][rng.integers(3)],
            "channel_shift_range": float(rng.choice([0, 50])),
            "horizontal_flip": bool(rng.integers(2)),
            "vertical_flip": bool(rng.integers(2)),
            "fill_mode": ["nearest", "constant", "reflect", "wrap"][rng.integers(4)],
            "cval": float(rng.integers(256)),
            "interpolation_order": int(rng.integers(2)),
        }
        shape = (int(rng.integers(5, 300)), int(rng.integers(5, 300)), int(rng.choice([1, 3])))
        cases[f"draw {number}"] = Case(arguments, shape, number)
    return cases


RESIZED_SHAPES = [(13, 20, 3), (9, 8, 1)]
RESIZED_SIZES = [(8, 8), (17, 11)]
RESIZED_METHODS = ["bilinear", "nearest", "bicubic", "area", "lanczos3", "gaussian"]
