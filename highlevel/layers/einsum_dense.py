"""EinsumDense: a product with a kernel along any axes."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, shape_text
from thalweg.core.errors import ShapeError

from ..options import option_error
from .kernel import KernelLayer

__all__ = ["EinsumDense"]


class EinsumDense(KernelLayer):
    """activation(einsum(equation, inputs, kernel) + bias).

    `"abc,cd->abd"` is `Dense`; `"abc,cde->abde"` splits the result over two axes.

    Args:
        equation: labels of the input's, the kernel's and the output's axes, with `...` for any
            axes of input and output.
        output_shape: of the output, without the batch: an integer or a tuple; None for a size that
            is the input's. Axes that `...` stands for are left out.
        activation: a name or a function; None for none.
        bias_axes: labels of the output's axes that the bias has; None for no bias.
        kernel_initializer, bias_initializer: what these start from.
        kernel_regularizer, bias_regularizer: functions whose values join the loss.
        kernel_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        as the equation says.

    Output shape:
        as the equation says.

    Weights:
        kernel, as the equation says; bias, of the output's axes from its first one on, 1 where
        it has none.

    >>> import numpy as np
    >>> EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")(np.ones((2, 3, 5))).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activation,
            bias_axes is not None,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )
        self.equation = equation.replace(" ", "")
        self._labels = _parts(self, self.equation)
        sizes = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.partial_output_shape = sizes
        self.bias_axes = bias_axes
        _, _, outputs = self._labels
        unknown = set(bias_axes or "") - set(outputs)
        if unknown or "." in (bias_axes or ""):
            expected = f"labels of the output, {outputs!r}"
            raise option_error(self, "bias_axes", bias_axes, expected)

    def build(self, input_shape: Any) -> None:
        """Makes the weights: sizes are those of the output, or else of the input."""
        inputs, kernel, outputs = self._labels
        known = _sizes(self, inputs, None if input_shape is None else tuple(input_shape))
        named = outputs.replace("...", "")
        batch = 0 if outputs.startswith("...") else 1
        if len(named) - batch != len(self.partial_output_shape):
            expected = f"{len(named) - batch} sizes, of the axes {named[batch:]!r}"
            raise option_error(self, "output_shape", self.partial_output_shape, expected)
        for label, size in zip(named[batch:], self.partial_output_shape, strict=True):
            if size is not None and known.setdefault(label, size) != size:
                if known[label] is not None:
                    expected = f"{known[label]} on axis {label!r}, as the input has"
                    raise option_error(self, "output_shape", self.partial_output_shape, expected)
                known[label] = size
        self.kernel = self.add_weight(
            name="kernel",
            shape=tuple(known.get(label) for label in kernel),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.bias_axes is not None:
            first = min((named.index(label) for label in self.bias_axes), default=len(named))
            sizes = [known[n] if n in self.bias_axes else 1 for n in named[first:]]
            if outputs.endswith("..."):
                sizes += [1] * (len(input_shape) - len(inputs.removesuffix("...")))
            self.bias = self.add_weight(
                name="bias",
                shape=tuple(sizes),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Tensor) -> Any:
        """The product."""
        y = core.einsum(self.equation, core.cast(inputs, self.dtype), self.kernel)
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)


def _parts(layer: EinsumDense, equation: str) -> tuple[str, str, str]:
    """The labels of input, kernel and output."""
    sources, arrow, outputs = equation.partition("->")
    inputs, comma, kernel = sources.partition(",")
    is_good = arrow and comma and kernel.isalpha() and ("..." in inputs) == ("..." in outputs)
    for labels in (inputs, outputs):
        plain = labels.removeprefix("...").removesuffix("...")
        is_good = is_good and (plain.isalpha() or not plain) and len(set(plain)) == len(plain)
    if not is_good:
        expected = "'ab,bc->ac' or '...a,ab->...b': labels of input, kernel and output"
        raise option_error(layer, "equation", equation, expected)
    return inputs, kernel, outputs


def _sizes(
    layer: EinsumDense, labels: str, shape: tuple[int | None, ...] | None
) -> dict[str, int | None]:
    """The input's sizes by their labels."""
    named = labels.replace("...", "")
    has_rest = named != labels
    if shape is None or len(shape) < len(named) or (not has_rest and len(shape) > len(named)):
        raise ShapeError(
            "EinsumDense",
            "the input has another rank than the equation",
            expected=f"axes {labels!r}",
            got=shape_text(shape),
        )
    chosen = shape[len(shape) - len(named) :] if labels.startswith("...") else shape[: len(named)]
    return dict(zip(named, chosen, strict=True))
