"""Grad-CAM, against what it is known to be in networks simple enough to say."""

import numpy as np
import pytest
from colours import NAMES, colour_model

from thalweg.applications.explain import grad_cam, heat_overlay, last_convolution
from thalweg.core.errors import DataError, OptionError
from thalweg.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ReLU,
)
from thalweg.models import Model, Sequential

RANDOM = np.random.default_rng(0)


def shown(maps, weights):
    """Equation 2, brought to 0..1."""
    heat = np.maximum(maps @ weights, 0)
    assert heat.max() > 0
    return heat / heat.max()


@pytest.mark.parametrize("number", range(3))
def test_after_global_pooling_it_is_the_class_activation_map(number):
    """Zhou et al. 2016: there the map is the sum of the maps with the class's own weights."""
    model = Sequential(
        [
            Conv2D(5, 3, activation="relu", input_shape=(9, 8, 2)),
            GlobalAveragePooling2D(),
            Dense(3, activation="softmax"),
        ]
    )
    model.set_weights([RANDOM.normal(size=w.shape) for w in model.get_weights()])
    pictures = RANDOM.normal(size=(2, 9, 8, 2)).astype(np.float32)
    maps = Model(model.inputs[0], model.layers[0].output).predict(pictures)
    weights = np.asarray(model.layers[-1].get_weights()[0])[:, number]
    heat = grad_cam(model, pictures, [number, number])
    for got, own in zip(heat, maps, strict=True):
        np.testing.assert_allclose(got, shown(own, weights), atol=1e-5)


def test_weights_are_mean_slopes_of_the_score_before_the_softmax():
    """Slopes by differences, through a pooling and a dense layer."""
    model = Sequential(
        [
            Conv2D(4, 3, input_shape=(8, 8, 1), name="last"),
            MaxPooling2D(),
            Flatten(),
            Dense(3, name="scores"),
            Activation("softmax"),
        ]
    )
    picture = RANDOM.normal(size=(1, 8, 8, 1)).astype(np.float32)
    maps = Model(model.inputs[0], model.get_layer("last").output).predict(picture)[0]
    kernel = np.asarray(model.get_layer("scores").get_weights()[0], np.float64)[:, 2]
    slopes = np.zeros(maps.shape)
    # The score is the sum over windows of the largest times its weight: its slope is that weight.
    for row in range(3):
        for column in range(3):
            window = maps[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            for channel in range(4):
                i, j = np.unravel_index(window[..., channel].argmax(), (2, 2))
                place = (row * 3 + column) * 4 + channel
                slopes[2 * row + i, 2 * column + j, channel] = kernel[place]
    wanted = shown(maps, slopes.mean((0, 1)))
    np.testing.assert_allclose(grad_cam(model, picture, [2])[0], wanted, atol=1e-5)


def test_the_likeliest_class_is_explained_where_its_colour_is():
    picture = np.zeros((1, 8, 8, 3), np.float32)
    picture[0, 2:5, 1:3, 0] = 1  # a red patch
    model = colour_model()
    assert NAMES[model.predict(picture)[0].argmax()] == "red"
    np.testing.assert_allclose(grad_cam(model, picture)[0], picture[0, ..., 0], atol=1e-6)


def test_one_output_counts_for_and_against():
    model = Sequential(
        [
            Conv2D(1, 1, use_bias=False, input_shape=(4, 4, 1)),
            GlobalAveragePooling2D(),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.set_weights([np.ones((1, 1, 1, 1)), np.ones((1, 1)), np.zeros(1)])
    picture = RANDOM.random((1, 4, 4, 1)).astype(np.float32)
    speaks_for = grad_cam(model, picture, [1])[0]
    np.testing.assert_allclose(speaks_for, picture[0, ..., 0] / picture.max(), atol=1e-6)
    assert not grad_cam(model, picture, [0]).any()  # nothing speaks for the other class


def test_the_last_convolution_takes_its_normalization_and_activation_along():
    x = Input((16, 16, 3))
    y = Conv2D(4, 3, padding="same")(x)
    y = MaxPooling2D()(y)
    y = BatchNormalization(name="normalized")(Conv2D(6, 3, padding="same")(y))
    y = ReLU(name="wanted")(y)
    model = Model(x, Dense(2, activation="softmax")(Flatten()(MaxPooling2D()(y))))
    assert last_convolution(model) is model.get_layer("wanted").output


def test_maps_too_small_to_show_anything_are_passed_over():
    model = Sequential(
        [
            Conv2D(4, 3, padding="same", input_shape=(8, 8, 3), name="seen"),
            MaxPooling2D(4),
            Conv2D(4, 3, padding="same"),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )
    assert last_convolution(model) is model.get_layer("seen").output
    assert grad_cam(model, np.ones((1, 8, 8, 3), np.float32)).shape == (1, 8, 8)


def test_a_convolution_in_a_model_inside_is_found():
    inner = Sequential([Conv2D(4, 3, input_shape=(8, 8, 3)), ReLU()])
    x = Input((8, 8, 3))
    model = Model(x, Dense(2, activation="softmax")(GlobalAveragePooling2D()(inner(x))))
    assert grad_cam(model, np.ones((3, 8, 8, 3), np.float32)).shape == (3, 6, 6)


def test_a_layer_may_be_named():
    model = colour_model()
    pictures = RANDOM.random((2, 8, 8, 3)).astype(np.float32)
    named = grad_cam(model, pictures, layer="look")
    np.testing.assert_array_equal(named, grad_cam(model, pictures))
    with pytest.raises(OptionError, match="the layer's output has no places in the picture"):
        grad_cam(model, pictures, layer="mean")
    with pytest.raises(OptionError, match="no layer of this name"):
        grad_cam(model, pictures, layer="lok")


def test_without_convolutions_there_is_nothing_to_look_at():
    model = Sequential([Flatten(input_shape=(4, 4, 1)), Dense(2, activation="softmax")])
    with pytest.raises(OptionError, match="no convolution of pictures"):
        grad_cam(model, np.ones((1, 4, 4, 1), np.float32))


@pytest.mark.parametrize("classes", [[0], [0, 3], [0, -1]])
def test_classes_must_fit(classes):
    with pytest.raises(DataError, match=r"2 numbers in 0\.\.2"):
        grad_cam(colour_model(), np.ones((2, 8, 8, 3), np.float32), classes)


def test_training_it_does_not_disturb():
    model = colour_model()
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = [np.array(w) for w in model.get_weights()]
    grad_cam(model, np.ones((1, 8, 8, 3), np.float32))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_overlay_is_red_where_it_is_hot_and_the_picture_where_it_is_cold():
    picture = np.full((20, 30, 1), 100, np.uint8)
    heat = np.zeros((20, 30), np.float32)
    heat[:, 20:] = 1
    over = heat_overlay(picture, heat, opacity=0.6)
    assert over.shape == (20, 30, 3) and over.dtype == np.uint8
    assert (over[:, :10] == 100).all()
    red, green, blue = over[10, 27].astype(int)
    assert red > green + 50 and red > blue + 50
