"""Areas under curves that are followed by moving a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, constant, reduce_mean, reduce_sum
from thalweg.core.errors import DataError

from ..losses.base import divide_no_nan
from ..options import COUNT, Interval, OneOf, OrNone, option_error
from .confusion import ConfusionMetric, thresholds_of

__all__ = ["AUC"]

POINTS = Interval(2, integer=True)
CURVE = OneOf("roc", "pr")
METHOD = OneOf("interpolation", "minoring", "majoring")
LABELS = OrNone(COUNT)
MARGIN = 1e-7  # the outer thresholds lie this far below 0 and above 1
COUNTED = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class AUC(ConfusionMetric):
    """Area under the curve of true against false positive rate (ROC), or precision against recall.

    Outputs are probabilities; what lies outside 0..1 counts as 0 or 1.

    Args:
        num_thresholds: points of the curve, at least 2, evenly spaced.
        curve: `"ROC"` or `"PR"`.
        summation_method: `"interpolation"` is the trapezoid rule for ROC, and for PR the
            interpolation of Davis and Goadrich (ICML 2006); `"minoring"` and `"majoring"` are
            lower and upper sums.
        name: in reports.
        dtype: of the state, float32 if None.
        thresholds: the inner points of the curve, in 0..1, instead of `num_thresholds`.
        multi_label: whether outputs (batch, labels) have a curve for each label, of whose areas
            the mean is taken; else all outputs share one.
        num_labels: how many; if None, the first batch tells.
        label_weights: of the labels' areas in the mean, or of their outputs in the one curve.
        from_logits: whether outputs have not passed a sigmoid.

    Raises:
        OptionError: if an argument is none of its values.

    >>> round(float(AUC()([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])), 4)
    0.75
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = CURVE.check(self, "curve", curve)
        self.summation_method = METHOD.check(self, "summation_method", summation_method)
        self.multi_label = multi_label
        self.from_logits = from_logits
        self.num_labels = LABELS.check(self, "num_labels", num_labels)
        if num_labels is not None and not multi_label:
            raise option_error(self, "num_labels", num_labels, "None where multi_label is False")
        if thresholds is None:
            count = POINTS.check(self, "num_thresholds", num_thresholds) - 1
            inner = [i / count for i in range(1, count)]
        else:
            inner = sorted(thresholds_of(self, thresholds, 0.5))
        # Every output lies above the first of these and below the last.
        limits = [-MARGIN, *inner, 1.0 + MARGIN]
        super().__init__(() if multi_label else COUNTED, limits, name, dtype)
        self.num_thresholds = len(limits)
        self.label_weights = (
            None if label_weights is None else np.asarray(label_weights, self.dtype.numpy)
        )
        if self.num_labels is not None:
            self._make_state(self.num_labels)

    def _make_state(self, labels: int) -> None:
        shape = (self.num_thresholds, labels)
        self._counts = {kind: self.add_variable(kind, shape) for kind in COUNTED}

    def _chosen(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        return y, core.sigmoid(p) if self.from_logits else core.clip_by_value(p, 0.0, 1.0)

    def _count(self, y: Tensor, p: Tensor, weights: Tensor) -> None:
        if not self.multi_label:
            if self.label_weights is not None:
                weights = weights * self.label_weights
            super()._count(y, p, weights)
            return
        labels = p.shape[-1] if p.shape is not None and len(p.shape) == 2 else self.num_labels
        if labels is None or labels != (self.num_labels or labels):
            raise DataError(
                self.name,
                "the outputs have no such labels",
                expected=f"outputs (batch, {self.num_labels or 'labels'})",
                got=str(p.type),
            )
        if not self._counts:
            self._make_state(labels)
        by_label = (core.transpose(x, [1, 0]) for x in (y, p, weights))
        for kind, number in self._numbers(*by_label).items():
            self._counts[kind].assign_add(core.transpose(core.squeeze(number, 1), [1, 0]))

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, and its name, as JSON data."""
        return {**super().get_config(), "num_thresholds": self.num_thresholds}

    def result(self) -> Any:
        """The area so far."""
        if not self._counts:
            return constant(0.0, self.dtype)
        areas = reduce_sum(self._pieces(), axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return reduce_mean(areas)
        return reduce_sum(areas * self.label_weights) / self.label_weights.sum()

    def _pieces(self) -> Tensor:
        """The areas between neighbouring thresholds: (thresholds - 1,) or (…, labels)."""
        found = self._value("true_positives")
        false = self._value("false_positives")
        missed = self._value("false_negatives")
        if self.curve == "pr" and self.summation_method == "interpolation":
            return _interpolated(found, false, missed)
        recall = divide_no_nan(found, found + missed)
        if self.curve == "roc":
            x, y = divide_no_nan(false, false + self._value("true_negatives")), recall
        else:
            x, y = recall, divide_no_nan(found, found + false)
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2.0
        elif self.summation_method == "minoring":
            heights = core.minimum(left, right)
        else:
            heights = core.maximum(left, right)
        return (x[:-1] - x[1:]) * heights


def _interpolated(found: Tensor, false: Tensor, missed: Tensor) -> Tensor:
    """The areas under precision against recall.

    Between two thresholds true positives are taken for linear in all positives:
    tp = slope * p + intercept. So precision tp / p is no straight line in recall tp / all, and
    the area is the integral of (slope + intercept / p) * slope / all over p.
    """
    change = found[:-1] - found[1:]
    positives = found + false
    slope = divide_no_nan(change, core.maximum(positives[:-1] - positives[1:], 0.0))
    intercept = found[1:] - slope * positives[1:]
    has_both = core.logical_and(positives[:-1] > 0.0, positives[1:] > 0.0)
    ratio = divide_no_nan(positives[:-1], positives[1:])
    ratio = core.where(has_both, ratio, core.ones_like(ratio))
    area = slope * (change + intercept * core.log(ratio))
    return divide_no_nan(area, found[1:] + missed[1:])
