"""Reuters: 11,228 newswires of 1987, each as word numbers, and which of 46 topics it has.

Source: the Reuters-21578 collection of D. D. Lewis. Keras made the numbers; its selection of
newswires and topics is its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import FileFormatError

from ..options import Interval
from .download import RemoteFile, resolve
from .files import ArraySpec, read_npz
from .word_lists import read_word_index, require_texts, texts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["get_label_names", "get_word_index", "load_data"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_FILE = RemoteFile(
    name="reuters.npz",
    url=f"{_ORIGIN}reuters.npz",
    checksum="d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    maximum_bytes=2**24,  # it has 2.1 million
)
_INDEX = RemoteFile(
    name="reuters_word_index.json",
    url=f"{_ORIGIN}reuters_word_index.json",
    checksum="4d44cc38712099c9e383dc6e5f11a921",
    maximum_bytes=2**22,  # it has 550 thousand
)
_ARRAYS = {"x": ArraySpec("object", ("count",)), "y": ArraySpec("integer", ("count",))}
_MAXIMUM_BYTES = 2**26
_MAXIMUM_ITEMS = 2**23  # it has 1.6 million words
_SPLIT = Interval(0, 1)
_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves "
    "ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin "
    "strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange "
    "pet-chem dlr gas silver wpi hog lead"
)


def load_data(
    path: str | os.PathLike[str] | None = None,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Loads the newswires, from the first place of a fixed order that has them.

    The places are those of :func:`thalweg.datasets.imdb.load_data`.

    Args:
        path: a file `reuters.npz`, or a folder that holds it. A bare file name that is not in the
            current folder is the name in the cache, as in Keras.
        num_words: word numbers from here on are replaced by `oov_char`; None is the largest.
        skip_top: and so are those below this number.
        maxlen: newswires of this many words or more are left out.
        test_split: the part, 0 to 1, that is for tests.
        seed: of the order of the newswires, which equals Keras's.
        start_char: put before every newswire; None for nothing.
        oov_char: stands for words left out; None drops them.
        index_from: what is added to a word's rank.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: object arrays `(count,)` of lists of integers, and
        integers `(count,)`, 0..45. The full set has 8,982 and 2,246.

    Raises:
        OptionError: for another `test_split`; `maxlen` leaves no newswire; `path` does not exist,
            is empty, or is no path.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form. No pickle in it is executed.
    """
    test_split = _SPLIT.check("reuters", "test_split", test_split)
    file = resolve(_FILE, path)
    try:
        arrays = read_npz(file, _ARRAYS, maximum_bytes=_MAXIMUM_BYTES, maximum_items=_MAXIMUM_ITEMS)
        order = np.arange(len(arrays["x"]))
        np.random.RandomState(seed).shuffle(order)
        texts, labels = texts_of(f"{file}, x", arrays["x"][order]), arrays["y"][order]
    except FileFormatError as error:
        raise error.at(hint=f"a good copy is at {_FILE.url}") from error.__cause__
    texts = texts.marked(start_char, index_from)
    if maxlen:
        is_kept = texts.lengths < maxlen
        texts, labels = texts.kept(is_kept), labels[is_kept]
        require_texts("reuters", texts, maxlen)
    xs = texts.limited(num_words, skip_top, oov_char).lists()
    count = int(len(xs) * (1 - test_split))
    return (xs[:count], labels[:count]), (xs[count:], labels[count:])


def get_word_index(path: str | os.PathLike[str] | None = None) -> dict[str, int]:
    """The words and their ranks by frequency, 30,979 of them, from 1 on.

    A word's number in `load_data` is its rank plus `index_from`.

    Args:
        path: a file `reuters_word_index.json`, or a folder that holds it.

    Raises:
        OptionError, DataError, FileFormatError: as :func:`load_data`.
    """
    return read_word_index(resolve(_INDEX, path))


def get_label_names() -> tuple[str, ...]:
    """The topics' names in the order of their labels.

    >>> get_label_names()[3:5], len(get_label_names())
    (('earn', 'acq'), 46)
    """
    return tuple(_TOPICS.split())
