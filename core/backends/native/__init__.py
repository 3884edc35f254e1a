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
from .precision import get_precision, has_fast_bfloat16, set_precision
from .rules.fused import NativeFusion
from .threads import get_threads, set_threads

__all__ = [
    "NativeBackend",
    "extension",
    "get_instruction_set",
    "get_precision",
    "get_threads",
    "has_fast_bfloat16",
    "rules",
    "set_precision",
    "set_threads",
]


class NativeBackend(NumpyBackend):
    """Arrays in host memory, computed by the engine; by NumPy where it has no kernel.

    Args:
        strict: whether an instruction without a kernel is an error.
    """

    name = "native"
    fusion = NativeFusion()

    def __init__(self, strict: bool = False) -> None:
        self._is_strict = strict
        if strict:
            self.name = "native, strict"  # plans are kept by it

    @property
    def plan_key(self) -> str:
        """Plans differ in the precision of products too."""
        precision = get_precision()  # asked for at every run, so the default costs no new text
        return self.name if precision == "float32" else f"{self.name}, {precision}"

    def compile(self, plan: Plan) -> Executable:
        """Native segments with what they lack in between."""
        if not plan.program.is_on_host:
            return Interpreter(self, plan)
        return NativeExecutable(self, plan, self._is_strict, get_precision() == "bfloat16")

    def describe(self, instruction: Instruction, program: Program) -> str:
        """Who runs an instruction."""
        if instruction.opdef.is_view:
            return "a view"
        if lower_instruction(Builder(program), instruction):
            return "native kernel"
        return super().describe(instruction, program).replace(self.name, "numpy")


if extension is not None:
    register_backend("native", NativeBackend)
