"""A web server on the loopback interface that does what a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["CONTENT", "Behaviour", "Handler", "Server"]

CONTENT = bytes(range(256)) * 400  # 102,400 bytes
Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the test's behaviour."""

    server: Server

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        self.server.behaviour(self)

    def head(self, status: int, length: int | None, **headers: str) -> None:
        """Sends the headers."""
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def whole(self, content: bytes = CONTENT) -> None:
        """Answers as a good server without ranges does."""
        self.head(200, len(content))
        self.wfile.write(content)

    def ranged(self, content: bytes = CONTENT) -> None:
        """Answers as a good server does: with the bytes that are asked for."""
        asked = self.headers.get("Range")
        if asked is None:
            return self.whole(content)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return self.head(416, 0, Content_Range=f"bytes */{len(content)}")
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.head(206, len(content) - start, Content_Range=span)
        self.wfile.write(content[start:])

    def wait(self, seconds: float = 30.0) -> None:
        """Says nothing until the test is over, or for some time."""
        self.wfile.flush()
        self.server.is_over.wait(seconds)

    def log_message(self, *arguments: Any) -> None:
        """Nobody reads a log here."""


class Server(ThreadingHTTPServer):
    """A server on the loopback interface; `ranges` has the Range header of each request."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.ranges: list[str | None] = []
        self.is_over = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *arguments: Any) -> None:
        """A client that goes away early is part of many tests."""
