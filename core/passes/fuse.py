"""fuse: instructions that a backend can run in one pass over memory become one.

Two kinds. A matrix product or convolution takes along what follows it: the bias, the normalization
by known statistics, the activation and the pooling; normalization by a batch's own statistics takes
the rectifier along, and its gradient the rectifier's. Element-wise instructions on arrays of one
shape join in groups of any form: chains, diamonds, several results. A group may read the parts of a
larger array where they lie, and write its results as parts of one: so the gates of a recurrent cell
need no copies. A group is convex, which is what keeps the program in order: no value leads out of
it and back in. And an optimizer's update takes the sums of rows along that are gradients of tables.

What can be run as one is the backend's to say. A fused instruction keeps its ops, as the program of
a `Fused`, so its meaning stays theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

from ..ops.fused import Fused
from ..program import Instruction, Origin, Program
from ..types import TensorType

__all__ = ["Fusion", "fuse"]

MAX_GROUP = 40  # instructions in a group; more would not fit a register file
MAX_INPUTS = 16
SURELY_FITS = 4  # members of a group that any backend runs
PARTS = ("Slice", "Split")

_Places = tuple[tuple[int, tuple[int, ...]], ...]  # outputs, and the inputs that each may overwrite

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
    """What a backend can run as one instruction.

    Attributes:
        keeps_fixed: whether it computes what follows from variables alone once for many runs.
    """

    keeps_fixed: bool

    def joins(self, program: Program, instruction: Instruction) -> bool:
        """Whether an element-wise instruction can be part of a group."""

    def takes_apart(self, program: Program, instruction: Instruction) -> bool:
        """Whether a group can read this instruction's results where its input lies."""

    def puts_together(self, program: Program, instruction: Instruction) -> bool:
        """Whether a group can write this instruction's inputs where its result lies."""

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
    makers = {n: i for i in program.instructions for n in i.outputs}
    position = {id(i): k for k, i in enumerate(program.instructions)}
    for instruction in program.instructions:
        for members in _candidates(program, instruction, readers, makers):
            if any(position[id(member)] in gone for member in members):
                continue  # the sum of two products, which the other has taken
            fused, at = _joined(program, members, makers)
            if fusion.runs(program, fused):
                replaced[position[id(at)]] = fused
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


def _joined(
    program: Program, members: Sequence[Instruction], makers: dict[int, Instruction]
) -> tuple[Instruction, Instruction]:
    """These as one, and which of them it takes the place of."""
    first, last = members[0], members[-1]
    if first.opdef.label == "BatchNormTrain":  # whose statistics others may read before the last
        return _fused(
            program, members, [*last.outputs, *first.outputs[1:]], _written_as_read
        ), first
    if last.opdef.label == "BatchNormTrainGrad":
        again = _with_its_input(program, first, makers)
        return _fused(program, [*again, last], last.outputs, _written_as_read), last
    return _fused(program, members, last.outputs, _written_by_last), last


def _candidates(
    program: Program,
    instruction: Instruction,
    readers: dict[int, Instruction],
    makers: dict[int, Instruction],
) -> Iterator[list[Instruction]]:
    """What may be run as one with a product, a normalization or an update; the longest first."""
    if instruction.opdef.label in HEADS:
        for labels in TAILS:
            members = _chain(program, instruction, labels, readers)
            if members is not None:
                yield members
    elif instruction.opdef.label == "BatchNormTrain":
        members = _chain(program, instruction, ("Relu",), readers)
        if members is not None:
            yield members
    elif instruction.opdef.label == "BatchNormTrainGrad":
        gradient = makers.get(instruction.inputs[-1])
        if (
            gradient
            and gradient.outputs[0] in readers
            and _is_rectified(gradient, instruction, makers)
        ):
            yield [gradient, instruction]
    elif instruction.opdef.label == "Update":
        tables = [
            makers[n]
            for n in dict.fromkeys(instruction.inputs)
            if n in makers and makers[n].opdef.label == "ScatterRows" and n in readers
        ]
        if tables:
            yield [*tables, instruction]


def _is_rectified(gradient: Instruction, last: Instruction, makers: dict[int, Instruction]) -> bool:
    """Whether it is that of a rectifier after the normalization that `last` goes through."""
    if gradient.opdef.label != "ReluGradient":
        return False
    rectifier = makers.get(gradient.inputs[1])
    if rectifier is None or rectifier.opdef.label != "Relu":
        return False
    batch = makers.get(rectifier.inputs[0])
    if batch is None or batch.opdef.label != "BatchNormTrain":
        return False
    x, scale, mean, variance = last.inputs[:4]
    normalizations: Any = batch.opdef, last.opdef
    is_same = batch.inputs[:2] == (x, scale) and len({op.epsilon for op in normalizations}) == 1
    return is_same and batch.outputs == (rectifier.inputs[0], mean, variance)


def _with_its_input(
    program: Program, gradient: Instruction, makers: dict[int, Instruction]
) -> tuple[Instruction, Instruction]:
    """The gradient of a rectifier by what that was given, which is computed once more.

    It is cheaper made anew, where it is needed, than read from memory.
    """
    g, result = gradient.inputs
    maker = makers[makers[result].inputs[0]]
    outputs = tuple(program.value(program.types[n]) for n in maker.outputs)
    again = Instruction(maker.opdef, maker.inputs, outputs, maker.origin)
    return again, Instruction(gradient.opdef, (g, outputs[0]), gradient.outputs, gradient.origin)


def _written_by_last(
    program: Program,
    members: Sequence[Instruction],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> _Places:
    """What the last member's outputs may overwrite, where the others do not read it."""
    del program, outputs
    *others, last = members
    read = {n for member in others for n in member.inputs}
    pairs = []
    for i, over in last.opdef.reuse.items():
        n = last.inputs[over] if isinstance(over, int) else None
        if n in inputs and n not in read and last.opdef.runs_last:
            pairs.append((i, (inputs.index(n),)))
    return tuple(pairs)


def _written_as_read(
    program: Program,
    members: Sequence[Instruction],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> _Places:
    """The first output, which is written element by element after its inputs' elements are read."""
    return tuple(pair for pair in _overwritable(program, members, inputs, outputs) if not pair[0])


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
        if label == "Add" and not _is_bias(program, follower, value, head):
            return None
        if label == "BatchNormInference" and follower.inputs[0] != value:
            return None
        members.append(follower)
    return members


def _is_bias(program: Program, add: Instruction, value: int, head: Instruction) -> bool:
    """Whether the other operand is one number for each entry of the last axis.

    To a matrix product, it may also be another matrix.
    """
    other = add.inputs[1] if add.inputs[0] == value else add.inputs[0]
    shape, bias = program.types[value].dims(), program.types[other].dims()
    if head.opdef.label == "MatMul" and bias == shape:
        return True
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
        self._count = 0  # of all groups there were: two that became one free no number
        self._group_of: dict[int, _Group] = {}  # by value
        self._needs: dict[int, int] = {}  # by value: groups it depends on, as bits
        self._effect_needs = 0  # those that the last effect depends on: effects keep their order
        self._only_reader = _only_readers(program)

    def result(self) -> Program:
        """The program with each group of several members as one instruction."""
        program = self._program
        for instruction in program.instructions:
            group = self._group_for(instruction)
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

    def _group_for(self, instruction: Instruction) -> _Group | None:
        """Which group it is part of, if any."""
        opdef, program = instruction.opdef, self._program
        types = [program.types[n] for n in (*instruction.inputs, *instruction.outputs)]
        if opdef.bodies or not all(t.is_static and t.dtype.is_numeric for t in types):
            return None
        if opdef.is_elementwise:
            return self._join(instruction) if self._fusion.joins(program, instruction) else None
        if opdef.label in PARTS:
            outputs = {program.types[n].shape for n in instruction.outputs}
            if len(outputs) == 1 and self._fusion.takes_apart(program, instruction):
                return self._new(instruction)
        if opdef.label == "Concat":
            return self._group_that_makes_parts(instruction)
        return None

    def _group_that_makes_parts(self, concat: Instruction) -> _Group | None:
        """The group of all that is joined here, if that is needed for nothing else."""
        groups = [group for n in concat.inputs if (group := self._group_of.get(n)) is not None]
        made = {n: m for group in set(groups) for m in group.members for n in m.outputs}
        if (
            len(groups) != len(concat.inputs)
            or not all(self._only_reader.get(n) is concat for n in concat.inputs)
            or not all(made[n].opdef.is_elementwise for n in concat.inputs)
            or not self._fusion.puts_together(self._program, concat)
        ):
            return None
        group = groups[0]
        return group if all(self._take(group, other) for other in groups) else None

    def _take(self, group: _Group, other: _Group) -> bool:
        """Makes two groups one, if neither needs the other; whether they are one now."""
        if group is other:
            return True
        if (
            group.shape != other.shape
            or len(group.members) + len(other.members) > MAX_GROUP
            or len(group.inputs | other.inputs) > MAX_INPUTS
            or self._closure(group.needs) & other.bit
            or self._closure(other.needs) & group.bit
        ):
            return False
        group.members += other.members
        group.inputs |= other.inputs
        group.needs |= other.needs
        group.bit |= other.bit
        self._groups.remove(other)
        self._group_of.update((n, group) for m in other.members for n in m.outputs)
        return True

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
            for m in inputs:
                other = self._group_of.get(m)
                if other is not None:
                    self._take(group, other)
            if len(group.members) >= MAX_GROUP or len(group.inputs | set(inputs)) > MAX_INPUTS:
                continue
            outside = [m for m in inputs if self._group_of.get(m) is not group]
            if not any(self._closure(self._needs.get(m, 0)) & group.bit for m in outside):
                return group
        return self._new(instruction)

    def _new(self, instruction: Instruction) -> _Group:
        type_ = self._program.types[instruction.outputs[0]]
        group = _Group(self._count, type_)
        self._count += 1
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
        done: set[int] = set()
        position = {id(member): k for k, member in enumerate(program.instructions)}
        needed = Counter(program.results())
        for instruction in program.instructions:
            needed.update(set(instruction.inputs))
        for instruction in program.instructions:
            group = groups.get(id(instruction))
            if group is None:
                items.append(instruction)
            elif group.bit not in done:
                done.add(group.bit)
                members = sorted(group.members, key=lambda member: position[id(member)])
                items += self._joined(members, needed)
        new = program.emptied()
        new.fetches, new.state_out = program.fetches, program.state_out
        new.instructions = _in_order(new, items)
        return new

    def _joined(self, members: list[Instruction], needed: Counter[int]) -> list[Instruction]:
        """One instruction, or several where that is too much for one."""
        if len(members) <= 1:
            return members
        fused = _fused_group(self._program, members, needed)
        if not fused.outputs:  # without the other passes, there may be groups that nobody needs
            return []
        if len(members) <= SURELY_FITS or self._fusion.runs(self._program, fused):
            return [fused]
        plain = [member for member in members if member.opdef.is_elementwise]
        if len(plain) < len(members):
            others = [member for member in members if not member.opdef.is_elementwise]
            return others + self._joined(plain, needed)
        half = len(members) // 2
        return self._joined(members[:half], needed) + self._joined(members[half:], needed)


def _fused_group(
    program: Program, members: Sequence[Instruction], needed: Counter[int]
) -> Instruction:
    inside: Counter[int] = Counter()
    for member in members:
        inside.update(set(member.inputs))
    outputs = [n for m in members for n in m.outputs if needed[n] > inside[n]]
    return _fused(program, members, outputs, _overwritable)


def _fused(
    program: Program,
    members: Sequence[Instruction],
    outputs: Sequence[int],
    overwritable: Callable[..., _Places],
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
    places = overwritable(program, members, inputs, outputs)
    name = "+".join(member.opdef.label for member in members)
    last = members[-1].origin
    origin = Origin(last.node, last.owner, last.site, last.device)
    return Instruction(Fused(inner, name, places), tuple(inputs), tuple(outputs), origin)


def _is_inner(program: Program, n: int, host: set[int]) -> bool:
    """Whether a constant goes into the little program: sizes, and single numbers."""
    array = program.constants.get(n)
    return array is not None and (n in host or array.size == 1)


def _overwritable(
    program: Program,
    members: Sequence[Instruction],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> _Places:
    """For each output the inputs of its very type, if both are read and written in order."""
    types = program.types
    moved = {n for m in members if m.opdef.label in PARTS for n in m.inputs}
    moved |= {n for m in members if m.opdef.label == "Concat" for n in m.outputs}
    pairs = []
    for i, output in enumerate(outputs):
        fits = tuple(
            k
            for k, n in enumerate(inputs)
            if types[n].shape == types[output].shape
            and types[n].dtype is types[output].dtype
            and moved.isdisjoint((n, output))
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
