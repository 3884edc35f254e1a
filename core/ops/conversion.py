"""Conversions besides `cast`: the same bits read as another dtype, and casts that saturate."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DtypeError, ShapeError
from ..graph import Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import DType, Shape, TensorType, as_dtype, float16, types_text
from .compare import clip_by_value, greater_equal, is_nan, less_equal, logical_or, where
from .elementwise import cast, zeros_like
from .source import convert

__all__ = ["bitcast", "saturate_cast"]


@register
class Bitcast(OpDef):
    """The bytes of x read as another dtype.

    x: (...) number -> the same shape if the sizes of the dtypes agree; (..., ratio) if the new one
    is smaller, the lowest bits first; if it is larger, x is (..., ratio) and the result (...).
    """

    dtype: DType
    may_alias = True

    def infer(self, x: TensorType) -> TensorType:
        """One axis more or less where the sizes of the dtypes differ."""
        self._check(x)
        return TensorType(self.dtype, self._shape(x.dtype, x.dims()))

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """An unknown rank."""
        self._check(x)
        return (TensorType(self.dtype, None),)

    def _check(self, x: TensorType) -> None:
        require(self, "number", x=x)
        if not self.dtype.is_number:
            raise DtypeError(
                self.label, "gives numbers only", expected="a number dtype", got=str(self.dtype)
            )

    def _shape(self, source: DType, dims: Shape) -> Shape:
        if source.size_bytes == self.dtype.size_bytes:
            return dims
        if source.size_bytes > self.dtype.size_bytes:
            return (*dims, source.size_bytes // self.dtype.size_bytes)
        ratio = self.dtype.size_bytes // source.size_bytes
        if not dims or dims[-1] not in (ratio, None):
            raise ShapeError(
                self.label,
                "the last axis does not hold the bytes of one element",
                expected=f"x (..., {ratio}), as {ratio} {source} are one {self.dtype}",
                got=types_text(x=TensorType(source, dims)),
            )
        return dims[:-1]

    def compute(self, xp: Any, x: Any) -> Any:
        """A view of contiguous memory."""
        shape = self._shape(as_dtype(x.dtype), x.shape)
        if x.dtype.itemsize >= self.dtype.size_bytes:
            x = x.reshape((*x.shape, 1))  # a view splits or joins along the last axis
        return xp.ascontiguousarray(x).view(self.dtype.numpy).reshape(shape)

    gradient = no_gradient


def bitcast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The bytes of `x` read as another dtype; nothing is converted.

    Args:
        x: (...) number; (..., ratio) if an element of `dtype` is `ratio` times as large.
        dtype: of the result, a number dtype.
        name: of the node.

    Returns:
        `dtype`, of the same shape if elements are of one size; (..., ratio) if those of `x` are
        `ratio` times as large, the lowest bits first; (...) if those of `dtype` are.

    Raises:
        DtypeError: if one of the dtypes is no number.
        ShapeError: if the last axis does not hold the bytes of one element.

    >>> from thalweg.core import Session
    >>> hex(Session().run(bitcast(1.0, "uint32")))
    '0x3f800000'
    >>> Session().run(bitcast([[1, 2], [0, 1]], "int64")).tolist()
    [8589934593, 4294967296]
    """
    tensor, wanted = convert(x), as_dtype(dtype)
    return tensor if tensor.dtype is wanted else apply(Bitcast(wanted), tensor, name=name)


def saturate_cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """`x` in another dtype, limited to what that can hold: no integer wraps around.

    Args:
        x: (...) number.
        dtype: a number dtype. Floats lose their fraction in integers, and NaN becomes 0; infinities
            become the greatest and least numbers.
        name: of the node.

    Raises:
        DtypeError: if one of the dtypes is no number.

    >>> from thalweg.core import Session
    >>> Session().run(saturate_cast([-5, 100, 300], "uint8")).tolist()
    [0, 100, 255]
    >>> Session().run(saturate_cast([-1e20, 1.7, 1e20], "int32")).tolist()
    [-2147483648, 1, 2147483647]
    """
    tensor, wanted = convert(x), as_dtype(dtype)
    if not (tensor.dtype.is_number and wanted.is_number):
        raise DtypeError(
            "saturate_cast",
            "takes and gives numbers",
            expected="number dtypes",
            got=f"x {tensor.type}, dtype {wanted}",
        )
    name = name or "saturate_cast"
    if tensor.dtype.is_float and wanted.is_integer:
        return _float_to_integer(tensor, wanted, name)
    (low, high), (least, greatest) = _limits(wanted), _limits(tensor.dtype)
    if low > least or high < greatest:
        kind = type(least)  # of the source: a float's limits may limit integers
        tensor = clip_by_value(tensor, kind(max(low, least)), kind(min(high, greatest)))
    return cast(tensor, wanted, name=name)


def _limits(dtype: DType) -> tuple[Any, Any]:
    """The least and greatest finite numbers of a dtype, as Python numbers that compare exactly."""
    limits = np.finfo(dtype.numpy) if dtype.is_float else np.iinfo(dtype.numpy)
    kind = float if dtype.is_float else int
    return kind(limits.min), kind(limits.max)


def _float_to_integer(x: Tensor, dtype: DType, name: str) -> Tensor:
    """The greatest integer is often no float, but the power of two above it is one."""
    low, high = _limits(dtype)
    if x.dtype is float16:
        x = cast(x, "float32")  # where that power may be infinite
    too_low, too_high = less_equal(x, float(low)), greater_equal(x, float(high + 1))
    outside = logical_or(logical_or(too_low, too_high), is_nan(x))
    inside = cast(where(outside, zeros_like(x), x), dtype)
    limited = where(too_low, np.array(low, dtype.numpy), inside)
    return where(too_high, np.array(high, dtype.numpy), limited, name=name)
