"""What the rows of `conformance/cases_layer_norm.py` cannot say: errors, half precision, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    batch_normalization,
    constant,
    fused_batch_norm,
    gradients,
    group_norm,
    instance_norm,
    l2_normalize,
    layer_norm,
    local_response_normalization,
    placeholder,
    rms_norm,
)


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def message(error: pytest.ExceptionInfo[ThalwegError]) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_layer_norm.py:" in site
    return [line for line in lines if line != site]


def tensor(*shape: int | None, dtype: str = "float32") -> Any:
    return placeholder(dtype, shape, name="x")


# What they do -------------------------------------------------------------------------------------


def test_types() -> None:
    x = tensor(None, 5, 6)
    assert layer_norm(x, np.ones(6, np.float32)).shape == (None, 5, 6)
    assert layer_norm(placeholder("float32")).shape is None
    assert group_norm(x, 3).shape == (None, 5, 6)
    assert rms_norm(x).shape == (None, 5, 6)


def test_names() -> None:
    x, vector = tensor(2, 3, 4), np.ones(4, np.float32)
    for made in (
        layer_norm(x, name="a"),
        group_norm(x, 2, vector, vector, name="b"),
        instance_norm(x, vector, name="c"),
        rms_norm(x, name="d"),
        l2_normalize(x, name="e"),
        local_response_normalization(x, name="f"),
        batch_normalization(x, vector, vector, name="g"),
    ):
        assert made.op.name in "abcdefg"


def test_half_precision_sums_do_not_overflow() -> None:
    x = np.tile(np.array([[60.0, 68.0]], np.float16), (1, 2048))
    y = Session().run(layer_norm(x, epsilon=0.0))
    assert y.dtype == np.float16
    np.testing.assert_allclose(y[0, :2], [-1, 1], atol=1e-3)


def test_numbers_far_from_zero_do_not_cancel() -> None:
    x = constant(np.array([[10000.0, 10001.0, 10002.0, 10003.0]], np.float32))
    expected = np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(1.25)
    np.testing.assert_allclose(Session().run(layer_norm(x, epsilon=0.0))[0], expected, rtol=1e-6)


def test_l2_normalize_of_zero_has_a_gradient() -> None:
    x = constant(np.zeros((1, 3), np.float32))
    [g] = gradients(l2_normalize(x, 1), [x])
    assert np.isfinite(Session().run(g)).all()


def test_fused_batch_norm_hands_out_what_it_was_given() -> None:
    x, vector = tensor(2, 3, 3, 4), np.ones(4, np.float32)
    mean, variance = constant(vector, name="m"), constant(vector, name="v")
    result = fused_batch_norm(x, vector, vector, mean, variance, is_training=False, name="bn")
    assert result.mean is mean and result.variance is variance
    assert result.y.op.name == "bn"
    first = fused_batch_norm(tensor(2, 4, 3, 3), vector, vector, data_format="NCHW", name="bn")
    assert first.y.shape == (2, 4, 3, 3) and first.mean.shape == (4,)


# Errors -------------------------------------------------------------------------------------------


def test_layer_norm_sizes() -> None:
    with pytest.raises(ShapeError) as error:
        layer_norm(tensor(2, 3, 4), np.ones(3, np.float32), np.zeros(4, np.float32))
    assert message(error) == [
        "LayerNorm: scale or offset do not have the sizes of the last axes of x",
        "  expected  scale and offset (4,)",
        "  got       x float32 (2, 3, 4), scale float32 (3,), offset float32 (4,)",
        "  node      'LayerNorm'",
    ]


def test_layer_norm_of_too_few_axes() -> None:
    with pytest.raises(ShapeError) as error:
        layer_norm(tensor(4), axes=2)
    assert message(error)[1] == "  expected  x of rank 2 or more"


@pytest.mark.parametrize("axes", [0, -1, (0, 1)])
def test_layer_norm_axes(axes: Any) -> None:
    with pytest.raises(OptionError) as error:
        layer_norm(tensor(2, 3), axes=axes)
    assert message(error) == [
        "layer_norm: axes are no count",
        "  expected  an integer >= 1",
        f"  got       {axes!r}",
    ]


def test_layer_norm_dtypes() -> None:
    with pytest.raises(DtypeError, match="LayerNorm: takes float tensors"):
        layer_norm(tensor(2, 3, dtype="int32"))


@pytest.mark.parametrize("groups", [0, 4, 2.0])
def test_groups(groups: Any) -> None:
    with pytest.raises(ShapeError) as error:
        group_norm(tensor(2, 6), groups)
    assert message(error) == [
        "group_norm: the channels do not divide into groups",
        "  expected  groups >= 1, a divisor of the number of channels",
        f"  got       groups {groups!r}, x float32 (2, 6)",
    ]


def test_ranks() -> None:
    with pytest.raises(ShapeError) as error:
        instance_norm(tensor(2, 6))
    assert message(error) == [
        "instance_norm: the rank is too low",
        "  expected  x (batch, ..., channels), with one axis or more between",
        "  got       x float32 (2, 6)",
    ]
    with pytest.raises(ShapeError) as error:
        group_norm(placeholder("float32"), 2)
    assert message(error) == [
        "group_norm: the rank is unknown",
        "  expected  x (batch, ..., channels)",
        "  got       x float32 (...)",
    ]


def test_fused_batch_norm_needs_both_moments() -> None:
    vector = np.ones(4, np.float32)
    with pytest.raises(OptionError) as error:
        fused_batch_norm(tensor(2, 3, 3, 4), vector, vector, mean=vector, is_training=False)
    assert message(error) == [
        "fused_batch_norm: mean or variance is missing",
        "  expected  both where is_training=False",
    ]
    with pytest.raises(OptionError, match="fused_batch_norm: unknown data_format"):
        fused_batch_norm(tensor(2, 3, 3, 4), vector, vector, data_format="NHCW")


@pytest.mark.parametrize("radius", [-1, 1.5])
def test_radius(radius: Any) -> None:
    with pytest.raises(OptionError) as error:
        local_response_normalization(tensor(2, 4), radius)
    assert message(error) == [
        "local_response_normalization: the radius is no count",
        "  expected  an integer >= 0",
        f"  got       {radius!r}",
    ]


def test_neighbours_of_a_scalar() -> None:
    with pytest.raises(ShapeError) as error:
        local_response_normalization(tensor())
    assert message(error) == [
        "NeighbourSum: needs an axis of channels",
        "  expected  x (..., channels)",
        "  got       x float32 ()",
        "  node      'NeighbourSum'",
    ]
