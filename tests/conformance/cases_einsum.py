"""Rows of `core/ops/linalg/einsum.py`, by NumPy's own einsum and by loops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thalweg.core import einsum, inner, tensordot

from .case import Case, Input


def contraction(equation: str, *shapes: str | tuple[int | str, ...], **options) -> Case:
    """One equation; the oracle visits every combination of indices."""
    return Case(
        f"einsum {equation}",
        options.pop("covers", ("MatMul",)),
        lambda *xs: einsum(equation, *xs),
        tuple(Input(shape) for shape in shapes),
        lambda *xs: by_loops(equation, *xs),
        needs_rank=True,
        **options,
    )


def by_loops(equation: str, *arrays: np.ndarray) -> np.ndarray:
    """The definition: for each index of every label, the product is added to its place."""
    left, _, result = equation.partition("->")
    terms = left.split(",")
    size_of = {
        letter: size
        for term, array in zip(terms, arrays, strict=True)
        for letter, size in zip(term, array.shape, strict=True)
    }
    letters = sorted(size_of)
    total = np.zeros([size_of[letter] for letter in result])
    for index in np.ndindex(*(size_of[letter] for letter in letters)):
        at = dict(zip(letters, index, strict=True))
        factors = [
            array[tuple(at[letter] for letter in term)]
            for term, array in zip(terms, arrays, strict=True)
        ]
        total[tuple(at[letter] for letter in result)] += np.prod(factors)
    return total


def with_numpy(name: str, equation: str, *inputs: Input, **options) -> Case:
    """An equation with an ellipsis, or without an output."""
    return Case(
        name,
        options.pop("covers", ("MatMul",)),
        lambda *xs: einsum(equation, *xs),
        inputs,
        lambda *xs: np.einsum(equation, *xs),
        needs_rank=True,
        **options,
    )


def paired(name: str, axes: object, a: Input, b: Input, oracle: Callable, **options) -> Case:
    """A tensordot."""
    return Case(
        f"tensordot {name}",
        ("MatMul", "AgreeSizes"),
        lambda x, y: tensordot(x, y, axes),
        (a, b),
        oracle,
        needs_rank=True,
        **options,
    )


CASES = (
    contraction("ij,jk->ik", "ij", "jk", covers=("MatMul", "AgreeSizes"), empty="ijk"),
    contraction("ji,kj->ik", "ji", "kj"),
    contraction("ij,jk->ki", "ij", "jk"),
    contraction("bij,bjk->bik", "bij", "bjk", empty="bj"),
    contraction("bijk,bkjl->lbi", "bijk", "bkjl"),
    contraction("bqhd,bkhd->bhqk", "bqhd", "bkhd"),
    contraction("ibj,bk->kbij", "ibj", "bk", covers=("Multiply",)),
    contraction("i,j->ij", "i", "j", covers=("Multiply",), empty="ij"),
    contraction("ij,ij->ij", "ij", "ij", covers=("Multiply",)),
    contraction("ij,ij->", "ij", "ij", empty="ij"),
    contraction("ijk->kij", "ijk", covers=("Transpose",)),
    contraction("ijk->j", "ijk", covers=("ReduceSum",), empty="ik"),
    contraction("ii->i", "ii", covers=("MatrixDiagPart",), empty="i"),
    contraction("iji->j", "iji", covers=("MatrixDiagPart", "ReduceSum")),
    contraction("iiji->ji", "iiji", covers=("MatrixDiagPart",), sizes={"i": (1, 3)}),
    contraction("ij,jjk->ik", "ij", "jjk", covers=("MatrixDiagPart", "MatMul")),
    contraction("ija,jkb->ik", "ija", "jkb", covers=("ReduceSum", "MatMul")),
    contraction("ab,bc,cd->ad", "ab", "bc", "cd"),
    contraction("i,ij,j->", "i", "ij", "j"),
    contraction("bi,bj,bij->b", "bi", "bj", "bij"),
    contraction(",ij->ji", "", "ij", covers=("Multiply",)),
    with_numpy("einsum implicit", "ba,cb", Input("ba"), Input("cb")),
    with_numpy("einsum implicit trace", "ii", Input("ii"), covers=("MatrixDiagPart",)),
    with_numpy("einsum ellipsis", "...ij,...jk->...ik", Input("abij"), Input("abjk")),
    with_numpy("einsum ellipsis stretched", "...ij,jk...", Input(("a", 1, "i", "j")), Input("jkb")),
    with_numpy("einsum ellipsis first", "i...->...i", Input("iab"), covers=("Transpose",)),
    with_numpy("einsum ellipsis of none", "...ij,...jk->...ik", Input("ij"), Input("bjk")),
    Case(
        "einsum integers",
        ("MatMul",),
        lambda x, y: einsum("ij,ik->jk", x, y),
        (Input("ij", dtype="int32"), Input("ik", dtype="int32")),
        lambda x, y: x.T @ y,
        gradient=False,
        exact=True,
        needs_rank=True,
    ),
    paired("1", 1, Input("ij"), Input("jkl"), lambda x, y: np.einsum("ij,jkl->ikl", x, y)),
    Case(
        "tensordot 0",
        ("Multiply",),
        lambda x, y: tensordot(x, y, 0),
        (Input("ij"), Input("k")),
        np.multiply.outer,
        needs_rank=True,
    ),
    paired(
        "2", 2, Input("kij"), Input("ijl"), lambda x, y: np.einsum("kij,ijl->kl", x, y), empty="ik"
    ),
    paired(
        "lists",
        [[0, -1], [2, 0]],
        Input("imj"),
        Input("jni"),
        lambda x, y: np.einsum("imj,jni->mn", x, y),
    ),
    paired("all", 2, Input("ij"), Input("ij"), lambda x, y: np.vdot(x, y)),
    Case(
        "inner",
        ("MatMul",),
        inner,
        (Input("ijk"), Input("lk")),
        np.inner,
        needs_rank=True,
    ),
)
