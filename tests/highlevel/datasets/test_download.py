"""Where a file is looked for, in which order, and what is said when it is nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from thalweg.core.errors import DataError, OptionError
from thalweg.datasets.download import (
    CorruptFileWarning,
    download,
    forget_failures,
    resolve,
)
from thalweg.datasets.locks import exclusive

PATIENCE_S = 0.2
MARGIN_S = 2.0  # for a busy machine


@pytest.fixture
def remote(remote_at: Any) -> Any:
    """A file that no server has."""
    return remote_at("host.invalid")


@pytest.fixture
def own(home: Path) -> Path:
    """The file in our cache; its folder is there."""
    folder = home / ".thalweg" / "datasets"
    folder.mkdir(parents=True)
    return folder / "mnist.npz"


@pytest.fixture
def keras(home: Path) -> Path:
    """The file in Keras's cache; its folder is there."""
    folder = home / ".keras" / "datasets"
    folder.mkdir(parents=True)
    return folder / "mnist.npz"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THALWEG_OFFLINE", "1")


# --- 1. a path ------------------------------------------------------------------------------------


def test_path_of_a_file(remote: Any, tmp_path: Path) -> None:
    """Its content is the user's affair."""
    file = tmp_path / "digits.npz"
    file.write_bytes(b"anything")
    for path in (file, str(file), os.fsencode(file), "../digits.npz"):
        assert resolve(remote, path).samefile(file)


def test_path_of_a_folder(remote: Any, tmp_path: Path) -> None:
    (tmp_path / "mnist.npz").touch()
    assert resolve(remote, tmp_path) == tmp_path / "mnist.npz"
    assert resolve(remote, "..") == Path("../mnist.npz")


def test_path_below_home(remote: Any, home: Path) -> None:
    (home / "digits.npz").touch()
    assert resolve(remote, "~/digits.npz") == home / "digits.npz"


def test_path_comes_first(
    remote: Any, own: Path, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.write_bytes(content)
    (tmp_path / "mnist.npz").touch()
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mnist.npz").touch()
    assert resolve(remote, tmp_path / "a" / "mnist.npz") == tmp_path / "a" / "mnist.npz"


def test_bare_name_of_a_file_here(remote: Any) -> None:
    Path("digits.npz").touch()
    Path("mnist.npz").touch()
    assert resolve(remote, "digits.npz") == Path("digits.npz")
    assert resolve(remote, "mnist.npz") == Path("mnist.npz")


def test_bare_name_of_a_folder_here(remote: Any) -> None:
    Path("data").mkdir()
    Path("data/mnist.npz").touch()
    assert resolve(remote, "data") == Path("data/mnist.npz")


@pytest.mark.parametrize("path", ["nowhere/mnist.npz", "./mnist.npz", "folder", "~/mnist.npz"])
def test_missing_path(path: str, remote: Any, home: Path) -> None:
    Path("folder").mkdir()
    wanted = {"folder": "folder/mnist.npz", "~/mnist.npz": f"{home}/mnist.npz"}.get(path, path)
    with pytest.raises(OptionError) as caught:
        resolve(remote, path)
    assert str(caught.value) == (
        "mnist.npz: the path does not exist\n"
        "  expected  an existing file, or a folder that holds it\n"
        f"  got       {wanted!r}, looked up from {os.getcwd()!r}\n"
        "  hint      a bare file name, or no path, looks in the cache and downloads"
    )


@pytest.mark.parametrize("path", ["", 3, ["mnist.npz"]])
def test_no_path(path: Any, remote: Any) -> None:
    with pytest.raises(OptionError) as caught:
        resolve(remote, path)
    assert str(caught.value) == (
        "mnist.npz: this is no path\n"
        "  expected  a file, a folder that holds it, or None\n"
        f"  got       {path!r}"
    )


# --- 2. THALWEG_DATA ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [None, "mnist.npz", "another_name.npz"])
def test_data_folder(
    path: str | None,
    remote: Any,
    own: Path,
    home: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes before the cache, and its checksum does not matter."""
    own.write_bytes(content)
    (home / "data").mkdir()
    (home / "data" / "mnist.npz").write_bytes(b"other bytes")
    monkeypatch.setenv("THALWEG_DATA", "~/data")
    assert resolve(remote, path) == home / "data" / "mnist.npz"


def test_data_folder_without_the_file(
    remote: Any, own: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.write_bytes(content)
    monkeypatch.setenv("THALWEG_DATA", "/nowhere")
    assert resolve(remote) == own


# --- 3. and 4. the caches -------------------------------------------------------------------------


def test_caches_in_order(
    remote: Any, home: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(folder: str) -> Path:
        file = home / folder / "datasets" / "mnist.npz"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        return file

    last = put(".keras")
    assert resolve(remote) == last
    monkeypatch.setenv("KERAS_HOME", str(home / "keras_home"))
    assert resolve(remote) == last
    keras = put("keras_home")
    assert resolve(remote) == keras
    own = put(".thalweg")
    assert resolve(remote) == own
    monkeypatch.setenv("THALWEG_HOME", "~/mine")
    assert resolve(remote) == keras  # THALWEG_HOME stands in for ~/.thalweg
    assert resolve(remote) != own
    assert resolve(remote) == keras
    mine = put("mine")
    assert resolve(remote) == mine


def test_bare_name_in_the_cache(remote: Any, own: Path, content: bytes) -> None:
    own.with_name("digits.npz").write_bytes(content)
    assert resolve(remote, "digits.npz") == own.with_name("digits.npz")


def test_another_folder(remote_at: Any, home: Path, content: bytes) -> None:
    file = home / ".keras" / "models" / "mnist.npz"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert resolve(remote_at("host.invalid", folder="models")) == file


def test_corrupt_file_is_replaced(serve: Any, remote_at: Any, own: Path, content: bytes) -> None:
    own.write_bytes(b"corrupt")
    server = serve(lambda handler: handler.whole())
    remote = remote_at(server.host)
    with pytest.warns(CorruptFileWarning) as caught:
        assert resolve(remote) == own
    assert str(caught[0].message) == (
        f"{own}: a cached file has the wrong checksum\n"
        f"  expected  sha256 {remote.checksum}\n"
        "  got       sha256 "  # printf corrupt | sha256sum
        "11d510e067d2cdcd7559bd86d27a2f4c20babd43670346b97af99b522c1f0075\n"
        "  hint      it is now named mnist.npz.corrupt; a download puts a good one in its place"
    )
    assert caught[0].filename == __file__
    assert own.read_bytes() == content
    assert own.with_name("mnist.npz.corrupt").read_bytes() == b"corrupt"
    assert resolve(remote) == own  # and no warning, which would be an error
    assert len(server.ranges) == 1


@pytest.mark.usefixtures("offline")
def test_corrupt_file_and_no_network(remote: Any, own: Path) -> None:
    own.write_bytes(b"corrupt")
    with (
        pytest.warns(CorruptFileWarning),
        pytest.raises(DataError, match=r"mnist\.npz has the wrong checksum\n"),
    ):
        resolve(remote)
    assert [path.name for path in own.parent.iterdir()] == ["mnist.npz.corrupt"]


def test_corrupt_file_mended_by_another_process(
    remote: Any, own: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our look and our lock; the good file must not be set aside."""
    own.write_bytes(content)
    monkeypatch.setattr("thalweg.datasets.download.checksum_of", lambda file, like: "old")
    assert resolve(remote) == own
    assert own.read_bytes() == content


@pytest.mark.usefixtures("offline")
def test_corrupt_file_that_must_stay(remote: Any, own: Path) -> None:
    own.write_bytes(b"corrupt")
    lock = own.with_name("mnist.npz.lock")
    with (
        exclusive(lock),
        pytest.warns(CorruptFileWarning) as caught,
        pytest.raises(DataError),
    ):
        resolve(remote)
    assert str(caught[0].message).endswith(
        f"  hint      it could not be set aside: {lock} is held by another process"
    )
    assert own.read_bytes() == b"corrupt"


def test_corrupt_file_of_keras(serve: Any, remote_at: Any, own: Path, keras: Path) -> None:
    """It is not ours to move."""
    keras.write_bytes(b"corrupt")
    remote = remote_at(serve(lambda handler: handler.whole()).host)
    with pytest.warns(CorruptFileWarning) as caught:
        assert resolve(remote) == own
    assert str(caught[0].message).startswith(f"{keras}: a cached file has the wrong checksum\n")
    assert str(caught[0].message).endswith(
        "  hint      the file is another library's and stays as it is"
    )
    assert [path.name for path in keras.parent.iterdir()] == ["mnist.npz"]


def test_unreadable_file(
    remote: Any, keras: Path, monkeypatch: pytest.MonkeyPatch, offline: None
) -> None:
    def refuse(file: Path, like: str) -> str:
        raise PermissionError(13, "Permission denied", str(file))

    keras.touch()
    monkeypatch.setattr("thalweg.datasets.download.checksum_of", refuse)
    with (
        pytest.warns(CorruptFileWarning, match=r"got       PermissionError: \[Errno 13\]"),
        pytest.raises(DataError),
    ):
        resolve(remote)


def test_unknown_home(remote: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(OptionError) as caught:
        resolve(remote)
    assert str(caught.value) == (
        "THALWEG_HOME: the home folder is not known\n"
        "  expected  a home folder of this user\n"
        f"  got       {os.path.join('~', '.thalweg')}\n"
        "  hint      set the environment variable HOME"
    )
    assert os.listdir() == []


# --- 5. the download ------------------------------------------------------------------------------


def test_download_into_the_cache(
    serve: Any, remote_at: Any, home: Path, content: bytes, only_file: Any
) -> None:
    server = serve(lambda handler: handler.whole())
    remote = remote_at(server.host)
    file = home / ".thalweg" / "datasets" / "mnist.npz"
    assert resolve(remote) == file
    assert resolve(remote) == file
    assert only_file(file) == content
    assert len(server.ranges) == 1


def test_download_under_a_bare_name(
    serve: Any, remote_at: Any, home: Path, content: bytes, only_file: Any
) -> None:
    remote = remote_at(serve(lambda handler: handler.whole()).host)
    file = home / ".thalweg" / "datasets" / "digits.npz"
    assert resolve(remote, "digits.npz") == file
    assert only_file(file) == content
    assert os.listdir() == []


def test_download_into_thalweg_home(
    serve: Any, remote_at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THALWEG_HOME", str(tmp_path / "mine"))
    remote = remote_at(serve(lambda handler: handler.whole()).host)
    assert resolve(remote) == tmp_path / "mine" / "datasets" / "mnist.npz"


def test_nowhere(remote_at: Any, refusing_host: str, home: Path) -> None:
    remote = remote_at(refusing_host)
    with pytest.raises(DataError) as caught:
        resolve(remote)
    said = str(caught.value)
    refusal = said[said.index("[Errno") : said.index("\n  hint")]  # the system's own words
    assert said == (
        "mnist.npz: not on this machine, and not downloaded\n"
        "  expected  the file in one of 4 places\n"
        "  got       THALWEG_DATA is not set\n"
        f"            {home}/.thalweg/datasets/mnist.npz is not there\n"
        f"            {home}/.keras/datasets/mnist.npz is not there\n"
        f"            {remote.url}: cannot be reached: ConnectionRefusedError: {refusal}\n"
        "  hint      repair the network and start Python again; or get the file by other means "
        "and give its path, or set THALWEG_DATA to its folder"
    )


@pytest.mark.usefixtures("offline")
def test_offline(
    serve: Any, remote_at: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    server = serve(lambda handler: handler.whole())
    remote = remote_at(server.host)
    with pytest.raises(DataError) as caught:
        resolve(remote)
    assert str(caught.value) == (
        "mnist.npz: not on this machine, and not downloaded\n"
        "  expected  the file in one of 4 places\n"
        f"  got       THALWEG_DATA is set, but {tmp_path}/mnist.npz is not there\n"
        f"            {home}/.thalweg/datasets/mnist.npz is not there\n"
        f"            {home}/.keras/datasets/mnist.npz is not there\n"
        f"            {remote.url}: not tried, THALWEG_OFFLINE is set\n"
        "  hint      unset THALWEG_OFFLINE; or get the file by other means "
        "and give its path, or set THALWEG_DATA to its folder"
    )
    assert server.ranges == []
    assert os.listdir(home) == []


@pytest.mark.parametrize("value", ["", "0"])
def test_not_offline(
    value: str, serve: Any, remote_at: Any, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THALWEG_OFFLINE", value)
    assert resolve(remote_at(serve(lambda handler: handler.whole()).host)) == own


def test_dead_network_costs_once(remote_at: Any, serve: Any) -> None:
    """Nor do other files of the same host cost anything."""
    server = serve(lambda handler: handler.wait())
    remote = remote_at(server.host, patience_s=PATIENCE_S)
    other = remote_at(server.host, name="other.npz", url=f"http://{server.host}/other.npz")
    with pytest.raises(DataError, match="no answer: nothing\n"):
        resolve(remote)
    for file in (remote, other):
        with pytest.raises(DataError, match="no answer: nothing, earlier in this process\n"):
            resolve(file)
    assert len(server.ranges) == 1
    forget_failures()
    with pytest.raises(DataError, match="no answer: nothing\n"):
        resolve(remote)
    assert len(server.ranges) == 2


def test_missing_file_says_nothing_about_its_host(serve: Any, remote_at: Any, home: Path) -> None:
    server = serve(
        lambda handler: handler.send_error(404) if "mnist" in handler.path else (handler.whole())
    )
    remote = remote_at(server.host)
    other = remote_at(server.host, name="other.npz", url=f"http://{server.host}/other.npz")
    for _ in range(2):
        with pytest.raises(DataError, match="the server refused: status 404"):
            resolve(remote)
    assert len(server.ranges) == 1
    assert resolve(other) == home / ".thalweg" / "datasets" / "other.npz"


def test_local_failure_is_not_remembered(
    serve: Any, remote_at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = remote_at(serve(lambda handler: handler.whole()).host)
    (tmp_path / "file").touch()
    monkeypatch.setenv("THALWEG_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot be stored: NotADirectoryError: "):
        resolve(remote)
    monkeypatch.setenv("THALWEG_HOME", str(tmp_path / "folder"))
    assert resolve(remote) == tmp_path / "folder" / "datasets" / "mnist.npz"


# --- one download at a time -----------------------------------------------------------------------


def test_folder_that_cannot_be_made(remote_at: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "cache"
    with pytest.raises(DataError) as caught:
        download(remote_at("host.invalid"), folder / "mnist.npz")
    assert str(caught.value).startswith(
        "http://host.invalid/mnist.npz: cannot be stored\n"
        f"  expected  a folder {folder} that can be written; THALWEG_HOME moves it\n"
        "  got       NotADirectoryError: "
    )


def test_another_process_gets_stuck(remote_at: Any, target: Path, part: Path) -> None:
    lock = target.with_name("mnist.npz.lock")
    with exclusive(lock):
        begin = time.monotonic()
        with pytest.raises(DataError) as caught:
            download(remote_at("host.invalid", patience_s=PATIENCE_S), target)
        assert time.monotonic() - begin < PATIENCE_S + MARGIN_S
    assert str(caught.value) == (
        "http://host.invalid/mnist.npz: another process downloads it and does not get on\n"
        f"  expected  {part} to grow by 1000 bytes in {PATIENCE_S} s\n"
        f"  got       {lock} is held by another process"
    )


def test_another_process_gets_on(
    remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
) -> None:
    """It takes longer than the patience, but its file grows; then nothing is left to do."""

    def work() -> None:
        with exclusive(target.with_name("mnist.npz.lock")):
            is_working.set()
            for start in range(0, len(content), 12800):
                with open(part, "ab") as file:
                    file.write(content[start : start + 12800])
                time.sleep(0.1)
            os.replace(part, target)

    is_working = threading.Event()
    other = threading.Thread(target=work)
    other.start()
    is_working.wait()
    download(remote_at("host.invalid", patience_s=0.6), target)
    other.join()
    assert only_file(target) == content


CHILD = """
import sys
from pathlib import Path
from thalweg.datasets.download import RemoteFile, download
url, sha256, target = sys.argv[1:]
download(RemoteFile("mnist.npz", url, sha256, 200_000), Path(target))
"""


@pytest.mark.slow
def test_two_processes(
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    """One downloads, the other waits for it."""

    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        handler.wfile.write(content[:50_000])
        handler.wait(0.3)
        handler.wfile.write(content[50_000:])

    server = serve(behave)
    remote = remote_at(server.host)
    command = [sys.executable, "-c", CHILD, remote.url, remote.checksum, str(target)]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [child.communicate()[1] for child in children] == [b"", b""]
    assert only_file(target) == content
    assert len(server.ranges) == 1


def test_threads(serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any) -> None:
    server = serve(lambda handler: handler.whole())
    remote = remote_at(server.host)
    threads = [threading.Thread(target=download, args=(remote, target)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert only_file(target) == content
    assert len(server.ranges) == 1
