"""A row from its workers to its cells; the workers are made up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare.peers import Peer
from benchmarks.compare.protocol import decode
from benchmarks.compare.rows import Row
from benchmarks.compare.sitting import Entrant, Limits, compare, entrants

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
LIMITS = Limits(seconds=0.02, turn=0.002, threads=1)


def entrant(name: str, **task: Any) -> Entrant:
    given = {"outputs": [1.0], "step_s": 0.001, **task}
    return Entrant(name, sys.executable, "tests.benchmarks.fake_worker", given)


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    if decode(ours["before"]) != decode(theirs["before"]):
        raise ValueError("it is another network")


def test_who_does_the_same_is_timed_and_others_are_told() -> None:
    versions: dict[str, str] = {}
    taking_part = [
        entrant("thalweg"),
        entrant("fine", step_s=0.002),
        entrant("other", outputs=[2.0]),
        entrant("fails", fault=True),
    ]
    cells = compare("a row", taking_part, same, LIMITS, versions)
    assert list(cells) == ["thalweg", "fine", "other", "fails"]
    assert cells["thalweg"]["median_s"] == pytest.approx(0.001)
    assert cells["fine"]["median_s"] == pytest.approx(0.002)
    assert cells["other"] == {"median_s": None, "error": "it is another network"}
    assert cells["fails"] == {"median_s": None, "error": "ValueError: no such network"}
    assert versions == {"fake": "1"}


def test_nothing_is_compared_with_one_that_fails() -> None:
    cells = compare("a row", [entrant("thalweg", fault=True), entrant("b")], same, LIMITS, {})
    assert list(cells) == ["thalweg"] and cells["thalweg"]["median_s"] is None


def test_those_take_part_that_can() -> None:
    ours, able = Peer("we", "by_us", ()), Peer("able", "by_able", (), (("A", "1"),), variant="v")
    unable = Peer("unable", "by_unable", (), modes=("predict",))
    row = Row("lenet", "fit", 32)
    found = entrants(ours, [unable, able], row, Path("python"), "package", row._asdict())
    task = {"net": "lenet", "mode": "fit", "batch": 32}
    assert found == [
        Entrant("we", sys.executable, "package.by_us", {**task, "variant": ""}),
        Entrant("able", "python", "package.by_able", {**task, "variant": "v"}, (("A", "1"),)),
    ]
