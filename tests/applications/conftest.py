"""A home folder of its own for every test, and a fresh session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback import Behaviour, Server

from thalweg.core import Session, set_session
from thalweg.datasets.download import forget_failures


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of the test."""
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _own_machine(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the settings, caches or proxies of the machine, or reaches the network."""
    for name in ("THALWEG_DATA", "THALWEG_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("THALWEG_OFFLINE", "1")
    here = tmp_path / "here"
    here.mkdir()
    home.mkdir()
    monkeypatch.chdir(here)
    forget_failures()
    set_session(Session())
    yield
    set_session(None)
    forget_failures()
    for thread in threading.enumerate():
        if thread.name == "thalweg-download":
            thread.join(5)


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
