"""A border around a tensor: constant, or the tensor itself in a mirror."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DtypeError, OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, register, require
from ..types import Shape, TensorType
from .elementwise import shape_of
from .shape import reshape
from .sizes import beside, keep_values, require_sizes, size_values
from .slicing import DynamicSlice, Slice, Span
from .source import Constant, as_array, convert
from .stack import size_vector

__all__ = ["pad"]


class _Border(OpDef):
    """Base: the paddings are (before, after) of the first axis, then of the next, and so on."""

    host_inputs = frozenset({1})

    def infer_unknown(self, x: TensorType, paddings: TensorType) -> tuple[TensorType, ...]:
        """As many axes as pairs."""
        require_sizes(self, paddings=paddings)
        length = None if paddings.shape is None else paddings.shape[0]
        return (x.with_shape(None if length is None else (None,) * (length // 2)),)

    def _pairs(self, x: TensorType, paddings: TensorType) -> list[tuple[int | None, int | None]]:
        """The borders of each axis, None where they are unknown.

        Raises:
            ShapeError: if they are not one pair of integers >= 0 an axis.
        """
        require_sizes(self, paddings=paddings)
        rank = len(x.dims())
        values = size_values(paddings)
        if values is None:
            return [(None, None)] * rank
        if len(values) != 2 * rank or any(n is not None and n < 0 for n in values):
            pairs = tuple(zip(values[::2], values[1::2], strict=False))
            raise ShapeError(
                "pad",
                "the paddings do not fit",
                expected=f"{rank} pairs of integers >= 0, one an axis of the tensor",
                got=f"paddings {pairs}, tensor {x}",
            )
        return list(zip(values[::2], values[1::2], strict=True))


def _pairs_of(paddings: Any) -> list[tuple[int, int]]:
    flat = paddings.tolist()
    return list(zip(flat[::2], flat[1::2], strict=True))


def _widened(shape: Shape, pairs: Sequence[tuple[int | None, int | None]]) -> Shape:
    """Sizes plus both borders."""
    return tuple(
        None if None in (size, before, after) else (size or 0) + (before or 0) + (after or 0)
        for size, (before, after) in zip(shape, pairs, strict=True)
    )


@register
class Pad(_Border):
    """x with a constant border.

    x: (...) number or bool, paddings: (2 * rank,) host integer -> each size plus its two borders.
    """

    value: float

    def infer(self, x: TensorType, paddings: TensorType) -> TensorType:
        """Sizes plus both borders."""
        if x.dtype.is_string:
            raise DtypeError("pad", "takes numbers or booleans", got=f"tensor {x}")
        shape = _widened(x.dims(), self._pairs(x, paddings))
        return keep_values(self, [x, paddings], [x.with_shape(shape)])[0]

    def compute(self, xp: Any, x: Any, paddings: Any) -> Any:
        """x put into a constant array."""
        pairs = _pairs_of(paddings)
        result = xp.full(_widened(x.shape, pairs), self.value, dtype=x.dtype)
        inside = (slice(before, before + n) for (before, _), n in zip(pairs, x.shape, strict=True))
        result[tuple(inside)] = x
        return result

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """The part inside the border."""
        x, paddings = node.inputs
        begins = apply(Slice((Span(None, None, 2),)), paddings)
        return [apply(DynamicSlice(None), g, begins, shape_of(x)), None]


@register
class MirrorPad(_Border):
    """x with a border in which it is mirrored, axis by axis.

    x: (...) any dtype, paddings: (2 * rank,) host integer -> each size plus its two borders. The
    mirror stands behind the outermost entry; or, with `on_edge`, on it, which then occurs once.
    """

    on_edge: bool

    def infer(self, x: TensorType, paddings: TensorType) -> TensorType:
        """Sizes plus both borders, none of which may be wider than there is to mirror."""
        pairs = self._pairs(x, paddings)
        for axis, (size, pair) in enumerate(zip(x.dims(), pairs, strict=True)):
            most = None if size is None else size - self.on_edge
            widest = max((n for n in pair if n is not None), default=0)
            if most is not None and widest > max(most, 0):
                raise ShapeError(
                    "pad",
                    "a border is wider than what it mirrors",
                    expected=f"at most {max(most, 0)} on axis {axis}",
                    got=f"paddings {pair}, tensor {x}",
                    hint="mode='SYMMETRIC' repeats the entry at the edge"
                    if widest == size
                    else None,
                )
        return keep_values(self, [x, paddings], [x.with_shape(_widened(x.dims(), pairs))])[0]

    def compute(self, xp: Any, x: Any, paddings: Any) -> Any:
        """What is behind the mirror, turned around, before and after x."""
        for axis, pair in enumerate(_pairs_of(paddings)):
            first, last = _mirrored(axis, x.shape[axis], pair, self.on_edge)
            x = xp.concatenate(
                [xp.flip(x[first], axis=axis), x, xp.flip(x[last], axis=axis)], axis=axis
            )
        return x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Folded back."""
        return [apply(MirrorPadGrad(self.on_edge), g, node.inputs[1]), None]


@register
class MirrorPadGrad(_Border):
    """The inside of g, with its border added where it was mirrored from.

    g: (...) number, paddings: (2 * rank,) host integer -> each size less its two borders.
    """

    on_edge: bool

    def infer(self, g: TensorType, paddings: TensorType) -> TensorType:
        """Sizes less both borders."""
        require(self, "number", g=g)
        pairs = self._pairs(g, paddings)
        less = [tuple(None if n is None else -n for n in pair) for pair in pairs]
        return g.with_shape(_widened(g.dims(), less))  # type: ignore[arg-type]

    def compute(self, xp: Any, g: Any, paddings: Any) -> Any:
        """Axis by axis; a border meets no entry twice."""
        for axis, (before, after) in enumerate(_pairs_of(paddings)):
            size = g.shape[axis] - before - after
            spans = (0, before), (before, before + size), (before + size, None)
            left, inside, right = ((*(slice(None),) * axis, slice(*span)) for span in spans)
            first, last = _mirrored(axis, size, (before, after), self.on_edge)
            result = xp.array(g[inside])
            result[first] += xp.flip(g[left], axis=axis)
            result[last] += xp.flip(g[right], axis=axis)
            g = result
        return g

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Mirrored again."""
        return [apply(MirrorPad(self.on_edge), g, node.inputs[1]), None]


def _mirrored(
    axis: int, size: int, pair: tuple[int, int], on_edge: bool
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The entries of an axis that are seen in the border before, and in that after."""
    before, after = pair
    lead = (slice(None),) * axis
    end = size - on_edge
    return (
        (*lead, slice(int(on_edge), int(on_edge) + before)),
        (*lead, slice(end - after, end)),
    )


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: float = 0,
    name: str | None = None,
) -> Tensor:
    """`tensor` with a border around it.

    Args:
        tensor: (...) number or bool; any dtype where it is mirrored.
        paddings: (rank, 2) integers >= 0, how many entries come before and after on each axis: a
            list of pairs that may mix ints and integer scalars, or a matrix.
        mode: `"CONSTANT"`, `"REFLECT"` (mirrored at the outermost entries, which occur once: the
            borders must be smaller than the axis) or `"SYMMETRIC"` (mirrored behind them, at most
            as wide as the axis), in any case.
        constant_values: the number in the border.
        name: of the node.

    Raises:
        ShapeError: if the paddings are not one pair of integers >= 0 an axis, or too wide.
        OptionError: for another mode.

    >>> from thalweg.core import Session
    >>> Session().run(pad([[1, 2]], [[1, 0], [0, 1]])).tolist()
    [[0, 0, 0], [1, 2, 0]]
    >>> Session().run(pad([1, 2, 3], [[2, 1]], "reflect")).tolist()
    [3, 2, 1, 2, 3, 2]
    """
    value = constant_values if isinstance(constant_values, int) else float(constant_values)
    ops: dict[Any, OpDef] = {
        "CONSTANT": Pad(value), "REFLECT": MirrorPad(True), "SYMMETRIC": MirrorPad(False)
    }  # fmt: skip
    op = ops.get(mode.upper() if isinstance(mode, str) else None)
    if op is None:
        raise OptionError(
            "pad",
            "unknown mode",
            expected="'CONSTANT', 'REFLECT' or 'SYMMETRIC'",
            got=repr(mode),
            site=user_site(2),
        )
    x = convert(tensor)
    with beside(x):
        return apply(op, x, _flat(paddings), name=name)


def _flat(paddings: Any) -> Tensor:
    """The pairs one after another."""
    rows = paddings if isinstance(paddings, list | tuple) else ()
    numbers = [n for row in rows if isinstance(row, list | tuple) for n in row]
    if any(isinstance(n, Tensor) or hasattr(n, "__thalweg_tensor__") for n in numbers):
        if all(isinstance(row, list | tuple) and len(row) == 2 for row in rows):
            return size_vector("pad", numbers)
        raise _not_pairs(paddings)
    is_tensor = isinstance(paddings, Tensor) or hasattr(paddings, "__thalweg_tensor__")
    pairs = convert(paddings if is_tensor else as_array(paddings))
    shape = pairs.shape
    if not pairs.dtype.is_integer or (shape is not None and not _is_matrix(shape)):
        raise _not_pairs(paddings)
    known = pairs.op.opdef
    if isinstance(known, Constant):  # types know the values of vectors, not of matrices
        return convert(known.literal.array.reshape(-1))
    return reshape(pairs, [-1])


def _is_matrix(shape: Sequence[int | None]) -> bool:
    return len(shape) == 2 and shape[1] in (2, None)


def _not_pairs(paddings: Any) -> ShapeError:
    return ShapeError(
        "pad",
        "the paddings are not pairs",
        expected="(rank, 2) integers",
        got=repr(paddings),
        site=user_site(2),
    )
