"""Windows of a series as batches, in Keras 3's way of counting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import DataError, OptionError, user_site
from thalweg.core.options import COUNT, Interval, OrNone

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TimeseriesDataset", "timeseries_dataset_from_array"]

_INDEX = OrNone(Interval(0, integer=True))


class TimeseriesDataset:
    """What :func:`timeseries_dataset_from_array` returns: batches by index, or one after another.

    `fit` takes it as it is, and mixes the windows anew for every epoch if they are to be shuffled.
    """

    def __init__(
        self,
        data: NDArray[Any],
        targets: NDArray[Any] | None,
        positions: NDArray[np.int64],
        steps: NDArray[np.int64],
        batch_size: int | None,
        order: np.random.RandomState | None,
    ) -> None:
        self._data = data
        self._targets = targets
        self._positions = positions
        self._steps = steps
        self._batch_size = batch_size
        self._order = order
        if order is not None:
            order.shuffle(positions)

    def __len__(self) -> int:
        """How many batches; windows if there are no batches."""
        return -(-len(self._positions) // (self._batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        """A batch of windows `(batch, steps, ...)`, with its targets if there are some."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        index %= len(self)
        if self._batch_size is None:
            rows = self._positions[index]
        else:
            rows = self._positions[index * self._batch_size : (index + 1) * self._batch_size]
        windows = self._data[rows[..., None] + self._steps]
        return windows if self._targets is None else (windows, self._targets[rows])

    def __iter__(self) -> Iterator[Any]:
        """All batches once; then the windows are mixed anew, if they are."""
        for index in range(len(self)):
            yield self[index]
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Mixes the windows; `fit` calls it."""
        if self._order is not None:
            self._order.shuffle(self._positions)


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> TimeseriesDataset:
    """Batches of windows of a series, each with the target that stands where it begins.

    # differs from Keras 3: there is one kind of data set, so no argument `format`.

    Args:
        data: `(time, ...)`.
        targets: `targets[i]` belongs to the window that begins at step `i`; None for no targets.
        sequence_length: steps taken for a window.
        sequence_stride: steps from one window to the next.
        sampling_rate: steps from one taken to the next.
        batch_size: windows a batch, the last may have fewer; None for single windows.
        shuffle: whether to mix the windows, anew for every epoch.
        seed: of the order; None is different every time.
        start_index, end_index: the part of the series to use, the end excluded.

    Returns:
        A :class:`TimeseriesDataset`.

    Raises:
        OptionError: for an argument outside its values.
        DataError: no window fits into the series.

    >>> for x, y in timeseries_dataset_from_array([*range(7)], [*range(7)], 3, sequence_stride=2):
    ...     print(x.tolist(), y.tolist())
    [[0, 1, 2], [2, 3, 4], [4, 5, 6]] [0, 2, 4]
    """
    where = "timeseries_dataset_from_array"
    series = np.asarray(data)
    count = len(series)
    inside = Interval(1, count, open_high=True, integer=True)
    length = COUNT.check(where, "sequence_length", sequence_length)
    stride = inside.check(where, "sequence_stride", sequence_stride)
    rate = inside.check(where, "sampling_rate", sampling_rate)
    size = None if batch_size is None else COUNT.check(where, "batch_size", batch_size)
    first = _INDEX.check(where, "start_index", start_index) or 0
    end = _INDEX.check(where, "end_index", end_index) or count
    if not first < end <= count:
        raise OptionError(
            where,
            "no such part of the series",
            expected=f"0 <= start_index < end_index <= {count}",
            got=f"{start_index} and {end_index}",
            site=user_site(),
        )
    values = None if targets is None else np.asarray(targets)[first:end]
    windows = end - first - (length - 1) * rate
    if values is not None:
        windows = min(windows, len(values))
    if windows < 1:
        raise DataError(
            where,
            "no window fits",
            expected=f"a series longer than {(length - 1) * rate} steps, and its targets",
            got=f"{end - first} steps",
            site=user_site(),
        )
    return TimeseriesDataset(
        series[first:end],
        values,
        np.arange(0, windows, stride),
        np.arange(0, length * rate, rate),
        size,
        np.random.RandomState(seed) if shuffle else None,
    )
