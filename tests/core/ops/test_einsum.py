"""Contractions: what is known of sizes, what becomes of the graph, and the texts of the errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.core import Graph, Session, Tensor, einsum, inner, kron, placeholder, tensordot
from thalweg.core.errors import DtypeError, OptionError, ShapeError


def tensor(*shape: int | None, dtype: str = "float32") -> Tensor:
    return placeholder(dtype, shape)


def op_types(graph: Graph) -> list[str]:
    plain = ("Placeholder", "Identity", "Constant")
    return [op.type for op in graph.get_operations() if op.type not in plain]


def test_sizes_of_one_label_are_known_together() -> None:
    y = einsum("bij,bjk->bik", tensor(None, 3, None), tensor(7, 4, 5))
    assert y.shape == (7, 3, 5)
    y = tensordot(tensor(None, 2), tensor(None, 3), [[0], [0]])
    assert y.shape == (2, 3)


@pytest.mark.parametrize(
    ("equation", "shapes", "ops"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], ["MatMul"]),
        ("ji,kj->ik", [(3, 2), (4, 3)], ["MatMul"]),
        ("bij,bjk->bik", [(5, 2, 3), (5, 3, 4)], ["MatMul"]),
        ("...ij,jk->...ik", [(5, 2, 3), (3, 4)], ["Reshape", "MatMul", "Reshape"]),
        ("ij,ij->ij", [(2, 3), (2, 3)], ["Multiply"]),
        ("ij->ji", [(2, 3)], ["Transpose"]),
    ],
)
def test_it_is_made_of_few_ops(equation: str, shapes: list[tuple[int, ...]], ops: list) -> None:
    graph = Graph()
    with graph.as_default():
        einsum(equation, *(tensor(*shape) for shape in shapes))
    assert op_types(graph) == ops


def test_the_cheapest_pair_comes_first() -> None:
    graph = Graph()
    with graph.as_default():
        einsum("ij,jk,kl->il", tensor(100, 100), tensor(100, 100), tensor(100, 1))
    first, second = (op for op in graph.get_operations() if op.type == "MatMul")
    assert [t.shape for t in first.inputs] == [(100, 100), (100, 1)]
    assert [t.shape for t in second.inputs] == [(100, 100), (100, 1)]


@pytest.mark.parametrize(
    ("a", "b"), [((2, 3), (4, 5)), ((2, 6), (3, 4)), ((2, 1), (3, 4)), ((2, 3), (1, 4))]
)
def test_sizes_that_only_a_run_tells(a: tuple[int, int], b: tuple[int, int]) -> None:
    x, y = tensor(None, None), tensor(None, None)
    z = einsum("ij,jk->ik", x, y)
    with pytest.raises(ShapeError, match="sizes differ that must be equal") as caught:
        Session().run(z, {x: np.ones(a), y: np.ones(b)})
    assert (
        caught.value.expected == "one size of axis 1 of input 0 ('j') and axis 0 of input 1 ('j')"
    )
    assert caught.value.got == f"{a[1]} and {b[0]}"
    assert "test_einsum.py" in str(caught.value.site)


def test_merged_axes_must_agree_one_by_one() -> None:
    x, y = tensor(2, None, None), tensor(None, None, 2)
    z = einsum("aij,ijb->ab", x, y)
    with pytest.raises(ShapeError, match="2 and 3"):
        Session().run(z, {x: np.ones((2, 2, 3)), y: np.ones((3, 2, 2))})


@pytest.mark.parametrize(
    ("call", "problem", "got"),
    [
        (lambda: einsum("i1->i", tensor(2, 2)), "a label is not a letter", "'i1->i'"),
        (lambda: einsum("i.j->i", tensor(2, 2)), "a label is not a letter", "'i.j->i'"),
        (lambda: einsum("i->j->i", tensor(2)), "a label is not a letter", "'i->j->i'"),
        (lambda: einsum("ij,jk->ik", tensor(2, 2)), "it is for 2 inputs, not 1", "'ij,jk->ik'"),
        (lambda: einsum("ij->ij", 1.0, 2.0), "it is for 1 input, not 2", "'ij->ij'"),
        (lambda: einsum("ij->ijj", tensor(2, 2)), "the output has a label twice", "'ij->ijj'"),
        (
            lambda: einsum("ij->ik", tensor(2, 2)),
            "a label of the output is in no input",
            "'ij->ik'",
        ),
        (
            lambda: einsum("...i->i", tensor(2, 2)),
            "the output has no place for the axes of the ellipsis",
            "'...i->i'",
        ),
        (lambda: einsum(["ij"], tensor(2, 2)), "the equation is not a string", "['ij']"),
    ],
)
def test_equation_error(call: Callable[[], Any], problem: str, got: str) -> None:
    with pytest.raises(OptionError) as caught:
        call()
    assert (caught.value.where, caught.value.problem, caught.value.got) == ("einsum", problem, got)
    assert caught.value.expected == "an equation such as 'ij,jk->ik': letters, commas, '...', '->'"
    assert "test_einsum.py" in str(caught.value.site)


@pytest.mark.parametrize(
    ("call", "problem", "expected", "got"),
    [
        (
            lambda: einsum("ij,jk->ik", tensor(2, 3), tensor(4, 5)),
            "sizes differ that must be equal",
            "one size of axis 1 of input 0 ('j') and axis 0 of input 1 ('j')",
            "3 and 4",
        ),
        (
            lambda: einsum("ii->i", tensor(2, 3)),
            "sizes differ that must be equal",
            "one size of axis 0 of input 0 ('i') and axis 1 of input 0 ('i')",
            "2 and 3",
        ),
        (
            lambda: einsum("ij->i", tensor(2)),
            "the labels do not fit the axes",
            "2 axes for 'ij' in 'ij->i'",
            "input_0 float32 (2,)",
        ),
        (
            lambda: einsum("i...j->i...j", tensor(2)),
            "the labels do not fit the axes",
            "2 axes or more for 'i...j' in 'i...j->i...j'",
            "input_0 float32 (2,)",
        ),
        (
            lambda: einsum("i->i", placeholder("float32")),
            "the rank is unknown",
            "1 axis for 'i' in 'i->i'",
            "input_0 float32 (...)",
        ),
        (
            lambda: tensordot(tensor(2, 3), tensor(4, 3), 1),
            "sizes differ that must be equal",
            "one size of axis 1 of a and axis 0 of b",
            "3 and 4",
        ),
        (
            lambda: tensordot(placeholder("float32"), tensor(4, 3), 1),
            "the rank is unknown",
            "two tensors of known rank",
            "a float32 (...), b float32 (4, 3)",
        ),
        (
            lambda: kron(placeholder("float32"), tensor(4, 3)),
            "the rank is unknown",
            "two tensors of known rank",
            "a float32 (...), b float32 (4, 3)",
        ),
        (
            lambda: tensordot(tensor(2, 3), tensor(3, 4), [[2], [0]]),
            "no such axis",
            "an axis in -2 <= axis < 2",
            "2",
        ),
        (
            lambda: tensordot(tensor(2, 2), tensor(2, 2), [[0, -2], [0, 1]]),
            "an axis is given twice",
            "distinct axes",
            "[0, 0]",
        ),
        (
            lambda: inner(tensor(2, 3), tensor(4)),
            "sizes differ that must be equal",
            "one size of axis 1 of a and axis 0 of b",
            "3 and 4",
        ),
    ],
)
def test_shape_error(call: Callable[[], Any], problem: str, expected: str, got: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call()
    error = caught.value
    assert (error.problem, error.expected, error.got) == (problem, expected, got)


@pytest.mark.parametrize("axes", [3, -1, [[0], [0, 1]], [[0]]])
def test_axes_that_are_no_pairs(axes: Any) -> None:
    with pytest.raises(OptionError) as caught:
        tensordot(tensor(2, 2), tensor(2, 2), axes)
    assert caught.value.problem == "axes do not pair axes of a with axes of b"
    assert caught.value.expected == "a number in 0 <= axes <= 2, or two lists of one length"
    assert caught.value.got == repr(axes)


def test_dtypes_must_agree() -> None:
    with pytest.raises(DtypeError, match="dtypes differ"):
        einsum("i,i->", tensor(2), tensor(2, dtype="float64"))
