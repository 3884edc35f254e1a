"""Layers on raw data in models: words in, learning before and after, files, and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import core, layers
from thalweg.core.errors import (
    CheckError,
    DataError,
    DtypeError,
    FileFormatError,
    OptionError,
    ShapeError,
)
from thalweg.layers import Input

TEXTS = np.array(["good film", "bad film", "good good", "bad bad film", "film", "good"])
LABELS = np.array([1, 0, 1, 0, 0, 1])


# --- in models ------------------------------------------------------------------------------------


def classifier() -> Any:
    """Texts -> numbers -> vectors -> a probability."""
    vectorize = layers.TextVectorization(output_sequence_length=3)
    vectorize.adapt(TEXTS)
    model = keras.Sequential(
        [
            Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(vectorize.vocabulary_size(), 4, embeddings_initializer="normal"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def test_a_model_of_texts_learns() -> None:
    model = classifier()
    model.optimizer.learning_rate = 0.1
    history = model.fit(TEXTS[:, None], LABELS, epochs=30, batch_size=3, verbose=0).history
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    predicted = model.predict(np.array([["good"], ["bad"]]), verbose=0)
    assert predicted[0] > 0.9 and predicted[1] < 0.1
    # A vector of texts, and a list of bytes, are the same texts.
    again = model.predict(np.array(["good", "bad"], object), verbose=0)
    np.testing.assert_array_equal(again, predicted)
    np.testing.assert_allclose(model(np.array([["good"], ["bad"]])), predicted, rtol=1e-6)


def test_a_model_of_texts_is_saved(tmp_path: Path) -> None:
    model = classifier()
    model.save(tmp_path / "model.h5")
    again = keras.models.load_model(tmp_path / "model.h5")
    expected = model.predict(TEXTS, verbose=0)
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), expected)
    copy = keras.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(TEXTS, verbose=0), expected)


def test_a_large_vocabulary_is_saved(tmp_path: Path) -> None:
    """Larger than one attribute of an HDF5 file may be."""
    words = [f"wörd{n:07}" for n in range(20_000)]
    lookup = layers.StringLookup(vocabulary=words)
    model = keras.Sequential([Input((1,), dtype="string"), lookup])
    model.save(tmp_path / "model.h5")
    again = keras.models.load_model(tmp_path / "model.h5")
    assert again.layers[-1].get_vocabulary() == ["[UNK]", *words]
    assert again.predict(np.array([[words[7]], ["x"]]), verbose=0).tolist() == [[8], [0]]


def test_a_sequential_that_begins_with_words() -> None:
    """Its input is made when the first data come."""
    model = keras.Sequential([layers.StringLookup(vocabulary=["a"], output_mode="one_hot")])
    assert model.predict(np.array([["a"], ["b"]]), verbose=0).tolist() == [[0, 1], [1, 0]]
    assert model.predict([["a"]], verbose=0).tolist() == [[0, 1]]


def test_several_inputs_of_two_kinds() -> None:
    city, size = Input((1,), dtype="string", name="city"), Input((2,), name="size")
    rows = layers.StringLookup(vocabulary=["Ulm", "Bonn"], output_mode="one_hot")(city)
    model = keras.Model([city, size], layers.Concatenate()([rows, size]))
    data = {"size": np.array([[1.0, 2.0]]), "city": np.array([["Bonn"]])}
    assert model.predict(data, verbose=0).tolist() == [[0, 0, 1, 1, 2]]


def test_words_for_a_model_of_numbers_and_the_other_way() -> None:
    model = keras.Sequential([Input((1,)), layers.Dense(1)])
    with pytest.raises(DataError) as caught:
        model.predict(np.array([["a"]]), verbose=0)
    assert "x is not an array of numbers\n  expected  float32 (None, 1)" in str(caught.value)
    with pytest.raises(DataError, match="x is not an array of strings"):
        classifier().predict(np.zeros((2, 1)), verbose=0)


def test_all_together_on_tensors_and_arrays() -> None:
    """Shapes are known when the model is built, and are those of the data."""
    cases: list[tuple[Callable[[], Any], Any, str]] = [
        (lambda: layers.CategoryEncoding(5, "count"), np.array([[1, 4, 4]] * 2), "int64"),
        (lambda: layers.CategoryEncoding(5, "one_hot"), np.array([[1], [4]]), "int32"),
        (lambda: layers.Discretization([0.0, 1.0]), np.float32([[0.5, -1]] * 2), "float32"),
        (lambda: layers.Discretization([0.0], output_mode="multi_hot"), np.eye(2), "float32"),
        (lambda: layers.Hashing(7), np.array([["a", "b"]] * 2), "string"),
        (lambda: layers.Hashing(7, output_mode="count"), np.array([[5, 6]] * 2), "int64"),
        (lambda: layers.StringLookup(vocabulary=["a"]), np.array([["a", "b"]] * 2), "string"),
        (
            lambda: layers.IntegerLookup(vocabulary=[5], output_mode="multi_hot"),
            np.array([[5, 6]] * 2),
            "int64",
        ),
        (lambda: layers.TextVectorization(vocabulary=["a"]), np.array(["a b", "b"]), "string"),
        (
            lambda: layers.TextVectorization(vocabulary=["a"], output_mode="count"),
            np.array(["a b", "b"]),
            "string",
        ),
    ]
    for make, data, dtype in cases:
        layer = make()
        x = Input(data.shape[1:], dtype=dtype)
        model = keras.Model(x, layer(x))
        expected = layer(data)
        got = model.predict(data.astype(dtype) if dtype != "string" else data, verbose=0)
        np.testing.assert_array_equal(got, expected, strict=True)
        static = model.output_shape
        assert len(static) == expected.ndim
        for size, real in zip(static[1:], expected.shape[1:], strict=True):
            assert size in (real, None)
        if not isinstance(layer, layers.TextVectorization):
            assert static[1:] == expected.shape[1:]
        assert make().compute_output_shape((None, *data.shape[1:])) == static


def test_count_in_three_axes() -> None:
    """The last axis is the one that is counted, as Keras documents it."""
    data = np.random.default_rng(0).integers(0, 6, (2, 3, 7))
    got = layers.CategoryEncoding(6, "count")(data)
    expected = np.stack([[np.bincount(row, minlength=6) for row in part] for part in data])
    np.testing.assert_array_equal(got, expected)
    got = layers.CategoryEncoding(6, "multi_hot")(data)
    np.testing.assert_array_equal(got, expected > 0)


def test_the_page_s_example() -> None:
    page = Path(__file__).parents[3] / "docs" / "data.md"
    [example] = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(page), "exec"), {})


# --- learning -------------------------------------------------------------------------------------


def test_a_vocabulary_learnt_after_the_model_was_built() -> None:
    lookup = layers.StringLookup()
    x = Input((2,), dtype="string")
    model = keras.Model(x, lookup(x))
    data = np.array([["b", "a"], ["b", "c"]])
    assert model.predict(data, verbose=0).tolist() == [[0, 0], [0, 0]]
    lookup.adapt(data)
    assert lookup.get_vocabulary() == ["[UNK]", "b", "c", "a"]
    assert model.predict(data, verbose=0).tolist() == [[1, 3], [1, 2]]
    lookup.set_vocabulary(["a"])
    assert model.predict(data, verbose=0).tolist() == [[0, 1], [0, 0]]


def test_rows_of_another_length_need_another_model() -> None:
    lookup = layers.StringLookup(output_mode="multi_hot")
    lookup.adapt(["a", "b"])
    assert lookup(["a"]).tolist() == [0, 0, 1]  # no model: learning may go on
    lookup.adapt(["a", "b", "c"])
    x = Input((1,), dtype="string")
    lookup(x)
    lookup.adapt(["d", "e", "f"])
    with pytest.raises(OptionError, match="a model was built for another vocabulary"):
        lookup.adapt(["a"])
    assert lookup.get_vocabulary(False) == ["f", "e", "d"]
    padded = layers.StringLookup(output_mode="count", max_tokens=5, pad_to_max_tokens=True)
    model = keras.Model(x, padded(x))
    padded.adapt(["a", "b", "c", "c"])
    assert model.predict(np.array([["c"]]), verbose=0).tolist() == [[0, 1, 0, 0, 0]]
    rare = layers.StringLookup(output_mode="tf_idf")
    rare.adapt(["a", "b"])
    rare(x)
    with pytest.raises(OptionError, match="a model was built for another vocabulary"):
        rare.adapt(["c", "c"])
    assert rare(["b"]).tolist() == rare(["b"]).tolist() != [0, 0, 0]


def test_normalization_learnt_after_the_model_was_built() -> None:
    layer = layers.Normalization()
    model = keras.Sequential([Input((2,)), layer])
    assert model.predict(np.eye(2), verbose=0).tolist() == [[1, 0], [0, 1]]
    layer.adapt(np.float32([[1, 10], [3, 30]]))
    assert model.predict(np.float32([[3, 10]]), verbose=0).tolist() == [[1, -1]]
    assert [w.name.partition("/")[2] for w in layer.weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []


def test_normalization_of_large_numbers() -> None:
    """Batches, merged, lose nothing: 1e6 with a deviation of 1."""
    data = 1e6 + np.random.default_rng(1).normal(size=(999, 3))
    layer = layers.Normalization(dtype="float64")
    layer.adapt(data[i : i + 100] for i in range(0, 999, 100))
    mean, variance, _ = layer.get_weights()
    np.testing.assert_allclose(mean, data.mean(0), rtol=1e-12)
    np.testing.assert_allclose(variance, data.var(0), rtol=1e-7)


def test_sources_of_batches() -> None:
    """A generator, a list of arrays, an object with an index, pairs (x, y), only some steps."""

    class Indexed:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            return np.array([[index, index]]), np.array([0])

    def learnt(data: Any, **options: Any) -> list[int]:
        layer = layers.IntegerLookup()
        layer.adapt(data, **options)
        return layer.get_vocabulary(False)

    whole = np.array([[0, 0], [1, 1], [2, 2]])
    assert learnt(whole) == learnt(whole.tolist()) == learnt(list(whole)) == [2, 1, 0]
    assert learnt(Indexed()) == learnt(row for row in whole) == [2, 1, 0]
    assert learnt((row for row in whole), steps=2) == [1, 0]


def test_learning_starts_anew() -> None:
    layer = layers.StringLookup()
    layer.adapt(["a", "a", "b"])
    layer.adapt(["c"])
    assert layer.get_vocabulary() == ["[UNK]", "c"]


def test_steps_of_learning() -> None:
    """As users of Keras write their own loops."""
    layer = layers.StringLookup()
    layer.reset_state()
    for batch in (["a", "b"], ["b"]):
        layer.update_state(np.array(batch))
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]


def test_texts_standardised_and_split_by_functions() -> None:
    layer = layers.TextVectorization(
        standardize=lambda texts: core.regex_replace(texts, "<.*?>", " "),
        split=lambda texts: core.string_split(texts, "|"),
    )
    layer.adapt(["a<br>b|c", "c|c"])
    assert layer.get_vocabulary() == ["", "[UNK]", "c", "a b"]
    assert layer(["a<x>b|d"]).tolist() == [[3, 1]]
    with pytest.raises(OptionError, match="cannot be written to a file"):
        layer.get_config()


def test_one_text() -> None:
    layer = layers.TextVectorization(vocabulary=["a", "b"])
    assert layer("b a c").tolist() == [3, 2, 1]
    assert layer([["b a c"]]).tolist() == [[3, 2, 1]]
    assert layer([]).shape == (0, 0)


def test_texts_that_are_words() -> None:
    layer = layers.TextVectorization(split=None, standardize=None, ngrams=2)
    layer.adapt([["a", "b"], ["a", "c"]])
    assert layer.get_vocabulary() == ["", "[UNK]", "a", "c", "b", "a c", "a b"]


def test_words_in_any_encoding() -> None:
    layer = layers.StringLookup(vocabulary=["höhe"], encoding="latin-1", invert=True)
    assert layer([1]).tolist() == ["höhe".encode("latin-1")]
    layer = layers.StringLookup(vocabulary=["höhe"], encoding="latin-1")
    assert layer(np.array(["höhe".encode("latin-1"), "höhe".encode()], object)).tolist() == [1, 0]


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_bytes("sea\nnew moon\r\nhöhe\n".encode())
    layer = layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    assert layer.get_vocabulary() == ["[UNK]", "sea", "new moon", "höhe"]
    assert layer.get_config()["vocabulary"] == ["sea", "new moon", "höhe"]
    (tmp_path / "numbers.txt").write_text("7\n-3")
    layer = layers.IntegerLookup()
    layer.set_vocabulary(str(tmp_path / "numbers.txt"))
    assert layer([-3, 7, 1]).tolist() == [2, 1, 0]
    with pytest.raises(OptionError, match="no such vocabulary file"):
        layers.StringLookup(vocabulary="nowhere.txt")


def test_a_file_of_a_model_names_no_vocabulary_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a\nb")
    for name in ("StringLookup", "IntegerLookup", "TextVectorization"):
        cls = getattr(layers, name)
        config = {**cls().get_config(), "vocabulary": str(tmp_path / "secret.txt")}
        with pytest.raises(FileFormatError, match="the configuration names a vocabulary file"):
            cls.from_config(config)


def test_configs_of_keras() -> None:
    """As Keras 3 writes them: what it adds is understood."""
    config = {
        "name": "string_lookup", "trainable": True, "dtype": "float32", "invert": False,
        "max_tokens": None, "num_oov_indices": 1, "oov_token": "[UNK]", "mask_token": None,
        "output_mode": "int", "sparse": False, "pad_to_max_tokens": False, "idf_weights": None,
        "vocabulary": ["a", "b"], "vocabulary_size": 3, "salt": None, "encoding": "utf-8",
    }  # fmt: skip
    assert layers.StringLookup.from_config(config)(["b"]).tolist() == [2]
    written = json.loads(json.dumps(layers.StringLookup(vocabulary=["a"]).get_config()))
    assert set(config) - set(written) == {"vocabulary_size"}
    config = {
        "name": "text", "trainable": True, "dtype": "float32", "max_tokens": None,
        "standardize": "lower", "split": "whitespace", "ngrams": [1, 2], "output_mode": "int",
        "output_sequence_length": 4, "pad_to_max_tokens": False, "sparse": False, "ragged": False,
        "vocabulary": ["a", "a b"], "idf_weights": None, "encoding": "utf-8", "vocabulary_size": 4,
    }  # fmt: skip
    assert layers.TextVectorization.from_config(config)(["A b"]).tolist() == [[2, 1, 3, 0]]


def test_weights_of_unknown_words_are_kept() -> None:
    layer = layers.StringLookup(
        vocabulary=["[UNK]", "a"], idf_weights=[7.0, 2.0], output_mode="tf_idf"
    )
    again = layers.StringLookup.from_config(json.loads(json.dumps(layer.get_config())))
    assert again(["b", "a", "a"]).tolist() == layer(["b", "a", "a"]).tolist() == [7, 4]


def test_a_learnt_layer_from_a_config_may_learn_again() -> None:
    layer = layers.StringLookup()
    layer.adapt(["a"])
    again = layers.StringLookup.from_config(layer.get_config())
    again.adapt(["b"])
    assert again.get_vocabulary() == ["[UNK]", "b"]


# --- errors ---------------------------------------------------------------------------------------


def test_unknown_words_without_a_number_for_them() -> None:
    layer = layers.StringLookup(vocabulary=["a"], num_oov_indices=0, mask_token="")
    assert layer(["a", ""]).tolist() == [1, 0]
    with pytest.raises(DataError, match=r"not in the table\n.*\n  got       b'x'"):
        layer(["a", "x"])


@pytest.mark.parametrize("number", [-1, 5])
def test_integers_out_of_range(number: int) -> None:
    with pytest.raises(CheckError):
        layers.CategoryEncoding(5)([[0, number]])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: layers.CategoryEncoding(), "bad num_tokens"),
        (lambda: layers.CategoryEncoding(0), "an integer >= 1"),
        (lambda: layers.CategoryEncoding(3, "int"), "'one_hot', 'multi_hot' or 'count'"),
        (lambda: layers.CategoryEncoding(3, sparse=True), "there are no sparse tensors"),
        (lambda: layers.CategoryEncoding(3)([[1]], count_weights=[[1.0]]), "of no use"),
        (lambda: layers.Discretization(), "got       neither"),
        (lambda: layers.Discretization([1.0], num_bins=3), "got       both"),
        (lambda: layers.Discretization([2.0, 1.0]), "ascending numbers"),
        (lambda: layers.Discretization([1.0]).adapt([1.0]), "the boundaries were given"),
        (lambda: layers.Discretization(num_bins=3)([1.0]), "the boundaries are not known"),
        (lambda: layers.Normalization(mean=1.0), "belong together"),
        (lambda: layers.Normalization(mean=[1.0], variance=2.0), "differ in shape"),
        (lambda: layers.Normalization(mean=[[1.0]], variance=[[2.0]]), "too many axes"),
        (lambda: layers.Normalization(axis=3)(np.eye(2)), "no such axis"),
        (lambda: layers.Normalization(mean=1.0, variance=2.0).adapt(np.eye(2)), "were given"),
        (lambda: layers.Hashing(0), "an integer >= 1"),
        (lambda: layers.Hashing(3, dtype="float32"), "'int32' or 'int64'"),
        (lambda: layers.Hashing(3, salt=(1, 2, 3)), "an integer, or two of them"),
        (lambda: layers.HashedCrossing(3, "count"), "'int' or 'one_hot'"),
        (lambda: layers.StringLookup(max_tokens=1), "an integer >= 2; or None"),
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), "twice in the vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a", 7]), "expected  words\n  got       7"),
        (lambda: layers.IntegerLookup(vocabulary=[7, 1.5]), "integers\n  got       1.5"),
        (lambda: layers.IntegerLookup(vocabulary=["x"]), "integers\n  got       'x'"),
        (lambda: layers.StringLookup(vocabulary=[]), "the vocabulary is empty"),
        (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), "the mask stands"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), "too large"),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]), "the vocabulary was given"),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), "invert gives values"),
        (lambda: layers.StringLookup(vocabulary=["x", "[UNK]"], invert=True), "oov_token stands"),
        (lambda: layers.StringLookup(output_mode="count")(["a"]), "there is no vocabulary"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), "bad max_tokens"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), "idf_weights"),
        (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]), "idf_weights"),
        (
            lambda: layers.StringLookup(
                vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0]
            ),
            "do not fit the vocabulary",
        ),
        (lambda: layers.StringLookup(vocabularies=["a"]), "has no argument 'vocabularies'"),
        (lambda: layers.IntegerLookup(salt=3), "oov_method='farmhash'"),
        (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), "'int64'"),
        (lambda: layers.TextVectorization(standardize="upper"), "bad standardize"),
        (lambda: layers.TextVectorization(split="words"), "bad split"),
        (lambda: layers.TextVectorization(ngrams=0), "bad ngrams"),
        (lambda: layers.TextVectorization(ragged=True), "there are no ragged tensors"),
        (
            lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
            "of no use",
        ),
    ],
)
def test_options(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: layers.CategoryEncoding(3)([0.5]), DtypeError),
        (lambda: layers.StringLookup()([1]), DtypeError),
        (lambda: layers.IntegerLookup()(["a"]), DtypeError),
        (lambda: layers.IntegerLookup()([0.5]), DtypeError),
        (lambda: layers.TextVectorization()([1]), DtypeError),
        (lambda: layers.TextVectorization()([["a", "b"]]), ShapeError),
        (lambda: layers.HashedCrossing(3)([["a"]]), ShapeError),
        (lambda: layers.HashedCrossing(3)([[["a", "b"]], [["c", "d"]]]), ShapeError),
        (lambda: layers.HashedCrossing(3)([["a"], ["b", "c"]]), ShapeError),
        (lambda: layers.HashedCrossing(3)([["a"], [0.5]]), DtypeError),
        (lambda: layers.Normalization()(Input((None,))), ShapeError),
        (lambda: layers.StringLookup().adapt(iter([])), DataError),
        (lambda: layers.StringLookup().adapt(7), DataError),
    ],
)
def test_data_that_do_not_fit(make: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


def test_batches_that_do_not_fit() -> None:
    layer = layers.Normalization()
    with pytest.raises(ShapeError, match=r"sizes \(2,\) on the axes \(1,\)\n  got       \(1, 3\)"):
        layer.adapt([np.ones((4, 2)), np.ones((1, 3))])
