"""Recurrent layers: cells, `RNN` that runs one along time, and wrappers around layers."""

from __future__ import annotations

from .cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from .convolutional import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from .layers import GRU, LSTM, CuDNNGRU, CuDNNLSTM, SimpleRNN
from .rnn import RNN
from .wrappers import Bidirectional, TimeDistributed, Wrapper

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
    "TimeDistributed",
    "Wrapper",
]
