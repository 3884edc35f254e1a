"""Accuracies: how often outputs name the right class."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, cast, convert, reduce_sum

from ..eager import array_or_tensor
from ..losses.base import pair, same_rank
from ..losses.crossentropy import class_numbers
from ..options import COUNT
from .reduction import MeanMetricWrapper

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def _floats(x: Tensor) -> Tensor:
    return cast(x, "float32")


def _best(x: Any) -> Tensor:
    return core.argmax(convert(x), axis=-1)


@array_or_tensor
def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where target and output are equal, else 0.

    Args:
        y_true: (...) numbers.
        y_pred: (...) numbers.

    Returns:
        (...) float32.

    >>> accuracy([1, 2], [1, 3]).tolist()
    [1.0, 0.0]
    """
    p = convert(y_pred)
    y, p = same_rank(cast(convert(y_true), p.dtype), p)
    return _floats(core.equal(y, p))


@array_or_tensor
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where an output is on the target's side of a threshold, else 0.

    Args:
        y_true: (...) of 0 and 1.
        y_pred: (...) probabilities, or other scores.
        threshold: outputs above it stand for 1.

    Returns:
        (...) float32.

    >>> binary_accuracy([[1.0, 0.0]], [[0.9, 0.8]]).tolist()
    [[1.0, 0.0]]
    """
    y, p = pair(y_true, y_pred)
    return _floats(core.equal(y, cast(p > threshold, p.dtype)))


@array_or_tensor
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is at the place of the largest target, else 0.

    Args:
        y_true: (batch, ..., classes) one-hot.
        y_pred: (batch, ..., classes) scores; of equal ones the first counts.

    Returns:
        (batch, ...) float32.

    >>> categorical_accuracy([[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.8], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    return _floats(core.equal(_best(y_true), _best(y_pred)))


@array_or_tensor
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is that of the right class, else 0.

    Args:
        y_true: (batch, ...) or (batch, ..., 1) class numbers.
        y_pred: (batch, ..., classes) scores; of equal ones the first counts.

    Returns:
        (batch, ...) float32.

    Raises:
        DataError: if the shapes do not fit.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.2, 0.8]]).tolist()
    [1.0, 0.0]
    """
    p = convert(y_pred)
    labels = class_numbers("sparse_categorical_accuracy", convert(y_true), p)
    return _floats(core.equal(cast(labels, "int64"), _best(p)))


@array_or_tensor
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class of the largest target is among the `k` largest outputs, else 0.

    Args:
        y_true: (batch, ..., classes) one-hot.
        y_pred: (batch, ..., classes) scores.
        k: how many outputs are looked at.

    Returns:
        (batch, ...) float32.

    >>> top_k_categorical_accuracy([[0.0, 0.0, 1.0]], [[0.5, 0.2, 0.3]], k=2).tolist()
    [1.0]
    """
    return sparse_top_k_categorical_accuracy(_best(y_true), y_pred, k=k)


@array_or_tensor
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where fewer than `k` outputs are larger than that of the right class, else 0.

    Args:
        y_true: (batch, ...) or (batch, ..., 1) class numbers.
        y_pred: (batch, ..., classes) scores; where one is not finite the answer is 0.
        k: how many outputs are looked at.

    Returns:
        (batch, ...) float32.

    Raises:
        DataError: if the shapes do not fit.

    >>> sparse_top_k_categorical_accuracy([2, 1], [[0.5, 0.2, 0.3]] * 2, k=2).tolist()
    [1.0, 0.0]
    """
    p = convert(y_pred)
    labels = class_numbers("sparse_top_k_categorical_accuracy", convert(y_true), p)
    is_right = core.one_hot(labels, core.shape_of(p)[-1], dtype=p.dtype)
    score = reduce_sum(is_right * p, axis=-1, keepdims=True)
    larger = reduce_sum(_floats(p > score), axis=-1)
    is_class = reduce_sum(is_right, axis=-1) > 0.0  # false for a label out of range
    is_known = core.logical_and(is_class, core.reduce_all(core.is_finite(p), axis=-1))
    return _floats(core.logical_and(larger < float(k), is_known))


class Accuracy(MeanMetricWrapper):
    """How often outputs equal targets.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
    0.75
    """

    direction = "up"

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often outputs are on the right side of a threshold.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.
        threshold: outputs above it stand for 1; 0 where outputs are logits.

    >>> float(BinaryAccuracy()([[1.0], [0.0]], [[0.9], [0.8]]))
    0.5
    """

    direction = "up"

    def __init__(
        self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest output is at the place of the largest target.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(CategoricalAccuracy()([[0.0, 1.0], [1.0, 0.0]], [[0.2, 0.8], [0.2, 0.8]]))
    0.5
    """

    direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest output is that of the right class number.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.2, 0.8]]))
    0.5
    """

    direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` largest outputs; targets are one-hot.

    Args:
        k: how many outputs are looked at, >= 1.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if `k` is no such number.

    >>> float(TopKCategoricalAccuracy(k=2)([[0.0, 0.0, 1.0]], [[0.5, 0.2, 0.3]]))
    1.0
    """

    direction = "up"

    def __init__(
        self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=COUNT.check(self, "k", k))


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` largest outputs; targets are class numbers.

    Args:
        k: how many outputs are looked at, >= 1.
        name: in reports.
        dtype: of the state, float32 if None.

    Raises:
        OptionError: if `k` is no such number.

    >>> float(SparseTopKCategoricalAccuracy(k=2)([2, 1], [[0.5, 0.2, 0.3]] * 2))
    0.5
    """

    direction = "up"

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        k = COUNT.check(self, "k", k)
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
