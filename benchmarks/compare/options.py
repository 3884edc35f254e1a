"""The options that programs which compare frameworks have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare.installation import install_peers
from benchmarks.compare.peers import Peer
from benchmarks.compare.sitting import Limits

__all__ = ["add_options", "installed_peers", "limits"]


def add_options(parser: argparse.ArgumentParser, seconds: float, saved_as: str) -> None:
    """Adds them.

    Args:
        parser: takes them.
        seconds: for each framework and row, unless told otherwise.
        saved_as: files that results are written to.
    """

    def names(text: str) -> list[str]:
        return [name for name in text.split(",") if name]

    add = parser.add_argument
    add("--only", type=names, default=[], metavar="ROW,…", help="names, or what they begin with")
    add("--peers", type=names, default=[], metavar="NAME,…", help="those that take part")
    told = f"for each framework and row (default: {seconds:g})"
    add("--seconds", type=float, default=seconds, help=told)
    add("--turn", type=float, default=0.5, help="seconds a turn (default: 0.5)")
    add("--threads", type=int, default=2, help="for each framework (default: 2)")
    add("--python", type=Path, help="of an environment that has the peers already")
    add("--pip", action="append", default=[], metavar="OPTION", help="given to pip install")
    add("--save", action="store_true", help=f"into {saved_as}")
    add("--list", action="store_true", help="name all rows, and do nothing else")


def limits(options: argparse.Namespace) -> Limits:
    """Of time and threads, as the options say."""
    return Limits(options.seconds, options.turn, options.threads)


def installed_peers(
    peers: Sequence[Peer], options: argparse.Namespace
) -> tuple[Path, list[Peer], bool]:
    """The Python that has the peers, those that it has, and whether these are all."""
    if options.python is not None:
        return options.python, list(peers), True
    python, missing = install_peers(peers, options.pip)
    for name, reason in missing.items():
        print(f"{name} is not installed: {reason}", file=sys.stderr)
    return python, [peer for peer in peers if peer.name not in missing], not missing
