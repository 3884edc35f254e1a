"""Declared arguments: what passes, in which form, and what the error says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core.errors import OptionError
from thalweg.core.options import COUNT, DATA_FORMAT, PADDING, Interval, OneOf, OrNone, Sizes

NAN = float("nan")


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(), "a number"),
        (Interval(0), "a number >= 0"),
        (Interval(0, open_low=True), "a number > 0"),
        (Interval(high=2.5), "a number <= 2.5"),
        (Interval(high=2.5, open_high=True), "a number < 2.5"),
        (Interval(0, 1), "a number, 0 <= x <= 1"),
        (Interval(0, 1, open_low=True, open_high=True), "a number, 0 < x < 1"),
        (Interval(1, integer=True), "an integer >= 1"),
        (Interval(integer=True), "an integer"),
    ],
)
def test_text_of_an_interval(interval: Interval, text: str) -> None:
    assert interval.text("x") == text


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (Interval(), [-1e9, 0, 2], [NAN, None, "1", True, [1], 1j]),
        (Interval(0, 1), [0, 1, 0.5], [-1e-9, 1.1, NAN, float("inf")]),
        (Interval(0, 1, open_low=True, open_high=True), [0.5], [0, 1]),
        (Interval(high=1), [-5, 1], [2, NAN]),
        (COUNT, [1, 10**9], [0, -1, 1.0, True, NAN]),
    ],
)
def test_interval(interval: Interval, inside: list[Any], outside: list[Any]) -> None:
    for value in inside:
        assert interval.check("Layer", "x", value) == value
    for value in outside:
        with pytest.raises(OptionError):
            interval.check("Layer", "x", value)


def test_numpy_scalars_become_python_numbers() -> None:
    assert type(COUNT.check("Layer", "units", np.int64(3))) is int
    assert type(Interval().check("Layer", "rate", np.float32(0.5))) is float


def test_message() -> None:
    class Widget:
        pass

    with pytest.raises(OptionError) as error:
        Interval(0, 1, open_high=True).check(Widget(), "rate", 2)
    text = str(error.value)
    assert text.startswith(
        "Widget: bad rate\n  expected  a number, 0 <= rate < 1\n  got       2\n  made at   test_opt"
    )


def test_one_of() -> None:
    assert PADDING.check("Conv2D", "padding", "Same") == "same"
    assert OneOf("a").text("x") == "'a'"
    assert OneOf("a", "b", "c").text("x") == "'a', 'b' or 'c'"
    with pytest.raises(OptionError) as error:
        DATA_FORMAT.check("Conv2D", "data_format", "channel_last")
    assert "expected  'channels_last' or 'channels_first'" in str(error.value)
    assert "hint      did you mean 'channels_last'?" in str(error.value)
    for value in (None, 3, ["same"], b"same"):
        with pytest.raises(OptionError):
            PADDING.check("Conv2D", "padding", value)


@pytest.mark.parametrize("value", [3, np.int32(3), [3, 3], (3, np.int64(3)), np.array([3, 3])])
def test_sizes(value: Any) -> None:
    checked = Sizes(2).check("Conv2D", "kernel_size", value)
    assert checked == (3, 3)
    assert all(type(n) is int for n in checked)


@pytest.mark.parametrize("value", [0, (3, 0), (1, 2, 3), (), 2.0, "33", None, (True, 1)])
def test_bad_sizes(value: Any) -> None:
    with pytest.raises(OptionError, match="an integer >= 1, or 2 of them"):
        Sizes(2).check("Conv2D", "kernel_size", value)


def test_or_none() -> None:
    option = OrNone(OneOf("mean", "sum"))
    assert option.check("Layer", "mode", None) is None
    assert option.check("Layer", "mode", "SUM") == "sum"
    with pytest.raises(OptionError) as error:
        option.check("Layer", "mode", "summ")
    assert "expected  'mean' or 'sum'; or None" in str(error.value)
    assert "hint      did you mean 'sum'?" in str(error.value)
