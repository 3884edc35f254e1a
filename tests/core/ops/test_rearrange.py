"""What the ops that rearrange, sort and take apart refuse, and what their rows cannot show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg import core
from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    constant,
    ensure_shape,
    gradients,
    pad,
    placeholder,
    shape_of,
)

NAN = float("nan")


def x() -> Any:
    return placeholder("float32", [None, 784])


def images() -> Any:
    return placeholder("float32", [None, 9, 8, 6])


# Values -------------------------------------------------------------------------------------------


def test_nan_is_the_largest(backend: str) -> None:
    values = constant([2.0, NAN, 1.0, NAN, 3.0])
    session = Session(backend=backend)
    assert session.run(core.argsort(values)).tolist() == [2, 0, 4, 1, 3]
    assert session.run(core.argsort(values, direction="DESCENDING")).tolist() == [1, 3, 4, 0, 2]
    assert session.run(core.top_k(values, 3)[1]).tolist() == [1, 3, 4]


def test_a_prediction_that_is_no_number_ranks_nothing() -> None:
    scores = [[1.0, NAN, 2.0], [1.0, np.inf, 2.0], [1.0, 0.0, 2.0]]
    assert Session().run(core.in_top_k(scores, [2, 2, 2], 3)).tolist() == [False, False, True]


def test_every_nan_is_a_value_of_its_own(backend: str) -> None:
    y, index, count = Session(backend=backend).run(core.unique_with_counts([NAN, 1.0, NAN, 1.0]))
    assert np.isnan(y).tolist() == [True, False, True]
    assert index.tolist() == [0, 1, 2, 1] and count.tolist() == [1, 2, 1]


def test_the_gradient_of_unique_goes_to_the_first_of_equal_entries() -> None:
    x = constant([5.0, 2.0, 5.0])
    [gradient] = gradients(core.unique(x)[0] * [3.0, 4.0], [x])
    assert Session().run(gradient).tolist() == [3.0, 4.0, 0.0]


def test_the_gradient_of_max_is_shared_by_equal_updates() -> None:
    t, u = constant([1.0, 9.0]), constant([4.0, 4.0, 3.0, 9.0])
    y = core.tensor_scatter_max(t, [[0], [0], [0], [1]], u)
    flows = gradients(y, [t, u])
    to_t, to_u = Session().run(flows)
    assert to_t.tolist() == [0.0, 1.0]  # where they tie the tensor stays as it is
    assert to_u.tolist() == [0.5, 0.5, 0.0, 0.0]


def test_what_no_entry_has_is_zero() -> None:
    session = Session()
    assert session.run(core.dynamic_stitch([[3], 1], [[5], 6])).tolist() == [0, 6, 0, 5]
    assert session.run(core.dynamic_stitch([[1]], [["a"]])).tolist() == [b"", b"a"]
    assert session.run(core.dynamic_stitch([np.zeros(0, "i4")], [np.zeros((0, 2))])).shape == (0, 2)


def test_an_entry_of_no_part_is_in_none() -> None:
    parts = core.dynamic_partition([1, 2, 3], [0, 5, -1], 2)
    assert [part.tolist() for part in Session().run(parts)] == [[1], []]


def test_the_ends_of_linspace_are_exact() -> None:
    found = Session().run(core.linspace(0.1, 0.7, 31))
    assert found[0] == np.float32(0.1) and found[-1] == np.float32(0.7)
    np.testing.assert_allclose(found, np.linspace(0.1, 0.7, 31), rtol=1e-6)


def test_borders_that_are_tensors() -> None:
    x, n = placeholder("float32", [None, 2]), placeholder("int32", [])
    y = pad(x, [[0, n], [1, shape_of(x)[0]]])
    assert y.shape == (None, None)
    assert pad(x, [[0, n], [1, 1]]).shape == (None, 4)
    session = Session()
    assert session.run(y, {x: np.ones((3, 2)), n: 2}).shape == (5, 6)
    matrix = core.Variable([[1, 0], [0, 2]])
    assert session.run(pad(x, matrix), {x: np.ones((3, 2))}).shape == (4, 4)


def test_shapes_of_blocks() -> None:
    x = placeholder("float32", [None, 8, None, 12])
    assert core.space_to_depth(x, 2).shape == (None, 4, None, 48)
    assert core.depth_to_space(x, 2).shape == (None, 16, None, 3)
    assert core.space_to_batch_nd(x, [4], [[0, 0]]).shape == (None, 2, None, 12)
    assert core.batch_to_space_nd(x, [2], [[1, 0]]).shape == (None, 15, None, 12)
    assert core.extract_image_patches(x, 3, 1).shape == (None, 6, None, 108)


def test_sizes_that_are_no_multiples_are_found_when_it_is_planned() -> None:
    with Graph().as_default():
        x = placeholder("float32", [None, None, 4, 1])
        y = core.space_to_depth(x, 2)
        with pytest.raises(ShapeError, match="the number of elements would change"):
            Session().run(y, {x: np.zeros((1, 3, 4, 1))})


def test_ensure_shape() -> None:
    with Graph().as_default():
        x, y = placeholder("float32"), placeholder("float32", [None])
        assert ensure_shape(x, [None, 3]).shape == (None, 3)
        assert ensure_shape(x, None) is x
        both = ensure_shape(y, [4]) * 2.0
        assert both.shape == (4,)
        assert ensure_shape(shape_of(placeholder("float32", [None, 3])), [2]).type.value == (
            None,
            3,
        )
        session = Session()
        assert session.run(both, {y: np.ones(4)}).tolist() == [2.0] * 4
        with pytest.raises(ShapeError, match="the tensor has another shape"):
            session.run(both, {y: np.ones(3)})


def test_static_shapes_of_broadcasts() -> None:
    found = core.broadcast_static_shape([None, 1, 3], [5, 1])
    assert found == (None, 5, 3) and found.ndims == 3
    assert core.broadcast_dynamic_shape(shape_of(x()), [1]).type.value == (None, 784)
    assert core.shape_n([x(), images()])[1].type.value == (None, 9, 8, 6)


# Errors -------------------------------------------------------------------------------------------


def text(call: Callable[[], Any], kind: type[ThalwegError]) -> list[str]:
    """The message without the node's name and the user's line, which other tests look at."""
    with Graph().as_default(), pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    lines = str(caught.value).splitlines()
    made_at = [line for line in lines if line.startswith("  made at")]
    assert len(made_at) == 1 and "test_rearrange.py" in made_at[0]
    return [line[2:] if line[:2] == "  " else line for line in lines if line[:6] not in SKIPPED]


SKIPPED = ("  made", "  node")

ERRORS: list[tuple[type[ThalwegError], Callable[[], Any], list[str]]] = [
    (
        ShapeError,
        lambda: pad(x(), [1, 2]),
        [
            "pad: the paddings are not pairs",
            "expected  (rank, 2) integers",
            "got       [1, 2]",
        ],
    ),
    (
        ShapeError,
        lambda: pad(x(), [[1, constant(2, name="n")], [1]]),
        [
            "pad: the paddings are not pairs",
            "expected  (rank, 2) integers",
            "got       [[1, <Tensor 'n:0' int32 ()>], [1]]",
        ],
    ),
    (
        ShapeError,
        lambda: pad(x(), [[1, 2]]),
        [
            "pad: the paddings do not fit",
            "expected  2 pairs of integers >= 0, one an axis of the tensor",
            "got       paddings ((1, 2),), tensor float32 (None, 784)",
        ],
    ),
    (
        ShapeError,
        lambda: pad([1.0], [[-1, 2]]),
        [
            "pad: the paddings do not fit",
            "expected  1 pairs of integers >= 0, one an axis of the tensor",
            "got       paddings ((-1, 2),), tensor float32 (1,)",
        ],
    ),
    (
        ShapeError,
        lambda: pad(x(), [[0, 0], [0, 784]], "REFLECT"),
        [
            "pad: a border is wider than what it mirrors",
            "expected  at most 783 on axis 1",
            "got       paddings (0, 784), tensor float32 (None, 784)",
            "hint      mode='SYMMETRIC' repeats the entry at the edge",
        ],
    ),
    (
        DtypeError,
        lambda: pad(["a"], [[0, 1]]),
        ["pad: takes numbers or booleans", "got       tensor string (1,)"],
    ),
    (
        OptionError,
        lambda: pad([1.0], [[0, 1]], "WRAP"),
        [
            "pad: unknown mode",
            "expected  'CONSTANT', 'REFLECT' or 'SYMMETRIC'",
            "got       'WRAP'",
        ],
    ),
    (
        ShapeError,
        lambda: core.roll(x(), 1, 2),
        ["roll: no such axis", "expected  an axis in -2 <= axis < 2", "got       2"],
    ),
    (
        ShapeError,
        lambda: core.roll(x(), [1], [0, 1]),
        [
            "roll: needs one shift an axis",
            "expected  2 shifts, for axes (0, 1)",
            "got       shift int32 (1,)",
        ],
    ),
    (
        DtypeError,
        lambda: core.roll(x(), 1.5),
        ["Roll: takes integer tensors", "expected  integer dtypes", "got       shift float32 (1,)"],
    ),
    (
        ShapeError,
        lambda: core.reverse_sequence(images(), [1, 2], 2, 1),
        [
            "reverse_sequence: the lengths do not fit",
            "expected  one length for each entry of axis 1, none of axis 2",
            "got       input float32 (None, 9, 8, 6), seq_lengths int32 (2,)",
        ],
    ),
    (
        ShapeError,
        lambda: core.repeat(x(), [[1]]),
        [
            "repeat: repeats is neither one number nor a vector",
            "expected  repeats () or (size,), of known rank",
            "got       repeats int32 (1, 1)",
        ],
    ),
    (
        ShapeError,
        lambda: core.repeat(x(), 2, axis=2),
        ["repeat: no such axis", "expected  an axis in -2 <= axis < 2", "got       2"],
    ),
    (
        ShapeError,
        lambda: core.space_to_depth(x(), 2),
        [
            "space_to_depth: takes a batch of images, whose rank is known",
            "expected  input of rank 4",
            "got       input float32 (None, 784)",
        ],
    ),
    (
        ShapeError,
        lambda: core.space_to_depth(images(), 2),
        [
            "space_to_depth: a size is no multiple",
            "expected  a multiple of 2 on axis 1",
            "got       input float32 (None, 9, 8, 6)",
        ],
    ),
    (
        ShapeError,
        lambda: core.depth_to_space(images(), 2),
        [
            "depth_to_space: a size is no multiple",
            "expected  a multiple of 4 on axis 3",
            "got       input float32 (None, 9, 8, 6)",
        ],
    ),
    (
        OptionError,
        lambda: core.space_to_depth(images(), 1),
        ["space_to_depth: block_size is not one", "expected  an integer > 1", "got       1"],
    ),
    (
        OptionError,
        lambda: core.depth_to_space(images(), 2, "NCHW_VECT_C"),
        [
            "depth_to_space: unknown data_format",
            "expected  'NHWC' or 'NCHW'",
            "got       'NCHW_VECT_C'",
        ],
    ),
    (
        OptionError,
        lambda: core.space_to_batch_nd(images(), [0], [[0, 0]]),
        [
            "space_to_batch_nd: block_shape is not one",
            "expected  a vector of integers >= 1",
            "got       [0]",
        ],
    ),
    (
        OptionError,
        lambda: core.space_to_batch_nd(images(), [2, 2], [[0, 0]]),
        [
            "space_to_batch_nd: paddings are not pairs",
            "expected  (2, 2) integers >= 0",
            "got       [[0, 0]]",
        ],
    ),
    (
        ShapeError,
        lambda: core.batch_to_space_nd(x(), [2, 2], [[0, 0], [0, 0]]),
        [
            "batch_to_space_nd: the rank is unknown, or too small for the block",
            "expected  input of rank 3 or more",
            "got       input float32 (None, 784)",
        ],
    ),
    (
        ShapeError,
        lambda: core.batch_to_space_nd(constant(np.zeros((2, 1))), [2], [[1, 2]]),
        [
            "slice: the part does not lie in the tensor",
            "expected  0 <= begin and begin + size <= 2, on axis 1",
            "got       begin 1, size -1",
            "hint      -1 as a size, for the rest of the axis, must be a Python integer",
        ],
    ),
    (
        ShapeError,
        lambda: core.extract_image_patches(x(), 2, 1),
        [
            "extract_image_patches: takes a batch of images",
            "expected  images (batch, height, width, channels)",
            "got       images float32 (None, 784)",
        ],
    ),
    (
        DtypeError,
        lambda: core.linspace(0, 1, 3),
        [
            "linspace: takes float tensors",
            "expected  start and stop of a float dtype",
            "got       start int32 (), stop int32 ()",
            "hint      1.0 is a float, 1 is none",
        ],
    ),
    (
        ShapeError,
        lambda: core.linspace(0.0, [1.0], 3),
        [
            "linspace: takes scalars",
            "expected  start, stop and num of shape ()",
            "got       start float32 (), stop float32 (1,), num int32 ()",
        ],
    ),
    (
        OptionError,
        lambda: core.meshgrid([1], indexing="yx"),
        ["meshgrid: unknown indexing", "expected  'xy' or 'ij'", "got       'yx'"],
    ),
    (
        DtypeError,
        lambda: core.sequence_mask([1.0]),
        [
            "sequence_mask: the lengths are not integers",
            "expected  lengths of an integer dtype",
            "got       lengths float32 (1,)",
        ],
    ),
    (
        ShapeError,
        lambda: ensure_shape(x(), [None, 3]),
        [
            "ensure_shape: the tensor has another shape",
            "expected  (None, 3)",
            "got       x float32 (None, 784)",
        ],
    ),
    (
        ShapeError,
        lambda: core.broadcast_static_shape([1], None),
        [
            "broadcast_static_shape: the rank of a shape is unknown",
            "expected  two shapes of known rank",
            "got       (1,) and (...)",
        ],
    ),
    (
        ShapeError,
        lambda: core.broadcast_dynamic_shape([2], shape_of(x())),
        [
            "broadcast: shapes cannot be broadcast together",
            "expected  equal sizes, or 1, on each axis counted from the last",
            "got       (2,) and (None, 784)",
        ],
    ),
    (
        OptionError,
        lambda: core.sort(x(), direction="DOWN"),
        ["sort: unknown direction", "expected  'ASCENDING' or 'DESCENDING'", "got       'DOWN'"],
    ),
    (
        ShapeError,
        lambda: core.sort(placeholder("float32"), 0),
        [
            "sort: the rank is unknown",
            "expected  values of known rank, or the axis -1",
            "got       axis 0, values float32 (...)",
        ],
    ),
    (
        ShapeError,
        lambda: core.argsort(x(), 2),
        ["argsort: no such axis", "expected  an axis in -2 <= axis < 2", "got       2"],
    ),
    (
        ShapeError,
        lambda: core.top_k(x(), 785),
        [
            "top_k: there are not so many entries",
            "expected  input (..., n) and k in 0 <= k <= n, of shape ()",
            "got       input float32 (None, 784), k 785",
        ],
    ),
    (
        OptionError,
        lambda: core.searchsorted([1], [1], "middle"),
        ["searchsorted: unknown side", "expected  'left' or 'right'", "got       'middle'"],
    ),
    (
        ShapeError,
        lambda: core.searchsorted(x(), [1.0]),
        [
            "searchsorted: the batches differ",
            "expected  sorted_sequence (*batch, n), values (*batch, m)",
            "got       sorted_sequence float32 (None, 784), values float32 (1,)",
        ],
    ),
    (
        ShapeError,
        lambda: core.invert_permutation([[0]]),
        ["invert_permutation: takes a vector", "expected  x (n,)", "got       x int32 (1, 1)"],
    ),
    (
        DtypeError,
        lambda: core.invert_permutation([0.0]),
        [
            "invert_permutation: takes integers",
            "expected  x of an integer dtype",
            "got       x float32 (1,)",
        ],
    ),
    (
        ShapeError,
        lambda: core.unique(x()),
        ["unique: takes a vector", "expected  x (n,)", "got       x float32 (None, 784)"],
    ),
    (
        ShapeError,
        lambda: core.setdiff1d(x(), [1.0]),
        ["setdiff1d: takes vectors", "expected  x (n,)", "got       x float32 (None, 784)"],
    ),
    (
        ShapeError,
        lambda: core.setdiff1d([1.0], x()),
        ["setdiff1d: takes vectors", "expected  y (n,)", "got       y float32 (None, 784)"],
    ),
    (
        OptionError,
        lambda: core.dynamic_partition([1], [0], 0),
        [
            "dynamic_partition: there are no parts",
            "expected  num_partitions, an integer > 0",
            "got       0",
        ],
    ),
    (
        OptionError,
        lambda: core.dynamic_stitch([[0]], []),
        [
            "dynamic_stitch: indices and data do not belong together",
            "expected  two lists of one length > 0",
            "got       1 indices, 0 data",
        ],
    ),
    (
        ShapeError,
        lambda: core.dynamic_stitch([placeholder("int32")], [[1]]),
        [
            "dynamic_stitch: the rank of the indices is unknown",
            "expected  indices of known rank",
            "got       indices int32 (...)",
        ],
    ),
    (
        ShapeError,
        lambda: core.edit_distance([[1]], [2]),
        [
            "edit_distance: takes two batches of sequences",
            "expected  hypothesis (batch, n), truth (batch, m)",
            "got       hypothesis int32 (1, 1), truth int32 (1,)",
        ],
    ),
    (
        ShapeError,
        lambda: core.edit_distance([[1]], [[2]], truth_lengths=[1, 1]),
        [
            "edit_distance: the batches differ",
            "expected  (batch, n) and (batch, m), and their (batch,) lengths",
            "got       hypothesis int32 (1, 1), truth int32 (1, 1), hypothesis_lengths int32 (1,), "
            "truth_lengths int32 (2,)",
        ],
    ),
    (
        OptionError,
        lambda: core.embedding_lookup([x(), x()], [0], "hash"),
        [
            "embedding_lookup: unknown partition_strategy",
            "expected  'mod' or 'div'",
            "got       'hash'",
        ],
    ),
    (
        OptionError,
        lambda: core.embedding_lookup([], [0]),
        ["embedding_lookup: there are no tables", "expected  one table or more", "got       []"],
    ),
    (
        OptionError,
        lambda: core.embedding_lookup(x(), [0], max_norm=0),
        [
            "embedding_lookup: max_norm must be above 0",
            "expected  a number > 0, or None",
            "got       0",
        ],
    ),
    (
        ShapeError,
        lambda: core.embedding_lookup([placeholder("float32"), x()], [0]),
        [
            "embedding_lookup: the rank of a table is unknown",
            "expected  tables of known rank",
            "got       params float32 (...)",
        ],
    ),
]


@pytest.mark.parametrize(("kind", "call", "lines"), ERRORS)
def test_error(kind: type[ThalwegError], call: Callable[[], Any], lines: list[str]) -> None:
    assert text(call, kind) == lines
