"""Candidate samplers and the losses over samples: distributions, state, limits and errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    CandidateSample,
    Graph,
    Session,
    constant,
    gradients,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    nce_loss,
    placeholder,
    sampled_softmax_loss,
    softmax_cross_entropy,
    uniform_candidate_sampler,
)
from thalweg.core.errors import DataError, OptionError, ShapeError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def zipf(classes: int) -> np.ndarray:
    return np.array([math.log((c + 2) / (c + 1)) / math.log(classes + 1) for c in range(classes)])


def test_log_uniform_draws_by_its_law() -> None:
    count = 20000
    sample = log_uniform_candidate_sampler([[0], [6]], count, False, 7, seed=3)
    drawn, true, sampled = Session().run(sample)
    p = zipf(7)
    share = np.bincount(drawn, minlength=7) / count
    assert np.all(np.abs(share - p) < 5 * np.sqrt(p * (1 - p) / count))
    np.testing.assert_allclose(true[:, 0], p[[0, 6]] * count, rtol=1e-5)
    np.testing.assert_allclose(sampled, p[drawn] * count, rtol=1e-5)


def test_distinct_draws_come_as_often_as_expected() -> None:
    runs, classes = 2000, 6
    everything = np.arange(classes)[None]
    sample = log_uniform_candidate_sampler(everything, 3, True, classes, seed=5)
    session = Session()
    seen, expected = np.zeros(classes), np.zeros(classes)
    for _ in range(runs):
        drawn, true, sampled = session.run(sample)
        assert len(set(drawn.tolist())) == 3
        np.testing.assert_allclose(sampled, true[0, drawn], rtol=1e-6)
        seen[drawn] += 1
        expected += true[0]
    # 1 - (1 - p) ** draws is a little off, as in TensorFlow: draws and hits are not independent
    assert np.all(np.abs(seen - expected) / runs < 0.06)
    assert abs(seen.sum() / runs - 3) == 0


def test_uniform_draws_all_classes() -> None:
    drawn, true, _ = Session().run(uniform_candidate_sampler([[1]], 9000, False, 9, seed=1))
    assert np.all(np.abs(np.bincount(drawn) - 1000) < 160)
    assert true.tolist() == [[1000.0]]


def test_learned_unigram_learns_after_it_has_drawn() -> None:
    classes = placeholder("int32", [None, 2])
    sample = learned_unigram_candidate_sampler(classes, 500, False, 4, seed=2)
    session, other = Session(), Session()
    first = session.run(sample, {classes: np.full((50, 2), 3)})
    assert set(first.sampled_candidates.tolist()) == {0, 1, 2, 3}
    assert first.true_expected_count[0].tolist() == [125.0, 125.0]
    second = session.run(sample, {classes: [[3, 0]]})
    counts = np.array([1, 1, 1, 101])
    np.testing.assert_allclose(second.true_expected_count[0], 500 * counts[[3, 0]] / 104, rtol=1e-6)
    assert np.mean(second.sampled_candidates == 3) > 0.9
    assert other.run(sample, {classes: [[3, 0]]}).true_expected_count[0, 0] == 125.0


def test_a_run_that_does_not_sample_does_not_learn() -> None:
    sample = learned_unigram_candidate_sampler([[0]], 1, False, 2)
    session = Session()
    session.run(constant(1.0))
    assert session.run(sample.true_expected_count).tolist() == [[0.5]]


def test_a_seed_fixes_the_sample_and_each_run_draws_anew() -> None:
    samples = [log_uniform_candidate_sampler([[0]], 8, False, 1000, seed=s) for s in (4, 4, 5)]
    session = Session()
    runs = [[s.sampled_candidates.tolist() for s in session.run(samples)] for _ in range(2)]
    assert runs[0][0] == runs[0][1] != runs[0][2]
    assert runs[0][0] != runs[1][0]


def linear(classes: int = 5, features: int = 3, batch: int = 4) -> list[Any]:
    rng = np.random.default_rng(0)
    shapes = [(classes, features), (classes,), (batch, features)]
    return [constant(rng.standard_normal(shape), "float64") for shape in shapes]


def test_a_sample_of_all_classes_is_the_full_softmax() -> None:
    weights, biases, inputs = linear()
    labels = np.array([[0], [4], [2], [2]])
    sampled = sampled_softmax_loss(weights, biases, labels, inputs, 5, 5)
    logits = inputs @ constant(np.transpose(Session().run(weights))) + biases
    full = softmax_cross_entropy(np.eye(5)[labels[:, 0]], logits)
    # all five are drawn; log(1 - (1 - p) ** draws) is what they are corrected by
    sample = log_uniform_candidate_sampler(labels, 5, True, 5, seed=1)
    ones = CandidateSample(sample.sampled_candidates, np.ones((4, 1), "f"), np.ones(5, "f"))
    exact = sampled_softmax_loss(weights, biases, labels, inputs, 5, 5, sampled_values=ones)
    values = Session().run([sampled, exact, full, *gradients(exact, inputs)])
    np.testing.assert_allclose(values[1], values[2])
    assert np.isfinite(values[0]).all() and np.isfinite(values[3]).all()
    np.testing.assert_allclose(values[3], Session().run(gradients(full, inputs))[0])


def test_accidental_hits_may_be_removed_from_nce() -> None:
    weights, biases, inputs = linear()
    sample = CandidateSample(
        constant([1, 2], "int64"), constant(np.ones((4, 1), "f")), constant([1.0, 1.0])
    )
    losses = [
        nce_loss(weights, biases, [[1]] * 4, inputs, 2, 5, sample, remove_accidental_hits=removed)
        for removed in (False, True)
    ]
    kept, removed = Session().run(losses)
    w, b, x = Session().run([weights, biases, inputs])
    np.testing.assert_allclose(kept - removed, np.logaddexp(0, x @ w[1] + b[1]))


def test_too_many_classes() -> None:
    with pytest.raises(OptionError) as error:
        log_uniform_candidate_sampler([[0]], 5, True, 4)
    assert str(error.value).splitlines() == [
        "log_uniform_candidate_sampler: so many classes cannot be drawn",
        "  expected  num_sampled >= 1, and not above range_max if they are to be distinct",
        "  got       num_sampled=5, range_max=4, unique=True",
    ]


def test_classes_too_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thalweg.core.ops.candidates.MAX_TRIES", 1000)
    classes = placeholder("int32", [None, 1])
    sample = learned_unigram_candidate_sampler(classes, 2, True, 2)
    session = Session()
    session.run(sample, {classes: np.zeros((10**6, 1), "i4")})
    with pytest.raises(DataError) as error:
        session.run(sample, {classes: [[0]]})
    lines = str(error.value).splitlines()
    assert lines[:3] == [
        "SampleUnigram: some classes are too rare to be drawn",
        "  expected  2 distinct classes in 1024 draws",
        "  got       1 distinct classes",
    ]
    assert lines[-1] == "  hint      sample fewer classes, or use unique=False"


def test_labels_must_be_rows_of_classes() -> None:
    weights, biases, inputs = linear()
    with pytest.raises(ShapeError) as error:
        nce_loss(weights, biases, [0, 1, 2, 3], inputs, 2, 5)
    assert str(error.value).splitlines()[:3] == [
        "nce_loss: labels are not rows of classes",
        "  expected  labels integer (batch, num_true)",
        "  got       weights float64 (5, 3), biases float64 (5,), labels int32 (4,), "
        "inputs float64 (4, 3)",
    ]
