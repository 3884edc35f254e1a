"""ModelLoader: makes a model of a file's parts; each kind of file says where these lie."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from thalweg.core.errors import FileFormatError

from ..models.model import Model
from ..optimizers.base import Optimizer
from .model_reader import ModelReader
from .optimizer_state import Arrays, load_optimizer
from .own_state import OwnState
from .training_config import compile_arguments

__all__ = ["ModelLoader"]


class ModelLoader:
    """Makes a model of an open file.

    Args:
        where: the file, for messages.
        own: what only this library wrote into it, if it did.
    """

    def __init__(self, where: str, own: Mapping[str, Any] | None) -> None:
        self._where = where
        self._own = None if own is None else OwnState(own, where)

    # What a kind of file says -------------------------------------------------------------------

    def _model_config(self) -> dict[str, Any]:
        """The entry of the model."""
        raise NotImplementedError(type(self).__name__)

    def _load_weights(self, model: Model, reader: ModelReader) -> None:
        raise NotImplementedError(type(self).__name__)

    def _training_config(self) -> dict[str, Any] | None:
        """What `compile` was told, in Keras 2's words; None if it was not called."""
        raise NotImplementedError(type(self).__name__)

    def _optimizer_arrays(self, optimizer: Optimizer) -> Arrays | None:
        """The optimizer's state, with names that say which is the learning rate."""
        raise NotImplementedError(type(self).__name__)

    # What is made of it -------------------------------------------------------------------------

    def load(self, is_compiled: bool) -> Model:
        """The model, with weights, and compiled if asked for and possible."""
        config = self._model_config()
        known = {} if self._own is None else self._own.streams()
        reader = ModelReader(self._where, known, is_own=self._own is not None)
        model = reader.layer(config, ())
        if not isinstance(model, Model):
            raise FileFormatError(
                self._where, "the file holds a layer, not a model", got=type(model).__name__
            )
        self._load_weights(model, reader)
        training = self._training_config() if is_compiled else None
        if training is not None:
            self._compile(model, training, reader)
        if self._own is not None:
            self._own.load(model)
        reader.finish(stacklevel=5)  # who called load_model
        return model

    def _compile(self, model: Model, training: Mapping[str, Any], reader: ModelReader) -> None:
        arguments = compile_arguments(training, self._where, model.output_names, reader.ignored)
        with reader.making(f"{type(model).__name__} '{model.name}'"):
            model.compile(**arguments)
            if self._own is not None:
                self._own.freeze(model)
            compiled = model._resolve_compiled()
        stored = None if compiled is None else self._optimizer_arrays(compiled.optimizer)
        if compiled is None or stored is None:
            return
        compiled.optimizer.extend(compiled.trainable)
        problem = load_optimizer(compiled.optimizer, compiled.trainable, stored)
        if problem is not None and self._own is not None:
            raise FileFormatError(
                self._where, "the optimizer's state does not fit the model", got=problem
            )
        if problem is not None:
            warnings.warn(
                f"thalweg: {self._where}: the optimizer begins anew; its state in the file does "
                f"not fit: {problem}",
                UserWarning,
                stacklevel=5,
            )
