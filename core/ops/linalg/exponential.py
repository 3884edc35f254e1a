"""The exponential function of matrices."""

from __future__ import annotations

import functools
import math
from typing import Any

from ...errors import DtypeError, ShapeError, user_site
from ...graph import Tensor, name_scope
from ...types import float32, float64, types_text
from ..compare import less, maximum, where
from ..elementwise import add, cast, negative, shape_of
from ..looping import while_loop
from ..math import abs, ceil, log, pow
from ..reduce import reduce_max, reduce_sum
from ..shape import expand_dims
from ..source import convert
from .products import matmul
from .solve import matrix_solve
from .triangles import eye

__all__ = ["expm"]

# Degree of the Padé approximation, and the largest 1-norm for which it is exact to the last place:
# Higham 2005, table 2.3 for float64; by the same rule for float32.
_EXACT = {float32: (7, 3.925724783138660), float64: (13, 5.371920351148152)}


def expm(a: Any, name: str | None = None) -> Tensor:
    """The exponential of square matrices, Σ aⁿ / n!.

    By scaling and squaring: exp(a) = exp(a / 2ˢ) squared s times, with s so large that the Padé
    approximation of degree 7 (float32) or 13 (float64) is exact for a / 2ˢ (Higham 2005, "The
    scaling and squaring method for the matrix exponential revisited").

    Args:
        a: (..., size, size) float32 or float64.
        name: of the node.

    Returns:
        The same type.

    Raises:
        ShapeError: if the matrices are not square.
        DtypeError: for other dtypes.

    >>> from thalweg.core import Session
    >>> Session().run(expm([[0.0, 1.0], [0.0, 0.0]])).round(5).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    tensor = convert(a)
    _check(tensor)
    degree, bound = _EXACT[tensor.dtype]
    with name_scope(name or "expm"):
        size = reduce_max(reduce_sum(abs(tensor), axis=-2), axis=-1)
        doublings = ceil(log(maximum(size / bound, 1)) / math.log(2))
        scaled = tensor * expand_dims(pow(2.0, negative(doublings)), [-2, -1])
        squarings = cast(doublings, "int32")
        return _squared(_approximated(scaled, degree), squarings)


def _check(a: Tensor) -> None:
    if a.dtype not in _EXACT:
        raise DtypeError(
            "expm",
            "takes float32 and float64 tensors",
            expected="float32 or float64",
            got=types_text(a=a.type),
            site=user_site(3),
            hint="cast(x, 'float32') converts",
        )
    shape = a.type.shape
    if shape is not None and (len(shape) < 2 or not _fit(*shape[-2:])):
        raise ShapeError(
            "expm",
            "takes square matrices",
            expected="a (..., size, size)",
            got=types_text(a=a.type),
            site=user_site(3),
        )


def _fit(rows: int | None, columns: int | None) -> bool:
    return rows is None or columns is None or rows == columns


def _approximated(a: Tensor, degree: int) -> Tensor:
    """Padé's approximation p(a) / p(-a), whose polynomial is taken apart into even and odd powers.

    p has the coefficients (2m - j)! m! / ((2m)! (m - j)! j!), for degree m and power j.
    """
    p = [math.comb(degree, j) / math.perm(2 * degree, j) for j in range(degree + 1)]
    one = eye(shape_of(a)[-1], dtype=a.dtype)
    square = matmul(a, a)
    fourth = matmul(square, square)
    powers = [one, square, fourth, matmul(fourth, square)]
    even, odd = _sum(p[0:8:2], powers), _sum(p[1:8:2], powers)
    if degree > 7:  # the higher powers have the sixth as a factor
        even = even + matmul(powers[3], _sum(p[8::2], powers[1:]))
        odd = odd + matmul(powers[3], _sum(p[9::2], powers[1:]))
    odd = matmul(a, odd)
    return matrix_solve(even - odd, even + odd)


def _sum(coefficients: list[float], powers: list[Tensor]) -> Tensor:
    terms = (c * power for c, power in zip(coefficients, powers, strict=True))
    return functools.reduce(add, terms)


def _squared(x: Tensor, times: Tensor) -> Tensor:
    """Each matrix squared its number of times."""
    most = reduce_max(times)

    def step(done: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        is_open = expand_dims(less(done, times), [-2, -1])
        return done + 1, where(is_open, matmul(y, y), y)

    result: Tensor = while_loop(lambda done, y: less(done, most), step, (0, x))[1]
    return result
