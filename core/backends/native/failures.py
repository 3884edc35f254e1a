"""What the engine raises when a kernel cannot go on."""

from __future__ import annotations

__all__ = ["StepFailed"]


class StepFailed(Exception):
    """A kernel found something in the values that it was given.

    Args:
        step: number of the executor's step.
        message: what it found.
    """

    def __init__(self, step: int, message: str) -> None:
        super().__init__(message)
        self.step = step
