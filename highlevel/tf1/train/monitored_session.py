"""Sessions that watch training: variables initialised or restored, and hooks around every run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from thalweg.core import FeedError, Graph, GraphError, get_default_graph

from ..errors import OutOfRangeError
from ..session import RunMetadata, Session
from .checkpoint_hook import CheckpointSaverHook
from .coordinator import Coordinator
from .hooks import StepCounterHook
from .scaffold import ChiefSessionCreator, Scaffold, SessionCreator, WorkerSessionCreator
from .session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from .summary_hook import SummarySaverHook

__all__ = [
    "MonitoredSession",
    "MonitoredTrainingSession",
    "SingularMonitoredSession",
]

_DEFAULT: Any = object()


class _HookedSession:
    """A session that calls hooks around each of its runs."""

    class StepContext:
        """What a function of `run_step_fn` gets.

        Args:
            session: the session inside.
            run_with_hooks_fn: a run that hooks see.
        """

        def __init__(self, session: Any, run_with_hooks_fn: Callable[..., Any]) -> None:
            self._session = session
            self._run = run_with_hooks_fn

        @property
        def session(self) -> Any:
            """The session inside; hooks do not see what it runs."""
            return self._session

        def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
            """A run that hooks see; arguments as of `Session.run`."""
            return self._run(*args, **kwargs)

        def request_stop(self) -> None:
            """Stops: raises StopIteration, which the session takes."""
            raise StopIteration("step_fn has requested the iterations to stop.")

    def __init__(
        self, creator: SessionCreator, hooks: Sequence[SessionRunHook] | None, grace_s: float
    ) -> None:
        self._hooks = list(hooks or ())
        self._grace_s = grace_s
        self._stops = False
        for hook in self._hooks:
            hook.begin()
        self._graph = get_default_graph()
        self._coord = Coordinator(clean_stop_exception_types=[])
        session = creator.create_session()
        self._session: Session | None = session
        try:
            for hook in self._hooks:
                hook.after_create_session(session, self._coord)
        except BaseException as error:
            self._close(error)
            raise

    @property
    def graph(self) -> Graph:
        """The graph that is run."""
        return self._graph

    def _raw(self) -> Session:
        if self._session is None:
            raise GraphError(type(self).__name__, "the session is closed")
        return self._session

    def run(
        self,
        fetches: Any,
        feed_dict: Mapping[Any, Any] | None = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """Computes `fetches`, and what hooks want beside; arguments as of `Session.run`."""
        session = self._raw()
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict, options), session)
        asked = {hook: args for hook in self._hooks if (args := hook.before_run(context))}
        feeds = dict(feed_dict or {})
        for args in asked.values():
            for key, value in (args.feed_dict or {}).items():
                if key in feeds:
                    raise FeedError(
                        type(self).__name__, "two feed one tensor", got=repr(key),
                        hint="a hook and the program, or two hooks",
                    )  # fmt: skip
                feeds[key] = value
        metadata = run_metadata or RunMetadata()
        extra = {hook: args.fetches for hook, args in asked.items() if args.fetches is not None}
        result, found = session.run((fetches, list(extra.values())), feeds, options, metadata)
        values = dict(zip(extra, found, strict=True))
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(values.get(hook), options, metadata))
        self._stops = self._stops or context.stop_requested
        self._coord.raise_requested_exception()
        return result

    def run_step_fn(self, step_fn: Callable[[Any], Any]) -> Any:
        """Calls a function of a `StepContext`, which may run with and without hooks.

        Returns:
            What it returns; None if it stopped.
        """
        context = self.StepContext(self._raw(), self.run)
        try:
            return step_fn(context)
        except StopIteration:
            self._stops = True
            return None

    def should_stop(self) -> bool:
        """Whether a hook, or a thread, wants to stop, or the session is closed."""
        return self._session is None or self._stops or self._coord.should_stop()

    def close(self) -> None:
        """Lets hooks end, and closes the session."""
        self._close(None)

    def _close(self, error: BaseException | None) -> None:
        session = self._session
        if session is None:
            return
        try:
            if error is None or isinstance(error, OutOfRangeError | StopIteration):
                for hook in self._hooks:
                    hook.end(session)
            self._coord.request_stop()
            self._coord.join(stop_grace_period_secs=self._grace_s, ignore_live_threads=True)
        finally:
            self._session = None
            session.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._close(error)
        return isinstance(error, OutOfRangeError | StopIteration)


class MonitoredSession(_HookedSession):
    """A session that initialises or restores variables and calls hooks around its runs.

    Args:
        session_creator: makes the session inside; a `ChiefSessionCreator` if None.
        hooks: `SessionRunHook`s.
        stop_grace_period_secs: how long registered threads may take to stop.

    The end of data, `tf.errors.OutOfRangeError`, ends its `with` block quietly.

    >>> import thalweg.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     step = tf.assign_add(tf.train.get_or_create_global_step(), 1)
    ...     hooks = [tf.train.StopAtStepHook(last_step=3)]
    ...     with tf.train.MonitoredSession(hooks=hooks) as session:
    ...         while not session.should_stop():
    ...             print(session.run(step))
    1
    2
    3
    """

    def __init__(
        self,
        session_creator: SessionCreator | None = None,
        hooks: Sequence[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        super().__init__(session_creator or ChiefSessionCreator(), hooks, stop_grace_period_secs)


class SingularMonitoredSession(_HookedSession):
    """A `MonitoredSession` that may be used where a session is expected, as by a `Saver`.

    Args:
        hooks: `SessionRunHook`s.
        scaffold: how variables are initialised.
        master: ignored.
        config: a `ConfigProto`.
        checkpoint_dir: a folder, whose latest checkpoint is restored if there is one.
        stop_grace_period_secs: how long registered threads may take to stop.
        checkpoint_filename_with_path: or the prefix of a checkpoint.
    """

    def __init__(
        self,
        hooks: Sequence[SessionRunHook] | None = None,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        creator = ChiefSessionCreator(
            scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path
        )
        super().__init__(creator, hooks, stop_grace_period_secs)

    def raw_session(self) -> Session:
        """The session inside."""
        return self._raw()


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: str | None = None,
    scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None,
    chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = _DEFAULT,
    save_summaries_steps: Any = _DEFAULT,
    save_summaries_secs: Any = _DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: int = 7200,
    save_checkpoint_steps: Any = _DEFAULT,
    summary_dir: str | None = None,
) -> MonitoredSession:
    """A `MonitoredSession` that saves checkpoints, restores the latest one, and logs its speed.

    Args:
        master: ignored.
        is_chief: False leaves saving to another.
        checkpoint_dir: the folder of checkpoints; None saves none.
        scaffold: how variables are initialised.
        hooks: `SessionRunHook`s.
        chief_only_hooks: more of them, if this is the chief.
        save_checkpoint_secs: seconds between two checkpoints, 600 unless steps are given.
        save_summaries_steps: steps between two writings of the graph's summaries, if it has any;
            100 unless seconds are given, None for none.
        save_summaries_secs: or seconds.
        config: a `ConfigProto`.
        stop_grace_period_secs: how long registered threads may take to stop.
        log_step_count_steps: steps between two lines of speed; None for none.
        max_wait_secs: ignored.
        save_checkpoint_steps: steps between two checkpoints.
        summary_dir: the folder of summaries; that of checkpoints if None.
    """
    del max_wait_secs
    scaffold = scaffold or Scaffold()
    if not is_chief:
        worker = WorkerSessionCreator(scaffold, master, config)
        return MonitoredSession(worker, hooks, stop_grace_period_secs)
    all_hooks: list[SessionRunHook] = list(chief_only_hooks or ())
    if checkpoint_dir:
        if log_step_count_steps:
            all_hooks.append(StepCounterHook(every_n_steps=log_step_count_steps))
        steps, seconds = _how_often(save_checkpoint_steps, save_checkpoint_secs, (None, 600))
        if seconds or steps:
            all_hooks.append(
                CheckpointSaverHook(
                    checkpoint_dir, save_secs=seconds, save_steps=steps, scaffold=scaffold
                )
            )
    if summary_dir or checkpoint_dir:
        steps, seconds = _how_often(save_summaries_steps, save_summaries_secs, (100, None))
        if seconds or steps:
            folder = summary_dir or checkpoint_dir
            all_hooks.append(SummarySaverHook(steps, seconds, folder, scaffold=scaffold))
    return MonitoredSession(
        ChiefSessionCreator(scaffold, master, config, checkpoint_dir),
        [*all_hooks, *(hooks or ())],
        stop_grace_period_secs,
    )


def _how_often(steps: Any, seconds: Any, default: tuple[Any, Any]) -> tuple[Any, Any]:
    """Steps and seconds between two times; the default if nothing is said of either."""
    if steps is _DEFAULT and seconds is _DEFAULT:
        return default
    return (None if steps is _DEFAULT else steps), (None if seconds is _DEFAULT else seconds)
