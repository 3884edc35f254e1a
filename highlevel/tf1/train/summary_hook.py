"""SummarySaverHook: writes the summaries of a watched training."""

from __future__ import annotations

from typing import Any

from thalweg.core import OptionError

from .. import summary
from .hooks import SecondOrStepTimer
from .session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from .step_counter import needed_step

__all__ = ["SummarySaverHook"]


class SummarySaverHook(SessionRunHook):
    """Writes summaries in the first run, and then every so many steps or seconds.

    Args:
        save_steps: steps between two writings.
        save_secs: or seconds.
        output_dir: the folder to write to.
        summary_writer: or a `FileWriter`.
        scaffold: whose `summary_op` is written; if it has none, nothing is.
        summary_op: or a summary, or a list of them.

    Raises:
        OptionError: unless one of steps and seconds, and one of scaffold and summary is given.
    """

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
        scaffold: Any = None,
        summary_op: Any = None,
    ) -> None:
        if (scaffold is None) == (summary_op is None):
            raise OptionError("SummarySaverHook", "one of scaffold and summary_op is needed")
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._folder = output_dir
        self._writer = summary_writer
        self._scaffold = scaffold
        self._summary = summary_op
        self._next: int | None = None

    def begin(self) -> None:
        """Finds the global step."""
        self._step = needed_step("SummarySaverHook")

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Finds what to write and where: a scaffold knows its summary by now."""
        if self._scaffold is not None:
            self._summary = self._scaffold.summary_op
        if self._summary is not None and self._writer is None and self._folder:
            self._writer = summary.FileWriterCache.get(self._folder)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step, and for the summary where it is time."""
        if self._writer is None or self._summary is None:
            return None
        self._is_time = self._next is None or self._timer.should_trigger_for_step(self._next)
        return SessionRunArgs([self._step, self._summary] if self._is_time else [self._step])

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Writes what was asked for."""
        if run_values.results is None:
            return
        step = int(run_values.results[0]) + 1
        if self._is_time:
            # A fetch sees the step as the run found it.
            step = int(run_context.session.run(self._step))
            self._write(run_values.results[1], step)
        self._next = step + 1

    def _write(self, found: Any, step: int) -> None:
        if self._next is None:  # TensorBoard drops what an earlier training wrote beyond this step
            start = summary.SessionLog(status=summary.SessionLog.START)
            self._writer.add_session_log(start, step)
        self._timer.update_last_triggered_step(step)
        for one in found if isinstance(found, list | tuple) else [found]:
            self._writer.add_summary(one, step)

    def end(self, session: Any) -> None:
        """Brings everything to the disk."""
        if self._writer is not None:
            self._writer.flush()
