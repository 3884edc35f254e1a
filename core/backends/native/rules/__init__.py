"""How ops become calls of the engine's kernels: a file a family, each found by being imported."""

from . import elementwise, fused, matmul, winograd

__all__ = ["elementwise", "fused", "matmul", "winograd"]
