"""What the `fuse` pass has joined: groups, and products with what follows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....ops.fused import Fused
from ....ops.windows import Windows
from ....program import Instruction, Program
from ..lowering import Builder, lower_instruction, rule
from .convolution import call_convolution
from .elementwise import is_supported, lower_group
from .matmul import NO_ACTIVATION, RELU, call_gemm
from .normalize import call_normalization, call_normalization_grad, fold_normalization
from .parts import parts_of, places_in
from .update import call_update

__all__ = ["NativeFusion"]


@rule("Fused")
def fused(b: Builder, op: Fused, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By what comes first."""
    del inputs  # the program's values are the outer one's
    head = op.program.instructions[0]
    if head.opdef.label in ("MatMul", "Convolution"):
        return _product(b, op.program, outputs[0])
    if head.opdef.label == "BatchNormTrain":
        *middle, last = op.program.instructions[1:]
        if not middle:
            return call_normalization(b, head.opdef, head.inputs, outputs, RELU)
        given = [*last.inputs[:-1], middle[0].inputs[0]]
        return call_normalization_grad(b, last.opdef, given, outputs, offset=head.inputs[2])
    if head.opdef.label == "ScatterRows":
        *tables, last = op.program.instructions
        made = {table.outputs[0]: table for table in tables}
        return call_update(b, last.opdef, last.inputs, outputs, made)
    return lower_group(b, op.program, outputs)


def _product(b: Builder, inner: Program, output: int) -> bool:
    head, *tail = inner.instructions
    bias, normalization, activation, pooled = None, None, NO_ACTIVATION, False
    for instruction in tail:
        if instruction.opdef.label == "Add":
            bias = next(n for n in instruction.inputs if n not in head.outputs)
            if not b.is_float32(bias):
                return False
        elif bias is not None and len(b.shape(bias)) != 1 and instruction.opdef.label != "Relu":
            return False  # what is added is a matrix, not a row of numbers to fold
        elif instruction.opdef.label == "BatchNormInference":
            normalization = instruction
        elif instruction.opdef.label == "Relu":
            activation = RELU
        elif _is_pool_of_pairs(b, instruction):
            pooled = True
        else:
            return False
    if pooled:
        if head.opdef.label != "Convolution" or normalization is not None:
            return False
        return call_convolution(b, head.opdef, head.inputs, output, bias, activation, pool=True)
    call: Any = call_gemm if head.opdef.label == "MatMul" else call_convolution
    if normalization is None:
        return bool(call(b, head.opdef, head.inputs, output, bias, activation))
    if not _folding_pays(b, head, normalization, bias, output):
        return False
    x, weights = head.inputs
    begin = len(b.calls)
    vectors = normalization.inputs[1:]
    folded = fold_normalization(b, normalization.opdef, vectors, weights, bias)
    if folded is not None and call(b, head.opdef, (x, folded[0]), output, folded[1], activation):
        return True
    del b.calls[begin:]
    return False


def _is_pool_of_pairs(b: Builder, instruction: Instruction) -> bool:
    """Whether it takes the largest of each 2 x 2, and leaves out what does not fill one."""
    op: Any = instruction.opdef
    if op.label != "MaxPool" or len(op.pool_size) != 2:
        return False
    shape = b.shape(instruction.inputs[0])
    windows = Windows(shape[1:3], op.pool_size, op.strides, op.dilations, op.padding)
    is_plain = op.pool_size == op.strides == (2, 2) and op.dilations == (1, 1)
    return is_plain and windows.positions == (shape[1] // 2, shape[2] // 2)


def _folding_pays(
    b: Builder, head: Instruction, normalization: Instruction, bias: int | None, output: int
) -> bool:
    """Whether weights may be scaled in the place of outputs: once and for all, or being fewer."""
    weights = head.inputs[1]
    if head.opdef.label == "MatMul" and head.opdef.transpose_b:  # type: ignore[attr-defined]
        return False  # channels are not their last axis
    given = [weights, *normalization.inputs[1:], *([] if bias is None else [bias])]
    return b.is_fixed(*given) or (b.type(weights).size or 0) <= (b.type(output).size or 0)


class NativeFusion:
    """What the engine runs as one instruction. Implements `Fusion`."""

    keeps_fixed = True

    def joins(self, program: Program, instruction: Instruction) -> bool:
        """Whether it has element-wise code for it."""
        return is_supported(program, instruction)

    def takes_apart(self, program: Program, instruction: Instruction) -> bool:
        """Whether its results are rows of its input."""
        return parts_of(program, instruction) is not None

    def puts_together(self, program: Program, instruction: Instruction) -> bool:
        """Whether its inputs are rows of its result."""
        return places_in(program, instruction) is not None

    def runs(self, program: Program, instruction: Instruction) -> bool:
        """Whether the rules take it."""
        return lower_instruction(Builder(program), instruction)
