"""Names of layers that the user did not name: Keras's, so that weight files agree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from thalweg.core.errors import OptionError
from thalweg.layers import Dense
from thalweg.layers.naming import reset_names, unique_layer_name


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    reset_names()
    yield
    reset_names()


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Dense", "dense"),
        ("Conv2D", "conv2d"),
        ("MaxPooling2D", "max_pooling2d"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("BatchNormalization", "batch_normalization"),
        ("InputLayer", "input_layer"),
        ("ReLU", "re_lu"),
        ("PReLU", "p_re_lu"),
        ("LeakyReLU", "leaky_re_lu"),
        ("ELU", "elu"),
    ],
)
def test_snake_case(class_name: str, name: str) -> None:
    assert [unique_layer_name(class_name) for _ in range(3)] == [name, f"{name}_1", f"{name}_2"]


def test_layers_are_numbered() -> None:
    assert [Dense(1).name, Dense(1, name="top").name, Dense(1).name] == ["dense", "top", "dense_1"]


def test_bad_name() -> None:
    with pytest.raises(OptionError, match="Dense: not a layer name\n  expected  text without '/'"):
        Dense(1, name="a/b")
