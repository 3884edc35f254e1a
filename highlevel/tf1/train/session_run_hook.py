"""What a hook is: code that a monitored session calls around each of its runs."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues"]


class SessionRunHook:
    """Base of hooks; a subclass overrides what it needs.

    >>> import thalweg.tf1 as tf
    >>> class Show(tf.train.SessionRunHook):
    ...     def before_run(self, run_context):
    ...         return tf.train.SessionRunArgs({"w": "w:0"})
    ...     def after_run(self, run_context, run_values):
    ...         print(run_values.results)
    >>> with tf.Graph().as_default():
    ...     step = tf.assign_add(tf.Variable(1, name="w"), 1)
    ...     with tf.train.SingularMonitoredSession(hooks=[Show()]) as session:
    ...         _ = session.run(step)
    {'w': np.int32(1)}
    """

    def begin(self) -> None:
        """Called once, before the session is made: the only time to add to the graph."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Called when the session is made and variables have their values.

        Args:
            session: the session.
            coord: its `Coordinator`.
        """

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before each run; what it returns is fetched and fed as well.

        Args:
            run_context: what will run, and the way to stop.
        """
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Called after each run that raised nothing.

        Args:
            run_context: what has run, and the way to stop.
            run_values: what `before_run` asked for.
        """

    def end(self, session: Any) -> None:
        """Called once at the end, if nothing was raised; the session is still open."""


class SessionRunArgs(NamedTuple):
    """What a hook wants to be fetched and fed in a run.

    Attributes:
        fetches: as of `Session.run`.
        feed_dict: likewise.
        options: ignored.
    """

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a run gave to a hook.

    Attributes:
        results: the values of the hook's fetches, in their structure.
        options: of the run.
        run_metadata: empty.
    """

    results: Any
    options: Any
    run_metadata: Any


class SessionRunContext:
    """What a hook may know of a run.

    Args:
        original_args: what the program asked for.
        session: the session that runs it.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the program asked for."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session; what is run in it is not seen by hooks."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether a hook wants to stop."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Makes `should_stop()` of the monitored session true."""
        self._stop_requested = True
