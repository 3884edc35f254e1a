"""What the rows of `conformance/cases_losses.py` cannot say of CTC: no path, nonsense, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    Graph,
    GraphError,
    Session,
    cast,
    constant,
    ctc_beam_search_decoder,
    ctc_greedy_decoder,
    ctc_loss,
    gradients,
    placeholder,
)
from thalweg.core.errors import DtypeError, OptionError, ShapeError, ThalwegError


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def loss_and_slope(
    labels: Any, label_length: Any, logit_length: Any, times: int = 3, classes: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Losses of random logits, and the gradient of each sample's: (batch, time, classes)."""
    batch = len(label_length)
    logits = np.random.default_rng(0).standard_normal((times, batch, classes))
    x = placeholder("float64", [None, batch, classes])
    loss = ctc_loss(np.asarray(labels, np.int32), x, label_length, logit_length)
    [slope] = gradients(loss, x)
    values = Session().run([loss, slope], {x: logits})
    return values[0], values[1].swapaxes(0, 1)


def test_no_path_costs_infinity_and_teaches_nothing() -> None:
    # "aa" needs a blank between, so three times; "ab" needs two.
    loss, slope = loss_and_slope([[0, 0], [0, 0], [0, 1], [0, 1]], [2] * 4, [2, 3, 1, 2])
    assert np.isinf(loss).tolist() == [True, False, True, False]
    assert (loss > 0).all()
    assert not slope[0].any() and not slope[2].any()
    assert slope[1].any() and slope[3].any()


def test_nonsense_is_nan_and_spoils_no_other_sequence() -> None:
    labels = [[0, 1], [0, 3], [-1, 0], [4, 0], [0, 9], [0, 1], [0, 1], [0, 1]]
    label_length = [2, 2, 1, 1, 1, 3, -1, 2]
    loss, slope = loss_and_slope(labels, label_length, [3, 3, 3, 3, 3, 3, 3, 4])
    assert np.isnan(loss).tolist() == [False, True, True, True, False, True, True, True]
    assert np.isnan(slope).all(axis=(1, 2)).tolist() == np.isnan(loss).tolist()
    assert np.isfinite(slope[[0, 4]]).all()


def test_no_labels_and_no_times() -> None:
    loss, slope = loss_and_slope(np.zeros((2, 0)), [0, 0], [0, 2])
    assert loss[0] == 0 and loss[1] > 0
    assert not slope[0].any() and slope[1, :2].any() and not slope[1, 2].any()
    loss, slope = loss_and_slope([[1], [1]], [0, 1], [0, 0], times=0)
    assert loss.tolist() == [0, np.inf] and slope.shape == (2, 0, 4)


def test_a_long_sequence_neither_overflows_nor_vanishes() -> None:
    times, classes = 400, 30
    generator = np.random.default_rng(1)
    logits = (40 * generator.standard_normal((times, 1, classes))).astype("f")
    labels = generator.integers(0, classes - 1, (1, 60))
    x, y = placeholder("float32", logits.shape), placeholder("float32", logits.shape)
    losses = [ctc_loss(labels, t, [60], [times]) for t in (x, cast(y, "float64"))]
    narrow, wide = Session().run(
        [[loss, *gradients(loss, t)] for loss, t in zip(losses, (x, y), strict=True)],
        {x: logits, y: logits},
    )
    assert 10_000 < wide[0] < 50_000
    np.testing.assert_allclose(narrow[0], wide[0], rtol=1e-5)
    np.testing.assert_allclose(narrow[1], wide[1], atol=1e-3)
    np.testing.assert_allclose(wide[1].sum(axis=2), 0, atol=1e-6)  # softmax minus shares


def test_the_sum_of_paths_has_no_gradient_of_its_own() -> None:
    x = placeholder("float32", [3, 1, 4])
    loss = ctc_loss([[1]], x, [1], [3])
    with pytest.raises(GraphError, match="only its losses have a gradient"):
        gradients(loss.op.outputs[1], x)
    [slope] = gradients(loss, x)
    with pytest.raises(GraphError, match="CTCLossGrad: has no gradient"):
        gradients(slope, x)


def test_a_narrow_beam_keeps_the_best_prefixes() -> None:
    # After the first time "a" is best by far, so a beam of one never sees "b".
    log_p = np.log([[[0.6, 0.3, 0.1]], [[0.1, 0.8, 0.1]]])
    labels, lengths, scores = Session().run(ctc_beam_search_decoder(log_p, [2], beam_width=1))
    assert labels.tolist() == [[[0, 1]]] and lengths.tolist() == [[2]]
    np.testing.assert_allclose(np.exp(scores), [[0.48]])


def test_repeated_labels_need_a_blank() -> None:
    log_p = np.log([[[0.9, 0.1]], [[0.1, 0.9]], [[0.9, 0.1]]])
    for decoded in (ctc_greedy_decoder(log_p, [3]), ctc_beam_search_decoder(log_p, [3])):
        labels, lengths, _ = Session().run(decoded)
        assert labels.reshape(-1).tolist() == [0, 0, -1] and int(lengths.reshape(())) == 2


def test_fewer_sequences_than_wanted() -> None:
    found = Session().run(ctc_beam_search_decoder(np.zeros((1, 1, 2)), [1], top_paths=4))
    assert found.scores[0, 2:].tolist() == [-np.inf] * 2
    assert found.lengths.tolist() == [[0, 1, 0, 0]] or found.lengths.tolist() == [[1, 0, 0, 0]]


def loss_of(labels: Any, logits: Any, *lengths: Any, **options: Any) -> Any:
    return ctc_loss(
        placeholder("int32", labels), placeholder("float32", logits), *lengths, **options
    )


ERRORS: list[tuple[Any, type[ThalwegError], list[str]]] = [
    (
        lambda: loss_of([8, 5], [20, 7, 30], [1] * 8, [1] * 8),
        ShapeError,
        [
            "CTCLoss: the inputs do not fit together",
            "  expected  labels (batch, longest), logits (time, batch, classes), "
            "label_length (batch,), logit_length (batch,)",
            "  got       labels int32 (8, 5), logits float32 (20, 7, 30), "
            "label_length int32 (8,), logit_length int32 (8,)",
        ],
    ),
    (
        lambda: loss_of([8], [20, 8, 30], [1] * 8, [1] * 8),
        ShapeError,
        [
            "CTCLoss: the inputs do not fit together",
            "  expected  labels (batch, longest), logits (time, batch, classes), "
            "label_length (batch,), logit_length (batch,)",
            "  got       labels int32 (8,), logits float32 (20, 8, 30), "
            "label_length int32 (8,), logit_length int32 (8,)",
        ],
    ),
    (
        lambda: loss_of([2, 5], [20, 2, 30], [1] * 2, [1] * 2, blank_index=30),
        ShapeError,
        [
            "CTCLoss: the blank is not a class",
            "  expected  -30 <= blank_index < 30, the number of classes",
            "  got       30",
        ],
    ),
    (
        lambda: ctc_loss([[1]], placeholder("float16", [3, 1, 2]), [1], [1]),
        DtypeError,
        [
            "CTCLoss: sums over paths need more precision",
            "  expected  float32 or float64 logits",
            "  got       logits float16 (3, 1, 2)",
            "  hint      cast(logits, 'float32') converts",
        ],
    ),
    (
        lambda: ctc_loss([[1]], placeholder("float32", [3, 1, 2]), [1.0], [1]),
        DtypeError,
        [
            "CTCLoss: takes integer tensors",
            "  expected  integer dtypes",
            "  got       labels int32 (1, 1), label_length float32 (1,), logit_length int32 (1,)",
        ],
    ),
    (
        lambda: ctc_greedy_decoder(constant([[1.0]]), [1]),
        ShapeError,
        [
            "CTCGreedyDecoder: the inputs do not fit together",
            "  expected  inputs (time, batch, classes), sequence_length (batch,)",
            "  got       inputs float32 (1, 1), sequence_length int32 (1,)",
        ],
    ),
    (
        lambda: ctc_beam_search_decoder(np.zeros((3, 1, 2)), [1], beam_width=2, top_paths=3),
        OptionError,
        [
            "ctc_beam_search_decoder: the widths make no sense",
            "  expected  1 <= top_paths <= beam_width",
            "  got       top_paths=3, beam_width=2",
        ],
    ),
]


@pytest.mark.parametrize(("call", "kind", "expected"), ERRORS)
def test_errors(call: Any, kind: type[ThalwegError], expected: list[str]) -> None:
    with pytest.raises(kind) as caught:
        call()
    lines = str(caught.value).splitlines()
    assert [line for line in lines if not line.startswith(("  node", "  made at"))] == expected
    if kind is not OptionError:
        assert any(line.startswith("  made at   test_ctc.py") for line in lines)
