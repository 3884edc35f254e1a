"""Rows of `core/ops/losses.py`, `ctc.py`, `ctc_decode.py`, `candidates.py` and `sampled.py`.

The oracles of connectionist temporal classification write out every path there is.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any

import numpy as np
import scipy.special

from thalweg import core
from thalweg.core import CandidateSample, apply, apply_many
from thalweg.core.opdef import REGISTRY

from .case import Case, Input
from .cases_random import bits, words

CLASSES = 3
TIMES = 4
LONGEST = 2


def integers(low: int, high: int) -> Any:
    """Draws integers from low..high."""
    return lambda rng, shape, dtype: rng.integers(low, high, shape, endpoint=True).astype(dtype)


def labels_of(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def all_labels(logits: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """Probability of each label sequence.  logits: (time, classes)."""
    y = scipy.special.softmax(logits, axis=1)
    total: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        total[labels_of(path, blank)] += math.prod(y[t, c] for t, c in enumerate(path))
    return total


def ctc(
    labels: np.ndarray,
    logits: np.ndarray,
    label_length: np.ndarray,
    logit_length: np.ndarray,
    blank: int = CLASSES - 1,
) -> np.ndarray:
    losses = []
    for sample, (known, times) in enumerate(zip(label_length, logit_length, strict=True)):
        total = all_labels(logits[:times, sample], blank)
        losses.append(-math.log(total[tuple(labels[sample, :known].tolist())]))
    return np.array(losses)


def greedy(scores: np.ndarray, lengths: np.ndarray, merge: bool, blank: int) -> Any:
    times, batch, _ = scores.shape
    labels = np.full((batch, times), -1, np.int64)
    found, total = np.zeros(batch, np.int32), np.zeros(batch)
    for sample, length in enumerate(lengths):
        best = [int(np.argmax(row)) for row in scores[:length, sample]]
        wanted = labels_of(tuple(best), blank) if merge else [c for c in best if c != blank]
        labels[sample, : len(wanted)] = wanted
        found[sample] = len(wanted)
        total[sample] = -sum(max(row) for row in scores[:length, sample])
    return labels, found, total


def beams(logits: np.ndarray, lengths: np.ndarray, paths: int, blank: int) -> Any:
    times, batch, _ = logits.shape
    labels = np.full((batch, paths, times), -1, np.int64)
    found, log_p = np.zeros((batch, paths), np.int32), np.full((batch, paths), -np.inf)
    for sample, length in enumerate(lengths):
        total = all_labels(logits[:length, sample], blank)
        best = sorted(total, key=lambda sequence: -total[sequence])[:paths]
        for path, sequence in enumerate(best):
            labels[sample, path, : len(sequence)] = sequence
            found[sample, path] = len(sequence)
            log_p[sample, path] = math.log(total[sequence])
    return labels, found, log_p


def drawn(key: np.ndarray, count: int, share: Any, unique: bool) -> Any:
    """Classes one after another; `share(u)` is the class at u of the distribution function."""
    found: list[int] = []
    uniforms = (bits(key, [64 * count]).astype(float) + 0.5) / 2**32
    for tries, u in enumerate(uniforms, start=1):
        number = share(u)
        if not unique or number not in found:
            found.append(number)
        if len(found) == count:
            return np.array(found), np.array(tries)
    raise AssertionError("draw more numbers")


def by_search(probabilities: Any) -> Any:
    """The first class whose summed probability exceeds u."""
    limits = list(itertools.accumulate(probabilities))
    return lambda u: next((i for i, limit in enumerate(limits) if u < limit), len(limits) - 1)


def sampler(name: str, unique: bool, share: Any, *attributes: int, weights: bool = False) -> Case:
    return Case(
        f"{name} unique={unique}",
        covers=(name,),
        function=lambda *inputs: tuple(
            apply_many(REGISTRY[name](5, unique, *attributes), *inputs).outputs
        ),
        inputs=(Input((2,), "uint32", values=words),)
        + ((Input((7,), "int64", low=1, high=9),) if weights else ()),
        oracle=lambda key, *w: drawn(key, 5, share(*w), unique),
        gradient=False,
    )


def zipf() -> Any:
    return by_search([math.log((c + 2) / (c + 1)) / math.log(13) for c in range(12)])


def looked_at(
    weights: np.ndarray, biases: np.ndarray, labels: np.ndarray, inputs: np.ndarray, sample: Any
) -> Any:
    """For each sample of the batch: its corrected logits, true classes first; drawn classes."""
    drawn_classes, true_count, drawn_count = sample
    rows = []
    for row, x in enumerate(inputs):
        pairs = [*zip(labels[row], true_count[row], strict=True)]
        pairs += [*zip(drawn_classes, drawn_count, strict=True)]
        rows.append([x @ weights[c] + biases[c] - math.log(count) for c, count in pairs])
    return np.array(rows).reshape(len(inputs), labels.shape[1] + len(drawn_classes))


def nce(weights: Any, biases: Any, labels: Any, inputs: Any, *sample: Any) -> np.ndarray:
    rows = looked_at(weights, biases, labels, inputs, sample)
    true = labels.shape[1]
    wanted = np.where(np.arange(rows.shape[1]) < true, 1 / true, 0.0)
    log_p, log_q = scipy.special.log_expit(rows), scipy.special.log_expit(-rows)
    return -(wanted * log_p + (1 - wanted) * log_q).sum(axis=1)


def sampled_softmax(weights: Any, biases: Any, labels: Any, inputs: Any, *sample: Any) -> Any:
    rows = looked_at(weights, biases, labels, inputs, sample)
    true, losses = labels.shape[1], []
    for row, known in zip(rows, labels, strict=True):
        kept = [n for n in range(len(row)) if n < true or sample[0][n - true] not in known]
        losses.append(scipy.special.logsumexp(row[kept]) - row[:true].mean())
    return np.array(losses)


MANY = 8
SAMPLED = (
    Input((MANY, "f")),
    Input((MANY,)),
    Input(("n", 2), "int64", values=integers(0, MANY - 1)),
    Input("nf"),
    Input((3,), "int64", values=integers(0, MANY - 1)),
    Input(("n", 2), "float32", low=0.2, high=2, gradient=False),
    Input((3,), "float32", low=0.2, high=2, gradient=False),
)

LOGITS = Input((TIMES, "b", CLASSES))
LENGTHS = Input("b", "int32", values=integers(0, TIMES))
# With 3 times there is a path for every pair of labels, equal ones too.
ENOUGH = Input("b", "int32", values=integers(3, TIMES))
KNOWN = Input("b", "int32", values=integers(0, LONGEST))

CASES = (
    Case(
        "l2_loss",
        covers=("Square", "ReduceSum"),
        function=core.l2_loss,
        inputs=(Input("mn"),),
        oracle=lambda x: np.linalg.norm(x) ** 2 / 2,
        empty="n",
    ),
    Case(
        "weighted_cross_entropy_with_logits",
        covers=("Softplus",),
        function=core.weighted_cross_entropy_with_logits,
        inputs=(Input("mn", low=0, high=1), Input("mn", low=-8, high=8), Input("n", low=0, high=4)),
        oracle=lambda y, z, w: (
            -w * y * scipy.special.log_expit(z) - (1 - y) * scipy.special.log_expit(-z)
        ),
        empty="m",
    ),
    Case(
        "log_poisson_loss",
        covers=("Exp",),
        function=core.log_poisson_loss,
        inputs=(Input("mn", low=0, high=5), Input("mn", low=-2, high=2)),
        oracle=lambda z, c: np.exp(c) * (1 - z * c * np.exp(-c)),
        empty="m",
    ),
    Case(
        "log_poisson_loss in full",
        covers=("Exp", "Log"),
        function=lambda z, c: core.log_poisson_loss(z, c, compute_full_loss=True),
        inputs=(Input("n", low=0, high=6, away=(1.0,)), Input("n", low=-2, high=2)),
        oracle=lambda z, c: (
            np.exp(c)
            - z * c
            + [v * math.log(v / math.e) + math.log(math.tau * v) / 2 if v > 1 else 0 for v in z]
        ),
    ),
    Case(
        "ctc_loss",
        covers=("CTCLoss", "CTCLossGrad"),
        function=core.ctc_loss,
        inputs=(
            Input(("b", LONGEST), "int32", values=integers(0, CLASSES - 2)),
            LOGITS,
            KNOWN,
            ENOUGH,
        ),
        oracle=ctc,
        order=1,
        empty="b",
    ),
    Case(
        "ctc_loss, batch first, blank first",
        covers=("CTCLoss", "CTCLossGrad"),
        function=lambda *inputs: core.ctc_loss(*inputs, logits_time_major=False, blank_index=0),
        inputs=(
            Input(("b", LONGEST), "int64", values=integers(1, CLASSES - 1)),
            Input(("b", TIMES, CLASSES)),
            Input("b", "uint8", values=integers(0, LONGEST)),
            Input("b", "int64", values=integers(3, TIMES)),
        ),
        oracle=lambda labels, x, *lengths: ctc(labels, x.swapaxes(0, 1), *lengths, blank=0),
        order=1,
    ),
    Case(
        "ctc_greedy_decoder",
        covers=("CTCGreedyDecoder",),
        function=core.ctc_greedy_decoder,
        inputs=(LOGITS, LENGTHS),
        oracle=lambda x, n: greedy(x, n, merge=True, blank=CLASSES - 1),
        gradient=False,
        empty="b",
    ),
    Case(
        "ctc_greedy_decoder keeping repetitions",
        covers=("CTCGreedyDecoder",),
        function=lambda x, n: core.ctc_greedy_decoder(x, n, merge_repeated=False, blank_index=0),
        inputs=(LOGITS, LENGTHS),
        oracle=lambda x, n: greedy(x, n, merge=False, blank=0),
        gradient=False,
    ),
    Case(
        "ctc_beam_search_decoder",
        covers=("CTCBeamSearchDecoder",),
        function=lambda x, n: core.ctc_beam_search_decoder(x, n, 50, top_paths=3),
        inputs=(LOGITS, LENGTHS),
        oracle=lambda x, n: beams(x, n, 3, blank=CLASSES - 1),
        gradient=False,
        empty="b",
    ),
    Case(
        "ctc_beam_search_decoder with blank first",
        covers=("CTCBeamSearchDecoder",),
        function=lambda x, n: core.ctc_beam_search_decoder(x, n, 99, top_paths=1, blank_index=0),
        inputs=(Input((3, "b", 4), low=-1, high=1), Input("b", "int64", values=integers(0, 3))),
        oracle=lambda x, n: beams(x, n, 1, blank=0),
        gradient=False,
    ),
    sampler("SampleUniform", True, lambda: by_search([1 / 12] * 12), 12),
    sampler("SampleUniform", False, lambda: by_search([1 / 12] * 12), 12),
    sampler("SampleLogUniform", True, zipf, 12),
    sampler("SampleLogUniform", False, zipf, 12),
    sampler("SampleUnigram", True, lambda w: by_search(w / w.sum()), weights=True),
    sampler("SampleUnigram", False, lambda w: by_search(w / w.sum()), weights=True),
    Case(
        "count classes",
        covers=("CountClasses",),
        function=lambda classes: apply(REGISTRY["CountClasses"](5), classes),
        inputs=(Input("mn", "int32", values=integers(0, 6)),),
        oracle=lambda classes: np.array([(classes == c).sum() for c in range(5)]),
        gradient=False,
        empty="m",
    ),
    Case(
        "nce_loss",
        covers=("SigmoidCrossEntropy", "Gather"),
        function=lambda w, b, y, x, *sample: core.nce_loss(
            w, b, y, x, 3, MANY, CandidateSample(*sample)
        ),
        inputs=SAMPLED,
        oracle=nce,
        empty="n",
        rtol=3,  # sums of up to ten logits and their logarithms
    ),
    Case(
        "sampled_softmax_loss",
        covers=("SoftmaxCrossEntropy", "Gather"),
        function=lambda w, b, y, x, *sample: core.sampled_softmax_loss(
            w, b, y, x, 3, MANY, CandidateSample(*sample)
        ),
        inputs=SAMPLED,
        oracle=sampled_softmax,
        empty="n",
    ),
)
