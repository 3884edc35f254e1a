"""Layers that move pixels: flips, rotations, shifts, zooms, shears and perspective.

Each draws a projective map for every image, and `core.image.warp` does the whole batch at once.
"""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

from ...options import Interval, OneOf
from .image_base import RandomImageTransform, sizes_of, wide
from .image_draws import Draws
from .image_options import FILL_MODES, INTERPOLATION, Range

__all__ = [
    "RandomFlip",
    "RandomPerspective",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
]

_FLIPS = OneOf("horizontal", "vertical", "horizontal_and_vertical")
_FILL_MODE = OneOf("reflect", "wrap", "constant", "nearest")
_TURN = Range(-1, 1)
_SHARE = Range(-1, 1)
_ZOOM = Range(-1, 1, open_low=True)
_SHEAR = Range(-1, 1)  # Keras takes 0..1, and writes the pair (-f, f) into files
_PROBABILITY = Range(0, 1)
_SCALE = Interval(0, 1)


class RandomFlip(RandomImageTransform):
    """Half of the images mirrored.

    Args:
        mode: `"horizontal"` (left and right change places), `"vertical"`, or
            `"horizontal_and_vertical"`: both at once, which turns images upside down.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> x = np.float32([[[[1], [2]]]])
    >>> RandomFlip("horizontal").transform_images(x, {"flips": [True]}).reshape(-1).tolist()
    [2.0, 1.0]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = _FLIPS.check(self, "mode", mode)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """Which images are mirrored: `flips`, (batch,) bool."""
        return {"flips": core.less_equal(draws.uniform(), 0.5)}

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some mirrored: pixels are copied."""
        flips = core.reshape(core.convert(transformation["flips"]), [-1])
        maps = core.image.flip_transforms(
            sizes_of(x),
            flips if "horizontal" in self.mode else False,
            flips if "vertical" in self.mode else False,
        )
        return core.image.warp(self.pickable(x), maps, interpolation="nearest")

    apply_to_masks = apply


class _Warped(RandomImageTransform):
    """Base of the layers that draw a map for each image.

    Args:
        fill_mode: what is beyond an image: `"reflect"` (b a | a b c | c b), `"wrap"` (b c | a b c
            | a b), `"constant"` (the fill value) or `"nearest"` (a a | a b c | c c).
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: for `"constant"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.fill_mode = _FILL_MODE.check(self, "fill_mode", fill_mode)
        self.interpolation = INTERPOLATION.check(self, "interpolation", interpolation)
        self.fill_value: float = Interval().check(self, "fill_value", fill_value)

    def maps(self, x: Tensor, transformation: Any) -> Any:
        """(batch, 8): where each image's pixels come from, as `core.image.warp` takes it."""
        raise NotImplementedError(type(self).__name__)

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The moved images."""
        return self._moved(x, transformation, self.interpolation)

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The moved masks: classes are not mixed."""
        return self._moved(x, transformation, "nearest")

    def _moved(self, x: Tensor, transformation: Any, interpolation: str) -> Tensor:
        return core.image.warp(
            self.pickable(x),
            self.maps(x, transformation),
            fill_mode=FILL_MODES[self.fill_mode],
            fill_value=self.fill_value,
            interpolation=interpolation,
        )


class RandomRotation(_Warped):
    """Images turned about their middle.

    Args:
        factor: the largest angle as a share of a full turn, -1..1, or the least and the largest:
            0.1 is between -36 and 36 degrees. A positive angle turns anticlockwise.
        fill_mode: what is beyond an image: `"reflect"` (b a | a b c | c b), `"wrap"` (b c | a b c
            | a b), `"constant"` (the fill value) or `"nearest"` (a a | a b c | c c).
        interpolation: `"bilinear"` or `"nearest"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        fill_value: for `"constant"`.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> x = np.float32([[[1], [2]], [[3], [4]]])
    >>> RandomRotation(1.0).transform_images(x, {"angle": [90.0]}).round(3).reshape(2, 2).tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.factor = _TURN.check(self, "factor", factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`angle`, (batch,) float32, in degrees."""
        low, high = self.factor
        return {"angle": draws.uniform(low * 360.0, high * 360.0)}

    def maps(self, x: Tensor, transformation: Any) -> Any:
        """Rotations."""
        return core.image.affine_transforms(
            sizes_of(x), angle=core.convert(transformation["angle"])
        )


class RandomTranslation(_Warped):
    """Images shifted.

    Args:
        height_factor: the largest shift as a share of the height, -1..1, or the least and the
            largest; a positive one shifts down.
        width_factor: the same of the width; a positive one shifts to the right.
        fill_mode: what is beyond an image: `"reflect"` (b a | a b c | c b), `"wrap"` (b c | a b c
            | a b), `"constant"` (the fill value) or `"nearest"` (a a | a b c | c c).
        interpolation: `"bilinear"` or `"nearest"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        fill_value: for `"constant"`.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> x = np.float32([[[[1], [2], [3]]]])
    >>> layer = RandomTranslation(0.0, 0.5, "constant")
    >>> layer.transform_images(x, {"translations": [[1.0, 0.0]]}).reshape(-1).tolist()
    [0.0, 1.0, 2.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.height_factor = _SHARE.check(self, "height_factor", height_factor)
        self.width_factor = _SHARE.check(self, "width_factor", width_factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`translations`, (batch, 2) float32, to the right and down, in pixels."""
        down, right = (
            draws.uniform(*factor) * core.cast(core.convert(size), "float32")
            for factor, size in zip(
                (self.height_factor, self.width_factor), sizes_of(x), strict=True
            )
        )
        return {"translations": core.stack([right, down], axis=1)}

    def maps(self, x: Tensor, transformation: Any) -> Any:
        """Shifts the other way: from the result to the images."""
        back = -core.convert(transformation["translations"])
        return core.image.affine_transforms(
            sizes_of(x), translate_x=back[:, 0], translate_y=back[:, 1]
        )


class RandomZoom(_Warped):
    """Images seen from nearer or farther.

    Args:
        height_factor: how much more is seen of the height, -1 < factor <= 1, or the least and the
            largest: -0.3 shows 30% less, larger; 0.3 shows 30% more.
        width_factor: the same of the width; None zooms both alike.
        fill_mode: what is beyond an image: `"reflect"` (b a | a b c | c b), `"wrap"` (b c | a b c
            | a b), `"constant"` (the fill value) or `"nearest"` (a a | a b c | c c).
        interpolation: `"bilinear"` or `"nearest"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        fill_value: for `"constant"`.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> x = np.float32([[[[1], [2], [3]]]])
    >>> zooms = {"height_zoom": [1.0], "width_zoom": [2.0]}
    >>> RandomZoom(0.5, 1.0, "constant").transform_images(x, zooms).reshape(-1).tolist()
    [0.0, 2.0, 0.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.height_factor = _ZOOM.check(self, "height_factor", height_factor)
        self.width_factor = (
            None if width_factor is None else _ZOOM.check(self, "width_factor", width_factor)
        )

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`height_zoom` and `width_zoom`, (batch,) float32: 1 is as it was."""
        low, high = self.height_factor
        height = width = draws.uniform(1.0 + low, 1.0 + high)
        if self.width_factor is not None:
            low, high = self.width_factor
            width = draws.uniform(1.0 + low, 1.0 + high)
        return {"height_zoom": height, "width_zoom": width}

    def maps(self, x: Tensor, transformation: Any) -> Any:
        """Zooms about the middle."""
        height, width = (
            core.reshape(core.convert(transformation[f"{name}_zoom"]), [-1])
            for name in ("height", "width")
        )
        return core.image.affine_transforms(sizes_of(x), scale_x=width, scale_y=height)


class RandomShear(_Warped):
    """Images slanted, about their top left corner.

    Args:
        x_factor: the largest slant of columns in 0..1, or the least and the largest: 0.2 moves
            each row by a fifth of a pixel more than the one above.
        y_factor: the same of rows.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what is beyond an image: `"reflect"` (b a | a b c | c b), `"wrap"` (b c | a b c
            | a b), `"constant"` (the fill value) or `"nearest"` (a a | a b c | c c).
        fill_value: for `"constant"`.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> x = np.float32([[[1], [2]], [[3], [4]]])
    >>> layer = RandomShear(1.0, fill_mode="constant")
    >>> layer.transform_images(x, {"shear_factor": [[1.0, 0.0]]}).reshape(2, 2).tolist()
    [[1.0, 2.0], [4.0, 0.0]]
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.x_factor = _SHEAR.check(self, "x_factor", x_factor)
        self.y_factor = _SHEAR.check(self, "y_factor", y_factor)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`shear_factor`, (batch, 2) float32, of columns and of rows."""
        sign = draws.sign()
        rows = draws.uniform(*self.y_factor) * sign
        columns = draws.uniform(*self.x_factor) * sign
        return {"shear_factor": core.stack([columns, rows], axis=1)}

    def maps(self, x: Tensor, transformation: Any) -> Any:
        """Slants."""
        shear = core.convert(transformation["shear_factor"])
        columns, rows = shear[:, 0], shear[:, 1]
        one, none = core.ones_like(columns), core.zeros_like(columns)
        return core.stack([one, columns, none, rows, one, none, none, none], axis=1)


class RandomPerspective(RandomImageTransform):
    """Images seen at an angle: their corners are moved.

    Args:
        factor: the probability for each image, 0..1: drawn between 0 and this number, or between
            two.
        scale: how far corners are moved, 0..1: up to half of that share of their coordinates, so
            that the top left one stays where it is.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: what is beyond an image.
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of all layers on images: `"channels_last"` or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels), or one image.

    Output shape:
        the same.

    >>> import numpy as np
    >>> RandomPerspective(0.0)(np.ones((2, 2, 1))).reshape(-1).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = _PROBABILITY.check(self, "factor", factor)
        self.scale: float = _SCALE.check(self, "scale", scale)
        self.interpolation = INTERPOLATION.check(self, "interpolation", interpolation)
        self.fill_value: float = Interval().check(self, "fill_value", fill_value)

    def draw(self, draws: Draws, x: Tensor) -> dict[str, Tensor]:
        """`apply_perspective`, (batch,) bool; `start_points` and `end_points`, (batch, 4, 2)."""
        height, width = (core.cast(core.convert(n - 1), "float32") for n in sizes_of(x))
        none = core.zeros_like(width)
        corners = core.stack(
            [core.stack(point) for point in ((none, none), (width, none), (none, height))]
            + [core.stack([width, height])]
        )
        half = 0.5 * self.scale
        applied = draws.below(self.factor)
        moved = draws.uniform(-half, half, draws.per_image(4, 2))
        starts = core.zeros_like(moved) + corners
        return {
            "apply_perspective": applied,
            "start_points": starts,
            "end_points": starts + starts * moved,
        }

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """The images, some with moved corners."""
        return self._moved(x, transformation, self.interpolation)

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """The masks alike: classes are not mixed."""
        return self._moved(x, transformation, "nearest")

    def _moved(self, x: Tensor, transformation: Any, interpolation: str) -> Tensor:
        # In float64: the equations' coefficients are products of coordinates.
        starts, ends = (
            core.cast(core.convert(transformation[f"{name}_points"]), "float64")
            for name in ("start", "end")
        )
        x = self.floats(x)
        moved = core.image.warp(
            x,
            core.image.perspective_transforms(starts, ends),
            fill_mode=FILL_MODES["constant"],
            fill_value=self.fill_value,
            interpolation=interpolation,
        )
        return core.where(wide(transformation["apply_perspective"]), moved, x)
