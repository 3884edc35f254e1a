"""Random programs, as the Python text that builds and runs them.

A program is a list of steps: statements, which add to the graph; runs; and loads of variables.
The writer knows no more of the core than its names: it keeps the shape and dtype of every value it
has written, and draws each choice from a seed, so a program is known by its number.

Numbers are such that arithmetic is exact, and results can be compared to the last bit whatever the
order of additions: integers, which wrap, and floats that are small integers, kept small by
clipping.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

__all__ = ["Kind", "Load", "Program", "Run", "Statement", "Step", "Unwritable", "Value", "Writer"]

T = TypeVar("T")
Kind = Callable[["Writer"], None]
Shape = tuple[int | str, ...]  # "n" and "k" are sizes that a run chooses

SIZES = {"n": (2, 1, 3), "k": (1, 3)}
FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64")
NUMBERS = (*FLOATS, *INTEGERS)
SHAPES: tuple[Shape, ...] = ((), (2,), (3,), (2, 3), (3, 2), (1, 3), (2, 2))
OPEN_SHAPES: tuple[Shape, ...] = (("n",), ("n", 3), ("n", 2), (2, "n"))
MAX_SIZE = 36  # elements of what a statement makes from smaller things


# Programs ---------------------------------------------------------------------------------------


class Value(NamedTuple):
    """A tensor or a variable in a program.

    Attributes:
        name: a Python expression for it.
        shape: sizes, by name where a run chooses them.
        is_early: constants and fed values decide it, so it may decide a size or a choice.
    """

    name: str
    dtype: str
    shape: Shape
    is_early: bool = False


@dataclass(frozen=True)
class Statement:
    """Python that adds to the graph."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Run:
    """A call of `Session.run`.

    Attributes:
        session: 0 or 1.
        fetches: Python expressions.
        feeds: for each name, an array as Python text.
        is_sparse: feeds only what the fetches need.
    """

    session: int
    fetches: tuple[str, ...]
    feeds: tuple[tuple[str, str], ...]
    is_sparse: bool = False

    def __str__(self) -> str:
        feeds = ", ".join(f"{name}: {array}" for name, array in self.feeds)
        note = "  # without the feeds it does not need" if self.is_sparse else ""
        return f"session{self.session}.run([{', '.join(self.fetches)}], {{{feeds}}}){note}"


@dataclass(frozen=True)
class Load:
    """A call of `Session.load`."""

    session: int
    variable: str
    array: str

    def __str__(self) -> str:
        return f"session{self.session}.load({self.variable}, {self.array})"


Step = Statement | Run | Load

HEADER = """\
import numpy as np
import thalweg.core as core
from model.effects import note
array = np.array
session0, session1 = core.Session(), core.Session()
core.get_default_graph().seed = 7"""


@dataclass(frozen=True)
class Program:
    """Steps in order. Prints as a script."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join((HEADER, *map(str, self.steps)))


# The writer -------------------------------------------------------------------------------------


class Unwritable(Exception):
    """A statement lacks something that cannot be made where it stands."""


@dataclass
class Scope:
    """What may be used in the next statement; a function sees what is around it, too.

    Attributes:
        values: tensors, in the order in which they were written.
        operations: Python expressions for operations.
        writes: names of the operations and values that write, each with its variable.
    """

    values: list[Value] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    writes: list[tuple[str, Value]] = field(default_factory=list)


class Writer:
    """A program being written.

    Attributes:
        scopes: of the functions around the next statement, outermost first.
        variables: variables.
        placeholders: those that a run must feed.
        traces: names of traces.
        depth: of indentation.
        no_placeholders: no more of them may be made.

    Args:
        seed: its number.
        inside: the kinds of statements that may stand in blocks and functions.
    """

    def __init__(self, seed: int, inside: Sequence[Kind]) -> None:
        self._random = random.Random(seed)
        self.choice = self._random.choice
        self.index = self._random.randrange
        self.steps: list[Step] = []
        self.scopes = [Scope()]
        self.variables: list[Value] = []
        self.placeholders: list[Value] = []
        self.traces: list[str] = []
        self.depth = 0
        self.no_placeholders = False
        self._inside = inside
        self._lines: list[str] = []
        self._names = 0

    def coin(self, percent: int) -> bool:
        """True with this probability."""
        return self._random.random() * 100 < percent

    # Text ---------------------------------------------------------------------------------------

    def name(self, prefix: str) -> str:
        """A name that is not taken."""
        self._names += 1
        return f"{prefix}{self._names - 1}"

    def line(self, text: str) -> None:
        """Adds a line; outside of blocks that is a statement."""
        self._lines.append("    " * self.depth + text)
        if not self.depth:
            self._end_statement()

    def _end_statement(self) -> None:
        self.steps.append(Statement("\n".join(self._lines)))
        self._lines = []

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """An indented block."""
        self._lines.append("    " * self.depth + head)
        self.depth += 1
        count = len(self._lines)
        try:
            yield
        finally:
            if len(self._lines) == count:
                self.line("pass")
            self.depth -= 1
            if not self.depth:
                self._end_statement()

    @contextmanager
    def function(self, parameters: Sequence[Value] = ()) -> Iterator[str]:
        """A function whose body is written inside the `with`; gives its name."""
        name = self.name("f")
        names = ", ".join(value.name for value in parameters)
        with self.block(f"def {name}({names}):"):
            self.scopes.append(Scope(values=list(parameters)))
            try:
                yield name
            finally:
                self.scopes.pop()

    def statement(self, kinds: Sequence[Kind]) -> None:
        """Writes a statement of one of these kinds, if it can be made here."""
        with suppress(Unwritable):
            self.choice(kinds)(self)

    def inner_statements(self, most: int) -> None:
        """Some statements of a block or function."""
        for _ in range(1 + self.index(most)):
            self.statement(self._inside)

    def define(self, text: str, dtype: str, shape: Shape, *, is_early: bool = False) -> Value:
        """`v7 = text`, a value from now on."""
        value = Value(self.name("v"), dtype, shape, is_early)
        self.line(f"{value.name} = {text}")
        self.here.values.append(value)
        return value

    def literal(self, dtype: str, shape: Shape, sizes: dict[str, int] | None = None) -> str:
        """An array of small numbers as Python text."""

        def numbers(rest: Sequence[int]) -> Any:
            if rest:
                return [numbers(rest[1:]) for _ in range(rest[0])]
            return self.coin(50) if dtype == "bool" else self.index(6) - 2

        real = [(sizes or {})[n] if isinstance(n, str) else n for n in shape]
        return f'array({numbers(real)}, "{dtype}")'

    # What a statement may use -------------------------------------------------------------------

    @property
    def here(self) -> Scope:
        """The innermost scope."""
        return self.scopes[-1]

    @property
    def is_in_body(self) -> bool:
        """True in the functions of loops and branches."""
        return len(self.scopes) > 1

    @property
    def values(self) -> list[Value]:
        """All tensors that may be used."""
        return [value for scope in self.scopes for value in scope.values]

    def find(self, fits: Callable[[Value], bool]) -> Value | None:
        """A tensor or variable that fits, rather a late one."""
        found = [v for v in (*self.variables, *self.values) if fits(v)]
        return self.late(found) if found else None

    def late(self, items: Sequence[T]) -> T:
        """One of the items, rather one of the last."""
        return items[-1 - self.index(min(len(items), 4) if self.coin(50) else len(items))]

    def number(self, dtypes: Sequence[str] = NUMBERS) -> Value:
        """A value of one of these dtypes; made if there is none."""
        return self.find(lambda v: v.dtype in dtypes) or self.constant(self.choice(dtypes))

    def like(self, dtype: str, shape: Shape) -> Value:
        """A value of just this type; made if there is none."""
        found = self.find(lambda v: v.dtype == dtype and v.shape == shape)
        return found or self.constant(dtype, shape)

    def constant(self, dtype: str, shape: Shape | None = None) -> Value:
        """A value made of nothing: a constant, or a placeholder where sizes are open."""
        if shape is None:
            shape = self.choice(SHAPES)
        if any(isinstance(size, str) for size in shape):
            return self.placeholder(dtype, shape)
        text = f"core.constant({self.literal(dtype, shape)})"
        return self.define(text, dtype, shape, is_early=True)

    def placeholder(self, dtype: str, shape: Shape) -> Value:
        """A new placeholder, declared with more or less of its sizes."""
        self.leave_body()
        sizes = [None if isinstance(n, str) or self.coin(10) else n for n in shape]
        value = self.define(f'core.placeholder("{dtype}", {sizes})', dtype, shape, is_early=True)
        self.placeholders.append(value)
        return value

    def leave_body(self) -> None:
        """Gives the statement up inside the function of a loop or branch."""
        self.limit(self.is_in_body or self.no_placeholders)

    def limit(self, is_reached: bool) -> None:
        """Gives the statement up if it is."""
        if is_reached:
            raise Unwritable
