"""Layers that give images another size: `Resizing`, `CenterCrop`, `RandomCrop`."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import OptionError, ShapeError

from ...options import COUNT, Interval, OneOf
from .image_base import ImageTransform, RandomImageTransform, sizes_of
from .image_draws import Draws

__all__ = ["CenterCrop", "RandomCrop", "Resizing"]

_METHOD = OneOf("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
_FILL_MODE = OneOf("constant")


class Resizing(ImageTransform):
    """Images of another height and width, in training and afterwards.

    Args:
        height: of the result.
        width: of the result.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`.
        crop_to_aspect_ratio: whether the largest window of the result's proportion is taken from
            the middle first, so that nothing is distorted.
        pad_to_aspect_ratio: whether images are padded to the result's proportion first.
        fill_mode: `"constant"`.
        fill_value: what is padded.
        antialias: whether kernels get wider where images shrink, so that all pixels count.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same with the new height and width.

    >>> import numpy as np
    >>> Resizing(1, 2)(np.float32([[[0], [1], [2], [3]]])).tolist()
    [[[0.5], [2.5]]]
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height: int = COUNT.check(self, "height", height)
        self.width: int = COUNT.check(self, "width", width)
        self.interpolation = _METHOD.check(self, "interpolation", interpolation)
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise OptionError(
                "Resizing",
                "images cannot be both cropped and padded",
                expected="crop_to_aspect_ratio or pad_to_aspect_ratio",
                site=user_site(),
            )
        self.fill_mode = _FILL_MODE.check(self, "fill_mode", fill_mode)
        self.fill_value: float = Interval().check(self, "fill_value", fill_value)
        self.antialias = bool(antialias)

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The resized images."""
        return self._resized(x, self.interpolation, self.antialias)

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The resized masks: classes are not mixed."""
        return self._resized(x, "nearest", False)

    def _resized(self, x: Tensor, method: str, antialias: bool) -> Tensor:
        size = (self.height, self.width)
        if self.crop_to_aspect_ratio:
            x = _largest_window(self, x, size)
        if self.pad_to_aspect_ratio:
            x = self._padded(self.floats(x))
        return _scaled(self, x, size, method, antialias)

    def _padded(self, x: Tensor) -> Tensor:
        """The images with as much on either side as the result's proportion needs."""
        height, width = _known_sizes(self, x)
        down = (max(height, int(width * self.height / self.width)) - height) // 2
        along = (max(width, int(height * self.width / self.height)) - width) // 2
        edges = [[0, 0], [down, down], [along, along], [0, 0]]
        return core.pad(x, edges, constant_values=self.fill_value)


class CenterCrop(ImageTransform):
    """The middle of images, in training and afterwards.

    Of images that are smaller than the result, the largest window of its proportion is taken and
    resized.

    Args:
        height: of the result.
        width: of the result.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same with the new height and width.

    >>> import numpy as np
    >>> CenterCrop(1, 2)(np.arange(12.0).reshape(3, 4, 1)).reshape(-1).tolist()
    [5.0, 6.0]
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height: int = COUNT.check(self, "height", height)
        self.width: int = COUNT.check(self, "width", width)

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The middle of the images."""
        return self._cropped(x, "bilinear")

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The middle of the masks."""
        return self._cropped(x, "nearest")

    def _cropped(self, x: Tensor, method: str) -> Tensor:
        size = (self.height, self.width)
        height, width = _known_sizes(self, x)
        if height >= self.height and width >= self.width:
            return _window(x, (height - self.height) // 2, (width - self.width) // 2, size)
        return _scaled(self, _largest_window(self, x, size), size, method)


class RandomCrop(RandomImageTransform):
    """A window of images at a random place, the same for the whole batch.

    While nothing trains, and of images that are smaller than the result, the largest window of
    the result's proportion in the middle is taken, and resized.

    Args:
        height: of the result.
        width: of the result.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image; height and width known.

    Output shape:
        the same with the new height and width.

    >>> import numpy as np
    >>> sorted({float(RandomCrop(1, 1)(np.float32([[[3], [4]]])).sum()) for _ in range(64)})
    [3.0, 4.0]
    """

    # differs from Keras: Keras 3.15 documents this, but leaves images as they are while nothing
    # trains, distorts those that are too small, and draws no place where one size is equal.

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.height: int = COUNT.check(self, "height", height)
        self.width: int = COUNT.check(self, "width", width)

    def draw(self, draws: Draws, x: Tensor) -> tuple[Tensor, Tensor]:
        """The first row and the first column of the window: () int32 each."""
        spare = [
            max(size - wanted, 0)
            for size, wanted in zip(_known_sizes(self, x), (self.height, self.width), strict=True)
        ]
        top, left = (
            core.cast(draws.uniform(0.0, float(count + 1), []), "int32") for count in spare
        )
        return top, left

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The window at the given place."""
        return self._cropped(x, transformation, "bilinear")

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The same window of the masks."""
        return self._cropped(x, transformation, "nearest")

    def _cropped(self, x: Tensor, transformation: Any, method: str) -> Tensor:
        height, width = _known_sizes(self, x)
        if height < self.height or width < self.width:
            return self._at_rest(x, method)
        top, left = (core.cast(core.convert(place), "float32") for place in transformation)
        shift = core.stack([1.0, 0.0, left, 0.0, 1.0, top, 0.0, 0.0])
        size = [self.height, self.width]
        return core.image.warp(self.pickable(x), shift, size, interpolation="nearest")

    def at_rest(self, x: Tensor) -> Tensor:
        """The middle."""
        return self._at_rest(x, "bilinear")

    def masks_at_rest(self, x: Tensor) -> Tensor:
        """The middle of the masks."""
        return self._at_rest(x, "nearest")

    def _at_rest(self, x: Tensor, method: str) -> Tensor:
        size = (self.height, self.width)
        return _scaled(self, _largest_window(self, x, size), size, method)


def _known_sizes(layer: ImageTransform, x: Tensor) -> tuple[int, int]:
    """Height and width, which the layer has to know."""
    height, width = sizes_of(x)
    if isinstance(height, Tensor) or isinstance(width, Tensor):
        raise ShapeError(
            type(layer).__name__,
            "the size of the images is not known",
            expected="a known height and width",
            got=str(x.type),
            layer=layer.name,
            site=user_site(),
            hint="Input((height, width, channels)) makes it known",
        )
    return height, width


def _largest_window(layer: ImageTransform, x: Tensor, size: tuple[int, int]) -> Tensor:
    """The largest part in the middle of images that has the proportion of a size."""
    height, width = _known_sizes(layer, x)
    kept_height = max(min(height, int(width * size[0] / size[1])), 1)
    kept_width = max(min(width, int(height * size[1] / size[0])), 1)
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return _window(x, top, left, (kept_height, kept_width))


def _window(x: Tensor, top: int, left: int, size: tuple[int, int]) -> Tensor:
    return x[:, top : top + size[0], left : left + size[1], :]


def _scaled(
    layer: ImageTransform, x: Tensor, size: tuple[int, int], method: str, antialias: bool = False
) -> Tensor:
    """Images of another size.

    Bilinear ones are picked in one pass; `core.image.resize`, which knows all methods, multiplies
    by matrices that hold two numbers a row.
    """
    if method != "bilinear" or antialias:
        return core.image.resize(layer.floats(x), list(size), method, antialias=antialias)
    down, along = (
        core.cast(core.convert(old), "float64") / new
        for old, new in zip(sizes_of(x), size, strict=True)
    )
    # Pixel i of the result has its centre at (i + 0.5) * scale - 0.5.
    top, left = ((scale - 1.0) * 0.5 for scale in (down, along))
    none = core.zeros_like(down)
    maps = core.stack([along, none, left, none, down, top, none, none])
    return core.image.warp(layer.pickable(x), maps, list(size), fill_mode="nearest")
