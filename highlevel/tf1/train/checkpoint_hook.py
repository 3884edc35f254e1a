"""The hook that saves checkpoints while training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from thalweg.core import GraphError, OptionError

from .. import logging
from ..collections import GraphKeys
from ..graph_state import home_graph
from .hooks import SecondOrStepTimer
from .saver import Saver
from .session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from .step_counter import needed_step

__all__ = ["CheckpointSaverHook", "CheckpointSaverListener"]


class CheckpointSaverListener:
    """Is told when a `CheckpointSaverHook` saves; a subclass overrides what it needs."""

    def begin(self) -> None:
        """Called once, before the session is made."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Called before a checkpoint is written."""

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """Called after a checkpoint is written; True stops training."""

    def end(self, session: Any, global_step_value: int) -> None:
        """Called at the end."""


class CheckpointSaverHook(SessionRunHook):
    """Saves checkpoints every so many steps or seconds, at the beginning and at the end.

    Args:
        checkpoint_dir: the folder; it is made if it is missing.
        save_secs: seconds between two checkpoints.
        save_steps: or steps.
        saver: the `Saver`; the scaffold's, or the graph's only one, if None.
        checkpoint_basename: of the prefix.
        scaffold: whose saver is used.
        listeners: `CheckpointSaverListener`s.

    Raises:
        OptionError: unless one of steps and seconds is given, or if there are a saver and a
            scaffold.
    """

    def __init__(
        self,
        checkpoint_dir: str,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Saver | None = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
        listeners: Sequence[CheckpointSaverListener] | None = None,
    ) -> None:
        if saver is not None and scaffold is not None:
            raise OptionError("CheckpointSaverHook", "both saver and scaffold are given")
        self._timer = SecondOrStepTimer(every_secs=save_secs, every_steps=save_steps)
        self._saver = saver
        self._scaffold = scaffold
        self._folder = checkpoint_dir
        self._prefix = os.path.join(checkpoint_dir, checkpoint_basename)
        self._listeners = list(listeners or ())

    def begin(self) -> None:
        """Finds the global step."""
        self._step = needed_step("CheckpointSaverHook")
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Saves what training begins with."""
        step = int(session.run(self._step))
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Saves where it is time."""
        # A fetch sees the step as the run found it.
        if self._timer.should_trigger_for_step(int(run_values.results) + 1):
            step = int(run_context.session.run(self._step))
            if self._timer.should_trigger_for_step(step):
                self._timer.update_last_triggered_step(step)
                if self._save(run_context.session, step):
                    run_context.request_stop()

    def end(self, session: Any) -> None:
        """Saves the last step."""
        step = int(session.run(self._step))
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> bool:
        """Saves; returns whether a listener wants to stop."""
        logging.info("Saving checkpoints for %d into %s.", step, self._prefix)
        for listener in self._listeners:
            listener.before_save(session, step)
        os.makedirs(self._folder, exist_ok=True)
        self._found_saver().save(session, self._prefix, global_step=step)
        return any([listener.after_save(session, step) for listener in self._listeners])

    def _found_saver(self) -> Saver:
        if self._saver is not None:
            return self._saver
        if self._scaffold is not None:
            saver: Saver = self._scaffold.saver
            return saver
        savers = home_graph().get_collection(GraphKeys.SAVERS)
        if len(savers) != 1:
            raise GraphError(
                "CheckpointSaverHook",
                "there is no saver",
                expected="saver=…, scaffold=…, or one Saver in the collection SAVERS",
                got=f"{len(savers)} savers",
            )
        found: Saver = savers[0]
        return found
