"""Assertions, strings and rarer functions: each called, against Python and NumPy."""

from __future__ import annotations

import base64
import io
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core import CheckError
from thalweg.core.errors import DtypeError, OptionError, ShapeError
from thalweg.tf1 import assertions, further, text

X = np.array([3.0, 1.0, 2.0])


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default():
        yield


def run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(fetches, feeds)


PASSES = {
    "assert_negative": [[-1.0]],
    "assert_positive": [[1.0]],
    "assert_non_negative": [[0.0]],
    "assert_non_positive": [[0.0]],
    "assert_equal": [[1.0], 1.0],
    "assert_none_equal": [[1.0], 2.0],
    "assert_less": [[1.0], 2.0],
    "assert_less_equal": [[2.0], 2.0],
    "assert_greater": [[3.0], 2.0],
    "assert_greater_equal": [[2.0], 2.0],
    "assert_near": [[1.0], 1.0],
}
FAILS = {
    "assert_negative": [[0.0]],
    "assert_positive": [[0.0]],
    "assert_non_negative": [[-1.0]],
    "assert_non_positive": [[1.0]],
    "assert_equal": [[1.0], 2.0],
    "assert_none_equal": [[1.0], 1.0],
    "assert_less": [[2.0], 2.0],
    "assert_less_equal": [[3.0], 2.0],
    "assert_greater": [[2.0], 2.0],
    "assert_greater_equal": [[1.0], 2.0],
    "assert_near": [[1.0], 1.1],
}


@pytest.mark.parametrize("name", PASSES)
def test_assertions_in_the_run(name: str) -> None:
    check = getattr(tf, name)
    x = tf.placeholder(tf.float32, [1])
    _, *others = PASSES[name]
    with tf.control_dependencies([check(x, *others, message="so it is", data=[x])]):
        y = tf.identity(x)
    good, bad = PASSES[name][0], FAILS[name][0]
    with tf.Session() as session:
        if others == FAILS[name][1:]:
            assert session.run(y, {x: good}) == good
            with pytest.raises(CheckError, match="so it is"):
                session.run(y, {x: bad})
            return
        assert session.run(y, {x: good}) == good
    with pytest.raises(CheckError, match="so it is"):
        run(check(tf.placeholder_with_default(bad, [1]), *FAILS[name][1:], message="so it is"))


def test_assertions_about_types() -> None:
    x = tf.constant(X)
    run([tf.assert_rank(x, 1), tf.assert_rank_at_least(x, 1), tf.assert_rank_in(x, [0, 1])])
    run([tf.assert_type(x, tf.float64), tf.assert_integer(tf.constant(1))])
    assert run(tf.assert_scalar(5)) == 5
    for wrong in (
        lambda: tf.assert_rank(x, 2, message="so it is"),
        lambda: tf.assert_rank_at_least(x, 2),
        lambda: tf.assert_rank_in(x, [0, 2]),
        lambda: tf.assert_scalar(x),
    ):
        with pytest.raises(CheckError, match=r"test_checks\.py"):
            wrong()
    for wrong in (lambda: tf.assert_type(x, tf.int32), lambda: tf.assert_integer(x)):
        with pytest.raises(DtypeError):
            wrong()
    tf.assert_proper_iterable([1, 2])
    for single in (x, X, "text", 3):
        with pytest.raises(OptionError, match="not a list of values"):
            tf.assert_proper_iterable(single)
    assert tf.assert_same_float_dtype() == tf.float32
    assert tf.assert_same_float_dtype([x, None, x]) == tf.float64
    with pytest.raises(DtypeError, match="dtypes differ"):
        tf.assert_same_float_dtype([x, tf.constant(1.0)])
    with pytest.raises(DtypeError, match="not a float"):
        tf.assert_same_float_dtype([tf.constant(1)])
    assert not tf.is_numeric_tensor(X)


def test_orders() -> None:
    for values in ([], [1], [1, 2, 2], [1, 2, 3], [2, 1]):
        x = tf.constant(values, tf.int32)
        a, b = run([tf.is_non_decreasing(x), tf.is_strictly_increasing(x)])
        assert a == (sorted(values) == values)
        assert b == (sorted(set(values)) == values)


def test_strings(tmp_path: Path) -> None:
    words = tf.constant([" ab ", "c1"])
    assert run(tf.string_strip(words)).tolist() == [b"ab", b"c1"]
    assert run(tf.string_join(["a", words], "-")).tolist() == [b"a- ab ", b"a-c1"]
    assert run(tf.substr(words, 1, 2)).tolist() == [b"ab", b"1"]
    assert run(tf.regex_replace(words, "[a-c]", "x")).tolist() == [b" xx ", b"x1"]
    assert run(tf.as_string([1.5, 2.0], precision=2)).tolist() == [b"1.50", b"2.00"]
    assert run(tf.string_to_number(["1.5", "-2"])).tolist() == [1.5, -2.0]
    assert run(tf.string_to_number(input=["7"], out_type=tf.int32)).dtype == np.int32
    coded = run(tf.encode_base64("a?b>", pad=True))
    assert coded == base64.urlsafe_b64encode(b"a?b>")
    assert run(tf.decode_base64(tf.encode_base64(words))).tolist() == [b" ab ", b"c1"]
    numbers = np.array([[1, 2], [3, 258]], "<i2")
    raw = tf.decode_raw([row.tobytes() for row in numbers], tf.int16)
    np.testing.assert_array_equal(run(raw), numbers)
    buckets = run(tf.string_to_hash_bucket_fast([b"a", b"b", b"a"], 5))
    assert buckets[0] == buckets[2]
    assert ((buckets >= 0) & (buckets < 5)).all()
    path = str(tmp_path / "deep" / "file")
    run(tf.write_file(path, "what it holds"))
    assert run(tf.read_file(path)) == b"what it holds"
    assert abs(run(tf.timestamp()) - time.time()) < 60


def test_split_strings() -> None:
    indices, values, shape = run(tf.string_split(["a b", "", "c  d e"]))
    assert values.tolist() == [b"a", b"b", b"c", b"d", b"e"]
    assert indices.tolist() == [[0, 0], [0, 1], [2, 0], [2, 1], [2, 2]]
    assert shape.tolist() == [3, 3]
    assert run(tf.string_split(["a,,b"], ",", skip_empty=False).values).tolist() == [
        b"a",
        b"",
        b"b",
    ]
    with pytest.raises(OptionError, match="unknown result_type"):
        tf.string_split(["a"], result_type="RaggedTensor")


def test_printing(capsys: Any) -> None:
    x = tf.constant([1, 2])
    run(tf.print("x =", x))
    assert capsys.readouterr().err == "x = [1 2]\n"
    run(tf.print(x, output_stream=sys.stdout, end="!"))
    assert capsys.readouterr().out == "[1 2]!"
    lines: list[str] = []
    run(tf.print(x, output_stream=lines.append))
    assert lines == ["[1 2]\n"]
    page = io.StringIO()
    run(tf.print(x, output_stream=page))
    assert page.getvalue() == "[1 2]\n"


ROWS = {
    "accumulate_n": (lambda: tf.accumulate_n([X, X], shape=[3]), 2 * X),
    "arg_max": (lambda: tf.arg_max([X], 1), [0]),
    "arg_min": (lambda: tf.arg_min([X], 1), [1]),
    "floor_div": (lambda: tf.floor_div([-7, 7], 2), [-4, 3]),
    "truncatemod": (lambda: tf.truncatemod([-7, 7], 2), [-1, 1]),
    "polygamma": (lambda: tf.polygamma(1, np.array([1.0])), [np.pi**2 / 6]),
    "lin_space": (lambda: tf.lin_space(0.0, 1.0, 5), [0, 0.25, 0.5, 0.75, 1]),
    "reverse_v2": (lambda: tf.reverse_v2(X, [0]), X[::-1]),
    "parallel_stack": (lambda: tf.parallel_stack([X, X]), [X, X]),
    "repeat": (lambda: tf.repeat(X, 2), np.repeat(X, 2)),
    "where_v2": (lambda: tf.where_v2(X > 1, X, 0.0), [3, 0, 2]),
    "edit_distance": (
        lambda: tf.edit_distance([[1, 2, -1], [1, 2, 3]], [[2, -1], [1, 2]]),
        [1.0, 0.5],
    ),
    "histogram_fixed_width_bins": (
        lambda: tf.histogram_fixed_width_bins([-1.0, 0.1, 4.9, 5.0, 9.0], [0.0, 5.0], 5),
        [0, 0, 4, 4, 4],
    ),
    "unravel_index": (lambda: tf.unravel_index([5, 23], [2, 3, 4]), [[0, 1], [1, 2], [1, 3]]),
    "batch_to_space": (
        lambda: tf.batch_to_space(np.arange(4).reshape(4, 1, 1, 1), [[0, 0], [0, 0]], 2),
        np.arange(4).reshape(1, 2, 2, 1),
    ),
    "space_to_batch": (
        lambda: tf.space_to_batch(np.arange(4).reshape(1, 2, 2, 1), [[0, 0], [0, 0]], 2),
        np.arange(4).reshape(4, 1, 1, 1),
    ),
    "tensor_scatter_update": (lambda: tf.tensor_scatter_update(X, [[1]], [9.0]), [3, 9, 2]),
    "tensor_scatter_nd_update": (lambda: tf.tensor_scatter_nd_update(X, [[1]], [9.0]), [3, 9, 2]),
    "tensor_scatter_add": (lambda: tf.tensor_scatter_add(X, [[1], [1]], [1.0, 2.0]), [3, 4, 2]),
    "tensor_scatter_nd_add": (lambda: tf.tensor_scatter_nd_add(X, [[1]], [1.0]), [3, 2, 2]),
    "tensor_scatter_sub": (lambda: tf.tensor_scatter_sub(X, [[1]], [1.0]), [3, 0, 2]),
    "tensor_scatter_nd_sub": (lambda: tf.tensor_scatter_nd_sub(X, [[1]], [1.0]), [3, 0, 2]),
}
BY_THEMSELVES = {"IndexedSlices", "get_seed"}


@pytest.mark.parametrize("name", ROWS)
def test_value(name: str) -> None:
    build, expected = ROWS[name]
    np.testing.assert_allclose(run(build()), expected, rtol=1e-6)


def test_every_name_is_called() -> None:
    assert set(further.__all__) == set(ROWS) | BY_THEMSELVES
    source = Path(__file__).read_text("utf-8")
    for name in [*assertions.__all__, *text.__all__]:
        assert f"tf.{name}(" in source or name in PASSES, name


def test_rarer_arguments() -> None:
    assert run(tf.where_v2([False, True])).tolist() == [[1]]
    assert run(tf.unravel_index(5, [2, 3])).tolist() == [1, 2]
    assert run(tf.edit_distance([["a", "b"]], [["a", ""]], normalize=False)).tolist() == [1.0]
    with pytest.raises(ShapeError, match="too many axes"):
        tf.unravel_index([[1]], [2, 3])
    assert run(tf.numpy_function(lambda x: x + 1, [X], tf.float64)).tolist() == [4, 2, 3]


def test_seeds() -> None:
    assert tf.get_seed(None) == (None, None)
    assert tf.get_seed(5) == (87654321, 5)
    tf.set_random_seed(3)
    assert tf.get_seed(None) == (3, 0)
    assert tf.get_seed(5) == (3, 5)


def test_indexed_slices() -> None:
    rows = tf.IndexedSlices([[1.0, 2.0]], [3], [9, 2])
    assert rows.dtype == tf.float32
    assert rows.name == rows.values.name
    assert run([rows.indices, rows.dense_shape])[0].tolist() == [3]
    table = tf.Variable(np.ones((4, 2)))
    [slope] = tf.gradients(tf.gather(table, [1, 1]), table)
    assert not isinstance(slope, tf.IndexedSlices)


def test_shapes_as_objects() -> None:
    shape = tf.TensorShape([None, 3])
    assert shape == tf.placeholder(tf.float32, [None, 3]).shape
    assert isinstance(shape[1], tf.Dimension)
    rows = tf.while_loop(
        lambda x: tf.shape(x)[0] < 4,
        lambda x: tf.concat([x, x], 0),
        [tf.ones([1, 3])],
        shape_invariants=[shape],
    )
    assert run(rows).shape == (4, 3)
