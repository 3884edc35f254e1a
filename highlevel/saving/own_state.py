"""What Keras's files have no place for: random counters, trainings done, what `compile` froze.

It is stored beside, where Keras does not look, as one JSON object.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from thalweg.core import Stream
from thalweg.core.errors import FileFormatError

from ..layers.base import Layer
from ..models.model import Model
from .model_reader import Path
from .random_state import load_counts, random_state, streams

__all__ = ["OwnState", "own_state"]

_FORMAT = 1


def own_state(model: Model) -> dict[str, Any]:
    """What Keras's layout has no place for, as JSON data."""
    return {
        "format": _FORMAT,
        "random": random_state(model),
        "fits": model._fits,
        "frozen": [list(path) for path, layer in _paths(model).items() if layer in model._frozen],
    }


def _paths(model: Model) -> dict[Path, Layer]:
    found: dict[Path, Layer] = {}
    stack: list[tuple[Path, Layer]] = [((), model)]
    while stack:
        path, layer = stack.pop()
        found[path] = layer
        stack += [((*path, inner.name), inner) for inner in layer.sublayers()]
    return found


class OwnState:
    """What `own_state` wrote, read again.

    Args:
        data: the JSON data.
        where: the file, for messages.

    Raises:
        FileFormatError: if the data make no sense, or are of a newer version.
    """

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._data = data
        self._where = where
        if data.get("format") != _FORMAT:
            raise FileFormatError(
                where,
                "written by a newer version of thalweg",
                expected=f"format {_FORMAT}",
                got=f"format {data.get('format')!r}"[:80],
            )

    def streams(self) -> dict[Path, Stream]:
        """The random streams of layers, by their paths."""
        return streams(self._data.get("random"), self._where)

    def freeze(self, model: Model) -> None:
        """What was frozen at `compile` counts, whatever was thawed since."""
        data = self._data.get("frozen")
        layers = _paths(model)
        listed = data if isinstance(data, list) else [None]
        paths = {tuple(map(str, p)) if isinstance(p, list) else ("",) for p in listed}
        if not paths <= set(layers):
            raise FileFormatError(self._where, "the list of frozen layers makes no sense")
        model._frozen = frozenset(layers[path] for path in paths)
        model._forget_steps()

    def load(self, model: Model) -> None:
        """Sets the counters of a model that was made with the streams."""
        fits = self._data.get("fits")
        if not isinstance(fits, int) or not 0 <= fits < 2**31:
            raise FileFormatError(
                self._where, "the number of trainings makes no sense", got=repr(fits)[:80]
            )
        model._fits = fits
        self.load_counters(model)

    def load_counters(self, model: Model) -> None:
        """Sets the counters alone."""
        others = load_counts(model, self._data["random"])
        if others:
            warnings.warn(
                f"thalweg: {self._where}: random numbers begin anew in {', '.join(others[:8])}",
                UserWarning,
                stacklevel=5,
            )
