"""Rows of core/ops/nn.py. Oracles go through SciPy, or sum class by class."""

from __future__ import annotations

import numpy as np
import scipy.special
from conformance.case import Case, Input

from thalweg.core import (
    apply,
    apply_many,
    log_softmax,
    sigmoid_cross_entropy,
    softmax,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)
from thalweg.core.opdef import REGISTRY

CLASSES = 5


def labels(rng, shape, dtype):
    return rng.integers(CLASSES, size=shape).astype(dtype)


def probabilities(rng, shape, dtype):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1]).astype(dtype)


def softmax_jacobian(s, g):
    """g times d softmax / d logits, row by row."""
    rows, given = s.reshape(-1, s.shape[-1]), g.reshape(-1, g.shape[-1])
    out = [r @ (np.diag(p) - np.outer(p, p)) for p, r in zip(rows, given, strict=True)]
    return np.array(out).reshape(s.shape)


def log_softmax_jacobian(s, g):
    """g times d log_softmax / d logits, row by row."""
    rows, given = s.reshape(-1, s.shape[-1]), g.reshape(-1, g.shape[-1])
    out = [
        r @ (np.eye(len(p)) - np.outer(np.ones(len(p)), p))
        for p, r in zip(rows, given, strict=True)
    ]
    return np.array(out).reshape(s.shape)


def cross_entropy(y, z):
    return np.array(
        [
            scipy.special.logsumexp(row) * target.sum() - target @ row
            for target, row in zip(
                y.reshape(-1, y.shape[-1]), z.reshape(-1, z.shape[-1]), strict=True
            )
        ]
    ).reshape(y.shape[:-1])


def sparse_cross_entropy(y, z):
    rows = z.reshape(-1, z.shape[-1])
    picked = [scipy.special.logsumexp(r) - r[c] for r, c in zip(rows, y.reshape(-1), strict=True)]
    return np.array(picked).reshape(y.shape)


def minus_one_hot(x, y):
    result = x.copy()
    for index, label in np.ndenumerate(y):
        result[(*index, label)] -= 1
    return result


CASES = (
    Case(
        "softmax",
        covers=("Softmax",),
        function=softmax,
        inputs=(Input("nmc", low=-20, high=20),),
        oracle=lambda x: scipy.special.softmax(x, axis=-1),
        empty="nm",
    ),
    Case(
        "softmax gradient",
        covers=("SoftmaxGrad",),
        function=lambda s, g: apply(REGISTRY["SoftmaxGrad"](), s, g),
        inputs=(Input("nc", values=probabilities), Input("nc")),
        oracle=softmax_jacobian,
    ),
    Case(
        "log_softmax",
        covers=("LogSoftmax",),
        function=log_softmax,
        inputs=(Input("nmc", low=-20, high=20),),
        oracle=lambda x: scipy.special.log_softmax(x, axis=-1),
        empty="nm",
    ),
    Case(
        "log_softmax gradient",
        covers=("LogSoftmaxGrad",),
        function=lambda s, g: apply(REGISTRY["LogSoftmaxGrad"](), s, g),
        inputs=(Input("nc", values=probabilities), Input("nc")),
        oracle=log_softmax_jacobian,
    ),
    Case(
        "softmax_cross_entropy",
        covers=("SoftmaxCrossEntropy",),
        function=softmax_cross_entropy,
        inputs=(Input("nmc", low=0, high=1), Input("nmc", low=-10, high=10)),
        oracle=cross_entropy,
        empty="nm",
    ),
    Case(
        "softmax_cross_entropy and its softmax",
        covers=("SoftmaxCrossEntropy",),
        function=lambda y, z: apply_many(REGISTRY["SoftmaxCrossEntropy"](), y, z).outputs,
        inputs=(Input("nc", low=0, high=1), Input("nc")),
        oracle=lambda y, z: (cross_entropy(y, z), scipy.special.softmax(z, axis=-1)),
    ),
    Case(
        "sparse_softmax_cross_entropy",
        covers=("SparseSoftmaxCrossEntropy",),
        function=sparse_softmax_cross_entropy,
        inputs=(
            Input("nm", dtype="int32", values=labels),
            Input(("n", "m", CLASSES), low=-10, high=10),
        ),
        oracle=sparse_cross_entropy,
        empty="nm",
    ),
    Case(
        "sparse_softmax_cross_entropy and its softmax",
        covers=("SparseSoftmaxCrossEntropy", "SubtractOneHot"),
        function=lambda y, z: apply_many(REGISTRY["SparseSoftmaxCrossEntropy"](), y, z).outputs,
        inputs=(Input("n", dtype="uint8", values=labels), Input(("n", CLASSES))),
        oracle=lambda y, z: (sparse_cross_entropy(y, z), scipy.special.softmax(z, axis=-1)),
    ),
    Case(
        "minus one-hot",
        covers=("SubtractOneHot",),
        function=lambda x, y: apply(REGISTRY["SubtractOneHot"](), x, y),
        inputs=(Input(("n", CLASSES)), Input("n", dtype="int64", values=labels)),
        oracle=minus_one_hot,
        empty="n",
    ),
    Case(
        "sigmoid_cross_entropy",
        covers=("SigmoidCrossEntropy",),
        function=sigmoid_cross_entropy,
        inputs=(Input("nm", low=0, high=1), Input("nm", low=-8, high=8, away=(0.0,))),
        oracle=lambda y, z: (
            -(y * scipy.special.log_expit(z) + (1 - y) * scipy.special.log_expit(-z))
        ),
        empty="n",
    ),
)
