"""Where a functional model begins: `Input`."""

from __future__ import annotations

from typing import Any

from thalweg.core import Tensor, as_shape, changed_context, identity, placeholder
from thalweg.core.errors import OptionError

from ..options import COUNT, OrNone, option_error
from .base import Layer
from .calls import LayerCall

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The layer behind `Input`: it makes a placeholder and computes nothing.

    Args:
        shape: sizes without the batch, None where unknown.
        batch_size: the batch's size, None if it may vary.
        dtype: of the values; float32 if None.
        sparse: only False.
        batch_shape: sizes with the batch, instead of `shape` and `batch_size`.
        input_tensor: a tensor to begin at, instead of a new placeholder.
        name: of the layer and its placeholder.
        kwargs: `Layer`'s arguments.

    Output shape:
        (batch_size, *shape).

    >>> InputLayer((28, 28, 1)).output.shape
    (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Tensor | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if input_tensor is not None and dtype is None:
            dtype = input_tensor.dtype
        super().__init__(name=name, dtype=dtype, **kwargs)
        if sparse:
            raise option_error(self, "sparse", sparse, "False: all tensors are dense")
        if shape is not None and batch_shape is not None:
            raise OptionError(
                type(self).__name__, "takes shape or batch_shape, not both", layer=self._label
            )
        if input_tensor is not None:
            batch_shape = input_tensor.shape
        elif shape is not None:
            size = OrNone(COUNT).check(self, "batch_size", batch_size)
            batch_shape = (size, *(as_shape(shape) or ()))
        elif batch_shape is None:
            batch_shape = self.batch_input_shape
            if batch_shape is None:
                raise OptionError(
                    type(self).__name__,
                    "needs a shape",
                    layer=self._label,
                    hint="Input((28, 28, 1)) takes such images; the batch is not part of shape",
                )
        self.batch_input_shape = None if batch_shape is None else tuple(batch_shape)
        with changed_context(is_library=True, owner=self._label):
            if input_tensor is None:
                tensor = placeholder(self.dtype, batch_shape, name=self.name)
            elif input_tensor.history is None:
                tensor = input_tensor
            else:
                tensor = identity(input_tensor, name=self.name)
        tensor.history = LayerCall(self, [], tensor)
        self._calls.append(tensor.history)
        self.built = True

    @property
    def input(self) -> Any:
        """The placeholder itself."""
        return self.output

    @property
    def batch_shape(self) -> Any:
        """Sizes with the batch."""
        return self.batch_input_shape

    def call(self, inputs: Any) -> Any:
        """What is fed."""
        return inputs


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Tensor | None = None,
) -> Tensor:
    """A symbolic tensor at which a functional model begins.

    Args:
        shape: sizes without the batch, None where unknown.
        batch_size: the batch's size, None if it may vary.
        dtype: of the values; float32 if None.
        sparse: only False.
        batch_shape: sizes with the batch, instead of `shape` and `batch_size`.
        name: of the input.
        tensor: a tensor to begin at, instead of a new placeholder.

    Raises:
        OptionError: if no shape is given, or two that may differ.

    >>> Input((784,)).shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, batch_shape, tensor, name)
    return layer.output  # type: ignore[no-any-return]
