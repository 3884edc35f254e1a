"""The plain layers: products with a matrix, functions of every element, other shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor
from thalweg.core.errors import ShapeError

from .. import activations
from ..options import COUNT, DATA_FORMAT, OrNone, option_error
from ..saving.config import get_custom_objects
from .arguments import parameters_of
from .base import Layer
from .input_spec import InputSpec
from .kernel import KernelLayer, known_size

__all__ = [
    "Activation",
    "Dense",
    "Flatten",
    "Identity",
    "Lambda",
    "Permute",
    "RepeatVector",
    "Reshape",
]


class Dense(KernelLayer):
    """activation(x @ kernel + bias).

    Args:
        units: size of the output's last axis.
        activation: a name or a function; None for none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: what the weights start from.
        kernel_regularizer, bias_regularizer: functions whose values join the loss.
        activity_regularizer: the same, of the output.
        kernel_constraint, bias_constraint: functions applied after each update.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ..., features).

    Output shape:
        (batch, ..., units).

    Weights:
        kernel (features, units), bias (units,).

    >>> import numpy as np
    >>> Dense(3, activation="relu")(np.ones((2, 4))).shape
    (2, 3)
    """

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            kernel_constraint,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.units: int = COUNT.check(self, "units", units)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias."""
        features = known_size(self, input_shape, -1)
        self.add_kernel((features, self.units))
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Tensor) -> Any:
        """The product; further axes between batch and features are rows as well."""
        x = core.cast(inputs, self.dtype)
        if x.ndim is None or x.ndim == 2:
            y = core.matmul(x, self.kernel)
        else:  # one large product rather than many small ones, and their gradients
            rows = core.reshape(x, [-1, self.kernel.shape[0]])  # type: ignore[index]
            sizes = core.concat([core.shape_of(x)[:-1], [self.units]], 0)
            y = core.reshape(core.matmul(rows, self.kernel), sizes)
        return self.activation(self.add_bias(y))


class Activation(Layer):
    """An activation function as a layer.

    Args:
        activation: a name or a function.
        kwargs: `Layer`'s arguments.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> Activation("relu")(np.float32([[1, -2]])).tolist()
    [[1.0, 0.0]]
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Tensor) -> Any:
        """The function's value."""
        return self.activation(inputs)


class Identity(Layer):
    """The input itself.

    Input shape:
        any.

    Output shape:
        the same.

    >>> import numpy as np
    >>> Identity()(np.float32([1, 2])).tolist()
    [1.0, 2.0]
    """

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs


class Lambda(Layer):
    """A function of tensors as a layer, without weights.

    Args:
        function: takes the input tensor (or a nest of them) and returns tensors; if it has
            arguments called mask and training, it is given these. To be loaded from a file it must
            have a name under @register_keras_serializable().
        output_shape: accepted as in Keras; the graph knows shapes.
        mask: of the output: a function of the inputs and their masks, or the mask itself; None
            says that it has none. A function in a file needs a name likewise.
        arguments: further keyword arguments of the function.
        kwargs: `Layer`'s arguments.

    Input shape:
        what the function takes.

    Output shape:
        what it returns.

    >>> import numpy as np
    >>> Lambda(lambda x: x * 2.0)(np.float32([1, 2])).tolist()
    [2.0, 4.0]
    """

    def __init__(
        self,
        function: Callable[..., Any] | str,
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = _callable(self, "function", function)
        is_name = isinstance(mask, str)
        self.mask = _callable(self, "mask", mask) if is_name or callable(mask) else mask
        self.supports_masking = mask is not None
        self.arguments = dict(arguments or {})
        try:
            self._takes = parameters_of(self.function)
        except (TypeError, ValueError):  # some of C cannot say
            self._takes = ()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What `mask` says."""
        if self.mask is None:
            return None
        return self.mask(inputs, mask) if callable(self.mask) else core.convert(self.mask)

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """The function's value."""
        offered = {"mask": mask, "training": training}
        further = {name: value for name, value in offered.items() if name in self._takes}
        return self.function(inputs, **{**self.arguments, **further})


def _callable(layer: Lambda, name: str, value: Any) -> Any:
    """A function, or the registered one of a name."""
    found = get_custom_objects().get(value) if isinstance(value, str) else value
    if not callable(found):
        raise option_error(
            layer,
            name,
            value,
            "a function, or the name of a registered one",
            "@register_keras_serializable() registers a function under its name",
        )
    return found


class Flatten(Layer):
    """All axes but the batch as one, in row-major order.

    Args:
        data_format: `"channels_last"` (the default) or `"channels_first"`, which is brought to
            the former first, so that the order is the same.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...).

    Output shape:
        (batch, features).

    >>> import numpy as np
    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = OrNone(DATA_FORMAT).check(self, "data_format", data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """A reshape that keeps the batch."""
        x = inputs
        rank = x.ndim
        if self.data_format == "channels_first" and rank is not None and rank > 2:
            x = core.transpose(x, [0, *range(2, rank), 1])
        return core.reshape(x, [core.shape_of(x)[0], _product(x.shape)])


def _product(shape: Any) -> int:
    """The number of elements of a sample; -1, for `reshape`, if unknown."""
    if shape is None or None in shape[1:]:
        return -1
    return math.prod(shape[1:])


class Reshape(Layer):
    """The elements of each sample in another shape, in row-major order.

    Args:
        target_shape: sizes without the batch; one may be -1, for what is left.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...).

    Output shape:
        (batch, *target_shape).

    >>> import numpy as np
    >>> Reshape((3, -1))(np.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = target_shape if isinstance(target_shape, list | tuple) else (target_shape,)
        is_size = [isinstance(n, int | np.integer) and n >= -1 for n in given]
        if not all(is_size) or list(given).count(-1) > 1:
            raise option_error(
                self, "target_shape", target_shape, "integers >= 0, of which one may be -1"
            )
        self.target_shape = tuple(int(n) for n in given)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Tensor) -> Tensor:
        """A reshape that keeps the batch.

        Raises:
            ShapeError: if the numbers of elements differ.
        """
        elements = _product(inputs.shape)
        known = math.prod(n for n in self.target_shape if n >= 0)
        has_rest = -1 in self.target_shape
        if elements >= 0 and (elements % max(known, 1) if has_rest else elements != known):
            multiple = "a multiple of " if has_rest else ""
            raise ShapeError(
                "Reshape",
                "the number of elements would change",
                expected=f"samples of {multiple}{known} elements",
                got=f"{inputs.type}, {elements} elements a sample",
            )
        # An empty batch leaves -1 open, so it is filled in where the sample's size is known.
        rest = elements // known if elements >= 0 and known else -1
        sizes = [rest if n < 0 else n for n in self.target_shape]
        return core.reshape(inputs, [core.shape_of(inputs)[0], *sizes])


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: for each axis of the output, the axis of the input it comes from; counted from 1,
            since the batch stays where it is.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...), with as many further axes as dims.

    Output shape:
        the same sizes in the new order.

    >>> import numpy as np
    >>> Permute((2, 1))(np.ones((2, 3, 4))).shape
    (2, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise option_error(self, "dims", dims, "each of 1, 2, … once")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Tensor) -> Tensor:
        """A transpose that keeps the batch."""
        return core.transpose(inputs, [0, *self.dims])


class RepeatVector(Layer):
    """Each sample, a vector, so many times one after another.

    Args:
        n: how many times.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, features).

    Output shape:
        (batch, n, features).

    >>> import numpy as np
    >>> RepeatVector(3)(np.ones((2, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n: int = COUNT.check(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Tensor) -> Tensor:
        """A tile along a new axis."""
        return core.tile(core.expand_dims(inputs, 1), [1, self.n, 1])
