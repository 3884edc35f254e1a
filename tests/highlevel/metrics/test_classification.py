"""Accuracies against counting by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import metrics
from thalweg.core import Session, placeholder
from thalweg.core.errors import DataError, OptionError

Array = npt.NDArray[Any]
CLASSES = 6


def scores(*shape: int) -> Array:
    """With ties: of quarters."""
    return np.random.default_rng(1).integers(0, 5, (*shape, CLASSES)) / np.float32(4)


def labels(*shape: int) -> Array:
    return np.random.default_rng(2).integers(0, CLASSES, shape)


def ranks(numbers: Array, rows: Array) -> Array:
    """How many classes have a larger score than the right one."""
    flat = zip(numbers.ravel(), rows.reshape(-1, CLASSES), strict=True)
    return np.asarray([sum(other > row[n] for other in row) for n, row in flat]).reshape(
        numbers.shape
    )


def first_best(rows: Array) -> Array:
    flat = [list(row).index(max(row)) for row in rows.reshape(-1, CLASSES)]
    return np.asarray(flat).reshape(rows.shape[:-1])


@pytest.mark.parametrize("shape", [(20,), (5, 4)])
def test_accuracy_of_classes(shape: tuple[int, ...]) -> None:
    y, p = labels(*shape), scores(*shape)
    hot = np.eye(CLASSES, dtype=np.float32)[y]
    wanted = (first_best(p) == y).astype(float)
    assert 0 < wanted.sum() < wanted.size
    for numbers in (y, y[..., None], y.astype(np.float32)):
        got = metrics.sparse_categorical_accuracy(numbers, p)
        assert (got.dtype, got.tolist()) == (np.float32, wanted.tolist())
    assert metrics.categorical_accuracy(hot, p).tolist() == wanted.tolist()
    for name, targets in (("SparseCategorical", y), ("Categorical", hot)):
        metric = getattr(metrics, f"{name}Accuracy")()
        metric.update_state(targets[:3], p[:3])
        metric.update_state(targets[3:], p[3:])
        assert metric.result() == pytest.approx(wanted.mean())


@pytest.mark.parametrize("k", [1, 2, 5, 6, 9])
@pytest.mark.parametrize("shape", [(20,), (5, 4)])
def test_top_k(k: int, shape: tuple[int, ...]) -> None:
    """Ties are in favour, as TensorFlow's in_top_k."""
    y, p = labels(*shape), scores(*shape)
    hot = np.eye(CLASSES, dtype=np.float32)[y]
    wanted = (ranks(y, p) < k).astype(float)
    assert metrics.sparse_top_k_categorical_accuracy(y, p, k=k).tolist() == wanted.tolist()
    assert metrics.top_k_categorical_accuracy(hot, p, k=k).tolist() == wanted.tolist()
    sparse = metrics.SparseTopKCategoricalAccuracy(k=k)
    assert sparse(y[..., None], p) == pytest.approx(wanted.mean())
    assert metrics.TopKCategoricalAccuracy(k=k)(hot, p) == pytest.approx(wanted.mean())


def test_top_5_is_the_default() -> None:
    p = np.arange(8, dtype=np.float32)[None]
    assert metrics.sparse_top_k_categorical_accuracy([3], p).tolist() == [1]
    assert metrics.sparse_top_k_categorical_accuracy([2], p).tolist() == [0]
    assert metrics.SparseTopKCategoricalAccuracy()([2], p) == 0
    assert metrics.TopKCategoricalAccuracy()(np.eye(8)[[3]], p) == 1


def test_top_k_of_what_cannot_be_told() -> None:
    huge = np.float32([[3e38, 3e38, 3e38]])
    assert metrics.sparse_top_k_categorical_accuracy([1], huge, k=1).tolist() == [1]
    for bad in (np.nan, np.inf):
        assert metrics.sparse_top_k_categorical_accuracy([1], [[bad, 2.0]], k=2).tolist() == [0]
    assert metrics.sparse_top_k_categorical_accuracy([2, -1], np.zeros((2, 2)), k=2).tolist() == [
        0,
        0,
    ]


def test_accuracy() -> None:
    assert metrics.accuracy([1, 2, 3], [1, 0, 3]).tolist() == [1, 0, 1]
    assert metrics.accuracy([[1.0], [2.0]], [1, 2]).tolist() == [[1], [1]]
    metric = metrics.Accuracy()
    metric.update_state([[1], [2], [3], [4]], [[1], [0], [3], [4]])
    assert metric.result() == 0.75
    metric.update_state([1, 2], [1, 0], sample_weight=[1.0, 3.0])
    assert metric.result() == pytest.approx(4 / 8)


@pytest.mark.parametrize("threshold", [0.5, 0.25, 0.0])
def test_binary_accuracy(threshold: float) -> None:
    p = np.float32([[0.25, 0.9], [0.5, 0.1], [0.75, -3.0]])
    y = np.asarray([[0, 1], [1, 1], [0, 0]])
    right = (p > threshold) == (y == 1)
    got = metrics.binary_accuracy(y, p, threshold=threshold)
    assert got.tolist() == right.astype(float).tolist()
    metric = metrics.BinaryAccuracy(threshold=threshold)
    assert metric(y, p) == pytest.approx(np.mean(right))
    metric.reset_state()
    weights = [1.0, 2.0, 3.0]
    metric.update_state(y, p, sample_weight=weights)
    assert metric.result() == pytest.approx(np.average(np.mean(right, axis=1), weights=weights))


def test_binary_accuracy_of_a_column() -> None:
    assert metrics.BinaryAccuracy()([1, 0, 1], [[0.9], [0.8], [0.7]]) == pytest.approx(2 / 3)
    assert metrics.binary_accuracy([1, 0], [[0.9], [0.1]]).shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "sparse"),
    [
        ("categorical_accuracy", False),
        ("top_k_categorical_accuracy", False),
        ("sparse_categorical_accuracy", True),
        ("sparse_top_k_categorical_accuracy", True),
    ],
)
def test_tensors_of_unknown_sizes(name: str, sparse: bool, session: Session) -> None:
    y, p = labels(5), scores(5)
    targets = y if sparse else np.eye(CLASSES)[y]
    t = placeholder("int64" if sparse else "float64", [None] * targets.ndim)
    outputs = placeholder("float32", [None, None])
    values = getattr(metrics, name)(t, outputs)
    assert values.shape == (None,)
    got = session.run(values, {t: targets, outputs: p})
    assert got.tolist() == getattr(metrics, name)(targets, p).tolist()


def test_one_hot_targets_of_sparse_accuracy() -> None:
    with pytest.raises(DataError) as caught:
        metrics.SparseCategoricalAccuracy()(np.zeros((4, 3)), np.zeros((4, 3)))
    assert str(caught.value) == (
        "sparse_categorical_accuracy: targets do not fit the output\n"
        "  expected  class numbers of shape (4,)\n"
        "  got       y float32 (4, 3), output float32 (4, 3)\n"
        "  hint      one-hot labels: use categorical_crossentropy"
    )


@pytest.mark.parametrize("k", [0, 1.5, True])
def test_bad_k(k: Any) -> None:
    for kind in (metrics.TopKCategoricalAccuracy, metrics.SparseTopKCategoricalAccuracy):
        with pytest.raises(OptionError) as caught:
            kind(k=k)
        assert str(caught.value).startswith(
            f"{kind.__name__}: bad k\n  expected  an integer >= 1\n  got       {k!r}"
        )
