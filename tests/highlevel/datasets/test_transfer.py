"""Downloads from servers that behave well or badly."""

from __future__ import annotations

import io
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from thalweg.core.errors import DataError
from thalweg.datasets.download import download
from thalweg.datasets.transfer import Pace

# --- it works -------------------------------------------------------------------------------------


def test_download(serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any) -> None:
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [None]


def test_what_is_there_is_not_downloaded(
    remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    target.parent.mkdir()
    target.write_bytes(content)
    download(remote_at("host.invalid"), target)
    assert only_file(target) == content


def test_wrong_file_is_replaced(
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    download(remote_at(serve(lambda handler: handler.whole()).host), target)
    assert only_file(target) == content


def test_no_length(
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, None)
        handler.wfile.write(content)

    download(remote_at(serve(behave).host), target)
    assert only_file(target) == content


def test_slow_but_living(
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    """Longer than the patience in all, but never too little in one stretch of it."""

    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        for start in range(0, len(content), 12800):
            handler.wfile.write(content[start : start + 12800])
            handler.wait(0.1)

    begin = time.monotonic()
    download(remote_at(serve(behave).host, patience_s=0.6), target)
    assert time.monotonic() - begin > 0.6
    assert only_file(target) == content


# --- resuming -------------------------------------------------------------------------------------


def test_resume(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
) -> None:
    part.write_bytes(content[:1000])
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == ["bytes=1000-"]


def test_server_without_ranges(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
) -> None:
    part.write_bytes(b"something else")
    server = serve(lambda handler: handler.whole())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert len(server.ranges) == 1


def test_stale_part(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
) -> None:
    """The older piece was of another file: the checksum tells, and all is fetched again."""
    part.write_bytes(b"x" * 1000)
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == ["bytes=1000-", None]


def test_part_is_complete(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
) -> None:
    part.write_bytes(content)
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [f"bytes={len(content)}-"]


def test_part_is_too_long(
    serve: Any, remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
) -> None:
    part.write_bytes(content + b"x")
    server = serve(lambda handler: handler.ranged())
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [f"bytes={len(content) + 1}-", None]


@pytest.mark.parametrize("span", ["bytes 7-102399/102400", "bytes */102400", "lines 5-6/7", ""])
def test_another_piece_than_asked(
    span: str, serve: Any, remote_at: Any, target: Path, part: Path, content: bytes, only_file: Any
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


def test_piece_without_asking(
    serve: Any, remote_at: Any, target: Path, content: bytes, failure: Any
) -> None:
    server = serve(lambda handler: handler.head(206, 0, Content_Range="bytes 5-9/10"))
    assert failure(remote_at(server.host), target) == (
        "the server sent another piece than it was asked for\n"
        "  expected  bytes from 0\n"
        "  got       bytes from 5"
    )


def test_connection_that_breaks_once(
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
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
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    def behave(handler: Any) -> None:
        if handler.headers.get("Range"):
            return handler.ranged()
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = True
        handler.head(200, None, Transfer_Encoding="chunked", Connection="close")
        handler.wfile.write(b"1388\r\n" + content[:5000] + b"\r\nffff\r\n")

    server = serve(behave)
    download(remote_at(server.host), target)
    assert only_file(target) == content
    assert server.ranges == [None, "bytes=5000-"]


def test_interrupt_keeps_what_has_come(
    serve: Any,
    remote_at: Any,
    target: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    only_file: Any,
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


# --- servers that answer wrongly ------------------------------------------------------------------


def test_always_truncated(
    serve: Any, remote_at: Any, target: Path, content: bytes, failure: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, len(content))
        handler.wfile.write(content[:5000])

    server = serve(behave)
    assert failure(remote_at(server.host), target) == (
        "the connection broke\n  expected  102400 bytes\n  got       5000 bytes"
    )
    assert server.ranges == [None, "bytes=5000-", "bytes=5000-"]
    assert target.with_name("mnist.npz.part").read_bytes() == content[:5000]


def test_truncated_to_nothing(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    """An attempt that brings nothing is not repeated."""
    server = serve(lambda handler: handler.head(200, 77))
    assert failure(remote_at(server.host), target) == (
        "the connection broke\n  expected  77 bytes\n  got       0 bytes"
    )
    assert len(server.ranges) == 1


def test_length_too_small(
    serve: Any, remote_at: Any, target: Path, content: bytes, failure: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, 5000)
        handler.wfile.write(content)

    remote = remote_at(serve(behave).host)
    text = failure(remote, target)
    assert text.startswith(f"wrong checksum\n  expected  sha256 {remote.checksum}\n")
    assert text.endswith(" of 5000 bytes")
    assert not target.with_name("mnist.npz.part").exists()


def test_length_over_the_limit(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    server = serve(lambda handler: handler.head(200, 10**15))
    assert failure(remote_at(server.host), target) == (
        "larger than it may be\n"
        "  expected  at most 200000 bytes\n"
        "  got       1000000000000000 bytes announced"
    )


def test_length_that_is_no_number(
    serve: Any, remote_at: Any, target: Path, content: bytes, only_file: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, None, Content_Length="-5")
        handler.wfile.write(content)

    download(remote_at(serve(behave).host), target)
    assert only_file(target) == content


def test_endless_answer(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    def behave(handler: Any) -> None:
        handler.head(200, None)
        while not handler.server.is_over.is_set():
            handler.wfile.write(b"x" * 10_000)

    text = failure(remote_at(serve(behave).host), target)
    assert re.fullmatch(
        r"larger than it may be\n  expected  at most 200000 bytes\n  got  +2\d{5} bytes received",
        text,
    )
    assert not target.with_name("mnist.npz.part").exists()


def test_resumed_beyond_the_limit(
    serve: Any, remote_at: Any, target: Path, part: Path, failure: Any
) -> None:
    def behave(handler: Any) -> None:
        handler.head(206, 199_999, Content_Range="bytes 5-200003/200004")

    part.write_bytes(b"start")
    text = failure(remote_at(serve(behave).host), target)
    assert text.endswith("got       200004 bytes announced")


def test_wrong_bytes(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    remote = remote_at(serve(lambda handler: handler.whole(b"a page that asks to log in")).host)
    assert failure(remote, target) == (
        "wrong checksum\n"
        f"  expected  sha256 {remote.checksum}\n"
        "  got       sha256 "  # printf 'a page that asks to log in' | sha256sum
        "903263d024ffcbb1b47ac3734f74306371806c6a390572e8ff664f3d00baa543 of 26 bytes"
    )
    assert not target.with_name("mnist.npz.part").exists()


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_status(status: int, serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    server = serve(lambda handler: handler.send_error(status))
    assert failure(remote_at(server.host), target) == (
        f"the server refused\n  expected  status 200\n  got       status {status}"
    )
    assert len(server.ranges) == 1


def test_failure_keeps_the_older_piece(
    serve: Any, remote_at: Any, target: Path, part: Path, failure: Any
) -> None:
    part.write_bytes(b"start")
    failure(remote_at(serve(lambda handler: handler.send_error(503)).host), target)
    assert part.read_bytes() == b"start"


def test_hang_up_without_answer(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    text = failure(remote_at(serve(lambda handler: None).host), target)
    assert text.startswith("cannot be reached\n  expected  an answer\n  got       RemoteDisconnec")


def test_no_http(serve: Any, remote_at: Any, target: Path, failure: Any) -> None:
    server = serve(lambda handler: handler.wfile.write(b"220 mail ready\r\n"))
    text = failure(remote_at(server.host), target)
    assert text.startswith("cannot be reached\n  expected  an answer\n  got       BadStatusLine")


def test_address_that_is_none(remote_at: Any, target: Path, failure: Any) -> None:
    assert failure(remote_at("", url="mnist.npz"), target) == (
        "cannot be reached\n"
        "  expected  an answer\n"
        "  got       ValueError: unknown url type: 'mnist.npz'"
    )


def test_failure_leaves_the_old_file(
    serve: Any, remote_at: Any, target: Path, only_file: Any
) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(DataError):
        download(remote_at(serve(lambda handler: handler.whole(b"new, wrong")).host), target)
    assert only_file(target) == b"old"


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
