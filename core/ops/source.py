"""Where tensors come from: constants and placeholders, and the conversion of Python values.

`convert` is the one gate between Python and the graph: every public op sends its arguments
through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import DtypeError, ShapeError
from ..graph import OPERATORS, Tensor
from ..opdef import OpDef, apply, no_gradient, register
from ..types import MAX_VALUE_SIZE, DType, TensorType, as_dtype, as_shape, shape_text, string
from .sizes import beside

__all__ = ["constant", "convert", "convert_all", "placeholder", "placeholder_with_default"]

_INT32 = np.iinfo(np.int32)


class Literal:
    """An array as an attribute: immutable, compared by contents, cheap to hash."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        array.flags.writeable = False

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        array = self.array
        if array.dtype.kind == "O":
            return (array.shape, tuple(array.reshape(-1).tolist()))
        contents = array.tobytes() if array.nbytes <= 64 else _digest(array)
        return (array.dtype.str, array.shape, contents)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        if self.array.size <= 4:
            return repr(self.array.tolist())
        return f"<{self.array.dtype} {self.array.shape}>"


def _digest(array: np.ndarray[Any, Any]) -> bytes:
    import hashlib  # loads OpenSSL, which most programs never need

    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).digest()


@register
class Constant(OpDef):
    """A value fixed when the graph is built.  () -> (...) any dtype."""

    literal: Literal

    def infer(self) -> TensorType:
        """Its own type; small integers and booleans carry their value."""
        array = self.literal.array
        dtype = as_dtype(array.dtype)
        value = None
        if (dtype.is_integer or dtype.is_bool) and array.ndim <= 1 and array.size <= MAX_VALUE_SIZE:
            value = tuple(array.reshape(-1).tolist())
        return TensorType(dtype, array.shape, value)

    def compute(self, xp: Any) -> Any:
        """The value."""
        return xp.asarray(self.literal.array)

    gradient = no_gradient


@register
class Placeholder(OpDef):
    """A value that every run must be fed.  () -> the declared type."""

    type_: TensorType
    is_pure = False

    def infer(self) -> TensorType:
        """The declared type."""
        return self.type_

    gradient = no_gradient


@register
class PlaceholderWithDefault(OpDef):
    """A value that a run may be fed.  default: (...) any dtype -> the declared shape."""

    shape: tuple[int | None, ...] | None
    is_pure = False
    is_view = True

    def infer(self, default: TensorType) -> TensorType:
        """The default's dtype in the declared shape."""
        if self.shape is not None and not TensorType(default.dtype, self.shape).accepts(default):
            raise ShapeError(
                "placeholder_with_default",
                "the default does not fit the declared shape",
                expected=shape_text(self.shape),
                got=str(default),
            )
        return TensorType(default.dtype, self.shape)

    def compute(self, xp: Any, default: Any) -> Any:
        """The default: a fed one is never computed."""
        return default

    def gradient(self, node: Any, g: Tensor) -> Sequence[Tensor | None]:
        """Passes through to the default."""
        return [g]


def as_array(value: Any, dtype: DType | None = None) -> np.ndarray[Any, Any]:
    """A NumPy array of one of our dtypes: Python floats become float32, ints int32.

    Raises:
        DtypeError: for ragged lists, objects, and values that do not fit `dtype`'s kind.
    """
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
    else:
        first = _first_element(value)
        try:  # NumPy's own strings would lose zeros at their end
            array = np.asarray(value, object if isinstance(first, str | bytes) else None)
        except ValueError as error:
            raise DtypeError("convert", "not a rectangular array", got=str(error)) from None
        is_python = dtype is None and not isinstance(first, np.ndarray | np.generic)
        if is_python and array.dtype == np.float64:
            array = array.astype(np.float32)
        elif is_python and array.dtype == np.int64:
            fits = array.size == 0 or (_INT32.min <= array.min() and array.max() <= _INT32.max)
            array = array.astype(np.int32) if fits else array
    if array.dtype.kind in "SUO":
        return _as_strings(array, value, dtype)
    if dtype is None or array.dtype == dtype.numpy:
        as_dtype(array.dtype)
        return array
    if not _casts(array.dtype, dtype) and array.size:
        raise DtypeError(
            "convert",
            "the value does not fit the dtype",
            expected=dtype.name,
            got=f"{array.dtype.name} {shape_text(array.shape)}",
            hint=f"convert it first: numpy.asarray(x).astype({dtype.name!r})",
        )
    return array.astype(dtype.numpy)


def _first_element(value: Any) -> Any:
    """The first element of nested lists; NumPy values are meant with their dtype."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return value


def _casts(source: np.dtype[Any], target: DType) -> bool:
    """Numbers may be fed to floats, integers to integers, booleans to anything but strings."""
    if target.is_string or source.kind == "b":
        return not target.is_string
    if target.is_float:
        return source.kind in "fiu"
    return target.is_integer and source.kind in "iu"


def _as_strings(
    array: np.ndarray[Any, Any], value: Any, dtype: DType | None
) -> np.ndarray[Any, Any]:
    flat = array.reshape(-1).tolist()
    if (dtype is not None and dtype is not string) or not all(
        isinstance(item, str | bytes) for item in flat
    ):
        raise DtypeError(
            "convert",
            "the value is not an array of " + (dtype.name if dtype else "numbers or strings"),
            got=f"{type(value).__name__} of {array.dtype}",
        )
    result = np.empty(array.shape, object)
    result[...] = np.array(
        [item.encode() if isinstance(item, str) else item for item in flat], object
    ).reshape(array.shape)
    return result


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor whose value is fixed.

    Args:
        value: a number, string, bool, nested list or NumPy array.
        dtype: the element type; by default float32 for Python floats, int32 for Python ints,
            and a NumPy array's own.
        shape: if given, the value is reshaped, or a single element repeated, to it.
        name: of the node.

    Raises:
        DtypeError: if the value does not fit `dtype`.
        ShapeError: if it does not fit `shape`.

    >>> from thalweg.core import Session
    >>> Session().run(constant([[1, 2], [3, 4]])).tolist()
    [[1, 2], [3, 4]]
    """
    wanted = None if dtype is None else as_dtype(dtype)
    array = as_array(value, wanted)
    if shape is not None:
        sizes = as_shape(shape)
        if array.size == 1:
            array = np.broadcast_to(array.reshape(()), sizes)  # type: ignore[arg-type]
        elif sizes is None or None in sizes or array.size != np.prod(np.array(sizes, dtype=int)):
            raise ShapeError(
                "constant",
                "the value does not fit the shape",
                expected=shape_text(sizes),
                got=f"{array.size} elements of shape {array.shape}",
            )
        array = array.reshape(sizes)
    return apply(Constant(Literal(array.copy())), name=name or "Const")


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that must be fed at every run.

    Args:
        dtype: the element type.
        shape: sizes, None where unknown; None as a whole leaves the rank unknown.
        name: of the node.

    >>> from thalweg.core import Session
    >>> x = placeholder("float32", [None, 2])
    >>> Session().run(x * 2, {x: [[1, 2]]}).tolist()
    [[2.0, 4.0]]
    """
    return apply(Placeholder(TensorType(as_dtype(dtype), as_shape(shape))), name=name)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that has the value of `input` unless it is fed.

    >>> from thalweg.core import Session
    >>> rate = placeholder_with_default(0.5, [])
    >>> [float(value) for value in Session().run([rate, rate + 1], {rate: 2.0})]
    [2.0, 3.0]
    """
    return apply(PlaceholderWithDefault(as_shape(shape)), convert(input), name=name)


def convert(value: Any, dtype: DType | None = None, name: str | None = None) -> Tensor:
    """A tensor from a tensor, a variable, anything `constant` takes, or a list with tensors in it.

    Raises:
        DtypeError: if a tensor of another dtype is given: tensors are never cast unasked.
    """
    if isinstance(value, Tensor):
        tensor = value
    else:
        as_tensor = getattr(value, "__thalweg_tensor__", None)
        if as_tensor is None:
            if _holds_tensors(value):
                return convert(OPERATORS["stack"](list(map(_packed, value)), name=name), dtype)
            return constant(value, dtype, name=name)
        tensor = as_tensor()
    if dtype is not None and tensor.dtype is not dtype:
        raise DtypeError(
            "convert",
            "a tensor of another dtype",
            expected=dtype.name,
            got=str(tensor.type),
            node=tensor.op.name,
            hint=f"cast(x, {dtype.name!r}) converts",
        )
    return tensor


def _is_symbolic(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "__thalweg_tensor__")


def _holds_tensors(value: Any) -> bool:
    """True for lists with tensors or variables in them, also in lists in them."""
    return isinstance(value, list | tuple) and any(
        _is_symbolic(item) or _holds_tensors(item) for item in value
    )


def _packed(value: Any) -> Any:
    """A list with tensors in it as one tensor; anything else as it is."""
    return convert(value) if _holds_tensors(value) else value


def convert_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors from values that must share a dtype: the first tensor decides for the others.

    Python numbers and NumPy arrays adapt to it where their kind allows: `x * 2` is float32 if
    `x` is, while `index + 0.5` is an error.
    """
    values = tuple(map(_packed, values))
    leader = next((v for v in values if _is_symbolic(v)), None)
    if leader is None:
        arrays = [as_array(value) for value in values]
        floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
        strings = any(array.dtype.kind == "O" for array in arrays)
        dtype = string if strings else as_dtype(np.result_type(*(floats or arrays)))
        return tuple(constant(array, dtype) for array in arrays)
    first = convert(leader)
    with beside(first):
        return tuple(
            first
            if value is leader
            else convert(value)
            if _is_symbolic(value)
            else _constant_like(value, first)
            for value in values
        )


def _constant_like(value: Any, like: Tensor) -> Tensor:
    try:
        return constant(value, like.dtype)
    except DtypeError as error:
        raise error.at(
            node=like.op.name,
            hint=f"the other operand is {like.type}; cast it, or pass a value of its kind",
        ) from None
