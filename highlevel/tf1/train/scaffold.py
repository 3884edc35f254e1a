"""How a watched training begins: its operations, and the session that runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.core import GraphError, Operation, OptionError, get_default_graph

from ..collections import GraphKeys
from ..graph_state import home_graph
from ..ordering import group
from ..session import Session
from ..state import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
    tables_initializer,
)
from ..summary import merge_all
from .checkpoint_state import get_checkpoint_state
from .saver import Saver

__all__ = ["ChiefSessionCreator", "Scaffold", "SessionCreator", "WorkerSessionCreator"]


class Scaffold:
    """The operations that begin a training, with defaults for what is not given.

    Args:
        init_op: initialises global variables.
        init_feed_dict: feeds for it.
        init_fn: a function of scaffold and session that is called after it.
        ready_op: gives the names of variables that are not initialised.
        ready_for_local_init_op: likewise, before `local_init_op`.
        local_init_op: initialises local variables and tables.
        summary_op: gives a summary; by default all of the graph's, merged, or None.
        saver: the `Saver`.
        copy_from_scaffold: gives what is not given here.
        local_init_feed_dict: feeds for `local_init_op`.
    """

    def __init__(
        self,
        init_op: Any = None,
        init_feed_dict: Any = None,
        init_fn: Callable[[Scaffold, Any], None] | None = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        local_init_op: Any = None,
        summary_op: Any = None,
        saver: Saver | None = None,
        copy_from_scaffold: Scaffold | None = None,
        local_init_feed_dict: Any = None,
    ) -> None:
        other = copy_from_scaffold
        self.init_op = _first(init_op, other, "init_op")
        self.init_feed_dict = _first(init_feed_dict, other, "init_feed_dict")
        self.ready_op = _first(ready_op, other, "ready_op")
        self.ready_for_local_init_op = _first(
            ready_for_local_init_op, other, "ready_for_local_init_op"
        )
        self.local_init_op = _first(local_init_op, other, "local_init_op")
        self.local_init_feed_dict = _first(local_init_feed_dict, other, "local_init_feed_dict")
        self.summary_op = _first(summary_op, other, "summary_op")
        self.saver = _first(saver, other, "saver")
        inherited = other.init_fn if other is not None else None
        self.init_fn: Callable[[Any], None] | None = inherited
        if init_fn is not None:
            chosen = init_fn
            self.init_fn = lambda session: chosen(self, session)

    def finalize(self) -> Scaffold:
        """Makes what is not given, and closes the graph to new operations. Returns itself."""
        default = self.get_or_default
        if self.init_op is None:
            self.init_op = default("init_op", GraphKeys.INIT_OP, global_variables_initializer)
        if self.ready_op is None:
            self.ready_op = default("ready_op", GraphKeys.READY_OP, report_uninitialized_variables)
        if self.ready_for_local_init_op is None:
            self.ready_for_local_init_op = default(
                "ready_for_local_init_op",
                GraphKeys.READY_FOR_LOCAL_INIT_OP,
                lambda: report_uninitialized_variables(global_variables()),
            )
        if self.local_init_op is None:
            self.local_init_op = default(
                "local_init_op", GraphKeys.LOCAL_INIT_OP, self.default_local_init_op
            )
        if self.summary_op is None:
            self.summary_op = default("summary_op", GraphKeys.SUMMARY_OP, merge_all)
        if self.saver is None:
            self.saver = default("saver", GraphKeys.SAVERS, lambda: Saver(allow_empty=True))
        self.saver.build()
        home_graph().finalize()
        return self

    @staticmethod
    def get_or_default(
        arg_name: str, collection_key: str, default_constructor: Callable[[], Any]
    ) -> Any:
        """The one item of a collection, or a new one that joins it.

        Raises:
            GraphError: if the collection has several.
        """
        found = home_graph().get_collection(collection_key)
        if len(found) > 1:
            raise GraphError(
                "Scaffold",
                f"there are several candidates for {arg_name}",
                expected=f"one item in the collection {collection_key!r}, or {arg_name}=…",
                got=f"{len(found)}",
            )
        if found:
            return found[0]
        made = default_constructor()
        home_graph().add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Operation:
        """One operation that initialises local variables and tables."""
        return group(local_variables_initializer(), tables_initializer())


def _first(given: Any, other: Scaffold | None, name: str) -> Any:
    """What is given, else what the other has."""
    return getattr(other, name, None) if given is None else given


class SessionCreator:
    """Base of what makes the session of a `MonitoredSession`."""

    def create_session(self) -> Session:
        """Makes it."""
        raise NotImplementedError(type(self).__name__)


class ChiefSessionCreator(SessionCreator):
    """Makes a session whose variables are restored from a checkpoint, or initialised.

    Args:
        scaffold: how they are initialised.
        master: ignored: there is one process.
        config: a `ConfigProto`.
        checkpoint_dir: a folder, whose latest checkpoint is restored if there is one.
        checkpoint_filename_with_path: or the prefix of a checkpoint.
    """

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        if checkpoint_dir and checkpoint_filename_with_path:
            raise OptionError(
                "ChiefSessionCreator",
                "two checkpoints are given",
                got=f"{checkpoint_dir=}, {checkpoint_filename_with_path=}",
            )
        self._scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._folder = checkpoint_dir
        self._path = checkpoint_filename_with_path

    def create_session(self) -> Session:
        """Makes it; the graph is closed to new operations."""
        scaffold = self._scaffold.finalize()
        session = Session(self._master, get_default_graph(), self._config)
        if self._path is not None:
            scaffold.saver.restore(session, self._path)
        elif not self._restored(session):
            session.run(scaffold.init_op, scaffold.init_feed_dict)
            if scaffold.init_fn is not None:
                scaffold.init_fn(session)
        _check_ready(session, scaffold.ready_for_local_init_op)
        session.run(scaffold.local_init_op, scaffold.local_init_feed_dict)
        _check_ready(session, scaffold.ready_op)
        return session

    def _restored(self, session: Session) -> bool:
        """Restores the latest checkpoint of the folder, if there is one."""
        state = get_checkpoint_state(self._folder) if self._folder else None
        if state is None:
            return False
        self._scaffold.saver.restore(session, state.model_checkpoint_path)
        self._scaffold.saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return True


def _check_ready(session: Session, ready_op: Any) -> None:
    missing = [name.decode() for name in session.run(ready_op)]
    if missing:
        raise GraphError(
            "MonitoredSession",
            "variables are not initialised",
            expected="an init_op that initialises all, or a checkpoint that has all",
            got=", ".join(missing),
        )


class WorkerSessionCreator(ChiefSessionCreator):
    """Makes a session as the chief does: there is one process, which is chief and worker.

    Args:
        scaffold: how variables are initialised.
        master: ignored.
        config: a `ConfigProto`.
        max_wait_secs: ignored: nobody is waited for.
    """

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: int = 1800,
    ) -> None:
        del max_wait_secs
        super().__init__(scaffold, master, config)
