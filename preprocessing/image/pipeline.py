"""A batch of pictures transformed and brought to scale, in one call of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.core import CallCache, Tensor, call_at_once, cast, image, transpose

from .color import brightened, channel_shifted
from .elastic import mass_maps
from .geometry import IDENTITY, Picking, maps
from .standardize import Standard

__all__ = ["Pipeline"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Pipeline:
    """What happens to batches, whatever the random numbers are.

    Attributes:
        picking: what a pixel gets from the place it is picked at.
        corrected: whether pictures are turned about their centre, see `maps`, and made brighter
            without being stretched, see `brightened`.
        is_centred: whether a picture's centre of mass is first moved to its middle.
        elastic: alpha and sigma of elastic deformations, or None.
        channels_first: how the axes of batches are ordered.
        dtype: of results.
    """

    picking: Picking
    corrected: bool = False
    is_centred: bool = False
    elastic: tuple[float, float] | None = None
    channels_first: bool = False
    dtype: str = "float32"

    @property
    def compute_dtype(self) -> str:
        """What numbers are computed in."""
        return "float64" if self.dtype == "float64" else "float32"

    def transform(
        self,
        images: Array,
        parameters: Sequence[Mapping[str, Any]],
        noises: Array | None,
        standard: Standard,
        cache: CallCache,
    ) -> Array:
        """The pictures after all of it.

        Args:
            images: (batch, height, width, channels), or channels first.
            parameters: Keras's dict for each.
            noises: (batch, height, width, 2) for elastic deformations, or None.
            standard: the scale they are brought to.
            cache: of compiled calls.

        Returns:
            Of the shape of the images and this pipeline's dtype.
        """
        x = images
        if x.dtype != np.uint8 or self.compute_dtype == "float64":
            x = x.astype(self.compute_dtype, copy=False)
        transforms = self._maps(x, parameters)
        is_moved = noises is not None or bool(np.any(transforms != IDENTITY))
        if is_moved and self.picking.is_spline:
            x, is_moved = self._by_splines(x, transforms, noises, cache), False
        feeds = _Feeds(x)
        if is_moved:
            feeds.transforms = transforms
            feeds.noises = noises
        feeds.intensities = self._column(parameters, "channel_shift_intensity")
        feeds.factors = self._column(parameters, "brightness")
        numbers = standard.arrays(self.compute_dtype)

        def build(*tensors: Tensor) -> Tensor:
            rest = iter(tensors)
            x = self._moved(feeds, rest)
            if self.channels_first:
                x = transpose(x, [0, 3, 1, 2])
            return standard.applied(x, list(rest))

        key = (self, feeds.key, standard.key)
        result = call_at_once(build, [*feeds.arrays(), *numbers], cache, key)
        return np.asarray(result).astype(self.dtype, copy=False)

    def scale(self, images: Array, standard: Standard, cache: CallCache) -> Array:
        """The pictures brought to scale alone."""

        def build(x: Tensor, *numbers: Tensor) -> Tensor:
            return standard.applied(cast(x, self.compute_dtype), numbers)

        key = (self.compute_dtype, standard.key)
        result = call_at_once(build, [images, *standard.arrays(self.compute_dtype)], cache, key)
        return np.asarray(result).astype(self.dtype, copy=False)

    def _moved(self, feeds: _Feeds, tensors: Iterator[Tensor]) -> Tensor:
        """Graph code: pixels picked and colors changed; channels last."""
        x = next(tensors)
        if self.channels_first:
            x = transpose(x, [0, 2, 3, 1])
        if feeds.transforms is not None:
            transforms = next(tensors)
            field = None
            if feeds.noises is not None:
                alpha, sigma = self.elastic or (0.0, 1.0)
                field = image.elastic_displacement(next(tensors), alpha, sigma)
            x = self.picking.warped(x, transforms, field)
        x = cast(x, self.compute_dtype)
        if feeds.intensities is not None:
            x = channel_shifted(x, next(tensors))
        if feeds.factors is not None:
            x = brightened(x, next(tensors), is_stretched=not self.corrected)
        return x

    def _maps(self, x: Array, parameters: Sequence[Mapping[str, Any]]) -> Array:
        """From places in the results to places in the pictures, (batch, 8)."""
        height, width = x.shape[2:] if self.channels_first else x.shape[1:3]
        transforms = maps(parameters, height, width, self.corrected)
        if self.is_centred:
            centred = mass_maps(np.moveaxis(x, 1, -1) if self.channels_first else x)
            transforms = image.compose_transforms(centred, transforms)
        return transforms

    def _by_splines(
        self, x: Array, transforms: Array, noises: Array | None, cache: CallCache
    ) -> Array:
        field = None
        if noises is not None and self.elastic is not None:
            alpha, sigma = self.elastic

            def build(fields: Tensor) -> Tensor:
                return image.elastic_displacement(fields, alpha, sigma)

            field = call_at_once(build, [noises], cache, ("field", alpha, sigma))
        images = np.moveaxis(x, 1, -1) if self.channels_first else x
        picked = self.picking.by_splines(images, transforms, field)
        return np.ascontiguousarray(np.moveaxis(picked, -1, 1)) if self.channels_first else picked

    def _column(self, parameters: Sequence[Mapping[str, Any]], name: str) -> Array | None:
        """One parameter of all pictures, or None if it is not set."""
        values = [each.get(name) for each in parameters]
        if all(value is None for value in values):
            return None
        neutral = {"channel_shift_intensity": 0.0, "brightness": 1.0}[name]
        filled = [neutral if value is None else value for value in values]
        return np.array(filled, self.compute_dtype)


@dataclass
class _Feeds:
    """What one call is fed with, in its order."""

    images: Array
    transforms: Array | None = None
    noises: Array | None = None
    intensities: Array | None = None
    factors: Array | None = None

    @property
    def key(self) -> tuple[bool, ...]:
        """Which of them there are."""
        optional = (self.transforms, self.noises, self.intensities, self.factors)
        return tuple(array is not None for array in optional)

    def arrays(self) -> list[Array]:
        """Those that there are."""
        every = (self.images, self.transforms, self.noises, self.intensities, self.factors)
        return [array for array in every if array is not None]
