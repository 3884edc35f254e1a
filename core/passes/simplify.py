"""simplify: local rewrites that save work, and some that make naive code safe.

One rule a function, found by the op's name in `RULES`. A rule returns the value that replaces
the instruction's only output, or None. Rules never change a result but for rounding, except the
safety rules at the end, which replace what would overflow by what does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..opdef import REGISTRY
from ..ops.gather import Gather
from ..ops.slicing import ALL, Slice, SliceGrad, Span
from ..program import Instruction, Program
from ..types import TensorType
from .rewrite import Rewriter, rewrite

__all__ = ["RULES", "simplify"]

MAX_ZEROS = 1 << 16  # elements of a constant made in place of a sum

SimpleRule = Callable[[Rewriter, Instruction], "int | None"]


def simplify(program: Program) -> Program:
    """Applies the first rule that fits each instruction."""
    return rewrite(program, _apply_rules)


def _apply_rules(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    for rule in RULES.get(instruction.opdef.label, ()):
        value = rule(rewriter, instruction)
        if value is not None and rewriter.type(instruction.outputs[0]).accepts(
            rewriter.type(value)
        ):
            return (value,)
    return None


def _is_input(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """Identity and its like."""
    return instruction.inputs[0]


def _chosen_side(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """A choice by sizes, which only the plan knows; by feeds it was made when lowering."""
    condition = rewriter.program.constants.get(instruction.inputs[0])
    return None if condition is None else instruction.inputs[1 if bool(condition) else 2]


def _is_input_if_same_type(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """Reshape, BroadcastTo, SumTo, Cast … that change nothing."""
    x, y = rewriter.type(instruction.inputs[0]), rewriter.type(instruction.outputs[0])
    if x.is_static and x.shape == y.shape and x.dtype is y.dtype:
        return instruction.inputs[0]
    return None


def _known_slice(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """A part whose begin the plan knows: a view, where `DynamicSlice` copies."""
    op, inputs = instruction.opdef, instruction.inputs
    begin, size = (rewriter.program.constants.get(n) for n in inputs[1:3])
    is_gradient = op.label == "DynamicSliceGrad"
    whole = rewriter.type(instruction.outputs[0] if is_gradient else inputs[0])
    if begin is None or size is None or not whole.is_static:
        return None
    sizes = whole.dims()
    spans = [ALL] * len(sizes)
    axes = getattr(op, "axes", None)
    for axis, first, count in zip(
        range(len(spans)) if axes is None else axes, begin.tolist(), size.tolist(), strict=True
    ):
        if not 0 <= first <= first + count <= (sizes[axis] or 0):
            return None  # inference has the words for it
        spans[axis] = Span(first, first + count)
    if is_gradient:
        return rewriter.emit(SliceGrad(tuple(spans)), inputs[0], inputs[3])
    return rewriter.emit(Slice(tuple(spans)), inputs[0])


def _known_pick(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """One slice whose index the plan knows: a view, where `Gather` copies."""
    op, (params, indices) = instruction.opdef, instruction.inputs
    index = rewriter.program.constants.get(indices)
    whole = rewriter.type(params)
    if index is None or index.ndim or not isinstance(op, Gather) or not whole.is_static:
        return None
    axis, _ = op.axes(len(whole.dims()), 0)
    size = whole.dims()[axis] or 0
    if not -size <= int(index) < size:
        return None  # inference has the words for it
    return rewriter.emit(Slice((*[ALL] * axis, int(index))), params)


def _reshape_of_reshape(rewriter: Rewriter, instruction: Instruction) -> int | None:
    inner = rewriter.made_by(instruction.inputs[0], "Reshape")
    if inner is None:
        return None
    return rewriter.emit(instruction.opdef, inner.inputs[0], *instruction.inputs[1:])


def _transpose_of_transpose(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """Two permutations are one, and none at all where they cancel."""
    inner = rewriter.made_by(instruction.inputs[0], "Transpose")
    outer_axes = getattr(instruction.opdef, "axes", None)
    if inner is None or outer_axes is None:
        return None
    axes = tuple(inner.opdef.axes[axis] for axis in outer_axes)  # type: ignore[attr-defined]
    if axes == tuple(range(len(axes))):
        return inner.inputs[0]
    return rewriter.emit(type(instruction.opdef)(axes), inner.inputs[0])  # type: ignore[call-arg]


def _picked_in_order(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """Rows picked and then put in another order are picked in that order."""
    axes = getattr(instruction.opdef, "axes", None)
    made = rewriter.made_by(instruction.inputs[0], "Gather")
    if made is None or axes is None:
        return None
    params, indices = made.inputs
    order = _row_order(made, axes, rewriter.type(params), rewriter.type(indices))
    if order is None:
        return None
    picks = rewriter.emit(type(instruction.opdef)(order), indices)  # type: ignore[call-arg]
    return rewriter.emit(made.opdef, params, picks)


def _scattered_in_order(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """Rows put in another order and then added up are added up where they lie."""
    rows, indices, shape = instruction.inputs
    moved = rewriter.made_by(rows, "Transpose")
    axes = getattr(moved.opdef, "axes", None) if moved else None
    if moved is None or axes is None:
        return None
    whole = rewriter.type(instruction.outputs[0])
    order = _row_order(instruction, axes, whole, rewriter.type(indices))
    if order is None:
        return None
    back = tuple(order.index(axis) for axis in range(len(order)))
    picks = rewriter.emit(type(moved.opdef)(back), indices)  # type: ignore[call-arg]
    return rewriter.emit(instruction.opdef, moved.inputs[0], picks, shape)


def _row_order(
    picking: Instruction,
    axes: tuple[int, ...],
    table: TensorType,
    indices: TensorType,
) -> tuple[int, ...] | None:
    """What a permutation of picked rows is of their indices, if it leaves the rows themselves."""
    if table.shape is None or indices.shape is None:
        return None
    count, rank = len(table.shape), len(indices.shape)
    if picking.opdef.axes(count, rank) != (0, 0):  # type: ignore[attr-defined]
        return None
    rest = tuple(range(rank, rank + count - 1))
    return axes[:rank] if rank > 1 and axes[rank:] == rest else None


def _neutral(scalar: float, *, sides: tuple[int, ...]) -> SimpleRule:
    """x + 0, 0 + x, x * 1 … are x."""

    def rule(rewriter: Rewriter, instruction: Instruction) -> int | None:
        for side in sides:
            other = instruction.inputs[1 - side]
            type_ = rewriter.type(other)
            # Two open sizes may be two sizes: the plan, which knows them, is simplified again.
            is_same = type_.is_static and type_.shape == rewriter.type(instruction.outputs[0]).shape
            if is_same and _is_all(rewriter, instruction.inputs[side], scalar):
                return other
        return None

    return rule


def _nothing_flows(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """A product with the gradient of a side that was not chosen, or a sum of it, is such, too."""
    type_ = rewriter.type(instruction.outputs[0])
    if not type_.is_static or not any(rewriter.made_by(n, "Unchosen") for n in instruction.inputs):
        return None
    unchosen = REGISTRY["Unchosen"]()
    for n in instruction.inputs:
        if rewriter.type(n).shape == type_.shape:
            return rewriter.emit(unchosen, n)
    if (type_.size or 0) > MAX_ZEROS:
        return None
    return rewriter.emit(unchosen, rewriter.constant(np.zeros(type_.dims(), type_.dtype.numpy)))


def _is_all(rewriter: Rewriter, number: int, scalar: float) -> bool:
    labels = {0.0: ("ZerosLike", "Unchosen"), 1.0: ("OnesLike",)}[scalar]
    if any(rewriter.made_by(number, label) for label in labels):
        return True
    source = rewriter.made_by(number, "BroadcastTo")
    return rewriter.is_constant(source.inputs[0] if source else number, scalar)


def _twice(label: str) -> SimpleRule:
    """-(-x) is x."""

    def rule(rewriter: Rewriter, instruction: Instruction) -> int | None:
        inner = rewriter.made_by(instruction.inputs[0], label)
        return inner.inputs[0] if inner else None

    return rule


def _idempotent(label: str) -> SimpleRule:
    """relu(relu(x)) is relu(x)."""

    def rule(rewriter: Rewriter, instruction: Instruction) -> int | None:
        return instruction.inputs[0] if rewriter.made_by(instruction.inputs[0], label) else None

    return rule


def _relu_before_pooling(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """Of y = max_pool(x), relu's gradient may be taken on the smaller side.

    What pooling's gradient gives to a cell of x is that of windows whose maximum it is, so x > 0
    there says y > 0; all other cells get nothing.
    """
    pooled = rewriter.made_by(instruction.inputs[0], "MaxPoolGrad")
    if pooled is None or pooled.inputs[0] != instruction.inputs[1]:
        return None
    x, y, g = pooled.inputs
    return rewriter.emit(pooled.opdef, x, y, rewriter.emit(instruction.opdef, g, y))


# Safety: these replace expressions that overflow by equal ones that do not -----------------------


def _log_of_softmax(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """log(softmax(x)) = x - logsumexp(x): finite where the softmax underflows to 0."""
    softmax = rewriter.made_by(instruction.inputs[0], "Softmax")
    if softmax is None:
        return None
    return rewriter.emit(REGISTRY["LogSoftmax"](), softmax.inputs[0])


def _gradient_of_log_of_softmax(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """SoftmaxGrad(s, g / s) = g - s * sum(g): no division by an underflown s."""
    softmax, g = instruction.inputs
    division = rewriter.made_by(g, "Divide")
    if division is None or division.inputs[1] != softmax:
        return None
    return rewriter.emit(REGISTRY["LogSoftmaxGrad"](), softmax, division.inputs[0])


def _log_of_sigmoid(rewriter: Rewriter, instruction: Instruction) -> int | None:
    """log(sigmoid(x)) = -softplus(-x)."""
    sigmoid = rewriter.made_by(instruction.inputs[0], "Sigmoid")
    if sigmoid is None:
        return None
    negated = rewriter.emit(REGISTRY["Negative"](), sigmoid.inputs[0])
    return rewriter.emit(REGISTRY["Negative"](), rewriter.emit(REGISTRY["Softplus"](), negated))


RULES: dict[str, tuple[SimpleRule, ...]] = {
    "Identity": (_is_input,),
    "Finite": (_is_input,),
    "StopGradient": (_is_input,),
    "Choose": (_chosen_side,),
    "Reshape": (_is_input_if_same_type, _reshape_of_reshape),
    "BroadcastTo": (_is_input_if_same_type,),
    "SumTo": (_is_input_if_same_type, _nothing_flows),
    "Cast": (_is_input_if_same_type,),
    "DynamicSlice": (_known_slice,),
    "DynamicSliceGrad": (_known_slice,),
    "Gather": (_known_pick,),
    "ScatterRows": (_scattered_in_order,),
    "Transpose": (_transpose_of_transpose, _picked_in_order),
    "Add": (_neutral(0.0, sides=(0, 1)),),
    "Subtract": (_neutral(0.0, sides=(1,)),),
    "Multiply": (_neutral(1.0, sides=(0, 1)), _nothing_flows),
    "Divide": (_neutral(1.0, sides=(1,)),),
    "Negative": (_twice("Negative"),),
    "ReluGradient": (_relu_before_pooling,),
    "Relu": (_idempotent("Relu"),),
    "Log": (_log_of_softmax, _log_of_sigmoid),
    "SoftmaxGrad": (_gradient_of_log_of_softmax,),
}
