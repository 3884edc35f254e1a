"""How windows slide over images: the shape rule that convolution and pooling share.

On one axis, a window of `kernel` cells that lie `dilation` apart reaches over
`reach = (kernel - 1) * dilation + 1` cells. It starts at the first cell, padding included, and
moves by `stride` for as long as it fits, so it has

    positions = (before + size + after - reach) // stride + 1

Every axis follows this rule by itself. "Images" have one axis or several between batch and
channels: signals have a width, pictures a height and a width, volumes a depth too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import OptionError, ShapeError, user_site
from ..opdef import OpDef

__all__ = ["Padding", "Windows", "as_padding", "as_sizes", "output_size", "padding_sizes"]

# "SAME", "VALID", "CAUSAL", or (before, after) for each axis
Padding = str | tuple[tuple[int, int], ...]


def padding_sizes(
    size: int, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int]
) -> tuple[int, int]:
    """Cells added before and after one axis.

    "VALID" adds none. "SAME" adds as few as give `ceil(size / stride)` positions, an odd one
    after. "CAUSAL" adds all of the window but its last cell before, so that no position sees
    what comes later. A pair is itself.

    >>> padding_sizes(28, 5, 1, 1, "SAME"), padding_sizes(28, 5, 2, 1, "SAME")
    ((2, 2), (1, 2))
    """
    if not isinstance(padding, str):
        return padding
    if padding == "VALID":
        return 0, 0
    reach = (kernel - 1) * dilation + 1
    if padding == "CAUSAL":
        return reach - 1, 0
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def output_size(
    size: int, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int]
) -> int:
    """Positions of a window on one axis; less than 1 if it does not fit.

    >>> output_size(28, 5, 1, 1, "VALID"), output_size(28, 5, 2, 1, "SAME")
    (24, 14)
    """
    before, after = padding_sizes(size, kernel, stride, dilation, padding)
    return (before + size + after - (kernel - 1) * dilation - 1) // stride + 1


def is_any_idle(
    size: int, kernel: int, stride: int, dilation: int, padding: str | tuple[int, int]
) -> bool:
    """True if all taps of some window lie in the padding.

    >>> is_any_idle(2, 2, 1, 3, "SAME"), is_any_idle(3, 2, 1, 3, "SAME")
    (True, False)
    """
    before, _ = padding_sizes(size, kernel, stride, dilation, padding)
    count = output_size(size, kernel, stride, dilation, padding)
    starts = range(-before, count * stride - before, stride)
    if dilation == 1 and size:  # the first window ends, or the last one starts, outside
        return bool(starts) and (starts[0] + kernel <= 0 or starts[-1] >= size)
    taps = range(0, kernel * dilation, dilation)
    return any(all(not 0 <= start + tap < size for tap in taps) for start in starts)


@dataclass(frozen=True)
class Windows:
    """Windows over the axes between batch and channels of an array.

    Args:
        sizes: of these axes, without padding.
        kernel: sizes of the window.
        strides, dilations: one an axis.
        padding: for all axes.
    """

    sizes: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: Padding

    @property
    def reaches(self) -> tuple[int, ...]:
        """Cells from the first tap to the last on each axis, both included."""
        axes = zip(self.kernel, self.dilations, strict=True)
        return tuple((kernel - 1) * dilation + 1 for kernel, dilation in axes)

    @property
    def pads(self) -> tuple[tuple[int, int], ...]:
        """Cells added before and after each axis."""
        return tuple(itertools.starmap(padding_sizes, self._axes()))

    @property
    def positions(self) -> tuple[int, ...]:
        """How many there are along each axis."""
        return tuple(itertools.starmap(output_size, self._axes()))

    def _axes(self) -> Iterator[tuple[int, int, int, int, str | tuple[int, int]]]:
        paddings = by_axis(self.padding, len(self.sizes))
        return zip(self.sizes, self.kernel, self.strides, self.dilations, paddings, strict=True)

    def taps(self) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
        """For each cell of the window in row-major order: its place, and all cells it meets.

        The latter is an index of the padded array, (batch, *padded sizes, channels) ->
        (batch, *positions, channels).
        """
        axes = [
            [slice(tap, tap + (count - 1) * stride + 1, stride) for tap in range(0, end, dilation)]
            for end, stride, dilation, count in zip(
                self.reaches, self.strides, self.dilations, self.positions, strict=True
            )
        ]
        places = itertools.product(*map(range, self.kernel))
        for place, cells in zip(places, itertools.product(*axes), strict=True):
            yield place, (slice(None), *cells)

    def pad(self, xp: Any, x: Any, value: float = 0) -> Any:
        """The padded array; x itself where nothing is added."""
        if not any(map(sum, self.pads)):
            return x
        return xp.pad(x, ((0, 0), *self.pads, (0, 0)), constant_values=value)

    def padded_zeros(self, xp: Any, batch: int, channels: int, dtype: Any) -> Any:
        """Zeros in the shape of the padded array."""
        sizes = [size + sum(pad) for size, pad in zip(self.sizes, self.pads, strict=True)]
        return xp.zeros((batch, *sizes, channels), dtype)

    def crop(self, padded: Any) -> Any:
        """The array without its padding."""
        axes = zip(self.pads, self.sizes, strict=True)
        inside = (slice(None), *(slice(before, before + size) for (before, _), size in axes))
        return padded[inside]


def axis_names(rank: int) -> tuple[str, ...]:
    """What the axes between batch and channels are called.

    >>> axis_names(1), axis_names(3)
    (('width',), ('depth', 'height', 'width'))
    """
    return ("depth", "height", "width")[-rank:]


def by_axis(padding: Padding, rank: int) -> tuple[str | tuple[int, int], ...]:
    """One axis's padding for each axis."""
    return (padding,) * rank if isinstance(padding, str) else padding


def infer_positions(
    op: OpDef,
    sizes: tuple[int | None, ...],
    kernel: tuple[int | None, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    padding: Padding,
    got: str,
) -> tuple[int | None, ...]:
    """`Windows.positions`, None where sizes are unknown.

    Raises:
        ShapeError: if no window fits.
    """
    result: list[int | None] = []
    rank = len(strides)
    for axis, size, cells, stride, dilation, pad in zip(
        axis_names(rank), sizes, kernel, strides, dilations, by_axis(padding, rank), strict=True
    ):
        if cells == 0:
            raise ShapeError(op.label, "the kernel is empty", expected=f"{axis} >= 1", got=got)
        if size is None or cells is None:
            result.append(None)
            continue
        count = output_size(size, cells, stride, dilation, pad)
        if count < 1:
            least = next(
                n for n in itertools.count(1) if output_size(n, cells, stride, dilation, pad) > 0
            )
            raise ShapeError(
                op.label,
                f"the window does not fit into the {axis}",
                expected=f"{axis} >= {least}",
                got=got,
                hint='padding="SAME" fits windows to any size' if size and pad != "SAME" else None,
            )
        result.append(count)
    return tuple(result)


def as_sizes(where: str, name: str, value: Any, rank: int = 2) -> tuple[int, ...]:
    """One size an axis, from that or from one integer for all axes.

    Raises:
        OptionError: for anything but integers >= 1.
    """
    sizes = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if len(sizes) != rank or not all(isinstance(n, int | np.integer) and n >= 1 for n in sizes):
        names = axis_names(rank)
        raise OptionError(
            where,
            f"{name} must be one size, or one for each axis",
            expected=f"an integer >= 1, or ({', '.join(names)}{',' * (rank == 1)})",
            got=repr(value),
            site=user_site(),
        )
    return tuple(map(int, sizes))


def as_padding(
    where: str, value: Any, rank: int = 2, names: Sequence[str] = ("SAME", "VALID")
) -> Padding:
    """A padding as ops take it.

    Args:
        where: named in the message.
        value: one of `names` in any case, or one pair (before, after) for each axis.
        rank: the number of axes.
        names: the paddings with a name.

    Raises:
        OptionError: for anything else.
    """
    if isinstance(value, str):
        if value.upper() in names:
            return value.upper()
    elif isinstance(value, list | tuple) and len(value) == rank and all(map(_is_pair, value)):
        if all(isinstance(n, int | np.integer) and n >= 0 for pair in value for n in pair):
            return tuple((int(before), int(after)) for before, after in value)
    pairs = ", ".join(["(front, back)", "(top, bottom)", "(left, right)"][-rank:])
    raise OptionError(
        where,
        "unknown padding",
        expected=", ".join(f'"{name}"' for name in names)
        + f", or ({pairs}{',' * (rank == 1)}) of integers >= 0",
        got=repr(value),
        site=user_site(),
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2
