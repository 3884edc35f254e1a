"""What `compile` was told, resolved: an optimizer, a loss an output, metrics an output."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thalweg.core import Tensor, Variable
from thalweg.core.errors import OptionError, nearest

from .. import losses as loss_registry
from .. import metrics as metric_registry
from .. import optimizers as optimizer_registry

__all__ = ["Compiled", "PlacedMetric", "check_metric"]


@dataclass
class PlacedMetric:
    """A metric, the output it watches, and whether sample weights count."""

    name: str
    metric: Any
    output: int
    is_weighted: bool


class Compiled:
    """Resolved arguments of `compile`.

    Args:
        optimizer: name or object.
        loss: name, function or object; a list or dict of them for several outputs; None.
        loss_weights: a number an output, list or dict.
        metrics: names, functions or objects; lists or a dict of them for several outputs.
        weighted_metrics: the same, with sample weights.
        outputs: names of the outputs.
        trainable: the variables that training changes.
        frozen: the layers that do not train.

    Raises:
        OptionError: for unknown names, or numbers that do not fit the outputs.
    """

    def __init__(
        self,
        optimizer: Any,
        loss: Any,
        loss_weights: Any,
        metrics: Any,
        weighted_metrics: Any,
        outputs: Sequence[str],
        trainable: Sequence[Variable] = (),
        frozen: frozenset[Any] = frozenset(),
    ) -> None:
        self.trainable = list(trainable)
        self.frozen = frozen
        self.optimizer = optimizer_registry.get(optimizer)
        self.outputs = list(outputs)
        chosen = self._per_output(loss, "loss", broadcast=True)
        self.losses: list[Any] = [
            None if item is None else loss_registry.get(item) for item in chosen
        ]
        weights = self._per_output(loss_weights, "loss_weights", broadcast=False)
        self.loss_weights = [1.0 if weight is None else float(weight) for weight in weights]
        groups = [self._metric_lists(metrics), self._metric_lists(weighted_metrics)]
        self._requested = [
            (identifier, check_metric(identifier), output, is_weighted)
            for output in range(len(self.outputs))
            for is_weighted, lists in enumerate(groups)
            for identifier in lists[output]
        ]
        self.loss_tracker = metric_registry.Mean(name="loss")
        several = len(self.outputs) > 1
        self.output_trackers: list[Any] = [
            metric_registry.Mean(name=f"{name}_loss") if several and item is not None else None
            for name, item in zip(self.outputs, self.losses, strict=True)
        ]
        self._metrics: list[PlacedMetric] | None = None

    def _per_output(self, value: Any, what: str, *, broadcast: bool) -> list[Any]:
        """One entry an output, from a single value, a list or a dict by name."""
        names = self.outputs
        if isinstance(value, Mapping):
            for key in value:
                if key not in names:
                    raise OptionError(
                        "compile",
                        f"{what} names an unknown output {key!r}",
                        expected=", ".join(names),
                        hint=nearest(key, names),
                    )
            return [value.get(name) for name in names]
        if isinstance(value, list | tuple):
            if len(value) != len(names):
                raise OptionError(
                    "compile",
                    f"{what} does not fit the outputs",
                    expected=f"{len(names)} entries: " + ", ".join(names),
                    got=str(len(value)),
                )
            return list(value)
        if value is not None and not broadcast and len(names) > 1:
            raise OptionError(
                "compile", f"{what} must be a list or dict for several outputs", got=repr(value)
            )
        return [value] * len(names)

    def _metric_lists(self, group: Any) -> list[list[Any]]:
        names = self.outputs
        if group is None:
            return [[] for _ in names]
        if isinstance(group, Mapping):
            return [_as_list(item) for item in self._per_output(group, "metrics", broadcast=True)]
        items = _as_list(group)
        if len(names) > 1 and any(isinstance(item, list | tuple) for item in items):
            return [_as_list(item) for item in self._per_output(items, "metrics", broadcast=True)]
        if len(names) > 1 and len(items) == len(names):
            return [[item] for item in items]
        if len(names) > 1 and any(isinstance(item, metric_registry.Metric) for item in items):
            raise OptionError(
                "compile",
                "one metric object cannot watch several outputs",
                expected="{output: [metrics]} with outputs " + ", ".join(names),
                got=repr(group),
            )
        return [list(items) for _ in names]

    def place_metrics(
        self, targets: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> list[PlacedMetric]:
        """The metrics, resolved at first use: "accuracy" depends on targets and outputs."""
        if self._metrics is None:
            placed: list[PlacedMetric] = []
            for identifier, known, output, is_weighted in self._requested:
                metric = metric_registry.resolve(
                    known, self.losses[output], targets[output].type, outputs[output].type
                )
                metric.reset_state()  # it may have watched another model before
                name = identifier if isinstance(identifier, str) else metric.name
                name = self._free_name(name, output, is_weighted, [p.name for p in placed])
                placed.append(PlacedMetric(name, metric, output, bool(is_weighted)))
            self._metrics = placed
        return self._metrics

    def placed(self) -> list[list[tuple[Any, PlacedMetric]]] | None:
        """For each output what the user gave and the metric it became; None before any data."""
        if self._metrics is None:
            return None
        found: list[list[tuple[Any, PlacedMetric]]] = [[] for _ in self.outputs]
        for (identifier, *_), metric in zip(self._requested, self._metrics, strict=True):
            found[metric.output].append((identifier, metric))
        return found

    def _free_name(self, name: str, output: int, is_weighted: int, taken: Sequence[str]) -> str:
        """Keras's names: `accuracy`, `head_accuracy`, `weighted_accuracy`, `accuracy_1`."""
        prefix = f"{self.outputs[output]}_" if len(self.outputs) > 1 else ""
        if is_weighted and prefix + name in taken:
            name = f"weighted_{name}"
        full = prefix + name
        numbered = (f"{full}_{i}" for i in itertools.count(1))
        return full if full not in taken else next(n for n in numbered if n not in taken)

    @property
    def trackers(self) -> list[tuple[str, Any]]:
        """Everything that is reset between epochs and reported: names and metrics."""
        found = [("loss", self.loss_tracker)]
        found += [(tracker.name, tracker) for tracker in self.output_trackers if tracker]
        return found + [(placed.name, placed.metric) for placed in self._metrics or ()]

    def reset(self) -> None:
        """Clears the state of all metrics."""
        for _, tracker in self.trackers:
            tracker.reset_state()


def check_metric(identifier: Any) -> Any:
    """The metric that an argument means; words that depend on the data stay as they are.

    Raises:
        OptionError: for an unknown name.
    """
    if identifier in ("accuracy", "acc", "crossentropy", "ce"):
        return identifier
    return metric_registry.get(identifier)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
