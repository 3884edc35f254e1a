"""A home folder of its own for every test, and files on a web server that does what it wants."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import CONTENT, Behaviour, Server

from thalweg.core.errors import DataError
from thalweg.datasets.download import RemoteFile, download, forget_failures


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Server]]:
    """Starts servers; they end with the test."""
    servers: list[Server] = []

    def start(behaviour: Behaviour) -> Server:
        server = Server(behaviour)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.is_over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def remote_at() -> Callable[..., RemoteFile]:
    """Makes the description of a file that lies at a host."""

    def make(host: str, content: bytes = CONTENT, **options: Any) -> RemoteFile:
        fields: dict[str, Any] = {
            "name": "mnist.npz",
            "url": f"http://{host}/mnist.npz",
            "checksum": hashlib.sha256(content).hexdigest(),
            "maximum_bytes": 200_000,
            "minimum_bytes": 1000,
        }
        return RemoteFile(**{**fields, **options})

    return make


@pytest.fixture
def refusing_host() -> str:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def content() -> bytes:
    """What the file at `remote_at` holds."""
    return CONTENT


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a download goes; its folder is not there yet."""
    return tmp_path / "cache" / "mnist.npz"


@pytest.fixture
def part(target: Path) -> Path:
    """The unfinished file of a download; its folder is there."""
    target.parent.mkdir()
    return target.with_name("mnist.npz.part")


@pytest.fixture
def failure() -> Callable[[RemoteFile, Path], str]:
    """Downloads in vain; gives the error's text without the address."""

    def fail(remote: RemoteFile, target: Path) -> str:
        with pytest.raises(DataError) as caught:
            download(remote, target)
        # Nothing but an unfinished file may be there.
        assert {path.name for path in target.parent.iterdir()} <= {f"{target.name}.part"}
        text = str(caught.value)
        assert text.startswith(f"{remote.url}: ")
        return text.removeprefix(f"{remote.url}: ")

    return fail


@pytest.fixture
def only_file() -> Callable[[Path], bytes]:
    """Reads a file that must be alone in its folder."""

    def read(target: Path) -> bytes:
        assert [path.name for path in target.parent.iterdir()] == [target.name]
        return target.read_bytes()

    return read


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of the test."""
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _own_machine(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings, caches or proxies of the machine it runs on."""
    for name in ("THALWEG_DATA", "THALWEG_HOME", "THALWEG_OFFLINE", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")
    here = tmp_path / "here"
    here.mkdir()
    home.mkdir()
    monkeypatch.chdir(here)
    forget_failures()
    yield
    forget_failures()
    for thread in threading.enumerate():
        if thread.name == "thalweg-download":
            thread.join(5)
