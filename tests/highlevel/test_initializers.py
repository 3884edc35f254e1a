"""Initializers: distributions by their formulas, seeds, and the graph."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.stats

from thalweg import initializers
from thalweg.core import Graph, Session, Tensor, Trace, set_seed, set_session
from thalweg.core.errors import OptionError, ShapeError
from thalweg.initializers import (
    Constant,
    GlorotUniform,
    HeNormal,
    Identity,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    compute_fans,
)
from thalweg.layers import Conv2D, Dense


@pytest.fixture(autouse=True)
def session() -> Iterator[Session]:
    set_seed(3)
    with Graph().as_default():
        session = Session()
        set_session(session)
        yield session
    set_session(None)
    set_seed(None)


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((3, 5), (3, 5)),
        ((5, 5, 6, 16), (150, 400)),
        ((3, 4, 2), (12, 6)),
    ],
)
def test_fans(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    assert compute_fans(shape) == fans


# Variance times n, where n counts what the second entry says; and the kind of distribution.
VARIANCES = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "truncated"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "truncated"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "truncated"),
}


def distribution(kind: str, variance: float) -> Any:
    """SciPy's distribution of mean 0 and this variance."""
    deviation = math.sqrt(variance)
    if kind == "uniform":
        return scipy.stats.uniform(-math.sqrt(3) * deviation, 2 * math.sqrt(3) * deviation)
    if kind == "normal":
        return scipy.stats.norm(0, deviation)
    unit = scipy.stats.truncnorm(-2, 2)
    return scipy.stats.truncnorm(-2, 2, scale=deviation / unit.std())


@pytest.mark.parametrize("shape", [(80, 120), (3, 3, 40, 20)])
@pytest.mark.parametrize("name", VARIANCES)
def test_variance_table(name: str, shape: tuple[int, ...]) -> None:
    scale, mode, kind = VARIANCES[name]
    field = math.prod(shape[:-2])
    count = {"fan_in": shape[-2] * field, "fan_avg": field * (shape[-2] + shape[-1]) / 2}[mode]
    values = initializers.get(name)(shape)
    assert values.shape == shape
    assert values.dtype == np.float32
    expected = distribution(kind, scale / count)
    assert scipy.stats.kstest(values.ravel(), expected.cdf).pvalue > 1e-4
    low, high = expected.support()
    assert low <= values.min()
    assert values.max() <= high


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("kind", ["truncated_normal", "untruncated_normal", "uniform"])
def test_variance_scaling(mode: str, kind: str) -> None:
    count = {"fan_in": 50, "fan_out": 150, "fan_avg": 100}[mode]
    values = VarianceScaling(3.0, mode, kind)((50, 150))
    name = {"truncated_normal": "truncated", "untruncated_normal": "normal"}.get(kind, kind)
    expected = distribution(name, 3.0 / count)
    assert scipy.stats.kstest(values.ravel(), expected.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [
        (RandomNormal(), scipy.stats.norm(0, 0.05)),
        (RandomNormal(1.0, 2.0), scipy.stats.norm(1, 2)),
        (RandomUniform(), scipy.stats.uniform(-0.05, 0.1)),
        (RandomUniform(2.0, 5.0), scipy.stats.uniform(2, 3)),
        (TruncatedNormal(), scipy.stats.truncnorm(-2, 2, 0, 0.05)),
        (TruncatedNormal(3.0, 0.5), scipy.stats.truncnorm(-2, 2, 3, 0.5)),
    ],
)
def test_plain_distributions(initializer: Any, expected: Any) -> None:
    values = initializer((9000,))
    assert scipy.stats.kstest(values, expected.cdf).pvalue > 1e-4


def test_constants() -> None:
    assert initializers.zeros()((2, 3)).tolist() == [[0.0] * 3] * 2
    assert initializers.ones()((2,), "int32").tolist() == [1, 1]
    assert Constant(2.5)(()).tolist() == 2.5
    assert Constant([1, 2])((2, 2)).tolist() == [[1.0, 2.0]] * 2
    assert Identity()((2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 2, 5)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = Orthogonal(gain=2.0)(shape).reshape(-1, shape[-1]).astype(np.float64)
    small = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


def test_orthogonal_signs_are_uniform() -> None:
    """Without the sign correction every diagonal entry of Q would have one sign."""
    corners = [Orthogonal()((2, 2))[0, 0] for _ in range(24)]
    assert 3 < sum(corner > 0 for corner in corners) < 21


RANDOM = [RandomNormal, RandomUniform, TruncatedNormal, GlorotUniform, HeNormal, Orthogonal]


@pytest.mark.parametrize("make", RANDOM)
def test_seeds(make: Any) -> None:
    first = make(seed=5)
    np.testing.assert_array_equal(first((4, 3)), make(seed=5)((4, 3)))
    np.testing.assert_array_equal(first((4, 3)), first((4, 3)))
    assert not np.array_equal(first((4, 3)), make(seed=6)((4, 3)))


@pytest.mark.parametrize("make", RANDOM)
def test_without_a_seed_every_call_differs(make: Any) -> None:
    initializer = make()
    assert not np.array_equal(initializer((4, 3)), initializer((4, 3)))
    assert not np.array_equal(initializer((4, 3)), make()((4, 3)))
    assert not np.array_equal(initializer((3, 2))[0], initializer((4, 2))[0])


@pytest.mark.parametrize("make", RANDOM)
def test_the_general_seed_fixes_all(make: Any) -> None:
    def draw() -> Any:
        set_seed(11)
        return make()((4, 3))

    np.testing.assert_array_equal(draw(), draw())


@pytest.mark.parametrize("make", RANDOM)
def test_weights_of_layers(make: Any) -> None:
    """A seed means the same numbers in a layer; without one layers differ."""
    dense = Dense(3, kernel_initializer=make(seed=5))
    dense(np.ones((1, 4)))
    np.testing.assert_array_equal(dense.get_weights()[0], make(seed=5)((4, 3)))
    shared = make()
    pair = [Dense(3, kernel_initializer=shared) for _ in range(2)]
    for layer in pair:
        layer(np.ones((1, 4)))
    assert not np.array_equal(pair[0].get_weights()[0], pair[1].get_weights()[0])


def test_convolution_kernel() -> None:
    layer = Conv2D(16, 5)
    layer(np.ones((1, 8, 8, 6)))
    limit = math.sqrt(6 / (150 + 400))
    kernel = layer.get_weights()[0]
    assert 0.97 * limit < abs(kernel).max() <= limit


def test_in_a_graph(session: Session) -> None:
    initializer = GlorotUniform(seed=2)
    with Trace().open():
        tensor = initializer((4, 3))
    assert isinstance(tensor, Tensor)
    assert tensor.shape == (4, 3)
    np.testing.assert_array_equal(session.run(tensor), initializer((4, 3)))


def test_dtype() -> None:
    assert RandomNormal()((2,), "float64").dtype == np.float64
    assert Orthogonal()((2, 2), "float64").dtype == np.float64


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("glorot_uniform", GlorotUniform),
        ("GlorotUniform", GlorotUniform),
        ("he_normal", HeNormal),
        ("zero", initializers.Zeros),
        ("one", initializers.Ones),
        ("normal", RandomNormal),
        ("uniform", RandomUniform),
        ("orthogonal", Orthogonal),
    ],
)
def test_names(name: str, cls: type) -> None:
    assert type(initializers.get(name)) is cls


def test_config() -> None:
    made = VarianceScaling(2.0, "fan_out", "normal", seed=1)
    assert made.get_config() == {
        "scale": 2.0,
        "mode": "fan_out",
        "distribution": "normal",
        "seed": 1,
    }
    assert made.distribution == "truncated_normal"
    assert HeNormal(seed=4).get_config() == {"seed": 4}
    assert HeNormal(seed=4).clone().seed == 4


def test_functions_and_arrays() -> None:
    def halves(shape: Any, dtype: Any = None) -> Any:
        return np.full(shape, 0.5, dtype)

    layer = Dense(2, kernel_initializer=halves, bias_initializer=np.float32([1, 2]))
    assert layer(np.float32([[2, 4]])).tolist() == [[4.0, 5.0]]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: RandomNormal(stddev=-1.0), "RandomNormal: bad stddev\n  expected  a number >= 0"),
        (lambda: RandomUniform("a"), "bad minval"),
        (lambda: VarianceScaling(0.0), "bad scale\n  expected  a number > 0"),
        (lambda: VarianceScaling(mode="fan_inn"), "did you mean 'fan_in'?"),
        (lambda: VarianceScaling(distribution="gauss"), "'untruncated_normal', 'uniform'"),
        (lambda: GlorotUniform(seed=1.5), "an integer >= 0; or None"),
        (lambda: initializers.get("glorot"), "unknown initializer 'glorot'"),
        (lambda: initializers.get(3), "not one of the initializers"),
    ],
)
def test_options(make: Any, expected: str) -> None:
    with pytest.raises(OptionError) as error:
        make()
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("make", "shape", "expected"),
    [
        (Identity, (2,), "Identity: needs a matrix\n  expected  (rows, columns)\n  got       (2,)"),
        (Orthogonal, (2,), "Orthogonal: needs a matrix\n  expected  two axes or more"),
        (lambda: Constant([1, 2, 3]), (2,), "cannot be broadcast to this shape"),
    ],
)
def test_shapes_that_do_not_fit(make: Any, shape: Any, expected: str) -> None:
    with pytest.raises(ShapeError) as error:
        make()(shape)
    assert expected in str(error.value)
