"""`OpDef`: everything that is true of an op on any machine, in one class.

An op is a `Record` whose fields are its attributes, so equal ops compare equal and merge for free.
It says what comes out (`infer`), how (`compute`, for any NumPy-like module `xp`), and what its
gradient is (`gradient`, in graph expressions). The thin public function beside it calls
:func:`apply`, which makes the node and completes any error with the node, the layer and the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from .errors import DtypeError, GraphError, ThalwegError, user_site
from .graph import Operation, Tensor, current_context
from .record import Record
from .types import MAX_VALUE_SIZE, TensorType, types_text

__all__ = ["REGISTRY", "OpDef", "apply", "apply_many", "no_gradient", "register", "require"]

REGISTRY: dict[str, type[OpDef]] = {}


class OpDef(Record):
    """Base of all ops.

    Class attributes:
        reuse: `{output: input}`: the output may overwrite that input where it dies here; or any of
            several, `{output: (input, input)}`.
        in_place: `compute` takes `in_place=True`, and then writes output 0 into the input that
            `reuse` gives it. It must check all that can fail before.
        is_view: output 0 has input 0's elements in the same order (`reshape`).
        may_alias: outputs may share input 0's memory in some other way (`transpose`).
        host_inputs: inputs that decide sizes or branches; kernels get them as NumPy arrays.
        is_elementwise: an element of the output follows from those at its place in the inputs,
            which broadcast; host inputs only say to which shape.
        is_host: its output is small and computed where the plan is made (`shape`).
        is_pure: equal inputs give equal outputs, and nothing else happens.
        has_effect: something happens besides its outputs: where a run needs it, it runs exactly
            once, in creation order among its kind, even if nothing reads its outputs.
        bodies: pieces of graph or program that it runs, see ops/loops.py.
        runs_last: its outputs replace variables: where nothing else reads them it runs at the end,
            when nothing can fail any more, and a backend may write over the variables.
        runs_on_host: its inputs and outputs are NumPy arrays, whatever the backend.
    """

    reuse: ClassVar[Mapping[int, int | tuple[int, ...]]] = {}
    in_place: ClassVar[bool] = False
    is_view: ClassVar[bool] = False
    may_alias: ClassVar[bool] = False
    host_inputs: ClassVar[frozenset[int]] = frozenset()
    is_elementwise: ClassVar[bool] = False
    is_host: ClassVar[bool] = False
    is_pure: ClassVar[bool] = True
    has_effect: ClassVar[bool] = False
    runs_last: ClassVar[bool] = False
    runs_on_host: ClassVar[bool] = False
    bodies: ClassVar[Any] = ()

    def infer(self, *args: Any, **kwargs: Any) -> Any:
        """TensorTypes of the inputs -> TensorType of the output, or a tuple of them.

        Ranks are known here, sizes perhaps not. Raises ShapeError or DtypeError.
        """
        raise NotImplementedError(type(self).__name__)

    def infer_unknown(self, *args: Any, **kwargs: Any) -> tuple[TensorType, ...]:
        """The outputs' types where some input's rank is unknown: by default the first dtype."""
        return (TensorType(args[0].dtype, None),)

    def compute(self, *args: Any, **kwargs: Any) -> Any:
        """`compute(xp, *arrays)` -> array, or a tuple of them. Plain; this is the specification."""
        raise NotImplementedError(type(self).__name__)

    def gradient(self, *args: Any, **kwargs: Any) -> Sequence[Tensor | None]:
        """`gradient(node, *g)` -> one tensor an input, None where there is no gradient.

        `g` has one entry an output, None for outputs nobody differentiates.
        """
        raise GraphError(
            type(self).__name__,
            "has no gradient",
            hint="stop_gradient(x) says that none is wanted",
        )

    def failure(self, message: str) -> ThalwegError | None:
        """The error for what a backend's kernel says when it cannot go on; None: for its words."""
        del message
        return None

    @property
    def label(self) -> str:
        """The default node name, `"MatMul"`."""
        return type(self).__name__


_Op = TypeVar("_Op", bound=type[OpDef])


def register(cls: _Op) -> _Op:
    """Class decorator: makes the op known to the tests, to backends and to printers."""
    REGISTRY[cls.__name__] = cls
    return cls


def no_gradient(self: OpDef, node: Operation, *g: Tensor | None) -> Sequence[Tensor | None]:
    """`gradient = no_gradient` in an op's class body: flat almost everywhere, or not a number."""
    del self, g
    return [None] * len(node.inputs)


def require(op: OpDef, kind: str, **types: TensorType) -> None:
    """Checks the dtypes of inputs.

    Args:
        op: named in the message.
        kind: `"float"`, `"integer"`, `"bool"`, `"number"`, `"numeric"` (number or bool), `"same"`
            (equal dtypes), or two of them with a space between, `"same float"`.
        types: the inputs, by the names the message uses.

    Raises:
        DtypeError: if one does not fit.
    """
    kinds = kind.split()
    dtypes = [type_.dtype for type_ in types.values()]
    if "same" in kinds and dtypes.count(dtypes[0]) != len(dtypes):
        raise DtypeError(
            op.label,
            "dtypes differ",
            expected="one dtype for all of " + ", ".join(types),
            got=types_text(**types),
            hint=f"cast(x, {dtypes[0].name!r}) converts",
        )
    for word in kinds:
        claim = f"is_{word}"
        if word != "same" and not all([getattr(dtype, claim) for dtype in dtypes]):
            raise DtypeError(
                op.label,
                f"takes {word} tensors",
                expected=f"{word} dtypes",
                got=types_text(**types),
                hint="cast(x, 'float32') converts" if word == "float" else None,
            )


def infer_types(opdef: OpDef, types: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """`opdef.infer` for known ranks, `infer_unknown` otherwise; small integer values follow."""
    for type_ in types:
        if type_.shape is None:
            return opdef.infer_unknown(*types)
    result = opdef.infer(*types)
    if isinstance(result, TensorType):
        if result.value is None and types and not result.dtype.is_float:
            result = _with_value(opdef, types, result)
        return (result,)
    return tuple(result)


def _with_value(opdef: OpDef, types: Sequence[TensorType], result: TensorType) -> TensorType:
    """Computes the value of a small integer or boolean result whose inputs' values are known."""
    size = result.size
    if (
        not opdef.is_pure
        or result.dtype.is_string
        or size is None
        or size > MAX_VALUE_SIZE
        or result.shape is None
        or len(result.shape) > 1
    ):
        return result
    values = []
    for type_ in types:
        value = type_.known_value
        if value is None:
            return result
        values.append(value)
    flat = np.asarray(opdef.compute(np, *values)).reshape(-1).tolist()
    return TensorType(result.dtype, result.shape, tuple(flat))


def apply_many(opdef: OpDef, *inputs: Tensor, name: str | None = None) -> Operation:
    """Makes a node and returns the operation: for ops without or with several outputs."""
    context = current_context()
    if context.graph.outer is not None:
        capture = context.graph.capture
        inputs = tuple(t if t.op.graph is context.graph else capture(t) for t in inputs)
    elif inputs:
        graph = inputs[0].op.graph
        for tensor in inputs:
            if tensor.op.graph is not graph:
                raise GraphError(
                    opdef.label,
                    "inputs belong to different graphs",
                    got=", ".join(t.name for t in inputs),
                    layer=context.owner,
                    site=user_site(2),
                    hint="build a model and everything that uses its tensors in one graph",
                )
        if graph is not context.graph:
            context = replace(context, graph=graph, scope="", control=())
    full_name = context.full_name(name or opdef.label)
    try:
        types = infer_types(opdef, [tensor.type for tensor in inputs])
    except ThalwegError as error:
        raise error.at(
            node=full_name.rstrip("/"), layer=context.owner, site=context.site or user_site(2)
        ) from None
    return Operation(context.graph, opdef, inputs, types, full_name, context)


def apply(opdef: OpDef, *inputs: Tensor, name: str | None = None) -> Tensor:
    """Makes a node and returns its first output."""
    return apply_many(opdef, *inputs, name=name).outputs[0]
