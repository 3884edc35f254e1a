"""The body of a loop or branch as an executor of its own, run without coming back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...plan import make_plan
from ...program import Program
from .assembly import ADDRESS, ARENA, Place, address_of, assemble, round_up
from .lowered import Lowered
from .lowering import ALIGNMENT, KernelCall

__all__ = ["CompiledBody", "compile_body"]


class CompiledBody:
    """A body whose feeds and fetches are external arrays, in this order.

    One more holds what follows from a loop's constants alone, such as packed weights: a prelude
    makes it, once for all iterations.

    Args:
        lowered: its plan, all of it native.

    Attributes:
        parts: the executor that makes that, None if there is nothing to make; the body's; and the
            bytes that the first makes.
    """

    def __init__(self, lowered: Lowered) -> None:
        plan = lowered.plan
        self._lowered = lowered  # holds the constants, whose addresses the engine has
        self._external = {n: i for i, n in enumerate(plan.program.feeds) if n is not None}
        calls = [call for item in lowered.items for call in item.calls or ()]
        calls += self._results(len(plan.program.feeds))
        self._kept_in = len(plan.program.feeds) + len(plan.program.fetches)
        self._kept: dict[int, int] = {}
        kept_bytes = 0
        for n, size in lowered.hoisted_values.items():
            self._kept[n] = kept_bytes
            kept_bytes += round_up(size)
        start = round_up(plan.memory.arena_bytes)
        self._offsets, end = lowered.place_temporaries(start)
        hoisted = lowered.hoisted
        prelude = assemble(hoisted, self._place, ALIGNMENT) if hoisted else None
        self.parts = prelude, assemble(calls, self._place, end), kept_bytes

    def _results(self, first: int) -> list[KernelCall]:
        """Gives each fetch its array; copies those that are computed elsewhere, or twice."""
        program, copies = self._lowered.plan.program, []
        made = {n for item in self._lowered.items for c in item.calls or () for n in c.outputs}
        for i, n in enumerate(program.fetches):
            if n in made and n not in self._external:
                self._external[n] = first + i
                continue
            target = len(program.types) + i  # a number that no value has
            self._external[target] = first + i
            size = self._lowered.size_bytes(n)
            copies.append(KernelCall("copy_bytes", (n,), (target,), (size,), ()))
        return copies

    def _place(self, value: int) -> Place:
        if value in self._external:
            return self._external[value], 0
        root = self._lowered.root(value)
        if root in self._kept:
            return self._kept_in, self._kept[root]
        if root in self._lowered.constants:
            return ADDRESS, address_of(self._lowered.constants[root])
        if root in self._external:
            return self._external[root], 0
        if not self._lowered.size_bytes(root):
            return ARENA, 0  # a result of no elements, which nothing makes
        return ARENA, self._offsets[root] if root < 0 else self._lowered.plan.memory.offset[root]


def compile_body(
    program: Program, fusion: Any, passes_off: frozenset[str], constants: Iterable[int]
) -> CompiledBody | None:
    """A body for the sizes in its types; None if the engine lacks something that it needs.

    Args:
        program: its types know all sizes.
        fusion: what the engine runs as one instruction.
        passes_off: names of passes to leave out.
        constants: positions of the feeds that are the same at all iterations.
    """
    feeds = [None if n is None else program.types[n] for n in program.feeds]
    if not all(type_ is None or type_.is_static for type_ in feeds):
        return None
    plan = make_plan(program, feeds, passes_off, fusion=fusion)
    if plan.rest is not None or plan.program.state_in or plan.program.state_out:
        return None
    fixed = [n for i in constants if (n := plan.program.feeds[i]) is not None]
    lowered = Lowered(plan, fixed=fixed)
    values = [n for n in plan.program.feeds if n is not None] + plan.program.fetches
    if not lowered.is_plain(*values) or any(item.calls is None for item in lowered.items):
        return None
    return CompiledBody(lowered)
