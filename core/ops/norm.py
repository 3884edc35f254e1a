"""Batch normalisation: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network
Training by Reducing Internal Covariate Shift", 2015, algorithms 1 and 2; and the bias it spares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from ..errors import OptionError, ShapeError, user_site
from ..graph import Operation, Tensor, current_context
from ..opdef import OpDef, apply, apply_many, register, require
from ..types import TensorType, types_text
from .compare import maximum
from .elementwise import (
    add,
    broadcast_to,
    cast,
    multiply,
    ones_like,
    shape_of,
    sum_to,
    zeros_like,
)
from .layout import channels_first, channels_last, is_channels_first
from .math import rsqrt
from .shape import size_of
from .source import convert_all

__all__ = [
    "BatchNorm",
    "batch_norm_inference",
    "batch_norm_train",
    "batch_normalization",
    "bias_add",
    "fused_batch_norm",
]


class _BatchNormalization(OpDef):
    """What the forms of batch normalisation share."""

    epsilon: float

    def _channels(self, x: TensorType, **vectors: TensorType) -> TensorType:
        """The type of one number a channel; checks that x and all vectors have as many."""
        require(self, "same float", x=x, **vectors)
        sizes = [type_.dims()[-1] for type_ in (x, *vectors.values()) if type_.dims()]
        known = {size for size in sizes if size is not None}
        if not x.dims() or any(type_.rank != 1 for type_ in vectors.values()) or len(known) > 1:
            raise ShapeError(
                self.label,
                "inputs do not have one number for each channel of x",
                expected="x (..., channels), " + ", ".join(f"{n} (channels,)" for n in vectors),
                got=types_text(x=x, **vectors),
            )
        return TensorType(x.dtype, (known.pop() if known else None,))

    def _r(self, variance: Tensor) -> Tensor:
        """The reciprocal of the standard deviation, in the graph."""
        return rsqrt(variance + self.epsilon)


@register
class BatchNormTrain(_BatchNormalization):
    """Normalises each channel by its mean and variance in this batch.

    x: (..., channels) float, scale, offset: (channels,)
    -> y (..., channels), mean (channels,), variance (channels,), all of one dtype.

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset. The variance is the mean of the
    squares, biased; an empty batch has mean and variance 0.
    """

    reuse: ClassVar[Mapping[int, int]] = {0: 0}

    def infer(self, x: TensorType, scale: TensorType, offset: TensorType) -> Any:
        """x's type, and a vector twice."""
        vector = self._channels(x, scale=scale, offset=offset)
        return x.with_shape(x.dims()), vector, vector

    def infer_unknown(
        self, x: TensorType, scale: TensorType, offset: TensorType
    ) -> tuple[TensorType, ...]:
        """The ranks of the vectors at any rate."""
        vector = scale.with_shape((None,))
        return x.with_shape(x.shape), vector, vector

    def compute(self, xp: Any, x: Any, scale: Any, offset: Any) -> Any:
        """Two passes: squares of what is left after subtracting the mean do not cancel."""
        dtype, count = x.dtype, _rows(x)
        x, scale, offset = map(_widened, (x, scale, offset))
        mean = _channel_sums(x) / count
        centered = x - mean
        variance = _channel_sums(centered * centered) / count
        y = centered * (scale / xp.sqrt(variance + self.epsilon)) + offset
        return tuple(result.astype(dtype, copy=False) for result in (y, mean, variance))

    def gradient(
        self, node: Operation, g: Tensor | None, g_mean: Tensor | None, g_variance: Tensor | None
    ) -> Sequence[Tensor | None]:
        """Through y by `BatchNormTrainGrad`; through mean and variance where these are used."""
        x, scale, _ = node.inputs
        mean, variance = node.outputs[1:]
        found: list[Tensor | None] = [None, None, None]
        if g is not None:
            op = BatchNormTrainGrad(self.epsilon)
            found = list(apply_many(op, x, scale, mean, variance, g).outputs)
        if g_mean is not None:
            share = broadcast_to(g_mean / _row_count(x, mean), shape_of(x))
            found[0] = share if found[0] is None else found[0] + share
        if g_variance is not None:
            share = (x - mean) * (g_variance * 2.0 / _row_count(x, mean))
            found[0] = share if found[0] is None else found[0] + share
        return found


@register
class BatchNormTrainGrad(_BatchNormalization):
    """The gradient of `BatchNormTrain` through its y.

    x, g: (..., channels) float, scale, mean, variance: (channels,)
    -> gradient of x (..., channels), of scale (channels,), of offset (channels,).

    With r = 1 / sqrt(variance + epsilon), n = (x - mean) * r, and means over all axes but the
    last: scale * r * (g - mean(g) - n * mean(g * n)), sum(g * n), sum(g).
    """

    reuse: ClassVar[Mapping[int, int]] = {0: 4}

    def infer(
        self,
        x: TensorType,
        scale: TensorType,
        mean: TensorType,
        variance: TensorType,
        g: TensorType,
    ) -> Any:
        """x's type, and a vector twice."""
        vector = self._channels(x, scale=scale, mean=mean, variance=variance)
        return x.with_shape(x.dims()), vector, vector

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The ranks of the vectors at any rate."""
        vector = types[0].with_shape((None,))
        return types[0].with_shape(types[0].shape), vector, vector

    def compute(self, xp: Any, x: Any, scale: Any, mean: Any, variance: Any, g: Any) -> Any:
        """The formulas."""
        dtype, count = x.dtype, _rows(x)
        x, scale, mean, variance, g = map(_widened, (x, scale, mean, variance, g))
        r = 1 / xp.sqrt(variance + self.epsilon)
        normal = (x - mean) * r
        g_scale, g_offset = _channel_sums(g * normal), _channel_sums(g)
        g_x = (g - g_offset / count - normal * (g_scale / count)) * (scale * r)
        return tuple(result.astype(dtype, copy=False) for result in (g_x, g_scale, g_offset))

    def gradient(
        self, node: Operation, u: Tensor | None, v: Tensor | None, w: Tensor | None
    ) -> Sequence[Tensor | None]:
        """By hand, with u, v, w for what flows into the three outputs.

        The outputs depend on g linearly; on x, mean and variance through n and r alone.
        """
        x, scale, mean, variance, g = node.inputs
        u, v, w = (
            zeros_like(output) if flow is None else flow
            for output, flow in zip(node.outputs, (u, v, w), strict=True)
        )
        r = self._r(variance)
        normal = (x - mean) * r
        # The gradient of x is r * scale * projection of g; the projection is its own transpose.
        projected, u_n, _ = apply_many(self, x, ones_like(scale), mean, variance, u).outputs
        to_scale = sum_to(g * projected, scale)
        g_n = node.outputs[1]
        to_n = g * v - (g * u_n + u * g_n) * (scale * r / _row_count(x, scale))
        to_variance = (sum_to(to_n * normal, scale) + scale * to_scale) * r * r * -0.5
        return [
            to_n * r,
            to_scale,
            -sum_to(to_n, scale) * r,
            to_variance,
            projected * scale + normal * v + w,
        ]


@register
class BatchNormInference(_BatchNormalization):
    """Normalises each channel by a given mean and variance.

    x: (..., channels) float, scale, offset, mean, variance: (channels,) -> (..., channels).
    y = scale * (x - mean) / sqrt(variance + epsilon) + offset.
    """

    reuse: ClassVar[Mapping[int, int]] = {0: 0}

    def infer(
        self,
        x: TensorType,
        scale: TensorType,
        offset: TensorType,
        mean: TensorType,
        variance: TensorType,
    ) -> TensorType:
        """x's type."""
        self._channels(x, scale=scale, offset=offset, mean=mean, variance=variance)
        return x.with_shape(x.dims())

    def infer_unknown(self, x: TensorType, *vectors: TensorType) -> tuple[TensorType, ...]:
        """x's type."""
        return (x.with_shape(x.shape),)

    def compute(self, xp: Any, x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> Any:
        """The formula; the mean goes first, since x and mean may be large and close."""
        return (x - mean) * (scale / xp.sqrt(variance + self.epsilon)) + offset

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Of all five inputs."""
        x, scale, offset, mean, variance = node.inputs
        r = self._r(variance)
        g_offset = sum_to(g, offset)
        g_scale = sum_to(g * (x - mean), scale) * r
        return [
            g * (scale * r),
            g_scale,
            g_offset,
            g_offset * scale * r * -1.0,
            g_scale * scale * r * r * -0.5,
        ]


def _rows(x: Any) -> int:
    """How many values a channel has, and 1 rather than none: it is divided by."""
    count: int = math.prod(x.shape[:-1])
    return max(count, 1)


def _row_count(x: Tensor, vector: Tensor) -> Tensor:
    """The same in the graph, as a scalar of x's dtype."""
    return cast(size_of(x), x.dtype) / cast(size_of(vector), x.dtype)


def _widened(x: Any) -> Any:
    """float32 for float16, whose sums would end at 65504."""
    return x.astype("float32") if x.dtype.itemsize == 2 else x


def _channel_sums(x: Any) -> Any:
    """Sums all axes but the last, one after another: short sums round less than one long one."""
    while x.ndim > 1:
        x = x.sum(axis=-2, dtype=x.dtype)
    return x


class BatchNorm(NamedTuple):
    """What `batch_norm_train` makes."""

    y: Tensor
    mean: Tensor
    variance: Tensor


def batch_norm_train(
    x: Any, scale: Any, offset: Any, epsilon: float = 1e-3, name: str | None = None
) -> BatchNorm:
    """`x` with each channel normalised by its mean and variance in this batch.

    Args:
        x: (..., channels), float.
        scale: (channels,), what each channel's standard deviation becomes.
        offset: (channels,), what each channel's mean becomes.
        epsilon: added to the variance, > 0.
        name: of the node.

    Returns:
        y (..., channels), and the batch's mean and (biased) variance, (channels,) each.

    Raises:
        ShapeError: if scale and offset do not have x's number of channels.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> result = batch_norm_train([[1.0], [3.0]], [1.0], [10.0], epsilon=0.0)
    >>> [value.tolist() for value in Session().run(result)]
    [[[9.0], [11.0]], [2.0], [1.0]]
    """
    inputs = convert_all(x, scale, offset)
    return BatchNorm(*apply_many(BatchNormTrain(float(epsilon)), *inputs, name=name).outputs)


def batch_norm_inference(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any,
    variance: Any,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> Tensor:
    """`x` with each channel normalised by a given mean and variance.

    Args:
        x: (..., channels), float.
        scale: (channels,), a factor.
        offset: (channels,), a term.
        mean: (channels,), subtracted first.
        variance: (channels,), >= 0; its square root divides.
        epsilon: added to the variance, > 0.
        name: of the node.

    Raises:
        ShapeError: if an input does not have x's number of channels.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> y = batch_norm_inference([[1.0], [3.0]], [1.0], [10.0], [2.0], [1.0], epsilon=0.0)
    >>> Session().run(y).tolist()
    [[9.0], [11.0]]
    """
    inputs = convert_all(x, scale, offset, mean, variance)
    return apply(BatchNormInference(float(epsilon)), *inputs, name=name)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> Tensor:
    """`x` normalised by a mean and variance of any shapes that broadcast.

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset.

    Args:
        x: (...) float.
        mean: subtracted first, of the same dtype: (channels,), or (1, 1, 1, channels), …
        variance: >= 0; its square root divides.
        offset: a term; None means 0.
        scale: a factor; None means 1.
        epsilon: added to the variance, > 0.
        name: of the node.

    Raises:
        ShapeError: if the shapes do not broadcast.
        DtypeError: if dtypes differ or are not float.

    >>> from thalweg.core import Session
    >>> Session().run(batch_normalization([[1.0], [3.0]], 2.0, 1.0, 10.0, epsilon=0.0)).tolist()
    [[9.0], [11.0]]
    """
    optional = [value for value in (scale, offset) if value is not None]
    x, mean, variance, *vectors = convert_all(x, mean, variance, *optional)
    r = rsqrt(variance + epsilon)
    if scale is not None:
        r = r * vectors[0]
    name = name or "batch_normalization"
    if offset is None:
        return multiply(x - mean, r, name=name)
    return add((x - mean) * r, vectors[-1], name=name)


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 1e-3,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
) -> BatchNorm:
    """Batch normalisation of images as TensorFlow 1 has it.

    Args:
        x: (batch, height, width, channels), float.
        scale: (channels,), what each channel's standard deviation becomes.
        offset: (channels,), what each channel's mean becomes.
        mean: (channels,), where it is not training: subtracted.
        variance: (channels,), where it is not training: its square root divides.
        epsilon: added to the variance, > 0.
        data_format: "NHWC", or "NCHW" for (batch, channels, height, width); volumes have
            "NDHWC" and "NCDHW", signals "NWC" and "NCW".
        is_training: whether mean and variance are those of this batch.
        name: of the node.

    Returns:
        y, of x's shape, and mean and variance, (channels,) each. Where it is training, these are
        the batch's, and the variance that is returned (not the one that divides) is the unbiased
        estimate, with n - 1 in the place of n; else those given.

    Raises:
        ShapeError: if an input does not have x's number of channels.
        DtypeError: if dtypes differ or are not float.
        OptionError: for an unknown format, or if mean or variance is missing.

    >>> from thalweg.core import Session
    >>> result = fused_batch_norm([[[[1.0], [3.0]]]], [1.0], [10.0], epsilon=0.0)
    >>> [value.reshape(-1).tolist() for value in Session().run(result)]
    [[9.0, 11.0], [2.0], [2.0]]
    """
    where = "fused_batch_norm"
    rank = len(data_format) - 2 if isinstance(data_format, str) else 2
    is_first = is_channels_first(where, data_format, rank if rank in (1, 2, 3) else 2)
    if not is_training and (mean is None or variance is None):
        raise OptionError(
            where,
            "mean or variance is missing",
            expected="both where is_training=False",
            site=user_site(),
        )
    images, gains, shifts, *given = convert_all(
        x, scale, offset, *([] if is_training else [mean, variance])
    )
    if is_first:
        images = channels_last(images, rank)
    label = None if is_first else name
    if is_training:
        y, mean, variance = batch_norm_train(images, gains, shifts, epsilon, label)
        count = _row_count(images, mean)
        variance = variance * (count / maximum(count - 1.0, 1.0))
    else:
        mean, variance = given
        y = batch_norm_inference(images, gains, shifts, mean, variance, epsilon, label)
    return BatchNorm(channels_first(y, rank, name) if is_first else y, mean, variance)


def bias_add(value: Any, bias: Any, name: str | None = None) -> Tensor:
    """`value` plus one number a channel.

    Args:
        value: (..., channels), number.
        bias: (channels,), of the same dtype.
        name: of the node.

    Raises:
        ShapeError: if `bias` does not have value's number of channels.
        DtypeError: if dtypes differ.

    >>> from thalweg.core import Session
    >>> Session().run(bias_add([[1, 2], [3, 4]], [10, 20])).tolist()
    [[11, 22], [13, 24]]
    """
    x, b = convert_all(value, bias)
    if not _is_bias(x.type, b.type):
        raise ShapeError(
            "bias_add",
            "the bias does not fit the channels",
            expected="value (..., channels), bias (channels,)",
            got=types_text(value=x.type, bias=b.type),
            layer=current_context().owner,
            site=user_site(),
        )
    return add(x, b, name=name or "BiasAdd")


def _is_bias(value: TensorType, bias: TensorType) -> bool:
    """False if it surely is none; plain addition would stretch a bias of size 1."""
    if bias.shape is not None and len(bias.shape) != 1:
        return False
    if value.shape is None:
        return True
    if not value.shape:
        return False
    sizes = (value.shape[-1], bias.shape[0] if bias.shape else None)
    return None in sizes or sizes[0] == sizes[1]
