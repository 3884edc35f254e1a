"""`RNN`: a cell run along a sequence, as one scan."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, Variable, current_session, flatten
from thalweg.core.errors import OptionError, ShapeError

from ...saving.config import serialize
from ..base import Layer
from .cells import StackedRNNCells, build_inside, call_cell, output_size, state_sizes

__all__ = ["RNN"]


class RNN(Layer):
    """Runs a cell along the time axis of sequences.

    A masked step leaves the states as they are and repeats the output before it.

    Args:
        cell: what a step computes: a cell of this module, one of your own, or a list of cells that
            are stacked.
        return_sequences: give the output at each time, not only the last.
        return_state: give the last states as well, after the output.
        go_backwards: run from the last time to the first; outputs come in the order in which they
            are computed.
        stateful: start each batch with the states that the last one left; needs a known batch:
            `batch_input_shape=(32, None, 8)`.
        unroll: accepted as in Keras: the loop is one operation in any case.
        zero_output_for_mask: masked steps give zeros.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, features); or a list of it and of initial states, which also may be given
        as `initial_state=`.

    Output shape:
        (batch, units), or (batch, time, units) of `return_sequences`; with `return_state` a list
        of it and of the states, (batch, units) each.

    >>> import numpy as np
    >>> from thalweg.layers import LSTMCell
    >>> RNN(LSTMCell(3), return_sequences=True)(np.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell, name="stacked_rnn_cells")
        self.cell: Any = cell
        if not callable(getattr(self.cell, "call", None)) or not hasattr(self.cell, "state_size"):
            raise OptionError(
                "RNN",
                "not a cell",
                expected="a layer with state_size, whose call(inputs, states) gives both anew",
                got=repr(cell),
            )
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self._states: list[Variable] = []

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, as JSON data; of a list of cells the cell made of it."""
        config = super().get_config()
        return {**config, "cell": serialize(self.cell)} if "cell" in config else config

    # Building -----------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Builds the cell, and the variables of a stateful layer."""
        shape = input_shape[0] if _is_nested(input_shape) else input_shape
        if len(shape) < 3:
            raise ShapeError(
                type(self).__name__,
                "takes sequences",
                expected="(batch, time, features)",
                got=str(tuple(shape)),
            )
        build_inside(self.cell, (shape[0], *shape[2:]))
        if self.stateful:
            self._make_states(shape)

    def _make_states(self, shape: Any) -> None:
        if shape[0] is None:
            raise ShapeError(
                type(self).__name__,
                "a stateful layer must know the size of the batch",
                got=str(tuple(shape)),
                layer=self._label,
                hint="batch_input_shape=(32, None, 8), or Input(batch_shape=(32, None, 8))",
            )
        for number, size in enumerate(self._state_shapes(shape)):
            zeros = np.zeros((shape[0], *size), core.as_dtype(self.dtype).numpy)
            state = Variable(zeros, trainable=False, name=f"state_{number}")
            state.always_updated = True
            self._states.append(state)

    def _state_shapes(self, shape: Any) -> list[tuple[int, ...]]:
        """The shapes of the states, without the batch."""
        return [tuple(s) if isinstance(s, list | tuple) else (s,) for s in state_sizes(self.cell)]

    @property
    def states(self) -> list[Variable]:
        """The states of a stateful layer, one variable each; they are none of its weights."""
        return self._states

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer: to zeros, or to these arrays.

        Raises:
            OptionError: if the layer is not stateful, or has not been built.
        """
        if not self._states:
            raise OptionError(
                "reset_states",
                "the layer keeps no states",
                layer=self._label,
                hint="stateful=True, and a first call",
            )
        given = [None] * len(self._states) if states is None else list(states)
        for variable, value in zip(self._states, given, strict=True):
            sizes: Any = variable.shape
            zeros = np.zeros(sizes, variable.dtype.numpy)
            array = zeros if value is None else np.asarray(value, variable.dtype.numpy)
            current_session().load(variable, array)

    reset_state = reset_states

    # Calling ------------------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the sequences, if these are returned."""
        first = mask[0] if isinstance(mask, list | tuple) and mask else mask
        kept = first if self.return_sequences else None
        return [kept, *[None] * len(state_sizes(self.cell))] if self.return_state else kept

    def call(
        self, inputs: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """The outputs, as the options say."""
        if isinstance(inputs, list | tuple):
            inputs, initial_state = inputs[0], initial_state or list(inputs[1:]) or None
            mask = mask[0] if isinstance(mask, list | tuple) else mask
        x = core.cast(inputs, self.dtype)
        starts = self._starts(x, initial_state)
        if self.go_backwards:
            x = core.reverse(x, [1])
            mask = None if mask is None else core.reverse(mask, [1])
        last, outputs, states = self._run(x, starts, mask, training)
        for variable, state in zip(self._states, states, strict=False):
            variable.assign(state)
        result = _swapped(outputs) if self.return_sequences else last
        return [result, *states] if self.return_state else result

    def _starts(self, x: Tensor, initial_state: Any) -> list[Tensor]:
        if initial_state is not None:
            given = [core.cast(core.convert(s), self.dtype) for s in flatten(initial_state)]
            if len(given) != len(state_sizes(self.cell)):
                raise ShapeError(
                    type(self).__name__,
                    "wrong number of initial states",
                    expected=str(len(state_sizes(self.cell))),
                    got=str(len(given)),
                )
            return given
        if self._states:
            return [variable.value() for variable in self._states]
        return self._zeros(x)

    def _zeros(self, x: Tensor) -> list[Tensor]:
        """The states before the first batch."""
        batch = core.shape_of(x)[0]
        make = getattr(self.cell, "get_initial_state", None)
        if make is not None and not isinstance(self.cell, StackedRNNCells):
            made = make(batch_size=batch)
            return [core.convert(state) for state in flatten(made)]
        shapes = self._state_shapes(x.shape)
        return [core.zeros([batch, *shape], self.dtype) for shape in shapes]

    def _run(
        self, x: Tensor, starts: list[Tensor], mask: Tensor | None, training: Any
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """The last output, all of them (time, batch, ...), and the last states."""
        cell = self.cell
        begin = getattr(cell, "begin", None)
        if begin is not None:
            with core.name_scope(cell.name):
                x, step = begin(x, training)
        else:

            def step(x: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
                return call_cell(cell, x, states, training)

        if mask is None and getattr(cell, "output_is_state", False):
            states, outputs = core.scan(lambda s, row: _turned(step(row, s)), starts, _swapped(x))
            return states[0], outputs, states
        first = self._first_output(x, starts)
        along = (_swapped(x),) if mask is None else (_swapped(x), _swapped(mask))

        def body(carry: Any, row: Any) -> Any:
            before, states = carry
            output, new = step(row[0], states)
            if mask is not None:
                otherwise = core.zeros_like(output) if self.zero_output_for_mask else before
                output = _where(row[1], output, otherwise)
                new = [_where(row[1], a, b) for a, b in zip(new, states, strict=True)]
            return (output, new), output

        (last, states), outputs = core.scan(body, (first, starts), along)
        return last, outputs, states

    def _first_output(self, x: Tensor, starts: list[Tensor]) -> Tensor:
        """What stands for the output before the first."""
        if getattr(self.cell, "output_is_state", False):
            return core.zeros_like(starts[0])
        size = output_size(self.cell)
        sizes = tuple(size) if isinstance(size, list | tuple) else (size,)
        return core.zeros([core.shape_of(x)[0], *sizes], self.dtype)

    def get_initial_state(self, batch_size: Any) -> list[Tensor]:
        """Zeros, as the layer starts with; a tensor for each state."""
        shapes = self._state_shapes(None)
        return [core.zeros([batch_size, *shape], self.dtype) for shape in shapes]


def _is_nested(shape: Any) -> bool:
    return bool(shape) and isinstance(shape[0], list | tuple)


def _turned(pair: tuple[Tensor, list[Tensor]]) -> tuple[list[Tensor], Tensor]:
    output, states = pair
    return states, output


def _swapped(x: Tensor) -> Tensor:
    """Batch and time change places."""
    return core.transpose(x, [1, 0, *range(2, x.ndim or 2)])


def _where(mask: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """a or b, by sample."""
    while (mask.ndim or 0) < (a.ndim or 0):
        mask = core.expand_dims(mask, -1)
    return core.where(mask, a, b)
