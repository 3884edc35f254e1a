"""The argument lists of TensorFlow 1.15, written by hand from its documentation: one file a theme.

A row is the path of a function, class or method in `tf`, and its arguments as Python spells them,
without the first argument of a method. `tests/highlevel/tf1/test_signatures.py` compares.
"""

from __future__ import annotations

from . import (
    checks,
    convolutions,
    data,
    flow,
    graphs,
    initializers,
    layers,
    losses,
    namespaces,
    nn,
    operations,
    programs,
    summaries,
    train,
    wrappers,
)

TABLES = [
    module.SIGNATURES
    for module in (
        checks,
        convolutions,
        data,
        flow,
        graphs,
        initializers,
        layers,
        losses,
        namespaces,
        nn,
        operations,
        programs,
        summaries,
        train,
        wrappers,
    )
]
