"""Where the random numbers of a model stand, so that a loaded one draws on as if never stopped.

A random op of a layer draws from a key made of the seed, the layer's stream, the op's number in
the stream, and how often the op has run: the counters are the state of a Dropout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from thalweg.core import Counter, NextCount, Operation, Stream, current_session
from thalweg.core.errors import FileFormatError

from ..layers.base import Layer
from ..models.model import Model

__all__ = ["load_counts", "random_state", "streams"]

Path = tuple[str, ...]


def _layers(layer: Layer, path: Path = ()) -> Iterator[tuple[Path, Layer]]:
    """The model and all layers inside it, with the names on the way."""
    yield path, layer
    for inner in layer.sublayers():
        yield from _layers(inner, (*path, inner.name))


def _counters(model: Model) -> list[Counter]:
    """The counters of the random ops that outputs, state and losses need.

    Those of models inside count too: their layers numbered them before the others.
    """
    stack: list[Operation] = []
    for _, layer in _layers(model):
        network = layer.network if isinstance(layer, Model) else None
        if network is not None:
            stack += [tensor.op for tensor in network.flat_outputs]
            for call in network.calls:
                stack += [*call.writes, *(loss.op for loss in call.losses)]
    seen: set[Operation] = set()
    found: list[Counter] = []
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        stack += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
        if isinstance(op.opdef, NextCount) and isinstance(op.opdef.variable, Counter):
            found.append(op.opdef.variable)
    return found


def random_state(model: Model) -> list[dict[str, Any]]:
    """For each layer that draws numbers its path, its stream, and its ops with their counts."""
    value = current_session().value
    counts: dict[Stream, dict[int, int]] = {}
    for counter in _counters(model):
        if counter.stream is not None:
            counts.setdefault(counter.stream, {})[counter.ordinal] = int(value(counter))
    return [
        {
            "layer": list(path),
            "stream": layer._stream.name,
            "seed": layer._stream.seed,
            "counts": sorted(counts.get(layer._stream, {}).items()),
        }
        for path, layer in dict(_layers(model)).items()
        if layer._stream in counts or not path
    ]


def streams(data: Any, where: str) -> dict[Path, Stream]:
    """The streams that a file tells, by the layers' paths.

    Raises:
        FileFormatError: if the data make no sense.
    """
    found = {}
    for entry in data if isinstance(data, list) else [None]:
        if not isinstance(entry, Mapping) or not _is_sound(entry):
            raise FileFormatError(where, "the state of the random numbers makes no sense")
        ordinals = [ordinal for ordinal, _ in entry["counts"]]
        found[tuple(entry["layer"])] = Stream(entry["stream"], entry["seed"], ordinals)
    return found


def _is_sound(entry: Mapping[str, Any]) -> bool:
    path, counts = entry.get("layer"), entry.get("counts")
    return (
        isinstance(path, list)
        and all(isinstance(name, str) for name in path)
        and isinstance(entry.get("stream"), str)
        and _are_counts([entry.get("seed")])
        and isinstance(counts, list)
        and all(isinstance(pair, list) and len(pair) == 2 and _are_counts(pair) for pair in counts)
    )


def _are_counts(values: Iterable[Any]) -> bool:
    return all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**63 for n in values)


def load_counts(model: Model, data: list[dict[str, Any]]) -> list[str]:
    """Sets the counters of a model that was made with `streams`.

    Returns:
        The names of the layers whose ops are not those of the file: these begin anew.
    """
    session = current_session()
    by_path = {tuple(entry["layer"]): dict(entry["counts"]) for entry in data}
    paths = {layer._stream: path for path, layer in _layers(model)}
    left = {path: dict(counts) for path, counts in by_path.items()}
    others = []
    for counter in _counters(model):
        path = paths.get(counter.stream) if counter.stream is not None else None
        count = None if path is None else left.get(path, {}).pop(counter.ordinal, None)
        if count is None:
            others.append("/".join(path or ()) or counter.name)
        else:
            session.load(counter, count)
    return sorted({*others, *("/".join(path) for path, counts in left.items() if counts)})
