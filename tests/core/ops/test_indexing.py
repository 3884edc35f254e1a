"""Indices that are tensors: what is planned anew for them, what types know, what is refused."""

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
    Variable,
    boolean_mask,
    constant,
    placeholder,
    shape_of,
    strided_slice,
    where,
    where_indices,
)
from thalweg.core.backends import sized
from thalweg.core.lower import lower
from thalweg.core.passes import run_passes
from thalweg.core.plan import make_plan

X = np.arange(24, dtype=np.float32).reshape(4, 6)


def labels(fetches: list[Any], feeds: list[Any], shapes: list[Any]) -> list[str]:
    plan = make_plan(run_passes(lower(fetches, feeds)), shapes)
    return [instruction.opdef.label for instruction in plan.program.instructions]


# What is planned anew -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (lambda x, i: x[i], lambda x, i: x[i]),
        (lambda x, i: x[:, i, None], lambda x, i: x[:, i, None]),
        (lambda x, i: core.slice(x, [i, 1], [1, -1]), lambda x, i: x[i : i + 1, 1:]),
        (lambda x, i: core.roll(x, i), lambda x, i: np.roll(x, i, 0)),
        (
            lambda x, i: core.gradients(core.slice(x, [0, i], [2, 2]), [x])[0],
            lambda x, i: np.pad(np.ones((2, 2)), ((0, 2), (i, 4 - i))),
        ),
    ],
)
def test_a_begin_is_data(part: Any, expected: Any, backend: str) -> None:
    with Graph().as_default():
        x, i = placeholder("float32", [None, 6]), placeholder("int32", [])
        y = part(x, i)
        session = Session(backend=backend)
        for value in range(4):
            assert session.run(y, {x: X, i: value}).tolist() == expected(X, value).tolist()
        [function] = y.op.functions.values()
        assert len(function._plans) == 1


def test_a_loop_reads_part_after_part_by_one_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(sized, "make_plan", lambda *args: (made.append(1), make_plan(*args))[1])
    x = placeholder("float32", [None, 6])

    def body(i: Any, total: Any) -> Any:
        return i + 1, total + core.slice(x, [i, 0], [2, -1])[1] * x[i, i]

    _, total = core.while_loop(
        lambda i, total: i + 1 < shape_of(x)[0],
        body,
        [constant(0), constant(np.zeros(6, np.float32))],
    )
    found = Session().run(total, {x: X})
    assert found.tolist() == sum(X[i + 1] * X[i, i] for i in range(3)).tolist()
    assert len(made) <= 2  # the condition and the body, each once


def test_what_the_plan_knows_is_a_view() -> None:
    x = placeholder("float32", [None, 6])
    last = x[shape_of(x)[0] - 1]
    half = x[shape_of(x)[0] // 2 :, constant(2) :]
    found = labels([last, half, *core.gradients(half, [x])], [x], [(4, 6)])
    assert {"Gather", "DynamicSlice", "DynamicSliceGrad", "SliceBounds"}.isdisjoint(found)
    assert found.count("Slice") == 2 and found.count("SliceGrad") == 1


def test_a_known_begin_may_lie_outside_when_sizes_are_known() -> None:
    with Graph().as_default():
        x = placeholder("float32", [None])
        y = core.slice(x, [3], [2])
        session = Session()
        assert session.run(y, {x: np.arange(5.0)}).tolist() == [3.0, 4.0]
        with pytest.raises(ShapeError, match="the part does not lie in the tensor"):
            session.run(y, {x: np.arange(4.0)})


# What types know ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "shape"),
    [
        (lambda x, i: x[i], (3, 5)),
        (lambda x, i: x[..., i], (None, 3)),
        (lambda x, i: x[i:], (None, 3, 5)),
        (lambda x, i: x[:, i:, 1:], (None, None, 4)),
        (lambda x, i: x[:, shape_of(x)[1] - 2 :], (None, 2, 5)),
        (lambda x, i: x[:, :, ::i], (None, 3, None)),
        (lambda x, i: x[x[:, 0, 0] > 0], (None, 3, 5)),
        (lambda x, i: x[x > 0], (None,)),
        (lambda x, i: x[:, np.array([True, False, True])], (None, 2, 5)),
        (lambda x, i: core.slice(x, [i, 0, 0], [2, -1, 3]), (2, 3, 3)),
        (lambda x, i: core.slice(x, [0, i, 0], [-1, -1, 3]), (None, None, 3)),
        (lambda x, i: core.slice(x, core.stack([i, 0, 0]), shape_of(x)), (None, 3, 5)),
        (lambda x, i: where_indices(x), (None, 3)),
        (lambda x, i: core.gather(x, [[0, 1, 2]], batch_dims=1), (1, 3, 5)),
        (lambda x, i: core.gather_nd(x, [[0, 1], [2, 2]]), (2, 5)),
        (lambda x, i: core.scatter_nd([[1]], [[1.0] * 5], [4, 5]), (4, 5)),
        (lambda x, i: core.tensor_scatter_update(x[0], [[1, 2]], [0.0]), (3, 5)),
    ],
)
def test_shape(part: Any, shape: tuple[int | None, ...]) -> None:
    with Graph().as_default():
        assert part(placeholder("float32", [None, 3, 5]), placeholder("int32", [])).shape == shape


def test_values_of_sizes_move_along() -> None:
    with Graph().as_default():
        sizes = shape_of(placeholder("float32", [None, 28, 28, 3]))
        assert sizes[constant(1) :].type.value == (28, 28, 3)
        assert core.slice(sizes, [1], [2]).type.value == (28, 28)
        assert core.slice(sizes, [0], [-1]).type.value == (None, 28, 28, 3)


def test_a_variable_is_an_index() -> None:
    index, flags = Variable(2), Variable([True, False, False, True])
    x = constant(X)
    session = Session()
    assert session.run(x[index]).tolist() == X[2].tolist()
    assert session.run(x[1:index]).tolist() == X[1:2].tolist()
    assert session.run(x[flags]).tolist() == X[[0, 3]].tolist()


def test_a_fed_mask_of_other_sizes_is_found_when_it_is_planned() -> None:
    with Graph().as_default():
        x, mask = placeholder("float32", [None, 6]), placeholder("bool", [None])
        y = x[mask]
        session = Session()
        assert session.run(y, {x: X, mask: [False] * 4}).shape == (0, 6)
        with pytest.raises(ShapeError, match="the mask does not fit"):
            session.run(y, {x: X, mask: [True] * 3})


# Errors -------------------------------------------------------------------------------------------


def text(call: Callable[[], Any], kind: type[ThalwegError]) -> list[str]:
    """The message without the node's name and the user's line, which other tests look at."""
    with Graph().as_default(), pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    lines = str(caught.value).splitlines()
    made_at = [line for line in lines if line.startswith("  made at")]
    assert len(made_at) == 1 and "test_indexing.py" in made_at[0]
    return [line for line in lines if not line.startswith(("  made at", "  node"))]


def x() -> Any:
    return placeholder("float32", [None, 784])


SHAPE_ERRORS: list[tuple[Callable[[], Any], list[str]]] = [
    (
        lambda: x()[placeholder("int32", [2]) :],
        [
            "getitem: a bound of a slice is not a scalar",
            "  expected  integers of shape ()",
            "  got       start int64 (2,), stop int64 ()",
        ],
    ),
    (
        lambda: x()[[True, False], [0]],
        [
            "getitem: more than one index is an array",
            "  expected  at most one that is no scalar",
            "  got       ([True, False], [0])",
            "  hint      gather_nd(x, indices) picks by several at once",
        ],
    ),
    (
        lambda: x()[placeholder("bool", name="m")],
        [
            "getitem: the rank of an index is unknown",
            "  expected  a known rank",
            "  got       <Tensor 'm:0' bool (...)>",
        ],
    ),
    (
        lambda: core.slice(x(), [0], [1, 2]),
        [
            "slice: needs one begin and one size an axis",
            "  expected  2 of each",
            "  got       begin int32 (1,), size int32 (2,), input float32 (None, 784)",
        ],
    ),
    (
        lambda: core.slice(x(), [0, 780], [1, 5]),
        [
            "slice: the part does not lie in the tensor",
            "  expected  0 <= begin and begin + size <= 784, on axis 1",
            "  got       begin 780, size 5",
        ],
    ),
    (
        lambda: core.slice(x(), [0, 0], [1, -2]),
        [
            "slice: the part does not lie in the tensor",
            "  expected  0 <= begin and begin + size <= 784, on axis 1",
            "  got       begin 0, size -2",
        ],
    ),
    (
        lambda: core.slice(x(), [[0, 0]], [1, 1]),
        [
            "DynamicSlice: begin must be a vector",
            "  expected  one integer an axis",
            "  got       begin int32 (1, 2), size int32 (2,)",
        ],
    ),
    (
        lambda: strided_slice(x(), [0, 0], [1], [1, 1]),
        [
            "strided_slice: begin, end and strides have different lengths",
            "  expected  one integer of each for each index",
            "  got       2, 1 and 2 integers",
        ],
    ),
    (
        lambda: strided_slice(x(), placeholder("int32", [None]), [1]),
        [
            "strided_slice: how many integers begin has is unknown",
            "  expected  a list, or a vector of known length",
            "  got       int32 (None,)",
        ],
    ),
    (
        lambda: boolean_mask(x(), placeholder("bool", [None, 783])),
        [
            "boolean_mask: the mask does not fit",
            "  expected  one axis or more, of the sizes from axis 0 of the tensor on",
            "  got       mask bool (None, 783), tensor (None, 784)",
        ],
    ),
    (
        lambda: boolean_mask(x(), [True, False], axis=1),
        [
            "boolean_mask: the mask does not fit",
            "  expected  one axis or more, of the sizes from axis 1 of the tensor on",
            "  got       mask bool (2,), tensor (None, 784)",
        ],
    ),
    (
        lambda: boolean_mask(x(), True),
        [
            "boolean_mask: the mask does not fit",
            "  expected  one axis or more, of the sizes from axis 0 of the tensor on",
            "  got       mask bool (), tensor (None, 784)",
        ],
    ),
    (
        lambda: boolean_mask(x(), [True], axis=2),
        [
            "boolean_mask: no such axis",
            "  expected  an axis in -2 <= axis < 2",
            "  got       2",
        ],
    ),
    (
        lambda: boolean_mask(x(), placeholder("bool")),
        [
            "boolean_mask: the rank of the mask is unknown",
            "  expected  a mask of known rank",
            "  got       bool (...)",
            "  hint      mask.set_shape([None]) says it",
        ],
    ),
]

DTYPE_ERRORS: list[tuple[Callable[[], Any], list[str]]] = [
    (
        lambda: x()[constant(1.0, name="f")],
        [
            "getitem: not an index",
            "  expected  an int, a slice, ..., None, or a tensor of integers or booleans",
            "  got       <Tensor 'f:0' float32 ()>",
        ],
    ),
    (
        lambda: x()[constant(True, name="t")],
        [
            "getitem: not an index",
            "  expected  an int, a slice, ..., None, or a tensor of integers or booleans",
            "  got       <Tensor 't:0' bool ()>",
        ],
    ),
    (
        lambda: x()["a"],
        [
            "getitem: not an index",
            "  expected  an int, a slice, ..., None, or a tensor of integers or booleans",
            "  got       'a'",
        ],
    ),
    (
        lambda: core.slice(x(), [0.0, 1.0], [1, 1]),
        [
            "DynamicSlice: takes integer tensors",
            "  expected  integer dtypes",
            "  got       begin float32 (2,), size int32 (2,)",
        ],
    ),
    (
        lambda: boolean_mask(x(), placeholder("int32", [None])),
        [
            "boolean_mask: the mask is not boolean",
            "  expected  mask bool (...)",
            "  got       mask int32 (None,)",
            "  hint      compare first: not_equal(mask, 0)",
        ],
    ),
    (
        lambda: where(constant(["a"])),
        [
            "WhereIndices: takes booleans and numbers",
            "  expected  condition (...) bool or number",
            "  got       condition string (1,)",
            "  hint      compare first: not_equal(condition, '')",
        ],
    ),
]


@pytest.mark.parametrize(("call", "lines"), SHAPE_ERRORS)
def test_shape_error(call: Callable[[], Any], lines: list[str]) -> None:
    assert text(call, ShapeError) == lines


@pytest.mark.parametrize(("call", "lines"), DTYPE_ERRORS)
def test_dtype_error(call: Callable[[], Any], lines: list[str]) -> None:
    assert text(call, DtypeError) == lines


@pytest.mark.parametrize(("given", "got"), [((1.0, None), "only x"), ((None, 1.0), "only y")])
def test_where_takes_both_or_neither(given: tuple[Any, Any], got: str) -> None:
    assert text(lambda: where([True], *given), OptionError) == [
        "where: x and y belong together",
        "  expected  both, or neither for the indices of what holds",
        f"  got       {got}",
    ]


def test_a_rest_must_be_a_python_integer() -> None:
    with Graph().as_default():
        size = placeholder("int32", [1])
        y = core.slice(constant(X[0]), [2], size)
        session = Session()
        assert session.run(y, {size: [3]}).tolist() == [2.0, 3.0, 4.0]
        with pytest.raises(ShapeError) as caught:
            session.run(y, {size: [-1]})
    assert caught.value.hint == "-1 as a size, for the rest of the axis, must be a Python integer"


@pytest.mark.parametrize("begin", [-1, 5])
def test_a_begin_that_does_not_fit(begin: int, backend: str) -> None:
    with Graph().as_default():
        i = placeholder("int32", [])
        y = core.slice(constant(X[0]), [i], [2])
        with pytest.raises(KernelError, match=r"does not lie|out of bounds"):
            Session(backend=backend).run(y, {i: begin})
