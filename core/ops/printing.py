"""Printing from inside a run: `Print`, `print_v2`.

Both are written when a run needs them, in creation order among what has effects.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np

from ..errors import OptionError, user_site
from ..graph import Operation, Tensor, control_dependencies, current_context
from ..opdef import REGISTRY, OpDef, apply, apply_many, no_gradient, register
from ..types import TensorType
from .sizes import beside
from .source import convert
from .state import Variable

__all__ = ["Print", "print_v2"]


def after(operation: Operation, x: Tensor, op: OpDef, name: str | None) -> Tensor:
    """`op` of `x`, but only after `operation` has run."""
    in_body = current_context().graph.outer is not None  # there, what is outside is captured
    with nullcontext() if in_body else beside(x), control_dependencies([operation]):
        return apply(op, x, name=name)


# Values as text ---------------------------------------------------------------------------------


def element_text(value: Any) -> str:
    """One element; bytes that are not UTF-8 are escaped."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


def flat_text(array: np.ndarray[Any, Any], count: int) -> str:
    """`[1 2 3...]`: the first `count` elements in one row, all of them if negative."""
    flat = array.reshape(-1)
    shown = flat if count < 0 else flat[:count]
    more = "..." if len(shown) < len(flat) else ""
    return f"[{' '.join(map(element_text, shown))}{more}]"


def nested_text(array: np.ndarray[Any, Any], count: int, indent: int = 1) -> str:
    """Rows in brackets: the first and last `count` of each axis, all of them if negative."""
    if not array.ndim:
        return element_text(array[()])
    size = len(array)
    is_whole = count < 0 or size <= 2 * count
    places = range(size) if is_whole else (*range(count), *range(size - count, size))
    parts = [nested_text(np.asarray(array[i, ...]), count, indent + 1) for i in places]
    if not is_whole:
        parts.insert(count, "...")
    return f"[{(' ' if array.ndim == 1 else chr(10) + ' ' * indent).join(parts)}]"


class _Sink:
    """Where text goes: a stream by name, looked up when it is written, a file, or a function."""

    NAMES = ("stderr", "stdout")

    def __init__(self, target: Any) -> None:
        named = {id(getattr(sys, name)): name for name in self.NAMES}
        self.target = named.get(id(target), target)
        is_name = isinstance(target, str) and target in self.NAMES
        if not (is_name or callable(target) or hasattr(target, "write")):
            raise OptionError(
                "print_v2",
                "not a place to print to",
                expected="'stderr', 'stdout', an open file, or a function of the text",
                got=repr(target),
                site=user_site(3),
            )

    def write(self, text: str) -> None:
        """Writes it at once."""
        target = getattr(sys, self.target) if isinstance(self.target, str) else self.target
        if not hasattr(target, "write"):
            target(text)
            return
        target.write(text)
        if hasattr(target, "flush"):
            target.flush()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sink) and self.target is other.target

    def __hash__(self) -> int:
        return id(self.target)

    def __repr__(self) -> str:
        return self.target if isinstance(self.target, str) else type(self.target).__name__


@register
class PrintText(OpDef):
    """Prints text and tensors.  (...) of any dtype each -> nothing.

    With `first_n`, the last input is () integer: how often it has printed, this time included.
    """

    pieces: tuple[str | int, ...]  # text, and inputs by number
    end: str
    summarize: int
    nested: bool
    sink: _Sink
    first_n: int | None
    runs_on_host: ClassVar[bool] = True
    has_effect: ClassVar[bool] = True
    is_pure: ClassVar[bool] = False

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """No outputs."""
        return ()

    infer_unknown = infer

    def compute(self, xp: Any, *inputs: Any) -> Any:
        """One write."""
        del xp
        if self.first_n is None or int(inputs[-1]) <= self.first_n:
            write = nested_text if self.nested else flat_text
            arrays = [np.asarray(x) for x in inputs]
            parts = [
                piece if isinstance(piece, str) else write(arrays[piece], self.summarize)
                for piece in self.pieces
            ]
            self.sink.write("".join(parts) + self.end)
        return ()

    gradient = no_gradient


def Print(
    input_: Any,
    data: Sequence[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """`input_` itself; a run that needs it prints `data` to the standard error stream.

    Args:
        input_: (...) of any dtype. Its gradient passes through.
        data: a list of tensors, printed as `[1 2 3...]` each.
        message: printed before them.
        first_n: how many runs of a session print; all of them if None or negative.
        summarize: elements of each tensor that are printed; 3 if None, all of them if negative.
        name: of the node.

    Returns:
        `input_`.

    >>> from thalweg.core import Session, constant
    >>> x = constant([1.0, 2.0])
    >>> y = Print(x, [x], "x is ") * 2.0
    >>> import contextlib, sys
    >>> with contextlib.redirect_stderr(sys.stdout):
    ...     Session().run(y).tolist()
    x is [1.0 2.0]
    [2.0, 4.0]
    """
    x = convert(input_)
    pieces: list[str | int] = [message or "", *range(len(data))]
    count = 3 if summarize is None else int(summarize)
    inputs = [convert(item) for item in data]
    limit = None if first_n is None or first_n < 0 else int(first_n)
    if limit is not None:
        runs = Variable(np.zeros((), np.int64), trainable=False, name="Print/count")
        inputs.append(runs.assign_add(1))
    op = PrintText(tuple(pieces), "\n", count, False, _Sink("stderr"), limit)
    operation = apply_many(op, *inputs, name="Print/text")
    return after(operation, x, REGISTRY["Identity"](), name or "Print")


def print_v2(
    *inputs: Any,
    output_stream: Any = "stderr",
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> Operation:
    """Prints its arguments as Python's `print` does, when a run needs it.

    Args:
        inputs: tensors and variables, anything else that has a `str`, and lists, tuples and
            dicts of these.
        output_stream: `"stderr"` or `"stdout"`, whatever they are at the time; an open file; or
            a function that is called with the text, such as `logging.info`.
        summarize: how many of the first and last elements of each axis are printed; all if
            negative.
        sep: stands between the arguments.
        end: stands behind the last.
        name: of the node.

    Returns:
        The operation, to be run or to stand in `control_dependencies`.

    Raises:
        OptionError: if nothing can be printed to `output_stream`.

    >>> from thalweg.core import Session, arange
    >>> Session().run(print_v2("x:", arange(8), output_stream="stdout"))
    x: [0 1 2 ... 5 6 7]
    """
    sink = _Sink(output_stream)
    tensors: list[Tensor] = []
    pieces: list[str | int] = []
    for number, item in enumerate(inputs):
        pieces += [sep] if number else []
        pieces += _pieces(item, tensors)
    op = PrintText(tuple(pieces), end, int(summarize), True, sink, None)
    return apply_many(op, *tensors, name=name or "print_v2")


def _pieces(item: Any, tensors: list[Tensor]) -> list[str | int]:
    """The text of an argument; its tensors are appended and stand there by their number."""
    if isinstance(item, Tensor | Variable):
        tensors.append(convert(item))
        return [len(tensors) - 1]
    if isinstance(item, Mapping):
        rows = [[f"{key!r}: ", *_pieces(value, tensors)] for key, value in item.items()]
        return ["{", *_joined(rows), "}"]
    if isinstance(item, list | tuple):
        is_list = isinstance(item, list)
        rows = [_pieces(value, tensors) for value in item]
        closing = "]" if is_list else ",)" if len(item) == 1 else ")"
        return ["[" if is_list else "(", *_joined(rows), closing]
    return [str(item)]


def _joined(rows: Sequence[Sequence[str | int]]) -> list[str | int]:
    return [piece for n, row in enumerate(rows) for piece in ([", "] if n else []) + list(row)]
