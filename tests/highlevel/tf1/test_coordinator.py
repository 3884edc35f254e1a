"""tf.train.Coordinator and LooperThread."""

from __future__ import annotations

import sys
import threading
import time

import pytest

import thalweg.tf1 as tf


def test_threads_stop_together() -> None:
    coord = tf.train.Coordinator()
    counts = []

    def work() -> None:
        count = 0
        while not coord.should_stop():
            count += 1
            time.sleep(0.001)
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert not coord.wait_for_stop(0.01)
    coord.request_stop()
    coord.join(threads)
    assert len(counts) == 3
    assert coord.joined
    assert coord.wait_for_stop()
    coord.clear_stop()
    assert not coord.should_stop()
    assert not coord.joined


def test_join_waits_for_threads_that_end_by_themselves() -> None:
    coord = tf.train.Coordinator()
    done = []
    thread = threading.Thread(target=lambda: (time.sleep(0.1), done.append(1)))
    coord.register_thread(thread)
    thread.start()
    coord.join()
    assert done == [1]
    assert not coord.should_stop()


def test_the_first_error_is_raised() -> None:
    coord = tf.train.Coordinator()
    for text in ("first", "second"):
        with coord.stop_on_exception():
            raise ValueError(text)
    assert coord.should_stop()
    with pytest.raises(ValueError, match="first"):
        coord.raise_requested_exception()
    with pytest.raises(ValueError, match="first"):
        coord.join()
    coord.clear_stop()
    coord.raise_requested_exception()
    coord.join()


def test_the_end_of_data_is_no_error() -> None:
    coord = tf.train.Coordinator()
    with coord.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "the end")
    assert coord.should_stop()
    coord.join()
    strict = tf.train.Coordinator(clean_stop_exception_types=[])
    strict.request_stop(tf.errors.OutOfRangeError(None, None, "the end"))
    with pytest.raises(tf.errors.OutOfRangeError):
        strict.join()


def test_exc_info_and_with() -> None:
    coord = tf.train.Coordinator()
    try:
        raise KeyError("x")
    except KeyError:
        coord.request_stop(sys.exc_info())
    with pytest.raises(KeyError):
        coord.join()
    other = tf.train.Coordinator()
    with pytest.raises(OSError, match="gone"), other:
        raise OSError("gone")
    assert other.should_stop()


def test_threads_that_do_not_stop() -> None:
    coord = tf.train.Coordinator()
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="stubborn")
    thread.start()
    coord.request_stop()
    with pytest.raises(RuntimeError, match=r"1 threads have not stopped after 0.05 s: stubborn"):
        coord.join([thread], stop_grace_period_secs=0.05)
    coord.join([thread], stop_grace_period_secs=0.01, ignore_live_threads=True)
    release.set()
    thread.join()


def test_loopers() -> None:
    coord = tf.train.Coordinator()
    calls = []

    def count(step: int, by: int = 1) -> None:
        calls.append(step * by)
        if len(calls) == 3:
            coord.request_stop()

    tf.train.LooperThread.loop(coord, 0.001, count, args=(2,), kwargs={"by": 3})
    coord.join()
    assert calls == [6, 6, 6]


def test_loopers_of_a_program() -> None:
    class Looper(tf.train.LooperThread):
        def __init__(self, coord: tf.train.Coordinator) -> None:
            super().__init__(coord, None)
            self.log: list[str] = []

        def start_loop(self) -> None:
            self.log.append("start")

        def run_loop(self) -> None:
            self.log.append("run")
            self._coord.request_stop()

        def stop_loop(self) -> None:
            self.log.append("stop")

    coord = tf.train.Coordinator()
    looper = Looper(coord)
    looper.start()
    coord.join()
    assert looper.log == ["start", "run", "stop"]


def test_a_looper_that_fails() -> None:
    coord = tf.train.Coordinator()
    tf.train.LooperThread.loop(coord, None, lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        coord.join()
