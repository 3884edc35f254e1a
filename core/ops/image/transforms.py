"""Coefficients for `warp`: rotations, shifts, shears, zooms and perspective, one row a map.

A row (a0, a1, a2, b0, b1, b2, c0, c1) takes the result's (x, y), x counting columns, to the
input's ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1.

Numbers and arrays give an array, in float64; where any argument is a tensor, graph is built. Every
parameter is one number for all images, or a vector of one an image. Angles are in degrees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError, user_site
from ...graph import Tensor
from ...types import float32
from ..compare import where
from ..concat import concat
from ..elementwise import cast, zeros_like
from ..linalg import matmul, matrix_inverse, matrix_solve
from ..shape import reshape
from ..source import constant, convert, convert_all
from ..stack import stack
from ..trigonometry import cos, sin, tan

__all__ = [
    "affine_transforms",
    "compose_transforms",
    "flip_transforms",
    "invert_transforms",
    "keras_transforms",
    "perspective_transforms",
]


def affine_transforms(
    size: Any,
    angle: Any = 0.0,
    translate_x: Any = 0.0,
    translate_y: Any = 0.0,
    scale_x: Any = 1.0,
    scale_y: Any = 1.0,
    shear_x: Any = 0.0,
    shear_y: Any = 0.0,
    centre: tuple[float, float] = (0.5, 0.5),
) -> Any:
    """The affine maps of Keras 3's layers: scale times shear times rotation about a centre.

    The matrix diag(scale_x, scale_y) [[1, tan shear_x], [tan shear_y, 1]] R(angle), R being the
    rotation [[cos, -sin], [sin, cos]], and then the translation. As everywhere it takes the
    result to the input: a scale of 2 shows twice as much, half as large; translate_x = 3 moves
    what is seen to the left.

    Args:
        size: (height, width) of the images: two numbers or integer scalars.
        angle: in degrees.
        translate_x: in pixels, along the rows.
        translate_y: in pixels, along the columns.
        scale_x: of columns.
        scale_y: of rows.
        shear_x: in degrees; a column moves by tan(shear_x) a row.
        shear_y: in degrees.
        centre: (x, y) of what stays where it is, 0 being the first pixel's centre and 1 the last
            one's.

    Returns:
        (images, 8), float64, or the tensors' dtype.

    >>> turned = affine_transforms((3, 3), angle=90.0)
    >>> (turned.round(6) + 0.0).tolist()
    [[0.0, -1.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0]]
    """
    values = [angle, translate_x, translate_y, scale_x, scale_y, shear_x, shear_y]
    (turn, dx, dy, sx, sy, shx, shy), (height, width), f = _prepared(values, size)
    c, s = f.cos(turn * _DEGREE), f.sin(turn * _DEGREE)
    along, down = f.tan(shx * _DEGREE), f.tan(shy * _DEGREE)
    linear = (
        (sx * (c + along * s), sx * (along * c - s)),
        (sy * (down * c + s), sy * (c - down * s)),
    )
    middle = (centre[0] * (width - 1), centre[1] * (height - 1))
    return _about(f, linear, (dx, dy), middle)


def keras_transforms(
    size: Any,
    theta: Any = 0.0,
    tx: Any = 0.0,
    ty: Any = 0.0,
    shear: Any = 0.0,
    zx: Any = 1.0,
    zy: Any = 1.0,
    centre_offset: float = -0.5,
) -> Any:
    """The affine maps of Keras 2's `ImageDataGenerator`: rotation, shift, shear, zoom, in one.

    In Keras 2 x counts ROWS, and y columns. With them the matrix is

        [[cos theta, -sin theta], [sin theta, cos theta]], then the shift (tx, ty), then
        [[1, -sin shear], [0, cos shear]], then diag(zx, zy),

    about the point (size / 2 + centre_offset).

    Args:
        size: (height, width) of the images.
        theta: rotation in degrees.
        tx: shift of rows, in pixels.
        ty: shift of columns, in pixels.
        shear: in degrees.
        zx: zoom of rows; 2 shows twice as many.
        zy: zoom of columns.
        centre_offset: -0.5, the middle of the image, is what Keras has had since TensorFlow 2.9.
            keras-preprocessing 1.1, which came with Keras 2.3.1, has +0.5: one pixel further.

    Returns:
        (images, 8), float64, or the tensors' dtype.

    >>> keras_transforms((4, 6), tx=[1.0, 2.0], ty=3.0)[:, [2, 5]].tolist()
    [[3.0, 1.0], [3.0, 2.0]]
    """
    values, (height, width), f = _prepared([theta, tx, ty, shear, zx, zy], size)
    turn, rows, columns, slant, zoom_rows, zoom_columns = values
    c, s = f.cos(turn * _DEGREE), f.sin(turn * _DEGREE)
    across, along = f.sin(slant * _DEGREE), f.cos(slant * _DEGREE)
    # rows first: (row, column) to (row, column), here read from the bottom right
    linear = (
        ((c * along - s * across) * zoom_columns, s * zoom_rows),
        ((-c * across - s * along) * zoom_columns, c * zoom_rows),
    )
    shift = (s * rows + c * columns, c * rows - s * columns)
    return _about(f, linear, shift, (width / 2 + centre_offset, height / 2 + centre_offset))


def flip_transforms(size: Any, horizontal: Any = False, vertical: Any = False) -> Any:
    """The maps that mirror images.

    Args:
        size: (height, width) of the images.
        horizontal: whether left and right change places: a boolean, or a vector of one an image.
        vertical: whether top and bottom do.

    Returns:
        (images, 8), float64, or float32 in a graph.

    >>> flip_transforms((4, 6), horizontal=[True, False])[:, [0, 2, 4, 5]].tolist()
    [[-1.0, 5.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0]]
    """
    flags = [
        where(convert(flag), -1.0, 1.0) if _is_symbolic(flag) else np.where(flag, -1.0, 1.0)
        for flag in (horizontal, vertical)
    ]
    return affine_transforms(size, scale_x=flags[0], scale_y=flags[1])


def perspective_transforms(start_points: Any, end_points: Any) -> Any:
    """The maps that bring four points of the images to four others.

    Args:
        start_points: (images, 4, 2) float, (x, y) of points of the input.
        end_points: (images, 4, 2), where they are in the result; no three on a line.

    Returns:
        (images, 8), float64, or the tensors' dtype.

    >>> square = [[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]]
    >>> moved = [[[1.0, 0.0], [3.0, 0.0], [3.0, 2.0], [1.0, 2.0]]]
    >>> perspective_transforms(square, moved).round(6).tolist()
    [[1.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0]]
    """
    f = _functions(start_points, end_points)
    source, target = f.arrays(start_points, end_points)
    u, v, x, y = source[..., 0], source[..., 1], target[..., 0], target[..., 1]
    zero, one = x * 0.0, x * 0.0 + 1.0
    # u (c0 x + c1 y + 1) = a0 x + a1 y + a2, and the same for v: two equations a point
    equations = (
        [x, y, one, zero, zero, zero, -u * x, -u * y],
        [zero, zero, zero, x, y, one, -v * x, -v * y],
    )
    left = f.concat([f.stack(row, axis=-1) for row in equations], axis=-2)
    right = f.stack([f.concat([u, v], axis=-1)], axis=-1)
    return f.reshape(f.solve(left, right), [-1, _COEFFICIENTS])


def compose_transforms(*transforms: Any) -> Any:
    """The maps that do what several do one after another, the first first.

    `warp(x, compose_transforms(a, b))` is `warp(warp(x, a), b)` with one resampling.

    Args:
        transforms: (images, 8) or (1, 8) float each, or (8,).

    Returns:
        (images, 8), float64, or the tensors' dtype.

    Raises:
        ShapeError: if there are none.

    >>> shift = [1, 0, 2, 0, 1, 0, 0, 0]
    >>> compose_transforms(shift, shift, affine_transforms((3, 3), scale_x=2.0)).tolist()
    [[2.0, 0.0, 3.0, 0.0, 1.0, 0.0, 0.0, 0.0]]
    """
    if not transforms:
        raise ShapeError(
            "compose_transforms", "there are none", expected="one or more", site=user_site()
        )
    f = _functions(*transforms)
    first, *others = (_matrices(f, maps) for maps in f.arrays(*transforms))
    for matrices in others:
        first = f.matmul(first, matrices)
    return _coefficients(f, first)


def invert_transforms(transforms: Any) -> Any:
    """The maps that undo others.

    Args:
        transforms: (images, 8) float, or (8,).

    Returns:
        (images, 8), float64, or the tensors' dtype.

    >>> invert_transforms([2, 0, 2, 0, 1, 0, 0, 0]).tolist()
    [[0.5, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0]]
    """
    f = _functions(transforms)
    [maps] = f.arrays(transforms)
    return _coefficients(f, f.inverse(_matrices(f, maps)))


# What arrays and tensors have in common -----------------------------------------------------------

_DEGREE = math.pi / 180
_COEFFICIENTS = 8


class _Functions(NamedTuple):
    """What maps are computed by. `arrays` gives all its arguments one dtype."""

    arrays: Any
    cos: Any
    sin: Any
    tan: Any
    stack: Any
    concat: Any
    reshape: Any
    zeros_like: Any
    matmul: Any
    inverse: Any
    solve: Any


def _float64(*values: Any) -> list[Any]:
    return [np.asarray(value, np.float64) for value in values]


_OF_ARRAYS = _Functions(
    _float64, np.cos, np.sin, np.tan, np.stack, np.concatenate, np.reshape, np.zeros_like,
    np.matmul, np.linalg.inv, np.linalg.solve,
)  # fmt: skip
_OF_GRAPH = _Functions(
    convert_all, cos, sin, tan, stack, concat, reshape, zeros_like,
    matmul, matrix_inverse, matrix_solve,
)  # fmt: skip


def _is_symbolic(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_is_symbolic, value))
    return isinstance(value, Tensor) or hasattr(value, "__thalweg_tensor__")


def _functions(*values: Any) -> _Functions:
    """Those of graph where any value is a tensor."""
    return _OF_GRAPH if _is_symbolic(values) else _OF_ARRAYS


def _prepared(values: Sequence[Any], size: Any) -> tuple[list[Any], tuple[Any, Any], _Functions]:
    """Parameters of one shape (images,), height and width, and the functions for them."""
    height, width = size
    f = _functions(*values, height, width)
    if f is _OF_ARRAYS:
        arrays = [np.atleast_1d(array) for array in _float64(*values)]
        _check_vectors(arrays)
        return [*np.broadcast_arrays(*arrays)], (float(height), float(width)), f
    tensors = [convert(value) for value in values if _is_symbolic(value)]
    dtype = next((tensor.dtype for tensor in tensors if tensor.dtype.is_float), float32)
    *made, height, width = (cast(convert(value), dtype) for value in (*values, height, width))
    zeros = constant([0.0], dtype)
    for tensor in made:
        zeros = zeros + zeros_like(tensor)
    return [tensor + zeros for tensor in made], (height, width), f


def _check_vectors(arrays: Sequence[Any]) -> None:
    counts = {array.shape for array in arrays if array.shape != (1,)}
    if len(counts) > 1 or any(len(shape) != 1 for shape in counts):
        raise ShapeError(
            "transforms",
            "parameters do not fit together",
            expected="numbers, or vectors of one number an image",
            got=", ".join(str(array.shape) for array in arrays),
            site=user_site(3),
        )


def _about(f: _Functions, linear: Any, shift: Any, middle: Any) -> Any:
    """linear (p - middle) + middle + shift as coefficients."""
    (a0, a1), (b0, b1) = linear
    x, y = middle
    a2 = shift[0] + x - a0 * x - a1 * y
    b2 = shift[1] + y - b0 * x - b1 * y
    none = f.zeros_like(a0)
    return f.stack([a0, a1, a2, b0, b1, b2, none, none], axis=-1)


def _matrices(f: _Functions, maps: Any) -> Any:
    """(images, 8) or (8,) -> (images, 3, 3)."""
    shape = maps.shape
    if shape is not None and (len(shape) not in (1, 2) or shape[-1] not in (_COEFFICIENTS, None)):
        raise ShapeError(
            "transforms",
            "these are no coefficients",
            expected="(images, 8), or (8,)",
            got=str(shape),
            site=user_site(2),
        )
    rows = f.reshape(maps, [-1, _COEFFICIENTS])
    return f.reshape(f.concat([rows, rows[:, :1] * 0.0 + 1.0], axis=1), [-1, 3, 3])


def _coefficients(f: _Functions, matrices: Any) -> Any:
    """(images, 3, 3) -> (images, 8), divided by the last entry."""
    rows = f.reshape(matrices, [-1, _COEFFICIENTS + 1])
    return rows[:, :_COEFFICIENTS] / rows[:, _COEFFICIENTS:]
