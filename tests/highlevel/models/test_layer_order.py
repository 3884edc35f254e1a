"""`model.layers` has Keras's order, which files of weights depend on.

The expected lists were printed by real Keras 3.15 and, equal in every case, by tf_keras 2.21: a
throw-away script built each function of `TOPOLOGIES` with `keras.Input`, `keras.Model` and
`keras.layers` in the place of our names and printed `[layer.name for layer in model.layers]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from thalweg import Input, Model, core
from thalweg.layers import Add, Concatenate, Dense

# --- topologies


def dense(name: str) -> Any:
    return Dense(4, name=name)


def chain() -> Any:
    x = Input((4,), name="x")
    return Model(x, dense("b")(dense("a")(x)))


def two_branches() -> Any:
    x = Input((4,), name="x")
    short = dense("short")(x)
    long = dense("long_2")(dense("long_1")(x))
    return Model(x, Add(name="sum")([short, long]))


def long_branch_first() -> Any:
    x = Input((4,), name="x")
    short = dense("short")(x)
    long = dense("long_2")(dense("long_1")(x))
    return Model(x, Add(name="sum")([long, short]))


def residual_blocks() -> Any:
    x = Input((4,), name="x")
    h = x
    for i in range(3):
        h = Add(name=f"add_{i}")([h, dense(f"second_{i}")(dense(f"first_{i}")(h))])
    return Model(x, dense("head")(h))


def several_inputs() -> Any:
    a, b, c = (Input((4,), name=name) for name in "abc")
    h = Concatenate(name="both")([dense("of_b")(b), a])
    return Model([a, b, c], Add(name="all")([dense("wide")(h), c]))


def inputs_given_in_another_order() -> Any:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    return Model([b, a], Add(name="sum")([a, b]))


def several_outputs() -> Any:
    x = Input((4,), name="x")
    trunk = dense("trunk")(x)
    left = dense("left_2")(dense("left_1")(trunk))
    return Model(x, [dense("right")(trunk), left])


def output_inside_the_model() -> Any:
    x = Input((4,), name="x")
    inner = dense("inner")(x)
    return Model(x, [dense("outer")(inner), inner])


def siamese() -> Any:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    tower = dense("tower")
    return Model([a, b], Add(name="sum")([tower(a), dense("after")(tower(b))]))


def layer_called_at_two_depths() -> Any:
    x = Input((4,), name="x")
    shared = dense("shared")
    once = shared(x)
    return Model(x, Add(name="sum")([dense("side")(x), shared(dense("between")(once))]))


def input_that_nobody_needs() -> Any:
    x, unused = Input((4,), name="x"), Input((4,), name="unused")
    return Model([x, unused], dense("head")(x))


def nested() -> Any:
    y = Input((4,), name="y")
    inner = Model(y, dense("inner_2")(dense("inner_1")(y)), name="inner")
    x = Input((4,), name="x")
    return Model(x, Add(name="sum")([dense("before")(x), inner(x)]))


TOPOLOGIES: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (
        chain, two_branches, long_branch_first, residual_blocks, several_inputs,
        inputs_given_in_another_order, several_outputs, output_inside_the_model, siamese,
        layer_called_at_two_depths, input_that_nobody_needs, nested,
    )
}  # fmt: skip

# --- end of topologies

EXPECTED = {
    "chain": ["x", "a", "b"],
    "two_branches": ["x", "long_1", "short", "long_2", "sum"],
    "long_branch_first": ["x", "long_1", "long_2", "short", "sum"],
    "residual_blocks": [
        "x",
        "first_0",
        "second_0",
        "add_0",
        "first_1",
        "second_1",
        "add_1",
        "first_2",
        "second_2",
        "add_2",
        "head",
    ],
    "several_inputs": ["b", "of_b", "a", "both", "wide", "c", "all"],
    "inputs_given_in_another_order": ["a", "b", "sum"],
    "several_outputs": ["x", "trunk", "left_1", "right", "left_2"],
    "output_inside_the_model": ["x", "inner", "outer"],
    "siamese": ["a", "b", "tower", "after", "sum"],
    "layer_called_at_two_depths": ["x", "shared", "between", "side", "sum"],
    "input_that_nobody_needs": ["x", "unused", "head"],
    "nested": ["x", "before", "inner", "sum"],
}


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_order_of_keras(name: str) -> None:
    assert [layer.name for layer in TOPOLOGIES[name]().layers] == EXPECTED[name]


def test_plain_ops_do_not_count() -> None:
    x = Input((4,), name="x")
    h = core.relu(dense("a")(x)) * 2.0 + x
    assert [layer.name for layer in Model(x, dense("b")(h)).layers] == ["x", "a", "b"]
