"""Progbar in a loop of one's own."""

from __future__ import annotations

import pytest

from thalweg.utils import Progbar


def test_means_over_steps_and_last_values(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(10, stateful_metrics=["rate"])
    bar.update(2, [("loss", 1.0), ("rate", 0.5)])
    bar.update(8, [("loss", 2.0), ("rate", 0.25)])
    assert bar.logs == {"loss": pytest.approx((2 * 1 + 6 * 2) / 8), "rate": 0.25}
    assert capsys.readouterr().out == ""
    bar.add(2, [("loss", 0.5)])
    line = capsys.readouterr().out
    assert line.startswith("10/10 - ")
    assert "loss: 1.5000 - rate: 0.2500" in line
    assert line.endswith("\n")


def test_without_a_target_the_end_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(None, verbose=2)
    for step in range(1, 4):
        bar.update(step, [("loss", step)], finalize=step == 3)
    assert capsys.readouterr().out.count("loss: 2.0000") == 1


def test_nothing_is_shown_if_nothing_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Progbar(1, verbose=0)
    bar.update(1)
    assert capsys.readouterr().out == ""
    assert bar.logs == {}
