"""`SimpleRNN`, `LSTM` and `GRU`: an `RNN` each, with the cell made from the arguments."""

from __future__ import annotations

from typing import Any

from .cells import GRUCell, LSTMCell, SimpleRNNCell
from .rnn import RNN

__all__ = ["GRU", "LSTM", "CuDNNGRU", "CuDNNLSTM", "SimpleRNN"]


class _Recurrent(RNN):
    """Base of the layers whose cell follows from their own arguments."""

    @property
    def units(self) -> int:
        """Size of the output and of each state."""
        return int(self.cell.units)


class SimpleRNN(_Recurrent):
    """h' = activation(x kernel + bias + h recurrent_kernel), along the time axis.

    Elman, "Finding Structure in Time", 1990.

    Args:
        units: size of the output and of each state.
        activation: of the new state; a name or a function.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: what the weights start from.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: values that join the loss.
        activity_regularizer: the same, of the output.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout: share of the inputs dropped in training, the same at all times of a sequence.
        recurrent_dropout: share of the state's units dropped, the same at all times.
        seed: of the dropped units.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: see
            `RNN`.
        implementation, use_cudnn: accepted as in Keras, where they choose between equal ways.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, features); or a list of it and of initial states.

    Output shape:
        (batch, units), or (batch, time, units) of `return_sequences`; with `return_state` a list
        of it and of the states.

    Weights:
        kernel (features, units), recurrent_kernel (units, units), bias (units,).

    >>> import numpy as np
    >>> SimpleRNN(3)(np.ones((2, 5, 4))).shape
    (2, 3)
    """

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
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        del implementation, use_cudnn
        cell = SimpleRNNCell(
            units=units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            name="simple_rnn_cell",
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


class LSTM(_Recurrent):
    """Long short-term memory: a state that gates write, keep and read.

    i, f, o = gate(x kernel + bias + h recurrent_kernel), c' = f c + i tanh(...), h' = o tanh(c').
    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of Gers et al.,
    2000. The kernels hold i, f, c, o in this order.

    Args:
        units: size of the output and of each state.
        activation: of the candidates and the output; a name or a function.
        recurrent_activation: of the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: what the weights start from.
        unit_forget_bias: the forget gate's bias starts from ones.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: values that join the loss.
        activity_regularizer: the same, of the output.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout: share of the inputs dropped in training, the same at all times of a sequence.
        recurrent_dropout: share of the state's units dropped, the same at all times.
        seed: of the dropped units.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: see
            `RNN`.
        implementation, use_cudnn: accepted as in Keras, where they choose between equal ways.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, features); or a list of it and of initial states.

    Output shape:
        (batch, units), or (batch, time, units) of `return_sequences`; with `return_state` a list
        of it and of the states.

    Weights:
        kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,).

    >>> import numpy as np
    >>> LSTM(3, return_sequences=True)(np.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

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
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        del implementation, use_cudnn
        cell = LSTMCell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            name="lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


class GRU(_Recurrent):
    """Gated recurrent units: a state that gates mix with a candidate.

    z, r = gate(x kernel + bias + h recurrent_kernel), h' = z h + (1 - z) tanh(x + r h), with
    kernels in both. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.
    The kernels hold z, r, h in this order.

    Args:
        units: size of the output and of each state.
        activation: of the candidate; a name or a function.
        recurrent_activation: of the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: what the weights start from.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: values that join the loss.
        activity_regularizer: the same, of the output.
        kernel_constraint, recurrent_constraint, bias_constraint: applied after each update.
        dropout: share of the inputs dropped in training, the same at all times of a sequence.
        recurrent_dropout: share of the state's units dropped, the same at all times.
        reset_after: the reset gate acts after the recurrent product (cuDNN's way, and the default
            of Keras 2 and 3); False is Cho's way, the default before.
        seed: of the dropped units.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: see
            `RNN`.
        implementation, use_cudnn: accepted as in Keras, where they choose between equal ways.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, features); or a list of it and of initial states.

    Output shape:
        (batch, units), or (batch, time, units) of `return_sequences`; with `return_state` a list
        of it and of the states.

    Weights:
        kernel (features, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units), or
        (3 units,) without `reset_after`.

    >>> import numpy as np
    >>> GRU(3)(np.ones((2, 5, 4))).shape
    (2, 3)
    """

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        reset_after: bool = True,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        del implementation, use_cudnn
        cell = GRUCell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            reset_after=reset_after,
            dtype=kwargs.get("dtype"),
            name="gru_cell",
        )
        super().__init__(
            cell,
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            unroll,
            zero_output_for_mask,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


class CuDNNLSTM(LSTM):
    """`LSTM` under the name that Keras 2 had for its way on GPUs; the numbers are the same."""


class CuDNNGRU(GRU):
    """`GRU` under the name that Keras 2 had for its way on GPUs; the numbers are the same."""
