"""Dropout and noise: what is drawn, when, and from which seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import Session, Variable, gradients, placeholder, set_seed
from thalweg.core.errors import OptionError
from thalweg.layers import (
    ActivityRegularization,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    Input,
    Layer,
)
from thalweg.layers.base import learning_phase

ONES = np.ones((200, 100), np.float32)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(rate: float) -> None:
    y = Dropout(rate)(ONES, training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    deviation = np.sqrt(rate * (1 - rate) / ONES.size)
    assert abs(kept.mean() - (1 - rate)) < 5 * deviation


def test_dropout_of_all_and_nothing() -> None:
    assert not Dropout(1.0)(ONES, training=True).any()
    assert Dropout(0)(ONES, training=True).all()


def test_dropout_draws_anew() -> None:
    layer = Dropout(0.5)
    assert not np.array_equal(layer(ONES, training=True), layer(ONES, training=True))


def test_noise_shape() -> None:
    x = np.ones((6, 5, 4, 30), np.float32)
    y = Dropout(0.5, noise_shape=(None, 1, 1, None))(x, training=True)
    assert (y == y[:, :1, :1]).all()
    assert 0 < (y == 0).mean() < 1
    columns = Dropout(0.5, noise_shape=(1, 100))(ONES, training=True)
    assert (columns == columns[:1]).all()


def test_seeds() -> None:
    def draw(**options: Any) -> Any:
        return Dropout(0.5, **options)(ONES, training=True)

    np.testing.assert_array_equal(draw(seed=3), draw(seed=3))
    assert not np.array_equal(draw(seed=3), draw(seed=4))
    set_seed(7)
    first = draw()
    set_seed(7)
    np.testing.assert_array_equal(draw(), first)
    assert not np.array_equal(draw(), first)


def test_learning_phase(session: Session) -> None:
    x = Input((100,))
    y = Dropout(0.5)(x)
    np.testing.assert_array_equal(session.run(y, {x: ONES}), ONES)
    assert (session.run(y, {x: ONES, learning_phase(): True}) == 0).any()


def test_prediction_does_not_draw(session: Session) -> None:
    x = Input((100,))
    y = Dropout(0.5)(x)
    assert "Random" not in session.explain(y, {x: ONES})


def test_training_may_be_a_tensor(session: Session) -> None:
    x, training = Input((100,)), placeholder("bool", [])
    y = GaussianNoise(1.0)(x, training=training)
    assert not np.array_equal(session.run(y, {x: ONES, training: True}), ONES)
    np.testing.assert_array_equal(session.run(y, {x: ONES, training: False}), ONES)


def test_gradient_flows_through_what_is_kept(session: Session) -> None:
    x = Variable(ONES)
    y = Dropout(0.5)(x.value(), training=True)
    [slope] = gradients(y, [x])
    value, g = session.run([y, slope])
    np.testing.assert_array_equal(value, g)


def test_gaussian_dropout() -> None:
    y = GaussianDropout(0.2)(3 * ONES, training=True)
    assert abs(y.mean() - 3) < 5 * 1.5 / np.sqrt(ONES.size)
    assert abs(y.std() - 1.5) < 0.03  # 3 * sqrt(0.2 / 0.8)


def test_gaussian_noise() -> None:
    y = GaussianNoise(0.5)(ONES, training=True)
    assert abs(y.mean() - 1) < 5 * 0.5 / np.sqrt(ONES.size)
    assert abs(y.std() - 0.5) < 0.01


def test_activity_regularization(session: Session) -> None:
    layer = ActivityRegularization(l1=0.5, l2=0.25)
    x = Input((2,))
    layer(x)
    [loss] = layer.losses
    assert session.run(loss, {x: [[1.0, -3.0]]}) == 0.5 * 4 + 0.25 * 10


def test_activity_of_an_inner_layer(session: Session) -> None:
    class Outer(Layer):
        def call(self, inputs: Any) -> Any:
            return ActivityRegularization(l1=1.0)(inputs) * 2.0

    outer = Outer()
    x = Input((2,))
    outer(x)
    [loss] = outer.losses
    assert session.run(loss, {x: [[1.0, -3.0]]}) == 4.0


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Dropout(1.5), "Dropout: bad rate\n  expected  a number, 0 <= rate <= 1"),
        (lambda: Dropout("0.5"), "got       '0.5'"),
        (lambda: Dropout(float("nan")), "got       nan"),
        (lambda: Dropout(0.5, seed=-1), "an integer >= 0; or None"),
        (lambda: Dropout(0.5, noise_shape=3), "bad noise_shape"),
        (lambda: GaussianDropout(1.0), "a number, 0 <= rate < 1"),
        (lambda: GaussianNoise(-1.0), "a number >= 0"),
        (lambda: ActivityRegularization(l1=-1.0), "L1L2: bad l1"),
    ],
)
def test_options(make: Any, expected: str) -> None:
    with pytest.raises(OptionError) as error:
        make()
    assert expected in str(error.value)
