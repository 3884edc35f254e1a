"""Images picked at other positions: `kernels/warp.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....ops.image.taps import FILL_MODES
from ..lowering import Builder, rule
from .elementwise import TYPE_CODES, cast_to

__all__: list[str] = []

_LARGEST = 2**31 - 1  # elements of an image: places in it are numbers of 32 bits
_TYPES = ("uint8", "float32", "float64")


def _geometry(
    b: Builder, op: Any, images: int, result: int, transforms: int, displacement: Sequence[int]
) -> list[int] | None:
    """What both kernels are told; None if they cannot: halves, or more than an image can have."""
    batch, height, width, channels = b.shape(images)
    fields = [b.type(n).dtype.name for n in displacement]
    is_known = b.type(images).dtype.name in _TYPES and not {*fields} - {"float32", "float64"}
    if not is_known or height * width * channels > _LARGEST:
        return None
    entries = [b.shape(transforms)[0], b.shape(displacement[0])[0] if displacement else 0]
    mode = FILL_MODES.index(op.fill_mode)  # their order is the kernel's too
    sizes = [batch, height, width, channels, *b.shape(result)[1:3]]
    return [mode, op.interpolation == "nearest", *sizes, *entries]


def _number_bytes(b: Builder, displacement: Sequence[int]) -> int:
    return b.type(displacement[0]).dtype.size_bytes if displacement else 0


@rule("Warp")
def warp(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """From the images, positions in double."""
    images, transforms, fill, _, *displacement = inputs
    ints = _geometry(b, op, images, outputs[0], transforms, displacement)
    if ints is None:
        return False
    if b.type(outputs[0]).size:
        ints += [b.shape(fill)[0], _number_bytes(b, displacement)]
        ints += [TYPE_CODES[b.type(n).dtype.name] for n in (images, outputs[0])]
        precise = cast_to(b, transforms, "float64")
        b.call("warp", [images, precise, fill, *displacement], outputs, ints)
    return True


@rule("WarpGrad")
def warp_gradient(b: Builder, op: Any, inputs: Sequence[int], outputs: Sequence[int]) -> bool:
    """Back to the images."""
    g, transforms, _, *displacement = inputs
    ints = _geometry(b, op, outputs[0], g, transforms, displacement)
    if ints is None:
        return False
    if b.type(outputs[0]).size:
        ints += [1, _number_bytes(b, displacement), TYPE_CODES[b.type(g).dtype.name]]
        precise = cast_to(b, transforms, "float64")
        b.call("warp_gradient", [g, precise, *displacement], outputs, ints)
    return True
