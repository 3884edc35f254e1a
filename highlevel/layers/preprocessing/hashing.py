"""Layers that put values into buckets by a hash: no vocabulary is needed, some values share one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor
from thalweg.core.errors import DtypeError, ShapeError

from ...options import COUNT, OneOf, option_error
from .base import OUTPUT_MODES, DataLayer
from .encoding import encoded

__all__ = ["HashedCrossing", "Hashing", "bucket", "checked_salt"]

_MODE = OneOf(*OUTPUT_MODES)
_CROSSED_MODE = OneOf("int", "one_hot")
_INTEGER = OneOf("int32", "int64")


def checked_salt(where: Any, salt: Any) -> list[int] | None:
    """The two numbers of a salt; one stands for both.

    Raises:
        OptionError: if it is neither.
    """
    if salt is None:
        return None
    numbers = [salt, salt] if isinstance(salt, int) else list(salt)
    if len(numbers) != 2 or not all(isinstance(number, int) for number in numbers):
        raise option_error(where, "salt", salt, "an integer, or two of them; or None")
    return numbers


def bucket(values: Tensor, buckets: int, salt: Sequence[int] | None) -> Tensor:
    """The bucket of strings or integers, as TensorFlow has it: integers are hashed as text."""
    text = values if values.dtype.is_string else core.as_string(values)
    if salt is None:
        return core.string_to_hash_bucket_fast(text, buckets)
    return core.string_to_hash_bucket_strong(text, buckets, salt)


class Hashing(DataLayer):
    """The bucket of each value: FarmHash's fingerprint of its text, modulo the number of buckets.

    Buckets are those of Keras and TensorFlow, on every machine.

    Args:
        num_bins: how many buckets.
        mask_value: goes to bucket 0, which then is its alone.
        salt: an integer, or two: SipHash with this key takes the place of FarmHash.
        output_mode: `"int"` for the bucket; the others encode it as in :class:`CategoryEncoding`.
        sparse: False; there are no sparse tensors.
        kwargs: `Layer`'s arguments; `dtype` is int64 by default where the output is the bucket.

    Input shape:
        any, of words or integers; floats are cut to integers.

    Output shape:
        the same; or with a last axis of size `num_bins`.

    >>> Hashing(3)([["A"], ["B"], ["C"], ["D"], ["E"]]).ravel().tolist()
    [1, 0, 1, 1, 2]
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        mode = _MODE.check(self, "output_mode", output_mode)
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if mode == "int" else "float32"
        super().__init__(**kwargs)
        if mode == "int":
            _INTEGER.check(self, "dtype", self.dtype)
        self.num_bins: int = COUNT.check(self, "num_bins", num_bins)
        self.mask_value = mask_value
        self.salt = checked_salt(self, salt)
        self.output_mode = mode
        self.require_dense(sparse=sparse)

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "string"

    def call(self, inputs: Tensor) -> Tensor:
        """The buckets."""
        if self.output_mode == "one_hot" and inputs.ndim and inputs.type.dims()[-1] == 1:
            inputs = core.squeeze(inputs, -1)
        values = core.cast(inputs, "int64") if inputs.dtype.is_float else inputs
        is_masked = self.mask_value is not None and self.num_bins > 1
        numbers = bucket(values, self.num_bins - is_masked, self.salt)
        if is_masked:
            mask = core.equal(inputs, core.constant(self.mask_value, inputs.dtype))
            numbers = core.where(mask, core.zeros_like(numbers), numbers + 1)
        return encoded(numbers, self.output_mode, self.num_bins, self.dtype)


class HashedCrossing(DataLayer):
    """The bucket of each combination of two or more features.

    Buckets are those of Keras and TensorFlow, on every machine.

    Args:
        num_bins: how many buckets.
        output_mode: `"int"` for the bucket, `"one_hot"` for a row with a 1 at its place.
        sparse: False; there are no sparse tensors.
        name: of the layer.
        dtype: of the output; int64 by default where it is the bucket.
        kwargs: `Layer`'s arguments.

    Input shape:
        a list of (batch,), or of (batch, 1), or of (), of words or integers.

    Output shape:
        the same; or with a last axis of size `num_bins`.

    >>> HashedCrossing(5)((["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102])).tolist()
    [1, 4, 1, 1, 3]
    """

    several_inputs = True

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        mode = _CROSSED_MODE.check(self, "output_mode", output_mode)
        dtype = ("int64" if mode == "int" else "float32") if dtype is None else dtype
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.num_bins: int = COUNT.check(self, "num_bins", num_bins)
        self.output_mode = mode
        self.require_dense(sparse=sparse)

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "string"

    def call(self, inputs: Any) -> Tensor:
        """The buckets."""
        self._check(inputs)
        combined = core.constant(_CROSS_KEY)
        for values in inputs:
            if values.dtype.is_string:
                number = core.string_fingerprint(values)
            else:
                number = core.cast(core.cast(values, "int64"), "uint64")
            combined = _concatenated(combined, number)
        buckets = core.constant(np.uint64(self.num_bins))
        numbers = core.cast(core.floormod(combined, buckets), "int64")
        return encoded(numbers, self.output_mode, self.num_bins, self.dtype)

    def _check(self, inputs: Any) -> None:
        if not isinstance(inputs, list | tuple) or len(inputs) < 2:
            raise ShapeError(
                "HashedCrossing", "takes several features", expected="a list of two tensors or more"
            )
        got = ", ".join(str(values.type) for values in inputs)
        if any(not (values.dtype.is_string or values.dtype.is_integer) for values in inputs):
            raise DtypeError(
                "HashedCrossing", "takes words and integers",
                expected="string and integer dtypes", got=got,
            )  # fmt: skip
        shapes = [values.shape for values in inputs]
        first = shapes[0]
        if first is None or len(first) > 2 or (len(first) == 2 and first[1] != 1):
            raise ShapeError(
                "HashedCrossing", "wrong shape", expected="(), (batch,) or (batch, 1)", got=got
            )
        if any(shape != first for shape in shapes):
            raise ShapeError("HashedCrossing", "shapes differ", expected="one shape", got=got)


_CROSS_KEY = np.uint64(0xDECAFCAFFE)  # TensorFlow's
_FACTOR = np.uint64(0xC6A4A7935BD1E995)


def _concatenated(first: Tensor, second: Tensor) -> Tensor:
    """The fingerprint of two fingerprints, `FingerprintCat64` of TensorFlow, modulo 2**64."""
    factor = core.constant(_FACTOR)
    mixed = core.bitwise_xor(first, factor)
    mixed = core.bitwise_xor(mixed, _shifted(second * factor) * factor)
    mixed = _shifted(mixed * factor) * factor
    return _shifted(mixed)


def _shifted(value: Tensor) -> Tensor:
    return core.bitwise_xor(value, core.bitwise_right_shift(value, core.constant(np.uint64(47))))
