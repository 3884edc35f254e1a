"""Functions whose gradient the user says: `custom_gradient`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError, ShapeError
from ..graph import Operation, Tensor, changed_context
from ..opdef import OpDef, apply_many, register
from ..structure import flatten, rebuild
from ..types import TensorType
from .source import convert
from .state import ReadVariable, Variable

__all__ = ["custom_gradient"]


@register
class CustomGradient(OpDef):
    """Hands results on, with a gradient that a function says.

    xs: (...) each, what the gradient is for; ys: (...) each -> ys.
    """

    function: Callable[..., Any]
    count: int
    is_pure = False  # two calls of one function stay two

    def infer(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The types of ys."""
        return types[self.count :]

    infer_unknown = infer

    def compute(self, xp: Any, *arrays: Any) -> Any:
        """The results, as they are; lowering leaves the op out."""
        return tuple(array.copy() for array in arrays[self.count :])

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """What the function says; nothing flows through the results themselves."""
        found = self.function(*g)
        for x, dx in zip(node.inputs, found, strict=False):
            if dx is not None and not x.type.accepts(dx.type):
                raise ShapeError(
                    "custom_gradient",
                    "a gradient does not have the type of its argument",
                    expected=str(x.type),
                    got=str(dx.type),
                    node=node.name,
                    site=node.site,
                )
        return [*found, *[None] * (len(node.inputs) - self.count)]


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a function that returns its results and the function of their gradients.

    Args:
        function: (tensors) -> (results, gradient function). The gradient function takes one
            tensor for each result and returns one for each argument, or None where there is no
            gradient. If `function` reads trainable variables, the gradient function also takes
            `variables=`, a list, and returns (gradients of arguments, gradients of variables).

    Returns:
        A function of tensors that returns the results.

    Raises:
        GraphError: if the gradient function returns another number of gradients, or takes no
            `variables` where some are read.

    >>> from thalweg.core import Session, constant, exp, gradients, log
    >>> @custom_gradient
    ... def log1pexp(x):
    ...     e = exp(x)
    ...     return log(1 + e), lambda g: g * (1 - 1 / (1 + e))
    >>> x = constant(100.0)
    >>> float(Session().run(gradients(log1pexp(x), [x])[0]))
    1.0
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        xs = [convert(leaf) for leaf in flatten(args)]
        results, gradient = function(*rebuild(args, iter(xs)), **kwargs)
        ys = [convert(leaf) for leaf in flatten(results)]
        reads = _reads(ys, set(xs))
        derive = _Derivation(gradient, len(xs), reads)
        inputs = [*xs, *(op.outputs[0] for op in reads), *ys]
        op = apply_many(CustomGradient(derive, len(inputs) - len(ys)), *inputs)
        return rebuild(results, iter(op.outputs))

    return call


def _reads(ys: Sequence[Tensor], stop: set[Tensor]) -> list[Operation]:
    """The reads of trainable variables that `ys` need, without those that `stop` needs."""
    seen: set[Operation] = set()
    found: list[Operation] = []
    stack = [y for y in ys if y not in stop]
    while stack:
        op = stack.pop().op
        if op in seen:
            continue
        seen.add(op)
        if isinstance(op.opdef, ReadVariable) and op.opdef.variable.trainable:
            found.append(op)
        stack.extend(t for t in op.inputs if t not in stop)
    return sorted(found, key=lambda op: op.index)


class _Derivation:
    """Calls a user's gradient function and checks what it returns."""

    def __init__(self, gradient: Any, count: int, reads: Sequence[Operation]) -> None:
        self._gradient = gradient
        self._count = count
        self._variables: list[Variable] = [op.opdef.variable for op in reads]  # type: ignore[attr-defined]
        takes = inspect.signature(gradient).parameters
        takes_any = any(p.kind is p.VAR_KEYWORD for p in takes.values())
        if reads and not (takes_any or "variables" in takes):
            raise GraphError(
                "custom_gradient",
                "the function reads variables that its gradient function does not know of",
                expected="a gradient function (…, variables=None)",
                got=", ".join(f"'{v.name}'" for v in self._variables),
            )

    def __call__(self, *g: Tensor | None) -> list[Tensor | None]:
        with changed_context(control=()):
            if self._variables:
                first, second = self._gradient(*g, variables=list(self._variables))
            else:
                first, second = self._gradient(*g), []
        found = [*_as_list(first), *_as_list(second)]
        expected = self._count + len(self._variables)
        if len(found) != expected:
            raise GraphError(
                "custom_gradient",
                "the gradient function returns the wrong number of gradients",
                expected=f"{expected}: one for each argument and variable",
                got=str(len(found)),
            )
        return [None if dx is None else convert(dx) for dx in found]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
