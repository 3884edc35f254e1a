"""Softmax and the cross-entropies, in the forms that neither overflow nor divide by zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ..errors import DtypeError, ShapeError
from ..graph import Operation, Tensor
from ..opdef import OpDef, apply, apply_many, register, require
from ..types import TensorType, broadcast_shapes, types_text
from .elementwise import binary, subtract
from .math import sigmoid
from .reduce import reduce_sum
from .shape import expand_dims
from .source import convert, convert_all

__all__ = [
    "log_softmax",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


def _last_axis_sum(x: Tensor) -> Tensor:
    return reduce_sum(x, axis=-1, keepdims=True)


def _require_classes(op: OpDef, **types: TensorType) -> None:
    require(op, "same float", **types)
    for type_ in types.values():
        if not type_.dims():
            raise ShapeError(
                op.label, "needs an axis of classes", expected="(..., classes)", got=str(type_)
            )


@register
class Softmax(OpDef):
    """exp(x) / sum(exp(x)) over the last axis.  x: (..., classes) float -> the same."""

    reuse: ClassVar = {0: 0}

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        _require_classes(self, x=x)
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        """The largest entry is subtracted first, so that exp cannot overflow."""
        if not x.size:
            return x.copy()
        e = xp.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """See SoftmaxGrad."""
        return [apply(SoftmaxGrad(), node.outputs[0], g)]


@register
class SoftmaxGrad(OpDef):
    """s * (g - sum(g * s)).  s, g: (..., classes) float -> the same.

    One op, not four, so that `simplify` can recognise the gradient of log(softmax(x)).
    """

    reuse: ClassVar = {0: 1}

    def infer(self, s: TensorType, g: TensorType) -> TensorType:
        """The softmax's type."""
        _require_classes(self, s=s, g=g)
        return TensorType(s.dtype, broadcast_shapes(s.dims(), g.dims()))

    def compute(self, xp: Any, s: Any, g: Any) -> Any:
        """As written."""
        return s * (g - (g * s).sum(axis=-1, keepdims=True))

    def gradient(self, node: Operation, h: Tensor) -> Sequence[Tensor | None]:
        """Linear in g; quadratic in s."""
        s, g = node.inputs
        wrt_s = h * (g - _last_axis_sum(g * s)) - g * _last_axis_sum(h * s)
        return [wrt_s, apply(SoftmaxGrad(), s, h)]


@register
class LogSoftmax(OpDef):
    """x - log(sum(exp(x))) over the last axis.  x: (..., classes) float -> the same."""

    reuse: ClassVar = {0: 0}

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        _require_classes(self, x=x)
        return x

    def compute(self, xp: Any, x: Any) -> Any:
        """The largest entry is subtracted first."""
        if not x.size:
            return x.copy()
        shifted = x - x.max(axis=-1, keepdims=True)
        return shifted - xp.log(xp.exp(shifted).sum(axis=-1, keepdims=True))

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """See LogSoftmaxGrad."""
        return [apply(LogSoftmaxGrad(), softmax(node.inputs[0]), g)]


@register
class LogSoftmaxGrad(OpDef):
    """g - s * sum(g), with s the softmax.  s, g: (..., classes) float -> the same."""

    reuse: ClassVar = {0: 1}

    def infer(self, s: TensorType, g: TensorType) -> TensorType:
        """The softmax's type."""
        _require_classes(self, s=s, g=g)
        return TensorType(s.dtype, broadcast_shapes(s.dims(), g.dims()))

    def compute(self, xp: Any, s: Any, g: Any) -> Any:
        """As written."""
        return g - s * g.sum(axis=-1, keepdims=True)

    def gradient(self, node: Operation, h: Tensor) -> Sequence[Tensor | None]:
        """Linear in both."""
        s, g = node.inputs
        return [-(h * _last_axis_sum(g)), h - _last_axis_sum(h * s)]


@register
class SoftmaxCrossEntropy(OpDef):
    """-sum(labels * log(softmax(logits))) over the last axis, and the softmax.

    labels, logits: (..., classes) float -> (...) losses, (..., classes) softmax.
    """

    def infer(self, labels: TensorType, logits: TensorType) -> tuple[TensorType, TensorType]:
        """Losses lack the axis of classes."""
        _require_classes(self, labels=labels, logits=logits)
        if not labels.accepts(logits):
            raise ShapeError(
                self.label,
                "labels and logits differ in shape",
                expected="one (..., classes) for both",
                got=types_text(labels=labels, logits=logits),
                hint="integer class labels go to sparse_softmax_cross_entropy",
            )
        shape = broadcast_shapes(labels.dims(), logits.dims())
        return logits.with_shape(shape[:-1]), logits.with_shape(shape)

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """Two tensors of the logits' dtype."""
        return (TensorType(types[1].dtype, None),) * 2

    def compute(self, xp: Any, labels: Any, logits: Any) -> tuple[Any, Any]:
        """Through the log-softmax; 0 * -inf cannot arise, since it is finite."""
        log_s = LogSoftmax().compute(xp, logits)
        return -(labels * log_s).sum(axis=-1), xp.exp(log_s)

    def gradient(
        self, node: Operation, g: Tensor | None, g_softmax: Tensor | None
    ) -> Sequence[Tensor | None]:
        """(softmax * sum(labels) - labels) * g; log-softmax for the labels."""
        labels, logits = node.inputs
        s = node.outputs[1]
        wrt_labels = wrt_logits = None
        if g is not None:
            g = expand_dims(g, -1)
            wrt_logits = g * (s * _last_axis_sum(labels) - labels)
            wrt_labels = -(g * log_softmax(logits))
        if g_softmax is not None:
            through_softmax = apply(SoftmaxGrad(), s, g_softmax)
            wrt_logits = through_softmax if wrt_logits is None else wrt_logits + through_softmax
        return [wrt_labels, wrt_logits]


@register
class SparseSoftmaxCrossEntropy(OpDef):
    """-log(softmax(logits)[label]), and the softmax.

    labels: (...) integer in 0 <= label < classes, logits: (..., classes) float
    -> (...) losses, (..., classes) softmax. A label out of range gives NaN.
    """

    def infer(self, labels: TensorType, logits: TensorType) -> tuple[TensorType, TensorType]:
        """Losses have the labels' shape."""
        require(self, "integer", labels=labels)
        _require_classes(self, logits=logits)
        if not TensorType(labels.dtype, logits.dims()[:-1]).accepts(labels):
            raise ShapeError(
                self.label,
                "labels do not fit the logits",
                expected="labels (...) for logits (..., classes)",
                got=types_text(labels=labels, logits=logits),
                hint="one-hot labels go to softmax_cross_entropy",
            )
        shape = broadcast_shapes(labels.dims(), logits.dims()[:-1])
        return logits.with_shape(shape), logits.with_shape((*shape, logits.dims()[-1]))

    def infer_unknown(self, *types: TensorType) -> tuple[TensorType, ...]:
        """Two tensors of the logits' dtype."""
        return (TensorType(types[1].dtype, None),) * 2

    def compute(self, xp: Any, labels: Any, logits: Any) -> tuple[Any, Any]:
        """Takes the entry of the log-softmax."""
        classes = logits.shape[-1]
        log_s = LogSoftmax().compute(xp, logits)
        valid = (labels >= 0) & (labels < classes)
        index = xp.where(valid, labels, xp.zeros_like(labels)).astype("int64")
        rows = log_s.reshape((-1, classes))
        taken = xp.take_along_axis(rows, index.reshape((-1, 1)), axis=1).reshape(labels.shape)
        invalid = xp.full((), float("nan"), log_s.dtype)
        return xp.where(valid, -taken, invalid), xp.exp(log_s)

    def gradient(
        self, node: Operation, g: Tensor | None, g_softmax: Tensor | None
    ) -> Sequence[Tensor | None]:
        """(softmax - onehot(label)) * g."""
        labels = node.inputs[0]
        s = node.outputs[1]
        wrt_logits = None
        if g is not None:
            wrt_logits = expand_dims(g, -1) * apply(SubtractOneHot(), s, labels)
        if g_softmax is not None:
            through_softmax = apply(SoftmaxGrad(), s, g_softmax)
            wrt_logits = through_softmax if wrt_logits is None else wrt_logits + through_softmax
        return [None, wrt_logits]


@register
class SubtractOneHot(OpDef):
    """x - onehot(label).  x: (..., classes) float, labels: (...) integer -> as x."""

    reuse: ClassVar = {0: 0}

    def infer(self, x: TensorType, labels: TensorType) -> TensorType:
        """The type of x."""
        require(self, "float", x=x)
        require(self, "integer", labels=labels)
        return x

    def compute(self, xp: Any, x: Any, labels: Any) -> Any:
        """A comparison with the class numbers; a label out of range matches none."""
        classes = xp.arange(x.shape[-1], dtype=labels.dtype)
        return x - (labels[..., None] == classes).astype(x.dtype)

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Passes through."""
        return [g, None]


def _sigmoid_cross_entropy(xp: Any, labels: Any, logits: Any) -> Any:
    zero = xp.zeros((), logits.dtype)
    return xp.maximum(logits, zero) - logits * labels + xp.log1p(xp.exp(-xp.abs(logits)))


_sigmoid_cross_entropy_op = binary(
    "sigmoid_cross_entropy",
    "Binary cross-entropy of labels in 0..1 against logits, elementwise:"
    " max(z, 0) - z * y + log(1 + exp(-|z|)).",
    _sigmoid_cross_entropy,
    lambda y, z, out, g: (-(g * z), g * subtract(sigmoid(z), y)),
    takes="float",
)


def softmax(logits: Any, name: str | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) over the last axis.

    Args:
        logits: (..., classes) float.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(softmax([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    return apply(Softmax(), convert(logits), name=name)


def log_softmax(logits: Any, name: str | None = None) -> Tensor:
    """x - log(sum(exp(x))) over the last axis: the logarithm of `softmax`, never -inf.

    >>> from thalweg.core import Session
    >>> Session().run(log_softmax([[0.0, -1000.0]])).tolist()
    [[0.0, -1000.0]]
    """
    return apply(LogSoftmax(), convert(logits), name=name)


def softmax_cross_entropy(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """-sum(labels * log(softmax(logits))) over the last axis.

    Args:
        labels: (..., classes) float, usually rows that sum to 1.
        logits: (..., classes) float.
        name: of the node.

    Returns:
        (...) losses.

    >>> from thalweg.core import Session
    >>> round(float(Session().run(softmax_cross_entropy([1.0, 0.0], [0.0, 0.0]))), 4)
    0.6931
    """
    y, z = convert_all(labels, logits)
    return apply(SoftmaxCrossEntropy(), y, z, name=name)


def sparse_softmax_cross_entropy(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """-log(softmax(logits)[label]) for integer labels.

    Args:
        labels: (...) integer in 0 <= label < classes; others give NaN.
        logits: (..., classes) float.
        name: of the node.

    Returns:
        (...) losses.

    >>> from thalweg.core import Session
    >>> round(float(Session().run(sparse_softmax_cross_entropy(1, [0.0, 0.0]))), 4)
    0.6931
    """
    y, z = convert(labels), convert(logits)
    if y.dtype.is_float:
        raise DtypeError(
            "sparse_softmax_cross_entropy",
            "labels are class numbers",
            expected="labels integer (...), logits float (..., classes)",
            got=types_text(labels=y.type, logits=z.type),
            hint="cast(labels, 'int32'), or softmax_cross_entropy for one-hot labels",
        )
    return apply_many(SparseSoftmaxCrossEntropy(), y, z, name=name).outputs[0]


def sigmoid_cross_entropy(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """max(z, 0) - z * y + log(1 + exp(-|z|)): binary cross-entropy with logits, elementwise.

    Args:
        labels: (...) float in 0..1.
        logits: (...) float.
        name: of the node.

    >>> from thalweg.core import Session
    >>> round(float(Session().run(sigmoid_cross_entropy(1.0, 0.0))), 4)
    0.6931
    """
    return _sigmoid_cross_entropy_op(labels, logits, name=name)
