"""Random programs mean the same in every configuration: see README.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .checker import CONFIGURATIONS, Report, check, check_traced
from .programs import Program
from .reducing import failure, reduced
from .stateful import write_program, write_traced

A_TEST = 50  # programs a test


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "numbers" not in metafunc.fixturenames:
        return
    first = metafunc.config.getoption("--model-first")
    end = first + metafunc.config.getoption("--model-programs")
    parts = [range(start, min(start + A_TEST, end)) for start in range(first, end, A_TEST)]
    metafunc.parametrize("numbers", parts, ids=lambda part: f"{part.start}-{part.stop - 1}")


@pytest.mark.slow
def test_programs(numbers: range) -> None:
    run_all(numbers, write_program, check)


@pytest.mark.slow
def test_traced_programs(numbers: range) -> None:
    run_all(numbers[:: len(numbers) // 10 or 1], write_traced, check_traced)


def run_all(
    numbers: range, write: Callable[[int], Program], run: Callable[[Program], Report]
) -> None:
    reports = []
    for number in numbers:
        program = write(number)
        try:
            reports.append(run(program))
        except Exception as error:
            raise AssertionError(explained(number, program, run)) from error
    runs = sum(report.runs for report in reports)
    skipped = sum(report.skipped for report in reports)
    assert runs and skipped <= runs / 4, "most programs compute with numbers that are not exact"


def explained(number: int, program: Program, run: Callable[[Program], object]) -> str:
    """The smallest program that fails in this way, and how."""
    how = failure(run, program)
    for way in CONFIGURATIONS if run is check else ():  # one is faster than all, and says more
        one_way = lambda p, way=way: check(p, [way])  # noqa: E731
        if failure(one_way, program) == how:
            run = one_way
            break
    small = reduced(run, program)
    try:
        run(small)
    except Exception as error:
        return f"program {number} fails; so does\n\n{small}\n\n{type(error).__name__}: {error}"
    return f"program {number} fails, but not twice:\n\n{program}"
