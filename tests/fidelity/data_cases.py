"""Calls that real Keras and thalweg answer alike: data sets, sequences, texts.

A case is a function of a `Library`, which `make_data.py` makes of Keras and `test_data.py` of
thalweg; it returns lists, numbers and texts, as JSON can hold them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

TEXTS = [
    "The quick brown fox; it jumps over the lazy dog!",
    "A dog, a fox\tand a river.\nThe river (of all rivers) runs.",
    "",
    "Naïve ÄÖÜ — don't stop: e-mail me @ 5 o'clock_sharp",
]


@dataclass(frozen=True)
class Library:
    """What a case may use.

    Args:
        load: (data set, arrays of its file, keyword arguments) -> what `load_data` returns.
        sequence: the module `preprocessing.sequence`.
        text: the module `preprocessing.text`.
        timeseries: `timeseries_dataset_from_array`.
    """

    load: Callable[..., Any]
    sequence: Any
    text: Any
    timeseries: Any


def plain(value: Any) -> Any:
    """Arrays and tuples as lists."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def word_lists(count: int, seed: int) -> np.ndarray:
    """An object array of lists of word numbers from 1 on."""
    stream = np.random.RandomState(seed)
    result = np.empty(count, object)
    for place in range(count):
        result[place] = [int(word) for word in stream.randint(1, 60, stream.randint(1, 9))]
    return result


IMDB = {
    "x_train": word_lists(12, 1),
    "y_train": np.arange(12) % 2,
    "x_test": word_lists(7, 2),
    "y_test": np.arange(7) % 2,
}
REUTERS = {"x": word_lists(15, 3), "y": np.arange(15)}
BOSTON = {"x": np.arange(10 * 13.0).reshape(10, 13), "y": np.arange(10.0)}
CALIFORNIA = {"x": np.arange(650 * 8.0).reshape(650, 8), "y": np.arange(650.0)}

_TEXT_OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "eight words": {"num_words": 8},
    "unknown": {"num_words": 6, "oov_token": "<oov>"},
    "characters": {"char_level": True, "lower": False, "oov_token": "?"},
    "split": {"filters": "!;.", "split": "o", "lower": False},
}


def _tokenizer(library: Library, options: dict[str, Any]) -> Any:
    tokenizer = library.text.Tokenizer(**options)
    tokenizer.fit_on_texts(TEXTS[:2])
    tokenizer.fit_on_texts([*TEXTS[2:], ["Words", "of a", "list"]])
    return tokenizer


def _tokenized(options: dict[str, Any]) -> Callable[[Library], Any]:
    def case(library: Library) -> Any:
        tokenizer = _tokenizer(library, options)
        texts = [*TEXTS, "an unknown fox", ["the", "of a"]]
        sequences = tokenizer.texts_to_sequences(texts)
        config = json.loads(tokenizer.to_json())["config"]
        del config["word_docs"], config["index_docs"]  # in Keras their order is that of a set
        return [
            sequences,
            tokenizer.sequences_to_texts(sequences),
            sorted(tokenizer.word_docs.items()),
            sorted(tokenizer.index_docs.items()),
            config,
            [
                tokenizer.texts_to_matrix(texts, mode)
                for mode in ("binary", "count", "freq", "tfidf")
            ],
            library.text.tokenizer_from_json(tokenizer.to_json()).texts_to_sequences(texts),
        ]

    return case


def _generated(options: dict[str, Any]) -> Callable[[Library], Any]:
    data = np.arange(40).reshape(20, 2)

    def case(library: Library) -> Any:
        generator = library.sequence.TimeseriesGenerator(data, data[:, 0] * 10, **options)
        return [len(generator), [generator[i] for i in range(len(generator))]]

    return case


CASES: dict[str, Callable[[Library], Any]] = {
    **{
        f"imdb {options}": (lambda library, o=options: library.load("imdb", IMDB, o))
        for options in (
            {},
            {"num_words": 30},
            {"num_words": 30, "skip_top": 5, "oov_char": None},
            {"start_char": None, "index_from": 0, "seed": 5},
            {"start_char": None, "maxlen": 6},
            {"maxlen": 5, "skip_top": 9, "start_char": 7, "index_from": 10, "oov_char": 8},
        )
    },
    **{
        f"reuters {options}": (lambda library, o=options: library.load("reuters", REUTERS, o))
        for options in (
            {},
            {"num_words": 20, "test_split": 0.5},
            {"maxlen": 6, "seed": 1, "oov_char": None, "skip_top": 10},
            {"start_char": None, "index_from": 0, "test_split": 0.0},
        )
    },
    **{
        f"boston_housing {options}": (
            lambda library, o=options: library.load("boston_housing", BOSTON, o)
        )
        for options in ({}, {"test_split": 0.35, "seed": 4}, {"test_split": 0})
    },
    "california_housing small": lambda library: [
        part[1] for part in library.load("california_housing", CALIFORNIA, {"version": "small"})
    ],
    "california_housing large": lambda library: [
        part[1] for part in library.load("california_housing", CALIFORNIA, {})
    ],
    **{
        f"pad_sequences {options}": (
            lambda library, o=options: library.sequence.pad_sequences(
                [[1], [2, 3], [], [4, 5, 6, 7]], **o
            )
        )
        for options in (
            {},
            {"maxlen": 3, "padding": "post"},
            {"maxlen": 3, "truncating": "post", "value": -1.5, "dtype": "float32"},
            {"maxlen": 6},
        )
    },
    "make_sampling_table": lambda library: library.sequence.make_sampling_table(50, 1e-3),
    **{
        f"skipgrams {options}": (
            lambda library, o=options: library.sequence.skipgrams(
                [3, 1, 0, 4, 1, 5, 9, 2, 6], 10, negative_samples=0, **o
            )
        )
        for options in (
            {"shuffle": False},
            {"seed": 7},
            {"seed": 8, "window_size": 1, "categorical": True},
        )
    },
    **{
        f"TimeseriesGenerator {options}": _generated(options)
        for options in (
            {"length": 3},
            {"length": 6, "sampling_rate": 2, "stride": 3, "batch_size": 2},
            {"length": 2, "start_index": 4, "end_index": 11, "reverse": True, "batch_size": 3},
        )
    },
    **{
        f"timeseries {options}": (
            lambda library, o=options: [
                plain(batch) for batch in library.timeseries(np.arange(30), np.arange(30) * 2, **o)
            ]
        )
        for options in (
            {"sequence_length": 4},
            {"sequence_length": 3, "sequence_stride": 2, "sampling_rate": 3, "batch_size": 5},
            {"sequence_length": 2, "start_index": 5, "end_index": 20, "batch_size": 4},
        )
    },
    "text_to_word_sequence": lambda library: [
        [library.text.text_to_word_sequence(text, **options) for text in TEXTS]
        for options in ({}, {"lower": False, "filters": "e"}, {"split": "o", "filters": ""})
    ],
    "hashing_trick": lambda library: [
        library.text.hashing_trick(text, 97, hash_function="md5") for text in TEXTS
    ],
    **{f"Tokenizer {name}": _tokenized(options) for name, options in _TEXT_OPTIONS.items()},
}
