"""Chains of element-wise ops: sizes around a block, every kind of broadcast, memory shared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.calling import assert_same_on_any_threads, run_op

import thalweg.core as core
from thalweg.core.backends.native import extension
from thalweg.core.opdef import REGISTRY, OpDef
from thalweg.core.ops.fused import Fused
from thalweg.core.program import Program
from thalweg.core.types import TensorType, as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

# around a vector, and around the blocks of 64 to 2048 that a chain works on
SIZES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 1023, 2047, 2048, 2049, 4097, 100_003]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).standard_normal(shape, dtype=np.float32)


class Group:
    """A program of element-wise ops, written step by step: `g.Add(x, y)`."""

    def __init__(self, *arrays: np.ndarray) -> None:
        self.arrays = arrays
        self.program = Program()
        self.inputs = [self.program.value(TensorType(as_dtype(a.dtype), a.shape)) for a in arrays]

    def __getattr__(self, label: str) -> Any:
        return lambda *inputs, **options: self.program.emit(REGISTRY[label](**options), *inputs)

    def constant(self, value: Any, dtype: str = "float32") -> int:
        return self.program.constant(np.asarray(value, dtype))

    def op(self, *outputs: int, over: tuple[tuple[int, tuple[int, ...]], ...] = ()) -> OpDef:
        self.program.feeds, self.program.fetches = list(self.inputs), list(outputs)
        return Fused(self.program, "group", over)

    def expected(self, op: OpDef) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            results = op.compute(np, *self.arrays)
        return list(results) if isinstance(results, tuple | list) else [results]

    def check(self, *outputs: int, over: Any = ()) -> None:
        """The bits of the ops on NumPy, elsewhere and in place."""
        op = self.op(*outputs, over=over)
        expected = self.expected(op)
        for in_place in (False, True) if over else (False,):
            results = run_op(op, *self.arrays, in_place=in_place)
            results = results if isinstance(results, list) else [results]
            for result, value in zip(results, expected, strict=True):
                assert result.dtype == value.dtype
                np.testing.assert_array_equal(result, value)


@pytest.mark.parametrize("size", SIZES)
def test_sizes_around_a_block(size: int) -> None:
    g = Group(normal(size), normal(size, seed=1), normal(1, seed=2)[0])
    x, y, scalar = g.inputs
    product = g.Multiply(g.Add(x, y), scalar)
    root = g.Sqrt(g.Abs(product))
    g.check(g.Divide(root, g.Add(g.Square(y), g.constant(0.5))), g.Relu(product))


@pytest.mark.parametrize(
    ("shape", "other"),
    [
        ((300, 10), (10,)),  # periods of a block
        ((70, 1, 33), (33,)),
        ((7, 1024), (1024,)),
        ((5, 1025), (1025,)),  # longer than is spread beforehand
        ((3, 5000), (5000,)),
        ((300, 10), (300, 1)),  # each element over and over
        ((2, 40, 50), (2, 40, 1)),
        ((3, 5000), (3, 1)),
        ((3, 4, 5, 6), (4, 1, 6)),  # neither: by strides
        ((3, 4, 5, 6), (3, 1, 5, 1)),
        ((6, 7, 300), (6, 1, 300)),
        ((2, 3, 2, 3, 2, 3, 2, 3), (2, 1, 2, 1, 2, 1, 2, 1)),
        ((50, 60), (1, 1)),
        ((50, 60), ()),
        ((1, 1), (1,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "bool"])
def test_broadcasts(shape: tuple[int, ...], other: tuple[int, ...], dtype: str) -> None:
    full = (10 * normal(*shape)).astype(dtype)
    small = (10 * normal(*other, seed=1)).astype(dtype)
    g = Group(full, small)
    if dtype == "bool":
        g.check(g.LogicalXor(*g.inputs))
    else:
        g.check(g.Subtract(g.Add(*g.inputs), g.Multiply(*reversed(g.inputs))))


def test_several_periods_in_one_chain() -> None:
    shape = (4, 6, 10)
    arrays = [normal(*s) for s in (shape, (10,), (6, 10), (6, 1), (4, 1, 1), (4, 1, 10))]
    g = Group(*arrays)
    total = g.inputs[0]
    for n in g.inputs[1:]:
        total = g.Add(g.Multiply(total, n), n)
    g.check(total)


def test_outputs_over_inputs_that_are_read_later() -> None:
    """The first output is written before the last read of what lies there."""
    for size in SIZES:
        g = Group(normal(size), normal(size, seed=1))
        x, y = g.inputs
        total = g.Add(x, y)
        difference = g.Subtract(x, y)
        product = g.Multiply(difference, x)
        over = ((0, (0,)), (1, (1,)))
        g.check(total, product, over=over)
        g = Group(normal(size), normal(size, seed=1))
        x, y = g.inputs
        g.check(g.Add(y, g.constant(1)), g.Subtract(x, g.constant(1)), over=over)  # crosswise


def test_types_of_several_widths_in_one_chain() -> None:
    x = (100 * normal(5000)).astype(np.float32)
    g = Group(x, np.arange(5000, dtype=np.int64), x > 0)
    value, index, mask = g.inputs
    wide = g.Cast(value, dtype=as_dtype("float64"))
    total = g.Add(wide, g.Cast(index, dtype=as_dtype("float64")))
    small = g.Cast(g.Where(mask, total, wide), dtype=as_dtype("float32"))
    chosen = g.LogicalAnd(mask, g.Less(small, value))
    g.check(small, chosen, g.Cast(chosen, dtype=as_dtype("int64")))


def test_a_long_chain() -> None:
    g = Group(normal(3000), normal(3000, seed=1))
    x, y = g.inputs
    for i in range(20):
        x, y = g.Add(x, y), g.Multiply(x, g.constant(1 - i % 5 / 50))
    g.check(g.Subtract(x, y))


SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38], np.float32
)
FLOAT_OPS = [
    "Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Floordiv", "Floormod",
    "Truncatediv", "Truncatemod", "DivNoNan", "MultiplyNoNan", "Xdivy", "Less", "LessEqual",
    "Greater", "GreaterEqual", "Equal", "NotEqual",
]  # fmt: skip
UNARY_OPS = [
    "Relu", "Negative", "Abs", "Sign", "Square", "Reciprocal", "Sqrt", "Floor", "Ceil", "Round",
    "IsNan", "IsInf", "IsFinite",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", [op for op in FLOAT_OPS if op in REGISTRY])
def test_all_pairs_of_special_values(label: str, dtype: str) -> None:
    a, b = (side.reshape(-1).astype(dtype) for side in np.meshgrid(SPECIAL, SPECIAL))
    g = Group(a, b)
    g.check(getattr(g, label)(*g.inputs))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", [op for op in UNARY_OPS if op in REGISTRY])
def test_all_special_values(label: str, dtype: str) -> None:
    g = Group(np.tile(SPECIAL, 9).astype(dtype))
    g.check(getattr(g, label)(*g.inputs))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"])
@pytest.mark.parametrize(
    "label",
    [
        "Add", "Subtract", "Multiply", "Floordiv", "Floormod", "Maximum", "Less",
        "BitwiseLeftShift", "BitwiseRightShift",
    ],
)  # fmt: skip
def test_ends_of_integers(label: str, dtype: str) -> None:
    ends = np.iinfo(dtype)
    values = [ends.min, ends.min + 1, 0, 1, 2, 3, 7, ends.max // 2, ends.max - 1, ends.max]
    values += [-1, -2, -3, -7] if ends.min else []
    column = np.array(values, dtype)
    a, b = (side.reshape(-1) for side in np.meshgrid(column, column))
    g = Group(a, b)
    g.check(getattr(g, label)(*g.inputs))


@pytest.mark.parametrize("shape", [(100_003,), (3000, 33), (40, 50, 60)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(shape: tuple[int, ...]) -> None:
    g = Group(normal(*shape), normal(shape[-1]))
    x, y = g.inputs
    op = g.op(g.Tanh(g.Multiply(g.Exp(x), y)), g.Sigmoid(x))
    assert_same_on_any_threads(lambda: run_op(op, *g.arrays))


def test_nothing_to_compute() -> None:
    g = Group(np.zeros((0, 5), "f"), np.zeros(5, "f"))
    assert run_op(g.op(g.Add(*g.inputs)), *g.arrays).shape == (0, 5)


def test_a_graph_of_groups_gives_what_its_ops_give() -> None:
    x, y = normal(333, 20), normal(20)
    a, b = core.placeholder("float32", [None, 20]), core.placeholder("float32", [20])
    h = core.square(a - b)
    total = core.reduce_sum(h, 1, keepdims=True)
    z = h / (total + 1.0) + core.abs(a)
    fetches = [z, total, core.maximum(z, b)]
    native, numpy = (core.Session(backend=name) for name in ("native", "numpy"))
    feeds = {a: x, b: y}
    for result, value in zip(native.run(fetches, feeds), numpy.run(fetches, feeds), strict=True):
        np.testing.assert_allclose(result, value, rtol=2e-6)
