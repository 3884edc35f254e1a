"""A second meaning of programs: their text, read as Python reads it.

Inside a trace, reads and writes take effect in program order, and so they do in the functions of
loops and branches. So a program all of which is in one trace means the same if `core` computes at
once: its tensors are arrays, its variables cells, `cond` is `if`, and loops are Python's. This
checks what the interpreter takes for granted: that the text becomes the right graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

import thalweg.core as core

from .interpreter import Interpreter, with_rows

__all__ = ["Cell", "EagerCore"]

Array = np.ndarray[Any, Any]


SCATTERS = {
    "update": "last", "add": "add", "sub": "subtract", "max": "maximum", "min": "minimum",
}  # fmt: skip


class Now:
    """A tensor that has its value already."""

    op = None

    def __init__(self, eager: EagerCore, array: Array) -> None:
        self.eager = eager
        self.array = array

    def __getitem__(self, key: Any) -> Now:
        return self.eager.getitem(self, key)

    def __mul__(self, other: Any) -> Now:
        return self.eager.multiply(self, other)


class Cell:
    """A variable: what was last put in.

    Args:
        eager: whose program it belongs to.
        array: its initial value.
    """

    def __init__(self, eager: EagerCore, array: Array) -> None:
        self.eager = eager
        self.array = array

    def value(self) -> Now:
        return Now(self.eager, self.array)

    read_value = value

    def __getitem__(self, key: Any) -> Now:
        return self.value()[key]

    def put(self, array: Array) -> Now:
        self.array = np.array(array, self.array.dtype)
        return self.value()

    def assign(self, value: Any) -> Now:
        return self.put(value.array)

    def assign_add(self, value: Any) -> Now:
        return self.put(self.array + value.array)

    def assign_sub(self, value: Any) -> Now:
        return self.put(self.array - value.array)


class Trace:
    """Python needs no help to read in order."""

    writes = ()

    def open(self) -> AbstractContextManager[None]:
        return nullcontext()


class EagerCore:
    """The names of `core` that traced programs use.

    Args:
        cells: the variables' values, by the order in which the program makes them.
        feeds: the placeholders' values, in the same way.
        interpreter: computes single ops.
    """

    Trace = Trace

    def __init__(self, cells: list[Cell], feeds: list[Array], interpreter: Interpreter) -> None:
        self._cells = cells
        self._made = 0
        self._feeds: Iterator[Array] = iter(feeds)
        self._interpreter = interpreter

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A function of the core, on arrays."""
        if name.startswith("scatter_"):
            kind = SCATTERS[name.rpartition("_")[2]]
            return lambda cell, indices, rows: self.scatter(cell, kind, indices, rows)
        function = getattr(core, name)

        def compute(*args: Any, **kwargs: Any) -> Any:
            with core.Graph().as_default():
                result = function(*self._symbolic(args), **kwargs)
                is_list = isinstance(result, list | tuple)
                arrays = self._interpreter.run(list(result) if is_list else [result])
            values = [Now(self, array) for array in arrays]
            return values if is_list else values[0]

        return compute

    def _symbolic(self, value: Any) -> Any:
        if isinstance(value, Now | Cell):
            return core.constant(value.array)
        if isinstance(value, list | tuple):
            return type(value)(self._symbolic(item) for item in value)
        return value

    def Variable(self, array: Array) -> Cell:
        if self._made == len(self._cells):
            self._cells.append(Cell(self, array))
        cell = self._cells[self._made]
        self._made += 1
        return cell

    def placeholder(self, dtype: str, shape: Any = None) -> Now:
        return Now(self, next(self._feeds))

    def scatter(self, cell: Cell, kind: str, indices: Any, rows: Any) -> Now:
        """Writes some rows; or some elements, if the indices are vectors."""
        picked = np.array(indices)
        axes = picked.shape[1] if picked.ndim == 2 else 1
        if picked.ndim == 2:
            picked = np.ravel_multi_index(tuple(picked.T), cell.array.shape)
        return cell.put(with_rows(cell.array, kind, axes, picked, rows.array))

    def identity(self, x: Any) -> Now:
        return Now(self, x.array)

    def control_dependencies(self, nodes: Any) -> AbstractContextManager[None]:
        return nullcontext()

    def device(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def group(self, *nodes: Any) -> None:
        return None

    def cond(self, condition: Any, first: Callable[[], Any], second: Callable[[], Any]) -> Any:
        return self._held(first() if condition.array else second())

    def while_loop(self, condition: Any, body: Any, values: list[Any]) -> list[Any]:
        values = self._held(values)
        while condition(*values).array:
            values = self._held(body(*values))
        return values

    def scan(self, function: Any, carried: Any, along: Any, reverse: bool = False) -> Any:
        [carried] = self._held([carried])
        rows: dict[int, Array] = {}
        steps = range(len(along.array))
        array = along.array
        for i in reversed(steps) if reverse else steps:
            carried, row = self._held(function(carried, Now(self, array[i])))
            rows[i] = row.array
        return carried, Now(self, np.stack([rows[i] for i in steps]))

    def map_fn(self, function: Any, along: Any) -> Now:
        array = along.array
        return Now(self, np.stack([function(Now(self, part)).array for part in array]))

    def _held(self, values: Any) -> list[Now]:
        """Values as they are now: a variable among them may change later."""
        return [Now(self, value.array) for value in values]
