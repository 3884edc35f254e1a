"""What the rows of `conformance/cases_norm.py` cannot say: rounding, empty batches, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    DtypeError,
    Graph,
    Session,
    ShapeError,
    ThalwegError,
    batch_norm_inference,
    batch_norm_train,
    bias_add,
    gradients,
    placeholder,
)


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def tensor(*shape: int | None, dtype: str = "float32", name: str = "x") -> Any:
    return placeholder(dtype, shape, name=name)


def message(error: pytest.ExceptionInfo[ThalwegError]) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_norm.py:" in site
    return [line for line in lines if line != site]


def test_variance_far_from_zero_does_not_cancel() -> None:
    generator = np.random.default_rng(0)
    x = (1000.0 + generator.normal(0, 0.1, (64, 28, 28, 2))).astype(np.float32)
    exact = x.astype(np.float64).reshape(-1, 2)
    _, mean, variance = Session().run(batch_norm_train(x, np.ones(2, "f"), np.zeros(2, "f")))
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=2e-7)
    np.testing.assert_allclose(variance, exact.var(axis=0), rtol=1e-5)


def test_half_precision_sums_do_not_overflow() -> None:
    x = np.array([[1.0], [3.0]] * 40_000, np.float16)
    y, mean, variance = Session().run(batch_norm_train(x, np.ones(1, "e"), np.zeros(1, "e"), 0.0))
    assert y.dtype == mean.dtype == variance.dtype == np.float16
    assert mean == 2 and variance == 1 and y[:2].tolist() == [[-1], [1]]


def test_one_row_is_its_own_mean() -> None:
    x, scale, offset = tensor(None, 2), tensor(2, name="scale"), tensor(2, name="offset")
    y, mean, variance = batch_norm_train(x, scale, offset)
    feed = {x: [[5.0, -7.0]], scale: [2.0, 2.0], offset: [0.5, 1.5]}
    values = Session().run([y, mean, variance, gradients(y, [x])[0]], feed)
    assert [v.tolist() for v in values] == [[[0.5, 1.5]], [5, -7], [0, 0], [[0, 0]]]


def test_an_empty_batch_has_no_moments_and_no_nan() -> None:
    x = tensor(None, 3, 2)
    result = batch_norm_train(x, np.ones(2, "f"), np.zeros(2, "f"))
    y, mean, variance, g = Session().run(
        [*result, gradients(result.y, [x])[0]], {x: np.ones((0, 3, 2), "f")}
    )
    assert y.shape == g.shape == (0, 3, 2)
    assert mean.tolist() == variance.tolist() == [0, 0]


def test_types_of_unknown_sizes() -> None:
    x, scale = tensor(None, None), tensor(None, name="scale")
    y, mean, variance = batch_norm_train(x, scale, np.zeros(5, "f"))
    assert y.shape == (None, None) and mean.shape == variance.shape == (5,)
    assert batch_norm_train(placeholder("float32"), scale, scale).mean.shape == (None,)


@pytest.mark.parametrize(
    ("x", "scale", "offset"),
    [((None, 4), (3,), (4,)), ((None, 4), (4,), ()), ((None, 4), (4,), (1, 4)), ((), (4,), (4,))],
)
def test_one_number_a_channel(x: Any, scale: Any, offset: Any) -> None:
    with pytest.raises(ShapeError) as error:
        batch_norm_train(tensor(*x), tensor(*scale), tensor(*offset))
    assert message(error) == [
        "BatchNormTrain: inputs do not have one number for each channel of x",
        "  expected  x (..., channels), scale (channels,), offset (channels,)",
        f"  got       x float32 {x}, scale float32 {scale}, offset float32 {offset}",
        "  node      'BatchNormTrain'",
    ]


def test_dtypes() -> None:
    with pytest.raises(DtypeError) as error:
        vector = tensor(4, dtype="float64")
        batch_norm_inference(tensor(None, 4), vector, vector, vector, vector)
    assert message(error)[0] == "BatchNormInference: dtypes differ"
    assert message(error)[1] == "  expected  one dtype for all of x, scale, offset, mean, variance"


@pytest.mark.parametrize("bias", [(3,), (1,), (), (1, 4)])
def test_bias_of_other_channels(bias: Any) -> None:
    with pytest.raises(ShapeError) as error:
        bias_add(tensor(None, 4), tensor(*bias))
    assert message(error) == [
        "bias_add: the bias does not fit the channels",
        "  expected  value (..., channels), bias (channels,)",
        f"  got       value float32 (None, 4), bias float32 {bias}",
    ]


def test_bias_of_unknown_sizes() -> None:
    assert bias_add(tensor(None, None), tensor(3)).shape == (None, 3)
    assert bias_add(placeholder("float32"), tensor(3)).shape is None
    with pytest.raises(ShapeError):
        bias_add(tensor(), tensor(3))
