"""Work counted rather than timed: tests of cost do not depend on how busy the machine is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

__all__ = ["lines_run"]


def lines_run(function: Callable[..., Any], *arguments: Any) -> tuple[int, Any]:
    """How many lines of Python a call executes, loops counted each time round; and its result."""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = function(*arguments)
    finally:
        sys.settrace(before)
    return count, result
