"""Cross-entropies in training: saturated outputs, ignored classes, targets that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import core, layers, losses
from thalweg.core import Session, Tensor
from thalweg.core.errors import DataError

SCORES = np.float32([[1000, 0, -1000], [-1000, 1000, 0], [3, 2, 1]])
LABELS = np.asarray([2, 0, 1])  # far in the tail for two of three
HOT = np.eye(3, dtype=np.float32)[LABELS]


def softmax(z: Tensor) -> Tensor:
    return core.softmax(z)


def softmax_twice_named(z: Tensor) -> Tensor:
    return core.identity(core.identity(core.softmax(z)))


def softmax_layer(z: Tensor) -> Tensor:
    return layers.Activation("softmax")(z)  # type: ignore[no-any-return]


@pytest.mark.parametrize("activation", [softmax, softmax_twice_named, softmax_layer])
@pytest.mark.parametrize("is_sparse", [True, False])
def test_softmax_far_in_its_tail(activation: Any, is_sparse: bool, session: Session) -> None:
    """Loss and gradient are those of the logits; through the clipped probabilities both stop."""
    z = core.placeholder("float32", [None, 3])
    loss = losses.get(
        "sparse_categorical_crossentropy" if is_sparse else "categorical_crossentropy"
    )
    assert loss is not None
    value = loss(LABELS if is_sparse else HOT, activation(z))
    [gradient] = core.gradients(value, [z])
    got, slope = session.run([value, gradient], {z: SCORES})
    third = np.log(np.exp([3.0, 2.0, 1.0]).sum()) - 2
    assert got == pytest.approx((2000 + 2000 + third) / 3)
    chances = np.exp(SCORES[2]) / np.exp(SCORES[2]).sum()
    wanted = np.float32([[1, 0, -1], [-1, 1, 0], chances - HOT[2]]) / 3
    np.testing.assert_allclose(slope, wanted, atol=1e-6)


def test_sigmoid_far_in_its_tail(session: Session) -> None:
    z = core.placeholder("float32", [None, 1])
    value = losses.BinaryCrossentropy()([[1.0], [0.0], [1.0]], core.sigmoid(z))
    [gradient] = core.gradients(value, [z])
    got, slope = session.run([value, gradient], {z: [[-500], [500], [0]]})
    assert got == pytest.approx((1000 + np.log(2)) / 3)
    np.testing.assert_allclose(slope, np.float32([[-1], [1], [-0.5]]) / 3, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("sparse_categorical_crossentropy", LABELS),
        ("categorical_crossentropy", HOT),
        ("binary_crossentropy", HOT),
        ("kl_divergence", HOT),
        ("poisson", HOT),
    ],
)
def test_gradient_of_saturated_probabilities_is_finite(
    name: str, target: Any, session: Session
) -> None:
    """Outputs of exactly 0 and 1 that no softmax made."""
    p = core.placeholder("float32", [None, 3])
    value = getattr(losses, name)(target, p)
    [gradient] = core.gradients(value, [p])
    saturated = np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    got, slope = session.run([value, gradient], {p: saturated})
    assert np.isfinite(got).all()
    assert np.isfinite(slope).all()


def test_told_logits_given_probabilities(session: Session) -> None:
    z = core.constant(SCORES)
    with pytest.warns(UserWarning) as caught:
        value = losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, core.softmax(z))
    assert [str(warning.message) for warning in caught] == [
        "thalweg: sparse_categorical_crossentropy is told from_logits=True, but given the output "
        "of a softmax; it uses what went into that"
    ]
    assert session.run(value) > 1000


def test_categorical_crossentropy_of_one_class() -> None:
    with pytest.warns(UserWarning) as caught:
        value = losses.CategoricalCrossentropy()([[1.0], [0.0]], [[0.2], [0.9]])
    assert value == pytest.approx(0.0, abs=1e-6)
    assert [str(warning.message) for warning in caught] == [
        "thalweg: categorical_crossentropy of one class is 0 whatever the output; "
        "binary_crossentropy takes one probability"
    ]


# Ignored classes ---------------------------------------------------------------------------------

P = np.float32([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.5, 0.25]])


@pytest.mark.parametrize("ignored", [-1, 2, 255])
@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", np.log(4) / 2, (2 * np.log(2) + 4 * np.log(2)) / 2),
        ("sum", np.log(4), 6 * np.log(2)),
        ("mean_with_sample_weight", np.log(4) / 2, np.log(2)),
        ("none", [np.log(2), 0, np.log(2)], [2 * np.log(2), 0, 4 * np.log(2)]),
    ],
)
def test_ignored_class(ignored: int, reduction: str, plain: Any, weighted: Any) -> None:
    """It neither adds to the loss nor counts in a mean."""
    labels = np.asarray([0, ignored, 1])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=ignored, reduction=reduction)
    for y in (labels, labels[:, None], labels.astype(np.float32)):
        np.testing.assert_allclose(loss(y, P), plain, rtol=1e-6)
        np.testing.assert_allclose(loss(y, P, sample_weight=[2, 3, 4]), weighted, rtol=1e-6)
        column = loss(y, P, sample_weight=[[2], [3], [4]])  # Keras gives values that shape, too
        np.testing.assert_allclose(np.squeeze(column), weighted, rtol=1e-6)


def test_ignored_everywhere() -> None:
    assert losses.SparseCategoricalCrossentropy(ignore_class=0)([0, 0, 0], P) == 0.0


def test_ignored_steps() -> None:
    """Weights of samples, classes ignored at steps."""
    y = np.asarray([[0, 9], [9, 1]])
    p = np.stack([P[:2], P[1:]])  # labels' chances: 0.5 and 0.5 of those that count
    loss = losses.SparseCategoricalCrossentropy(ignore_class=9)
    assert loss(y, p) == pytest.approx(np.log(2))
    assert loss(y, p, sample_weight=[1.0, 3.0]) == pytest.approx(2 * np.log(2))


def test_no_gradient_flows_from_ignored_samples(session: Session) -> None:
    z = core.constant(SCORES)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    [gradient] = core.gradients(loss([2, -1, 1], z), [z])
    assert session.run(gradient)[1].tolist() == [0, 0, 0]


# Targets that do not fit -------------------------------------------------------------------------


def misfit(loss: losses.Loss, y: Any, shape: tuple[int | None, ...]) -> str:
    """The message for targets and a model's output."""
    x = layers.Input((7,))
    units = shape[-1]
    outputs = layers.Dense(units, name="head")(x)
    if len(shape) == 3:
        outputs = layers.Reshape((*shape[1:-1], units))(layers.Dense(units * 2, name="head")(x))
    targets = core.placeholder(y.dtype, [None, *y.shape[1:]])
    with pytest.raises(DataError) as caught:
        loss(targets, outputs)
    assert caught.value.site is not None
    assert caught.value.site.filename == __file__
    told = str(caught.value).splitlines()
    return "\n".join(line for line in told if not line.startswith("  made at"))


NUMBERS = np.zeros(4, np.int64)
COLUMN = np.zeros((4, 1), np.int64)
FIVE = np.zeros((4, 5), np.float32)
TEN = np.zeros((4, 10), np.float32)


@pytest.mark.parametrize(
    ("name", "y", "units", "expected", "got", "hint"),
    [
        (
            "categorical_crossentropy",
            NUMBERS,
            10,
            "y of shape (None, 10), as the output",
            "y float32 (None,), output float32 (None, 10)",
            "labels are integers: use sparse_categorical_crossentropy",
        ),
        (
            "categorical_crossentropy",
            COLUMN,
            10,
            "y of shape (None, 10), as the output",
            "y float32 (None, 1), output float32 (None, 10)",
            "labels are integers: use sparse_categorical_crossentropy",
        ),
        (
            "categorical_crossentropy",
            FIVE,
            10,
            "y of shape (None, 10), as the output",
            "y float32 (None, 5), output float32 (None, 10)",
            "the targets have 5 values a sample, the last layer has 10 units",
        ),
        (
            "binary_crossentropy",
            NUMBERS,
            10,
            "y of shape (None, 10), as the output",
            "y float32 (None,), output float32 (None, 10)",
            "labels are integers: use sparse_categorical_crossentropy",
        ),
        (
            "binary_crossentropy",
            TEN,
            1,
            "y of shape (None, 1), as the output",
            "y float32 (None, 10), output float32 (None, 1)",
            "the targets have 10 values a sample, the last layer has 1 unit",
        ),
        (
            "sparse_categorical_crossentropy",
            TEN,
            10,
            "class numbers of shape (None,)",
            "y float32 (None, 10), output float32 (None, 10)",
            "one-hot labels: use categorical_crossentropy",
        ),
        (
            "sparse_categorical_crossentropy",
            FIVE,
            10,
            "class numbers of shape (None,)",
            "y float32 (None, 5), output float32 (None, 10)",
            None,
        ),
        (
            "mean_squared_error",
            FIVE,
            10,
            "y of shape (None, 10), as the output",
            "y float32 (None, 5), output float32 (None, 10)",
            "the targets have 5 values a sample, the last layer has 10 units",
        ),
        (
            "mean_absolute_error",
            COLUMN,
            2,
            "y of shape (None, 2), as the output",
            "y float32 (None, 1), output float32 (None, 2)",
            "the targets have 1 values a sample, the last layer has 2 units",
        ),
        (
            "huber",
            np.zeros((4, 3, 2), np.float32),
            2,
            "y of shape (None, 2), as the output",
            "y float32 (None, 3, 2), output float32 (None, 2)",
            None,
        ),
    ],
)
def test_misfits(name: str, y: Any, units: int, expected: str, got: str, hint: str | None) -> None:
    loss = losses.get(name)
    assert loss is not None
    where = "huber_loss" if name == "huber" else name
    told = misfit(loss, y, (None, units))
    lines = [
        f"{where}: targets do not fit the output",
        f"  expected  {expected}",
        f"  got       {got}",
        "  node      'head/BiasAdd', layer Dense 'head'",
    ]
    assert told.splitlines()[:3] == lines[:3]
    assert "layer Dense 'head'" in told.splitlines()[3]
    assert told.splitlines()[4:] == ([] if hint is None else [f"  hint      {hint}"])


def test_misfit_of_arrays() -> None:
    """There is no node to name."""
    with pytest.raises(DataError) as caught:
        losses.SparseCategoricalCrossentropy()(np.zeros((3, 2)), np.ones((3, 4, 5)))
    assert str(caught.value) == (
        "sparse_categorical_crossentropy: targets do not fit the output\n"
        "  expected  class numbers of shape (3, 4)\n"
        "  got       y float32 (3, 2), output float32 (3, 4, 5)"
    )


def test_sizes_that_are_not_known_may_fit() -> None:
    x = core.placeholder("float32", [None, None])
    y = core.placeholder("int64", [None, None])
    for name in ("mean_squared_error", "binary_crossentropy", "categorical_crossentropy"):
        loss = losses.get(name)
        assert loss is not None
        assert loss(y, x).shape == ()
    anything = core.placeholder("float32")
    loss = losses.SparseCategoricalCrossentropy(reduction="none")
    assert loss(core.placeholder("int64"), anything).shape is None


# Labels ------------------------------------------------------------------------------------------


def check(y: Any, shape: tuple[int | None, ...] = (None, 10), **options: Any) -> str | None:
    """What `check_targets` says; None if nothing."""
    loss = losses.SparseCategoricalCrossentropy(**options)
    try:
        loss.check_targets(np.asarray(y), shape, "digits")
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("y", "got", "hint"),
    [
        ([1, 5, 10, 3], "10 at y[2]", "number the classes from 0"),
        ([0, 5, 10, 3], "10 at y[2]", "the last layer needs one unit a class"),
        ([[1], [12]], "12 at y[1, 0]", "the last layer needs one unit a class"),
        (
            [[3, -1], [-1, 4]],
            "-1 at y[0, 1]",
            "number the classes from 0, or leave these out: ignore_class=-1",
        ),
        ([0.0, 2.5], "2.5 at y[1]", "targets that are no class numbers need a regression loss"),
        (
            [0.0, np.nan],
            "nan at y[1]",
            "targets that are no class numbers need a regression loss",
        ),
    ],
)
def test_label_that_is_no_class(y: Any, got: str, hint: str) -> None:
    rank = np.ndim(y) + 1 if np.shape(y)[-1] != 1 else 2
    assert check(y, (None,) * (rank - 1) + (10,)) == (
        "sparse_categorical_crossentropy: a label is not one of the classes\n"
        "  expected  integers 0..9, for the 10 outputs of 'digits'\n"
        f"  got       {got}\n"
        f"  hint      {hint}"
    )


def test_labels_that_are_classes() -> None:
    assert check([0, 9]) is None
    assert check([[0.0], [9.0]]) is None
    assert check([True, False]) is None
    assert check(np.zeros(0, int)) is None
    assert check([0, -1, 9], ignore_class=-1) is None
    assert check([0, -2, 9], ignore_class=-1) is not None
    assert check([77], (None, None)) is None  # no number of classes to compare with
    assert check(np.full((4, 10), 77.0)) is None  # one-hot rows are the graph's to refuse
    assert check([[5, 5]], (None, 3, 2), axis=1) is not None
    losses.MeanSquaredError().check_targets(np.asarray([np.nan]), (None, 1), "y")
