"""Types know the values of sizes as far as they can, through every op that moves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    Session,
    Tensor,
    arange,
    broadcast_to,
    cast,
    choose,
    concat,
    constant,
    expand_dims,
    fill,
    gather,
    gradients,
    pad,
    placeholder,
    placeholder_with_default,
    rank_of,
    reshape,
    reverse,
    shape_of,
    size_of,
    split,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
    zeros,
)


@pytest.fixture
def images() -> Tensor:
    return placeholder("float32", [None, 28, 28, 3])


@pytest.mark.parametrize(
    ("move", "value"),
    [
        (lambda s: s[0], (None,)),
        (lambda s: s[1], (28,)),
        (lambda s: s[-1], (3,)),
        (lambda s: s[1:], (28, 28, 3)),
        (lambda s: s[::-1], (3, 28, 28, None)),
        (lambda s: s[:2], (None, 28)),
        (lambda s: s[1:1], ()),
        (lambda s: s[1][None], (28,)),
        (lambda s: s[[3, 0]], (3, None)),
        (lambda s: gather(s, [-1, 1]), (3, 28)),
        (lambda s: gather(s, 2), (28,)),
        (lambda s: stack([s[0], 784]), (None, 784)),
        (lambda s: stack([s[0], s[1] * s[2]]), (None, 784)),
        (lambda s: concat([s[:1], [784]], 0), (None, 784)),
        (lambda s: concat([s[:1], s[1:1], s[3:]], 0), (None, 3)),
        (lambda s: split(s, [1, -1])[1], (28, 28, 3)),
        (lambda s: split(s, 2)[0], (None, 28)),
        (lambda s: unstack(s)[3], (3,)),
        (lambda s: expand_dims(s[1], 0), (28,)),
        (lambda s: squeeze(s[:1]), (None,)),
        (lambda s: reshape(s[1], [1]), (28,)),
        (lambda s: reshape(s, [-1]), (None, 28, 28, 3)),
        (lambda s: transpose(s), (None, 28, 28, 3)),
        (lambda s: reverse(s, 0), (3, 28, 28, None)),
        (lambda s: tile(s[-2:], [2]), (28, 3, 28, 3)),
        (lambda s: pad(s[:2], [[1, 0]], constant_values=1), (1, None, 28)),
        (lambda s: cast(s[1:3], "int64"), (28, 28)),
        (lambda s: s[1] + s[3] * 2, (34,)),
        (lambda s: size_of(s), (4,)),
        (lambda s: rank_of(s), (1,)),
    ],
)
def test_value(images: Tensor, move: Callable[[Tensor], Tensor], value: tuple[int | None]) -> None:
    assert move(shape_of(images)).type.value == value


@pytest.mark.parametrize(
    ("move", "value"),
    [
        (lambda: arange(4), (0, 1, 2, 3)),
        (lambda: arange(5, 0, -2), (5, 3, 1)),
        (lambda: fill([2], 7), (7, 7)),
        (lambda: zeros(2, "bool"), (False, False)),
        (lambda: size_of(zeros([2, 3])), (6,)),
        (lambda: rank_of(zeros([2, 3])), (2,)),
        (lambda: constant([True, False])[1], (False,)),
    ],
)
def test_value_of_constants(move: Callable[[], Tensor], value: tuple[Any, ...]) -> None:
    assert move().type.value == value


def test_no_value() -> None:
    x = placeholder("float32", [None, 3])
    n = placeholder("int32", [2])
    assert n[0].type.value is None  # data
    assert stack([n, n]).type.value is None  # a matrix
    assert shape_of(x)[0:1].type.value == (None,)
    assert size_of(x).type.value == (None,)
    assert concat([shape_of(placeholder("float32")), [3]], 0).type.value is None
    assert arange(100).type.value is None  # too long to carry
    assert stack([1.5, 2.5]).type.value is None


@pytest.mark.parametrize(
    ("given", "shape", "expected"),
    [
        ((None, 28, 28), [-1, 784], (None, 784)),
        ((None, 28, 28), [2, -1], (2, None)),
        ((5, 28, 28), [-1, 784], (5, 784)),
        ((0, 28, 28), [-1, 784], (0, 784)),
        ((2, 3, 4), [4, -1, 2], (4, 3, 2)),
        ((0,), [-1, 0, 3], None),
        ((2, 0), [0, 7], (0, 7)),
        ((), [1, 1], (1, 1)),
        ((1,), [], ()),
        ((4,), 4, (4,)),
        (None, [-1, 784], (None, 784)),
        (None, [6], (6,)),
    ],
)
def test_reshape(given: Any, shape: Any, expected: Any) -> None:
    x = placeholder("float32", given)
    if expected is None:
        with pytest.raises(ValueError, match="number of elements"):
            reshape(x, shape)
    else:
        assert reshape(x, shape).shape == expected


def test_reshape_by_tensors(images: Tensor) -> None:
    batch = shape_of(images)[0]
    assert reshape(images, [batch, 2352]).shape == (None, 2352)
    assert reshape(images, stack([batch, 2352])).shape == (None, 2352)
    assert reshape(images, shape_of(images)).shape == (None, 28, 28, 3)
    assert reshape(images, placeholder("int32", [2])).shape == (None, None)
    assert reshape(images, placeholder("int32", [None])).shape is None
    # one unknown size follows where the number of elements is known
    assert reshape(zeros([6, 4]), [batch, 8]).shape == (3, 8)
    assert zeros([batch, 2]).shape == (None, 2)
    assert tile(zeros([2, 3]), [batch, 2]).shape == (None, 6)


def test_types_of_unknown_rank() -> None:
    x = placeholder("int32")
    y = placeholder("int32", [None, 3])
    assert transpose(x, [1, 0]).shape == (None, None)
    assert concat([x, y], -1).shape == (None, None)
    assert stack([x, y], -1).shape == (None, 3, 2)
    assert pad(x, [[0, 1]]).shape == (None,)
    assert tile(x, [2, 2]).shape == (None, None)
    assert [part.shape for part in split(x, 2)] == [None, None]
    assert squeeze(placeholder("int32", [None, 1])).shape is None
    assert x[0].shape is None
    assert rank_of(x).shape == size_of(x).shape == ()


def test_fed_integers_decide_sizes() -> None:
    n = placeholder("int32", [])
    x = constant(np.arange(12))
    session = Session()
    made = [reshape(x, [n, -1]), fill([n, 2], 1.0), tile([5], [n]), arange(n, 2 * n)]
    parts = split(x, [n, -1])
    for value in (3, 4):
        arrays = session.run([*made, parts], {n: value})
        assert arrays[0].shape == (value, 12 // value)
        assert arrays[1].shape == (value, 2)
        assert arrays[2].tolist() == [5] * value
        assert arrays[3].tolist() == list(range(value, 2 * value))
        assert [part.size for part in arrays[4]] == [value, 12 - value]


def test_parts_of_fed_flags_decide_branches() -> None:
    flags = placeholder("bool", [2])
    first, second = unstack(flags)
    chosen = [choose(first, 1, 2), choose(second, 1, 2)]
    assert Session().run(chosen, {flags: [True, False]}) == [1, 2]


def test_parts_are_copies() -> None:
    x = placeholder("float32", [4])
    array = np.arange(4, dtype=np.float32)
    parts = Session().run([*split(x, 2), *unstack(x), x[1:], x[::-1]], {x: array})
    for part in parts:
        assert not np.shares_memory(part, array)


def test_all_of_a_tensor_is_the_tensor() -> None:
    x = placeholder("float32", [None, 3])
    assert x[...] is x
    assert x[:] is x
    assert x[:, :] is x


def test_another_graph_than_the_default() -> None:
    graph = Graph()
    with graph.as_default():
        x = placeholder("float32", [None, 4])
    made = [
        reshape(x, [-1, 2]),
        tile(x, [1, 2]),
        gather(x, [0, 1], axis=1),
        x[:, [1]],
        fill([2], x[0, 0]),
        broadcast_to(x[:1], shape_of(x)),
        concat([x, [[1, 2, 3, 4]]], 0),
        *split(x, [1, 3], axis=1),
    ]
    assert all(tensor.graph is graph for tensor in made)
    [gradient] = gradients(made, [x])
    assert gradient is not None and gradient.graph is graph


def test_gather_gradient_adds_in_a_fixed_order() -> None:
    # one infinite and one huge row must not spoil the sums of other rows
    rows = np.array([1.0, np.inf, 1e30, 1.0, 1.0, 1.0], np.float32)
    x = placeholder("float32", [3])
    flow = placeholder("float32", [6])
    picked = gather(x, placeholder_with_default([0, 1, 2, 0, 0, -3], [6]))
    [gradient] = gradients(picked, [x], flow)
    assert gradient is not None
    session = Session()
    found = session.run(gradient, {x: [0, 0, 0], flow: rows})
    assert found.tolist() == [4.0, np.inf, np.float32(1e30)]
