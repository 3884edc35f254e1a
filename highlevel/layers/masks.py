"""Masks: which positions of a sequence count, from the layer that finds out to those that need it.

A mask is a boolean tensor of the first axes of the tensor that it belongs to, `tensor.mask`.
`Masking` and `Embedding` make masks; a layer with `supports_masking` hands its inputs' on, by its
`compute_mask`; a layer whose `call` takes `mask` is given it; a loss leaves out what is masked.
Masks belong to tensors: a layer called on arrays gives arrays, which have none.
"""

from __future__ import annotations

import warnings
from typing import Any

from thalweg.core import Tensor, flatten, rebuild

__all__ = ["hand_on", "masks_of"]


def masks_of(tensors: Any) -> Any:
    """The masks of tensors, in their structure; None where there is none."""
    return rebuild(tensors, iter([getattr(leaf, "mask", None) for leaf in flatten(tensors)]))


def hand_on(layer: Any, inputs: Any, outputs: Any) -> None:
    """Gives a layer's outputs their masks."""
    masks = masks_of(inputs)
    found = any(mask is not None for mask in flatten(masks))
    tensors = [leaf for leaf in flatten(outputs) if isinstance(leaf, Tensor)]
    if all(tensor.mask is not None for tensor in tensors):
        return
    if layer.supports_masking:
        computed = list(flatten(layer.compute_mask(inputs, masks if found else None)))
        for tensor, mask in zip(tensors, computed, strict=False):
            tensor.mask = mask
    elif found:
        warnings.warn(
            f"thalweg: layer '{layer.name}' ({type(layer).__name__}) does not support masks: "
            "what comes after it counts every position",
            UserWarning,
            stacklevel=4,
        )
