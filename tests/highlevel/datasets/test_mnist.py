"""mnist.load_data: its places, its arrays, its errors; and the digits themselves."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg.datasets
from thalweg.core.errors import FileFormatError, OptionError
from thalweg.datasets import SampleDataWarning, mnist

DATA = os.environ.get("THALWEG_DATA")  # the machine's own; the tests' folders replace it
FOLDER = Path(mnist.__file__).parent


def small(count: int = 3) -> dict[str, np.ndarray[Any, Any]]:
    """Arrays in MNIST's layout."""
    return {
        "x_train": np.full((count, 28, 28), 1, "uint8"),
        "y_train": np.full(count, 2, "uint8"),
        "x_test": np.full((2, 28, 28), 3, "uint8"),
        "y_test": np.full(2, 4, "uint8"),
    }


@pytest.fixture
def packed() -> bytes:
    """A file in MNIST's layout."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **small())
    return stream.getvalue()


@pytest.fixture
def remote(serve: Any, remote_at: Any, packed: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that has this file in place of MNIST's."""
    server = serve(lambda handler: handler.whole(packed))
    monkeypatch.setattr(mnist, "_FILE", remote_at(server.host, packed))
    return server


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THALWEG_OFFLINE", "1")


def check_small(loaded: Any) -> None:
    (x_train, y_train), (x_test, y_test) = loaded
    for array, (_, expected) in zip(
        (x_train, y_train, x_test, y_test), small().items(), strict=True
    ):
        np.testing.assert_array_equal(array, expected, strict=True)


# --- places ---------------------------------------------------------------------------------------


def test_path(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "digits.npz").write_bytes(packed)
    check_small(mnist.load_data(tmp_path / "digits.npz"))
    check_small(mnist.load_data(path=str(tmp_path / "digits.npz")))


def test_data_folder(packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist.npz").write_bytes(packed)
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    check_small(mnist.load_data())
    check_small(mnist.load_data("mnist.npz"))


def test_download_then_cache(remote: Any, home: Path, packed: bytes) -> None:
    check_small(mnist.load_data("mnist.npz"))
    check_small(mnist.load_data())
    assert len(remote.ranges) == 1
    assert (home / ".thalweg" / "datasets" / "mnist.npz").read_bytes() == packed


@pytest.mark.usefixtures("offline")
def test_sample_is_said_aloud(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    with pytest.warns(SampleDataWarning) as caught:
        (x_train, _), (x_test, _) = mnist.load_data()
    assert (len(x_train), len(x_test)) == (10_000, 2_000)
    (warning,) = caught
    assert warning.filename == __file__
    assert issubclass(SampleDataWarning, UserWarning)
    assert str(warning.message) == (
        "mnist: using the sample that comes with thalweg, 10000 + 2000 real digits\n"
        "  expected  mnist.npz, the full set of 60000 + 10000\n"
        f"  got       THALWEG_DATA is set, but {tmp_path}/mnist.npz is not there\n"
        f"            {home}/.thalweg/datasets/mnist.npz is not there\n"
        f"            {home}/.keras/datasets/mnist.npz is not there\n"
        "            https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz: "
        "not tried, THALWEG_OFFLINE is set\n"
        "  hint      unset THALWEG_OFFLINE; or get the file by other means and give its path, "
        "or set THALWEG_DATA to its folder"
    )


def test_sample_after_a_dead_network(
    remote_at: Any, refusing_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "_FILE", remote_at(refusing_host))
    for _ in range(2):
        with pytest.warns(SampleDataWarning, match="cannot be reached: ConnectionRefusedError"):
            mnist.load_data()


def test_sample_can_be_forbidden(offline: None) -> None:
    """As any warning can."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", SampleDataWarning)
        with pytest.raises(SampleDataWarning):
            mnist.load_data()


# --- errors ---------------------------------------------------------------------------------------


def test_missing_path() -> None:
    with pytest.raises(OptionError, match=r"mnist\.npz: the path does not exist\n"):
        mnist.load_data("nowhere/mnist.npz")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"x_train": np.zeros((3, 28, 28), "float32")},
            "the array 'x_train' has another dtype\n"
            "  expected  uint8 (train, 28, 28)\n"
            "  got       float32 (3, 28, 28)\n",
        ),
        (
            {"x_test": np.zeros((2, 784), "uint8")},
            "the array 'x_test' has another shape\n"
            "  expected  uint8 (test, 28, 28)\n"
            "  got       uint8 (2, 784)\n",
        ),
        (
            {"y_test": np.zeros(3, "uint8")},
            "the array 'y_test' has another shape\n"
            "  expected  uint8 (test,), test = 2 as before\n"
            "  got       uint8 (3,)\n",
        ),
    ],
)
def test_wrong_arrays(
    changes: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By path and in THALWEG_DATA; nothing else takes the file's place."""
    file = tmp_path / "mnist.npz"
    np.savez(file, **{**small(), **changes})
    monkeypatch.setenv("THALWEG_DATA", str(tmp_path))
    for path in (file, None):
        with pytest.raises(FileFormatError) as caught:
            mnist.load_data(path)
        assert str(caught.value) == (
            f"{file}: {said}"
            "  hint      a good copy is at "
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
        )


def test_missing_array(tmp_path: Path) -> None:
    arrays = small()
    arrays["labels"] = arrays.pop("y_test")
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(FileFormatError) as caught:
        mnist.load_data(tmp_path / "a.npz")
    assert "the array 'y_test' is missing" in str(caught.value)
    assert "got       the arrays 'labels', 'x_test', 'x_train', 'y_train'" in str(caught.value)


def test_truncated_file(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(packed[:-100])
    with pytest.raises(FileFormatError, match="damaged, truncated, or not an npz file"):
        mnist.load_data(tmp_path / "a.npz")


# --- the digits -----------------------------------------------------------------------------------


def test_the_sample() -> None:
    """At most 2 MB of real digits, evenly drawn."""
    assert (FOLDER / "mnist_sample.npz").stat().st_size <= 2_000_000
    (x_train, y_train), (x_test, y_test) = mnist.load_data(FOLDER / "mnist_sample.npz")
    for x, y, each in ((x_train, y_train, 1000), (x_test, y_test, 200)):
        assert x.dtype == y.dtype == np.uint8
        assert x.shape == (10 * each, 28, 28)
        np.testing.assert_array_equal(np.bincount(y), [each] * 10)
        assert len({image.tobytes() for image in x}) == len(x)
        # MNIST's well-known mean and deviation of a pixel, 0.1307 and 0.3081 of 255.
        assert x.mean() / 255 == pytest.approx(0.1307, abs=0.004)
        assert x.std() / 255 == pytest.approx(0.3081, abs=0.004)
        assert not x[:, 0, 0].any()  # the digits lie in the middle


def test_the_sample_is_learnable() -> None:
    """Images and labels belong together: the nearest mean image is right four times in five."""
    (x_train, y_train), (x_test, y_test) = mnist.load_data(FOLDER / "mnist_sample.npz")
    means = np.stack([x_train[y_train == digit].mean(axis=0).ravel() for digit in range(10)])
    images = x_test.reshape(len(x_test), -1).astype("float64")
    distances = (means**2).sum(axis=1) - 2 * images @ means.T
    # LeCun et al. 1998 give 12 % error to a linear classifier; means do a little worse.
    assert (distances.argmin(axis=1) == y_test).mean() > 0.77


def test_the_sample_names_its_source() -> None:
    note = (FOLDER / "mnist_sample.txt").read_text(encoding="utf-8")
    for words in ("Yann LeCun", "Corinna Cortes", "Burges", "CC BY-SA 3.0", "10000", "2000"):
        assert words in note


@pytest.mark.skipif(not DATA, reason="needs the full MNIST in the folder THALWEG_DATA")
def test_the_full_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DATA is not None
    monkeypatch.setenv("THALWEG_DATA", DATA)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (60_000, 28, 28)
    assert y_train.shape == (60_000,)
    assert x_test.shape == (10_000, 28, 28)
    assert y_test.shape == (10_000,)
    assert y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # The published checksum of the original train-images-idx3-ubyte: its 16 bytes, then pixels.
    digest = hashlib.sha256(struct.pack(">4I", 0x803, 60_000, 28, 28))
    digest.update(x_train)
    assert digest.hexdigest() == "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


# --- the package ----------------------------------------------------------------------------------


def test_import_is_lazy() -> None:
    """The package loads nothing; a data set and a class come at their first use."""
    code = """
import sys, thalweg
before = set(sys.modules)
import thalweg.datasets
loaded = {name for name in set(sys.modules) - before if "thalweg" in name or "numpy" in name}
assert loaded == {"thalweg.datasets"}, loaded
assert {"mnist", "SampleDataWarning"} <= set(dir(thalweg.datasets))
assert thalweg.datasets.SampleDataWarning.__module__ == "thalweg.datasets.download"
assert callable(thalweg.datasets.mnist.load_data)
assert "urllib.request" in before or "urllib.request" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match=r"'thalweg\.datasets' has no attribute 'nmist'"):
        thalweg.datasets.nmist  # noqa: B018  (looking it up is the test)
