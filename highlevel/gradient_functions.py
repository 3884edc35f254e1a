"""`gradients_of`: the gradient of a Python function, for training loops of one's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from thalweg.core import (
    DtypeError,
    Tensor,
    Variable,
    as_dtype,
    convert,
    flatten,
    gradients,
    rebuild,
)

from .eager import array_or_tensor

__all__ = ["gradients_of"]


def gradients_of(
    function: Callable[..., Any],
    variables: Sequence[Variable] | Callable[[], Sequence[Variable]] | None = None,
    with_value: bool = False,
) -> Callable[..., Any]:
    """A function that returns the gradients of `function`.

    It is traced once for each set of types of its arguments, so a loop of calls is a loop of runs
    of one plan. On arrays it computes at once; on tensors it builds graph. What `function` writes
    to variables is carried out.

    Args:
        function: of arrays or tensors, perhaps nested, that returns a float tensor, perhaps
            nested; the gradients are those of the sum of all its elements.
        variables: the gradients wanted are those of these variables, or of what this function
            returns (`lambda: model.trainable_weights`); None means those of the arguments.
        with_value: return (what `function` returned, gradients).

    Returns:
        A function of the same arguments. It returns a list with one gradient for each variable;
        or a gradient for each float in the arguments, in their structure, other arguments standing
        as None; of a function of one argument, that argument's alone. Where nothing flows, zeros.

    Raises:
        DtypeError: if there is nothing to differentiate with respect to.

    >>> import numpy as np
    >>> slope = gradients_of(lambda x: x**3)
    >>> slope(np.float32([1, 2])).tolist()
    [3.0, 12.0]
    >>> gradients_of(slope)(np.float32([1, 2])).tolist()
    [6.0, 12.0]
    """

    @array_or_tensor
    def derive(shape: _Structure, *leaves: Any, **kwargs: Any) -> Any:
        given = [_as_source(leaf) for leaf in leaves]
        value = function(*shape.filled(given), **kwargs)
        ys = [convert(leaf) for leaf in flatten(value)]
        if variables is None:
            sources: Sequence[Any] = [leaf for leaf in given if isinstance(leaf, Tensor)]
        else:
            sources = variables() if callable(variables) else variables
        if not sources:
            raise DtypeError(
                "gradients_of",
                "there is nothing to differentiate with respect to",
                expected="a float among the arguments, or variables=",
                got=repr(leaves),
            )
        found = gradients(ys, list(sources), unconnected_gradients="zero")
        return [value, found] if with_value else [found]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves = list(flatten(args))
        *value, found = derive(_Structure(args), *leaves, **kwargs)
        if variables is None:
            slopes = iter(found)
            every = [next(slopes) if _is_float(leaf) else None for leaf in leaves]
            found = rebuild(args[0] if len(args) == 1 else args, iter(every))
        return (*value, found) if with_value else found

    return call


class _Structure:
    """How arguments are nested; equal for arguments that are nested alike."""

    def __init__(self, args: Any) -> None:
        self._places = rebuild(args, iter(range(sum(1 for _ in flatten(args)))))
        self._text = repr(self._places)

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The structure with these leaves."""
        return rebuild(self._places, iter(leaves))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Structure) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def _as_source(leaf: Any) -> Any:
    """A float as a tensor, any other argument as it is."""
    return convert(leaf) if _is_float(leaf) else leaf


def _is_float(leaf: Any) -> bool:
    dtype = getattr(leaf, "dtype", None)
    return isinstance(leaf, float) or (dtype is not None and as_dtype(dtype).is_float)
