"""Layers around a layer: both directions of time, and the same at each time."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, flatten, rebuild, types_text
from thalweg.core.errors import OptionError, ShapeError

from ...options import OneOf, OrNone
from ..arguments import parameters_of
from ..base import Layer
from .cells import build_inside, state_sizes

__all__ = ["Bidirectional", "TimeDistributed", "Wrapper"]

_MODES = OrNone(OneOf("concat", "sum", "mul", "ave"))


class Wrapper(Layer):
    """Base of layers around another one.

    Args:
        layer: the layer inside.
        kwargs: `Layer`'s arguments.
    """

    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise OptionError(type(self).__name__, "wraps a layer", got=repr(layer))
        super().__init__(**kwargs)
        self.layer = layer


class TimeDistributed(Wrapper):
    """Calls a layer on each time step: on (batch * time, ...) at once.

    A layer that takes masks is given those of the steps: of a mask (batch, time, ...), one
    (batch * time, ...).

    # differs from Keras: 3, not 2, calls the layer once for each step. What depends on the whole
    # batch, as the statistics of `BatchNormalization` in training, is here of all steps together.

    Args:
        layer: the layer inside; it sees one step, (batch, ...).
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, ...).

    Output shape:
        (batch, time, ...), with what the layer makes of a step.

    >>> import numpy as np
    >>> from thalweg.layers import Dense
    >>> TimeDistributed(Dense(2))(np.ones((3, 5, 4))).shape
    (3, 5, 2)
    """

    def build(self, input_shape: Any) -> None:
        """Builds the layer for one step."""
        if input_shape is None or len(input_shape) < 3:
            raise ShapeError(
                "TimeDistributed",
                "takes sequences",
                expected="(batch, time, ...)",
                got=str(input_shape),
            )
        build_inside(self.layer, (input_shape[0], *input_shape[2:]))

    def call(self, inputs: Tensor, training: Any = None, mask: Tensor | None = None) -> Any:
        """All steps in one call.

        Args:
            inputs: (batch, time, ...).
            training: a bool, or a boolean scalar.
            mask: (batch, time, ...) of booleans.

        Raises:
            ShapeError: if the mask is not one of steps of the inputs.
        """
        takes = parameters_of(type(self.layer).call)
        options = {"training": training} if "training" in takes else {}
        if mask is not None:
            self._check_mask(inputs, mask)
            if "mask" in takes:
                options["mask"] = _steps(mask)
        outputs = self.layer(_steps(inputs), **options)
        return rebuild(outputs, iter([self._by_time(y, inputs) for y in flatten(outputs)]))

    def _check_mask(self, inputs: Tensor, mask: Tensor) -> None:
        if mask.shape is None or inputs.shape is None:
            return
        pairs = zip(mask.shape[:2], inputs.shape[:2], strict=False)
        differs = any(None not in (a, b) and a != b for a, b in pairs)
        if len(mask.shape) < 2 or differs:
            raise ShapeError(
                "TimeDistributed",
                "the mask does not say which steps count",
                expected="a mask (batch, time, ...) for inputs (batch, time, ...)",
                got=types_text(inputs=inputs.type, mask=mask.type),
            )

    def _by_time(self, y: Tensor, inputs: Tensor) -> Tensor:
        """(batch * time, ...) -> (batch, time, ...)."""
        sizes = core.concat([core.shape_of(inputs)[:2], core.shape_of(y)[1:]], 0)
        batch, time = (inputs.shape or (None, None))[:2]
        return _told(core.reshape(y, sizes), (batch, time, *(y.shape or ())[1:]))


def _steps(x: Tensor) -> Tensor:
    """(batch, time, ...) -> (batch * time, ...)."""
    sizes = core.shape_of(x)
    merged = core.reshape(sizes[0] * sizes[1], [1])
    steps = core.reshape(x, core.concat([merged, sizes[2:]], 0))
    return _told(steps, (None, *(x.shape or ())[2:]))


def _told(tensor: Tensor, shape: Any) -> Tensor:
    """The tensor, with what is known of its shape."""
    tensor.set_shape(shape)
    return tensor


class Bidirectional(Wrapper):
    """Runs a recurrent layer along time and another one backwards, and merges their outputs.

    Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997.

    Args:
        layer: a recurrent layer; it runs forwards.
        merge_mode: "concat", "sum", "mul", "ave"; None gives both outputs.
        weights: accepted as in Keras 2: arrays that both layers start from.
        backward_layer: runs backwards; like `layer` if None.
        kwargs: `Layer`'s arguments.

    Input shape:
        as the layer's.

    Output shape:
        as the layer's, with twice the units for "concat"; with `return_state` a list of the output
        and of the states of the forward, then of the backward layer.

    >>> import numpy as np
    >>> from thalweg.layers import GRU
    >>> Bidirectional(GRU(3))(np.ones((2, 5, 4))).shape
    (2, 6)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        if not hasattr(layer, "go_backwards"):
            raise OptionError(
                "Bidirectional",
                "wraps a recurrent layer",
                expected="a layer with go_backwards and return_sequences",
                got=repr(layer),
            )
        super().__init__(layer, **kwargs)
        self.merge_mode = _MODES.check(self, "merge_mode", merge_mode)
        self._initial_weights = weights
        forward = {**layer.get_config(), "name": f"forward_{layer.name}"}
        self.forward_layer: Any = type(layer).from_config(forward)
        self.backward_layer: Any = backward_layer
        self.layer = self.forward_layer
        if backward_layer is None:
            backward = {**layer.get_config(), "name": f"backward_{layer.name}"}
            backward["go_backwards"] = not layer.go_backwards
            self.backward_layer = type(layer).from_config(backward)
        elif backward_layer.go_backwards == layer.go_backwards:
            raise OptionError(
                "Bidirectional", "both layers run in one direction", got=repr(backward_layer)
            )
        for inner in (self.forward_layer, self.backward_layer):
            if hasattr(inner, "zero_output_for_mask"):  # as Keras: what is masked must not merge
                inner.zero_output_for_mask = inner.return_sequences
        self.return_sequences = bool(layer.return_sequences)
        self.return_state = bool(layer.return_state)
        self.stateful = bool(layer.stateful)

    def build(self, input_shape: Any) -> None:
        """Builds both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            build_inside(layer, input_shape)
        if self._initial_weights is not None:
            half = len(self._initial_weights) // 2
            self.forward_layer.set_weights(self._initial_weights[:half])
            self.backward_layer.set_weights(self._initial_weights[half:])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the sequences, if these are returned."""
        first = mask[0] if isinstance(mask, list | tuple) and mask else mask
        kept = first if self.return_sequences else None
        outputs = [kept, kept] if self.merge_mode is None else [kept]
        states = self._state_count() * 2 if self.return_state else 0
        found = [*outputs, *[None] * states]
        return found[0] if len(found) == 1 else found

    def _state_count(self) -> int:
        return len(state_sizes(self.forward_layer.cell))

    def call(
        self, inputs: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """Both directions, merged."""
        if isinstance(inputs, list | tuple):
            inputs, initial_state = inputs[0], initial_state or list(inputs[1:]) or None
            mask = mask[0] if isinstance(mask, list | tuple) else mask
        halves: list[Any] = [None, None]
        if initial_state is not None:
            states = list(flatten(initial_state))
            count = self._state_count()
            halves = [states[:count], states[count:]]
        options = {"mask": mask, "training": training}
        forward, *states_f = _as_list(
            self.forward_layer(inputs, initial_state=halves[0], **options)
        )
        backward, *states_b = _as_list(
            self.backward_layer(inputs, initial_state=halves[1], **options)
        )
        if self.return_sequences:
            backward = core.reverse(backward, [1])
        merged = self._merged(forward, backward)
        outputs = [*_as_list(merged), *states_f, *states_b]
        return outputs[0] if len(outputs) == 1 else outputs

    def _merged(self, a: Tensor, b: Tensor) -> Any:
        if self.merge_mode == "concat":
            return core.concat([a, b], axis=-1)
        if self.merge_mode == "mul":
            return a * b
        if self.merge_mode is None:
            return [a, b]
        return a + b if self.merge_mode == "sum" else (a + b) * 0.5

    def reset_states(self) -> None:
        """Sets the states of both stateful layers to zeros."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    reset_state = reset_states


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
