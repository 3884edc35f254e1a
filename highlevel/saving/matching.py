"""assign_weights: which stored array belongs to which weight of a model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from thalweg.core.errors import FileFormatError, OptionError, ShapeError, ThalwegError, nearest

__all__ = ["assign_weights"]


class _Stored(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def weights(self) -> list[tuple[str, NDArray[Any]]]: ...


def assign_weights(
    layers: Sequence[tuple[str, Sequence[Sequence[int]]]],
    loaded: Sequence[_Stored],
    by_name: bool = False,
    *,
    skip_mismatch: bool = False,
    where: str = "load_weights",
) -> list[NDArray[Any] | None]:
    """Finds the stored array of every weight; everything is checked before anything is returned.

    Without `by_name` the layers that have weights are matched in their order, whatever their
    names. With it a layer takes the weights of the stored layer of its name, and layers without
    one keep theirs.

    Args:
        layers: name and the shapes of the weights of every layer of the model, in order.
        loaded: the stored layers, as `read_weights` returns them.
        by_name: match by the layers' names in place of their order.
        skip_mismatch: with `by_name`: layers that do not fit keep their weights, with a warning.
        where: the operation that errors name.

    Returns:
        An array for every weight of every layer, in order; None where it keeps its value (only
        with `by_name`).

    Raises:
        FileFormatError: the numbers of layers or weights differ, or no name is known.
        ShapeError: a shape differs.
        OptionError: `skip_mismatch` without `by_name`.

    Example:
        >>> import numpy as np
        >>> from thalweg.saving.hdf5 import LayerWeights
        >>> stored = [LayerWeights("old_name", [("kernel:0", np.ones((3, 2)))])]
        >>> [array.shape for array in assign_weights([("dense", [(3, 2)])], stored)]
        [(3, 2)]
    """
    stored_layers = [layer for layer in loaded if layer.weights]
    by_names = {layer.name: layer for layer in loaded}
    if by_name:
        _check_some_name(where, layers, stored_layers)
    else:
        if skip_mismatch:
            raise OptionError(where, "skip_mismatch without by_name", expected="by_name=True")
        _check_same_layers(where, layers, stored_layers)
    in_order = iter(stored_layers)
    arrays: list[NDArray[Any] | None] = []
    for name, shapes in layers:
        if not shapes:
            continue
        stored = by_names.get(name) if by_name else next(in_order)
        error = _mismatch(where, name, shapes, stored, by_names) if stored is not None else None
        if error is not None and not skip_mismatch:
            raise error
        if error is not None:
            warnings.warn(f"layer {name!r} keeps its weights: {error}", stacklevel=2)
        if stored is None or error is not None:
            arrays += [None] * len(shapes)
        else:
            arrays += [array for _, array in stored.weights]
    return arrays


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:8]))
    return shown + (", …" if len(names) > 8 else "")


def _check_same_layers(
    where: str,
    layers: Sequence[tuple[str, Sequence[Sequence[int]]]],
    stored: Sequence[_Stored],
) -> None:
    wanted = [name for name, shapes in layers if shapes]
    if len(wanted) == len(stored):
        return
    names = [layer.name for layer in stored]
    common = set(wanted) & set(names)
    raise FileFormatError(
        where,
        "the file has another number of layers with weights than the model",
        expected=f"{len(wanted)}: {_list(wanted)}",
        got=f"{len(names)}: {_list(names)}",
        hint=f"by_name=True loads the {len(common)} whose names agree"
        if common
        else "build the model as it was when the file was saved",
    )


def _check_some_name(
    where: str,
    layers: Sequence[tuple[str, Sequence[Sequence[int]]]],
    stored: Sequence[_Stored],
) -> None:
    wanted = [name for name, shapes in layers if shapes]
    names = [layer.name for layer in stored]
    # differs from Keras, which loads nothing and says nothing
    if wanted and names and not set(wanted) & set(names):
        raise FileFormatError(
            where,
            "no layer of the model has a name that is in the file",
            expected=_list(wanted),
            got=_list(names),
            hint=nearest(wanted[0], names) or "without by_name layers are matched in their order",
        )


def _mismatch(
    where: str,
    name: str,
    shapes: Sequence[Sequence[int]],
    stored: _Stored,
    by_names: dict[str, Any],
) -> ThalwegError | None:
    """What does not fit between a layer and the stored one, or None."""
    layer = repr(name) if name == stored.name else f"{name!r} ({stored.name!r} in the file)"
    if len(shapes) != len(stored.weights):
        return FileFormatError(
            where,
            "the layer has another number of weights than the stored one",
            expected=f"{len(shapes)}, of shapes {', '.join(str(tuple(s)) for s in shapes)}",
            got=", ".join(f"{weight!r} {array.shape}" for weight, array in stored.weights)
            or "none",
            layer=layer,
            hint=_other_layer(name, shapes, stored, by_names),
        )
    for index, (shape, (weight, array)) in enumerate(zip(shapes, stored.weights, strict=True)):
        if tuple(shape) != array.shape:
            hint = _other_layer(name, shapes, stored, by_names)
            if hint is None and sorted(shape) == sorted(array.shape):
                hint = "the sizes are the same in another order: was it saved by another library?"
            return ShapeError(
                where,
                f"weight {index} has another shape than the stored one, {weight!r}",
                expected=str(tuple(shape)),
                got=str(array.shape),
                layer=layer,
                hint=hint or "build the layer as it was when the file was saved",
            )
    return None


def _other_layer(
    name: str, shapes: Sequence[Sequence[int]], stored: _Stored, by_names: dict[str, Any]
) -> str | None:
    """A hint if the stored layer of the same name would fit, though it stands elsewhere."""
    same = by_names.get(name)
    if same is None or same is stored:
        return None
    if [tuple(shape) for shape in shapes] != [array.shape for _, array in same.weights]:
        return None
    return f"the file has a {name!r} that fits; the order differs, so try by_name=True"
