"""Comparisons, logic, and choosing between two tensors element by element.

Where both sides of maximum or minimum are equal, the first takes the gradient, as TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..errors import DtypeError, OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import TensorType, bool_, broadcast_shapes, int64, types_text
from .elementwise import binary, sum_to, unary, zeros_like
from .source import convert, convert_all

__all__ = [
    "clip_by_value",
    "equal",
    "greater",
    "greater_equal",
    "is_finite",
    "is_inf",
    "is_nan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "not_equal",
    "where",
    "where_indices",
]

# Comparisons ------------------------------------------------------------------------------------

equal = binary(
    "equal",
    "x == y; NaN equals nothing.",
    lambda xp, x, y: x == y,
    None,
    example=("[1, 2], 2", "[False, True]"),
    takes="any",
    gives=bool_,
)
not_equal = binary(
    "not_equal",
    "x != y; NaN differs from everything.",
    lambda xp, x, y: x != y,
    None,
    example=("[1, 2], 2", "[True, False]"),
    takes="any",
    gives=bool_,
)
less = binary(
    "less",
    "x < y.",
    lambda xp, x, y: x < y,
    None,
    example=("[1, 2], 2", "[True, False]"),
    gives=bool_,
)
less_equal = binary(
    "less_equal",
    "x <= y.",
    lambda xp, x, y: x <= y,
    None,
    example=("[1, 3], 2", "[True, False]"),
    gives=bool_,
)
greater = binary(
    "greater",
    "x > y.",
    lambda xp, x, y: x > y,
    None,
    example=("[1, 3], 2", "[False, True]"),
    gives=bool_,
)
greater_equal = binary(
    "greater_equal",
    "x >= y.",
    lambda xp, x, y: x >= y,
    None,
    example=("[1, 2], 2", "[False, True]"),
    gives=bool_,
)

is_nan = unary(
    "is_nan",
    "True where x is not a number.",
    lambda xp, x: xp.isnan(x),
    None,
    example=('[1.0, float("nan")]', "[False, True]"),
    gives=bool_,
)
is_inf = unary(
    "is_inf",
    "True where x is infinite, of either sign.",
    lambda xp, x: xp.isinf(x),
    None,
    example=('[1.0, float("-inf")]', "[False, True]"),
    gives=bool_,
)
is_finite = unary(
    "is_finite",
    "True where x is neither infinite nor NaN.",
    lambda xp, x: xp.isfinite(x),
    None,
    example=('[1.0, float("inf")]', "[True, False]"),
    gives=bool_,
)

# Logic ------------------------------------------------------------------------------------------

logical_and = binary(
    "logical_and",
    "True where both are.",
    lambda xp, x, y: xp.logical_and(x, y),
    None,
    example=("[True, True], [True, False]", "[True, False]"),
    takes="bool",
)
logical_or = binary(
    "logical_or",
    "True where at least one is.",
    lambda xp, x, y: xp.logical_or(x, y),
    None,
    example=("[True, False], [False, False]", "[True, False]"),
    takes="bool",
)
logical_xor = binary(
    "logical_xor",
    "True where exactly one is.",
    lambda xp, x, y: xp.logical_xor(x, y),
    None,
    example=("[True, True], [True, False]", "[False, True]"),
    takes="bool",
)
logical_not = unary(
    "logical_not",
    "True where x is False.",
    lambda xp, x: xp.logical_not(x),
    None,
    example=("[True, False]", "[False, True]"),
    takes="bool",
)

# Choosing ---------------------------------------------------------------------------------------


@register
class Where(OpDef):
    """x where the condition holds, else y.

    condition: (...) bool; x, y: (...) one dtype; broadcast against each other -> that shape.
    """

    reuse: ClassVar[dict[int, tuple[int, ...]]] = {0: (1, 2)}
    is_elementwise = True

    def infer(self, condition: TensorType, x: TensorType, y: TensorType) -> TensorType:
        """The broadcast shape of all three."""
        self._check(condition, x, y)
        try:
            return TensorType(x.dtype, broadcast_shapes(condition.dims(), x.dims(), y.dims()))
        except ShapeError as error:
            raise ShapeError(
                self.label,
                "shapes cannot be broadcast together",
                expected=error.expected,
                got=types_text(condition=condition, x=x, y=y),
            ) from None

    def infer_unknown(
        self, condition: TensorType, x: TensorType, y: TensorType
    ) -> tuple[TensorType, ...]:
        """The dtype of x and y."""
        self._check(condition, x, y)
        return (TensorType(x.dtype, None),)

    def _check(self, condition: TensorType, x: TensorType, y: TensorType) -> None:
        require(self, "same", x=x, y=y)
        if not condition.dtype.is_bool:
            raise DtypeError(
                self.label,
                "the condition is not boolean",
                expected="condition bool (...)",
                got=types_text(condition=condition, x=x, y=y),
                hint="compare first: not_equal(condition, 0)",
            )

    def compute(self, xp: Any, condition: Any, x: Any, y: Any) -> Any:
        """NumPy's `where`."""
        return xp.where(condition, x, y)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Flows to the chosen side; the other gets zeros, whatever its value is."""
        condition, x, y = node.inputs
        zero = zeros_like(g)
        return [None, sum_to(where(condition, g, zero), x), sum_to(where(condition, zero, g), y)]


@register
class WhereIndices(OpDef):
    """The index of each entry that is not zero or False.

    condition: (...) bool or number -> (count, rank) int64, in row-major order.
    """

    def infer(self, condition: TensorType) -> TensorType:
        """How many there are depends on the values."""
        return self.infer_unknown(condition)[0].with_shape((None, len(condition.dims())))

    def infer_unknown(self, condition: TensorType) -> tuple[TensorType, ...]:
        """A matrix."""
        if condition.dtype.is_string:
            raise DtypeError(
                self.label,
                "takes booleans and numbers",
                expected="condition (...) bool or number",
                got=types_text(condition=condition),
                hint="compare first: not_equal(condition, '')",
            )
        return (TensorType(int64, (None, None)),)

    def compute(self, xp: Any, condition: Any) -> Any:
        """`nonzero`, side by side; a scalar has no index, but may have one entry."""
        if condition.ndim == 0:
            count = xp.flatnonzero(condition.reshape(1)).shape[0]
            return xp.zeros((count, 0), "int64")
        return xp.stack(xp.nonzero(condition), axis=1).astype("int64")

    gradient = no_gradient


def where_indices(condition: Any, name: str | None = None) -> Tensor:
    """The indices of the entries of `condition` that hold, in row-major order.

    How many there are depends on data: what follows is planned when their number is known, and
    kept for the next time that it is the same.

    Args:
        condition: (...) bool; or number, which holds where it is not zero.
        name: of the node.

    Returns:
        (count, rank) int64; `gather_nd(condition, indices)` are the entries.

    Raises:
        DtypeError: for strings.

    >>> from thalweg.core import Session
    >>> Session().run(where_indices([[True, False], [True, True]])).tolist()
    [[0, 0], [1, 0], [1, 1]]
    """
    return apply(WhereIndices(), convert(condition), name=name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where `condition` holds, else `y`, element by element; `where_indices` without these.

    Both sides are computed; `choose` runs only one. A NaN or an infinity on the side that is not
    taken does not reach the result, but its own gradient may still be NaN (0 times infinity).

    Args:
        condition: (...) bool.
        x: (...) of any dtype.
        y: the dtype of x. All three are broadcast against each other.
        name: of the node.

    Raises:
        DtypeError: if the condition is not boolean, or the dtypes of x and y differ.
        ShapeError: if the shapes cannot be broadcast together.
        OptionError: if only one of x and y is given.

    >>> from thalweg.core import Session
    >>> Session().run(where([True, False], [1.0, 2.0], -1.0)).tolist()
    [1.0, -1.0]
    """
    if x is None and y is None:
        return where_indices(condition, name=name)
    if x is None or y is None:
        raise OptionError(
            "where",
            "x and y belong together",
            expected="both, or neither for the indices of what holds",
            got="only y" if x is None else "only x",
            site=user_site(2),
        )
    first, second = convert_all(x, y)
    return apply(Where(), convert(condition), first, second, name=name)


def _shared(is_first: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient for whichever side was chosen."""
    zero = zeros_like(g)
    return where(is_first, g, zero), where(is_first, zero, g)


maximum = binary(
    "maximum",
    "The larger of x and y; NaN if either is.",
    lambda xp, x, y: xp.maximum(x, y),
    lambda x, y, z, g: _shared(greater_equal(x, y), g),
    example=("[1, 5], 3", "[3, 5]"),
)
minimum = binary(
    "minimum",
    "The smaller of x and y; NaN if either is.",
    lambda xp, x, y: xp.minimum(x, y),
    lambda x, y, z, g: _shared(less_equal(x, y), g),
    example=("[1, 5], 3", "[1, 3]"),
)


def clip_by_value(x: Any, low: Any, high: Any, name: str | None = None) -> Tensor:
    """`x` limited to low <= x <= high, elementwise.

    Args:
        x: (...) number.
        low: the same dtype; a shape that broadcasts with x's.
        high: the same, nowhere below `low`.
        name: of the node.

    Returns:
        The broadcast shape. The gradient is x's where it lies inside, bounds included, and that
        of the bound elsewhere.

    >>> from thalweg.core import Session
    >>> Session().run(clip_by_value([1.0, 5.0, 9.0], 2.0, 6.0)).tolist()
    [2.0, 5.0, 6.0]
    """
    x, low, high = convert_all(x, low, high)
    return minimum(maximum(x, low), high, name=name or "clip_by_value")


# Rows are made in elementwise.py, where doctest does not look for what this module shows.
__test__ = {name: globals()[name].__doc__ for name in __all__}
