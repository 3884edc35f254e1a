"""The layer that turns texts into word numbers or rows of counts."""

from __future__ import annotations

import re
import string
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import DtypeError, OptionError, ShapeError

from ...eager import Cache, call_at_once
from ...options import COUNT, Interval, OneOf, OrNone, option_error
from .lookup import VocabularyLayer, hidden_arguments
from .vocabulary import Vocabulary

__all__ = ["TextVectorization"]

_MODE = OneOf("int", "multi_hot", "count", "tf_idf")
_OLDER_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
_STANDARDIZE = OneOf("lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLIT = OneOf("whitespace", "character")
_SIZE = OrNone(Interval(2, integer=True))
_LENGTH = OrNone(COUNT)
_PUNCTUATION = f"[{re.escape(string.punctuation)}]"


class TextVectorization(VocabularyLayer):
    """Texts as word numbers by a vocabulary, which is given or learnt; or as rows of counts.

    A text is standardised, split into words, the words are joined to n-grams if these are wanted,
    and each is looked up as in :class:`StringLookup`, with `""` as mask.

    Args:
        max_tokens: the most numbers there may be, the special ones included; None for no bound.
        standardize: `"lower_and_strip_punctuation"`, `"lower"` (the letters A to Z, as in Keras),
            `"strip_punctuation"`, None, or a function of a string tensor.
        split: `"whitespace"`, `"character"`, None for texts that are words already, or a function
            of a vector of strings that returns `(words, counts)` as `string_split` does.
        ngrams: join up to so many words; a tuple says which numbers of words. None for none.
        output_mode: `"int"` for a row of numbers, with zeros behind the last; `"multi_hot"`,
            `"count"` and `"tf_idf"` for a row as long as the vocabulary.
        output_sequence_length: of the rows of numbers: they are cut or filled up to it.
        pad_to_max_tokens: whether other rows have `max_tokens` entries.
        vocabulary: words, or the path of a text file with one a line; None learns them by `adapt`.
        idf_weights: one a word, for `output_mode="tf_idf"`.
        sparse, ragged: False; there are no such tensors.
        encoding: of the vocabulary's words.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch,) or (batch, 1), of strings; with `split=None` any.

    Output shape:
        (batch, words) int64, or (batch, vocabulary) float.

    >>> layer = TextVectorization()
    >>> layer.adapt(["The river, the sea.", "the bed"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sea', 'river', 'bed']
    >>> layer(["A river bed", "Sea!"]).tolist()
    [[1, 4, 5], [3, 0, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[[Tensor], Tensor] | None = "lower_and_strip_punctuation",
        split: str | Callable[[Tensor], Any] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        hidden = hidden_arguments(kwargs)
        super().__init__(name=name, **kwargs)
        self.standardize = _choice(self, "standardize", standardize, _STANDARDIZE)
        self.split = _choice(self, "split", split, _SPLIT)
        self.ngrams = self._widths(ngrams)
        mode = _OLDER_MODES.get(output_mode, output_mode)
        self.output_mode = _MODE.check(self, "output_mode", mode)
        self.output_sequence_length: int | None = _LENGTH.check(
            self, "output_sequence_length", output_sequence_length
        )
        if self.output_sequence_length is not None and self.output_mode != "int":
            raise OptionError(
                "TextVectorization", "output_sequence_length is of no use",
                expected="output_mode='int'", got=repr(output_mode), site=user_site(),
            )  # fmt: skip
        self.max_tokens: int | None = _SIZE.check(self, "max_tokens", max_tokens)
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        if self.pad_to_max_tokens:
            COUNT.check(self, "max_tokens", max_tokens)
        self.require_dense(sparse=sparse, ragged=ragged)
        self.vocabulary = Vocabulary(
            "TextVectorization",
            of_strings=True,
            max_tokens=self.max_tokens,
            num_oov_indices=1,
            mask_token="",
            oov_token="[UNK]",
            has_mask_number=self.output_mode == "int",
            encoding=encoding,
            has_weights=self.output_mode == "tf_idf",
            pads=self.pad_to_max_tokens,
        )
        self._splitting: Cache = OrderedDict()
        self._start(vocabulary, idf_weights, hidden)

    def _widths(self, ngrams: Any) -> tuple[int, ...] | None:
        if ngrams is None:
            return None
        if isinstance(ngrams, int) and not isinstance(ngrams, bool) and ngrams >= 1:
            return tuple(range(1, ngrams + 1))
        given = tuple(ngrams) if isinstance(ngrams, list | tuple) else ()
        if given and all(isinstance(width, int) and width >= 1 for width in given):
            return given
        raise option_error(self, "ngrams", ngrams, "an integer >= 1, or several; or None")

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "string"

    def documents(self, batch: Any) -> Any:
        """The words of each text."""
        # Two outputs: how many words each text has tells filling from words that are empty.
        words, counts = call_at_once(self._words, [batch], self._splitting, "words")
        rows = words.reshape(len(words), -1) if words.ndim > 1 else words[None]
        return [row[:count] for row, count in zip(rows.tolist(), counts.tolist(), strict=True)]

    def call(self, inputs: Tensor) -> Tensor:
        """The numbers or the rows."""
        is_scalar = inputs.ndim == 0
        words, _ = self._words(inputs)
        numbers = self.numbers_of(words)
        if self.output_mode != "int":
            rows = self.encode(numbers)
        else:
            rows = self._fitted(numbers)
        return core.squeeze(rows, 0) if is_scalar and self.split is not None else rows

    def _fitted(self, numbers: Tensor) -> Tensor:
        """Rows cut or filled up to the wanted length."""
        length = self.output_sequence_length
        if length is None or not numbers.ndim:
            return numbers
        sizes = core.shape_of(numbers)
        filling = core.zeros(core.concat([sizes[:-1], core.stack([length])], 0), numbers.dtype)
        rows = core.concat([numbers, filling], -1)[..., :length]
        return core.ensure_shape(rows, (*numbers.type.dims()[:-1], length))

    def _words(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The words of texts (batch, most), "" behind the last, and how many each has (batch,)."""
        if not inputs.dtype.is_string:
            raise DtypeError(
                "TextVectorization", "takes texts", expected="strings", got=str(inputs.type)
            )
        texts = self._standardized(inputs)
        if self.split is None:
            words, counts = texts, _sizes(texts)
        elif self.split == "whitespace":
            words, counts = core.string_split(_vector(texts), None)
        elif self.split == "character":
            words, counts = core.string_split(_vector(texts), "", unit="UTF8_CHAR")
        else:
            words, counts = self.split(_vector(texts))
        if self.ngrams is not None:
            if words.ndim == 1:
                words, counts = core.expand_dims(words, 0), core.reshape(core.size_of(words), [1])
            words, counts = core.string_ngrams(words, counts, self.ngrams)
        return words, counts

    def _standardized(self, texts: Tensor) -> Tensor:
        kind = self.standardize
        if callable(kind):
            return core.convert(kind(texts))
        if kind in ("lower", "lower_and_strip_punctuation"):
            texts = core.string_lower(texts)
        if kind in ("strip_punctuation", "lower_and_strip_punctuation"):
            texts = core.regex_replace(texts, _PUNCTUATION, "")
        return texts


def _choice(layer: Any, name: str, value: Any, choices: OneOf) -> Any:
    """None, a function, or one of some words."""
    return value if value is None or callable(value) else choices.check(layer, name, value)


def _vector(texts: Tensor) -> Tensor:
    """Texts on one axis; a last axis of size 1 is dropped."""
    if texts.ndim == 0:
        return core.expand_dims(texts, 0)
    if texts.ndim == 1:
        return texts
    if texts.ndim == 2 and texts.type.dims()[-1] in (1, None):
        return core.squeeze(texts, -1)
    raise ShapeError(
        "TextVectorization",
        "texts to be split stand on one axis",
        expected="(batch,) or (batch, 1)",
        got=str(texts.type),
        hint="split=None takes words that are separate already",
    )


def _sizes(words: Tensor) -> Tensor:
    """How many words each row has; a vector is one row."""
    if not words.ndim or words.ndim == 1:
        return core.reshape(core.size_of(words), [1])
    return core.fill(core.shape_of(words)[:1], core.cast(core.shape_of(words)[-1], "int32"))
