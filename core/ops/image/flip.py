"""Images mirrored and turned, always or by chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import OptionError, ShapeError, user_site
from ...graph import Tensor
from ..compare import where
from ..concat import concat
from ..elementwise import identity, shape_of
from ..order import reverse
from ..random import random_uniform
from ..shape import transpose
from ..source import convert

__all__ = [
    "flip_left_right",
    "flip_up_down",
    "random_flip_left_right",
    "random_flip_up_down",
    "rot90",
    "transpose_image",
]


def flip_left_right(image: Any, name: str | None = None) -> Tensor:
    """Images whose columns come in the opposite order.

    Args:
        image: (..., height, width, channels), any dtype.
        name: of the node.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.flip_left_right([[[1], [2], [3]]])).tolist()
    [[[3], [2], [1]]]
    """
    return reverse(image, -2, name=name or "flip_left_right")


def flip_up_down(image: Any, name: str | None = None) -> Tensor:
    """Images whose rows come in the opposite order.

    Args:
        image: (..., height, width, channels), any dtype.
        name: of the node.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.flip_up_down([[[1]], [[2]]])).tolist()
    [[[2]], [[1]]]
    """
    return reverse(image, -3, name=name or "flip_up_down")


def transpose_image(image: Any, name: str | None = None) -> Tensor:
    """Images whose rows become columns.

    Args:
        image: (..., height, width, channels), any dtype.
        name: of the node.

    Returns:
        (..., width, height, channels).

    Raises:
        ShapeError: if the rank is unknown or below 3.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.transpose_image([[[1], [2]]])).tolist()
    [[[1]], [[2]]]
    """
    x = convert(image)
    if x.ndim is None or x.ndim < 3:
        raise ShapeError(
            "transpose_image",
            "the rank is unknown" if x.ndim is None else "images have too few axes",
            expected="image (..., height, width, channels)",
            got=f"image {x.type}",
            site=user_site(),
        )
    before = range(x.ndim - 3)
    order = (*before, x.ndim - 2, x.ndim - 3, x.ndim - 1)
    return transpose(x, order, name=name or "transpose_image")


def rot90(image: Any, k: int = 1, name: str | None = None) -> Tensor:
    """Images turned to the left by `k` right angles.

    Args:
        image: (..., height, width, channels), any dtype.
        k: how often, an integer of either sign.
        name: of the node.

    Returns:
        (..., height, width, channels) for an even `k`, else (..., width, height, channels).

    Raises:
        ShapeError: if `k` is odd and the rank is unknown or below 3.
        OptionError: if `k` is no integer.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.rot90([[[1], [2]]])).tolist()
    [[[2]], [[1]]]
    """
    if not isinstance(k, int | np.integer):
        raise OptionError(
            "rot90", "k is no count", expected="an integer", got=repr(k), site=user_site()
        )
    name = name or "rot90"
    turns = int(k) % 4
    if turns == 0:
        return identity(image, name=name)
    if turns == 2:
        return reverse(image, [-3, -2], name=name)
    return reverse(transpose_image(image), -3 if turns == 1 else -2, name=name)


def random_flip_left_right(image: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Images of which about half are flipped from left to right, other ones in every run.

    Args:
        image: (..., height, width, channels), any dtype; each image of a batch has its own chance.
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.random_flip_left_right([[[1], [2]]])).tolist() in (
    ...     [[[1], [2]]], [[[2], [1]]]
    ... )
    True
    """
    return _random_flip(image, -2, seed, name or "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Images of which about half are flipped upside down, other ones in every run.

    Args:
        image: (..., height, width, channels), any dtype; each image of a batch has its own chance.
        seed: makes the stream independent of the node's name.
        name: of the node.

    >>> from thalweg.core import Session, image
    >>> Session().run(image.random_flip_up_down([[[1]], [[2]]])).tolist() in (
    ...     [[[1]], [[2]]], [[[2]], [[1]]]
    ... )
    True
    """
    return _random_flip(image, -3, seed, name or "random_flip_up_down")


def _random_flip(image: Any, axis: int, seed: int | None, name: str) -> Tensor:
    x = convert(image)
    each = concat([shape_of(x)[:-3], [1, 1, 1]], axis=0)
    is_flipped = random_uniform(each, seed=seed) < 0.5
    return where(is_flipped, reverse(x, axis), x, name=name)
