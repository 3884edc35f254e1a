from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from event_files import events_in, scalars_in, values_in
from PIL import Image
from tensorboardX.proto.graph_pb2 import GraphDef

import thalweg as keras
from thalweg import layers
from thalweg.callbacks import TensorBoard
from thalweg.core.errors import MissingExtraError, OptionError

X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = X @ np.float32([[1], [2], [3], [4]])


def compiled(*stack) -> keras.Sequential:
    model = keras.Sequential([*stack, layers.Dense(1, name="score")])
    model.compile(keras.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return model


def test_curves_of_training_and_validation(tmp_path: Path) -> None:
    model = compiled(keras.Input((4,)))
    history = model.fit(
        X, Y, 4, 3, verbose=0, validation_data=(X, Y), callbacks=TensorBoard(tmp_path)
    ).history
    train, validation = scalars_in(tmp_path / "train"), scalars_in(tmp_path / "validation")
    assert set(train) == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    for name in ("loss", "mae"):
        expected = list(enumerate(pytest.approx(value) for value in history[name]))
        assert train[f"epoch_{name}"] == expected
        values = [pytest.approx(value) for value in history[f"val_{name}"]]
        assert validation[f"epoch_{name}"] == list(enumerate(values))
        steps = list(zip((3, 6, 9), values, strict=True))
        assert validation[f"evaluation_{name}_vs_iterations"] == steps
    assert train["epoch_learning_rate"] == [(step, pytest.approx(0.01)) for step in range(3)]


def test_without_validation_there_is_no_such_run(tmp_path: Path) -> None:
    compiled(keras.Input((4,))).fit(X, Y, verbose=0, callbacks=[TensorBoard(str(tmp_path))])
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


@pytest.mark.parametrize(("freq", "steps"), [("batch", [0, 1, 2, 3, 4, 5]), (2, [1, 3, 5])])
def test_logs_inside_an_epoch(tmp_path: Path, freq, steps) -> None:
    seen = []
    own = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: seen.append(logs["loss"])
    )
    board = TensorBoard(tmp_path, update_freq=freq)
    compiled(keras.Input((4,))).fit(X, Y, 4, 2, verbose=0, callbacks=[own, board])
    assert scalars_in(tmp_path / "train")["batch_loss"] == [
        (step, pytest.approx(seen[step])) for step in steps
    ]


def test_hooks_of_a_subclass_are_called_at_each_batch(tmp_path: Path) -> None:
    class Counting(TensorBoard):
        seen = 0

        def on_batch_end(self, batch, logs=None) -> None:
            self.seen += 1

    board = Counting(tmp_path)
    compiled(keras.Input((4,))).fit(X, Y, 4, 2, verbose=0, callbacks=board)
    assert board.seen == 6


def test_steps_go_on_with_the_model(tmp_path: Path) -> None:
    model = compiled(keras.Input((4,)))
    model.fit(X, Y, 4, 2, verbose=0)
    model.fit(
        X, Y, 4, 3, initial_epoch=2, verbose=0, callbacks=TensorBoard(tmp_path, update_freq="batch")
    )
    found = scalars_in(tmp_path / "train")
    assert [step for step, _ in found["batch_loss"]] == [6, 7, 8]
    assert [step for step, _ in found["epoch_loss"]] == [2]


def test_weights(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(5, 3, name="conv"),
            layers.Flatten(),
            layers.Dense(2, name="d"),
        ]
    )
    model.compile("sgd", "mse")
    kept = []
    own = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: kept.append(model.get_weights()))
    board = TensorBoard(tmp_path, histogram_freq=2, write_images=True)
    x, y = np.random.default_rng(1).normal(size=(2, 6, 6, 1)), np.ones((2, 2))
    model.fit(x, y, epochs=3, verbose=0, callbacks=[own, board])
    values = values_in(tmp_path / "train")
    names = ["conv/kernel", "conv/bias", "d/kernel", "d/bias"]
    for place, name in enumerate(names):
        found = [(step, v.histo) for tag, step, v in values if tag == f"{name}/histogram"]
        assert [step for step, _ in found] == [0, 2]
        for step, histogram in found:
            weight = kept[step][place]
            assert histogram.num == weight.size
            assert histogram.max == pytest.approx(float(weight.max()))
    pictures = {tag: v.image for tag, step, v in values if v.HasField("image") and step == 2}
    matrix = pictures["d/kernel/image/0"]
    assert (matrix.height, matrix.width) == (2, 80)
    kernel = kept[2][0][:, :, 0, 1]
    png = pictures["conv/kernel/image/1"].encoded_image_string
    shown = np.asarray(Image.open(io.BytesIO(png)))
    np.testing.assert_allclose(shown, 128 + kernel * 127 / np.abs(kernel).max(), atol=1.01)  # cut


def test_the_graph_of_layers(tmp_path: Path) -> None:
    compiled(layers.Dense(3, name="first")).fit(X, Y, verbose=0, callbacks=TensorBoard(tmp_path))
    (graph,) = [event.graph_def for event in events_in(tmp_path / "train") if event.graph_def]
    names = [node.name for node in GraphDef.FromString(graph).node]
    assert names[1:] == ["first", "score"]
    compiled(keras.Input((4,))).fit(
        X, Y, verbose=0, callbacks=TensorBoard(tmp_path / "no", write_graph=False)
    )
    assert not any(event.graph_def for event in events_in(tmp_path / "no" / "train"))


def test_speed(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path, write_steps_per_second=True)
    compiled(keras.Input((4,))).fit(X, Y, 4, 2, verbose=0, callbacks=board)
    found = scalars_in(tmp_path / "train")["epoch_steps_per_second"]
    assert [step for step, _ in found] == [0, 1]
    assert all(0 < value < 1e5 for _, value in found)


def test_an_evaluation_alone(tmp_path: Path) -> None:
    model = compiled(keras.Input((4,)))
    board = TensorBoard(tmp_path)
    loss, _ = model.evaluate(X, Y, verbose=0, callbacks=[board])
    found = scalars_in(tmp_path / "validation")
    assert found["evaluation_loss_vs_iterations"] == [(0, pytest.approx(loss))]


def test_a_second_training_begins_a_second_file(tmp_path: Path) -> None:
    model, board = compiled(keras.Input((4,))), TensorBoard(tmp_path)
    for _ in range(2):
        model.fit(X, Y, verbose=0, callbacks=board)
    assert len(list((tmp_path / "train").iterdir())) == 2


def test_arguments_of_keras_2(tmp_path: Path) -> None:
    board = TensorBoard(log_dir=tmp_path, batch_size=32, write_grads=False, embeddings_data=None)
    compiled(keras.Input((4,))).fit(X, Y, verbose=0, callbacks=board)
    assert "epoch_loss" in scalars_in(tmp_path / "train")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"histogram_freq": -1}, "bad histogram_freq"),
        ({"update_freq": "step"}, "bad update_freq"),
        ({"update_freq": 0}, "bad update_freq"),
        ({"write_grads": True}, "write_grads is not supported"),
        ({"embeddings_freq": 1}, "embeddings_freq is not supported"),
        ({"write_gradient": True}, "did you mean 'write_grads'"),
    ],
)
def test_errors(options, text) -> None:
    with pytest.raises(OptionError) as caught:
        TensorBoard(**options)
    assert text in str(caught.value)


def test_without_tensorboardx_training_says_it_at_its_beginning(monkeypatch, tmp_path) -> None:
    for name in [name for name in sys.modules if name.startswith("tensorboardX")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    board = TensorBoard(tmp_path)
    with pytest.raises(MissingExtraError, match=r'pip install "thalweg\[tensorboard\]"'):
        compiled(keras.Input((4,))).fit(X, Y, verbose=0, callbacks=board)
