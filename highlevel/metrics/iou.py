"""How well predicted regions cover the right ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, cast, convert, matmul, reduce_sum, reshape

from ..losses.base import divide_no_nan, weighted
from ..options import COUNT
from .base import Metric

__all__ = ["MeanIoU"]


class MeanIoU(Metric):
    """The mean over classes of intersection / union of predicted and right pixels.

    Classes that neither targets nor outputs name do not count; pixels of other numbers than the
    classes' do not either.

    Args:
        num_classes: classes, numbered from 0.
        name: in reports.
        dtype: of the state, float32 if None.
        ignore_class: targets of this number do not count.
        sparse_y_true: whether targets are class numbers, else one-hot.
        sparse_y_pred: whether outputs are class numbers, else scores.
        axis: of the classes, where there is one.

    Raises:
        OptionError: if `num_classes` is no number of classes.

    >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.num_classes = COUNT.check(self, "num_classes", num_classes)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total = self.add_variable("total_confusion_matrix", (num_classes, num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch.

        Args:
            y_true: (batch, ...) class numbers, or (batch, ..., classes) one-hot.
            y_pred: (batch, ...) class numbers, or (batch, ..., classes) scores.
            sample_weight: (batch,) or (batch, ...), or None.
        """
        y = self._numbers(y_true, self.sparse_y_true)
        p = self._numbers(y_pred, self.sparse_y_pred)
        if self.ignore_class is None:
            weights = core.ones_like(cast(y, self.dtype))
        else:
            weights = cast(core.not_equal(y, self.ignore_class), self.dtype)
        if sample_weight is not None:
            weights = weighted(weights, cast(convert(sample_weight), self.dtype))
        rows = self._one_hot(y) * reshape(weights, [-1, 1])
        self.total.assign_add(matmul(rows, self._one_hot(p), transpose_a=True))

    def _numbers(self, x: Any, is_sparse: bool) -> Tensor:
        x = convert(x)
        return cast(x if is_sparse else core.argmax(x, axis=self.axis), "int64")

    def _one_hot(self, numbers: Tensor) -> Tensor:
        return core.one_hot(reshape(numbers, [-1]), self.num_classes, dtype=self.dtype)

    def result(self) -> Any:
        """The mean so far, 0 before the first pixel."""
        matrix = self.total.value()
        right = reduce_sum(matrix * np.eye(self.num_classes, dtype=self.dtype.numpy), axis=0)
        union = reduce_sum(matrix, axis=0) + reduce_sum(matrix, axis=1) - right
        is_named = cast(union > 0.0, self.dtype)
        return divide_no_nan(reduce_sum(divide_no_nan(right, union)), reduce_sum(is_named))
