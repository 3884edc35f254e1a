"""Sequences: padding, pairs of words that stand near each other, and windows of series."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import DataError, OptionError, user_site
from thalweg.core.options import COUNT, Interval, OneOf, OrNone

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]

_SIDE = OneOf("pre", "post")
_SIZE = OrNone(Interval(0, integer=True))
_RATIO = Interval(0)
_EULER = 0.577  # Keras's digits of the Euler-Mascheroni constant


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """Makes one array of sequences of different lengths.

    Args:
        sequences: lists or arrays; the elements may have axes of their own, all alike.
        maxlen: length of the result; None is that of the longest.
        dtype: of the result; floats that are stored in integers lose what lies behind the point.
            Texts of any length need `object`.
        padding: where the filling goes, `"pre"` or `"post"`.
        truncating: where what is too much is taken away, `"pre"` or `"post"`.
        value: the filling.

    Returns:
        `(sequences, maxlen, ...)`.

    Raises:
        OptionError: for an argument outside its values, or text as filling for numbers.
        DataError: an element is no sequence, or has other axes than the first.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    >>> pad_sequences([[1], [2, 3]], padding="post", value=-1).tolist()
    [[1, -1], [2, 3]]
    """
    length = _SIZE.check("pad_sequences", "maxlen", maxlen)
    is_before = _SIDE.check("pad_sequences", "padding", padding) == "pre"
    keeps_end = _SIDE.check("pad_sequences", "truncating", truncating) == "pre"
    wanted = np.dtype(dtype)
    if isinstance(value, str) and wanted.kind not in "OUS":
        raise OptionError(
            "pad_sequences",
            "text does not fill numbers",
            expected=f"a number for {wanted}",
            got=repr(value),
            site=user_site(),
            hint="dtype=object holds texts of any length",
        )
    lengths = [_length(sequence, place) for place, sequence in enumerate(sequences)]
    if length is None:
        length = max(lengths, default=0)
    first = next((s for s, n in zip(sequences, lengths, strict=True) if n), ())
    shape = np.asarray(first).shape[1:]
    result = np.full((len(lengths), length, *shape), value, wanted)
    for place, (sequence, size) in enumerate(zip(sequences, lengths, strict=True)):
        kept = min(size, length)
        if not kept:
            continue
        part = np.asarray(sequence[size - kept :] if keeps_end else sequence[:kept], wanted)
        if part.shape[1:] != shape:
            raise DataError(
                "pad_sequences",
                f"sequence {place} has other axes than the first",
                expected=f"(length, {', '.join(map(str, shape))})" if shape else "(length,)",
                got=str(part.shape),
                site=user_site(),
            )
        begin = length - kept if is_before else 0
        result[place, begin : begin + kept] = part
    return result


def _length(sequence: Any, place: int) -> int:
    try:
        return len(sequence)
    except TypeError:
        raise DataError(
            "pad_sequences",
            f"element {place} is no sequence",
            expected="a list or array in each place",
            got=repr(sequence),
            site=user_site(),
        ) from None


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> NDArray[np.float64]:
    """How likely a word of each rank is to be kept, for :func:`skipgrams`.

    Frequent words are kept less often: `min(1, sqrt(sampling_factor / frequency))` (Mikolov et
    al. 2013, section 2.3, as word2vec computes it), where Zipf's law gives the frequency of rank
    `r` as `1 / (r (log(r) + 0.577) + 1/2 - 1/(12 r))`.

    Args:
        size: how many ranks; rank 0 counts as rank 1.
        sampling_factor: the smaller, the fewer frequent words.

    Returns:
        float64 `(size,)`, 0..1.

    Raises:
        OptionError: for an argument outside its values.

    >>> make_sampling_table(3).round(6).tolist()
    [0.003152, 0.003152, 0.005476]
    """
    COUNT.check("make_sampling_table", "size", size)
    Interval(0, open_low=True).check("make_sampling_table", "sampling_factor", sampling_factor)
    rank = np.maximum(np.arange(size), 1).astype(np.float64)
    inverse_frequency = rank * (np.log(rank) + _EULER) + 0.5 - 1.0 / (12.0 * rank)
    table: NDArray[np.float64] = np.minimum(1.0, np.sqrt(sampling_factor * inverse_frequency))
    return table


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words that stand near each other, and as many that may not (Mikolov et al. 2013).

    Args:
        sequence: word numbers; 0 is no word and is passed over.
        vocabulary_size: the largest word number plus 1.
        window_size: how far apart two words of a pair may stand.
        negative_samples: random pairs for each real one.
        shuffle: whether to mix the pairs.
        categorical: whether labels are `[0, 1]` and `[1, 0]` instead of 1 and 0.
        sampling_table: how likely a word is to be kept, by its number: :func:`make_sampling_table`.
        seed: decides all that is random; None is different every time.

    Returns:
        `(couples, labels)`: lists of `[word, other word]`, and 1 for a pair that stands in the
        sequence or 0 for a random one.

    Raises:
        OptionError: for an argument outside its values.

    >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    Interval(2, integer=True).check("skipgrams", "vocabulary_size", vocabulary_size)
    ratio = _RATIO.check("skipgrams", "negative_samples", negative_samples)
    # differs from Keras: every draw comes from the seed, not only the order.
    source = random.Random(seed)
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples = []
    for place, word in enumerate(sequence):
        if not word:
            continue
        if sampling_table is not None and sampling_table[word] < source.random():
            continue
        for other in range(
            max(0, place - window_size), min(len(sequence), place + window_size + 1)
        ):
            if other != place and sequence[other]:
                couples.append([word, sequence[other]])
    count = len(couples)
    words = [couple[0] for couple in couples]
    source.shuffle(words)
    random_count = int(count * ratio)
    couples += [
        [words[i % count], source.randint(1, vocabulary_size - 1)] for i in range(random_count)
    ]
    labels: list[Any] = [yes] * count + [no] * random_count
    if shuffle:
        order_seed = source.randint(0, 10**7) if seed is None else seed
        for values in (couples, labels):
            random.Random(order_seed).shuffle(values)
    return couples, labels


class TimeseriesGenerator:
    """Batches of windows of a series, each with the target that follows it; for `fit`.

    Args:
        data: `(time, ...)`, any object with a length and slices.
        targets: as long as `data`; `targets[i]` belongs to the window that ends before step `i`.
        length: steps of a window, before every `sampling_rate`-th of them is taken.
        sampling_rate: steps from one taken to the next.
        stride: steps from one window to the next.
        start_index, end_index: the part of the series to use; None is its end.
        shuffle: draw windows at random (with repetitions, as in Keras) instead of in order.
        reverse: whether time runs backwards in a window.
        batch_size: windows a batch; the last one may have fewer.
        seed: of the drawn windows; None is different every time.

    Raises:
        OptionError: for an argument outside its values, or if no window is left.
        DataError: `data` and `targets` differ in length.

    >>> generator = TimeseriesGenerator([*range(6)], [*range(6)], length=2, batch_size=3)
    >>> samples, targets = generator[0]
    >>> samples.tolist(), targets.tolist(), len(generator)
    ([[0, 1], [1, 2], [2, 3]], [2, 3, 4], 2)
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        if len(data) != len(targets):
            raise DataError(
                "TimeseriesGenerator",
                "data and targets differ in length",
                expected=f"{len(data)} targets",
                got=str(len(targets)),
                site=user_site(),
            )
        self.data = data
        self.targets = targets
        self.length: int = COUNT.check(self, "length", length)
        self.sampling_rate: int = COUNT.check(self, "sampling_rate", sampling_rate)
        self.stride: int = COUNT.check(self, "stride", stride)
        self.start_index = start_index + self.length
        self.end_index: int = len(data) - 1 if end_index is None else end_index
        self.shuffle = bool(shuffle)
        self.reverse = bool(reverse)
        self.batch_size: int = COUNT.check(self, "batch_size", batch_size)
        if self.start_index > self.end_index:
            raise OptionError(
                "TimeseriesGenerator",
                "no window is left",
                expected="start_index + length <= end_index",
                got=f"{start_index} + {self.length} > {self.end_index}",
                site=user_site(),
            )
        self._seed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        self._epoch = 0

    def __len__(self) -> int:
        """Batches an epoch."""
        steps: int = self.end_index - self.start_index + 1
        return math.ceil(steps / (self.batch_size * self.stride))

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """A batch: windows `(batch, steps, ...)` and targets `(batch, ...)`."""
        if not -len(self) <= index < len(self):  # what makes it iterable
            raise IndexError(f"batch {index} of {len(self)}")
        index %= len(self)
        if self.shuffle:
            # A stream for every batch, so that the order of reading does not matter.
            key = [self._seed, self._epoch, index]
            draws = np.random.default_rng(key)
            rows = draws.integers(self.start_index, self.end_index + 1, self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            end = min(first + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(first, end, self.stride)
        samples = np.array(
            [self.data[row - self.length : row : self.sampling_rate] for row in rows.tolist()]
        )
        targets = np.array([self.targets[row] for row in rows.tolist()])
        return (samples[:, ::-1] if self.reverse else samples), targets

    def on_epoch_end(self) -> None:
        """Other windows from now on, if they are drawn; `fit` calls it."""
        self._epoch += 1

    def get_config(self) -> dict[str, Any]:
        """The arguments; data and targets are JSON text, as in Keras.

        Raises:
            DataError: data or targets are neither arrays nor made of lists and numbers.
        """
        return {
            "data": _json("data", self.data),
            "targets": _json("targets", self.targets),
            "length": self.length,
            "sampling_rate": self.sampling_rate,
            "stride": self.stride,
            "start_index": self.start_index,
            "end_index": self.end_index,
            "shuffle": self.shuffle,
            "reverse": self.reverse,
            "batch_size": self.batch_size,
        }

    def to_json(self, **kwargs: Any) -> str:
        """`get_config` and the class's name as JSON text.

        Args:
            kwargs: for `json.dumps`.
        """
        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )


def _json(name: str, values: Any) -> str:
    try:
        return json.dumps(values.tolist() if isinstance(values, np.ndarray) else values)
    except TypeError:
        raise DataError(
            "TimeseriesGenerator",
            f"{name} cannot be written as JSON",
            expected="an array, or lists of numbers",
            got=type(values).__name__,
            site=user_site(),
        ) from None
