"""The NumPy backend's own kernels against the ops' `compute`, over every way they may take."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from thalweg.core.backends import numpy_kernels
from thalweg.core.backends.numpy_kernels import KERNELS
from thalweg.core.opdef import REGISTRY, OpDef
from thalweg.core.ops.conv import Convolution, ConvolutionInputGrad, ConvolutionKernelGrad
from thalweg.core.ops.pool import MaxPool, MaxPoolGrad
from thalweg.core.ops.slicing import DynamicSlice, DynamicSliceGrad
from thalweg.core.ops.windows import Padding
from thalweg.core.types import TensorType, as_dtype, int32

LIMIT = {"float32": 4e-6, "float64": 1e-14}  # of the largest value


def type_of(array: np.ndarray) -> TensorType:
    if array.dtype.kind == "i":
        return TensorType(int32, array.shape, tuple(array.tolist()))
    return TensorType(as_dtype(array.dtype), array.shape)


def kernel_of(op: OpDef, *inputs: np.ndarray) -> Any:
    return KERNELS[op.label](op, [type_of(array) for array in inputs])


def check(op: OpDef, *inputs: np.ndarray, exact: bool = False) -> bool:
    """True if there is a kernel; it must make what `compute` makes, and leave its inputs alone."""
    kernel = kernel_of(op, *inputs)
    if kernel is None:
        return False
    for array in inputs:
        array.flags.writeable = False
    result, expected = kernel(*inputs), op.compute(np, *inputs)
    assert result.dtype == expected.dtype and result.shape == expected.shape
    assert result.flags.writeable and not any(np.shares_memory(result, a) for a in inputs)
    if exact:
        np.testing.assert_array_equal(result, expected)
    else:
        limit = LIMIT[result.dtype.name] * np.abs(expected).max(initial=1.0)
        assert np.abs(result - expected).max(initial=0.0) <= limit
    return True


def normal(shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)


def check_convolution(
    x_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    strides: Any = 1,
    padding: Padding = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    dtype: str = "float64",
) -> tuple[bool, bool, bool]:
    """Which of the three ops have a kernel here; those are compared."""
    rank = len(x_shape) - 2
    each = [(n,) * rank if isinstance(n, int) else n for n in (strides, dilations)]
    attributes = each[0], padding, each[1], groups
    x, kernel = normal(x_shape, dtype), normal(kernel_shape, dtype)
    g = normal(Convolution(*attributes).compute(np, x, kernel).shape, dtype)
    sizes = np.array(x_shape, np.int32), np.array(kernel_shape, np.int32)
    return (
        check(Convolution(*attributes), x, kernel),
        check(ConvolutionInputGrad(*attributes), g, kernel, sizes[0]),
        check(ConvolutionKernelGrad(*attributes), x, g, sizes[1]),
    )


PLAIN = ((1, 1), "VALID", (1, 1))  # strides, padding, dilations
PADDINGS: list[Padding] = ["SAME", "VALID", ((1, 0), (0, 2)), ((3, 3), (2, 1))]


@pytest.mark.parametrize("block_bytes", [1, 3000, 1 << 22], ids=["row", "rows", "images"])
@pytest.mark.parametrize("padding", PADDINGS, ids=str)
def test_convolution(padding: Padding, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_kernels, "BLOCK_BYTES", block_bytes)
    for channels, kernel, stride, dilation in product(
        (1, 3), ((1, 1), (3, 3), (2, 4)), ((1, 1), (2, 1)), ((1, 1), (1, 2))
    ):
        ways = check_convolution(
            (3, 9, 10, channels), (*kernel, channels, 2), stride, padding, dilation
        )
        assert ways[0] and ways[2]


@pytest.mark.parametrize("block_bytes", [1, 3000, 1 << 22], ids=["row", "rows", "images"])
@pytest.mark.parametrize(
    ("x", "kernel", "attributes"),
    [
        ((3, 40, 2), (5, 2, 3), (2, "CAUSAL", 3)),
        ((3, 40, 1), (3, 1, 3), (1, "SAME", 1)),
        ((3, 9, 4), (1, 4, 3), ()),
        ((2, 5, 6, 7, 2), (3, 2, 4, 2, 3), (1, "SAME", (1, 2, 1))),
        ((2, 5, 6, 7, 2), (2, 2, 3, 2, 3), (2, ((1, 0), (0, 2), (0, 0)), 1)),
        ((1, 3, 4, 20, 1), (2, 2, 2, 1, 3), ()),
    ],
)
def test_signals_and_volumes(
    x: Any, kernel: Any, attributes: Any, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy_kernels, "BLOCK_BYTES", block_bytes)
    ways = check_convolution(x, kernel, *attributes)
    assert ways[0] and ways[2]


def test_both_orders_of_patches() -> None:
    for channels in (1, 64):
        x = np.zeros((1, 20, 20, channels))
        windows = numpy_kernels._windows(Convolution(*PLAIN), x.shape, (3, 3, channels, 2))
        patches = numpy_kernels._Patches(x.shape, windows, x.dtype)
        assert patches.taps_first == (channels == 1)
        assert check_convolution(x.shape, (3, 3, channels, 2))[0]


@pytest.mark.parametrize(
    ("x", "kernel", "attributes", "is_turned"),
    [
        ((2, 9, 9, 4), (3, 3, 4, 4), ((1, 1), "SAME"), True),
        ((2, 30, 30, 4), (3, 3, 4, 4), ((1, 1), "VALID"), True),
        ((2, 9, 9, 4), (4, 2, 4, 4), ((1, 1), "SAME"), True),
        ((2, 9, 9, 4), (3, 3, 4, 4), ((1, 1), "SAME", (2, 3)), True),
        ((2, 12, 12, 4), (5, 5, 4, 4), ((1, 1), "VALID"), False),  # too many more pixels
        ((2, 9, 9, 1), (3, 3, 1, 4), ((1, 1), "SAME"), False),  # patches four times as large
        ((2, 9, 9, 4), (3, 3, 4, 4), ((2, 2), "SAME"), False),
        ((2, 9, 9, 4), (3, 3, 4, 4), ((1, 1), ((3, 3), (3, 3))), False),
        ((2, 30, 4), (3, 4, 4), (1, "CAUSAL", 2), True),
        ((1, 8, 8, 8, 2), (3, 3, 2, 2, 2), (1, "SAME"), True),
    ],
)
def test_turned_kernel(x: Any, kernel: Any, attributes: Any, is_turned: bool) -> None:
    assert check_convolution(x, kernel, *attributes) == (True, is_turned, True)


def test_single_precision() -> None:
    assert all(check_convolution((8, 14, 14, 8), (3, 3, 8, 8), (1, 1), "SAME", dtype="float32"))
    assert check_convolution((8, 28, 28, 1), (5, 5, 1, 20), dtype="float32")[0]


@pytest.mark.parametrize(
    ("x", "kernel", "attributes"),
    [
        ((2, 5, 5, 4), (3, 3, 2, 4), ((1, 1), "SAME", (1, 1), 2)),
        ((0, 5, 5, 4), (3, 3, 4, 4), ((1, 1), "SAME")),
        ((2, 5, 5, 0), (3, 3, 0, 4), ((1, 1), "SAME")),
        ((2, 5, 5, 4), (3, 3, 4, 0), ((1, 1), "SAME")),
    ],
)
def test_left_to_compute(x: Any, kernel: Any, attributes: Any) -> None:
    assert check_convolution(x, kernel, *attributes) == (False, False, False)


@pytest.mark.parametrize("block_bytes", [1, 1 << 22], ids=["image", "images"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("x", "kernel", "attributes"),
    [
        ((3, 9, 10, 4), (3, 2, 1, 4), (1, "SAME", 1, 4)),
        ((3, 9, 10, 4), (3, 3, 1, 12), (2, "VALID", 1, 4)),
        ((2, 9, 9, 3), (2, 3, 1, 6), ((2, 1), ((1, 0), (2, 1)), (1, 2), 3)),
        ((2, 12, 5), (3, 1, 5), (1, "CAUSAL", 2, 5)),
        ((1, 4, 5, 6, 2), (2, 2, 3, 1, 4), (1, "SAME", 1, 2)),
        ((0, 4, 5, 2), (2, 2, 1, 4), (1, "SAME", 1, 2)),
    ],
)
def test_depthwise(
    x: Any, kernel: Any, attributes: Any, dtype: str, block_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(numpy_kernels, "BLOCK_BYTES", block_bytes)
    assert check_convolution(x, kernel, *attributes, dtype=dtype) == (True, True, True)


def test_half_precision_is_left_to_compute() -> None:
    x, kernel = normal((1, 5, 5, 2), "float16"), normal((3, 3, 2, 2), "float16")
    assert kernel_of(Convolution(*PLAIN), x, kernel) is None
    kernel = normal((3, 3, 1, 2), "float16")
    assert kernel_of(Convolution(*PLAIN, 2), x, kernel) is None


def test_inputs_in_any_layout() -> None:
    x = normal((3, 4, 9, 8)).transpose(1, 2, 3, 0)  # (4, 9, 8, 3)
    kernel = normal((2, 3, 3, 3))[:, :, ::-1, ::-1]
    g = np.broadcast_to(normal((1, 8, 6, 1)), (4, 8, 6, 3))
    check(Convolution(*PLAIN), x, kernel)
    check(ConvolutionKernelGrad(*PLAIN), x, g, np.array(kernel.shape, np.int32))
    g = np.broadcast_to(normal((1, 9, 8, 1)), (4, 9, 8, 3))
    assert check(
        ConvolutionInputGrad((1, 1), "SAME", (1, 1)), g, kernel, np.array(x.shape, np.int32)
    )
    pixels = normal((3, 1, 1, 3)).transpose(1, 2, 0, 3)
    check(Convolution(*PLAIN), x, pixels)
    y = MaxPool((2, 2), *PLAIN).compute(np, x)
    check(MaxPoolGrad((2, 2), *PLAIN), x, y, np.broadcast_to(np.ones(()), y.shape))


# Pooling -----------------------------------------------------------------------------------------

SPECIAL = np.array([-np.inf, -1.0, 0.0, 1.0, np.nan, np.inf])


@pytest.mark.parametrize("block_bytes", [1, 1 << 22], ids=["image", "images"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("padding", ["SAME", "VALID", ((1, 0), (0, 1))], ids=str)
def test_max_pooling(
    padding: Padding, dtype: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy_kernels, "BLOCK_BYTES", block_bytes)
    generator = np.random.default_rng(3)
    for shape, size, strides, dilations in product(
        ((3, 6, 6, 2), (1, 7, 9, 3), (0, 6, 6, 2)),
        ((2, 2), (3, 3), (3, 2)),
        ((2, 2), (1, 1), (3, 1), (4, 4)),
        ((1, 1), (2, 1)),
    ):
        check_max_pooling(generator, shape, (size, strides, padding, dilations), dtype)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("shape", "size", "strides"),
    [((3, 20, 2), (3,), (2,)), ((2, 5, 4, 6, 2), (2, 3, 2), (2, 1, 3))],
)
def test_max_pooling_of_signals_and_volumes(
    shape: Any, size: Any, strides: Any, padding: Padding
) -> None:
    generator = np.random.default_rng(4)
    check_max_pooling(generator, shape, (size, strides, padding, (1,) * len(size)), "float32")


def check_max_pooling(
    generator: np.random.Generator, shape: Any, attributes: tuple[Any, ...], dtype: str
) -> None:
    x = generator.choice(SPECIAL, shape).astype(dtype)  # few values: many ties
    size, strides, _, dilations = attributes
    with np.errstate(invalid="ignore"):
        assert check(MaxPool(*attributes), x, exact=True)
        y = MaxPool(*attributes).compute(np, x)
        overlap = any(
            (n - 1) * dilation >= stride
            for n, stride, dilation in zip(size, strides, dilations, strict=True)
        )
        # Where windows overlap, gradients are added, and infinities would meet.
        values = SPECIAL[1:4] if overlap else SPECIAL
        g = generator.choice(values, y.shape).astype(dtype)
        assert check(MaxPoolGrad(*attributes), x, y, g, exact=True)


# Relu --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_relu_gradient(dtype: str) -> None:
    op = REGISTRY["ReluGradient"]()
    generator = np.random.default_rng(5)
    g, y = (generator.choice(SPECIAL, (40, 30)).astype(dtype) for _ in range(2))
    assert check(op, g, y, exact=True)
    assert check(op, np.broadcast_to(g[:, :1], y.shape), y, exact=True)
    assert not check(op, g[0], y)
    assert not check(op, g[0, 0, ...], y[0, 0, ...])


# Parts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "begin", "size"),
    [
        (None, [1, 0, 2], [2, 4, 3]),
        (None, [3, 4, 0], [0, 0, 5]),
        ((1,), [3], [1]),
        ((-1, 0), [1, 2], [2, 1]),
        ((), [], []),
    ],
)
def test_dynamic_slice(axes: tuple[int, ...] | None, begin: list[int], size: list[int]) -> None:
    x = np.random.default_rng(6).normal(size=(3, 4, 5))
    first, sizes = (np.array(numbers, np.int32) for numbers in (begin, size))
    part = DynamicSlice(axes).compute(np, x, first, sizes)
    kernel = kernel_of(DynamicSlice(axes), x, first, sizes)
    assert kernel(x, first, sizes).tolist() == part.tolist()
    shape = np.array(x.shape, np.int32)
    assert check(DynamicSliceGrad(axes), part, first, sizes, shape, exact=True)


def test_a_dynamic_slice_is_a_view_that_stays_inside() -> None:
    x, size = np.zeros((3, 4)), np.array([2, 4], np.int32)
    kernel = kernel_of(DynamicSlice(None), x, size, size)
    assert np.shares_memory(kernel(x, np.array([1, 0]), size), x)
    for begin in ([2, 0], [-1, 0], [0, 1]):
        with pytest.raises(IndexError, match=r"does not lie in axis . of \(3, 4\)"):
            kernel(x, np.array(begin), size)
