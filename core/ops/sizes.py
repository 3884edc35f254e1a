"""Size operands: the small integer vectors that decide shapes, and their values in types.

`shape_of(x)` of x: (None, 784) has the value (None, 784) in its type. Sliced, joined or reshaped,
the known half of it stays known, because a movement does not care what it moves: the op's own
`compute` is run on arrays of objects in which None stands for what is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..graph import Tensor, changed_context, current_context
from ..opdef import OpDef, require
from ..types import MAX_VALUE_SIZE, Shape, TensorType, types_text

__all__: list[str] = []  # all of it is for the other ops


def beside(tensor: Tensor) -> Any:
    """A `with` block whose new constants go to the graph of `tensor`, where it is another one.

    The body of a loop or branch takes what it uses from outside: nothing new is made there.
    """
    graph = current_context().graph
    if tensor.graph is graph or graph.outer is not None:
        return nullcontext()
    return changed_context(graph=tensor.graph, scope="", control=())


def require_sizes(op: OpDef, **types: TensorType) -> None:
    """Checks operands that hold one integer an axis.

    Raises:
        DtypeError: if one is not an integer.
        ShapeError: if one is not a vector.
    """
    require(op, "integer", **types)
    for name, type_ in types.items():
        if type_.rank not in (1, None):
            raise ShapeError(
                op.label,
                f"{name} must be a vector",
                expected="one integer an axis",
                got=types_text(**types),
            )


def size_values(sizes: TensorType) -> Shape | None:
    """The integers of a size operand, None where unknown; None if their number is unknown.

    Unlike `shape_from_value`, it keeps negative integers.
    """
    if sizes.value is not None:
        return sizes.value
    if sizes.shape is None or sizes.shape[0] is None:
        return None
    return (None,) * sizes.shape[0]


def keep_values(
    op: OpDef, inputs: Sequence[TensorType], outputs: Sequence[TensorType]
) -> tuple[TensorType, ...]:
    """The output types with the values that `op` moves into them, as far as they are known.

    Args:
        op: one that moves or repeats elements of its inputs, host operands aside.
        inputs: the types of its inputs.
        outputs: the types of its outputs, so far without values.
    """
    unchanged = tuple(outputs)
    if not all(_may_have_value(type_) for type_ in outputs):
        return unchanged
    arrays: list[np.ndarray[Any, Any]] = []
    is_known = False
    for position, type_ in enumerate(inputs):
        is_host = position in op.host_inputs
        array = type_.known_value if is_host else _as_objects(type_)
        if array is None:
            return unchanged
        is_known = is_known or (not is_host and type_.value is not None)
        arrays.append(array)
    if not is_known:
        return unchanged
    result = op.compute(np, *arrays)
    moved = result if isinstance(result, tuple) else (result,)
    return tuple(
        TensorType(type_.dtype, type_.shape, tuple(np.asarray(array).reshape(-1).tolist()))
        for type_, array in zip(outputs, moved, strict=True)
    )


def _may_have_value(type_: TensorType) -> bool:
    """True for a scalar or a short vector of integers or booleans."""
    return (
        (type_.dtype.is_integer or type_.dtype.is_bool)
        and type_.shape is not None
        and len(type_.shape) <= 1
        and type_.size is not None
        and type_.size <= MAX_VALUE_SIZE
    )


def _as_objects(type_: TensorType) -> np.ndarray[Any, Any] | None:
    """The value as an array of Python objects, None where unknown; None for any other type."""
    if not _may_have_value(type_):
        return None
    array: np.ndarray[Any, Any] = np.full(type_.size or 0, None, object)
    if type_.value is not None:
        array[:] = type_.value
    return array.reshape(()) if type_.shape == () else array
