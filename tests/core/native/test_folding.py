"""Normalizations by known statistics, folded into the product before them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import thalweg.core as core
from thalweg.core import Session, set_session
from thalweg.core.backends.native import extension
from thalweg.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Input,
)
from thalweg.models import Model

pytestmark = pytest.mark.skipif(extension is None, reason="the engine is not built here")

RNG = np.random.default_rng(0)
EPSILON = 1e-3


@pytest.fixture(autouse=True)
def graph() -> Iterator[Any]:
    with core.Graph().as_default() as context:
        yield context.graph


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape, dtype=np.float32)


def statistics(channels: int) -> list[np.ndarray]:
    """Scale, offset, mean, variance."""
    return [1 + normal(channels) / 4, normal(channels), normal(channels), np.exp(normal(channels))]


def unit(x: Any, filters: int, strides: int = 1, size: int = 3) -> Any:
    x = Conv2D(filters, size, strides, "same")(x)
    return BatchNormalization()(x)


def resnet20() -> Model:
    """K. He and others, "Deep Residual Learning", 2015, section 4.2, with n = 3."""
    image = Input((32, 32, 3))
    x = Activation("relu")(unit(image, 16))
    for filters in (16, 32, 64):
        for block in range(3):
            strides = 2 if filters > 16 and block == 0 else 1
            y = Activation("relu")(unit(x, filters, strides))
            y = unit(y, filters)
            if strides == 2:
                x = unit(x, filters, strides, size=1)
            x = Activation("relu")(Add()([x, y]))
    x = GlobalAveragePooling2D()(x)
    return Model(image, Dense(10, activation="softmax")(x))


def trained(model: Model, session: Session) -> Session:
    """The session, with numbers as training leaves them: no mean is 0, no variance 1."""
    generator = np.random.default_rng(1)
    for variable in model.variables:
        size = variable.shape
        if len(size) > 1:
            value = generator.standard_normal(size) * np.sqrt(1.5 / np.prod(size[:-1]))
        elif "variance" in variable.name or "gamma" in variable.name:
            value = generator.uniform(0.6, 1.4, size)
        else:
            value = generator.standard_normal(size) / 4
        session.load(variable, value.astype(np.float32))
    return session


def test_resnet20_predicts_the_same() -> None:
    model = resnet20()
    images = normal(5, 32, 32, 3)
    results = []
    try:
        for session in (Session(), Session(passes_off=["fuse"]), Session(backend="numpy")):
            set_session(trained(model, session))
            results.append(model.predict(images))
    finally:
        set_session(None)
    folded, plain, reference = results
    assert np.ptp(reference, axis=0).max() > 0.01  # images differ, so there is something to see
    np.testing.assert_allclose(folded, plain, atol=1e-5)
    np.testing.assert_allclose(folded, reference, atol=1e-5)


def test_resnet20_s_plan_shows_it() -> None:
    model = resnet20()
    session = trained(model, Session())
    [x], [y] = model.inputs, model.outputs
    text = session.explain(y, {x: normal(2, 32, 32, 3)})
    assert text.count("Convolution+Add+BatchNormInference+Relu") == 10
    assert text.count("Convolution+Add+BatchNormInference") == 21  # the others are added first
    assert "= BatchNormInference(" not in text and "compute on numpy" not in text


def layer(
    x: Any, kernel: Any, vectors: Any, bias: Any = None, strides: int = 1, **options: Any
) -> Any:
    y = core.conv2d(x, kernel, strides, "SAME", **options)
    y = y if bias is None else y + bias
    return core.batch_norm_inference(y, *vectors, EPSILON)


def both(fetch: Any, feeds: Any) -> tuple[Any, Any]:
    """With groups and without; the first must have folded something."""
    session = Session()
    plan = session.explain(fetch, feeds)
    assert "BatchNormInference" in plan and "= BatchNormInference(" not in plan
    return session.run(fetch, feeds), Session(passes_off=["fuse"]).run(fetch, feeds)


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("has_relu", [False, True])
@pytest.mark.parametrize(
    ("shape", "kernel", "strides", "groups"),
    [
        ((2, 9, 9, 3), (3, 3, 3, 17), 1, 1),  # direct
        ((2, 12, 12, 32), (3, 3, 32, 48), 1, 1),  # Winograd
        ((2, 9, 9, 5), (1, 1, 5, 33), 1, 1),  # a product
        ((2, 10, 9, 8), (5, 5, 2, 12), 2, 4),  # groups
        ((2, 9, 9, 3), (3, 3, 3, 1), 1, 1),  # one channel: its vectors are single numbers
    ],
)
def test_every_kind_of_convolution(
    shape: Any, kernel: Any, strides: int, groups: int, has_relu: bool, has_bias: bool
) -> None:
    if has_bias and kernel[-1] == 1:
        pytest.skip("a single number is no bias")
    x = core.placeholder("float32", [None, *shape[1:]])
    weights = core.Variable(normal(*kernel))
    vectors = [core.Variable(value) for value in statistics(kernel[-1])]
    bias = core.Variable(normal(kernel[-1])) if has_bias else None
    y = layer(x, weights, vectors, bias, strides, groups=groups)
    folded, plain = both(core.relu(y) if has_relu else y, {x: normal(*shape)})
    assert np.abs(folded - plain).max() <= 1e-5 * np.abs(plain).max()


def test_constants_and_missing_scales_fold_too() -> None:
    x = core.placeholder("float32", [None, 6, 6, 4])
    _, offset, mean, variance = statistics(8)
    moving = core.Variable(mean)
    vectors = [core.ones_like(moving), core.constant(offset), moving, core.constant(variance)]
    y = layer(x, core.constant(normal(3, 3, 4, 8)), vectors)
    folded, plain = both(y, {x: normal(2, 6, 6, 4)})
    assert np.abs(folded - plain).max() <= 1e-5 * np.abs(plain).max()


@pytest.mark.parametrize("rank", [2, 3])
def test_a_dense_layer(rank: int) -> None:
    sizes = (5, 7)[: rank - 1]
    x = core.placeholder("float32", [*sizes, 20])
    w = core.Variable(normal(20, 33))
    vectors = [core.Variable(value) for value in statistics(33)]
    y = core.relu(core.batch_norm_inference(core.matmul(x, w), *vectors, EPSILON))
    folded, plain = both(y, {x: normal(*sizes, 20)})
    assert np.abs(folded - plain).max() <= 1e-5 * np.abs(plain).max()


def test_it_follows_the_variables() -> None:
    x = core.placeholder("float32", [None, 6, 6, 4])
    weights = core.Variable(normal(3, 3, 4, 8))
    vectors = [core.Variable(value) for value in statistics(8)]
    y = layer(x, weights, vectors)
    image = normal(2, 6, 6, 4)
    session, plain = Session(), Session(passes_off=["fuse"])
    for variable in (None, weights, *vectors):
        if variable is not None:
            value = np.abs(normal(*variable.shape)) + 0.5
            for other in (session, plain):
                other.load(variable, value)
        expected = plain.run(y, {x: image})
        result = session.run(y, {x: image})
        assert np.abs(result - expected).max() <= 1e-5 * np.abs(expected).max()
        np.testing.assert_array_equal(session.run(y, {x: image}), result)


def test_a_step_that_writes_the_weights_sees_each_new_value() -> None:
    """Statistics are frozen, the kernel is trained: nothing may be kept."""
    x = core.placeholder("float32", [None, 12, 12, 3])
    weights = core.Variable(normal(3, 3, 3, 8))
    vectors = [core.constant(value) for value in statistics(8)]
    loss = core.reduce_sum(core.square(layer(x, weights, vectors)))
    step = weights.assign(weights.value() * 0.5)
    results = []
    image = normal(2, 12, 12, 3)
    for session in (Session(), Session(passes_off=["fuse"])):
        results.append([session.run([loss, step], {x: image})[0] for _ in range(3)])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-4)
    assert results[0][0] != results[0][1] != results[0][2]


def test_many_weights_and_few_outputs_are_folded_only_if_that_is_done_once() -> None:
    x = core.placeholder("float32", [1, 2, 2, 64])
    fed = core.placeholder("float32", [3, 3, 64, 64])
    vectors = [core.Variable(value) for value in statistics(64)]
    kernel = normal(3, 3, 64, 64)
    image = normal(1, 2, 2, 64)
    plan = Session().explain(layer(x, fed, vectors), {x: image, fed: kernel})
    assert "= BatchNormInference(" in plan
    plan = Session().explain(layer(x, core.Variable(kernel), vectors), {x: image})
    assert "= BatchNormInference(" not in plan


def test_outputs_that_others_read_are_not_folded() -> None:
    x = core.placeholder("float32", [2, 6, 6, 4])
    h = core.conv2d(x, core.Variable(normal(3, 3, 4, 8)), 1, "SAME")
    vectors = [core.Variable(value) for value in statistics(8)]
    y = core.batch_norm_inference(h, *vectors, EPSILON)
    plan = Session().explain([h, y], {x: normal(2, 6, 6, 4)})
    assert "= BatchNormInference(" in plan


def test_a_mean_far_from_zero_costs_no_more_than_it_does_unfolded() -> None:
    x = core.placeholder("float32", [2, 8, 8, 8])
    kernel, image = normal(3, 3, 8, 16), 100 + normal(2, 8, 8, 8)
    h = core.conv2d(x, core.Variable(kernel), 1, "VALID")
    outputs = Session().run(h, {x: image}).astype(np.float64)
    mean, variance = outputs.mean((0, 1, 2)), outputs.var((0, 1, 2))
    given = [np.ones(16), np.zeros(16), mean, variance]
    vectors = [core.Variable(value.astype(np.float32)) for value in given]
    y = core.batch_norm_inference(h, *vectors, EPSILON)
    exact = core.conv2d(image.astype("f8"), kernel.astype("f8"), 1, "VALID")
    exact = core.batch_norm_inference(exact, *(v.astype("f4").astype("f8") for v in given), EPSILON)
    expected = Session(backend="numpy").run(exact)
    folded, plain = both(y, {x: image})
    errors = [np.abs(result - expected).max() for result in (folded, plain)]
    assert errors[0] <= 2 * errors[1] + 1e-6


def test_statistics_of_the_batch_itself_are_not_folded() -> None:
    x = core.placeholder("float32", [2, 6, 6, 4])
    weights = core.Variable(normal(3, 3, 4, 8))
    scale, offset, *_ = (core.Variable(value) for value in statistics(8))
    h = core.conv2d(x, weights, 1, "SAME")
    y = core.batch_norm_train(h, scale, offset, EPSILON)[0]
    fetches = [y, *core.gradients(core.reduce_sum(core.square(y)), [weights, scale, offset])]
    plan = Session().explain(fetches, {x: normal(2, 6, 6, 4)})
    assert plan.count("= BatchNormTrain(") == plan.count("= BatchNormTrainGrad(") == 1
    assert "BatchNormInference" not in plan


def test_predictions_follow_training_and_loaded_weights() -> None:
    image = Input((8, 8, 3))
    x = GlobalAveragePooling2D()(Activation("relu")(unit(image, 8)))
    x = BatchNormalization()(Dense(12, use_bias=False)(x))
    model = Model(image, Dense(3)(x))
    images, targets = normal(16, 8, 8, 3), normal(16, 3)
    session, reference = Session(), Session(backend="numpy")
    weights, folded = [], []

    def predict() -> None:
        weights.append(model.get_weights())
        folded.append(model.predict(images))

    try:
        set_session(trained(model, session))
        model.compile("sgd", "mse")
        predict()
        model.fit(images, targets, batch_size=8, epochs=1, verbose=0)
        predict()
        model.set_weights([value * 0.9 for value in weights[-1]])
        predict()
        set_session(reference)
        for values, result in zip(weights, folded, strict=True):
            model.set_weights(values)
            np.testing.assert_allclose(result, model.predict(images), atol=2e-5)
    finally:
        set_session(None)
    assert all(np.abs(a - b).max() > 1e-3 for a, b in pairwise(folded))
