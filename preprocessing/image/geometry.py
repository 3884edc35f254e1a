"""Pictures turned, shifted, sheared, zoomed and mirrored.

All of it is one map, which takes a pixel of the result to the place in the picture where its color
is picked; `thalweg.core.image` has both the map and the picking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.core import (
    CallCache,
    OptionError,
    ShapeError,
    Tensor,
    call_at_once,
    image,
    require_extra,
    user_site,
)
from thalweg.core.options import Interval, OneOf

from .draws import Generator, random_source
from .parameters import as_zoom, draw_zoom

__all__ = [
    "FILL_MODES",
    "IDENTITY",
    "Picking",
    "apply_affine_transform",
    "maps",
    "moved_back",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "rounded",
    "rows_first",
]

Array = np.ndarray[Any, Any]

FILL_MODES = OneOf("nearest", "constant", "reflect", "wrap", "mirror", "grid-constant", "grid-wrap")
_ORDER = Interval(0, 5, integer=True)
_CALLS: CallCache = CallCache()


# Maps ---------------------------------------------------------------------------------------------


def maps(
    parameters: Sequence[Mapping[str, Any]], height: int, width: int, exact_centre: bool = False
) -> Array:
    """Where the pixels of transformed pictures are picked, as `thalweg.core.image.warp` takes it.

    Args:
        parameters: for each picture any of Keras's `theta` and `shear` in degrees, `tx` and `ty`
            in rows and columns, `zx` and `zy`, the factors for rows and columns,
            `flip_horizontal` and `flip_vertical`.
        height, width: of the pictures.
        exact_centre: whether they are turned, sheared and zoomed about their centre, and not
            about a point one row and one column further, as in Keras 2.3.1.

    Returns:
        (pictures, 8) float64.

    >>> maps([{"tx": 2, "flip_horizontal": True}], 5, 4).tolist()
    [[-1.0, 0.0, 3.0, 0.0, 1.0, 2.0, 0.0, 0.0]]
    """
    size = (height, width)
    columns = {
        name: [each.get(name, neutral) for each in parameters] for name, neutral in _NEUTRAL.items()
    }
    flips = [
        [bool(each.get(name)) for each in parameters]
        for name in ("flip_horizontal", "flip_vertical")
    ]
    moved = image.keras_transforms(size, **columns, centre_offset=-0.5 if exact_centre else 0.5)
    result: Array = image.compose_transforms(moved, image.flip_transforms(size, *flips))
    return result


_NEUTRAL = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
IDENTITY = np.array([1.0, 0, 0, 0, 1, 0, 0, 0])


# Picking ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picking:
    """What a pixel gets from the place it is picked at.

    Attributes:
        fill_mode: what lies beyond the picture, as in `scipy.ndimage`: "nearest", "constant",
            "reflect", "wrap", "mirror", "grid-constant" or "grid-wrap".
        cval: the color beyond for "constant".
        order: 0 takes the nearest pixel, 1 mixes four; 2..5 are splines, by SciPy.

    Raises:
        OptionError: for another fill mode or order.
    """

    fill_mode: str = "nearest"
    cval: float = 0.0
    order: int = 1
    where: str = "apply_affine_transform"

    def __post_init__(self) -> None:
        FILL_MODES.check(self.where, "fill_mode", self.fill_mode)
        _ORDER.check(self.where, "interpolation_order", self.order)

    @property
    def is_spline(self) -> bool:
        """Whether only SciPy can do it."""
        return self.order > 1

    def warped(self, images: Tensor, transforms: Tensor, displacement: Tensor | None) -> Tensor:
        """Graph code: (batch, height, width, channels) -> the same size, floats."""
        return image.warp(
            images,
            transforms,
            displacement=displacement,
            fill_mode=self.fill_mode.lower(),
            fill_value=float(self.cval),
            interpolation="bilinear" if self.order else "nearest",
        )

    def by_splines(self, images: Array, transforms: Array, displacement: Array | None) -> Array:
        """The same by SciPy, for orders above 1.

        Raises:
            MissingExtraError: if SciPy is not installed.
        """
        try:
            from scipy import ndimage
        except ImportError as error:
            raise require_extra("scipy", "scipy", "interpolation_order above 1") from error
        y, x = np.mgrid[: images.shape[1], : images.shape[2]]
        result = np.empty(images.shape, np.result_type(images, np.float32))
        for i, (a0, a1, a2, b0, b1, b2, *_) in enumerate(transforms):
            places = np.stack([b0 * x + b1 * y + b2, a0 * x + a1 * y + a2])
            if displacement is not None:
                places = places + np.moveaxis(displacement[i], -1, 0)
            for channel in range(images.shape[-1]):
                result[i, ..., channel] = ndimage.map_coordinates(
                    images[i, ..., channel].astype(result.dtype),
                    places,
                    order=self.order,
                    mode=self.fill_mode.lower(),
                    cval=self.cval,
                )
        return result

    def pick(self, images: Array, transforms: Array, displacement: Array | None = None) -> Array:
        """Arrays: (batch, height, width, channels) -> the same size and dtype."""
        floats = images
        if images.dtype != np.uint8 and images.dtype.kind != "f":
            floats = images.astype(np.float64)
        if self.is_spline:
            result = self.by_splines(floats, transforms, displacement)
        else:
            given = [] if displacement is None else [displacement]

            def build(x: Tensor, transforms: Tensor, *fields: Tensor) -> Tensor:
                return self.warped(x, transforms, fields[0] if fields else None)

            arrays = [floats, transforms, *given]
            result = call_at_once(build, arrays, _CALLS, self)
        return rounded(result, images.dtype)


def rounded(x: Array, dtype: np.dtype[Any]) -> Array:
    """The numbers in a dtype: the nearest and, if they do not fit, the outermost integers."""
    if dtype.kind == "f":
        return x.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    result: Array = np.clip(np.rint(x), limits.min, limits.max).astype(dtype)
    return result


# Single pictures ----------------------------------------------------------------------------------


def rows_first(where: str, x: Any, row_axis: int, col_axis: int, channel_axis: int) -> Array:
    """A picture with its axes in the order (height, width, channels).

    Raises:
        ShapeError: if x has not three axes.
        OptionError: if the axes are not these three.
    """
    x = np.asarray(x)
    if x.ndim != 3:
        raise ShapeError(
            where,
            "this is no single picture",
            expected="three axes: height, width, channels",
            got=str(x.shape),
            site=user_site(),
        )
    axes = (row_axis, col_axis, channel_axis)
    if sorted(axis % 3 for axis in axes) != [0, 1, 2] or not all(-3 <= a < 3 for a in axes):
        raise OptionError(
            where,
            "row_axis, col_axis and channel_axis are not three axes",
            expected="0, 1 and 2 in some order",
            got=str(axes),
            site=user_site(),
        )
    picture: Array = x.transpose(axes)
    return picture


def moved_back(x: Array, row_axis: int, col_axis: int, channel_axis: int) -> Array:
    """A picture (height, width, channels) with its axes where they were."""
    order = np.argsort([row_axis % 3, col_axis % 3, channel_axis % 3])
    return np.ascontiguousarray(x.transpose(order))


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
    *,
    exact_centre: bool = False,
) -> Array:
    """A picture turned, shifted, sheared and zoomed.

    Args:
        x: (height, width, channels), numbers.
        theta: degrees to turn by, clockwise.
        tx, ty: rows and columns by which places are picked further down and to the right, so
            that the picture moves up and to the left.
        shear: angle in degrees.
        zx, zy: factors for the height and the width; below 1 the picture gets larger.
        row_axis, col_axis, channel_axis: the axes of x.
        fill_mode, cval, order: see `Picking`.
        exact_centre: whether to turn, shear and zoom about the centre itself; see the module.

    Returns:
        Of the shape and dtype of x.

    Raises:
        OptionError: for an argument outside its values.
        ShapeError: if x has not three axes.

    >>> x = np.arange(6.0).reshape(2, 3, 1)
    >>> apply_affine_transform(x, ty=1)[..., 0].tolist()
    [[1.0, 2.0, 2.0], [4.0, 5.0, 5.0]]
    """
    where = "apply_affine_transform"
    picture = rows_first(where, x, row_axis, col_axis, channel_axis)
    picking = Picking(fill_mode, cval, order, where)
    parameters = {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy}
    height, width = picture.shape[:2]
    transforms = maps([parameters], height, width, exact_centre)
    result = picking.pick(np.ascontiguousarray(picture)[None], transforms)[0]
    return moved_back(result, row_axis, col_axis, channel_axis)


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """A picture turned by at most `rg` degrees to either side.

    Args:
        x: (channels, height, width), numbers.
        rg: degrees.
        row_axis, col_axis, channel_axis: the axes of x. # differs from Keras 2.3.1, which turns,
            shears and zooms about a point of other axes unless they are 0, 1 and 2.
        fill_mode, cval, interpolation_order: see `Picking`.
        seed: an integer >= 0: the angle that Keras draws after `np.random.seed(seed)`.
        rng: a NumPy generator to draw from, in place of a seed. Without either, see
            `thalweg.utils.set_random_seed`.

    Returns:
        Of the shape and dtype of x.

    >>> random_rotation(np.ones((1, 4, 4)), 20, seed=3).shape
    (1, 4, 4)
    """
    theta = random_source(seed, rng).uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *axes)


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """A picture shifted by at most parts of its size.

    Args:
        x: (channels, height, width), numbers.
        wrg, hrg: parts of the width and of the height, to either side.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order, seed, rng: see
            `random_rotation`.

    Returns:
        Of the shape and dtype of x.

    >>> random_shift(np.ones((1, 4, 4)), 0.5, 0.5, seed=3).shape
    (1, 4, 4)
    """
    source = random_source(seed, rng)
    height, width = np.shape(x)[row_axis], np.shape(x)[col_axis]
    tx, ty = source.uniform(-hrg, hrg) * height, source.uniform(-wrg, wrg) * width
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *axes)


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """A picture sheared by at most `intensity` degrees to either side.

    Args:
        x: (channels, height, width), numbers.
        intensity: degrees.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order, seed, rng: see
            `random_rotation`.

    Returns:
        Of the shape and dtype of x.

    >>> random_shear(np.ones((1, 4, 4)), 20, seed=3).shape
    (1, 4, 4)
    """
    shear = random_source(seed, rng).uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *axes)


def random_zoom(
    x: Any,
    zoom_range: Any,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """A picture made larger or smaller, by two factors for its height and its width.

    Args:
        x: (channels, height, width), numbers.
        zoom_range: the least and the greatest factor; below 1 the picture gets larger.
        row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order, seed, rng: see
            `random_rotation`.

    Returns:
        Of the shape and dtype of x.

    Raises:
        OptionError: if the range is not two numbers.

    >>> random_zoom(np.ones((1, 4, 4)), (0.5, 1), seed=3).shape
    (1, 4, 4)
    """
    zx, zy = draw_zoom(random_source(seed, rng), as_zoom("random_zoom", zoom_range))
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *axes)
