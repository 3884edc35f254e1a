"""The ops, one family a file; importing this package registers all of them."""

from __future__ import annotations

from ..graph import OPERATORS
from . import (
    argmax,
    branching,
    compare,
    concat,
    control,
    conv,
    conv_transpose,
    cumulative,
    custom,
    depthwise,
    elementwise,
    gather,
    image,
    layer_norm,
    linalg,
    local_response,
    loop_gradients,
    looping,
    loops,
    math,
    norm,
    pool,
    pooling,
    reduce,
    repeat,
    scanning,
    shape,
    slicing,
    source,
    stack,
    state,
    statistics,
    tensor_array,
    transfer,
)

__all__ = [
    "argmax",
    "branching",
    "compare",
    "concat",
    "control",
    "conv",
    "conv_transpose",
    "cumulative",
    "custom",
    "depthwise",
    "elementwise",
    "gather",
    "image",
    "layer_norm",
    "linalg",
    "local_response",
    "loop_gradients",
    "looping",
    "loops",
    "math",
    "norm",
    "pool",
    "pooling",
    "reduce",
    "repeat",
    "scanning",
    "shape",
    "slicing",
    "source",
    "stack",
    "state",
    "statistics",
    "tensor_array",
    "transfer",
]

OPERATORS.update(
    {
        name: getattr(module, name)
        for module, names in {
            elementwise: ("add", "subtract", "multiply", "divide", "negative"),
            math: ("floordiv", "floormod", "pow", "abs"),
            compare: (
                "logical_and", "logical_or", "logical_xor", "logical_not",
                "less", "less_equal", "greater", "greater_equal",
            ),
        }.items()
        for name in names
    }
)  # fmt: skip
OPERATORS.update({"getitem": slicing.getitem, "matmul": linalg.matmul})
