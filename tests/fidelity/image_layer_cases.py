"""Layers on images whose results real Keras and thalweg are compared by: with equal parameters.

`make_image_layers.py` lets Keras draw what is done to each image, and keeps that and the result;
`test_image_layers.py` gives thalweg's layers the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["CASES", "Case", "colour_steps", "flat", "nested", "pictures"]

SHAPE = (3, 9, 7, 3)


@dataclass(frozen=True)
class Case:
    """A layer and what it is given.

    Args:
        layer: the name of its class.
        options: its arguments.
        greatest: the greatest value of the images, the least being 0.
        shape: of the images.
    """

    layer: str
    options: dict[str, Any] = field(default_factory=dict)
    greatest: float = 255.0
    shape: tuple[int, ...] = SHAPE

    @property
    def images(self) -> np.ndarray:
        """The images, float32, with the channels where the layer expects them."""
        x = pictures(self.shape) * np.float32(self.greatest / 255.0)
        if self.options.get("data_format") == "channels_first":
            return np.ascontiguousarray(np.moveaxis(x, -1, 1))
        return x


def pictures(shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers of 0..255 as float32, without runs of equal ones."""
    raw = np.random.Generator(np.random.PCG64(11)).integers(0, 256, shape)
    return raw.astype(np.float32)


def colour_steps(layer: Any) -> dict[str, Any]:
    """The layers inside Keras's RandomColorJitter by the names of their parameters here."""
    names = ("brightness", "contrast", "saturation", "hue")
    found = {name: getattr(layer, f"random_{name}") for name in names}
    return {name: step for name, step in found.items() if step is not None}


def flat(value: Any, path: str = "") -> dict[str, np.ndarray]:
    """Nested dicts and lists of arrays as one dict of paths, without what is None."""
    if isinstance(value, dict):
        pairs = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(f"[{place}]", item) for place, item in enumerate(value)]
    else:
        return {} if value is None else {path: np.asarray(value)}
    result: dict[str, np.ndarray] = {}
    for name, item in pairs:
        result.update(flat(item, f"{path}/{name}" if path else name))
    return result


def nested(arrays: dict[str, np.ndarray]) -> Any:
    """What `flat` took apart; lists stay dicts of their places."""
    result: dict[str, Any] = {}
    for path, array in arrays.items():
        *parents, last = path.split("/")
        inner = result
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = array
    return result


_WARPS: dict[str, tuple[str, dict[str, Any]]] = {
    "rotation": ("RandomRotation", {"factor": 0.4}),
    "translation": ("RandomTranslation", {"height_factor": 0.6, "width_factor": (-0.7, 0.3)}),
    "zoom": ("RandomZoom", {"height_factor": (-0.6, 0.8), "width_factor": 0.5}),
    "zoom alike": ("RandomZoom", {"height_factor": 0.7}),
    "shear": ("RandomShear", {"x_factor": 0.8, "y_factor": (0.1, 0.5)}),
}
_FILLS: tuple[dict[str, Any], ...] = (
    {"fill_mode": "reflect"},
    {"fill_mode": "nearest"},
    {"fill_mode": "constant", "fill_value": 7.0},
    {"fill_mode": "constant", "interpolation": "nearest"},
    {"fill_mode": "reflect", "interpolation": "nearest", "data_format": "channels_first"},
)
_UNIT = {"value_range": (0, 1)}


def _both_ranges(name: str, layer: str, **options: Any) -> dict[str, Case]:
    return {
        name: Case(layer, options),
        f"{name} of 0..1": Case(layer, {**options, **_UNIT}, 1.0),
    }


_TILES = "ContrastLimitedAdaptiveHistogramEqualization"
CASES: dict[str, Case] = {
    **{
        f"{name} {' '.join(map(str, fill.values()))}": Case(layer, {**options, **fill})
        for name, (layer, options) in _WARPS.items()
        for fill in _FILLS
    },
    **{
        f"flip {mode}": Case("RandomFlip", {"mode": mode})
        for mode in ("horizontal", "vertical", "horizontal_and_vertical")
    },
    "perspective": Case("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.6}),
    "perspective of some": Case(
        "RandomPerspective",
        {"factor": 0.9, "scale": 0.4, "interpolation": "nearest", "fill_value": 9.0},
    ),
    **{
        f"elastic {mode}": Case(
            "RandomElasticTransform",
            {"factor": (1.0, 1.0), "scale": (0.8, 1.0), "fill_mode": mode},
            shape=(2, 24, 30, 1),
        )
        # TensorFlow's Keras has no "mirror", and its "reflect" is another at the upper left edges
        for mode in ("nearest", "wrap", "constant")
    },
    "crop": Case("RandomCrop", {"height": 5, "width": 4}),
    "centre crop": Case("CenterCrop", {"height": 4, "width": 5}),
    "centre crop of small ones": Case("CenterCrop", {"height": 12, "width": 5}),
    **{
        f"resizing {method}": Case("Resizing", {"height": 5, "width": 11, "interpolation": method})
        for method in ("bilinear", "nearest", "lanczos3", "lanczos5")
    },
    # without antialias TensorFlow reads bicubic weights from a table of 1024
    "resizing bicubic": Case(
        "Resizing", {"height": 5, "width": 11, "interpolation": "bicubic", "antialias": True}
    ),
    "resizing antialias": Case("Resizing", {"height": 4, "width": 3, "antialias": True}),
    "resizing cropped": Case("Resizing", {"height": 6, "width": 11, "crop_to_aspect_ratio": True}),
    "resizing padded": Case(
        "Resizing",
        {"height": 6, "width": 8, "pad_to_aspect_ratio": True, "fill_value": 5.0},
    ),
    "rescaling": Case("Rescaling", {"scale": [0.5, 1.0, 2.0], "offset": -3.0}),
    **_both_ranges("brightness", "RandomBrightness", factor=0.6),
    **_both_ranges("contrast", "RandomContrast", factor=(0.6, 0.9)),
    **_both_ranges("hue", "RandomHue", factor=0.8),
    "hue first": Case("RandomHue", {"factor": 0.8, "data_format": "channels_first"}),
    "saturation of 0..1": Case("RandomSaturation", {"factor": (0.2, 0.8), **_UNIT}, 1.0),
    "paler": Case("RandomSaturation", {"factor": (0.0, 0.5)}),
    **_both_ranges("degeneration", "RandomColorDegeneration", factor=0.9),
    "grayscale": Case("RandomGrayscale", {"factor": 0.6}),
    **_both_ranges("invert", "RandomInvert", factor=(0.4, 0.9)),
    **_both_ranges("solarization", "Solarization", addition_factor=0.4, threshold_factor=0.7),
    **_both_ranges("posterization", "RandomPosterization", factor=(2, 7)),
    "auto contrast": Case("AutoContrast", {}, 180.0),
    "auto contrast of 0..1": Case("AutoContrast", _UNIT, 0.7),
    **_both_ranges("equalization", "Equalization"),
    "equalization of 40": Case("Equalization", {"bins": 40}),
    **_both_ranges("sharpness", "RandomSharpness", factor=1.0),
    **_both_ranges("blur", "RandomGaussianBlur", factor=(0.7, 1.0), kernel_size=5),
    "erasing": Case("RandomErasing", {"factor": (0.8, 1.0), "scale": (0.2, 0.6)}),
    "erasing with colours": Case("RandomErasing", {"scale": (0.2, 0.6), "fill_value": (1, 2, 300)}),
    "mix up": Case("MixUp", {"alpha": 0.6}),
    "cut mix": Case("CutMix", {"factor": (0.8, 1.0)}, shape=(6, 9, 7, 3)),
    "jitter": Case(
        "RandomColorJitter",
        {
            "brightness_factor": 0.3,
            "contrast_factor": 0.4,
            "saturation_factor": (0.1, 0.6),
            "hue_factor": 0.5,
            **_UNIT,
        },
        1.0,
    ),
    **{f"rand augment {n}": Case("RandAugment", {"num_ops": 3, "seed": n}) for n in (0, 3)},
    **{f"aug mix {n}": Case("AugMix", {"factor": 0.4, "seed": n}) for n in (2, 4)},
    **_both_ranges("tiles", _TILES, tile_grid_size=(2, 3)),
    "tiles that end in a mirror": Case(
        _TILES, {"tile_grid_size": (2, 4), "clip_limit": 1.5}, shape=(2, 13, 18, 1)
    ),
    "tiles without a limit": Case(
        _TILES, {"tile_grid_size": (1, 2), "clip_limit": 0.0}, shape=(2, 16, 16, 3)
    ),
}
