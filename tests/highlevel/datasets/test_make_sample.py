"""The script that makes the shipped sample."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from thalweg.core.errors import DataError
from thalweg.datasets import mnist
from thalweg.datasets.make_sample import main, make_sample

DATA = os.environ.get("THALWEG_DATA")  # the machine's own; the tests' folders replace it
FOLDER = Path(mnist.__file__).parent
SHIPPED = FOLDER / "mnist_sample.npz"


def test_make_sample(tmp_path: Path) -> None:
    """A sample of the sample: the right number of each digit, in order, pixels unchanged."""
    folder = tmp_path / "sample"
    folder.mkdir()
    make_sample(SHIPPED, folder, train_each=20, test_each=5)
    sample = mnist.load_data(folder / "mnist_sample.npz")
    # Of the shipped 1000 (200) images of a digit, 20 (5) are taken: every 50th (40th).
    for (x, y), (all_x, all_y), each, distance in zip(
        sample, mnist.load_data(SHIPPED), (20, 5), (50, 40), strict=True
    ):
        np.testing.assert_array_equal(np.bincount(y), [each] * 10)
        places = {image.tobytes(): place for place, image in enumerate(all_x)}
        chosen = [places[image.tobytes()] for image in x]
        assert chosen == sorted(chosen)
        np.testing.assert_array_equal(all_y[chosen], y)
        for digit in range(10):
            taken = np.searchsorted(np.flatnonzero(all_y == digit), np.array(chosen)[y == digit])
            np.testing.assert_array_equal(np.diff(taken), distance)
    note = (folder / "mnist_sample.txt").read_text(encoding="utf-8")
    assert "200 training and 50 test images" in note
    assert "20 and 5 of each digit" in note
    assert sorted(os.listdir(folder)) == ["mnist_sample.npz", "mnist_sample.txt"]


def test_numpy_reads_it(tmp_path: Path) -> None:
    make_sample(SHIPPED, tmp_path, train_each=2, test_each=1)
    with np.load(tmp_path / "mnist_sample.npz", allow_pickle=False) as arrays:
        assert arrays["x_train"].shape == (20, 28, 28)
    with zipfile.ZipFile(tmp_path / "mnist_sample.npz") as archive:
        assert archive.testzip() is None


def test_too_few_images(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        make_sample(SHIPPED, tmp_path / "here", train_each=1001)
    assert str(caught.value) == (
        "make_sample: too few images of the digit 0\n  expected  at least 1001\n  got       1000"
    )
    assert os.listdir(tmp_path / "here") == []


def test_command(tmp_path: Path) -> None:
    main([str(SHIPPED), str(tmp_path), "--train-each", "3", "--test-each", "2"])
    (_, y_train), (_, y_test) = mnist.load_data(tmp_path / "mnist_sample.npz")
    assert (len(y_train), len(y_test)) == (30, 20)


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "python -m thalweg.datasets.make_sample" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="needs the full MNIST in the folder THALWEG_DATA")
def test_shipped_sample_is_what_the_script_makes(tmp_path: Path) -> None:
    assert DATA is not None
    make_sample(Path(DATA) / "mnist.npz", tmp_path)
    remade = mnist.load_data(tmp_path / "mnist_sample.npz")
    for (x, y), (shipped_x, shipped_y) in zip(remade, mnist.load_data(SHIPPED), strict=True):
        np.testing.assert_array_equal(x, shipped_x)
        np.testing.assert_array_equal(y, shipped_y)
    note = (tmp_path / "mnist_sample.txt").read_bytes()
    assert note == (FOLDER / "mnist_sample.txt").read_bytes()
