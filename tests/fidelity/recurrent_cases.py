"""Recurrent models in the words that Keras 3 and thalweg share, and what they are fed.

`make_recurrent.py` builds them with Keras and writes what they compute; `test_recurrent.py` builds
them with thalweg and compares. Inputs and weights follow from the case's name alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 3
Build = Callable[[Any], Any]


def generator(name: str) -> np.random.Generator:
    """The same numbers for a case in either library."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _sequence(k: Any, **options: Any) -> Any:
    return k.Input(batch_shape=(BATCH, TIME, FEATURES), **options)


def _layer(kind: str, **options: Any) -> Build:
    def build(k: Any) -> Any:
        x = _sequence(k)
        return k.Model(x, getattr(k.layers, kind)(UNITS, **options)(x))

    return build


def _masked(kind: str, **options: Any) -> Build:
    def build(k: Any) -> Any:
        x = _sequence(k)
        y = k.layers.Masking(0.0)(x)
        return k.Model(x, getattr(k.layers, kind)(UNITS, **options)(y))

    return build


def _initial(kind: str, states: int) -> Build:
    def build(k: Any) -> Any:
        x = _sequence(k)
        starts = [k.Input(batch_shape=(BATCH, UNITS)) for _ in range(states)]
        layer = getattr(k.layers, kind)(UNITS, return_sequences=True, return_state=True)
        return k.Model([x, *starts], layer(x, initial_state=starts))

    return build


def _bidirectional(mode: str | None, masked: bool = False, **options: Any) -> Build:
    def build(k: Any) -> Any:
        x = _sequence(k)
        y = k.layers.Masking(0.0)(x) if masked else x
        inner = k.layers.GRU(UNITS, return_sequences=True, **options)
        return k.Model(x, k.layers.Bidirectional(inner, merge_mode=mode)(y))

    return build


def _stacked(k: Any) -> Any:
    x = _sequence(k)
    cells = [k.layers.GRUCell(2), k.layers.LSTMCell(UNITS), k.layers.SimpleRNNCell(2)]
    return k.Model(x, k.layers.RNN(cells, return_sequences=True, return_state=True)(x))


def _two_layers(k: Any) -> Any:
    x = _sequence(k)
    y = k.layers.LSTM(UNITS, return_sequences=True)(k.layers.Masking(0.0)(x))
    y = k.layers.Dropout(0.5)(k.layers.Dense(UNITS, activation="relu")(y))
    return k.Model(x, k.layers.GRU(2)(y))


def _embedding(k: Any) -> Any:
    x = k.Input(batch_shape=(BATCH, TIME), dtype="int32")
    y = k.layers.Embedding(7, FEATURES, mask_zero=True)(x)
    return k.Model(x, k.layers.SimpleRNN(UNITS, return_sequences=True)(y))


def _time_distributed(k: Any) -> Any:
    x = k.Input(batch_shape=(BATCH, TIME, 4, 4, 2))
    y = k.layers.TimeDistributed(k.layers.Conv2D(3, 3))(x)
    return k.Model(x, k.layers.TimeDistributed(k.layers.Flatten())(y))


def _convolutional(rank: int, **options: Any) -> Build:
    def build(k: Any) -> Any:
        x = k.Input(batch_shape=(2, 3, *(5, 4, 3)[:rank], 2))
        return k.Model(x, getattr(k.layers, f"ConvLSTM{rank}D")(2, 2, **options)(x))

    return build


def _convolutional_initial(k: Any) -> Any:
    x = k.Input(batch_shape=(2, 3, 5, 2))
    starts = [k.Input(batch_shape=(2, 5, 2)) for _ in range(2)]
    layer = k.layers.ConvLSTM1D(2, 3, padding="same", return_sequences=True)
    return k.Model([x, *starts], layer(x, initial_state=starts))


def _cells(masked: bool = False, **options: Any) -> Build:
    def build(k: Any) -> Any:
        x = _sequence(k)
        y = k.layers.Masking(0.0)(x) if masked else x
        cells = [k.layers.LSTMCell(UNITS), k.layers.SimpleRNNCell(4), k.layers.GRUCell(2)]
        return k.Model(x, k.layers.RNN(cells, **options)(y))

    return build


def _deep_stack(k: Any) -> Any:
    x = _sequence(k)
    stack = k.layers.StackedRNNCells(
        [k.layers.GRUCell(2, reset_after=False), k.layers.SimpleRNNCell(UNITS, use_bias=False)]
    )
    y = k.layers.RNN(stack, return_sequences=True)(x)
    top = k.layers.StackedRNNCells([k.layers.LSTMCell(2, recurrent_activation="hard_sigmoid")])
    return k.Model(x, k.layers.RNN(top)(y))


def _cell_zeros(k: Any) -> Any:
    x = _sequence(k)
    cell = k.layers.LSTMCell(UNITS, activation="softsign")
    layer = k.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True, return_state=True)
    return k.Model(x, layer(k.layers.Masking(0.0)(x)))


def _unequal(k: Any) -> Any:
    x = _sequence(k)
    forward = k.layers.LSTM(UNITS, return_sequences=True)
    backward = k.layers.GRU(2, return_sequences=True, go_backwards=True)
    both = k.layers.Bidirectional(forward, backward_layer=backward)
    return k.Model(x, both(k.layers.Masking(0.0)(x)))


def _bidirectional_last(kind: str, mode: str | None, masked: bool = False) -> Build:
    def build(k: Any) -> Any:
        x = _sequence(k)
        y = k.layers.Masking(0.0)(x) if masked else x
        inner = getattr(k.layers, kind)(UNITS)
        return k.Model(x, k.layers.Bidirectional(inner, merge_mode=mode)(y))

    return build


def _bidirectional_initial(k: Any) -> Any:
    x = _sequence(k)
    starts = [k.Input(batch_shape=(BATCH, UNITS)) for _ in range(4)]
    inner = k.layers.LSTM(UNITS, return_sequences=True, return_state=True)
    layer = k.layers.Bidirectional(inner, merge_mode="ave")
    return k.Model([x, *starts], layer(x, initial_state=starts))


def _bidirectional_cells(k: Any) -> Any:
    x = _sequence(k)
    inner = k.layers.RNN([k.layers.GRUCell(2), k.layers.GRUCell(UNITS)], return_sequences=True)
    return k.Model(x, k.layers.Bidirectional(inner)(k.layers.Masking(0.0)(x)))


def _small_model(k: Any) -> Any:
    x = k.Input(batch_shape=(None, 4, 2))
    return k.Model(x, k.layers.Dense(2)(k.layers.GRU(UNITS)(x)))


def _by_step(make: Build) -> Build:
    def build(k: Any) -> Any:
        x = k.Input(batch_shape=(BATCH, TIME, 4, 2))
        return k.Model(x, k.layers.TimeDistributed(make(k))(x))

    return build


CASES: dict[str, Build] = {}
for _kind in ("SimpleRNN", "LSTM", "GRU"):
    CASES[f"{_kind}"] = _layer(_kind)
    CASES[f"{_kind} sequences"] = _layer(_kind, return_sequences=True)
    CASES[f"{_kind} states"] = _layer(_kind, return_sequences=True, return_state=True)
    CASES[f"{_kind} backwards"] = _layer(_kind, go_backwards=True, return_sequences=True)
    CASES[f"{_kind} masked"] = _masked(_kind, return_sequences=True, return_state=True)
    CASES[f"{_kind} masked last"] = _masked(_kind)
    CASES[f"{_kind} masked backwards"] = _masked(_kind, go_backwards=True, return_sequences=True)
    CASES[f"{_kind} masked zeros"] = _masked(
        _kind, zero_output_for_mask=True, return_sequences=True
    )
    CASES[f"{_kind} initial"] = _initial(_kind, 2 if _kind == "LSTM" else 1)
    CASES[f"{_kind} stateful"] = _layer(_kind, stateful=True, return_sequences=True)
    CASES[f"{_kind} relu, no bias"] = _layer(_kind, activation="relu", use_bias=False)
CASES["GRU reset before"] = _layer("GRU", reset_after=False, return_sequences=True)
CASES["GRU reset before masked"] = _masked("GRU", reset_after=False, return_sequences=True)
for _mode in ("concat", "sum", "mul", "ave", None):
    CASES[f"Bidirectional {_mode}"] = _bidirectional(_mode)
CASES["Bidirectional masked"] = _bidirectional("concat", masked=True)
CASES["Bidirectional states"] = _bidirectional("concat", return_state=True)
CASES["stacked cells"] = _stacked
CASES["two layers, masked"] = _two_layers
CASES["Embedding"] = _embedding
CASES["TimeDistributed"] = _time_distributed
for _rank in (1, 2, 3):
    CASES[f"ConvLSTM{_rank}D"] = _convolutional(_rank, padding="same")
CASES["ConvLSTM2D valid sequences"] = _convolutional(
    2, padding="valid", strides=2, return_sequences=True, recurrent_activation="hard_sigmoid"
)


CASES["ConvLSTM1D backwards, states"] = _convolutional(
    1, strides=2, padding="same", go_backwards=True, return_sequences=True, return_state=True
)
CASES["ConvLSTM2D dilated, no bias"] = _convolutional(
    2, dilation_rate=2, use_bias=False, activation="relu", return_state=True
)
CASES["ConvLSTM3D sequences"] = _convolutional(3, padding="same", return_sequences=True)
CASES["ConvLSTM2D stateful"] = _convolutional(2, stateful=True, return_sequences=True)
CASES["ConvLSTM1D initial"] = _convolutional_initial
CASES["cells masked"] = _cells(masked=True, return_sequences=True, return_state=True)
CASES["cells stateful, backwards"] = _cells(stateful=True, go_backwards=True)
CASES["cells in a stack in a stack"] = _deep_stack
CASES["LSTMCell masked zeros"] = _cell_zeros
CASES["GRU unrolled masked"] = _masked("GRU", unroll=True, return_sequences=True)
CASES["Bidirectional backward_layer masked"] = _unequal
CASES["Bidirectional None masked states"] = _bidirectional(None, masked=True, return_state=True)
CASES["Bidirectional last masked mul"] = _bidirectional_last("LSTM", "mul", masked=True)
CASES["Bidirectional last None"] = _bidirectional_last("SimpleRNN", None)
CASES["Bidirectional stateful ave"] = _bidirectional("ave", stateful=True)
CASES["Bidirectional initial"] = _bidirectional_initial
CASES["Bidirectional cells masked"] = _bidirectional_cells
CASES["TimeDistributed Bidirectional"] = _by_step(
    lambda k: k.layers.Bidirectional(k.layers.GRU(UNITS), merge_mode="sum")
)
CASES["TimeDistributed model"] = _by_step(_small_model)
CASES["TimeDistributed twice"] = _by_step(
    lambda k: k.layers.TimeDistributed(k.layers.Dense(UNITS, activation="tanh"))
)


def data(name: str, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Inputs: sequences whose samples have 5, 3 and 1 steps that count, if the case masks."""
    random = generator(f"{name} inputs")
    if name == "Embedding":
        return [np.array([[1, 2, 3, 4, 5], [6, 1, 0, 2, 0], [3, 0, 0, 0, 0]], np.int32)]
    arrays = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    if "masked" in name:
        arrays[0][1, 3:] = 0.0
        arrays[0][2, :2] = 0.0
        arrays[0][2, 3:] = 0.0
    return arrays


def weights(name: str, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Weights that no initializer would make."""
    random = generator(f"{name} weights")
    return [random.uniform(-0.6, 0.6, shape).astype(np.float32) for shape in shapes]


def projections(name: str, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """By what outputs are multiplied before their sum is differentiated."""
    random = generator(f"{name} projections")
    return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]
