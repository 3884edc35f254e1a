"""Matrices: `kernels/factorize.cpp` and `spectral.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ....types import broadcast_shapes
from ..lowering import Builder, rule

__all__: list[str] = []


def _ints(b: Builder, a: int) -> list[int]:
    """Bytes of an element, and how many matrices there are."""
    return [b.type(a).dtype.size_bytes, prod(b.shape(a)[:-2])]


@rule("Cholesky")
def cholesky(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A lower triangle."""
    del op
    b.call("cholesky", inputs, outputs, [*_ints(b, inputs[0]), b.shape(inputs[0])[-1]])
    return True


@rule("MatrixInverse")
def inverse(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By LU."""
    del op
    b.call("matrix_inverse", inputs, outputs, [*_ints(b, inputs[0]), b.shape(inputs[0])[-1]])
    return True


@rule("MatrixDeterminant", "LogDeterminant")
def determinant(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By LU: a number, or a sign and a logarithm."""
    del op
    ints = [*_ints(b, inputs[0]), b.shape(inputs[0])[-1], len(outputs) == 2]
    b.call("determinant", inputs, outputs, ints)
    return True


def _system(b: Builder, inputs: Sequence[int], output: int) -> tuple[list[int], int]:
    """Bytes, batch, size and columns; and which matrices each system of the batch is made of."""
    a, right = inputs
    batches = b.shape(a)[:-2], b.shape(right)[:-2]
    whole = tuple(size or 0 for size in broadcast_shapes(*batches))
    numbers = [
        np.broadcast_to(np.arange(prod(batch)).reshape(batch), whole).reshape(-1)
        for batch in batches
    ]
    return [*_ints(b, output), *b.shape(output)[-2:]], b.table(np.stack(numbers, axis=1))


@rule("MatrixSolve")
def solve(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By LU."""
    ints, numbers = _system(b, inputs, outputs[0])
    b.call("matrix_solve", [*inputs, numbers], outputs, [*ints, op.adjoint])
    return True


@rule("MatrixTriangularSolve")
def triangular_solve(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By substitution."""
    ints, numbers = _system(b, inputs, outputs[0])
    b.call("triangular_solve", [*inputs, numbers], outputs, [*ints, op.lower, op.adjoint])
    return True


@rule("Qr")
def qr(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By reflections."""
    del op
    ints = [*_ints(b, inputs[0]), *b.shape(inputs[0])[-2:], b.shape(outputs[0])[-1]]
    b.call("qr", inputs, outputs, ints)
    return True


@rule("SelfAdjointEig")
def symmetric_eigen(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Values, and perhaps vectors."""
    ints = [*_ints(b, inputs[0]), b.shape(inputs[0])[-1], op.compute_v]
    b.call("symmetric_eigen", inputs, outputs, ints)
    return True


@rule("Svd")
def svd(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Values, and perhaps vectors."""
    ints = [*_ints(b, inputs[0]), *b.shape(inputs[0])[-2:], op.full_matrices, op.compute_uv]
    b.call("svd", inputs, outputs, ints)
    return True


@rule("PseudoInverse")
def pseudo_inverse(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Of the singular values and vectors."""
    size, batch = _ints(b, inputs[0])
    rows, columns = b.shape(inputs[0])[-2:]
    count = batch * min(rows, columns) * size
    parts = [b.temporary(count), b.temporary(rows * count), b.temporary(columns * count)]
    b.call("svd", inputs, parts, [size, batch, rows, columns, False, True])
    limit = op.relative_limit(rows, columns, b.type(inputs[0]).dtype.numpy)
    b.call("pseudo_inverse", parts, outputs, [size, batch, rows, columns], [limit])
    return True
