"""In the steady state a training step touches no new page: arenas, scratch and variables stay.

That the engine calls no allocator then is counted in C++, by tests/native/plans.cpp.
"""

from __future__ import annotations

import mmap
import resource
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import thalweg
import thalweg.core as core
from thalweg import layers
from thalweg.core.backends.native import extension

pytestmark = [
    pytest.mark.skipif(extension is None, reason="the engine is not built here"),
    pytest.mark.slow,
]

WARM_UP, STEPS = 10, 40
# Page faults in all steps together: Python takes a page for its own objects now and then.
FEW = 8


@pytest.fixture(autouse=True)
def _same_thread_count() -> Iterator[None]:
    count = extension.thread_count()
    yield
    extension.set_thread_count(count)


def page_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def faults_in_steps(step: Callable[[], object]) -> int:
    for _ in range(WARM_UP):
        step()
    before = page_faults()
    for _ in range(STEPS):
        step()
    return page_faults() - before


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


def lenet_step(session: core.Session, batch: int) -> Callable[[], object]:
    """One step of gradient descent, all of it the engine's."""
    x = core.placeholder("float32", [batch, 28, 28, 1])
    labels = core.placeholder("int64", [batch])
    sizes = [(5, 5, 1, 6), (5, 5, 6, 16), (784, 120), (120, 10)]
    weights = [core.Variable(0.05 * normal(*size)) for size in sizes]
    h: core.Tensor = x
    for kernel in weights[:2]:
        h = core.relu(core.conv2d(h, kernel, padding="SAME"))
        h = core.max_pool2d(h, 2, 2, "VALID")
    h = core.relu(core.matmul(core.reshape(h, [batch, 784]), weights[2]))
    losses = core.sparse_softmax_cross_entropy(labels, core.matmul(h, weights[3]))
    loss = core.reduce_mean(losses)
    gradients = core.gradients([loss], weights)
    updates = [
        w.assign_sub(0.01 * g) for w, g in zip(weights, gradients, strict=True) if g is not None
    ]
    feeds = {x: normal(batch, 28, 28, 1), labels: np.arange(batch) % 10}
    assert "numpy" not in session.explain([loss, *updates], feeds)
    step = session.make_callable([loss, core.group(*updates)], list(feeds))
    return lambda: step(*feeds.values())


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch", [16, 128])
def test_a_step_of_a_session_touches_no_new_page(threads: int, batch: int) -> None:
    extension.set_thread_count(threads)
    assert faults_in_steps(lenet_step(core.Session(), batch)) <= FEW


@pytest.mark.parametrize("threads", [1, 2])
def test_loops_and_branches_touch_no_new_page(threads: int) -> None:
    extension.set_thread_count(threads)
    x, n = core.placeholder("float32", [128, 256]), core.placeholder("int32", [])
    w = core.Variable(0.05 * normal(256, 256))
    count = core.Variable(np.zeros(1000, "f"))

    def body(i: core.Tensor, h: core.Tensor) -> list[core.Tensor]:
        with core.control_dependencies([count.assign_add(core.ones([1000]))]):
            wide = core.cond(i % 2 > 0, lambda: core.matmul(h, w), lambda: core.softmax(h))
        return [i + 1, core.tanh(wide + x)]

    fetches = core.while_loop(lambda i, h: i < n, body, [np.int32(0), x])
    session = core.Session(strict=True)
    run, value = session.make_callable(fetches, [x, n]), normal(128, 256)
    iterations = iter(range(3, 3 + WARM_UP + STEPS))
    assert faults_in_steps(lambda: run(value, next(iterations))) <= FEW


def test_new_pages_would_be_seen() -> None:
    def forgetful() -> None:
        with mmap.mmap(-1, FEW * mmap.PAGESIZE) as memory:
            for page in range(FEW):
                memory[page * mmap.PAGESIZE] = 1

    assert faults_in_steps(forgetful) > FEW


def test_two_sessions_in_turn_share_their_memory() -> None:
    steps = [lenet_step(core.Session(), batch) for batch in (128, 32)]
    assert faults_in_steps(lambda: [step() for step in steps]) <= FEW


@pytest.fixture
def model() -> thalweg.Sequential:
    model = thalweg.Sequential(
        [
            layers.Conv2D(6, 5, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = thalweg.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def test_a_step_of_fit_touches_no_new_page(model: thalweg.Sequential) -> None:
    batches: list[int] = []

    class Watch(thalweg.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            batches.append(page_faults())

    x, y = normal(32 * (WARM_UP + STEPS), 28, 28, 1), np.arange(32 * (WARM_UP + STEPS)) % 10
    model.fit(x, y, batch_size=32, epochs=2, verbose=0, callbacks=[Watch()])
    last = batches[-STEPS:]
    assert last[-1] - last[0] <= FEW


def test_a_step_of_train_on_batch_touches_no_new_page(model: thalweg.Sequential) -> None:
    x, y = normal(128, 28, 28, 1), np.arange(128) % 10
    assert faults_in_steps(lambda: model.train_on_batch(x, y)) <= FEW
