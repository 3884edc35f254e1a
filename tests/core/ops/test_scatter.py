"""Variables changed by index, and what gathering and scattering refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import (
    DtypeError,
    Graph,
    KernelError,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    Trace,
    Variable,
    constant,
    gather,
    gather_nd,
    placeholder,
    scatter_add,
    scatter_div,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_nd,
    scatter_nd_add,
    scatter_nd_sub,
    scatter_nd_update,
    scatter_sub,
    scatter_update,
    tensor_scatter_add,
    tensor_scatter_update,
)

START = np.arange(1.0, 13.0, dtype=np.float32).reshape(4, 3)


def one_by_one(meet: Callable[[Any, Any], Any], places: Any, rows: np.ndarray) -> np.ndarray:
    """The updates one after another, as a loop over the indices does."""
    result = START.astype(np.float64)
    for place, row in zip(places, rows, strict=True):
        key = tuple(place) if np.ndim(place) else place
        result[key] = meet(result[key], row)
    return result


@pytest.mark.parametrize(
    ("scatter", "meet"),
    [
        (scatter_update, lambda old, new: new),
        (scatter_add, np.add),
        (scatter_sub, np.subtract),
        (scatter_mul, np.multiply),
        (scatter_div, np.divide),
        (scatter_min, np.minimum),
        (scatter_max, np.maximum),
    ],
)
def test_rows(scatter: Any, meet: Any, backend: str) -> None:
    variable = Variable(START)
    generator = np.random.default_rng(0)
    indices = generator.integers(-4, 4, 9)
    rows = generator.uniform(0.5, 9, (9, 3)).astype(np.float32)
    fed = placeholder("int64", [None])
    new = scatter(variable, fed, rows)
    session = Session(backend=backend)
    expected = one_by_one(meet, indices, rows)
    np.testing.assert_allclose(session.run(new, {fed: indices}), expected, rtol=1e-5)
    np.testing.assert_allclose(session.value(variable), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("scatter", "meet"),
    [
        (scatter_nd_update, lambda old, new: new),
        (scatter_nd_add, np.add),
        (scatter_nd_sub, np.subtract),
    ],
)
@pytest.mark.parametrize("depth", [1, 2])
def test_vectors(scatter: Any, meet: Any, depth: int, backend: str) -> None:
    variable = Variable(START)
    generator = np.random.default_rng(0)
    places = np.stack([generator.integers(-n, n, 9) for n in (4, 3)[:depth]], axis=1)
    rows = generator.uniform(0.5, 9, (9, *START.shape[depth:])).astype(np.float32)
    session = Session(backend=backend)
    session.run(scatter(variable, places, rows).op)
    expected = one_by_one(meet, places, rows)
    np.testing.assert_allclose(session.value(variable), expected, rtol=1e-5)


def test_one_number_for_all_rows() -> None:
    variable = Variable(START)
    assert Session().run(scatter_update(variable, [1, 2], 0)).tolist() == [
        [1, 2, 3],
        [0, 0, 0],
        [0, 0, 0],
        [10, 11, 12],
    ]


def test_words() -> None:
    variable = Variable(np.array(["a", "b", "c"], object), dtype="string")
    session = Session(backend="strict")
    assert session.run(scatter_update(variable, [2], ["z"])).tolist() == [b"a", b"b", b"z"]


def test_unordered_ones_compose() -> None:
    variable = Variable([1.0, 2.0, 3.0])
    writes = [scatter_add(variable, [0], [10.0]), scatter_mul(variable, [0, 2], [2.0, 2.0])]
    session = Session()
    session.run(core.group(*writes))
    assert session.value(variable).tolist() == [22.0, 2.0, 6.0]


def test_a_trace_reads_what_it_wrote() -> None:
    variable = Variable([1.0, 2.0])
    with Trace().open():
        scatter_add(variable, [1], [5.0])
        after = variable.value() * 1.0
        scatter_nd_sub(variable, [[1]], [1.0])
        last = variable.value() + 0.0
    assert [value.tolist() for value in Session().run([after, last])] == [[1.0, 7.0], [1.0, 6.0]]


def test_in_a_loop_and_in_a_branch(backend: str) -> None:
    counts = Variable(np.zeros(3, np.float32))

    def body(i: Any) -> Any:
        scatter_add(counts, core.stack([i % 3]), [1.0])
        return i + 1

    done = core.while_loop(lambda i: i < 7, body, constant(0))
    chosen = core.cond(
        done > 5, lambda: scatter_update(counts, [0], [-1.0])[0], lambda: constant(0.0)
    )
    session = Session(backend=backend)
    assert float(session.run(chosen)) == -1.0
    assert session.value(counts).tolist() == [-1.0, 2.0, 2.0]


def test_a_large_table_is_written_in_place() -> None:
    variable = Variable(np.zeros((1000, 4), np.float32))
    session = Session()
    session.value(variable)
    array = session._values[variable]
    session.run([scatter_add(variable, [5, 5], np.ones((2, 4))).op])
    session.run([scatter_nd_update(variable, [[7, 1]], [3.0]).op])
    assert np.shares_memory(session._values[variable], array)
    assert session.value(variable)[5].tolist() == [2.0] * 4
    assert session.value(variable)[7].tolist() == [0.0, 3.0, 0.0, 0.0]


def test_sums_have_an_order_of_their_own() -> None:
    """The bits do not depend on how the rows came to be added, only on their places."""
    rows = np.array([1e8, 1.0, -1e8, 1.0, 3.0], np.float32)
    indices = placeholder("int32", [5, 1])
    scattered = scatter_nd(indices, rows, [2])
    session = Session()
    first = session.run(scattered, {indices: [[0], [0], [0], [0], [1]]})
    moved = session.run(scattered, {indices: [[1], [1], [1], [1], [0]]})
    assert first.tolist() == moved[::-1].tolist()


# Errors -----------------------------------------------------------------------------------------


def text(call: Callable[[], Any], kind: type[ThalwegError]) -> list[str]:
    """The message without the node's name and the user's line, which other tests look at."""
    with Graph().as_default(), pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    lines = str(caught.value).splitlines()
    made_at = [line for line in lines if line.startswith("  made at")]
    assert len(made_at) == 1 and "test_scatter.py" in made_at[0]
    return [line for line in lines if not line.startswith(("  made at", "  node"))]


def x() -> Any:
    return placeholder("float32", [None, 3])


@pytest.mark.parametrize(
    ("call", "kind", "lines"),
    [
        (
            lambda: gather(x(), [[0], [1]], batch_dims=3),
            ShapeError,
            [
                "Gather: no such axis",
                "  expected  an axis in -2 <= axis < 2",
                "  got       3",
            ],
        ),
        (
            lambda: gather(x(), [[0], [1]], 0, batch_dims=1),
            ShapeError,
            [
                "Gather: batch_dims does not fit",
                "  expected  0 <= batch_dims <= axis 0, and at most 2, the rank of the indices",
                "  got       batch_dims 1",
            ],
        ),
        (
            lambda: gather(constant(START), [[0], [1]], batch_dims=1),
            ShapeError,
            [
                "Gather: the batches differ",
                "  expected  equal sizes on the first 1 axes",
                "  got       params float32 (4, 3), indices int32 (2, 1)",
            ],
        ),
        (
            lambda: gather_nd(x(), placeholder("int32", [4, None])),
            ShapeError,
            [
                "gather_nd: how many axes the indices are about is unknown",
                "  expected  indices (..., k) of known rank and k",
                "  got       indices int32 (4, None)",
                "  hint      indices.set_shape([None, 2]) says it",
            ],
        ),
        (
            lambda: gather_nd(x(), [[0, 1, 2]]),
            ShapeError,
            [
                "FlatIndex: the indices do not fit the axes",
                "  expected  indices (*(), ..., 2)",
                "  got       indices int32 (1, 3)",
            ],
        ),
        (
            lambda: gather_nd(constant(START), [4, 0]),
            ShapeError,
            [
                "FlatIndex: an index is out of range",
                "  expected  each -size <= index < size, of sizes (4, 3)",
                "  got       (4, 0)",
            ],
        ),
        (
            lambda: gather_nd(x(), [1.0, 0.0]),
            DtypeError,
            [
                "FlatIndex: takes integer tensors",
                "  expected  integer dtypes",
                "  got       indices float32 (2,)",
            ],
        ),
        (
            lambda: scatter_nd([[0]], [[1.0, 2.0]], [4, 3]),
            ShapeError,
            [
                "ScatterRows: the rows do not fit",
                "  expected  rows float32 (1, 3), as picked from float32 (4, 3)",
                "  got       rows float32 (1, 2), indices int64 (1,)",
            ],
        ),
        (
            lambda: scatter_nd([[0]], ["a"], [4]),
            DtypeError,
            [
                "ScatterRows: takes number tensors",
                "  expected  number dtypes",
                "  got       rows string (1,)",
            ],
        ),
        (
            lambda: tensor_scatter_add(x(), placeholder("int32"), [1.0]),
            ShapeError,
            [
                "scatter_nd: how many axes the indices are about is unknown",
                "  expected  indices (..., k) of known rank and k",
                "  got       indices int32 (...)",
                "  hint      indices.set_shape([None, 2]) says it",
            ],
        ),
        (
            lambda: tensor_scatter_update(constant(START), [[0]], [[1.0, 2.0]]),
            ShapeError,
            [
                "PutRows: the rows do not fit",
                "  expected  rows float32 (1, 3)",
                "  got       tensor float32 (4, 3), indices int64 (1,), rows float32 (1, 2)",
            ],
        ),
        (
            lambda: tensor_scatter_update(constant(START), [[0], [1]], [[1.0, 2.0, 3.0]]),
            ShapeError,
            [
                "CombineRows: the rows do not fit the indices",
                "  expected  rows (*indices, ...), size ()",
                "  got       rows float32 (1, 3), indices int64 (2,), size int64 ()",
            ],
        ),
        (
            lambda: scatter_update(Variable(START, name="w"), [0], [1.0, 2.0, 3.0]),
            ShapeError,
            [
                "scatter: the updates do not fit",
                "  expected  updates float32 (1, 3), for variable 'w' float32 (4, 3)",
                "  got       indices int32 (1,), updates float32 (3,)",
            ],
        ),
        (
            lambda: scatter_nd_add(Variable(START, name="w"), [[0, 1]], [1.0, 2.0]),
            ShapeError,
            [
                "scatter: the updates do not fit",
                "  expected  updates float32 (1,), for variable 'w' float32 (4, 3)",
                "  got       indices int64 (1,), updates float32 (2,)",
            ],
        ),
        (
            lambda: scatter_div(Variable([1, 2]), [0], [1]),
            DtypeError,
            [
                "AssignRows: takes float tensors",
                "  expected  float dtypes",
                "  got       updates int32 (1,)",
                "  hint      cast(x, 'float32') converts",
            ],
        ),
        (
            lambda: scatter_add(constant([1.0], name="c"), [0], [1.0]),
            OptionError,
            [
                "scatter: ref is not a variable",
                "  expected  a Variable",
                "  got       <Tensor 'c:0' float32 (1,)>",
                "  hint      tensor_scatter_update(tensor, indices, updates) makes a new tensor",
            ],
        ),
    ],
)
def test_error(call: Callable[[], Any], kind: type[ThalwegError], lines: list[str]) -> None:
    assert text(call, kind) == lines


def test_updates_are_not_cast_unasked() -> None:
    with pytest.raises(DtypeError, match="a tensor of another dtype"):
        scatter_add(Variable(START), [0], constant([[1, 2, 3]]))


@pytest.mark.parametrize("wrong", [-5, 4])
@pytest.mark.parametrize(
    "use",
    [
        lambda i: gather(constant(START), i),
        lambda i: gather_nd(constant(START), core.expand_dims(i, 1)),
        lambda i: scatter_nd(core.expand_dims(i, 1), [1.0], [4]),
        lambda i: tensor_scatter_update(constant([1.0] * 4), core.expand_dims(i, 1), [1.0]),
        lambda i: scatter_max(Variable(START), i, 1.0),
        lambda i: scatter_update(Variable(START), i, 1.0),
        lambda i: scatter_nd_sub(Variable([1.0] * 4), core.expand_dims(i, 1), [1.0]),
    ],
)
def test_indices_out_of_range(use: Callable[[Any], Any], wrong: int) -> None:
    with Graph().as_default():
        fed = placeholder("int32", [1])
        result = use(fed)
        with pytest.raises(KernelError, match="out of bounds"):
            Session().run(result, {fed: [wrong]})
