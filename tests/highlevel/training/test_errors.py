"""Data that do not fit: each message says what came, what was expected, where, and the way out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from thalweg import Input, Model, Sequential
from thalweg.core.errors import DataError, OptionError, ThalwegError
from thalweg.layers import Concatenate, Conv2D, Dense, Flatten

X = np.random.default_rng(20).random((8, 4))
Y = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return re.sub(r"(test_\w+\.py):.*", r"\1", str(error.value))


def model(loss: str = "sparse_categorical_crossentropy") -> Sequential:
    stack = Sequential(
        [Dense(5, input_shape=(4,), name="first"), Dense(3, activation="softmax", name="head")],
        name="net",
    )
    stack.compile("sgd", loss)
    return stack


METHODS = ("fit", "evaluate", "train_on_batch", "test_on_batch")


def call(method: str, net: Model, x: Any, y: Any = None, **options: Any) -> None:
    if method in ("fit", "evaluate"):
        options["verbose"] = 0
    getattr(net, method)(x, *([] if y is None else [y]), **options)


class TestInputs:
    @pytest.mark.parametrize("method", [*METHODS, "predict", "predict_on_batch"])
    def test_wrong_size(self, method: str) -> None:
        y = None if method.startswith("predict") else Y
        with pytest.raises(DataError) as error:
            call(method, model(), np.zeros((8, 5)), y)
        assert message(error) == (
            f"{method}: x does not fit the model's input 'input_layer'\n"
            "  expected  samples of shape (4,), arrays (None, 4)\n"
            "  got       float64 (8, 5)\n"
            "  node      layer InputLayer 'input_layer'\n"
            "  made at   test_errors.py"
        )

    def test_wrong_rank(self) -> None:
        net = Sequential([Conv2D(2, 3, input_shape=(8, 8, 3)), Flatten()])
        with pytest.raises(DataError) as error:
            net.predict(np.zeros((2, 64)))
        assert message(error) == (
            "predict: x does not fit the model's input 'input_layer'\n"
            "  expected  samples of shape (8, 8, 3), arrays (None, 8, 8, 3)\n"
            "  got       float64 (2, 64)\n"
            "  node      layer InputLayer 'input_layer'\n"
            "  made at   test_errors.py"
        )

    def test_validation_data(self) -> None:
        with pytest.raises(DataError) as error:
            model().fit(X, Y, verbose=0, validation_data=(X[:, :3], Y))
        assert message(error).startswith(
            "fit(validation_data=…): x does not fit the model's input 'input_layer'\n"
        )

    def test_batch_of_a_generator(self) -> None:
        with pytest.raises(DataError, match=r"^fit: x does not fit"):
            model().fit(iter([(X, Y), (X[:, :3], Y)]), verbose=0)

    def test_inputs_in_the_wrong_order(self) -> None:
        a, b = Input((3,), name="a"), Input((2,), name="b")
        net = Model([a, b], Dense(1)(Concatenate()([a, b])))
        with pytest.raises(DataError) as error:
            net.predict([np.zeros((4, 2)), np.zeros((4, 3))])
        assert message(error) == (
            "predict: x does not fit the model's input 'a'\n"
            "  expected  samples of shape (3,), arrays (None, 3)\n"
            "  got       float64 (4, 2)\n"
            "  node      layer InputLayer 'a'\n"
            "  made at   test_errors.py"
        )

    @pytest.mark.parametrize("method", ["fit", "predict"])
    def test_symbolic_tensor(self, method: str) -> None:
        net = model()
        with pytest.raises(DataError) as error:
            call(method, net, net.input, None if method == "predict" else Y)
        assert message(error) == (
            f"{method}: x is a symbolic tensor\n"
            "  expected  arrays of numbers\n"
            "  got       <Tensor 'input_layer:0' float32 (None, 4)>\n"
            "  hint      a tensor has no data: pass arrays, or call the model on it, model(tensor)"
        )

    @pytest.mark.parametrize("method", ["evaluate", "predict"])
    def test_nothing(self, method: str) -> None:
        with (
            pytest.raises(DataError) as error,
            pytest.warns(UserWarning, match="ended after 0 batches"),
        ):
            call(method, model(), iter([]))
        assert message(error) == (
            f"{method}: there are no batches\n  got       an iterator that gives nothing"
        )


class TestTargets:
    def fails(self, net: Model, y: Any, expected: str) -> None:
        for _ in range(2):  # also when the step is built
            with pytest.raises(DataError) as error:
                net.fit(X, y, verbose=0)
            text = re.sub(r"head/(Softmax)\w*", r"head/\1", message(error))
            assert text == expected

    @pytest.mark.parametrize("after_training", [False, True])
    def test_integers_for_one_hot(self, after_training: bool) -> None:
        net = model("categorical_crossentropy")
        if after_training:
            net.fit(X, np.eye(3)[Y], verbose=0)
        self.fails(
            net,
            Y,
            "categorical_crossentropy: targets do not fit the output\n"
            "  expected  y of shape (None, 3), as the output\n"
            "  got       y float32 (None,), output float32 (None, 3)\n"
            "  node      'head/Softmax', layer Dense 'head'\n"
            "  made at   test_errors.py\n"
            "  hint      labels are integers: use sparse_categorical_crossentropy",
        )

    @pytest.mark.parametrize("after_training", [False, True])
    def test_one_hot_for_integers(self, after_training: bool) -> None:
        net = model()
        if after_training:
            net.fit(X, Y, verbose=0)
        self.fails(
            net,
            np.eye(3)[Y],
            "sparse_categorical_crossentropy: targets do not fit the output\n"
            "  expected  class numbers of shape (None,)\n"
            "  got       y float32 (None, 3), output float32 (None, 3)\n"
            "  node      'head/Softmax', layer Dense 'head'\n"
            "  made at   test_errors.py\n"
            "  hint      one-hot labels: use categorical_crossentropy",
        )

    @pytest.mark.parametrize("after_training", [False, True])
    def test_wrong_number_of_classes(self, after_training: bool) -> None:
        net = model("categorical_crossentropy")
        if after_training:
            net.fit(X, np.eye(3)[Y], verbose=0)
        self.fails(
            net,
            np.eye(5)[Y],
            "categorical_crossentropy: targets do not fit the output\n"
            "  expected  y of shape (None, 3), as the output\n"
            "  got       y float32 (None, 5), output float32 (None, 3)\n"
            "  node      'head/Softmax', layer Dense 'head'\n"
            "  made at   test_errors.py\n"
            "  hint      the targets have 5 values a sample, the last layer has 3 units",
        )

    @pytest.mark.parametrize("after_training", [False, True])
    def test_label_out_of_range(self, after_training: bool) -> None:
        """Found in all labels before the first step, not as a NaN in the third epoch."""
        net = model()
        if after_training:
            net.fit(X, Y, verbose=0)
        before = net.get_weights()
        self.fails(
            net,
            Y + np.array([0] * 7 + [2]),
            "sparse_categorical_crossentropy: a label is not one of the classes\n"
            "  expected  integers 0..2, for the 3 outputs of 'head'\n"
            "  got       3 at y[7]\n"
            "  hint      the last layer needs one unit a class",
        )
        assert (net.get_weights()[0] == before[0]).all()

    def test_label_out_of_range_in_a_batch(self) -> None:
        for method in ("train_on_batch", "test_on_batch"):
            with pytest.raises(DataError, match=r"a label is not one of the classes"):
                call(method, model(), X, Y + 5)
        with pytest.raises(DataError, match=r"a label is not one of the classes"):
            model().fit(iter([(X, Y), (X, Y + 5)]), verbose=0)
        with pytest.raises(DataError, match=r"a label is not one of the classes"):
            model().fit(X, Y, verbose=0, validation_data=(X, Y + 5))

    @pytest.mark.parametrize("method", METHODS)
    def test_missing(self, method: str) -> None:
        with pytest.raises(DataError) as error:
            call(method, model(), X)
        assert message(error) == (
            f"{method}: the targets y are missing\n"
            "  expected  y for head\n"
            "  node      layer Sequential 'net'"
        )

    def test_lengths(self) -> None:
        with pytest.raises(DataError) as error:
            model().fit(X, Y[:5], verbose=0)
        assert message(error) == (
            "fit: numbers of samples differ\n"
            "  expected  one length for all arrays\n"
            "  got       x (8, 4), y (5,)"
        )


class TestNotReady:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("late", [False, True])
    def test_not_compiled(self, method: str, late: bool) -> None:
        net = Sequential([Dense(3)] if late else [Dense(3, input_shape=(4,))], name="net")
        with pytest.raises(DataError) as error:
            call(method, net, X, Y)
        assert message(error) == (
            f"{method}: the model is not compiled\n"
            "  node      layer Sequential 'net'\n"
            "  hint      model.compile(optimizer=…, loss=…) first"
        )

    @pytest.mark.parametrize("method", ["fit", "evaluate"])
    def test_no_loss(self, method: str) -> None:
        net = Sequential([Dense(3, input_shape=(4,))])
        net.compile("sgd")
        with pytest.raises(DataError) as error:
            call(method, net, X)
        assert message(error) == (
            f"{method}: there is nothing to minimise\n"
            "  hint      compile(loss=…), or add_loss in a layer"
        )

    def test_nothing_to_train(self) -> None:
        net = model()
        net.trainable = False
        net.compile("sgd", "sparse_categorical_crossentropy")
        with pytest.raises(ThalwegError) as error:
            net.fit(X, Y, verbose=0)
        assert message(error) == (
            "SGD: there is no gradient for any variable\n"
            "  expected  a loss that depends on the variables\n"
            "  got       no variables\n"
            "  hint      is every layer frozen, or does the loss not use the model's output?"
        )


class TestOptions:
    def fails(self, expected: str, method: str = "fit", **options: Any) -> None:
        with pytest.raises(OptionError) as error:
            getattr(model(), method)(X, **options)
        assert message(error) == expected

    def test_unknown_argument(self) -> None:
        self.fails(
            "fit: has no argument 'epoch'\n"
            "  made at   test_errors.py\n"
            "  hint      did you mean 'epochs'?",
            epoch=3,
        )
        self.fails(
            "predict: has no argument 'batchsize'\n"
            "  made at   test_errors.py\n"
            "  hint      did you mean 'batch_size'?",
            "predict",
            batchsize=3,
        )

    @pytest.mark.parametrize("epochs", ["3", 2.5, -1, None])
    def test_epochs(self, epochs: Any) -> None:
        self.fails(
            "fit: bad epochs\n"
            "  expected  an integer >= 0\n"
            f"  got       {epochs!r}\n"
            "  made at   test_errors.py",
            epochs=epochs,
        )

    def test_split_of_a_generator(self) -> None:
        with pytest.raises(DataError) as error:
            model().fit(iter([(X, Y)]), validation_split=0.5)
        assert message(error) == ("fit: validation_split needs arrays\n  got       list_iterator")

    def test_arguments_of_keras_2_have_no_effect(self) -> None:
        with pytest.warns(UserWarning, match=r"^thalweg: fit\(workers=…\) has no effect$"):
            model().fit(X, Y, verbose=0, workers=4)
