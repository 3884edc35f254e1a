"""The tutorials' MNIST reader: where files come from, what comes out, how batches go round."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg.tf1 as tf
from thalweg.core.errors import DataError, FileFormatError, OptionError
from thalweg.datasets.idx import read_idx
from thalweg.tf1.examples.tutorials.mnist import input_data

RANDOM = np.random.default_rng(0)
X_TRAIN = RANDOM.integers(0, 256, (50, 28, 28), dtype=np.uint8)
Y_TRAIN = RANDOM.integers(0, 10, 50).astype(np.uint8)
X_TEST = RANDOM.integers(0, 256, (20, 28, 28), dtype=np.uint8)
Y_TEST = RANDOM.integers(0, 10, 20).astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    """The format as MNIST's page describes it."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def write_gz(path: Path, content: bytes) -> Path:
    with gzip.open(path, "wb") as stream:
        stream.write(content)
    return path


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    arrays = {"x_train": X_TRAIN, "y_train": Y_TRAIN, "x_test": X_TEST, "y_test": Y_TEST}
    np.savez(tmp_path / "mnist.npz", **arrays)
    return tmp_path


@pytest.fixture
def gz(tmp_path: Path) -> Path:
    for name, array in (
        ("train-images-idx3", X_TRAIN),
        ("train-labels-idx1", Y_TRAIN),
        ("t10k-images-idx3", X_TEST),
        ("t10k-labels-idx1", Y_TEST),
    ):
        write_gz(tmp_path / f"{name}-ubyte.gz", idx(array))
    return tmp_path


def read(folder: Any, **options: Any) -> Any:
    return input_data.read_data_sets(folder, **{"validation_size": 10, **options})


def test_it_is_found_under_both_names() -> None:
    assert tf.examples.tutorials.mnist.input_data is input_data


@pytest.mark.parametrize("source", ["npz", "gz"])
def test_both_kinds_of_files(source: str, request: pytest.FixtureRequest) -> None:
    digits = read(str(request.getfixturevalue(source)))
    sizes = [part.num_examples for part in digits]
    assert sizes == [40, 10, 20]
    assert digits._fields == ("train", "validation", "test")
    np.testing.assert_allclose(digits.test.images, X_TEST.reshape(20, 784) / 255, rtol=1e-6)
    np.testing.assert_allclose(digits.train.images, X_TRAIN[10:].reshape(40, 784) / 255, rtol=1e-6)
    assert digits.validation.labels.tolist() == Y_TRAIN[:10].tolist()
    assert (digits.test.images.dtype, digits.test.labels.dtype) == (np.float32, np.uint8)


def test_options(npz: Path) -> None:
    plain = read(npz, one_hot=True, dtype=tf.uint8, reshape=False, validation_size=0)
    assert plain.train.images.shape == (50, 28, 28, 1)
    assert plain.train.images.dtype == np.uint8
    assert plain.train.labels.dtype == np.float64
    assert plain.train.labels.argmax(axis=1).tolist() == Y_TRAIN.tolist()
    assert (plain.train.labels.sum(axis=1) == 1).all()
    assert plain.validation.num_examples == 0


def test_from_elsewhere(npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(npz))
    assert read(tmp_path / "MNIST_data").test.num_examples == 20
    assert not (tmp_path / "MNIST_data").exists()


def test_an_epoch_gives_every_image_once_and_epochs_differ(npz: Path) -> None:
    train = read(npz, seed=1).train
    orders = []
    for epoch in range(2):
        batches = [train.next_batch(10) for _ in range(4)]
        assert train.epochs_completed == epoch
        orders.append(np.concatenate([images for images, _ in batches]))
        for images, labels in batches:
            assert images.shape == (10, 784)
            for image, label in zip(images, labels, strict=True):
                [place] = np.flatnonzero((train.images == image).all(axis=1))
                assert train.labels[place] == label
    first, second = (order.tolist() for order in orders)
    assert first != second
    assert sorted(first) == sorted(second) == sorted(train.images.tolist())
    train.next_batch(1)
    assert train.epochs_completed == 2


def test_a_batch_may_span_two_epochs_or_more(npz: Path) -> None:
    train = read(npz).train
    first, _ = train.next_batch(30)
    images, labels = train.next_batch(30)
    assert images.shape == (30, 784)
    assert labels.shape == (30,)
    assert train.epochs_completed == 1
    epoch = np.concatenate([first, images[:10]]).tolist()
    assert sorted(epoch) == sorted(train.images.tolist())
    many, _ = train.next_batch(100)
    assert len(many) == 100
    assert train.epochs_completed == 3


def test_without_shuffling_the_order_stays(npz: Path) -> None:
    test = read(npz).test
    images, labels = test.next_batch(15, shuffle=False)
    assert labels.tolist() == Y_TEST[:15].tolist()
    images, labels = test.next_batch(15, shuffle=False)
    assert labels.tolist() == [*Y_TEST[15:], *Y_TEST[:10]]
    np.testing.assert_array_equal(images[5:], test.images[:10])


def test_seeds(npz: Path) -> None:
    def order(seed: int | None) -> list[int]:
        return read(npz, seed=seed).train.next_batch(40)[1].tolist()

    assert order(1) == order(1) != order(2)
    tf.set_random_seed(5)
    assert order(None) == order(None) == order(5)


def test_fake_data() -> None:
    digits = input_data.read_data_sets("nowhere", fake_data=True, one_hot=True)
    images, labels = digits.train.next_batch(5)
    assert (images == 1).all()
    assert labels.tolist() == [[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]] * 5
    assert digits.train.num_examples == 10000


def test_fake_batches_of_real_data(npz: Path) -> None:
    train = read(npz).train
    images, labels = train.next_batch(3, fake_data=True)
    assert images.shape == (3, 784)
    assert labels.tolist() == [0, 0, 0]
    assert train.epochs_completed == 0


def test_errors(npz: Path) -> None:
    with pytest.raises(OptionError) as caught:
        read(npz, validation_size=51)
    assert str(caught.value) == (
        "read_data_sets: validation_size does not fit\n"
        "  expected  0 <= validation_size <= 50\n"
        "  got       51"
    )
    with pytest.raises(OptionError, match="DataSet: unknown dtype of images"):
        read(npz, dtype=tf.float64)
    with pytest.raises(OptionError, match="hint      put the files into train_dir"):
        read(npz, source_url="http://localhost/")
    digits = read(npz, validation_size=0)
    with pytest.raises(OptionError, match="next_batch: not a batch size"):
        digits.train.next_batch(0)
    with pytest.raises(DataError, match="next_batch: the set is empty"):
        digits.validation.next_batch(1)


def test_some_files_are_missing(gz: Path) -> None:
    (gz / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError) as caught:
        read(gz)
    assert str(caught.value) == (
        "read_data_sets: some of MNIST's files are missing\n"
        "  expected  train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz\n"
        f"  got       {gz} without t10k-images-idx3-ubyte.gz"
    )


def test_files_that_do_not_belong_together(gz: Path) -> None:
    write_gz(gz / "t10k-labels-idx1-ubyte.gz", idx(Y_TEST[:-1]))
    with pytest.raises(DataError) as caught:
        read(gz)
    assert "20 images, 19 labels" in str(caught.value)
    write_gz(gz / "t10k-labels-idx1-ubyte.gz", idx(Y_TEST + 100))
    with pytest.raises(DataError, match="a label is not a digit"):
        read(gz, one_hot=True)


def damaged() -> dict[str, tuple[bytes, str]]:
    whole = gzip.compress(idx(Y_TEST))
    return {
        "no gzip": (b"digits", "expected  a complete gzip file"),
        "empty": (b"", "got       nothing"),
        "cut gzip": (whole[:-12], "expected  a complete gzip file"),
        "bad bits": (whole[:15] + b"\xff\xff\xff" + whole[18:], "expected"),
        "other rank": (gzip.compress(idx(X_TEST)), "got       00 00 08 03 00 00 00 14"),
        "other type": (
            gzip.compress(b"\0\0\x0d\1\0\0\0\0"),
            "expected  a header of bytes in 1 axes",
        ),
        "too short": (
            gzip.compress(idx(Y_TEST)[:-1]),
            "20 bytes for the sizes (20,)\n  got       19",
        ),
        "too long": (gzip.compress(idx(Y_TEST) + b"x"), "got       more"),
        "huge": (gzip.compress(b"\0\0\x08\1\xff\xff\xff\xff"), "at most 268435456 bytes"),
    }


@pytest.mark.parametrize("kind", damaged())
def test_damaged_files(kind: str, tmp_path: Path) -> None:
    content, told = damaged()[kind]
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as caught:
        read_idx(path, rank=1)
    text = str(caught.value)
    assert text.startswith("labels.gz: damaged, truncated, or not an IDX file")
    assert told in text
    assert f"hint      the file is {path}" in text
