"""A LeNet trains on every backend to the same numbers, also where arrays never become NumPy's."""

import numpy as np
import pytest

from thalweg import Sequential
from thalweg.core import Session, set_session
from thalweg.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
)
from thalweg.regularizers import L2
from thalweg.utils import clear_session, set_random_seed


@pytest.fixture(autouse=True)
def afterwards():
    yield
    clear_session()


def train(backend):
    """Losses, weights and predictions of a small LeNet on one backend."""
    clear_session()
    set_session(Session(backend=backend))
    set_random_seed(3)
    model = Sequential(
        [
            Input((12, 12, 1)),
            Conv2D(4, 3, activation="relu", kernel_regularizer=L2(1e-3)),
            MaxPooling2D(2),
            Conv2D(6, 3, padding="same", use_bias=False),  # BatchNormalization cancels it
            BatchNormalization(),
            MaxPooling2D(2),
            Flatten(),
            Dense(16, activation="relu"),
            Dropout(0.25),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=40)
    x = rng.normal(size=(40, 12, 12, 1)) + y[:, None, None, None]
    history = model.fit(
        x, y, batch_size=16, epochs=3, verbose=0, class_weight={0: 2.0}, validation_split=0.2
    )
    return history.history, model.get_weights(), model.predict(x)


def test_lenet(other_backend):
    history, weights, outputs = train(other_backend)
    expected_history, expected_weights, expected = train("numpy")
    assert history.keys() == expected_history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(values, expected_history[name], rtol=2e-4, err_msg=name)
    for value, wanted in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(outputs, expected, atol=2e-4)
    assert history["loss"][-1] < history["loss"][0]


def test_lenet_again_to_the_bit(other_backend):
    history, weights, outputs = train(other_backend)
    again_history, again_weights, again = train(other_backend)
    assert history == again_history
    for value, other in zip([*weights, outputs], [*again_weights, again], strict=True):
        np.testing.assert_array_equal(value, other)
