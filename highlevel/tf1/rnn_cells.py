"""What one step of a recurrent network computes, with TF1's variables.

A cell maps (inputs, state) to (output, new state). A cell of one's own is a subclass of `RNNCell`
with `state_size`, `output_size` and `call(inputs, state)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from thalweg.core import (
    Tensor,
    clip_by_value,
    concat,
    convert,
    flatten,
    matmul,
    rebuild,
    shape_of,
    sigmoid,
    split,
    tanh,
    zeros,
)

from .arguments import refuse
from .initializer_classes import ones_initializer, zeros_initializer
from .layers.base import Layer, known_size
from .variable_scopes import variable_scope

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "MultiRNNCell",
    "RNNCell",
    "batch_of",
]


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: its cell, and its output."""

    c: Any
    h: Any


class RNNCell(Layer):
    """Base of cells."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """One step.

        Args:
            inputs: (batch, features).
            state: (batch, size) for each of `state_size`, in its structure.
            scope: of the variables, in the place of one named after the class.

        Returns:
            (batch, output_size), and the new state.
        """
        return super().__call__(inputs, state, scope=scope)

    @property
    def state_size(self) -> Any:
        """The sizes of the state."""
        raise NotImplementedError(type(self).__name__)

    @property
    def output_size(self) -> Any:
        """The size of the output."""
        raise NotImplementedError(type(self).__name__)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros, in the structure of `state_size`."""
        sizes = self.state_size
        made = [
            zeros([batch_size, *(size if isinstance(size, list | tuple) else [size])], dtype)
            for size in flatten(sizes)
        ]
        return rebuild(sizes, iter(made))


def _matrix(cell: Layer, name: str, rows: int, columns: int, initializer: Any = None) -> Any:
    return cell.add_variable(name, [rows, columns], initializer=initializer)


def _joined(inputs: Tensor, state: Any) -> Tensor:
    return concat([inputs, state], axis=1)


class BasicRNNCell(RNNCell):
    """output = state = activation([inputs, state] kernel + bias).

    Args:
        num_units: size of output and state.
        activation: tanh if None.
        reuse: whether variables of the scope are used again.
        name: of the layer.
        dtype: of the variables.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self._num_units = num_units
        self._activation = activation or tanh

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    output_size = state_size

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        rows = known_size(self, input_shape, -1) + self._num_units
        self._kernel = _matrix(self, "kernel", rows, self._num_units)
        self._bias = self.add_variable("bias", [self._num_units], initializer=zeros_initializer())

    def call(self, inputs: Tensor, state: Any) -> Any:
        """As above."""
        output = self._activation(matmul(_joined(inputs, state), self._kernel) + self._bias)
        return output, output


class GRUCell(RNNCell):
    """r, u = sigmoid(gates), state' = u state + (1 - u) activation([inputs, r state] candidate).

    Cho et al., 2014. Args as `BasicRNNCell`'s, and:

    Args:
        num_units: size of output and state.
        activation: of the candidate; tanh if None.
        reuse: whether variables of the scope are used again.
        kernel_initializer: what both kernels start from.
        bias_initializer: what both biases start from; ones for the gates, zeros for the candidate
            if None.
        name: of the layer.
        dtype: of the variables.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self._num_units = num_units
        self._activation = activation or tanh
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self._num_units

    output_size = state_size

    def build(self, input_shape: Any) -> None:
        """Makes the kernels and biases of gates and candidate."""
        units = self._num_units
        rows = known_size(self, input_shape, -1) + units
        start = self._kernel_initializer
        bias = self._bias_initializer
        self._gates = _matrix(self, "gates/kernel", rows, 2 * units, start)
        self._gates_bias = self.add_variable(
            "gates/bias", [2 * units], initializer=bias or ones_initializer()
        )
        self._candidate = _matrix(self, "candidate/kernel", rows, units, start)
        self._candidate_bias = self.add_variable(
            "candidate/bias", [units], initializer=bias or zeros_initializer()
        )

    def call(self, inputs: Tensor, state: Any) -> Any:
        """As above."""
        gates = sigmoid(matmul(_joined(inputs, state), self._gates) + self._gates_bias)
        r, u = split(gates, 2, axis=1)
        inner = matmul(_joined(inputs, r * state), self._candidate) + self._candidate_bias
        new = u * state + (1.0 - u) * self._activation(inner)
        return new, new


class LSTMCell(RNNCell):
    """c' = sigmoid(f + forget_bias) c + sigmoid(i) activation(j), h' = sigmoid(o) activation(c').

    i, j, f, o are the parts of [inputs, h] kernel + bias, in this order. Sak, Senior and Beaufays,
    "Long Short-Term Memory Based Recurrent Neural Network Architectures", 2014, for peepholes and
    projection.

    Args:
        num_units: size of the cell.
        use_peepholes: whether the gates see the cell, each unit its own.
        cell_clip: bound of the cell's values; None for none.
        initializer: what kernel and projection start from.
        num_proj: size to which the output is projected; None for none.
        proj_clip: bound of the projected values.
        num_unit_shards, num_proj_shards: must be None.
        forget_bias: added to the forget gate.
        state_is_tuple: whether the state is an `LSTMStateTuple`, or (batch, 2 units).
        activation: tanh if None.
        reuse: whether variables of the scope are used again.
        name: of the layer.
        dtype: of the variables.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: Any = None,
        num_proj_shards: Any = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        refuse(
            "LSTMCell",
            "variables in one piece",
            num_unit_shards=num_unit_shards,
            num_proj_shards=num_proj_shards,
        )
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation or tanh

    @property
    def state_size(self) -> Any:
        """The sizes of cell and output."""
        sizes = LSTMStateTuple(self._num_units, self.output_size)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        """The number of units, or the size of the projection."""
        return self._num_proj or self._num_units

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias, peepholes and projection."""
        units = self._num_units
        rows = known_size(self, input_shape, -1) + self.output_size
        self._kernel = _matrix(self, "kernel", rows, 4 * units, self._initializer)
        self._bias = self.add_variable("bias", [4 * units], initializer=zeros_initializer())
        if self._use_peepholes:
            self._peepholes = [
                self.add_variable(f"w_{gate}_diag", [units], initializer=self._initializer)
                for gate in "fio"
            ]
        if self._num_proj is not None:
            self._projection = _matrix(
                self, "projection/kernel", units, self._num_proj, self._initializer
            )

    def call(self, inputs: Tensor, state: Any) -> Any:
        """As above."""
        sizes = [self._num_units, self.output_size]
        c, h = state if self._state_is_tuple else split(convert(state), sizes, axis=1)
        z = matmul(_joined(inputs, h), self._kernel) + self._bias
        i, j, f, o = split(z, 4, axis=1)
        f = f + self._forget_bias
        if self._use_peepholes:
            w_f, w_i, w_o = self._peepholes
            f, i = f + w_f * c, i + w_i * c
        c = sigmoid(f) * c + sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            c = clip_by_value(c, -self._cell_clip, self._cell_clip)
        if self._use_peepholes:
            o = o + w_o * c
        h = sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            h = matmul(h, self._projection)
            if self._proj_clip is not None:
                h = clip_by_value(h, -self._proj_clip, self._proj_clip)
        return h, (LSTMStateTuple(c, h) if self._state_is_tuple else concat([c, h], axis=1))


class BasicLSTMCell(LSTMCell):
    """`LSTMCell` without peepholes and projection.

    Args:
        num_units: size of cell and output.
        forget_bias: added to the forget gate.
        state_is_tuple: whether the state is an `LSTMStateTuple`, or (batch, 2 units).
        activation: tanh if None.
        reuse: whether variables of the scope are used again.
        name: of the layer.
        dtype: of the variables.
        kwargs: `Layer`'s arguments.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_units,
            forget_bias=forget_bias,
            state_is_tuple=state_is_tuple,
            activation=activation,
            reuse=reuse,
            name=name,
            dtype=dtype,
            **kwargs,
        )


class MultiRNNCell(RNNCell):
    """Cells one above the other, as one: each takes the output of the one below.

    Args:
        cells: the cells, the lowest first.
        state_is_tuple: whether the state is a tuple of theirs, or (batch, all sizes).
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        super().__init__()
        self._cells = list(cells)
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self) -> Any:
        """The cells' sizes."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(flatten(sizes))

    @property
    def output_size(self) -> Any:
        """The uppermost cell's."""
        return self._cells[-1].output_size

    def call(self, inputs: Tensor, state: Any) -> Any:
        """One step through all cells."""
        if not self._state_is_tuple:
            state = split(convert(state), [cell.state_size for cell in self._cells], axis=1)
        new = []
        for number, (cell, own) in enumerate(zip(self._cells, state, strict=True)):
            with variable_scope(f"cell_{number}"):
                inputs, after = cell(inputs, own)
            new.append(after)
        return inputs, (tuple(new) if self._state_is_tuple else concat(new, axis=1))


def batch_of(inputs: Tensor, axis: int) -> Any:
    """The size of the batch: a number if it is known, else a tensor."""
    size = None if inputs.shape is None else inputs.shape[axis]
    return shape_of(inputs)[axis] if size is None else size
