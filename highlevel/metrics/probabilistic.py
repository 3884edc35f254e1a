"""Metrics of probabilities and class scores: means over samples of the functions of `losses`."""

from __future__ import annotations

from typing import Any

from thalweg.core import cast, convert

from ..losses import classification, crossentropy, regression
from ..losses.base import weighted
from .reduction import MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.
        from_logits: whether outputs have not passed a sigmoid.
        label_smoothing: in 0..1, moves targets this far towards 1/2.

    Raises:
        OptionError: if `label_smoothing` is not in 0..1.

    >>> round(float(BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])), 4)
    0.6931
    """

    direction = "down"

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            crossentropy.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=crossentropy.SMOOTHING.check(self, "label_smoothing", label_smoothing),
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`: targets are one-hot or probabilities.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.
        from_logits: whether outputs have not passed a softmax.
        label_smoothing: in 0..1, moves targets this far towards the uniform distribution.
        axis: of the classes.

    Raises:
        OptionError: if `label_smoothing` is not in 0..1.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    direction = "down"

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            crossentropy.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=crossentropy.SMOOTHING.check(self, "label_smoothing", label_smoothing),
            axis=axis,
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`: targets are class numbers.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.
        from_logits: whether outputs have not passed a softmax.
        ignore_class: targets of this number do not count.
            # differs from Keras: where without weights they count with a loss of 0.
        axis: of the classes.

    >>> metric = SparseCategoricalCrossentropy(ignore_class=0)
    >>> round(float(metric([1, 0], [[0.5, 0.5], [0.1, 0.9]])), 4)
    0.6931
    """

    direction = "down"

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            crossentropy.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Takes a batch into account; arguments as for `MeanMetricWrapper`."""
        mask = crossentropy.not_ignored(y_true, y_pred, **self.options)
        if mask is not None:
            counts = cast(mask, self.dtype)
            if sample_weight is not None:
                counts = weighted(counts, cast(convert(sample_weight), self.dtype))
            sample_weight = counts
        super().update_state(y_true, y_pred, sample_weight)


class KLDivergence(MeanMetricWrapper):
    """The mean of `losses.kl_divergence`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> round(float(KLDivergence()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(classification.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean of `losses.poisson`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> round(float(Poisson()([[2.0]], [[1.0]])), 4)
    1.0
    """

    direction = "down"

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(regression.poisson, name, dtype)


class Hinge(MeanMetricWrapper):
    """The mean of `losses.hinge`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(Hinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.0
    """

    direction = "down"

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(classification.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of `losses.squared_hinge`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]]))
    1.25
    """

    direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(classification.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of `losses.categorical_hinge`.

    Args:
        name: in reports.
        dtype: of the state, float32 if None.

    >>> float(CategoricalHinge()([[1.0, 0.0]], [[0.5, 0.75]]))
    1.25
    """

    direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(classification.categorical_hinge, name, dtype)
