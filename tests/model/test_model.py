"""Random programs mean the same in every configuration: see README.md."""

from __future__ import annotations

import hypothesis
import pytest

from .checker import Report, check
from .programs import Program
from .stateful import programs

A_TEST = 250  # programs a test: hypothesis remembers them all


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        count = metafunc.config.getoption("--model-programs")
        sizes = [min(A_TEST, count - start) for start in range(0, count, A_TEST)]
        metafunc.parametrize(("part", "count"), list(enumerate(sizes)))


@pytest.mark.slow
def test_programs(part: int, count: int) -> None:
    reports: list[Report] = []

    @hypothesis.seed(part)
    @hypothesis.settings(
        max_examples=count,
        derandomize=False,  # the seed above makes it the same every time
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(program=programs())
    def run(program: Program) -> None:
        reports.append(check(program))

    run()
    runs = sum(report.runs for report in reports)
    skipped = sum(report.skipped for report in reports)
    assert len(reports) >= count and skipped * 20 < runs
