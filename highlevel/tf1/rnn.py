"""Recurrent networks in TF1's spelling: cells run along time, one way and both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import thalweg.core
from thalweg.core import (
    GraphError,
    OptionError,
    Tensor,
    cast,
    concat,
    convert,
    expand_dims,
    flatten,
    less,
    rebuild,
    reverse,
    reverse_sequence,
    shape_of,
    transpose,
    where,
    zeros_like,
)

from .rnn_cells import batch_of
from .variable_scopes import variable_scope

__all__ = [
    "bidirectional_dynamic_rnn",
    "dynamic_rnn",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
]


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Runs a cell along sequences.

    Past a sequence's length its outputs are zeros and its state stays.

    Args:
        cell: an `RNNCell`.
        inputs: (batch, time, ...), or (time, batch, ...) if `time_major`.
        sequence_length: (batch,) integer; None: all are as long as the tensor.
        initial_state: in the structure of `cell.state_size`; zeros of `dtype` if None.
        dtype: of the initial state; that of the inputs if None.
        parallel_iterations, swap_memory: accepted.
        time_major: see `inputs`.
        scope: of the variables; "rnn" if None.

    Returns:
        The outputs, (batch, time, size) or time-major as the inputs are, and the last state.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     outputs, state = tf.nn.dynamic_rnn(
    ...         tf.nn.rnn_cell.BasicLSTMCell(3), tf.zeros([2, 5, 4]), dtype=tf.float32)
    ...     print(outputs.shape, state.h.shape)
    (2, 5, 3) (2, 3)
    """
    del parallel_iterations, swap_memory
    x = convert(inputs)
    x = x if time_major else _swapped(x)
    with variable_scope(scope or "rnn"):
        state = _start(cell, x, 1, initial_state, dtype)
        cell(x[0], state)  # makes the variables; nothing runs it
        if sequence_length is None:
            last, outputs = thalweg.core.scan(lambda s, row: _turned(cell(row, s)), state, x)
        else:
            last, outputs = _run_until(cell, x, state, convert(sequence_length))
    if not time_major:
        outputs = rebuild(outputs, iter([_swapped(y) for y in flatten(outputs)]))
    return outputs, last


def _start(cell: Any, x: Tensor, axis: int, initial_state: Any, dtype: Any) -> Any:
    if initial_state is not None:
        return initial_state
    return cell.zero_state(batch_of(x, axis), x.dtype if dtype is None else dtype)


def _turned(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    output, state = pair
    return state, output


def _swapped(x: Tensor) -> Tensor:
    """Batch and time change places."""
    return transpose(x, [1, 0, *range(2, x.ndim or 2)])


def _run_until(cell: Any, x: Tensor, state: Any, lengths: Tensor) -> tuple[Any, Any]:
    """A scan in which each sequence ends at its length."""
    steps = thalweg.core.arange(shape_of(x)[0])
    lengths = cast(lengths, steps.dtype)

    def step(state: Any, row: Any) -> Any:
        inputs, now = row
        output, new = cell(inputs, state)
        lives = less(now, lengths)
        kept = [_where(lives, a, b) for a, b in zip(flatten(new), flatten(state), strict=True)]
        outputs = [_where(lives, y, zeros_like(y)) for y in flatten(output)]
        return rebuild(new, iter(kept)), rebuild(output, iter(outputs))

    return thalweg.core.scan(step, state, (x, steps))


def _where(lives: Tensor, a: Tensor, b: Any) -> Tensor:
    while (lives.ndim or 0) < (a.ndim or 0):
        lives = expand_dims(lives, -1)
    return where(lives, a, convert(b))


def static_rnn(
    cell: Any,
    inputs: Sequence[Any],
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Runs a cell along a list of steps, each with operations of its own.

    Args:
        cell: an `RNNCell`.
        inputs: a list of (batch, features), one a step.
        initial_state: in the structure of `cell.state_size`; zeros of `dtype` if None.
        dtype: of the initial state; that of the inputs if None.
        sequence_length: (batch,) integer: past it outputs are zeros and the state stays.
        scope: of the variables; "rnn" if None.

    Returns:
        The outputs, a list, and the last state.

    Raises:
        OptionError: if there are no steps.
    """
    steps = [convert(x) for x in inputs]
    if not steps:
        raise OptionError("static_rnn", "there are no steps", got=repr(inputs))
    outputs = []
    with variable_scope(scope or "rnn"):
        state = _start(cell, steps[0], 0, initial_state, dtype)
        lengths = None if sequence_length is None else convert(sequence_length)
        for now, x in enumerate(steps):
            output, new = cell(x, state)
            if lengths is not None:
                lives = thalweg.core.greater(lengths, now)
                old = flatten(state)
                kept = [_where(lives, a, b) for a, b in zip(flatten(new), old, strict=True)]
                new = rebuild(new, iter(kept))
                output = _where(lives, output, zeros_like(output))
            outputs.append(output)
            state = new
    return outputs, state


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Runs a cell along sequences and another one backwards.

    Args:
        cell_fw, cell_bw: the cells.
        inputs: (batch, time, ...), or (time, batch, ...) if `time_major`.
        sequence_length: (batch,) integer; the way back starts at each sequence's own end.
        initial_state_fw, initial_state_bw: states to start with; zeros of `dtype` if None.
        dtype: of the initial states.
        parallel_iterations, swap_memory: accepted.
        time_major: see `inputs`.
        scope: of the variables; "bidirectional_rnn" if None.

    Returns:
        (forward outputs, backward outputs), and (last forward state, last backward state).
    """
    x = convert(inputs)
    time, batch = (0, 1) if time_major else (1, 0)

    def turned(y: Tensor) -> Tensor:
        if sequence_length is None:
            return reverse(y, [time])
        lengths = convert(sequence_length)
        return reverse_sequence(y, lengths, seq_axis=time, batch_axis=batch)

    options = {"dtype": dtype, "time_major": time_major, "sequence_length": sequence_length}
    with variable_scope(scope or "bidirectional_rnn"):
        forward, state_fw = dynamic_rnn(
            cell_fw, x, initial_state=initial_state_fw, scope="fw", **options
        )
        backward, state_bw = dynamic_rnn(
            cell_bw, turned(x), initial_state=initial_state_bw, scope="bw", **options
        )
    back = rebuild(backward, iter([turned(y) for y in flatten(backward)]))
    return (forward, back), (state_fw, state_bw)


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Sequence[Any],
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any, Any]:
    """Runs a cell along a list of steps and another one backwards, and joins their outputs.

    Args:
        cell_fw, cell_bw: the cells.
        inputs: a list of (batch, features), one a step.
        initial_state_fw, initial_state_bw: states to start with; zeros of `dtype` if None.
        dtype: of the initial states.
        sequence_length: (batch,) integer; the way back starts at each sequence's own end.
        scope: of the variables; "bidirectional_rnn" if None.

    Returns:
        The outputs, (batch, both sizes) each, the last forward and the last backward state.
    """
    steps = [convert(x) for x in inputs]
    with variable_scope(scope or "bidirectional_rnn"):
        forward, state_fw = static_rnn(
            cell_fw, steps, initial_state_fw, dtype, sequence_length, scope="fw"
        )
        backward, state_bw = static_rnn(
            cell_bw,
            _turned_list(steps, sequence_length),
            initial_state_bw,
            dtype,
            sequence_length,
            scope="bw",
        )
    back = _turned_list(backward, sequence_length)
    joined = [concat([a, b], axis=1) for a, b in zip(forward, back, strict=True)]
    return joined, state_fw, state_bw


def _turned_list(steps: Sequence[Tensor], lengths: Any) -> list[Tensor]:
    """The steps from the last to the first, each sequence from its own end."""
    if lengths is None:
        return list(reversed(steps))
    stacked = thalweg.core.stack(list(steps))
    turned = reverse_sequence(stacked, convert(lengths), seq_axis=0, batch_axis=1)
    return [turned[i] for i in range(len(steps))]


def raw_rnn(
    cell: Any,
    loop_fn: Any,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> Any:
    """Is not here: a loop whose every part the caller decides is written as a loop.

    Raises:
        GraphError: always, with the way out.
    """
    raise GraphError(
        "raw_rnn",
        "is not supported",
        expected="dynamic_rnn, static_rnn, or a loop",
        hint="write the steps with tf.while_loop, and collect outputs in a tf.TensorArray",
    )
