"""Every loss function against a formula that was derived another way, mostly SciPy's.

The oracles take one sample, targets and outputs of one vector each, and say its loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.spatial.distance
import scipy.special
import scipy.stats

from thalweg import core, losses
from thalweg.core import Session

Vector = npt.NDArray[np.float64]
Oracle = Callable[[Vector, Vector], float]
CLASSES = 4


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def real(*shape: int) -> Vector:
    return random().normal(size=(2, *shape)) * 2


def positive(*shape: int) -> Vector:
    return random().uniform(0.1, 3, (2, *shape))


def counts(*shape: int) -> Vector:
    return np.stack([random().integers(0, 5, shape).astype(float), random().uniform(0.5, 4, shape)])


def distributions(*shape: int) -> Vector:
    return random().dirichlet(np.ones(shape[-1]), (2, *shape[:-1]))


def chances(*shape: int) -> Vector:
    y, p = random().uniform(0.05, 0.95, (2, *shape))
    return np.stack([(y > 0.5).astype(float), p])


def signs(*shape: int) -> Vector:
    y, p = real(*shape)
    return np.stack([np.sign(y), p])


def one_hot(*shape: int) -> Vector:
    numbers = random().integers(0, shape[-1], shape[:-1])
    return np.stack(
        [np.eye(shape[-1])[numbers], random().dirichlet(np.ones(shape[-1]), shape[:-1])]
    )


def hot_scores(*shape: int) -> Vector:
    return np.stack([one_hot(*shape)[0], real(*shape)[1]])


def negative_log_likelihood(y: Vector, p: Vector) -> float:
    """Of Poisson counts; the loss leaves out log(y!)."""
    return float(np.mean(-scipy.stats.poisson.logpmf(y, p) - scipy.special.gammaln(y + 1)))


def worst_margin(y: Vector, p: Vector) -> float:
    right = int(np.argmax(y))
    rivals = [0.0 if i == right else float(p[i]) for i in range(len(p))]
    return max(0.0, 1.0 + max(rivals) - float(p[right]))


def margins(y: Vector, p: Vector) -> list[float]:
    return [0.0 if b * s >= 1 else 1 - b * s for b, s in zip(y, p, strict=True)]


CASES: dict[str, tuple[Callable[..., Vector], Oracle, dict[str, Any]]] = {
    "mean_squared_error": (real, lambda y, p: np.linalg.norm(y - p) ** 2 / y.size, {}),
    "mean_absolute_error": (real, lambda y, p: np.linalg.norm(y - p, 1) / y.size, {}),
    "mean_absolute_percentage_error": (
        positive,
        lambda y, p: 100 * float(np.mean(np.maximum(p / y, 2 - p / y) - 1)),
        {},
    ),
    "mean_squared_logarithmic_error": (
        positive,
        lambda y, p: float(np.mean(np.log1p((p - y) / (1 + y)) ** 2)),
        {},
    ),
    "huber": (real, lambda y, p: float(np.mean(scipy.special.huber(1.0, y - p))), {}),
    "huber/delta": (
        real,
        lambda y, p: float(np.mean(scipy.special.huber(0.25, y - p))),
        {"delta": 0.25},
    ),
    "log_cosh": (real, lambda y, p: float(np.mean(np.log(np.cosh(y - p)))), {}),
    "cosine_similarity": (real, lambda y, p: scipy.spatial.distance.cosine(y, p) - 1, {}),
    "poisson": (counts, negative_log_likelihood, {}),
    "kl_divergence": (distributions, lambda y, p: scipy.stats.entropy(y, p), {}),
    "hinge": (signs, lambda y, p: float(np.mean(margins(y, p))), {}),
    "squared_hinge": (signs, lambda y, p: float(np.mean(np.square(margins(y, p)))), {}),
    "categorical_hinge": (hot_scores, worst_margin, {}),
    "binary_crossentropy": (
        chances,
        lambda y, p: -float(np.mean(scipy.stats.bernoulli.logpmf(y.astype(int), p))),
        {},
    ),
    "binary_crossentropy/logits": (
        lambda *shape: np.stack([chances(*shape)[0], 3 * real(*shape)[1]]),
        lambda y, z: -float(np.mean(scipy.special.log_expit(np.where(y == 1, z, -z)))),
        {"from_logits": True},
    ),
    "binary_crossentropy/smooth": (
        chances,
        lambda y, p: float(
            np.mean(np.where(y == 1, -0.9 * np.log(p) - 0.1 * np.log1p(-p), 0))
            + np.mean(np.where(y == 0, -0.1 * np.log(p) - 0.9 * np.log1p(-p), 0))
        ),
        {"label_smoothing": 0.2},
    ),
    "categorical_crossentropy": (
        one_hot,
        lambda y, p: float(-np.log(p[np.argmax(y)])),
        {},
    ),
    "categorical_crossentropy/soft": (
        distributions,
        lambda y, p: scipy.stats.entropy(y) + scipy.stats.entropy(y, p),
        {},
    ),
    "categorical_crossentropy/unnormalized": (
        lambda *shape: one_hot(*shape) * [[[1.0]], [[0.25]]],
        lambda y, p: float(-np.log(p[np.argmax(y)] / p.sum())),
        {},
    ),
    "categorical_crossentropy/logits": (
        hot_scores,
        lambda y, z: float(scipy.special.logsumexp(z) - z[np.argmax(y)]),
        {"from_logits": True},
    ),
    "categorical_crossentropy/smooth": (
        one_hot,
        lambda y, p: float(-0.8 * np.log(p[np.argmax(y)]) - 0.2 * np.mean(np.log(p))),
        {"label_smoothing": 0.2},
    ),
}


def function(case: str) -> Callable[..., Any]:
    return getattr(losses, case.partition("/")[0])  # type: ignore[no-any-return]


def expected(case: str, y: Vector, p: Vector) -> Vector:
    """The oracle's loss of each sample."""
    oracle = CASES[case][1]
    pairs = zip(y.reshape(-1, y.shape[-1]), p.reshape(-1, p.shape[-1]), strict=True)
    return np.asarray([oracle(a, b) for a, b in pairs]).reshape(y.shape[:-1])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arrays(case: str, dtype: str) -> None:
    make, _, options = CASES[case]
    y, p = make(6, CLASSES)
    got = function(case)(y.astype(dtype), p.astype(dtype), **options)
    assert got.dtype == dtype
    np.testing.assert_allclose(
        got, expected(case, y, p), rtol=1e-6 if dtype == "float64" else 2e-5, atol=1e-6
    )


@pytest.mark.parametrize("case", CASES)
def test_tensors_of_unknown_sizes(case: str, session: Session) -> None:
    make, _, options = CASES[case]
    y, p = make(3, CLASSES)
    targets, outputs = (core.placeholder("float64", [None, None]) for _ in range(2))
    values = function(case)(targets, outputs, **options)
    assert values.shape == (None,)
    got = session.run(values, {targets: y, outputs: p})
    np.testing.assert_allclose(got, expected(case, y, p), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", [case for case in CASES if "unnormalized" not in case])
def test_further_axes(case: str) -> None:
    make, _, options = CASES[case]
    y, p = make(2, 3, CLASSES)
    got = function(case)(y, p, **options)
    assert got.shape == (2, 3)
    np.testing.assert_allclose(got, expected(case, y, p), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_gradient(case: str, session: Session) -> None:
    """Of the outputs, against central differences along one direction."""
    make, _, options = CASES[case]
    y, p = make(5, CLASSES)
    outputs = core.placeholder("float64", p.shape)
    values = function(case)(y, outputs, **options)
    [gradient] = core.gradients(values, [outputs])
    direction = random().normal(size=p.shape)
    step = 1e-6

    def total(at: Vector) -> float:
        return float(session.run(values, {outputs: at}).sum())

    slope = (total(p + step * direction) - total(p - step * direction)) / (2 * step)
    got = session.run(gradient, {outputs: p})
    assert np.vdot(got, direction) == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("from_logits", [False, True])
def test_sparse_is_categorical(from_logits: bool) -> None:
    """Class numbers mean the one-hot rows; SciPy knows the latter."""
    numbers = random().integers(0, CLASSES, (6,))
    p = random().dirichlet(np.ones(CLASSES), 6)
    scores = 3 * real(6, CLASSES)[0] if from_logits else p
    logs = scipy.special.log_softmax(scores, axis=-1) if from_logits else np.log(p)
    wanted = [-logs[i, number] for i, number in enumerate(numbers)]
    for labels in (numbers, numbers[:, None], numbers.astype("float32"), numbers.tolist()):
        got = losses.sparse_categorical_crossentropy(labels, scores, from_logits=from_logits)
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_sparse_of_unnormalized_probabilities() -> None:
    p = random().uniform(0.1, 0.9, (3, CLASSES))
    got = losses.sparse_categorical_crossentropy([0, 1, 2], p)
    np.testing.assert_allclose(got, [-np.log(p[i, i] / p[i].sum()) for i in range(3)], rtol=1e-6)


def test_label_that_is_no_class_is_nan() -> None:
    got = losses.sparse_categorical_crossentropy([0, 3, -1], np.full((3, 3), 1 / 3))
    assert np.isnan(got).tolist() == [False, True, True]


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_axis(name: str) -> None:
    """An axis of classes in the middle is the last one of the transposed arrays."""
    y, p = one_hot(2, CLASSES, 3)
    compute = getattr(losses, name)
    for options in ({}, {"from_logits": True}, {"label_smoothing": 0.5} if name[0] == "b" else {}):
        got = compute(y, p, axis=1, **options)
        wanted = compute(y.transpose(0, 2, 1), p.transpose(0, 2, 1), **options)
        assert got.shape == (2, 3)
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_axis_of_sparse_targets() -> None:
    p = random().dirichlet(np.ones(CLASSES), (2, 3))
    labels = random().integers(0, CLASSES, (2, 3))
    wanted = -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])
    got = losses.sparse_categorical_crossentropy(labels, p.transpose(0, 2, 1), axis=1)
    np.testing.assert_allclose(got, wanted, rtol=1e-6)
    np.testing.assert_allclose(
        losses.sparse_categorical_crossentropy(labels, p, axis=2), wanted, rtol=1e-6
    )


def test_cosine_axis() -> None:
    y, p = real(3, 2)
    wanted = [scipy.spatial.distance.cosine(y[:, i], p[:, i]) - 1 for i in range(2)]
    np.testing.assert_allclose(losses.cosine_similarity(y, p, axis=0), wanted, rtol=1e-6)


def test_cosine_of_zeros() -> None:
    assert losses.cosine_similarity(np.zeros((1, 3)), np.ones((1, 3))).tolist() == [0.0]


def test_zero_and_one_are_labels_of_hinge() -> None:
    p = real(4, 3)[1]
    y = np.asarray([[0, 1, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1.0]])
    for compute in (losses.hinge, losses.squared_hinge):
        assert compute(y, p).tolist() == compute(2 * y - 1, p).tolist()
    y[0, 0] = -1  # one that is neither: all are taken as they are
    np.testing.assert_allclose(
        losses.hinge(y, p), [np.mean(margins(*row)) for row in zip(y, p, strict=True)]
    )


@pytest.mark.parametrize(
    ("name", "y", "p", "value"),
    [
        # Keras's fuzz factor of 1e-7, where a formula would divide by 0 or take its logarithm
        ("mean_absolute_percentage_error", [0.0], [1.0], 1e9),
        ("mean_squared_logarithmic_error", [-5.0], [np.e - 1], (1 - 1e-7) ** 2),
        ("poisson", [1.0], [0.0], 7 * np.log(10)),
        ("kl_divergence", [1.0, 0.0], [0.0, 1.0], 7 * np.log(10)),
        ("binary_crossentropy", [1.0], [0.0], 7 * np.log(10)),
        ("categorical_crossentropy", [0.0, 1.0], [1.0, 0.0], 7 * np.log(10)),
        ("log_cosh", [0.0], [-3000.0], 3000 - np.log(2)),  # cosh would overflow
    ],
)
def test_extremes(name: str, y: list[float], p: list[float], value: float) -> None:
    got = getattr(losses, name)(np.asarray([y]), np.asarray([p]))
    np.testing.assert_allclose(got, [value], rtol=1e-5)


def test_integers_are_numbers() -> None:
    got = losses.mean_squared_error([[1, 2]], [[3, 5]])
    assert (got.dtype, got.tolist()) == (np.float32, [6.5])


@pytest.mark.parametrize(
    ("target", "output", "values"), [((3,), (3, 1), (3,)), ((3, 1), (3,), (3,)), ((), (3, 2), (3,))]
)
def test_ranks_that_differ_by_an_axis_of_one(
    target: tuple[int, ...], output: tuple[int, ...], values: tuple[int, ...]
) -> None:
    y, p = random().normal(size=target), random().normal(size=output)
    got = losses.mean_squared_error(y, p)
    assert got.shape == values
    wanted = (y.reshape(-1, 1) - p.reshape(3, -1)) ** 2
    np.testing.assert_allclose(got, wanted.mean(axis=-1), rtol=1e-6)


def test_a_sequence_loses_its_axis_of_one() -> None:
    """As in Keras: (batch, time) targets of (batch, time, 1) outputs give one value a sample."""
    y, p = random().normal(size=(2, 4)), random().normal(size=(2, 4, 1))
    np.testing.assert_allclose(
        losses.mean_squared_error(y, p), ((y - p[..., 0]) ** 2).mean(axis=1), rtol=1e-6
    )
