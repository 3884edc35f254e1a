"""Downloads from servers that behave well, badly, or not at all."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from thalweg.core.errors import DataError
from thalweg.datasets.download import RemoteFile, download
from thalweg.datasets.locks import exclusive
from thalweg.datasets.transfer import Pace

PATIENCE_S = 0.2
MARGIN_S = 0.6  # for a busy machine


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mnist.npz"


@pytest.fixture
def part(target: Path) -> Path:
    """The unfinished file; its folder is there."""
    target.parent.mkdir()
    return target.with_name("mnist.npz.part")


def failure(remote: RemoteFile, target: Path) -> str:
    """The text of the error; afterwards nothing but an unfinished file may be there."""
    with pytest.raises(DataError) as caught:
        download(remote, target)
    assert {path.name for path in target.parent.iterdir()} <= {"mnist.npz.part"}
    text = str(caught.value)
    assert text.startswith(f"{remote.url}: ")
    return text.removeprefix(f"{remote.url}: ")


def only_file(target: Path) -> bytes:
    """What was downloaded, with nothing left beside it."""
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    return target.read_bytes()


# --- it works -------------------------------------------------------------------------------------


def test_download(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [None]


def test_what_is_there_is_not_downloaded(remote_at: Any, target: Path, content: bytes) -> None:
    target.parent.mkdir()
    target.write_bytes(content)
    download(remote_at("host.invalid"), target)
    assert only_file(target) == content


def test_wrong_file_is_replaced(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    download(remote_at(serve(lambda handler: handler.whole()).host), target)
    assert only_file(target) == content


def test_no_length(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, None)
        handler.wfile.write(content)

    download(remote_at(serve(behave).host), target)
    assert only_file(target) == content


def test_slow_but_living(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    """Longer than the patience in all, but never too little in one stretch of it."""

    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        for start in range(0, len(content), 20480):
            handler.wfile.write(content[start : start + 20480])
            handler.wait(0.1)

    begin = time.monotonic()
    download(remote_at(serve(behave).host, patience_s=0.35), target)
    assert time.monotonic() - begin > 0.35
    assert only_file(target) == content


# --- resuming -------------------------------------------------------------------------------------


def test_resume(serve: Any, remote_at: Any, target: Path, part: Path, content: bytes) -> None:
    part.write_bytes(content[:1000])
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == ["bytes=1000-"]


def test_server_without_ranges(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes
) -> None:
    part.write_bytes(b"something else")
    server = serve(lambda handler: handler.whole())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert len(server.ranges) == 1


def test_stale_part(serve: Any, remote_at: Any, target: Path, part: Path, content: bytes) -> None:
    """The older piece was of another file: the checksum tells, and all is fetched again."""
    part.write_bytes(b"x" * 1000)
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == ["bytes=1000-", None]


def test_part_is_complete(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes
) -> None:
    part.write_bytes(content)
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [f"bytes={len(content)}-"]


def test_part_is_too_long(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes
) -> None:
    part.write_bytes(content + b"x")
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [f"bytes={len(content) + 1}-", None]


@pytest.mark.parametrize("span", ["bytes 7-102399/102400", "bytes */102400", "lines 5-6/7", ""])
def test_another_piece_than_asked(
    span: str, serve: Any, remote_at: Any, target: Path, part: Path, content: bytes
) -> None:
    def behave(handler: Any) -> None:
        if handler.headers.get("Range") is None:
            return handler.whole()
        handler.head(206, 9, Content_Range=span)
        handler.wfile.write(b"no matter")

    part.write_bytes(content[:1000])
    server = serve(behave)
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == ["bytes=1000-", None]


def test_piece_without_asking(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    server = serve(lambda handler: handler.head(206, 0, Content_Range="bytes 5-9/10"))
    assert failure(remote_at(server.host), target) == (
        "the server sent another piece than it was asked for\n"
        "  expected  bytes from 0\n"
        "  got       bytes from 5"
    )


def test_connection_that_breaks_once(
    serve: Any, remote_at: Any, target: Path, content: bytes
) -> None:
    def behave(handler: Any) -> None:
        if handler.headers.get("Range"):
            return handler.ranged()
        handler.head(200, len(content))
        handler.wfile.write(content[:5000])

    server = serve(behave)
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [None, "bytes=5000-"]


def test_chunked_answer_that_breaks(
    serve: Any, remote_at: Any, target: Path, content: bytes
) -> None:
    def behave(handler: Any) -> None:
        if handler.headers.get("Range"):
            return handler.ranged()
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = True
        handler.head(200, None, Transfer_Encoding="chunked", Connection="close")
        handler.wfile.write(b"1388\r\n" + content[:5000] + b"\r\n" + b"ffff\r\nshort")

    server = serve(behave)
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert len(server.ranges) == 2
    assert server.ranges[1] is not None


def test_interrupt_keeps_what_has_come(
    serve: Any, remote_at: Any, target: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behave(handler: Any) -> None:
        if handler.headers.get("Range"):
            return handler.ranged()
        handler.head(200, len(content))
        handler.wfile.write(content[:5000])
        handler.wait(0.1)
        handler.wfile.write(content[5000:9000])
        handler.wait()

    first = iter([False])

    def count(pace: Pace, size: int) -> None:
        if next(first, True):
            raise KeyboardInterrupt

    server = serve(behave)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Pace, "count", count)
        download(remote_at(server.host), target)
    (part,) = target.parent.iterdir()
    kept = part.read_bytes()
    assert part.name == "mnist.npz.part"
    assert kept
    assert content.startswith(kept)
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [None, f"bytes={len(kept)}-"]


# --- a dead network costs the patience, once ------------------------------------------------------


@pytest.fixture
def in_time() -> Iterator[None]:
    """The test may take the patience and a margin."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < PATIENCE_S + MARGIN_S


NO_ANSWER = f"no answer\n  expected  at least 1000 bytes in {PATIENCE_S} s\n  got       nothing"


@pytest.mark.usefixtures("in_time")
def test_refused_connection(remote_at: Any, refusing_host: str, target: Path) -> None:
    text = failure(remote_at(refusing_host, patience_s=PATIENCE_S), target)
    assert text.startswith(
        "cannot be reached\n  expected  an answer\n  got       ConnectionRefusedError: "
    )


@pytest.mark.usefixtures("in_time")
def test_name_server_that_never_answers(
    remote_at: Any, target: Path, monkeypatch: pytest.MonkeyPatch
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


def test_unknown_name(remote_at: Any, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*arguments: object, **options: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert failure(remote_at("data.invalid"), target) == (
        "cannot be reached\n"
        "  expected  an answer\n"
        "  got       gaierror: [Errno -2] Name or service not known"
    )


@pytest.mark.usefixtures("in_time")
def test_server_that_stays_silent(remote_at: Any, target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # accepts, as the system does
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        assert failure(remote_at(host, patience_s=PATIENCE_S), target) == NO_ANSWER


@pytest.mark.usefixtures("in_time")
def test_headers_that_trickle(serve: Any, remote_at: Any, target: Path) -> None:
    def behave(handler: Any) -> None:
        for letter in b"HTTP/1.0 200 OK and so on and on and on":
            handler.wfile.write(bytes([letter]))
            handler.wait(0.05)

    assert failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target) == NO_ANSWER


@pytest.mark.usefixtures("in_time")
def test_stall_before_the_first_byte(serve: Any, remote_at: Any, target: Path) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, 5)
        handler.wait()

    assert failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target) == NO_ANSWER


def test_stall_in_the_middle(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
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
def test_trickle(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        for byte in content:
            handler.wfile.write(bytes([byte]))
            handler.wait(0.01)

    text = failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target)
    assert re.fullmatch(
        rf"too slow\n  expected  at least 1000 bytes in {PATIENCE_S} s\n  got       \d+ bytes", text
    )


def test_attempts_share_the_patience(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes
) -> None:
    """Every retry of a network that is nearly dead would add up otherwise."""

    def behave(handler: Any) -> None:
        handler.wait(0.15)
        handler.head(200, len(content))
        handler.wfile.write(content[:10])

    begin = time.monotonic()
    text = failure(remote_at(serve(behave).host, patience_s=PATIENCE_S), target)
    assert text.startswith("no answer\n")
    assert time.monotonic() - begin < PATIENCE_S + MARGIN_S


# --- servers that answer wrongly ------------------------------------------------------------------


def test_always_truncated(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        handler.wfile.write(content[:5000])

    server = serve(behave)
    assert failure(remote_at(server.host), target) == (
        "the connection broke\n  expected  102400 bytes\n  got       5000 bytes"
    )
    assert server.ranges == [None, "bytes=5000-", "bytes=5000-"]
    assert target.with_name("mnist.npz.part").read_bytes() == content[:5000]


def test_truncated_to_nothing(serve: Any, remote_at: Any, target: Path) -> None:
    """An attempt that brings nothing is not repeated."""
    server = serve(lambda handler: handler.head(200, 77))
    assert failure(remote_at(server.host), target) == (
        "the connection broke\n  expected  77 bytes\n  got       0 bytes"
    )
    assert len(server.ranges) == 1


def test_length_too_small(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, 5000)
        handler.wfile.write(content)

    remote = remote_at(serve(behave).host)
    text = failure(remote, target)
    assert text.startswith(f"wrong checksum\n  expected  sha256 {remote.sha256}\n")
    assert text.endswith(" of 5000 bytes")
    assert not target.with_name("mnist.npz.part").exists()


def test_length_over_the_limit(serve: Any, remote_at: Any, target: Path) -> None:
    server = serve(lambda handler: handler.head(200, 10**15))
    assert failure(remote_at(server.host), target) == (
        "larger than it may be\n"
        "  expected  at most 200000 bytes\n"
        "  got       1000000000000000 bytes announced"
    )


def test_length_that_is_no_number(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, None, Content_Length="-5")
        handler.wfile.write(content)

    download(remote_at(serve(behave).host), target)
    assert only_file(target) == content


def test_endless_answer(serve: Any, remote_at: Any, target: Path) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, None)
        while not handler.server.is_over.is_set():
            handler.wfile.write(b"x" * 10_000)

    text = failure(remote_at(serve(behave).host), target)
    assert re.fullmatch(
        r"larger than it may be\n  expected  at most 200000 bytes\n  got       2\d{5} bytes received",
        text,
    )
    assert not target.with_name("mnist.npz.part").exists()


def test_resumed_beyond_the_limit(serve: Any, remote_at: Any, target: Path, part: Path) -> None:
    def behave(handler: Any) -> None:
        handler.head(206, 199_999, Content_Range="bytes 5-200003/200004")

    part.write_bytes(b"start")
    text = failure(remote_at(serve(behave).host), target)
    assert text.endswith("got       200004 bytes announced")


def test_wrong_bytes(serve: Any, remote_at: Any, target: Path) -> None:
    remote = remote_at(serve(lambda handler: handler.whole(b"a page that asks to log in")).host)
    assert failure(remote, target) == (
        "wrong checksum\n"
        f"  expected  sha256 {remote.sha256}\n"
        # printf 'a page that asks to log in' | sha256sum
        "  got       sha256 903263d024ffcbb1b47ac3734f74306371806c6a390572e8ff664f3d00baa543 of 26 bytes"
    )
    assert not target.with_name("mnist.npz.part").exists()


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_status(status: int, serve: Any, remote_at: Any, target: Path) -> None:
    server = serve(lambda handler: handler.send_error(status))
    assert failure(remote_at(server.host), target) == (
        f"the server refused\n  expected  status 200\n  got       status {status}"
    )
    assert len(server.ranges) == 1


def test_failure_keeps_the_older_piece(
    serve: Any, remote_at: Any, target: Path, part: Path
) -> None:
    part.write_bytes(b"start")
    failure(remote_at(serve(lambda handler: handler.send_error(503)).host), target)
    assert part.read_bytes() == b"start"


def test_hang_up_without_answer(serve: Any, remote_at: Any, target: Path) -> None:
    text = failure(remote_at(serve(lambda handler: None).host), target)
    assert text.startswith("cannot be reached\n  expected  an answer\n  got       RemoteDisconnec")


def test_no_http(serve: Any, remote_at: Any, target: Path) -> None:
    server = serve(lambda handler: handler.wfile.write(b"220 mail ready\r\n"))
    text = failure(remote_at(server.host), target)
    assert text.startswith("cannot be reached\n  expected  an answer\n  got       BadStatusLine")


def test_address_that_is_none(remote_at: Any, target: Path) -> None:
    assert failure(remote_at("", url="mnist.npz"), target) == (
        "cannot be reached\n"
        "  expected  an answer\n"
        "  got       ValueError: unknown url type: 'mnist.npz'"
    )


def test_failure_leaves_the_old_file(serve: Any, remote_at: Any, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(DataError):
        download(remote_at(serve(lambda handler: handler.whole(b"new, wrong")).host), target)
    assert only_file(target) == b"old"


# --- this machine ---------------------------------------------------------------------------------


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


def test_another_process_gets_on(remote_at: Any, target: Path, part: Path, content: bytes) -> None:
    """It takes longer than the patience, but its file grows; then nothing is left to do."""

    def work() -> None:
        with exclusive(target.with_name("mnist.npz.lock")):
            is_working.set()
            for start in range(0, len(content), 20480):
                with open(part, "ab") as file:
                    file.write(content[start : start + 20480])
                time.sleep(0.1)
            os.replace(part, target)

    is_working = threading.Event()
    other = threading.Thread(target=work)
    other.start()
    is_working.wait()
    download(remote_at("host.invalid", patience_s=0.35), target)
    other.join()
    assert only_file(target) == content


CHILD = """
import sys
from pathlib import Path
from thalweg.datasets.download import RemoteFile, download
url, sha256, target = sys.argv[1:]
download(RemoteFile("mnist.npz", url, sha256, 200_000), Path(target))
"""


def test_two_processes(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    """One downloads, the other waits for it."""

    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        handler.wfile.write(content[:50_000])
        handler.wait(0.3)
        handler.wfile.write(content[50_000:])

    server = serve(behave)
    remote = remote_at(server.host)
    command = [sys.executable, "-c", CHILD, remote.url, remote.sha256, str(target)]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [child.communicate()[1] for child in children] == [b"", b""]
    assert only_file(target) == content
    assert len(server.ranges) == 1


def test_threads(serve: Any, remote_at: Any, target: Path, content: bytes) -> None:
    server = serve(lambda handler: handler.whole())
    remote = remote_at(server.host)
    threads = [threading.Thread(target=download, args=(remote, target)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert only_file(target) == content
    assert len(server.ranges) == 1


# --- progress -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal(
    serve: Any, remote_at: Any, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    download(remote_at(serve(lambda handler: handler.whole()).host), target)
    assert "mnist.npz" in terminal.getvalue()
    assert "102.4/102.4 kB" in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_no_progress_elsewhere(
    stream: io.StringIO | None,
    serve: Any,
    remote_at: Any,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setitem(sys.modules, "rich.progress", None)  # importing it would fail
    download(remote_at(serve(lambda handler: handler.whole()).host), target)
    assert stream is None or stream.getvalue() == ""
