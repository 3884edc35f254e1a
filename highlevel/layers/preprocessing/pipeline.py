"""`Pipeline`: preprocessing layers one after another, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.core import Graph, user_site
from thalweg.core.errors import OptionError

from ..base import Layer
from ..calls import CallState
from .base import DataLayer
from .image_base import stands_alone

__all__ = ["Pipeline"]


class Pipeline(DataLayer):
    """Layers one after another, as one layer: for a data pipeline, or at the beginning of a model.

    Called by itself it takes `training` as True, as its layers do.

    Args:
        layers: first to last.
        name: of the pipeline.
        kwargs: `Layer`'s arguments.

    Input shape:
        what the first layer takes; images, or a dict of images and labels.

    Output shape:
        what the last layer gives.

    >>> import numpy as np
    >>> from thalweg.layers import Rescaling, Resizing
    >>> pipeline = Pipeline([Resizing(1, 1), Rescaling(1 / 255)])
    >>> pipeline(np.full((2, 4, 4, 1), 51, np.uint8)).reshape(-1).round(6).tolist()
    [0.2..., 0.2...]
    """

    supports_masking = True

    def __init__(self, layers: Sequence[Layer], name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        for layer in layers:
            if not isinstance(layer, Layer):
                raise OptionError(
                    "Pipeline", "not a layer", expected="Layer objects", got=repr(layer),
                    site=user_site(),
                )  # fmt: skip
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, first to last."""
        return list(self._pipeline_layers)

    @property
    def taken_dtype(self) -> str:
        """What the first layer takes."""
        first = next(iter(self._pipeline_layers), None)
        return self.dtype if first is None else first.taken_dtype

    def _data(self, inputs: Any) -> Any:
        if isinstance(inputs, dict):
            return {name: self._data(value) for name, value in inputs.items()}
        return super()._data(inputs)

    def call(self, inputs: Any, training: Any = True) -> Any:
        """What the last layer gives."""
        for layer in self._pipeline_layers:
            inputs = layer(inputs, training=training)
        return inputs

    def _resolve_training(
        self, kwargs: dict[str, Any], outer: CallState | None, is_edge: bool, graph: Graph
    ) -> Any:
        if stands_alone(kwargs, outer, is_edge, graph):
            return True
        return super()._resolve_training(kwargs, outer, is_edge, graph)
