"""Samples of classes: `kernels/distributions.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from ..lowering import Builder, rule

__all__: list[str] = []

_UNIFORM, _LOG_UNIFORM, _UNIGRAM = range(3)
_WEIGHT_BYTES = {"int32": 4, "int64": 8}


def _call(
    b: Builder,
    op: Any,
    sampler: int,
    inputs: Sequence[int],
    outputs: Sequence[int],
    classes: int,
    weight_bytes: int = 0,
) -> bool:
    most = op.most_draws() if op.unique else op.num_sampled
    ints = [sampler, op.num_sampled, op.unique, classes, most, weight_bytes]
    b.call("sample_classes", inputs, outputs, ints, [log(classes + 1)])
    return True


@rule("SampleUniform")
def uniform(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """All classes are equally likely."""
    return _call(b, op, _UNIFORM, inputs, outputs, op.range_max)


@rule("SampleLogUniform")
def log_uniform(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By Zipf's law."""
    return _call(b, op, _LOG_UNIFORM, inputs, outputs, op.range_max)


@rule("SampleUnigram")
def unigram(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """By weights."""
    weights = b.type(inputs[1])
    size = _WEIGHT_BYTES.get(weights.dtype.name)
    if size is None or not weights.size:
        return False
    return _call(b, op, _UNIGRAM, inputs, outputs, weights.size, size)
