"""Linear algebra, over leading axes: products, parts of matrices, solving, factorizations."""

from __future__ import annotations

from .products import matmul

__all__ = ["matmul"]
