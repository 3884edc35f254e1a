"""`fit`, `evaluate`, `predict`: the same numbers as training written by hand in NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from thalweg import Input, Sequential
from thalweg.core import Session
from thalweg.layers import Activation, BatchNormalization, Dense, Dropout
from thalweg.optimizers import SGD

RNG = np.random.default_rng(11)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 50)

Array = npt.NDArray[Any]


def mlp() -> Sequential:
    return Sequential(
        [
            Input((4,)),
            Dense(8, activation="tanh", kernel_regularizer="l2"),
            Dense(3, activation="softmax"),
        ]
    )


class ByHand:
    """The same network with SGD, in float64: forward, backward, update."""

    def __init__(self, weights: list[Array], rate: float, classes: Array) -> None:
        self.w1, self.b1, self.w2, self.b2 = (w.astype(np.float64) for w in weights)
        self.rate = rate
        self.classes = classes

    def forward(self, x: Array) -> tuple[Array, Array]:
        h = np.tanh(x @ self.w1 + self.b1)
        z = h @ self.w2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return h, e / e.sum(axis=1, keepdims=True)

    def loss(self, x: Array, y: Array, weight: Array) -> float:
        _, p = self.forward(x)
        values = -np.log(p[np.arange(len(y)), y]) * weight
        return float(values.sum() / len(y) + 0.01 * np.sum(self.w1**2))

    def step(self, x: Array, y: Array, weight: Array) -> None:
        h, p = self.forward(x)
        dz = (p - np.eye(3)[y]) * weight[:, None] / len(y)
        dh = dz @ self.w2.T * (1 - h**2)
        updates = (x.T @ dh + 0.02 * self.w1, dh.sum(0), h.T @ dz, dz.sum(0))
        self.w1, self.b1, self.w2, self.b2 = (
            w - self.rate * g
            for w, g in zip((self.w1, self.b1, self.w2, self.b2), updates, strict=True)
        )

    def epoch(self, x: Array, y: Array, weight: Array, size: int) -> tuple[float, float]:
        """Loss and accuracy as Keras reports them: means over samples, before each update."""
        losses, right = 0.0, 0
        for start in range(0, len(x), size):
            rows = slice(start, start + size)
            losses += self.loss(x[rows], y[rows], weight[rows]) * len(x[rows])
            right += int((self.forward(x[rows])[1].argmax(1) == y[rows]).sum())
            self.step(x[rows], y[rows], weight[rows])
        return losses / len(x), right / len(x)


@pytest.mark.parametrize("weights", ["none", "sample", "class", "both"])
def test_losses_and_weights_of_a_training_by_hand(weights: str) -> None:
    """Short last batches, regularizers, sample and class weights included."""
    model = mlp()
    by_hand = ByHand(model.get_weights(), 0.3, Y)
    sample = RNG.uniform(0.5, 2, 50) if weights in ("sample", "both") else None
    table = {0: 2.0, 2: 0.5} if weights in ("class", "both") else None
    total = np.ones(50)
    if sample is not None:
        total *= sample
    if table is not None:
        total *= np.array([2.0, 1.0, 0.5])[Y]
    model.compile(SGD(0.3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        X, Y, 16, 4, shuffle=False, verbose=0, sample_weight=sample, class_weight=table
    ).history
    expected = [by_hand.epoch(X.astype(np.float64), Y, total, 16) for _ in range(4)]
    np.testing.assert_allclose(history["loss"], [e[0] for e in expected], rtol=1e-5)
    np.testing.assert_allclose(history["accuracy"], [e[1] for e in expected], rtol=1e-6)
    final = (by_hand.w1, by_hand.b1, by_hand.w2, by_hand.b2)
    for ours, theirs in zip(model.get_weights(), final, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_one_session_run_a_batch(session: Session) -> None:
    """With metrics, class and sample weights, regularizers, dropout and normalisation on."""
    model = Sequential(
        [
            Dense(8, input_shape=(4,), kernel_regularizer="l2", activity_regularizer="l1"),
            BatchNormalization(),
            Activation("relu"),
            Dropout(0.2),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["accuracy", "sparse_top_k_categorical_accuracy"],
        weighted_metrics=["accuracy"],
    )
    options: dict[str, Any] = {
        "batch_size": 16, "verbose": 0, "class_weight": {0: 2.0}, "sample_weight": np.ones(50),
    }  # fmt: skip
    model.fit(X, Y, **options)  # makes the initial values, by runs of their own
    model.evaluate(X, Y, batch_size=16, verbose=0)
    before = session.run_count
    model.fit(X, Y, epochs=3, validation_data=(X[:20], Y[:20]), **options)
    assert session.run_count - before == 3 * (4 + 2)
    before = session.run_count
    model.evaluate(X, Y, batch_size=16, verbose=0)
    model.predict(X, batch_size=10)
    assert session.run_count - before == 4 + 5


class TestValidation:
    def fit(self, **options: Any) -> dict[str, list[float]]:
        model = mlp()
        model.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
        self.model = model
        history: dict[str, list[float]] = model.fit(X, Y, verbose=0, **options).history
        return history

    def test_results_are_those_of_evaluate(self) -> None:
        history = self.fit(validation_data=(X[:20], Y[:20]), epochs=2)
        loss, accuracy = self.model.evaluate(X[:20], Y[:20], verbose=0)
        assert history["val_loss"][-1] == loss
        assert history["val_accuracy"][-1] == accuracy

    def test_sample_weights(self) -> None:
        weight = RNG.uniform(0.5, 2, 20)
        history = self.fit(validation_data=(X[:20], Y[:20], weight))
        loss, _ = self.model.evaluate(X[:20], Y[:20], sample_weight=weight, verbose=0)
        assert history["val_loss"] == [loss]

    def test_class_weights_do_not_count(self) -> None:
        history = self.fit(validation_data=(X[:20], Y[:20]), class_weight={0: 9.0})
        assert history["val_loss"] == [self.model.evaluate(X[:20], Y[:20], verbose=0)[0]]

    def test_split_takes_the_tail_and_does_not_train_on_it(self) -> None:
        poisoned = X.copy()
        poisoned[40:] = np.nan
        model = mlp()
        model.compile(SGD(0.1), "sparse_categorical_crossentropy")
        history = model.fit(poisoned, Y, verbose=0, validation_split=0.2, epochs=2).history
        assert np.isfinite(history["loss"]).all()
        assert np.isnan(history["val_loss"]).all()

    def test_data_win_over_split(self) -> None:
        history = self.fit(validation_data=(X[:20], Y[:20]), validation_split=0.5)
        assert history["val_loss"] == [self.model.evaluate(X[:20], Y[:20], verbose=0)[0]]

    @pytest.mark.parametrize(("frequency", "count"), [(1, 6), (2, 3), (4, 1), ([1, 6], 2)])
    def test_frequency(self, frequency: Any, count: int) -> None:
        history = self.fit(validation_data=(X, Y), epochs=6, validation_freq=frequency)
        assert len(history["val_loss"]) == count
        assert len(history["loss"]) == 6

    def test_steps(self) -> None:
        history = self.fit(validation_data=(X, Y), validation_steps=1, validation_batch_size=10)
        assert history["val_loss"] == [self.model.evaluate(X[:10], Y[:10], verbose=0)[0]]

    def test_steps_of_a_division(self) -> None:
        history = self.fit(
            validation_data=(X, Y), validation_steps=15 / 10, validation_batch_size=10
        )
        assert history["val_loss"] == [
            self.model.evaluate(X[:20], Y[:20], batch_size=10, verbose=0)[0]
        ]

    def test_generator_once_and_again(self) -> None:
        def data() -> Iterator[Any]:
            while True:
                yield X[:20], Y[:20]

        history = self.fit(validation_data=data(), validation_steps=1, epochs=2)
        assert history["val_loss"][-1] == self.model.evaluate(X[:20], Y[:20], verbose=0)[0]


class TestEpochs:
    def model(self) -> Sequential:
        model = mlp()
        model.compile(SGD(0.1), "sparse_categorical_crossentropy")
        return model

    def test_initial_epoch(self) -> None:
        assert self.model().fit(X, Y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]

    def test_no_epochs(self) -> None:
        assert self.model().fit(X, Y, epochs=0, verbose=0).history == {}

    def test_generator_that_ends_stops_the_training_with_a_notice(self) -> None:
        data = ((X[:10], Y[:10]) for _ in range(3))
        with pytest.warns(UserWarning, match="the data ended after 1 of 4 epochs") as warned:
            history = self.model().fit(data, epochs=4, verbose=0)
        assert history.epoch == [0]
        assert len(warned) == 1

    def test_generator_that_ends_within_an_epoch(self) -> None:
        data = ((X[:10], Y[:10]) for _ in range(3))
        with pytest.warns(UserWarning, match="the data ended after 1 of 2 batches") as warned:
            history = self.model().fit(data, epochs=4, steps_per_epoch=1.5, verbose=0)
        assert history.epoch == [0, 1]
        assert len(warned) == 1

    def test_generator_that_ends_with_an_epoch(self) -> None:
        data = ((X[:10], Y[:10]) for _ in range(4))
        with pytest.warns(UserWarning, match="the data ended after 0 of 2 batches") as warned:
            history = self.model().fit(data, epochs=4, steps_per_epoch=2, verbose=0)
        assert history.epoch == [0, 1]
        assert len(warned) == 1

    def test_batches_equal_arrays(self) -> None:
        """Indexed objects, generators and arrays of the same batches train alike."""
        batches = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 50, 16)]

        class Indexed:
            def __len__(self) -> int:
                return len(batches)

            def __getitem__(self, index: int) -> Any:
                return batches[index]

        start = mlp().get_weights()
        results = []
        for data in ((X, Y), (Indexed(), None), (iter(batches), None)):
            model = self.model()
            model.set_weights(start)
            results.append(model.fit(*data, batch_size=16, shuffle=False, verbose=0).history)
            results[-1]["evaluated"] = model.evaluate(X, Y, verbose=0)
            results[-1]["predicted"] = model.predict(X).tolist()
        assert results[0] == results[1] == results[2]

    def test_names_of_keras_2(self) -> None:
        model = self.model()

        def data() -> Iterator[Any]:
            while True:
                yield X[:10], Y[:10]

        assert model.fit_generator(data(), steps_per_epoch=2, verbose=0).epoch == [0]
        assert model.evaluate_generator(data(), steps=1) == model.test_on_batch(X[:10], Y[:10])
        assert model.predict_generator(data(), steps=2).shape == (20, 3)


class TestVerbose:
    def printed(self, capsys: pytest.CaptureFixture[str], verbose: Any) -> str:
        model = mlp()
        model.compile(SGD(0.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(X, Y, epochs=2, verbose=verbose)
        return capsys.readouterr().out

    def test_silent(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.printed(capsys, 0) == ""

    @pytest.mark.parametrize("verbose", [1, "auto"])
    def test_bar(self, capsys: pytest.CaptureFixture[str], verbose: Any) -> None:
        lines = self.printed(capsys, verbose).splitlines()
        assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/2", "Epoch 2/2"]
        assert "2/2" in lines[1]
        assert "loss: " in lines[1]
        assert "accuracy: " in lines[1]

    def test_line_an_epoch(self, capsys: pytest.CaptureFixture[str]) -> None:
        lines = self.printed(capsys, 2).splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("Epoch 2/2 - 2/2 - ")

    def test_evaluate_and_predict(self, capsys: pytest.CaptureFixture[str]) -> None:
        model = mlp()
        model.compile(SGD(0.0), "sparse_categorical_crossentropy")
        model.evaluate(X, Y, verbose=0)
        model.predict(X)
        assert capsys.readouterr().out == ""
        model.evaluate(X, Y)
        assert "loss: " in capsys.readouterr().out


class TestPredict:
    def test_batches_are_joined(self) -> None:
        model = mlp()
        whole = model.predict(X, batch_size=50)
        np.testing.assert_allclose(model.predict(X, batch_size=7), whole, rtol=1e-6)
        assert model.predict(X[:0:-1]).shape == (49, 3)

    def test_needs_no_compile(self) -> None:
        assert mlp().predict(X).shape == (50, 3)

    def test_steps(self) -> None:
        assert mlp().predict(X, batch_size=10, steps=2).shape == (20, 3)

    def test_generator_of_pairs(self) -> None:
        model = mlp()
        batches = ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 50, 10))
        np.testing.assert_allclose(model.predict(batches), model.predict(X), rtol=1e-6)

    def test_no_graph_grows(self, session: Session) -> None:
        model = mlp()
        model.predict(X)
        model(X)
        count = len(model.input.graph.get_operations())
        for _ in range(5):
            model.predict(X)
            model(X)
        assert len(model.input.graph.get_operations()) == count


@pytest.mark.parametrize("dtype", ["float16", "float64", "uint8", "int32", "bool"])
def test_dtypes_of_inputs(dtype: str) -> None:
    """Whatever comes is trained on as float32."""
    x = (X * 10).astype(dtype)
    losses = []
    start = mlp().get_weights()
    for data in (x, x.astype(np.float32)):
        model = mlp()
        model.set_weights(start)
        model.compile(SGD(0.01), "sparse_categorical_crossentropy")
        losses.append(model.fit(data, Y, epochs=2, shuffle=False, verbose=0).history)
        assert model.predict(data).dtype == np.float32
    assert losses[0] == losses[1]


def test_dtypes_of_labels() -> None:
    """Integers of all sizes are one; what comes first does not bind what comes later."""
    model = mlp()
    model.compile(SGD(0.0), "sparse_categorical_crossentropy")
    losses = {
        model.test_on_batch(X, Y.astype(dtype))
        for dtype in ("int8", "uint8", "int32", "int64", "uint64", "float32", "float64")
    }
    assert len(losses) == 1
    assert len(model._steps) <= 3


def test_labels_beyond_the_first_dtype() -> None:
    """300 would be 44 in the uint8 of the first batch."""
    model = Sequential([Dense(301, activation="softmax", input_shape=(4,))])
    model.compile(SGD(0.0), "sparse_categorical_crossentropy")
    model.test_on_batch(X, Y.astype(np.uint8))
    expected = -np.log(model.predict(X)[:, 300]).mean()
    label = np.full(50, 300, np.uint16)
    np.testing.assert_allclose(model.test_on_batch(X, label), expected, rtol=1e-5)


def test_two_sessions_hold_two_trainings() -> None:
    model = mlp()
    model.compile(SGD(0.5), "sparse_categorical_crossentropy")
    start = model.get_weights()
    with Session():
        model.set_weights(start)
        model.fit(X, Y, verbose=0)
        assert (model.get_weights()[0] != start[0]).any()
    assert (model.get_weights()[0] == start[0]).all()
