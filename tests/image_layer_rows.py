"""One row a layer on images: how it is made, and how it is made so that it changes nothing.

The tests in `highlevel/layers/test_image_rows.py` go over this table; a public layer on images
without a row fails them. What the layers compute is compared with Keras in `fidelity/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thalweg import layers
from thalweg.layers import Layer

__all__ = ["ROWS", "ImageRow"]


@dataclass(frozen=True)
class ImageRow:
    """A layer and what is known of it.

    Args:
        name: of its class.
        options: arguments with which it changes images while something trains.
        neutral: arguments with which it does not; None if there are none.
        is_random: whether it draws numbers.
        size: height and width that it gives, of images of 12 x 10.
        stays: whether images stay as they are while nothing trains.
        is_local: whether each image's result depends on that image alone.
    """

    name: str
    options: dict[str, Any]
    neutral: dict[str, Any] | None = None
    is_random: bool = True
    size: tuple[int, int] = (12, 10)
    stays: bool = True
    is_local: bool = True

    def make(self, **more: Any) -> Layer:
        """The layer, with further arguments."""
        make: Callable[..., Layer] = getattr(layers, self.name)
        return make(**{**self.options, **more})


_FIVE: dict[str, Any] = {"height": 5, "width": 6}

ROWS = [
    ImageRow("Resizing", _FIVE, {"height": 12, "width": 10}, False, (5, 6), False),
    ImageRow("CenterCrop", _FIVE, {"height": 12, "width": 10}, False, (5, 6), False),
    ImageRow("RandomCrop", _FIVE, {"height": 12, "width": 10}, True, (5, 6), False),
    ImageRow("RandomFlip", {}),
    ImageRow("RandomRotation", {"factor": 0.4}, {"factor": 0.0}),
    ImageRow(
        "RandomTranslation",
        {"height_factor": 0.4, "width_factor": 0.3},
        {"height_factor": 0.0, "width_factor": 0.0},
    ),
    ImageRow("RandomZoom", {"height_factor": 0.5, "width_factor": 0.4}, {"height_factor": 0.0}),
    ImageRow("RandomShear", {"x_factor": 0.5, "y_factor": 0.4}, {}),
    ImageRow("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.7}, {"factor": 0.0}),
    ImageRow("RandomElasticTransform", {"factor": (1.0, 1.0), "scale": (1.0, 1.0)}, {"factor": 0}),
    ImageRow("RandomBrightness", {"factor": 0.5}, {"factor": 0.0}),
    ImageRow("RandomContrast", {"factor": 0.5}, {"factor": 0.0}),
    ImageRow("RandomHue", {"factor": 0.5}, {"factor": 0.0}),
    ImageRow("RandomSaturation", {"factor": 0.8}, {"factor": (0.5, 0.5)}),
    ImageRow("RandomColorDegeneration", {"factor": (0.2, 0.8)}, {"factor": 0.0}),
    ImageRow(
        "RandomColorJitter",
        {"brightness_factor": 0.3, "contrast_factor": 0.3, "hue_factor": 0.3},
        {},
    ),
    ImageRow("RandomGrayscale", {"factor": 0.7}, {"factor": 0.0}),
    ImageRow("RandomInvert", {"factor": (0.5, 0.8)}, {"factor": 0.0}),
    ImageRow(
        "Solarization",
        {"addition_factor": 0.3, "threshold_factor": 0.3},
        {"threshold_factor": (1.0, 1.0)},
    ),
    ImageRow("RandomPosterization", {"factor": (2, 6)}, {"factor": (8, 8)}),
    ImageRow("AutoContrast", {}, None, False, stays=False),
    ImageRow("Equalization", {"bins": 16}, None, False, is_local=False),
    ImageRow(
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"tile_grid_size": (2, 3)},
        None,
        False,
        stays=False,
    ),
    ImageRow("RandomSharpness", {"factor": 1.0}, {"factor": (0.5, 0.5)}),
    ImageRow("RandomGaussianBlur", {"factor": (1.0, 1.0), "sigma": (0.5, 1)}, {"factor": 0.0}),
    ImageRow("RandomErasing", {"factor": (1.0, 1.0), "scale": (0.2, 0.5)}, {"factor": 0.0}),
    ImageRow("MixUp", {"alpha": 1.0}, is_local=False),
    ImageRow("CutMix", {}, is_local=False),
    ImageRow("RandAugment", {"factor": (0.3, 0.6)}, is_local=False),
    ImageRow("AugMix", {"num_chains": 1, "chain_depth": 2}, is_local=False),
]
