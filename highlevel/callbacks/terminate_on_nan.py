"""TerminateOnNaN: ends a training whose loss is no number any more."""

from __future__ import annotations

import math

from thalweg.core.errors import KernelError

from .base import Callback, Logs, say

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Stops the training at the batch that makes the loss NaN or infinite.

    Args:
        raise_error: raise instead, which also skips the `on_train_end` of all callbacks.

    Raises:
        KernelError: a RuntimeError; only with `raise_error=True`, during training.

    Example:
        >>> TerminateOnNaN().raise_error
        False
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Looks at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise KernelError(
                "TerminateOnNaN",
                f"the loss of batch {batch} is not finite",
                expected="a finite loss",
                got=f"{loss}",
                hint="try a smaller learning rate, clipped gradients or scaled inputs",
            )
        say(f"Batch {batch}: the loss is {loss}; training stops")
        self.model.stop_training = True
