"""`ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D`: LSTMs whose products are convolutions."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

from ... import activations, constraints, initializers, regularizers
from ..base import Layer
from ..kernel import known_size
from .cells import COUNT, RATE, ForgetBias, States, Step
from .rnn import RNN

__all__ = ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]


class ConvLSTMCell(Layer):
    """One step of a convolutional LSTM; `ConvLSTM2D` tells its arguments.

    Args:
        rank: number of axes that the convolutions slide along.
        options: the layer's other arguments, by name.
    """

    output_is_state = True
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None = None

    def __init__(self, rank: int, options: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rank = rank
        self.filters: int = COUNT.check(self, "filters", options["filters"])
        self.kernel_size = _sizes(options["kernel_size"], rank)
        self.strides = _sizes(options["strides"], rank)
        self.dilation_rate = _sizes(options["dilation_rate"], rank)
        self.padding = str(options["padding"]).upper()
        self.channels_first = options["data_format"] == "channels_first"
        self.activation = activations.get(options["activation"])
        self.recurrent_activation = activations.get(options["recurrent_activation"])
        self.use_bias = bool(options["use_bias"])
        self.dropout: float = RATE.check(self, "dropout", options["dropout"])
        self.recurrent_dropout: float = RATE.check(
            self, "recurrent_dropout", options["recurrent_dropout"]
        )
        self.seed = options["seed"]
        self._options = options

    @property
    def state_size(self) -> list[Any]:
        """Two states of as many channels; their other sizes follow from the input."""
        return [self.filters, self.filters]

    def build(self, input_shape: Any) -> None:
        """Makes kernel, recurrent kernel and bias."""
        channels = known_size(self, input_shape, 1 if self.channels_first else -1)
        width = 4 * self.filters
        self.kernel = self._add("kernel", (*self.kernel_size, channels, width), "kernel")
        recurrent = (*self.kernel_size, self.filters, width)
        self.recurrent_kernel = self._add("recurrent_kernel", recurrent, "recurrent")
        if self.use_bias:
            self.bias = self._add("bias", (width,), "bias")

    def _add(self, name: str, shape: tuple[int, ...], kind: str) -> Variable:
        initializer = initializers.get(self._options[f"{kind}_initializer"])
        if kind == "bias" and self._options["unit_forget_bias"]:
            initializer = ForgetBias(initializer, self.filters)
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            regularizer=regularizers.get(self._options[f"{kind}_regularizer"]),
            constraint=constraints.get(self._options[f"{kind}_constraint"]),
        )

    def begin(self, inputs: Tensor, training: Any) -> tuple[Tensor, Step]:
        """The convolutions of the inputs at all times, channels last; and a step's rest.

        Args:
            inputs: (batch, time, ..., channels), or with the channels third.
            training: a bool, or a boolean scalar.
        """
        if self.channels_first:
            inputs = core.transpose(inputs, [0, 1, *range(3, inputs.ndim or 0), 2])
        kept = self._kept(self.dropout, inputs, int(inputs.shape[-1]), training)  # type: ignore[index, arg-type]
        x = inputs if kept is None else inputs * core.expand_dims(kept, 1)
        sizes = core.shape_of(x)
        steps = core.reshape(x, core.concat([[-1], sizes[2:]], 0))
        steps.set_shape((None, *(x.shape or ())[2:]))
        y = core.convolution(
            steps, self.kernel.value(), self.strides, self.padding, self.dilation_rate
        )
        if self.bias is not None:
            y = core.bias_add(y, self.bias)
        by_time = core.reshape(y, core.concat([sizes[:2], core.shape_of(y)[1:]], 0))
        by_time.set_shape((*(x.shape or ())[:2], *(y.shape or ())[1:]))
        kept = self._kept(self.recurrent_dropout, inputs, self.filters, training)
        return by_time, lambda row, states: self._step(row, states, kept)

    def _kept(self, rate: float, inputs: Tensor, channels: int, training: Any) -> Tensor | None:
        """Dropped channels, (batch, 1, ..., channels), the same at all times and places."""
        if not rate or training is None or training is False:
            return None
        ones = [1] * self.rank
        sizes = core.stack([core.shape_of(inputs)[0], *ones, channels])
        u = core.random_uniform(sizes, dtype=self.dtype, seed=self.seed)
        drawn = core.cast(core.greater_equal(u, rate), self.dtype) * (1.0 / (1.0 - rate))
        return core.choose(training, drawn, core.ones_like(drawn))  # type: ignore[no-any-return]

    def _step(self, x: Tensor, states: States, kept: Tensor | None) -> tuple[Tensor, States]:
        h, c = states
        before = h if kept is None else h * kept
        inner = core.convolution(before, self.recurrent_kernel.value(), 1, "SAME")
        i, f, candidate, o = core.split(x + inner, 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def call(self, inputs: Tensor, states: Any, training: Any = None) -> Any:
        """One step from inputs (batch, ..., channels).  -> output, states."""
        x, step = self.begin(core.expand_dims(inputs, 1), training)
        return step(x[:, 0], list(states))


def _sizes(value: Any, rank: int) -> tuple[int, ...]:
    return (int(value),) * rank if isinstance(value, int) else tuple(int(n) for n in value)


class _ConvLSTM(RNN):
    """Base of the layers; arguments are theirs."""

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        options = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "kwargs", "__class__")
        }
        cell = ConvLSTMCell(
            self.rank, options, dtype=kwargs.get("dtype"), name=f"conv_lstm{self.rank}d_cell"
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )

    def _zeros(self, x: Tensor) -> list[Tensor]:
        """States of the sizes that the convolution makes of the input's."""
        with core.name_scope(self.cell.name):
            first, _ = self.cell.begin(x[:, :1], False)
        zeros = core.zeros_like(core.split(first[:, 0], 4, axis=-1)[0])
        return [zeros, zeros]

    def _state_shapes(self, shape: Any) -> list[tuple[int, ...]]:
        with core.Graph().as_default(), core.Trace().open(is_library=True):
            x = core.placeholder(self.dtype, (shape[0], 1, *shape[2:]))
            return [tuple(z.shape or ())[1:] for z in self._zeros(x)]  # type: ignore[misc]

    def call(
        self, inputs: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """The outputs, with the channels where the inputs have them."""
        result = super().call(inputs, initial_state, mask, training)
        if not self.cell.channels_first:
            return result
        outputs = result if isinstance(result, list) else [result]
        moved = [_channels_back(y, self.rank) for y in outputs]
        return moved if isinstance(result, list) else moved[0]


def _channels_back(y: Tensor, rank: int) -> Tensor:
    """Channels before the axes that convolutions slide along."""
    before = (y.ndim or 0) - rank - 1
    last = (y.ndim or 1) - 1
    return core.transpose(y, [*range(before), last, *range(before, last)])


class ConvLSTM1D(_ConvLSTM):
    """`ConvLSTM2D` along one axis: (batch, time, steps, channels)."""

    rank = 1


class ConvLSTM2D(_ConvLSTM):
    """An LSTM of pictures: both products are convolutions.

    Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation
    Nowcasting", 2015, without its peepholes.

    Args:
        filters: channels of the output and of the states.
        kernel_size: height and width of both kernels.
        strides, padding, dilation_rate: of the convolution of the input; that of the state keeps
            the size.
        data_format: "channels_last" (if None) or "channels_first".
        activation: of the candidates and the output.
        recurrent_activation: of the gates.
        use_bias ... seed: see `LSTM`; dropout drops whole channels.
        return_sequences, return_state, go_backwards, stateful: see `RNN`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, height, width, channels).

    Output shape:
        (batch, height, width, filters), or with time as the second axis for `return_sequences`.

    Weights:
        kernel (height, width, channels, 4 filters), recurrent_kernel (height, width, filters,
        4 filters), bias (4 filters,).

    >>> import numpy as np
    >>> ConvLSTM2D(3, 3, padding="same")(np.ones((2, 4, 6, 6, 1))).shape
    (2, 6, 6, 3)
    """

    rank = 2


class ConvLSTM3D(_ConvLSTM):
    """`ConvLSTM2D` along three axes: (batch, time, depth, height, width, channels)."""

    rank = 3
