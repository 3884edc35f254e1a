"""What is read from callgrind's dumps, and when the gate closes."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from benchmarks import instructions

DUMP = """\
version: 1
creator: callgrind-3.19.0
positions: line
events: Ir

ob=(1) /usr/bin/python3.11
fl=(1) ceval.c
fn=(1) _PyEval_EvalFrameDefault
16 100
+3 20
cob=(2) /lib/thalweg/core/_native.abi3.so
cfi=(2) ???
cfn=(2) 0x0001
calls=1 0
* 5000

ob=(2)
fl=(2)
fn=(2)
0 4000
-2 7
cob=(3) /lib/libm.so.6
cfn=(3) exp
calls=10 0
0 993

ob=(3)
fn=(3)
0 993

totals: 5120
"""


def test_costs_are_counted_where_they_were_spent() -> None:
    assert instructions.counts(DUMP.splitlines(), "_native.") == {"engine": 4007, "all": 5120}


def stored(engine: int, all_: int, **versions: str) -> dict[str, Any]:
    now = {"compiler": "g++ 12", "python": "3.11.7", "numpy": "2.4.6", **versions}
    return {"versions": now, "plans": {"a plan": {"engine": engine, "all": all_}}}


@pytest.mark.parametrize(
    ("new", "faults"),
    [
        (stored(1029, 2000), []),
        (stored(500, 1000), []),
        (stored(1031, 2000), ["a plan: engine 1000 -> 1031 instructions"]),
        (stored(1000, 2100), ["a plan: all 2000 -> 2100 instructions"]),
        (stored(1031, 2100, python="3.12.1"), ["a plan: engine 1000 -> 1031 instructions"]),
        (stored(1031, 2100, compiler="g++ 13"), []),
    ],
)
def test_a_rise_of_three_percent_closes_the_gate(new: dict[str, Any], faults: list[str]) -> None:
    assert instructions.compare(stored(1000, 2000), new)[1] == faults


def test_what_cannot_be_compared_is_told() -> None:
    lines, _ = instructions.compare(stored(1000, 2000), stored(1000, 2000, python="3.12.1"))
    assert lines[0] == "not compared: all, because of python 3.11.7 -> 3.12.1"
    assert lines[1].split() == [
        "a",
        "plan",
        "engine",
        "0.001",
        "M",
        "+0.0%",
        "all",
        "0.002",
        "M",
        "+0.0%",
    ]


def test_a_plan_that_is_gone_is_a_fault_and_a_new_one_is_none() -> None:
    new = stored(1000, 2000)
    new["plans"] = {"another": {"engine": 9, "all": 9}}
    lines, faults = instructions.compare(stored(1000, 2000), new)
    assert faults == ["a plan: no longer counted"]
    assert "new" in lines[0]


def test_all_plans_run_twice_alike() -> None:
    names = []
    for name, run in instructions.plans():
        run()
        run()
        names.append(name)
    assert len(names) == len(set(names)) == 6


def test_a_machine_without_valgrind_is_told(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert instructions.main([]) == 2
    assert "valgrind is not installed" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind counts the instructions")
def test_no_plan_takes_more_instructions_than_are_stored(capsys: Any) -> None:
    failed = instructions.main([])
    assert not failed, capsys.readouterr().out
