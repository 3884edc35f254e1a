"""Where a plan ends because its sizes do: the cut of a program whose sizes depend on data.

Most sizes follow from those of the feeds. Those of `boolean_mask(x, m)` follow from the values of
`m`, and `zeros([n])` from that of `n`, which may be computed. Such a program is cut in two: all
that can be planned now, and the rest, whose feeds are what the first part made. The rest is
planned when these values exist, and kept for the next time that they have the same sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

from .program import Instruction, Program

__all__ = ["Rest", "cut"]


@dataclass(frozen=True)
class Rest:
    """What remains to be planned.

    Attributes:
        program: its feeds are values of the program before it; its results are the run's.
        sources: where each feed is found: a position in the first program's feeds, followed by
            its variables, followed by its fetches.
    """

    program: Program
    sources: tuple[int, ...]


def cut(program: Program) -> tuple[Program, Rest] | None:
    """Cuts off what cannot be planned yet; None if all of it can.

    Args:
        program: specialized for the sizes of its feeds.
    """
    now, later = _divide(program)
    if not later:
        return None
    made = {n for instruction in later for n in instruction.outputs}
    read = [n for instruction in later for n in instruction.inputs] + list(program.results())
    crossing = [n for n in dict.fromkeys(read) if n not in made and n not in program.constants]
    first = program.emptied()
    first.instructions = now
    given = [*(n for n in program.feeds if n is not None), *program.state_in.values()]
    first.fetches = [n for n in crossing if n not in set(given)]
    place = {n: i for i, n in enumerate([*given, *first.fetches])}
    rest = program.emptied()
    rest.feeds, rest.state_in = list(crossing), {}
    rest.constants = {n: a for n, a in program.constants.items() if n in set(read)}
    rest.instructions = later
    rest.fetches, rest.state_out = program.fetches, program.state_out
    return first, Rest(rest, tuple(place[n] for n in crossing))


def _divide(program: Program) -> tuple[list[Instruction], list[Instruction]]:
    now: list[Instruction] = []
    later: list[Instruction] = []
    late: set[int] = set()
    effects_wait = False
    for instruction in program.instructions:
        has_effect = instruction.opdef.has_effect
        if _must_wait(program, instruction, late) or (has_effect and effects_wait):
            later.append(instruction)
            late.update(instruction.outputs)
            effects_wait = effects_wait or has_effect
        else:
            now.append(instruction)
    return now, later


def _must_wait(program: Program, instruction: Instruction, late: set[int]) -> bool:
    host = instruction.opdef.host_inputs
    return any(
        n in late
        or not program.types[n].is_static
        or (position in host and n not in program.constants)
        for position, n in enumerate(instruction.inputs)
    )
