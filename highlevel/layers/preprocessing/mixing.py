"""Layers that put other images, or noise, into images: `CutMix`, `MixUp`, `RandomErasing`."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import ShapeError

from ...options import Interval, option_error
from .colours import ValueTransform
from .image_base import RandomImageTransform, sizes_of, wide
from .image_draws import Draws
from .image_options import Range

__all__ = ["CutMix", "MixUp", "RandomErasing"]

_SHARE = Range(0, 1)
_ALPHA = Interval(0, open_low=True)
_LEAST_ALPHA = 1e-6  # Keras's


class _Mix(RandomImageTransform):
    """Base of the layers that mix each image, and its label, with another of the batch."""

    def others(self, x: Tensor, transformation: Any) -> Tensor:
        """For each image or label the one it is mixed with."""
        return core.gather(x, core.convert(transformation["permutation_order"]), 0)

    def apply_to_labels(self, labels: Tensor, transformation: Any) -> Tensor:
        """Labels mixed as the images are: (batch, classes), or (batch,) of floats."""
        if labels.dtype.is_integer and labels.ndim == 1:
            raise ShapeError(
                type(self).__name__,
                "numbers of classes cannot be mixed",
                expected="labels (batch, classes)",
                got=str(labels.type),
                layer=self._label,
                site=user_site(),
                hint="to_categorical(labels) makes rows of them",
            )
        y = self.floats(labels)
        weight = self.floats(core.convert(transformation["mix_weight"]))
        weight = core.reshape(weight, [-1] + [1] * (len(y.type.dims()) - 1))
        return weight * y + (1.0 - weight) * self.others(y, transformation)


class MixUp(_Mix):
    """Each image mixed with another of the batch: w x + (1 - w) x', and so its label.

    H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, "mixup: Beyond Empirical Risk Minimization",
    2018.

    Args:
        alpha: w is drawn from Beta(alpha, alpha), for each image; > 0.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or a dict of `"images"` and `"labels"` (batch, classes).

    Output shape:
        the same.

    >>> import numpy as np
    >>> mixed = MixUp()({"images": np.ones((2, 1, 1, 1)), "labels": np.eye(2)})
    >>> mixed["images"].reshape(-1).tolist(), mixed["labels"].sum(1).round(5).tolist()
    ([1.0, 1.0], [1.0, 1.0])
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.alpha: float = _ALPHA.check(self, "alpha", alpha)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`mix_weight`, (batch,) float32, and `permutation_order`, (batch,) int64."""
        order = core.random_permutation(draws.count, key=draws.next_key())
        weight = core.random_beta(
            draws.per_image(), float(self.alpha), float(self.alpha), key=draws.next_key()
        )
        return {"mix_weight": weight, "permutation_order": order}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The mixed images."""
        x = self.floats(x)
        weight = self.floats(wide(transformation["mix_weight"]))
        return weight * x + (1.0 - weight) * self.others(x, transformation)

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The masks, mixed as the images are."""
        return self.apply(x, transformation)


class CutMix(_Mix):
    """A rectangle of each image replaced by that of another of the batch; labels are mixed.

    S. Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
    Features", 2019.

    Args:
        factor: the share of an image that stays is drawn from Beta(a, a), with a drawn for the
            whole batch in 0..1: between 0 and this number, or between two.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or a dict of `"images"` and `"labels"` (batch, classes).

    Output shape:
        the same.

    >>> import numpy as np
    >>> mixed = CutMix()({"images": np.ones((2, 4, 4, 1)), "labels": np.eye(2)})
    >>> mixed["images"].min(), mixed["labels"].sum(1).round(5).tolist()
    (np.float32(1.0), [1.0, 1.0])
    """

    def __init__(
        self,
        factor: Any = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`permutation_order`, (batch,) int64; `batch_masks`, (batch, height, width, 1) bool, where
        the other image is; `mix_weight`, (batch,) float32: the share that stays."""
        alpha = draws.uniform(*self.factor, shape=[]) + _LEAST_ALPHA
        stays = core.random_beta(draws.per_image(), alpha, alpha, key=draws.next_key())
        side = core.sqrt(1.0 - stays)
        order = core.random_permutation(draws.count, key=draws.next_key())
        masks, share = _rectangles(draws, sizes_of(x), side, side)
        return {"permutation_order": order, "batch_masks": masks, "mix_weight": 1.0 - share}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images with their rectangles."""
        x = self.floats(x)
        masks = core.convert(transformation["batch_masks"])
        return core.where(masks, self.others(x, transformation), x)

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The masks with the same rectangles."""
        return self.apply(x, transformation)


class RandomErasing(ValueTransform):
    """A rectangle of some of the images replaced by noise, or by one value.

    Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang, "Random Erasing Data Augmentation", 2017.

    Args:
        factor: the probability for each image, 0..1: drawn between 0 and this number, or between
            two.
        scale: squares of the rectangle's height and width, as shares of the image's, are drawn
            between these two, each in 0..1; or between 0 and one number.
        fill_value: a number, or one for each channel; None for normal noise whose deviation is
            the greatest value. Both are held within the range of values.
        value_range: the least and the greatest value of the images.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> erased = RandomErasing((1, 1), scale=(1, 1), fill_value=7)(np.ones((2, 2, 1)))
    >>> erased.reshape(-1).tolist()
    [7.0, 7.0, 7.0, 7.0]
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed, data_format, **kwargs)
        self.factor = _SHARE.check(self, "factor", factor)
        self.scale = _SHARE.check(self, "scale", scale)
        given = fill_value if isinstance(fill_value, list | tuple) else [fill_value]
        if fill_value is not None and not all(isinstance(n, int | float) for n in given):
            raise option_error(
                self, "fill_value", fill_value, "a number, one for each channel, or None"
            )
        self.fill_value = fill_value

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`apply_erasing`, (batch,) bool; `batch_masks`, (batch, height, width, 1) bool, where it
        is erased; `fill_value`, what is there instead."""
        along, down = (core.sqrt(draws.uniform(*self.scale)) for _ in range(2))
        masks, _ = _rectangles(draws, sizes_of(x), down, along)
        return {
            "apply_erasing": draws.below(self.factor),
            "batch_masks": masks,
            "fill_value": self._fill(draws, x),
        }

    def _fill(self, draws: Draws, x: Tensor) -> Tensor:
        if self.fill_value is not None:
            return self.clipped(core.constant(self.fill_value, "float32"))
        noise = core.random_normal(core.shape_of(x), key=draws.next_key())
        return self.clipped(noise * float(self.value_range[1]))

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some with erased rectangles."""
        x = self.floats(x)
        is_erased = core.logical_and(
            wide(transformation["apply_erasing"]), core.convert(transformation["batch_masks"])
        )
        return core.where(is_erased, self.floats(core.convert(transformation["fill_value"])), x)


def _rectangles(
    draws: Draws, sizes: tuple[Any, Any], down: Tensor, along: Tensor
) -> tuple[Tensor, Tensor]:
    """A random rectangle in each image, of given shares of its height and width.

    Returns:
        (batch, height, width, 1) bool, and (batch,) the share of the image's area, before it is
        cut into pixels.
    """
    inside = []
    for axis, (size, share) in enumerate(zip(sizes, (down, along), strict=True)):
        count = core.convert(size)
        length = share * core.cast(count, "float32")
        first = wide(draws.uniform() * (core.cast(count, "float32") - length))
        place = core.cast(core.arange(count), "float32")
        place = core.reshape(place, [1, -1, 1, 1] if axis == 0 else [1, 1, -1, 1])
        is_after = core.greater_equal(place, first)
        inside.append(core.logical_and(is_after, core.less(place, first + wide(length))))
    rows, columns = inside
    return core.logical_and(rows, columns), down * along
