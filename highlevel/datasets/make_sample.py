"""Makes the MNIST sample that comes with the package, from the full set.

    python -m thalweg.datasets.make_sample mnist.npz highlevel/datasets

writes `mnist_sample.npz` and `mnist_sample.txt`. Every digit gives the same number of images,
taken at equal distances among its images and left in the order of the full set, so the choice
depends on no random numbers and the same source always gives the same arrays.
"""

from __future__ import annotations

import argparse
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.core import atomic_path
from thalweg.core.errors import DataError

from .mnist import load_data

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["main", "make_sample"]

_NOTE = """\
mnist_sample.npz: {train} training and {test} test images of handwritten digits with their labels,
{train_each} and {test_each} of each digit.

Source:   the MNIST database of handwritten digits, by Yann LeCun, Corinna Cortes and
          Christopher J. C. Burges (1998), http://yann.lecun.com/exdb/mnist/,
          a work derived from NIST's Special Databases 1 and 3.
Licence:  Creative Commons Attribution-ShareAlike 3.0 (CC BY-SA 3.0),
          https://creativecommons.org/licenses/by-sa/3.0/
          This sample is under the same licence; the code around it is not.
Changes:  a part of the images was chosen (see make_sample.py) and packed as an .npz file of
          uint8 arrays x_train, y_train, x_test, y_test. No pixel and no label was changed;
          training images are from MNIST's training set, test images from its test set.
"""


def make_sample(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    train_each: int = 1000,
    test_each: int = 200,
) -> None:
    """Writes a sample of a full MNIST file, and a note on its source and licence.

    Args:
        source: an `.npz` file in the layout of Keras's `mnist.npz`.
        folder: where `mnist_sample.npz` and `mnist_sample.txt` go; it must exist.
        train_each: training images of each digit.
        test_each: test images of each digit.

    Raises:
        DataError: `source` has fewer images of a digit.
        FileFormatError: `source` is not such a file.
    """
    (x_train, y_train), (x_test, y_test) = load_data(source)
    train = _evenly(y_train, train_each)
    test = _evenly(y_test, test_each)
    arrays = {
        "x_train": x_train[train],
        "y_train": y_train[train],
        "x_test": x_test[test],
        "y_test": y_test[test],
    }
    note = _NOTE.format(
        train=len(train), test=len(test), train_each=train_each, test_each=test_each
    )
    with atomic_path(os.path.join(folder, "mnist_sample.txt")) as path:
        path.write_text(note, encoding="utf-8", newline="\n")
    with atomic_path(os.path.join(folder, "mnist_sample.npz")) as path:
        _write_tight(path, arrays)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs :func:`make_sample` from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m thalweg.datasets.make_sample",
        description="Makes the MNIST sample that comes with the package, from the full set.",
    )
    parser.add_argument("source", help="the full mnist.npz")
    parser.add_argument("folder", help="where to write the sample and its note")
    parser.add_argument("--train-each", type=int, default=1000, help="images of each digit")
    parser.add_argument("--test-each", type=int, default=200, help="images of each digit")
    make_sample(**vars(parser.parse_args(arguments)))


def _evenly(labels: NDArray[np.uint8], each: int) -> NDArray[np.intp]:
    """Positions of `each` images of every digit, at equal distances, in ascending order."""
    import numpy as np

    chosen = []
    for digit in range(10):
        positions = np.flatnonzero(labels == digit)
        if len(positions) < each:
            raise DataError(
                "make_sample",
                f"too few images of the digit {digit}",
                expected=f"at least {each}",
                got=str(len(positions)),
            )
        chosen.append(positions[np.arange(each) * len(positions) // each])
    return np.sort(np.concatenate(chosen))


def _write_tight(path: Path, arrays: Mapping[str, NDArray[np.uint8]]) -> None:
    """Writes an .npz at zlib's best level, which `numpy.savez_compressed` cannot be asked for."""
    import numpy as np

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


if __name__ == "__main__":
    main()
