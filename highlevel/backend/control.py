"""Choices between tensors, and functions over the steps of sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg import core
from thalweg.core import OptionError, Tensor

from .settings import learning_phase

__all__ = ["foldl", "foldr", "in_test_phase", "in_train_phase", "map_fn", "rnn", "switch"]


def _made(x: Any) -> Any:
    return x() if callable(x) else x


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors, by a condition; or for each of their entries.

    Args:
        condition: a boolean scalar; or of fewer axes than the tensors, or as many, then it chooses
            among their entries.
        then_expression: a tensor, or a function of nothing that makes it.
        else_expression: the same, of the same shape.

    >>> from thalweg.backend import eval
    >>> eval(switch([True, False], [[1.0], [2.0]], [[3.0], [4.0]])).tolist()
    [[1.0], [4.0]]
    """
    chosen = core.cast(condition, "bool")
    if chosen.ndim == 0:
        first, second = (
            x if callable(x) else (lambda x=x: x) for x in (then_expression, else_expression)
        )
        return core.cond(chosen, lambda: core.convert(first()), lambda: core.convert(second()))
    yes, no = core.convert_all(_made(then_expression), _made(else_expression))
    while (chosen.ndim or 0) < (yes.ndim or 0):
        chosen = core.expand_dims(chosen, -1)
    return core.where(chosen, yes, no)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`x` while a model trains, `alt` otherwise.

    Args:
        x: a tensor, or a function of nothing that makes it.
        alt: the same.
        training: a bool, a boolean scalar, or None for the learning phase.

    >>> from thalweg.backend import eval
    >>> float(eval(in_train_phase(1.0, 2.0)))
    2.0
    """
    if isinstance(training, int):
        return _made(x if training else alt)
    phase = learning_phase() if training is None else training
    return core.choose(core.cast(phase, "bool"), core.convert(_made(x)), core.convert(_made(alt)))


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`alt` while a model trains, `x` otherwise.

    >>> from thalweg.backend import eval
    >>> float(eval(in_test_phase(1.0, 2.0)))
    1.0
    """
    return in_train_phase(alt, x, training)


def map_fn(fn: Callable[[Any], Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """What a function gives of each row, one after another.

    Args:
        fn: of a row, or of a tuple of rows if there are several tensors.
        elems: a tensor, or several of as many rows.
        name: of the nodes.
        dtype: accepted as in Keras; the results say it.

    >>> from thalweg.backend import eval
    >>> eval(map_fn(lambda row: row * 2.0, [[1.0], [2.0]])).tolist()
    [[2.0], [4.0]]
    """
    return core.map_fn(fn, elems, name)


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """What a function gives of what it gave before and the next row, from the first to the last.

    Args:
        fn: of (result so far, row).
        elems: a tensor.
        initializer: what it begins with; None for the first row.
        name: of the nodes.

    >>> from thalweg.backend import eval
    >>> float(eval(foldl(lambda total, x: total * 10.0 + x, [1.0, 2.0, 3.0])))
    123.0
    """
    return core.foldl(fn, elems, initializer, name)


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """`foldl` from the last row to the first.

    >>> from thalweg.backend import eval
    >>> float(eval(foldr(lambda total, x: total * 10.0 + x, [1.0, 2.0, 3.0])))
    321.0
    """
    return core.foldr(fn, elems, initializer, name)


def rnn(
    step_function: Callable[[Any, list[Any]], tuple[Any, list[Any]]],
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Runs a function along time.

    Args:
        step_function: (inputs of a step, states and then constants) to (output, new states).
        inputs: (batch, time, ...).
        initial_states: one tensor for each state.
        go_backwards: whether it begins at the last step.
        mask: (batch, time); where it is false, states stay, and the output is the one before,
            zeros at first.
        constants: given to every step after the states.
        unroll: accepted as in Keras.
        input_length: accepted as in Keras.

    Returns:
        The last output, all outputs (batch, time, ...), the last states.

    Raises:
        OptionError: if there is no state.

    >>> from thalweg.backend import eval
    >>> add = lambda x, states: (x + states[0], [x + states[0]])
    >>> last, outputs, states = rnn(add, [[[1.0], [2.0], [3.0]]], [[[0.0]]])
    >>> eval(last).tolist(), eval(outputs).ravel().tolist()
    ([[6.0]], [1.0, 3.0, 6.0])
    """
    if not initial_states:
        raise OptionError("rnn", "there is no state", expected="at least one initial state")
    x = core.convert(inputs)
    more = list(constants or ())
    states = [core.convert(state) for state in initial_states]
    output, _ = step_function(x[:, 0], [*states, *more])  # only for its type
    steps = _steps_first(x)
    is_kept = None if mask is None else _steps_first(core.cast(mask, "bool"))

    def step(carries: Any, now: Any) -> Any:
        before, old = carries[0], list(carries[1:])
        made, new = step_function(now[0], [*old, *more])
        if is_kept is not None:
            made = switch(now[1], made, before)
            new = [switch(now[1], a, b) for a, b in zip(new, old, strict=True)]
        return (made, *new), made

    carries = (core.zeros_like(output), *states)
    rows = (steps,) if is_kept is None else (steps, is_kept)
    (last, *ends), outputs = core.scan(step, carries, rows, reverse=go_backwards)
    if go_backwards:
        outputs = core.reverse(outputs, 0)  # in the order in which they were made
    return last, _steps_first(outputs), list(ends)


def _steps_first(x: Tensor) -> Tensor:
    """(batch, time, ...) to (time, batch, ...), or back."""
    return core.transpose(x, [1, 0, *range(2, x.ndim or 2)])
