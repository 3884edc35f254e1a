"""Random numbers: `kernels/random.cpp` and `distributions.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..lowering import Builder, rule

__all__: list[str] = []

_UNIFORM = {"float32": "random_uniform", "float64": "random_uniform64"}
_FLOAT_BYTES = {"float32": 4, "float64": 8}
_BY_INVERSION = {
    "RandomNormal": 0,
    "TruncatedNormal": 1,
    "RandomExponential": 2,
    "RandomLaplace": 3,
}
_POISSON_TYPES = {"float32": 0, "float64": 1, "int32": 2, "int64": 3}


@rule("RandomBits")
def bits(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Words of a stream."""
    if op.dtype.name != "uint32":
        return False
    b.call("random_bits", inputs[:1], outputs, [b.type(outputs[0]).size or 0])
    return True


@rule("RandomUniform")
def uniform(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Floats of their upper bits."""
    kernel = _UNIFORM.get(op.dtype.name)
    if kernel is None:
        return False
    b.call(kernel, inputs[:1], outputs, [b.type(outputs[0]).size or 0])
    return True


@rule("FoldIn")
def fold_in(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A new key."""
    del op
    if b.type(inputs[1]).dtype.name != "int64":
        return False
    b.call("fold_in", inputs, outputs)
    return True


@rule(*_BY_INVERSION)
def by_inversion(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A number of each word."""
    size = _FLOAT_BYTES.get(op.dtype.name)
    if size is None:
        return False
    ints = [_BY_INVERSION[op.label], size, b.type(outputs[0]).size or 0]
    b.call("random_by_inversion", inputs[:1], outputs, ints)
    return True


def _samples(b: Builder, parameter: int, output: int) -> list[int] | None:
    """Bytes of a parameter, samples, and parameters; None if these are of another kind."""
    type_, count = b.type(parameter), b.type(output).size or 0
    size = _FLOAT_BYTES.get(type_.dtype.name)
    return None if size is None else [size, count, type_.size or 1]


@rule("RandomGamma")
def gamma(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A number, or a logarithm of one, for each sample and parameter."""
    sizes, result = _samples(b, inputs[2], outputs[0]), _FLOAT_BYTES.get(op.dtype.name)
    if sizes is None or result is None:
        return False
    ints = [*sizes, result, op.is_logarithm]
    b.call("random_gamma", [inputs[0], inputs[2]], outputs, ints)
    return True


@rule("RandomPoisson")
def poisson(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """A number for each sample and rate."""
    sizes, result = _samples(b, inputs[2], outputs[0]), _POISSON_TYPES.get(op.dtype.name)
    if sizes is None or result is None:
        return False
    b.call("random_poisson", [inputs[0], inputs[2]], outputs, [*sizes, result])
    return True


@rule("RandomPermutation")
def permutation(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """The order of random words."""
    del op
    b.call("random_permutation", inputs[:1], outputs, [b.type(outputs[0]).size or 0])
    return True


@rule("CropOffsets")
def crop_offsets(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Uniforms times how many places there are."""
    del op
    whole, part = b.constant(inputs[1]), b.constant(inputs[2])
    if whole is None or part is None:
        return False
    places = whole.astype(np.float64) - part.astype(np.float64) + 1
    uniforms = b.temporary(places.nbytes)
    b.call("random_uniform64", inputs[:1], [uniforms], [places.size])
    b.call("crop_offsets", [uniforms, b.table(places)], outputs, [places.size])
    return True
