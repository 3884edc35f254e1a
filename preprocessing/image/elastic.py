"""Elastic deformations, and pictures centred by their mass: what handwriting is augmented with.

P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to
visual document analysis", 2003: each pixel is displaced by a random field that was smoothed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.core import CallCache, ShapeError, Tensor, call_at_once, image, user_site
from thalweg.core.options import Interval

from .draws import Generator, random_source
from .geometry import IDENTITY, Picking, moved_back, rows_first

__all__ = ["apply_elastic", "centre_by_mass", "mass_maps", "noise", "random_elastic"]

Array = np.ndarray[Any, Any]

_CALLS: CallCache = CallCache()
_POSITIVE = Interval(0, open_low=True)


def noise(rng: Generator, height: int, width: int) -> Array:
    """What a field of displacements is smoothed from: (height, width, 2) float32 in -1..1."""
    uniform: Array = rng.uniform(-1.0, 1.0, (height, width, 2)).astype(np.float32)
    return uniform


def apply_elastic(
    x: Any,
    displacement: Any,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Array:
    """A picture whose pixels are picked at displaced places.

    Args:
        x: (height, width, channels), numbers.
        displacement: (height, width, 2), rows and columns to go down and to the right.
        row_axis, col_axis, channel_axis: the axes of x.
        fill_mode, cval, order: see `Picking`.

    Returns:
        Of the shape and dtype of x.

    Raises:
        ShapeError: if x has not three axes, or the displacement is not of its size.

    >>> x = np.arange(4.0).reshape(2, 2, 1)
    >>> down = np.broadcast_to([1.0, 0.0], (2, 2, 2))
    >>> apply_elastic(x, down)[..., 0].tolist()
    [[2.0, 3.0], [2.0, 3.0]]
    """
    picture = rows_first("apply_elastic", x, row_axis, col_axis, channel_axis)
    field = np.asarray(displacement, np.float32)
    if field.shape != (*picture.shape[:2], 2):
        raise ShapeError(
            "apply_elastic",
            "the displacement is not of the picture's size",
            expected=str((*picture.shape[:2], 2)),
            got=str(field.shape),
            site=user_site(),
        )
    picking = Picking(fill_mode, cval, order, "apply_elastic")
    images = np.ascontiguousarray(picture)[None]
    result = picking.pick(images, IDENTITY[None], field[None])[0]
    return moved_back(result, row_axis, col_axis, channel_axis)


def random_elastic(
    x: Any,
    alpha: float,
    sigma: float,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    *,
    seed: int | None = None,
    rng: Generator | None = None,
) -> Array:
    """A picture deformed like rubber.

    Args:
        x: (height, width, channels), numbers.
        alpha: factor of the displacements, in pixels. Smoothing makes them small, about
            alpha / (3.5 * sigma): for digits of 28 by 28 pixels the paper has 34 with sigma 4.
        sigma: of the Gaussian that smooths them, in pixels: small ones tear, large ones shift.
        row_axis, col_axis, channel_axis: the axes of x.
        fill_mode, cval, interpolation_order: see `Picking`.
        seed, rng: see `random_rotation`.

    Returns:
        Of the shape and dtype of x.

    Raises:
        OptionError: if sigma is not above 0.

    >>> random_elastic(np.ones((8, 8, 1)), 34, 4, seed=3).shape
    (8, 8, 1)
    """
    picture = rows_first("random_elastic", x, row_axis, col_axis, channel_axis)
    alpha = Interval().check("random_elastic", "alpha", alpha)
    sigma = _POSITIVE.check("random_elastic", "sigma", sigma)
    field = noise(random_source(seed, rng), *picture.shape[:2])

    def build(fields: Tensor) -> Tensor:
        return image.elastic_displacement(fields, alpha, sigma)

    displacement = call_at_once(build, [field[None]], _CALLS, (alpha, sigma))[0]
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_elastic(x, displacement, *axes)


def mass_maps(images: Array) -> Array:
    """The shift of each picture, by whole pixels, that brings its centre of mass to its middle.

    The mass of a pixel is its value above the least one of the picture, summed over channels. A
    picture of one color has its mass in the middle.

    Args:
        images: (batch, height, width, channels).

    Returns:
        (batch, 8) float64, for `warp`.
    """
    x = images.astype(np.float64)
    mass = (x - x.min(axis=(1, 2, 3), keepdims=True)).sum(axis=3)
    total = mass.sum(axis=(1, 2))
    result = np.tile(IDENTITY, (len(mass), 1))
    for axis, column in ((0, 5), (1, 2)):  # rows, and columns
        size = mass.shape[1 + axis]
        along = mass.sum(axis=2 - axis) @ (np.arange(size) - (size - 1) / 2)
        result[:, column] = np.rint(along / np.where(total > 0, total, np.inf))
    return result


def centre_by_mass(
    x: Any,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> Array:
    """A picture moved by whole pixels, so that its centre of mass is in the middle, as in MNIST.

    Args:
        x: (height, width, channels), numbers. The mass of a pixel is its value above the least
            one, summed over channels.
        row_axis, col_axis, channel_axis: the axes of x.
        fill_mode, cval: see `Picking`.

    Returns:
        Of the shape and dtype of x.

    Raises:
        ShapeError: if x has not three axes.

    >>> centre_by_mass([[[9], [0], [0]]])[..., 0].tolist()
    [[9, 9, 0]]
    >>> centre_by_mass([[[9], [0], [0]]], fill_mode="constant")[..., 0].tolist()
    [[0, 9, 0]]
    """
    picture = rows_first("centre_by_mass", x, row_axis, col_axis, channel_axis)
    picking = Picking(fill_mode, cval, 0, "centre_by_mass")
    images = np.ascontiguousarray(picture)[None]
    result = picking.pick(images, mass_maps(images))[0]
    return moved_back(result, row_axis, col_axis, channel_axis)
