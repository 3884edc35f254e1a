"""Counts, precision, recall and areas against plain Python; areas also by counting pairs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.integrate

from thalweg import metrics
from thalweg.core.errors import DataError, OptionError, ShapeError
from thalweg.metrics import (
    AUC,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)

Array = npt.NDArray[Any]
THRESHOLDS = [0.0, 0.25, 0.5, 0.75, 1.0]


def data(count: int = 40, seed: int = 7) -> tuple[Array, Array, Array]:
    """Labels, outputs with ties and at the thresholds, and weights."""
    random = np.random.default_rng(seed)
    p = (random.integers(0, 9, count) / 8).astype(np.float32)
    y = (p + random.normal(size=count) * 0.4 > 0.5).astype(np.float32)
    return y, p, random.uniform(0.25, 2, count).astype(np.float32)


def counted(y: Array, p: Array, w: Array, threshold: float) -> dict[str, float]:
    """One prediction after the other."""
    found = dict.fromkeys(
        ["true_positives", "false_positives", "true_negatives", "false_negatives"], 0.0
    )
    for a, b, weight in zip(y, p, w, strict=True):
        predicted = b > threshold
        word = "true" if predicted == bool(a) else "false"
        found[f"{word}_{'positives' if predicted else 'negatives'}"] += weight
    return found


COUNTS = {
    TruePositives: "true_positives",
    FalsePositives: "false_positives",
    TrueNegatives: "true_negatives",
    FalseNegatives: "false_negatives",
}


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize("weighted", [False, True])
def test_counts(kind: Any, weighted: bool) -> None:
    y, p, w = data()
    w = w if weighted else np.ones_like(w)
    metric = kind(THRESHOLDS)
    metric.update_state(y[:15], p[:15], w[:15] if weighted else None)
    metric.update_state(y[15:, None], p[15:], w[15:] if weighted else None)
    wanted = [counted(y, p, w, t)[COUNTS[kind]] for t in THRESHOLDS]
    np.testing.assert_allclose(metric.result(), wanted, rtol=1e-5)
    single = kind()
    single.update_state(y, p, w)
    assert single.result().shape == ()
    assert single.result() == pytest.approx(counted(y, p, w, 0.5)[COUNTS[kind]], rel=1e-5)


@pytest.mark.parametrize("thresholds", [None, 0.25, [0.25], THRESHOLDS, np.asarray(THRESHOLDS)])
@pytest.mark.parametrize("kind", [Precision, Recall])
def test_rates(kind: Any, thresholds: Any) -> None:
    y, p, w = data()
    metric = kind(thresholds)
    metric.update_state(y[:15], p[:15], sample_weight=w[:15])
    metric.update_state(y[15:], p[15:], sample_weight=w[15:])
    wanted = []
    for t in np.atleast_1d(0.5 if thresholds is None else thresholds):
        found = counted(y, p, w, t)
        wrong = found["false_positives" if kind is Precision else "false_negatives"]
        hits = found["true_positives"]
        wanted.append(hits / (hits + wrong) if hits + wrong else 0.0)
    assert metric.result().shape == (() if len(wanted) == 1 else (len(wanted),))
    np.testing.assert_allclose(np.atleast_1d(metric.result()), wanted, rtol=1e-5)


def test_rates_of_nothing() -> None:
    assert Precision()([0, 0], [0.1, 0.2]) == 0
    assert Recall()([0, 0], [0.9, 0.2]) == 0


def test_weights_of_samples_and_outputs() -> None:
    random = np.random.default_rng(2)
    p = random.uniform(size=(6, 3)).astype(np.float32)
    y = (random.uniform(size=(6, 3)) > 0.5).astype(np.int64)
    for w in (random.uniform(size=6), random.uniform(size=(6, 1)), random.uniform(size=(6, 3))):
        full = np.broadcast_to(w.reshape(6, -1), (6, 3))
        wanted = counted(y.ravel(), p.ravel(), full.ravel(), 0.5)["false_positives"]
        metric = FalsePositives()
        metric.update_state(y, p, sample_weight=w)
        assert metric.result() == pytest.approx(wanted, rel=1e-5)
    column = FalsePositives()
    column.update_state(y[:, 0], p[:, 0], sample_weight=w[:, :1])
    assert column.result() == pytest.approx(
        counted(y[:, 0], p[:, 0], w[:, 0], 0.5)["false_positives"], rel=1e-5
    )
    with pytest.raises(ShapeError, match="sample_weight: does not fit the values it weighs"):
        FalsePositives().update_state(y, p, sample_weight=np.ones(5))


def test_any_target_but_zero_is_positive() -> None:
    assert TruePositives()([0.2, -1.0, 2.0, 0.0], [0.9] * 4) == 3


# The best and single classes ---------------------------------------------------------------------


def best(row: Sequence[float], k: int) -> set[int]:
    """The places of the k largest entries; of equal ones the first."""
    return set(sorted(range(len(row)), key=lambda i: (-row[i], i))[:k])


@pytest.mark.parametrize("k", [1, 2, 4, 9])
@pytest.mark.parametrize("class_id", [None, 2])
@pytest.mark.parametrize("threshold", [None, 0.5])
def test_top_k(k: int, class_id: int | None, threshold: float | None) -> None:
    random = np.random.default_rng(3)
    p = (random.integers(0, 5, (12, 4)) / 4).astype(np.float32)
    y = (random.uniform(size=(12, 4)) > 0.5).astype(np.float32)
    hits = predicted = right = 0
    for targets, row in zip(y, p, strict=True):
        chosen = {i for i in best(row, k) if threshold is None or row[i] > threshold}
        for i in range(4) if class_id is None else [class_id]:
            hits += i in chosen and targets[i] == 1
            predicted += i in chosen
            right += targets[i] == 1
    options: dict[str, Any] = {"top_k": k, "class_id": class_id, "thresholds": threshold}
    assert Precision(**options)(y, p) == pytest.approx(hits / predicted if predicted else 0.0)
    assert Recall(**options)(y, p) == pytest.approx(hits / right)


def test_class_id() -> None:
    y, p, w = data(30)
    y, p, w = y.reshape(10, 3), p.reshape(10, 3), w[:10]
    found = counted(y[:, 1], p[:, 1], w, 0.5)
    metric = Precision(class_id=1)
    metric.update_state(y, p, sample_weight=w)
    hits = found["true_positives"]
    assert metric.result() == pytest.approx(hits / (hits + found["false_positives"]))


@pytest.mark.parametrize(("shape", "class_id"), [((4, 3), 3), ((4,), 0)])
def test_class_that_is_not_there(shape: tuple[int, ...], class_id: int) -> None:
    with pytest.raises(DataError) as caught:
        Recall(class_id=class_id).update_state(np.zeros(shape), np.zeros(shape))
    assert str(caught.value) == (
        "recall: there is no such class\n"
        f"  expected  outputs (..., classes) with more than {class_id} classes\n"
        f"  got       float32 {shape}\n"
        "  hint      class_id counts from 0"
    )


# Areas -------------------------------------------------------------------------------------------


def pairs_won(y: Array, p: Array, w: Array) -> float:
    """How often a positive lies above a negative, by weight; ties count half (Mann-Whitney)."""
    won = total = 0.0
    for i, j in itertools.product(np.flatnonzero(y == 1), np.flatnonzero(y == 0)):
        total += w[i] * w[j]
        won += w[i] * w[j] * (0.5 if p[i] == p[j] else float(p[i] > p[j]))
    return won / total


@pytest.mark.parametrize("weighted", [False, True])
def test_roc_is_the_share_of_pairs(weighted: bool) -> None:
    """Exact, since between any two of the outputs lies a threshold."""
    y, p, w = data()
    w = w if weighted else np.ones_like(w)
    metric = AUC()
    metric.update_state(y[:10], p[:10], w[:10])
    metric.update_state(y[10:], p[10:], w[10:])
    assert metric.result() == pytest.approx(pairs_won(y, p, w), rel=1e-5)
    inner = [1 / 16 + i / 8 for i in range(8)]
    few = AUC(thresholds=[*inner[3:], *inner[:3]])
    few.update_state(y, p, w)
    assert few.num_thresholds == 10
    assert few.result() == pytest.approx(pairs_won(y, p, w), rel=1e-5)


@pytest.mark.parametrize("curve", ["ROC", "PR", "roc", "pr"])
@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring", "Majoring"])
@pytest.mark.parametrize("count", [200, 7])
def test_curves(curve: str, method: str, count: int) -> None:
    """The area under the points of the curve, taken one threshold at a time."""
    y, p, w = data()
    limits = [-1.0, *(i / (count - 1) for i in range(1, count - 1)), 2.0]
    points = [counted(y, p, w, t) for t in limits]
    tp = np.asarray([c["true_positives"] for c in points])
    fp = np.asarray([c["false_positives"] for c in points])
    positives, negatives = tp[0], fp[0]
    metric = AUC(count, curve=curve, summation_method=method)
    metric.update_state(y, p, w)
    if curve.upper() == "PR" and method == "interpolation":
        wanted = sum(interpolated(tp, fp, i) for i in range(len(tp) - 1)) / positives
    else:
        if curve.upper() == "ROC":
            across, up = fp / negatives, tp / positives
        else:
            across = tp / positives
            up = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
        pick = {"minoring": min, "majoring": max}.get(method.lower(), lambda *ab: sum(ab) / 2)
        steps = range(len(tp) - 1)
        wanted = sum((across[i] - across[i + 1]) * pick(up[i], up[i + 1]) for i in steps)
    assert metric.result() == pytest.approx(wanted, rel=1e-4)


def interpolated(tp: Array, fp: Array, i: int) -> float:
    """Davis and Goadrich: between two points false positives grow in step with true ones."""
    a, b = tp[i + 1], tp[i]
    if b - a < 1e-9:
        return 0.0
    slope = (fp[i] - fp[i + 1]) / (b - a)

    def precision(t: float) -> float:
        return float(t / (t + fp[i + 1] + slope * (t - a)))

    # From a point without positives on, precision is taken for that of the other end.
    if a + fp[i + 1] == 0:
        return float((b - a) * b / (b + fp[i]))
    return float(scipy.integrate.quad(precision, a, b)[0])


def test_logits() -> None:
    y, p, w = data()
    logits = 6 * p - 3
    metric = AUC(from_logits=True)
    metric.update_state(y, logits, w)
    assert metric.result() == pytest.approx(pairs_won(y, p, w), rel=1e-4)


def test_outputs_outside_of_0_to_1() -> None:
    """They count as 0 or 1, as in Keras."""
    y = [0, 1, 1, 0]
    assert AUC()(y, [-5.0, 7.0, 0.5, 0.25]) == AUC()(y, [0.0, 1.0, 0.5, 0.25]) == 1.0


def many(count: int = 20) -> tuple[Array, Array, Array]:
    """Outputs of three labels; weights of samples."""
    y, p, w = data(3 * count)
    return y.reshape(count, 3), p.reshape(count, 3), w[:count]


@pytest.mark.parametrize("curve", ["ROC", "PR"])
@pytest.mark.parametrize("label_weights", [None, [1.0, 0.5, 3.0]])
@pytest.mark.parametrize("num_labels", [None, 3])
def test_curve_for_each_label(curve: str, label_weights: Any, num_labels: int | None) -> None:
    """The mean of the areas that each label has by itself."""
    y, p, w = many()
    areas = []
    for label in range(3):
        own = AUC(curve=curve)
        own.update_state(y[:, label], p[:, label], w)
        areas.append(float(own.result()))
    metric = AUC(curve=curve, multi_label=True, num_labels=num_labels, label_weights=label_weights)
    assert len(metric.variables) == (0 if num_labels is None else 4)
    assert metric.result() == 0
    for rows in (slice(0, 8), slice(8, 20)):
        metric.update_state(y[rows], p[rows], w[rows])
    assert metric.result() == pytest.approx(np.average(areas, weights=label_weights), rel=1e-5)
    metric.reset_state()
    assert metric.result() == 0
    assert {v.shape for v in metric.variables} == {(200, 3)}


def test_weights_of_labels_in_one_curve() -> None:
    y, p, w = many()
    metric = AUC(label_weights=[1.0, 0.5, 3.0])
    metric.update_state(y, p, w)
    full = w[:, None] * np.asarray([1.0, 0.5, 3.0])
    assert metric.result() == pytest.approx(pairs_won(y.ravel(), p.ravel(), full.ravel()), rel=1e-5)


@pytest.mark.parametrize(
    ("num_labels", "shape", "expected"),
    [(3, (4, 2), "outputs (batch, 3)"), (None, (4, 2, 2), "outputs (batch, labels)")],
)
def test_labels_that_are_not_there(
    num_labels: int | None, shape: tuple[int, ...], expected: str
) -> None:
    metric = AUC(multi_label=True, num_labels=num_labels)
    with pytest.raises(DataError) as caught:
        metric.update_state(np.zeros(shape), np.zeros(shape))
    assert str(caught.value) == (
        f"auc: the outputs have no such labels\n  expected  {expected}\n  got       float32 {shape}"
    )


def test_no_data() -> None:
    assert AUC().result() == 0
    assert AUC(curve="PR").result() == 0


# Regions -----------------------------------------------------------------------------------------


def test_mean_iou() -> None:
    random = np.random.default_rng(4)
    y, p = random.integers(0, 4, (2, 5, 6))
    w = random.uniform(0.5, 2, 5)
    full = np.repeat(w[:, None], 6, axis=1)

    def mean(classes: Sequence[int], ignored: int = -1) -> float:
        found = []
        for c in classes:
            in_y, in_p = (y == c) & (y != ignored), (p == c) & (y != ignored)
            union = full[in_y | in_p].sum()
            if union:
                found.append(full[in_y & in_p].sum() / union)
        return float(np.mean(found))

    metric = metrics.MeanIoU(4)
    metric.update_state(y[:2], p[:2], sample_weight=w[:2])
    metric.update_state(y[2:], p[2:], sample_weight=w[2:])
    assert metric.result() == pytest.approx(mean(range(4)))
    more = metrics.MeanIoU(num_classes=9)  # classes that nothing names
    more.update_state(y, p, w)
    assert more.result() == pytest.approx(mean(range(4)))
    flat = metrics.MeanIoU(4, ignore_class=2)
    flat.update_state(y.ravel(), p.ravel(), full.reshape(-1, 1))
    assert flat.result() == pytest.approx(mean(range(4), ignored=2))
    without = metrics.MeanIoU(4, ignore_class=2)
    without.update_state(y, p, w)
    assert without.result() == pytest.approx(mean(range(4), ignored=2))
    dense = metrics.MeanIoU(4, sparse_y_true=False, sparse_y_pred=False)
    dense.update_state(np.eye(4)[y], np.eye(4)[p], w)
    assert dense.result() == pytest.approx(mean(range(4)))
    middle = metrics.MeanIoU(4, sparse_y_pred=False, axis=1)
    middle.update_state(y, np.moveaxis(np.eye(4)[p], -1, 1), w)
    assert middle.result() == pytest.approx(mean(range(4)))


def test_mean_iou_of_other_numbers() -> None:
    metric = metrics.MeanIoU(2)
    assert metric.result() == 0
    metric.update_state([0, 1, 255, 1], [0, 1, 1, -3])
    assert metric.result() == 1.0


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thresholds", [1.5, [0.5, -0.1], [], [None], np.nan, "high"])
@pytest.mark.parametrize("kind", [TruePositives, FalseNegatives, Precision, Recall])
def test_bad_thresholds(kind: Any, thresholds: Any) -> None:
    with pytest.raises(OptionError) as caught:
        kind(thresholds)
    assert str(caught.value).startswith(
        f"{kind.__name__}: bad thresholds\n"
        "  expected  a number in 0..1, or several\n"
        f"  got       {thresholds!r}"
    )


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: AUC(1),
            "AUC: bad num_thresholds\n  expected  an integer >= 2\n  got       1",
        ),
        (lambda: AUC(curve="F1"), "AUC: bad curve\n  expected  'roc' or 'pr'\n  got       'F1'"),
        (
            lambda: AUC(summation_method="minor"),
            "AUC: bad summation_method\n"
            "  expected  'interpolation', 'minoring' or 'majoring'\n"
            "  got       'minor'",
        ),
        (
            lambda: AUC(thresholds=[2.0]),
            "AUC: bad thresholds\n  expected  a number in 0..1, or several\n  got       [2.0]",
        ),
        (
            lambda: AUC(num_labels=2),
            "AUC: bad num_labels\n  expected  None where multi_label is False\n  got       2",
        ),
        (
            lambda: Precision(top_k=0),
            "Precision: bad top_k\n  expected  an integer >= 1; or None\n  got       0",
        ),
        (
            lambda: Recall(class_id=-1),
            "Recall: bad class_id\n  expected  an integer >= 0; or None\n  got       -1",
        ),
        (
            lambda: metrics.MeanIoU(0),
            "MeanIoU: bad num_classes\n  expected  an integer >= 1\n  got       0",
        ),
    ],
)
def test_bad_options(make: Any, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value).startswith(told)


def test_misfit() -> None:
    with pytest.raises(DataError) as caught:
        Precision().update_state([0, 1, 1], np.zeros((3, 2)))
    assert str(caught.value) == (
        "precision: targets do not fit the output\n"
        "  expected  y of shape (3, 2), as the output\n"
        "  got       y float32 (3,), output float32 (3, 2)"
    )
