"""Cells around cells: units dropped, inputs added to outputs, devices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from zlib import crc32

from thalweg.core import (
    OptionError,
    Tensor,
    Variable,
    cast,
    convert,
    flatten,
    less,
    random_uniform,
)

from .arguments import refuse
from .graph import device
from .nn import dropout
from .rnn_cells import LSTMStateTuple, RNNCell

__all__ = ["DeviceWrapper", "DropoutWrapper", "ResidualWrapper", "Wrapper"]


class Wrapper(RNNCell):
    """Base of cells around a cell; the variables are the inner one's, under its own names."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self._cell = cell

    @property
    def state_size(self) -> Any:
        """The cell's."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """The cell's."""
        return self._cell.output_size

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """One step; no scope of its own is opened, as in TF1."""
        return self.step(inputs, state, scope)

    def step(self, inputs: Any, state: Any, scope: Any) -> Any:
        """What the wrapper makes of the cell's step."""
        raise NotImplementedError(type(self).__name__)


class DropoutWrapper(Wrapper):
    """Drops units of a cell's input, state and output.

    Args:
        cell: the cell.
        input_keep_prob, output_keep_prob, state_keep_prob: the shares that stay; numbers or ()
            float tensors. The cell part `c` of an LSTM's state always stays.
        variational_recurrent: whether all samples and steps of a run lose the same units; Gal and
            Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
            Networks", 2015.
        input_size: sizes of the input, needed where that drops the same units of it.
        dtype: of what drops the same units.
        seed: of the dropped units; input, state and output differ nonetheless.
        dropout_state_filter_visitor: must be None.

    Raises:
        OptionError: if `dtype` or `input_size` is needed and missing.
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Any = None,
    ) -> None:
        super().__init__(cell)
        refuse(
            "DropoutWrapper",
            "the cell part of an LSTM's state to stay",
            dropout_state_filter_visitor=dropout_state_filter_visitor,
        )
        self._keep = input_keep_prob, state_keep_prob, output_keep_prob
        self._seed = seed
        self._is_variational = variational_recurrent
        self._noise: dict[str, Tensor] = {}
        if variational_recurrent:
            self._draw_noise(input_size, dtype)

    def _draw_noise(self, input_size: Any, dtype: Any) -> None:
        """Draws, outside of the loop over time, what decides which units stay."""
        if dtype is None:
            raise OptionError(
                "DropoutWrapper", "dtype is missing", expected="dtype=… with variational_recurrent"
            )
        if not _is_one(self._keep[0]):
            if input_size is None:
                raise OptionError(
                    "DropoutWrapper",
                    "input_size is missing",
                    expected="input_size=… with variational_recurrent and input_keep_prob",
                )
            self._noise["input"] = self._noise_of("input", input_size, dtype)
        for number, size in enumerate(flatten(self._cell.state_size)):
            part = f"state{number}"
            self._noise[part] = self._noise_of(part, size, dtype)
        self._noise["output"] = self._noise_of("output", self._cell.output_size, dtype)

    def _noise_of(self, part: str, size: Any, dtype: Any) -> Tensor:
        sizes = list(size) if isinstance(size, list | tuple) else [size]
        return random_uniform([1, *sizes], dtype=dtype, seed=self._seed_of(part))

    def _seed_of(self, part: str) -> int | None:
        """A seed for each part, so that equal sizes do not lose equal units."""
        if self._seed is None:
            return None
        return crc32(f"{self._seed} {part}".encode()) & 0x7FFFFFFF

    def step(self, inputs: Any, state: Any, scope: Any) -> Any:
        """Input dropped, cell, state and output dropped."""
        keep_input, keep_state, keep_output = self._keep
        output, new = self._cell(self._dropped(inputs, keep_input, "input"), state, scope)
        if not _is_one(keep_state):
            new = self._dropped_state(new, keep_state, itertools.count())
        return self._dropped(output, keep_output, "output"), new

    def _dropped_state(self, state: Any, keep: Any, numbers: Iterator[int]) -> Any:
        if isinstance(state, LSTMStateTuple):
            next(numbers)  # that of c, which stays
            return LSTMStateTuple(state.c, self._dropped(state.h, keep, f"state{next(numbers)}"))
        if isinstance(state, tuple):
            return tuple(self._dropped_state(item, keep, numbers) for item in state)
        return self._dropped(state, keep, f"state{next(numbers)}")

    def _dropped(self, x: Any, keep: Any, part: str) -> Any:
        if _is_one(keep):
            return x
        if not self._is_variational:
            return dropout(x, keep, seed=self._seed_of(part))
        values = convert(x)
        share = cast(keep, values.dtype)
        stays = less(self._noise[part], share)
        return values / share * cast(stays, values.dtype)


def _is_one(keep: Any) -> bool:
    return not isinstance(keep, Tensor | Variable) and float(keep) == 1.0


class ResidualWrapper(Wrapper):
    """Adds a cell's input to its output.

    Args:
        cell: the cell.
        residual_fn: (inputs, outputs) -> outputs, in the place of the sum.
    """

    def __init__(self, cell: Any, residual_fn: Any = None) -> None:
        super().__init__(cell)
        self._residual = residual_fn

    def step(self, inputs: Any, state: Any, scope: Any) -> Any:
        """The sum."""
        output, new = self._cell(inputs, state, scope)
        return (self._residual(inputs, output) if self._residual else inputs + output), new


class DeviceWrapper(Wrapper):
    """Runs a cell on a device.

    Args:
        cell: the cell.
        device: `"/gpu:0"`.
    """

    def __init__(self, cell: Any, device: str) -> None:
        super().__init__(cell)
        self._device = device

    def step(self, inputs: Any, state: Any, scope: Any) -> Any:
        """The cell's step, on the device."""
        with device(self._device):
            return self._cell(inputs, state, scope)
