"""`Trainer`: compile, fit, evaluate and predict, once for every kind of model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.core import Variable, current_seed
from thalweg.core.errors import OptionError

from ..callbacks.base import CallbackList
from ..eager import rebuild
from .compiled import Compiled
from .data import ArraySource, Batch, Layout, Source, make_source, split_validation
from .step import Step, assert_compiled, step_key

__all__ = ["Trainer"]


class Trainer:
    """The training half of `Model`. Expects the model's network, weights and names beside it."""

    name: str
    network: Any
    trainable_weights: list[Variable]
    _compiled: Compiled | None = None
    _steps: dict[tuple[Any, ...], Step]
    _epochs_shuffled: int
    stop_training: bool = False
    history: Any = None

    # Compile ------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        **ignored: Any,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: name or Optimizer.
            loss: name, function `(y_true, y_pred)` or Loss; a list or dict of them for several
                outputs.
            metrics: names, functions or Metrics; lists or a dict of them for several outputs.
            loss_weights: factors of the outputs' losses.
            weighted_metrics: metrics for which sample and class weights count.
            ignored: `run_eagerly`, `jit_compile`, `steps_per_execution` and other execution
                options of Keras that have no meaning here.

        Raises:
            OptionError: for unknown names.
        """
        known = {
            "run_eagerly", "jit_compile", "steps_per_execution", "auto_scale_loss",
            "sample_weight_mode", "target_tensors",
        }  # fmt: skip
        for name in ignored:
            if name not in known:
                raise OptionError("compile", f"has no argument {name!r}")
        self._arguments_of_compile = (
            optimizer, loss, metrics, loss_weights, weighted_metrics,
        )  # fmt: skip
        self._compiled = None
        self._steps.clear()
        if self.network is not None:
            self._resolve_compiled()
        else:  # still check the names now, where the mistake was made
            Compiled(
                optimizer,
                loss,
                None,
                None,
                None,
                ["output"] if not _is_nest(loss) else _names(loss),
            )

    def _resolve_compiled(self) -> Compiled | None:
        """Resolves `compile`'s arguments once the outputs are known."""
        if self._compiled is None and getattr(self, "_arguments_of_compile", None) is not None:
            optimizer, loss, metrics, loss_weights, weighted = self._arguments_of_compile
            compiled = Compiled(optimizer, loss, loss_weights, metrics, weighted, self.output_names)
            if self.network is not None:
                self._capture_trainable(compiled)
            self._compiled = compiled
        return self._compiled

    def _capture_trainable(self, compiled: Compiled) -> None:
        """What is frozen is decided at compile, as in Keras 2: GAN scripts rely on it."""
        compiled.trainable = list(self.trainable_weights)
        compiled.frozen = frozenset(layer for layer in self._flat_layers() if not layer.trainable)

    def _flat_layers(self) -> Iterator[Any]:
        raise NotImplementedError

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: those of the layers that make them."""
        raise NotImplementedError

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        raise NotImplementedError

    @property
    def optimizer(self) -> Any:
        """The optimizer given to `compile`."""
        compiled = self._resolve_compiled()
        return None if compiled is None else compiled.optimizer

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns; metrics appear once the model has seen data."""
        compiled = self._resolve_compiled()
        return [] if compiled is None else [name for name, _ in compiled.trackers]

    @property
    def metrics(self) -> list[Any]:
        """The metric objects, the loss's mean first."""
        compiled = self._resolve_compiled()
        return [] if compiled is None else [tracker for _, tracker in compiled.trackers]

    def reset_metrics(self) -> None:
        """Clears the running values of loss and metrics."""
        compiled = self._resolve_compiled()
        if compiled is not None:
            compiled.reset()

    # One step -----------------------------------------------------------------------------------

    def _step(self, mode: str, batch: Batch) -> Step:
        key = step_key(mode, batch)
        step = self._steps.get(key)
        if step is None:
            self._ensure_network(batch)
            compiled = self._resolve_compiled() if mode != "predict" else self._compiled
            if mode != "predict":
                compiled = assert_compiled(compiled)
                if compiled.trainable is None:
                    self._capture_trainable(compiled)
                self._check_targets(compiled, batch)
            step = self._steps[key] = Step(self, mode, batch, compiled)
        return step

    def _ensure_network(self, batch: Batch) -> None:
        """Builds a model whose input shape was not declared."""
        raise NotImplementedError

    def _check_targets(self, compiled: Compiled, batch: Batch) -> None:
        """Labels out of range are found before training, not as a NaN during it."""
        network = self.network
        if network is None:
            return
        outputs = network.flat_outputs
        for loss, y, output, name in zip(
            compiled.losses, batch.y or (), outputs, compiled.outputs, strict=False
        ):
            if loss is not None and output.shape is not None:
                loss.check_targets(y, output.shape, name)

    def _layout(self) -> Layout:
        return Layout(self.input_names, self.output_names)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """One update of the weights.

        Returns:
            The batch's loss, or [loss, metrics…], or a dict of them; with `reset_metrics=False`
            the means since the last reset.
        """
        return self._one_batch(
            "train", x, y, sample_weight, class_weight, reset_metrics, return_dict
        )

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics of one batch; nothing is trained."""
        return self._one_batch("test", x, y, sample_weight, None, reset_metrics, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch."""
        batch = self._data_layout(x).batch(x)
        return self._nest_outputs(self._step("predict", batch)(batch))

    def _one_batch(
        self, mode: str, x: Any, y: Any, weight: Any, class_weight: Any, reset: bool, as_dict: bool
    ) -> Any:
        batch = self._data_layout(x, y).batch(x, y, weight, class_weight)
        step = self._step(mode, batch)
        if reset:
            self.reset_metrics()
        return self._report(step(batch), as_dict)

    def _report(self, results: Sequence[Any], as_dict: bool) -> Any:
        logs = self._logs(results)
        if as_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def _logs(self, results: Sequence[Any]) -> dict[str, float]:
        compiled = assert_compiled(self._compiled)
        names = [name for name, _ in compiled.trackers]
        return {name: float(value) for name, value in zip(names, results, strict=True)}

    def _nest_outputs(self, outputs: list[Any]) -> Any:
        structure = self.output_structure
        if not isinstance(structure, dict) and len(outputs) == 1:
            return outputs[0]
        return outputs if structure is None else rebuild(structure, iter(outputs))

    @property
    def output_structure(self) -> Any:
        """How the model nests its outputs."""
        return None if self.network is None else self.network.outputs

    def _data_layout(self, x: Any, y: Any = None) -> Layout:
        """Names for data; a subclassed model takes them from the data's own nesting."""
        if self.network is not None:
            return self._layout()
        return Layout(_names(x, "input"), self._declared_outputs(y))

    def _declared_outputs(self, y: Any) -> list[str]:
        return _names(y, "output") if y is not None else ["output"]

    # Many steps ---------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **ignored: Any,
    ) -> Any:
        """Trains the model.

        Args:
            x: array, list or dict of arrays; or an object with `__len__` and `__getitem__`, or
                an iterator, of batches `(x, y)` or `(x, y, sample_weight)`.
            y: targets, where x is arrays.
            batch_size: samples an update, 32 if None; the last batch may be smaller.
            epochs: index of the last epoch plus one.
            verbose: 0 silent, 1 or "auto" a progress bar, 2 a line an epoch.
            callbacks: objects called between batches and epochs.
            validation_split: this part of the samples, taken from the end, is not trained on.
            validation_data: `(x, y)`, `(x, y, sample_weight)`, or batches as for x.
            shuffle: a new order of samples every epoch.
            class_weight: factor on the loss by class, `{0: 1.0, 1: 5.0}`; by output name first
                where there are several.
            sample_weight: factor on the loss by sample.
            initial_epoch: where to go on counting.
            steps_per_epoch: at most this many batches an epoch.
            validation_steps: at most this many validation batches.
            validation_batch_size: as `batch_size`.
            validation_freq: epochs between validations, or a list of epochs counted from 1.
            ignored: `workers`, `max_queue_size`, `use_multiprocessing` of Keras 2.

        Returns:
            A `History`.

        Raises:
            DataError: if data do not fit the model or the loss.
        """
        _check_ignored(
            "fit", ignored, {"workers", "max_queue_size", "use_multiprocessing", "nb_epoch"}
        )
        generator = self._shuffle_generator() if shuffle else None
        source, held_out = self._sources(
            x, y, sample_weight, class_weight, batch_size, steps_per_epoch, generator,
            validation_split if validation_data is None else 0.0,
        )  # fmt: skip
        validation = self._validation_source(
            validation_data, held_out, validation_batch_size or batch_size, validation_steps
        )
        level = 1 if verbose == "auto" else int(verbose)
        self.stop_training = False
        with CallbackList(
            callbacks,
            add_progbar=level != 0,
            model=self,
            verbose=level,
            epochs=epochs,
            steps=source.steps,
        ) as watchers:
            watchers.on_train_begin()
            logs: dict[str, float] = {}
            for epoch in range(initial_epoch, epochs):
                watchers.on_epoch_begin(epoch)
                logs = self._train_epoch(source, watchers)
                if validation is not None and _is_due(epoch, validation_freq):
                    results = self._evaluate(validation, watchers)
                    logs.update({f"val_{name}": value for name, value in results.items()})
                watchers.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            watchers.on_train_end(logs)
            return watchers.history

    def _sources(
        self, x: Any, y: Any, weights: Any, class_weight: Any, batch_size: int | None,
        steps: int | None, generator: np.random.Generator | None, held_out: float,
    ) -> tuple[Source, Batch | None]:  # fmt: skip
        """What to train on, and the samples that `validation_split` keeps back."""
        layout = self._data_layout(x, y)
        source = make_source(layout, x, y, weights, class_weight, batch_size, steps, generator)
        if not held_out:
            return source, None
        if not isinstance(source, ArraySource):
            raise OptionError("fit", "validation_split needs arrays", got=type(x).__name__)
        train, kept = split_validation(layout.batch(x, y, weights, class_weight), held_out)
        return ArraySource(train, batch_size or 32, generator, steps), kept

    def _validation_source(
        self, data: Any, held_out: Batch | None, batch_size: int | None, steps: int | None
    ) -> Source | None:
        if held_out is not None:
            return ArraySource(held_out, batch_size or 32, None, steps)
        if data is None:
            return None
        if isinstance(data, tuple | list) and len(data) in (2, 3):
            x, y, weights = (*data, None)[:3]
            layout = self._data_layout(x, y)
            return make_source(layout, x, y, weights, None, batch_size, steps)
        return make_source(self._data_layout(None), data, batch_size=batch_size, steps=steps)

    def _train_epoch(self, source: Source, watchers: CallbackList) -> dict[str, float]:
        self.reset_metrics()
        logs: dict[str, float] = {}
        for index, batch in enumerate(source.epoch()):
            step = self._step("train", batch)
            watchers.on_train_batch_begin(index)
            logs = self._logs(step(batch))
            watchers.on_train_batch_end(index, logs)
            if self.stop_training:
                break
        return dict(logs)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **ignored: Any,
    ) -> Any:
        """Loss and metrics over all samples.

        Args:
            x, y, sample_weight, batch_size, steps: as in `fit`.
            verbose: 0 silent, else one line.
            callbacks: objects called between batches.
            return_dict: a dict of names and values instead of a list.
            ignored: options of Keras 2 that have no meaning here.

        Returns:
            The loss, or [loss, metrics…], or a dict.
        """
        _check_ignored("evaluate", ignored, {"workers", "max_queue_size", "use_multiprocessing"})
        layout = self._data_layout(x, y)
        source = make_source(layout, x, y, sample_weight, None, batch_size, steps)
        level = 1 if verbose == "auto" else int(verbose)
        with CallbackList(
            callbacks,
            add_history=False,
            add_progbar=level != 0,
            model=self,
            verbose=level,
            epochs=1,
            steps=source.steps,
        ) as watchers:
            logs = self._evaluate(source, watchers)
        return self._report(list(logs.values()), return_dict)

    def _evaluate(self, source: Source, watchers: CallbackList) -> dict[str, float]:
        self.reset_metrics()
        watchers.on_test_begin()
        logs: dict[str, float] = {}
        for index, batch in enumerate(source.epoch()):
            step = self._step("test", batch)
            watchers.on_test_batch_begin(index)
            logs = self._logs(step(batch))
            watchers.on_test_batch_end(index, logs)
        watchers.on_test_end(logs)
        return dict(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
        **ignored: Any,
    ) -> Any:
        """The outputs for all samples.

        Args:
            x, batch_size, steps: as in `fit`.
            verbose: 0 silent, which is the default here.
            callbacks: objects called between batches.
            ignored: options of Keras 2 that have no meaning here.

        Returns:
            An array, or arrays nested as the model's outputs, with one row a sample.
        """
        _check_ignored("predict", ignored, {"workers", "max_queue_size", "use_multiprocessing"})
        source = make_source(self._data_layout(x), x, batch_size=batch_size, steps=steps)
        if callbacks is None and not (verbose and verbose != "auto"):
            return self._collect([self._step("predict", b)(b) for b in source.epoch()])
        pieces = []
        with CallbackList(
            callbacks,
            add_history=False,
            add_progbar=bool(verbose) and verbose != "auto",
            model=self,
            verbose=0 if verbose == "auto" else int(verbose),
            epochs=1,
            steps=source.steps,
        ) as watchers:
            watchers.on_predict_begin()
            for index, batch in enumerate(source.epoch()):
                step = self._step("predict", batch)
                watchers.on_predict_batch_begin(index)
                pieces.append(step(batch))
                watchers.on_predict_batch_end(index)
            watchers.on_predict_end()
        return self._collect(pieces)

    def _collect(self, pieces: list[list[Any]]) -> Any:
        if len(pieces) == 1:
            return self._nest_outputs(pieces[0])
        return self._nest_outputs([np.concatenate(parts) for parts in zip(*pieces, strict=True)])

    def _shuffle_generator(self) -> np.random.Generator:
        """A generator that follows from seed, model and the number of fits before."""
        self._epochs_shuffled += 1
        words = [current_seed(), *self._stream_name().encode(), self._epochs_shuffled]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

    def _stream_name(self) -> str:
        raise NotImplementedError

    # Keras 2's names ----------------------------------------------------------------------------

    def fit_generator(self, generator: Any, steps_per_epoch: Any = None, **kwargs: Any) -> Any:
        """`fit` for batches (Keras 2's name)."""
        return self.fit(generator, steps_per_epoch=steps_per_epoch, **kwargs)

    def evaluate_generator(self, generator: Any, steps: Any = None, **kwargs: Any) -> Any:
        """`evaluate` for batches (Keras 2's name)."""
        return self.evaluate(generator, steps=steps, **{"verbose": 0, **kwargs})

    def predict_generator(self, generator: Any, steps: Any = None, **kwargs: Any) -> Any:
        """`predict` for batches (Keras 2's name)."""
        return self.predict(generator, steps=steps, **kwargs)


def _is_due(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _is_nest(value: Any) -> bool:
    return isinstance(value, list | tuple | dict)


def _names(value: Any, stem: str = "output") -> list[str]:
    """Names for a nest of data: a dict's own, else numbered."""
    if isinstance(value, dict):
        return [str(name) for name in value]
    if isinstance(value, tuple | list) and all(hasattr(item, "ndim") for item in value) and value:
        return [stem] if len(value) == 1 else [f"{stem}_{i + 1}" for i in range(len(value))]
    return [stem]


def _check_ignored(where: str, given: dict[str, Any], known: set[str]) -> None:
    for name in given:
        if name not in known:
            raise OptionError(where, f"has no argument {name!r}")
        warnings.warn(f"thalweg: {where}({name}=…) has no effect", UserWarning, stacklevel=3)
