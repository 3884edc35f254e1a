"""`set_random_seed` and `clear_session`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from thalweg import Input, Model, Sequential, core
from thalweg.core.errors import OptionError
from thalweg.layers import Dense
from thalweg.utils import clear_session, set_random_seed


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    clear_session()
    yield
    clear_session()
    core.set_seed(None)


def test_all_generators() -> None:
    draws = []
    for _ in range(2):
        set_random_seed(5)
        draws.append((random.random(), np.random.rand(), core.current_seed()))
    assert draws[0] == draws[1]
    assert draws[0][2] == 5


def test_equal_models() -> None:
    kernels = []
    for _ in range(2):
        set_random_seed(5)
        kernels.append(Sequential([Dense(3, input_shape=(4,))]).get_weights()[0].tobytes())
    assert kernels[0] == kernels[1]


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_no_seed(seed: object) -> None:
    with pytest.raises(OptionError, match=r"not a seed\n  expected  an integer >= 0"):
        set_random_seed(seed)  # type: ignore[arg-type]


def test_clear_session() -> None:
    """Names start again, and new models live in a new graph and session."""
    first = Dense(1)
    graph, session = core.get_default_graph(), core.current_session()
    clear_session()
    second = Dense(1)
    assert first.name == second.name == "dense"
    x = Input((2,))
    model = Model(x, second(x))
    assert model.predict(np.ones((3, 2))).shape == (3, 1)
    assert core.get_default_graph() is not graph
    assert core.current_session() is not session
    assert x.graph is core.get_default_graph()
