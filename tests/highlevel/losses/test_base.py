"""Loss: reductions, weights, dtypes, functions of the user's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import core, losses
from thalweg.core import Session
from thalweg.core.errors import OptionError, ShapeError

Array = npt.NDArray[Any]

Y = np.float32([[0, 0], [0, 0], [0, 0]])
P = np.float32([[1, 1], [2, 2], [1, 3]])  # squared errors of 1, 4 and 5 a sample
WEIGHTS = np.float32([1, 0.5, 2])


def absolute(y_true: Any, y_pred: Any) -> Any:
    return core.reduce_mean(core.abs(y_true - y_pred), axis=-1)


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 10 / 3, 13 / 3),
        ("mean", 10 / 3, 13 / 3),
        ("auto", 10 / 3, 13 / 3),
        ("sum", 10.0, 13.0),
        ("mean_with_sample_weight", 10 / 3, 13 / 3.5),
        ("none", [1.0, 4.0, 5.0], [1.0, 2.0, 10.0]),
        (None, [1.0, 4.0, 5.0], [1.0, 2.0, 10.0]),
    ],
)
def test_reductions(reduction: Any, plain: Any, weighted: Any, session: Session) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(Y, P), plain, rtol=1e-6)
    np.testing.assert_allclose(loss(Y, P, sample_weight=WEIGHTS), weighted, rtol=1e-6)
    y, p = (core.placeholder("float32", [None, 2]) for _ in range(2))
    w = core.placeholder("float32", [None])
    fed = {y: Y, p: P, w: WEIGHTS}
    np.testing.assert_allclose(session.run(loss(y, p), fed), plain, rtol=1e-6)
    np.testing.assert_allclose(session.run(loss(y, p, w), fed), weighted, rtol=1e-6)


CUBE = np.arange(24, dtype=np.float32).reshape(2, 4, 3)  # values (2, 4): 5/3 apart from squares


@pytest.mark.parametrize(
    ("shape", "reads_as"),
    [
        ((), (1, 1)),
        ((2,), (2, 1)),  # one weight a sample
        ((2, 1), (2, 1)),
        ((2, 4), (2, 4)),  # one weight a step
        ((2, 4, 1), (2, 4)),
        ((1, 4), (1, 4)),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_weights_are_broadcast(
    shape: tuple[int, ...], reads_as: tuple[int, ...], known: bool, session: Session
) -> None:
    weights = 1 + np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    wanted = (CUBE**2).mean(axis=-1) * weights.reshape(reads_as)
    loss = losses.MeanSquaredError(reduction="none")
    if known:
        got = loss(np.zeros_like(CUBE), CUBE, sample_weight=weights)
    else:
        w = core.placeholder("float32", [None] * len(shape))
        p = core.placeholder("float32", [None, None, 3])
        fed = {p: CUBE, w: weights}
        # An unknown last size is no axis of 1: the ranks must say what is meant.
        if shape == (2, 4, 1):
            w.set_shape([None, None, 1])
        got = session.run(loss(core.zeros_like(p), p, w), fed)
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_a_square_batch_is_weighed_by_sample() -> None:
    """Keras would match the weights with the last axis."""
    values = np.ones((3, 3, 2), np.float32)
    loss = losses.MeanAbsoluteError(reduction="none")
    got = loss(np.zeros_like(values), values, sample_weight=[1.0, 2.0, 3.0])
    assert got.tolist() == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


def test_mean_with_sample_weight_divides_by_the_weights_given() -> None:
    """As Keras: by the sum of the weights, not by what they add up to when broadcast."""
    loss = losses.MeanAbsoluteError(reduction="mean_with_sample_weight")
    ones = np.ones((2, 4, 3), np.float32)
    weights = np.float32([1, 3])
    assert loss(0 * ones, ones, sample_weight=weights) == 4 * (1 + 3) / (1 + 3)
    steps = np.repeat(weights[:, None], 4, axis=1)
    assert loss(0 * ones, ones, sample_weight=steps) == 1.0


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum"])
def test_weights_of_zero(reduction: str) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    assert loss(Y, P, sample_weight=np.zeros(3)) == 0.0


@pytest.mark.parametrize("shape", [(2,), (3, 2), (3, 1, 1), (3, 1, 2)])
def test_weights_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError) as caught:
        losses.MeanSquaredError()(Y, P, sample_weight=np.ones(shape, np.float32))
    assert str(caught.value) == (
        "sample_weight: does not fit the values it weighs\n"
        "  expected  the shape of the values, (3,), or its first axes\n"
        f"  got       float32 {shape}"
    )


def test_dtypes() -> None:
    loss = losses.MeanSquaredError()
    assert loss(Y.astype(np.float64), P.astype(np.float64)).dtype == np.float32
    assert loss([[0, 0]], [[1, 2]]).dtype == np.float32
    assert loss([[0, 0]], [[1, 2]], sample_weight=[2]) == 5.0
    assert loss(np.ones((1, 2), bool), P[:1]) == 0.0
    wide = losses.MeanSquaredError(dtype="float64")
    assert wide(Y.astype(np.float64), P.astype(np.float64)).dtype == np.float64
    assert wide(Y, P).dtype == np.float64
    assert losses.MeanSquaredError(dtype="float16")(Y, P).dtype == np.float16
    with core.Graph().as_default():  # a graph in float64 stays so
        assert loss(Y, core.constant(P.astype(np.float64))).dtype == "float64"


def test_values_before_reduction(session: Session) -> None:
    values = losses.MeanSquaredError().per_sample(Y.astype(np.int64), P)
    assert session.run(values).tolist() == [1.0, 4.0, 5.0]


def test_calls_do_not_grow_a_graph() -> None:
    graph = core.get_default_graph()
    loss = losses.get("mse")
    assert loss is not None
    for _ in range(3):
        loss(Y, P)
    assert not graph.get_operations()


# The user's own ----------------------------------------------------------------------------------


def test_subclass() -> None:
    class Scaled(losses.Loss):
        def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return self.factor * absolute(y_true, y_pred)

    assert Scaled()(Y, P) == pytest.approx(2 * 5 / 3)
    assert Scaled(reduction="sum")(Y, P, sample_weight=WEIGHTS) == 2 * (1 + 1 + 4)
    assert (Scaled().name, Scaled(name="mine").name) == ("scaled_2", "mine")
    assert repr(Scaled(name="mine")) == "<Scaled 'mine'>"
    with pytest.raises(NotImplementedError, match="Loss"):
        losses.Loss()(Y, P)


def test_function() -> None:
    loss = losses.get(absolute)
    assert isinstance(loss, losses.LossFunctionWrapper)
    assert loss.name == "absolute"
    assert loss(Y, P) == pytest.approx(5 / 3)
    assert loss(Y, P, sample_weight=WEIGHTS) == pytest.approx(6 / 3)
    assert losses.LossFunctionWrapper(absolute, reduction="sum", name="sum")(Y, P) == 5.0
    assert losses.LossFunctionWrapper(lambda y, p: p, name=None).name == "lambda"


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum"])
def test_function_that_gives_a_scalar(reduction: str) -> None:
    """With weights it stands for the value of every sample."""

    def largest(y_true: Any, y_pred: Any) -> Any:
        return core.reduce_max(y_pred)

    loss = losses.LossFunctionWrapper(largest, reduction)
    assert loss(Y, P) == 3.0
    wanted = {"sum_over_batch_size": 3.5, "mean_with_sample_weight": 3.0, "sum": 10.5}[reduction]
    assert loss(Y, P, sample_weight=WEIGHTS) == pytest.approx(wanted)


def test_function_sees_its_own_shapes() -> None:
    """Targets of a user's function need not look like outputs; numbers come as floats."""
    seen = {}

    def gather(y_true: Any, y_pred: Any) -> Any:
        seen.update(y_true=str(y_true.type), y_pred=str(y_pred.type))
        return y_pred[:, 0] - y_true[:, 0] * y_true[:, 4]

    loss = losses.get(gather)
    assert loss is not None
    assert loss(np.ones((3, 5), np.int32), P) == pytest.approx(1 / 3)
    assert seen == {"y_true": "float32 (3, 5)", "y_pred": "float32 (3, 2)"}


def test_function_over_other_tensors(session: Session) -> None:
    """A closure, as in a variational autoencoder."""
    z = core.placeholder("float32", [None, 2])
    p = core.placeholder("float32", [None, 2])
    loss = losses.get(lambda y, p: core.reduce_mean(core.square(z), axis=-1) + absolute(y, p))
    assert loss is not None
    value = session.run(loss(Y, p), {p: P, z: 2 * P})
    assert value == pytest.approx((4 * 10 + 5) / 3)


# Errors ------------------------------------------------------------------------------------------


def test_unknown_reduction() -> None:
    with pytest.raises(OptionError) as caught:
        losses.Huber(reduction="sum_over_batch")
    assert str(caught.value).startswith(
        "Huber: bad reduction\n"
        "  expected  'sum_over_batch_size', 'mean', 'auto', 'sum', 'mean_with_sample_weight' or "
        "'none'\n"
        "  got       'sum_over_batch'\n"
        "  made at   test_base.py:"
    )
    assert str(caught.value).endswith("  hint      did you mean 'sum_over_batch_size'?")


def test_dtype_that_is_no_float() -> None:
    with pytest.raises(OptionError) as caught:
        losses.MeanSquaredError(dtype="int32")
    assert "MeanSquaredError: bad dtype" in str(caught.value)
    assert "expected  'float16', 'float32' or 'float64'\n  got       'int32'" in str(caught.value)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: losses.Huber(delta=0),
            "Huber: bad delta\n  expected  a number > 0\n  got       0",
        ),
        (
            lambda: losses.BinaryCrossentropy(label_smoothing=1.5),
            "BinaryCrossentropy: bad label_smoothing\n"
            "  expected  a number, 0 <= label_smoothing <= 1\n  got       1.5",
        ),
        (
            lambda: losses.CategoricalCrossentropy(label_smoothing=-1),
            "CategoricalCrossentropy: bad label_smoothing\n"
            "  expected  a number, 0 <= label_smoothing <= 1\n  got       -1",
        ),
        (
            lambda: losses.categorical_crossentropy(Y, P, axis=2),
            "crossentropy: bad axis\n  expected  an integer, -2 <= axis <= 1\n  got       2",
        ),
    ],
)
def test_bad_options(make: Any, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value).startswith(told)
