"""`Session`: the values of variables, and `run`.

A session holds one value a variable, made from the variable's initial value at first use. It may
run functions of any graph; `run` itself looks up strings in the graph the session was made for.
Runs that write exclude each other and readers; runs that only read share. Arrays handed out are
copies or fresh, never the session's own.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .backends import Backend, Executable, device_backend, get_backend
from .backends.native import NativeBackend, extension
from .backends.numpy import NumpyBackend as _NumpyBackend  # registers it
from .devices import as_device
from .errors import GraphError, OptionError, ShapeError, user_site
from .function import CompiledPlan, GraphFunction
from .graph import OPERATORS, Graph, Operation, Tensor, get_default_graph
from .initial import initial_arrays
from .ops.source import as_array
from .ops.state import Variable
from .plan import Plan
from .program import print_program

if TYPE_CHECKING:
    from .drawing import Drawing  # loaded when something is drawn

__all__ = ["Session", "current_session", "get_default_session", "set_session"]

MAX_FUNCTIONS = 256  # kept a first fetch
DEFAULT_BACKEND = _NumpyBackend.name if extension is None else NativeBackend.name

_default: ContextVar[Session | None] = ContextVar("thalweg_session", default=None)


class _Lock:
    """Many readers (`with lock:`) or one writer; the writing thread may enter again."""

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._readers: Counter[int] = Counter()  # how often each thread has entered

    def __enter__(self) -> None:
        """Reads; not a generator, which would cost as much as the rest of a small run's locking."""
        thread = threading.get_ident()
        with self._condition:
            self._readers[thread] += 1

    def __exit__(self, *error: object) -> None:
        """Ends reading."""
        thread = threading.get_ident()
        with self._condition:
            self._readers[thread] -= 1
            if not self._readers[thread]:
                del self._readers[thread]
                self._condition.notify_all()

    @contextmanager
    def write(self) -> Iterator[None]:
        """Raises GraphError where a run that reads would wait for one inside of it that writes."""
        with self._condition:
            if threading.get_ident() in self._readers:
                raise GraphError(
                    "Session.run",
                    "a function called by a run starts another one that writes variables",
                    hint="use another session, or let the outer run write too",
                )
            while self._readers:
                self._condition.wait()
            yield


class _Repeated:
    """An executable that does several runs in one call; notes how many, and what stopped them."""

    def __init__(
        self, execute: Any, compiled: CompiledPlan, batches: int, count: int, keeps_all: bool
    ) -> None:
        self._repeat = partial(execute.repeat, count=count, keeps_all=keeps_all)
        self._cut = [position < batches for position in compiled.feed_positions]
        self.done = 0
        self.error: BaseException | None = None

    def __call__(self, feeds: Sequence[Any], state: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        self.done, fetches, new, self.error = self._repeat(feeds, state, self._cut)
        return fetches, new


def _by_fetch(function: GraphFunction, results: Iterable[Any]) -> list[Any]:
    """One value a fetch, None for operations."""
    values = iter(results)
    return [next(values) if isinstance(f, Tensor) else None for f in function.fetches]


class Session:
    """Runs parts of graphs and keeps the values of variables.

    Args:
        target: ignored; TF1 code passes it.
        graph: where names are looked up; the default graph of the moment if None.
        config: ignored; TF1 code passes it.
        backend: name of the backend that runs everything: `"native"`, the engine, which is the
            default where it is built, or `"numpy"`.
        device: where everything runs that is not marked otherwise, such as `"gpu:0"`; in place of
            `backend`. `"cpu:0"` stands for the default backend.
        passes_off: names of passes to leave out, for debugging; results do not change.
        strict: whether an instruction that the engine has no kernel for is an error, where
            otherwise its `compute` runs on NumPy; `explain` shows them.

    >>> from thalweg.core import Session, constant
    >>> with Session() as session:
    ...     float(session.run(constant(2.0) * 3))
    6.0
    """

    def __init__(
        self,
        target: str = "",
        graph: Graph | None = None,
        config: Any = None,
        *,
        backend: str = DEFAULT_BACKEND,
        device: str | None = None,
        passes_off: Sequence[str] = (),
        strict: bool = False,
    ) -> None:
        del target, config
        self._graph = graph
        self._graph_at_start = get_default_graph() if graph is None else graph
        chosen = as_device(device)
        if chosen == "cpu:0":  # in a session of its own it is the engine's, like everything
            chosen, backend = None, DEFAULT_BACKEND
        self.backend: Backend = get_backend(backend) if chosen is None else device_backend(chosen)
        if strict:
            self.backend = _strict(self.backend)
        self._passes_off = frozenset(passes_off)
        self._values: weakref.WeakKeyDictionary[Variable, Any] = weakref.WeakKeyDictionary()
        self._key = object()  # of these values, see `CompiledPlan.ready`
        self._lock = _Lock()
        self._first_use = threading.RLock()
        self._closed = False
        self._entered: list[Any] = []
        self.run_count = 0

    @property
    def graph(self) -> Graph:
        """The graph in which names are looked up."""
        return self._graph_at_start

    # Running ------------------------------------------------------------------------------------

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """Computes `fetches`; only what they need runs.

        Args:
            fetches: a tensor, operation, variable or name of one, or lists, tuples and dicts of
                these, nested.
            feed_dict: values for tensors (placeholders or any others) or their names.

        Returns:
            NumPy values in the structure of `fetches`; None for operations.

        Raises:
            FeedError: if a needed placeholder is not fed, or a value does not fit.
            GraphError: if something is not of this graph.
        """
        flat: list[Tensor | Operation] = []
        rebuild = self._flatten(fetches, flat)
        feeds = [self._tensor(key) for key in feed_dict] if feed_dict else []
        function = self._function(flat, feeds)
        values = self.call(function, list(feed_dict.values()) if feed_dict else ())
        return rebuild(iter(values))

    def call(self, function: GraphFunction, values: Sequence[Any]) -> list[Any]:
        """Runs a function on values in the order of its feeds.

        Returns:
            One NumPy value a fetch, None for operations.
        """
        self._check_open()
        self.run_count += 1
        arrays = function.bind(values)
        compiled = function.compiled(arrays, self.backend)
        return _by_fetch(function, self._execute(compiled, arrays))

    def _check_open(self) -> None:
        if self._closed:
            raise GraphError("Session.run", "the session is closed", site=user_site(3))

    def call_many(
        self,
        function: GraphFunction,
        batches: Sequence[np.ndarray[Any, Any]],
        others: Sequence[Any],
        count: int,
        *,
        keeps_all: bool,
    ) -> Iterator[tuple[int, list[Any]]]:
        """Runs a function `count` times, on consecutive parts of some arrays.

        The engine does many runs in one call, and comes back at least every 0.1 s: for signals,
        and for whoever shows progress. Each run is complete, and its numbers are those of `call`.

        Args:
            function: its first feeds are the batches, the rest the others.
            batches: arrays that are cut into `count` parts of equal length.
            others: values that are the same for all runs.
            count: how many runs.
            keeps_all: whether to return what each run gives, one after another along the first
                axis, or what the last one does.

        Yields:
            How many runs are done, and the results of those done since the last time.
        """
        self._check_open()
        sizes = [len(array) // count for array in batches]

        def part(i: int) -> list[Any]:
            parts = zip(batches, sizes, strict=True)
            return [*(array[i * n : (i + 1) * n] for array, n in parts), *others]

        arrays = function.bind(part(0))
        compiled = function.compiled(arrays, self.backend)
        execute: Any = compiled.execute
        if not getattr(execute, "can_repeat", False) or (keeps_all and compiled.writes):
            for i in range(count):
                yield i + 1, self.call(function, part(i))
            return
        feeds = zip(batches, function.feeds, strict=False)
        whole = [as_array(array, feed.dtype) for array, feed in feeds]
        done = 0
        while done < count:
            left = [array[done * n :] for array, n in zip(whole, sizes, strict=True)]
            run = _Repeated(execute, compiled, len(batches), count - done, keeps_all)
            results = self._execute(compiled, [*left, *arrays[len(left) :]], run)
            self.run_count += run.done
            done += run.done
            if run.error is not None:  # of the run after those, which are complete
                raise run.error
            yield done, _by_fetch(function, results)

    def _execute(
        self, compiled: CompiledPlan, arrays: Sequence[Any], execute: Executable | None = None
    ) -> list[Any]:
        execute = execute or compiled.execute
        backend = self.backend
        feeds = [backend.put(arrays[i]) for i in compiled.feed_positions]
        if compiled.ready is not self._key:
            self._initialize(compiled.uses)
            compiled.ready = self._key
        store = self._values
        if not compiled.writes and not compiled.reads:
            fetches, _ = execute(feeds, ())
        elif not compiled.writes:
            with self._lock:
                state = [store[v] for v in compiled.reads]
                fetches, _ = execute(feeds, state)
        else:
            with self._lock.write():
                state = [store[v] for v in compiled.reads]
                fetches, new = execute(feeds, state)
                for variable, value in zip(compiled.writes, new, strict=True):
                    store[variable] = value
        return [_handed_out(backend.get(value)) for value in fetches]

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None
    ) -> Callable[..., Any]:
        """A function of the values of `feed_list` that returns `fetches`, without look-ups.

        >>> from thalweg.core import placeholder
        >>> x = placeholder("float32", [])
        >>> double = Session().make_callable(x * 2, [x])
        >>> float(double(4.0))
        8.0
        """
        flat: list[Tensor | Operation] = []
        rebuild = self._flatten(fetches, flat)
        feeds = [self._tensor(key) for key in feed_list or ()]
        function = GraphFunction(flat, feeds, self._passes_off)

        def call(*values: Any) -> Any:
            return rebuild(iter(self.call(function, values)))

        return call

    def explain(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> str:
        """What a run of `fetches` would execute: the planned program, and who runs each line."""
        function, arrays = self._bound(fetches, feed_dict)
        return self._explained(function.compiled(arrays, self.backend).plan)

    def _bound(
        self, fetches: Any, feed_dict: Mapping[Any, Any] | None
    ) -> tuple[GraphFunction, list[Any]]:
        """The function that a run would call, and what it would be called with."""
        flat: list[Tensor | Operation] = []
        self._flatten(fetches, flat)
        feeds = [self._tensor(key) for key in feed_dict] if feed_dict else []
        function = self._function(flat, feeds)
        return function, function.bind(list(feed_dict.values()) if feed_dict else ())

    def _explained(self, plan: Plan) -> str:
        program = plan.program
        runners: dict[str, int] = {}
        for instruction in program.instructions:
            runner = self.backend.describe(instruction, program)
            runners[runner] = runners.get(runner, 0) + 1
        lines = [print_program(program)]
        lines += [f"{count} instructions: {runner}" for runner, count in sorted(runners.items())]
        lines.append(f"arena {plan.memory.arena_bytes} bytes")
        if plan.rest is not None:
            lines += ["then, when its sizes are known", print_program(plan.rest.program)]
        return "\n".join(lines)

    def show(
        self,
        fetches: Any,
        feed_dict: Mapping[Any, Any] | None = None,
        *,
        stage: str = "planned",
        depth: int | None = 1,
        path: Any = None,
    ) -> Drawing:
        """A picture of what a run of `fetches` would execute; nothing is run.

        Args:
            fetches, feed_dict: as in `run`.
            stage: `"graph"`, what was written; `"lowered"`, the program before the passes;
                `"planned"`, the program after them for these sizes, with who runs each
                instruction and where its result lies in the arena.
            depth: how many levels of name scopes are told apart; None is all of them.
            path: a file to write the picture to, whole or not at all.

        Returns:
            A drawing with `svg`, its text, and `save(path)`; Jupyter shows it.
        """
        from .drawing import draw_run

        function, arrays = self._bound(fetches, feed_dict)
        return draw_run(function, arrays, self.backend, stage, depth, path)

    # Values of variables ------------------------------------------------------------------------

    def value(self, variable: Variable) -> np.ndarray[Any, Any]:
        """A copy of a variable's value; no plan is needed."""
        self._initialize([variable])
        with self._lock:
            return np.array(self._home(variable).get(self._values[variable]))

    def load(self, variable: Variable, value: Any) -> None:
        """Sets a variable's value; no plan is needed.

        Raises:
            ShapeError, DtypeError: if the value does not fit the variable.
        """
        array = as_array(value, variable.dtype)
        if not variable.type.accepts_shape(array.shape):
            raise ShapeError(
                "Variable",
                "the value has another shape",
                expected=f"{variable.type}, the type of '{variable.name}'",
                got=f"{array.dtype} {array.shape}",
            )
        with self._lock.write():
            self._values[variable] = self._home(variable).put(np.array(array, order="C"))

    def is_initialized(self, variable: Variable) -> bool:
        """True if the variable has a value in this session."""
        return variable in self._values

    def _home(self, variable: Variable) -> Backend:
        """Where a variable's value lives."""
        return self.backend if variable.device is None else device_backend(variable.device)

    def _initialize(self, variables: Sequence[Variable]) -> None:
        """Computes the initial values of those that have no value yet."""
        if all(variable in self._values for variable in variables):
            return
        with self._first_use:
            missing = [variable for variable in variables if variable not in self._values]
            found = initial_arrays(missing, self._computed, lambda v: v not in self._values)
            for variable, array in found:
                # meanwhile another thread may have assigned one, which then stays
                self._values.setdefault(variable, self._home(variable).put(array))

    def _computed(self, function: GraphFunction) -> list[Any]:
        """What a function without feeds gives."""
        arrays = function.bind(())
        return self._execute(function.compiled(arrays, self.backend), arrays)

    # Fetches and feeds --------------------------------------------------------------------------

    def _flatten(
        self, fetches: Any, flat: list[Tensor | Operation]
    ) -> Callable[[Iterator[Any]], Any]:
        """Appends the fetches to `flat`; returns what rebuilds the structure from their values."""
        if isinstance(fetches, list | tuple):
            parts = [self._flatten(item, flat) for item in fetches]
            if isinstance(fetches, list):
                return lambda values: [part(values) for part in parts]
            make = getattr(type(fetches), "_make", type(fetches))
            return lambda values: make([part(values) for part in parts])
        if isinstance(fetches, Mapping):
            named = {key: self._flatten(item, flat) for key, item in fetches.items()}
            return lambda values: {key: part(values) for key, part in named.items()}
        flat.append(self._element(fetches))
        return next

    def _element(self, item: Any) -> Tensor | Operation:
        if isinstance(item, Tensor | Operation):
            return item
        if isinstance(item, Variable):
            return item.value()
        if isinstance(item, str):
            graph = self.graph
            return (
                graph.get_tensor_by_name(item) if ":" in item else graph.get_operation_by_name(item)
            )
        raise GraphError(
            "Session.run",
            "cannot be fetched",
            expected="a Tensor, Operation, Variable or name, or lists, tuples and dicts of these",
            got=repr(item),
            site=user_site(2),
        )

    def _tensor(self, key: Any) -> Tensor:
        element = self._element(key)
        if isinstance(element, Operation):
            raise GraphError(
                "Session.run",
                "an operation cannot be fed",
                expected=f"a tensor, such as '{element.name}:0'",
                got=repr(key),
                site=user_site(2),
            )
        return element

    def _function(
        self, flat: Sequence[Tensor | Operation], feeds: Sequence[Tensor]
    ) -> GraphFunction:
        """The function for these fetches and feeds.

        It is kept with the first fetched operation: it serves every session, and dies with the
        graph, which a cache of the session's own would keep alive.
        """
        if not flat:
            return GraphFunction([], feeds)
        first = flat[0] if isinstance(flat[0], Operation) else flat[0].op
        key = (self._passes_off, *map(id, flat), None, *map(id, feeds))
        found = first.functions.get(key)
        if found is not None:
            return found  # type: ignore[no-any-return]
        for item in (*flat, *feeds):
            if self._graph is not None and item.graph is not self._graph:
                raise GraphError(
                    "Session.run",
                    "not an element of this session's graph",
                    got=f"'{item.name}' of another graph",
                    site=user_site(2),
                    hint="make the session with Session(graph=tensor.graph)",
                )
        function = GraphFunction(flat, feeds, self._passes_off)
        first.functions[key] = function
        if len(first.functions) > MAX_FUNCTIONS:
            first.functions.pop(next(iter(first.functions)))
        return function

    # Life ---------------------------------------------------------------------------------------

    def as_default(self) -> Any:
        """A `with` block in which `tensor.eval()` uses this session."""
        return _use_session(self)

    def __enter__(self) -> Session:
        graph = self._graph_at_start.as_default()
        session = _use_session(self)
        graph.__enter__()
        session.__enter__()
        self._entered.append((graph, session))
        return self

    def __exit__(self, *error: Any) -> None:
        graph, session = self._entered.pop()
        session.__exit__(*error)
        graph.__exit__(*error)
        if not self._entered:
            self.close()

    def close(self) -> None:
        """Frees the values of variables; the session cannot run again."""
        self._closed = True
        self._values.clear()
        self._key = object()


def _strict(backend: Backend) -> Backend:
    """The engine without NumPy behind it."""
    if not isinstance(backend, NativeBackend):
        raise OptionError(
            "Session",
            "only the engine can be strict",
            expected='strict=True with backend="native"',
            got=f"backend {backend.name!r}",
            site=user_site(3),
            hint=None if extension is not None else "the engine is not built here",
        )
    return NativeBackend(strict=True)


def _handed_out(array: np.ndarray[Any, Any]) -> Any:
    """Scalars come out as NumPy scalars or bytes, as TF1's do."""
    return array[()] if array.ndim == 0 else array


@contextmanager
def _use_session(session: Session) -> Iterator[Session]:
    token = _default.set(session)
    try:
        yield session
    finally:
        _default.reset(token)


def get_default_session() -> Session | None:
    """The session of the innermost `with` block, or None."""
    return _default.get()


class _Shared:
    session: Session | None = None
    lock = threading.Lock()


def current_session() -> Session:
    """The session of the innermost `with` block, else the one all models share."""
    session = _default.get()
    if session is None:
        with _Shared.lock:
            if _Shared.session is None or _Shared.session._closed:
                _Shared.session = Session(graph=None)
            session = _Shared.session
    return session


def set_session(session: Session | None) -> None:
    """Makes `session` the one that models share; None makes a new one at first use."""
    _Shared.session = session


def _eval(item: Any, feed_dict: Any, session: Session | None) -> Any:
    chosen = session or get_default_session()
    if chosen is None:
        raise GraphError(
            "eval",
            "there is no default session",
            node=getattr(item, "name", None),
            hint="use `with Session():`, or pass session=…",
        )
    return chosen.run(item, feed_dict)


def _show(graph: Graph, fetches: Any, depth: int | None, path: Any) -> Drawing:
    from .drawing import draw_graph

    return draw_graph(graph, fetches, depth, path)


OPERATORS.update(eval=_eval, show=_show)
