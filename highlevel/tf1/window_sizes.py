"""The sizes of windows as TF1 spells them: one number, one an axis, or also 1 for batch, channels.

The core takes spatial numbers alone; where they stand among all of them, the format tells.
"""

from __future__ import annotations

from typing import Any

from thalweg.core import OptionError, nearest

__all__ = ["given", "known_format", "spatial", "spatial_padding", "windows_of"]

_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def known_format(where: str, data_format: Any, rank: int) -> str:
    """The format, the one with channels last if None.

    Raises:
        OptionError: for a format of another number of axes, or none.

    >>> known_format("conv1d", None, 1)
    'NWC'
    """
    formats = _FORMATS[rank]
    data_format = data_format or formats[0]
    if data_format not in formats:
        raise OptionError(
            where,
            "unknown data_format",
            expected=" or ".join(map(repr, formats)),
            got=repr(data_format),
            hint=nearest(str(data_format), formats),
        )
    return str(data_format)


def given(where: str, **arguments: Any) -> None:
    """Checks arguments that TF1 made optional only to rename them.

    Raises:
        OptionError: if one is None.
    """
    for name, value in arguments.items():
        if value is None:
            raise OptionError(where, f"{name} is missing", expected=f"{name}=…")


def spatial(where: str, argument: str, value: Any, data_format: str) -> list[Any]:
    """The spatial numbers of one, of one an axis, or of all axes; 1 if None.

    Raises:
        OptionError: for another number of them, or other than 1 for batch and channels.

    >>> spatial("conv2d", "strides", [1, 2, 3, 1], "NHWC")
    [2, 3]
    """
    rank = len(data_format) - 2
    numbers = list(value) if isinstance(value, list | tuple) else [1 if value is None else value]
    if len(numbers) == 1:
        numbers *= rank
    if len(numbers) == rank + 2:
        pairs = list(zip(data_format, numbers, strict=True))
        others = [number for axis, number in pairs if axis in "NC"]
        numbers = [number for axis, number in pairs if axis not in "NC"]
        numbers = numbers if others == [1, 1] else []
    if len(numbers) != rank:
        raise OptionError(
            where,
            f"{argument} do not fit the axes",
            expected=f"one number, {rank} spatial ones, or {rank + 2} with 1 for batch and "
            "channels",
            got=repr(value),
        )
    return numbers


def spatial_padding(where: str, padding: Any, data_format: str) -> Any:
    """A padding's name, or the spatial pairs of one for each axis.

    Raises:
        OptionError: if batch or channels are to be padded.
    """
    if not isinstance(padding, list | tuple) or len(padding) != len(data_format):
        return padding
    pairs = list(zip(data_format, map(list, padding), strict=True))
    if any(pair != [0, 0] for axis, pair in pairs if axis in "NC"):
        raise OptionError(
            where,
            "padding does not fit the axes",
            expected="'SAME', 'VALID', or a pair for each axis, (0, 0) for batch and channels",
            got=repr(padding),
        )
    return [pair for axis, pair in pairs if axis not in "NC"]


def windows_of(
    where: str, strides: Any, padding: Any, dilations: Any, data_format: str
) -> dict[str, Any]:
    """The core's arguments for positions of a kernel."""
    return {
        "strides": spatial(where, "strides", strides, data_format),
        "padding": spatial_padding(where, padding, data_format),
        "dilations": spatial(where, "dilations", dilations, data_format),
        "data_format": data_format,
    }
