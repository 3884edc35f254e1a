"""Rows of a table, picked by number."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable

from .. import constraints, initializers, regularizers
from ..options import Interval
from .base import Layer

__all__ = ["Embedding"]

_COUNT = Interval(1, integer=True)


class Embedding(Layer):
    """The rows of a trained table that integers number: words become vectors.

    Args:
        input_dim: number of rows: the largest integer plus one.
        output_dim: size of a row.
        embeddings_initializer: what the table starts from.
        embeddings_regularizer: a function of the table whose value joins the loss.
        embeddings_constraint: a function applied to it after each update.
        mask_zero: whether 0 means "nothing here", which masks it.
        input_length: accepted as in Keras 2; the graph knows sizes.
        weights: accepted as in Keras 2: a list with the table to start from.
        kwargs: `Layer`'s arguments.

    Input shape:
        (batch, ...) integers in 0 <= i < input_dim; floats are cut to integers.

    Output shape:
        (batch, ..., output_dim).

    Weights:
        embeddings (input_dim, output_dim).

    >>> import numpy as np
    >>> Embedding(10, 4)(np.array([[1, 2, 0]])).shape
    (1, 3, 4)
    """

    embeddings: Variable

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: Any = None,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        if input_length is not None and not {"input_shape", "batch_input_shape"} & set(kwargs):
            sizes = input_length if isinstance(input_length, list | tuple) else (input_length,)
            kwargs["input_shape"] = tuple(sizes)
        super().__init__(**kwargs)
        self.input_dim: int = _COUNT.check(self, "input_dim", input_dim)
        self.output_dim: int = _COUNT.check(self, "output_dim", output_dim)
        if weights is not None:
            embeddings_initializer = initializers.Constant(weights[0])
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.supports_masking = self.mask_zero

    def build(self, input_shape: Any) -> None:
        """Makes the table."""
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the integer is not 0, if that masks; else None."""
        if not self.mask_zero:
            return None
        return core.not_equal(core.convert(inputs), 0)

    def call(self, inputs: Tensor) -> Tensor:
        """The rows."""
        numbers = inputs if inputs.dtype.is_integer else core.cast(inputs, "int32")
        return core.gather(self.embeddings, numbers)
