"""The tokenizer and its relatives, against counts made by hand."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import DataError, FileFormatError, OptionError
from thalweg.preprocessing.text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    text_to_word_sequence,
    tokenizer_from_json,
)

TEXTS = ["The cat sat on the mat.", "The dog sat on the log.", "Dogs and cats living together."]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Hello, World!\tA\nb", {}, ["hello", "world", "a", "b"]),
        ("  two   blanks ", {}, ["two", "blanks"]),
        ("Keep It", {"lower": False}, ["Keep", "It"]),
        ("a.b,c", {"filters": ","}, ["a.b", "c"]),
        ("a-b_c", {"split": "_", "filters": "-"}, ["a", "b", "c"]),
        ("one!!two", {"split": "**", "filters": "!"}, ["one", "two"]),
        ("it's", {}, ["it's"]),
        ("ÄÖÜ naïve ΣΊΓΜΑ", {}, ["äöü", "naïve", "σίγμα"]),
        ("", {}, []),
    ],
)
def test_words(text: str, options: dict[str, Any], expected: list[str]) -> None:
    assert text_to_word_sequence(text, **options) == expected


def test_hashes() -> None:
    """MD5 as the standard library has it, and any function."""

    def place(word: str, n: int) -> int:
        return int.from_bytes(hashlib.md5(word.encode()).digest(), "big") % (n - 1) + 1

    expected = [place(word, 30) for word in ("the", "naïve", "cat")]
    assert hashing_trick("The naïve cat", 30, "md5") == expected
    assert one_hot("The naïve cat", 30) == hashing_trick("The naïve cat", 30) == expected
    assert hashing_trick("a bb ccc dddd", 4, len) == [2, 3, 1, 2]
    assert hashing_trick("a b", 9, len, analyzer=lambda text: [text]) == [4]
    with pytest.raises(OptionError):
        hashing_trick("a", 1)
    with pytest.raises(OptionError, match="'md5'"):
        hashing_trick("a", 5, "sha1")


def test_hashes_are_the_same_in_every_process() -> None:
    code = "from thalweg.preprocessing.text import one_hot; print(one_hot('a b c d e', 1000))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def fitted(**options: Any) -> Tokenizer:
    tokenizer = Tokenizer(**options)
    tokenizer.fit_on_texts(TEXTS)
    return tokenizer


def test_counts() -> None:
    tokenizer = fitted()
    assert tokenizer.word_counts == {
        **{"the": 4, "cat": 1, "sat": 2, "on": 2, "mat": 1, "dog": 1, "log": 1, "dogs": 1},
        **{"and": 1, "cats": 1, "living": 1, "together": 1},
    }
    assert tokenizer.word_docs["the"] == tokenizer.word_docs["sat"] == 2
    assert tokenizer.document_count == 3
    # By frequency, then by appearance.
    assert list(tokenizer.word_index.items())[:5] == [
        ("the", 1), ("sat", 2), ("on", 3), ("cat", 4), ("mat", 5),
    ]  # fmt: skip
    assert tokenizer.index_word == {n: word for word, n in tokenizer.word_index.items()}
    assert tokenizer.index_docs[1] == 2


def test_sequences_and_back() -> None:
    tokenizer = fitted()
    assert tokenizer.texts_to_sequences(["The cat and a unicorn"]) == [[1, 4, 9]]
    assert tokenizer.sequences_to_texts([[1, 4, 9, 99], []]) == ["the cat and", ""]
    assert list(tokenizer.texts_to_sequences_generator(TEXTS[:1])) == [[1, 4, 2, 3, 1, 5]]
    assert tokenizer.sequences_to_texts(np.array([[1, 4]])) == ["the cat"]


def test_unknown_words() -> None:
    tokenizer = fitted(oov_token="<oov>", num_words=4)
    assert tokenizer.word_index["<oov>"] == 1
    assert tokenizer.word_index["the"] == 2
    assert tokenizer.texts_to_sequences(["the cat on a unicorn"]) == [[2, 1, 1, 1, 1]]
    assert tokenizer.sequences_to_texts([[2, 4, 99]]) == ["the <oov> <oov>"]
    assert fitted(num_words=4).texts_to_sequences(["the cat sat on"]) == [[1, 2, 3]]


def test_characters_and_lists() -> None:
    tokenizer = Tokenizer(char_level=True)
    tokenizer.fit_on_texts(["AbaB", "a c"])
    assert tokenizer.word_index == {"a": 1, "b": 2, " ": 3, "c": 4}
    assert tokenizer.texts_to_sequences(["cab"]) == [[4, 1, 2]]
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts([["New York", "is"], ["new york"]])
    assert tokenizer.word_index == {"new york": 1, "is": 2}
    tokenizer = Tokenizer(analyzer=lambda text: text.split("|"))
    tokenizer.fit_on_texts(["a b|c"])
    assert tokenizer.word_index == {"a b": 1, "c": 2}


def test_fitting_goes_on() -> None:
    tokenizer = fitted()
    tokenizer.fit_on_texts(["dog dog dog dog dog"])
    assert tokenizer.word_index["dog"] == 1
    assert tokenizer.word_index["the"] == 2
    assert tokenizer.document_count == 4


def test_matrices() -> None:
    tokenizer = Tokenizer(num_words=4)
    tokenizer.fit_on_texts(["a a a b", "a c", "d"])
    texts = ["a b a d", ""]
    assert tokenizer.texts_to_matrix(texts).tolist() == [[0, 1, 1, 0], [0] * 4]
    assert tokenizer.texts_to_matrix(texts, "count").tolist() == [[0, 2, 1, 0], [0] * 4]
    # "d" is too rare to be among the words.
    third = pytest.approx([0, 2 / 3, 1 / 3, 0])
    assert tokenizer.texts_to_matrix(texts, "freq")[0].tolist() == third
    a = (1 + math.log(2)) * math.log(1 + 3 / (1 + 2))
    b = (1 + math.log(1)) * math.log(1 + 3 / (1 + 1))
    tfidf = tokenizer.texts_to_matrix(texts, "tfidf")
    assert tfidf[0].tolist() == pytest.approx([0, a, b, 0], rel=1e-14)
    assert fitted().sequences_to_matrix([[1], [2, 2]]).shape == (2, 13)


def test_matrices_of_sequences() -> None:
    tokenizer = Tokenizer(num_words=5)
    tokenizer.fit_on_sequences([[1, 3, 1], [3], [4]])
    assert tokenizer.index_docs == {1: 1, 3: 2, 4: 1}
    assert tokenizer.document_count == 3
    got = tokenizer.sequences_to_matrix([[3, 9]], "tfidf")
    assert got[0].tolist() == pytest.approx([0, 0, 0, math.log(1 + 3 / 3), 0])


def test_errors() -> None:
    with pytest.raises(DataError, match="fit_on_texts first, or num_words"):
        Tokenizer().sequences_to_matrix([[1]])
    with pytest.raises(DataError, match="has seen no text"):
        Tokenizer(num_words=3).sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(OptionError, match="did you mean 'tfidf'"):
        fitted().texts_to_matrix(TEXTS, "tf_idf")
    with pytest.raises(OptionError, match=r"has no argument 'numwords'\n(.*\n)*.*'num_words'"):
        Tokenizer(numwords=3)
    with pytest.raises(DataError, match="this is no text"):
        Tokenizer().fit_on_texts([7])
    with pytest.warns(DeprecationWarning, match="num_words"):
        assert Tokenizer(nb_words=3).num_words == 3


def test_json() -> None:
    tokenizer = fitted(num_words=6, oov_token="?", lower=False, filters=".")
    again = tokenizer_from_json(tokenizer.to_json())
    assert vars(again) == vars(tokenizer)
    assert again.texts_to_sequences(TEXTS) == tokenizer.texts_to_sequences(TEXTS)
    text = json.loads(tokenizer.to_json(indent=1))
    assert text["class_name"] == "Tokenizer"
    assert json.loads(text["config"]["index_word"])["1"] == "?"


@pytest.mark.parametrize(
    "change",
    [
        {"word_counts": "{"},
        {"word_index": json.dumps({"a": "b"})},
        {"index_word": json.dumps({"a": "b"})},
        {"index_docs": json.dumps([1])},
        {"num_words": "many"},
        {"analyzer": "os.system"},
        {"lower": 7},
    ],
)
def test_damaged_json(change: dict[str, Any]) -> None:
    whole = json.loads(fitted().to_json())
    whole["config"].update(change)
    with pytest.raises(FileFormatError, match="not a tokenizer"):
        tokenizer_from_json(json.dumps(whole))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"config": 3}', "[" * 100_000])
def test_other_json(text: str) -> None:
    with pytest.raises(FileFormatError, match="not a tokenizer"):
        tokenizer_from_json(text)
