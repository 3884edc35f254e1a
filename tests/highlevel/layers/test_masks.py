"""Masks besides their numbers, which fidelity/test_masks.py holds against Keras."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg import core, layers, losses, metrics
from thalweg.core import Session, Tensor
from thalweg.core.errors import FileFormatError, OptionError, ShapeError
from thalweg.layers.base import learning_phase
from thalweg.saving.config import custom_object_scope

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
KEPT = np.array([[True, True, False, False], [True, True, True, False]])


def masked(shape: tuple[int, ...] = (4, 3)) -> Tensor:
    return layers.Masking()(layers.Input(shape))


# Batch normalisation ---------------------------------------------------------------------------


def test_what_is_masked_may_be_anything() -> None:
    spoilt = np.where(KEPT[..., None], X, np.nan).astype(np.float32)
    results = []
    for x in (X, spoilt):
        layer = layers.BatchNormalization(momentum=0.5, epsilon=1e-6)
        y = layer(x, training=True, mask=KEPT)
        results.append([y[KEPT], *layer.get_weights()])
    for clean, other in zip(*results, strict=True):
        np.testing.assert_array_equal(clean, other)
    np.testing.assert_allclose(results[0][0].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(results[0][0].std(axis=0), 1, atol=1e-4)


def test_sums_of_half_precision_do_not_overflow() -> None:
    x = np.full((4, 400, 1), 300, np.float16)
    x[:, ::2] = 100
    layer = layers.BatchNormalization(dtype="float16", momentum=0.0)
    layer(x, training=True, mask=np.ones((4, 400), bool))
    assert [float(w[0]) for w in layer.get_weights()[2:]] == [200.0, 10000.0]


def test_without_a_mask_one_operation_normalizes(session: Session) -> None:
    found = []
    x = layers.Input((4, 3))
    for given in (x, layers.Masking()(x)):
        y = layers.BatchNormalization()(given)
        text = str(session.explain(y, {x: X, learning_phase(y.graph): True}))
        found.append("BatchNormTrain" in text)
    assert found == [True, False]


def test_a_mask_of_another_rank() -> None:
    with pytest.raises(ShapeError) as error:
        layers.BatchNormalization(name="norm")(X, mask=KEPT[0])
    text = str(error.value)
    assert "BatchNormalization: the mask does not say which positions count" in text
    assert "expected  a mask with one axis less than the inputs" in text
    assert "got       inputs float32 (2, 4, 3), mask bool (4,)" in text
    assert "TimeDistributed(BatchNormalization())" in text


# How masks travel ------------------------------------------------------------------------------


class Flipped(layers.Layer):
    """Whoever writes compute_mask supports masks."""

    def call(self, inputs: Any) -> Any:
        return inputs * 1.0

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return core.logical_not(mask)


class Refusing(Flipped):
    supports_masking = False


def test_a_class_with_compute_mask_supports_masks(session: Session) -> None:
    x = masked()
    mask = Flipped()(x).mask
    both = session.run([mask, x.mask], {x.history.inputs: X * KEPT[..., None]})
    np.testing.assert_array_equal(both[0], ~KEPT)
    np.testing.assert_array_equal(both[1], KEPT)
    with pytest.warns(UserWarning, match="does not support masks"):
        assert Refusing()(x).mask is None


class Attention(layers.Layer):
    """Takes a mask for each argument."""

    def call(
        self, query: Any, value: Any = None, query_mask: Any = None, value_mask: Any = None
    ) -> Any:
        self.seen = (query_mask, value_mask)
        return query if value is None else query + value


def test_masks_of_several_arguments() -> None:
    a, b = masked(), masked()
    layer = Attention()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        layer(a, b)
        assert layer.seen == (a.mask, b.mask)
        layer(a, value=b, value_mask=a.mask)
        assert layer.seen == (a.mask, a.mask)
        layer(a, layers.Input((4, 3)))
        assert layer.seen == (a.mask, None)
        layer(a)  # as in Keras: alone it would be called `mask`
        assert layer.seen == (None, None)


def test_a_given_mask_goes_before_the_inputs_own(session: Session) -> None:
    x = masked()
    other = layers.Input((4,), dtype="bool")
    layer = layers.GRU(2, return_sequences=True)
    assert layer(x, mask=other).mask is other
    assert layer(x, None, other).mask is other  # by position
    assert layer(x).mask is x.mask
    model = keras.Model([x.history.inputs, other], layer(x.history.inputs, mask=other))
    by_hand = layer(X, mask=KEPT)
    np.testing.assert_allclose(model.predict([X, KEPT], verbose=0), by_hand, atol=1e-6)


def test_a_mask_and_initial_states_go_together() -> None:
    """Differs from Keras 3, not from 2."""
    x, state = layers.Input((4, 3)), layers.Input((2,))
    layer = layers.GRU(2)
    model = keras.Model([x, state], layer(layers.Masking()(x), initial_state=state))
    start = np.ones((2, 2), np.float32)
    got = model.predict([X * KEPT[..., None], start], verbose=0)
    np.testing.assert_allclose(got[:1], layer(X[:1, :2], initial_state=start[:1]), atol=1e-6)


def test_a_model_takes_masks_and_does_not_complain() -> None:
    inner = keras.Sequential([layers.Input((None, 3)), layers.GRU(2), layers.Dense(1)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.Sequential([layers.Masking(input_shape=(4, 3)), inner])
    short = inner(X[:1, :2])
    got = model.predict(X * KEPT[..., None], verbose=0)
    np.testing.assert_allclose(got[:1], short, atol=1e-6)
    np.testing.assert_allclose(inner(X, mask=KEPT)[:1], short, atol=1e-6)
    with pytest.raises(ShapeError) as error:
        inner(X, mask=[KEPT, KEPT])
    assert "wrong number of masks" in str(error.value)
    assert "expected  1, one for each input, or None in its place" in str(error.value)


# Layers with rules of their own ----------------------------------------------------------------


def test_softmax_wants_a_mask_that_broadcasts() -> None:
    with pytest.raises(ShapeError) as error:
        layers.Softmax()(masked())
    text = str(error.value)
    assert "Softmax: the mask does not say which values have a share" in text
    assert "got       inputs float32 (None, 4, 3), mask bool (None, 4)" in text
    assert 'Activation("softmax")' in text
    with pytest.raises(ShapeError):
        layers.Softmax()(X[0], mask=KEPT[:, None])


def test_softmax_of_numbers_for_masks() -> None:
    x = X[:, :, 0]
    layer = layers.Softmax()
    np.testing.assert_array_equal(layer(x, mask=KEPT * 0.9), layer(x, mask=KEPT))
    np.testing.assert_allclose(layer(x, mask=KEPT).sum(axis=1), 1, rtol=1e-6)


def test_time_distributed_wants_a_mask_of_steps() -> None:
    for mask in (KEPT[:, :3], KEPT[0]):
        with pytest.raises(ShapeError) as error:
            layers.TimeDistributed(layers.Dense(2))(X, mask=mask)
        assert "TimeDistributed: the mask does not say which steps count" in str(error.value)
        assert "expected  a mask (batch, time, ...)" in str(error.value)


def test_time_distributed_statistics_are_of_all_steps() -> None:
    """Differs from Keras 3, where each step has its own; masks apply likewise."""
    inner = layers.BatchNormalization(momentum=0.0)
    layers.TimeDistributed(inner)(X, training=True, mask=KEPT)
    np.testing.assert_allclose(inner.get_weights()[2], X[KEPT].mean(axis=0), rtol=1e-5)


def test_merges_of_inputs_of_other_ranks() -> None:
    a, b = masked(), layers.Input((3,))
    flat = np.float32([[1, 2, 3], [-1, -2, -3]])
    zeroed = X * KEPT[..., None]
    session = Session()
    for kind, function in (("Multiply", np.multiply), ("Maximum", np.maximum)):
        y = getattr(layers, kind)()([a, b])
        expected = np.where(
            KEPT[..., None],
            function(zeroed, flat[:, None]),
            np.broadcast_to(flat[:, None], X.shape),
        )
        got = session.run(y, {a.history.inputs: zeroed, b: flat})
        np.testing.assert_allclose(got, expected, rtol=1e-6)
        assert y.mask is None


def test_averages_of_nothing_are_zero() -> None:
    """Differs from Keras, where they are NaN."""
    kept = np.array([[False] * 4, [True] * 4])
    y = layers.GlobalAveragePooling1D()(X, mask=kept)
    np.testing.assert_allclose(y, [[0, 0, 0], X[1].mean(axis=0)], rtol=1e-5, atol=1e-7)


def double(x: Any, mask: Any = None, training: Any = None) -> Any:
    """Masked steps become 0, others twice what they were; in training, negative."""
    doubled = (
        x * 2.0 if mask is None else x * 2.0 * core.cast(core.expand_dims(mask, -1), "float32")
    )
    return doubled if training is None else core.choose(training, -doubled, doubled)


def hand_on(inputs: Any, mask: Any) -> Any:
    return mask


def test_lambda_gets_mask_and_training() -> None:
    layer = layers.Lambda(double)
    with pytest.warns(UserWarning, match="does not support masks"):
        np.testing.assert_allclose(layer(X, mask=KEPT), X * 2 * KEPT[..., None])
    np.testing.assert_allclose(layer(X, training=True), X * -2)
    np.testing.assert_allclose(layers.Lambda(double, arguments={"mask": None})(X), X * 2)


def test_lambda_says_what_its_mask_is(session: Session) -> None:
    x = masked()
    with pytest.warns(UserWarning, match="does not support masks"):
        assert layers.Lambda(double)(x).mask is None
    assert layers.Lambda(double, mask=hand_on)(x).mask is x.mask
    fixed = layers.Lambda(double, mask=KEPT)(x).mask
    np.testing.assert_array_equal(session.run(fixed), KEPT)
    with pytest.raises(OptionError, match="bad mask"):
        layers.Lambda(double, mask="unheard_of")


def test_lambda_with_a_mask_in_a_file() -> None:
    with custom_object_scope({"double": double, "hand_on": hand_on}):
        layer = layers.Lambda(double, mask=hand_on)
        config = layer.get_config()
        assert (config["function"], config["mask"]) == ("double", "hand_on")
        assert layers.Lambda.from_config(config).mask is hand_on
        model = keras.Sequential(
            [layers.Masking(input_shape=(4, 3)), layer, layers.GRU(2, name="g")]
        )
        config = model.get_config()
        copy = keras.Sequential.from_config(config)
        copy.set_weights(model.get_weights())
        zeroed = X * KEPT[..., None]
        np.testing.assert_array_equal(copy.predict(zeroed), model.predict(zeroed))
        code = {"class_name": "__lambda__", "config": {"code": "4wEAAA=="}}
        for spelling in (code, ["4wEAAA==", None, None]):
            for entry in config["layers"]:
                if entry["class_name"] == "Lambda":
                    entry["config"]["mask"] = spelling
            with pytest.raises(FileFormatError, match="holds Python code, which is never run"):
                keras.Sequential.from_config(config)


# Losses and metrics ----------------------------------------------------------------------------


def test_losses_and_metrics_leave_out_what_is_masked(session: Session) -> None:
    x = masked()
    target = core.zeros_like(x)
    loss = losses.MeanSquaredError()(target, x)
    metric = metrics.MeanSquaredError()
    update = metric.update_state(target, x)
    got, _ = session.run([loss, update], {x.history.inputs: X * KEPT[..., None]})
    assert got == pytest.approx(np.mean(X[KEPT] ** 2), rel=1e-5)
    # As in Keras a sample's steps are averaged before the samples are.
    per_step = np.mean(X**2, axis=-1) * KEPT
    expected = per_step.mean(axis=1).sum() / KEPT.mean(axis=1).sum()
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)
    assert session.run(loss, {x.history.inputs: X * 0}) == 0.0
