"""IMDB: 50,000 reviews of films, each as word numbers, and whether it is a good one.

Source: A. L. Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import FileFormatError

from .download import RemoteFile, resolve
from .files import ArraySpec, read_npz
from .word_lists import Texts, read_word_index, require_texts, texts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["get_word_index", "load_data"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_FILE = RemoteFile(
    name="imdb.npz",
    url=f"{_ORIGIN}imdb.npz",
    checksum="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    maximum_bytes=2**26,  # it has 17 million
)
_INDEX = RemoteFile(
    name="imdb_word_index.json",
    url=f"{_ORIGIN}imdb_word_index.json",
    checksum="bfafd718b763782e994055a2d397834f",
    maximum_bytes=2**23,  # it has 1.6 million
)
_ARRAYS = {
    "x_train": ArraySpec("object", ("train",)),
    "y_train": ArraySpec("integer", ("train",)),
    "x_test": ArraySpec("object", ("test",)),
    "y_test": ArraySpec("integer", ("test",)),
}
_MAXIMUM_BYTES = 2**27
_MAXIMUM_ITEMS = 2**24  # of a part; it has 6 million words


def load_data(
    path: str | os.PathLike[str] | None = None,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Loads the reviews, from the first place of a fixed order that has them.

    The places are: `path`; the folder in the environment variable `THALWEG_DATA`; the cache
    (`$THALWEG_HOME/datasets` or `~/.thalweg/datasets`, then Keras's); the download, unless
    `THALWEG_OFFLINE=1`.

    Args:
        path: a file `imdb.npz`, or a folder that holds it. A bare file name that is not in the
            current folder is the name in the cache, as in Keras.
        num_words: word numbers from here on are replaced by `oov_char`; None is the largest.
        skip_top: and so are those below this number.
        maxlen: reviews of this many words or more are left out.
        seed: of the order of the reviews in each part, which equals Keras's.
        start_char: put before every review; None for nothing.
        oov_char: stands for words left out; None drops them.
        index_from: what is added to a word's rank.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: object arrays `(count,)` of lists of integers, and
        integers `(count,)`, 1 for a good review. The full set has 25,000 and 25,000.

    Raises:
        OptionError: `maxlen` leaves no review; `path` does not exist, is empty, or is no path.
        DataError: the file is nowhere and could not be downloaded.
        FileFormatError: the file is damaged or of another form. No pickle in it is executed.
    """
    file = resolve(_FILE, path)
    try:
        arrays = read_npz(file, _ARRAYS, maximum_bytes=_MAXIMUM_BYTES, maximum_items=_MAXIMUM_ITEMS)
        texts, labels = [], []
        stream = np.random.RandomState(seed)  # one for both parts
        for part in ("train", "test"):
            order = np.arange(len(arrays[f"x_{part}"]))
            stream.shuffle(order)
            texts.append(texts_of(f"{file}, x_{part}", arrays[f"x_{part}"][order]))
            labels.append(arrays[f"y_{part}"][order])
    except FileFormatError as error:
        raise error.at(hint=f"a good copy is at {_FILE.url}") from error.__cause__
    for i, text in enumerate(texts):
        texts[i] = text.marked(start_char, index_from)
        if maxlen:
            is_kept = texts[i].lengths < maxlen
            texts[i], labels[i] = texts[i].kept(is_kept), labels[i][is_kept]
            require_texts("imdb", texts[i], maxlen)
    count = len(texts[0].lengths)
    together = Texts(*(np.concatenate(parts) for parts in zip(*texts, strict=True)))
    xs = together.limited(num_words, skip_top, oov_char).lists()
    return (xs[:count], labels[0]), (xs[count:], labels[1])


def get_word_index(path: str | os.PathLike[str] | None = None) -> dict[str, int]:
    """The words and their ranks by frequency, 88,584 of them, from 1 on.

    A word's number in `load_data` is its rank plus `index_from`.

    Args:
        path: a file `imdb_word_index.json`, or a folder that holds it.

    Raises:
        OptionError, DataError, FileFormatError: as :func:`load_data`.
    """
    return read_word_index(resolve(_INDEX, path))
