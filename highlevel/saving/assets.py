"""What Keras 3 stores apart for layers that learnt a vocabulary: its words, and their weights.

The words that `adapt` found lie in the archive, `assets/layers/string_lookup/vocabulary.txt`;
those that the user gave are in the configuration, and so are all that are written here. Weights by
rarity lie with the weights of layers in each case, as `vars/idf_weights`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from .hdf5_reader import Hdf5Reader
from .keras3_weights import IDF_WEIGHTS, WORDS_INSIDE, numbered
from .keras_zip import ZipReader

__all__ = ["with_vocabularies"]

_LAYERS = {"StringLookup", "IntegerLookup", "TextVectorization"}
_MAX_BYTES = 1 << 26
_MAX_LINES = 5_000_000


def with_vocabularies(
    config: dict[str, Any], archive: ZipReader, weights: Hdf5Reader
) -> dict[str, Any]:
    """The entry of a model, in which layers have the vocabularies that the archive holds.

    Args:
        config: the entry; changed in place.
        archive: the open file.
        weights: the weights in it.

    Raises:
        FileFormatError: a vocabulary is damaged, or too large.
    """
    for path, entry in _entries(config):
        name = f"assets/{path}/vocabulary.txt"
        if entry.get("class_name") not in _LAYERS or name not in archive.names:
            continue
        inner = entry["config"]
        if inner.get("vocabulary") is None:
            words = _lines(archive, name)
            is_integer = entry["class_name"] == "IntegerLookup"
            inner["vocabulary"] = _integers(archive, name, words) if is_integer else words
            found = _stored_weights(weights, path + WORDS_INSIDE.get(entry["class_name"], ""))
            if found is not None:
                inner["idf_weights"] = found[: len(words)].tolist()
    return config


def _stored_weights(weights: Hdf5Reader, path: str) -> NDArray[Any] | None:
    group = weights.root
    for name in (*path.split("/"), "vars"):
        if not weights.holds(group, name):
            return None
        group = weights.group(group, name)
    return weights.array(group, IDF_WEIGHTS) if weights.holds(group, IDF_WEIGHTS) else None


def _entries(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The layers of a model, also of models inside, and the paths of their groups."""
    stack: list[tuple[Any, str]] = [(entry, "")]
    while stack:
        model, place = stack.pop()
        config = model.get("config") if isinstance(model, Mapping) else None
        layers = config.get("layers") if isinstance(config, dict) else None
        if not isinstance(layers, list):
            continue
        inside = [layer for layer in layers if _is_sound(layer)]
        names = numbered([layer["class_name"] for layer in inside])
        for name, layer in zip(names, inside, strict=True):
            path = f"{place}/layers/{name}" if place else f"layers/{name}"
            yield path, layer
            stack.append((layer, path))


def _is_sound(layer: Any) -> bool:
    return (
        isinstance(layer, Mapping)
        and isinstance(layer.get("class_name"), str)
        and isinstance(layer.get("config"), dict)
    )


def _lines(archive: ZipReader, name: str) -> list[str]:
    content = archive.read(name, _MAX_BYTES)
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise archive.error(
            "the vocabulary is no UTF-8", got=str(error)[:200], member=name
        ) from error
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) > _MAX_LINES:
        raise archive.error("too many words", f"at most {_MAX_LINES}", str(len(lines)), member=name)
    return lines


def _integers(archive: ZipReader, name: str, lines: list[str]) -> list[int]:
    try:
        return [int(line) for line in lines]
    except ValueError as error:
        raise archive.error(
            "the vocabulary is not made of integers", got=str(error)[:200], member=name
        ) from error
