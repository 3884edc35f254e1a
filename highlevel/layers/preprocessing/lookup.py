"""Layers that turn words or integers into numbers by a vocabulary, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import Tensor, user_site
from thalweg.core.errors import DtypeError, FileFormatError, OptionError

from ...options import COUNT, Interval, OneOf, OrNone
from .base import DataLayer, batches_of
from .encoding import encoded
from .hashing import bucket, checked_salt
from .vocabulary import Vocabulary

__all__ = ["IndexLookup", "IntegerLookup", "StringLookup", "VocabularyLayer", "hidden_arguments"]

_MODE = OneOf("int", "one_hot", "multi_hot", "count", "tf_idf")
_OLDER_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
_SIZE = OrNone(Interval(2, integer=True))
_OOV_METHOD = OneOf("floormod", "farmhash")


class VocabularyLayer(DataLayer):
    """Base of the layers with a vocabulary: what it is set to, learns, and is saved as."""

    vocabulary: Vocabulary
    output_mode: str
    pad_to_max_tokens: bool

    def _start(self, vocabulary: Any, weights: Any, kwargs: dict[str, Any]) -> None:
        """Sets the vocabulary that was given, if one was."""
        # Keras's files say with these two whether it was given or learnt, and how large it was.
        kwargs.pop("vocabulary_size", None)
        self._is_given = bool(kwargs.pop("has_input_vocabulary", vocabulary is not None))
        self._encoded_size: int | None = None
        if vocabulary is not None:
            self.vocabulary.set(vocabulary, weights)
        elif weights is not None:
            raise OptionError(
                type(self).__name__, "idf_weights without a vocabulary", site=user_site()
            )

    def documents(self, batch: Any) -> Any:
        """The documents of a batch, each a list of bytes or integers."""
        raise NotImplementedError(type(self).__name__)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learns the vocabulary: the most frequent values.

        Args:
            data: an array or list, or batches one after another: a generator, a data set.
            batch_size: accepted as in Keras; an array is one batch.
            steps: how many batches to take; None for all.

        Raises:
            OptionError: the vocabulary was given, or a model was built for another size of it.
            DataError: there are no data.
        """
        if self._is_given:
            raise OptionError(
                f"{type(self).__name__}.adapt",
                "the vocabulary was given",
                layer=self._label,
                site=user_site(),
                hint="a layer made without `vocabulary` learns one",
            )
        self.reset_state()
        is_whole = isinstance(data, list | tuple | np.ndarray)
        for batch in batches_of(self, data, steps):
            self.update_state(batch[:, None] if is_whole and batch.ndim == 1 else batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what was counted since the last vocabulary was made."""
        self.vocabulary.reset()

    def update_state(self, data: Any) -> None:
        """Counts the values of one more batch."""
        self.vocabulary.count(self.documents(core.as_array(data)))

    def finalize_state(self) -> None:
        """Makes a vocabulary of what was counted."""
        self._change(self.vocabulary.learn)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Takes these values in place of all others.

        Args:
            vocabulary: words or integers, with or without the special ones before them; or the
                path of a text file with one a line.
            idf_weights: one a value, for `output_mode="tf_idf"`.

        Raises:
            OptionError: values that do not fit, or a model was built for another size.
        """
        self._change(lambda: self.vocabulary.set(vocabulary, idf_weights))

    def _change(self, change: Callable[[], None]) -> None:
        """Changes the vocabulary, unless a model has rows of its length, or its weights."""
        known, size = self.vocabulary, self._encoded_size
        before = known.table.values, known.weights
        change()
        self.changed()
        is_fit = known.size == size or self.pad_to_max_tokens
        if size is None or (is_fit and not known.has_weights):
            return
        got = known.size
        known.table.fill(before[0])
        known.weights = before[1]
        raise OptionError(
            type(self).__name__,
            "a model was built for another vocabulary",
            expected=f"the {size} values that there were when the layer was called",
            got=f"{got} values",
            layer=self._label,
            site=user_site(),
            hint="adapt first, then build the model",
        )

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The values in the order of their numbers.

        Args:
            include_special_tokens: whether those of mask and unknown values are among them; then
                a value's place is its number.
        """
        return self.vocabulary.values(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are, the special ones included."""
        return self.vocabulary.size

    def encode(self, numbers: Tensor) -> Tensor:
        """Numbers in the layer's output mode."""
        known = self.vocabulary
        if self.output_mode == "int":
            return numbers
        is_weighted = known.has_weights
        if not known.tokens and (is_weighted or not self.pad_to_max_tokens):
            raise OptionError(
                type(self).__name__,
                "there is no vocabulary",
                expected=f"one before a call with output_mode={self.output_mode!r}",
                layer=self._label,
                site=user_site(),
                hint="adapt(data), or the argument `vocabulary`",
            )
        if not self._is_passing:
            self._encoded_size = known.size
        depth = known.size
        if self.pad_to_max_tokens and known.max_tokens is not None:
            depth = known.max_tokens
        mode = "count" if is_weighted else self.output_mode
        rows = encoded(numbers, mode, depth)
        return rows * core.constant(known.weights) if is_weighted else rows

    def numbers_of(self, x: Tensor) -> Tensor:
        """The number of each value; -1 for a mask that is dropped."""
        known = self.vocabulary
        has_oov = known.num_oov_indices > 0
        places = core.table_index(x, known.table, -1 if has_oov else None)
        numbers = places + (known.token_start - int(known.has_mask))
        if known.has_mask:
            mask = core.constant(np.int64(0 if known.oov_start else -1))
            numbers = core.where(core.equal(places, np.int64(0)), mask, numbers)
        if has_oov:
            numbers = core.where(places < np.int64(0), self.oov_numbers(x), numbers)
        return numbers

    def oov_numbers(self, x: Tensor) -> Tensor:
        """The number that each value would have if it were unknown."""
        return core.constant(np.int64(self.vocabulary.oov_start))

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the vocabulary as it is now."""
        config = super().get_config()
        known = self.vocabulary
        # The special values are there if they have weights, which need not be the average.
        has_special = known.has_weights and known.oov_token is not None
        config["vocabulary"] = known.values(has_special) if known.tokens else None
        if known.weights is not None:
            first = 0 if has_special else known.token_start
            config["idf_weights"] = known.weights[first : known.size].tolist()
        config["has_input_vocabulary"] = self._is_given
        return config

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A layer like the one that `get_config` was called on.

        Raises:
            FileFormatError: the vocabulary is a path: a file of a model names no other file.
        """
        if isinstance(config.get("vocabulary"), str):
            raise FileFormatError(
                cls.__name__,
                "the configuration names a vocabulary file",
                expected="the vocabulary itself",
                got=repr(config["vocabulary"]),
                hint="set_vocabulary(path) reads a file of yours",
            )
        return super().from_config(config)


class IndexLookup(VocabularyLayer):
    """Base of `StringLookup` and `IntegerLookup`."""

    def _set_options(
        self,
        *,
        of_strings: bool,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        salt: Any,
        encoding: str,
        kwargs: dict[str, Any],
    ) -> None:
        """Checks and keeps the options that both have."""
        mode = _MODE.check(self, "output_mode", _OLDER_MODES.get(output_mode, output_mode))
        self.max_tokens: int | None = _SIZE.check(self, "max_tokens", max_tokens)
        count = Interval(0, integer=True).check(self, "num_oov_indices", num_oov_indices)
        self.output_mode = mode
        self.invert = bool(invert)
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.salt = checked_salt(self, salt)
        self.require_dense(sparse=sparse)
        if self.pad_to_max_tokens:
            COUNT.check(self, "max_tokens", max_tokens)
        if self.invert and mode != "int":
            raise OptionError(
                type(self).__name__, "invert gives values, which have no output mode",
                expected="output_mode='int'", got=repr(mode), site=user_site(),
            )  # fmt: skip
        self.vocabulary = Vocabulary(
            type(self).__name__,
            of_strings=of_strings,
            max_tokens=self.max_tokens,
            num_oov_indices=count,
            mask_token=mask_token,
            oov_token=oov_token,
            has_mask_number=mode == "int",
            encoding=encoding,
            has_weights=mode == "tf_idf",
            pads=self.pad_to_max_tokens,
        )
        self._start(vocabulary, idf_weights, kwargs)
        if self.invert and vocabulary is not None:
            self._check_oov()

    def _check_oov(self) -> None:
        """Where numbers become values, the one for unknown values must be no other's."""
        token = self.vocabulary.oov_token
        if token is not None and self.vocabulary.stored(token) in self.vocabulary.tokens:
            raise OptionError(
                type(self).__name__, "oov_token stands among the values",
                expected="it before all others, or not at all", got=repr(token), site=user_site(),
            )  # fmt: skip

    def documents(self, batch: Any) -> Any:
        """Rows are documents; a vector is one."""
        array = np.atleast_2d(batch)
        if not self.vocabulary.of_strings:
            array = array.astype(np.int64)
        return array.reshape(len(array), -1).tolist()

    def call(self, inputs: Tensor) -> Tensor:
        """The numbers, or with `invert` the values."""
        if self.invert:
            return self._values_of(inputs)
        if not self.vocabulary.of_strings:
            inputs = _integers(self, inputs)
        return self.encode(self.numbers_of(inputs))

    def _values_of(self, inputs: Tensor) -> Tensor:
        known = self.vocabulary
        numbers = _integers(self, inputs)
        # The table begins with the mask, the numbers with the mask and those of unknown values.
        places = core.where(
            numbers < np.int64(known.token_start),
            core.constant(np.int64(-1)),
            numbers - (known.token_start - int(known.has_mask)),
        )
        if known.has_mask:
            places = core.where(core.equal(numbers, np.int64(0)), core.zeros_like(places), places)
        return core.table_value(places, known.table, known.stored(known.oov_token))


class StringLookup(IndexLookup):
    """Words as numbers by a vocabulary, which is given or learnt; or numbers as words.

    Args:
        max_tokens: the most numbers there may be, the special ones included; None for no bound.
        num_oov_indices: how many numbers stand for unknown words; more than one are shared among
            them by a hash. 0 makes an unknown word an error.
        mask_token: the word that stands for nothing: number 0, and dropped where rows are encoded.
        oov_token: what a number of unknown words becomes with `invert`.
        vocabulary: words, or the path of a text file with one a line; None learns them by `adapt`.
        idf_weights: one a word, for `output_mode="tf_idf"`.
        invert: turn numbers into words.
        output_mode: `"int"`; `"one_hot"`, `"multi_hot"` and `"count"` encode the numbers as in
            :class:`CategoryEncoding`; `"tf_idf"` multiplies counts by how rare the words are.
        pad_to_max_tokens: whether encoded rows have `max_tokens` entries, however many words
            there are.
        sparse: False; there are no sparse tensors.
        encoding: of the words that are bytes.
        salt: an integer, or two: the hash of unknown words is SipHash with this key.
        kwargs: `Layer`'s arguments.

    Input shape:
        any, of strings.

    Output shape:
        the same, int64; or with a last axis as long as the vocabulary, float.

    >>> layer = StringLookup(vocabulary=["river", "sea"])
    >>> layer([["sea", "bed"]]).tolist()
    [[2, 0]]
    >>> StringLookup(vocabulary=["river", "sea"], invert=True)([2, 0]).tolist()
    [b'sea', b'[UNK]']
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        hidden = hidden_arguments(kwargs)
        super().__init__(name=name, **kwargs)
        self.encoding = encoding
        self._set_options(
            of_strings=True,
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            salt=salt,
            encoding=encoding,
            kwargs=hidden,
        )

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "int64" if self.invert else "string"

    def oov_numbers(self, x: Tensor) -> Tensor:
        """One number, or the bucket of the word's hash."""
        known = self.vocabulary
        if known.num_oov_indices == 1:
            return super().oov_numbers(x)
        return bucket(x, known.num_oov_indices, self.salt) + known.oov_start


class IntegerLookup(IndexLookup):
    """Integers as numbers by a vocabulary, which is given or learnt; or numbers as integers.

    Args:
        max_tokens: the most numbers there may be, the special ones included; None for no bound.
        num_oov_indices: how many numbers stand for unknown integers; 0 makes one an error.
        mask_token: the integer that stands for nothing: number 0, and dropped where rows are
            encoded.
        oov_token: what a number of unknown integers becomes with `invert`.
        vocabulary: integers, or the path of a text file with one a line; None learns them.
        vocabulary_dtype: int64.
        idf_weights: one an integer, for `output_mode="tf_idf"`.
        invert: turn numbers into integers of the vocabulary.
        output_mode: as in :class:`StringLookup`.
        sparse: False; there are no sparse tensors.
        pad_to_max_tokens: whether encoded rows have `max_tokens` entries.
        oov_method: how several numbers are shared among unknown integers: by their remainder,
            `"floormod"`, or by a hash, `"farmhash"`.
        salt: an integer, or two, with `"farmhash"`: the hash is SipHash with this key.
        name: of the layer.
        kwargs: `Layer`'s arguments.

    Input shape:
        any, of integers.

    Output shape:
        the same, int64; or with a last axis as long as the vocabulary, float.

    >>> layer = IntegerLookup()
    >>> layer.adapt([[7, 7, 3]])
    >>> layer.get_vocabulary()
    [-1, 7, 3]
    >>> layer([[3, 7, 4]]).tolist()
    [[2, 1, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        hidden = hidden_arguments(kwargs)
        super().__init__(name=name, **kwargs)
        OneOf("int64").check(self, "vocabulary_dtype", vocabulary_dtype)
        self.oov_method = _OOV_METHOD.check(self, "oov_method", oov_method)
        if salt is not None and self.oov_method != "farmhash":
            raise OptionError(
                "IntegerLookup", "a salt is of no use", expected="oov_method='farmhash'",
                got=repr(oov_method), site=user_site(),
            )  # fmt: skip
        self._set_options(
            of_strings=False,
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            salt=salt,
            encoding="utf-8",
            kwargs=hidden,
        )

    @property
    def taken_dtype(self) -> str:
        """What the layer takes where nobody says it."""
        return "int64"

    def oov_numbers(self, x: Tensor) -> Tensor:
        """One number, the remainder, or the bucket of the integer's hash."""
        known = self.vocabulary
        if known.num_oov_indices == 1:
            return super().oov_numbers(x)
        if self.oov_method == "farmhash":
            return bucket(x, known.num_oov_indices, self.salt) + known.oov_start
        return core.floormod(x, np.int64(known.num_oov_indices)) + known.oov_start


def hidden_arguments(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Takes the arguments out that only files have."""
    names = ("vocabulary_size", "has_input_vocabulary")
    return {name: kwargs.pop(name) for name in names if name in kwargs}


def _integers(layer: DataLayer, inputs: Tensor) -> Tensor:
    """Integers of 64 bits.

    Raises:
        DtypeError: for words and floats.
    """
    if not inputs.dtype.is_integer:
        raise DtypeError(
            type(layer).__name__, "takes integers", expected="an integer dtype",
            got=str(inputs.type),
        )  # fmt: skip
    return core.cast(inputs, "int64")
