"""Areas under curves that are followed by moving a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, reduce_sum

from ..losses.base import divide_no_nan
from ..options import Interval, OneOf
from .confusion import ConfusionMetric, thresholds_of

__all__ = ["AUC"]

COUNT = Interval(2, integer=True)
CURVE = OneOf("roc", "pr")
METHOD = OneOf("interpolation", "minoring", "majoring")
MARGIN = 1e-7  # the outer thresholds lie this far below 0 and above 1


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
        *,
        thresholds: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = CURVE.check(self, "curve", curve)
        self.summation_method = METHOD.check(self, "summation_method", summation_method)
        self.from_logits = from_logits
        if thresholds is None:
            count = COUNT.check(self, "num_thresholds", num_thresholds) - 1
            inner = [i / count for i in range(1, count)]
        else:
            inner = sorted(thresholds_of(self, thresholds, 0.5))
        counted = ["true_positives", "false_positives", "true_negatives", "false_negatives"]
        # Every output lies above the first of these and below the last.
        super().__init__(counted, [-MARGIN, *inner, 1.0 + MARGIN], name, dtype)
        self.num_thresholds = len(self.thresholds)

    def _chosen(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        return y, core.sigmoid(p) if self.from_logits else core.clip_by_value(p, 0.0, 1.0)

    def result(self) -> Any:
        """The area so far."""
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
        return reduce_sum((x[:-1] - x[1:]) * heights)


def _interpolated(found: Tensor, false: Tensor, missed: Tensor) -> Tensor:
    """The area under precision against recall.

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
    return reduce_sum(divide_no_nan(area, found[1:] + missed[1:]))
