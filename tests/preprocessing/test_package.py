"""The names, where Keras 2 and 3 have them, with their arguments; nothing is loaded before."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

import thalweg as keras
from thalweg.cli.names import translation
from thalweg.preprocessing import sequence, text


def test_import_is_lazy() -> None:
    code = """
import sys, thalweg.preprocessing
ours = {name for name in sys.modules if name.startswith("thalweg.preprocessing.")}
assert not ours, ours
import thalweg.utils
assert not any(name.startswith("thalweg.preprocessing.s") for name in sys.modules)
assert thalweg.utils.pad_sequences is thalweg.preprocessing.sequence.pad_sequences
assert {"sequence", "text"} <= set(dir(thalweg.preprocessing))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_of_keras() -> None:
    assert keras.utils.pad_sequences is keras.preprocessing.sequence.pad_sequences
    windows = keras.preprocessing.timeseries_dataset_from_array
    assert keras.utils.timeseries_dataset_from_array is windows
    for name in ("sequence", "text"):
        for root in ("keras", "tensorflow.keras"):
            found = translation(f"{root}.preprocessing.{name}")
            assert found == (f"thalweg.preprocessing.{name}",)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match=r"'thalweg\.preprocessing' has no attribute 'sound'"):
        keras.preprocessing.sound  # noqa: B018  (looking it up is the test)
    with pytest.raises(AttributeError, match=r"'thalweg\.utils' has no attribute 'pad'"):
        keras.utils.pad  # noqa: B018


FILTERS = repr('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n')


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (
            sequence.pad_sequences,
            "sequences maxlen=None dtype='int32' padding='pre' truncating='pre' value=0.0",
        ),
        (sequence.make_sampling_table, "size sampling_factor=1e-05"),
        (
            sequence.skipgrams,
            "sequence vocabulary_size window_size=4 negative_samples=1.0 shuffle=True "
            "categorical=False sampling_table=None seed=None",
        ),
        (
            sequence.TimeseriesGenerator,
            "data targets length sampling_rate=1 stride=1 start_index=0 end_index=None "
            "shuffle=False reverse=False batch_size=128 seed=None",
        ),
        (text.text_to_word_sequence, "text filters=F lower=True split=' '"),
        (text.one_hot, "text n filters=F lower=True split=' ' analyzer=None"),
        (
            text.hashing_trick,
            "text n hash_function=None filters=F lower=True split=' ' analyzer=None",
        ),
        (
            text.Tokenizer,
            "num_words=None filters=F lower=True split=' ' char_level=False oov_token=None "
            "analyzer=None document_count=0 kwargs",
        ),
        (text.tokenizer_from_json, "json_string"),
        (
            keras.layers.TextVectorization,
            "max_tokens=None standardize='lower_and_strip_punctuation' split='whitespace' "
            "ngrams=None output_mode='int' output_sequence_length=None pad_to_max_tokens=False "
            "vocabulary=None idf_weights=None sparse=False ragged=False encoding='utf-8' "
            "name=None kwargs",
        ),
        (
            keras.layers.StringLookup,
            "max_tokens=None num_oov_indices=1 mask_token=None oov_token='[UNK]' vocabulary=None "
            "idf_weights=None invert=False output_mode='int' pad_to_max_tokens=False sparse=False "
            "encoding='utf-8' name=None salt=None kwargs",
        ),
        (
            keras.layers.IntegerLookup,
            "max_tokens=None num_oov_indices=1 mask_token=None oov_token=-1 vocabulary=None "
            "vocabulary_dtype='int64' idf_weights=None invert=False output_mode='int' sparse=False "
            "pad_to_max_tokens=False oov_method='floormod' salt=None name=None kwargs",
        ),
        (
            keras.layers.Hashing,
            "num_bins mask_value=None salt=None output_mode='int' sparse=False kwargs",
        ),
        (
            keras.layers.HashedCrossing,
            "num_bins output_mode='int' sparse=False name=None dtype=None kwargs",
        ),
        (
            keras.layers.CategoryEncoding,
            "num_tokens=None output_mode='multi_hot' sparse=False kwargs",
        ),
        (
            keras.layers.Discretization,
            "bin_boundaries=None num_bins=None epsilon=0.01 output_mode='int' sparse=False "
            "dtype=None name=None kwargs",
        ),
        (
            keras.layers.Normalization,
            "axis=-1 mean=None variance=None invert=False kwargs",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_arguments_of_keras(function: Any, arguments: str) -> None:
    """Names, order and defaults of Keras 2.3.1 and 3.15; a seed of ours may follow."""
    written = []
    for parameter in inspect.signature(function).parameters.values():
        has_default = parameter.default is not parameter.empty
        default = f"={parameter.default!r}" if has_default else ""
        written.append(f"{parameter.name}{default}".replace(FILTERS, "F"))
    assert " ".join(written) == arguments
