"""What the engine raises when a kernel cannot go on."""

from __future__ import annotations

from typing import Any

from ...program import Instruction

__all__ = ["StepFailed"]


class StepFailed(Exception):
    """A kernel found something in the values that it was given.

    Args:
        executor: whose step it was: a plan's or a body's.
        step: its number.
        message: what the kernel found.

    Attributes:
        instruction: what the step computes.
    """

    def __init__(self, executor: Any, step: int, message: str) -> None:
        super().__init__(message)
        self.instruction: Instruction = executor.instructions[step]
