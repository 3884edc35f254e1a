"""A dead network costs the patience, once, whatever is dead in it."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

PATIENCE_S = 0.2
MARGIN_S = 2.0  # for a busy machine


@pytest.fixture
def in_time() -> Iterator[None]:
    """The test may take the patience and a margin."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < PATIENCE_S + MARGIN_S


NO_ANSWER = f"no answer\n  expected  at least 1000 bytes in {PATIENCE_S} s\n  got       nothing"


@pytest.mark.usefixtures("in_time")
def test_refused_connection(remote_at: Any, refusing_host: str, target: Path, failure: Any) -> None:
    text = failure(remote_at(refusing_host, patience_s=PATIENCE_S), target)
    assert text.startswith(
        "cannot be reached\n  expected  an answer\n  got       ConnectionRefusedError: "
    )


@pytest.mark.usefixtures("in_time")
def test_name_server_that_never_answers(
    remote_at: Any, target: Path, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    is_over = threading.Event()

    def getaddrinfo(*arguments: object, **options: object) -> list[object]:
        is_over.wait(30)
        raise socket.gaierror("over")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        assert failure(remote_at("data.invalid", patience_s=PATIENCE_S), target) == NO_ANSWER
    finally:
        is_over.set()


def test_unknown_name(
    remote_at: Any, target: Path, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    def getaddrinfo(*arguments: object, **options: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert failure(remote_at("data.invalid"), target) == (
        "cannot be reached\n"
        "  expected  an answer\n"
        "  got       gaierror: [Errno -2] Name or service not known"
    )


@pytest.mark.usefixtures("in_time")
def test_server_that_stays_silent(remote_at: Any, target: Path, failure: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # accepts, as the system does
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        assert failure(remote_at(host, patience_s=PATIENCE_S), target) == NO_ANSWER


@pytest.mark.usefixtures("in_time")
def test_headers_that_trickle(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    def behave(handler: Any) -> None:
        for letter in b"HTTP/1.0 200 OK and so on and on and on":
            handler.wfile.write(bytes([letter]))
            handler.wait(0.05)

    assert failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target) == NO_ANSWER


@pytest.mark.usefixtures("in_time")
def test_stall_before_the_first_byte(
    serve: Any, remote_at: Any, target: Path, failure: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, 5)
        handler.wait()

    assert failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target) == NO_ANSWER


def test_stall_in_the_middle(
    serve: Any, remote_at: Any, target: Path, content: bytes, failure: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        handler.wfile.write(content[:5000])
        handler.wait()

    begin = time.monotonic()
    remote = remote_at(serve(behave).host, patience_s=PATIENCE_S)
    assert failure(remote, target) == (
        f"too slow\n  expected  at least 1000 bytes in {PATIENCE_S} s\n  got       5000 bytes"
    )
    # The first bytes started the patience anew; they came at once.
    assert time.monotonic() - begin < 2 * PATIENCE_S + MARGIN_S
    assert target.with_name("mnist.npz.part").read_bytes() == content[:5000]


@pytest.mark.usefixtures("in_time")
def test_trickle(serve: Any, remote_at: Any, target: Path, content: bytes, failure: Any) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        for byte in content:
            handler.wfile.write(bytes([byte]))
            handler.wait(0.01)

    text = failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target)
    assert re.fullmatch(
        rf"too slow\n  expected  at least 1000 bytes in {PATIENCE_S} s\n  got  +\d+ bytes", text
    )


def test_attempts_share_the_patience(
    serve: Any, remote_at: Any, target: Path, content: bytes, failure: Any
) -> None:
    """Every retry of a network that is nearly dead would add up otherwise."""

    def behave(handler: Any) -> None:
        handler.wait(0.15)
        handler.head(200, len(content))
        handler.wfile.write(content[:10])

    server = serve(behave)
    text = failure(remote_at(server.host, patience_s=PATIENCE_S), target)
    assert text.startswith("no answer\n")
    assert len(server.ranges) <= 2


class StalledAnswer:
    """An answer whose socket gives up a little before we do."""

    status = 200
    headers: ClassVar[dict[str, str]] = {}

    def __enter__(self) -> StalledAnswer:
        return self

    def __exit__(self, *arguments: object) -> None:
        pass

    def read1(self, size: int) -> bytes:
        raise TimeoutError("timed out")


@pytest.mark.parametrize("moment", ["connecting", "waiting", "reading"])
def test_timeout_of_the_socket(
    moment: str, remote_at: Any, target: Path, failure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as our own."""

    def urlopen(*arguments: object, **options: object) -> StalledAnswer:
        if moment == "connecting":
            raise urllib.error.URLError(TimeoutError("timed out"))
        if moment == "waiting":
            raise TimeoutError("timed out")
        return StalledAnswer()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert failure(remote_at("data.invalid", patience_s=PATIENCE_S), target) == NO_ANSWER
