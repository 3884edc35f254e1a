"""Data that Python once pickled, read without running anything.

Some data sets of old lie on the web as pickles: CIFAR's batches, the lists of words of IMDB and
Reuters. A pickle is a program for a small stack machine, and one of its instructions calls any
function there is; so no pickle from a file is ever given to Python's own reader here.

:func:`read_pickle` is a machine of its own that knows only what such data need: numbers, strings,
lists, tuples, dicts, and the few fixed phrases by which NumPy spells an array. A name of a function
is to it a word in one of these phrases; it looks nothing up, imports nothing and calls nothing.
Every other instruction, name or phrase is an error. Protocols 2 to 4 are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from thalweg.core.errors import FileFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PickledArray", "array_of", "read_pickle"]


@dataclass
class PickledArray:
    """An array as a pickle spells it.

    Attributes:
        shape: its sizes, once they are known.
        dtype: `"|u1"`; `"|O"` for objects.
        is_fortran: whether the first axis varies fastest.
        content: its bytes; for objects a list of them.
    """

    shape: tuple[int, ...] = ()
    dtype: str = ""
    is_fortran: bool = False
    content: bytes | list[Any] | None = None


class _Name(NamedTuple):
    """A function or class that the pickle mentions."""

    module: str
    name: str


@dataclass
class _Dtype:
    """A dtype under construction: the letter and size first, then the order of bytes."""

    code: str
    order: str = ""


class _Damaged(Exception):
    """What is wrong; `read_pickle` says where."""


_RECONSTRUCT = {
    _Name("numpy.core.multiarray", "_reconstruct"),
    _Name("numpy._core.multiarray", "_reconstruct"),
}
_NDARRAY = _Name("numpy", "ndarray")
_DTYPE = _Name("numpy", "dtype")
_ENCODE = _Name("_codecs", "encode")  # how protocol 2 of Python 3 spells bytes
_EMPTY = {_Name("__builtin__", "bytes"), _Name("builtins", "bytes")}  # and how no bytes at all
_NAMES = {*_RECONSTRUCT, *_EMPTY, _NDARRAY, _DTYPE, _ENCODE}

_CODE = re.compile(r"[iu][1248]|f[248]|b1|O[48]?")
# Most of the data are small integers, thousands in a row: they are read by the row, in bounds.
_INTEGERS = re.compile(rb"(?:K.|M..|J....){1,1000}", re.DOTALL)
_INTEGER = re.compile(rb"K.|M..|J....", re.DOTALL)


def read_pickle(where: str, data: bytes, *, maximum_items: int) -> Any:
    """Reads plain data and arrays from a pickle; nothing of it is executed.

    Args:
        where: the file, for messages.
        data: the pickle, of protocol 2, 3 or 4.
        maximum_items: the most numbers, strings and containers it may make.

    Returns:
        dicts, lists, tuples, bytes, str, int, bool, None, and :class:`PickledArray`. Strings of
        Python 2 are bytes.

    Raises:
        FileFormatError: for anything else: damage, too many items, and whatever could do more
            than hold data.

    >>> read_pickle("a", b"\\x80\\x02}U\\x04sizeK\\x07s.", maximum_items=10)
    {b'size': 7}
    """
    machine = _Machine(data, maximum_items)
    try:
        return machine.run()
    except _Damaged as error:
        raise FileFormatError(
            where,
            "a pickle that holds more than plain data, or a damaged one",
            expected="numbers, strings, lists, dicts and arrays",
            got=f"{error}, at byte {machine.start} of {len(data)}",
        ) from None


def array_of(where: str, value: Any, dtype: str, shape: Sequence[int | None]) -> NDArray[Any]:
    """The numbers of a pickled array.

    Args:
        where: the file, for messages.
        value: what a pickle held in the array's place.
        dtype: what it must be, `"uint8"`.
        shape: what it must be; None is any size.

    Returns:
        A C-contiguous copy in this machine's order of bytes.

    Raises:
        FileFormatError: it is no such array.
    """
    import numpy as np

    wanted = np.dtype(dtype)
    if (
        isinstance(value, PickledArray)
        and isinstance(value.content, bytes)
        and np.dtype(value.dtype).newbyteorder("=") == wanted
        and len(value.shape) == len(shape)
        and all(want in (None, size) for size, want in zip(value.shape, shape, strict=True))
    ):
        flat = np.frombuffer(value.content, value.dtype)
        array = flat.reshape(value.shape, order="F" if value.is_fortran else "C")
        return np.array(array, wanted, order="C")
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    got = type(value).__name__
    if isinstance(value, PickledArray):
        got = f"an array {value.dtype} {value.shape}"
    raise FileFormatError(where, "not the array", expected=f"{dtype} ({sizes})", got=got)


class _Machine:
    """The stack, the memory, and where in the pickle it stands."""

    def __init__(self, data: bytes, maximum_items: int) -> None:
        self.data = data
        self.start = 0  # of the instruction in hand
        self._at = 0
        self._room = maximum_items
        self._stack: list[Any] = []
        self._marks: list[int] = []  # how high the stack was at each mark
        self._memory: dict[int, Any] = {}

    def run(self) -> Any:
        """Follows the instructions to the last; gives what is left on the stack."""
        while True:
            self.start = self._at
            run = _INTEGERS.match(self.data, self._at)
            if run:
                self._at = run.end()
                self.push(*_integers(run[0]))
                continue
            code = self.take(1)
            if code == b".":
                break
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise _Damaged(f"the instruction {code!r}")
            instruction(self)
        if len(self._stack) != 1 or self._marks or self._at != len(self.data):
            raise _Damaged("an end in the middle")
        return self.pop()

    # The stack ----------------------------------------------------------------------------------

    def push(self, *values: Any) -> None:
        self._room -= len(values)
        if self._room < 0:
            raise _Damaged("too many items")
        self._stack.extend(values)

    def pop(self) -> Any:
        if len(self._stack) == (self._marks[-1] if self._marks else 0):
            raise _Damaged("a value that is missing")
        return self._stack.pop()

    def top(self, kind: type[Any]) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise _Damaged(f"no {kind.__name__} where one belongs")
        return self._stack[-1]

    def since_mark(self) -> list[Any]:
        if not self._marks:
            raise _Damaged("a mark that is missing")
        mark = self._marks.pop()
        values = self._stack[mark:]
        del self._stack[mark:]
        return values

    def mark(self) -> None:
        self.push(None)  # counted as an item
        self._stack.pop()
        self._marks.append(len(self._stack))

    # The bytes ----------------------------------------------------------------------------------

    def take(self, count: int) -> bytes:
        piece = self.data[self._at : self._at + count]
        if len(piece) < count:
            raise _Damaged("the end of the data")
        self._at += count
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self) -> str:
        end = self.data.find(b"\n", self._at, self._at + 100)
        if end < 0:
            raise _Damaged("a name without an end")
        line = self.data[self._at : end]
        self._at = end + 1
        return line.decode("ascii", "replace")

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise _Damaged("text that is not UTF-8") from None

    # Instructions of more than a line -----------------------------------------------------------

    def protocol(self) -> None:
        """The first instruction says which protocol follows."""
        number = self.number(1)
        if self.start != 0 or number not in (2, 3, 4):
            raise _Damaged(f"protocol {number}")

    def long(self) -> None:
        """An integer of up to 8 bytes."""
        size = self.number(1)
        if size > 8:
            raise _Damaged(f"an integer of {size} bytes")
        self.push(int.from_bytes(self.take(size), "little", signed=True))

    def remember(self, place: int) -> None:
        """Keeps the top of the stack for later."""
        value = self.pop()
        self.push(value)  # counted once more, for its place in the memory
        self._memory[place] = value

    def recall(self, place: int) -> None:
        """Puts a value that was kept on the stack."""
        if place not in self._memory:
            raise _Damaged(f"value {place}, which was never kept")
        self.push(self._memory[place])

    def name(self, module: Any, name: Any) -> None:
        """A word of the phrases that spell arrays."""
        word = _Name(str(module), str(name))
        if word not in _NAMES:
            raise _Damaged(f"the name {word.module}.{word.name}"[:200])
        self.push(word)

    def append(self, values: list[Any]) -> None:
        """Adds values to the list on the stack."""
        self.top(list).extend(values)

    def put(self, pairs: list[Any]) -> None:
        """Adds keys and values to the dict on the stack."""
        target = self.top(dict)
        if len(pairs) % 2 or not all(isinstance(key, bytes | str | int) for key in pairs[::2]):
            raise _Damaged("keys that are neither strings nor integers")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))

    def phrase(self) -> None:
        """A name and its arguments: one of the few that spell arrays, dtypes and bytes."""
        arguments, word = self.pop(), self.pop()
        if not isinstance(word, _Name):
            raise _Damaged("a call of what is no name")
        match arguments:
            case (_Name() as kind, (0,), b"b" | "b") if kind == _NDARRAY and word in _RECONSTRUCT:
                self.push(PickledArray())
            case (bytes() | str() as given, 0 | False, 1 | True) if word == _DTYPE:
                code = given.decode("ascii", "replace") if isinstance(given, bytes) else given
                if not _CODE.fullmatch(code):
                    raise _Damaged(f"the dtype {code!r}"[:100])
                self.push(_Dtype(code))
            case (str() as letters, "latin1" | "latin-1" | b"latin1") if word == _ENCODE:
                try:
                    self.push(letters.encode("latin-1"))
                except UnicodeEncodeError:
                    raise _Damaged("letters that are no bytes") from None
            case () if word in _EMPTY:
                self.push(b"")
            case _:
                raise _Damaged(f"a call of {word.module}.{word.name} with other arguments")

    def complete(self) -> None:
        """The second half of an array or dtype."""
        state, target = self.pop(), self.pop()
        match (target, state):
            case (
                _Dtype(),
                (3, b"<" | b">" | b"|" | "<" | ">" | "|" as order, None, None, None, *_),
            ):
                target.order = order.decode() if isinstance(order, bytes) else order
            case (
                PickledArray(),
                (1, tuple() as shape, _Dtype() as dtype, bool() | 0 | 1, content),
            ):
                _fill(target, shape, dtype, bool(state[3]), content)
            case _:
                raise _Damaged("an array or dtype of another form")
        self.push(target)


def _fill(
    target: PickledArray, shape: tuple[Any, ...], dtype: _Dtype, is_fortran: bool, content: Any
) -> None:
    """Completes an array after checking that its content is as long as its sizes say."""
    if target.content is not None:
        raise _Damaged("an array that is filled twice")
    count = 1
    for size in shape:
        if not isinstance(size, int) or not 0 <= size < 2**40 or len(shape) > 8:
            raise _Damaged("an array of no possible shape")
        count *= size
    if dtype.code[0] == "O":
        fits = isinstance(content, list) and len(content) == count
    else:
        fits = isinstance(content, bytes) and len(content) == count * int(dtype.code[1])
    if not fits:
        raise _Damaged(f"an array whose content does not have the shape {shape}")
    order = "" if dtype.code[0] == "O" else dtype.order
    target.shape, target.is_fortran, target.content = shape, is_fortran, content
    target.dtype = f"{order}{dtype.code}"


def _integers(run: bytes) -> list[int]:
    """The integers of a row of instructions: 1, 2 or 4 bytes after a letter, the last signed."""
    import numpy as np

    # Shorter ones are filled up with zeros behind, which are their upper bytes.
    rows = np.array(_INTEGER.findall(run), "S5").view("u1").reshape(-1, 5)
    numbers: list[int] = np.ascontiguousarray(rows[:, 1:]).view("<i4").ravel().tolist()
    return numbers


def _several(count: int) -> Callable[[_Machine], None]:
    """The instruction that makes a tuple of the topmost values."""

    def instruction(machine: _Machine) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return instruction


_INSTRUCTIONS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _Machine.protocol,
    b"\x95": lambda m: _ignore(m.take(8)),  # the size of a frame
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"\x8a": _Machine.long,
    b"U": lambda m: m.push(m.take(m.number(1))),
    b"T": lambda m: m.push(m.take(m.number(4))),
    b"C": lambda m: m.push(m.take(m.number(1))),
    b"B": lambda m: m.push(m.take(m.number(4))),
    b"\x8c": lambda m: m.push(m.text(m.number(1))),
    b"X": lambda m: m.push(m.text(m.number(4))),
    b"(": lambda m: m.mark(),
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"\x85": _several(1),
    b"\x86": _several(2),
    b"\x87": _several(3),
    b"a": lambda m: m.append([m.pop()]),
    b"e": lambda m: m.append(m.since_mark()),
    b"s": lambda m: m.put([m.pop(), m.pop()][::-1]),
    b"u": lambda m: m.put(m.since_mark()),
    b"q": lambda m: m.remember(m.number(1)),
    b"r": lambda m: m.remember(m.number(4)),
    b"\x94": lambda m: m.remember(len(m._memory)),
    b"h": lambda m: m.recall(m.number(1)),
    b"j": lambda m: m.recall(m.number(4)),
    b"c": lambda m: m.name(m.line(), m.line()),
    b"\x93": lambda m: m.name(*[m.pop(), m.pop()][::-1]),
    b"R": _Machine.phrase,
    b"b": _Machine.complete,
}


def _ignore(piece: bytes) -> None:
    """Nothing depends on these bytes."""
