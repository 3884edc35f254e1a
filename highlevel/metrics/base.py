"""`Metric`: state in variables, updates and results in ops, so that all of it runs in the step."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.core import (
    Tensor,
    Variable,
    cast,
    convert,
    current_session,
    ones_like,
    reduce_sum,
    where,
    zeros_like,
)

from ..eager import Cache, call_at_once, is_symbolic
from ..layers.naming import unique_layer_name
from ..losses.base import apply_weights
from ..saving.config import Configurable

__all__ = ["Mean", "MeanMetricWrapper", "Metric", "Sum", "divide_no_nan"]


def _computed_at_once(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`result`, called from Python outside of any trace, gives a value."""

    @functools.wraps(build)
    def result(self: Metric) -> Any:
        if is_symbolic():
            return build(self)
        return call_at_once(lambda: build(self), [], self._eager_calls, "result")

    return result


class Metric(Configurable):
    """Base of all metrics.

    A metric makes its state with `add_variable` in `__init__`, changes it in `update` with
    `assign_add`, and says in `result` what it amounts to; all three are ops.

    Args:
        name: in reports.

    >>> class Largest(Metric):
    ...     def __init__(self, name=None):
    ...         super().__init__(name=name)
    ...         self.seen = self.add_variable("seen")
    ...     def update(self, y_true, y_pred, sample_weight=None):
    ...         self.seen.assign(y_pred)
    ...     def result(self):
    ...         return self.seen.value()
    >>> metric = Largest()
    >>> metric.update_state(np.float32(0), np.float32(3))
    >>> metric.result_value()
    3.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        del dtype  # state is float32
        self.name = name or unique_layer_name(type(self).__name__)
        self.variables: list[Variable] = []
        self._eager_calls: Cache = OrderedDict()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "result" in cls.__dict__:
            cls.result = _computed_at_once(cls.__dict__["result"])  # type: ignore[method-assign]

    def add_variable(
        self, name: str, shape: tuple[int, ...] = (), initial: float = 0.0
    ) -> Variable:
        """Makes a float32 state variable, `initial` everywhere at every reset."""
        variable = Variable(
            np.full(shape, initial, np.float32), trainable=False, name=f"{self.name}/{name}"
        )
        self.variables.append(variable)
        return variable

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds the ops that take one batch into account."""
        raise NotImplementedError(type(self).__name__)

    def result(self) -> Any:
        """What the state amounts to: a tensor inside a trace, else a computed value."""
        raise NotImplementedError(type(self).__name__)

    def result_value(self) -> float:
        """The result as a Python float."""
        return float(self.result())

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch into account: `(y_true, y_pred, sample_weight=None)`, arrays or tensors."""
        if is_symbolic(args, kwargs):
            return self.update(*args, **kwargs)
        given = [value for value in (*args, *kwargs.values()) if value is not None]
        arrays = [np.asarray(value) for value in given]
        arrays = [a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays]
        present = tuple(value is not None for value in args)
        names = tuple(name for name, value in kwargs.items() if value is not None)

        def build(*tensors: Tensor) -> list[Any]:
            feed = iter(tensors)
            positional = [next(feed) if is_given else None for is_given in present]
            self.update(*positional, **{name: next(feed) for name in names})
            return []

        call_at_once(build, arrays, self._eager_calls, (present, names))
        return None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Updates the state and returns the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def reset_state(self) -> None:
        """Starts afresh."""
        session = current_session()
        for variable in self.variables:
            session.load(variable, variable.initial_value)

    reset_states = reset_state

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"


def divide_no_nan(a: Any, b: Any) -> Tensor:
    """a / b, and 0 where b is 0."""
    b = convert(b)
    is_zero = b <= 0.0
    quotient = a / where(is_zero, ones_like(b), b)
    return where(is_zero, zeros_like(quotient), quotient)


class _Reduce(Metric):
    """State of sums: of weighted values, and of weights."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_variable("total")

    def _weighted(self, values: Any, sample_weight: Any) -> tuple[Tensor, Tensor | None]:
        values = convert(values)
        values = values if values.dtype == "float32" else cast(values, "float32")
        if sample_weight is None:
            return values, None
        weights = cast(convert(sample_weight), "float32")
        return apply_weights(values, weights), apply_weights(ones_like(values), weights)


class Sum(_Reduce):
    """The sum of all values, each times its weight.

    >>> metric = Sum()
    >>> metric.update_state([1.0, 2.0], sample_weight=[1.0, 0.5])
    >>> metric.result_value()
    2.0
    """

    def update(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds the batch's values."""
        weighted, _ = self._weighted(values, sample_weight)
        self.total.assign_add(reduce_sum(weighted))

    def result(self) -> Any:
        """The sum."""
        return self.total.value()


class Mean(_Reduce):
    """The weighted mean of all values: sum(w * v) / sum(w).

    >>> metric = Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> metric.update_state([5.0])
    >>> metric.result_value()
    3.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.count = self.add_variable("count")

    def update(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds the batch's values and weights."""
        weighted, weights = self._weighted(values, sample_weight)
        counted = ones_like(weighted) if weights is None else weights
        self.total.assign_add(reduce_sum(weighted))
        self.count.assign_add(reduce_sum(counted))

    def result(self) -> Any:
        """The mean so far, 0 before the first value."""
        return divide_no_nan(self.total.value(), self.count.value())


class MeanMetricWrapper(Mean):
    """The mean over samples of a function `(y_true, y_pred, **options) -> values`."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **options: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self._fn = fn
        self._options = options

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds the function's values for the batch."""
        super().update(self._fn(convert(y_true), convert(y_pred), **self._options), sample_weight)
