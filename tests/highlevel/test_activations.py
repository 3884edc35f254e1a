"""Activations against SciPy's and NumPy's formulas, on arrays and in the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

from thalweg import activations
from thalweg.core import Session, Variable, constant, gradients
from thalweg.core.errors import OptionError
from thalweg.layers import Input

X = np.linspace(-7, 7, 57).reshape(3, 19)

FORMULAS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": lambda x: x * (x > 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x < 0, x / 5, x),
    "elu": lambda x: np.where(x < 0, np.exp(x) - 1, x),
    "selu": lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * (np.exp(x) - 1), x),
    "sigmoid": scipy.special.expit,
    "log_sigmoid": scipy.special.log_expit,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "tanh": lambda x: 2 * scipy.special.expit(2 * x) - 1,
    "softplus": lambda x: -scipy.special.log_expit(-x),
    "softsign": lambda x: x / (1 + np.sqrt(x * x)),
    "exponential": lambda x: np.exp2(x / np.log(2)),
    "silu": lambda x: x * scipy.special.expit(x),
    "swish": lambda x: x * scipy.special.expit(x),
    "gelu": lambda x: x * scipy.stats.norm.cdf(x),
    "mish": lambda x: x * (1 - 2 / (1 + (1 + np.exp(x)) ** 2)),
    "softmax": lambda x: scipy.special.softmax(x, axis=-1),
    "log_softmax": lambda x: scipy.special.log_softmax(x, axis=-1),
}


def test_every_activation_has_a_formula() -> None:
    assert set(FORMULAS) == set(activations.__all__) - {"get", "serialize", "deserialize"}


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name: str) -> None:
    function = activations.get(name)
    np.testing.assert_allclose(function(X), FORMULAS[name](X), rtol=1e-9, atol=1e-12)
    single = function(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, FORMULAS[name](X), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_tensors_give_the_same(name: str) -> None:
    function = activations.get(name)
    y = function(constant(X))
    assert y.shape == X.shape
    np.testing.assert_allclose(Session().run(y), function(X), rtol=1e-14)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradient(name: str) -> None:
    """Central differences along one random direction, away from kinks."""
    function = activations.get(name)
    random = np.random.default_rng(2)
    x = random.uniform(0.2, 2.5, (4, 5)) * random.choice([-1, 1], (4, 5))
    weights, direction = random.normal(size=(2, 4, 5))
    variable = Variable(x)
    [slope] = gradients(function(variable.value()), [variable], [constant(weights)])
    analytic = np.sum(Session().run(slope) * direction)
    step = 1e-5 * direction
    numeric = np.sum(weights * (FORMULAS[name](x + step) - FORMULAS[name](x - step))) / 2e-5
    assert analytic == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("name", sorted(set(FORMULAS) - {"exponential"}))
def test_no_overflow(name: str) -> None:
    far = activations.get(name)(np.float32([-1e4, -100, 0, 100, 1e4]))
    assert np.isfinite(far).all()


@pytest.mark.parametrize("negative_slope", [0.0, 0.5])
@pytest.mark.parametrize("max_value", [None, 6, 2.5])
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_relu(negative_slope: float, max_value: float | None, threshold: float) -> None:
    def one(x: float) -> float:
        if x <= threshold:
            return negative_slope * (x - threshold)
        return x if max_value is None else min(x, max_value)

    got = activations.relu(X, negative_slope, max_value, threshold)
    np.testing.assert_allclose(got, np.vectorize(one)(X))


def test_other_options() -> None:
    np.testing.assert_allclose(
        activations.leaky_relu(X, negative_slope=0.01), np.where(X < 0, X / 100, X)
    )
    np.testing.assert_allclose(activations.elu(X, 0.5), np.where(X < 0, np.expm1(X) / 2, X))
    inner = np.sqrt(2 / np.pi) * (X + 0.044715 * X**3)
    np.testing.assert_allclose(
        activations.gelu(X, approximate=True), X * scipy.special.expit(2 * inner), atol=1e-12
    )


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, (0, 2), (1, 2), (0, 1, 2)])
def test_softmax_axes(axis: Any) -> None:
    x = np.random.default_rng(3).normal(size=(3, 4, 5))
    expected = scipy.special.softmax(x, axis=axis)
    np.testing.assert_allclose(activations.softmax(x, axis), expected)
    if isinstance(axis, int):
        expected = scipy.special.log_softmax(x, axis=axis)
        np.testing.assert_allclose(activations.log_softmax(x, axis), expected)


def test_softmax_over_the_last_axis_is_one_op() -> None:
    x = Input((4, 3))
    for y in (activations.softmax(x), activations.softmax(x, 2), activations.softmax(x, (-1,))):
        assert y.op.type == "Softmax"
        assert y.op.inputs[0] is x


def test_integers_become_floats() -> None:
    assert activations.sigmoid(np.array([0])).dtype == np.float32
    assert activations.softmax([1, 1]).tolist() == [0.5, 0.5]
    assert activations.relu(np.array([-1, 2])).tolist() == [0, 2]


def test_numbers() -> None:
    assert float(activations.relu(-3.0)) == 0.0


def test_get() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get(np.tanh) is np.tanh
    assert activations.serialize(activations.gelu) == "gelu"
    assert activations.deserialize("gelu") is activations.gelu
    with pytest.raises(OptionError) as error:
        activations.get("sigmoyd")
    assert "did you mean 'sigmoid'?" in str(error.value)
