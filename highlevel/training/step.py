"""A step: everything one batch does, in one graph and one run.

Forward pass, loss, regularizers, gradients, the optimizer's update and the metrics are fetched
together. A functional model's step uses the model's own tensors, so that losses that close over
them work; a subclassed model is traced, once a mode and kinds of data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.core import (
    GraphFunction,
    Operation,
    Tensor,
    Trace,
    as_dtype,
    cast,
    current_session,
    gradients,
    library,
    name_scope,
    placeholder,
    shape_of,
)
from thalweg.core.errors import DataError

from ..eager import flatten
from ..layers.calls import collect_calls, learning_phase
from .compiled import Compiled
from .data import Batch

__all__ = ["Step", "step_key"]


def step_key(mode: str, batch: Batch) -> tuple[Any, ...]:
    """What a step depends on besides the sizes of its data."""
    weights = batch.weights or ()
    return (
        mode,
        *((array.dtype.kind, array.ndim) for array in batch.x),
        None,
        *((array.dtype.kind, array.ndim) for array in batch.y or ()),
        None,
        *(None if array is None else array.ndim for array in weights),
    )


class Step:
    """The compiled function of one mode.

    Args:
        model: the model.
        mode: `"train"`, `"test"` or `"predict"`.
        batch: an example, for ranks and dtypes.
        compiled: what `compile` resolved; None for `"predict"`.
    """

    def __init__(self, model: Any, mode: str, batch: Batch, compiled: Compiled | None) -> None:
        self.mode = mode
        self._compiled = compiled
        self._trace = Trace()
        network = model.network
        graph = network.flat_inputs[0].graph if network else model.graph
        with graph.as_default(), library(), name_scope(f"{mode}_step"):
            inputs = network.flat_inputs if network else _placeholders(batch.x, "x")
            outputs = self._call(model, inputs)
            targets = _placeholders(batch.y or (), "y")
            weights = [
                None if array is None else _placeholder(array, f"sample_weight_{i}")
                for i, array in enumerate(batch.weights or [None] * len(targets))
            ]
            results: list[Tensor] = list(outputs)
            if mode != "predict":
                assert_compiled(compiled)
                results = self._add_loss(model, inputs, outputs, targets, weights)
            feeds = [*inputs, *targets, *(w for w in weights if w is not None)]
            self.result_count = len(results)
            self._constants = [np.asarray(mode == "train")]
            feeds.append(learning_phase(graph))
            for layer, flag in self._flags:
                frozen = compiled is not None and layer in compiled.frozen
                feeds.append(flag)
                self._constants.append(np.asarray(not frozen))
            fetches: list[Tensor | Operation] = [*results, *self._updates()]
        self.function = GraphFunction(fetches, feeds)

    def _call(self, model: Any, inputs: Sequence[Tensor]) -> list[Tensor]:
        """The model's outputs, and what its layers add to state and loss."""
        network = model.network
        self._network_writes: list[Operation] = []
        if network:
            self._losses = [loss for call in network.calls for loss in call.losses]
            self._flags = [flag for call in network.calls for flag in call.flags]
            self._network_writes = [write for call in network.calls for write in call.writes]
            return list(network.flat_outputs)
        with self._trace.open(), collect_calls(self.mode == "train") as state:
            outputs = model(model.nest_inputs(inputs))
        self._losses = state.losses
        self._flags = []
        return list(flatten(outputs))

    def _add_loss(
        self,
        model: Any,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        targets: Sequence[Tensor],
        weights: Sequence[Tensor | None],
    ) -> list[Tensor]:
        compiled = assert_compiled(self._compiled)
        if any(loss is not None for loss in compiled.losses) and len(targets) != len(outputs):
            raise DataError(
                "fit",
                "the model has outputs without targets",
                expected=f"y for {', '.join(compiled.outputs)}",
                got=f"{len(targets)} arrays",
            )
        count = cast(shape_of(inputs[0])[0], "float32")
        each: list[Tensor | None] = []
        for i, loss in enumerate(compiled.losses):
            each.append(None if loss is None else loss(targets[i], outputs[i], weights[i]))
        terms = [
            value * weight
            for value, weight in zip(each, compiled.loss_weights, strict=True)
            if value is not None
        ]
        terms += [*self._losses, *model.regularization_losses()]
        if not terms:
            raise DataError(
                "fit",
                "there is nothing to minimise",
                hint="compile(loss=…), or add_loss in a layer",
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        with self._trace.open():
            if self.mode == "train":
                self._train(total, compiled)
            compiled.loss_tracker.update(total, count)
            for tracker, value in zip(compiled.output_trackers, each, strict=True):
                if tracker is not None:
                    tracker.update(value, count)
            for placed in compiled.place_metrics(targets, outputs) if targets else ():
                weight = weights[placed.output] if placed.is_weighted else None
                placed.metric.update(targets[placed.output], outputs[placed.output], weight)
            return [tracker.result() for _, tracker in compiled.trackers]

    def _train(self, total: Tensor, compiled: Compiled) -> None:
        variables = compiled.trainable or []
        compiled.optimizer.apply(gradients(total, variables), variables)

    def _updates(self) -> list[Operation]:
        layer_writes = self._network_writes if self.mode == "train" else []
        return [*layer_writes, *self._trace.writes]

    def __call__(self, batch: Batch) -> list[Any]:
        """Runs one batch in the current session; returns outputs or metric values."""
        weights = [w for w in batch.weights or () if w is not None]
        values = [*batch.x, *(batch.y or ()), *weights, *self._constants]
        return current_session().call(self.function, values)[: self.result_count]


def assert_compiled(compiled: Compiled | None) -> Compiled:
    """The argument.

    Raises:
        DataError: if it is None.
    """
    if compiled is None:
        raise DataError(
            "fit", "the model is not compiled", hint="model.compile(optimizer=…, loss=…) first"
        )
    return compiled


def _placeholders(arrays: Sequence[np.ndarray[Any, Any]], name: str) -> list[Tensor]:
    return [_placeholder(array, f"{name}_{i}") for i, array in enumerate(arrays)]


def _placeholder(array: np.ndarray[Any, Any], name: str) -> Tensor:
    """Floats are fed as float32, integers and booleans as they are; all sizes are open."""
    dtype = "float32" if array.dtype.kind == "f" else as_dtype(array.dtype)
    return placeholder(dtype, (None, *array.shape[1:]), name=name)
