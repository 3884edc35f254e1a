"""Element-wise ops, alone and in groups: programs of `kernels/elementwise.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ....opdef import REGISTRY
from ....ops.elementwise import Cast
from ....program import Instruction, Origin, Program
from ....types import DType, as_dtype
from ..extension import extension
from ..lowering import Builder, rule
from .composites import Composite, contracted
from .parts import Part, parts_of, places_in

__all__ = [
    "TYPE_CODES",
    "ChainCall",
    "PickedRows",
    "cast_to",
    "chain_of",
    "is_supported",
    "lower_group",
    "type_code",
]

# ops whose name is not the engine's in another spelling
_SPELLINGS = {
    "BitwiseAnd": "bit_and",
    "BitwiseOr": "bit_or",
    "BitwiseXor": "bit_xor",
    "BitwiseInvert": "invert",
    "BitwiseLeftShift": "left_shift",
    "BitwiseRightShift": "right_shift",
    "Identity": "copy",
    "StopGradient": "copy",
    "BroadcastTo": "copy",
    "SpreadReduced": "copy",
}
_FILLS = {"ZerosLike": 0.0, "OnesLike": 1.0, "Unchosen": 0.0}
_TYPES = (
    "float32", "float64", "int32", "int64", "bool",
    "uint8", "int8", "int16", "uint16", "uint32", "uint64", "float16",
)  # fmt: skip
TYPE_CODES = {name: code for code, name in enumerate(_TYPES)}
_FULL, _CONSTANT, _SCALAR, _PERIODIC, _REPEATED, _STRIDED, _ROWS, _PICKED = range(8)

MAX_OPERANDS, MAX_REGISTERS, MAX_STEPS, MAX_AXES = 24, 20, 60, 8  # below those of the kernel
CACHE_BYTES = 24 << 10  # of registers: three quarters of a first-level cache
FEW_BLOCKS = 8
MAX_PERIOD = 1024  # elements; longer ones are read in place, row by row


def _snake(label: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in label).lstrip("_")


_CODES: dict[str, int] = {}
if extension is not None:
    _NAMES = {name: code for code, name in enumerate(extension.elementwise_ops())}
    for _label in REGISTRY:
        _name = _SPELLINGS.get(_label, _snake(_label))
        if _name in _NAMES:
            _CODES[_label] = _NAMES[_name]


def type_code(b: Builder, value: int) -> int | None:
    """The engine's number for the element type of a value; None for halves, which C++ lacks."""
    name = b.type(value).dtype.name
    return None if name == "float16" else TYPE_CODES.get(name)


def _code(opdef: Any) -> int | None:
    if isinstance(opdef, Composite):
        return _NAMES[opdef.label]
    if opdef.label == "Cast":
        return _NAMES.get(f"to_{opdef.dtype.name}")
    return _CODES.get(opdef.label)


def is_supported(program: Program, instruction: Instruction) -> bool:
    """Whether the engine has this element-wise op for these types."""
    opdef = instruction.opdef
    if not opdef.is_elementwise or extension is None:
        return False
    if opdef.label in _FILLS:
        return program.types[instruction.outputs[0]].dtype.name in TYPE_CODES
    code = _code(opdef)
    if code is None:
        return False
    type_ = _operation_type(program, instruction)
    if type_ not in TYPE_CODES:
        return False
    if _may_fail(program, instruction):
        return False
    return bool(extension.has_elementwise(code, TYPE_CODES[type_]))


def _may_fail(program: Program, instruction: Instruction) -> bool:
    """Whether it is a power of integers that may be negative, and then is an error."""
    if instruction.opdef.label != "Pow":
        return False
    exponent = instruction.inputs[1]
    known, dtype = program.constants.get(exponent), program.types[exponent].dtype
    return dtype.is_integer and (known is None or bool((known < 0).any()))


def _operation_type(program: Program, instruction: Instruction) -> str:
    """The element type that the operation works on."""
    operand = 1 if instruction.opdef.label == "Where" else 0
    return program.types[instruction.inputs[operand]].dtype.name


class PickedRows(NamedTuple):
    """An input that is a table of zeros, with some rows added to some of its own.

    Attributes:
        value: the input.
        lists: what the kernel `list_rows` made of the rows' indices.
        size: rows of the table.
        width: elements of a row.
    """

    value: int
    lists: int
    size: int
    width: int


@dataclass
class _Operand:
    """An input of the chain, as `Operand` in the kernel."""

    kind: int
    type_code: int
    size_bytes: int
    buffer: int
    parameter: int = 0
    words: list[int] = field(default_factory=list)
    register: int = 0


class _Chain:
    """Writes the kernel's program for a group of element-wise instructions.

    What takes an array apart before them, or puts one together of their results, is no step: those
    are read, or written, where they lie.
    """

    def __init__(self, inner: Program, picked: PickedRows | None = None) -> None:
        self._inner = inner
        self._picked = picked
        self._steps_of = [i for i in inner.instructions if i.opdef.is_elementwise]
        self._parts: dict[int, tuple[int, Part]] = {}  # value -> where it lies in another
        self._places: list[tuple[int, int, Part | None]] = []  # value, of which fetch, and where
        self._find_parts()
        self._out_shape = tuple(
            int(n or 0) for n in inner.types[self._steps_of[0].outputs[0]].dims()
        )
        self.buffers: list[int] = []
        self.reals: list[float] = []
        self._operands: list[_Operand] = []
        self._operand_of: dict[Any, int] = {}
        self._name: dict[int, int | tuple[str, int]] = {}  # value -> register, or ("in", operand)
        self._steps: list[tuple[int, int, int, list[Any]]] = []

    def _find_parts(self) -> None:
        inner = self._inner
        joined: dict[int, Instruction] = {}
        for instruction in inner.instructions:
            if instruction.opdef.label == "Concat":
                joined[instruction.outputs[0]] = instruction
            elif not instruction.opdef.is_elementwise:
                for n, part in zip(
                    instruction.outputs, parts_of(inner, instruction) or (), strict=True
                ):
                    self._parts[n] = instruction.inputs[0], part
        for fetch, n in enumerate(inner.fetches):
            if n in joined:
                places = places_in(inner, joined[n]) or ()
                for value, place in zip(joined[n].inputs, places, strict=True):
                    self._places.append((value, fetch, place))
                continue
            if n in self._parts:  # a step of its own takes it out
                inner = self._inner = replace(inner, types=list(inner.types))
                copied = inner.value(inner.types[n])
                identity = Instruction(REGISTRY["Identity"](), (n,), (copied,), Origin("part"))
                self._steps_of.append(identity)
                n = copied
            self._places.append((n, fetch, None))

    def write(self) -> list[int] | None:
        """The ints of the call; None if it does not fit the machine."""
        kept = {n for n, _, _ in self._places}
        self._steps_of = contracted(self._inner, self._steps_of, kept)
        last_use = self._last_uses()
        outputs = {n: i for i, (n, _, _) in enumerate(self._places)}
        sources: list[list[Any]] = []
        for instruction in self._steps_of:
            sources.append(self._sources(instruction))
        if len(self._operands) > MAX_OPERANDS or len(self._steps_of) > MAX_STEPS:
            return None
        fixed = 0
        for operand in self._operands:
            if operand.kind != _FULL:
                operand.register = fixed
                fixed += 1
        register_count = self._assign_registers(sources, outputs, last_use, fixed)
        if register_count > MAX_REGISTERS:
            return None
        return self._encode(register_count, len(outputs))

    def _last_uses(self) -> dict[int, int]:
        last: dict[int, int] = {}
        for position, instruction in enumerate(self._steps_of):
            for n in instruction.inputs:
                last[n] = position
        return last

    def _sources(self, instruction: Instruction) -> list[Any]:
        """Values or operands that an instruction reads."""
        made = {n for i in self._steps_of for n in i.outputs}
        type_ = self._inner.types[instruction.outputs[0]]
        if instruction.opdef.label in _FILLS:
            value = _FILLS[instruction.opdef.label]
            return [("in", self._constant(value, type_.dtype))]
        host = instruction.opdef.host_inputs
        found: list[Any] = []
        if instruction.opdef.label == "Polygamma":
            order = float(instruction.opdef.order)  # type: ignore[attr-defined]
            found.append(("in", self._constant(order, type_.dtype)))
        for index, n in enumerate(instruction.inputs):
            if index in host:
                continue
            if n in made and self._is_full(n):
                found.append(n)
            elif instruction.opdef.label == "SpreadReduced":
                kept = instruction.opdef.kept_shape(type_.dims())  # type: ignore[attr-defined]
                found.append(("in", self._operand(n, kept)))
            else:
                found.append(("in", self._operand(n)))
        return found

    def _is_full(self, n: int) -> bool:
        return self._inner.types[n].dims() == self._out_shape

    def _constant(self, value: float, dtype: Any) -> int:
        key = ("constant", value, dtype.name)
        if key not in self._operand_of:
            self._operand_of[key] = len(self._operands)
            self.reals.append(value)
            code = TYPE_CODES[dtype.name]
            place = len(self.reals) - 1
            self._operands.append(_Operand(_CONSTANT, code, dtype.size_bytes, 0, place))
        return self._operand_of[key]

    def _operand(self, n: int, as_shape: tuple[int, ...] | None = None) -> int:
        """An input of the chain, broadcast from its own shape or another of as many elements."""
        key = n if as_shape is None else (n, as_shape)
        if key in self._operand_of:
            return self._operand_of[key]
        type_ = self._inner.types[n]
        constant = self._inner.constants.get(n)
        if constant is not None and constant.size == 1 and _fits_double(constant):
            self._operand_of[key] = self._constant(float(constant.reshape(-1)[0]), type_.dtype)
            return self._operand_of[key]
        shape = as_shape or tuple(int(size or 0) for size in type_.dims())
        if n in self._parts and shape == self._out_shape:
            whole, part = self._parts[n]
            kind, parameter, words = _ROWS, part.row, [part.stride, part.offset]
        elif self._picked is not None and n == self._picked.value:
            whole = n
            kind, parameter = _PICKED, self._picked.width
            words = [len(self.buffers), self._picked.size]
            self.buffers.append(self._picked.lists)
        else:
            whole = n
            kind, parameter, words = _classify(shape, self._out_shape)
        self.buffers.append(whole)
        operand = _Operand(
            kind,
            TYPE_CODES[type_.dtype.name],
            type_.dtype.size_bytes,
            len(self.buffers) - 1,
            parameter,
            words,
        )
        self._operand_of[key] = len(self._operands)
        self._operands.append(operand)
        return self._operand_of[key]

    def _assign_registers(
        self,
        sources: list[list[Any]],
        outputs: dict[int, int],
        last_use: dict[int, int],
        fixed: int,
    ) -> int:
        """Names every value; returns how many registers that takes."""
        free: list[int] = []
        count = fixed
        place: dict[int, int] = {}
        inputs = len(self._operands)
        for position, instruction in enumerate(self._steps_of):
            output = instruction.outputs[0]
            names = [self._named(source, place) for source in sources[position]]
            dying = {
                n
                for n in sources[position]
                if isinstance(n, int) and last_use[n] == position and place[n] >= 0
            }
            if output in outputs:
                place[output] = -1 - inputs - outputs[output]
            else:  # an operation may write over what it reads, if that is as wide
                width = self._width(output)
                reusable = {n for n in dying if self._width(n) == width}
                free += [place[n] for n in reusable]
                dying -= reusable
                if not free:
                    free.append(count)
                    count += 1
                place[output] = free.pop()
            free += [place[n] for n in dying]
            code, type_code = self._operation(instruction)
            self._steps.append((code, type_code, place[output], names))
        return count

    def _width(self, n: int) -> int:
        return self._inner.types[n].dtype.size_bytes

    def _named(self, source: Any, place: dict[int, int]) -> int:
        if isinstance(source, int):
            return int(place[source])
        index = source[1]
        operand = self._operands[index]
        return -1 - int(index) if operand.kind == _FULL else operand.register

    def _operation(self, instruction: Instruction) -> tuple[int, int]:
        if instruction.opdef.label in _FILLS:
            dtype = self._inner.types[instruction.outputs[0]].dtype.name
            return _NAMES["copy"], TYPE_CODES[dtype]
        code = _code(instruction.opdef)
        type_ = _operation_type(self._inner, instruction)
        return -1 if code is None else code, TYPE_CODES[type_]

    def _encode(self, register_count: int, output_count: int) -> list[int]:
        count = prod(self._out_shape)
        made = [n for i in self._steps_of for n in i.outputs]
        widest = max(
            [operand.size_bytes for operand in self._operands] + list(map(self._width, made))
        )
        registers = max(register_count + output_count, 1)
        block = min(2048, max(64, CACHE_BYTES // (registers * widest) // 64 * 64))
        periods = {o.parameter for o in self._operands if o.kind == _PERIODIC}
        if len(periods) == 1 and (period := periods.pop()) <= MAX_PERIOD:
            block = max(1, block // period) * period
        elif count and -(-count // block) < FEW_BLOCKS:  # of equal sizes
            block = -(-count // -(-count // block) // 64) * 64
        block = max(1, min(block, count))
        register_bytes = -(-block * widest // 64) * 64
        ints = [count, block, register_count, register_bytes, len(self._operands), output_count]
        ints += [len(self._steps), len(self.buffers)]
        for o in self._operands:
            ints += [o.kind, o.type_code, o.size_bytes, o.buffer, o.register, o.parameter]
            ints += [len(o.words), *o.words]
        for n, fetch, place in self._places:
            ints += [self._width(n), fetch, *(place or Part(0, 0, 0))]
        for code, type_code, destination, names in self._steps:
            ints += [code, type_code, destination, len(names), *names]
        return ints


def _fits_double(array: np.ndarray[Any, Any]) -> bool:
    """Whether a number survives as a double: all but large integers do."""
    if array.dtype.kind not in "iu":
        return True
    return abs(int(array.reshape(-1)[0])) < 2**53


def _classify(shape: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, int, list[int]]:
    """(kind, parameter, words) of an input of this shape that is broadcast to `out`."""
    sizes = (1,) * (len(out) - len(shape)) + shape
    if sizes == out:
        return _FULL, 0, []
    if prod(sizes) == 1:
        return _SCALAR, 0, []
    kept = [axis for axis, size in enumerate(sizes) if size != 1]
    first, last = kept[0], kept[-1]
    if sizes[first:] == out[first:]:
        return _PERIODIC, prod(sizes), []
    if sizes[: last + 1] == out[: last + 1]:
        return _REPEATED, prod(out[last + 1 :]), []
    strides, step = [0] * len(out), 1
    for axis in range(len(out) - 1, -1, -1):
        strides[axis] = step if sizes[axis] != 1 else 0
        step *= sizes[axis]
    return _STRIDED, len(out), [*out, *strides]


@dataclass(frozen=True)
class ChainCall:
    """What a call of the kernel needs.

    Attributes:
        buffers: the values it reads.
        ints, reals: of the call; the first int is the number of elements.
    """

    buffers: list[int]
    ints: list[int]
    reals: list[float]


def chain_of(inner: Program, picked: PickedRows | None = None) -> ChainCall | None:
    """The call for a program of supported element-wise instructions; None if it is too large."""
    if len(inner.types[inner.fetches[0]].dims()) > MAX_AXES:
        return None
    chain = _Chain(inner, picked)
    ints = chain.write()
    return None if ints is None else ChainCall(chain.buffers, ints, chain.reals)


def _is_member(inner: Program, instruction: Instruction) -> bool:
    if instruction.opdef.label == "Concat":
        return places_in(inner, instruction) is not None
    if not instruction.opdef.is_elementwise:
        return parts_of(inner, instruction) is not None
    return is_supported(inner, instruction)


def lower_group(b: Builder, inner: Program, outputs: Sequence[int]) -> bool:
    """One call for a program of element-wise instructions with results of one shape."""
    if not all(_is_member(inner, instruction) for instruction in inner.instructions):
        return False
    return _call_chain(b, inner, outputs)


def _call_chain(b: Builder, inner: Program, outputs: Sequence[int]) -> bool:
    if inner.types[inner.fetches[0]].size == 0:
        return True  # there is nothing to compute
    call = chain_of(inner)
    if call is None:
        return False
    b.call("elementwise", call.buffers, outputs, call.ints, call.reals)
    return True


def _alone(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> Program:
    """One instruction is a group of one."""
    read = [n for i, n in enumerate(inputs) if i not in op.host_inputs]
    inner = Program(types=b.program.types)
    inner.feeds = list(dict.fromkeys(read))
    inner.constants = {n: a for n in inputs if (a := b.constant(n)) is not None}
    inner.instructions = [Instruction(op, tuple(inputs), tuple(outputs), Origin(op.label))]
    inner.fetches = list(outputs)
    return inner


def _single(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    return lower_group(b, _alone(b, op, inputs, outputs), outputs)


rule(*_CODES, *_FILLS, "Cast")(_single)


@rule("Pow")
def power(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Exponents of integers are looked at first, if they are not known."""
    inner = _alone(b, op, inputs, outputs)
    if not _may_fail(inner, inner.instructions[0]):
        return lower_group(b, inner, outputs)
    exponents = b.type(inputs[1])
    ints = [TYPE_CODES[exponents.dtype.name], exponents.size or 0]
    b.call("integer_exponents", inputs[1:], [], ints)
    return _call_chain(b, inner, outputs)


def cast_to(b: Builder, value: int, dtype: DType | str) -> int:
    """A temporary that holds a value in another dtype."""
    inner = Program()
    source = inner.value(b.type(value))
    inner.feeds = [source]
    inner.fetches = [inner.emit(Cast(as_dtype(dtype)), source)]
    made = b.stand_in(inner.types[inner.fetches[0]])
    call = chain_of(inner) if b.type(value).size else None
    if call is not None:
        b.call("elementwise", [value] * len(call.buffers), [made], call.ints, call.reals)
    return made
