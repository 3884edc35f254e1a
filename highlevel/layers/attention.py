"""Attention of Keras 2: each query gets a mean of the values, weighted by how well keys fit it."""

from __future__ import annotations

from typing import Any

from thalweg import core
from thalweg.core import Tensor, Variable
from thalweg.core.errors import ShapeError

from ..options import Interval, OneOf
from .base import Layer
from .regularization import Dropout

__all__ = ["AdditiveAttention", "Attention", "causal_mask", "masked_scores"]


def causal_mask(queries: Tensor, keys: Tensor) -> Tensor:
    """Whether a query may see a key: not those of later times.

    Args:
        queries: (batch, T, ...).
        keys: (batch, S, ...).

    Returns:
        (1, T, S) bool.
    """
    rows, columns = (core.arange(core.shape_of(t)[1]) for t in (queries, keys))
    seen = core.greater_equal(core.expand_dims(rows, 1), core.expand_dims(columns, 0))
    return core.expand_dims(seen, 0)


def masked_scores(scores: Tensor, seen: Tensor | None) -> Tensor:
    """Scores that are so low where a key may not be seen that its weight becomes 0.

    A query that may see no key at all sees all of them alike, as in Keras.

    Args:
        scores: (..., T, S).
        seen: bool, of a shape that broadcasts; None for all.
    """
    if seen is None:
        return scores
    lowest = core.zeros_like(scores) - (6e4 if scores.dtype == "float16" else 1e9)
    return core.where(core.broadcast_to(seen, core.shape_of(scores)), scores, lowest)


class _Attention(Layer):
    """Base of both: a subclass says how well keys fit queries."""

    supports_masking = True

    def __init__(self, dropout: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dropout: float = Interval(0, 1).check(self, "dropout", dropout)
        self.seed = seed
        self._dropout = Dropout(dropout, seed=seed, name="dropout", dtype=self.dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the queries."""
        return mask[0] if isinstance(mask, list | tuple) else None

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The weighted means.

        Args:
            inputs: queries (batch, T, features), values (batch, S, size), and maybe keys
                (batch, S, features), which are the values if they are left out.
            mask: of queries and values, a list; what it leaves out is not seen, and outputs there
                are 0.
            training: whether weights are dropped.
            return_attention_scores: give the weights, (batch, T, S), too.
            use_causal_mask: no query sees keys of later times.

        Returns:
            (batch, T, size), and the weights if wanted.

        Raises:
            ShapeError: if the input is no list of two or three tensors.
        """
        if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3):
            raise ShapeError(
                type(self).__name__,
                "takes queries, values and maybe keys",
                expected="[query, value] or [query, value, key]",
                got=f"{len(inputs)} tensors" if isinstance(inputs, list | tuple) else "one tensor",
            )
        query, value, key = (*inputs, inputs[1])[:3]
        masks = list(mask) if isinstance(mask, list | tuple) else [None, None]
        seen = None if masks[1] is None else core.expand_dims(masks[1], 1)
        if use_causal_mask:
            causal = causal_mask(query, key)
            seen = causal if seen is None else core.logical_and(seen, causal)
        weights = core.softmax(masked_scores(self._scores(query, key), seen))
        weights = self._dropout(weights, training=training)
        result = core.matmul(weights, value)
        if masks[0] is not None:
            result = result * core.cast(core.expand_dims(masks[0], -1), result.dtype)
        return (result, weights) if return_attention_scores else result

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(batch, T, features), (batch, S, features) -> (batch, T, S)."""
        raise NotImplementedError(type(self).__name__)


def _sums(query: Tensor, key: Tensor) -> Tensor:
    """All sums of a query and a key: (batch, T, S, features)."""
    return core.expand_dims(query, 2) + core.expand_dims(key, 1)


class Attention(_Attention):
    """softmax(query · key) · value, in each example.

    M.-T. Luong, H. Pham, C. D. Manning, "Effective Approaches to Attention-based Neural Machine
    Translation", 2015, equation 8.

    Args:
        use_scale: whether there is a scale that scores are multiplied by.
        score_mode: `"dot"`; or `"concat"`: the sum over features of tanh(query + key), times a
            weight.
        dropout: the probability of a weight to become 0 in training.
        seed: an integer >= 0, of what is dropped.
        kwargs: `Layer`'s arguments.

    Input shape:
        [query (batch, T, features), value (batch, S, size), and maybe key (batch, S, features)].

    Output shape:
        (batch, T, size).

    Weights:
        scale () if `use_scale`; concat_score_weight () with `"concat"`.

    >>> import numpy as np
    >>> query, key = np.float32([[[9, 0]]]), np.float32([[[9, 0], [0, 9]]])
    >>> Attention()([query, np.float32([[[1], [2]]]), key]).tolist()
    [[[1.0]]]
    """

    scale: Variable | None = None
    concat_score_weight: Variable | None = None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dropout, seed, **kwargs)
        self.use_scale = bool(use_scale)
        self.score_mode: str = OneOf("dot", "concat").check(self, "score_mode", score_mode)

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        if self.concat_score_weight is not None:
            both = _sums(query, key)
            both = both if self.scale is None else both * self.scale
            return core.reduce_sum(core.tanh(both), -1) * self.concat_score_weight
        scores = core.matmul(query, key, transpose_b=True)
        return scores if self.scale is None else scores * self.scale


class AdditiveAttention(_Attention):
    """softmax(sum(scale * tanh(query + key))) · value, in each example.

    D. Bahdanau, K. Cho, Y. Bengio, "Neural Machine Translation by Jointly Learning to Align and
    Translate", 2015, appendix A.1.2.

    Args:
        use_scale: whether features have a scale each.
        dropout: the probability of a weight to become 0 in training.
        seed: an integer >= 0, of what is dropped.
        kwargs: `Layer`'s arguments.

    Input shape:
        [query (batch, T, features), value (batch, S, size), and maybe key (batch, S, features)].

    Output shape:
        (batch, T, size).

    Weights:
        scale (features,) if `use_scale`.

    >>> import numpy as np
    >>> x = np.ones((2, 3, 4))
    >>> AdditiveAttention()([x, x]).shape
    (2, 3, 4)
    """

    scale: Variable | None = None

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(dropout, seed, **kwargs)
        self.use_scale = bool(use_scale)

    def build(self, input_shape: Any) -> None:
        """Makes the weight."""
        if self.use_scale:
            features = input_shape[0][-1]
            self.scale = self.add_weight(
                name="scale", shape=(features,), initializer="glorot_uniform"
            )

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        fits = core.tanh(_sums(query, key))
        return core.reduce_sum(fits if self.scale is None else fits * self.scale, -1)
