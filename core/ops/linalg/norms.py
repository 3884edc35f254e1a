"""Norms of vectors and matrices, and tensors scaled to norm 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import DtypeError, OptionError, ShapeError, user_site
from ...graph import Tensor
from ...types import normalize_axes, types_text
from ..compare import equal, maximum, where
from ..elementwise import divide, identity, multiply, ones_like, zeros_like
from ..math import abs, pow, rsqrt, sqrt, square
from ..reduce import Axis, reduce_max, reduce_sum
from ..shape import axes_tuple, expand_dims, squeeze, transpose
from ..source import convert
from .spectral import svd

__all__ = ["l2_normalize", "norm", "normalize"]

Order = str | float


def norm(
    x: Any,
    ord: Order = "euclidean",
    axis: Axis = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Tensor:
    """The norm of vectors, of matrices, or of all elements of a tensor.

    Of vectors, with a number p > 0: (Σ |xᵢ|ᵖ)^(1/p); with `inf`, the largest |xᵢ|;
    `"euclidean"` is p = 2. Of matrices: `"euclidean"` or `"fro"`, the root of the sum of squares;
    1, the largest sum of |xᵢⱼ| down a column; `inf`, along a row; 2, the largest singular value.
    The gradient of a norm that is a root is 0 where the norm is.

    Args:
        x: (...) float.
        ord: which norm.
        axis: the axis of the vectors; or two, of the rows and the columns of matrices; None takes
            the whole tensor as one vector.
        keepdims: leave these axes with size 1.
        name: of the node.

    Returns:
        The other axes, of the same dtype.

    Raises:
        OptionError: if there is no such norm, or there are more than two axes.
        ShapeError: if there is no such axis, or one is given twice.
        DtypeError: if x is not float.

    >>> from thalweg.core import Session
    >>> x = [[3.0, -4.0], [0.0, 12.0]]
    >>> y = norm(x), norm(x, axis=1), norm(x, 1, axis=[0, 1])
    >>> [value.tolist() for value in Session().run(list(y))]
    [13.0, [5.0, 12.0], 16.0]
    """
    tensor = _floats("norm", x)
    axes = None if axis is None else axes_tuple(axis)
    if axes is not None and len(axes) == 2:
        result = _matrix_norm(tensor, ord, axes, keepdims)
    elif axes is None or len(axes) == 1:
        result = _vector_norm(tensor, ord, axes, keepdims)
    else:
        raise OptionError(
            "norm",
            "axis is not that of vectors or of matrices",
            expected="None, one axis or two",
            got=repr(axis),
            site=user_site(2),
        )
    return identity(result, name=name or "norm")


def _floats(where: str, x: Any) -> Tensor:
    tensor = convert(x)
    if not tensor.dtype.is_float:
        raise DtypeError(
            where,
            "takes float tensors",
            expected="float dtypes",
            got=types_text(x=tensor.type),
            site=user_site(3),
            hint="cast(x, 'float32') converts",
        )
    return tensor


def _vector_norm(x: Tensor, ord: Order, axes: Axis, keepdims: bool) -> Tensor:
    if ord in ("euclidean", 2):
        return _root(reduce_sum(square(x), axes, keepdims), 2)
    size = abs(x)
    if ord == 1:
        return reduce_sum(size, axes, keepdims)
    if ord == math.inf:
        return _largest(size, axes, keepdims)
    if isinstance(ord, int | float | np.number) and ord > 0:
        return _root(reduce_sum(pow(size, float(ord)), axes, keepdims), float(ord))
    raise _order_error(ord, "'euclidean', a number > 0 or inf for vectors")


def _matrix_norm(x: Tensor, ord: Order, axes: Sequence[int], keepdims: bool) -> Tensor:
    if ord in ("euclidean", "fro"):
        return _root(reduce_sum(square(x), axes, keepdims), 2)
    if ord == 2:
        first = _singular_values(x, axes)[..., :1]  # none of an empty matrix
        largest = reduce_sum(first, axis=-1)
        return expand_dims(largest, axes) if keepdims else largest
    if ord not in (1, math.inf):
        raise _order_error(ord, "'euclidean', 'fro', 1, 2 or inf for matrices")
    along, across = axes if ord == 1 else axes[::-1]
    largest = _largest(reduce_sum(abs(x), along, keepdims=True), across, keepdims=True)
    return largest if keepdims else squeeze(largest, axes)


def _singular_values(x: Tensor, axes: Sequence[int]) -> Any:
    """Those of the matrices that lie along two axes."""
    if tuple(axes) in ((-2, -1), (-1, -2)):
        return svd(x, compute_uv=False)
    if x.ndim is None:
        raise ShapeError(
            "norm",
            "the rank is unknown",
            expected="axis [-2, -1], or a tensor of known rank",
            got=types_text(x=x.type),
            site=user_site(4),
        )
    inner = normalize_axes(axes, x.ndim, "norm")
    others = [axis for axis in range(x.ndim) if axis not in inner]
    return svd(transpose(x, [*others, *inner]), compute_uv=False)


def _largest(x: Tensor, axes: Axis, keepdims: bool) -> Tensor:
    """The largest of values >= 0; of none, 0."""
    return maximum(reduce_max(x, axes, keepdims), 0)


def _root(x: Tensor, degree: float) -> Tensor:
    """A root with gradient 0 at 0, where it is infinite: the norm's is any up to 1."""
    is_zero = equal(x, 0)
    safe = where(is_zero, ones_like(x), x)
    return where(is_zero, zeros_like(x), sqrt(safe) if degree == 2 else pow(safe, 1 / degree))


def _order_error(ord: Any, expected: str) -> OptionError:
    return OptionError(
        "norm", "there is no such norm", expected=expected, got=repr(ord), site=user_site(4)
    )


def normalize(
    x: Any, ord: Order = "euclidean", axis: Axis = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """A tensor divided by its norm, and the norm.

    Args:
        x: (...) float.
        ord: which norm, as in `norm`.
        axis: of the vectors or the matrices, as in `norm`.
        name: of the first node.

    Returns:
        The shape of `x`, NaN where the norm is 0; and the norm, with size 1 on `axis`.

    Raises:
        OptionError, ShapeError, DtypeError: as in `norm`.

    >>> from thalweg.core import Session
    >>> [value.tolist() for value in Session().run(list(normalize([3.0, 4.0], 1)))]
    [[0.428..., 0.571...], [7.0]]
    """
    tensor = convert(x)
    size = norm(tensor, ord, axis, keepdims=True)
    return divide(tensor, size, name=name or "normalize"), size


def l2_normalize(
    x: Any, axis: Axis = None, epsilon: float = 1e-12, name: str | None = None
) -> Tensor:
    """A tensor scaled to Euclidean norm 1 along axes.

    x / sqrt(max(Σ x², epsilon)).

    Args:
        x: (...) float.
        axis: None for the whole tensor, an axis, or several.
        epsilon: the least sum of squares to divide by: a vector of zeros stays one.
        name: of the node.

    Returns:
        The same type.

    Raises:
        ShapeError: if there is no such axis, or one is given twice.
        DtypeError: if x is not float.

    >>> from thalweg.core import Session
    >>> Session().run(l2_normalize([[3.0, 4.0], [0.0, 0.0]], axis=1)).round(5).tolist()
    [[0.6..., 0.8...], [0.0, 0.0]]
    """
    tensor = _floats("l2_normalize", x)
    squares = reduce_sum(square(tensor), axis, keepdims=True)
    return multiply(tensor, rsqrt(maximum(squares, epsilon)), name=name or "l2_normalize")
