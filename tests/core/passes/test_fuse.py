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


def assert_as_numpy(fetches: Any, feeds: Any, *texts: str, tolerance: float = 0.0) -> None:
    """The engine's results are NumPy's, and its plan holds these texts."""
    session = Session(backend="native")
    plan = session.explain(fetches, feeds)
    for text in texts:
        assert text in plan, plan
    results = session.run(fetches, feeds)
    for actual, expected in zip(results, Session(backend="numpy").run(fetches, feeds), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(4, 4, 64), (8, 4, 68), (4, 8, 2000)])
def test_parts_are_read_where_they_lie(shape: tuple[int, ...], axis: int) -> None:
    x = core.placeholder("float32", shape)
    a, b, c, d = core.split(x, 4, axis)
    y = a * b + c
    assert_as_numpy([y * d, y - a, d], {x: numbers(*shape)}, "Split+Multiply")


def test_a_part_that_is_a_result_itself() -> None:
    x = core.placeholder("float32", [5, 40])
    a, b = core.split(x, 2, 1)
    assert_as_numpy([a, a + b, x], {x: numbers(5, 40)})


def test_slices_are_read_where_they_lie() -> None:
    x = core.placeholder("float32", [9, 50])
    y = core.placeholder("float32", [4, 20])
    values = x[1:9:2, 7:27] * y + x[4:0:-1, 30:]
    assert_as_numpy([values], {x: numbers(9, 50), y: numbers(4, 20)}, "Slice+Multiply")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_results_are_written_as_parts_of_one(axis: int) -> None:
    x = core.placeholder("float32", [4, 6, 400])
    a, b, c, d = core.split(x, 4, 2)
    y = core.concat([d * a, -(b + c), a - d], axis)
    assert_as_numpy([y, a + b], {x: numbers(4, 6, 400)}, "+Concat")


def test_parts_are_not_overwritten_before_they_are_read() -> None:
    x = core.placeholder("float32", [64, 256])
    h = x * 2.0
    a, b = core.split(h, 2, 1)
    y = core.concat([b + 1.0, a - 1.0], 1)  # of h's type, each half where the other was read
    assert_as_numpy([y * y], {x: numbers(64, 256)}, "Concat")


def test_groups_that_know_nothing_of_each_other_become_one() -> None:
    x, y, z = (core.placeholder("float32", [7, 32]) for _ in range(3))
    p, q = core.square(x) + x, core.negative(y) * y
    w = p / (q + 1.0) + z  # reads from both groups
    text = Session(backend="native").explain([w, p, q], {n: numbers(7, 32) for n in (x, y, z)})
    assert text.count("Fused") == 1
    assert_as_numpy([w, p, q], {n: numbers(7, 32) for n in (x, y, z)}, tolerance=1e-6)


def test_groups_that_need_each_other_stay_apart() -> None:
    x = core.placeholder("float32", [8, 8])
    p = core.square(x) + x
    q = core.matmul(p, x) * 2.0 + 1.0
    assert_as_numpy([p * q + p, q], {x: numbers(8, 8)}, tolerance=1e-5)


def test_a_group_that_is_too_much_for_the_engine_is_halved() -> None:
    inputs = [core.placeholder("float32", [1, 24]) for _ in range(14)]
    total = core.zeros([6, 24], "float32")
    for position, x in enumerate(inputs):  # each spread operand takes a register
        total = total * float(position + 2) + x
    feeds = {x: numbers(1, 24) for x in inputs}
    text = Session(backend="native").explain([total], feeds)
    assert "compute on" not in text and text.count("Fused") >= 2, text
    assert_as_numpy([total], feeds, tolerance=1e-6)


@pytest.mark.parametrize("size", [1, 5, 33])
@pytest.mark.parametrize("rows", [1, 3, 8, 20, 200])
def test_a_product_adds_a_matrix(rows: int, size: int) -> None:
    x, w, c = (core.placeholder("float32", s) for s in ([rows, 19], [19, size], [rows, size]))
    feeds = {x: numbers(rows, 19), w: numbers(19, size), c: numbers(rows, size)}
    y = core.relu(c + core.matmul(x, w))
    assert_as_numpy([y], feeds, "MatMul+Add+Relu", tolerance=1e-5)


def test_products_in_a_batch_add_their_matrices() -> None:
    x, w, c = (core.placeholder("float32", s) for s in ([3, 5, 6], [3, 6, 7], [3, 5, 7]))
    feeds = {x: numbers(3, 5, 6), w: numbers(3, 6, 7), c: numbers(3, 5, 7)}
    assert_as_numpy([core.matmul(x, w) + c], feeds, "MatMul+Add", tolerance=1e-5)


def test_the_sum_of_two_products() -> None:
    x, w, v = (core.placeholder("float32", s) for s in ([5, 6], [6, 7], [6, 7]))
    feeds = {x: numbers(5, 6), w: numbers(6, 7), v: numbers(6, 7) + 1}
    total = core.matmul(x, w) + core.matmul(x, v)
    assert_as_numpy([total, core.tanh(total)], feeds, "MatMul+Add", tolerance=1e-5)


NORMALIZED = "[BatchNormTrain+Relu]", "[BatchNormTrain+ReluGradient+BatchNormTrainGrad]"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("channels", [1, 16, 19, 64])
def test_a_normalization_takes_its_rectifier_along(channels: int, dtype: str) -> None:
    x = core.placeholder(dtype, [6, 5, channels])
    scale, offset = (core.placeholder(dtype, [channels]) for _ in range(2))
    g = core.placeholder(dtype, [6, 5, channels])
    y, mean, variance = core.batch_norm_train(x, scale, offset)
    z = core.relu(y)
    feeds = {x: numbers(6, 5, channels), g: numbers(5, 6, channels).reshape(6, 5, channels)}
    feeds |= {scale: numbers(channels) + 2, offset: numbers(1, channels)[0] / 2}
    moved = mean * 0.9 + variance  # read before the rectifier is
    fetches = [moved, z, *core.gradients([z], [x, scale, offset], [g])]
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    assert_as_numpy(fetches, feeds, *NORMALIZED, tolerance=tolerance)


def test_a_normalization_that_others_read_stays_apart() -> None:
    x, vector = core.placeholder("float32", [9, 4]), np.ones(4, np.float32)
    y = core.batch_norm_train(x, vector, vector / 8)[0]
    z = core.relu(y)
    fetches = [y, z, *core.gradients([y * z], [x])]
    assert_as_numpy(fetches, {x: numbers(9, 4)}, tolerance=2e-5)
    assert "+" not in Session(backend="native").explain([y, z], {x: numbers(9, 4)})


def test_the_rectifier_of_another_normalization_stays_apart() -> None:
    """The gradient of one normalization gets what flows through the rectifier of another."""
    x, vector = core.placeholder("float32", [9, 4]), np.ones(4, np.float32)
    other = core.placeholder("float32", [9, 4])
    y = core.batch_norm_train(x, vector, vector / 8)[0]
    z = core.relu(core.batch_norm_train(other, vector, -vector / 8)[0])
    [flow] = core.gradients([z * z], [z])
    [through] = core.gradients([z], [z.op.inputs[0]], [flow])
    [g] = core.gradients([y], [x], [through])
    feeds = {x: numbers(9, 4), other: numbers(4, 9).T + 0.5}
    assert_as_numpy([g], feeds, tolerance=2e-5)
    plan = Session(backend="native").explain([g], feeds)
    assert "BatchNormTrainGrad]" not in plan
