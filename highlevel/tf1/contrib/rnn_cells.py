"""Cells that `tf.contrib.rnn` alone has."""

from __future__ import annotations

from typing import Any

from thalweg.core import Tensor, convert, matmul

from ..candidates import embedding_lookup
from ..initializer_classes import random_uniform_initializer, zeros_initializer
from ..layers.base import known_size
from ..rnn_cells import LSTMCell, RNNCell

__all__ = [
    "EmbeddingWrapper",
    "InputProjectionWrapper",
    "LSTMBlockCell",
    "OutputProjectionWrapper",
]


class LSTMBlockCell(LSTMCell):
    """`LSTMCell` under the name that its fast kernel has in TF1.

    Args:
        num_units: size of cell and output.
        forget_bias: added to the forget gate.
        cell_clip: bound of the cell's values; None for none.
        use_peephole: whether the gates see the cell.
        dtype: of the variables.
        reuse: whether variables of the scope are used again.
        name: of the layer.
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: bool | None = None,
        name: str = "lstm_cell",
    ) -> None:
        super().__init__(
            num_units,
            use_peepholes=use_peephole,
            cell_clip=cell_clip,
            forget_bias=forget_bias,
            reuse=reuse,
            name=name,
            dtype=dtype,
        )


class _Projection(RNNCell):
    """Base of cells whose input or output goes through a matrix."""

    def __init__(self, cell: Any, activation: Any, reuse: bool | None) -> None:
        super().__init__(_reuse=reuse)
        self._cell = cell
        self._activation = activation

    @property
    def state_size(self) -> Any:
        """The cell's."""
        return self._cell.state_size

    def _make(self, rows: int, columns: int) -> None:
        self._kernel = self.add_variable("kernel", [rows, columns])
        self._bias = self.add_variable("bias", [columns], initializer=zeros_initializer())

    def _projected(self, x: Any) -> Tensor:
        y = matmul(x, self._kernel) + self._bias
        return convert(self._activation(y)) if self._activation else y


class OutputProjectionWrapper(_Projection):
    """A cell, its output times a matrix plus a bias.

    Args:
        cell: the cell.
        output_size: size of the result.
        activation: of the result; none if None.
        reuse: whether variables of the scope are used again.
    """

    def __init__(
        self, cell: Any, output_size: int, activation: Any = None, reuse: bool | None = None
    ) -> None:
        super().__init__(cell, activation, reuse)
        self._output_size = output_size

    @property
    def output_size(self) -> int:
        """The size of the result."""
        return self._output_size

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        self._make(self._cell.output_size, self._output_size)

    def call(self, inputs: Tensor, state: Any) -> Any:
        """As above."""
        output, new = self._cell(inputs, state)
        return self._projected(output), new


class InputProjectionWrapper(_Projection):
    """A cell whose input is multiplied by a matrix before, and a bias added.

    Args:
        cell: the cell.
        num_proj: size of what the cell gets.
        activation: of that; none if None.
        input_size: accepted: the input tells.
        reuse: whether variables of the scope are used again.
    """

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Any = None,
        input_size: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, activation, reuse)
        del input_size
        self._num_proj = num_proj

    @property
    def output_size(self) -> Any:
        """The cell's."""
        return self._cell.output_size

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        self._make(known_size(self, input_shape, -1), self._num_proj)

    def call(self, inputs: Tensor, state: Any) -> Any:
        """As above."""
        return self._cell(self._projected(inputs), state)


class EmbeddingWrapper(RNNCell):
    """A cell that gets the vectors of a table in the place of numbers.

    Args:
        cell: the cell.
        embedding_classes: how many vectors there are.
        embedding_size: their size.
        initializer: what they start from; uniform with variance 1 if None.
        reuse: whether variables of the scope are used again.
    """

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse, dtype="float32")
        self._cell = cell
        self._sizes = [embedding_classes, embedding_size]
        self._initializer = initializer

    @property
    def state_size(self) -> Any:
        """The cell's."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """The cell's."""
        return self._cell.output_size

    def build(self, input_shape: Any) -> None:
        """Makes the table."""
        bound = 3**0.5
        start = self._initializer or random_uniform_initializer(-bound, bound)
        self._table = self.add_variable("embedding", self._sizes, initializer=start)

    def call(self, inputs: Tensor, state: Any) -> Any:
        """The cell's step with the vectors of (batch,) or (batch, 1) numbers."""
        numbers = convert(inputs)
        numbers = numbers[:, 0] if numbers.ndim == 2 else numbers
        return self._cell(embedding_lookup(self._table, numbers), state)
