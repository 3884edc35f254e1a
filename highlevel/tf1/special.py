"""Further elementwise mathematics in TF1's spelling."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor

__all__ = [
    "acos",
    "acosh",
    "add_check_numerics_ops",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitcast",
    "check_numerics",
    "clip_by_average_norm",
    "cosh",
    "digamma",
    "div_no_nan",
    "erfc",
    "lgamma",
    "log_sigmoid",
    "realdiv",
    "rint",
    "saturate_cast",
    "scalar_mul",
    "sinh",
    "truncatediv",
]


def _clip_by_average_norm(t: Any, clip_norm: Any, name: str | None) -> Tensor:
    x = core.convert(t)
    count = core.cast(core.size_of(x), x.dtype)
    average = core.sqrt(core.reduce_sum(core.square(x))) / count
    return core.divide(x * clip_norm, core.maximum(average, clip_norm), name=name)


def acos(x: Any, name: str | None = None) -> Any:
    """The angle in 0..pi whose cosine is x, elementwise."""
    return core.acos(x, name=name)


def acosh(x: Any, name: str | None = None) -> Any:
    """The number >= 0 whose hyperbolic cosine is x, elementwise."""
    return core.acosh(x, name=name)


def asin(x: Any, name: str | None = None) -> Any:
    """The angle in -pi/2..pi/2 whose sine is x, elementwise."""
    return core.asin(x, name=name)


def asinh(x: Any, name: str | None = None) -> Any:
    """The number whose hyperbolic sine is x, elementwise."""
    return core.asinh(x, name=name)


def atan(x: Any, name: str | None = None) -> Any:
    """The angle in -pi/2..pi/2 whose tangent is x, elementwise."""
    return core.atan(x, name=name)


def atanh(x: Any, name: str | None = None) -> Any:
    """The number whose hyperbolic tangent is x, elementwise."""
    return core.atanh(x, name=name)


def cosh(x: Any, name: str | None = None) -> Any:
    """(exp(x) + exp(-x)) / 2, elementwise."""
    return core.cosh(x, name=name)


def sinh(x: Any, name: str | None = None) -> Any:
    """(exp(x) - exp(-x)) / 2, elementwise."""
    return core.sinh(x, name=name)


def erfc(x: Any, name: str | None = None) -> Any:
    """1 - erf(x), without its cancellation, elementwise."""
    return core.erfc(x, name=name)


def lgamma(x: Any, name: str | None = None) -> Any:
    """The logarithm of the absolute gamma function, elementwise."""
    return core.lgamma(x, name=name)


def digamma(x: Any, name: str | None = None) -> Any:
    """The derivative of lgamma, elementwise."""
    return core.digamma(x, name=name)


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """log(sigmoid(x)), elementwise, without overflow."""
    return core.log_sigmoid(x, name=name)


def rint(x: Any, name: str | None = None) -> Any:
    """The nearest integer, the even one of two, elementwise."""
    return core.round(x, name=name)


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """The angle of the point (x, y), elementwise."""
    return core.atan2(y, x, name=name)


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where y is 0."""
    return core.div_no_nan(x, y, name=name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, elementwise."""
    return core.divide(x, y, name=name)


def truncatediv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y without its fraction, elementwise."""
    return core.truncatediv(x, y, name=name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A tensor times a number.  scalar: ()."""
    return core.multiply(scalar, x, name=name)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """The values in another dtype, cut to its range."""
    return core.saturate_cast(value, dtype, name=name)


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bits read as another dtype."""
    return core.bitcast(input, type, name=name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """A tensor scaled down so that its root mean square norm by element is at most `clip_norm`."""
    return _clip_by_average_norm(t, clip_norm, name)


def check_numerics(tensor: Any, message: Any, name: str | None = None) -> Any:
    """The tensor; an error with `message` if it holds NaN or an infinity."""
    return core.check_numerics(tensor, message, name=name)


def add_check_numerics_ops() -> Any:
    """One operation that checks every float tensor made so far."""
    return core.add_check_numerics_ops()
