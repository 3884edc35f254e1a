"""`summary()`: golden texts."""

from __future__ import annotations

from typing import Any

import pytest

from thalweg import Input, Model, Sequential
from thalweg.layers import (
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
)


def text(model: Model, **options: Any) -> str:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines) + "\n"


def lenet() -> Sequential:
    return Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(20, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(500, activation="relu"),
            Dense(10, activation="softmax"),
        ],
        name="lenet",
    )


def test_sequential(capsys: pytest.CaptureFixture[str]) -> None:
    lenet().summary()
    assert capsys.readouterr().out == (
        'Model: "lenet"\n'
        "─────────────────────────────────────────────────────────────────\n"
        "Layer (type)                  Output shape                Param #\n"
        "═════════════════════════════════════════════════════════════════\n"
        "conv2d (Conv2D)               (None, 24, 24, 20)              520\n"
        "max_pooling2d (MaxPooling2D)  (None, 12, 12, 20)                0\n"
        "flatten (Flatten)             (None, 2880)                      0\n"
        "dense (Dense)                 (None, 500)               1,440,500\n"
        "dense_1 (Dense)               (None, 10)                    5,010\n"
        "─────────────────────────────────────────────────────────────────\n"
        "Total params: 1,446,030 (5.52 MiB)\n"
        "Trainable params: 1,446,030\n"
        "Non-trainable params: 0\n"
    )


def test_functional_with_frozen_and_nested_layers() -> None:
    x = Input((4,), name="numbers")
    inner = Sequential([Dense(3, input_shape=(4,)), BatchNormalization()], name="inner")
    frozen = Dense(3, name="kept")
    frozen.trainable = False
    outputs = [Concatenate(name="both")([inner(x), frozen(x)]), x * 2.0]
    model = Model(x, outputs, name="branched")
    assert text(model, line_length=50) == (
        'Model: "branched"\n'
        "──────────────────────────────────────────────────\n"
        "Layer (type)           Output shape        Param #\n"
        "══════════════════════════════════════════════════\n"
        "numbers (InputLayer)   (None, 4)                 0\n"
        "inner (Sequential)     (None, 3)                27\n"
        "kept (Dense, frozen)   (None, 3)                15\n"
        "both (Concatenate)     (None, 6)                 0\n"
        "──────────────────────────────────────────────────\n"
        "Total params: 42 (168.00 B)\n"
        "Trainable params: 21\n"
        "Non-trainable params: 21\n"
    )


def test_before_the_input_is_known() -> None:
    model = Sequential([Dense(3, name="a_layer_with_quite_a_long_name")], name="late")
    assert text(model, line_length=50) == (
        'Model: "late"\n'
        "──────────────────────────────────────────────────\n"
        "Layer (type)           Output shape        Param #\n"
        "══════════════════════════════════════════════════\n"
        "a_layer_with_quite_a…  ?                         0\n"
        "──────────────────────────────────────────────────\n"
        "Total params: 0 (0 B)\n"
        "Trainable params: 0\n"
        "Non-trainable params: 0\n"
    )


def test_layer_of_several_outputs() -> None:
    y = Input((2,))
    inner = Model(y, [y * 1.0, y * 2.0], name="twice")
    x = Input((2,), name="x")
    assert "twice (Model)          (None, 2), (None,…        0\n" in text(
        Model(x, inner(x)), line_length=50
    )


def test_layers_inside_of_models_are_listed_if_wanted() -> None:
    inner = Sequential([Input((8,)), Dense(4, name="deep")], name="inner")
    outer = Sequential([Input((8,)), inner, Dense(2)])
    lines = text(outer, positions=[0.4, 0.7, 1.0]).splitlines()
    assert not any("deep" in line for line in lines)
    opened = text(outer, expand_nested=True).splitlines()
    (place,) = [i for i, line in enumerate(opened) if "deep" in line]
    assert opened[place].startswith("  deep (Dense)")
    assert opened[place - 1].startswith("inner (Sequential)")
    del opened[place]
    assert opened == lines
