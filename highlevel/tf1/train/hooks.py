"""The hooks that watch training: logs, and the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from thalweg.core import OptionError
from thalweg.tensorboard import scalar

from .. import logging
from ..graph_state import home_graph
from ..summary import FileWriterCache
from .session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)
from .step_counter import needed_step

__all__ = [
    "FeedFnHook",
    "FinalOpsHook",
    "GlobalStepWaiterHook",
    "LoggingTensorHook",
    "NanLossDuringTrainingError",
    "NanTensorHook",
    "SecondOrStepTimer",
    "StepCounterHook",
    "StopAtStepHook",
]


class SecondOrStepTimer:
    """Tells when so many seconds or steps have passed.

    Args:
        every_secs: seconds between two times, or None.
        every_steps: steps between two times, or None.

    Raises:
        OptionError: unless one of the two is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if (every_secs is None) == (every_steps is None):
            raise OptionError(
                "SecondOrStepTimer",
                "one of seconds and steps is needed",
                got=f"{every_secs=}, {every_steps=}",
            )
        self._every_s = every_secs
        self._every_steps = every_steps
        self.reset()

    def reset(self) -> None:
        """Forgets the last time."""
        self._last_step: int | None = None
        self._last_time = 0.0

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether this step is one of them; the first always is."""
        if self._last_step is None:
            return True
        if self._last_step == step:
            return False
        if self._every_s is not None:
            return time.monotonic() >= self._last_time + self._every_s
        return step >= self._last_step + (self._every_steps or 1)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Notes that this step was one; returns the seconds and steps since the one before."""
        now = time.monotonic()
        passed = (None, None) if self._last_step is None else (
            now - self._last_time, step - self._last_step
        )  # fmt: skip
        self._last_time, self._last_step = now, step
        return passed

    def last_triggered_step(self) -> int | None:
        """The last of these steps, or None."""
        return self._last_step


class LoggingTensorHook(SessionRunHook):
    """Logs values of tensors, every so many steps or seconds.

    Args:
        tensors: tensors or their names, in a list or under names in a dict.
        every_n_iter: steps between two lines.
        every_n_secs: or seconds.
        at_end: logs at the end, too, or alone if there is neither.
        formatter: a function of the dict of values that gives the line.

    Raises:
        OptionError: unless one of steps, seconds and `at_end` is given.
    """

    def __init__(
        self,
        tensors: Any,
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[Mapping[str, Any]], str] | None = None,
    ) -> None:
        only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise OptionError(
                "LoggingTensorHook",
                "one of every_n_iter and every_n_secs is needed",
                got=f"{every_n_iter=}, {every_n_secs=}",
            )
        if every_n_iter is not None and every_n_iter <= 0:
            raise OptionError(
                "LoggingTensorHook", "every_n_iter is not positive", got=repr(every_n_iter)
            )
        items = tensors.items() if isinstance(tensors, Mapping) else ((t, t) for t in tensors)
        self._asked = {name if isinstance(name, str) else name.name: t for name, t in items}
        self._timer: SecondOrStepTimer | None = None
        if not only_at_end:
            self._timer = SecondOrStepTimer(every_secs=every_n_secs, every_steps=every_n_iter)
        self._at_end = at_end
        self._formatter = formatter

    def begin(self) -> None:
        """Finds the tensors by their names."""
        graph = home_graph()
        self._count = 0
        self._tensors = {
            name: graph.get_tensor_by_name(_tensor_name(t)) if isinstance(t, str) else t
            for name, t in self._asked.items()
        }
        if self._timer is not None:
            self._timer.reset()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the values where it is time."""
        self._is_time = self._timer is not None and self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._tensors) if self._is_time else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs them."""
        if self._is_time:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        """Logs the last values."""
        if self._at_end:
            self._log(session.run(self._tensors))

    def _log(self, values: Mapping[str, Any]) -> None:
        passed = None
        if self._timer is not None:
            passed, _ = self._timer.update_last_triggered_step(self._count)
        if self._formatter is not None:
            line = self._formatter(values)
        else:
            line = ", ".join(f"{name} = {values[name]}" for name in self._tensors)
            line += "" if passed is None else f" ({passed:.3f} sec)"
        logging.info("%s", line)


def _tensor_name(name: str) -> str:
    return name if ":" in name else f"{name}:0"


class StopAtStepHook(SessionRunHook):
    """Stops after so many steps, or at a step.

    Args:
        num_steps: how many more than were made when the session began.
        last_step: the global step to stop at.

    Raises:
        OptionError: unless one of the two is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise OptionError(
                "StopAtStepHook",
                "one of num_steps and last_step is needed",
                got=f"{num_steps=}, {last_step=}",
            )
        self._num_steps = num_steps
        self._last_step = last_step

    def begin(self) -> None:
        """Finds the global step."""
        self._step = needed_step("StopAtStepHook")

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Counts from the steps made before."""
        if self._last_step is None:
            self._last_step = int(session.run(self._step)) + (self._num_steps or 0)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Looks at the step after the run, and stops."""
        last = self._last_step or 0
        # A fetch sees the step as the run found it; near the end, look again.
        if run_values.results + 1 >= last and int(run_context.session.run(self._step)) >= last:
            run_context.request_stop()


class StepCounterHook(SessionRunHook):
    """Logs how many steps a second are made.

    Args:
        every_n_steps: steps between two lines; None for none.
        every_n_secs: or seconds.
        output_dir: a folder for TensorBoard, where the number is written as well.
        summary_writer: or a `FileWriter`.
    """

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: str | None = None,
        summary_writer: Any = None,
    ) -> None:
        self._timer = SecondOrStepTimer(every_secs=every_n_secs, every_steps=every_n_steps)
        self._folder = output_dir
        self._writer = summary_writer

    def begin(self) -> None:
        """Finds the global step."""
        self._step = needed_step("StepCounterHook")
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the step."""
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Logs where it is time."""
        step = int(run_values.results) + 1
        if self._timer.should_trigger_for_step(step):
            seconds, steps = self._timer.update_last_triggered_step(step)
            if seconds and steps is not None:
                logging.info("%s/sec: %g", "global_step", steps / seconds)
                if self._writer is not None:
                    self._writer.add_summary(scalar("global_step/sec", steps / seconds), step)


class NanLossDuringTrainingError(RuntimeError):
    """The loss has become NaN."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Stops, or fails, when a loss becomes NaN.

    Args:
        loss_tensor: the loss.
        fail_on_nan_loss: raises `NanLossDuringTrainingError` rather than only stopping.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss = loss_tensor
        self._fails = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Asks for the loss."""
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """Looks at it."""
        if np.isnan(run_values.results).any():
            if self._fails:
                logging.error("Model diverged with loss = NaN.")
                raise NanLossDuringTrainingError
            logging.warning("Model diverged with loss = NaN.")
            run_context.request_stop()


class GlobalStepWaiterHook(SessionRunHook):
    """Waits before the first run until others have made so many steps.

    Args:
        wait_until_step: the global step to wait for.
    """

    def __init__(self, wait_until_step: int) -> None:
        self._wanted = wait_until_step
        self._is_done = wait_until_step <= 0

    def begin(self) -> None:
        """Finds the global step."""
        self._step = needed_step("GlobalStepWaiterHook")

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Waits."""
        while not self._is_done:
            self._is_done = int(run_context.session.run(self._step)) >= self._wanted
            if not self._is_done:
                time.sleep(0.5)
        return None


class FinalOpsHook(SessionRunHook):
    """Fetches something at the end.

    Args:
        final_ops: as fetches of `Session.run`.
        final_ops_feed_dict: feeds for it.
    """

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._fetches = final_ops
        self._feeds = final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """What was fetched; None before the end."""
        return self._values

    def end(self, session: Any) -> None:
        """Fetches it."""
        if self._fetches is not None:
            self._values = session.run(self._fetches, feed_dict=self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds what a function gives before each run.

    Args:
        feed_fn: a function without arguments that gives a feed dict.
    """

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Calls it."""
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
