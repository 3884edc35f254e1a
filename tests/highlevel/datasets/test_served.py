"""Every data set: from a good server, from bad ones, from the cache, a path and THALWEG_DATA."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_rows import ROWS, Row

import thalweg.datasets
from thalweg.core.errors import DataError, FileFormatError, OptionError
from thalweg.datasets import SampleDataWarning
from thalweg.datasets.download import RemoteFile

Behaviour = Callable[[Any, bytes], None]
PATIENCE_S = 0.3


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> Row:
    """Each data set in turn."""
    return ROWS[request.param]


@pytest.fixture
def served(row: Row, serve: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Behaviour], Any]:
    """Puts a server in place of the data set's; it answers with the row's contents."""

    def start(behave: Behaviour) -> Any:
        contents = {name.rpartition("/")[2]: content for name, content in row.contents.items()}
        server = serve(lambda handler: behave(handler, contents[handler.path[1:]]))
        known = getattr(row.home, row.attribute)
        files = [
            dataclasses.replace(
                file,
                url=f"http://{server.host}/{file.name.rpartition('/')[2]}",
                checksum=hashlib.sha256(row.contents[file.name]).hexdigest(),
                patience_s=PATIENCE_S,
                minimum_bytes=100,
            )
            for file in (known if isinstance(known, tuple) else (known,))
        ]
        replacement = tuple(files) if isinstance(known, tuple) else files[0]
        monkeypatch.setattr(row.home, row.attribute, replacement)
        return server

    return start


def check(row: Row) -> None:
    """What is loaded is what was packed."""
    for got, expected in zip(row.loaded(), row.expected, strict=True):
        if expected.dtype == object:
            assert got.dtype == object
            assert got.shape == expected.shape
            assert got.tolist() == expected.tolist()
        else:
            np.testing.assert_array_equal(got, expected, strict=True)


def failure(row: Row) -> str:
    """The text of the error; MNIST falls back on its sample and says so."""
    if row.module == "mnist":
        with pytest.warns(SampleDataWarning) as caught:
            row.loaded()
        return str(caught[0].message)
    with pytest.raises(DataError) as error:
        row.loaded()
    return str(error.value)


def cached(home: Path) -> list[str]:
    """The names in our cache."""
    folder = home / ".thalweg"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_every_set_has_a_row() -> None:
    modules = {name for name in thalweg.datasets.__all__ if name.islower()}
    assert {row.module for row in ROWS.values()} == modules


def test_download_then_cache(row: Row, served: Any, home: Path) -> None:
    server = served(lambda handler, content: handler.whole(content))
    check(row)
    check(row)
    assert len(server.ranges) == len(row.contents)
    for name, content in row.contents.items():
        assert (home / ".thalweg" / "datasets" / name).read_bytes() == content


def test_connection_that_breaks_is_continued(row: Row, served: Any) -> None:
    """The first answer ends in the middle of what was promised."""
    begun = set()

    def behave(handler: Any, content: bytes) -> None:
        if handler.path not in begun:
            begun.add(handler.path)
            handler.head(200, len(content))
            handler.wfile.write(content[: len(content) // 2])
        else:
            handler.ranged(content)

    server = served(behave)
    check(row)
    assert len(server.ranges) == 2 * len(row.contents)


def truncates(handler: Any, content: bytes) -> None:
    handler.head(200, len(content))
    handler.wfile.write(content[: len(content) // 2])


def stalls(handler: Any, content: bytes) -> None:
    handler.head(200, len(content))
    handler.wfile.write(content[:20])
    handler.wait(5 * PATIENCE_S)


def says_too_little(handler: Any, content: bytes) -> None:
    handler.head(200, len(content) - 5)
    handler.wfile.write(content)


def says_too_much(handler: Any, content: bytes) -> None:
    handler.head(200, len(content) + 5)
    handler.wfile.write(content)


def other_bytes(handler: Any, content: bytes) -> None:
    handler.whole(bytes(byte ^ 1 for byte in content))


def endless(handler: Any, content: bytes) -> None:
    handler.head(200, 2**40)
    handler.wfile.write(content)


@pytest.mark.parametrize(
    ("behave", "told"),
    [
        (truncates, "the connection broke"),
        (stalls, "too slow"),
        (says_too_little, "wrong checksum"),
        (says_too_much, "the connection broke"),
        (other_bytes, "wrong checksum"),
        (endless, "larger than it may be"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_bad_server(behave: Behaviour, told: str, row: Row, served: Any, home: Path) -> None:
    """Nothing that is not whole ever has the file's name."""
    served(behave)
    assert told in failure(row)
    assert all(name.endswith(".part") for name in cached(home))


def test_folder(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By THALWEG_DATA; the checksum of the user's own file does not matter."""
    put(row, tmp_path)
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    check(row)


def test_keras_cache(row: Row, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that Keras has put there is used, and stays as it is."""
    monkeypatch.setenv("THALWEG_OFFLINE", "1")
    folder = home / ".keras" / "datasets"
    put(row, folder)
    known = getattr(row.home, row.attribute)
    files = [
        dataclasses.replace(file, checksum=hashlib.sha256(row.contents[file.name]).hexdigest())
        for file in (known if isinstance(known, tuple) else (known,))
    ]
    monkeypatch.setattr(
        row.home, row.attribute, tuple(files) if isinstance(known, tuple) else files[0]
    )
    check(row)
    for alias in files[0].aliases:
        (folder / files[0].name).rename(folder / alias)
        check(row)
        (folder / alias).rename(folder / files[0].name)
    assert cached(home) == []


def put(row: Row, folder: Path) -> None:
    """Writes the row's files into a folder."""
    for name, content in row.contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_path(row: Row, tmp_path: Path) -> None:
    """A folder, or the file itself where it is one."""
    put(row, tmp_path)
    function = "get_word_index" if row.attribute == "_INDEX" else "load_data"
    original = getattr(row.home, function)
    paths: list[Any] = [tmp_path, str(tmp_path)]
    if len(row.contents) == 1:
        paths.append(tmp_path / next(iter(row.contents)))
    for path in paths:
        bound = Row(
            row.module,
            row.contents,
            row.expected,
            lambda home, path=path: row.load(_With(home, function, original, path)),
        )
        check(bound)
    with pytest.raises(OptionError):
        original(path=tmp_path / "nowhere")


class _With:
    """A module whose loader is called with a path."""

    def __init__(self, home: Any, function: str, original: Any, path: Any) -> None:
        self.__dict__.update(vars(home))
        setattr(self, function, lambda **options: original(path=path, **options))


def test_truncated_file(row: Row, tmp_path: Path) -> None:
    put(row, tmp_path)
    for name, content in row.contents.items():
        (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
    function = "get_word_index" if row.attribute == "_INDEX" else "load_data"
    with pytest.raises(FileFormatError) as caught:
        getattr(row.home, function)(path=tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_arguments_are_keras_s() -> None:
    """Names, order and defaults of Keras 3.15; `path` may be None everywhere here."""
    words = "num_words=None skip_top=0 maxlen=None {}seed=113 start_char=1 oov_char=2 index_from=3"
    known = {
        "mnist": "",
        "fashion_mnist": "",
        "cifar10": "",
        "cifar100": "label_mode='fine'",
        "imdb": words.format(""),
        "reuters": words.format("test_split=0.2 "),
        "boston_housing": "test_split=0.2 seed=113",
        "california_housing": "version='large' test_split=0.2 seed=113",
    }
    for module, expected in known.items():
        function = getattr(thalweg.datasets, module).load_data
        parameters = inspect.signature(function).parameters.values()
        got = [f"{p.name}={p.default!r}" for p in parameters if p.name != "path"]
        assert " ".join(got) == expected


def test_files_are_well_described() -> None:
    for row in ROWS.values():
        known = getattr(row.home, row.attribute)
        for file in known if isinstance(known, tuple) else (known,):
            assert isinstance(file, RemoteFile)
            assert file.url.startswith("https://")
            assert len(file.checksum) in (32, 64)
            assert int(file.checksum, 16) and file.checksum == file.checksum.lower()
