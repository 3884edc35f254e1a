"""Cross-entropies of class scores. Each maps targets and (batch, ..., classes) to (batch, ...).

Where the probabilities come straight from a softmax or sigmoid, what went into it is used, by the
fused ops that neither overflow nor divide by zero. Elsewhere probabilities are clipped to
1e-7 .. 1 - 1e-7, as in Keras.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, cast, convert, reduce_mean, reduce_sum, shape_text
from thalweg.core.errors import DataError

from ..eager import array_or_tensor
from ..options import Interval
from .base import (
    EPSILON,
    LossFunctionWrapper,
    as_float,
    misfit,
    pair,
    require_same_shape,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "class_numbers",
    "not_ignored",
    "sparse_categorical_crossentropy",
]

SMOOTHING = Interval(0, 1)


@array_or_tensor
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-mean(y * log(p) + (1 - y) * log(1 - p)) over an axis.

    Args:
        y_true: (batch, ..., d) in 0..1.
        y_pred: (batch, ..., d) probabilities, or logits.
        from_logits: whether `y_pred` has not passed a sigmoid.
        label_smoothing: in 0..1, moves targets this far towards 1/2.
        axis: averaged over.

    Returns:
        (batch, ...).

    Raises:
        DataError: if the shapes differ.

    >>> print(binary_crossentropy([[1.0]], [[0.5]]).round(4))
    [0.6931]
    """
    y, p = pair(y_true, y_pred)
    require_same_shape("binary_crossentropy", y, p, _hint_at_class_numbers(y, p))
    if label_smoothing:
        y = y * (1.0 - label_smoothing) + 0.5 * label_smoothing
    logits = _logits("binary_crossentropy", p, from_logits, "Sigmoid")
    if logits is not None:
        values = core.sigmoid_cross_entropy(y, logits)
    else:
        p = _clipped(p)
        values = -(y * core.log(p) + (1.0 - y) * core.log(1.0 - p))
    return reduce_mean(values, axis=axis)


@array_or_tensor
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum(y * log(p)) over the classes.

    Args:
        y_true: (batch, ..., classes) one-hot or probabilities.
        y_pred: (batch, ..., classes) probabilities, of any sum, or logits.
        from_logits: whether `y_pred` has not passed a softmax.
        label_smoothing: in 0..1, moves targets this far towards the uniform distribution.
        axis: of the classes.

    Returns:
        (batch, ...), without the axis of the classes.

    Raises:
        DataError: if the shapes differ.

    >>> print(categorical_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).round(4))
    [0.6931]
    """
    p = as_float(y_pred)
    y = cast(convert(y_true), p.dtype)
    require_same_shape("categorical_crossentropy", y, p, _hint_at_class_numbers(y, p))
    y, p = _classes_last(y, axis), _classes_last(p, axis)
    if p.shape and p.shape[-1] == 1:
        warnings.warn(
            "thalweg: categorical_crossentropy of one class is 0 whatever the output; "
            "binary_crossentropy takes one probability",
            UserWarning,
            stacklevel=3,
        )
    if label_smoothing:
        classes = cast(core.shape_of(p)[-1], p.dtype)
        y = y * (1.0 - label_smoothing) + label_smoothing / classes
    logits = _logits("categorical_crossentropy", p, from_logits, "Softmax")
    if logits is not None:
        return core.softmax_cross_entropy(y, logits)
    p = _clipped(p / reduce_sum(p, axis=-1, keepdims=True))
    return -reduce_sum(y * core.log(p), axis=-1)


@array_or_tensor
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """-log(p[y] / sum(p)).

    Args:
        y_true: (batch, ...) or (batch, ..., 1) class numbers, 0..classes - 1.
        y_pred: (batch, ..., classes) probabilities, of any sum, or logits.
        from_logits: whether `y_pred` has not passed a softmax.
        ignore_class: targets of this number have loss 0.
        axis: of the classes in `y_pred`.

    Returns:
        (batch, ...); NaN where a target is none of the classes.

    Raises:
        DataError: if the shapes do not fit.

    >>> print(sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4))
    [0.6931]
    """
    where = "sparse_categorical_crossentropy"
    p = _classes_last(as_float(y_pred), axis)
    labels = class_numbers(where, convert(y_true), p)
    counted = not_ignored(labels, p, ignore_class)
    if counted is not None:
        labels = core.where(counted, labels, core.zeros_like(labels))
    logits = _logits(where, p, from_logits, "Softmax")
    if logits is None:
        logits = core.log(_clipped(p))
    values = core.sparse_softmax_cross_entropy(labels, logits)
    return values if counted is None else core.where(counted, values, core.zeros_like(values))


def not_ignored(
    y_true: Any, y_pred: Any, ignore_class: int | None, axis: int = -1, **options: Any
) -> Tensor | None:
    """False for targets of the ignored class; None if there is no such class.

    Args:
        y_true: as for `sparse_categorical_crossentropy`.
        y_pred: likewise.
        ignore_class: likewise.
        axis: likewise.
        options: its others, which do not matter here.
    """
    if ignore_class is None:
        return None
    outputs = _classes_last(convert(y_pred), axis)
    labels = class_numbers("sparse_categorical_crossentropy", convert(y_true), outputs)
    return core.not_equal(labels, ignore_class)


def class_numbers(where: str, labels: Tensor, outputs: Tensor) -> Tensor:
    """Integer labels without an axis of classes.

    Args:
        where: for the message.
        labels: (batch, ...) or (batch, ..., 1) numbers.
        outputs: (batch, ..., classes).

    Returns:
        (batch, ...) integer.

    Raises:
        DataError: for one-hot labels, or other shapes that do not fit.
    """
    if outputs.shape is not None and labels.shape is not None:
        given, output = labels, outputs.shape
        if len(labels.shape) == len(output) and labels.shape[-1] in (1, None):
            labels = core.squeeze(labels, -1)
        if not outputs.type.with_shape(output[:-1]).accepts_shape(labels.shape):
            is_one_hot = given.type.accepts_shape(output)
            hint = "one-hot labels: use categorical_crossentropy" if is_one_hot else None
            expected = f"class numbers of shape {shape_text(output[:-1])}"
            raise misfit(where, expected, given, outputs, hint)
    return labels if labels.dtype.is_integer else cast(labels, "int64")


def _hint_at_class_numbers(y: Tensor, p: Tensor) -> str | None:
    """The way out where targets have no axis of classes, but the output has one."""
    if y.shape is None or not p.shape or p.shape[-1] == 1:
        return None
    if len(y.shape) < len(p.shape) or y.shape[-1] == 1:
        return "labels are integers: use sparse_categorical_crossentropy"
    return None


def _logits(where: str, p: Tensor, from_logits: bool, op: str) -> Tensor | None:
    """Logits that are given, or that went into the softmax or sigmoid that made p, or None."""
    node = p.op
    while node.type == "Identity":
        node = node.inputs[0].op
    if node.type != op:
        return p if from_logits else None
    if from_logits:
        warnings.warn(
            f"thalweg: {where} is told from_logits=True, but given the output of a "
            f"{op.lower()}; it uses what went into that",
            UserWarning,
            stacklevel=4,
        )
    return node.inputs[0]


def _clipped(p: Tensor) -> Tensor:
    return core.clip_by_value(p, EPSILON, 1.0 - EPSILON)


def _classes_last(x: Tensor, axis: int) -> Tensor:
    if axis == -1:
        return x
    order = list(range(len(x.type.dims())))
    Interval(-len(order), len(order) - 1, integer=True).check("crossentropy", "axis", axis)
    order.append(order.pop(axis))
    return x if order == sorted(order) else core.transpose(x, order)


class BinaryCrossentropy(LossFunctionWrapper):
    """The mean of `binary_crossentropy`.

    Args:
        from_logits: whether outputs have not passed a sigmoid.
        label_smoothing: in 0..1, moves targets this far towards 1/2.
        axis: averaged over.
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    Raises:
        OptionError: if an argument is none of its values.

    >>> round(float(BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=SMOOTHING.check(self, "label_smoothing", label_smoothing),
            axis=axis,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """The mean of `categorical_crossentropy`: targets are one-hot or probabilities.

    Args:
        from_logits: whether outputs have not passed a softmax.
        label_smoothing: in 0..1, moves targets this far towards the uniform distribution.
        axis: of the classes.
        reduction: see `Loss`.
        name: in reports.
        dtype: see `Loss`.

    Raises:
        OptionError: if an argument is none of its values.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=SMOOTHING.check(self, "label_smoothing", label_smoothing),
            axis=axis,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The mean of `sparse_categorical_crossentropy`: targets are class numbers.

    Args:
        from_logits: whether outputs have not passed a softmax.
        ignore_class: targets of this number neither add to the loss nor count in its mean.
        reduction: see `Loss`.
        axis: of the classes.
        name: in reports.
        dtype: see `Loss`.

    Raises:
        OptionError: if an argument is none of its values.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    is_sparse = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )

    def mask(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """False for targets of the ignored class."""
        return not_ignored(y_true, y_pred, **self.options)

    def check_targets(self, y: np.ndarray[Any, Any], output_shape: Any, output_name: str) -> None:
        """Class numbers must be integers in 0..classes - 1.

        Raises:
            DataError: naming the first one that is not.
        """
        classes = output_shape[self.options["axis"]] if output_shape else None
        if classes is None or (y.ndim == len(output_shape) and y.shape[-1] != 1):
            return  # nothing to compare with; shapes are the graph's to check
        wrong = ~((y >= 0) & (y < classes) & (y == np.floor(y)))
        ignored = self.options["ignore_class"]
        if ignored is not None:
            wrong &= y != ignored
        if not wrong.any():
            return
        index = tuple(int(i[0]) for i in np.nonzero(wrong))
        value = y[index]
        if value < 0:
            hint = f"number the classes from 0, or leave these out: ignore_class={value}"
        elif value != np.floor(value):
            hint = "targets that are no class numbers need a regression loss"
        elif value == classes == y.max() and y.min() > 0:
            hint = "number the classes from 0"
        else:
            hint = "the last layer needs one unit a class"
        raise DataError(
            self.name,
            "a label is not one of the classes",
            expected=f"integers 0..{classes - 1}, for the {classes} outputs of '{output_name}'",
            got=f"{value} at y[{', '.join(map(str, index))}]",
            hint=hint,
        )
