"""Nothing piles up: models that come and go, predictions, runs.

Each case is a process of its own, so that its resident memory is that of the loop alone.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

MIB = 2**20

PRELUDE = """
import gc
import numpy as np
from thalweg import Input, Model, Sequential, core
from thalweg.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from thalweg.optimizers import Adam

x = np.random.rand(32, 8, 8, 1).astype("float32")
y = np.random.randint(0, 3, 32)


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def grown(work, before, measured):
    for _ in range(before):
        work()
    start = resident()
    for _ in range(measured):
        work()
    return resident() - start


def layers():
    return [
        Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
        BatchNormalization(),
        Flatten(),
        Dropout(0.3),
        Dense(64, activation="relu", kernel_regularizer="l2"),
        Dense(3, activation="softmax"),
    ]


def use(model):
    model.fit(x, y, epochs=2, verbose=0, validation_split=0.25)
    model.evaluate(x, y, verbose=0)
    model.predict(x)
    model(x)

"""

BUILD_AND_FIT = {
    "sequential": """
def work():
    model = Sequential(layers())
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    use(model)
""",
    "closure": """
def work():
    image = tensor = Input((8, 8, 1))
    for layer in layers():
        tensor = layer(tensor)
    model = Model(image, tensor)

    def loss(y_true, y_pred):
        [slope] = core.gradients(y_pred, [image])
        return core.reduce_mean(core.square(slope), axis=[1, 2, 3])

    model.compile("adam", loss)
    use(model)
""",
    "subclass": """
class Net(Model):
    def __init__(self):
        super().__init__()
        self.stack = Sequential(layers())

    def call(self, inputs, training=None):
        return self.stack(inputs, training=training)


def work():
    model = Net()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    use(model)
""",
    "classes of its own": """
def work():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.stack = Sequential(layers())

        def call(self, inputs, training=None):
            return self.stack(inputs, training=training)

    model = Net()
    model.compile("adam", "sparse_categorical_crossentropy")
    use(model)
""",
    "one base and one optimizer": """
base = Sequential(layers()[:4])
optimizer = Adam()


def work():
    image = Input((8, 8, 1))
    model = Model(image, Dense(3, activation="softmax")(base(image)))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    use(model)
""",
}

REPEATED = {
    "predict": "model = Sequential(layers())\nwork = lambda: model.predict(x)\n",
    "call": "model = Sequential(layers())\nwork = lambda: model(x)\n",
    "train_on_batch": """
model = Sequential(layers())
model.compile("adam", "sparse_categorical_crossentropy")
work = lambda: model.train_on_batch(x, y)
""",
    "session.run": """
session = core.Session()
a = core.placeholder("float32", (None, 64))
b = core.relu(core.matmul(a, core.Variable(np.ones((64, 32), "float32")))) * 2.0
work = lambda: session.run([b, {"sum": core.reduce_sum(b) if False else b}], {a: x.reshape(32, 64)})
""",
}


def growth(script: str) -> int:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return int(result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(BUILD_AND_FIT))
def test_build_fit_delete(name: str) -> None:
    """200 models that come and go leave at most 10 MB."""
    assert growth(BUILD_AND_FIT[name] + "\nprint(grown(work, 20, 200))") <= 10 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("name", list(REPEATED))
def test_repeated(name: str) -> None:
    """2,000 times minus 200 times: at most 1 MB."""
    assert growth(REPEATED[name] + "\nprint(grown(work, 200, 1800))") <= MIB
