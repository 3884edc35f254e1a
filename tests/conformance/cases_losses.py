"""Rows of `core/ops/losses.py`, `ctc.py`, `ctc_decode.py` and `sampled.py`.

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

from .case import Case, Input

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
)
