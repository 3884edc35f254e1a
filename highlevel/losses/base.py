"""`Loss`: options, weights and reduction around a pure function of two tensors.

A loss function maps `y_true` and `y_pred` of shape (batch, ..., classes) to one value a sample,
(batch, ...). The class adds sample weights and reduces to a scalar; nothing here has state.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import DType, Tensor, as_array, as_dtype, cast, convert, shape_text
from thalweg.core.errors import DataError, ShapeError

from ..eager import Cache, call_at_once, is_symbolic
from ..layers.naming import unique_layer_name
from ..options import OneOf, option_error
from ..saving.config import Configurable

__all__ = [
    "EPSILON",
    "Loss",
    "LossFunctionWrapper",
    "SameShapeLoss",
    "as_data",
    "as_float",
    "divide_no_nan",
    "float_dtype",
    "function_name",
    "masked_weights",
    "misfit",
    "pair",
    "require_same_shape",
    "require_weights_fit",
    "same_rank",
    "weighted",
]

EPSILON = 1e-7  # Keras's fuzz factor: probabilities are kept this far from 0 and 1

# "mean" is Keras 3's second name of the first; "auto" is Keras 2's.
REDUCTION = OneOf("sum_over_batch_size", "mean", "auto", "sum", "mean_with_sample_weight", "none")


class Loss(Configurable):
    """Base of all losses; a subclass writes `call`.

    Args:
        name: of the loss, in reports; by default the class's, numbered.
        reduction: `"sum_over_batch_size"` divides the sum of the weighted values by their number,
            whatever the weights; `"sum"` only sums; `"mean_with_sample_weight"` divides by the
            sum of the weights; `"none"` or None keeps one value a sample.
        dtype: a float dtype to compute in; None takes that of the outputs.

    Raises:
        OptionError: for another reduction or dtype.

    >>> class Half(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return core.reduce_mean((y_true - y_pred) * 0.5, axis=-1)
    >>> float(Half()([[2.0]], [[0.0]]))
    1.0
    """

    config_module = "losses"
    is_sparse = False  # whether targets are class numbers, not arrays like the output

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or unique_layer_name(type(self).__name__)
        self.reduction = REDUCTION.check(self, "reduction", reduction or "none")
        self.dtype = None if dtype is None else float_dtype(self, dtype)
        self._eager_calls: Cache = OrderedDict()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value a sample.

        Args:
            y_true: targets in the dtype of `y_pred`, unless they are class numbers.
            y_pred: (batch, ..., classes) outputs.

        Returns:
            (batch, ...), or a scalar.
        """
        raise NotImplementedError(type(self).__name__)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: targets; cast to the dtype of `y_pred`, unless they are class numbers.
            y_pred: (batch, ..., classes) outputs.
            sample_weight: (batch,) or (batch, ...), or None.

        Returns:
            A scalar, or one value a sample if the reduction is "none".

        Raises:
            DataError: if targets do not fit the outputs.
            ShapeError: if weights do not fit the values.
        """
        if is_symbolic(y_true, y_pred, sample_weight):
            return self._reduced(y_true, y_pred, sample_weight)
        given = [y_true, y_pred] + ([] if sample_weight is None else [sample_weight])
        arrays = [as_data(value, self.dtype) for value in given]
        return call_at_once(self._reduced, arrays, self._eager_calls, None)

    def per_sample(self, y_true: Any, y_pred: Any) -> Tensor:
        """The values before weights and reduction, as a tensor; arguments as for `call`."""
        y_pred = as_float(y_pred, self.dtype)
        y_true = convert(y_true)
        if not self.is_sparse:
            y_true = cast(y_true, y_pred.dtype)
        return as_float(self.call(y_true, y_pred), self.dtype)

    def mask(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """Which values count: a tensor of booleans, or None if all of them do."""
        return None

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        values = self.per_sample(y_true, y_pred)
        weights = None if sample_weight is None else cast(convert(sample_weight), values.dtype)
        is_mean = self.reduction == "sum_over_batch_size"
        weights = masked_weights(getattr(y_pred, "mask", None), weights, values.dtype, is_mean)
        if weights is not None:
            values = weighted(values, weights)
        if self.reduction == "none":
            return values
        if self.reduction == "sum":
            return core.reduce_sum(values)
        mask = self.mask(y_true, y_pred)
        divisor = None if mask is None else cast(mask, values.dtype)
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            # As Keras: the sum of the weights as they are given, not as they are broadcast.
            divisor = weights if divisor is None else weighted(divisor, weights)
        if divisor is None:
            return core.reduce_mean(values)
        return divide_no_nan(core.reduce_sum(values), core.reduce_sum(divisor))

    def check_targets(self, y: np.ndarray[Any, Any], output_shape: Any, output_name: str) -> None:
        """Looks at the targets themselves before training, where values tell what types cannot.

        Args:
            y: all targets of one output.
            output_shape: the output's shape, None where unknown.
            output_name: for the message.

        Raises:
            DataError: if they cannot be right.
        """

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, and its name, as JSON data."""
        return {**super().get_config(), "name": self.name}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"


class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Args:
        fn: `(y_true, y_pred, **options) -> values`, one value a sample or a scalar; or the name
            of one of the library's, or of a registered one. It sees targets in the dtype and,
            where a last axis of size 1 is all that differs, the rank of the outputs.
        reduction: see `Loss`.
        name: the function's by default.
        dtype: see `Loss`.
        options: further arguments of the function.

    >>> def total(y_true, y_pred, factor):
    ...     return factor * core.reduce_sum(y_true - y_pred, axis=-1)
    >>> float(LossFunctionWrapper(total, factor=3.0)([[1.0, 2.0]], [[0.0, 0.0]]))
    9.0
    """

    def __init__(
        self,
        fn: Callable[..., Any] | str,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        self.fn: Callable[..., Any] = _found(fn) if isinstance(fn, str) else fn
        self.options = options
        super().__init__(name or function_name(self.fn), reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values."""
        y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.options)


class SameShapeLoss(LossFunctionWrapper):
    """A loss of the library whose targets have the output's shape.

    NumPy would stretch targets of shape (batch, 1) to outputs of (batch, 10), and train on what
    nobody meant; so would Keras. A user's own function may have its reasons and is not checked.

    >>> loss = SameShapeLoss("mean_absolute_error")
    >>> loss([[1.0, 3.0]], [[0.0]])
    Traceback (most recent call last):
    ...
    thalweg.core.errors.DataError: mean_absolute_error: targets do not fit the output
      expected  y of shape (1, 1), as the output
      got       y float32 (1, 2), output float32 (1, 1)
      hint      the targets have 2 values a sample, the last layer has 1 unit
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's values."""
        y_true, y_pred = same_rank(y_true, y_pred)
        require_same_shape(self.name, y_true, y_pred)
        return self.fn(y_true, y_pred, **self.options)


def _found(name: str) -> Callable[..., Any]:
    from . import find_function  # the table of functions is made of modules that import this one

    return find_function(name)


# Dtypes and data ---------------------------------------------------------------------------------


def float_dtype(where: Any, dtype: Any) -> DType:
    """The float dtype that an argument names.

    Raises:
        OptionError: if it is no float dtype.
    """
    found = as_dtype(dtype)
    if not found.is_float:
        raise option_error(where, "dtype", dtype, "'float16', 'float32' or 'float64'")
    return found


def as_data(value: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    """An array as it is computed with: float64, which NumPy makes unasked, only where wanted."""
    array = as_array(value)
    wants_double = dtype is not None and dtype == "float64"
    return array if array.dtype != np.float64 or wants_double else array.astype(np.float32)


def as_float(x: Any, dtype: DType | None = None) -> Tensor:
    """The tensor in a dtype; by default integers and booleans become float32."""
    tensor = convert(x)
    return tensor if dtype is None and tensor.dtype.is_float else cast(tensor, dtype or "float32")


def function_name(function: Any) -> str:
    """What a loss or metric made of a function is called.

    >>> function_name(len), function_name(lambda y_true, y_pred: y_pred)
    ('len', 'lambda')
    """
    return getattr(function, "__name__", type(function).__name__).strip("<>")


# Shapes ------------------------------------------------------------------------------------------


def pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets and outputs as floats of one dtype and, where a last axis of 1 permits, one rank.

    # differs from Keras: some of its functions would stretch (batch,) and (batch, 1) to a square.
    """
    y_pred = as_float(y_pred)
    return same_rank(cast(convert(y_true), y_pred.dtype), y_pred)


def same_rank(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Makes ranks agree that differ by a last axis of size 1 (Keras's rule).

    A vector gets that axis; otherwise the longer of the two loses it.
    """
    if a.ndim is None or b.ndim is None:
        return a, b
    if a.ndim == b.ndim + 1 and a.type.dims()[-1] == 1:
        return (a, core.expand_dims(b, -1)) if b.ndim == 1 else (core.squeeze(a, -1), b)
    if b.ndim == a.ndim + 1 and b.type.dims()[-1] == 1:
        return (core.expand_dims(a, -1), b) if a.ndim == 1 else (a, core.squeeze(b, -1))
    return a, b


def require_same_shape(where: str, y_true: Tensor, y_pred: Tensor, hint: str | None = None) -> None:
    """Checks what is known of the shapes.

    Raises:
        DataError: if they differ.
    """
    if y_pred.type.accepts_shape(y_true.shape):
        return
    target, output = y_true.type.dims(), y_pred.type.dims()
    if hint is None and len(target) == len(output) > 1 and None not in (target[-1], output[-1]):
        units = "1 unit" if output[-1] == 1 else f"{output[-1]} units"
        hint = f"the targets have {target[-1]} values a sample, the last layer has {units}"
    raise misfit(where, f"y of shape {shape_text(output)}, as the output", y_true, y_pred, hint)


def misfit(
    where: str, expected: str, y_true: Tensor, y_pred: Tensor, hint: str | None
) -> DataError:
    """The error for targets whose shape does not fit the output's."""
    node = y_pred.op
    is_data = node.type == "Placeholder"  # an array that the user holds, not a node of a model
    return DataError(
        where,
        "targets do not fit the output",
        expected=expected,
        got=f"y {y_true.type}, output {y_pred.type}",
        node=None if is_data else node.name,
        layer=node.owner,
        site=None if is_data else node.site,
        hint=hint,
    )


def require_weights_fit(values: Tensor, weights: Tensor) -> None:
    """Checks that weights have the shape of the values, or of their first axes.

    Raises:
        ShapeError: if they do not.
    """
    if values.shape is None or weights.shape is None:
        return
    if len(weights.shape) > len(values.shape) or any(
        weight not in (1, None) and size is not None and weight != size
        for weight, size in zip(weights.shape, values.shape, strict=False)
    ):
        raise ShapeError(
            "sample_weight",
            "does not fit the values it weighs",
            expected=f"the shape of the values, {shape_text(values.shape)}, or its first axes",
            got=str(weights.type),
        )


def masked_weights(
    mask: Tensor | None, weights: Tensor | None, dtype: DType, is_mean: bool = False
) -> Tensor | None:
    """Weights without those of masked positions, as in Keras 3.

    Args:
        mask: of the outputs, or None.
        weights: (batch,) or the mask's shape, of the dtype, or None.
        dtype: of the result.
        is_mean: whether a mean over all positions follows, which is to be over those that count:
            these weigh more then, by the number of all over theirs.
    """
    if mask is None:
        return weights
    kept = cast(mask, dtype)
    if is_mean:
        kept = kept * divide_no_nan(cast(core.size_of(mask), dtype), core.reduce_sum(kept))
    return kept if weights is None else weighted(kept, weights)


def weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Values times weights; a single value takes any weights.

    Weights of shape (batch,) weigh all values of a sample alike.
    # differs from Keras: which would match (batch,) with the last axis of the values.

    Raises:
        ShapeError: if the weights do not fit.
    """
    values, weights = same_rank(values, weights)
    if values.shape and weights.shape is not None:
        require_weights_fit(values, weights)
        for _ in range(len(values.shape) - len(weights.shape)):
            weights = core.expand_dims(weights, -1)
    return values * weights


# Quotients ---------------------------------------------------------------------------------------


def divide_no_nan(a: Any, b: Any) -> Tensor:
    """a / b, and 0 where b is 0."""
    b = convert(b)
    is_zero = core.equal(b, 0.0)
    quotient = a / core.where(is_zero, core.ones_like(b), b)
    return core.where(is_zero, core.zeros_like(quotient), quotient)
