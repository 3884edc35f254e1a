"""Every error a user sees: one formatter, so that all of them read alike.

A message has up to six parts, and code that raises passes *fields*, never assembled text:

    ShapeError: matmul: inner sizes differ
      expected  a (..., k) and b (k, units) with one k
      got       a float32 (None, 784), b float32 (512, 10)
      node      'lenet/dense_1/matmul', layer Dense 'dense_1'
      made at   train.py:41   x = Dense(10)(x)
      hint      the layer was built for 512 features; it now receives 784

Whoever detects the mistake knows `expected` and `got`; callers further out know the node, the
layer and the user's line, and add them with :meth:`ThalwegError.at` while the error passes.

>>> error = ShapeError("matmul", "inner sizes differ", expected="one k", got="784 and 512")
>>> print(error.at(node="dense/matmul"))
matmul: inner sizes differ
  expected  one k
  got       784 and 512
  node      'dense/matmul'
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

__all__ = [
    "CheckError",
    "DataError",
    "DeviceError",
    "DtypeError",
    "FeedError",
    "FileFormatError",
    "GraphError",
    "KernelError",
    "MissingExtraError",
    "OptionError",
    "ShapeError",
    "Site",
    "ThalwegError",
    "UnknownNameError",
    "nearest",
    "require_extra",
    "user_site",
]

_E = TypeVar("_E", bound="ThalwegError")


class Site(NamedTuple):
    """The line of the user's program that made a node."""

    filename: str
    line: int

    def __str__(self) -> str:
        """`train.py:41   x = Dense(10)(x)`; the source is read only when an error is shown."""
        source = linecache.getline(self.filename, self.line).strip()
        name = os.path.basename(self.filename)
        return f"{name}:{self.line}   {source}".rstrip()


def user_site(depth: int = 1) -> Site | None:
    """The innermost frame outside thalweg, or None. Costs about a microsecond."""
    frame = sys._getframe(depth)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != "thalweg" and not name.startswith("thalweg."):
            return Site(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return None


class ThalwegError(Exception):
    """Base of all errors raised on purpose.

    Args:
        where: the op, function or option at fault, `"matmul"`.
        problem: what is wrong in a few words, `"inner sizes differ"`.
        expected: what would have been right.
        got: what came instead.
        node: name of the graph node.
        layer: class and name of the layer, `"Dense 'dense_1'"`.
        site: the user's line.
        hint: the way out.
    """

    def __init__(
        self,
        where: str,
        problem: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        node: str | None = None,
        layer: str | None = None,
        site: Site | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem
        self.expected = expected
        self.got = got
        self.node = node
        self.layer = layer
        self.site = site
        self.hint = hint

    def at(
        self: _E,
        *,
        node: str | None = None,
        layer: str | None = None,
        site: Site | None = None,
        hint: str | None = None,
    ) -> _E:
        """Adds what the caller knows; a field that is already set stays. Returns the error."""
        self.node = self.node or node
        self.layer = self.layer or layer
        self.site = self.site or site
        self.hint = self.hint or hint
        return self

    def __str__(self) -> str:
        """The whole message, one part a line."""
        place = ", ".join(
            part
            for part in (
                f"'{self.node}'" if self.node else "",
                f"layer {self.layer}" if self.layer else "",
            )
            if part
        )
        parts = {
            "expected": self.expected,
            "got": self.got,
            "node": place,
            "made at": str(self.site) if self.site else None,
            "hint": self.hint,
        }
        lines = [f"{self.where}: {self.problem}"]
        lines += [f"  {name:<9} {text}" for name, text in parts.items() if text]
        return "\n".join(lines)


class ShapeError(ThalwegError, ValueError):
    """Sizes or ranks that do not fit together."""


class DtypeError(ThalwegError, ValueError):
    """A dtype an op does not take, or two that differ."""


class GraphError(ThalwegError, ValueError):
    """A graph used in a way that has no meaning: another graph's tensor, a cycle, a bad name."""


class UnknownNameError(GraphError, KeyError):
    """A name that nothing in the graph has."""


class FeedError(ThalwegError, ValueError):
    """A missing, unknown or ill-fitting feed."""


class KernelError(ThalwegError, RuntimeError):
    """No kernel for an instruction, or one that failed."""


class DeviceError(ThalwegError, RuntimeError):
    """A device that cannot be used, and why."""


class OptionError(ThalwegError, ValueError):
    """An argument outside its declared values."""


class CheckError(ThalwegError, ValueError):
    """A check in the graph that does not hold: `Assert`, `assert_equal`, `check_numerics`, …"""


class DataError(ThalwegError, ValueError):
    """Data that do not fit the model or the loss."""


class FileFormatError(ThalwegError, ValueError):
    """A file that is corrupt, truncated, unsafe, or of another kind."""


class MissingExtraError(ThalwegError, ImportError):
    """An optional dependency that is not installed."""


def nearest(name: object, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known spelling, or None.

    >>> nearest("rleu", ["relu", "tanh"])
    "did you mean 'relu'?"
    """
    import difflib  # only when an error is made

    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else None


def require_extra(module: str, extra: str, purpose: str) -> MissingExtraError:
    """The error for an optional import that failed: `raise require_extra(...) from error`."""
    return MissingExtraError(
        purpose,
        f"the package {module!r} is not installed",
        hint=f'pip install "thalweg[{extra}]"',
    )
