"""The error function, its complement, and their inverses: quantiles of the normal distribution.

Method and source stand beside the coefficients. Relative errors are a few units in the last place
of the dtype, tails included; float16 is computed in float32.
"""

from __future__ import annotations

import math
from typing import Any

from .elementwise import unary
from .math import exp, square
from .polynomial import polynomial

__all__ = ["erf", "erfc", "erfinv", "ndtri"]

# Coefficients of W. J. Cody, "Rational Chebyshev approximations for the error function",
# Mathematics of Computation 23 (1969), highest power first:
#   erf(x)  = x P(x²) / Q(x²)                            for |x| <= 0.46875,
#   erfc(x) = exp(-x²) P(x) / Q(x)                       up to 4,
#   erfc(x) = exp(-x²) / x (1/sqrt(pi) - z P(z) / Q(z))  above, with z = 1 / x².
_ERF_NUMERATOR = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_ERF_DENOMINATOR = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
_ERFC_NUMERATOR = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_ERFC_DENOMINATOR = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)


_TAIL_NUMERATOR = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_TAIL_DENOMINATOR = (
    1.0,
    2.56852019228982242e0,
    1.87295284992346047e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)


def _wide(x: Any) -> Any:
    """float16 as float32: the coefficients exceed 65504."""
    return x.astype("float32") if x.dtype.itemsize == 2 else x


def _erf_near_zero(xp: Any, x: Any) -> Any:
    """erf of |x| <= 0.46875; what it gives elsewhere is finite."""
    square = xp.minimum(x * x, 0.46875**2)
    return x * (polynomial(_ERF_NUMERATOR, square) / polynomial(_ERF_DENOMINATOR, square))


def _erf(xp: Any, x: Any) -> Any:
    wide = _wide(x)
    size = xp.abs(wide)
    large = xp.minimum(size, 6.0)  # there erfc is below the last place of 1
    outer = polynomial(_ERFC_NUMERATOR, large) / polynomial(_ERFC_DENOMINATOR, large)
    tail = (1 - xp.exp(-large * large) * outer) * xp.sign(wide)
    return xp.where(size <= 0.46875, _erf_near_zero(xp, wide), tail).astype(x.dtype)


def _erfc(xp: Any, x: Any) -> Any:
    wide = _wide(x)
    size = xp.minimum(xp.abs(wide), 32.0)  # there erfc is below the smallest number
    middle, far = xp.minimum(size, 4.0), xp.maximum(size, 4.0)
    z = 1 / (far * far)
    scaled = xp.where(
        size <= 4.0,
        polynomial(_ERFC_NUMERATOR, middle) / polynomial(_ERFC_DENOMINATOR, middle),
        (
            1 / math.sqrt(math.pi)
            - z * (polynomial(_TAIL_NUMERATOR, z) / polynomial(_TAIL_DENOMINATOR, z))
        )
        / far,
    )
    # exp(-x²) multiplies the rounding of x² by x²; the square of `whole` is exact.
    whole = xp.trunc(size * 16) / 16
    tail = scaled * xp.exp(-whole * whole) * xp.exp((whole - size) * (whole + size))
    outer = xp.where(wide < 0, 2 - tail, tail)
    return xp.where(size <= 0.46875, 1 - _erf_near_zero(xp, wide), outer).astype(x.dtype)


erf = unary(
    "erf",
    "The error function 2/sqrt(pi) times the integral of exp(-t²) from 0 to x, by Cody (1969).",
    _erf,
    lambda x, y, g: g * (2 / math.sqrt(math.pi) * exp(-square(x))),
    example=("[0.0]", "[0.0]"),
)
erfc = unary(
    "erfc",
    "1 - erf(x) by Cody (1969), exact also where erf(x) rounds to 1.",
    _erfc,
    lambda x, y, g: g * (-2 / math.sqrt(math.pi) * exp(-square(x))),
    example=("[0.0]", "[1.0]"),
)

# Quantiles --------------------------------------------------------------------------------------

# Wichura, "Algorithm AS 241: The percentage points of the normal distribution", 1988: PPND16;
# numerators and denominators, highest power first.
_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0),
)  # fmt: skip
_MIDDLE = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
     4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
     5.46378491116411436990, 6.65790464350110377720),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip


def _quantile(xp: Any, centred: Any, smaller: Any) -> Any:
    """Where the normal distribution function is u, from u - 1/2 and min(u, 1 - u)."""
    r = 0.180625 - centred * centred
    centre = centred * polynomial(_CENTRE[0], r) / polynomial(_CENTRE[1], r)
    tail = xp.sqrt(-xp.log(smaller))
    near, far = tail - 1.6, tail - 5.0
    outer = xp.where(
        tail <= 5.0,
        polynomial(_MIDDLE[0], near) / polynomial(_MIDDLE[1], near),
        polynomial(_TAIL[0], far) / polynomial(_TAIL[1], far),
    )
    outer = xp.where(smaller == 0, math.inf, outer)
    outer = xp.where(centred < 0, -outer, outer)
    return xp.where(xp.abs(centred) <= 0.425, centre, outer)


def normal_quantile(xp: Any, u: Any) -> Any:
    """The x at which the standard normal distribution function is u, 0 < u < 1 (AS 241).

    Relative error about 1e-16; u and result are float64 of any shape.
    """
    return _quantile(xp, u - 0.5, xp.minimum(u, 1.0 - u))


def _ndtri(xp: Any, p: Any) -> Any:
    wide = _wide(p)
    return _quantile(xp, wide - 0.5, xp.minimum(wide, 1 - wide)).astype(p.dtype)


def _erfinv(xp: Any, x: Any) -> Any:
    wide = _wide(x)
    quantile = _quantile(xp, 0.5 * wide, 0.5 * (1 - xp.abs(wide)))
    return (math.sqrt(0.5) * quantile).astype(x.dtype)


ndtri = unary(
    "ndtri",
    "The quantile of the standard normal distribution: where its distribution function is x, by "
    "AS 241 (Wichura 1988). Infinite at 0 and 1, NaN outside.",
    _ndtri,
    lambda x, y, g: g * (math.sqrt(2 * math.pi) * exp(0.5 * square(y))),
    example=("[0.5]", "[0.0]"),
)
erfinv = unary(
    "erfinv",
    "The number whose error function is x, by AS 241 (Wichura 1988). Infinite at -1 and 1, NaN "
    "outside.",
    _erfinv,
    lambda x, y, g: g * (math.sqrt(math.pi) / 2 * exp(square(y))),
    example=("[0.0]", "[0.0]"),
)

# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
