"""Which file `weights=` means, how it gets here, and what is said when it cannot be used."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from loopback import Handler

from thalweg.applications import (
    LeNet,
    MobileNetV2,
    lenet,
    mobilenet_v2,
    resnet,
    vgg16,
    vgg19,
    weights,
)
from thalweg.applications.weights import Pretrained
from thalweg.core.errors import DataError, FileFormatError, OptionError, ShapeError
from thalweg.datasets.download import CorruptFileWarning, RemoteFile, forget_failures
from thalweg.models import Model

NAME = "lenet.h5"
X = np.random.default_rng(5).random((2, 28, 28, 1), dtype=np.float32)


def halves(path: Path, model: Model) -> Path:
    """A file as those that come with thalweg: Keras 2's layout, float16, gzip.  Made by h5py."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([layer.name.encode() for layer in model.layers])
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.15.0"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{w.name}:0".encode() for w in layer.weights]
            group.attrs["weight_names"] = np.array(names, dtype="S" if names else "S1")
            for name, value in zip(names, layer.get_weights(), strict=True):
                half = value.astype(np.float16)
                group.create_dataset(name, data=half, compression="gzip", shuffle=True)
    return path


@pytest.fixture
def trained() -> Model:
    """A net whose weights are numbers of float16, none of them zero."""
    model = LeNet(weights=None)
    random = np.random.default_rng(4)
    for layer in model.layers:
        layer.set_weights(
            [
                (random.integers(1, 2**10, w.shape) / 2**14).astype(np.float32)
                for w in layer.get_weights()
            ]
        )
    return model


@pytest.fixture
def file(trained: Model, tmp_path: Path) -> Path:
    """The net's weights."""
    return halves(tmp_path / NAME, trained)


@pytest.fixture
def remote(file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RemoteFile]:
    """Has LeNet's named weights lie on a server of that address."""

    def put(host: str, **fields: Any) -> RemoteFile:
        checksum = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        known = weights.published(f"lenet/{NAME}", checksum, 2**23)
        known = dataclasses.replace(
            known, url=f"http://{host}/{NAME}", patience_s=0.5, minimum_bytes=1000, **fields
        )
        monkeypatch.setitem(lenet._CAFFE, "mnist", Pretrained(known, known))
        monkeypatch.setenv("THALWEG_OFFLINE", "0")
        return known

    return put


def same(got: Model, expected: Model) -> None:
    values = [w for layer in got.layers for w in layer.get_weights()]
    wanted = [w for layer in expected.layers for w in layer.get_weights()]
    assert len(values) <= len(wanted)
    for value, want in zip(values, wanted, strict=False):
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, want)


# --- paths ----------------------------------------------------------------------------------------


def test_path(file: Path, trained: Model, home: Path) -> None:
    """Float16 in the file becomes float32 in the variables."""
    for path in (file, str(file), os.path.relpath(file)):
        model = LeNet(weights=path)
        same(model, trained)
        np.testing.assert_array_equal(model.predict(X), trained.predict(X))
    file.rename(home / NAME)
    same(LeNet(weights=f"~/{NAME}"), trained)


def test_unknown_weights() -> None:
    with pytest.raises(OptionError) as caught:
        LeNet(weights="mnst")
    assert str(caught.value) == (
        "LeNet: unknown weights\n"
        "  expected  'mnist', None for random weights, or the path of an HDF5 file\n"
        f"  got       'mnst', which is no file below {os.getcwd()!r}\n"
        "  hint      did you mean 'mnist'?"
    )
    with pytest.raises(OptionError) as caught:
        LeNet(weights=3)
    assert "got       3" in str(caught.value)
    Path("folder").mkdir()
    with pytest.raises(OptionError, match=r"'folder', a folder\n.*give the path of the file"):
        LeNet(weights="folder")
    with pytest.raises(OptionError, match=r"nowhere\.h5', which is no file"):
        LeNet(weights="nowhere.h5")


def test_truncated_file(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError) as caught:
        LeNet(weights=file)
    assert str(caught.value) == (
        f"{file}: the file is truncated\n"
        f"  expected  {len(content)} bytes\n"
        f"  got       {len(content) // 2} bytes\n"
        "  hint      the download or copy was cut off; get it again"
    )


def test_other_kinds_of_files(tmp_path: Path) -> None:
    page = tmp_path / "page.h5"
    page.write_text("<html>Welcome to our hotel</html>")
    with pytest.raises(FileFormatError, match="got       a web page or XML"):
        LeNet(weights=page)


def test_other_network(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError) as caught:
        MobileNetV2(weights=file, input_shape=(32, 32, 3), alpha=0.35)
    text = str(caught.value)
    assert text.startswith(
        f"MobileNetV2, {file}: the file has another number of layers with weights than the model\n"
        "  expected  105: 'Conv1', "
    )
    assert "  got       4: 'conv1', 'conv2', 'fc1', 'predictions'\n" in text
    assert text.endswith(
        "  hint      weights=None, then load_weights(path, by_name=True), loads the layers whose "
        "names agree"
    )
    with pytest.raises(ShapeError, match="weight 0 has another shape"):
        LeNet(weights=file, input_shape=(32, 32, 1))


def test_with_and_without_the_top(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="the file has a top: include_top=True takes it"):
        LeNet(weights=file, include_top=False)
    bare = LeNet(weights=None, include_top=False)
    bare.save_weights(tmp_path / "bare.h5")
    with pytest.raises(FileFormatError, match="the file has no top: include_top=False takes it"):
        LeNet(weights=tmp_path / "bare.h5")
    same(LeNet(weights=tmp_path / "bare.h5", include_top=False), bare)


def test_other_classes(file: Path) -> None:
    with pytest.raises(ShapeError) as caught:
        LeNet(weights=file, classes=5)
    assert str(caught.value) == (
        f"LeNet, {file}: weight 0 has another shape than the stored one, "
        "'predictions/kernel:0'\n"
        "  expected  (500, 5)\n"
        "  got       (500, 10)\n"
        "  node      layer 'predictions'\n"
        "  hint      the file is of a network with classes=10"
    )


def test_nothing_is_set_by_a_file_that_does_not_fit(file: Path, trained: Model) -> None:
    model = LeNet(weights=None, classes=5)
    before = [w for layer in model.layers for w in layer.get_weights()]
    with pytest.raises(ShapeError):
        weights.set_weights("LeNet", model, file, {}, include_top=True)
    after = [w for layer in model.layers for w in layer.get_weights()]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


# --- files that come with the package -------------------------------------------------------------


def test_shipped_file(file: Path, trained: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(lenet._CAFFE, "mnist", Pretrained(file, file))
    same(LeNet(), trained)
    bare = LeNet(include_top=False, input_shape=(20, 24, 1), pooling="max")
    same(bare, trained)
    assert bare.predict(np.zeros((3, 20, 24, 1))).shape == (3, 50)


def test_shipped_file_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "files" / "lenet_mnist.h5"
    monkeypatch.setitem(lenet._CAFFE, "mnist", Pretrained(nowhere, nowhere))
    with pytest.raises(DataError) as caught:
        LeNet()
    assert str(caught.value) == (
        "LeNet: weights that come with thalweg are missing\n"
        f"  expected  {nowhere}\n"
        "  hint      install thalweg again: pip install --force-reinstall thalweg; or pass "
        "the path of a file as weights=, or weights=None"
    )


# --- files of the web -----------------------------------------------------------------------------


def test_download_then_cache(
    remote: Any, file: Path, trained: Model, serve: Any, home: Path
) -> None:
    server = serve(lambda handler: handler.whole(file.read_bytes()))
    remote(server.host)
    same(LeNet(), trained)
    same(LeNet(), trained)
    assert len(server.ranges) == 1
    assert (home / ".thalweg" / "models" / NAME).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("variable", ["KERAS_HOME", None])
def test_file_of_keras(
    variable: str | None,
    remote: Any,
    file: Path,
    trained: Model,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is used where it lies, and the network is not asked."""
    remote("host.invalid")
    folder = home / ("elsewhere" if variable else ".keras")
    if variable:
        monkeypatch.setenv(variable, str(folder))
    (folder / "models").mkdir(parents=True)
    file.rename(folder / "models" / NAME)
    same(LeNet(), trained)
    assert not (home / ".thalweg").exists()


def test_wrong_checksum_in_the_cache(
    remote: Any, file: Path, trained: Model, serve: Any, home: Path
) -> None:
    """It is set aside, and fetched anew."""
    server = serve(lambda handler: handler.whole(file.read_bytes()))
    remote(server.host)
    cached = home / ".thalweg" / "models" / NAME
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"something else")
    with pytest.warns(CorruptFileWarning, match="now named lenet.h5.corrupt"):
        same(LeNet(), trained)


def flipped(handler: Handler, content: bytes) -> None:
    handler.whole(content[:-1] + bytes([content[-1] ^ 1]))


def truncated(handler: Handler, content: bytes) -> None:
    handler.head(200, len(content))
    handler.wfile.write(content[:5000])


def silent(handler: Handler, content: bytes) -> None:
    handler.wait(2)


@pytest.mark.parametrize(
    ("behave", "told"),
    [
        (flipped, "wrong checksum: md5 "),
        (truncated, "the connection broke: "),
        (silent, "no answer: nothing"),
        (lambda handler, content: handler.head(404, 0), "the server refused: status 404"),
    ],
    ids=["flipped", "truncated", "silent", "refusing"],
)
def test_bad_server(
    behave: Any, told: str, remote: Any, file: Path, serve: Any, home: Path
) -> None:
    server = serve(lambda handler: behave(handler, file.read_bytes()))
    known = remote(server.host)
    with pytest.raises(DataError) as caught:
        LeNet()
    text = str(caught.value)
    assert f"{known.url}: {told}" in text
    assert "  hint      repair the network and start Python again; or get the file by" in text
    assert not (home / ".thalweg" / "models" / NAME).exists()


def test_offline(remote: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = remote("host.invalid")
    monkeypatch.setenv("THALWEG_OFFLINE", "1")
    with pytest.raises(DataError) as caught:
        LeNet()
    text = str(caught.value)
    assert f"{known.url}: not tried, THALWEG_OFFLINE is set" in text
    assert "unset THALWEG_OFFLINE; or get the file by other means and give its path" in text


# --- without a published checksum -----------------------------------------------------------------


def test_download_without_a_checksum(
    remote: Any, file: Path, trained: Model, serve: Any, home: Path
) -> None:
    """What an earlier attempt left is not continued: nobody could tell whether it fits."""
    server = serve(lambda handler: handler.ranged(file.read_bytes()))
    remote(server.host, checksum=None)
    folder = home / ".thalweg" / "models"
    folder.mkdir(parents=True)
    (folder / f"{NAME}.part").write_bytes(b"another file's beginning")
    same(LeNet(), trained)
    same(LeNet(), trained)
    assert server.ranges == [None]


def test_break_without_a_checksum_is_continued(
    remote: Any, file: Path, trained: Model, serve: Any
) -> None:
    content = file.read_bytes()

    def behave(handler: Handler) -> None:
        if handler.headers.get("Range"):
            handler.ranged(content)
        else:
            truncated(handler, content)

    server = serve(behave)
    remote(server.host, checksum=None)
    same(LeNet(), trained)
    assert server.ranges == [None, "bytes=5000-"]


def test_page_of_a_hotel(remote: Any, file: Path, trained: Model, serve: Any, home: Path) -> None:
    """It never gets the file's name, so that a later attempt can do better."""
    pages = [b"<html>Please log in</html>"]
    server = serve(lambda handler: handler.whole(pages[0] if pages else file.read_bytes()))
    known = remote(server.host, checksum=None)
    with pytest.raises(DataError) as caught:
        LeNet()
    assert f"{known.url}: another kind of file: b'<html>Pl'" in str(caught.value)
    assert not list((home / ".thalweg" / "models").glob("*.h5*part"))
    pages.clear()
    forget_failures()
    same(LeNet(), trained)


def test_damaged_cache_without_a_checksum(remote: Any, file: Path, home: Path) -> None:
    known = remote("host.invalid", checksum=None)
    cached = home / ".thalweg" / "models" / NAME
    cached.parent.mkdir(parents=True)
    cached.write_bytes(file.read_bytes()[:9000])
    with pytest.raises(FileFormatError) as caught:
        LeNet()
    text = str(caught.value)
    assert text.startswith(f"{cached}: the file is truncated\n")
    assert text.endswith(f"  hint      delete it, and it is fetched anew from {known.url}")


# --- the table of addresses -----------------------------------------------------------------------

ROOT = "https://storage.googleapis.com/tensorflow/keras-applications/"
KERNELS = "weights_tf_dim_ordering_tf_kernels"
PUBLISHED = {  # Keras 3.15's
    f"vgg16/vgg16_{KERNELS}.h5": "64373286793e3c8b2b4e3219cbf3544b",
    f"vgg16/vgg16_{KERNELS}_notop.h5": "6d6bbae143d832006294945121d1f1fc",
    f"vgg19/vgg19_{KERNELS}.h5": "cbe5617147190e668d6c5d5026f83318",
    f"vgg19/vgg19_{KERNELS}_notop.h5": "253f8cb515780f3b799900260a226db6",
    f"resnet/resnet50_{KERNELS}.h5": "2cb95161c43110f7111970584f804107",
    f"resnet/resnet50_{KERNELS}_notop.h5": "4d473c1dd8becc155b73f8504c6f6626",
    f"mobilenet_v2/mobilenet_v2_{KERNELS}_1.0_224.h5": None,
    f"mobilenet_v2/mobilenet_v2_{KERNELS}_0.5_96_no_top.h5": None,
}


def test_addresses() -> None:
    mobile = (mobilenet_v2._files(1, 224).top, mobilenet_v2._files(0.5, 96).no_top)
    pretrained = [net._NAMED["imagenet"][2] for net in (vgg16, vgg19)]
    pretrained.append(resnet._NAMED["imagenet"])
    files = [file for known in pretrained for file in (known.top, known.no_top)]
    found = {}
    for file in (*files, *mobile):
        assert isinstance(file, RemoteFile)
        assert file.folder == "models"
        assert file.name == file.url.rpartition("/")[2]
        found[file.url] = file.checksum
    assert found == {f"{ROOT}{path}": checksum for path, checksum in PUBLISHED.items()}
    # The published sizes fit, and little more.
    sizes = {file.name: file.maximum_bytes for file in files}
    assert 553_467_096 < sizes[f"vgg16_{KERNELS}.h5"] < 2**30
    assert 58_889_256 < sizes[f"vgg16_{KERNELS}_notop.h5"] < 2**27
