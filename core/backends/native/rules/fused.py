"""What the `fuse` pass has joined: groups, and products with what follows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....ops.fused import Fused
from ....program import Instruction, Program
from ..lowering import Builder, lower_instruction, rule
from .convolution import call_convolution
from .elementwise import is_supported, lower_group
from .matmul import NO_ACTIVATION, RELU, call_gemm

__all__ = ["NativeFusion"]


@rule("Fused")
def fused(b: Builder, op: Fused, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By what comes first."""
    del inputs  # the program's values are the outer one's
    head = op.program.instructions[0]
    if head.opdef.label in ("MatMul", "Convolution"):
        return _product(b, op.program, outputs[0])
    if head.opdef.is_elementwise:
        return lower_group(b, op.program, outputs)
    return False


def _product(b: Builder, inner: Program, output: int) -> bool:
    head, *tail = inner.instructions
    bias, activation = None, NO_ACTIVATION
    for instruction in tail:
        if instruction.opdef.label == "Add":
            bias = next(n for n in instruction.inputs if n not in head.outputs)
            if not b.is_float32(bias):
                return False
        elif instruction.opdef.label == "Relu":
            activation = RELU
        else:
            return False
    call: Any = call_gemm if head.opdef.label == "MatMul" else call_convolution
    return bool(call(b, head.opdef, head.inputs, output, bias, activation))


class NativeFusion:
    """What the engine runs as one instruction. Implements `Fusion`."""

    def joins(self, program: Program, instruction: Instruction) -> bool:
        """Whether it has element-wise code for it."""
        return is_supported(program, instruction)

    def runs(self, program: Program, instruction: Instruction) -> bool:
        """Whether the rules take it."""
        return lower_instruction(Builder(program), instruction)
