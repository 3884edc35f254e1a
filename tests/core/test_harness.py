"""The conformance harness itself: each kind of mistake in an op is caught, and named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance import building, drawing, harness, programs
from conformance.case import Case, Input

from thalweg.core import cast, convert, placeholder
from thalweg.core.graph import Operation, Tensor
from thalweg.core.opdef import OpDef, apply, no_gradient
from thalweg.core.types import TensorType, float32


@dataclass(frozen=True)
class Square(OpDef):
    """x * x, as it should be; each test spoils one method."""

    def infer(self, x: TensorType) -> TensorType:
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        return x * x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        return [g * 2.0 * node.inputs[0]]


def row(op: OpDef, **options: Any) -> Case:
    options.setdefault("oracle", lambda x: x**2)
    options.setdefault("inputs", (Input("mn"),))
    return Case(
        "square",
        covers=("Square",),
        function=lambda *inputs: apply(op, *map(convert, inputs)),
        **options,
    )


def all_checks(case: Case, float_dtype: str = "float32") -> None:
    """Every check of the suite, on one set of arrays."""
    sizes = dict.fromkeys(drawing.letters(case), 3)
    arrays = drawing.draw(case, sizes, 7, float_dtype)
    harness.check_forward(case, arrays)
    for known in building.KNOWLEDGE:
        harness.check_unknown(case, arrays, known)
    programs.check_programs(case, arrays, 7)
    harness.check_layouts(case, arrays, 7)
    harness.check_passes(case, arrays, 7)
    harness.check_backend(case, arrays, 7, "strict")
    arrays = drawing.draw(case, sizes, 7, "float64")
    harness.check_gradient(case, arrays, 7)
    harness.check_second_order(case, arrays, 7)
    harness.check_gradient_unknown(case, arrays, 7)


def spoiled(base: type[OpDef] = Square, **members: Any) -> OpDef:
    op: OpDef = dataclass(frozen=True)(type("Square", (base,), members))()
    return op


def test_right_op_passes() -> None:
    all_checks(row(Square()))


def other_dtype(self: OpDef, x: TensorType) -> TensorType:
    return x.with_dtype(float32)


def flat(self: OpDef, x: TensorType) -> TensorType:
    return x.with_shape((9,))


def too_sure(self: OpDef, x: TensorType) -> TensorType:
    return x.with_shape((3, 2)) if not x.is_static else x


def too_sure_of_rank(self: OpDef, x: TensorType) -> tuple[TensorType, ...]:
    return (x.with_shape((None,)),)


def dependent(xp: Any, x: Any) -> Any:
    return x * x if x.flags.c_contiguous else x


def once_differentiable(self: OpDef, node: Operation, g: Tensor) -> list[Tensor]:
    return [g * 2.0 * cast(apply(Frozen(), node.inputs[0]), g.dtype)]


@dataclass(frozen=True)
class Frozen(OpDef):
    """x, through which no gradient flows."""

    is_view = True

    def infer(self, x: TensorType) -> TensorType:
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        return x

    gradient = no_gradient


def known_sizes_only(self: OpDef, node: Operation, g: Tensor) -> list[Tensor]:
    factor = 2.0 if node.inputs[0].type.is_static else 3.0
    return [g * factor * node.inputs[0]]


def mutate(self: OpDef, xp: Any, x: Any) -> Any:
    square = x * x
    x += 1
    return square


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"compute": lambda self, xp, x: x * x + 1e-4}, "output 0: differs by"),
        ({"compute": lambda self, xp, x: x[:1] * x}, "output 0: differs by"),
        ({"compute": lambda self, xp, x: (x * x)[0]}, r"\(3, 3\), but made \(3,\)"),
        ({"infer": flat}, r"inferred float32 \(9,\), but made \(3, 3\)"),
        ({"compute": lambda self, xp, x: (x * x).astype("float64")}, "but made float64"),
        ({"infer": too_sure}, "inferred"),
        ({"infer_unknown": too_sure_of_rank}, "inferred"),
        ({"compute": lambda self, xp, x: dependent(xp, x)}, "strides"),
        ({"compute": mutate}, "read-only"),
        ({"gradient": lambda self, node, g: [g * node.inputs[0]]}, "gradient of 'input_0:0'"),
        ({"gradient": lambda self, node, g: [None]}, "there is none"),
        ({"gradient": no_gradient}, "there is none"),
        ({"gradient": once_differentiable}, "gradient of 'input_0:0'"),
        ({"gradient": known_sizes_only}, "gradients with unknown sizes"),
        ({"compute": lambda self, xp, x: np.multiply(x, x)}, "StrictArray"),
    ],
)
def test_wrong_op_is_caught(members: dict[str, Any], told: str) -> None:
    with pytest.raises((AssertionError, RuntimeError), match=told):
        all_checks(row(spoiled(**members)))


@dataclass(frozen=True)
class Turned(OpDef):
    """The transpose of a matrix, which NumPy gives as a view."""

    def infer(self, x: TensorType) -> TensorType:
        return x.with_shape(x.dims()[::-1])

    def compute(self, xp: Any, x: Any) -> Any:
        return x.T

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        return [apply(type(self)(), g)]


@dataclass(frozen=True)
class Second(Turned):
    """The second input itself: the memory pass believes that outputs lie in the first."""

    may_alias = True

    def infer(self, x: TensorType, y: TensorType) -> TensorType:
        return y

    def compute(self, xp: Any, x: Any, y: Any) -> Any:
        return y

    gradient = no_gradient


def test_undeclared_alias_is_caught() -> None:
    oracle: Callable[..., Any] = np.transpose
    with pytest.raises(AssertionError, match="Turned: output 0 shares memory with input 0"):
        all_checks(row(Turned(), oracle=oracle))
    all_checks(row(spoiled(Turned, may_alias=True), oracle=oracle))


def test_alias_of_another_input_is_caught() -> None:
    case = row(Second(), inputs=(Input("n"), Input("n")), oracle=lambda x, y: y, gradient=False)
    with pytest.raises(AssertionError, match="Second: output 0 shares memory with input 1"):
        all_checks(case)


def test_changed_intermediate_is_caught() -> None:
    op = spoiled(compute=mutate)
    case = Case(
        "square", ("Square",), lambda x: apply(op, x + 1.0), (Input("n"),), lambda x: (x + 1) ** 2
    )
    with pytest.raises(AssertionError, match="Square changed its input 0"):
        all_checks(case)


def test_claims_of_rows_are_checked() -> None:
    with pytest.raises(AssertionError, match="gradient=False, but there is one"):
        all_checks(row(Square(), gradient=False))
    with pytest.raises(AssertionError, match="nothing to differentiate"):
        all_checks(row(Square(), inputs=(Input("n", dtype="int32"),)))
    with pytest.raises(AssertionError, match="needs_rank, but an unknown rank did as well"):
        all_checks(row(Square(), needs_rank=True))
    case = row(spoiled(infer_unknown=lambda self, x: (self.infer(TensorType(x.dtype, x.dims())),)))
    with pytest.raises(ValueError, match="rank is unknown"):
        all_checks(case)


def test_ops_of_a_row_include_its_gradients() -> None:
    case = row(Square())
    assert {"Square", "Multiply"} <= programs.ops_of(case, (np.ones((2, 2)),), 0)


def test_drawn_values_keep_what_the_row_says() -> None:
    item = Input(("n", 5), low=-1, high=1, away=(0.0, 0.5))
    [array] = drawing.draw(row(Square(), inputs=(item,)), {"n": 50}, 3, "float64")
    assert array.shape == (50, 5)
    assert np.abs(array).min() >= 0.1 and np.abs(array - 0.5).min() >= 0.1
    assert -1 <= array.min() < -0.9 and 0.9 < array.max() <= 1
    item = Input("n", distinct=True, away=(0.0,), low=-3, high=3)
    for size in (0, 1, 2, 40, 200):
        [array] = drawing.draw(row(Square(), inputs=(item,)), {"n": size}, 3, "float32")
        assert array.shape == (size,) and array.dtype == np.float32
        assert np.all(np.diff(np.sort(array)) > 0.05) and np.all(np.abs(array) > 0.09)
    kinds = [Input("n", dtype=name) for name in ("uint8", "int64", "bool", "string")]
    drawn = drawing.draw(row(Square(), inputs=tuple(kinds)), {"n": 200}, 3, "float64")
    assert [a.dtype.name for a in drawn] == ["uint8", "int64", "bool", "object"]
    assert set(drawn[0]) == {0, 1, 2, 3} and set(drawn[1]) == set(range(-3, 4))


def test_broken_and_double_rows_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, broken = drawing.load_rows(tmp_path)
    assert not rows and not broken
    (tmp_path / "cases_missing.py").write_text("")
    rows, broken = drawing.load_rows(tmp_path)
    assert list(broken) == ["cases_missing"]


def test_placeholders_of_a_row_know_what_is_asked() -> None:
    arrays = (np.ones((2, 3)),)
    shapes = [
        building.build(row(Square()), arrays, known).feeds[0].shape for known in building.KNOWLEDGE
    ]
    assert shapes == [(2, 3), (None, None), None]
    assert placeholder("float32").shape is None
