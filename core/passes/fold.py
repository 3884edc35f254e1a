"""fold: computes at planning what depends on constants only."""

from __future__ import annotations

import numpy as np

from ..program import Instruction, Program
from .rewrite import Rewriter, rewrite

__all__ = ["fold"]

MAX_BYTES = 1 << 16  # a larger result is cheaper to compute than to keep


def fold(program: Program) -> Program:
    """Replaces instructions whose inputs are all constants, and whose results are small."""
    return rewrite(program, _fold)


def _fold(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    opdef = instruction.opdef
    if opdef.has_effect:
        return None
    values = _values_from_types(rewriter, instruction)
    if values is not None:
        return values
    constants = rewriter.program.constants
    if not opdef.is_pure or not all(n in constants for n in instruction.inputs):
        return None
    for number in instruction.outputs:
        size = rewriter.type(number).size_bytes
        if size is None or size > MAX_BYTES:
            return None
    try:
        with np.errstate(all="ignore"):
            result = opdef.compute(np, *(constants[n] for n in instruction.inputs))
    except Exception:  # left to inference and to the run, which say where it comes from
        return None
    arrays = result if isinstance(result, tuple) else (result,)
    return tuple(
        rewriter.constant(np.array(array, rewriter.type(n).dtype.numpy))
        for n, array in zip(instruction.outputs, arrays, strict=True)
    )


def _values_from_types(rewriter: Rewriter, instruction: Instruction) -> tuple[int, ...] | None:
    """Sizes and the integers computed from them, which their types know."""
    found = []
    for number in instruction.outputs:
        value = rewriter.type(number).known_value
        if value is None:
            return None
        found.append(value)
    return tuple(rewriter.constant(value) for value in found)
