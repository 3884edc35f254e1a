"""Functions of several nodes where they are easily misplaced: in another graph, and in loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import Graph, Session, placeholder, random_key

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "segment_sum": lambda x, i: core.segment_sum(x, i),
    "segment_mean": lambda x, i: core.segment_mean(x, i, 3),
    "unsorted_segment_max": lambda x, i: core.unsorted_segment_max(x, i, 3),
    "bincount": lambda x, i: core.bincount(i),
    "bincount of weights": lambda x, i: core.bincount(i, x[:, 0], minlength=4),
    "histogram_fixed_width": lambda x, i: core.histogram_fixed_width(x, [0.0, 2.0], 4),
    "confusion_matrix": lambda x, i: core.confusion_matrix(i, [0, 1, 1]),
    "count_nonzero": lambda x, i: core.count_nonzero(x, 0),
    "saturate_cast": lambda x, i: core.saturate_cast(x * 200.0, "uint8"),
    "xlogy": lambda x, i: core.xlogy(x, 2.0),
    "atan2": lambda x, i: core.atan2(1.0, x),
    "polygamma": lambda x, i: core.polygamma(1, x),
    "cummax": lambda x, i: core.cummax(x),
    "cumulative_logsumexp": lambda x, i: core.cumulative_logsumexp(x, exclusive=True),
    "reduce_euclidean_norm": lambda x, i: core.reduce_euclidean_norm(x, 1),
    "random_gamma": lambda x, i, **o: core.random_gamma([2], x, 2.0, **o),
    "random_beta": lambda x, i, **o: core.random_beta([2], x, 2.0, **o),
    "random_poisson": lambda x, i, **o: core.random_poisson([2], x, **o),
    "random_shuffle": lambda x, i, **o: core.random_shuffle(x, **o),
    "random_crop": lambda x, i, **o: core.random_crop(x, [2, 1], **o),
    "random_categorical": lambda x, i, **o: core.random_categorical(x, 4, **o),
}
X = np.array([[0.5, 1.5], [1.0, 0.75], [2.5, 0.25]], np.float32)
IDS = np.array([0, 0, 1], np.int32)


def options(name: str, **values: Any) -> dict[str, Any]:
    return values if name.startswith("random") else {}


def expected(name: str, **values: Any) -> np.ndarray:
    with Graph().as_default():
        values = {key: make() for key, make in values.items()}
        return np.asarray(Session().run(FUNCTIONS[name](X, IDS, **options(name, **values))))


def assert_close(actual: np.ndarray, wanted: np.ndarray) -> None:
    """Equal but for the last bit: NumPy folds constants, the engine may compute the rest."""
    np.testing.assert_allclose(actual, wanted, rtol=2.5e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_in_the_graph_of_their_operands(name: str) -> None:
    graph = Graph()
    with graph.as_default():
        x, ids = placeholder("float32", [None, 2]), placeholder("int32", [None])
    with Graph().as_default():
        y = FUNCTIONS[name](x, ids, **options(name, seed=1))
    assert y.graph is graph
    result = Session(graph=graph).run(y, {x: X, ids: IDS})
    assert_close(result, expected(name, seed=lambda: 1))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_in_the_body_of_a_loop(name: str) -> None:
    x, ids, key = placeholder("float32", [3, 2]), placeholder("int32", [3]), random_key(1)
    wanted = expected(name, key=lambda: random_key(1))

    def body(step: Any, kept: Any) -> Any:
        scaled = x * core.cast(step + 1, "float32")
        y = FUNCTIONS[name](scaled, ids, **options(name, key=key))
        return step + 1, core.reshape(core.cast(y, "float64"), wanted.shape)

    start = core.constant(np.zeros(wanted.shape))
    _, result = core.while_loop(lambda step, kept: step < 1, body, [0, start])
    assert_close(Session().run(result, {x: X, ids: IDS}), wanted)


def test_a_random_op_in_a_loop_draws_anew_at_each_step() -> None:
    x = core.constant(np.arange(50))
    _, drawn = core.scan(
        lambda carry, step: (carry, core.random_shuffle(x)), 0, core.constant(np.zeros(3))
    )
    rows = Session().run(drawn)
    assert len({tuple(row) for row in rows.tolist()}) == 3
    assert all(sorted(row) == list(range(50)) for row in rows.tolist())
