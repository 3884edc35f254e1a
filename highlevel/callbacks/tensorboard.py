"""TensorBoard: curves, histograms and the graph of a training, in a browser."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from thalweg.core.errors import OptionError, nearest

from .base import Callback, Logs, Mode, batch_hooks, overrides
from .checks import require_count

if TYPE_CHECKING:
    from ..tensorboard import EventWriter

__all__ = ["TensorBoard"]

_KERAS_2 = ("batch_size", "write_grads", "embeddings_layer_names", "embeddings_data")
_REASONS = {
    "write_grads": "the gradients exist only inside the run",
    "embeddings_freq": "the projector of embeddings is not here",
}


class TensorBoard(Callback):
    """Writes what `tensorboard --logdir LOGS` shows.

    Logs of training go to the folder `train`, those of validation to `validation`, so that both
    are curves of one chart: `epoch_loss` and the like, `epoch_learning_rate`, and `batch_loss`
    with `update_freq`. Every evaluation adds a point to `evaluation_loss_vs_iterations`.

    Args:
        log_dir: the folder; one for each training, or TensorBoard joins them.
        histogram_freq: epochs between two histograms of all weights; 0 for none.
        write_graph: write the graph of layers.
        write_images: with histograms, write weights as pictures, too: matrices, and kernels of
            convolutions over 1, 3 or 4 channels.
        write_steps_per_second: write batches a second of each epoch.
        update_freq: `"epoch"`; or `"batch"`, or a number of batches after which logs are written
            during the epoch. This makes training slower.
        profile_batch: ignored: no profile is written.
        embeddings_freq: 0; the projector is not supported.
        embeddings_metadata: ignored likewise.
        keras_2: its further arguments; `batch_size` is ignored, the others must say no.

    Raises:
        OptionError: for a frequency that is none, and for what is not supported.
        MissingExtraError: if tensorboardX is not installed, when training begins.

    Example:
        >>> TensorBoard("logs/first", histogram_freq=1).log_dir
        'logs/first'
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        **keras_2: Any,
    ) -> None:
        for name in keras_2:
            if name not in _KERAS_2:
                hint = nearest(name, _KERAS_2)
                raise OptionError("TensorBoard", f"unknown argument {name!r}", hint=hint)
        for name, value in {**keras_2, "embeddings_freq": embeddings_freq}.items():
            if name in _REASONS and value:
                raise OptionError(
                    "TensorBoard", f"{name} is not supported", got=repr(value), hint=_REASONS[name]
                )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = require_count("TensorBoard", "histogram_freq", histogram_freq or 0)
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        if update_freq == "epoch":
            self.update_freq = 0
        else:
            freq = 1 if update_freq == "batch" else update_freq
            self.update_freq = require_count("TensorBoard", "update_freq", freq, minimum=1)
        self._writers: dict[str, EventWriter] = {}
        self._has_graph = False

    def needs_every_batch(self, mode: Mode) -> bool:
        """For logs inside an epoch, or if a subclass overrides a batch hook."""
        if mode == "train" and self.update_freq:
            return True
        return overrides(self, TensorBoard, batch_hooks(mode))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins a file."""
        self._has_graph = False
        self._write_graph()
        self._writer("train")  # says at once what is missing

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Notes where and when the epoch begins."""
        self._first_step = self._steps()
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes the logs so far, where it is time."""
        super().on_train_batch_end(batch, logs)
        step = self._first_step + batch + 1
        if self.update_freq and step % self.update_freq == 0:
            self._write("train", "batch_{}", logs, step - 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the logs of the epoch, and weights where it is time."""
        logs = dict(logs or {})
        seen = {name: value for name, value in logs.items() if name.startswith("val_")}
        own = {name: value for name, value in logs.items() if name not in seen}
        own["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._began
            own["steps_per_second"] = (self._steps() - self._first_step) / seconds
        self._write_graph()
        self._write("train", "epoch_{}", own, epoch)
        self._write(
            "validation", "epoch_{}", {n.removeprefix("val_"): v for n, v in seen.items()}, epoch
        )
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Writes what an evaluation gave."""
        self._write("validation", "evaluation_{}_vs_iterations", logs, self._steps())

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Ends the files."""
        self._close()

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _steps(self) -> int:
        """How many batches the model was trained with."""
        optimizer = self.model.optimizer
        return 0 if optimizer is None else int(optimizer.iterations.numpy())

    def _writer(self, run: str) -> EventWriter:
        from ..tensorboard import EventWriter

        if run not in self._writers:
            self._writers[run] = EventWriter(os.path.join(self.log_dir, run))
        return self._writers[run]

    def _write(self, run: str, tag: str, logs: Logs | None, step: int) -> None:
        from ..tensorboard import scalar

        for name, value in (logs or {}).items():
            self._writer(run).add_summary(scalar(tag.format(name), value), step)

    def _write_graph(self) -> None:
        """Once; layers of a model that is built by its first batch are known after it."""
        from ..tensorboard import graph_of_layers

        network = getattr(self.model, "network", None)
        if self.write_graph and not self._has_graph and network is not None:
            self._writer("train").add_graph(graph_of_layers(network))
            self._has_graph = True

    def _write_weights(self, epoch: int) -> None:
        from ..tensorboard import histogram, image

        writer = self._writer("train")
        for weight, value in zip(self.model.weights, self.model.get_weights(), strict=True):
            writer.add_summary(histogram(f"{weight.name}/histogram", value), epoch)
            pictures = _pictures(value) if self.write_images else None
            if pictures is not None:
                writer.add_summary(image(weight.name, pictures), epoch)


def _pictures(weight: np.ndarray) -> np.ndarray | None:
    """A weight as (pictures, height, width, channels), wider than high; None if it is no picture.

    >>> [_pictures(np.zeros(shape)).shape for shape in [(7,), (9, 4), (3, 3, 1, 8)]]
    [(1, 1, 7, 1), (1, 4, 9, 1), (8, 3, 3, 1)]
    """
    if weight.ndim == 4 and weight.shape[2] in (1, 3, 4):
        return np.moveaxis(weight, 3, 0)
    if weight.ndim not in (1, 2) or not weight.size:
        return None
    matrix: np.ndarray = np.atleast_2d(weight)
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    return np.expand_dims(wide, (0, 3))
