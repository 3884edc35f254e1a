"""Sequences of labels: CTC against its reference over dtypes and wrong input, edit distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

from thalweg.core.backends.native import extension
from thalweg.core.backends.native.failures import StepFailed
from thalweg.core.ops.ctc import CTCLoss, CTCLossGrad
from thalweg.core.ops.edit_distance import EditDistance

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
LIMIT = {"float32": 2e-5, "float64": 1e-12}


def batch(
    times: int, size: int, classes: int, longest: int, dtype: str, integer: str = "int64"
) -> list[Any]:
    """Labels, logits, and the lengths of both; the blank is the last class."""
    generator = np.random.default_rng(times)
    labels = generator.integers(0, classes - 1, (size, longest))
    return [
        labels.astype(integer),
        generator.normal(0, 3, (times, size, classes)).astype(dtype),
        generator.integers(0, longest + 1, size).astype(integer),
        generator.integers(0, times + 1, size).astype(integer),
    ]


def assert_same_ctc(inputs: list[Any], limit: float, blank: int = -1) -> None:
    with np.errstate(all="ignore"):
        loss, alphas = CTCLoss(blank).compute(np, *inputs)
        slope = CTCLossGrad(blank).compute(np, *inputs, loss, alphas)
    result, sums = run_op(CTCLoss(blank), *inputs)
    assert_close(result, loss, limit)
    assert_close(sums, alphas, limit)
    found = run_op(CTCLossGrad(blank), *inputs, loss, alphas)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(slope))
    np.testing.assert_allclose(found, slope, rtol=0, atol=10 * limit)


def assert_close(result: np.ndarray, exact: np.ndarray, limit: float) -> None:
    finite = np.isfinite(exact)
    np.testing.assert_array_equal(result[~finite], exact[~finite])
    assert_near(result[finite], exact[finite].astype(np.float64), limit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("times", "size", "classes", "longest"),
    [(0, 2, 3, 2), (1, 1, 2, 0), (1, 3, 4, 1), (7, 0, 3, 2), (12, 5, 3, 6), (60, 9, 30, 20)],
)
def test_ctc(times: int, size: int, classes: int, longest: int, dtype: str) -> None:
    inputs = batch(times, size, classes, longest, dtype)
    assert_same_ctc(inputs, LIMIT[dtype])
    labels = inputs[0]
    assert_same_ctc([labels + 1, *inputs[1:]], LIMIT[dtype], blank=0)


@pytest.mark.parametrize("integer", INTEGERS)
def test_labels_of_any_integers(integer: str) -> None:
    assert_same_ctc(batch(9, 4, 5, 3, "float64", integer), LIMIT["float64"])


def test_labels_and_lengths_without_meaning() -> None:
    labels, logits, label_length, logit_length = batch(6, 9, 4, 3, "float64")
    label_length[:], logit_length[:] = 2, 6
    labels[0, 1], labels[1, 0], labels[2, 1], labels[3, 2] = 3, -1, 4, 7  # the last one is unused
    label_length[4], label_length[5], logit_length[6], logit_length[7] = -1, 4, 7, -2
    assert_same_ctc([labels, logits, label_length, logit_length], LIMIT["float64"])


def test_logits_that_are_no_numbers() -> None:
    inputs = batch(6, 4, 4, 3, "float64")
    inputs[2][:], inputs[3][:] = 2, 6
    inputs[1][2, 0, 1], inputs[1][3, 1, 2] = np.nan, -np.inf
    assert_same_ctc(inputs, LIMIT["float64"])


def entries(dtype: str, *shape: int) -> np.ndarray:
    numbers = np.random.default_rng(len(dtype)).integers(0, 3, shape).astype(dtype)
    if numbers.dtype.kind == "f":
        numbers[numbers == 2] = np.nan  # which equals nothing
    return numbers


@pytest.mark.parametrize("is_normalized", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", *INTEGERS])
def test_edit_distances(dtype: str, is_normalized: bool) -> None:
    generator = np.random.default_rng(0)
    integer = dtype if dtype in INTEGERS else "int64"
    inputs = [
        entries(dtype, 40, 7),
        entries(dtype, 40, 9),
        generator.integers(0, 8, 40).astype(integer),
        generator.integers(0, 10, 40).astype(integer),
    ]
    op = EditDistance(is_normalized)
    with np.errstate(all="ignore"):
        expected = op.compute(np, *inputs)
    np.testing.assert_array_equal(run_op(op, *inputs), expected)


def test_a_length_beyond_the_truth() -> None:
    inputs = [np.zeros((2, 3)), np.zeros((2, 4)), np.array([3, 3]), np.array([4, 5])]
    with pytest.raises(StepFailed, match="a length of the truth is out of bounds"):
        run_op(EditDistance(True), *inputs)


def test_any_number_of_threads_gives_the_same_bits() -> None:
    inputs = batch(20, 30, 6, 8, "float32")
    made = run_op(CTCLoss(-1), *inputs)
    assert_same_on_any_threads(lambda: run_op(CTCLoss(-1), *inputs))
    assert_same_on_any_threads(lambda: run_op(CTCLossGrad(-1), *inputs, *made))
