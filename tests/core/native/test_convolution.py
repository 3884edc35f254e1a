"""Direct convolutions: channels around a panel, all kinds of windows, NaN and infinity, threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_near, assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.ops.conv import Convolution, ConvolutionInputGrad, ConvolutionKernelGrad

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

OUTPUT, GRADIENT = 2e-6, 5e-6
ROUNDING = 1e-7  # times the root of how many products are summed: a kernel's are all positions

# images (batch, *sizes, in), window, out, strides, padding, dilations, groups
CASES: list[Any] = [
    ((1, 1, 1, 1), (1, 1), 1, (1, 1), "VALID", (1, 1), 1),
    ((3, 5, 6, 7), (1, 1), 33, (1, 1), "VALID", (1, 1), 1),  # a product
    ((3, 5, 6, 7), (1, 1), 9, (2, 2), "VALID", (1, 1), 1),
    ((2, 12, 12, 20), (5, 5), 50, (1, 1), "VALID", (1, 1), 1),
    ((3, 28, 28, 1), (5, 5), 20, (1, 1), "VALID", (1, 1), 1),
    ((2, 9, 10, 3), (3, 3), 31, (1, 1), "SAME", (1, 1), 1),
    ((2, 9, 10, 3), (3, 3), 32, (2, 2), "SAME", (1, 1), 1),
    ((2, 15, 14, 5), (7, 7), 17, (2, 2), "SAME", (1, 1), 1),
    ((2, 11, 13, 4), (2, 3), 15, (3, 2), "VALID", (1, 1), 1),
    ((1, 11, 13, 6), (3, 2), 16, (1, 1), "SAME", (2, 3), 1),
    ((1, 20, 21, 2), (3, 3), 65, (2, 3), ((3, 0), (0, 4)), (1, 1), 1),
    ((2, 8, 8, 12), (3, 3), 18, (1, 1), "SAME", (1, 1), 3),
    ((2, 8, 9, 10), (3, 3), 10, (2, 1), "SAME", (1, 1), 10),  # depthwise
    ((2, 8, 9, 5), (3, 2), 15, (1, 1), "VALID", (2, 1), 5),
    ((2, 40, 3), (7,), 19, (3,), "SAME", (1,), 1),
    ((2, 40, 3), (4,), 8, (1,), "CAUSAL", (5,), 1),
    ((1, 5, 6, 7, 3), (3, 2, 3), 13, (1, 2, 1), "SAME", (1, 1, 1), 1),
    ((2, 6, 5, 7, 4), (2, 2, 2), 6, (2, 2, 2), "VALID", (1, 1, 2), 2),
    ((40, 6, 6, 3), (3, 3), 5, (1, 1), "SAME", (1, 1), 1),  # more images than partial sums
    ((1, 120, 100, 4), (5, 3), 40, (1, 1), "SAME", (1, 1), 1),  # blocks of rows
    ((1, 7, 7, 600), (3, 3), 34, (2, 2), "SAME", (1, 1), 1),
    (
        (2, 26, 27, 4),
        (25, 24),
        6,
        (1, 1),
        "SAME",
        (1, 1),
        2,
    ),  # more runs than a kernel has room for
]
CASE = pytest.mark.parametrize("case", CASES, ids=str)


def operands(case: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, a kernel, and a gradient of the outputs."""
    shape, window, out, *_, groups = case
    generator = np.random.default_rng(0)
    x = generator.standard_normal(shape, np.float32)
    kernel = generator.standard_normal((*window, shape[-1] // groups, out), np.float32)
    g = generator.standard_normal(forward(case).compute(np, x, kernel).shape, np.float32)
    return x, kernel, g


def forward(case: Any) -> Convolution:
    return Convolution(*case[3:])


def input_gradient(case: Any, g: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return run_op(ConvolutionInputGrad(*case[3:]), g, kernel, np.asarray(case[0]))


def kernel_gradient(case: Any, x: np.ndarray, g: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return run_op(ConvolutionKernelGrad(*case[3:]), x, g, np.asarray(kernel.shape))


def exact(op: Any, *arrays: np.ndarray) -> np.ndarray:
    """The reference, which the rows of the ops hold against sums of their own, in float64."""
    return op.compute(np, *(a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays))


@CASE
def test_outputs_and_gradients(case: Any) -> None:
    x, kernel, g = operands(case)
    assert_near(run_op(forward(case), x, kernel), exact(forward(case), x, kernel), OUTPUT)
    sizes = np.asarray(x.shape)
    of_input = exact(ConvolutionInputGrad(*case[3:]), g, kernel, sizes)
    assert_near(input_gradient(case, g, kernel), of_input, GRADIENT)
    sizes = np.asarray(kernel.shape)
    of_kernel = exact(ConvolutionKernelGrad(*case[3:]), x, g, sizes)
    limit = max(GRADIENT, ROUNDING * np.sqrt(g.size / g.shape[-1]))
    assert_near(kernel_gradient(case, x, g, kernel), of_kernel, limit)


def pooled(case: Any, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The largest of each 2 x 2 of relu(convolution + bias), in one instruction of the engine."""
    _, _, _, strides, padding, dilations, groups = case
    with core.Graph().as_default():
        images = core.placeholder("float32", x.shape)
        weights, row = core.Variable(kernel), core.Variable(bias)
        y = core.convolution(images, weights, strides, padding, dilations=dilations, groups=groups)
        y = core.max_pool2d(core.relu(y + row), 2, 2, "VALID")
        session = core.Session(backend="native", strict=True)
        assert "[Convolution+Add+Relu+MaxPool]" in session.explain(y, {images: x})
        return session.run(y, {images: x})


POOLED = [case for case in CASES if len(case[1]) == 2 and case[1] not in ((1, 1), (25, 24))]


@pytest.mark.parametrize("case", POOLED, ids=str)
def test_pooling_takes_the_largest_of_each_2_x_2(case: Any) -> None:
    x, kernel, g = operands(case)
    bias = np.random.default_rng(1).standard_normal(kernel.shape[-1], np.float32)
    batch, height, width, out = g.shape
    y = np.maximum(exact(forward(case), x, kernel) + bias, 0)[
        :, : height // 2 * 2, : width // 2 * 2
    ]
    expected = y.reshape(batch, height // 2, 2, width // 2, 2, out).max((2, 4))
    assert_near(pooled(case, x, kernel, bias), expected, 5e-6)  # as Winograd's, where that is used
    assert_same_on_any_threads(lambda: pooled(case, x, kernel, bias))


def test_nan_is_the_largest() -> None:
    case = CASES[4]
    x, kernel, _ = operands(case)
    x[0, 10, 12, 0] = np.nan
    result = np.isnan(pooled(case, x, kernel, np.zeros(20, np.float32)))
    sees = np.isnan(exact(forward(case), x, kernel)).reshape(3, 12, 2, 12, 2, 20).any((2, 4))
    np.testing.assert_array_equal(result, sees)


@CASE
def test_of_float64(case: Any) -> None:
    x, kernel, g = (a.astype(np.float64) for a in operands(case))
    assert_near(run_op(forward(case), x, kernel), exact(forward(case), x, kernel), 1e-14)
    of_input = exact(ConvolutionInputGrad(*case[3:]), g, kernel, np.asarray(x.shape))
    assert_near(input_gradient(case, g, kernel), of_input, 1e-14)
    of_kernel = exact(ConvolutionKernelGrad(*case[3:]), x, g, np.asarray(kernel.shape))
    assert_near(kernel_gradient(case, x, g, kernel), of_kernel, 1e-13)


def test_of_float64_on_any_threads() -> None:
    for case in (CASES[5], CASES[11], CASES[16]):
        x, kernel, g = (a.astype(np.float64) for a in operands(case))
        assert_same_on_any_threads(lambda case=case, x=x, k=kernel: run_op(forward(case), x, k))
        assert_same_on_any_threads(lambda case=case, k=kernel, g=g: input_gradient(case, g, k))
        arrays = x, g, kernel
        assert_same_on_any_threads(lambda case=case, arrays=arrays: kernel_gradient(case, *arrays))


def test_of_float64_the_padding_is_zeros_that_infinity_meets() -> None:
    """0 times infinity is NaN, in the padding as elsewhere."""
    case = ((1, 4, 5, 2), (3, 3), 3, (1, 1), "SAME", (1, 1), 1)
    x, kernel, g = (a.astype(np.float64) for a in operands(case))
    kernel[0, 1, 1, 2], g[0, 0, 2, 1] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        y = forward(case).compute(np, x, kernel)
        of_kernel = exact(ConvolutionKernelGrad(*case[3:]), x, g, np.asarray(kernel.shape))
    np.testing.assert_array_equal(np.isnan(run_op(forward(case), x, kernel)), np.isnan(y))
    result = kernel_gradient(case, x, g, kernel)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(of_kernel))


@pytest.mark.parametrize("case", [CASES[3], CASES[6], CASES[9], CASES[11]], ids=str)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_reaches_the_windows_that_see_it_alone(value: float, case: Any) -> None:
    x, kernel, g = operands(case)
    marked = np.zeros_like(x)
    place = (0, *(n // 2 for n in x.shape[1:-1]), x.shape[-1] - 1)
    marked[place] = 1
    sees = forward(case).compute(np, marked, np.ones_like(kernel)) != 0
    expected = run_op(forward(case), x, kernel)
    x[place] = value
    result = run_op(forward(case), x, kernel)
    assert not np.isfinite(result[sees]).any()
    np.testing.assert_array_equal(result[~sees], expected[~sees])
    x, kernel, g = operands(case)
    g[0, 0, 0, 0] = value
    of_kernel = kernel_gradient(case, x, g, kernel)
    assert np.isfinite(of_kernel[..., 1:]).all() and not np.isfinite(of_kernel[..., 0]).all()
    assert np.isfinite(input_gradient(case, g, kernel)[1:]).all()


@pytest.mark.parametrize("case", [*CASES[3:8], CASES[11], CASES[16], *CASES[18:]], ids=str)
def test_any_number_of_threads_gives_the_same_bits(case: Any) -> None:
    x, kernel, g = operands(case)
    assert_same_on_any_threads(lambda: run_op(forward(case), x, kernel))
    assert_same_on_any_threads(lambda: input_gradient(case, g, kernel))
    assert_same_on_any_threads(lambda: kernel_gradient(case, x, g, kernel))


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (2, 8, 8, 0)], ids=str)
def test_no_images_and_no_channels(shape: tuple[int, ...]) -> None:
    case = (shape, (3, 3), 5, (1, 1), "VALID", (1, 1), 1)
    x, kernel, g = operands(case)
    y = run_op(forward(case), x, kernel)
    assert y.shape == (shape[0], 6, 6, 5) and not y.any()
    assert input_gradient(case, g, kernel).shape == shape
    of_kernel = kernel_gradient(case, x, g, kernel)
    assert of_kernel.shape == kernel.shape and not of_kernel.any()
