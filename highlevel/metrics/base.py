"""`Metric`: state in variables, updates and results in ops, so that all of it runs in the step."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.core import (
    Tensor,
    Trace,
    Variable,
    as_dtype,
    convert,
    current_session,
    flatten,
    group,
    is_tracing,
    rebuild,
)

from .. import initializers
from ..eager import Cache, call_at_once, is_symbolic
from ..layers.naming import unique_layer_name
from ..losses.base import as_data, float_dtype
from ..saving.config import Configurable

__all__ = ["Metric"]


def _computed_at_once(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that builds graph inside a trace, and outside of one computes on arrays.

    Variables that it returns are read where it is called; state that it writes stays written.
    """

    @functools.wraps(method)
    def call(self: Metric, *args: Any, **kwargs: Any) -> Any:
        if is_tracing():
            return _tensors(method(self, *args, **kwargs))
        if is_symbolic(args, kwargs):
            trace = Trace()
            with trace.open():
                method(self, *args, **kwargs)
            return group(*trace.writes)
        slots = [*args, *kwargs.values()]
        is_given = tuple(value is not None for value in slots)
        arrays = [as_data(value, self.dtype) for value in slots if value is not None]

        def build(*tensors: Tensor) -> Any:
            feed = iter(tensors)
            filled = [next(feed) if given else None for given in is_given]
            named = dict(zip(kwargs, filled[len(args) :], strict=True))
            return _tensors(method(self, *filled[: len(args)], **named))

        # State may be made by the first batch: then what was compiled before is of no use.
        key = (method, len(args), is_given, tuple(kwargs), len(self.variables))
        values = call_at_once(build, arrays, self._eager_calls, key)
        return None if isinstance(values, list) and not values else values

    return call


def _carried_out(reset: Callable[[Any], Any]) -> Callable[[Any], None]:
    """A reset that happens at once, also where a step is being built.

    Nothing of it is kept: what it does in Python must happen every time.
    """

    @functools.wraps(reset)
    def call(self: Metric) -> None:
        call_at_once(lambda: _tensors(reset(self)), [], OrderedDict(), None)

    return call


def _tensors(structure: Any) -> Any:
    """Variables and numbers as tensors; nothing (None) as an empty list."""
    if structure is None:
        return []
    return rebuild(structure, (convert(leaf) for leaf in flatten(structure)))


class Metric(Configurable):
    """Base of all metrics.

    A subclass makes its state with `add_variable` in `__init__`, changes it in `update_state`,
    and says in `result` what it amounts to. Both are written in ops: in a training step they are
    part of its graph; called by hand on arrays they compute at once, and on tensors outside of a
    step `update_state` gives the operation to run. Metrics that are attributes of a metric belong
    to its state.

    Args:
        name: in reports; by default the class's, numbered.
        dtype: of the state and the results, float32 if None.

    Attributes:
        direction: `"up"` or `"down"`, where the better values are, or None.

    Raises:
        OptionError: if `dtype` is no float dtype.

    >>> from thalweg import core
    >>> class Largest(Metric):
    ...     def __init__(self, name=None):
    ...         super().__init__(name=name)
    ...         self.seen = self.add_variable("seen")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.seen.assign(core.maximum(self.seen, core.reduce_max(y_pred)))
    ...     def result(self):
    ...         return self.seen
    >>> metric = Largest()
    >>> metric.update_state([0.0, 0.0], [3.0, 2.0])
    >>> metric.update_state([0.0], [1.0])
    >>> float(metric.result())
    3.0
    """

    config_module = "metrics"
    direction: str | None = None

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or unique_layer_name(type(self).__name__)
        self.dtype = float_dtype(self, dtype or "float32")
        self._variables: list[Variable] = []
        self._eager_calls: Cache = OrderedDict()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, decorate in (
            ("update_state", _computed_at_once),
            ("result", _computed_at_once),
            ("reset_state", _carried_out),
        ):
            if name in cls.__dict__:
                setattr(cls, name, decorate(cls.__dict__[name]))

    def add_variable(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: Any = None,
    ) -> Variable:
        """Makes a state variable.

        Args:
            name: of the variable.
            shape: sizes.
            initializer: name, object or function `(shape, dtype)`; its values come back at every
                reset.
            dtype: the metric's if None.
            aggregation: what Keras does with it on several machines; no matter here.
        """
        del aggregation
        wanted = as_dtype(dtype or self.dtype)
        if isinstance(initializer, str) and initializer == "zeros":  # without a graph of its own
            values = np.zeros(tuple(shape), wanted.numpy)
        else:
            make = initializers.get(initializer)
            values = call_at_once(
                lambda: convert(make(tuple(shape), wanted), wanted), [], OrderedDict(), None
            )
        variable = Variable(values, trainable=False, name=f"{self.name}/{name or 'variable'}")
        self._variables.append(variable)
        return variable

    add_weight = add_variable  # Keras's other name

    @property
    def variables(self) -> list[Variable]:
        """The state: its own, then that of the metrics that are its attributes."""
        return self._variables + [v for metric in self._inner() for v in metric.variables]

    def _inner(self) -> list[Metric]:
        """The metrics among its attributes, each once."""
        found = [
            leaf
            for name, value in vars(self).items()
            if name not in ("_arguments", "_eager_calls")
            for leaf in flatten(value)
            if isinstance(leaf, Metric)
        ]
        return list(dict.fromkeys(found))

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch into account: `(y_true, y_pred, sample_weight=None)`."""
        raise NotImplementedError(type(self).__name__)

    def result(self) -> Any:
        """What the state amounts to: a tensor inside a trace, else a computed value."""
        raise NotImplementedError(type(self).__name__)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """`update_state` in a step: adds the ops that take one batch into account."""
        self.update_state(*args, **kwargs)

    def reset_state(self) -> None:
        """Starts afresh: state is again what its initializer made.

        # differs from Keras: where it is zero whatever the initializer.
        """
        for variable in self._variables:
            current_session().load(variable, variable.initial_value)
        for metric in self._inner():
            metric.reset_state()

    def reset_states(self) -> None:
        """`reset_state` (Keras 2's name)."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch into account and returns the result."""
        if is_tracing() or not is_symbolic(args, kwargs):
            self.update_state(*args, **kwargs)
            return self.result()
        with Trace().open():
            self.update_state(*args, **kwargs)
            return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, and its name, as JSON data."""
        return {**super().get_config(), "name": self.name}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"
