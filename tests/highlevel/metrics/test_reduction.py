"""Means and sums: weights, batches of several lengths, functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import core, losses, metrics
from thalweg.core import Session, placeholder
from thalweg.core.errors import ShapeError
from thalweg.metrics import Mean, MeanMetricWrapper, Metric, Sum

Array = npt.NDArray[Any]


def draw(*shape: int, seed: int = 3) -> Array:
    return np.random.default_rng(seed).uniform(0.1, 2, shape).astype(np.float32)


def test_mean() -> None:
    metric = Mean()
    assert metric.result() == 0
    metric.update_state([1.0, 3.0])
    metric.update_state([8.0])
    assert metric.result() == 4
    metric.update_state(4)
    assert metric.result() == 4
    assert metric.name == "mean"


def test_weighted_mean_is_numpys() -> None:
    metric = Mean()
    values, weights = draw(9), draw(9, seed=4)
    for rows in (slice(0, 5), slice(5, 9)):
        metric.update_state(values[rows], sample_weight=weights[rows])
    assert metric.result() == pytest.approx(np.average(values, weights=weights))
    metric.update_state([100.0], sample_weight=[0.0])
    assert metric.result() == pytest.approx(np.average(values, weights=weights))


def test_weights_of_zero() -> None:
    metric = Mean()
    metric.update_state([1.0, 2.0], sample_weight=[0.0, 0.0])
    assert metric.result() == 0


def test_negative_weights() -> None:
    metric = Mean()
    metric.update_state([1.0, 2.0], sample_weight=[-3.0, 1.0])
    assert metric.result() == pytest.approx(0.5)


def test_sum() -> None:
    metric = Sum()
    metric.update_state([[1.0, 3.0], [5.0, 7.0]])
    assert metric.result() == 16
    metric.update_state([[1.0, 3.0], [5.0, 7.0]], sample_weight=[0.5, 2.0])
    assert metric.result() == 16 + 2 + 24
    metric.update_state([1.0, 2.0], sample_weight=[[1.0], [2.0]])
    assert metric.result() == 47


@pytest.mark.parametrize("kind", [Mean, Sum])
@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (4, 3), (4, 3, 1), (4, 3, 2)])
def test_weights_are_broadcast(kind: type[Metric], shape: tuple[int, ...]) -> None:
    """Weights have the first axes of the values, or those with a further one of size 1."""
    values, weights = draw(4, 3, 2), draw(*shape, seed=4)
    kept = weights.reshape(
        {(): (1, 1, 1), (4,): (4, 1, 1), (4, 1): (4, 1, 1)}.get(shape, (4, 3, -1))
    )
    full = np.broadcast_to(kept, values.shape)
    metric = kind()
    metric.update_state(values, sample_weight=weights)
    weighted = float((values * full).sum())
    assert metric.result() == pytest.approx(weighted / full.sum() if kind is Mean else weighted)


def test_samples_count_alike() -> None:
    """Not their values: batches of sequences may differ in length (Keras's rule)."""
    short, long = draw(2, 3), draw(1, 30)
    metric = Mean()
    metric.update_state(short)
    metric.update_state(long)
    assert metric.result() == pytest.approx(np.mean([*short.mean(axis=1), *long.mean(axis=1)]))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 1, 1)])
def test_weights_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as caught:
        Mean().update_state(draw(2, 2), sample_weight=draw(*shape))
    assert str(caught.value) == (
        "sample_weight: does not fit the values it weighs\n"
        "  expected  the shape of the values, (2, 2), or its first axes\n"
        f"  got       float32 {shape}"
    )


def test_unknown_rank(session: Session) -> None:
    values = placeholder("float32")
    mean = Mean()(values)
    assert session.run(mean, {values: [[1.0, 2.0], [3.0, 6.0]]}) == 3


# Functions ---------------------------------------------------------------------------------------


def distance(y_true: Any, y_pred: Any, scale: float = 1.0) -> Any:
    return scale * core.reduce_mean(core.abs(y_true - y_pred), axis=-1)


def test_function() -> None:
    metric = MeanMetricWrapper(distance, scale=2.0)
    assert metric.name == "distance"
    y, p = np.int64([[1, 2], [3, 4]]), np.float32([[1, 1], [1, 1]])
    metric.update_state(y, p)  # integers are seen as floats
    assert metric.result() == 2 * (0.5 + 2.5) / 2
    metric.update_state(y, p, sample_weight=[1.0, 3.0])
    assert metric.result() == pytest.approx((1 + 5 + 1 * 1 + 3 * 5) / 6)
    assert MeanMetricWrapper(lambda y, p: p).name == "lambda"
    assert MeanMetricWrapper("binary_accuracy").fn is metrics.binary_accuracy
    assert MeanMetricWrapper("mse").fn is losses.mean_squared_error


def test_integer_outputs_stay_integers() -> None:
    metric = MeanMetricWrapper(lambda y, p: core.cast(core.equal(y, p), "float32"))
    metric.update_state(np.int64([1, 2]), np.int64([1, 3]))
    assert metric.result() == 0.5


def test_function_that_gives_a_scalar() -> None:
    metric = MeanMetricWrapper(lambda y, p: core.reduce_max(p))
    metric.update_state([0.0, 0.0], [1.0, 5.0])
    metric.update_state([0.0, 0.0], [1.0, 3.0])
    assert metric.result() == 4
    metric.update_state([0.0, 0.0], [1.0, 10.0], sample_weight=[1.0, 3.0])
    assert metric.result() == pytest.approx((5 + 3 + 4 * 10) / 6)


# Means of losses ---------------------------------------------------------------------------------

REAL = ["MeanSquaredError", "MeanAbsoluteError", "LogCoshError", "CosineSimilarity"]
POSITIVE = ["MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson"]
CHANCES = ["BinaryCrossentropy", "CategoricalCrossentropy", "KLDivergence"]
MARGINS = ["Hinge", "SquaredHinge", "CategoricalHinge"]
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "LogCoshError": losses.log_cosh,
    "CosineSimilarity": lambda y, p: -losses.cosine_similarity(y, p),
    "Poisson": losses.poisson,
    "KLDivergence": losses.kl_divergence,
    "Hinge": losses.hinge,
    "SquaredHinge": losses.squared_hinge,
    "CategoricalHinge": losses.categorical_hinge,
    "MeanSquaredError": losses.mse,
    "MeanAbsoluteError": losses.mae,
    "MeanAbsolutePercentageError": losses.mape,
    "MeanSquaredLogarithmicError": losses.msle,
    "BinaryCrossentropy": losses.binary_crossentropy,
    "CategoricalCrossentropy": losses.categorical_crossentropy,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_mean_of_a_loss(name: str) -> None:
    """The functions themselves have their tests with the losses."""
    y, p, weights = draw(7, 3), draw(7, 3, seed=4) / 2.5, draw(7, seed=5)
    if name in CHANCES:
        y = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 0]]
    values = FUNCTIONS[name](y, p)
    metric = getattr(metrics, name)()
    for rows in (slice(0, 4), slice(4, 7)):
        metric.update_state(y[rows], p[rows])
    assert metric.result() == pytest.approx(values.mean(), rel=1e-5)
    metric.reset_state()
    for rows in (slice(0, 4), slice(4, 7)):
        metric.update_state(y[rows], p[rows], weights[rows])
    assert metric.result() == pytest.approx(np.average(values, weights=weights), rel=1e-5)


def test_every_loss_has_its_metric() -> None:
    assert {*REAL, *POSITIVE, *CHANCES, *MARGINS} == set(FUNCTIONS)


def test_root_mean_squared_error() -> None:
    metric = metrics.RootMeanSquaredError()
    y, p, weights = draw(6, 2), draw(6, 2, seed=4), draw(6, seed=5)
    metric.update_state(y[:2], p[:2], weights[:2])
    metric.update_state(y[2:], p[2:], weights[2:])
    errors = np.linalg.norm(y - p, axis=1)
    assert metric.result() == pytest.approx(np.sqrt(np.average(errors**2 / 2, weights=weights)))
    metric.reset_state()
    assert metric(np.int64([3, 5]), np.float32([[0], [4]])) == pytest.approx(np.sqrt(5))


def test_crossentropy_options() -> None:
    logits = np.float32([[2, -2, 0], [0, 1, 5]])
    options: dict[str, Any] = {"from_logits": True, "label_smoothing": 0.25}
    hot = np.eye(3, dtype=np.float32)[[0, 1]]
    for name in ("BinaryCrossentropy", "CategoricalCrossentropy"):
        loss = getattr(losses, name)(**options)
        assert getattr(metrics, name)(**options)(hot, logits) == pytest.approx(loss(hot, logits))
    sparse = metrics.SparseCategoricalCrossentropy(from_logits=True)
    categorical = metrics.CategoricalCrossentropy(from_logits=True)
    assert sparse([0, 1], logits) == pytest.approx(categorical(hot, logits))
    cosine = metrics.CosineSimilarity(axis=0)
    assert cosine(hot, logits) == pytest.approx(
        -losses.CosineSimilarity(axis=0)(hot, logits), rel=1e-5
    )


def test_ignored_class() -> None:
    """As in the loss: such targets do not count."""
    p = np.float32([[0.5, 0.5], [0.9, 0.1], [0.25, 0.75]])
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    metric.update_state([0, -1, 0], p)
    assert metric.result() == pytest.approx(1.5 * np.log(2))
    metric.reset_state()
    metric.update_state([[0], [-1], [0]], p, sample_weight=[1.0, 9.0, 3.0])
    assert metric.result() == pytest.approx((1 + 3 * 2) / 4 * np.log(2))
    metric.reset_state()
    metric.update_state([0, -1, 0], p, sample_weight=[[1.0], [9.0], [3.0]])
    assert metric.result() == pytest.approx((1 + 3 * 2) / 4 * np.log(2))
    metric.reset_state()
    metric.update_state([[0, -1], [0, 1]], np.stack([p[:2], p[1:]]), sample_weight=[3.0, 1.0])
    wanted = -(3 * np.log(0.5) + np.log(0.9) + np.log(0.75)) / 5
    assert metric.result() == pytest.approx(wanted)
