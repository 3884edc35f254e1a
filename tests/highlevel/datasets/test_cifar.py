"""CIFAR's two sets: batches, what is wrong with them, and pictures in their place."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_rows import ROWS, tar
from PIL import Image

from thalweg.core.errors import FileFormatError, OptionError
from thalweg.datasets import cifar10, cifar100

DATA = os.environ.get("THALWEG_DATA")  # the machine's own; the tests' folders replace it
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()


def unpack(row: str, folder: Path) -> None:
    import tarfile

    [content] = ROWS[row].contents.values()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = archive.extractfile(member)
            assert stream is not None
            path.write_bytes(stream.read())


@pytest.mark.parametrize(
    ("row", "module", "folder"),
    [("cifar10", cifar10, "cifar-10-batches-py"), ("cifar100", cifar100, "cifar-100-python")],
)
def test_unpacked(
    row: str, module: Any, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder as Keras leaves it: itself, the one above it, and in THALWEG_DATA."""
    unpack(row, tmp_path)
    for path in (tmp_path / folder, tmp_path, None):
        if path is None:
            monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
        (x_train, y_train), (x_test, y_test) = module.load_data(path=path)
        loaded = x_train, y_train, x_test, y_test
        for got, expected in zip(loaded, ROWS[row].expected, strict=True):
            np.testing.assert_array_equal(got, expected, strict=True)
            assert got.flags.c_contiguous


def test_coarse_labels(tmp_path: Path) -> None:
    unpack("cifar100", tmp_path)
    (_, y_train), (_, y_test) = cifar100.load_data("coarse", tmp_path)
    np.testing.assert_array_equal(y_train, ROWS["cifar100"].expected[1] // 5)
    np.testing.assert_array_equal(y_test, ROWS["cifar100"].expected[3] // 5)


def test_another_label_mode() -> None:
    with pytest.raises(OptionError) as caught:
        cifar100.load_data("fin")
    assert "expected  'fine' or 'coarse'" in str(caught.value)
    assert "did you mean 'fine'?" in str(caught.value)


def good() -> dict[bytes, Any]:
    return {b"data": np.zeros((2, 3072), "uint8"), b"labels": [0, 9]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({b"data": np.zeros((2, 3071), "uint8")}, "got       an array |u1 (2, 3071)"),
        ({b"data": np.zeros((2, 3072), "float32")}, "expected  uint8 (any, 3072)"),
        ({b"data": [1, 2]}, "got       list"),
        ({b"labels": [0]}, "expected  a list of 2 integers\n  got       a list of 1"),
        ({b"labels": [0, True]}, "'labels' are not the labels"),
        ({b"labels": (0, 1)}, "got       a tuple"),
        ({b"labels": [0, 10]}, "expected  0 <= label < 10\n  got       0 to 10"),
        ({b"labels": [-1, 1]}, "got       -1 to 1"),
        (None, "not a batch\n  expected  a dict\n  got       a list"),
    ],
)
def test_wrong_batch(change: Any, told: str, tmp_path: Path) -> None:
    unpack("cifar10", tmp_path)
    folder = tmp_path / "cifar-10-batches-py"
    value = [1] if change is None else {**good(), **change}
    (folder / "data_batch_3").write_bytes(pickle.dumps(value, 2))
    with pytest.raises(FileFormatError) as caught:
        cifar10.load_data(folder)
    assert str(caught.value).startswith(f"{folder}, data_batch_3: ")
    assert told in str(caught.value)
    assert "hint      a good copy is at https://www.cs.toronto.edu/" in str(caught.value)


def test_missing_batch(tmp_path: Path) -> None:
    unpack("cifar10", tmp_path)
    folder = tmp_path / "cifar-10-batches-py"
    (folder / "test_batch").unlink()
    with pytest.raises(FileFormatError, match=r"a batch is missing\n.*\n  got       no test_batch"):
        cifar10.load_data(folder)


# --- pictures -------------------------------------------------------------------------------------


def picture(value: int, size: tuple[int, int] = (32, 32), kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (value, 255 - value, 7)).save(stream, kind)
    return stream.getvalue()


def pictures() -> dict[str, bytes]:
    """Two a class for training, one for tests; the red value says which one it is."""
    contents = {"cifar10/readme.txt": b"not a picture", "cifar10/train/other/0.png": picture(0)}
    for label, name in enumerate(CLASSES):
        for number in (1, 0):
            contents[f"cifar10/train/{name}/{number:04}.png"] = picture(20 * label + number)
        contents[f"cifar10/test/{name}/0000.jpg"] = picture(20 * label + 9)
    return contents


def check_pictures(loaded: Any) -> None:
    (x_train, y_train), (x_test, y_test) = loaded
    order = np.random.RandomState(2009).permutation(20)
    assert x_train.shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(x_train[:, 3, 5, 0], (20 * (order // 2) + order % 2))
    np.testing.assert_array_equal(y_train, (order // 2)[:, None].astype("uint8"), strict=True)
    np.testing.assert_array_equal(x_train[:, 0, 0, 1], 255 - x_train[:, 31, 31, 0])
    assert x_test.shape == (10, 32, 32, 3)
    np.testing.assert_array_equal(x_test[:, 0, 0, 0], 20 * y_test[:, 0] + 9)
    assert sorted(y_test[:, 0].tolist()) == [*range(10)]


def put(contents: dict[str, bytes], folder: Path) -> None:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder, in a folder of that, in an archive, and in THALWEG_DATA."""
    put(pictures(), tmp_path / "a")
    (tmp_path / "b").mkdir()
    archive = tmp_path / "b" / "cifar10_images.tar.xz"
    archive.write_bytes(tar(pictures(), "w:xz"))
    for path in (tmp_path / "a" / "cifar10", tmp_path / "a", archive, tmp_path / "b"):
        check_pictures(cifar10.load_data(path))
        monkeypatch.setenv("THALWEG_DATA", str(path))
        if path.is_dir() and path.name != "cifar10":
            check_pictures(cifar10.load_data())
    assert [path.name for path in archive.parent.iterdir()] == ["cifar10_images.tar.xz"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("test/cat/0000.jpg", b"GIF89a", "cat/0000.jpg: a damaged picture"),
        ("test/cat/0000.jpg", picture(1)[:60], "cat/0000.jpg: a damaged picture"),
        ("test/cat/0001.png", picture(1, (64, 32)), "32 by 32 pixels\n  got       64 by 32"),
        ("test/cat/0000.jpg", None, "10 pictures"),
    ],
)
def test_wrong_picture(name: str, content: bytes | None, told: str, tmp_path: Path) -> None:
    contents = {key.removeprefix("cifar10/"): value for key, value in pictures().items()}
    if content is None:
        del contents[name]
        told = "9 pictures, none in cat"
    else:
        contents[name] = content
    put(contents, tmp_path)
    with pytest.raises(FileFormatError) as caught:
        cifar10.load_data(tmp_path)
    assert told in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(
    not DATA or not (Path(DATA) / "cifar10_images.tar.xz").exists(),
    reason="needs cifar10_images.tar.xz in the folder THALWEG_DATA",
)
def test_the_full_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(DATA))
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert (x_train.shape, y_train.shape) == ((50_000, 32, 32, 3), (50_000, 1))
    assert (x_test.shape, y_test.shape) == ((10_000, 32, 32, 3), (10_000, 1))
    np.testing.assert_array_equal(np.bincount(y_train[:, 0]), [5000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test[:, 0]), [1000] * 10)
    # CIFAR-10's well-known means and deviations of a channel, of 255.
    means, deviations = x_train.mean((0, 1, 2)) / 255, x_train.std((0, 1, 2)) / 255
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=0.002)
    np.testing.assert_allclose(deviations, [0.2470, 0.2435, 0.2616], atol=0.003)
    assert len(np.unique(y_train[:100])) == 10
