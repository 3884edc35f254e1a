"""The same seed gives the same bits: in one process, in two, and whatever else is built."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Sequential, core
from thalweg.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from thalweg.utils import set_random_seed

SCRIPT = """
import hashlib
import numpy as np
from thalweg import Sequential
from thalweg.layers import Dense, Dropout
from thalweg.utils import set_random_seed

set_random_seed(7)
x = np.random.rand(40, 5)
y = np.random.randint(0, 3, 40)
model = Sequential(
    [Dense(6, activation="relu", input_shape=(5,)), Dropout(0.5), Dense(3, activation="softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy")
losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
bits = np.float64(losses).tobytes() + b"".join(w.tobytes() for w in model.get_weights())
print(hashlib.sha256(bits).hexdigest())
"""

X = np.random.default_rng(16).random((40, 5))
Y = np.random.default_rng(17).integers(0, 3, 40)


def trained(seed: int, before: Any = None, **names: str) -> str:
    """A digest of losses and weights of a small training."""
    set_random_seed(seed)
    if before is not None:
        before()
    model = Sequential(
        [
            Dense(6, activation="relu", input_shape=(5,), name=names.get("first")),
            Dropout(0.5),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    bits = np.float64(losses).tobytes() + b"".join(w.tobytes() for w in model.get_weights())
    return hashlib.sha256(bits).hexdigest()


def test_one_process() -> None:
    assert trained(7) == trained(7)
    assert trained(7) != trained(8)


@pytest.mark.slow
def test_two_processes() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_other_layers_change_nobodys_stream() -> None:
    def others() -> None:
        BatchNormalization()(Input((3,)))
        Conv2D(2, 3)(np.zeros((1, 5, 5, 1)))
        np.random.rand(3)

    assert trained(7, before=others) == trained(7)


def test_work_between_changes_nothing() -> None:
    """Evaluating and predicting draw nothing."""
    digests = []
    for disturb in (False, True):
        set_random_seed(7)
        model = Sequential([Dropout(0.5, input_shape=(5,)), Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        for _ in range(3):
            model.fit(X, Y, verbose=0)
            if disturb:
                model.evaluate(X, Y, verbose=0)
                model.predict(X)
                model(X)
        digests.append([w.tobytes() for w in model.get_weights()])
    assert digests[0] == digests[1]


def test_equal_names_do_not_make_equal_weights() -> None:
    """Five networks of one function are an ensemble, not five times the same."""
    kernels = {
        Sequential([Dense(3, input_shape=(4,), name="head")]).get_weights()[0].tobytes()
        for _ in range(5)
    }
    assert len(kernels) == 5


def test_every_epoch_has_its_order_and_masks() -> None:
    model = Sequential([Dropout(0.5, input_shape=(5,)), Dense(1)])
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 0.0
    losses = model.fit(X, Y, batch_size=40, epochs=4, verbose=0).history["loss"]
    assert len(set(losses)) == 4


def test_sixteen_threads_predict_equal_bits() -> None:
    model = Sequential(
        [
            Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
            BatchNormalization(),
            Dropout(0.5),
            Flatten(),
            Dense(3, activation="softmax"),
        ]
    )
    images = np.random.default_rng(18).random((20, 8, 8, 1)).astype(np.float32)
    results: list[Any] = [None] * 16
    barrier = threading.Barrier(16)

    def work(number: int) -> None:
        barrier.wait()  # also the first predictions, which plan, come all at once
        results[number] = {model.predict(images).tobytes() for _ in range(5)}

    graph = core.get_default_graph()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert graph is core.get_default_graph()
    assert all(result == {model.predict(images).tobytes()} for result in results)


def test_threads_train_their_own_models() -> None:
    """Models in threads share nothing but the session; each trains as it would alone."""
    models = []
    for _ in range(4):
        model = Sequential([Dense(3, activation="softmax", input_shape=(5,))])
        model.compile("sgd", "sparse_categorical_crossentropy")
        models.append(model)
    start = models[0].get_weights()
    for model in models:
        model.set_weights(start)
    threads = [
        threading.Thread(target=m.fit, args=(X, Y), kwargs={"verbose": 0, "shuffle": False})
        for m in models
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({m.get_weights()[0].tobytes() for m in models}) == 1
    assert (models[0].get_weights()[0] != start[0]).any()
