"""Several element-wise operations as one step of a chain.

A step of a chain is a pass over a block in the first-level cache: its loads and stores cost as much
as the arithmetic. What often stands together is therefore one step of the kernel, where numbers in
between stay in vector registers. Each operation rounds as it would alone, so bits do not change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from ....program import Instruction, Program

__all__ = ["Composite", "contracted"]


@dataclass(frozen=True)
class Composite:
    """Stands for an `OpDef` in an instruction that only a chain of the engine sees.

    Attributes:
        label: of the operation in the kernel.
    """

    label: str
    is_elementwise = True
    host_inputs: tuple[int, ...] = ()


# The kernel's name, and what it does: nested operations of values a, b, … , its sources in order.
# Larger ones come first.
_PATTERNS: tuple[tuple[str, Any], ...] = (
    (
        "root_step",  # Adam's: a - b c / (sqrt(d) + e)
        ("Subtract", "a", ("Divide", ("Multiply", "b", "c"), ("Add", ("Sqrt", "d"), "e"))),
    ),
    (
        "approach_square",  # a running mean of squares: a + (b b - a) c
        ("Add", "a", ("Multiply", ("Subtract", ("Multiply", "b", "b"), "a"), "c")),
    ),
    ("approach", ("Add", "a", ("Multiply", ("Subtract", "b", "a"), "c"))),  # a running mean
    ("multiply_add", ("Add", ("Multiply", "a", "b"), "c")),
    ("multiply_subtract", ("Subtract", ("Multiply", "a", "b"), "c")),
    ("subtract_product", ("Subtract", "a", ("Multiply", "b", "c"))),
)
_COMMUTATIVE = {"Add", "Multiply"}
_DTYPES = {"float32", "float64"}  # halves round in between


def contracted(program: Program, steps: Sequence[Instruction], kept: Set[int]) -> list[Instruction]:
    """The steps, those that belong together as one.

    Args:
        program: of the steps' values.
        steps: element-wise instructions with results of one shape, in order.
        kept: values that are wanted besides what the steps do with them.
    """
    matcher = _Matcher(program, steps, kept)
    result: list[Instruction] = []
    for step in reversed(steps):  # the outermost operation of a pattern is the last
        if step.outputs[0] not in matcher.gone:
            result.append(matcher.replaced(step))
    return result[::-1]


class _Matcher:
    """Finds patterns whose inner values nothing else reads."""

    def __init__(self, program: Program, steps: Sequence[Instruction], kept: Set[int]) -> None:
        self._program = program
        self._kept = kept
        self._readers = Counter(n for step in steps for n in step.inputs)
        self._makers = {step.outputs[0]: step for step in steps}
        self.gone: set[int] = set()

    def replaced(self, step: Instruction) -> Instruction:
        """The step, or the largest pattern that ends with it; what is in that is then gone."""
        for name, pattern in _PATTERNS:
            for values, inner in self._matches(pattern, step.outputs[0], {}, True):
                if self._is_one_dtype([step.outputs[0], *inner]):
                    self.gone.update(inner)
                    inputs = tuple(values[letter] for letter in sorted(values))
                    return Instruction(Composite(name), inputs, step.outputs, step.origin)  # type: ignore[arg-type]
        return step

    def _matches(self, pattern: Any, n: int, values: dict[str, int], is_root: bool) -> Any:
        """Yields what the letters are, and the values in between, for each way it fits."""
        if isinstance(pattern, str):
            if values.get(pattern, n) == n:
                yield {**values, pattern: n}, []
            return
        label, *operands = pattern
        maker = self._makers.get(n)
        if maker is None or maker.opdef.label != label or n in self.gone:
            return
        if not is_root and (self._readers[n] != 1 or n in self._kept):
            return
        orders = [maker.inputs]
        if label in _COMMUTATIVE:
            orders.append(maker.inputs[::-1])
        own = [] if is_root else [n]
        for inputs in orders:
            for found, inner in self._all(operands, inputs, values):
                yield found, [*own, *inner]

    def _all(self, patterns: Sequence[Any], inputs: Sequence[int], values: dict[str, int]) -> Any:
        """Every way in which patterns fit values, one each."""
        if not patterns:
            yield values, []
            return
        for found, inner in self._matches(patterns[0], inputs[0], values, False):
            for rest, more in self._all(patterns[1:], inputs[1:], found):
                yield rest, [*inner, *more]

    def _is_one_dtype(self, values: Sequence[int]) -> bool:
        types = [self._program.types[n] for n in values]
        names = {type_.dtype.name for type_ in types}
        return len(names) == 1 and names <= _DTYPES and len({t.shape for t in types}) == 1
