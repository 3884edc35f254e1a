"""What all networks have in common: arguments, where they begin and end, what is refused."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import thalweg as keras
from thalweg.applications import VGG16, VGG19, LeNet, LeNet5, MobileNetV2, ResNet50, vgg16
from thalweg.applications.weights import Pretrained
from thalweg.cli.names import translation
from thalweg.core import placeholder
from thalweg.core.errors import DataError, OptionError, ShapeError
from thalweg.layers import Dense, Input, Rescaling
from thalweg.models import Model

SMALL = {
    "VGG16": (VGG16, (32, 32, 3), 512),
    "VGG19": (VGG19, (32, 32, 3), 512),
    "ResNet50": (ResNet50, (32, 32, 3), 2048),
    "MobileNetV2": (MobileNetV2, (32, 32, 3), 1280),
    "LeNet": (LeNet, (28, 28, 1), 50),
    "LeNet5": (LeNet5, (28, 28, 1), 120),
}
KERAS_ARGUMENTS = (
    "include_top=True weights='imagenet' input_tensor=None input_shape=None pooling=None "
    "classes=1000 classifier_activation='softmax' name={!r}"
)


@pytest.fixture(params=SMALL)
def net(request: pytest.FixtureRequest) -> Any:
    """Each network: the function, a small input shape, and the channels of its last map."""
    return SMALL[request.param]


# --- names ----------------------------------------------------------------------------------------


def test_programs_for_keras_find_them() -> None:
    for root in ("keras", "tensorflow.keras"):
        assert translation(f"{root}.applications.vgg16") == ("thalweg.applications.vgg16",)
        utils = translation(f"{root}.applications.imagenet_utils")
        assert utils == ("thalweg.applications.imagenet",)


def test_names_of_keras() -> None:
    for name, (function, _, _) in SMALL.items():
        assert getattr(keras.applications, name) is function
        assert name in dir(keras.applications)
    for module in ("vgg16", "vgg19", "resnet", "resnet50", "mobilenet_v2", "lenet"):
        found = getattr(keras.applications, module)
        assert {"preprocess_input", "decode_predictions"} <= set(found.__all__)
    assert keras.applications.resnet50.ResNet50 is keras.applications.resnet.ResNet50
    assert keras.applications.imagenet_utils is keras.applications.imagenet
    with pytest.raises(AttributeError, match=r"'thalweg\.applications' has no attribute 'VGG17'"):
        keras.applications.VGG17  # noqa: B018  (looking it up is the test)


@pytest.mark.slow
def test_import_is_lazy() -> None:
    code = """
import sys, thalweg, thalweg.applications
ours = {name for name in sys.modules if name.startswith("thalweg.applications.")}
assert not ours, ours
thalweg.applications.LeNet(weights=None)
assert not {"scipy", "matplotlib", "PIL"} & set(sys.modules)
assert "thalweg.applications.vgg16" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["VGG16", "VGG19", "ResNet50", "MobileNetV2"])
def test_arguments_of_keras(name: str) -> None:
    """Names, order and defaults of Keras 3.15; one of ours may follow, by keyword alone."""
    parameters = inspect.signature(SMALL[name][0]).parameters.values()
    got = " ".join(f"{p.name}={p.default!r}" for p in parameters if p.kind is not p.KEYWORD_ONLY)
    expected = KERAS_ARGUMENTS.format(name.lower())
    if name == "MobileNetV2":
        expected = (
            "input_shape=None alpha=1.0 include_top=True weights='imagenet' input_tensor=None "
            "pooling=None classes=1000 classifier_activation='softmax' name=None"
        )
    assert got == expected


# --- beginnings and ends --------------------------------------------------------------------------


def test_top(net: Any) -> None:
    function, shape, _ = net
    model = function(weights=None, input_shape=shape, classes=7, name="mine")
    assert (model.name, model.output_shape) == ("mine", (None, 7))
    assert model.layers[-1].name == "predictions"
    predictions = model.predict(np.ones((2, *shape)))
    np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-5)
    logits = function(weights=None, input_shape=shape, classifier_activation=None)
    assert logits.layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize(("pooling", "rank"), [(None, 4), ("avg", 2), ("max", 2)])
def test_without_the_top(pooling: str | None, rank: int, net: Any) -> None:
    function, shape, channels = net
    model = function(weights=None, input_shape=shape, include_top=False, pooling=pooling)
    assert len(model.output_shape) == rank
    assert model.output_shape[-1] == channels


def test_any_size() -> None:
    for function in (VGG16, ResNet50, MobileNetV2):
        model = function(weights=None, include_top=False)
        assert model.input_shape == (None, None, None, 3)
    assert model.predict(np.zeros((1, 64, 96, 3))).shape == (1, 2, 3, 1280)
    assert VGG16(weights=None).input_shape == (None, 224, 224, 3)


def test_begins_at_a_tensor(net: Any) -> None:
    """The model begins at the Input behind it, as in Keras."""
    function, shape, _ = net
    x = Input(shape, name="mine")
    model = function(weights=None, input_tensor=x, include_top=False)
    assert model.inputs == [x]
    scaled = Rescaling(1 / 255)(x)
    model = function(weights=None, input_tensor=scaled, include_top=False)
    assert model.inputs == [x]
    assert [layer.name for layer in model.layers[:2]] == ["mine", scaled.history.layer.name]
    side = placeholder("float32", (None, *shape))
    assert function(weights=None, input_tensor=side, include_top=False).input_shape == (
        None,
        *shape,
    )


def test_two_inputs_and_a_head_of_ones_own() -> None:
    a, b = Input((28, 28, 1)), Input((28, 28, 1))
    base = LeNet(weights=None, input_tensor=keras.layers.add([a, b]), include_top=False)
    assert set(base.inputs) == {a, b}
    base = LeNet(weights=None, include_top=False, pooling="avg")
    base.trainable = False
    model = Model(base.input, Dense(3, "softmax")(base.output))
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = base.get_weights()
    model.fit(np.ones((4, 28, 28, 1)), np.array([0, 1, 2, 0]), verbose=0)
    for was, now in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


# --- refused --------------------------------------------------------------------------------------


def told(error: type[Exception], function: Any, **arguments: Any) -> str:
    with pytest.raises(error) as caught:
        function(**arguments)
    return "\n".join(
        line for line in str(caught.value).splitlines() if not line.startswith("  made at")
    )


def test_trained_on_other_classes() -> None:
    assert told(OptionError, VGG16, classes=10) == (
        "VGG16: bad classes\n"
        "  expected  1000 with weights='imagenet'\n"
        "  got       10\n"
        "  hint      pass classes=1000; or include_top=False, and a Dense layer of your own "
        "behind it"
    )
    assert "10 with weights='cifar10'" in told(OptionError, VGG16, weights="cifar10")
    assert "10 with weights='mnist'" in told(OptionError, LeNet5, classes=26)


def test_trained_on_other_sizes() -> None:
    assert told(OptionError, ResNet50, input_shape=(256, 256, 3)) == (
        "ResNet50: bad input_shape\n"
        "  expected  (224, 224, 3) with weights='imagenet'\n"
        "  got       (256, 256, 3)\n"
        "  hint      include_top=False takes other sizes"
    )
    text = told(OptionError, MobileNetV2, input_shape=(97, 97, 3))
    assert "(96, 96, 3) or (128, 128, 3) or (160, 160, 3)" in text
    text = told(OptionError, VGG16, weights="cifar10", classes=10, input_shape=(64, 64, 3))
    assert "(32, 32, 3) with weights='cifar10'" in text
    text = told(OptionError, VGG19, include_top=False, input_shape=(64, 64, 1))
    assert "3 channels with weights='imagenet'" in text
    text = told(OptionError, LeNet, input_tensor=Input((32, 32, 1)))
    assert "(28, 28, 1) with weights='mnist'" in text


def test_too_small() -> None:
    text = told(OptionError, VGG16, weights=None, input_shape=(31, 64, 3), include_top=False)
    assert text == (
        "VGG16: bad input_shape\n"
        "  expected  at least 32 x 32 pixels\n"
        "  got       (31, 64, 3)\n"
        "  hint      smaller pictures can be enlarged: layers.Resizing, or image.resize"
    )
    assert "at least 16 x 16" in told(OptionError, LeNet, weights=None, input_shape=(15, 20, 1))
    assert LeNet(weights=None, input_shape=(16, 16, 1)).output_shape == (None, 10)
    assert "at least 28 x 28" in told(OptionError, LeNet5, weights=None, input_shape=(27, 28, 1))


def test_shapes_that_are_none() -> None:
    text = told(OptionError, VGG16, weights=None, input_shape=(1, 32, 32, 3))
    assert "(height, width, channels), without the batch" in text
    assert "bad input_shape" in told(OptionError, VGG16, weights=None, input_shape=32)
    text = told(OptionError, VGG16, weights=None, input_shape=(None, None, 3))
    assert "sizes that are known, with include_top=True" in text
    assert "include_top=False takes pictures of any size" in text


def test_wrong_tensor() -> None:
    x = Input((64, 64, 3))
    assert told(ShapeError, VGG16, weights=None, input_tensor=x, input_shape=(32, 32, 3)) == (
        "VGG16: input_tensor has another shape\n"
        "  expected  (None, 32, 32, 3)\n"
        "  got       (None, 64, 64, 3)"
    )
    assert "(None, 7)" in told(ShapeError, VGG16, weights=None, input_tensor=Input((7,)))
    text = told(OptionError, VGG16, weights=None, input_tensor=np.zeros((1, 32, 32, 3)))
    assert "a tensor of Input() or of layers" in text


def test_wrong_options(net: Any) -> None:
    function, shape, _ = net
    assert "'avg' or 'max'; or None" in told(
        OptionError, function, weights=None, input_shape=shape, include_top=False, pooling="mean"
    )
    assert "an integer >= 1" in told(
        OptionError, function, weights=None, input_shape=shape, classes=0
    )


def test_activation_of_trained_networks() -> None:
    assert told(OptionError, VGG16, classifier_activation="sigmoid") == (
        "VGG16: bad classifier_activation\n"
        "  expected  'softmax' or None, with trained weights\n"
        "  got       'sigmoid'"
    )
    VGG16(weights=None, input_shape=(32, 32, 3), classifier_activation="sigmoid")


def test_mobilenet_for_other_pictures() -> None:
    """Without its top it takes the weights of the usual size, and says so."""
    told = "no weights for pictures of 100 x 90; those for 224 x 224 are used"
    with pytest.warns(UserWarning, match=told), pytest.raises(DataError, match=r"_1\.0_224_no_top"):
        MobileNetV2(include_top=False, input_shape=(100, 90, 3))
    with pytest.raises(DataError, match=r"_0\.35_96\.h5: not on this machine"):
        MobileNetV2(alpha=0.35, input_shape=(96, 96, 3))


def test_widths_of_mobilenet() -> None:
    text = told(OptionError, MobileNetV2, alpha=0.6)
    assert "one of 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, with weights='imagenet'" in text
    assert "a number > 0" in told(OptionError, MobileNetV2, alpha=0, weights=None)
    wide = MobileNetV2(alpha=1.4, weights=None, include_top=False)
    assert wide.output_shape[-1] == 1792
    assert wide.name == "mobilenetv2_1.40_None"


# --- VGG-16 for CIFAR-10 --------------------------------------------------------------------------


@pytest.fixture
def cifar10(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Has a file with random weights lie where that for CIFAR-10 comes with the package."""
    model = VGG16(weights=None, input_shape=(32, 32, 3), classes=10, head=(512,))
    model.save_weights(tmp_path / "cifar10.h5")
    sizes, head, _ = vgg16._NAMED["cifar10"]
    files = Pretrained(tmp_path / "cifar10.h5", tmp_path / "cifar10.h5")
    monkeypatch.setitem(vgg16._NAMED, "cifar10", (sizes, head, files))
    return model


@pytest.mark.slow
def test_cifar10(cifar10: Model) -> None:
    x = np.random.default_rng(2).random((2, 64, 48, 3), dtype=np.float32)
    model = VGG16(weights="cifar10", input_shape=(32, 32, 3), classes=10)
    # Thirteen convolutions (14,714,688 weights), 512 * 512 + 512, and 512 * 10 + 10.
    assert model.count_params() == 14_714_688 + 262_656 + 5_130
    assert [layer.name for layer in model.layers[-3:]] == ["flatten", "fc1", "predictions"]
    np.testing.assert_array_equal(model.predict(x[:, :32, :32]), cifar10.predict(x[:, :32, :32]))
    base = VGG16(include_top=False, weights="cifar10", input_shape=(64, 48, 3))
    assert base.predict(x).shape == (2, 2, 1, 512)
    for got, expected in zip(base.get_weights(), cifar10.get_weights(), strict=False):
        np.testing.assert_array_equal(got, expected)
    assert len(base.get_weights()) == 26


def test_heads() -> None:
    model = VGG16(weights=None, input_shape=(32, 32, 3), classes=10, head=(64, 32, 16))
    dense = [layer.units for layer in model.layers if isinstance(layer, Dense)]
    assert dense == [64, 32, 16, 10]
    assert VGG19(weights=None, head=[], input_shape=(32, 32, 3), classes=10).count_params() == (
        20_024_384 + 5_130
    )
    arguments = {"weights": "cifar10", "input_shape": (32, 32, 3), "classes": 10}
    text = told(OptionError, VGG16, **arguments, head=(256,))
    assert "(512,), or None, with weights='cifar10'" in text
    assert "sizes of dense layers" in told(OptionError, VGG16, weights=None, head=512)


def test_building_is_quick() -> None:
    """Weights are drawn when they are first used: 138 million numbers would take seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = VGG16(weights=None)
    session = keras.core.current_session()
    assert model.count_params() == 138_357_544
    assert not any(session.is_initialized(w) for w in model.weights)
