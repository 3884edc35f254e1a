"""Keras 1's `merge` and `Merge`: the layers of `merging.py`, chosen by a mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from thalweg.core.errors import OptionError, nearest

from ..keras1 import warn_of_call
from . import merging
from .core import Lambda

__all__ = ["Merge", "merge"]

_MODES = {
    "sum": merging.Add,
    "mul": merging.Multiply,
    "ave": merging.Average,
    "max": merging.Maximum,
    "min": merging.Minimum,
    "concat": merging.Concatenate,
    "dot": merging.Dot,
    "cos": merging.Dot,
}


def merge(
    inputs: Sequence[Any],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """One tensor of several, as Keras 1 writes it; a warning says how it is written today.

    Args:
        inputs: the tensors.
        mode: `"sum"`, `"mul"`, `"ave"`, `"max"`, `"min"`, `"concat"`, `"dot"` or `"cos"`; or a
            function of the list.
        concat_axis: of `"concat"`, counted with the batch.
        dot_axes: of `"dot"` and `"cos"`: an axis for both inputs, or a pair.
        output_shape: accepted as in Keras; the graph knows shapes.
        output_mask: of a function's result.
        arguments: further keyword arguments of a function.
        name: of the layer.

    Raises:
        OptionError: for another mode.

    >>> import warnings
    >>> import numpy as np
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     merge([np.float32([[1, 2]]), np.float32([[3]])], mode="concat").tolist()
    [[1.0, 2.0, 3.0]]
    """
    layer = _layer("merge", mode, concat_axis, dot_axes, output_mask, arguments, name)
    return layer(list(inputs))


def Merge(
    layers: Sequence[Any] | None = None,
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Mapping[str, Any] | None = None,
    node_indices: Any = None,
    tensor_indices: Any = None,
    name: str | None = None,
) -> Any:
    """A layer that merges; or, of several models, the model that merges what they give.

    Such a model can be the first layer of a `Sequential`, which then takes a list of inputs.

    Args:
        layers: models with known input shapes, or None for a layer.
        mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name: as of `merge`.
        node_indices, tensor_indices: ignored.

    Raises:
        OptionError: for another mode, or a model whose input shape is not known.

    >>> import warnings
    >>> from thalweg import Sequential
    >>> from thalweg.layers import Dense
    >>> left, right = (Sequential([Dense(3, input_shape=(size,))]) for size in (4, 5))
    >>> model = Sequential()
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     model.add(Merge([left, right], mode="concat"))
    >>> model.input_shape, model.output_shape
    ([(None, 4), (None, 5)], (None, 6))
    """
    layer = _layer("Merge", mode, concat_axis, dot_axes, output_mask, arguments, name)
    if layers is None:
        return layer
    from ..models import Model  # models are made of layers

    for model in layers:
        if getattr(model, "network", None) is None:
            raise OptionError(
                "Merge",
                "not a model with a known input shape",
                expected="models, whose first layers say input_shape=…",
                got=repr(model),
            )
    inputs = [tensor for model in layers for tensor in model.inputs]
    return Model(inputs, layer([model.output for model in layers]))


def _layer(
    where: str,
    mode: str | Callable[..., Any],
    concat_axis: int,
    dot_axes: Any,
    output_mask: Any,
    arguments: Mapping[str, Any] | None,
    name: str | None,
) -> Any:
    """The layer of a mode."""
    if callable(mode):
        warn_of_call(where, "Lambda(function)")
        return Lambda(mode, mask=output_mask, arguments=arguments, name=name)
    if mode not in _MODES:
        raise OptionError(
            where,
            "unknown mode",
            expected="one of " + ", ".join(_MODES) + ", or a function",
            got=repr(mode),
            hint=nearest(mode, _MODES),
        )
    options: dict[str, Any] = {}
    if mode == "concat":
        options = {"axis": concat_axis}
    elif mode in ("dot", "cos"):
        # Keras 1 writes a pair of axes as ((1,), (2,)), too.
        pair = dot_axes if isinstance(dot_axes, list | tuple) else (dot_axes, dot_axes)
        axes = tuple(axis[0] if isinstance(axis, list | tuple) else axis for axis in pair)
        options = {"axes": axes, "normalize": mode == "cos"}
    kind = _MODES[mode]
    written = ", ".join(f"{key}={value!r}" for key, value in options.items())
    warn_of_call(f"{where}(mode={mode!r})", f"{kind.__name__}({written})")
    return kind(**options, name=name)
