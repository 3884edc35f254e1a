"""What one step of a recurrent layer computes.

A cell maps an input and states to an output and new states. The layers of this package split that
in two: `begin` looks at the whole sequence and does at once what does not depend on the states (one
large product with the kernel), and returns the step that is left for each time. A user's cell
needs `state_size`, and `call(inputs, states)` that returns (output, states).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

from ... import activations, constraints, initializers, regularizers
from ...options import Interval
from ..base import Layer
from ..kernel import known_size

__all__ = ["GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"]

COUNT = Interval(1, integer=True)
RATE = Interval(0, 1)
States = list[Tensor]
Step = Callable[[Tensor, States], tuple[Tensor, States]]


class RecurrentCell(Layer):
    """Base of the cells with a kernel for the input and one for the state.

    Args:
        units: size of the output and of each state.
        activation: of the candidates; a name or a function.
        recurrent_activation: of the gates, where there are any.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: what the weights start from.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: values that join the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout: share of the inputs dropped in training, the same at all times of a sequence.
        recurrent_dropout: share of the state's units dropped, the same at all times.
        seed: of the dropped units.
        kwargs: `Layer`'s arguments.
    """

    gates = 1  # how many units wide the kernels are, in units
    state_count = 1
    output_is_state = True  # the output is the first new state

    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units: int = COUNT.check(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout: float = RATE.check(self, "dropout", dropout)
        self.recurrent_dropout: float = RATE.check(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed

    @property
    def state_size(self) -> Any:
        """The size of each state: a number, or a list of them."""
        return self.units if self.state_count == 1 else [self.units] * self.state_count

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self.units

    def build(self, input_shape: Any) -> None:
        """Makes kernel, recurrent kernel and bias."""
        width = self.gates * self.units
        self.kernel = self._add("kernel", (known_size(self, input_shape, -1), width), "kernel")
        self.recurrent_kernel = self._add("recurrent_kernel", (self.units, width), "recurrent")
        if self.use_bias:
            self.bias = self._add("bias", self._bias_shape(width), "bias")

    def _bias_shape(self, width: int) -> tuple[int, ...]:
        return (width,)

    def _add(self, name: str, shape: tuple[int, ...], kind: str) -> Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )

    def begin(self, inputs: Tensor, training: Any) -> tuple[Tensor, Step]:
        """What does not depend on states, for all times at once; and what is left for each.

        Args:
            inputs: (batch, time, features), or (batch, features) for a single step.
            training: a bool, or a boolean scalar.
        """
        features = known_size(self, inputs.shape, -1)
        kept = dropped_units(self, self.dropout, inputs, features, training)
        if kept is not None:
            inputs = inputs * (kept if inputs.ndim == 2 else core.expand_dims(kept, 1))
        if inputs.ndim == 2:
            projected = self._project(inputs)
        else:  # one product of all rows, in the order in which a scan takes them
            by_time = core.transpose(inputs, [1, 0, 2])
            rows = self._project(core.reshape(by_time, [-1, features]))
            sizes = core.concat([core.shape_of(by_time)[:-1], [self.gates * self.units]], 0)
            projected = core.transpose(core.reshape(rows, sizes), [1, 0, 2])
        kept = dropped_units(self, self.recurrent_dropout, inputs, self.units, training)
        return projected, lambda x, states: self.step(x, states, kept)

    def _project(self, rows: Tensor) -> Tensor:
        projected = core.matmul(rows, self.kernel)
        bias = self._input_bias()
        return projected if bias is None else core.bias_add(projected, bias)

    def _input_bias(self) -> Any:
        return self.bias

    def step(self, x: Tensor, states: States, kept: Tensor | None) -> tuple[Tensor, States]:
        """One step.

        Args:
            x: (batch, gates * units): the input times the kernel, plus the bias.
            states: (batch, units) each.
            kept: (batch, units), by which the state is multiplied before the kernel; or None.
        """
        raise NotImplementedError(type(self).__name__)

    def call(self, inputs: Tensor, states: Any, training: Any = None) -> Any:
        """One step from inputs (batch, features).  -> output, states, as these were given."""
        given = list(states) if isinstance(states, list | tuple) else [states]
        tensors = [core.cast(core.convert(state), self.dtype) for state in given]
        x, step = self.begin(core.cast(inputs, self.dtype), training)
        output, new = step(x, tensors)
        return output, (new if isinstance(states, list | tuple) else new[0])

    def get_initial_state(self, batch_size: Any) -> States:
        """Zeros."""
        return [core.zeros([batch_size, self.units], self.dtype) for _ in range(self.state_count)]


def dropped_units(
    layer: Any, rate: float, inputs: Tensor, size: int, training: Any
) -> Tensor | None:
    """1 / (1 - rate) for units that stay in training and 0 for others, (batch, size); or None."""
    if not rate or training is None or training is False:
        return None
    sizes = core.stack([core.shape_of(inputs)[0], size])
    u = core.random_uniform(sizes, dtype=layer.dtype, seed=layer.seed)
    drawn = core.cast(core.greater_equal(u, rate), layer.dtype) * (1.0 / max(1.0 - rate, 1e-7))
    return core.choose(training, drawn, core.ones_like(drawn))  # type: ignore[no-any-return]


def _times(h: Tensor, kept: Tensor | None) -> Tensor:
    return h if kept is None else h * kept


class SimpleRNNCell(RecurrentCell):
    """h' = activation(x kernel + bias + h recurrent_kernel).

    Elman, "Finding Structure in Time", 1990. Arguments are those of `SimpleRNN`.
    """

    def step(self, x: Tensor, states: States, kept: Tensor | None) -> tuple[Tensor, States]:
        """As above."""
        h = _times(states[0], kept)
        new = self.activation(x + core.matmul(h, self.recurrent_kernel))
        return new, [new]


class LSTMCell(RecurrentCell):
    """i, f, o = gate(...), c' = f c + i tanh(...), h' = o tanh(c').

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of Gers et al.,
    2000. The kernels hold i, f, c, o in this order. Arguments are those of `LSTM`.
    """

    gates = 4
    state_count = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )
        del implementation  # Keras's ways to compute the same
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = bool(unit_forget_bias)
        if self.unit_forget_bias:
            self.bias_initializer = ForgetBias(self.bias_initializer, self.units)

    def step(self, x: Tensor, states: States, kept: Tensor | None) -> tuple[Tensor, States]:
        """As above."""
        h, c = states
        z = x + core.matmul(_times(h, kept), self.recurrent_kernel)
        i, f, candidate, o = core.split(z, 4, axis=1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        h = gate(o) * self.activation(c)
        return h, [h, c]


class ForgetBias:
    """Ones for the forget gate, the second of four; what `initializer` makes for the others."""

    def __init__(self, initializer: Any, units: int) -> None:
        self._initializer = initializer
        self._units = units

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The bias."""
        first = core.convert(self._initializer([self._units], dtype=dtype))
        others = core.convert(self._initializer([2 * self._units], dtype=dtype))
        return core.concat([first, core.ones([self._units], dtype), others], axis=0)


class GRUCell(RecurrentCell):
    """z, r = gate(...), h' = z h + (1 - z) tanh(x + r h), with kernels in both.

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014. The kernels hold
    z, r, h in this order. With `reset_after` the reset gate acts after the recurrent product, which
    then has a bias of its own, as cuDNN has it; without, before. Arguments are those of `GRU`.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )
        del implementation
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = bool(reset_after)

    def _bias_shape(self, width: int) -> tuple[int, ...]:
        return (2, width) if self.reset_after else (width,)

    def _input_bias(self) -> Any:
        return self.bias[0] if self.reset_after and self.bias is not None else self.bias  # type: ignore[index]

    def step(self, x: Tensor, states: States, kept: Tensor | None) -> tuple[Tensor, States]:
        """As above."""
        [h] = states
        x_z, x_r, x_h = core.split(x, 3, axis=1)
        before = _times(h, kept)
        if self.reset_after:
            inner = core.matmul(before, self.recurrent_kernel)
            if self.bias is not None:
                inner = core.bias_add(inner, self.bias[1])  # type: ignore[index]
            h_z, h_r, h_h = core.split(inner, 3, axis=1)
            z = self.recurrent_activation(x_z + h_z)
            r = self.recurrent_activation(x_r + h_r)
            candidate = self.activation(x_h + r * h_h)
        else:
            gates, last = core.split(
                self.recurrent_kernel.value(), [2 * self.units, self.units], axis=1
            )
            h_z, h_r = core.split(core.matmul(before, gates), 2, axis=1)
            z = self.recurrent_activation(x_z + h_z)
            r = self.recurrent_activation(x_r + h_r)
            candidate = self.activation(x_h + core.matmul(r * before, last))
        new = z * h + (1.0 - z) * candidate
        return new, [new]


class StackedRNNCells(Layer):
    """Cells one above the other, as one cell: each takes the output of the one below.

    Args:
        cells: the cells, the lowest first.
        kwargs: `Layer`'s arguments.

    >>> import numpy as np
    >>> from thalweg.layers import RNN
    >>> RNN(StackedRNNCells([GRUCell(4), LSTMCell(3)]))(np.ones((2, 5, 6))).shape
    (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of all states, the lowest cell's first."""
        return [size for cell in self.cells for size in state_sizes(cell)]

    @property
    def output_size(self) -> Any:
        """The size of the uppermost cell's output."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Any) -> None:
        """Builds the cells."""
        shape = input_shape
        for cell in self.cells:
            build_inside(cell, shape)
            shape = (shape[0], output_size(cell))

    def call(self, inputs: Tensor, states: Any, training: Any = None) -> Any:
        """One step through all cells."""
        left, new = list(states), []
        output = inputs
        for cell in self.cells:
            count = len(state_sizes(cell))
            mine, left = left[:count], left[count:]
            output, after = call_cell(cell, output, mine, training)
            new += after
        return output, new


def state_sizes(cell: Any) -> list[Any]:
    """The size of each of a cell's states; a tuple is the shape of one."""
    size = cell.state_size
    return list(size) if isinstance(size, list) or _is_several(size) else [size]


def _is_several(size: Any) -> bool:
    """A tuple of tuples, or of a user's cell of several states."""
    return isinstance(size, tuple) and any(isinstance(item, list | tuple) for item in size)


def output_size(cell: Any) -> Any:
    """The size of a cell's output: its first state's, unless it says another."""
    size = getattr(cell, "output_size", None)
    return state_sizes(cell)[0] if size is None else size


def build_inside(layer: Any, shape: Any) -> None:
    """Builds a layer in the name scope that it will have when it is called."""
    if not layer.built:
        with core.name_scope(layer.name):
            layer.build(shape)
        layer.built = True


def call_cell(cell: Any, x: Tensor, states: States, training: Any) -> tuple[Tensor, States]:
    """One step of any cell; a cell of the user's may take no `training`."""
    from ..arguments import parameters_of

    takes = "training" in parameters_of(type(cell).call)
    output, new = cell(x, states, **({"training": training} if takes else {}))
    return output, list(new) if isinstance(new, list | tuple) else [new]
