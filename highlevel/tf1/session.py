"""Sessions with TF1's arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import WeakSet

import thalweg.core
from thalweg.core import (
    Graph,
    GraphError,
    Operation,
    OptionError,
    Tensor,
    ThalwegError,
    get_default_graph,
    get_default_session,
)

from .arguments import refuse
from .errors import OpError
from .graph_state import Access, SessionValues, state_of
from .raising import for_programs, raised_for_programs
from .session_options import (
    ConfigProto,
    GPUOptions,
    GraphOptions,
    OptimizerOptions,
    RunMetadata,
    RunOptions,
)

__all__ = [
    "ConfigProto",
    "GPUOptions",
    "GraphOptions",
    "InteractiveSession",
    "OpError",
    "OptimizerOptions",
    "RunMetadata",
    "RunOptions",
    "Session",
    "get_default_session",
]

_open_sessions: WeakSet[Session] = WeakSet()


class DeviceAttributes(NamedTuple):
    """What a session says of a device."""

    name: str
    device_type: str
    memory_limit_bytes: int
    incarnation: int


class Session(thalweg.core.Session):
    """Runs parts of one graph and keeps the values of its variables.

    Args:
        target: ignored: there is one process.
        graph: the graph to run; the default graph of the moment if None.
        config: ignored: a `ConfigProto` speaks of devices and threads that are not here.

    >>> import thalweg.tf1 as tf
    >>> hello = tf.constant("Hello")
    >>> with tf.Session() as session:
    ...     session.run(hello)
    b'Hello'
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, get_default_graph() if graph is None else graph, config)
        _open_sessions.add(self)

    @property
    def graph_def(self) -> Any:
        """Not supported: raises GraphError."""
        return self.graph.as_graph_def()  # type: ignore[attr-defined]

    @property
    def sess_str(self) -> bytes:
        """The target, which is this process."""
        return b""

    def run(
        self,
        fetches: Any,
        feed_dict: Mapping[Any, Any] | None = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """Computes `fetches`; only what they need runs.

        Args:
            fetches: a tensor, operation, variable or name of one, or lists, tuples and dicts of
                these, nested.
            feed_dict: values for placeholders or any other tensors.
            options: ignored: it only asks for traces and time limits.
            run_metadata: a `RunMetadata`, which stays empty.

        Returns:
            NumPy values in the structure of `fetches`; None for operations.

        Raises:
            FeedError: if a needed placeholder is not fed, or a value does not fit.
            GraphError: if something is not of this session's graph.
        """
        if run_metadata is not None and not isinstance(run_metadata, RunMetadata):
            raise OptionError(
                "Session.run",
                "run_metadata is of another class",
                expected="tf.RunMetadata(), which stays empty",
                got=repr(run_metadata),
                hint="session.explain(fetches) tells who runs what",
            )
        try:
            asked = state_of(self.graph, SessionValues).values
            if asked:
                feed_dict = {**self._facts(asked, fetches), **(feed_dict or {})}
            return super().run(fetches, feed_dict)
        except ThalwegError as error:
            told = for_programs(error)
            if told is error:
                raise
            raise told from None

    def _facts(self, asked: Mapping[Tensor, Callable[[Any], Any]], fetches: Any) -> dict[Any, Any]:
        """The facts about this session that the fetches may depend on.

        What was made before a tensor does not depend on it, so that the steps of a training,
        which are made before the questions about it, are not slowed down.
        """
        flat: list[Tensor | Operation] = []
        self._flatten(fetches, flat)
        newest = max((getattr(item, "op", item).index for item in flat), default=-1)
        return {t: value(self) for t, value in asked.items() if t.op.index <= newest}

    def _element(self, item: Any) -> Tensor | Operation:
        element = super()._element(item)
        if element in state_of(self.graph, Access).unfetchable:
            raise GraphError("Session.run", "may not be fetched", got=repr(item))
        return element

    def _tensor(self, key: Any) -> Tensor:
        tensor = super()._tensor(key)
        if tensor in state_of(self.graph, Access).unfeedable:
            raise GraphError("Session.run", "may not be fed", got=repr(key))
        return tensor

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` that returns `fetches`, without look-ups."""
        refuse("make_callable", "a function of the fed values only", accept_options=accept_options)
        asked = state_of(self.graph, SessionValues).values
        with raised_for_programs():
            given = {self._tensor(key) for key in feed_list or ()}
            facts = [t for t in self._facts(asked, fetches) if t not in given]
            function = super().make_callable(fetches, [*(feed_list or ()), *facts])

        def call(*values: Any) -> Any:
            with raised_for_programs():
                return function(*values, *(asked[tensor](self) for tensor in facts))

        return call

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> Any:
        """Not supported: raises GraphError."""
        raise _no_partial_run()

    def partial_run(self, handle: Any, fetches: Any, feed_dict: Any = None) -> Any:
        """Not supported: raises GraphError."""
        raise _no_partial_run()

    def list_devices(self) -> list[DeviceAttributes]:
        """The devices that can be used.

        >>> import thalweg.tf1 as tf
        >>> tf.Session().list_devices()[0].device_type
        'CPU'
        """
        return [
            DeviceAttributes(
                f"/job:localhost/replica:0/task:0/device:{device.name.upper()}",
                device.kind.upper(),
                device.memory_bytes or 0,
                number + 1,
            )
            for number, device in enumerate(thalweg.core.list_devices())
        ]

    @staticmethod
    def reset(target: str, containers: Sequence[str] | None = None, config: Any = None) -> None:
        """Closes all sessions, so that all variables lose their values.

        Args:
            target: ignored, as everywhere.
            containers: None: variables are not kept in containers.
            config: ignored.
        """
        refuse("Session.reset", "sessions keep variables, not containers", containers=containers)
        for session in list(_open_sessions):
            session.close()

    def close(self) -> None:
        """Frees the values of variables; the session cannot run again."""
        super().close()
        _open_sessions.discard(self)


def _no_partial_run() -> GraphError:
    return GraphError(
        "Session.partial_run",
        "a run cannot be stopped and continued",
        hint="fetch the tensors between, and feed them to the second run: any tensor may be fed",
    )


class InteractiveSession(Session):
    """A session that is the default one from its making until it is closed.

    >>> import thalweg.tf1 as tf
    >>> session = tf.InteractiveSession()
    >>> tf.constant("Hello").eval()
    b'Hello'
    >>> session.close()
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        blocks = [self.as_default()] if graph is None else [graph.as_default(), self.as_default()]
        for block in blocks:
            block.__enter__()
        self._blocks = blocks

    def close(self) -> None:
        """Frees the values of variables and stops being the default session."""
        super().close()
        while self._blocks:
            with suppress(ValueError):  # made in another thread, it is the default of that one
                self._blocks.pop().__exit__(None, None, None)
