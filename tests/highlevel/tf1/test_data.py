"""Data sets and iterators of `tf.data`, against lists made by hand."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core import OptionError

Dataset = tf.data.Dataset


def values(dataset: Any) -> list[Any]:
    return [np.asarray(element).tolist() for element in dataset.as_numpy_iterator()]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda d: d.map(lambda x: x * x), [0, 1, 4, 9, 16]),
        (lambda d: d.filter(lambda x: tf.equal(x % 2, 0)), [0, 2, 4]),
        (lambda d: d.batch(2), [[0, 1], [2, 3], [4]]),
        (lambda d: d.batch(2, drop_remainder=True), [[0, 1], [2, 3]]),
        (lambda d: d.batch(2).unbatch(), [0, 1, 2, 3, 4]),
        (
            lambda d: d.window(2, 1, 2, True).flat_map(lambda w: w.batch(2)),
            [[0, 2], [1, 3], [2, 4]],
        ),
        (lambda d: d.window(1, 3).flat_map(lambda w: w), [0, 3]),
        (lambda d: d.take(2).repeat(2), [0, 1, 0, 1]),
        (lambda d: d.take(0).repeat(), []),
        (lambda d: d.skip(3), [3, 4]),
        (lambda d: d.skip(-1), []),
        (lambda d: d.take(-1), [0, 1, 2, 3, 4]),
        (lambda d: d.shard(2, 1), [1, 3]),
        (lambda d: d.concatenate(Dataset.range(1)), [0, 1, 2, 3, 4, 0]),
        (lambda d: d.prefetch(2), [0, 1, 2, 3, 4]),
        (lambda d: d.cache().repeat(2).take(6), [0, 1, 2, 3, 4, 0]),
        (lambda d: d.apply(lambda e: e.skip(4)), [4]),
        (lambda d: d.enumerate(7).map(lambda i, x: i - x), [7, 7, 7, 7, 7]),
        (
            lambda d: d.take(3).flat_map(lambda n: Dataset.range(n).map(lambda i: 10 * n + i)),
            [10, 20, 21],
        ),
        (
            lambda d: d.take(3).interleave(lambda x: Dataset.from_tensors(x).repeat(3), 2, 2),
            [0, 0, 1, 1, 0, 1, 2, 2, 2],
        ),
    ],
)
def test_transformations(made: Any, expected: list[Any]) -> None:
    assert values(made(Dataset.range(5))) == expected


def test_nested_elements_keep_their_structure() -> None:
    data = Dataset.zip({"b": Dataset.range(2), "a": Dataset.from_tensor_slices([[1.0], [2.0]])})
    assert data.output_types == {"b": tf.int64, "a": tf.float32}
    (first, _) = list(data.as_numpy_iterator())
    assert first["b"] == 0
    assert first["a"].tolist() == [1.0]


def test_strings_keep_their_zeros() -> None:
    texts = Dataset.from_tensor_slices([b"a", b"b\0"])
    for data in (texts.batch(2), texts.map(tf.identity).batch(2)):
        (batch,) = data.as_numpy_iterator()
        assert batch.dtype == object
        assert batch.tolist() == [b"a", b"b\0"]


def test_padded_batch() -> None:
    data = Dataset.range(1, 4).map(lambda n: tf.fill([n], n))
    assert values(data.padded_batch(2, [None])) == [[[1, 0], [2, 2]], [[3, 3, 3]]]
    filled = data.padded_batch(3, [4], np.int64(-1))
    assert values(filled) == [[[1, -1, -1, -1], [2, 2, -1, -1], [3, 3, 3, -1]]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not fit padded_shapes"):
        values(data.padded_batch(3, [2]))


def test_batch_of_unequal_shapes_says_so() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="padded_batch pads them"):
        values(Dataset.range(1, 3).map(lambda n: tf.fill([n], n)).batch(2))


def test_iterator_ends_and_starts_again() -> None:
    n = tf.placeholder(tf.int64, [])
    iterator = Dataset.range(n).make_initializable_iterator()
    element = iterator.get_next()
    doubled = element * 2
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="initializer"):
            session.run(element)
        for count in (2, 1):
            session.run(iterator.initializer, {n: count})
            for i in range(count):
                assert session.run([element, doubled, element]) == [i, 2 * i, i]
            for _ in range(2):
                with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
                    session.run(doubled)


def test_placeholders_feed_slices() -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    iterator = Dataset.from_tensor_slices((x, x * 2)).batch(2).make_initializable_iterator()
    a, b = iterator.get_next()
    assert list(a.shape) == [None, 2]
    with tf.Session() as session:
        session.run(iterator.initializer, {x: [[1, 2], [3, 4], [5, 6]]})
        found = session.run([a, b])
        assert found[0].tolist() == [[1, 2], [3, 4]]
        assert found[1].tolist() == [[2, 4], [6, 8]]


def test_sessions_stand_at_their_own_places() -> None:
    element = Dataset.range(3).make_one_shot_iterator().get_next()
    with tf.Session() as one, tf.Session() as two:
        assert [one.run(element), one.run(element), two.run(element)] == [0, 1, 0]


def test_callables_of_a_session_stand_where_its_runs_do() -> None:
    iterator = Dataset.range(3).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as session:
        session.run(iterator.initializer)
        call = session.make_callable(element)
        assert [call(), session.run(element), call()] == [0, 1, 2]


def test_structure_and_handle() -> None:
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    first = iterator.make_initializer(Dataset.range(5, 7))
    second = iterator.make_initializer(Dataset.range(1))
    other = Dataset.range(40, 42).make_one_shot_iterator()
    handle = tf.placeholder(tf.string, [])
    by_handle = tf.data.Iterator.from_string_handle(handle, tf.int64, []).get_next()
    element = iterator.get_next()
    with tf.Session() as session:
        session.run(first)
        assert session.run(element) == 5
        session.run(second)
        assert session.run(element) == 0
        assert session.run(by_handle, {handle: session.run(other.string_handle())}) == 40
    with pytest.raises(OptionError, match="the elements have other types"):
        iterator.make_initializer(Dataset.from_tensors(1.0))


def test_shuffle() -> None:
    data = Dataset.range(50).shuffle(50, seed=3)
    first = values(data)
    assert sorted(first) == list(range(50)) != first
    assert values(data) == first
    both = values(data.repeat(2))
    assert both[:50] == first != both[50:]
    same = values(Dataset.range(50).shuffle(50, 3, reshuffle_each_iteration=False).repeat(2))
    assert same[:50] == same[50:]
    assert values(Dataset.range(3).shuffle(1)) == [0, 1, 2]
    assert values(Dataset.range(50).shuffle(50)) != values(Dataset.range(50).shuffle(50))


def test_random_functions_differ_by_element() -> None:
    tf.set_random_seed(1)
    drawn = values(Dataset.range(4).map(lambda _: tf.random_uniform([])))
    assert len(set(drawn)) == 4


def test_functions_see_variables_and_are_traced_once() -> None:
    calls = []
    w = tf.Variable(3.0)

    def scaled(x: Any) -> Any:
        calls.append(x)
        return tf.cast(x, tf.float32) * w

    iterator = Dataset.range(3).map(scaled).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(iterator.initializer)
        assert [float(session.run(element)) for _ in range(3)] == [0.0, 3.0, 6.0]
    assert len(calls) == 1
    with pytest.raises(ValueError, match="writes a"):
        Dataset.range(3).map(lambda x: w.assign(tf.cast(x, tf.float32)))


def test_generator() -> None:
    def pairs(n: Any) -> Any:
        yield from ((i, [float(i)] * 2) for i in range(int(n)))

    data = Dataset.from_generator(pairs, (tf.int32, tf.float32), ([], [2]), args=(2,))
    assert [(int(i), x.tolist()) for i, x in data.as_numpy_iterator()] == [(0, [0, 0]), (1, [1, 1])]
    bad = Dataset.from_generator(lambda: iter([[1, 2]]), tf.int32, [3])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"gave \(2,\); declared is int32"):
        values(bad)


def test_reduce() -> None:
    total = Dataset.range(5).reduce(np.int64(1), lambda state, x: state + x)
    with tf.Session() as session:
        assert session.run(total) == 11


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\r\n")
    (tmp_path / "b.txt").write_bytes(b"three")
    files = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert values(files.flat_map(tf.data.TextLineDataset)) == [b"one", b"two", b"three"]
    (tmp_path / "c.bin").write_bytes(b"haabbf")
    records = tf.data.FixedLengthRecordDataset(str(tmp_path / "c.bin"), 2, 1, 1)
    assert values(records) == [b"aa", b"bb"]
    with pytest.raises(tf.errors.NotFoundError):
        values(tf.data.TextLineDataset(str(tmp_path / "none")))


def test_thread_of_prefetch_ends_with_its_iterator() -> None:
    elements = Dataset.range(1000).prefetch(1).as_numpy_iterator()
    assert next(elements) == 0
    elements.close()
    until = time.monotonic() + 5
    while any(t.name == "thalweg-prefetch" for t in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_pass_of_a_session_goes_with_it() -> None:
    element = Dataset.range(1000).prefetch(1).make_one_shot_iterator().get_next()
    session = tf.Session()
    assert session.run(element) == 0
    session.close()
    del session
    gc.collect()
    until = time.monotonic() + 5
    while any(t.name == "thalweg-prefetch" for t in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_error_in_prefetch_reaches_the_run() -> None:
    def failing() -> Any:
        yield 1
        raise tf.errors.DataLossError(None, None, "torn")

    data = Dataset.from_generator(failing, tf.int32, []).prefetch(3)
    with pytest.raises(tf.errors.DataLossError, match="torn"):
        values(data)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda d: d.filter(lambda x: x), "the predicate is not one boolean"),
        (lambda d: d.flat_map(lambda x: x), "the function does not return a data set"),
        (lambda d: d.batch(0), "batch_size is too small"),
        (lambda d: d.window(2).batch(2), "elements are data sets"),
        (lambda d: d.shard(2, 2), "there is no such shard"),
        (lambda d: d.concatenate(Dataset.from_tensors(1.0)), "the dtypes differ"),
        (lambda d: d.cache("file"), "elements are kept in memory only"),
        (lambda d: d.unbatch(), "a scalar has no rows"),
        (lambda d: d.padded_batch(2, [[1], [2]]), "not a size"),
        (lambda d: d.make_one_shot_iterator().initializer, "has no initializer of its own"),
        (lambda d: d.reduce(1.0, lambda s, x: x), "another state than it takes"),
        (lambda d: tf.data.TextLineDataset("a", "GZIP"), "files are read as they are"),
        (lambda d: Dataset.from_tensor_slices(1), "a scalar has no rows"),
    ],
)
def test_what_is_refused(made: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        made(Dataset.range(3))


def test_training_until_the_data_end() -> None:
    x = np.linspace(-1, 1, 64, dtype=np.float32)
    data = Dataset.from_tensor_slices((x, 3 * x + 1)).shuffle(64, seed=1).repeat(40).batch(16)
    inputs, targets = data.prefetch(1).make_one_shot_iterator().get_next()
    w, b = tf.Variable(0.0), tf.Variable(0.0)
    loss = tf.reduce_mean(tf.square(w * inputs + b - targets))
    train = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    steps = 0
    with tf.train.MonitoredTrainingSession() as session:
        while not session.should_stop():
            session.run(train)
            steps += 1
    assert steps == 160


def test_iterators_move_once_for_all_that_read_them() -> None:
    element = Dataset.range(10).make_one_shot_iterator().get_next()
    seen = tf.Variable(np.int64(0))
    add = seen.assign_add(element)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(4):
            session.run([add, element, tf.identity(element)])
        assert session.run(seen) == 0 + 1 + 2 + 3
