"""The plain layers beyond their rows: shapes that are unknown, options, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, cast, placeholder
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import (
    Activation,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Lambda,
    Permute,
    ReLU,
    Reshape,
)
from thalweg.regularizers import L2
from thalweg.saving.config import custom_object_scope


def lines(error: Any) -> list[str]:
    """The message without the line that names this file."""
    return [line for line in str(error.value).split("\n") if not line.startswith("  made at")]


def test_dense_ends_in_the_ops_that_losses_look_for() -> None:
    output = Dense(3, activation="softmax")(Input((4,)))
    assert output.op.type == "Softmax"
    assert Activation("sigmoid")(Input((4,))).op.type == "Sigmoid"
    assert Dense(3, name="top")(Input((4,))).op.owner == "Dense 'top'"


def test_dense_of_integers() -> None:
    layer = Dense(1, kernel_initializer="ones")
    assert layer(np.array([[1, 2]])).tolist() == [[3.0]]
    assert layer(np.array([[200, 100]], np.uint8)).tolist() == [[300.0]]


def test_dense_of_unknown_sizes(session: Session) -> None:
    x = Input((None, 4))
    y = Dense(3)(x)
    assert y.shape == (None, None, 3)
    assert session.run(y, {x: np.ones((2, 5, 4))}).shape == (2, 5, 3)
    assert session.run(y, {x: np.ones((0, 5, 4))}).shape == (0, 5, 3)


def test_dense_of_unknown_rank(session: Session) -> None:
    layer = Dense(3)
    layer(np.ones((1, 4)))
    x = placeholder("float32", None)
    assert session.run(layer(x), {x: np.ones((2, 4))}).shape == (2, 3)
    error: Any
    with pytest.raises(ShapeError) as error:
        Dense(3, name="deep")(x)
    assert lines(error) == [
        "Dense: a weight needs a size that is unknown",
        "  expected  a known size on axis -1",
        "  got       (...)",
        "  node      layer Dense 'deep'",
        "  hint      give the sizes of all axes but the batch: Input((28, 28, 1))",
    ]


def test_regularizers_join_the_losses(session: Session) -> None:
    layer = Dense(2, kernel_regularizer=L2(0.5), bias_regularizer="l1")
    layer(np.ones((1, 2)))
    layer.set_weights([[[1.0, 2.0], [3.0, 4.0]], [1.0, -2.0]])
    assert session.run(layer.losses) == [15.0, np.float32(0.03)]
    layer.trainable = False
    assert layer.losses == []


def test_constraints_reach_the_weights() -> None:
    layer = Dense(2, kernel_constraint="non_neg")
    layer(np.ones((1, 2)))
    constraint = layer.kernel.constraint
    assert constraint(np.float32([-1, 2])).tolist() == [0.0, 2.0]
    assert layer.get_config()["kernel_constraint"] == "non_neg"


def test_activation_may_be_a_layer() -> None:
    layer = Dense(1, activation=ReLU(max_value=1.0), kernel_initializer="ones")
    assert layer(np.float32([[3], [-3], [0.5]])).tolist() == [[1.0], [0.0], [0.5]]
    again = Dense.from_config(layer.get_config())
    assert again.activation.max_value == 1.0


def test_same_seed_same_weights() -> None:
    from thalweg.core import set_seed

    def kernels() -> list[Any]:
        set_seed(5)
        made = [Dense(3), Dense(3), Conv2D(2, 3)]
        made[0](np.ones((1, 4)))
        made[1](np.ones((1, 4)))
        made[2](np.ones((1, 4, 4, 2)))
        return [layer.get_weights()[0] for layer in made]

    first, second = kernels(), kernels()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], first[1])  # of equal shape, but of other layers


def test_errors_of_dense() -> None:
    error: Any
    with pytest.raises(ShapeError) as error:
        Dense(3, name="top")(np.ones(4))
    assert lines(error) == [
        "Dense: too few axes",
        "  expected  at least 2 axes, with the batch",
        "  got       float32 (4,), 1 axes",
        "  node      layer Dense 'top'",
    ]
    layer = Dense(3, name="top")
    layer(np.ones((1, 4)))
    with pytest.raises(ShapeError) as error:
        layer(np.ones((2, 5)))
    assert lines(error) == [
        "Dense: the input has another size than the layer was built for",
        "  expected  size 4 on axis -1",
        "  got       float32 (2, 5)",
        "  node      layer Dense 'top'",
        "  hint      the layer was built for 4 features, not 5",
    ]
    assert "test_core.py" in str(error.value)


@pytest.mark.parametrize("units", [0, -1, 2.0, "3", None, True])
def test_units(units: Any) -> None:
    error: Any
    with pytest.raises(OptionError) as error:
        Dense(units)
    assert lines(error) == [
        "Dense: bad units",
        "  expected  an integer >= 1",
        f"  got       {units!r}",
    ]


def test_unknown_argument() -> None:
    error: Any
    with pytest.raises(OptionError) as error:
        Dense(3, activaton="relu")
    assert lines(error) == [
        "Dense: has no argument 'activaton'",
        "  hint      did you mean 'activation'?",
    ]


def test_unknown_activation() -> None:
    error: Any
    with pytest.raises(OptionError) as error:
        Dense(3, activation="rleu")
    assert lines(error)[0] == "activation: unknown activation 'rleu'"
    assert lines(error)[-1] == "  hint      did you mean 'relu'?"


def test_flatten(session: Session) -> None:
    assert Flatten()(np.ones(3)).shape == (3, 1)
    assert Flatten()(Input((28, 28, 1))).shape == (None, 784)
    x = Input((None, 4))
    y = Flatten()(x)
    assert y.shape == (None, None)
    assert session.run(y, {x: np.ones((2, 3, 4))}).shape == (2, 12)
    images = Input((2, 3, 4))
    assert session.run(Flatten()(images), {images: np.ones((0, 2, 3, 4))}).shape == (0, 24)
    integers = Flatten()(np.arange(12).reshape(2, 2, 3))
    assert integers.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_reshape(session: Session) -> None:
    x = Input((3, 4))
    assert Reshape((2, -1))(x).shape == (None, 2, 6)
    assert Reshape((12,))(x).shape == (None, 12)
    assert session.run(Reshape((2, -1))(x), {x: np.ones((0, 3, 4))}).shape == (0, 2, 6)
    unknown = Input((None, 4))
    y = Reshape((2, -1))(unknown)
    assert y.shape == (None, 2, None)
    assert session.run(y, {unknown: np.ones((5, 3, 4))}).shape == (5, 2, 6)


@pytest.mark.parametrize(
    ("target", "expected"),
    [((5,), "samples of 5 elements"), ((5, -1), "samples of a multiple of 5 elements")],
)
def test_reshape_that_does_not_fit(target: Any, expected: str) -> None:
    error: Any
    with pytest.raises(ShapeError) as error:
        Reshape(target, name="r")(np.ones((2, 3, 4)))
    assert lines(error) == [
        "Reshape: the number of elements would change",
        f"  expected  {expected}",
        "  got       float32 (2, 3, 4), 12 elements a sample",
        "  node      layer Reshape 'r'",
    ]


@pytest.mark.parametrize("target", [(-1, -1), (2.0,), (-2,), "4", (None, 2)])
def test_bad_target_shape(target: Any) -> None:
    with pytest.raises(OptionError, match="integers >= 0, of which one may be -1"):
        Reshape(target)


def test_permute_of_wrong_rank() -> None:
    error: Any
    with pytest.raises(OptionError) as error:
        Permute((0, 1))
    assert lines(error)[1] == "  expected  each of 1, 2, … once"
    with pytest.raises(ShapeError, match="3 axes, with the batch"):
        Permute((2, 1))(np.ones((2, 3)))


def test_lambda() -> None:
    layer = Lambda(lambda x, factor: x * factor, arguments={"factor": 3.0})
    assert layer(np.float32([1, 2])).tolist() == [3.0, 6.0]
    pair = Lambda(lambda inputs: inputs[0] - inputs[1])
    assert pair([np.float32([3]), np.float32([1])]).tolist() == [2.0]
    error: Any
    with pytest.raises(OptionError) as error:
        layer.get_config()
    assert "@register_keras_serializable() can" in lines(error)[-1]
    with pytest.raises(OptionError, match="or the name of a registered one"):
        Lambda("os.system")
    with custom_object_scope({"floor": lambda x: cast(x, "int32")}):
        assert Lambda("floor")(np.float32([1.5])).tolist() == [1]
