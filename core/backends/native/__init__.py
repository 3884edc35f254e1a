"""The native backend: NumPy's arrays, computed by the C++ engine."""

from __future__ import annotations

from ...plan import Plan
from ...program import Instruction, Program
from ..base import Executable, register_backend
from ..interpreter import Interpreter
from ..numpy import NumpyBackend
from . import rules
from .executable import NativeExecutable
from .extension import extension, get_instruction_set
from .lowering import Builder, lower_instruction
from .rules.fused import NativeFusion
from .threads import get_threads, set_threads

__all__ = [
    "NativeBackend",
    "extension",
    "get_instruction_set",
    "get_threads",
    "rules",
    "set_threads",
]


class NativeBackend(NumpyBackend):
    """Arrays in host memory, computed by the engine; by NumPy where it has no kernel.

    Args:
        strict: whether an instruction without a kernel is an error.
        rounds: whether operands of large products may be rounded to bfloat16.
    """

    name = "native"
    fusion = NativeFusion()

    def __init__(self, strict: bool = False, rounds: bool = False) -> None:
        self._is_strict, self._rounds = strict, rounds
        words = ["native", *["strict"] * strict, *["bfloat16"] * rounds]
        self.name = ", ".join(words)  # plans are kept by it

    def compile(self, plan: Plan) -> Executable:
        """Native segments with what they lack in between."""
        if not plan.program.is_on_host:
            return Interpreter(self, plan)
        return NativeExecutable(self, plan, self._is_strict, self._rounds)

    def describe(self, instruction: Instruction, program: Program) -> str:
        """Who runs an instruction."""
        if instruction.opdef.is_view:
            return "a view"
        if lower_instruction(Builder(program), instruction):
            return "native kernel"
        return super().describe(instruction, program).replace(self.name, "numpy")


if extension is not None:
    register_backend("native", NativeBackend)
