"""What is known of a tensor before it has a value: dtype, shape, and for sizes the value itself.

A size may be unknown (`None`), and so may the rank (`shape is None`). A small host-integer or
boolean tensor, such as `shape(x)` or `training`, carries its value in its type where that is
known: so `reshape(x, stack([shape(x)[0], -1]))` has a type although it has tensors in it.

>>> t = TensorType(float32, (None, 784))
>>> print(t, t.rank, t.is_static)
float32 (None, 784) 2 False
>>> broadcast_shapes((None, 1, 3), (5, 1))
(None, 5, 3)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, overload

import numpy as np

from .errors import DtypeError, ShapeError, nearest

__all__ = [
    "DTYPES",
    "Array",
    "DType",
    "Dimension",
    "Shape",
    "TensorShape",
    "TensorType",
    "as_dtype",
    "as_shape",
    "bool_",
    "broadcast_shapes",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "normalize_axes",
    "normalize_axis",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

Array = Any  # an array of whichever backend: NumPy's, CuPy's, or one we do not know
Shape = tuple[int | None, ...]

MAX_VALUE_SIZE = 64  # elements of a tensor whose value its type may carry


class DType:
    """An element type. Equal to its name and to the NumPy dtype it stands for.

    >>> float32 == "float32", float32 == np.float32, float32.size_bytes
    (True, True, 4)
    """

    __slots__ = ("is_bool", "is_float", "is_integer", "is_string", "name", "numpy", "size_bytes")

    def __init__(self, name: str, numpy_dtype: Any) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(numpy_dtype)
        kind = self.numpy.kind
        self.is_float = kind == "f"
        self.is_integer = kind in "iu"
        self.is_bool = kind == "b"
        self.is_string = kind == "O"
        self.size_bytes: int = self.numpy.itemsize

    @property
    def is_number(self) -> bool:
        """True for floats and integers."""
        return self.is_float or self.is_integer

    @property
    def is_numeric(self) -> bool:
        """True for numbers and booleans: all but strings."""
        return not self.is_string

    @property
    def as_numpy_dtype(self) -> Any:
        """The NumPy scalar class (TF1's name)."""
        return self.numpy.type

    @property
    def base_dtype(self) -> DType:
        """Itself: there are no reference dtypes here (TF1's name)."""
        return self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self is other
        try:
            return self is as_dtype(other)
        except DtypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"thalweg.{self.name}"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


float16 = DType("float16", np.float16)
float32 = DType("float32", np.float32)
float64 = DType("float64", np.float64)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
bool_ = DType("bool", np.bool_)
string = DType("string", object)

DTYPES: dict[str, DType] = {
    d.name: d
    for d in (
        float16, float32, float64, int8, int16, int32, int64,
        uint8, uint16, uint32, uint64, bool_, string,
    )
}  # fmt: skip
_ALIASES: dict[Any, DType] = {
    **DTYPES,
    "float": float32,
    "half": float16,
    "double": float64,
    "int": int32,
    "str": string,
    float: float32,
    int: int64,
    bool: bool_,
    str: string,
    bytes: string,
}


def as_dtype(dtype: Any) -> DType:
    """The DType named by a DType, a name, a NumPy dtype or scalar class, or a Python type.

    Raises:
        DtypeError: for anything else, with the nearest name.

    >>> as_dtype("float32") is as_dtype(np.float32) is as_dtype(float)
    True
    """
    if isinstance(dtype, DType):
        return dtype
    try:
        found = _ALIASES.get(dtype)
        if found is None:
            numpy_dtype = np.dtype(dtype)
            found = string if numpy_dtype.kind in "SU" else _ALIASES.get(numpy_dtype.name)
            if found is None and numpy_dtype.kind == "O":
                found = string
            if found is not None:
                _ALIASES[dtype] = found
    except TypeError:
        found = None
    if found is None:
        raise DtypeError(
            "dtype",
            "unknown dtype",
            expected="one of " + ", ".join(DTYPES),
            got=repr(dtype),
            hint=nearest(dtype, DTYPES),
        )
    return found


def as_shape(shape: Any) -> Shape | None:
    """A shape from an int, a sequence of ints and Nones, or None for an unknown rank.

    Raises:
        ShapeError: for negative sizes (-1 is read as unknown) or other objects.
    """
    if shape is None:
        return None
    if isinstance(shape, int | np.integer):
        shape = (shape,)
    sizes: list[int | None] = []
    for size in shape:
        if size is None or size == -1:
            sizes.append(None)
        elif isinstance(size, int | np.integer) and size >= 0:
            sizes.append(int(size))
        else:
            raise ShapeError(
                "shape",
                "not a size",
                expected="integers >= 0, or None where unknown",
                got=repr(tuple(shape)),
            )
    return tuple(sizes)


class Dimension(int):
    """A known size: an int that also says its `value`, as TF1's do."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The size."""
        return int(self)


class TensorShape(tuple[int | None, ...]):
    """What `tensor.shape` gives: a tuple that also answers TF1's questions.

    # differs from TensorFlow 1: an unknown size is None itself, not an object with value None,
    # and the shape of an unknown rank is None.

    >>> shape = TensorShape((None, 7, 7, 64))
    >>> shape == (None, 7, 7, 64), shape.as_list(), shape[1:].num_elements(), shape[3].value
    (True, [None, 7, 7, 64], 3136, 64)
    """

    __slots__ = ()

    @property
    def ndims(self) -> int:
        """Number of axes."""
        return len(self)

    def as_list(self) -> list[int | None]:
        """The sizes, None where unknown."""
        return list(self)

    def num_elements(self) -> int | None:
        """Number of elements, None if a size is unknown."""
        return None if None in self else math.prod(size for size in self if size is not None)

    def is_fully_defined(self) -> bool:
        """True if every size is known."""
        return None not in self

    @overload
    def __getitem__(self, key: SupportsIndex) -> Dimension | None: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Dimension | TensorShape | None:
        if isinstance(key, slice):
            return TensorShape(super().__getitem__(key))
        size = super().__getitem__(key)
        return None if size is None else Dimension(size)


@dataclass(frozen=True, slots=True)
class TensorType:
    """Dtype, shape and, for small host integers and booleans, the value.

    Args:
        dtype: the element type.
        shape: sizes, None where a size is unknown; None as a whole if the rank is unknown.
        value: elements in order, None where unknown; only for rank 0 and 1.
    """

    dtype: DType
    shape: Shape | None
    value: tuple[int | bool | None, ...] | None = None

    @property
    def rank(self) -> int | None:
        """Number of axes, None if unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def is_static(self) -> bool:
        """True if every size is known."""
        return self.shape is not None and None not in self.shape

    @property
    def size(self) -> int | None:
        """Number of elements, None if unknown."""
        if self.shape is None or None in self.shape:
            return None
        return math.prod(self.shape)  # type: ignore[arg-type]  # there is no None in it

    @property
    def size_bytes(self) -> int | None:
        """Bytes of a dense array of this type, None if unknown."""
        size = self.size
        return None if size is None else size * self.dtype.size_bytes

    @property
    def known_value(self) -> np.ndarray[Any, Any] | None:
        """The value as a NumPy array when all of it is known."""
        if self.value is None or None in self.value:
            return None
        flat = np.asarray(self.value, self.dtype.numpy)
        return flat.reshape(()) if self.shape == () else flat

    def dims(self) -> Shape:
        """The shape of a tensor whose rank is known (every op's `infer` may rely on that)."""
        if self.shape is None:
            raise ShapeError("shape", "the rank is unknown", got=str(self))
        return self.shape

    def with_shape(self, shape: Shape | None) -> TensorType:
        """The same dtype in another shape."""
        return TensorType(self.dtype, shape)

    def with_dtype(self, dtype: DType) -> TensorType:
        """The same shape of another dtype."""
        return TensorType(dtype, self.shape)

    def accepts(self, other: TensorType) -> bool:
        """True if a value of type `other` may stand where this type is declared."""
        return self.dtype is other.dtype and self.accepts_shape(other.shape)

    def accepts_shape(self, shape: Shape | None) -> bool:
        """True if a value of this shape may stand where this type is declared."""
        if self.shape is None or shape is None:
            return True
        if len(shape) != len(self.shape):
            return False
        for a, b in zip(self.shape, shape, strict=True):  # a loop: all(…) takes twice as long
            if a != b and a is not None and b is not None:
                return False
        return True

    def __str__(self) -> str:
        return f"{self.dtype.name} {shape_text(self.shape)}"


def shape_text(shape: Sequence[int | None] | None) -> str:
    """`(None, 784)`, or `(...)` when the rank is unknown."""
    return "(...)" if shape is None else repr(tuple(shape))


def types_text(**types: TensorType) -> str:
    """`a float32 (None, 784), b float32 (512, 10)`, for error messages."""
    return ", ".join(f"{name} {type_}" for name, type_ in types.items())


def broadcast_sizes(a: int | None, b: int | None) -> int | None:
    """One axis of a broadcast; raises ValueError if the sizes cannot go together."""
    if a == b:
        return a
    if a == 1:
        return b
    if b == 1:
        return a
    if a is None or b is None:  # the known one is > 1, or 0: the other must be it or 1
        return b if a is None else a
    raise ValueError


def broadcast_shapes(*shapes: Shape) -> Shape:
    """NumPy's broadcasting of shapes with unknown sizes.

    Raises:
        ShapeError: if two sizes differ and neither is 1.
    """
    rank = max(map(len, shapes), default=0)
    result: list[int | None] = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, start=rank - len(shape)):
            try:
                result[axis] = broadcast_sizes(result[axis], size)
            except ValueError:
                raise ShapeError(
                    "broadcast",
                    "shapes cannot be broadcast together",
                    expected="equal sizes, or 1, on each axis counted from the last",
                    got=" and ".join(shape_text(s) for s in shapes),
                ) from None
    return tuple(result)


def normalize_axis(axis: int, rank: int, where: str = "axis") -> int:
    """An axis counted from the front, from one that may count from the back.

    Raises:
        ShapeError: if there is no such axis.
    """
    if not -rank <= axis < rank:
        raise ShapeError(
            where,
            "no such axis",
            expected=f"an axis in {-rank} <= axis < {rank}" if rank else "no axis of a scalar",
            got=str(axis),
        )
    return axis % rank


def normalize_axes(
    axes: int | Iterable[int] | None, rank: int, where: str = "axis"
) -> tuple[int, ...]:
    """Sorted axes from the front; None means all of them."""
    if axes is None:
        return tuple(range(rank))
    if isinstance(axes, int | np.integer):
        axes = (int(axes),)
    normal = sorted(normalize_axis(int(axis), rank, where) for axis in axes)
    if len(set(normal)) != len(normal):
        raise ShapeError(
            where, "an axis is given twice", expected="distinct axes", got=repr(normal)
        )
    return tuple(normal)
