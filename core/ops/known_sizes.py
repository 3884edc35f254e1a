"""What is known of sizes, and the sizes of a broadcast: `ensure_shape` and its like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, no_gradient, register, require
from ..types import Shape, TensorShape, TensorType, as_shape, broadcast_shapes, shape_text
from .elementwise import shape_of
from .sizes import require_sizes, size_values
from .source import convert
from .stack import size_vector

__all__ = ["broadcast_dynamic_shape", "broadcast_static_shape", "ensure_shape", "shape_n"]


@register
class EnsureShape(OpDef):
    """x itself, which must have a shape.  x: (...) any dtype -> the declared sizes."""

    shape: Shape
    is_view = True

    def infer(self, x: TensorType) -> TensorType:
        """What both know."""
        if not x.accepts_shape(self.shape):
            raise ShapeError(
                "ensure_shape",
                "the tensor has another shape",
                expected=shape_text(self.shape),
                got=f"x {x}",
            )
        sizes = zip(self.shape, x.dims(), strict=True)
        return TensorType(x.dtype, tuple(b if a is None else a for a, b in sizes), x.value)

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """The declared sizes."""
        return (x.with_shape(self.shape),)

    def compute(self, xp: Any, x: Any) -> Any:
        """x."""
        return x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """g, whose shape it tells as well."""
        return [apply(EnsureShape(self.shape), g)]


@register
class BroadcastShape(OpDef):
    """The sizes to which two shapes are broadcast.

    a, b: (rank_a,), (rank_b,) host integer -> (max of the ranks,) of the same dtype.
    """

    host_inputs = frozenset({0, 1})

    def infer(self, a: TensorType, b: TensorType) -> TensorType:
        """Carries the sizes, as far as they are known."""
        require(self, "same", a=a, b=b)
        require_sizes(self, a=a, b=b)
        sizes = size_values(a), size_values(b)
        if sizes[0] is None or sizes[1] is None:
            return TensorType(a.dtype, (None,))
        result = broadcast_shapes(sizes[0], sizes[1])
        return TensorType(a.dtype, (len(result),), result)

    def infer_unknown(self, a: TensorType, b: TensorType) -> tuple[TensorType, ...]:
        """A vector."""
        return (TensorType(a.dtype, (None,)),)

    def compute(self, xp: Any, a: Any, b: Any) -> Any:
        """NumPy's rule."""
        sizes = broadcast_shapes(tuple(a.tolist()), tuple(b.tolist()))
        return xp.asarray(sizes, dtype=a.dtype)

    gradient = no_gradient


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """`x` itself, whose shape is checked when it is known, and known from here on.

    Args:
        x: (...) any dtype.
        shape: sizes, None where any will do.
        name: of the node.

    Raises:
        ShapeError: if x has another shape; where only a run can tell, when that is planned.

    >>> from thalweg.core import placeholder
    >>> ensure_shape(placeholder("float32", [None, None]), [None, 3]).shape
    (None, 3)
    """
    tensor, sizes = convert(x), as_shape(shape)
    return tensor if sizes is None else apply(EnsureShape(sizes), tensor, name=name)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape to which two shapes are broadcast; sizes may be None.

    Args:
        shape_x: sizes.
        shape_y: sizes.

    Raises:
        ShapeError: if they cannot be broadcast together, or the rank of one is unknown.

    >>> broadcast_static_shape([None, 1], [3])
    (None, 3)
    """
    shapes = [as_shape(shape_x), as_shape(shape_y)]
    known = [shape for shape in shapes if shape is not None]
    if len(known) < 2:
        raise ShapeError(
            "broadcast_static_shape",
            "the rank of a shape is unknown",
            expected="two shapes of known rank",
            got=" and ".join(map(shape_text, shapes)),
            site=user_site(2),
        )
    return TensorShape(broadcast_shapes(*known))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any, name: str | None = None) -> Tensor:
    """The sizes to which tensors of two shapes are broadcast, as an integer vector.

    Args:
        shape_x: (rank,) integer, such as `shape_of(x)`: a vector, or a list that may mix ints and
            integer scalars.
        shape_y: (rank,) of the same dtype.
        name: of the node.

    Raises:
        ShapeError: if the shapes cannot be broadcast together.

    >>> from thalweg.core import Session
    >>> Session().run(broadcast_dynamic_shape([2, 1], [3])).tolist()
    [2, 3]
    """
    x, y = (size_vector("broadcast_dynamic_shape", shape) for shape in (shape_x, shape_y))
    return apply(BroadcastShape(), x, y, name=name)


def shape_n(input: Sequence[Any], dtype: Any = "int32", name: str | None = None) -> list[Tensor]:
    """The sizes of each of several tensors.

    Args:
        input: tensors of any dtypes.
        dtype: int32 or int64.
        name: of the nodes.

    >>> from thalweg.core import Session
    >>> [sizes.tolist() for sizes in Session().run(shape_n([[1, 2], [[3.0]]]))]
    [[2], [1, 1]]
    """
    return [shape_of(x, dtype, name=name) for x in input]
