"""fuse: instructions that a backend can run in one pass over memory become one.

Two kinds. A matrix product or convolution takes along what follows it: the bias, the normalization
by known statistics, the activation and the pooling. Element-wise instructions on arrays of one
shape join in groups of any form: chains, diamonds, several results. A group is convex, which is
what keeps the program in order: no value leads out of it and back in.

What can be run as one is the backend's to say. A fused instruction keeps its ops, as the program of
a `Fused`, so its meaning stays theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from ..ops.fused import Fused
from ..program import Instruction, Origin, Program
from ..types import TensorType

__all__ = ["Fusion", "fuse"]

MAX_GROUP = 40  # instructions in a group; more would not fit a register file
MAX_INPUTS = 16

# what may follow a product, in this order
HEADS = ("MatMul", "Convolution")
TAILS = (
    ("Add", "BatchNormInference", "Relu"),
    ("Add", "BatchNormInference"),
    ("BatchNormInference", "Relu"),
    ("BatchNormInference",),
    ("Add", "Relu", "MaxPool"),
    ("Add", "Relu"),
    ("Add", "MaxPool"),
    ("Add",),
    ("Relu",),
)


class Fusion(Protocol):
    """What a backend can run as one instruction."""

    def joins(self, program: Program, instruction: Instruction) -> bool:
        """Whether an element-wise instruction can be part of a group."""

    def runs(self, program: Program, instruction: Instruction) -> bool:
        """Whether it has a kernel for this `Fused`."""


def fuse(program: Program, fusion: Fusion) -> Program:
    """Joins what `fusion` can run together; all sizes of what it joins are known."""
    if not program.is_on_host:
        return program  # several devices, and each has kernels of its own
    program = _with_epilogues(program, fusion)
    return _Grouping(program, fusion).result()


# Products and what follows them -----------------------------------------------------------------


def _with_epilogues(program: Program, fusion: Fusion) -> Program:
    readers = _only_readers(program)
    replaced: dict[int, Instruction] = {}  # by position of the last member
    gone: set[int] = set()
    position = {id(i): k for k, i in enumerate(program.instructions)}
    for instruction in program.instructions:
        if instruction.opdef.label not in HEADS:
            continue
        for labels in TAILS:
            members = _chain(program, instruction, labels, readers)
            if members is None:
                continue
            fused = _fused(program, members, [members[-1].outputs[0]])
            if fusion.runs(program, fused):
                replaced[position[id(members[-1])]] = fused
                gone.update(position[id(member)] for member in members)
                break
    if not replaced:
        return program
    new = program.emptied()
    new.fetches, new.state_out = program.fetches, program.state_out
    for k, instruction in enumerate(program.instructions):
        if k in replaced:
            new.instructions.append(replaced[k])
        elif k not in gone:
            new.instructions.append(instruction)
    return new


def _only_readers(program: Program) -> dict[int, Instruction]:
    """Values that one instruction reads, once, and nothing else needs."""
    reader: dict[int, Instruction] = {}
    count: Counter[int] = Counter(program.results())
    for instruction in program.instructions:
        for n in instruction.inputs:
            count[n] += 1
            reader[n] = instruction
    return {n: instruction for n, instruction in reader.items() if count[n] == 1}


def _chain(
    program: Program, head: Instruction, labels: Sequence[str], readers: dict[int, Instruction]
) -> list[Instruction] | None:
    members = [head]
    for label in labels:
        value = members[-1].outputs[0]
        follower = readers.get(value)
        if follower is None or follower.opdef.label != label:
            return None
        if label == "Add" and not _is_bias(program, follower, value):
            return None
        if label == "BatchNormInference" and follower.inputs[0] != value:
            return None
        members.append(follower)
    return members


def _is_bias(program: Program, add: Instruction, value: int) -> bool:
    """Whether the other operand is one number for each entry of the last axis."""
    other = add.inputs[1] if add.inputs[0] == value else add.inputs[0]
    shape, bias = program.types[value].dims(), program.types[other].dims()
    return len(bias) == 1 and bias[0] == shape[-1] and bias[0] != 1


# Element-wise groups ----------------------------------------------------------------------------


class _Group:
    def __init__(self, number: int, type_: TensorType) -> None:
        self.bit = 1 << number
        self.shape = type_.shape
        self.members: list[Instruction] = []
        self.inputs: set[int] = set()
        self.needs = 0  # groups that must be done before, as bits


class _Grouping:
    """Puts element-wise instructions into groups, in one walk through the program."""

    def __init__(self, program: Program, fusion: Fusion) -> None:
        self._program = program
        self._fusion = fusion
        self._groups: list[_Group] = []
        self._group_of: dict[int, _Group] = {}  # by value
        self._needs: dict[int, int] = {}  # by value: groups it depends on, as bits
        self._effect_needs = 0  # those that the last effect depends on: effects keep their order

    def result(self) -> Program:
        """The program with each group of several members as one instruction."""
        program = self._program
        for instruction in program.instructions:
            group = self._join(instruction) if self._can_join(instruction) else None
            needs = 0
            for n in instruction.inputs:
                needs |= self._closure(self._needs.get(n, 0))
            if instruction.opdef.has_effect:
                needs = self._effect_needs = needs | self._closure(self._effect_needs)
            if group is not None:
                self._add(group, instruction, needs)
                needs = group.bit
            for n in instruction.outputs:
                self._needs[n] = needs
        return self._emit()

    def _can_join(self, instruction: Instruction) -> bool:
        if not instruction.opdef.is_elementwise or instruction.opdef.bodies:
            return False
        types = [self._program.types[n] for n in (*instruction.inputs, *instruction.outputs)]
        if not all(type_.is_static and type_.dtype.is_numeric for type_ in types):
            return False
        return self._fusion.joins(self._program, instruction)

    def _closure(self, needs: int) -> int:
        """These groups and all that they need."""
        total = needs
        for group in self._groups:
            if needs & group.bit:
                total |= group.needs
        return total

    def _join(self, instruction: Instruction) -> _Group:
        """A group that it may be part of: one that makes an input of it, else a new one."""
        type_ = self._program.types[instruction.outputs[0]]
        host = instruction.opdef.host_inputs
        inputs = [n for i, n in enumerate(instruction.inputs) if i not in host]
        for n in inputs:
            group = self._group_of.get(n)
            if group is None or group.shape != type_.shape or len(group.members) >= MAX_GROUP:
                continue
            if len(group.inputs | set(inputs)) > MAX_INPUTS:
                continue
            outside = [m for m in inputs if self._group_of.get(m) is not group]
            if not any(self._closure(self._needs.get(m, 0)) & group.bit for m in outside):
                return group
        group = _Group(len(self._groups), type_)
        self._groups.append(group)
        return group

    def _add(self, group: _Group, instruction: Instruction, needs: int) -> None:
        group.members.append(instruction)
        made = {n for member in group.members for n in member.outputs}
        host = instruction.opdef.host_inputs
        group.inputs.update(
            n for i, n in enumerate(instruction.inputs) if i not in host and n not in made
        )
        group.needs |= needs & ~group.bit
        for other in self._groups:  # who needs this group needs what it needs
            if other.needs & group.bit:
                other.needs |= group.needs
        for n in instruction.outputs:
            self._group_of[n] = group

    def _emit(self) -> Program:
        program = self._program
        groups = {id(m): g for g in self._groups if len(g.members) > 1 for m in g.members}
        if not groups:
            return program
        items: list[Instruction] = []
        done: dict[int, Instruction] = {}
        needed = Counter(program.results())
        for instruction in program.instructions:
            needed.update(set(instruction.inputs))
        for instruction in program.instructions:
            group = groups.get(id(instruction))
            if group is None:
                items.append(instruction)
            elif group.bit not in done:
                done[group.bit] = fused = _fused_group(program, group.members, needed)
                if fused.outputs:  # without the other passes, there may be groups that nobody needs
                    items.append(fused)
        new = program.emptied()
        new.fetches, new.state_out = program.fetches, program.state_out
        new.instructions = _in_order(new, items)
        return new


def _fused_group(
    program: Program, members: Sequence[Instruction], needed: Counter[int]
) -> Instruction:
    inside: Counter[int] = Counter()
    for member in members:
        inside.update(set(member.inputs))
    outputs = [n for m in members for n in m.outputs if needed[n] > inside[n]]
    return _fused(program, members, outputs, overwrites=True)


def _fused(
    program: Program,
    members: Sequence[Instruction],
    outputs: Sequence[int],
    overwrites: bool = False,
) -> Instruction:
    """One instruction for these, in their order."""
    made = {n for member in members for n in member.outputs}
    read = [n for member in members for n in member.inputs if n not in made]
    host = {m.inputs[i] for m in members for i in m.opdef.host_inputs}
    inputs = [n for n in dict.fromkeys(read) if not _is_inner(program, n, host)]
    inner = Program(types=program.types)
    inner.feeds = list(inputs)
    inner.constants = {n: program.constants[n] for n in read if _is_inner(program, n, host)}
    inner.instructions = list(members)
    inner.fetches = list(outputs)
    places = _overwritable(program, inputs, outputs) if overwrites else ()
    name = "+".join(member.opdef.label for member in members)
    last = members[-1].origin
    origin = Origin(last.node, last.owner, last.site, last.device)
    return Instruction(Fused(inner, name, places), tuple(inputs), tuple(outputs), origin)


def _is_inner(program: Program, n: int, host: set[int]) -> bool:
    """Whether a constant goes into the little program: sizes, and single numbers."""
    array = program.constants.get(n)
    return array is not None and (n in host or array.size == 1)


def _overwritable(
    program: Program, inputs: Sequence[int], outputs: Sequence[int]
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """For each output the inputs of its very type."""
    types = program.types
    pairs = []
    for i, output in enumerate(outputs):
        fits = tuple(
            k
            for k, n in enumerate(inputs)
            if types[n].shape == types[output].shape and types[n].dtype is types[output].dtype
        )
        if fits:
            pairs.append((i, fits))
    return tuple(pairs)


def _in_order(program: Program, items: Sequence[Instruction]) -> list[Instruction]:
    """The items so that each stands after what it reads, and otherwise as they stand now.

    A group stands where its first member stood; what its other members read may come later.
    """
    maker = {n: item for item in items for n in item.outputs}
    effects = [item for item in items if item.opdef.has_effect]
    before = {id(b): a for a, b in pairwise(effects)}
    ordered: list[Instruction] = []
    placed: set[int] = set()
    for item in items:
        stack = [item]
        while stack:
            top = stack[-1]
            if id(top) in placed:
                stack.pop()
                continue
            earlier = [maker[n] for n in top.inputs if n in maker]
            if id(top) in before:
                earlier.append(before[id(top)])
            missing = [other for other in earlier if id(other) not in placed]
            if missing:
                stack.extend(reversed(missing))
            else:
                placed.add(id(stack.pop()))
                ordered.append(top)
    return ordered
