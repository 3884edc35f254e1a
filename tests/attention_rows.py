"""Rows of attention, of products along any axes, and of normalisations without batches."""

from __future__ import annotations

import numpy as np
from layer_row import Array, Row, Weights

from thalweg import layers

__all__ = ["ATTENTION_ROWS"]


def _attention(scores: Array, value: Array) -> Array:
    """Query by query."""
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    return np.stack([[row @ v for row in w] for w, v in zip(weights, value, strict=True)])


def _additive(query: Array, key: Array) -> Array:
    """tanh of every sum of a query and a key, (batch, T, S, features)."""
    return np.tanh(query[:, :, None] + key[:, None])


def _in_groups(x: Array, w: Weights, groups: int) -> Array:
    """Group by group, channels last."""
    y = np.empty_like(x)
    size = x.shape[-1] // groups
    for example in range(len(x)):
        for first in range(0, x.shape[-1], size):
            part = x[example, ..., first : first + size]
            y[example, ..., first : first + size] = (part - part.mean()) / np.sqrt(
                part.var() + 1e-3
            )
    return y * w["gamma"] + w["beta"]


_PAIR = ((2, 3, 4), (2, 5, 4))
_TRIPLE = ((2, 3, 4), (2, 5, 6), (2, 5, 4))

ATTENTION_ROWS = (
    Row(
        "attention",
        lambda **k: layers.Attention(**k),
        _PAIR,
        lambda q, v, w: _attention(np.einsum("btf,bsf->bts", q, v), v),
    ),
    Row(
        "attention_of_keys_with_scale_and_dropout",
        lambda **k: layers.Attention(use_scale=True, dropout=0.5, **k),
        _TRIPLE,
        lambda q, v, key, w: _attention(np.einsum("btf,bsf->bts", q, key) * w["scale"], v),
        {"scale": ()},
        differs=True,
    ),
    Row(
        "attention_of_sums",
        lambda **k: layers.Attention(score_mode="concat", **k),
        _PAIR,
        lambda q, v, w: _attention(_additive(q, v).sum(-1) * w["concat_score_weight"], v),
        {"concat_score_weight": ()},
    ),
    Row(
        "additive_attention",
        lambda **k: layers.AdditiveAttention(**k),
        _TRIPLE,
        lambda q, v, key, w: _attention(_additive(q, key) @ w["scale"], v),
        {"scale": (4,)},
    ),
    Row(
        "additive_attention_without_scale",
        lambda **k: layers.AdditiveAttention(use_scale=False, **k),
        _PAIR,
        lambda q, v, w: _attention(_additive(q, v).sum(-1), v),
    ),
    Row(
        "einsum_dense",
        lambda **k: layers.EinsumDense("abc,cde->abde", (None, 2, 4), "tanh", "de", **k),
        ((2, 3, 5),),
        lambda x, w: np.tanh(
            np.tensordot(x, w["kernel"], 1) + w["bias"],
        ),
        {"kernel": (5, 2, 4), "bias": (2, 4)},
    ),
    Row(
        "einsum_dense_of_the_first_axes",
        lambda **k: layers.EinsumDense("abc...,bd->adc...", (4, None), bias_axes="d", **k),
        ((2, 3, 5, 2),),
        lambda x, w: np.stack(
            [
                sum(x[:, b] * w["kernel"][b, d] for b in range(3)) + w["bias"][d, 0, 0]
                for d in range(4)
            ],
            1,
        ),
        {"kernel": (3, 4), "bias": (4, 1, 1)},
    ),
    Row(
        "einsum_dense_of_the_last_axis",
        lambda **k: layers.EinsumDense("...x,xy->...y", 4, **k),
        ((2, 3, 5, 2),),
        lambda x, w: x @ w["kernel"],
        {"kernel": (2, 4)},
    ),
    Row(
        "group_normalization",
        lambda **k: layers.GroupNormalization(2, **k),
        ((2, 3, 3, 6),),
        lambda x, w: _in_groups(x, w, 2),
        {"gamma": (6,), "beta": (6,)},
    ),
    Row(
        "group_normalization_of_each_channel_first",
        lambda **k: layers.GroupNormalization(-1, axis=1, **k),
        ((2, 4, 3, 5),),
        lambda x, w: np.moveaxis(_in_groups(np.moveaxis(x, 1, -1), w, 4), -1, 1),
        {"gamma": (4,), "beta": (4,)},
    ),
    Row(
        "rms_normalization",
        lambda **k: layers.RMSNormalization(**k),
        ((2, 3, 5),),
        lambda x, w: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * w["scale"],
        {"scale": (5,)},
    ),
    Row(
        "rms_normalization_over_two_axes",
        lambda **k: layers.RMSNormalization((3, 1), **k),
        ((2, 3, 4, 5),),
        lambda x, w: x / np.sqrt((x**2).mean((1, 3), keepdims=True) + 1e-6) * w["scale"].T[:, None],
        {"scale": (5, 3)},
    ),
    Row(
        "unit_normalization",
        lambda **k: layers.UnitNormalization((1, 2), **k),
        ((2, 3, 5),),
        lambda x, w: x / np.linalg.norm(x.reshape(2, -1), axis=1)[:, None, None],
    ),
)
