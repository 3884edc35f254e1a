"""Sessions with TF1's arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import thalweg.core
from thalweg.core import Graph, OptionError, get_default_graph, get_default_session, nearest

from .arguments import refuse

__all__ = ["ConfigProto", "GPUOptions", "InteractiveSession", "Session", "get_default_session"]


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
            run_metadata: None; nothing is recorded.

        Returns:
            NumPy values in the structure of `fetches`; None for operations.

        Raises:
            FeedError: if a needed placeholder is not fed, or a value does not fit.
            GraphError: if something is not of this session's graph.
        """
        if run_metadata is not None:
            refuse("Session.run", "session.explain(fetches) tells who runs what",
                   run_metadata=run_metadata)  # fmt: skip
        return super().run(fetches, feed_dict)

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` that returns `fetches`, without look-ups."""
        refuse("make_callable", "a function of the fed values only", accept_options=accept_options)
        return super().make_callable(fetches, feed_list)


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


class _Options:
    """Options that programs pass and that thalweg has no use for. Their names are checked."""

    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, **options: Any) -> None:
        for name, default in self._defaults.items():
            object.__setattr__(self, name, default() if callable(default) else default)
        for name, value in options.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._defaults:
            raise OptionError(
                type(self).__name__,
                "no such option",
                expected="one of " + ", ".join(self._defaults),
                got=repr(name),
                hint=nearest(name, self._defaults),
            )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:  # only for names that were not found
        message = f"{type(self).__name__} has no option {name!r}"
        hint = None if name.startswith("_") else nearest(name, self._defaults)
        raise AttributeError(f"{message}: {hint}" if hint else message, name=name)


class GPUOptions(_Options):
    """TF1's options of GPU memory: accepted and ignored.

    >>> GPUOptions(allow_growth=True).allow_growth
    True
    """

    _defaults: ClassVar[Mapping[str, Any]] = {
        "per_process_gpu_memory_fraction": 0.0,
        "allow_growth": False,
        "allocator_type": "",
        "visible_device_list": "",
    }


class ConfigProto(_Options):
    """TF1's options of a session: accepted and ignored.

    >>> config = ConfigProto(allow_soft_placement=True)
    >>> config.gpu_options.allow_growth = True
    """

    _defaults: ClassVar[Mapping[str, Any]] = {
        "device_count": dict,
        "intra_op_parallelism_threads": 0,
        "inter_op_parallelism_threads": 0,
        "allow_soft_placement": False,
        "log_device_placement": False,
        "gpu_options": GPUOptions,
    }
