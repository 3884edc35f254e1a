"""Matrix products: `kernels/gemm.cpp`, and `kernels/product.cpp` for what that does not take."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ....ops.linalg.products import MatMul
from ..extension import extension
from ..lowering import Builder, rule
from .operands import number_code

__all__ = ["NO_ACTIVATION", "RELU", "call_gemm"]

NO_ACTIVATION, RELU = 0, 1  # of tile.h
_PACKED = 2  # a layout of the second matrix, of gemm.cpp
STREAM_ROWS = 8  # up to so many rows gemm.cpp reads a matrix as it lies
MAX_PACKED = 2 << 20  # elements of a weight that is kept in panels besides, once for many runs


def call_gemm(
    b: Builder,
    op: MatMul,
    inputs: Sequence[int],
    output: int,
    bias: int | None = None,
    activation: int = NO_ACTIVATION,
) -> bool:
    """op(x) op(y), plus a bias of its last axis or of its own shape, through an activation."""
    x, y = inputs
    if not b.is_float32(x, y, output):
        return False
    left, right = b.shape(x), b.shape(y)
    m, k = left[-2:][::-1] if op.transpose_a else left[-2:]
    n = right[-2] if op.transpose_b else right[-1]
    batch_x, batch_y = prod(left[:-2]), prod(right[:-2])
    if left[:-2] != right[:-2] and 1 not in (batch_x, batch_y):
        return False  # matrices in a grid that both sides stretch
    batch = max(batch_x, batch_y) if min(batch_x, batch_y) else 0
    stride_x = m * k if batch_x > 1 else 0
    stride_y = k * n if batch_y > 1 else 0
    if batch_y == 1 and batch_x > 1 and not op.transpose_a:
        m, batch, stride_x = m * batch, 1, 0  # rows of one tall matrix
    layout = int(op.transpose_b)
    is_worth_it = b.is_body or (m > STREAM_ROWS and n * k <= MAX_PACKED)
    if is_worth_it and batch == 1 and batch_y == 1 and b.is_fixed(y):
        y, layout = _packed(b, y, n, k, layout), _PACKED
    operands = [x, y] if bias is None else [x, y, bias]
    ints = [batch, m, n, k, op.transpose_a, layout, stride_x, stride_y]
    kind = 0 if bias is None else 2 if b.shape(bias) == b.shape(output) else 1
    b.call("gemm", operands, [output], [*ints, kind, activation])
    return True


def _packed(b: Builder, y: int, n: int, k: int, layout: int) -> int:
    """A matrix in panels, as the micro-kernel reads it."""
    columns = extension.panel_columns()
    panels = b.temporary(-(-n // columns) * columns * k * 4)
    b.call("pack_matrix", [y], [panels], [n, k, layout])
    return panels


@rule("MatMul")
def matmul(b: Builder, op: MatMul, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The bare product."""
    return call_gemm(b, op, inputs, outputs[0]) or _any_product(b, op, inputs, outputs[0])


def _any_product(b: Builder, op: MatMul, inputs: Sequence[int], output: int) -> bool:
    """Of any number type; where each product's matrices begin is in a table."""
    x, y = inputs
    code, left, right, shape = number_code(b, x), b.shape(x), b.shape(y), b.shape(output)
    if code is None:
        return False
    if not b.type(output).size:
        return True
    batch, (m, n) = prod(shape[:-2]), shape[-2:]
    k = left[-2] if op.transpose_a else left[-1]
    begins = [
        np.broadcast_to(np.arange(prod(sizes[:-2])).reshape(sizes[:-2]), shape[:-2]).reshape(-1)
        * prod(sizes[-2:])
        for sizes in (left, right)
    ]
    table = b.table(np.stack(begins, axis=1))
    ints = [code, batch, m, n, k, op.transpose_a, op.transpose_b]
    b.call("product", [x, y, table], [output], ints)
    return True
