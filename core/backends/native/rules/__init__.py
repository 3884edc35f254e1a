"""How ops become calls of the engine's kernels: a file a family, each found by being imported."""

from . import (
    convolution,
    elementwise,
    fused,
    linalg,
    loops,
    matmul,
    move,
    normalize,
    pooling,
    random,
    reduce,
    sampling,
    sequences,
    softmax,
    update,
)

__all__ = [
    "convolution",
    "elementwise",
    "fused",
    "linalg",
    "loops",
    "matmul",
    "move",
    "normalize",
    "pooling",
    "random",
    "reduce",
    "sampling",
    "sequences",
    "softmax",
    "update",
]
