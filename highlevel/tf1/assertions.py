"""Assertions in TF1's spelling: operations that fail in the run, or errors at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import core
from thalweg.core import DtypeError, Operation, OptionError, Tensor, convert

__all__ = [
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_integer",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_same_float_dtype",
    "assert_scalar",
    "assert_type",
    "is_non_decreasing",
    "is_numeric_tensor",
    "is_strictly_increasing",
]


def _of_one(name: str, claim: str) -> Callable[..., Operation]:
    """An assertion about each element of one tensor."""
    function = getattr(core, name)

    def check(
        x: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        result: Operation = function(x, message, data or (), summarize, name)
        return result

    return _named(check, name, claim)


def _of_two(name: str, claim: str) -> Callable[..., Operation]:
    """An assertion about each pair of elements of two tensors."""
    function = getattr(core, name)

    def check(
        x: Any,
        y: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        result: Operation = function(x, y, message, data or (), summarize, name)
        return result

    return _named(check, name, claim)


def _named(check: Callable[..., Operation], name: str, claim: str) -> Callable[..., Operation]:
    check.__name__ = check.__qualname__ = name
    check.__doc__ = (
        f"An operation that fails unless {claim}; to be run, or in `control_dependencies`.\n\n"
        "    `data` is shown by the error, `summarize` elements of each; `message` begins it.\n"
    )
    return check


assert_negative = _of_one("assert_negative", "x < 0 for all elements")
assert_positive = _of_one("assert_positive", "x > 0 for all elements")
assert_non_negative = _of_one("assert_non_negative", "x >= 0 for all elements")
assert_non_positive = _of_one("assert_non_positive", "x <= 0 for all elements")
assert_equal = _of_two("assert_equal", "x = y for all elements")
assert_none_equal = _of_two("assert_none_equal", "x differs from y for all elements")
assert_less = _of_two("assert_less", "x < y for all elements")
assert_less_equal = _of_two("assert_less_equal", "x <= y for all elements")
assert_greater = _of_two("assert_greater", "x > y for all elements")
assert_greater_equal = _of_two("assert_greater_equal", "x >= y for all elements")


def assert_near(
    x: Any,
    y: Any,
    rtol: float | None = None,
    atol: float | None = None,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that fails unless |x - y| <= atol + rtol |y| for all elements.

    Args:
        x: (...) float.
        y: of the same dtype.
        rtol: ten times the distance of 1 to the next number if None.
        atol: likewise.
        data: tensors that the error shows.
        summarize: how many elements of each; 3 if None.
        message: begins the error.
        name: of the node.
    """
    return core.assert_near(x, y, rtol, atol, message, data or (), summarize, name)


def assert_rank(
    x: Any,
    rank: int,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Fails unless `x` has `rank` axes: at once where they are known, else in the run.

    `data` and `summarize` are accepted: the error shows the shape.
    """
    del data, summarize
    return core.assert_rank(x, rank, message, name)


def assert_rank_at_least(
    x: Any,
    rank: int,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Fails unless `x` has `rank` axes or more; arguments as in `assert_rank`."""
    del data, summarize
    return core.assert_rank_at_least(x, rank, message, name)


def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Fails unless `x` has one of these numbers of axes; arguments as in `assert_rank`."""
    del data, summarize
    return core.assert_rank_in(x, ranks, message, name)


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Fails at once unless a tensor has a dtype."""
    return core.assert_type(tensor, tf_type, message, name)


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Fails at once unless a tensor holds integers."""
    return core.assert_integer(x, message, name)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """The tensor; an error unless it has no axes."""
    x = convert(tensor)
    with core.control_dependencies([core.assert_scalar(x, message, name)]):
        return core.identity(x)


def assert_proper_iterable(values: Any) -> None:
    """Fails unless `values` can be run through, and is not a single tensor, array or text.

    Raises:
        OptionError: if it is not so.
    """
    is_single = isinstance(values, Tensor | str | bytes) or hasattr(values, "dtype")
    if is_single or not hasattr(values, "__iter__"):
        raise OptionError(
            "assert_proper_iterable",
            "not a list of values",
            expected="a list, a tuple, or the like",
            got=type(values).__name__,
        )


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The float dtype that all tensors have.

    Args:
        tensors: tensors; those that are None do not count.
        dtype: what it must be; float32 if nothing is given.

    Raises:
        DtypeError: if dtypes differ, or are not float.
    """
    wanted = None if dtype is None else core.as_dtype(dtype)
    for tensor in tensors or ():
        if tensor is None:
            continue
        found = convert(tensor).dtype
        if wanted is not None and found != wanted:
            raise DtypeError(
                "assert_same_float_dtype",
                "dtypes differ",
                expected=wanted.name,
                got=found.name,
            )
        wanted = found
    wanted = wanted or core.float32
    if not wanted.is_float:
        raise DtypeError(
            "assert_same_float_dtype", "not a float", expected="a float dtype", got=wanted.name
        )
    return wanted


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers.

    >>> import thalweg.tf1 as tf
    >>> tf.is_numeric_tensor(tf.constant(1.0)), tf.is_numeric_tensor(tf.constant("a"))
    (True, False)
    """
    if not isinstance(tensor, Tensor):
        return False
    return tensor.dtype.is_number


def _steps(x: Any) -> tuple[Tensor, Tensor]:
    flat = core.reshape(convert(x), [-1])
    return flat[:-1], flat[1:]


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element is smaller than the one before.  (...) -> () bool."""
    before, after = _steps(x)
    return core.reduce_all(core.less_equal(before, after), name=name or "is_non_decreasing")


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is larger than the one before.  (...) -> () bool."""
    before, after = _steps(x)
    return core.reduce_all(core.less(before, after), name=name or "is_strictly_increasing")
