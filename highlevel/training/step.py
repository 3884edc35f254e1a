"""A step: everything one batch does, in one graph and one run.

Forward pass, loss, regularizers, gradients, the optimizer's update and the metrics are fetched
together. A functional model's step uses the model's own tensors, so that losses that close over
them work; a subclassed model is traced, once a mode and kinds of data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.core import (
    GraphFunction,
    Operation,
    Tensor,
    Trace,
    as_dtype,
    cast,
    convert,
    current_session,
    flatten,
    gradients,
    library,
    name_scope,
    placeholder,
    rebuild,
    shape_of,
)
from thalweg.core.errors import DataError

from ..layers.base import regularization
from ..layers.calls import collect_calls, learning_phase
from .compiled import Compiled
from .layout import Array, Batch

__all__ = ["Step", "step_key"]


def step_key(mode: str, batch: Batch, has_network: bool) -> tuple[Any, ...]:
    """What a step depends on besides the sizes of its data."""
    x = () if has_network else (*batch.keys, *((a.dtype.str, a.ndim) for a in batch.x))
    y = ((_target_dtype(array), array.ndim) for array in batch.y or ())
    weights = (None if array is None else array.ndim for array in batch.weights or ())
    return (mode, *x, None, *y, None, *weights)


class Step:
    """The compiled function of one mode.

    Args:
        model: the model.
        mode: `"train"`, `"test"` or `"predict"`.
        batch: an example, for ranks and dtypes.
        compiled: what `compile` resolved; None for `"predict"`.

    Attributes:
        outputs: the model's output tensors, nested as the model returns them.
    """

    def __init__(self, model: Any, mode: str, batch: Batch, compiled: Compiled | None) -> None:
        self.mode = mode
        self._compiled = compiled
        self._trace = Trace()
        self._forward = Trace()
        network = model.network
        graph = network.flat_inputs[0].graph if network else model.graph
        with graph.as_default(), library():
            with name_scope(f"{mode}_step"):
                inputs = network.flat_inputs if network else _inputs(batch.x)
            self.outputs = self._call(model, inputs, batch)
            outputs: list[Tensor] = list(flatten(self.outputs))
            with name_scope(f"{mode}_step"):
                targets = [
                    placeholder(_target_dtype(array), _target_shape(array, output), f"y_{i}")
                    for i, (array, output) in enumerate(zip(batch.y or (), outputs, strict=False))
                ]
                weights = [
                    None if array is None else placeholder("float32", [None] * array.ndim, f"w_{i}")
                    for i, array in enumerate(batch.weights or [None] * len(targets))
                ]
                results = outputs
                if compiled is not None and mode != "predict":
                    results = self._add_loss(compiled, inputs, outputs, targets, weights)
            self.result_count = len(results)
            self._data = [*inputs, *targets]
            feeds = [*self._data, *(w for w in weights if w is not None), learning_phase(graph)]
            self._constants = [np.asarray(mode == "train")]
            for layer, flag in self._flags:
                feeds.append(flag)
                self._constants.append(np.asarray(compiled is None or layer not in compiled.frozen))
            fetches: list[Tensor | Operation] = [*results, *self._updates()]
        self.function = GraphFunction(fetches, feeds)

    def _call(self, model: Any, inputs: Sequence[Tensor], batch: Batch) -> Any:
        """The model's outputs, and what its layers add to state and loss."""
        network = model.network
        if network:
            self._losses = [
                *(loss for call in network.calls for loss in call.losses),
                *model.added_losses,
            ]
            self._flags = [flag for call in network.calls for flag in call.flags]
            self._forward.writes = [write for call in network.calls for write in call.writes]
            return network.outputs
        frozen = None if self._compiled is None else self._compiled.frozen
        with self._forward.open(), collect_calls(self.mode == "train", frozen) as state:
            outputs = model(batch.nested(inputs))
            outputs = rebuild(outputs, iter([convert(leaf) for leaf in flatten(outputs)]))
        self._losses = state.losses
        self._flags = []
        return outputs

    def _add_loss(
        self,
        compiled: Compiled,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        targets: Sequence[Tensor],
        weights: Sequence[Tensor | None],
    ) -> list[Tensor]:
        each: list[Tensor | None] = [None] * len(compiled.losses)
        if targets:
            each = [
                None if loss is None else loss(targets[i], outputs[i], weights[i])
                for i, loss in enumerate(compiled.losses)
            ]
        terms = [
            value * weight
            for value, weight in zip(each, compiled.loss_weights, strict=True)
            if value is not None
        ]
        terms += [*self._losses, *regularization(compiled.trainable)]
        if not terms:
            raise DataError(
                "fit" if self.mode == "train" else "evaluate",
                "there is nothing to minimise",
                hint="compile(loss=…), or add_loss in a layer",
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        count = cast(shape_of(inputs[0])[0], "float32")
        metrics = compiled.place_metrics(targets, outputs) if targets else ()
        with self._trace.open():
            if self.mode == "train":
                self._train(total, compiled)
            compiled.loss_tracker.update(total, count)
            for tracker, value in zip(compiled.output_trackers, each, strict=True):
                if tracker is not None and value is not None:
                    tracker.update(value, count)
            for placed in metrics:
                weight = weights[placed.output] if placed.is_weighted else None
                placed.metric.update(targets[placed.output], outputs[placed.output], weight)
            self._names = [name for name, _ in compiled.trackers]
            return [tracker.result() for _, tracker in compiled.trackers]

    def logs(self, values: Sequence[Any]) -> dict[str, float]:
        """Results of a run as what loss and metrics are now, by name."""
        return {name: float(v) for name, v in zip(self._names, values, strict=True)}

    def _train(self, total: Tensor, compiled: Compiled) -> None:
        variables = compiled.trainable
        compiled.optimizer.apply(gradients(total, variables), variables)

    def _updates(self) -> list[Operation]:
        forward = self._forward.writes
        if self.mode != "train":
            forward = [op for op in forward if op.opdef.variable.always_updated]  # type: ignore[attr-defined]
        return [*forward, *self._trace.writes]

    def accepts(self, batch: Batch) -> bool:
        """Whether the sizes of a batch are those that the step was made for, or left open."""
        arrays = [*batch.x, *(batch.y or ())]
        return all(t.type.accepts_shape(a.shape) for t, a in zip(self._data, arrays, strict=True))

    def __call__(self, batch: Batch) -> list[Any]:
        """Runs one batch in the current session; returns outputs or metric values."""
        values = [*batch.arrays(), *self._constants]
        return current_session().call(self.function, values)[: self.result_count]

    def many(self, batch: Batch, count: int) -> Iterator[tuple[int, list[Any]]]:
        """Runs `count` batches of equal size, whose rows come one after another.

        Yields:
            How many are done, at least every 0.1 s or after each: with the outputs for those that
            were done since, or the metric values after the last of them.
        """
        if count == 1:
            yield 1, self(batch)
            return
        runs = current_session().call_many(
            self.function,
            batch.arrays(),
            self._constants,
            count,
            keeps_all=self.mode == "predict",
        )
        for done, values in runs:
            yield done, values[: self.result_count]


def _inputs(arrays: Sequence[Array]) -> list[Tensor]:
    """Placeholders of a subclassed model: floats are fed as float32, others as they are."""
    return [
        placeholder(
            "float32" if array.dtype.kind == "f" else as_dtype(array.dtype),
            (None, *array.shape[1:]),
            f"x_{i}",
        )
        for i, array in enumerate(arrays)
    ]


def _target_dtype(array: Array) -> str:
    return {"f": "float32", "b": "bool"}.get(array.dtype.kind, "int64")


def _target_shape(array: Array, output: Tensor) -> list[int | None]:
    """The targets' sizes; those that vary in the output may vary here."""
    sizes: list[int | None] = [None, *array.shape[1:]]
    for axis, size in enumerate((output.shape or [None] * len(sizes))[: len(sizes)]):
        if size is None:
            sizes[axis] = None
    return sizes
