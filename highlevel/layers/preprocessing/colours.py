"""Layers that change brightness, contrast and colours, each image by its own amount."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import ShapeError

from ...options import Interval
from .image_base import RandomImageTransform, wide
from .image_draws import Draws
from .image_options import Range, checked_value_range

__all__ = [
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomGrayscale",
    "RandomHue",
    "RandomSaturation",
    "ValueRange",
    "ValueTransform",
]

_EITHER_WAY = Range(-1, 1)
_SHARE = Range(0, 1)
_PROBABILITY = Interval(0, 1)
_EPSILON = 1e-7  # Keras's


class ValueRange:
    """What layers share that compute with colours between two known ends, `value_range`."""

    value_range: tuple[float, float]

    def clipped(self, x: Tensor) -> Tensor:
        """Colours held within the range."""
        low, high = self.value_range
        return core.clip_by_value(x, float(low), float(high))

    def unscaled(self, x: Tensor) -> Tensor:
        """Colours of the range as colours of 0..255."""
        low, high = self.value_range
        if (low, high) == (0, 255):
            return x
        return (x - float(low)) / float(high - low) * 255.0

    def scaled(self, x: Tensor) -> Tensor:
        """Colours of 0..255 as colours of the range."""
        low, high = self.value_range
        if (low, high) == (0, 255):
            return x
        return x / 255.0 * float(high - low) + float(low)


class ValueTransform(ValueRange, RandomImageTransform):
    """Base of layers that draw what they do to colours between two known ends.

    Args:
        value_range: the least and the greatest value of the images: (0, 255) or (0, 1).
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = checked_value_range(self, value_range)

    def _planes(self, x: Tensor) -> Sequence[Tensor]:
        """Red, green and blue, (batch, height, width) each."""
        if x.type.dims()[-1] != 3:
            raise ShapeError(
                type(self).__name__,
                "takes red, green and blue",
                expected="images of three channels",
                got=str(x.type),
                layer=self._label,
                site=user_site(),
            )
        return core.unstack(x, axis=-1)

    def factors(self, transformation: Any, name: str) -> Tensor:
        """A drawn number for each image, (batch, 1, 1, 1)."""
        return self.floats(wide(transformation[name]))


class RandomBrightness(ValueTransform):
    """Images made brighter or darker: a number is added to all of their values.

    Args:
        factor: the largest share of the range of values that is added, -1..1, or the least and
            the largest.
        value_range: the least and the greatest value of the images; results are held within it.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `data_format` and `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomBrightness((0.2, 0.2))(np.float32([[[100], [250]]])).reshape(-1).tolist()
    [151.0, 255.0]
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self.factor = _EITHER_WAY.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`rgb_delta`, (batch,) float32: what is added."""
        low, high = self.value_range
        return {"rgb_delta": draws.uniform(*self.factor) * float(high - low)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Brighter or darker images."""
        return self.clipped(self.floats(x) + self.factors(transformation, "rgb_delta"))


class RandomContrast(ValueTransform):
    """Images of more or less contrast: (x - mean) * factor + mean, with each channel's own mean.

    Args:
        factor: a number 0 <= f <= 1, which draws factors in 1 <= factor < 1 + f; or two, (f, g),
            for 1 - f <= factor < 1 + g.
        value_range: the least and the greatest value of the images; results are held within it.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `data_format` and `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> layer = RandomContrast(0.5)
    >>> x = np.float32([[[[100], [120]]]])
    >>> layer.transform_images(x, {"contrast_factor": [1.5]}).reshape(-1).tolist()
    [95.0, 125.0]
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(value_range, seed, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`contrast_factor`, (batch,) float32."""
        low, high = self.factor
        return {"contrast_factor": draws.uniform(1.0 - low, 1.0 + high)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Images of another contrast."""
        x = self.floats(x)
        mean = core.reduce_mean(x, [1, 2], keepdims=True)
        return self.clipped((x - mean) * self.factors(transformation, "contrast_factor") + mean)


class RandomColorDegeneration(ValueTransform):
    """Images with less colour: mixed with their own grey image.

    Args:
        factor: the largest share of grey, 0..1, or the least and the largest.
        value_range: the least and the greatest value of the images; results are held within it.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, 3), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> grey = RandomColorDegeneration((1.0, 1.0))(np.float32([[[100, 0, 0]]]))
    >>> grey.round(2).tolist()
    [[[29.8..., 29.8..., 29.8...]]]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _EITHER_WAY.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`factor`, (batch,) float32: the share of grey."""
        return {"factor": draws.uniform(*self.factor)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Images with less colour."""
        x = self.floats(x)
        return self.clipped(x + self.factors(transformation, "factor") * (_grey(x) - x))


class RandomGrayscale(RandomImageTransform):
    """Some of the images in grey, with as many channels as before.

    Args:
        factor: the probability for each image, 0..1.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image, of one channel or three.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomGrayscale(1.0)(np.float32([[[0, 100, 0]]])).round(2).tolist()
    [[[58.7..., 58.7..., 58.7...]]]
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor: float = _PROBABILITY.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`should_apply`, (batch,) bool."""
        return {"should_apply": core.less(draws.uniform(), self.factor)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some in grey."""
        x = self.floats(x)
        return core.where(wide(transformation["should_apply"]), _grey(x), x)


class RandomHue(ValueTransform):
    """Images whose colours are turned about the circle of hues.

    Args:
        factor: the largest turn in 0..1, or the least and the largest: 1 is half of the circle,
            either way.
        value_range: the least and the greatest value of the images.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, 3), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> red = np.float32([[[1, 0, 0]]])
    >>> layer = RandomHue(1.0, (0, 1))
    >>> layer.transform_images(red, {"factor": [1 / 3]}).round(3).tolist()
    [[[0.0, 1.0, 0.0]]]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`factor`, (batch,) float32: what is added to hues, of which 1 is the whole circle."""
        sign = draws.sign()
        return {"factor": sign * draws.uniform(*self.factor) * 0.5}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Images of other hues."""
        turn = self.factors(transformation, "factor")[..., 0] * 6.0
        r, g, b = planes = self._planes(self.floats(x))
        value, spread = _extent(planes)
        divisor = core.where(core.greater(spread, 0.0), spread, 1.0)
        sixths = core.where(
            core.equal(r, value),
            (g - b) / divisor,
            core.where(core.equal(g, value), (b - r) / divisor + 2.0, (r - g) / divisor + 4.0),
        )
        # as `core.image.hsv_to_rgb`, where value * saturation is the spread
        places = [core.floormod(sixths + (turn + n), 6.0) for n in (5.0, 3.0, 1.0)]
        shares = [core.clip_by_value(core.minimum(k, 4.0 - k), 0.0, 1.0) for k in places]
        return self.clipped(core.stack([value - spread * share for share in shares], axis=-1))


class RandomSaturation(ValueTransform):
    """Images of stronger or paler colours.

    Saturations are multiplied by f / (1 - f + 1e-7) and held within 0..1: f = 0.5 changes
    nothing, 0 is grey, and 1 as strong as can be.

    Args:
        factor: f, -1..1, or the least and the largest; one number means those from -f on, of
            which all below 0 are grey, as in Keras 3.
        value_range: the least and the greatest value of the images.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, 3), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> layer = RandomSaturation((0.5, 0.5), (0, 1))
    >>> layer.transform_images(np.float32([[[1, 0.5, 0]]]), {"factor": [0.5]}).tolist()
    [[[1.0, 0.75, 0.5]]]
    """

    # differs from Keras: saturation is held within 0..1, where Keras 3.15 holds it within
    # value_range, so that colours of 0..255 leave that range.

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _EITHER_WAY.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`factor`, (batch,) float32: what saturations are multiplied by."""
        share = draws.uniform(*self.factor)
        return {"factor": share / (1.0 - share + _EPSILON)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Images of other saturations."""
        x = self.floats(x)
        factor = core.maximum(self.factors(transformation, "factor")[..., 0], 0.0)
        planes = self._planes(x)
        value, spread = _extent(planes)
        # A saturation is spread / (value - low); it grows up to 1.
        has_hue = core.greater(spread, 0.0)
        most = (value - float(self.value_range[0])) / core.where(has_hue, spread, 1.0)
        factor = core.where(has_hue, core.minimum(factor, most), 1.0)
        return core.stack([value - (value - plane) * factor for plane in planes], axis=-1)


class RandomColorJitter(ValueTransform):
    """`RandomBrightness`, `RandomContrast`, `RandomSaturation` and `RandomHue`, in this order.

    Args:
        value_range: the least and the greatest value of the images.
        brightness_factor: `factor` of `RandomBrightness`; None leaves that out.
        contrast_factor: `factor` of `RandomContrast`, or None.
        saturation_factor: `factor` of `RandomSaturation`, or None.
        hue_factor: `factor` of `RandomHue`, or None.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image; three channels for hue or saturation.

    Output shape:
        the same.

    >>> import numpy as np
    >>> layer = RandomColorJitter(brightness_factor=(0.2, 0.2))
    >>> layer(np.float32([[[100], [250]]])).reshape(-1).tolist()
    [151.0, 255.0]
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        parts: dict[str, tuple[type[Any], Any]] = {
            "brightness": (RandomBrightness, brightness_factor),
            "contrast": (RandomContrast, contrast_factor),
            "saturation": (RandomSaturation, saturation_factor),
            "hue": (RandomHue, hue_factor),
        }
        # Names of its own, so that layers elsewhere keep their streams of numbers.
        self._steps: dict[str, ValueTransform] = {
            name: make(
                factor,
                value_range=value_range,
                dtype=self.working_dtype,
                name=f"{self.name}_{name}",
            )
            for name, (make, factor) in parts.items()
            if factor is not None
        }

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Any]:
        """What each step draws, by its name: `brightness`, `contrast`, `saturation`, `hue`."""
        return {name: step.draw(draws.apart(), x) for name, step in self._steps.items()}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images after all steps."""
        x = self.floats(x)
        for name, step in self._steps.items():
            x = step.apply(x, transformation[name])
        return x


def _extent(planes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The greatest of red, green and blue, and how far the least is below: (batch, height, width).

    Colours are computed by planes, which the engine goes through once for all of it.
    """
    r, g, b = planes
    value = core.maximum(core.maximum(r, g), b)
    return value, value - core.minimum(core.minimum(r, g), b)


def _grey(x: Tensor) -> Tensor:
    """The luma of each pixel, (batch, height, width, 1), of one channel or three."""
    return x if x.type.dims()[-1] == 1 else core.image.rgb_to_grayscale(x)
