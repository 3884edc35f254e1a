"""A `GraphFunction`: fetches and feeds of a graph, compiled as needed and run in any session.

It holds three levels, each made once and kept: which feeds decide sizes or branches; a `Program`
for each set of their values; a compiled `Plan` for each set of sizes. All are bounded, the least
recently used leaves. Plans belong to the function, values of variables to the session, so one
function serves many sessions and threads.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np

from .backends import Backend, Executable, executable
from .errors import DtypeError, FeedError, GraphError, ThalwegError, user_site
from .graph import Operation, Tensor
from .lower import host_feeds, lower
from .ops.source import as_array
from .ops.state import Variable
from .passes import run_passes
from .plan import Plan, make_plan
from .program import Program
from .types import Shape, TensorType, shape_text

__all__ = ["CompiledPlan", "GraphFunction", "feed_value"]

MAX_PROGRAMS = 16
MAX_PLANS = 16  # sizes a program is compiled for
WARN_PLANS = 9

_T = TypeVar("_T")


class CompiledPlan:
    """A plan, what a backend made of it, and the variables it reads and writes.

    Attributes:
        uses: the variables that need a value before a run: those read, and those whose reads the
            passes found to be useless, so that passes do not decide when a value is first needed.
        ready: names the session in which all of those had a value when it was last run.
    """

    __slots__ = ("execute", "feed_positions", "plan", "reads", "ready", "uses", "writes")

    def __init__(self, plan: Plan, backend: Backend, uses: list[Variable]) -> None:
        self.plan = plan
        self.uses = uses
        self.ready: object = None
        self.execute: Executable = executable(plan, backend)
        self.reads: list[Variable] = list(plan.program.state_in)
        self.writes: list[Variable] = plan.writes
        feeds = plan.program.feeds
        self.feed_positions = [i for i, number in enumerate(feeds) if number is not None]


class GraphFunction:
    """A function from feeds to fetches.

    Args:
        fetches: tensors whose values are wanted; operations that only have to run.
        feeds: tensors that get their values from outside.

    Raises:
        GraphError: if a fetch or feed is neither, or belongs to another graph than the others.
    """

    def __init__(
        self,
        fetches: Sequence[Tensor | Operation],
        feeds: Sequence[Tensor],
        passes_off: frozenset[str] = frozenset(),
    ) -> None:
        self.fetches = list(fetches)
        self.feeds = list(feeds)
        self._passes_off = passes_off
        _check_one_graph([*self.fetches, *self.feeds])
        self._types = [TensorType(t.dtype, t.type.shape) for t in self.feeds]
        deciding = set(host_feeds(self.fetches, self.feeds))
        self._deciding = [i for i, t in enumerate(self.feeds) if t in deciding]
        self._programs: OrderedDict[Any, tuple[Program, list[Variable]]] = OrderedDict()
        self._plans: OrderedDict[Any, CompiledPlan] = OrderedDict()
        self._sizes_seen: set[Any] = set()
        self._lock = threading.RLock()

    def bind(self, values: Sequence[Any]) -> list[Any]:
        """The values as arrays of the feeds' dtypes, checked against their types.

        Raises:
            FeedError: if one does not fit.
        """
        return [
            feed_value(tensor, type_, value)
            for tensor, type_, value in zip(self.feeds, self._types, values, strict=True)
        ]

    def compiled(self, arrays: Sequence[Any], backend: Backend) -> CompiledPlan:
        """The plan for arrays of these shapes; made at the first call with them."""
        given = tuple(_host_key(arrays[i]) for i in self._deciding)
        key = (backend.plan_key, given, *[array.shape for array in arrays])
        found = self._plans.get(key)
        if found is not None:
            with suppress(KeyError):  # another thread may just have dropped it
                self._plans.move_to_end(key)
            return found
        with self._lock:
            return _cached(
                self._plans,
                key,
                MAX_PLANS * max(1, len(self._programs)),
                lambda: self._compile(given, arrays, backend),
            )

    def _compile(
        self, given: tuple[Any, ...], arrays: Sequence[Any], backend: Backend
    ) -> CompiledPlan:
        program, uses = _cached(self._programs, given, MAX_PROGRAMS, lambda: self._lower(arrays))
        shapes: list[Shape | None] = [tuple(array.shape) for array in arrays]
        self._warn_of_many_sizes((given, *shapes))
        plan = make_plan(program, shapes, self._passes_off, fusion=backend.fusion)
        return CompiledPlan(plan, backend, uses)

    def _lower(self, arrays: Sequence[Any]) -> tuple[Program, list[Variable]]:
        # copies: they stay in the program, and the caller may change its arrays
        given = {self.feeds[i]: np.array(arrays[i]) for i in self._deciding}
        program = lower(self.fetches, self.feeds, given)
        return run_passes(program, self._passes_off), list(program.state_in)

    def _warn_of_many_sizes(self, sizes: Any) -> None:
        limit = WARN_PLANS * max(1, len(self._programs))
        if sizes in self._sizes_seen or len(self._sizes_seen) >= limit:
            return  # known, as on another backend, or warned already
        self._sizes_seen.add(sizes)
        if len(self._sizes_seen) == limit:
            names = ", ".join(t.name for t in self.feeds[:3])
            warnings.warn(
                f"thalweg: {limit} different sizes were fed to ({names}); each is "
                "planned anew. Pad the data to one size, or group it into a few (buckets).",
                UserWarning,
                stacklevel=2,
            )

    def clear(self) -> None:
        """Forgets programs and plans."""
        with self._lock:
            self._programs.clear()
            self._plans.clear()


def _cached(cache: OrderedDict[Any, _T], key: Any, limit: int, make: Callable[[], _T]) -> _T:
    """Looks up, or makes and keeps; the least recently used leaves beyond `limit`."""
    found = cache.get(key)
    if found is None:
        found = cache[key] = make()
        if len(cache) > limit:
            cache.popitem(last=False)
    else:
        cache.move_to_end(key)
    return found


def _host_key(array: Any) -> tuple[Any, ...]:
    array = np.asarray(array)
    return (array.shape, *array.reshape(-1).tolist())


def feed_value(tensor: Tensor, type_: TensorType, value: Any) -> Any:
    """A value as an array that may be fed for `tensor`; no copy if dtype and layout fit.

    Raises:
        FeedError: if its dtype or shape does not fit.
    """
    dtype = type_.dtype
    given = getattr(value, "dtype", None)  # None equals the dtype float64, says NumPy
    symbolic_or_scalar = isinstance(value, Tensor | Variable | np.generic)
    as_it_is = given is not None and given == dtype.numpy and not dtype.is_string
    if as_it_is and not symbolic_or_scalar:
        array = value
    else:
        if isinstance(value, Tensor | Operation | Variable):
            raise _feed_error(tensor, "a symbolic tensor cannot be fed", repr(value))
        if dtype.name == "bool" and isinstance(value, int) and value in (0, 1):
            value = bool(value)  # as TensorFlow takes them: feed_dict={K.learning_phase(): 0}
        try:
            array = as_array(value, dtype)
        except DtypeError as error:
            raise _feed_error(tensor, error.problem, error.got, error.hint) from None
    if not type_.accepts_shape(array.shape):
        raise _feed_error(
            tensor,
            "the value has another shape",
            f"{getattr(value, 'dtype', array.dtype)} {shape_text(array.shape)}",
            _shape_hint(type_, array.shape),
        )
    return array


def _shape_hint(type_: TensorType, shape: tuple[int, ...]) -> str | None:
    wanted = type_.shape
    if wanted is None:
        return None
    if len(wanted) == len(shape) + 1 and wanted[0] is None:
        return "one sample? value[None] adds the batch axis"
    if len(wanted) == len(shape) + 1 and wanted[-1] == 1:
        return "value[..., None] adds the last axis"
    return None


def _feed_error(
    tensor: Tensor, problem: str, got: str | None, hint: str | None = None
) -> ThalwegError:
    return FeedError(
        "Session.run",
        problem,
        expected=str(TensorType(tensor.dtype, tensor.shape)),
        got=got,
        node=tensor.op.name,
        layer=tensor.op.owner,
        site=tensor.op.site,
        hint=hint,
    )


def _check_one_graph(items: Sequence[Any]) -> None:
    for item in items:
        if not isinstance(item, Tensor | Operation):
            raise GraphError(
                "Session.run",
                "neither a tensor nor an operation",
                expected="a Tensor, Operation, Variable or the name of one",
                got=repr(item),
                site=user_site(2),
            )
        if item.graph is not items[0].graph:
            raise GraphError(
                "Session.run",
                "tensors of different graphs",
                expected=f"all in the graph of '{items[0].name}'",
                got=f"'{item.name}' of another graph",
                site=user_site(2),
                hint="run each graph's tensors in a session of their own",
            )
