"""fuse: what is joined, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session
from thalweg.core.backends.native import extension
from thalweg.core.passes import PIPELINE

pytestmark = pytest.mark.skipif(extension is None, reason="only the engine fuses")
OTHERS = tuple(pass_.__name__ for pass_ in PIPELINE)  # without them there is more to fuse


@pytest.fixture(autouse=True)
def graph() -> Any:
    with core.Graph().as_default() as context:
        yield context.graph


def test_a_group_that_nothing_reads_disappears() -> None:
    x = core.placeholder("float32", [3])
    unused = core.negative(core.square(x))
    with core.control_dependencies([unused]):
        y = core.identity(x)
    session, feeds = Session(backend="native", passes_off=OTHERS), {x: np.ones(3)}
    assert session.run(y, feeds).tolist() == [1.0, 1.0, 1.0]
    assert "Square" not in session.explain(y, feeds)


@pytest.mark.parametrize("size", [8, 9])  # 9: the last row and column fill no window
@pytest.mark.parametrize("window", [3, 5])
def test_a_convolution_takes_its_pooling_along(size: int, window: int) -> None:
    random = np.random.default_rng(size)
    images = random.standard_normal((4, size, size, 16), dtype=np.float32)
    kernel = core.Variable(random.standard_normal((window, window, 16, 20), dtype=np.float32))
    bias = core.Variable(random.standard_normal(20, dtype=np.float32))
    x = core.placeholder("float32", images.shape)
    y = core.max_pool2d(core.relu(core.conv2d(x, kernel, padding="SAME") + bias), 2, 2, "VALID")
    session = Session(backend="native")
    assert "+Relu+MaxPool]" in session.explain(y, {x: images})
    plain = Session(backend="numpy")
    for variable in (kernel, bias):
        plain.load(variable, session.value(variable))
    expected = plain.run(y, {x: images})
    assert np.abs(session.run(y, {x: images}) - expected).max() <= 5e-6 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("size", "pool", "stride", "padding"),
    [(9, 2, 2, "SAME"), (8, 3, 2, "VALID"), (8, 2, 1, "VALID"), (9, 3, 3, "VALID")],
)
def test_other_poolings_stay_apart(size: int, pool: int, stride: int, padding: str) -> None:
    images = np.random.default_rng(0).standard_normal((4, size, size, 16), dtype=np.float32)
    kernel = core.Variable(np.ones((3, 3, 16, 20), np.float32) / 8)
    x = core.placeholder("float32", images.shape)
    y = core.max_pool2d(core.relu(core.conv2d(x, kernel, padding="SAME") + core.ones([20])), pool,
                        stride, padding)  # fmt: skip
    expected = Session(backend="numpy").run(y, {x: images})
    result = Session(backend="native").run(y, {x: images})
    assert np.abs(result - expected).max() <= 5e-6 * np.abs(expected).max()
