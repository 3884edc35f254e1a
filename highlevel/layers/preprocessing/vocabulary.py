"""A vocabulary: which values have a number, learnt from data by how often they occur.

Numbers begin with the special ones: that of the mask, if there is one and numbers are the output,
then those of unknown values, then the values from the most frequent to the rarest.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.core import Table, user_site
from thalweg.core.errors import OptionError

__all__ = ["Vocabulary"]

_MAXIMUM_FILE_BYTES = 2**28


class Vocabulary:
    """The values that a layer knows, and their weights by rarity.

    Args:
        where: the layer's class, for errors.
        of_strings: whether values are words, not integers.
        max_tokens: the most numbers there may be, the special ones included; None for no bound.
        num_oov_indices: how many numbers stand for unknown values.
        mask_token: the value that stands for nothing; None if none does.
        oov_token: the value that stands for unknown ones where numbers become values.
        has_mask_number: whether the mask has number 0; else it is dropped.
        encoding: of words.
        has_weights: whether values have weights.
        pads: whether weights fill up `max_tokens` with zeros.
    """

    def __init__(
        self,
        where: str,
        *,
        of_strings: bool,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        has_mask_number: bool,
        encoding: str,
        has_weights: bool,
        pads: bool,
    ) -> None:
        self.where = where
        self.of_strings = of_strings
        self.max_tokens = max_tokens
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.has_mask = mask_token is not None
        self.oov_start = int(self.has_mask and has_mask_number)
        self.token_start = self.oov_start + num_oov_indices
        self.encoding = encoding
        self.has_weights = has_weights
        self.pads = pads
        self.weights: np.ndarray[Any, Any] | None = None
        # The mask stands first in the table, so that looking a value up finds it too.
        self.table = Table(self._masks(), of_strings=of_strings)
        self.reset()

    def _masks(self) -> list[Any]:
        return [self.stored(self.mask_token)] if self.has_mask else []

    def stored(self, value: Any) -> Any:
        """A value as the table holds it: words as bytes.

        Raises:
            OptionError: for a value of another kind.
        """
        if self.of_strings and isinstance(value, str):
            return value.encode(self.encoding)
        if self.of_strings and isinstance(value, bytes):
            return bytes(value)
        if not self.of_strings and isinstance(value, int | np.integer | str):
            try:
                return int(value)
            except ValueError:
                pass
        expected = "words" if self.of_strings else "integers"
        raise self._bad("a value of another kind", expected=expected, got=repr(value))

    def shown(self, value: Any) -> Any:
        """A value of the table as users see it: words as text."""
        if not self.of_strings:
            return value
        # A word of another encoding is shown as well as can be.
        return value.decode(self.encoding, "surrogateescape")

    # What there is ------------------------------------------------------------------------------

    @property
    def tokens(self) -> tuple[Any, ...]:
        """The values with a number of their own, as the table holds them."""
        return self.table.values[int(self.has_mask) :]

    @property
    def size(self) -> int:
        """How many numbers there are, the special ones included."""
        return self.token_start + len(self.tokens)

    def values(self, include_special_tokens: bool = True) -> list[Any]:
        """All values in the order of their numbers."""
        special = [self.mask_token] * self.oov_start + [self.oov_token] * self.num_oov_indices
        tokens = [self.shown(token) for token in self.tokens]
        return special + tokens if include_special_tokens else tokens

    # Being told ---------------------------------------------------------------------------------

    def set(self, values: Any, weights: Any = None) -> None:
        """Takes these values.

        Args:
            values: words or integers; they may begin with the special ones. Or the path of a text
                file with one a line.
            weights: one a value, where values have weights.

        Raises:
            OptionError: values that stand twice, special ones in the wrong place, too many, none,
                or weights that do not fit.
        """
        if isinstance(values, str | os.PathLike):
            if self.has_weights:
                raise self._bad("a file has no weights", expected="a list of values")
            values = self._lines(Path(values))
        given = values.tolist() if isinstance(values, np.ndarray) else list(values)
        found = [self.stored(value) for value in given]
        special = [self.mask_token] * self.oov_start + [self.oov_token] * self.num_oov_indices
        # A special token that is None equals no value, as in Keras.
        starts = [None if token is None else self.stored(token) for token in special]
        has_special = bool(starts) and found[: len(starts)] == starts
        tokens = found[self.token_start :] if has_special else found
        self._check(found, tokens)
        self.table.fill([*self._masks(), *tokens])
        self._set_weights(weights, len(found), has_special)

    def _check(self, found: Sequence[Any], tokens: Sequence[Any]) -> None:
        if not found:
            raise self._bad("the vocabulary is empty", expected="at least one value")
        twice = [token for token, count in Counter(tokens).items() if count > 1]
        if twice:
            shown = ", ".join(repr(self.shown(token)) for token in twice[:5])
            raise self._bad("values stand twice in the vocabulary", got=shown)
        if self.has_mask and self.stored(self.mask_token) in tokens:
            raise self._bad(
                "the mask stands among the values",
                expected="it before all others, or not at all",
                got=repr(self.mask_token),
            )
        count = self.token_start + len(tokens)
        if self.max_tokens is not None and count > self.max_tokens:
            raise self._bad(
                "the vocabulary is too large",
                expected=f"at most max_tokens = {self.max_tokens}, special ones included",
                got=str(count),
            )

    def _set_weights(self, weights: Any, count: int, has_special: bool) -> None:
        if (weights is not None) != self.has_weights:
            raise self._bad(
                "idf_weights belong to output_mode='tf_idf'",
                expected="idf_weights" if self.has_weights else "no idf_weights",
            )
        if weights is None:
            return
        array = np.asarray(weights, np.float32)
        if array.shape != (count,):
            raise self._bad(
                "idf_weights do not fit the vocabulary",
                expected=f"({count},)",
                got=str(array.shape),
            )
        self.weights = array if has_special else self._with_special(array)
        self.weights = self._padded(self.weights)

    def _with_special(self, weights: Any) -> Any:
        """How rare unknown values are, nobody knows: they get the average."""
        average = np.full(self.token_start, weights.mean() if len(weights) else 0.0)
        return np.concatenate([average, weights]).astype(np.float32)

    def _padded(self, weights: Any) -> Any:
        missing = (self.max_tokens or 0) - len(weights) if self.pads else 0
        return np.pad(weights, (0, missing)) if missing > 0 else weights

    def _lines(self, path: Path) -> list[str]:
        """The lines of a text file."""
        if not path.is_file() or path.stat().st_size > _MAXIMUM_FILE_BYTES:
            raise self._bad(
                "no such vocabulary file",
                expected=f"a text file of at most {_MAXIMUM_FILE_BYTES} bytes",
                got=str(path),
            )
        try:
            lines = path.read_text(encoding=self.encoding).split("\n")
            return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
        except UnicodeDecodeError as error:
            raise self._bad("the vocabulary file is no text", got=str(error)) from None

    def _bad(self, problem: str, **fields: Any) -> OptionError:
        return OptionError(self.where, problem, site=user_site(), **fields)

    # Learning -----------------------------------------------------------------------------------

    def reset(self) -> None:
        """Forgets what was counted, not what is known."""
        self._counts: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._document_count = 0

    def count(self, documents: Iterable[Sequence[Any]]) -> None:
        """Counts the values of documents, each a list of bytes or integers."""
        for document in documents:
            self._counts.update(document)
            if self.has_weights:
                self._documents.update(set(document))
                self._document_count += 1

    def learn(self) -> None:
        """Takes the most frequent of the counted values; of equal ones the larger first."""
        for special in (self.mask_token, self.oov_token):
            if special is not None:
                self._counts.pop(self.stored(special), None)
        ordered = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
        most = None if self.max_tokens is None else max(self.max_tokens - self.token_start, 0)
        tokens = [token for token, _ in ordered[:most]]
        self.table.fill([*self._masks(), *tokens])
        if self.has_weights:
            texts = np.array([self._documents[token] for token in tokens], np.float64)
            rarity = np.log(1 + self._document_count / (1 + texts)).astype(np.float32)
            self.weights = self._padded(self._with_special(rarity))
        self.reset()
