"""Where the channels are: images of either format for ops that know one.

Every op takes channels last, `(batch, height, width, channels)`. Public functions take a
`data_format` too, and put transposes around the op; two that meet cancel when the graph is
compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import OptionError, nearest, user_site
from ..graph import Tensor
from .gather import gather
from .shape import transpose
from .source import convert
from .windows import axis_names

__all__: list[str] = []  # all of it is for the other ops

Function = Callable[[Tensor, str | None], Tensor]


def is_channels_first(where: str, data_format: str | None, rank: int) -> bool:
    """True for "NCHW" and its like, False for "NHWC", its like, and None.

    Args:
        where: named in the message.
        data_format: "N", "C" and the first letter of each axis between batch and channels.
        rank: how many of these axes there are.

    Raises:
        OptionError: for anything else.
    """
    axes = "".join(name[0] for name in axis_names(rank)).upper()
    known = f"N{axes}C", f"NC{axes}"
    if data_format is None or data_format == known[0]:
        return False
    if data_format == known[1]:
        return True
    raise OptionError(
        where,
        "unknown data_format",
        expected=" or ".join(map(repr, known)),
        got=repr(data_format),
        hint=nearest(data_format, known),
        site=user_site(),
    )


def in_layout(
    function: Function,
    where: str,
    images: Any,
    data_format: str | None,
    rank: int,
    name: str | None,
) -> Tensor:
    """A function of channels-last images, applied to images of either format.

    Args:
        function: (images, name) -> images.
        where: named in the message.
        images: (batch, ..., channels) or (batch, channels, ...).
        data_format: which of the two.
        rank: number of axes between batch and channels.
        name: of the last node.
    """
    x = convert(images)
    if not is_channels_first(where, data_format, rank):
        return function(x, name)
    return channels_first(function(channels_last(x, rank), None), rank, name)


def channels_last(x: Tensor, rank: int) -> Tensor:
    """(batch, channels, ...) -> (batch, ..., channels)."""
    return transpose(x, (0, *range(2, rank + 2), 1))


def channels_first(x: Tensor, rank: int, name: str | None = None) -> Tensor:
    """(batch, ..., channels) -> (batch, channels, ...)."""
    return transpose(x, (0, rank + 1, *range(1, rank + 1)), name=name)


def sizes_last(sizes: Tensor, rank: int) -> Tensor:
    """The sizes of channels-last images, from those of channels-first ones."""
    return gather(sizes, [0, *range(2, rank + 2), 1])
