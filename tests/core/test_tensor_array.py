"""`TensorArray`: in loops and out of them, with shapes known before the loop and not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import Session, TensorArray, gradients, placeholder, while_loop

X = np.random.default_rng(0).normal(size=(4, 3))


def running(x: Any, array: TensorArray, length: int = 4) -> Any:
    """Running sums of rows, in an array that a loop writes."""

    def body(i: Any, total: Any, array: Any) -> Any:
        total = total + x[i] if isinstance(i, int) else total + core.gather(x, i)
        return i + 1, total, array.write(i, total)

    start = core.zeros_like(x[0])
    return while_loop(lambda i, *_: i < length, body, (0, start, array))[2].stack()


def test_a_loop_writes(backend: str) -> None:
    x = placeholder("float64", [4, 3])
    y = running(x, TensorArray("float64", size=4))
    assert y.shape == (4, 3)
    np.testing.assert_allclose(Session(backend=backend).run(y, {x: X}), X.cumsum(0))


def test_elements_of_sizes_that_only_a_run_knows() -> None:
    x = placeholder("float64", [None, None])
    y = running(x, TensorArray("float64", size=core.shape_of(x)[0]))
    [dx] = gradients(core.reduce_sum(y * y), [x])
    session = Session()
    for width in (3, 2):
        value = X[:, :width]
        got, slope = session.run([y, dx], {x: value})
        np.testing.assert_allclose(got, value.cumsum(0))
        expected = 2 * value.cumsum(0)[::-1].cumsum(0)[::-1]
        np.testing.assert_allclose(slope, expected)


def test_it_grows(backend: str) -> None:
    x = placeholder("float64", [4, 3])
    y = running(x, TensorArray("float64", size=0, dynamic_size=True))
    session = Session(backend=backend)
    np.testing.assert_allclose(session.run(y, {x: X}), X.cumsum(0))
    [dx] = gradients(core.reduce_sum(y * y), [x])
    with pytest.raises(core.ShapeError) as error:
        session.run(dx, {x: X})
    assert "a value that is kept of each iteration changes its shape" in str(error.value)
    assert "give them their final size" in str(error.value)


def test_what_a_loop_reads() -> None:
    """Fibonacci's numbers, from the array that is being written."""
    array = TensorArray("int32", size=8, element_shape=[]).write(0, 1).write(1, 1)

    def body(i: Any, a: Any) -> Any:
        return i + 1, a.write(i, a.read(i - 1) + a.read(i - 2))

    _, array = while_loop(lambda i, a: i < 8, body, (2, array))
    assert Session().run(array.stack()).tolist() == [1, 1, 2, 3, 5, 8, 13, 21]


def test_other_ways_to_read_and_write() -> None:
    array = TensorArray("float32", size=3).unstack(np.arange(6, dtype="f").reshape(3, 2))
    array = array.scatter([0, 2], [[9.0, 9.0], [8.0, 8.0]])
    got = Session().run([array.stack(), array.concat(), array.gather([2, 0]), array.size()])
    assert got[0].tolist() == [[9, 9], [2, 3], [8, 8]]
    assert got[1].tolist() == [9, 9, 2, 3, 8, 8]
    assert got[2].tolist() == [[8, 8], [9, 9]] and got[3] == 3


def test_errors() -> None:
    with pytest.raises(core.GraphError, match="read before anything was written"):
        TensorArray("float32", size=2).stack()
    with pytest.raises(core.ShapeError, match="an element has another shape"):
        TensorArray("float32", size=2, element_shape=[3]).write(0, [1.0])
    array = TensorArray("float32", size=2).write(0, [1.0, 2.0])
    with pytest.raises(core.ShapeError, match="value or the index has another shape"):
        array.write(1, [1.0])
    with pytest.raises(core.DtypeError):
        array.write(0.5, [1.0, 2.0])
    with pytest.raises(core.KernelError, match="is out of bounds"):
        Session().run(array.write(7, [1.0, 2.0]).stack())
