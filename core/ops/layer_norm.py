"""Normalisation of each example by itself: layer, group, instance and root-mean-square."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..errors import OptionError, ShapeError, user_site
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply_many, register, require
from ..types import TensorType, shape_text, types_text
from .elementwise import add, broadcast_to, cast, identity, multiply, shape_of, sum_to
from .math import add_n, rsqrt, square
from .reduce import Axis, reduce_mean
from .repeat import ones, zeros
from .shape import reshape, size_of
from .source import convert_all
from .statistics import moments

__all__ = ["group_norm", "instance_norm", "layer_norm", "rms_norm"]


@register
class LayerNorm(OpDef):
    """Normalises by mean and variance over the last `axes` axes.

    x: (..., *sizes) float; scale, offset: sizes, the last `axes` of x's, of the same dtype
    -> y (..., *sizes), mean (..., 1, ...), r (..., 1, ...), with ones in the place of sizes.

    r = 1 / sqrt(variance + epsilon) and y = scale * (x - mean) * r + offset. The variance is the
    mean of the squares, biased.
    """

    axes: int
    epsilon: float
    reuse: ClassVar[Mapping[int, int]] = {0: 0}

    def infer(self, x: TensorType, scale: TensorType, offset: TensorType) -> Any:
        """x's type, and one number for each example twice."""
        require(self, "same float", x=x, scale=scale, offset=offset)
        sizes = x.dims()[-self.axes :]
        vector = TensorType(x.dtype, sizes)
        if len(sizes) < self.axes or not all(map(vector.accepts, (scale, offset))):
            raise ShapeError(
                self.label,
                "scale or offset do not have the sizes of the last axes of x",
                expected=f"x of rank {self.axes} or more"
                if len(sizes) < self.axes
                else f"scale and offset {shape_text(sizes)}",
                got=types_text(x=x, scale=scale, offset=offset),
            )
        statistic = x.with_shape((*x.dims()[: -self.axes], *(1,) * self.axes))
        return x.with_shape(x.dims()), statistic, statistic

    def infer_unknown(
        self, x: TensorType, scale: TensorType, offset: TensorType
    ) -> tuple[TensorType, ...]:
        """x's type, and unknown ranks."""
        require(self, "same float", x=x, scale=scale, offset=offset)
        return x.with_shape(x.shape), x.with_shape(None), x.with_shape(None)

    def compute(self, xp: Any, x: Any, scale: Any, offset: Any) -> Any:
        """Two passes: squares of what is left after subtracting the mean do not cancel."""
        dtype = x.dtype
        if dtype.itemsize == 2:  # half precision: sums would end at 65504
            x, scale, offset = (array.astype("float32") for array in (x, scale, offset))
        axes = tuple(range(-self.axes, 0))
        count = max(math.prod(x.shape[-self.axes :]), 1)
        mean = x.sum(axis=axes, keepdims=True) / count
        centered = x - mean
        variance = (centered * centered).sum(axis=axes, keepdims=True) / count
        r = 1 / xp.sqrt(variance + self.epsilon)
        y = centered * r * scale + offset
        return tuple(result.astype(dtype, copy=False) for result in (y, mean, r))

    def gradient(
        self, node: Operation, g: Tensor | None, g_mean: Tensor | None, g_r: Tensor | None
    ) -> Sequence[Tensor | None]:
        """With n = (x - mean) r and h = scale g: r (h - mean(h) - n mean(h n)), sum(g n), sum(g).

        It is made of mean and r, through which its own gradient flows.
        """
        x, scale, offset = node.inputs
        _, mean, r = node.outputs
        normal = (x - mean) * r
        axes = tuple(range(-self.axes, 0))
        found: list[Tensor | None] = [None, None, None]
        parts = []
        if g is not None:
            h = g * scale
            along = reduce_mean(h * normal, axes, keepdims=True)
            parts.append((h - reduce_mean(h, axes, keepdims=True) - normal * along) * r)
            found = [None, sum_to(g * normal, scale), sum_to(g, offset)]
        if g_mean is not None:
            parts.append(broadcast_to(g_mean / _count(scale), shape_of(x)))
        if g_r is not None:
            parts.append(normal * square(r) * g_r / _count(scale) * -1.0)
        found[0] = add_n(parts) if parts else None
        return found


def _count(scale: Tensor) -> Tensor:
    """How many numbers share a mean, as a scalar of their dtype."""
    return cast(size_of(scale), scale.dtype)


def layer_norm(
    x: Any,
    scale: Any = None,
    offset: Any = None,
    epsilon: float = 1e-3,
    axes: int = 1,
    name: str | None = None,
) -> Tensor:
    """`x` with each example normalised by mean and variance over its last axes.

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset.
    J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016, equation 4.

    Args:
        x: (..., *sizes), float.
        scale: sizes, the last `axes` of x's; None means ones.
        offset: sizes; None means zeros.
        epsilon: added to the variance, > 0.
        axes: how many of the last axes are normalised together, >= 1.
        name: of the node.

    Returns:
        x's shape.

    Raises:
        ShapeError: if scale and offset do not have the sizes of the last axes.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> Session().run(layer_norm([[1.0, 3.0]], [1.0, 2.0], epsilon=0.0)).tolist()
    [[-1.0, 2.0]]
    """
    if not isinstance(axes, int) or axes < 1:
        raise OptionError(
            "layer_norm",
            "axes are no count",
            expected="an integer >= 1",
            got=repr(axes),
            site=user_site(),
        )
    x, scale, offset = _with_vectors(x, scale, offset)
    sizes = shape_of(x)[-axes:]
    gains = ones(sizes, x.dtype) if scale is None else scale
    shifts = zeros(sizes, x.dtype) if offset is None else offset
    return apply_many(LayerNorm(axes, float(epsilon)), x, gains, shifts, name=name).outputs[0]


def group_norm(
    x: Any,
    groups: int,
    scale: Any = None,
    offset: Any = None,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> Tensor:
    """`x` with the channels of each example normalised in groups.

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset, with mean and variance over all
    that an example has in a group of neighbouring channels.
    Y. Wu, K. He, "Group Normalization", 2018, equations 1 to 7.

    Args:
        x: (batch, ..., channels), float.
        groups: into how many groups the channels fall, a divisor of their number.
        scale: (channels,); None means ones.
        offset: (channels,); None means zeros.
        epsilon: added to the variance, > 0.
        name: of the node.

    Returns:
        x's shape.

    Raises:
        ShapeError: if the rank of x is unknown or below 2, or the channels do not divide.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> Session().run(group_norm([[1.0, 3.0, 10.0, 30.0]], 2, epsilon=0.0)).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    x, scale, offset = _with_vectors(x, scale, offset)
    rank = _images_rank("group_norm", x, 2)
    channels = x.type.dims()[-1]
    if not isinstance(groups, int) or groups < 1 or (channels or 0) % groups:
        raise ShapeError(
            "group_norm",
            "the channels do not divide into groups",
            expected="groups >= 1, a divisor of the number of channels",
            got=f"groups {groups!r}, x {x.type}",
            site=user_site(),
        )
    sizes = [shape_of(x)[i] if n is None else n for i, n in enumerate(x.type.dims()[:-1])]
    members = -1 if channels is None else channels // groups
    grouped = reshape(x, [*sizes, groups, members])
    normal = _standardized(grouped, [*range(1, rank - 1), rank], epsilon)
    return _scaled(reshape(normal, shape_of(x)), scale, offset, name or "group_norm")


def instance_norm(
    x: Any,
    scale: Any = None,
    offset: Any = None,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> Tensor:
    """`x` with each channel of each example normalised by itself.

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset, with mean and variance over the
    axes between batch and channels.
    D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance Normalization", 2016, equation 4.

    Args:
        x: (batch, ..., channels), float, with one axis or more between.
        scale: (channels,); None means ones.
        offset: (channels,); None means zeros.
        epsilon: added to the variance, > 0.
        name: of the node.

    Returns:
        x's shape.

    Raises:
        ShapeError: if the rank of x is unknown or below 3.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> Session().run(instance_norm([[[1.0, 5.0], [3.0, 5.0]]], epsilon=1e-6)).round(3).tolist()
    [[[-1.0, 0.0], [1.0, 0.0]]]
    """
    x, scale, offset = _with_vectors(x, scale, offset)
    rank = _images_rank("instance_norm", x, 3)
    normal = _standardized(x, range(1, rank - 1), epsilon)
    return _scaled(normal, scale, offset, name or "instance_norm")


def rms_norm(
    x: Any,
    scale: Any = None,
    axis: Axis = -1,
    epsilon: float = 1e-6,
    name: str | None = None,
) -> Tensor:
    """`x` divided by the root of its mean square along axes.

    y = scale * x / sqrt(mean(x**2) + epsilon).
    B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", 2019, equation 4.

    Args:
        x: (...) float.
        scale: a shape that broadcasts, usually (features,); None means ones.
        axis: None for all axes, a number, or several.
        epsilon: added to the mean, > 0.
        name: of the node.

    Returns:
        x's shape.

    Raises:
        ShapeError: if there is no such axis, or scale does not broadcast.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> Session().run(rms_norm([[1.0, 7.0]], [5.0, 5.0], epsilon=0.0)).tolist()
    [[1.0, 7.0]]
    """
    x, scale, _ = _with_vectors(x, scale, None)
    normal = x * rsqrt(reduce_mean(square(x), axis, keepdims=True) + epsilon)
    return _scaled(normal, scale, None, name or "rms_norm")


def _with_vectors(x: Any, scale: Any, offset: Any) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Tensors of one dtype, where they are given."""
    found = iter(convert_all(*(value for value in (x, scale, offset) if value is not None)))
    return (
        next(found),
        None if scale is None else next(found),
        None if offset is None else next(found),
    )


def _images_rank(where: str, x: Tensor, least: int) -> int:
    """The rank of (batch, ..., channels), where it is known and not too low."""
    if x.ndim is None or x.ndim < least:
        between = "" if least == 2 else ", with one axis or more between"
        raise ShapeError(
            where,
            "the rank is unknown" if x.ndim is None else "the rank is too low",
            expected=f"x (batch, ..., channels){between}",
            got=f"x {x.type}",
            site=user_site(),
        )
    return x.ndim


def _standardized(x: Tensor, axes: Sequence[int], epsilon: float) -> Tensor:
    """Mean 0 and variance 1 along axes."""
    mean, variance = moments(x, axes, keepdims=True)
    return (x - mean) * rsqrt(variance + epsilon)


def _scaled(normal: Tensor, scale: Tensor | None, offset: Tensor | None, name: str) -> Tensor:
    """What has been normalised, times scale plus offset; the last op has the name."""
    if offset is not None:
        return add(normal if scale is None else normal * scale, offset, name=name)
    return identity(normal, name=name) if scale is None else multiply(normal, scale, name=name)
