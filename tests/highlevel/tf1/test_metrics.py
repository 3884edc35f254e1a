"""tf.metrics: local variables, and values over several runs against NumPy over all data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import OptionError, ShapeError

RANDOM = np.random.default_rng(1)
Y = RANDOM.integers(0, 2, (3, 8))
SCORES = np.clip(Y * 0.3 + RANDOM.random((3, 8)) * 0.7, 0, 1).astype(np.float32)
P = (SCORES > 0.5).astype(np.int64)
W = RANDOM.integers(0, 3, (3, 8)).astype(np.float32)


def over_batches(metric: Any, feeds: list[dict[Any, Any]]) -> tuple[float, float]:
    """The last update, and the value after it."""
    value, update = metric
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        last = None
        for feed in feeds:
            last = session.run(update, feed)
        return float(session.run(value)), float(np.max(last))


def counts(y: Any, p: Any, w: Any) -> dict[str, float]:
    return {
        "tp": (w * ((y == 1) & (p == 1))).sum(),
        "fp": (w * ((y == 0) & (p == 1))).sum(),
        "tn": (w * ((y == 0) & (p == 0))).sum(),
        "fn": (w * ((y == 1) & (p == 0))).sum(),
    }


def by_counts(formula: Callable[..., float]) -> Callable[..., float]:
    return lambda y, p, w: formula(**counts(y, p, w))


DECISIONS: dict[str, Callable[..., float]] = {
    "accuracy": lambda y, p, w: (w * (y == p)).sum() / w.sum(),
    "true_positives": by_counts(lambda tp, **_: tp),
    "false_positives": by_counts(lambda fp, **_: fp),
    "true_negatives": by_counts(lambda tn, **_: tn),
    "false_negatives": by_counts(lambda fn, **_: fn),
    "precision": by_counts(lambda tp, fp, **_: tp / (tp + fp)),
    "recall": by_counts(lambda tp, fn, **_: tp / (tp + fn)),
    "mean_squared_error": lambda y, p, w: (w * (y - p) ** 2).sum() / w.sum(),
    "root_mean_squared_error": lambda y, p, w: np.sqrt((w * (y - p) ** 2).sum() / w.sum()),
    "mean_absolute_error": lambda y, p, w: (w * abs(y - p)).sum() / w.sum(),
}


@pytest.mark.parametrize("name", DECISIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_decisions(name: str, weighted: bool) -> None:
    y, p, w = (tf.placeholder(dtype, [8]) for dtype in (tf.int64, tf.int64, tf.float32))
    metric = getattr(tf.metrics, name)(y, p, w if weighted else None)
    feeds = [{y: Y[i], p: P[i], w: W[i]} for i in range(3)]
    value, last = over_batches(metric, feeds)
    expected = DECISIONS[name](Y, P, W if weighted else np.ones_like(W))
    assert value == pytest.approx(expected, rel=1e-5)
    assert last == value


def test_variables_are_local_and_named_by_scopes() -> None:
    tf.metrics.mean([1.0])
    tf.metrics.mean([1.0])
    tf.metrics.accuracy([1], [1], name="acc")
    tf.metrics.precision([1], [1])
    assert [v.name for v in tf.local_variables()] == [
        "mean/total:0", "mean/count:0", "mean_1/total:0", "mean_1/count:0",
        "acc/total:0", "acc/count:0",
        "precision/true_positives/count:0", "precision/false_positives/count:0",
    ]  # fmt: skip
    assert tf.get_collection(tf.GraphKeys.METRIC_VARIABLES) == tf.local_variables()
    assert tf.global_variables() == tf.trainable_variables() == []


def test_collections() -> None:
    value, update = tf.metrics.mean(
        [1.0], metrics_collections=["m", "all"], updates_collections="u"
    )
    assert tf.get_collection("m") == tf.get_collection("all") == [value]
    assert tf.get_collection("u") == [update]


def test_nothing_yet_is_zero() -> None:
    for metric in (
        tf.metrics.mean([1.0]),
        tf.metrics.precision([0], [0]),
        tf.metrics.recall([0], [0]),
        tf.metrics.mean_iou([0], [0], 2),
    ):
        with tf.Session() as session:
            assert session.run(metric.value) == 0.0


def test_mean_with_weights_that_broadcast() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for weights, expected in (
        (2.0, x.mean()),
        (np.float32([[1], [0]]), x[0].mean()),
        (np.float32([0, 1]), x[1].mean()),
    ):
        value, _ = over_batches(tf.metrics.mean(x, weights), [{}])
        assert value == pytest.approx(expected)


def test_other_means() -> None:
    x = tf.placeholder(tf.float32, [3])
    batches = [np.float32([1, 2, 3]), np.float32([3, 4, 8])]
    value, update = tf.metrics.mean_tensor(x)
    with tf.Session() as session:
        for batch in batches:
            session.run(update, {x: batch})
        assert session.run(value).tolist() == [2.0, 3.0, 5.5]
    below, _ = over_batches(tf.metrics.percentage_below(x, 3.0), [{x: b} for b in batches])
    assert below == pytest.approx(2 / 6)
    relative = tf.metrics.mean_relative_error(x, x + 1.0, [2.0, 4.0, 0.0])
    assert over_batches(relative, [{x: batches[0]}])[0] == pytest.approx((0.5 + 0.25) / 3)
    weighted = tf.metrics.mean_tensor(x, [1.0, 0.0, 2.0])
    with tf.Session() as session:
        session.run(weighted[1], {x: batches[0]})
        assert session.run(weighted[0]).tolist() == [1.0, 0.0, 3.0]
    with pytest.raises(ShapeError, match="mean_tensor: the shape is not fully known"):
        tf.metrics.mean_tensor(tf.placeholder(tf.float32, [None]))


def area_under_roc(y: np.ndarray, s: np.ndarray) -> float:
    """The chance that a positive scores above a negative (Mann and Whitney)."""
    positive, negative = s[y == 1], s[y == 0]
    wins = (positive[:, None] > negative).mean()
    return float(wins + 0.5 * (positive[:, None] == negative).mean())


def test_auc() -> None:
    y = RANDOM.integers(0, 2, (4, 500))
    s = np.clip(y * 0.2 + RANDOM.random((4, 500)) * 0.8, 0, 1).astype(np.float32)
    labels, scores = tf.placeholder(tf.int64, [500]), tf.placeholder(tf.float32, [500])
    feeds = [{labels: y[i], scores: s[i]} for i in range(4)]
    found, _ = over_batches(tf.metrics.auc(labels, scores), feeds)
    assert found == pytest.approx(area_under_roc(y.ravel(), s.ravel()), abs=2e-3)
    low, _ = over_batches(
        tf.metrics.auc(labels, scores, summation_method="minoring", num_thresholds=50), feeds
    )
    high, _ = over_batches(
        tf.metrics.auc(labels, scores, summation_method="majoring", num_thresholds=50), feeds
    )
    assert low < found < high
    share, _ = over_batches(tf.metrics.auc(labels, scores, curve="PR"), feeds)
    assert 0.5 < share < 1.0
    ones = np.ones(500, np.float32)
    same, _ = over_batches(tf.metrics.auc(labels, scores, weights=3 * ones), feeds)
    assert same == pytest.approx(found, abs=1e-5)
    perfect, _ = over_batches(tf.metrics.auc([0, 1], [0.2, 0.8], thresholds=[0.5]), [{}])
    assert perfect == pytest.approx(1.0, abs=1e-5)


def test_mean_iou() -> None:
    y, p = np.array([0, 0, 1, 1, 3]), np.array([0, 1, 1, 1, 3])
    value, update = tf.metrics.mean_iou(y, p, 5)
    with tf.Session() as session:
        matrix = session.run(update)
        expected = np.zeros((5, 5))
        np.add.at(expected, (y, p), 1)
        np.testing.assert_array_equal(matrix, expected)
        assert session.run(value) == pytest.approx(np.mean([1 / 2, 2 / 3, 1]))
    weighted = tf.metrics.mean_iou(y, p, 5, weights=[1.0, 0.0, 1.0, 1.0, 1.0])
    assert over_batches(weighted, [{}])[0] == pytest.approx(1.0)


def test_wrong_arguments() -> None:
    with pytest.raises(ShapeError, match="labels and predictions have different shapes"):
        tf.metrics.accuracy([1, 2], [1])
    with pytest.raises(OptionError, match="auc: unknown curve"):
        tf.metrics.auc([1], [0.5], curve="LIFT")
    with pytest.raises(OptionError, match="auc: unknown summation_method"):
        tf.metrics.auc([1], [0.5], summation_method="simpson")


def test_predictions_take_the_dtype_of_labels() -> None:
    value, _ = over_batches(tf.metrics.accuracy([1, 2], [1.0, 3.0]), [{}])
    assert value == 0.5
