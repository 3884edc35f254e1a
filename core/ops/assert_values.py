"""What must be true of values: `assert_equal`, `assert_less`, `assert_positive`, …

Each makes an operation, as `Assert` does; see `assertions.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DtypeError, user_site
from ..graph import Operation, Tensor
from ..types import types_text
from .assertions import check_all
from .compare import equal, not_equal
from .source import convert_all

__all__ = [
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
]


def _equal(x: Any, y: Any) -> Any:
    return equal(x, y) if isinstance(x, Tensor) else x == y


def _not_equal(x: Any, y: Any) -> Any:
    return not_equal(x, y) if isinstance(x, Tensor) else x != y


def assert_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x equals y everywhere; NaN equals nothing.

    Args:
        x: (...) of any dtype.
        y: the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_equal([1, 2], [1, 2]))
    """
    a, b = convert_all(x, y)
    return check_all("assert_equal", "x == y", _equal, a, b, message, data, summarize, name)


def assert_none_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x differs from y everywhere.

    Args:
        x: (...) of any dtype.
        y: the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_none_equal([1, 2], 3))
    """
    a, b = convert_all(x, y)
    return check_all(
        "assert_none_equal", "x != y", _not_equal, a, b, message, data, summarize, name
    )


def assert_less(
    x: Any,
    y: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x is less than y everywhere; NaN is not.

    Args:
        x: (...) number.
        y: the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_less([1, 2], 3))
    """
    a, b = convert_all(x, y)
    return check_all("assert_less", "x < y", operator.lt, a, b, message, data, summarize, name)


def assert_less_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x is at most y everywhere; NaN is not.

    Args:
        x: (...) number.
        y: the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_less_equal([1, 3], 3))
    """
    a, b = convert_all(x, y)
    return check_all(
        "assert_less_equal", "x <= y", operator.le, a, b, message, data, summarize, name
    )


def assert_greater(
    x: Any,
    y: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x is greater than y everywhere; NaN is not.

    Args:
        x: (...) number.
        y: the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_greater([1, 2], 0))
    """
    a, b = convert_all(x, y)
    return check_all("assert_greater", "x > y", operator.gt, a, b, message, data, summarize, name)


def assert_greater_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x is at least y everywhere; NaN is not.

    Args:
        x: (...) number.
        y: the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_greater_equal([1, 2], 1))
    """
    a, b = convert_all(x, y)
    return check_all(
        "assert_greater_equal", "x >= y", operator.ge, a, b, message, data, summarize, name
    )


def assert_near(
    x: Any,
    y: Any,
    rtol: float | None = None,
    atol: float | None = None,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless |x - y| <= atol + rtol * |y| everywhere.

    Args:
        x: (...) float.
        y: the same dtype, a shape that broadcasts.
        rtol: relative tolerance; 10 times the rounding of the dtype if None.
        atol: absolute tolerance; the same if None.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        DtypeError: if x is not float.
        CheckError: in the run; at once, if both are known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_near([1.0, 2.0], [1.0, 2.0000001]))
    """
    a, b = convert_all(x, y)
    if not a.dtype.is_float:
        raise DtypeError(
            "assert_near", "takes float tensors", got=types_text(x=a.type, y=b.type),
            hint="assert_equal compares integers", site=user_site(2),
        )  # fmt: skip
    rounding = 10 * float(np.finfo(a.dtype.numpy).eps)
    relative, absolute = (rounding if tol is None else float(tol) for tol in (rtol, atol))
    return check_all(
        "assert_near",
        f"|x - y| <= {absolute:.3g} + {relative:.3g} * |y|",
        lambda x, y: abs(x - y) <= absolute + relative * abs(y),
        a, b, message, data, summarize, name,
    )  # fmt: skip


def assert_positive(
    x: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x > 0 everywhere.

    Args:
        x: (...) number.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if x is known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_positive([1.0, 2.0]))
    """
    a, zero = convert_all(x, 0)
    return check_all(
        "assert_positive", "x > 0", operator.gt, a, zero, message, data, summarize, name
    )


def assert_negative(
    x: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x < 0 everywhere.

    Args:
        x: (...) number.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if x is known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_negative([-1.0, -2.0]))
    """
    a, zero = convert_all(x, 0)
    return check_all(
        "assert_negative", "x < 0", operator.lt, a, zero, message, data, summarize, name
    )


def assert_non_positive(
    x: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x <= 0 everywhere.

    Args:
        x: (...) number.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if x is known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_non_positive([0.0, -2.0]))
    """
    a, zero = convert_all(x, 0)
    return check_all(
        "assert_non_positive", "x <= 0", operator.le, a, zero, message, data, summarize, name
    )


def assert_non_negative(
    x: Any,
    message: str | None = None,
    data: Sequence[Any] = (),
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless x >= 0 everywhere.

    Args:
        x: (...) number.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Raises:
        CheckError: in the run; at once, if x is known.

    >>> from thalweg.core import Session
    >>> Session().run(assert_non_negative([0.0, 2.0]))
    """
    a, zero = convert_all(x, 0)
    return check_all(
        "assert_non_negative", "x >= 0", operator.ge, a, zero, message, data, summarize, name
    )
