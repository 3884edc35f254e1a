"""memory: how long values live, which share memory, and where each lies in the arena.

Values that one instruction makes and later ones read live in one block, the arena. A view shares
its input's place (`is_view`); where an op says so (`reuse`), its output takes the place of an
input that dies there. The rest are packed by one sweep over the program: a value takes the
smallest free gap that holds it, and gives it back after its last reader. All of this is linear in
the program but for a binary search among the gaps.
Fetches and variables never lie in the arena, nor do constants, feeds, strings, and what gets its
size from the instruction that makes it.

A backend whose kernels return fresh arrays uses only `dies_after`; one whose kernels write into
given memory uses it all.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from ..program import Instruction, Program

__all__ = ["ALIGNMENT", "Memory", "delay_writes", "plan_memory"]

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


@dataclass
class Memory:
    """The memory of one program with static sizes.

    Attributes:
        dies_after: for each instruction, the values that nothing after it reads.
        root: the value whose memory a value shares; itself if it has its own.
        reused: outputs that overwrite an input, by output.
        in_place: results that may be written over the variable they replace: nothing that can fail
            runs after them.
        offset: where a value lies in the arena, in bytes; roots only.
        arena_bytes: size of the arena.
        detached: results that must be copied out, since other values share their memory.
    """

    dies_after: list[list[int]] = field(default_factory=list)
    root: dict[int, int] = field(default_factory=dict)
    reused: dict[int, int] = field(default_factory=dict)
    in_place: set[int] = field(default_factory=set)
    offset: dict[int, int] = field(default_factory=dict)
    arena_bytes: int = 0
    detached: set[int] = field(default_factory=set)


def delay_writes(program: Program) -> Program:
    """Moves what writes in place to the end, where nothing can fail any more.

    So a run that fails leaves every variable as it was. Only what no other instruction reads moves;
    and there, what it writes into has met its last reader.
    """
    read = {n for instruction in program.instructions for n in instruction.inputs}
    late = [i for i in program.instructions if _may_be_late(i) and read.isdisjoint(i.outputs)]
    if late:
        moved = set(map(id, late))
        program.instructions = [i for i in program.instructions if id(i) not in moved] + late
    return program


def _may_be_late(instruction: Instruction) -> bool:
    """Whether it cannot fail where it stands last, and then may write over a variable."""
    return instruction.opdef.in_place or instruction.opdef.runs_last


def plan_memory(program: Program) -> Memory:
    """Lifetimes, sharing and packing for a program whose sizes are all known."""
    memory = Memory()
    external = _external(program)
    may_share = _find_roots(program, memory)
    last = _last_readers(program, memory.root)
    _find_detached(program, memory, may_share, external)
    _find_deaths(program, memory)
    _find_reuse(program, memory, may_share, external)
    _find_in_place(program, memory)
    _pack(program, memory, last, external)
    return memory


def _external(program: Program) -> set[int]:
    """Values that lie outside the arena."""
    outside = {n for n in program.feeds if n is not None}
    outside.update(program.constants, program.state_in.values(), program.results())
    for instruction in program.instructions:
        for number in instruction.outputs:
            type_ = program.types[number]
            if type_.dtype.is_string or not type_.is_static:
                outside.add(number)
    return outside


def _find_roots(program: Program, memory: Memory) -> dict[int, int]:
    """Fills `root`; returns the wider relation "may share memory with"."""
    may_share: dict[int, int] = {}
    for instruction in program.instructions:
        if instruction.opdef.is_view or instruction.opdef.may_alias:
            source = instruction.inputs[_aliased_input(instruction)]
            for output in instruction.outputs:
                may_share[output] = may_share.get(source, source)
            if instruction.opdef.is_view:
                memory.root[instruction.outputs[0]] = memory.root.get(source, source)
    return may_share


def _aliased_input(instruction: Instruction) -> int:
    return min(set(range(len(instruction.inputs))) - instruction.opdef.host_inputs)


def _last_readers(program: Program, root: dict[int, int]) -> dict[int, int]:
    """The last instruction that reads each root's memory."""
    last: dict[int, int] = {}
    for position, instruction in enumerate(program.instructions):
        for number in (*instruction.inputs, *instruction.outputs):
            last[root.get(number, number)] = position
    for number in program.results():
        last[root.get(number, number)] = len(program.instructions)
    return last


def _find_detached(
    program: Program, memory: Memory, may_share: dict[int, int], external: set[int]
) -> None:
    """A result must not share memory with a feed, a constant, a variable or another result."""
    sources = set(program.constants) | set(program.state_in.values())
    sources.update(n for n in program.feeds if n is not None)
    taken: set[int] = set()
    for number in program.results():
        root = may_share.get(number, number)
        if root in sources or root in taken or number in may_share:
            memory.detached.add(number)
        taken.add(root)


def _find_deaths(program: Program, memory: Memory) -> None:
    dead: set[int] = set(program.results())
    dies: list[list[int]] = []
    for instruction in reversed(program.instructions):
        dying = [n for n in dict.fromkeys(instruction.inputs) if n not in dead]
        dying += [n for n in instruction.outputs if n not in dead]
        dead.update(dying)
        dies.append([n for n in dying if n not in program.constants])
    memory.dies_after = dies[::-1]


def _find_reuse(
    program: Program, memory: Memory, may_share: dict[int, int], external: set[int]
) -> None:
    """An output takes the place of an input of equal size that dies where it is made.

    Dies with all that may share its memory, that is: a transposed view of it must be dead too. A
    variable's start value may be overwritten by the value that replaces it.
    """
    last = _last_readers(program, may_share)
    replaces = {n: program.state_in.get(v) for v, n in program.state_out.items()}
    taken: set[int] = set()
    for position, instruction in enumerate(program.instructions):
        reuse = instruction.opdef.reuse
        if not reuse:
            continue
        readers = [may_share.get(n, n) for n in dict.fromkeys(instruction.inputs)]
        all_differ = len(set(readers)) == len(readers)
        for out, candidates in reuse.items():
            output = instruction.outputs[out]
            for index in (candidates,) if isinstance(candidates, int) else candidates:
                source = instruction.inputs[index]
                shared = may_share.get(source, source)
                root = memory.root.get(source, source)
                if output in external:
                    allowed = replaces.get(output) == root
                else:
                    allowed = shared not in external
                is_only_reader = all_differ or readers.count(shared) == 1
                is_last = last.get(shared) == position and is_only_reader
                same = program.types[output].size_bytes == program.types[root].size_bytes
                if allowed and is_last and same and shared not in taken:
                    memory.reused[output] = root
                    taken.add(shared)
                    break


def _find_in_place(program: Program, memory: Memory) -> None:
    """What stands at the end, where `delay_writes` puts it; failures may follow the rest."""
    variables = set(program.state_in.values())
    for instruction in reversed(program.instructions):
        if not _may_be_late(instruction):
            break
        memory.in_place.update(n for n in instruction.outputs if memory.reused.get(n) in variables)


def _pack(program: Program, memory: Memory, last: dict[int, int], external: set[int]) -> None:
    gaps = _Gaps()
    place_of: dict[int, tuple[int, int]] = {}
    ends: dict[int, list[int]] = {}
    for position, instruction in enumerate(program.instructions):
        for output in instruction.outputs:
            if output in external or output in memory.root:
                continue
            source = memory.reused.get(output)
            if source is not None and source in place_of:
                place_of[output] = place_of.pop(source)
            else:
                size = program.types[output].size_bytes or 0
                size = -(-max(size, 1) // ALIGNMENT) * ALIGNMENT
                place_of[output] = (gaps.take(size), size)
            memory.offset[output] = place_of[output][0]
            ends.setdefault(last.get(output, position), []).append(output)
        for dying in ends.pop(position, ()):
            if dying in place_of:
                gaps.give(*place_of.pop(dying))
    memory.arena_bytes = gaps.top


class _Gaps:
    """Free pieces of the arena below its top: sorted by size, and found by where they begin or end.

    Taking or giving one costs a binary search, however many there are.
    """

    def __init__(self) -> None:
        self.top = 0
        self._sorted: list[tuple[int, int]] = []  # (size, offset)
        self._size: dict[int, int] = {}  # by offset; two pieces never touch
        self._offset: dict[int, int] = {}  # by end

    def take(self, size: int) -> int:
        """The offset of the smallest gap that holds `size`, or of new room at the top."""
        index = bisect.bisect_left(self._sorted, (size, -1))
        if index == len(self._sorted):
            return self._grow(size)
        gap_size, offset = self._sorted[index]
        self._remove(offset)
        if gap_size > size:
            self._insert(offset + size, gap_size - size)
        return offset

    def _grow(self, size: int) -> int:
        offset = self._offset.get(self.top)  # the last gap, if the arena ends with one
        if offset is None:
            offset = self.top
        else:
            self._remove(offset)
        self.top = offset + size
        return offset

    def give(self, offset: int, size: int) -> None:
        """Frees a piece and joins it with its neighbours."""
        if offset + size in self._size:
            size += self._remove(offset + size)
        before = self._offset.get(offset)
        if before is not None:
            size += self._remove(before)
            offset = before
        self._insert(offset, size)

    def _insert(self, offset: int, size: int) -> None:
        bisect.insort(self._sorted, (size, offset))
        self._size[offset] = size
        self._offset[offset + size] = offset

    def _remove(self, offset: int) -> int:
        size = self._size.pop(offset)
        del self._offset[offset + size]
        del self._sorted[bisect.bisect_left(self._sorted, (size, offset))]
        return size
