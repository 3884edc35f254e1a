"""Checks in the graph: `Assert`, and what all checks share.

A check is an operation. It is made when a run needs it, so it has to be run, or to stand in
`control_dependencies`. What is known while building is checked at once instead. A check that
fails raises `CheckError`, with the data, the node and the user's line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import CheckError, DtypeError, user_site
from ..graph import Operation, Tensor, current_context
from ..opdef import OpDef, apply_many, no_gradient, register, require
from ..types import TensorType, int64, types_text
from .elementwise import shape_of
from .printing import element_text, flat_text
from .source import Constant, convert
from .state import no_op

__all__ = ["Assert"]


class _Check(OpDef):
    """Base of ops that raise if something does not hold."""

    where: str
    message: str
    summarize: int
    runs_on_host: ClassVar[bool] = True
    has_effect: ClassVar[bool] = True
    is_pure: ClassVar[bool] = False

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """No outputs."""
        return ()

    infer_unknown = infer

    def data_text(self, data: Sequence[Any]) -> list[str]:
        """The caller's tensors, for the message."""
        return [
            element_text(array[()])
            if array.dtype.hasobject and not array.ndim
            else flat_text(array, self.summarize)
            for array in map(np.asarray, data)
        ]

    gradient = no_gradient


@register
class AssertTrue(_Check):
    """Raises unless a condition holds.  condition: (...) bool, data: (...) each -> nothing."""

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """No outputs."""
        if not inputs[0].dtype.is_bool:
            raise DtypeError(
                self.where,
                "the condition is not boolean",
                expected="condition bool (...)",
                got=types_text(condition=inputs[0]),
                hint="compare first: not_equal(condition, 0)",
            )
        return ()

    infer_unknown = infer

    def compute(self, xp: Any, condition: Any, *data: Any) -> Any:
        """All elements must be True."""
        del xp
        if not np.all(condition):
            raise CheckError(
                self.where,
                self.message or "the condition does not hold",
                got=", ".join(self.data_text(data)) or None,
            )
        return ()


@register
class FirstFailure(OpDef):
    """Where a comparison fails first.

    holds: (...) bool; x, y: one dtype, shapes that broadcast to that of `holds`
    -> (2,) int64, how many elements fail and the number of the first; () x and () y there, zeros
    where there is none.
    """

    def infer(self, holds: TensorType, x: TensorType, y: TensorType) -> tuple[TensorType, ...]:
        """Three outputs."""
        require(self, "same", x=x, y=y)
        return TensorType(int64, (2,)), x.with_shape(()), y.with_shape(())

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return TensorType(int64, (2,)), types[1].with_shape(()), types[2].with_shape(())

    def compute(self, xp: Any, holds: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """The place of the first False among the flattened elements."""
        fails = ~holds.reshape(-1)
        if not fails.shape[0]:
            nothing = [_zero(xp, z) for z in (x, y)]
            return xp.zeros((2,), "int64"), nothing[0], nothing[1]
        first = fails.argmax().astype("int64")
        report = xp.stack([fails.sum().astype("int64"), first])
        wide = (xp.broadcast_to(z, holds.shape).reshape(-1) for z in (x, y))
        elements = [z[first.reshape((1,))].reshape(()) for z in wide]
        return report, elements[0], elements[1]

    gradient = no_gradient


def _zero(xp: Any, like: Any) -> Any:
    return xp.full((), b"" if like.dtype.hasobject else 0, like.dtype)


@register
class AssertNone(_Check):
    """Raises if elements fail.

    report: (2,) int64, shape: (rank,) integer, x, y: () the first elements that fail,
    data: (...) each -> nothing.
    """

    claim: str  # "x == y"

    def compute(self, xp: Any, report: Any, shape: Any, x: Any, y: Any, *data: Any) -> Any:
        """Looks at the number of failures."""
        del xp
        count, first = report.tolist()
        if count:
            sizes = shape.tolist()
            place = [int(i) for i in np.unravel_index(first, sizes)] if sizes else "the scalar"
            shown = f"x {element_text(x[()])}"
            if "y" in self.claim:
                shown += f", y {element_text(y[()])}"
            parts = [f"{count} of {int(np.prod(sizes))} fail, the first at {place}: {shown}"]
            raise CheckError(
                self.where,
                self.message or f"{self.claim} does not hold",
                expected=f"{self.claim} for all elements",
                got="; ".join(parts + self.data_text(data)),
            )
        return ()


def Assert(
    condition: Any,
    data: Sequence[Any],
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """An operation that raises unless `condition` holds.

    Args:
        condition: (...) bool, of which all elements must be True.
        data: a list of tensors that the error shows. A device hands all of them to the host, in
            every run.
        summarize: elements of each that are shown; 3 if None, all of them if negative.
        name: of the node.

    Returns:
        The operation, to be run or to stand in `control_dependencies`.

    Raises:
        DtypeError: if the condition is not boolean.
        CheckError: in the run, if it does not hold.

    >>> from thalweg.core import CheckError, Session, constant, control_dependencies, greater
    >>> x = constant(-1.0)
    >>> with control_dependencies([Assert(greater(x, 0.0), ["x is", x])]):
    ...     y = x + 1.0
    >>> try:
    ...     Session().run(y)
    ... except CheckError as error:
    ...     print(error.problem, "-", error.got)
    the condition does not hold - x is, [-1.0]
    """
    count = 3 if summarize is None else int(summarize)
    op = AssertTrue("Assert", "", count)
    return apply_many(op, convert(condition), *map(convert, data), name=name or "Assert")


# For assert_values.py and assert_types.py -------------------------------------------------------


def known_value(x: Tensor) -> np.ndarray[Any, Any] | None:
    """The value of a tensor, if it is known while building."""
    opdef = x.op.opdef
    return opdef.literal.array if isinstance(opdef, Constant) else x.type.known_value


def check_all(
    where: str,
    claim: str,
    compare: Callable[[Any, Any], Any],
    x: Tensor,
    y: Tensor,
    message: str | None,
    data: Sequence[Any],
    summarize: int | None,
    name: str | None,
) -> Operation:
    """An operation that raises unless `compare(x, y)` is True for all elements.

    Args:
        where: the function that checks.
        claim: what should hold, with x and perhaps y in it.
        compare: makes a boolean of two tensors, and of two arrays.
        x: (...) number or string.
        y: of the same dtype, a shape that broadcasts.
        message: what is wrong if it does not hold.
        data: more tensors that the error shows.
        summarize: elements of each that are shown.
        name: of the node.

    Raises:
        CheckError: at once, if both are known and it does not hold.
    """
    op = AssertNone(where, message or "", 3 if summarize is None else int(summarize), claim)
    holds = compare(x, y)
    first = FirstFailure()
    arrays = [known_value(t) for t in (x, y)]
    if all(array is not None for array in arrays):
        known = np.asarray(compare(*arrays))
        results = first.compute(np, known, *arrays)
        try:
            op.compute(np, results[0], np.asarray(known.shape), *results[1:])
        except CheckError as error:
            owner = current_context().owner
            raise error.at(node=name, layer=owner, site=user_site(2)) from None
        return no_op(name or where)
    report, x_there, y_there = apply_many(first, holds, x, y, name=f"{where}/first").outputs
    shown = map(convert, data)
    return apply_many(op, report, shape_of(holds), x_there, y_there, *shown, name=name or where)
