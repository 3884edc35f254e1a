"""Texts as lists of word numbers, the form in which IMDB and Reuters come.

A word's number is its rank by frequency, from 1 on. Readers of such data set apart the first few
numbers for padding, the start of a text and unknown words, so they shift the ranks by 3.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from thalweg.core.errors import FileFormatError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Texts", "read_word_index", "require_texts", "texts_of"]

_MAXIMUM_WORDS = 2**26  # of all texts of a file together
_MAXIMUM_NUMBER = 2**31  # a word's number lies below
_MAXIMUM_INDEX_BYTES = 2**23  # IMDB's index has 1.6 million


class Texts(NamedTuple):
    """Texts one after another, so that whole arrays are worked on, not lists of lists.

    Attributes:
        words: int64 (words of all texts,).
        lengths: int64 (texts,), how many words each has.
    """

    words: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def marked(self, start_char: int | None, index_from: int | None) -> Texts:
        """Shifts the words by `index_from` and puts `start_char` before every text."""
        words = self.words + (index_from or 0)
        if start_char is None:
            return Texts(words, self.lengths)
        starts = np.cumsum(self.lengths) - self.lengths
        return Texts(np.insert(words, starts, start_char), self.lengths + 1)

    def kept(self, is_kept: NDArray[np.bool_]) -> Texts:
        """Only the texts for which `is_kept` says so."""
        return Texts(self.words[np.repeat(is_kept, self.lengths)], self.lengths[is_kept])

    def limited(self, num_words: int | None, skip_top: int, oov_char: int | None) -> Texts:
        """Replaces words outside `skip_top <= word < num_words` by `oov_char`, or drops them.

        Without `num_words` the limit is the largest number there is, which itself is outside:
        so Keras has it.
        """
        limit = num_words or int(self.words.max(initial=0))
        is_known = (self.words >= skip_top) & (self.words < limit)
        if oov_char is not None:
            return Texts(np.where(is_known, self.words, oov_char), self.lengths)
        owners = np.repeat(np.arange(len(self.lengths)), self.lengths)
        lengths = np.bincount(owners[is_known], minlength=len(self.lengths))
        return Texts(self.words[is_known], lengths.astype(np.int64))

    def lists(self) -> NDArray[Any]:
        """An object array of lists of Python integers."""
        # differs from Keras: lists that happen to be equally long do not become a matrix.
        result = np.empty(len(self.lengths), object)
        ends = np.cumsum(self.lengths).tolist()
        for place, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
            result[place] = self.words[begin:end].tolist()
        return result


def texts_of(where: str, lists: NDArray[Any]) -> Texts:
    """The texts of an object array, every element of which must be a list of integers.

    Raises:
        FileFormatError: it holds something else, or more than any such file does.
    """
    # A list may stand in many places of a file, so its length counts as often.
    if {*map(type, lists)} - {list} or sum(map(len, lists)) > _MAXIMUM_WORDS:
        raise FileFormatError(
            where,
            "these are no texts",
            expected=f"lists of integers, at most {_MAXIMUM_WORDS} together",
            got=f"{len(lists)} objects",
        )
    if {*map(type, itertools.chain.from_iterable(lists))} - {int}:
        raise FileFormatError(where, "a word is no number", expected="lists of integers")
    lengths = np.array([len(text) for text in lists], np.int64)
    words = np.fromiter(itertools.chain.from_iterable(lists), np.int64, int(lengths.sum()))
    if words.size and not 0 <= words.min() <= words.max() < _MAXIMUM_NUMBER:
        raise FileFormatError(
            where,
            "a word's number is out of range",
            expected=f"0 <= number < {_MAXIMUM_NUMBER}",
            got=f"{words.min()} to {words.max()}",
        )
    return Texts(words, lengths)


def read_word_index(file: Path) -> dict[str, int]:
    """Reads a JSON file of words and their numbers.

    Raises:
        FileFormatError: it is too large, no JSON, or something else.
    """
    size = os.path.getsize(file)
    expected = "a JSON object of words and their numbers"
    if size > _MAXIMUM_INDEX_BYTES:
        raise FileFormatError(
            str(file),
            "too large",
            expected=f"{expected}, at most {_MAXIMUM_INDEX_BYTES} bytes",
            got=f"{size} bytes",
        )
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(str(file), "not JSON", expected=expected, got=str(error)) from None
    if not isinstance(index, dict) or {*map(type, index.values())} - {int}:
        raise FileFormatError(str(file), "not a word index", expected=expected)
    return index


def require_texts(where: str, texts: Texts, maxlen: int) -> None:
    """Raises an error if `maxlen` has left no text."""
    if not len(texts.lengths):
        raise OptionError(
            where,
            "no text is shorter than maxlen",
            expected="a larger maxlen",
            got=str(maxlen),
        )
