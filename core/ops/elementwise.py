"""Ops that treat every element alike: one row each, made by `unary` and `binary`.

A row states the formula, the kernel and the gradient. Broadcasting is NumPy's; the gradient of a
broadcast input is summed back to its shape by the builder, so rows need not think of it.

Here are the builders, the shape plumbing of gradients, and the arithmetic that everything else
needs; `math.py` and `compare.py` hold the other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..errors import DtypeError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import REGISTRY, OpDef, apply, no_gradient, register, require
from ..types import DType, TensorType, as_dtype, broadcast_shapes, types_text
from .source import convert, convert_all

__all__ = [
    "add",
    "broadcast_to",
    "cast",
    "divide",
    "identity",
    "multiply",
    "negative",
    "ones_like",
    "shape_of",
    "stop_gradient",
    "subtract",
    "zeros_like",
]


class UnaryFunction(Protocol):
    """A public function of one tensor."""

    def __call__(self, x: Any, name: str | None = None) -> Tensor:
        """A tensor of x's shape."""


class BinaryFunction(Protocol):
    """A public function of two broadcast tensors."""

    def __call__(self, x: Any, y: Any, name: str | None = None) -> Tensor:
        """A tensor of the shape to which both are broadcast."""


UnaryGradient = Callable[[Tensor, Tensor, Tensor], Tensor]
BinaryGradient = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor | None, Tensor | None]]


def unary(
    name: str,
    doc: str,
    compute: Callable[[Any, Any], Any],
    gradient: UnaryGradient | None,
    *,
    example: tuple[str, str] | None = None,
    takes: str = "float",
    gives: DType | None = None,
) -> UnaryFunction:
    """Defines an elementwise op of one input and returns its public function.

    Args:
        name: the function's name; the op is its CamelCase.
        doc: the formula and what is worth knowing; shapes and dtypes are added to it.
        compute: `(xp, x) -> y`.
        gradient: `(x, y, g) -> gradient`, or None if there is none.
        example: the arguments and the result of a call, as Python prints them; the public
            function's docstring shows it.
        takes: kinds of dtype, as in `require`; "any" checks nothing.
        gives: dtype of the output if not the input's.
    """

    def infer(self: OpDef, x: TensorType) -> TensorType:
        if takes != "any":
            require(self, takes, x=x)
        return x.with_dtype(gives or x.dtype)

    def infer_unknown(self: OpDef, x: TensorType) -> tuple[TensorType, ...]:
        return (infer(self, x),)

    def compute_method(self: OpDef, xp: Any, x: Any) -> Any:
        return compute(xp, x)

    def gradient_method(self: OpDef, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        if gradient is None:
            return [None]
        return [gradient(node.inputs[0], node.outputs[0], g)]

    op = _define(
        name,
        doc,
        infer=infer,
        infer_unknown=infer_unknown,
        compute=compute_method,
        gradient=gradient_method,
        reuse={0: 0} if gives is None else {},
        is_elementwise=True,
        __module__=compute.__module__,
    )

    def function(x: Any, name: str | None = None) -> Tensor:
        return apply(op, convert(x), name=name)

    _document(function, name, doc, example, f"x: (...) {_dtypes_text(takes)}.", gives)
    return function


def binary(
    name: str,
    doc: str,
    compute: Callable[[Any, Any, Any], Any],
    gradient: BinaryGradient | None,
    *,
    example: tuple[str, str] | None = None,
    takes: str = "number",
    gives: DType | None = None,
) -> BinaryFunction:
    """Defines an elementwise op of two broadcast inputs and returns its public function.

    Args:
        name: the function's name; the op is its CamelCase.
        doc: the formula and what is worth knowing; shapes and dtypes are added to it.
        compute: `(xp, a, b) -> y`.
        gradient: `(a, b, y, g) -> (gradient of a, gradient of b)` before the sum over
            broadcast axes, or None if there is none.
        example: the arguments and the result of a call, as Python prints them; the public
            function's docstring shows it.
        takes: kinds of dtype besides being equal; "any" checks only that.
        gives: dtype of the output if not the inputs'.
    """
    kinds = "same" if takes == "any" else f"same {takes}"

    def infer(self: OpDef, a: TensorType, b: TensorType) -> TensorType:
        require(self, kinds, a=a, b=b)
        try:
            shape = broadcast_shapes(a.dims(), b.dims())
        except ShapeError as error:
            raise ShapeError(
                self.label,
                "shapes cannot be broadcast together",
                expected=error.expected,
                got=types_text(a=a, b=b),
            ) from None
        return TensorType(gives or a.dtype, shape)

    def infer_unknown(self: OpDef, a: TensorType, b: TensorType) -> tuple[TensorType, ...]:
        require(self, kinds, a=a, b=b)
        return (TensorType(gives or a.dtype, None),)

    def compute_method(self: OpDef, xp: Any, a: Any, b: Any) -> Any:
        return compute(xp, a, b)

    def gradient_method(self: OpDef, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        if gradient is None:
            return [None, None]
        a, b = node.inputs
        ga, gb = gradient(a, b, node.outputs[0], g)
        return [None if ga is None else sum_to(ga, a), None if gb is None else sum_to(gb, b)]

    op = _define(
        name,
        doc,
        infer=infer,
        infer_unknown=infer_unknown,
        compute=compute_method,
        gradient=gradient_method,
        reuse={0: (0, 1)} if gives is None else {},
        is_elementwise=True,
        __module__=compute.__module__,
    )

    def function(x: Any, y: Any, name: str | None = None) -> Tensor:
        a, b = convert_all(x, y)
        return apply(op, a, b, name=name)

    dtypes = f"x: (...) {_dtypes_text(takes)}.\n    y: the same dtype, a shape that broadcasts."
    _document(function, name, doc, example, dtypes, gives)
    return function


def _define(name: str, doc: str, **members: Any) -> OpDef:
    """Makes and registers an attribute-less OpDef class; its only instance is returned."""
    class_name = "".join(part.capitalize() for part in name.split("_"))
    cls: type[OpDef] = type(class_name, (OpDef,), {"__doc__": doc, **members})
    return register(cls)()


def _dtypes_text(takes: str) -> str:
    return {"any": "of any dtype", "numeric": "number or bool"}.get(takes, takes)


def _document(
    function: Callable[..., Tensor],
    name: str,
    doc: str,
    example: tuple[str, str] | None,
    inputs: str,
    gives: DType | None,
) -> None:
    """Names the function and writes its docstring, whose example doctest runs."""
    function.__name__ = function.__qualname__ = name
    parts = [
        doc,
        f"Args:\n    {inputs}\n    name: of the node.",
        f"Returns:\n    The broadcast shape, {gives.name if gives else 'the same dtype'}.",
    ]
    if example is not None:
        arguments, result = example
        call = f">>> Session().run({name}({arguments})).tolist()\n{result}\n"
        parts.append(f">>> from thalweg.core import Session\n{call}")
    function.__doc__ = "\n\n".join(parts)


# Shape plumbing of gradients --------------------------------------------------------------------


@register
class SumTo(OpDef):
    """Sums the axes that broadcasting `shape` to x's shape has added or stretched.

    x: (...) number, shape: (rank,) host integer -> `shape`.
    """

    host_inputs = frozenset({1})
    may_alias = True

    def infer(self, x: TensorType, shape: TensorType) -> TensorType:
        """The shape's value, where known; else only its rank."""
        require(self, "number", x=x)
        return TensorType(x.dtype, shape_from_value(shape))

    def infer_unknown(self, x: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """The same: x's own shape does not matter."""
        return (self.infer(x, shape),)

    def compute(self, xp: Any, x: Any, shape: Any) -> Any:
        """Leading axes vanish; stretched ones are summed and kept."""
        target = tuple(int(size) for size in shape)
        if x.shape == target:
            return x
        added = x.ndim - len(target)
        axes = tuple(range(added)) + tuple(
            axis + added
            for axis, size in enumerate(target)
            if size == 1 and x.shape[axis + added] != 1
        )
        return x.sum(axis=axes, dtype=x.dtype).reshape(target)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Broadcasts back."""
        return [broadcast_to(g, shape_of(node.inputs[0])), None]


@register
class BroadcastTo(OpDef):
    """Repeats x along axes of size 1, and along new leading axes.

    x: (...) any dtype, shape: (rank,) host integer -> `shape`.
    """

    host_inputs = frozenset({1})
    may_alias = True
    is_elementwise = True

    def infer(self, x: TensorType, shape: TensorType) -> TensorType:
        """The shape's value, where known; else only its rank."""
        target = shape_from_value(shape)
        if target is not None:
            try:
                fits = broadcast_shapes(x.dims(), target)
            except ShapeError:
                fits = ()
            if len(fits) != len(target) or any(
                a is not None and b is not None and a != b
                for a, b in zip(fits, target, strict=False)
            ):
                raise ShapeError(
                    self.label,
                    "cannot be broadcast to this shape",
                    expected="a shape that x stretches to",
                    got=f"x {x}, shape {target}",
                )
        return TensorType(x.dtype, target)

    def infer_unknown(self, x: TensorType, shape: TensorType) -> tuple[TensorType, ...]:
        """The shape's value, where known."""
        return (TensorType(x.dtype, shape_from_value(shape)),)

    def compute(self, xp: Any, x: Any, shape: Any) -> Any:
        """A strided view where the backend has one."""
        return xp.broadcast_to(x, tuple(int(size) for size in shape))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Sums what was repeated."""
        return [sum_to(g, node.inputs[0]), None]


@register
class Shape(OpDef):
    """The sizes of x.  x: (...) any dtype -> (rank,) int32 or int64, on the host."""

    dtype: DType
    is_host = True

    def infer(self, x: TensorType) -> TensorType:
        """Carries the sizes as its value."""
        return TensorType(self.dtype, (len(x.dims()),), x.dims())

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """A vector of unknown length."""
        return (TensorType(self.dtype, (None,)),)

    def compute(self, xp: Any, x: Any) -> Any:
        """The sizes."""
        return xp.asarray(x.shape, dtype=self.dtype.numpy)

    gradient = no_gradient


def shape_from_value(shape: TensorType) -> tuple[int | None, ...] | None:
    """The sizes a shape operand stands for: its value, or unknown sizes, or an unknown rank."""
    if shape.value is not None:
        return tuple(None if size is None or size < 0 else int(size) for size in shape.value)
    if shape.shape is not None and len(shape.shape) == 1 and shape.shape[0] is not None:
        return (None,) * shape.shape[0]
    return None


def shape_of(x: Any, dtype: Any = "int32", name: str | None = None) -> Tensor:
    """The sizes of `x` as an integer vector.  x: (...) -> (rank,) int32 or int64.

    >>> from thalweg.core import Session, constant
    >>> Session().run(shape_of(constant([[1.0, 2.0]]))).tolist()
    [1, 2]
    """
    return apply(Shape(as_dtype(dtype)), convert(x), name=name)


def broadcast_to(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """`x` repeated to `shape` by NumPy's broadcasting rule.

    >>> from thalweg.core import Session
    >>> Session().run(broadcast_to([1.0, 2.0], [2, 2])).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    return apply(BroadcastTo(), convert(x), convert(shape), name=name)


def sum_to(x: Tensor, like: Tensor) -> Tensor:
    """`x` summed to the shape of `like`: the gradient of broadcasting `like` to x's shape."""
    if like.type.is_static and x.shape == like.shape:
        return x
    return apply(SumTo(), x, shape_of(like))


# Dtypes and copies ------------------------------------------------------------------------------


@register
class Cast(OpDef):
    """Converts elements.  x: (...) number or bool -> (...) dtype; floats truncate to integers."""

    dtype: DType
    may_alias = True
    is_elementwise = True

    def infer(self, x: TensorType) -> TensorType:
        """The same shape."""
        if x.dtype.is_string or self.dtype.is_string:
            raise DtypeError(
                self.label,
                "strings are not cast",
                expected="from and to numbers or booleans",
                got=f"x {x}, dtype {self.dtype}",
                hint="string_to_number reads numbers, as_string writes them",
            )
        return x.with_dtype(self.dtype)

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(x),)

    def compute(self, xp: Any, x: Any) -> Any:
        """`astype`."""
        return x.astype(self.dtype.numpy)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Casts back between floats; nothing flows through integers."""
        source = node.inputs[0].dtype
        return [cast(g, source) if source.is_float and self.dtype.is_float else None]


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """`x` in another dtype; booleans become 0 and 1, floats lose their fraction.

    >>> from thalweg.core import Session
    >>> Session().run(cast([1.7, -1.7], "int32")).tolist()
    [1, -1]
    """
    tensor, wanted = convert(x), as_dtype(dtype)
    return tensor if tensor.dtype is wanted else apply(Cast(wanted), tensor, name=name)


identity = unary(
    "identity",
    "`x` itself under another name.",
    lambda xp, x: x,
    lambda x, y, g: g,
    example=("[1, 2]", "[1, 2]"),
    takes="any",
)
REGISTRY["Identity"].is_view = True

stop_gradient = unary(
    "stop_gradient",
    "`x`, through which no gradient flows.",
    lambda xp, x: x,
    None,
    example=("[1, 2]", "[1, 2]"),
    takes="any",
)
REGISTRY["StopGradient"].is_view = True

zeros_like = unary(
    "zeros_like",
    "Zeros of the shape and dtype of `x`; False, or empty strings.",
    lambda xp, x: (
        xp.full(x.shape, b"", x.dtype) if x.dtype.hasobject else xp.zeros(x.shape, x.dtype)
    ),
    None,
    example=("[1.0, 2.0]", "[0.0, 0.0]"),
    takes="any",
)
ones_like = unary(
    "ones_like",
    "Ones of the shape and dtype of `x`.",
    lambda xp, x: xp.ones(x.shape, x.dtype),
    None,
    example=("[5, 6]", "[1, 1]"),
    takes="numeric",
)

# Arithmetic -------------------------------------------------------------------------------------

add = binary(
    "add",
    "x + y.",
    lambda xp, a, b: a + b,
    lambda a, b, y, g: (g, g),
    example=("[1, 2], 10", "[11, 12]"),
)
subtract = binary(
    "subtract",
    "x - y.",
    lambda xp, a, b: a - b,
    lambda a, b, y, g: (g, -g),
    example=("[1, 2], 10", "[-9, -8]"),
)
multiply = binary(
    "multiply",
    "x * y.",
    lambda xp, a, b: a * b,
    lambda a, b, y, g: (g * b, g * a),
    example=("[1, 2], 10", "[10, 20]"),
)
divide = binary(
    "divide",
    "x / y for floats; `floordiv` divides integers.",
    lambda xp, a, b: a / b,
    lambda a, b, y, g: (g / b, -(g / b) * y),
    example=("[1.0, 2.0], 4", "[0.25, 0.5]"),
    takes="float",
)
negative = unary(
    "negative",
    "-x.",
    lambda xp, x: -x,
    lambda x, y, g: -g,
    example=("[1.0, -2.0]", "[-1.0, 2.0]"),
    takes="number",
)
