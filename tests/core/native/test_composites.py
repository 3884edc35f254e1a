"""Several element-wise operations as one step: found where they may be, with the same bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engine.calling import run_op

from thalweg.core.backends.native import extension
from thalweg.core.backends.native.rules.composites import Composite, contracted
from thalweg.core.opdef import REGISTRY
from thalweg.core.ops.fused import Fused
from thalweg.core.program import Program
from thalweg.core.types import TensorType, as_dtype

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

COUNT = 5 * 64 + 13


class Formula:
    """Values that note what is done to them; `a` to `d` are arrays."""

    def __init__(self, dtype: str) -> None:
        draw = np.random.default_rng(0)
        self.arrays = [draw.normal(size=COUNT).astype(dtype) for _ in "abcd"]
        self.program = Program()
        type_ = TensorType(as_dtype(dtype), (COUNT,))
        self.a, self.b, self.c, self.d = self.inputs = [self.program.value(type_) for _ in "abcd"]

    def __getattr__(self, label: str) -> Callable[..., int]:
        return lambda *values: self.program.emit(REGISTRY[label](), *values)

    def steps(self, *fetches: int) -> list[str]:
        """What the kernel's steps are."""
        found = contracted(self.program, self.program.instructions, set(fetches))
        return [i.opdef.label for i in found]

    def check(self, *fetches: int) -> None:
        """The bits of the operations one by one on NumPy, computed by the engine."""
        self.program.feeds, self.program.fetches = list(self.inputs), list(fetches)
        op = Fused(self.program, "group", ())
        with np.errstate(all="ignore"):
            expected = op.compute(np, *self.arrays)
        results = run_op(op, *self.arrays)
        if len(fetches) == 1:
            expected, results = [expected], [results]
        for result, value in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result, value)


def root_step(f: Formula) -> int:
    slope = f.Divide(f.Multiply(f.b, f.c), f.Add(f.Sqrt(f.Abs(f.d)), f.c))
    return f.Subtract(f.a, slope)


FORMULAS: dict[str, tuple[str, Callable[[Formula], int]]] = {
    "product and sum": ("multiply_add", lambda f: f.Add(f.Multiply(f.a, f.b), f.c)),
    "sum and product": ("multiply_add", lambda f: f.Add(f.c, f.Multiply(f.a, f.b))),
    "product less": ("multiply_subtract", lambda f: f.Subtract(f.Multiply(f.a, f.b), f.c)),
    "less a product": ("subtract_product", lambda f: f.Subtract(f.c, f.Multiply(f.a, f.b))),
    "mean": ("approach", lambda f: f.Add(f.a, f.Multiply(f.Subtract(f.b, f.a), f.c))),
    "mean, turned": ("approach", lambda f: f.Add(f.Multiply(f.c, f.Subtract(f.b, f.a)), f.a)),
    "mean of squares": (
        "approach_square",
        lambda f: f.Add(f.a, f.Multiply(f.Subtract(f.Multiply(f.b, f.b), f.a), f.c)),
    ),
    "Adam": ("root_step", root_step),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORMULAS)
def test_one_step(name: str, dtype: str) -> None:
    expected, write = FORMULAS[name]
    formula = Formula(dtype)
    result = write(formula)
    assert formula.steps(result)[-1] == expected
    assert sum(label == expected for label in formula.steps(result)) == 1
    formula.check(result)


def test_it_rounds_as_the_operations_alone() -> None:
    """A fused product and sum would give 2**-24 here."""
    formula = Formula("float32")
    one = np.float32(1 + 2**-12)
    formula.arrays = [np.full(COUNT, one), np.full(COUNT, one), np.full(COUNT, -(1 + 2**-11))]
    formula.arrays = [a.astype(np.float32) for a in (*formula.arrays, formula.arrays[0])]
    result = formula.Add(formula.Multiply(formula.a, formula.b), formula.c)
    assert formula.steps(result) == ["multiply_add"]
    formula.check(result)
    assert one * one - np.float32(1 + 2**-11) == 0


def test_a_mean_of_other_things_is_none() -> None:
    """a + (b - c) d has the form, and c is not a."""
    f = Formula("float32")
    result = f.Add(f.a, f.Multiply(f.Subtract(f.b, f.c), f.d))
    assert f.steps(result) == ["Subtract", "multiply_add"]
    f.check(result)


def test_what_is_read_elsewhere_stays() -> None:
    f = Formula("float32")
    product = f.Multiply(f.a, f.b)
    total = f.Add(product, f.c)
    assert f.steps(total, product) == ["Multiply", "Add"]
    f.check(total, product)
    f = Formula("float32")
    product = f.Multiply(f.a, f.b)
    last = f.Subtract(f.Add(product, f.c), product)
    assert f.steps(last) == ["Multiply", "Add", "Subtract"]
    f.check(last)


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_other_types_are_left_alone(dtype: str) -> None:
    f = Formula(dtype)
    total = f.Add(f.Multiply(f.a, f.b), f.c)
    assert f.steps(total) == ["Multiply", "Add"]
    f.check(total)


def test_the_kernel_knows_every_one() -> None:
    """Of floats alone: the engine says which operations it has."""
    names: list[Any] = extension.elementwise_ops()
    for label, _ in FORMULAS.values():
        assert extension.has_elementwise(names.index(label), 0)
        assert not extension.has_elementwise(names.index(label), 2)
    assert Composite("approach").is_elementwise
