"""`Trainer`: compile, fit, evaluate and predict, once for every kind of model."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from thalweg.core import current_seed, flatten, rebuild, user_site
from thalweg.core.errors import DataError, OptionError, nearest

from .. import losses as loss_registry
from .. import optimizers as optimizer_registry
from ..callbacks.base import CallbackList
from ..keras1 import modern_steps, warn_of_names
from ..layers.base import Layer
from ..options import Interval
from .compiled import Compiled, check_metric
from .data import (
    ArraySource,
    Source,
    groups_of,
    make_source,
    split_validation,
    warn_of_end,
    whole_steps,
)
from .inputs import fitted_array
from .layout import Batch, Layout
from .step import Step, step_key

__all__ = ["Trainer"]

_MOST_STEPS = 64  # of a model, by which arrays are known again
_QUEUE = {"workers", "max_queue_size", "use_multiprocessing"}  # Keras 2's, without meaning here


class Trainer(Layer):
    """The training half of `Model`: a layer that can be compiled, trained and asked."""

    network: Any
    _compile_arguments: tuple[Any, Any, Any, Any, Any] | None = None
    _frozen: frozenset[Layer] = frozenset()  # layers that did not train at compile
    _compiled: Compiled | None = None
    _steps: dict[tuple[Any, ...], Step]
    _epochs_done: int = 0  # before `fit`, by its callbacks
    _fits: int
    stop_training: bool = False
    history: Any = None

    # What the model says ------------------------------------------------------------------------

    def ensure_built(self, batch: Batch) -> None:
        """Builds a model whose input was not declared, from its first data."""
        raise NotImplementedError

    @property
    def output_structure(self) -> Any:
        """The output tensors, nested as the model returns them; None while unknown."""
        raise NotImplementedError

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: those of the layers that make them."""
        raise NotImplementedError

    @property
    def data_names(self) -> list[str] | None:
        """Names of the inputs; None if the model takes whatever nesting comes."""
        raise NotImplementedError

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
        _check_names("compile", ignored, known, Trainer.compile)
        # What trains is decided here, as in Keras 2: GAN scripts rely on it.
        self._frozen = frozenset(
            layer for layer in (self, *self.all_sublayers()) if not layer.trainable
        )
        optimizer = optimizer_registry.get(optimizer)
        for item in flatten(loss):
            if item is not None:
                loss_registry.get(item)
        for item in flatten((metrics, weighted_metrics)):
            if item is not None:
                check_metric(item)
        self._compile_arguments = (optimizer, loss, loss_weights, metrics, weighted_metrics)
        self._forget_steps()
        self._resolve_compiled()

    def _forget_steps(self) -> None:
        """After a change of the model or of `compile`."""
        self._compiled = None
        self._steps.clear()

    def _resolve_compiled(self) -> Compiled | None:
        """Resolves `compile`'s arguments once the outputs are known."""
        arguments = self._compile_arguments
        if self._compiled is None and arguments is not None and self.output_structure is not None:
            trained = self.trained_weights(lambda layer: layer not in self._frozen)
            arguments[0].extend(trained)
            self._compiled = Compiled(*arguments, self.output_names, trained, self._frozen)
        return self._compiled

    @property
    def optimizer(self) -> Any:
        """The optimizer given to `compile`."""
        return None if self._compile_arguments is None else self._compile_arguments[0]

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
        key = step_key(mode, batch, self.network is not None)
        step = self._steps.get(key)
        if step is None or not step.accepts(batch):
            compiled = self._resolve_compiled()
            step = self._steps[key] = Step(self, mode, batch, compiled)
        return step

    def fitted(self, batch: Batch, where: str) -> Batch:
        """The batch, checked and brought to the ranks of the model's inputs.

        Raises:
            DataError: if data do not fit the model or its loss, or it is not compiled.
        """
        if self.network is not None:
            pairs = zip(self.network.flat_inputs, batch.x, strict=True)
            batch = batch._replace(x=[fitted_array(tensor, x, where) for tensor, x in pairs])
        if where.startswith("predict"):
            return batch
        compiled = self._require_compiled(where)
        lossy = [n for n, loss in zip(compiled.outputs, compiled.losses, strict=True) if loss]
        if batch.y is None:
            if lossy:
                raise DataError(
                    where,
                    "the targets y are missing",
                    expected=f"y for {', '.join(lossy)}",
                    layer=self._label,
                )
            return batch
        outputs = flatten(self.output_structure)
        for loss, y, output, name in zip(
            compiled.losses, batch.y, outputs, compiled.outputs, strict=True
        ):
            if loss is not None:  # labels out of range are found here, not as a NaN in training
                loss.check_targets(y, output.shape, name)
        return batch

    def _require_compiled(self, where: str) -> Compiled:
        compiled = self._resolve_compiled()
        if compiled is None:
            raise DataError(
                where,
                "the model is not compiled",
                layer=self._label,
                hint="model.compile(optimizer=…, loss=…) first",
            )
        return compiled

    def _layout(self, where: str) -> Layout:
        if not where.startswith("predict") and self._compile_arguments is None:
            self._require_compiled(where)
        return Layout(self, where)

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
        # An array of a shape and dtype that came before needs no second look: of a small network's
        # call, looking takes a third.
        key = ("predict_on_batch", x.shape, x.dtype) if type(x) is np.ndarray else None
        step = self._steps.get(key) if key is not None else None
        if step is not None:
            return self._nest_outputs(step(Batch([x])))
        batch = self._layout("predict_on_batch").batch(x)
        step = self._step("predict", batch)
        is_as_given = len(batch.x) == 1 and batch.x[0] is x
        if key is not None and is_as_given and len(self._steps) < _MOST_STEPS:
            self._steps[key] = step
        return self._nest_outputs(step(batch))

    def _one_batch(
        self, mode: str, x: Any, y: Any, weight: Any, class_weight: Any, reset: bool, as_dict: bool
    ) -> Any:
        batch = self._layout(f"{mode}_on_batch").batch(x, y, weight, class_weight)
        step = self._step(mode, batch)
        if reset:
            self.reset_metrics()
        return _report(step.logs(step(batch)), as_dict)

    def _nest_outputs(self, outputs: list[Any]) -> Any:
        return rebuild(self.output_structure, iter(outputs))

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
        steps_per_epoch: float | None = None,
        validation_steps: float | None = None,
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
            steps_per_epoch: batches an epoch, a fraction counting as one, as in `len(x) / 32`; data
                that give fewer start again, if they can.
            validation_steps: at most this many validation batches.
            validation_batch_size: as `batch_size`.
            validation_freq: epochs between validations, or a list of epochs counted from 1.
            ignored: `workers`, `max_queue_size`, `use_multiprocessing` of Keras 2. Keras 1's
                `nb_epoch` is read as `epochs`.

        Returns:
            A `History`.

        Raises:
            DataError: if data do not fit the model or the loss.
        """
        ignored = warn_of_names("fit", ignored)
        epochs = ignored.pop("epochs", epochs)
        _check_ignored("fit", ignored, _QUEUE, Trainer.fit)
        epochs = Interval(0, integer=True).check("fit", "epochs", epochs)
        steps_per_epoch = whole_steps("fit", "steps_per_epoch", steps_per_epoch)
        validation_steps = whole_steps("fit", "validation_steps", validation_steps)
        generator = self._shuffle_generator() if shuffle else None
        layout = self._layout("fit")
        source: Source = make_source(
            layout, x, y, sample_weight, class_weight, batch_size, steps_per_epoch, generator, True
        )
        validation: Source | None = None
        if validation_data is not None:
            size = validation_batch_size or batch_size
            validation = self._validation(validation_data, size, validation_steps)
        elif validation_split:
            if not isinstance(source, ArraySource):
                raise layout.error("validation_split needs arrays", got=type(x).__name__)
            train, kept = split_validation(source.data, validation_split, layout)
            source = ArraySource(train, batch_size or 32, generator, steps_per_epoch, True)
            size = validation_batch_size or batch_size or 32
            validation = ArraySource(kept, size, None, validation_steps)
        self._warn_of_thawed()
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
            self._epochs_done = initial_epoch
            watchers.on_train_begin()
            while initial_epoch < min(self._epochs_done, epochs):
                source.skip_epoch()
                initial_epoch += 1
            logs: dict[str, float] = {}
            for epoch in range(initial_epoch, epochs):
                if source.has_ended:
                    if steps_per_epoch is None:
                        warn_of_end(epoch - initial_epoch, epochs - initial_epoch, "epochs")
                    break
                watchers.on_epoch_begin(epoch)
                results = self._train_epoch(source, watchers)
                if not results:
                    break
                logs = results
                if validation is not None and _is_due(epoch, validation_freq):
                    results = self._evaluate(validation, watchers)
                    logs.update({f"val_{name}": value for name, value in results.items()})
                watchers.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            watchers.on_train_end(logs)
            return watchers.history

    def skip_epochs(self, done: int) -> None:
        """Lets `fit` go on after so many epochs: for `on_train_begin` of a callback."""
        self._epochs_done = max(self._epochs_done, done)

    def _validation(self, data: Any, batch_size: int | None, steps: int | None) -> Source:
        layout = self._layout("fit(validation_data=…)")
        if isinstance(data, tuple | list) and len(data) in (2, 3):
            x, y, weights = (*data, None)[:3]
            return make_source(layout, x, y, weights, None, batch_size, steps)
        return make_source(layout, data, batch_size=batch_size, steps=steps)

    def _warn_of_thawed(self) -> None:
        """Says that `trainable` was changed after `compile`, which fixed what trains."""
        compiled = self._resolve_compiled()
        if compiled is not None and set(compiled.trainable) != set(self.trainable_weights):
            warnings.warn(
                f"thalweg: {self._label}: `trainable` was changed after compile(), which decides "
                "what trains; call compile() again for the change to count.",
                UserWarning,
                stacklevel=3,
            )

    def _train_epoch(self, source: Source, watchers: CallbackList) -> dict[str, float]:
        self.reset_metrics()
        logs: dict[str, float] = {}
        begin, end = watchers.on_train_batch_begin, watchers.on_train_batch_end
        for step, index, values in self._run(
            "train", source, begin, watchers.has_train_batch_hooks
        ):
            logs = step.logs(values)
            end(index, logs)
            if self.stop_training:
                break
        return dict(logs)

    def _run(
        self, mode: Any, source: Source, begin: Callable[[int], None], each: bool
    ) -> Iterator[tuple[Step, int, list[Any]]]:
        """Runs the batches of an epoch, one by one if `each`, else as many at a time as will do.

        Yields:
            The step; the index of the last batch done; outputs of all since, or metric values.
        """
        first = 0
        for batch, count in ((b, 1) for b in source.epoch()) if each else groups_of(source):
            step = self._step(mode, batch.part(0, count) if count > 1 else batch)
            begin(first)
            for done, values in step.many(batch, count):
                yield step, first + done - 1, values
            first += count

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: float | None = None,
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
        _check_ignored("evaluate", ignored, _QUEUE, Trainer.evaluate)
        layout = self._layout("evaluate")
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
        if not logs:
            raise layout.error("there are no batches", got="an iterator that gives nothing")
        return _report(logs, return_dict)

    def _evaluate(self, source: Source, watchers: CallbackList) -> dict[str, float]:
        self.reset_metrics()
        watchers.on_test_begin()
        logs: dict[str, float] = {}
        begin, end = watchers.on_test_batch_begin, watchers.on_test_batch_end
        for step, index, values in self._run("test", source, begin, watchers.has_test_batch_hooks):
            logs = step.logs(values)
            end(index, logs)
        watchers.on_test_end(logs)
        return dict(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: float | None = None,
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
        _check_ignored("predict", ignored, _QUEUE, Trainer.predict)
        layout = self._layout("predict")
        source = make_source(layout, x, batch_size=batch_size, steps=steps)
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
            begin, end = watchers.on_predict_batch_begin, watchers.on_predict_batch_end
            for _, index, values in self._run(
                "predict", source, begin, watchers.has_predict_batch_hooks
            ):
                pieces.append(values)
                end(index)
            watchers.on_predict_end()
        return self._collect(pieces, layout)

    def _collect(self, pieces: list[list[Any]], layout: Layout) -> Any:
        if not pieces:
            raise layout.error("there are no batches", got="an iterator that gives nothing")
        if len(pieces) == 1:
            return self._nest_outputs(pieces[0])
        return self._nest_outputs([np.concatenate(parts) for parts in zip(*pieces, strict=True)])

    def _shuffle_generator(self) -> np.random.Generator:
        """A generator that follows from seed, model and the number of fits before."""
        self._fits += 1
        words = [current_seed(), *self._stream.name.encode(), self._fits]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

    # Keras 2's names ----------------------------------------------------------------------------

    def fit_generator(
        self, generator: Any, steps_per_epoch: Any = None, epochs: int = 1, **kwargs: Any
    ) -> Any:
        """`fit` for batches (Keras 2's name; Keras 1's names of arguments are read, too)."""
        given = warn_of_names("fit_generator", {"steps_per_epoch": steps_per_epoch, **kwargs})
        places = {"steps_per_epoch": generator, "validation_steps": given.get("validation_data")}
        steps = modern_steps("fit_generator", places, given)
        return self.fit(generator, **{"epochs": epochs, **steps})

    def evaluate_generator(self, generator: Any, steps: Any = None, **kwargs: Any) -> Any:
        """`evaluate` for batches (Keras 2's name; Keras 1's names of arguments are read, too)."""
        given = warn_of_names("evaluate_generator", {"steps": steps, "verbose": 0, **kwargs})
        return self.evaluate(
            generator, **modern_steps("evaluate_generator", {"steps": generator}, given)
        )

    def predict_generator(self, generator: Any, steps: Any = None, **kwargs: Any) -> Any:
        """`predict` for batches (Keras 2's name; Keras 1's names of arguments are read, too)."""
        given = warn_of_names("predict_generator", {"steps": steps, **kwargs})
        return self.predict(
            generator, **modern_steps("predict_generator", {"steps": generator}, given)
        )


def _is_due(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _report(logs: dict[str, float], as_dict: bool) -> Any:
    values = list(logs.values())
    return logs if as_dict else values[0] if len(values) == 1 else values


def _check_names(
    where: str, given: Iterable[str], known: Iterable[str], method: Callable[..., Any]
) -> None:
    """Raises OptionError for an argument that `method` does not have."""
    for name in given:
        if name not in known:
            names = [*inspect.signature(method).parameters, *known]
            raise OptionError(
                where, f"has no argument {name!r}", site=user_site(), hint=nearest(name, names)
            )


def _check_ignored(
    where: str, given: Iterable[str], known: Iterable[str], method: Callable[..., Any]
) -> None:
    _check_names(where, given, known, method)
    for name in given:
        warnings.warn(f"thalweg: {where}({name}=…) has no effect", UserWarning, stacklevel=3)
