"""Masks: which positions of a sequence count, from the layer that finds out to those that need it.

A mask is a boolean tensor of the first axes of the tensor that it belongs to, `tensor.mask`.
`Masking` and `Embedding` make masks; a layer with `supports_masking` hands its inputs' on, by its
`compute_mask`; a layer whose `call` takes `mask` is given it; a loss leaves out what is masked.

# differs from Keras: a layer called on arrays gives arrays, and these have no masks; one may be
# given to the next layer as `mask=`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from thalweg.core import Tensor, convert, flatten, identity, rebuild
from thalweg.core.errors import ShapeError

from .arguments import parameters_of

__all__ = ["fill_in", "hand_on", "masks_of", "with_masks"]


def masks_of(tensors: Any) -> Any:
    """The masks of tensors, in their structure; None where there is none."""
    return rebuild(tensors, iter([getattr(leaf, "mask", None) for leaf in flatten(tensors)]))


def with_masks(tensors: Any, masks: Any) -> Any:
    """The tensors, with these masks in the place of their own where there is one."""
    if masks is None:
        return tensors
    leaves, given = list(flatten(tensors)), list(flatten(masks))
    if len(leaves) != len(given):
        raise ShapeError(
            "Model",
            "wrong number of masks",
            expected=f"{len(leaves)}, one for each input, or None in its place",
            got=str(len(given)),
        )
    return rebuild(tensors, map(_with_mask, leaves, given))


def _with_mask(tensor: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None or mask is tensor.mask:
        return tensor
    masked = identity(tensor)
    masked.mask = mask
    return masked


def fill_in(layer: Any, inputs: Any, args: Sequence[Any], arguments: dict[str, Any]) -> Any:
    """Adds masks to the arguments of a layer's call, where it takes them and none are given.

    `mask` is that of the first argument. Where several arguments are tensors, the mask of each is
    called after it: `call(self, query, value, query_mask=None, value_mask=None)`.

    Args:
        layer: whose `call` it is.
        inputs: its first argument.
        args: further positional ones.
        arguments: named ones, which are changed.

    Returns:
        The masks of the inputs, in their structure: those given as `mask`, else their own.
    """
    names = parameters_of(type(layer).call)[1:]
    by_position = dict(zip(names[1:], args, strict=False))
    given = by_position.get("mask", arguments.get("mask"))
    if given is None:
        masks = masks_of(inputs)
        # differs from Keras: 3, not 2, leaves `mask` out where another argument is a tensor too,
        # so that a recurrent layer with `initial_state` counts what its inputs mask.
        if "mask" in names and "mask" not in by_position:
            arguments["mask"] = masks
    else:
        masks = _converted(given)
        if "mask" in arguments:
            arguments["mask"] = masks
    others = {**by_position, **arguments}
    others = {name: value for name, value in others.items() if _holds_tensor(name, value)}
    for name, value in {names[0]: inputs, **others}.items() if others else ():
        wanted = f"{name}_mask"
        if wanted in names and by_position.get(wanted, arguments.get(wanted)) is None:
            arguments[wanted] = masks_of(value)
    return masks


def _holds_tensor(name: str, value: Any) -> bool:
    if name == "training" or name == "mask" or name.endswith("_mask"):
        return False
    return any(isinstance(leaf, Tensor) for leaf in flatten(value))


def _converted(masks: Any) -> Any:
    leaves = (None if leaf is None else convert(leaf) for leaf in flatten(masks))
    return rebuild(masks, leaves)


def hand_on(layer: Any, inputs: Any, outputs: Any, masks: Any) -> None:
    """Gives a layer's outputs their masks; those that `call` gave stay.

    Args:
        layer: who was called.
        inputs, outputs: its tensors.
        masks: of the inputs.
    """
    found = any(mask is not None for mask in flatten(masks))
    tensors = [leaf for leaf in flatten(outputs) if isinstance(leaf, Tensor)]
    if all(tensor.mask is not None for tensor in tensors):
        return
    if layer.supports_masking:
        computed = list(flatten(layer.compute_mask(inputs, masks if found else None)))
        for tensor, mask in zip(tensors, computed, strict=False):
            tensor.mask = mask if tensor.mask is None else tensor.mask
    elif found:
        warnings.warn(
            f"thalweg: layer '{layer.name}' ({type(layer).__name__}) does not support masks: "
            "what comes after it counts every position",
            UserWarning,
            stacklevel=4,
        )
