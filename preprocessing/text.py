"""Texts as sequences of word numbers, as Keras 2 does it."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import DataError, FileFormatError, OptionError, nearest, user_site
from thalweg.core.options import COUNT, Interval, OneOf, OrNone

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODE = OneOf("binary", "count", "tfidf", "freq")
_MAXIMUM_JSON = 2**28  # characters
_CONFIG: dict[str, type[Any] | tuple[type[Any], ...]] = {
    "num_words": (int, type(None)),
    "filters": (str, list),
    "lower": bool,
    "split": str,
    "char_level": bool,
    "oov_token": (str, type(None)),
    "document_count": int,
}
Analyzer = Callable[[str], Sequence[str]]


def text_to_word_sequence(
    text: str, filters: str = _FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """The words of a text.

    Args:
        text: the text.
        filters: characters that end a word as `split` does; punctuation, tabs and line ends.
        lower: whether to make capitals small.
        split: what stands between words.

    >>> text_to_word_sequence("A river, and its bed.")
    ['a', 'river', 'and', 'its', 'bed']
    """
    plain = text.lower() if lower else text
    gaps: dict[str, str | int | None] = dict.fromkeys(filters, split)
    plain = plain.translate(str.maketrans(gaps))
    return [word for word in plain.split(split) if word]


def one_hot(
    text: str,
    n: int,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """A number for each word, by a hash; two words may have the same.

    It is :func:`hashing_trick` with its default hash.

    Args:
        text: the text.
        n: numbers are 1 .. n - 1.
        filters, lower, split: as in :func:`text_to_word_sequence`.
        analyzer: gives the words instead of that function.

    >>> one_hot("the bed of the river", 50)
    [43, 32, 10, 43, 15]
    """
    return hashing_trick(text, n, None, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """A number for each word, by a hash; two words may have the same.

    Args:
        text: the text.
        n: numbers are 1 .. n - 1, since 0 stands for no word.
        hash_function: word -> integer; `"md5"`, which None means too.
        filters, lower, split: as in :func:`text_to_word_sequence`.
        analyzer: gives the words instead of that function.

    Raises:
        OptionError: for an argument outside its values.

    >>> hashing_trick("a river", 100, hash_function=len)
    [2, 6]
    """
    # differs from Keras: None is MD5, not Python's `hash`, which differs in every process.
    Interval(2, integer=True).check("hashing_trick", "n", n)
    if hash_function is None or hash_function == "md5":
        hash_function = _md5
    if not callable(hash_function):
        raise OptionError(
            "hashing_trick",
            "bad hash_function",
            expected="a function of a word, 'md5' or None",
            got=repr(hash_function),
            site=user_site(),
        )
    words = (
        text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    )
    return [hash_function(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Gives every word of some texts a number, the more frequent the smaller, from 1 on.

    Args:
        num_words: numbers from here on are left out of sequences and matrices; None for none.
        filters: characters that end a word as `split` does.
        lower: whether to make capitals small.
        split: what stands between words.
        char_level: whether every character is a word.
        oov_token: a word that stands for all unknown ones; it gets number 1.
        analyzer: gives the words of a text instead of `filters`, `lower` and `split`.
        document_count: texts already counted.

    Attributes:
        word_counts: word -> how often it stands in the texts, in the order of appearance.
        word_docs: word -> in how many texts it stands.
        word_index, index_word: word -> number, and back.
        index_docs: number -> in how many texts its word stands.

    A list among texts is taken as words that are already separate.

    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the river and the sea", "the bed"])
    >>> tokenizer.texts_to_sequences(["the deep sea"])
    [[2, 1, 5]]
    >>> tokenizer.sequences_to_texts([[2, 1, 5]])
    ['the ? sea']
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Analyzer | None = None,
        *,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            warnings.warn(
                "the argument `nb_words` of `Tokenizer` is called `num_words` now",
                DeprecationWarning,
                stacklevel=2,
            )
            num_words = kwargs.pop("nb_words")
        if kwargs:
            name = next(iter(kwargs))
            known = [
                "num_words",
                "filters",
                "lower",
                "split",
                "char_level",
                "oov_token",
                "analyzer",
            ]
            raise OptionError(
                "Tokenizer",
                f"has no argument {name!r}",
                site=user_site(),
                hint=nearest(name, known),
            )
        self.num_words: int | None = OrNone(COUNT).check(self, "num_words", num_words)
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = {}
        self.word_docs: dict[str, int] = {}
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.index_docs: dict[int, int] = {}

    # Learning -----------------------------------------------------------------------------------

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts the words of texts, those counted before included, and numbers all anew.

        Args:
            texts: texts, or lists of words.
        """
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in dict.fromkeys(words):
                self.word_docs[word] = self.word_docs.get(word, 0) + 1
        ordered = sorted(self.word_counts, key=lambda word: self.word_counts[word], reverse=True)
        if self.oov_token is not None:
            ordered.insert(0, self.oov_token)
        self.word_index = {word: number for number, word in enumerate(ordered, start=1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Counts in how many sequences each number stands; `tfidf` needs it without texts."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in dict.fromkeys(sequence):
                self.index_docs[number] = self.index_docs.get(number, 0) + 1

    def _words(self, text: Any) -> Sequence[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if not isinstance(text, str):
            raise DataError(
                "Tokenizer",
                "this is no text",
                expected="a str, or a list of words",
                got=repr(text)[:100],
                site=user_site(),
            )
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    # Texts and sequences ------------------------------------------------------------------------

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text; unknown and rare words are left out, or are
        `oov_token`'s number if there is one."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """`texts_to_sequences`, one text after another."""
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            yield [number for number in map(self._kept, numbers) if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """The words of the numbers of each sequence, with blanks between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """`sequences_to_texts`, one sequence after another."""
        for sequence in sequences:
            known = (int(n) if int(n) in self.index_word else None for n in sequence)
            kept = (number for number in map(self._kept, known) if number is not None)
            yield " ".join(self.index_word[number] for number in kept)

    def _kept(self, number: int | None) -> int | None:
        """A known number that is small enough, or else that of the token for unknown words."""
        if number is not None and not (self.num_words and number >= self.num_words):
            return number
        return None if self.oov_token is None else self.word_index.get(self.oov_token)

    # Matrices -----------------------------------------------------------------------------------

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> NDArray[np.float64]:
        """A row a text; see :meth:`sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> NDArray[np.float64]:
        """A row a sequence, a column a number.

        Args:
            sequences: lists of numbers.
            mode: `"binary"` for 1 where the number stands in the sequence; `"count"` for how
                often; `"freq"` for that over the length; `"tfidf"` for
                `(1 + log(count)) * log(1 + texts / (1 + texts with the word))`.

        Returns:
            float64 `(sequences, num_words)`.

        Raises:
            OptionError: for another mode.
            DataError: nothing says how many columns there are, or how frequent words are.
        """
        mode = _MODE.check(self, "mode", mode)
        columns = self.num_words or (len(self.word_index) + 1 if self.word_index else 0)
        if not columns or (mode == "tfidf" and not self.document_count):
            raise DataError(
                "Tokenizer",
                "has seen no text",
                expected="fit_on_texts first" + ("" if columns else ", or num_words"),
                site=user_site(),
            )
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            for number, count in Counter(sequence).items():
                if number < columns:
                    row[number] = self._entry(mode, number, count, len(sequence))
        return matrix

    def _entry(self, mode: str, number: int, count: int, length: int) -> float:
        if mode == "binary":
            return 1.0
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        texts = 1 + self.index_docs.get(number, 0)
        return float((1 + np.log(count)) * np.log(1 + self.document_count / texts))

    # Configuration ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Options and counts; dicts are JSON text, as in Keras. An `analyzer` is not in it."""
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            "word_counts": json.dumps(self.word_counts),
            "word_docs": json.dumps(self.word_docs),
            "index_docs": json.dumps(self.index_docs),
            "index_word": json.dumps(self.index_word),
            "word_index": json.dumps(self.word_index),
        }

    def to_json(self, **kwargs: Any) -> str:
        """`get_config` and the class's name as JSON text, which Keras reads too.

        Args:
            kwargs: for `json.dumps`.
        """
        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `to_json` wrote, Keras's or ours.

    Args:
        json_string: the text.

    Raises:
        FileFormatError: it is no such text.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the river"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'the': 1, 'river': 2}
    """
    if len(json_string) > _MAXIMUM_JSON:
        raise _no_tokenizer(f"{len(json_string)} characters")
    try:
        config = dict(json.loads(json_string)["config"])
        counts, docs, index = (
            _table(config, n) for n in ("word_counts", "word_docs", "word_index")
        )
        numbers = _table(config, "index_docs", int)
        words = _table(config, "index_word", int, str)
        for name, value in config.items():
            if not isinstance(value, _CONFIG[name]):
                raise TypeError(f"{name} is {value!r}"[:100])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_tokenizer(f"{type(error).__name__}: {error}") from None
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts, tokenizer.word_docs, tokenizer.word_index = counts, docs, index
    tokenizer.index_docs, tokenizer.index_word = numbers, words
    return tokenizer


def _table(
    config: dict[str, Any], name: str, key: type[Any] = str, value: type[Any] = int
) -> dict[Any, Any]:
    """One of the dicts; JSON has only text as keys."""
    table = json.loads(config.pop(name))
    if not isinstance(table, dict):
        raise TypeError(f"{name} is a {type(table).__name__}")
    if any(type(item) is not value for item in table.values()):
        raise TypeError(f"{name} holds something else than {value.__name__}")
    return {key(word): item for word, item in table.items()}


def _no_tokenizer(got: str) -> FileFormatError:
    return FileFormatError(
        "tokenizer_from_json", "not a tokenizer", expected="what Tokenizer.to_json writes", got=got
    )
