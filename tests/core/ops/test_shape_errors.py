"""The texts of the errors of the ops that move elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    Session,
    arange,
    concat,
    constant,
    expand_dims,
    fill,
    gather,
    one_hot,
    ones,
    placeholder,
    placeholder_with_default,
    reshape,
    reverse,
    shape_of,
    split,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
    zeros,
)
from thalweg.core.errors import DtypeError, ShapeError, ThalwegError


def x() -> Any:
    return placeholder("float32", [None, 784])


def w() -> Any:
    return constant(np.zeros((512, 10), np.float32))


def text(call: Callable[[], Any], kind: type[ThalwegError]) -> list[str]:
    """The message without the node's name and the user's line, which other tests look at."""
    with Graph().as_default(), pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    lines = str(caught.value).splitlines()
    made_at = [line for line in lines if line.startswith("  made at")]
    assert len(made_at) == 1 and "test_shape_errors.py" in made_at[0]
    return [line for line in lines if not line.startswith(("  made at", "  node"))]


SHAPE_ERRORS: list[tuple[Callable[[], Any], list[str]]] = [
    (
        lambda: reshape(x(), [None, 10]),
        [
            "Reshape: a size is None",
            "  expected  integers, or integer tensors",
            "  got       (None, 10)",
            "  hint      shape_of(x) has the sizes of x, also those that only a run can tell; "
            "in reshape, -1 is the size that follows from the others",
        ],
    ),
    (
        lambda: reshape(ones([2, 3]), [4, -1]),
        [
            "Reshape: the number of elements would change",
            "  expected  as many elements as x float32 (2, 3) has",
            "  got       shape (4, -1)",
        ],
    ),
    (
        lambda: reshape(x(), [32, 10]),
        [
            "Reshape: the number of elements would change",
            "  expected  as many elements as x float32 (None, 784) has",
            "  got       shape (32, 10)",
        ],
    ),
    (
        lambda: reshape(x(), [-1, -1]),
        [
            "Reshape: not a shape",
            "  expected  sizes >= 0, and at most one -1",
            "  got       shape (-1, -1)",
        ],
    ),
    (
        lambda: reshape(x(), [[2, 2]]),
        [
            "Reshape: shape must be a vector",
            "  expected  one integer an axis",
            "  got       shape int32 (1, 2)",
        ],
    ),
    (
        lambda: expand_dims(w(), 5),
        [
            "ExpandDims: no such axis",
            "  expected  an axis in -3 <= axis < 3",
            "  got       5",
        ],
    ),
    (
        lambda: squeeze(w(), [0, 1]),
        [
            "Squeeze: only axes of size 1 can be left out",
            "  expected  size 1 on axis 0, axis 1",
            "  got       x float32 (512, 10)",
        ],
    ),
    (
        lambda: transpose(w(), [1, 1]),
        [
            "Transpose: not an order of the axes",
            "  expected  each of the 2 axes of x float32 (512, 10) once",
            "  got       (1, 1)",
        ],
    ),
    (
        lambda: transpose(placeholder("float32")),
        [
            "Transpose: the rank is unknown",
            "  expected  perm, or a tensor of known rank",
            "  got       a float32 (...)",
        ],
    ),
    (
        lambda: reverse(w(), 2),
        [
            "Reverse: no such axis",
            "  expected  an axis in -2 <= axis < 2",
            "  got       2",
        ],
    ),
    (
        lambda: concat([], 0),
        [
            "Concat: there are no values",
            "  expected  one tensor or more",
        ],
    ),
    (
        lambda: concat([zeros([2, 3]), x(), w()], 0),
        [
            "Concat: the values have different shapes",
            "  expected  one shape, but for the size of axis 0",
            "  got       values[0] float32 (2, 3), values[1] float32 (None, 784)",
        ],
    ),
    (
        lambda: concat([x(), [1.0]], 1),
        [
            "Concat: the values have different shapes",
            "  expected  one shape, but for the size of axis 1",
            "  got       values[0] float32 (None, 784), values[1] float32 (1,)",
        ],
    ),
    (
        lambda: concat([1.0, 2.0], 0),
        [
            "Concat: scalars have no axis to join along",
            "  expected  tensors with one axis or more",
            "  got       2 values, the first float32 ()",
            "  hint      stack(values) makes a vector of scalars",
        ],
    ),
    (
        lambda: stack([x(), w()]),
        [
            "Stack: the values have different shapes",
            "  expected  one shape",
            "  got       values[0] float32 (None, 784), values[1] float32 (512, 10)",
        ],
    ),
    (
        lambda: split(w(), 3),
        [
            "Split: the parts do not make up the axis",
            "  expected  sizes that add up to 512; -1 stands for an equal share of what the "
            "others leave",
            "  got       sizes (-1, -1, -1), axis 0 of value float32 (512, 10)",
        ],
    ),
    (
        lambda: split(w(), [6, 5], axis=-1),
        [
            "Split: the parts do not make up the axis",
            "  expected  sizes that add up to 10; -1 stands for an equal share of what the "
            "others leave",
            "  got       sizes (6, 5), axis 1 of value float32 (512, 10)",
        ],
    ),
    (
        lambda: split(w(), 0),
        [
            "Split: there are no parts",
            "  expected  a vector of sizes of known length, 1 or more",
            "  got       sizes int32 (0,)",
        ],
    ),
    (
        lambda: split(w(), placeholder("int32", [None])),
        [
            "Split: how many parts is unknown",
            "  expected  a vector of sizes of known length, 1 or more",
            "  got       sizes int32 (None,)",
        ],
    ),
    (
        lambda: unstack(x()),
        [
            "Unstack: how many slices is unknown",
            "  expected  an axis of known size",
            "  got       axis 0 of value float32 (None, 784)",
            "  hint      unstack(value, num) says it",
        ],
    ),
    (
        lambda: unstack(w(), 3),
        [
            "Unstack: the axis has another size",
            "  expected  3 slices on axis 0",
            "  got       value float32 (512, 10)",
        ],
    ),
    (
        lambda: tile(w(), [2]),
        [
            "Tile: needs one multiple an axis",
            "  expected  2 multiples",
            "  got       multiples (2,), x float32 (512, 10)",
        ],
    ),
    (
        lambda: tile(w(), [2, -1]),
        [
            "Tile: a multiple is negative",
            "  expected  integers >= 0",
            "  got       multiples (2, -1)",
        ],
    ),
    (
        lambda: fill([2, -1], 0),
        [
            "fill: takes a scalar and sizes",
            "  expected  a value of shape (), and integers >= 0",
            "  got       value int32 (), sizes (2, -1)",
        ],
    ),
    (
        lambda: fill(2, [0, 1]),
        [
            "fill: takes a scalar and sizes",
            "  expected  a value of shape (), and integers >= 0",
            "  got       value int32 (2,), sizes (2,)",
        ],
    ),
    (
        lambda: ones([2.5]),
        [
            "ones: takes a scalar and sizes",
            "  expected  a value of shape (), and integers >= 0",
            "  got       value float32 (), sizes float32 (1,)",
        ],
    ),
    (
        lambda: zeros([None, 3]),
        [
            "zeros: a size is None",
            "  expected  integers, or integer tensors",
            "  got       (None, 3)",
            "  hint      shape_of(x) has the sizes of x, also those that only a run can tell; "
            "in reshape, -1 is the size that follows from the others",
        ],
    ),
    (
        lambda: arange(0, 3, 0),
        [
            "Range: the step is zero",
            "  expected  delta > 0 or delta < 0",
            "  got       0",
        ],
    ),
    (
        lambda: arange([3]),
        [
            "Range: takes scalars",
            "  expected  start, limit and delta of shape ()",
            "  got       start int32 (), limit int32 (1,), delta int32 ()",
        ],
    ),
    (
        lambda: x()[0, 784],
        [
            "getitem: the index is out of range",
            "  expected  -784 <= index < 784 on axis 1",
            "  got       784, x float32 (None, 784)",
        ],
    ),
    (
        lambda: x()[..., -785],
        [
            "getitem: the index is out of range",
            "  expected  -784 <= index < 784 on axis 1",
            "  got       -785, x float32 (None, 784)",
        ],
    ),
    (
        lambda: x()[0, 0, None, 0],
        [
            "getitem: too many indices",
            "  expected  at most 2",
            "  got       3 indices, x float32 (None, 784)",
        ],
    ),
    (
        lambda: constant(1.0)[:],
        [
            "getitem: too many indices",
            "  expected  none but ... and None for a scalar",
            "  got       1 indices, x float32 ()",
        ],
    ),
    (
        lambda: x()[..., 0, ...],
        [
            "getitem: two Ellipses",
            "  expected  at most one ...",
            "  got       (Ellipsis, 0, Ellipsis)",
        ],
    ),
    (
        lambda: x()[[0], [1]],
        [
            "getitem: more than one index is an array",
            "  expected  at most one that is no scalar",
            "  got       ([0], [1])",
            "  hint      gather_nd(x, indices) picks by several at once",
        ],
    ),
    (
        lambda: x()[placeholder("int32", name="i")],
        [
            "getitem: the rank of an index is unknown",
            "  expected  a known rank",
            "  got       <Tensor 'i:0' int32 (...)>",
        ],
    ),
    (
        lambda: x()[:, [3, 784]],
        [
            "Gather: an index is out of range",
            "  expected  -784 <= index < 784 on axis 1 of params float32 (None, 784)",
            "  got       784",
        ],
    ),
    (
        lambda: gather(1.0, [1]),
        [
            "Gather: a scalar has no axis to pick along",
            "  expected  params with one axis or more",
            "  got       params float32 (), indices int32 (1,)",
        ],
    ),
    (
        lambda: one_hot([1], -2),
        [
            "OneHot: depth is not a size",
            "  expected  an integer >= 0 of shape ()",
            "  got       depth -2",
        ],
    ),
    (
        lambda: one_hot([1], [3]),
        [
            "OneHot: depth is not a size",
            "  expected  an integer >= 0 of shape ()",
            "  got       depth int32 (1,)",
        ],
    ),
]

DTYPE_ERRORS: list[tuple[Callable[[], Any], list[str]]] = [
    (
        lambda: reshape(x(), [1.0]),
        [
            "Reshape: takes integer tensors",
            "  expected  integer dtypes",
            "  got       shape float32 (1,)",
        ],
    ),
    (
        lambda: stack([constant(1), constant(1.0)]),
        [
            "Stack: dtypes differ",
            "  expected  one dtype for all of values[0], values[1]",
            "  got       values[0] int32 (), values[1] float32 ()",
            "  hint      cast(x, 'int32') converts",
        ],
    ),
    (
        lambda: arange(constant(3.0)),
        [
            "Range: takes integer tensors",
            "  expected  integer dtypes",
            "  got       start float32 (), limit float32 (), delta float32 ()",
        ],
    ),
    (
        lambda: gather(x(), [1.0]),
        [
            "Gather: takes integer tensors",
            "  expected  integer dtypes",
            "  got       indices float32 (1,)",
        ],
    ),
    (
        lambda: one_hot([True], 2),
        [
            "OneHot: takes integer tensors",
            "  expected  integer dtypes",
            "  got       indices bool (1,), depth int32 ()",
        ],
    ),
    (
        lambda: x()[1.5],
        [
            "getitem: not an index",
            "  expected  an int, a slice, ..., None, or a tensor of integers or booleans",
            "  got       1.5",
        ],
    ),
    (
        lambda: x()[True],
        [
            "getitem: not an index",
            "  expected  an int, a slice, ..., None, or a tensor of integers or booleans",
            "  got       True",
        ],
    ),
    (
        lambda: x()[::0],
        [
            "getitem: a slice takes integers",
            "  expected  start:stop:step of ints, integer scalars or None, and a step "
            "that is not 0",
            "  got       slice(None, None, 0)",
        ],
    ),
    (
        lambda: x()[: constant(3.0, name="n")],
        [
            "getitem: a slice takes integers",
            "  expected  start:stop:step of ints, integer scalars or None, and a step "
            "that is not 0",
            "  got       slice(None, <Tensor 'n:0' float32 ()>, None)",
        ],
    ),
]


@pytest.mark.parametrize(("call", "lines"), SHAPE_ERRORS)
def test_shape_error(call: Callable[[], Any], lines: list[str]) -> None:
    assert text(call, ShapeError) == lines


@pytest.mark.parametrize(("call", "lines"), DTYPE_ERRORS)
def test_dtype_error(call: Callable[[], Any], lines: list[str]) -> None:
    assert text(call, DtypeError) == lines


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda x: reshape(x, [-1, 5]), "the number of elements would change"),
        (lambda x: x[3], "the index is out of range"),
        (lambda x: split(x, 2)[0], "the parts do not make up the axis"),
        (lambda x: unstack(x, 2)[0], "the axis has another size"),
        (lambda x: squeeze(concat([x, x], 0), 0), "only axes of size 1 can be left out"),
        (lambda x: gather(x, placeholder_with_default(5, [])), "an index is out of range"),
        (lambda x: gather(x, shape_of(x)), "an index is out of range"),
    ],
)
def test_what_only_sizes_can_tell(make: Callable[[Any], Any], problem: str) -> None:
    """Found when the run is planned, and told of the line that made the node."""
    with Graph().as_default():
        tensor = placeholder("float32", [None, None])
        made = make(tensor)
        with pytest.raises(ShapeError) as caught:
            Session().run(made, {tensor: np.zeros((1, 3), np.float32)})
    assert caught.value.problem == problem
    assert caught.value.node is not None
    assert "test_shape_errors.py" in str(caught.value.site)
