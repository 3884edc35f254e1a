"""The logarithm of the gamma function and its derivatives: lgamma, digamma, polygamma.

Formulas are numbered as in Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964,
chapter 6. For x > 0 relative errors are a few units in the last place of the dtype, near the zeros
at 1, 2 and 1.4616… too. For x < 0 the reflection formulas subtract: errors are relative to the
terms, not to the sum where that is near 0. float16 is computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from ..errors import OptionError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import TensorType
from .elementwise import multiply, unary
from .polynomial import polynomial
from .source import convert

__all__ = ["digamma", "lgamma", "polygamma"]

# B(2), B(4) … B(20), the Bernoulli numbers (table 23.2).
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330,
)  # fmt: skip
# zeta(k) - 1 for k = 2 … 28 (table 23.3).
_ZETA = (
    0.64493406684822643647, 0.2020569031595942854, 0.082323233711138191516,
    0.036927755143369926331, 0.017343061984449139715, 0.0083492773819228268398,
    0.0040773561979443393787, 0.0020083928260822144179, 9.9457512781808533715e-4,
    4.941886041194645587e-4, 2.4608655330804829864e-4, 1.2271334757848914675e-4,
    6.1248135058704829259e-5, 3.0588236307020493552e-5, 1.5282259408651871733e-5,
    7.6371976378997622736e-6, 3.8172932649998398565e-6, 1.9082127165539389257e-6,
    9.5396203387279611315e-7, 4.7693298678780646312e-7, 2.3845050272773299e-7,
    1.1921992596531107307e-7, 5.9608189051259479612e-8, 2.9803503514652280186e-8,
    1.4901554828365041235e-8, 7.450711789835429492e-9, 3.7253340247884570548e-9,
)  # fmt: skip
_EULER = 0.57721566490153286061

# lgamma(2 + z) / z = 1 - Euler + sum over k >= 2 of (-1)^k (zeta(k) - 1) z^(k-1) / k (6.1.33),
# to 1e-17 for |z| <= 1/2; highest power first.
_ABOVE_TWO = tuple(
    [(-1) ** k * zeta / k for k, zeta in reversed([*enumerate(_ZETA, start=2)])] + [1 - _EULER]
)
# (lgamma(x) - (x - 1/2) log(x) + x - log(2 pi)/2) x in powers of 1/x² (6.1.41).
_STIRLING = tuple(b / (2 * j * (2 * j - 1)) for j, b in enumerate(_BERNOULLI, start=1))[::-1]


def _wide(x: Any) -> Any:
    """float16 as float32: factorials exceed 65504."""
    return x.astype("float32") if x.dtype.itemsize == 2 else x


def log_gamma(xp: Any, x: Any) -> Any:
    """By the series around 2, to which smaller numbers are shifted; from 8.5 by Stirling's."""
    wide = _wide(x)
    size = xp.abs(wide)
    above = xp.where(size < 8.5, _lgamma_around_two(xp, size), _lgamma_by_stirling(xp, size))
    sine = xp.abs(xp.sin(math.pi * (wide - xp.rint(wide))))
    below = -xp.log(sine / math.pi) - xp.log(size) - above  # 6.1.17 with 6.1.15
    below = xp.where(xp.isinf(size), size, below)
    return xp.where(wide < 0, below, above).astype(x.dtype)


def _lgamma_around_two(xp: Any, x: Any) -> Any:
    """lgamma of 0 < x < 8.5, by lgamma(x + 1) = lgamma(x) + log(x) (6.1.15)."""
    near, factor = xp.minimum(x, 8.5), xp.ones_like(x)
    for _ in range(6):  # x <= 8.5 -> near <= 2.5
        is_far = near > 2.5
        near = xp.where(is_far, near - 1, near)
        factor = xp.where(is_far, factor * near, factor)
    z = xp.where(near < 0.5, near, xp.where(near < 1.5, near - 1, near - 2))
    low = xp.log(xp.where(near < 0.5, near + near * near, near))
    return z * polynomial(_ABOVE_TWO, z) + xp.where(near < 1.5, -low, xp.log(factor))


def _lgamma_by_stirling(xp: Any, x: Any) -> Any:
    """lgamma of x >= 8.5; the sum in this order neither cancels nor overflows too early."""
    far = xp.maximum(x, 8.5)
    correction = polynomial(_STIRLING, 1 / (far * far)) / far
    return (far - 0.5) * (xp.log(far) - 1) + (0.5 * math.log(2 * math.pi) - 0.5 + correction)


lgamma = unary(
    "lgamma",
    "log |gamma(x)|; infinite at 0, -1, -2 …",
    log_gamma,
    lambda x, y, g: g * digamma(x),
    example=("[1.0, 2.0]", "[0.0, 0.0]"),
)

# Derivatives ------------------------------------------------------------------------------------

# The zero of digamma as a sum of three: x minus the first is exact nearby in float32, and x minus
# the first two in float64.
_ZERO_PARTS = (1.4616321325302124, 1.2438149843418955e-8, 9.5499954299656977e-17)
_ZERO = 1.4616321449683622
_SHIFT = 10  # the asymptotic series begins at x + 10, there to 1e-17


def _divided_differences() -> tuple[float, ...]:
    """Of p(u) = sum of B(2j) / 2j u^j at u and v, in powers of u: (p(u) - p(v)) / (u - v)."""
    v = (_ZERO + _SHIFT) ** -2
    quotient = [0.0]
    for j in range(len(_BERNOULLI), 0, -1):
        quotient.append(_BERNOULLI[j - 1] / (2 * j) + v * quotient[-1])
    return tuple(quotient[1:])


_DIFFERENCES = _divided_differences()


def _digamma(xp: Any, x: Any) -> Any:
    """digamma(x) - digamma(its zero), each term of which has the factor x - zero.

    The recurrence 6.3.6 ten times, then the asymptotic series 6.3.18 of both; so nothing cancels
    where the function is small.
    """
    above = ((x - _ZERO_PARTS[0]) - _ZERO_PARTS[1]) - _ZERO_PARTS[2]
    total = xp.zeros_like(x)
    for k in range(_SHIFT):
        total = total + (1 / (_ZERO + k)) / (x + k)
    inverse, zero = 1 / (x + _SHIFT), _ZERO + _SHIFT
    series = polynomial(_DIFFERENCES, inverse * inverse)
    total = total + inverse * (0.5 / zero + (1 + zero * inverse) * zero**-2 * series)
    return above * total + xp.log1p(above / zero)


def _polygamma(xp: Any, order: int, x: Any) -> Any:
    """Derivative number `order` >= 1 of digamma at x > 0, up to its sign (-1)^(order + 1).

    The recurrence 6.4.6 and the asymptotic series 6.4.11, divided by order!; all terms of weight
    are positive.
    """
    shift = _SHIFT + order
    total = xp.zeros_like(x)
    for k in range(shift):
        total = total + (1 / (x + k)) ** (order + 1)
    inverse = 1 / (x + shift)
    series = [
        b * math.comb(2 * j + order - 1, order - 1) / order
        for j, b in enumerate(_BERNOULLI, start=1)
    ]
    square = inverse * inverse
    tail = 1 / order + inverse / 2 + square * polynomial(series[::-1], square)
    return math.factorial(order) * (total + inverse**order * tail)


def _cotangent_derivative(order: int) -> list[int]:
    """Coefficients of the derivative of cot(t) as a polynomial of c = cot(t), lowest power first.

    >>> _cotangent_derivative(1)  # -(1 + c²)
    [-1, 0, -1]
    """
    coefficients = [0, 1]
    for _ in range(order):
        slopes = [power * c for power, c in enumerate(coefficients)][1:]
        coefficients = [-a - b for a, b in zip([*slopes, 0, 0], [0, 0, *slopes], strict=True)]
    return coefficients


@register
class Polygamma(OpDef):
    """Derivative number `order` of digamma, number `order` + 1 of lgamma.  x: (...) float."""

    is_elementwise = True
    reuse: ClassVar = {0: 0}
    order: int

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        require(self, "float", x=x)
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        """For x > 0 as above; below by the reflection 6.4.7."""
        # high powers leave float32's range before the result does
        wide = x.astype("float64") if self.order > 1 else _wide(x)
        sign = -1 if self.order % 2 else 1
        positive = xp.where(wide < 0, 1 - wide, wide)
        if self.order == 0:
            above = xp.where(xp.isinf(positive), positive, _digamma(xp, positive))
        else:
            above = -sign * _polygamma(xp, self.order, positive)
        fraction = wide - xp.rint(wide)
        cotangent = 1 / xp.tan(math.pi * fraction)
        derivative = polynomial(_cotangent_derivative(self.order)[::-1], cotangent)
        below = sign * above - math.pi ** (self.order + 1) * derivative
        pole = math.inf if self.order % 2 else math.nan  # at other poles the sides differ
        below = xp.where(fraction == 0, pole, below)
        return xp.where(wide < 0, below, above).astype(x.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The next derivative."""
        return [multiply(g, apply(Polygamma(self.order + 1), node.inputs[0]))]


def digamma(x: Any, name: str | None = None) -> Tensor:
    """The derivative of log(gamma(x)), psi(x).

    Args:
        x: (...) float.
        name: of the node.

    Returns:
        The same type; NaN at -1, -2 …, infinite at 0.

    >>> from thalweg.core import Session
    >>> Session().run(digamma([1.0])).round(4).tolist()  # minus Euler's constant
    [-0.5771999...]
    """
    return apply(Polygamma(0), convert(x), name=name or "digamma")


def polygamma(order: int, x: Any, name: str | None = None) -> Tensor:
    """Derivative number `order` of digamma.

    Args:
        order: a Python integer in 0 <= order <= 30; 0 is digamma itself, 1 is trigamma.
        x: (...) float.
        name: of the node.

    Returns:
        The same type; at 0, -1, -2 … infinite or, where the limits of both sides differ, NaN.

    Raises:
        OptionError: for another order.

    >>> from thalweg.core import Session
    >>> Session().run(polygamma(1, [1.0])).round(4).tolist()  # pi² / 6
    [1.6448999...]
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= 30:
        raise OptionError(
            "polygamma",
            "not an order of a derivative",
            expected="an integer in 0 <= order <= 30",
            got=repr(order),
        )
    return apply(Polygamma(order), convert(x), name=name or "polygamma")


# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {"lgamma": lgamma.__doc__}
