"""Python functions as ops: `py_func`; and `timestamp`, which asks the host's clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import DtypeError, GraphError, KernelError, OptionError, ThalwegError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, no_gradient, register
from ..types import DType, Shape, TensorType, as_dtype, as_shape, float64
from .elementwise import zeros_like
from .source import as_array, convert

__all__ = ["py_func", "timestamp"]


class _Function:
    """A Python function as an attribute: equal to itself alone, whatever it says of equality."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.call = function
        self.name = str(getattr(function, "__name__", type(function).__name__))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Function) and self.call is other.call

    def __hash__(self) -> int:
        return id(self.call)

    def __repr__(self) -> str:
        return self.name


@register
class PyFunc(OpDef):
    """Calls a Python function with NumPy arrays.  (...) each -> the declared types."""

    function: _Function
    types: tuple[TensorType, ...]
    stateful: bool
    is_single: bool  # the function returns the value itself, not a sequence of values
    gradient_function: Callable[..., Any] | None
    runs_on_host: ClassVar[bool] = True

    @property
    def is_pure(self) -> bool:  # type: ignore[override]
        """True if the caller says so."""
        return not self.stateful

    @property
    def has_effect(self) -> bool:  # type: ignore[override]
        """True unless the caller says that it is pure."""
        return self.stateful

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """What was declared."""
        return self.types

    infer_unknown = infer

    def compute(self, xp: Any, *arrays: Any) -> Any:
        """The function sees read-only arrays; what it returns is copied."""
        del xp
        views = [np.asarray(array).view() for array in arrays]
        for view in views:
            view.flags.writeable = False
        values = self._as_values(self._called(views))
        results = [
            self._checked(number, value, type_)
            for number, (value, type_) in enumerate(zip(values, self.types, strict=True))
        ]
        return results[0] if len(results) == 1 else tuple(results)

    def _called(self, arrays: list[Any]) -> Any:
        try:
            return self.function.call(*arrays)
        except ThalwegError:
            raise
        except Exception as error:
            raise self._error(f"raised {type(error).__name__}: {error}") from error

    def _as_values(self, returned: Any) -> list[Any]:
        if not self.types:
            return []
        is_value = self.is_single or not isinstance(returned, list | tuple)
        values = [returned] if is_value else list(returned)
        if len(values) != len(self.types):
            raise self._error(
                "returned another number of values",
                expected=f"{len(self.types)}, as Tout says",
                got=str(len(values)),
            )
        return values

    def _checked(self, number: int, value: Any, type_: TensorType) -> np.ndarray[Any, Any]:
        try:
            if value is None:
                raise DtypeError("PyFunc", "nothing", got="None")
            array = as_array(value, type_.dtype)
        except DtypeError as error:
            raise self._error(
                f"returned what Tout does not say as value {number}",
                expected=str(type_),
                got=error.got,
            ) from None
        if not type_.accepts_shape(array.shape):
            raise self._error(
                f"returned another shape as value {number}",
                expected=str(type_),
                got=f"{array.dtype} {array.shape}",
            )
        return np.array(array, order="C")

    def _error(self, problem: str, **fields: Any) -> KernelError:
        return KernelError(self.label, f"{self.function.name} {problem}", **fields)

    def gradient(self, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
        """What the caller's function says."""
        if self.gradient_function is None:
            raise GraphError(
                self.label,
                f"{self.function.name} has no gradient",
                hint="py_func(…, grad=…) says one; stop_gradient(y) says that y needs none",
            )
        incoming = [
            zeros_like(output) if flow is None and output.dtype.is_float else flow
            for output, flow in zip(node.outputs, g, strict=True)
        ]
        found = self.gradient_function(node, *incoming)
        found = found if isinstance(found, list | tuple) else [found]
        return [None if dx is None else convert(dx) for dx in found]


@register
class Timestamp(OpDef):
    """The time at which it runs.  () -> () float64."""

    runs_on_host: ClassVar[bool] = True
    has_effect: ClassVar[bool] = True  # its place among what has effects is what it measures
    is_pure: ClassVar[bool] = False

    def infer(self) -> TensorType:
        """A scalar."""
        return TensorType(float64, ())

    def compute(self, xp: Any) -> Any:
        """`time.time`."""
        del xp
        return np.asarray(time.time())

    gradient = no_gradient


def py_func(
    function: Callable[..., Any],
    inputs: Any,
    Tout: Any,
    stateful: bool = True,
    shapes: Any = None,
    grad: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """The results of a Python function, called in the run with NumPy arrays.

    It runs on the host, between the instructions of the plan, and holds Python's lock meanwhile.
    A model that contains it cannot be saved as a graph.

    Args:
        function: takes one array an input, read-only, strings as objects of bytes; returns one
            value an output: anything that `constant` takes and that fits the dtype.
        inputs: a list of tensors, of any dtypes and shapes; or one tensor.
        Tout: a dtype, if the function returns one value; else a list of dtypes, which may be
            empty: then what the function returns is dropped.
        stateful: True runs it exactly once in each run that needs it, in creation order among
            what has effects. False says that equal inputs give equal outputs and nothing else
            happens: then equal calls are made once, and those of constants while planning.
        shapes: of the outputs, where known: a shape for a single dtype, else a list of them,
            None for an unknown rank. What is declared is checked in every run.
        grad: (node, *g) -> one tensor an input, or None where there is no gradient: builds graph
            from `node.inputs`, `node.outputs` and what flows into each output, zeros for float
            outputs where nothing does.
        name: of the node.

    Returns:
        A tensor for a single dtype, else a list of them; the operation if there are no outputs.

    Raises:
        OptionError: if there are not as many shapes as dtypes.
        KernelError: in the run, if the function fails or returns something else than declared.
        GraphError: if it is differentiated without `grad`.

    >>> from thalweg.core import Session, gradients, placeholder
    >>> x = placeholder("float64", [None])
    >>> y = py_func(np.sinc, [x], "float64", shapes=[None])
    >>> Session().run(y, {x: [0.0, 0.5]}).round(3).tolist()
    [1.0, 0.637]
    """
    is_single = not isinstance(Tout, list | tuple)
    dtypes: list[DType] = [as_dtype(dtype) for dtype in ([Tout] if is_single else Tout)]
    declared = _shapes(shapes, len(dtypes), is_single)
    types = tuple(TensorType(d, s) for d, s in zip(dtypes, declared, strict=True))
    op = PyFunc(_Function(function), types, bool(stateful), is_single, grad)
    given = inputs if isinstance(inputs, list | tuple) else [inputs]
    node = apply_many(op, *map(convert, given), name=name or "py_func")
    if is_single:
        return node.outputs[0]
    return list(node.outputs) if types else node


def _shapes(shapes: Any, count: int, is_single: bool) -> list[Shape | None]:
    if shapes is None:
        return [None] * count
    found = [as_shape(shapes)] if is_single else [as_shape(shape) for shape in shapes]
    if len(found) != count:
        raise OptionError(
            "py_func",
            "not one shape a dtype",
            expected=f"{count} shapes",
            got=repr(shapes),
            site=user_site(3),
        )
    return found


def timestamp(name: str | None = None) -> Tensor:
    """The time in seconds since 1970 when the run comes to it, in creation order among effects.

    Args:
        name: of the node.

    Returns:
        () float64.

    >>> from thalweg.core import Session
    >>> bool(Session().run(timestamp()) > 1.5e9)
    True
    """
    return apply(Timestamp(), name=name)
