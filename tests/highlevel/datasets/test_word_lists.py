"""Texts as word numbers: odd arguments and odd files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_rows import lists, npz

from thalweg.core.errors import FileFormatError, OptionError
from thalweg.datasets import imdb, reuters


def put(path: Path, x: Any, y: Any = None) -> Path:
    labels = np.zeros(len(x), "int64") if y is None else y
    path.write_bytes(npz({"x": x, "y": labels}))
    return path


def test_texts_of_one_length_stay_lists(tmp_path: Path) -> None:
    (x, _), (rest, _) = reuters.load_data(
        put(tmp_path / "a.npz", lists([1, 2], [3, 4], [5, 6])), test_split=0.4, seed=0
    )
    assert (x.dtype, x.shape, rest.shape) == (object, (1,), (2,))
    assert all(type(word) is int for text in (*x, *rest) for word in text)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_files_that_numpy_itself_writes(save: Any, tmp_path: Path) -> None:
    x, y = lists([1, 70000], [], [300]), np.array([1, 0, 1])
    save(tmp_path / "a.npz", x=x, y=y)
    order = np.random.RandomState(113).permutation(3)
    (got, labels), _ = reuters.load_data(
        tmp_path / "a.npz", test_split=0, start_char=None, index_from=0, num_words=10**6
    )
    assert got.tolist() == x[order].tolist()
    np.testing.assert_array_equal(labels, y[order], strict=True)


def test_empty_texts(tmp_path: Path) -> None:
    file = put(tmp_path / "a.npz", lists([], [5], []))
    (x, _), _ = reuters.load_data(file, test_split=0, num_words=100)
    assert sorted(x) == [[1], [1], [1, 8]]
    (x, _), _ = reuters.load_data(file, test_split=0, start_char=None, oov_char=None, num_words=3)
    assert x.tolist() == [[], [], []]


def test_no_texts_at_all(tmp_path: Path) -> None:
    (x, y), _ = reuters.load_data(put(tmp_path / "a.npz", lists([])), test_split=0, num_words=9)
    assert x.tolist() == [[1]]
    assert y.tolist() == [0]


def test_maxlen_that_leaves_nothing(tmp_path: Path) -> None:
    file = put(tmp_path / "a.npz", lists([1, 2], [3]))
    with pytest.raises(OptionError, match=r"reuters: no text is shorter than maxlen\n"):
        reuters.load_data(file, maxlen=2)


@pytest.mark.parametrize("test_split", [-0.1, 1.1, "half"])
def test_bad_split(test_split: Any) -> None:
    with pytest.raises(OptionError, match="0 <= test_split <= 1"):
        reuters.load_data(test_split=test_split)


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (lists([1, 2], (3,)), "these are no texts"),  # type: ignore[arg-type]
        (lists([1, 2], ["a"]), "a word is no number"),  # type: ignore[list-item]
        (lists([1, 2], [True]), "a word is no number"),
        (lists([1], [-1]), "a word's number is out of range"),
        (lists([1], [2**31]), "a word's number is out of range"),
        (np.array([1, 2]), "the array 'x' has another dtype"),
        (np.empty((2, 2), object), "the array 'x' has another shape"),
    ],
)
def test_other_arrays(x: Any, told: str, tmp_path: Path) -> None:
    file = put(tmp_path / "a.npz", x)
    with pytest.raises(FileFormatError) as caught:
        reuters.load_data(file)
    assert told in str(caught.value)
    assert "hint      a good copy is at https://storage.googleapis.com/" in str(caught.value)


def test_header_and_pickle_that_differ(tmp_path: Path) -> None:
    content = npz({"x": lists([1], [2]), "y": np.zeros(2, "int64")})
    import io
    import pickle
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        head = archive.read("x.npy")[:128]
        y = archive.read("y.npy")
    for value in (lists([1]), [[1], [2]], np.array([1, 2])):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("x.npy", head + pickle.dumps(value, 3))
            archive.writestr("y.npy", y)
        with pytest.raises(FileFormatError, match="not the array that its header declares"):
            reuters.load_data(tmp_path / "a.npz")


def test_one_list_in_many_places(tmp_path: Path) -> None:
    """A small file must not become a large one: shared lists count each time."""
    text = [7] * 50_000
    file = put(tmp_path / "a.npz", lists(*[text] * 3000))
    assert file.stat().st_size < 100_000
    with pytest.raises(FileFormatError, match="these are no texts"):
        reuters.load_data(file)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "3", '{"a": "b"}', '{"a": 1.5}', '{"a": true}', "[" * 100_000, '{"a": 1'],
)
def test_other_indices(content: str, tmp_path: Path) -> None:
    (tmp_path / "imdb_word_index.json").write_text(content)
    with pytest.raises(FileFormatError, match="a JSON object of words and their numbers"):
        imdb.get_word_index(tmp_path)


def test_index_that_is_too_large(tmp_path: Path) -> None:
    words = json.dumps({f"{n:0300}": n for n in range(30_000)})
    (tmp_path / "a.json").write_text(words)
    with pytest.raises(FileFormatError, match="too large"):
        imdb.get_word_index(tmp_path / "a.json")
