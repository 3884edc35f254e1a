"""Sessions that watch training: order of hooks, checkpoints, stops and errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import FeedError, GraphError, OptionError

train = tf.train


@pytest.fixture
def messages() -> Iterator[list[str]]:
    """What tf.logging says, from INFO on."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    before = tf.logging.get_verbosity()
    tf.logging.set_verbosity(tf.logging.INFO)
    handler = Keep()
    logging.getLogger("thalweg.tf1").addHandler(handler)
    yield found
    logging.getLogger("thalweg.tf1").removeHandler(handler)
    tf.logging.set_verbosity(before)


def counter() -> Any:
    """A training step that only counts."""
    return tf.assign_add(train.get_or_create_global_step(), 1)


class Note(train.SessionRunHook):
    def __init__(self, log: list[str], name: str = "") -> None:
        self.log, self.name = log, name

    def begin(self) -> None:
        self.log.append(f"{self.name}begin")

    def after_create_session(self, session: Any, coord: Any) -> None:
        assert isinstance(session, tf.Session)
        assert isinstance(coord, train.Coordinator)
        self.log.append(f"{self.name}created")

    def before_run(self, run_context: Any) -> Any:
        self.log.append(f"{self.name}before {run_context.original_args.fetches.op.name}")

    def after_run(self, run_context: Any, run_values: Any) -> None:
        assert run_values.results is None
        self.log.append(f"{self.name}after")

    def end(self, session: Any) -> None:
        session.run(train.get_global_step())
        self.log.append(f"{self.name}end")


def test_the_order_of_hooks() -> None:
    step, log = counter(), []
    hooks = [Note(log, "a "), Note(log, "b ")]
    with train.MonitoredSession(hooks=hooks) as session:
        assert session.run(step) == 1
        assert session.graph is tf.get_default_graph()
    name = step.op.name
    assert log == [
        "a begin", "b begin", "a created", "b created",
        f"a before {name}", f"b before {name}", "a after", "b after", "a end", "b end",
    ]  # fmt: skip
    assert session.should_stop()
    with pytest.raises(GraphError, match="MonitoredSession: the session is closed"):
        session.run(step)
    session.close()


def test_the_graph_is_closed_to_new_operations() -> None:
    step = counter()
    with train.MonitoredSession() as session:
        session.run(step)
        with pytest.raises(GraphError, match="is finalized"):
            tf.constant(1)


def test_hooks_fetch_and_feed() -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    y = x * 2.0

    class Feed(train.SessionRunHook):
        def before_run(self, run_context: Any) -> Any:
            return train.SessionRunArgs(fetches={"x": x, "y": [y]}, feed_dict={x: 3.0})

        def after_run(self, run_context: Any, run_values: Any) -> None:
            self.results = run_values.results

    hook = Feed()
    with train.SingularMonitoredSession(hooks=[hook]) as session:
        assert session.run(y) == 6.0
        assert hook.results == {"x": 3.0, "y": [6.0]}
        with pytest.raises(FeedError, match="two feed one tensor"):
            session.run(y, feed_dict={x: 1.0})
        assert isinstance(session.raw_session(), tf.Session)


def test_stopping_at_a_step() -> None:
    step = counter()
    with train.MonitoredSession(hooks=[train.StopAtStepHook(last_step=4)]) as session:
        while not session.should_stop():
            last = session.run(step)
    assert last == 4


def test_stopping_after_steps(tmp_path: Path) -> None:
    step = counter()
    for expected in (3, 6):
        hook = train.StopAtStepHook(num_steps=3)
        graph = tf.get_default_graph()
        graph.finalized = False  # the second session has more to add to the same graph
        with train.MonitoredTrainingSession(
            checkpoint_dir=str(tmp_path), hooks=[hook], save_checkpoint_steps=10,
        ) as session:  # fmt: skip
            while not session.should_stop():
                last = session.run(step)
        assert last == expected
        assert train.latest_checkpoint(str(tmp_path)) == str(tmp_path / f"model.ckpt-{expected}")


def test_the_end_of_data_ends_the_block_quietly() -> None:
    step, log = counter(), []
    for error in (tf.errors.OutOfRangeError(None, None, "end"), StopIteration()):
        tf.get_default_graph().finalized = False
        with train.MonitoredSession(hooks=[Note(log)]) as session:
            session.run(step)
            raise error
        assert session.should_stop()
        assert log[-1] == "end"


def test_other_errors_come_out_and_hooks_do_not_end() -> None:
    step, log = counter(), []
    with pytest.raises(ZeroDivisionError), train.MonitoredSession(hooks=[Note(log)]) as session:
        session.run(step)
        raise ZeroDivisionError
    assert "end" not in log
    assert session.should_stop()


def test_an_error_of_a_hook_at_the_start_closes_the_session() -> None:
    class Fails(train.SessionRunHook):
        def after_create_session(self, session: Any, coord: Any) -> None:
            self.session = session
            raise KeyError("no")

    hook = Fails()
    with pytest.raises(KeyError):
        train.MonitoredSession(hooks=[hook])
    with pytest.raises(GraphError, match="the session is closed"):
        hook.session.run([])


def test_errors_of_registered_threads_come_out_of_run() -> None:
    step = counter()

    class Starts(train.SessionRunHook):
        def after_create_session(self, session: Any, coord: Any) -> None:
            def work() -> None:
                with coord.stop_on_exception():
                    raise ValueError("from a thread")

            thread = threading.Thread(target=work)
            coord.register_thread(thread)
            thread.start()
            thread.join()

    with pytest.raises(ValueError, match="from a thread"):
        train.MonitoredSession(hooks=[Starts()]).run(step)


def test_step_functions() -> None:
    step, log = counter(), []
    with train.MonitoredSession(hooks=[Note(log)]) as session:

        def by_hand(context: Any) -> int:
            assert context.session.run(step) == 1
            return int(context.run_with_hooks(step))

        assert session.run_step_fn(by_hand) == 2
        assert log.count("after") == 1
        assert session.run_step_fn(lambda context: context.request_stop()) is None
        assert session.should_stop()


# Beginning --------------------------------------------------------------------------------------


def test_variables_are_initialised_or_restored(tmp_path: Path) -> None:
    w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
    local = tf.get_local_variable("local", [], initializer=tf.ones_initializer())
    count = counter()
    with train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)) as session:
        assert session.run([w, local])[0].tolist() == [1.0, 1.0]
        session.run(count)
    tf.get_default_graph().finalized = False
    changed = w.assign([5.0, 6.0])
    with train.SingularMonitoredSession(checkpoint_dir=str(tmp_path)) as session:
        assert session.run(train.get_global_step()) == 1
        session.run(changed)
        path = train.Saver().save(session, str(tmp_path / "other"))
    tf.get_default_graph().finalized = False
    scaffold = train.Scaffold(saver=train.Saver([w, train.get_global_step()]))
    with train.SingularMonitoredSession(
        scaffold=scaffold, checkpoint_filename_with_path=path
    ) as session:
        assert session.run(w).tolist() == [5.0, 6.0]
    with pytest.raises(OptionError, match="two checkpoints are given"):
        train.ChiefSessionCreator(checkpoint_dir="a", checkpoint_filename_with_path="b")


def test_scaffolds() -> None:
    v, w = tf.Variable(1.0, name="v"), tf.get_local_variable("w", [])
    fed = tf.placeholder(tf.float32, [])
    calls = []
    first = train.Scaffold(
        init_op=v.assign(fed), init_feed_dict={fed: 7.0},
        init_fn=lambda scaffold, session: calls.append((scaffold, session.run(v))),
        local_init_op=w.assign(8.0),
    )  # fmt: skip
    copy = train.Scaffold(copy_from_scaffold=first, ready_op=tf.constant(np.array([], object)))
    with train.SingularMonitoredSession(scaffold=copy) as session:
        assert session.run([v, w]) == [7.0, 8.0]
    assert calls == [(first, 7.0)]


def test_scaffolds_look_into_collections() -> None:
    v = tf.Variable(1.0)
    tf.add_to_collection(tf.GraphKeys.INIT_OP, v.assign(3.0))
    with train.MonitoredSession() as session:
        assert session.run(v) == 3.0
    with tf.Graph().as_default():
        for _ in range(2):
            tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.no_op())
        with pytest.raises(GraphError, match="there are several candidates for init_op"):
            train.MonitoredSession()


def test_variables_that_stay_uninitialised_are_told() -> None:
    v = tf.Variable(1.0, name="v")
    tf.Variable(1.0, name="w")
    creator = train.ChiefSessionCreator(train.Scaffold(init_op=v.initializer))
    with pytest.raises(GraphError) as caught:
        train.MonitoredSession(creator)
    assert str(caught.value) == (
        "MonitoredSession: variables are not initialised\n"
        "  expected  an init_op that initialises all, or a checkpoint that has all\n"
        "  got       w"
    )


def test_workers_do_not_save(tmp_path: Path) -> None:
    step = counter()
    with train.MonitoredTrainingSession(
        is_chief=False, checkpoint_dir=str(tmp_path), chief_only_hooks=[Note([])]
    ) as session:
        session.run(step)
    assert list(tmp_path.iterdir()) == []


# Hooks ------------------------------------------------------------------------------------------


def test_checkpoints_are_saved_by_steps(tmp_path: Path, messages: list[str]) -> None:
    step = counter()
    folder = tmp_path / "run"
    log: list[str] = []

    class Listener(train.CheckpointSaverListener):
        def begin(self) -> None:
            log.append("begin")

        def before_save(self, session: Any, global_step_value: int) -> None:
            log.append(f"before {global_step_value}")

        def after_save(self, session: Any, global_step_value: int) -> bool:
            log.append(f"after {global_step_value}")
            return global_step_value >= 6

        def end(self, session: Any, global_step_value: int) -> None:
            log.append(f"end {global_step_value}")

    hook = train.CheckpointSaverHook(
        str(folder), save_steps=3, saver=train.Saver(), listeners=[Listener()]
    )
    with train.MonitoredSession(hooks=[hook]) as session:
        while not session.should_stop():
            session.run(step)
    saved = [f"{when} {n}" for n in (0, 3, 6) for when in ("before", "after")]
    assert log == ["begin", *saved, "end 6"]
    prefix = str(folder / "model.ckpt")
    state = train.get_checkpoint_state(str(folder))
    assert state.all_model_checkpoint_paths == [f"{prefix}-{n}" for n in (0, 3, 6)]
    assert messages[0] == f"Saving checkpoints for 0 into {prefix}."


def test_savers_of_checkpoint_hooks(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="both saver and scaffold are given"):
        train.CheckpointSaverHook(
            "a",
            save_steps=1,
            saver=object(),
            scaffold=train.Scaffold(),  # type: ignore[arg-type]
        )
    with pytest.raises(GraphError, match="CheckpointSaverHook: there is no global step"):
        train.MonitoredSession(hooks=[train.CheckpointSaverHook(str(tmp_path), save_steps=1)])
    counter()
    with pytest.raises(GraphError, match="CheckpointSaverHook: there is no saver"):
        train.CheckpointSaverHook(str(tmp_path), save_steps=1)._found_saver()
    with train.MonitoredSession(hooks=[train.CheckpointSaverHook(str(tmp_path), save_secs=9)]):
        pass
    assert train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-0")


def test_logs(messages: list[str]) -> None:
    step = counter()
    tf.identity(tf.constant([1.5, 2.0]), name="named")
    hooks = [
        train.LoggingTensorHook({"step": step, "x": "named"}, every_n_iter=2),
        train.LoggingTensorHook(["named:0"], at_end=True, formatter=lambda v: f"last {v}"),
    ]
    with train.MonitoredSession(hooks=hooks) as session:
        for _ in range(4):
            session.run(step)
    assert messages[0] == "step = 1, x = [1.5 2. ]"
    assert messages[1].startswith("step = 3, x = [1.5 2. ] (")
    assert messages[2] == "last {'named:0': array([1.5, 2. ], dtype=float32)}"
    assert len(messages) == 3


def test_wrong_logs() -> None:
    x = tf.constant(1.0)
    for arguments in ({}, {"every_n_iter": 1, "every_n_secs": 1.0}):
        with pytest.raises(OptionError, match="one of every_n_iter and every_n_secs is needed"):
            train.LoggingTensorHook([x], **arguments)
    with pytest.raises(OptionError, match="every_n_iter is not positive"):
        train.LoggingTensorHook([x], every_n_iter=0)


def test_speed(messages: list[str]) -> None:
    step = counter()
    with train.MonitoredSession(hooks=[train.StepCounterHook(every_n_steps=2)]) as session:
        for _ in range(5):
            session.run(step)
    assert len(messages) == 2
    assert all(text.startswith("global_step/sec: ") for text in messages)


def test_nan() -> None:
    x = tf.placeholder(tf.float32, [])
    loss = x * 1.0
    with (
        pytest.raises(train.NanLossDuringTrainingError, match="NaN loss during training"),
        train.MonitoredSession(hooks=[train.NanTensorHook(loss)]) as session,
    ):
        session.run(loss, {x: 1.0})
        session.run(loss, {x: np.nan})
    tf.get_default_graph().finalized = False
    hook = train.NanTensorHook(loss, fail_on_nan_loss=False)
    with train.MonitoredSession(hooks=[hook]) as session:
        session.run(loss, {x: np.nan})
        assert session.should_stop()


def test_waiting_feeding_and_final_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    x = tf.placeholder(tf.float32, [])
    y = x + 1.0
    step = train.get_or_create_global_step()
    raised = step.assign_add(1)
    final = train.FinalOpsHook([y], {x: 5.0})
    assert final.final_ops_values is None
    waiter = train.GlobalStepWaiterHook(2)
    hooks = [waiter, final, train.FeedFnHook(lambda: {x: 2.0})]
    with train.SingularMonitoredSession(hooks=hooks) as session:
        raw = session.raw_session()
        monkeypatch.setattr("time.sleep", lambda _: raw.run(raised))
        assert session.run(y) == 3.0
        assert raw.run(step) == 2
    assert final.final_ops_values == [6.0]


def test_timers() -> None:
    timer = train.SecondOrStepTimer(every_steps=3)
    assert timer.last_triggered_step() is None
    assert timer.should_trigger_for_step(1)
    assert timer.update_last_triggered_step(1) == (None, None)
    assert [timer.should_trigger_for_step(step) for step in (1, 2, 3, 4)] == [False] * 3 + [True]
    seconds, steps = timer.update_last_triggered_step(4)
    assert steps == 3
    assert seconds is not None
    timer.reset()
    assert timer.should_trigger_for_step(4)
    slow = train.SecondOrStepTimer(every_secs=1000.0)
    slow.update_last_triggered_step(1)
    assert not slow.should_trigger_for_step(100)
    with pytest.raises(OptionError, match="one of seconds and steps is needed"):
        train.SecondOrStepTimer()
    for arguments in ({}, {"num_steps": 1, "last_step": 2}):
        with pytest.raises(OptionError, match="one of num_steps and last_step is needed"):
            train.StopAtStepHook(**arguments)
