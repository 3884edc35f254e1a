"""Convolutions in bfloat16: against exact sums of rounded operands, and who gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core import Session
from thalweg.core.backends.native import extension
from thalweg.core.errors import OptionError
from thalweg.core.ops.conv import Convolution, ConvolutionInputGrad, ConvolutionKernelGrad
from thalweg.core.passes import PIPELINE

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

Array = np.ndarray[Any, Any]

# products of two rounded numbers are exact in float32; what is left are sums of up to 4608 of them
LIMIT = 3e-6

# images (batch, *sizes, in), window, out, strides, padding, dilations
CASES: list[Any] = [
    ((32, 6, 5, 32), (3, 3), 32, (1, 1), "SAME", (1, 1)),
    ((16, 7, 7, 32), (3, 3), 64, (2, 2), "SAME", (1, 1)),  # half of a square's images
    ((70, 4, 4, 64), (3, 3), 96, (1, 1), "SAME", (1, 1)),
    ((40, 9, 8, 64), (3, 3), 32, (1, 1), "VALID", (2, 2)),
    ((33, 5, 5, 32), (1, 1), 32, (1, 1), "VALID", (1, 1)),
    ((20, 6, 7, 32), (1, 1), 32, (2, 3), "VALID", (1, 1)),
    ((20, 8, 9, 32), (5, 4), 32, (3, 2), "SAME", (1, 1)),
    ((20, 9, 9, 32), (3, 2), 32, (2, 2), ((3, 0), (0, 4)), (1, 2)),
    ((257, 2, 2, 64), (3, 3), 128, (1, 1), "SAME", (1, 1)),  # several blocks of images in a unit
    ((33, 31, 32, 64), (3, 3), 64, (1, 1), "SAME", (1, 1)),  # bands of rows
    ((32, 3, 3, 512), (3, 3), 512, (1, 1), "SAME", (1, 1)),  # tasks share the channels in
    ((32, 30, 64), (3,), 32, (2,), "CAUSAL", (1,)),
]
CASE = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(autouse=True)
def everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernels run on any processor; where they are not faster, plans do without them."""
    monkeypatch.setattr(extension, "has_fast_bfloat16", lambda: True)
    yield
    core.set_precision("float32")


def rounded(array: Array) -> Array:
    """To 8 binary digits, ties to even: by the number's own exponent, not by its bits."""
    fraction, exponent = np.frexp(array.astype(np.float64))
    return np.ldexp(np.rint(np.ldexp(fraction, 8)), exponent - 8)


def operands(case: Any) -> tuple[Array, Array, Array]:
    """Images, a kernel, and a gradient of the outputs."""
    shape, window, out, *options = case
    generator = np.random.default_rng(0)
    x = generator.standard_normal(shape, np.float32)
    kernel = generator.standard_normal((*window, shape[-1], out), np.float32)
    g = generator.standard_normal(Convolution(*options).compute(np, x, kernel).shape, np.float32)
    return x, kernel, g


@CASE
def test_outputs(case: Any) -> None:
    op = Convolution(*case[3:])
    x, kernel, _ = operands(case)
    exact = op.compute(np, rounded(x), rounded(kernel))
    assert_near(run_op(op, x, kernel, may_round=True), exact, LIMIT)


@CASE
def test_gradient_of_images(case: Any) -> None:
    op = ConvolutionInputGrad(*case[3:])
    x, kernel, g = operands(case)
    exact = op.compute(np, rounded(g), rounded(kernel), np.asarray(x.shape))
    assert_near(run_op(op, g, kernel, np.asarray(x.shape), may_round=True), exact, LIMIT)


@CASE
def test_gradient_of_the_kernel(case: Any) -> None:
    op = ConvolutionKernelGrad(*case[3:])
    x, kernel, g = operands(case)
    exact = op.compute(np, rounded(x), rounded(g), np.asarray(kernel.shape))
    assert_near(run_op(op, x, g, np.asarray(kernel.shape), may_round=True), exact, LIMIT)


def test_any_threads_the_same_bits() -> None:
    x, kernel, g = operands(CASES[2])
    shapes = np.asarray(x.shape), np.asarray(kernel.shape)
    options = CASES[2][3:]
    assert_same_on_any_threads(lambda: run_op(Convolution(*options), x, kernel, may_round=True))
    assert_same_on_any_threads(
        lambda: run_op(ConvolutionInputGrad(*options), g, kernel, shapes[0], may_round=True)
    )
    assert_same_on_any_threads(
        lambda: run_op(ConvolutionKernelGrad(*options), x, g, shapes[1], may_round=True)
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_stays_so(value: float) -> None:
    x = np.zeros((32, 3, 3, 32), np.float32)
    x[5, 0, 0, 7] = value
    kernel = np.ones((1, 1, 32, 32), np.float32)
    y = run_op(Convolution((1, 1), "VALID", (1, 1)), x, kernel, may_round=True)
    assert np.array_equal(y[5, 0, 0], np.full(32, value), equal_nan=True)
    assert np.isfinite(np.delete(y, 5, axis=0)).all()


def both(y: Any, feeds: Any, **options: Any) -> tuple[Array, Array]:
    """What a session gives without and with rounding."""
    session, results = Session(backend="native", **options), []
    for precision in ("float32", "bfloat16"):
        core.set_precision(precision)
        results.append(session.run(y, feeds))
    return results[0], results[1]


def convolved(batch: int, channels: int, out: int) -> tuple[Any, Any]:
    """A convolution with bias and rectifier, and a feed."""
    generator = np.random.default_rng(1)
    x = core.placeholder("float32", [batch, 5, 5, channels])
    kernel = core.constant(generator.standard_normal((3, 3, channels, out), np.float32))
    y = core.relu(core.conv2d(x, kernel, padding="SAME") + np.linspace(-9, 9, out, dtype="f"))
    return y, {x: generator.standard_normal((batch, 5, 5, channels), np.float32)}


def test_bias_and_rectifier() -> None:
    with core.Graph().as_default():
        y, feeds = convolved(32, 64, 32)
        exact, result = both(y, feeds)
        apart = both(y, feeds, passes_off=[pass_.__name__ for pass_ in PIPELINE])[1]
    assert (result >= 0).all() and (result == 0).any()
    assert np.array_equal(result, apart)
    error = np.abs(result - exact).max() / exact.max()
    assert 1e-4 < error < 1e-2  # 2^-9 for each operand: rounded, and not to anything else


@pytest.mark.parametrize("size", [2, 7, 12])
@pytest.mark.parametrize("batch", [16, 45])
def test_pooling_is_taken_along(batch: int, size: int) -> None:
    generator = np.random.default_rng(2)
    images = generator.standard_normal((batch, size, size + 1, 32), np.float32)
    kernel = generator.standard_normal((3, 3, 32, 64), np.float32)
    bias = np.linspace(-20, 20, 64, dtype="f")
    with core.Graph().as_default():
        x = core.placeholder("float32", images.shape)
        y = core.conv2d(x, core.constant(kernel), padding="SAME") + bias
        y = core.max_pool2d(core.relu(y), 2, 2, "VALID")
        assert "+Relu+MaxPool]" in Session(backend="native").explain(y, {x: images})
        result = both(y, {x: images})[1]
    exact = Convolution((1, 1), "SAME", (1, 1), 1).compute(np, rounded(images), rounded(kernel))
    exact = np.maximum(exact + bias, 0)[:, : size // 2 * 2, : (size + 1) // 2 * 2]
    cells = exact.reshape(batch, size // 2, 2, (size + 1) // 2, 2, 64)
    assert_near(result, cells.max(axis=(2, 4)), LIMIT)


@pytest.mark.parametrize(("batch", "channels", "out"), [(15, 32, 32), (32, 24, 32), (32, 32, 40)])
def test_others_are_not_rounded(batch: int, channels: int, out: int) -> None:
    with core.Graph().as_default():
        exact, result = both(*convolved(batch, channels, out))
    assert np.array_equal(result, exact)


def test_nothing_is_rounded_where_it_is_not_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "has_fast_bfloat16", lambda: False)
    with core.Graph().as_default():
        exact, result = both(*convolved(32, 32, 32))
    assert np.array_equal(result, exact)


def test_a_bad_precision() -> None:
    with pytest.raises(OptionError, match=r"expected .*'bfloat16'"):
        core.set_precision("float16")
