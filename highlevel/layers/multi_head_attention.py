"""MultiHeadAttention: the attention of Transformers."""

from __future__ import annotations

import functools
import math
import string
from typing import Any

from thalweg import core
from thalweg.core import Tensor, shape_text
from thalweg.core.errors import ShapeError

from .. import constraints, initializers, regularizers
from ..options import Interval, option_error
from .activation import Softmax
from .attention import causal_mask, masked_scores
from .base import Layer
from .einsum_dense import EinsumDense
from .regularization import Dropout

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Layer):
    """Several attentions side by side, each between projections of its own.

    head = softmax(query · key / sqrt(key_dim)) · value, where query, key and value are the inputs
    times kernels of the head; the heads' results together are multiplied by one more kernel.
    A. Vaswani et al., "Attention Is All You Need", 2017, section 3.2.2.

    Args:
        num_heads: how many.
        key_dim: the features of each query and key.
        value_dim: those of each value; `key_dim` if None.
        dropout: the probability of a weight to become 0 in training.
        use_bias: whether projections have biases.
        output_shape: the features of the output, an integer or a tuple; the query's if None.
        attention_axes: along which axes queries see keys; all but the batch and the features if
            None.
        sliding_window: None; another is not supported.
        flash_attention: ignored: it says how to compute, not what.
        kernel_initializer, bias_initializer: what weights start from.
        kernel_regularizer, bias_regularizer: functions whose values join the loss.
        activity_regularizer: a function of the output whose value joins the loss.
        kernel_constraint, bias_constraint: functions applied after each update.
        use_gate: False; True is not supported.
        seed: an integer >= 0, of what is dropped.
        kwargs: `Layer`'s arguments.

    Call:
        `layer(query, value, key=None)`, with `attention_mask` (batch, T, S) of what may be seen,
        `use_causal_mask`, and `return_attention_scores`, which gives the weights (batch, heads, T,
        S), too.

    Input shape:
        query (batch, T, features), value and key (batch, S, ...); more axes are possible.

    Output shape:
        (batch, T, output features).

    Weights:
        kernel and bias of query, key, value and attention_output.

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8))
    >>> MultiHeadAttention(num_heads=2, key_dim=3)(x, x).shape
    (2, 5, 8)
    """

    supports_masking = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        count = Interval(1, integer=True)
        self.num_heads: int = count.check(self, "num_heads", num_heads)
        self.key_dim: int = count.check(self, "key_dim", key_dim)
        self.value_dim: int = count.check(self, "value_dim", value_dim or key_dim)
        self.dropout: float = Interval(0, 1).check(self, "dropout", dropout)
        self.use_bias = bool(use_bias)
        self.attention_axes = attention_axes
        self.seed = seed
        if sliding_window is not None:
            raise option_error(self, "sliding_window", sliding_window, "None")
        if use_gate:
            raise option_error(self, "use_gate", use_gate, "False")
        self._output_sizes = (output_shape,) if isinstance(output_shape, int) else output_shape
        self._options = {
            "kernel_initializer": initializers.get(kernel_initializer),
            "bias_initializer": initializers.get(bias_initializer),
            "kernel_regularizer": regularizers.get(kernel_regularizer),
            "bias_regularizer": regularizers.get(bias_regularizer),
            "kernel_constraint": constraints.get(kernel_constraint),
            "bias_constraint": constraints.get(bias_constraint),
        }

    def build(self, input_shape: Any) -> None:
        """Makes the projections: of the query's rank, which value and key have as well."""
        rank = len(input_shape)
        axes = self.attention_axes
        axes = range(1, rank - 1) if axes is None else (axes,) if isinstance(axes, int) else axes
        self._axes = tuple(sorted(axis % rank for axis in axes))
        if not self._axes or self._axes[0] < 1 or self._axes[-1] > rank - 2:
            expected = f"axes between 1 and {rank - 2}, of queries of rank {rank}"
            raise option_error(self, "attention_axes", self.attention_axes, expected)
        self.query_dense = self._projection("query", rank, self.key_dim)
        self.key_dense = self._projection("key", rank, self.key_dim)
        self.value_dense = self._projection("value", rank, self.value_dim)
        places = string.ascii_lowercase[: rank - 1]
        sizes = tuple(self._output_sizes or (input_shape[-1],))
        made = string.ascii_uppercase[: len(sizes)]
        self.output_dense = EinsumDense(
            f"{places}yz,yz{made}->{places}{made}",
            output_shape=(*[None] * (rank - 2), *sizes),
            bias_axes=made if self.use_bias else None,
            name="attention_output",
            dtype=self.dtype,
            **self._options,
        )
        last = len(self._axes)
        self._softmax = Softmax(tuple(range(-last, 0)), name="softmax", dtype=self.dtype)
        self._dropout_layer = Dropout(
            self.dropout, seed=self.seed, name="dropout", dtype=self.dtype
        )

    def _projection(self, name: str, rank: int, size: int) -> EinsumDense:
        """(batch, ..., features) -> (batch, ..., heads, size)."""
        places = string.ascii_lowercase[: rank - 1]
        return EinsumDense(
            f"{places}x,xyz->{places}yz",
            output_shape=(*[None] * (rank - 2), self.num_heads, size),
            bias_axes="yz" if self.use_bias else None,
            name=name,
            dtype=self.dtype,
            **self._options,
        )

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The heads' results, projected; see the class."""
        value = core.convert(value)
        key = value if key is None else core.convert(key)
        if len({query.ndim, value.ndim, key.ndim}) > 1:
            raise ShapeError(
                "MultiHeadAttention",
                "query, value and key differ in their number of axes",
                expected=f"as many as the query has, {shape_text(query.shape)}",
                got=f"{shape_text(value.shape)} and {shape_text(key.shape)}",
            )
        parts = [] if query_mask is None else [core.expand_dims(query_mask, 2)]
        parts += [core.expand_dims(mask, 1) for mask in (value_mask, key_mask) if mask is not None]
        if attention_mask is not None:
            parts.append(core.cast(core.convert(attention_mask), "bool"))
        if use_causal_mask:
            parts.append(causal_mask(query, value))
        # What is masked is known by now; projections need not be told.
        query, value, key = (core.identity(tensor) for tensor in (query, value, key))
        heads = self.query_dense(query) * (1.0 / math.sqrt(self.key_dim))
        scores, results = self._equations((query.ndim or 0) + 1)
        fits = core.einsum(scores, heads, self.key_dense(key))
        seen = [self._for_all_heads(part, fits.ndim or 0) for part in parts]
        weights = self._softmax(
            masked_scores(fits, functools.reduce(core.logical_and, seen) if seen else None)
        )
        used = self._dropout_layer(weights, training=training)
        y = self.output_dense(core.einsum(results, used, self.value_dense(value)))
        return (y, weights) if return_attention_scores else y

    def _for_all_heads(self, part: Tensor, rank: int) -> Tensor:
        """What may be seen, (batch, T, S), as (batch, 1, T, S): the same at all other places."""
        while (part.ndim or 0) < rank:
            part = core.expand_dims(part, -2 * len(self._axes) - 1)
        return part

    def _equations(self, rank: int) -> tuple[str, str]:
        """Scores of projected queries and keys, and results of scores and values.

        Letters are places: those of queries, then others for keys where they are seen along.
        """
        query = string.ascii_lowercase[:rank]
        key = "".join(n.upper() if i in self._axes else n for i, n in enumerate(query))
        alike = "".join(n for i, n in enumerate(query[:-1]) if i not in self._axes)
        rows = "".join(query[axis] for axis in self._axes)
        columns = rows.upper()
        scores = f"{alike}{rows}{columns}"
        return f"{query},{key}->{scores}", f"{scores},{key[:-1]}z->{query[:-1]}z"
