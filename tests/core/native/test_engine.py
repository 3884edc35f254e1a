"""The engine as a whole: threads, forks, strictness, what runs once, memory, errors."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, set_threads
from thalweg.core.backends.native import extension

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def graph() -> Any:
    with core.Graph().as_default() as context:
        yield context.graph


def network() -> tuple[Any, Any, Any]:
    """A convolution, a pooling, a product, a softmax, and the gradient of their loss."""
    x = core.placeholder("float32", [None, 14, 14, 3])
    k = core.Variable(RNG.normal(size=(3, 3, 3, 20)).astype("f") * 0.2)
    w = core.Variable(RNG.normal(size=(720, 10)).astype("f") * 0.05)
    h = core.max_pool2d(core.relu(core.conv2d(x, k, 1, "VALID")), 2, 2, "VALID")
    s = core.softmax(core.matmul(core.reshape(h, [-1, 720]), w))
    return x, s, core.gradients(core.reduce_mean(core.square(s)), [k, w])


IMAGES = RNG.normal(size=(37, 14, 14, 3)).astype("f")


def test_bits_do_not_depend_on_the_number_of_threads(threads: Any) -> None:
    x, s, gradients = network()
    session = Session()
    results = []
    for count in (1, 2, 3, 4):
        threads(count)
        results.append(session.run([s, *gradients], {x: IMAGES}))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_two_callers_at_once_get_the_same(threads: Any) -> None:
    threads(2)
    x, s, _ = network()
    session = Session()
    expected = session.run(s, {x: IMAGES})
    results: list[Any] = []

    def work() -> None:
        for _ in range(20):
            results.append(session.run(s, {x: IMAGES}))

    callers = [threading.Thread(target=work) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 80
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process")  # Python 3.12 warns of forks beside threads
def test_a_forked_child_computes(threads: Any) -> None:
    threads(2)
    x, s, _ = network()
    session = Session()
    expected = session.run(s, {x: IMAGES})  # the pool runs
    child = os.fork()
    if child == 0:  # pragma: no cover
        same = np.array_equal(session.run(s, {x: IMAGES}), expected)
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_of_threads_is_refused(count: Any) -> None:
    with pytest.raises(core.OptionError, match="expected  an integer >= 1"):
        set_threads(count)


def test_a_strict_session_names_what_has_no_kernel() -> None:
    x = core.placeholder("float32", [3, 3], name="x")
    y = core.relu(core.unique(core.reshape(core.matmul(x, x), [-1]))[0])
    value = np.eye(3, dtype="f")
    np.testing.assert_allclose(Session().run(y, {x: value}), [1, 0])
    with pytest.raises(core.KernelError, match="the engine has no kernel for it") as caught:
        Session(strict=True).run(y, {x: value})
    assert "UniquePositions" in str(caught.value) and "test_engine.py" in str(caught.value)
    np.testing.assert_allclose(Session(strict=True).run(core.matmul(x, x), {x: value}), value)


def test_only_the_engine_is_strict() -> None:
    with pytest.raises(core.OptionError, match="only the engine can be strict"):
        Session(backend="numpy", strict=True)


def test_explain_tells_who_runs_what() -> None:
    x = core.placeholder("float32", [3, 3])
    y = core.unique(core.reshape(core.matmul(x, x), [-1]))[0]
    text = Session().explain(y, {x: np.eye(3, dtype="f")})
    assert "1 instructions: native kernel" in text and "1 instructions: compute on numpy" in text


def test_what_depends_on_variables_alone_follows_them() -> None:
    """Packed weights are kept from run to run, and made anew when a variable has changed."""
    x = core.placeholder("float32", [None, 8, 8, 3])
    k = core.Variable(np.zeros((3, 3, 3, 16), "f"))
    y = core.reduce_sum(core.conv2d(x, k, 1, "SAME"))
    step = k.assign(k.value() + 1.0)
    ones = np.ones((1, 8, 8, 3), "f")
    session = Session()
    assert session.run(y, {x: ones}) == 0.0
    session.run(step.op)
    first = session.run(y, {x: ones})
    session.load(k, np.full((3, 3, 3, 16), 2.0, "f"))
    assert first > 0 and session.run(y, {x: ones}) == 2 * first
    assert session.run(y, {x: ones}) == 2 * first


def test_arenas_full_of_nans_change_nothing() -> None:
    x, s, gradients = network()
    session = Session()
    expected = session.run([s, *gradients], {x: IMAGES})
    extension.poison_arenas(True)
    try:
        again = session.run([s, *gradients], {x: IMAGES})
    finally:
        extension.poison_arenas(False)
    for a, b in zip(expected, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_index_out_of_range_names_the_user_s_line() -> None:
    table, index = core.placeholder("float32", [4, 2]), core.placeholder("int32", [None])
    y = core.gather(table, index)
    with pytest.raises(core.KernelError, match="an index is out of bounds") as caught:
        Session().run(y, {table: np.zeros((4, 2), "f"), index: np.array([1, 4], "i")})
    assert "test_engine.py" in str(caught.value)


def test_unaligned_and_strided_feeds() -> None:
    x, s, _ = network()
    session = Session()
    expected = session.run(s, {x: IMAGES})
    raw = np.zeros(IMAGES.nbytes + 8, np.uint8)[4:-4].view("f").reshape(IMAGES.shape)
    raw[...] = IMAGES
    np.testing.assert_array_equal(session.run(s, {x: raw}), expected)
    turned = np.asfortranarray(IMAGES)
    np.testing.assert_array_equal(session.run(s, {x: turned}), expected)


def test_an_empty_batch() -> None:
    x, s, _ = network()
    assert Session().run(s, {x: IMAGES[:0]}).shape == (0, 10)


def test_what_a_python_function_keeps_stays_as_it_was() -> None:
    x = core.placeholder("float32", [64])
    kept: list[Any] = []

    def double(value: Any) -> Any:
        kept.append(value)
        return value * 2

    y = core.py_func(double, [core.exp(x)], "float32")
    y.set_shape([64])
    for _ in range(4):  # what comes later in the run takes the memory of what is dead
        y = core.cumsum(core.sin(y))
    values = RNG.normal(size=64).astype("f")
    Session().run(y, {x: values})
    np.testing.assert_allclose(kept[0], np.exp(values), rtol=1e-6)


def test_sessions_share_a_plan_but_not_what_follows_from_their_variables() -> None:
    x = core.placeholder("float32", [None, 8, 8, 16])
    k = core.Variable(np.zeros((3, 3, 16, 16), "f"))
    y = core.conv2d(x, k, 1, "SAME")
    images = RNG.normal(size=(2, 8, 8, 16)).astype("f")
    sessions = [Session() for _ in range(3)]
    kernels = [RNG.normal(size=(3, 3, 16, 16)).astype("f") for _ in sessions]
    for session, kernel in zip(sessions, kernels, strict=True):
        session.load(k, kernel)
    expected = [session.run(y, {x: images}) for session in sessions]
    assert not np.array_equal(expected[0], expected[1])
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(30):
            if not np.array_equal(sessions[index].run(y, {x: images}), expected[index]):
                wrong.append(index)

    callers = [threading.Thread(target=work, args=(i % 3,)) for i in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong
