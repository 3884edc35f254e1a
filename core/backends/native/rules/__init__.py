"""How ops become calls of the engine's kernels: a file a family, each found by being imported."""

from . import elementwise, fused, matmul, normalize, random, reduce, softmax, update

__all__ = [
    "elementwise",
    "fused",
    "matmul",
    "normalize",
    "random",
    "reduce",
    "softmax",
    "update",
]
