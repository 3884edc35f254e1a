"""Losses of class scores. Each function maps targets and (batch, ..., classes) to (batch, ...).

Where the probabilities come straight from a softmax or sigmoid, the cross-entropies use what went
into it, by the fused ops that neither overflow nor divide by zero. Elsewhere probabilities are
clipped to 1e-7 .. 1 - 1e-7, as in Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import thalweg.core as core
from thalweg.core import Tensor, convert, reduce_mean, reduce_sum
from thalweg.core.errors import DataError, OptionError

from ..eager import array_or_tensor
from .base import LossFunctionWrapper, as_floats, same_rank

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "hinge",
    "kl_divergence",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

EPSILON = 1e-7


def logits_of(probabilities: Tensor, op: str) -> Tensor | None:
    """What went into the softmax or sigmoid that made these probabilities, if one did."""
    node = probabilities.op
    while node.type == "Identity":
        node = node.inputs[0].op
    return node.inputs[0] if node.type == op else None


def _clipped(p: Tensor) -> Tensor:
    return core.clip_by_value(p, EPSILON, 1.0 - EPSILON)


def _smoothed(y: Tensor, smoothing: float, neutral: Any) -> Tensor:
    return y * (1.0 - smoothing) + smoothing * neutral if smoothing else y


def _check_smoothing(where: str, smoothing: float) -> None:
    if not 0 <= smoothing <= 1:
        raise OptionError(
            where, "bad label_smoothing", expected="0 <= label_smoothing <= 1", got=repr(smoothing)
        )


@array_or_tensor
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-mean(y * log(p) + (1 - y) * log(1 - p)) over `axis`.

    Args:
        y_true: (batch, ..., d) in 0..1.
        y_pred: (batch, ..., d) probabilities, or logits.
        from_logits: whether `y_pred` has not passed a sigmoid.
        label_smoothing: moves targets this far towards 1/2.
        axis: averaged over.

    >>> binary_crossentropy([[1.0]], [[0.5]]).round(4).tolist()
    [0.6931000232696533]
    """
    p = convert(y_pred)
    y, p = same_rank(as_floats(convert(y_true), p), p)
    y = _smoothed(y, label_smoothing, 0.5)
    logits = p if from_logits else logits_of(p, "Sigmoid")
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
        y_pred: (batch, ..., classes) probabilities, or logits.
        from_logits: whether `y_pred` has not passed a softmax.
        label_smoothing: moves targets this far towards the uniform distribution.
        axis: of the classes.

    >>> categorical_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).round(4).tolist()
    [0.6931000232696533]
    """
    p = convert(y_pred)
    y = as_floats(convert(y_true), p)
    if axis not in (-1, (p.type.rank or 0) - 1):
        y, p = _classes_last(y, axis), _classes_last(p, axis)
    if label_smoothing:
        y = _smoothed(y, label_smoothing, 1.0 / core.cast(core.shape_of(p)[-1], p.dtype))
    logits = p if from_logits else logits_of(p, "Softmax")
    if logits is not None:
        return core.softmax_cross_entropy(y, logits)
    p = _clipped(p / reduce_sum(p, axis=-1, keepdims=True))
    return -reduce_sum(y * core.log(p), axis=-1)


def _classes_last(x: Tensor, axis: int) -> Tensor:
    rank = len(x.type.dims())
    order = [i for i in range(rank) if i != axis % rank]
    return core.transpose(x, [*order, axis % rank])


@array_or_tensor
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """-log(p[y]).

    Args:
        y_true: (batch, ...) or (batch, ..., 1) class numbers.
        y_pred: (batch, ..., classes) probabilities, or logits.
        from_logits: whether `y_pred` has not passed a softmax.
        ignore_class: targets of this number have loss 0.
        axis: of the classes.

    >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(4).tolist()
    [0.6931000232696533]
    """
    p, labels = convert(y_pred), convert(y_true)
    if axis not in (-1, (p.type.rank or 0) - 1):
        p = _classes_last(p, axis)
    labels = _class_numbers(labels, p)
    counted = None if ignore_class is None else core.not_equal(labels, ignore_class)
    if counted is not None:
        labels = core.where(counted, labels, core.zeros_like(labels))
    logits = p if from_logits else logits_of(p, "Softmax")
    if logits is not None:
        values = core.sparse_softmax_cross_entropy(labels, logits)
    else:
        chosen = core.one_hot(labels, core.shape_of(p)[-1], dtype=p.dtype)
        log_p = core.log(_clipped(p / reduce_sum(p, axis=-1, keepdims=True)))
        values = -reduce_sum(chosen * log_p, axis=-1)
    return values if counted is None else core.where(counted, values, core.zeros_like(values))


def _class_numbers(labels: Tensor, p: Tensor) -> Tensor:
    """Integer labels without an axis of classes.

    Raises:
        DataError: for one-hot labels.
    """
    a, b = labels.shape, p.shape
    if a is not None and b is not None and len(a) == len(b):
        if a[-1] in (1, None):
            labels = core.squeeze(labels, -1)
        else:
            raise DataError(
                "sparse_categorical_crossentropy",
                "targets do not fit the output",
                expected=f"class numbers of shape {b[:-1]}, for outputs {p.type}",
                got=str(labels.type),
                node=p.op.name,
                layer=p.op.owner,
                site=p.op.site,
                hint="one-hot labels: use categorical_crossentropy",
            )
    return labels if labels.dtype.is_integer else core.cast(labels, "int64")


@array_or_tensor
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y * log(y / p)) over the last axis, both clipped to 1e-7..1."""
    p = convert(y_pred)
    y, p = same_rank(as_floats(convert(y_true), p), p)
    y, p = (core.clip_by_value(x, EPSILON, 1.0) for x in (y, p))
    return reduce_sum(y * core.log(y / p), axis=-1)


def _signs(y: Tensor) -> Tensor:
    """Targets in -1..1; targets that are all 0 or 1 are taken for {0, 1} labels, as in Keras."""
    is_binary = core.reduce_all(core.logical_or(core.equal(y, 0.0), core.equal(y, 1.0)))
    return core.where(is_binary, 2.0 * y - 1.0, y)


@array_or_tensor
def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y * p, 0)) over the last axis; targets are -1 and 1, or 0 and 1."""
    p = convert(y_pred)
    y, p = same_rank(as_floats(convert(y_true), p), p)
    return reduce_mean(core.maximum(1.0 - _signs(y) * p, 0.0), axis=-1)


@array_or_tensor
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y * p, 0) ** 2) over the last axis; targets are -1 and 1, or 0 and 1."""
    p = convert(y_pred)
    y, p = same_rank(as_floats(convert(y_true), p), p)
    return reduce_mean(core.square(core.maximum(1.0 - _signs(y) * p, 0.0)), axis=-1)


@array_or_tensor
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 + the largest score of a wrong class - the right one's, 0); targets are one-hot."""
    p = convert(y_pred)
    y, p = same_rank(as_floats(convert(y_true), p), p)
    right = reduce_sum(y * p, axis=-1)
    wrong = core.reduce_max((1.0 - y) * p, axis=-1)
    return core.maximum(wrong - right + 1.0, 0.0)


class BinaryCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy; see `binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
    ) -> None:
        _check_smoothing(type(self).__name__, label_smoothing)
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )

    def _hint(self, target: Any, output: Any) -> str | None:
        if output and output[-1] not in (1, None) and len(target) < len(output):
            return "labels are class numbers: use sparse_categorical_crossentropy"
        return None


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot targets; see `categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
    ) -> None:
        _check_smoothing(type(self).__name__, label_smoothing)
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )

    def _hint(self, target: Any, output: Any) -> str | None:
        if len(target) < len(output) or target[-1] == 1:
            return "labels are integers: use sparse_categorical_crossentropy"
        return f"the targets have {target[-1]} classes, the output {output[-1]}"


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of class numbers; see `sparse_categorical_crossentropy`."""

    is_sparse = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )

    def check_targets(self, y: np.ndarray[Any, Any], output_shape: Any, output_name: str) -> None:
        """Class numbers must be integers in 0..classes - 1.

        Raises:
            DataError: naming the first one that is not.
        """
        classes = output_shape[self.options["axis"]] if output_shape else None
        if classes is None or y.size == 0 or (y.ndim == len(output_shape) and y.shape[-1] != 1):
            return
        wrong = (y < 0) | (y >= classes) | (y != y.astype(np.int64))
        ignored = self.options["ignore_class"]
        if ignored is not None:
            wrong &= y != ignored
        if wrong.any():
            index = tuple(int(i[0]) for i in np.nonzero(wrong))
            raise DataError(
                self.name,
                "a label is not one of the classes",
                expected=f"integers 0..{classes - 1}, for the {classes} outputs of '{output_name}'",
                got=f"{y[index]} at y[{', '.join(map(str, index))}]",
                hint="the last layer needs one unit a class"
                if y[index] == classes
                else "number the classes from 0",
            )


class KLDivergence(LossFunctionWrapper):
    """Kullback-Leibler divergence; see `kl_divergence`."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence"
    ) -> None:
        super().__init__(kl_divergence, reduction, name)


class Hinge(LossFunctionWrapper):
    """mean(max(1 - y * p, 0))."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "hinge") -> None:
        super().__init__(hinge, reduction, name)


class SquaredHinge(LossFunctionWrapper):
    """mean(max(1 - y * p, 0) ** 2)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge"
    ) -> None:
        super().__init__(squared_hinge, reduction, name)


class CategoricalHinge(LossFunctionWrapper):
    """max(1 + the largest score of a wrong class - the right one's, 0)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge"
    ) -> None:
        super().__init__(categorical_hinge, reduction, name)
