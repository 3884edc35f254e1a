"""Iterators: operations that take the next element of a data set.

Where an iterator stands is a fact of a session, so each session has a pass of its own: a tensor
that says which session runs is fed by sessions of `thalweg.tf1`. Sessions of `thalweg.core` share
one pass.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from thalweg.core import (
    OptionError,
    Tensor,
    TensorType,
    constant,
    get_default_graph,
    identity,
    placeholder_with_default,
    py_func,
    string,
)

from ..errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError
from ..graph_state import SessionValues, home, state_of
from .nesting import leaves_of, packed
from .parts import Part, declared, require_tensors, types_and_shapes
from .passes import Pass

__all__ = ["Iterator", "reduced", "start"]

_SHARED = -1  # sessions that do not say which they are
_numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_sessions: WeakValueDictionary[int, Any] = WeakValueDictionary()
_next_number = itertools.count()
_lock = threading.Lock()


@dataclass
class _Asked:
    """What a graph keeps: the tensor that says which session runs, and iterators by handle."""

    session: Tensor | None = None
    iterators: dict[bytes, Iterator] = field(default_factory=dict)


def _number_of(session: Any) -> Any:
    with _lock:
        if session not in _numbers:
            _numbers[session] = next(_next_number)
            _sessions[_numbers[session]] = session
        return np.asarray(_numbers[session], np.int64)


class _Nobody:
    """Owns the pass of sessions that do not say which they are."""


_nobody = _Nobody()


def _owner(number: Any) -> Any:
    return _sessions.get(int(number), _nobody)


def _which_session() -> Tensor:
    with home():
        graph = get_default_graph()
        asked = state_of(graph, _Asked)
        if asked.session is None:
            default = np.asarray(_SHARED, np.int64)
            asked.session = placeholder_with_default(default, [], name="WhichSession")
            state_of(graph, SessionValues).values[asked.session] = _number_of
        return asked.session


class _Cursor:
    """Where a session stands: a pass, and the elements that are left."""

    def __init__(self, dataset: Any, values: dict[Any, Any]) -> None:
        self._elements = dataset.elements(Pass(values))
        self._lock = threading.Lock()
        self._is_over = False

    def next(self) -> Any:
        with self._lock:
            if not self._is_over:
                for element in self._elements:
                    return element
                self._is_over = True
        raise OutOfRangeError(None, None, "End of sequence")


class Iterator:
    """Takes elements of a data set, one a run.

    `tf.data.Iterator.from_structure` makes one that several data sets may be put behind; the
    methods of a data set make the others.
    """

    def __init__(
        self,
        structure: Any,
        initializer: Any = None,
        handle: Any = None,
        dataset: Any = None,
    ) -> None:
        require_tensors("Iterator", structure, "flat_map(…) opens them")
        self._structure = structure
        self._initializer = initializer
        self._handle = handle  # a fed tensor that names the iterator to take from
        self._dataset = dataset  # of a one-shot iterator
        self._cursors: WeakKeyDictionary[Any, _Cursor] = WeakKeyDictionary()  # by session
        self._name: bytes | None = None

    @property
    def initializer(self) -> Any:
        """The operation that starts it, from the first element.

        Raises:
            OptionError: if it needs none, or has several.
        """
        if self._initializer is None:
            raise OptionError(
                "Iterator",
                "has no initializer of its own",
                hint="one-shot iterators start by themselves; make_initializer(dataset) makes the "
                "initializer of one that was made from a structure",
            )
        return self._initializer

    @property
    def output_types(self) -> Any:
        """The dtypes of an element."""
        return types_and_shapes(self._structure)[0]

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return types_and_shapes(self._structure)[1]

    @property
    def output_classes(self) -> Any:
        """The classes of an element's parts."""
        return packed(self._structure, itertools.repeat(Tensor))

    @staticmethod
    def from_structure(
        output_types: Any,
        output_shapes: Any = None,
        shared_name: str | None = None,
        output_classes: Any = None,
    ) -> Iterator:
        """An iterator over any data set of these dtypes and shapes."""
        return Iterator(declared(output_types, output_shapes))

    @staticmethod
    def from_string_handle(
        string_handle: Any,
        output_types: Any,
        output_shapes: Any = None,
        output_classes: Any = None,
    ) -> Iterator:
        """An iterator that takes from the one whose handle is fed."""
        return Iterator(declared(output_types, output_shapes), handle=string_handle)

    def make_initializer(self, dataset: Any, name: str | None = None) -> Any:
        """An operation that starts it with the first element of a data set.

        Raises:
            OptionError: if the elements of the data set have other dtypes or shapes.
        """
        ours, theirs = list(leaves_of(self._structure)), list(leaves_of(dataset.structure))
        fits = len(ours) == len(theirs) and all(
            not isinstance(b, Part) and a.dtype is b.dtype and a.accepts_shape(b.shape)
            for a, b in zip(ours, theirs, strict=True)
        )
        if not fits:
            raise OptionError(
                "make_initializer",
                "the elements have other types",
                expected=", ".join(map(str, ours)),
                got=", ".join(map(str, theirs)),
            )
        tensors = dataset.tensors()

        def begin(session: Any, *values: Any) -> None:
            found = {t: np.array(v) for t, v in zip(tensors, values, strict=True)}
            self._cursors[_owner(session)] = _Cursor(dataset, found)

        inputs = [_which_session(), *tensors]
        return py_func(begin, inputs, [], name=name or "MakeIterator")

    def get_next(self, name: str | None = None) -> Any:
        """The next element, the same for all that ask it in one run.

        Returns:
            Tensors, nested as the elements are.

        Raises:
            OutOfRangeError: in the run, of `tf.errors`, where there are no more elements.
            FailedPreconditionError: in the run, if the initializer has not been run.
        """
        types = list(leaves_of(self._structure))
        if self._handle is not None:
            inputs, take = [_which_session(), self._handle], self._by_handle()
        else:
            tensors = [] if self._dataset is None else self._dataset.tensors()
            inputs, take = [_which_session(), *tensors], self._next
        tensors = py_func(
            take,
            inputs,
            [type_.dtype for type_ in types],
            shapes=[type_.shape for type_ in types],
            name=name or "IteratorGetNext",
        )
        return packed(self._structure, iter(tensors))

    def _next(self, session: Any, *values: Any) -> Any:
        cursor = self._cursors.get(_owner(session))
        if cursor is None:
            if self._dataset is None:
                raise FailedPreconditionError(
                    None, None, "the iterator is not initialized: run its initializer first"
                )
            found = {t: np.array(v) for t, v in zip(self._dataset.tensors(), values, strict=True)}
            cursor = self._cursors.setdefault(_owner(session), _Cursor(self._dataset, found))
        return cursor.next()

    def _by_handle(self) -> Callable[..., Any]:
        asked = state_of(get_default_graph(), _Asked)

        def take(session: Any, handle: Any) -> Any:
            iterator = asked.iterators.get(handle[()])
            if iterator is None:
                raise InvalidArgumentError(None, None, f"{handle[()]!r} is no iterator's handle")
            return iterator._next(session)

        return take

    def string_handle(self, name: str | None = None) -> Tensor:
        """What is fed to an iterator that `from_string_handle` made.  -> () string.

        Raises:
            OptionError: for a one-shot iterator over a data set that depends on tensors.
        """
        if self._dataset is not None and self._dataset.tensors():
            raise OptionError(
                "string_handle",
                "the data set depends on tensors",
                hint="make_initializable_iterator() reads them where it is initialized",
            )
        asked = state_of(get_default_graph(), _Asked)
        if self._name is None:
            self._name = f"iterator {len(asked.iterators)}".encode()
            asked.iterators[self._name] = self
        return identity(constant(self._name, string), name=name or "IteratorToStringHandle")


def start(dataset: Any, is_one_shot: bool) -> Iterator:
    """The iterator of one data set."""
    if is_one_shot:
        return Iterator(dataset.structure, dataset=dataset)
    iterator = Iterator(dataset.structure)
    iterator._initializer = iterator.make_initializer(dataset)
    return iterator


def reduced(dataset: Any, function: Any, state: Any) -> Any:
    """The last state of `Dataset.reduce`, as tensors."""
    first = list(leaves_of(state))
    types = [TensorType(tensor.dtype, tensor.shape) for tensor in first]
    found = list(leaves_of(function.structure))
    if [t.dtype for t in found] != [t.dtype for t in types]:
        raise OptionError(
            "reduce",
            "the function returns another state than it takes",
            expected=", ".join(map(str, types)),
            got=", ".join(map(str, found)),
        )
    tensors = list(dict.fromkeys([*dataset.tensors(), *function.captured]))

    def run_all(*values: Any) -> Any:
        states = tuple(values[: len(first)])
        known = zip(tensors, values[len(first) :], strict=True)
        run = Pass({tensor: np.array(value) for tensor, value in known})
        for element in dataset.elements(run):
            states = function(run, (*states, *element))
        return states

    results = py_func(run_all, [*first, *tensors], [t.dtype for t in types], name="ReduceDataset")
    return packed(state, iter(results))
