"""Pixels as the networks take them, and names of classes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.applications import imagenet, mobilenet_v2, resnet, resnet50, vgg16, vgg19
from thalweg.core import Session, placeholder
from thalweg.core.errors import DataError, FileFormatError, OptionError, ShapeError

# As in the papers' own code: Caffe's means of blue, green, red; torchvision's of red, green, blue.
BGR = np.array([103.939, 116.779, 123.68])
RGB, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
FORMULAS = {
    "caffe": lambda x: np.stack([x[..., 2], x[..., 1], x[..., 0]], axis=-1) - BGR,
    "tf": lambda x: 2 * (x / 255) - 1,
    "torch": lambda x: (x / 255 - RGB) / DEVIATION,
}


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("is_symbolic", [False, True], ids=["array", "tensor"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("mode", FORMULAS)
def test_preprocess(mode: str, data_format: str, is_symbolic: bool) -> None:
    x = pixels(2, 4, 5, 3)
    expected = FORMULAS[mode](x.astype(np.float64))
    turn = data_format == "channels_first"
    for dtype, got_dtype in (("uint8", "float32"), ("int64", "float32"), ("float64", "float64")):
        given = np.moveaxis(x, -1, 1) if turn else x
        given = given.astype(dtype)
        if is_symbolic:
            tensor = placeholder(dtype, given.shape)
            got = imagenet.preprocess_input(tensor, data_format, mode)
            assert got.dtype == got_dtype
            got = Session().run(got, {tensor: given})
        else:
            got = imagenet.preprocess_input(given, data_format, mode)
        assert got.dtype == got_dtype
        got = np.moveaxis(got, 1, -1) if turn else got
        np.testing.assert_allclose(got, expected, rtol=0, atol=5e-5)


def test_input_is_left_alone() -> None:
    """Keras half changes an array of floats."""
    x = pixels(4, 5, 3).astype(np.float32)
    before = x.copy()
    for mode in FORMULAS:
        imagenet.preprocess_input(x, mode=mode)
    np.testing.assert_array_equal(x, before)


def test_one_picture_and_half_precision() -> None:
    x = pixels(4, 5, 3).astype(np.float16)
    got = imagenet.preprocess_input(x)
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, FORMULAS["caffe"](x.astype(np.float64)), atol=0.2)


def test_modes_of_networks() -> None:
    x = pixels(1, 4, 5, 3)
    for module in (vgg16, vgg19, resnet, resnet50):
        np.testing.assert_allclose(
            module.preprocess_input(x), FORMULAS["caffe"](x.astype(np.float64)), atol=5e-5
        )
    got = mobilenet_v2.preprocess_input(np.moveaxis(x, -1, 1), "channels_first")
    np.testing.assert_allclose(np.moveaxis(got, 1, -1), FORMULAS["tf"](x.astype(float)), atol=1e-6)


def test_wrong_pictures() -> None:
    with pytest.raises(ShapeError) as caught:
        vgg16.preprocess_input(np.zeros((2, 4, 5, 1)))
    assert str(caught.value) == (
        "preprocess_input: not pictures of three colours\n"
        "  expected  (..., height, width, 3)\n"
        "  got       (2, 4, 5, 1)\n"
        "  hint      a grey picture is made one of colours by np.repeat(x, 3, axis=-1)"
    )
    with pytest.raises(ShapeError, match=r"\(\.\.\., 3, height, width\)"):
        imagenet.preprocess_input(np.zeros((2, 4, 5, 3)), "channels_first", "torch")
    with pytest.raises(OptionError, match="'caffe', 'tf' or 'torch'"):
        imagenet.preprocess_input(np.zeros((2, 4, 5, 3)), mode="keras")
    with pytest.raises(OptionError, match="data_format"):
        vgg16.preprocess_input(np.zeros((2, 4, 5, 3)), "first")


# --- names ----------------------------------------------------------------------------------------

INDEX = {str(i): [f"n{i:08}", f"thing_{i}"] for i in range(1000)}


@pytest.fixture
def index(home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a text in Keras's cache in place of the real index."""

    def put(text: str | bytes) -> Path:
        content = text if isinstance(text, bytes) else text.encode()
        file = home / ".keras" / "models" / "imagenet_class_index.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
        known = dataclasses.replace(imagenet._INDEX, checksum=checksum)
        monkeypatch.setattr(imagenet, "_INDEX", known)
        return file

    imagenet._names.cache_clear()
    yield put
    imagenet._names.cache_clear()


def test_names(index: Any) -> None:
    index(json.dumps(INDEX))
    predictions = np.zeros((2, 1000), np.float32)
    predictions[0, [7, 3, 999]] = 0.5, 0.25, 0.125
    predictions[1, 0] = 1
    for module in (imagenet, vgg16, vgg19, resnet50, mobilenet_v2):
        first, second = module.decode_predictions(predictions, top=3)
        assert first == [
            ("n00000007", "thing_7", 0.5),
            ("n00000003", "thing_3", 0.25),
            ("n00000999", "thing_999", 0.125),
        ]
        assert second[0] == ("n00000000", "thing_0", 1.0)
    assert len(imagenet.decode_predictions(predictions)[0]) == 5


def test_names_are_nowhere() -> None:
    imagenet._names.cache_clear()
    with pytest.raises(DataError) as caught:
        vgg16.decode_predictions(np.zeros((1, 1000)))
    text = str(caught.value)
    assert text.startswith("imagenet_class_index.json: not on this machine, and not downloaded\n")
    assert ".keras/models/imagenet_class_index.json is not there" in text
    assert text.endswith(
        "  hint      unset THALWEG_OFFLINE; or get the file by other means and give its path, or "
        "set THALWEG_DATA to its folder"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not whole JSON"),
        ("[]", "no JSON object"),
        (b"\xff\xfe", "not text"),
        (json.dumps({**INDEX, "998": ["n1"]}), "'n…', 'name'"),
        (json.dumps({**INDEX, "998": [1, "a"]}), "'n…', 'name'"),
        (json.dumps({str(i): INDEX[str(i)] for i in range(999)}), "None"),
        (" " * (2**20 + 1), "too large"),
    ],
    ids=["cut off", "list", "bytes", "short entry", "number", "missing", "large"],
)
def test_wrong_index(text: Any, told: str, index: Any) -> None:
    file = index(text)
    with pytest.raises(FileFormatError) as caught:
        vgg16.decode_predictions(np.zeros((1, 1000)))
    assert str(file) in str(caught.value)
    assert told.replace("'n…', 'name'", '["n…", "name"]') in str(caught.value)


def test_wrong_predictions() -> None:
    with pytest.raises(ShapeError) as caught:
        vgg16.decode_predictions(np.zeros((1, 10)))
    assert str(caught.value) == (
        "decode_predictions: not predictions for ImageNet's classes\n"
        "  expected  (batch, 1000)\n"
        "  got       (1, 10)\n"
        "  hint      the names are those of a network with include_top=True, classes=1000"
    )
    with pytest.raises(OptionError, match="an integer >= 1"):
        vgg16.decode_predictions(np.zeros((1, 1000)), top=0)


def test_names_of_cifar10() -> None:
    predictions = np.array([[0, 0, 0.1, 0.6, 0, 0.3, 0, 0, 0, 0]])
    assert vgg16.decode_predictions(predictions, top=2, labels="cifar10") == [
        [("3", "cat", 0.6), ("5", "dog", 0.3)]
    ]
    with pytest.raises(ShapeError, match="CIFAR-10"):
        vgg16.decode_predictions(np.zeros((1, 1000)), labels="cifar10")
    with pytest.raises(OptionError, match="'imagenet' or 'cifar10'"):
        vgg16.decode_predictions(predictions, labels="cifar100")
