"""What must be true of ranks, shapes and dtypes: `assert_rank`, `assert_integer`, …

Dtypes are always known while building, and ranks mostly: then the check is made at once. Where a
rank is not known, it is made in the run, as `Assert`'s is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import CheckError, DtypeError, user_site
from ..graph import Operation, Tensor, current_context
from ..opdef import apply_many
from ..types import as_dtype, types_text
from .assertions import AssertTrue
from .compare import equal, greater_equal, logical_or
from .shape import rank_of
from .source import convert
from .state import no_op

__all__ = [
    "assert_integer",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_scalar",
    "assert_type",
]


def _check_rank(
    where: str,
    x: Tensor,
    expected: str,
    holds: Callable[[Any], Any],
    message: str | None,
    name: str | None,
) -> Operation:
    """Checks the rank now if it is known, else in the run; `holds` takes an int or a tensor."""
    rank = x.type.rank
    problem = message or "the rank is another"
    if rank is None:
        op = AssertTrue(where, f"{problem}: expected {expected}", 3)
        return apply_many(op, holds(rank_of(x)), rank_of(x), name=name or where)
    if not holds(rank):
        raise CheckError(
            where,
            problem,
            expected=expected,
            got=f"rank {rank}: {types_text(x=x.type)}",
            node=x.op.name,
            layer=current_context().owner,
            site=user_site(3),
        )
    return no_op(name or where)


def assert_rank(
    x: Any, rank: int, message: str | None = None, name: str | None = None
) -> Operation:
    """An operation that raises unless x has `rank` axes.

    Args:
        x: (...) of any dtype.
        rank: number of axes.
        message: what is wrong if it has another.
        name: of the node.

    Raises:
        CheckError: at once where the rank is known, else in the run.

    >>> from thalweg.core import Session
    >>> Session().run(assert_rank([[1, 2]], 2))
    """
    wanted = int(rank)
    return _check_rank(
        "assert_rank",
        convert(x),
        f"rank {wanted}",
        lambda n: equal(n, wanted) if isinstance(n, Tensor) else n == wanted,
        message,
        name,
    )


def assert_rank_at_least(
    x: Any, rank: int, message: str | None = None, name: str | None = None
) -> Operation:
    """An operation that raises unless x has `rank` axes or more.

    Args:
        x: (...) of any dtype.
        rank: least number of axes.
        message: what is wrong if it has fewer.
        name: of the node.

    Raises:
        CheckError: at once where the rank is known, else in the run.

    >>> from thalweg.core import Session
    >>> Session().run(assert_rank_at_least([[1, 2]], 1))
    """
    least = int(rank)
    return _check_rank(
        "assert_rank_at_least",
        convert(x),
        f"rank {least} or more",
        lambda n: greater_equal(n, least) if isinstance(n, Tensor) else n >= least,
        message,
        name,
    )


def assert_rank_in(
    x: Any, ranks: Iterable[int], message: str | None = None, name: str | None = None
) -> Operation:
    """An operation that raises unless the number of x's axes is one of `ranks`.

    Args:
        x: (...) of any dtype.
        ranks: possible numbers of axes, one or more.
        message: what is wrong if it has another.
        name: of the node.

    Raises:
        CheckError: at once where the rank is known, else in the run.

    >>> from thalweg.core import Session
    >>> Session().run(assert_rank_in([[1, 2]], (1, 2)))
    """
    wanted = sorted({int(rank) for rank in ranks})

    def holds(rank: Any) -> Any:
        if not isinstance(rank, Tensor):
            return rank in wanted
        found = equal(rank, wanted[0])
        for other in wanted[1:]:
            found = logical_or(found, equal(rank, other))
        return found

    expected = "rank " + " or ".join(map(str, wanted))
    return _check_rank("assert_rank_in", convert(x), expected, holds, message, name)


def assert_scalar(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """An operation that raises unless x is a scalar.

    Args:
        x: () of any dtype.
        message: what is wrong if it is none.
        name: of the node.

    Raises:
        CheckError: at once where the rank is known, else in the run.

    >>> from thalweg.core import Session
    >>> Session().run(assert_scalar(3.0))
    """
    return _check_rank(
        "assert_scalar",
        convert(x),
        "rank 0",
        lambda n: equal(n, 0) if isinstance(n, Tensor) else n == 0,
        message,
        name,
    )


def _refuse(where: str, x: Tensor, expected: str, message: str | None) -> DtypeError:
    return DtypeError(
        where,
        message or "the dtype is another",
        expected=expected,
        got=types_text(x=x.type),
        node=x.op.name,
        layer=current_context().owner,
        site=user_site(3),
    )


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Raises at once unless x is of an integer dtype.

    Args:
        x: (...) integer.
        message: what is wrong if it is not.
        name: of the node.

    Returns:
        An operation that does nothing.

    Raises:
        DtypeError: if x is of another dtype.

    >>> from thalweg.core import Session
    >>> Session().run(assert_integer([1, 2]))
    """
    tensor = convert(x)
    if not tensor.dtype.is_integer:
        raise _refuse("assert_integer", tensor, "an integer dtype", message)
    return no_op(name or "assert_integer")


def assert_type(
    x: Any, dtype: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Raises at once unless x is of a dtype.

    Args:
        x: (...) of any dtype.
        dtype: the one it should have.
        message: what is wrong if it is another.
        name: of the node.

    Returns:
        An operation that does nothing.

    Raises:
        DtypeError: if x is of another dtype.

    >>> from thalweg.core import Session
    >>> Session().run(assert_type([1.0], "float32"))
    """
    tensor, wanted = convert(x), as_dtype(dtype)
    if tensor.dtype is not wanted:
        raise _refuse("assert_type", tensor, wanted.name, message)
    return no_op(name or "assert_type")
