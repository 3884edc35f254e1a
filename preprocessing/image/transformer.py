"""What an image generator does to pictures: draws, transformations, scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.core import CallCache, DataError, ShapeError, user_site

from .draws import Draws, field_source, random_source, sample_source
from .elastic import noise
from .geometry import Picking, rounded
from .parameters import Ranges
from .pipeline import Pipeline
from .standardize import Standard, warn_unfitted

__all__ = ["Transformer", "noises"]

Array = np.ndarray[Any, Any]


class Transformer:
    """The base of `ImageDataGenerator`, whose arguments are the attributes that are read here.

    A subclass of the generator may override `get_random_transform`, `apply_transform` and
    `standardize`; batches are then made of single pictures, by these methods.
    """

    featurewise_center: bool
    samplewise_center: bool
    featurewise_std_normalization: bool
    samplewise_std_normalization: bool
    zca_whitening: bool
    rotation_range: float
    width_shift_range: Any
    height_shift_range: Any
    brightness_range: Any
    shear_range: float
    zoom_range: list[float]
    channel_shift_range: float
    fill_mode: str
    cval: float
    horizontal_flip: bool
    vertical_flip: bool
    rescale: float | None
    preprocessing_function: Any
    data_format: str
    interpolation_order: int
    dtype: str
    elastic_alpha: float
    elastic_sigma: float
    centre_by_mass: bool
    corrected: bool
    row_axis: int
    col_axis: int

    def __init__(self) -> None:
        self.mean: Any = None
        self.std: Any = None
        self.principal_components: Any = None
        self._draws: Draws | None = None
        self._drawn = 0
        self._calls: CallCache = CallCache()

    # Single pictures ----------------------------------------------------------------------------

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """Parameters of one transformation.

        Args:
            img_shape: of the picture, its three sizes.
            seed: an integer >= 0: the parameters that Keras draws with it. None draws on in the
                generator's own stream, which follows from `thalweg.utils.set_random_seed`.

        Returns:
            `theta` and `shear` in degrees, `tx` and `ty` in rows and columns, the factors `zx`
            and `zy`, `flip_horizontal` and `flip_vertical`, `channel_shift_intensity` and
            `brightness`, which may be None; with elastic deformations also `elastic`, the noise
            (height, width, 2) that is smoothed.
        """
        if seed is None:
            if self._draws is None:
                self._draws = Draws()
            self._drawn += 1
            return self._drawn_for(self._draws, 0, self._drawn, img_shape)
        return self._drawn_for(Draws(seed), 0, 0, img_shape, random_source(seed, None))

    def _drawn_for(
        self, draws: Draws, epoch: int, number: int, shape: Sequence[int], source: Any = None
    ) -> dict[str, Any]:
        """The parameters for a sample; all but fields from another source, if one is given."""
        height, width = shape[self.row_axis - 1], shape[self.col_axis - 1]
        source = source or sample_source(draws, epoch, number)
        parameters = self._ranges.draw(source, height, width)
        if self.elastic_alpha:
            parameters["elastic"] = noise(field_source(draws, epoch, number), height, width)
        return parameters

    @property
    def _ranges(self) -> Ranges:
        return Ranges(
            self.rotation_range,
            self.height_shift_range,
            self.width_shift_range,
            self.shear_range,
            self.zoom_range,
            self.horizontal_flip,
            self.vertical_flip,
            self.channel_shift_range,
            self.brightness_range,
        )

    def apply_transform(self, x: Any, transform_parameters: Mapping[str, Any]) -> Array:
        """A picture transformed by given parameters, as `get_random_transform` returns them.

        Args:
            x: (height, width, channels), or channels first, as the generator was told.
            transform_parameters: any of them; those that are missing change nothing.

        Returns:
            Of the shape and dtype of x; floats where colors of a picture of integers change.

        Raises:
            ShapeError: if x has not three axes.
        """
        picture = self._single(x, "apply_transform")
        [result] = self._pipeline.transform(
            picture[None],
            [transform_parameters],
            noises([transform_parameters]),
            Standard(),
            self._calls,
        )
        colors = ("channel_shift_intensity", "brightness")
        has_new_colors = any(transform_parameters.get(name) is not None for name in colors)
        if picture.dtype.kind != "f" and has_new_colors:
            return np.asarray(result)
        return rounded(result, picture.dtype)

    def random_transform(self, x: Any, seed: int | None = None) -> Array:
        """A picture transformed by chance: `apply_transform` with `get_random_transform`."""
        picture = self._single(x, "random_transform")
        return self.apply_transform(picture, self.get_random_transform(picture.shape, seed))

    def _single(self, x: Any, method: str) -> Array:
        picture = np.asarray(x)
        if picture.ndim != 3:
            raise ShapeError(
                f"ImageDataGenerator.{method}",
                "this is no single picture",
                expected="three axes",
                got=str(picture.shape),
                site=user_site(),
            )
        return picture

    def standardize(self, x: Any) -> Array:
        """A picture, or a batch of them, brought to scale.

        Args:
            x: three or four axes. Floats of the generator's dtype are changed in place, as in
                Keras.

        Returns:
            x, or a new array where it could not be changed. Each picture of a batch has its own
            mean and deviation. # differs from Keras, which takes them of the whole batch.
        """
        given = np.asarray(x)
        pictures = given[None] if given.ndim == 3 else given
        result = self._pipeline.scale(self._preprocessed(pictures), self._standard, self._calls)
        result = result.reshape(given.shape)
        if isinstance(x, np.ndarray) and x.dtype == result.dtype and x.flags.writeable:
            x[...] = result
            return x
        return result

    # Batches ------------------------------------------------------------------------------------

    def transformed_batch(
        self, images: Array, draws: Draws, epoch: int, numbers: Sequence[int], calls: CallCache
    ) -> Array:
        """Pictures transformed by chance and brought to scale.

        Args:
            images: (batch, height, width, channels) uint8 or float; or channels first.
            draws: the streams of a seed.
            epoch, numbers: which of them to draw from: one number a picture.
            calls: cache of compiled calls.

        Returns:
            Of the shape of the images and the generator's dtype.
        """
        if self._is_customised:
            return self._one_by_one(images, draws, epoch, numbers)
        pipeline, standard = self._pipeline, self._standard
        is_still = self._ranges.is_still and not self.elastic_alpha and not self.centre_by_mass
        if is_still and self.preprocessing_function is None:
            return pipeline.scale(images, standard, calls)
        shape = images.shape[1:]
        parameters = [self._drawn_for(draws, epoch, int(number), shape) for number in numbers]
        arguments = (images, parameters, noises(parameters))
        if self.preprocessing_function is None:
            return pipeline.transform(*arguments, standard, calls)
        moved = pipeline.transform(*arguments, Standard(), calls)
        return pipeline.scale(self._preprocessed(moved), standard, calls)

    @property
    def _is_customised(self) -> bool:
        """Whether a subclass does to single pictures something of its own, as Keras lets it."""
        names = ("get_random_transform", "apply_transform", "standardize")
        return any(getattr(type(self), name) is not getattr(Transformer, name) for name in names)

    def _one_by_one(self, images: Array, draws: Draws, epoch: int, numbers: Sequence[int]) -> Array:
        """A batch made by the methods for single pictures."""
        own = type(self).get_random_transform is not Transformer.get_random_transform
        results = []
        for picture, number in zip(images, numbers, strict=True):
            shape = picture.shape
            parameters = (
                self.get_random_transform(shape)
                if own
                else self._drawn_for(draws, epoch, int(number), shape)
            )
            moved = self.apply_transform(picture.astype(self.dtype), parameters)
            results.append(np.asarray(self.standardize(moved)))
        return np.stack(results).astype(self.dtype, copy=False)

    @property
    def _pipeline(self) -> Pipeline:
        picking = Picking(self.fill_mode, self.cval, self.interpolation_order, "ImageDataGenerator")
        return Pipeline(
            picking,
            bool(self.corrected),
            bool(self.centre_by_mass),
            (self.elastic_alpha, self.elastic_sigma) if self.elastic_alpha else None,
            self.data_format == "channels_first",
            self.dtype,
        )

    @property
    def _standard(self) -> Standard:
        """The scale as the attributes say now."""
        return Standard(
            self.rescale or None,
            bool(self.samplewise_center),
            bool(self.samplewise_std_normalization),
            self._statistic("featurewise_center", self.mean),
            self._statistic("featurewise_std_normalization", self.std),
            self._statistic("zca_whitening", self.principal_components),
        )

    def _statistic(self, what: str, value: Any) -> Any:
        if not getattr(self, what):
            return None
        if value is None:
            warn_unfitted(what)
        return value

    def _preprocessed(self, pictures: Array) -> Array:
        """Each picture after the user's function."""
        function = self.preprocessing_function
        if function is None:
            return pictures
        results = [np.asarray(function(picture)) for picture in pictures]
        for picture, result in zip(pictures, results, strict=True):
            if result.shape != picture.shape:
                raise DataError(
                    "ImageDataGenerator",
                    "preprocessing_function changed the shape of a picture",
                    expected=str(picture.shape),
                    got=str(result.shape),
                )
        return np.stack(results) if results else pictures


def noises(parameters: Sequence[Mapping[str, Any]]) -> Array | None:
    """The noise of elastic deformations, one a picture, or None."""
    fields = [each["elastic"] for each in parameters if each.get("elastic") is not None]
    return np.stack(fields) if fields and len(fields) == len(parameters) else None
