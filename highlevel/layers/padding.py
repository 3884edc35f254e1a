"""Zeros around sequences, images and volumes, and cells cut off their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import core
from thalweg.core import Tensor, shape_text
from thalweg.core.errors import OptionError, ShapeError

from ..options import Sizes, option_error
from .grids import GridLayer

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

_EXPECTED = {
    1: "an integer >= 0, or (before, after)",
    2: "an integer >= 0, (rows, columns), or ((above, below), (left, right))",
    3: "an integer >= 0, three of them, or a pair of them for each of three sizes",
}
Pairs = tuple[tuple[int, ...], ...]


class _Ends(GridLayer):
    """A layer with two numbers of cells, before and after, for each size."""

    def _checked_ends(self, name: str, value: Any) -> Pairs:
        """A pair for each size."""
        is_one = not isinstance(value, Sequence)
        ends = (value,) * self.rank if is_one else (value,) if self.rank == 1 else tuple(value)
        try:
            if len(ends) != self.rank:
                raise option_error(self, name, value, "")
            return tuple(Sizes(2, low=0).check(self, name, end) for end in ends)
        except OptionError:
            raise option_error(self, name, value, _EXPECTED[self.rank]) from None

    def _as_kept(self, ends: Pairs) -> Any:
        """As Keras keeps them: of a sequence, the pair alone."""
        return ends[0] if self.rank == 1 else ends


class _ZeroPadding(_Ends):
    """What they share, for any number of sizes."""

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._ends = self._checked_ends("padding", padding)
        self.padding = self._as_kept(self._ends)

    def call(self, inputs: Tensor) -> Tensor:
        """The input with its borders."""
        around = [(0, 0)] * (self.rank + 2)
        for axis, end in zip(self.size_axes, self._ends, strict=True):
            around[axis] = (end[0], end[1])
        return core.pad(core.cast(inputs, self.dtype), around)


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after sequences.

    Args:
        padding: steps before and after, >= 0: one integer for both, or (before, after).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, before + time + after, channels).

    >>> import numpy as np
    >>> ZeroPadding1D((0, 2))(np.ones((1, 1, 1))).ravel().tolist()
    [1.0, 0.0, 0.0]
    """

    rank = 1


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images.

    Args:
        padding: rows above and below and columns left and right, >= 0: an integer for all four,
            (rows, columns) for both sides, or ((above, below), (left, right)).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, above + height + below, left + width + right, channels).

    >>> import numpy as np
    >>> ZeroPadding2D(((0, 1), (2, 0)))(np.ones((1, 1, 1, 1))).reshape(2, 3).tolist()
    [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes.

    Args:
        padding: cells at both ends of each size, >= 0: an integer for all, one for each size, or
            a pair (before, after) for each size.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        the same with larger sizes.

    >>> import numpy as np
    >>> ZeroPadding3D((0, 1, 2))(np.ones((1, 1, 1, 1, 1))).shape
    (1, 1, 3, 5, 1)
    """

    rank = 3


class _Cropping(_Ends):
    """What they share, for any number of sizes."""

    def __init__(self, cropping: Any = 0, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._ends = self._checked_ends("cropping", cropping)
        self.cropping = self._as_kept(self._ends)

    def call(self, inputs: Tensor) -> Tensor:
        """What is left.

        Raises:
            ShapeError: if nothing is.
        """
        kept: list[slice] = [slice(None)] * (self.rank + 2)
        for axis, (before, after) in zip(self.size_axes, self._ends, strict=True):
            size = None if inputs.shape is None else inputs.shape[axis]
            if size is not None and size <= before + after:
                raise ShapeError(
                    self.name,
                    "nothing is left of an axis",
                    expected=f"more than {before + after} cells on axis {axis}",
                    got=shape_text(inputs.shape),
                )
            kept[axis] = slice(before, -after or None)
        return core.cast(inputs, self.dtype)[tuple(kept)]


class Cropping1D(_Cropping):
    """Sequences without some steps at their ends.

    Args:
        cropping: steps to cut off, >= 0: one integer for both ends, or (before, after).
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, time - before - after, channels).

    >>> import numpy as np
    >>> Cropping1D((0, 2))(np.float32([[[1], [2], [3]]])).tolist()
    [[[1.0]]]
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, **kwargs)


class Cropping2D(_Cropping):
    """Images without some rows and columns at their edges.

    Args:
        cropping: rows above and below and columns left and right, >= 0: an integer for all four,
            (rows, columns) for both sides, or ((above, below), (left, right)).
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height - above - below, width - left - right, channels).

    >>> import numpy as np
    >>> Cropping2D((1, 0))(np.float32([[[[1]], [[2]], [[3]]]])).tolist()
    [[[[2.0]]]]
    """


class Cropping3D(_Cropping):
    """Volumes without some cells at their faces.

    Args:
        cropping: cells to cut off, >= 0: an integer for both ends of all sizes, one for each size,
            or a pair (before, after) for each size.
        data_format: `"channels_last"` (the default) or `"channels_first"`.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, depth, height, width, channels).

    Output shape:
        the same with smaller sizes.

    >>> import numpy as np
    >>> Cropping3D((0, 1, (2, 1)))(np.ones((1, 1, 3, 4, 1))).shape
    (1, 1, 1, 1, 1)
    """

    rank = 3

    def __init__(
        self, cropping: Any = (1, 1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
