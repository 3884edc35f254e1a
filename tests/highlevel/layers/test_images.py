"""Convolution and pooling beyond their rows: options and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg import layers
from thalweg.core import Session
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import AveragePooling2D, Conv2D, GlobalAveragePooling2D, Input, MaxPooling2D


def lines(error: Any) -> list[str]:
    """The message without the line that names this file."""
    return [line for line in str(error.value).split("\n") if not line.startswith("  made at")]


def test_aliases() -> None:
    assert layers.MaxPool2D is MaxPooling2D
    assert layers.AvgPool2D is AveragePooling2D
    assert layers.GlobalAvgPool2D is GlobalAveragePooling2D
    assert type(layers.Convolution2D(2, 3)) is Conv2D


def test_unknown_sizes(session: Session) -> None:
    x = Input((None, None, 3))
    y = Conv2D(2, 3, padding="same", strides=2)(x)
    assert y.shape == (None, None, None, 2)
    pooled = MaxPooling2D()(y)
    assert session.run(pooled, {x: np.ones((1, 8, 12, 3))}).shape == (1, 2, 3, 2)


def test_lenet_shapes() -> None:
    x = Input((28, 28, 1))
    y = MaxPooling2D()(Conv2D(6, 5, padding="same")(x))
    assert y.shape == (None, 14, 14, 6)
    assert MaxPooling2D()(Conv2D(16, 5)(y)).shape == (None, 5, 5, 16)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"filters": 0}, "bad filters\n  expected  an integer >= 1\n  got       0"),
        ({"kernel_size": (3, 3, 3)}, "bad kernel_size\n  expected  an integer >= 1, or 2 of them"),
        ({"kernel_size": 0}, "bad kernel_size"),
        ({"strides": (1, 0)}, "bad strides"),
        ({"dilation_rate": "2"}, "bad dilation_rate"),
        ({"padding": "sane"}, "expected  'valid' or 'same'\n  got       'sane'"),
        ({"padding": "sane"}, "hint      did you mean 'same'?"),
        ({"data_format": "NHWC"}, "expected  'channels_last' or 'channels_first'; or None"),
        ({"groups": 3}, "bad groups\n  expected  a divisor of filters=4"),
    ],
)
def test_options(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(OptionError) as error:
        Conv2D(**{"filters": 4, "kernel_size": 3, **arguments})
    assert expected in "\n".join(lines(error))


def test_groups_must_divide_the_input() -> None:
    with pytest.raises(OptionError, match="a divisor of the 3 input channels"):
        Conv2D(4, 2, groups=2)(np.ones((1, 4, 4, 3)))


def test_images_without_channels() -> None:
    error: Any
    with pytest.raises(ShapeError) as error:
        Conv2D(4, 3, name="first")(np.ones((2, 28, 28)))
    assert lines(error) == [
        "Conv2D: wrong number of axes",
        "  expected  4 axes, with the batch",
        "  got       float32 (2, 28, 28), 3 axes",
        "  node      layer Conv2D 'first'",
        "  hint      images are (batch, height, width, channels): x[..., None] adds a channel axis",
    ]


def test_other_channels_than_built_for() -> None:
    layer = Conv2D(4, 3, data_format="channels_first")
    layer(np.ones((1, 3, 8, 8)))
    error: Any
    with pytest.raises(ShapeError) as error:
        layer(np.ones((1, 8, 8, 3)))
    assert lines(error)[1:3] == [
        "  expected  size 3 on axis 1",
        "  got       float32 (1, 8, 8, 3)",
    ]


def test_images_smaller_than_the_kernel() -> None:
    error: Any
    with pytest.raises(ShapeError) as error:
        Conv2D(4, 5, name="c")(np.ones((1, 4, 4, 1)))
    text = "\n".join(lines(error))
    assert "expected  height >= 5" in text
    assert "layer Conv2D 'c'" in text


def test_unknown_channels() -> None:
    with pytest.raises(ShapeError, match="a known size on axis 3"):
        Conv2D(4, 3)(Input((8, 8, None)))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: MaxPooling2D(pool_size=0), "bad pool_size"),
        (lambda: MaxPooling2D(strides=0), "bad strides"),
        (lambda: AveragePooling2D(padding="full"), "bad padding"),
        (lambda: GlobalAveragePooling2D("last"), "bad data_format"),
    ],
)
def test_pooling_options(make: Any, expected: str) -> None:
    with pytest.raises(OptionError, match=expected):
        make()
