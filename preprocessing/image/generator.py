"""`ImageDataGenerator`: Keras 2.3.1's arguments, batches transformed by the engine."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import OptionError, ShapeError, as_dtype, user_site
from thalweg.core.options import COUNT, DATA_FORMAT, Interval, OrNone, option_error

from .array_iterator import NumpyArrayIterator
from .color import as_brightness
from .dataframe_iterator import DataFrameIterator
from .directory_iterator import DirectoryIterator
from .draws import SEED, Draws
from .geometry import Picking
from .parameters import as_shift, as_zoom
from .standardize import Standard, Statistics
from .transformer import Transformer, noises

__all__ = ["ImageDataGenerator"]

Array = np.ndarray[Any, Any]

_NOT_NEGATIVE = Interval(0)
_FRACTION = Interval(0, 1, open_high=True)
_NUMBER = Interval()
_MOST_WHITENED = 2**14  # values of a picture; their matrix takes 2 GiB in float64
_FIT_BYTES = 2**26  # of pictures that are looked at together


class ImageDataGenerator(Transformer):
    """Makes batches of pictures, each of them transformed by chance and brought to scale.

    Transformations happen in this order: centring by mass, rotation, shift, shear, zoom and
    elastic deformation in one resampling, together with flips; then channel shift, brightness,
    `preprocessing_function`, `rescale`, and the rest of the scale. What a picture gets depends on
    the seed, the epoch and the picture's number alone, so that batches are the same for any
    number of threads, and two generators with one seed do the same to pictures and masks.

    Args:
        featurewise_center: subtract the mean of the data, by channel; see `fit`.
        samplewise_center: subtract each picture's mean.
        featurewise_std_normalization: divide by the standard deviation of the data, by channel.
        samplewise_std_normalization: divide by each picture's standard deviation.
        zca_whitening: decorrelate all values of a picture; see `fit`.
        zca_epsilon: what keeps directions without variance from being blown up.
        rotation_range: degrees to either side.
        width_shift_range: to either side: a float below 1 is a part of the width, another one is
            pixels; an int is whole pixels, -(n - 1)..n - 1; a list is values to choose from.
        height_shift_range: the same for the height.
        brightness_range: the least and the greatest factor, or None. Pillow's way, in whole
            numbers in 0..255.
        shear_range: degrees to either side.
        zoom_range: the least and the greatest factor; one number z is 1 - z..1 + z. Below 1
            pictures get larger. Height and width have factors of their own.
        channel_shift_range: added to all values, within those that the picture had.
        fill_mode: what lies beyond a picture: "nearest", "constant", "reflect", "wrap", as in
            `scipy.ndimage`, or its "mirror", "grid-wrap" and "grid-constant".
        cval: the color beyond for "constant".
        horizontal_flip, vertical_flip: mirror half of the pictures.
        rescale: a factor, applied after the transformations; None or 0 for none.
        preprocessing_function: a function of one picture, float, that returns another of its
            shape; called after the transformations, on a thread that makes batches.
        data_format: "channels_last" or "channels_first".
        validation_split: the part of the data that is `subset="validation"` of the flows.
        interpolation_order: 0 for the nearest pixel, 1 for linear; 2..5 are splines, which
            need SciPy and are slow.
        dtype: of the batches, a float dtype.
        elastic_alpha, elastic_sigma: of elastic deformations, see `random_elastic`; 0 for none.
        centre_by_mass: move each picture's centre of mass to its middle, by whole pixels.
        corrected: Keras 2.3.1 turns, shears and zooms about a point one row and one column
            beside a picture's centre, and stretches a picture's values to 0..255 before it makes
            them brighter or darker. So does this class; True does neither, as later Keras.

    Raises:
        OptionError: for an argument outside its values.

    >>> generator = ImageDataGenerator(rescale=1 / 255, rotation_range=10, horizontal_flip=True)
    >>> batches = generator.flow(np.zeros((10, 8, 8, 3), "uint8"), np.arange(10), batch_size=4)
    >>> len(batches)
    3
    >>> x, y = batches[0]
    >>> x.shape, x.dtype, y.shape
    ((4, 8, 8, 3), dtype('float32'), (4,))
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Any = None,
        data_format: str | None = "channels_last",
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = "float32",
        *,
        elastic_alpha: float = 0.0,
        elastic_sigma: float = 4.0,
        centre_by_mass: bool = False,
        corrected: bool = False,
    ) -> None:
        check = self._checked
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = check(Interval(0, open_low=True), "zca_epsilon", zca_epsilon)
        self.rotation_range = check(_NOT_NEGATIVE, "rotation_range", rotation_range)
        self.width_shift_range = as_shift(
            "ImageDataGenerator", "width_shift_range", width_shift_range
        )
        self.height_shift_range = as_shift(
            "ImageDataGenerator", "height_shift_range", height_shift_range
        )
        self.brightness_range = (
            None
            if brightness_range is None
            else as_brightness("ImageDataGenerator", brightness_range)
        )
        self.shear_range = check(_NOT_NEGATIVE, "shear_range", shear_range)
        self.zoom_range = as_zoom("ImageDataGenerator", zoom_range)
        self.channel_shift_range = check(_NOT_NEGATIVE, "channel_shift_range", channel_shift_range)
        Picking(fill_mode, cval, interpolation_order, "ImageDataGenerator")
        self.fill_mode = fill_mode
        self.cval = check(_NUMBER, "cval", cval)
        self.interpolation_order = interpolation_order
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = check(OrNone(_NUMBER), "rescale", rescale)
        if preprocessing_function is not None and not callable(preprocessing_function):
            raise option_error(
                self, "preprocessing_function", preprocessing_function, "a function, or None"
            )
        self.preprocessing_function = preprocessing_function
        self.data_format = check(DATA_FORMAT, "data_format", data_format or "channels_last")
        self.channel_axis, self.row_axis, self.col_axis = (
            (1, 2, 3) if self.data_format == "channels_first" else (3, 1, 2)
        )
        self._validation_split = check(_FRACTION, "validation_split", validation_split)
        self.dtype = _float_dtype(self, dtype)
        self.elastic_alpha = check(_NUMBER, "elastic_alpha", elastic_alpha)
        self.elastic_sigma = check(Interval(0, open_low=True), "elastic_sigma", elastic_sigma)
        self.centre_by_mass = centre_by_mass
        self.corrected = corrected
        super().__init__()
        self._settle()

    def _checked(self, option: Any, name: str, value: Any) -> Any:
        return option.check(self, name, value)

    def _settle(self) -> None:
        """What one kind of scale implies for the others, as in Keras."""
        if self.zca_whitening:
            self._imply("zca_whitening", "featurewise_center", True)
            self._imply("zca_whitening", "featurewise_std_normalization", False)
        if self.featurewise_std_normalization:
            self._imply("featurewise_std_normalization", "featurewise_center", True)
        if self.samplewise_std_normalization:
            self._imply("samplewise_std_normalization", "samplewise_center", True)

    def _imply(self, reason: str, name: str, value: bool) -> None:
        if bool(getattr(self, name)) != value:
            warnings.warn(
                f"thalweg: ImageDataGenerator({reason}=True) sets {name}={value}",
                UserWarning,
                stacklevel=4,
            )
            setattr(self, name, value)

    # Flows --------------------------------------------------------------------------------------

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        prefetch: int = 2,
    ) -> NumpyArrayIterator:
        """Batches of an array of pictures; see `NumpyArrayIterator` for the arguments."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            dtype=self.dtype,
            ignore_class_split=ignore_class_split,
            prefetch=prefetch,
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        **options: Any,
    ) -> DirectoryIterator:
        """Batches of the files in a folder; see `DirectoryIterator` for the arguments."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            **options,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **options: Any,
    ) -> DataFrameIterator:
        """Batches of the files named in a table; see `DataFrameIterator` for the arguments."""
        for old in ("has_ext", "sort", "drop_duplicates"):
            if old in options:
                del options[old]
                warnings.warn(
                    f"thalweg: flow_from_dataframe({old}=…) has no effect",
                    DeprecationWarning,
                    stacklevel=2,
                )
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode="raw" if class_mode == "other" else class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
            **options,
        )

    # Statistics ---------------------------------------------------------------------------------

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Computes mean, standard deviation and whitening matrix of data, as far as needed.

        Args:
            x: pictures, four axes. They are rescaled first, as `rescale` says.
            augment: whether pictures are transformed by chance first.
            rounds: how often each picture counts then, every time transformed anew.
            seed: an integer >= 0 that the transformations follow from.

        Raises:
            ShapeError: if x has not four axes.
            OptionError: for an argument outside its values.
        """
        pictures = np.asarray(x)
        if pictures.ndim != 4:
            raise ShapeError(
                "ImageDataGenerator.fit",
                "these are no pictures",
                expected="four axes: (samples, height, width, channels), or channels first",
                got=str(pictures.shape),
                site=user_site(),
            )
        if self.zca_whitening and pictures[:1].size > _MOST_WHITENED:
            raise OptionError(
                "ImageDataGenerator.fit",
                "pictures are too large to be whitened: the matrix is their size squared",
                expected=f"at most {_MOST_WHITENED} values",
                got=f"{pictures[:1].size} in a picture {pictures.shape[1:]}",
                site=user_site(),
            )
        if not (self.featurewise_center or self.featurewise_std_normalization):
            return
        COUNT.check("ImageDataGenerator.fit", "rounds", rounds)
        SEED.check("ImageDataGenerator.fit", "seed", seed)
        draws = Draws(seed) if augment else None
        statistics = Statistics(self.channel_axis, bool(self.zca_whitening))
        for number in range(rounds if augment else 1):
            statistics.add(self._pieces(pictures, draws, number))
        if self.featurewise_center:
            self.mean = statistics.mean
        if self.featurewise_std_normalization:
            self.std = statistics.std
        if self.zca_whitening:
            self.principal_components = statistics.whitening(self.zca_epsilon)

    def _pieces(self, pictures: Array, draws: Draws | None, epoch: int) -> Any:
        """Rescaled and, if there are draws, transformed pieces of the data."""
        size = max(1, _FIT_BYTES // max(4 * pictures[:1].size, 1))
        scale = Standard(self.rescale or None)
        for start in range(0, len(pictures), size):
            piece = pictures[start : start + size]
            scaled = self._pipeline.scale(piece, scale, self._calls)
            if draws is not None:  # after rescaling, as in Keras
                numbers = range(start, start + len(piece))
                shape = piece.shape[1:]
                parameters = [self._drawn_for(draws, epoch, n, shape) for n in numbers]
                scaled = self._pipeline.transform(
                    scaled, parameters, noises(parameters), Standard(), self._calls
                )
            yield scaled


def _float_dtype(where: Any, dtype: Any) -> str:
    kind = as_dtype(dtype or "float32")
    if not kind.is_float:
        raise option_error(where, "dtype", dtype, "'float32', 'float64' or 'float16'")
    return kind.name
