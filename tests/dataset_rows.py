"""One row a data set: a small file of its format, written here by other means than the readers'.

The tests in `highlevel/datasets` go over this table; a data set without a row fails them.
"""

from __future__ import annotations

import gzip
import importlib
import io
import itertools
import json
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

__all__ = ["ROWS", "Row", "npz", "tar"]


@dataclass(frozen=True)
class Row:
    """A data set and a small one of its kind.

    Args:
        module: its name in `thalweg.datasets`.
        contents: name of each file -> what it holds.
        expected: the arrays that `load` gives, in order.
        load: calls the module's loader.
        attribute: of the module that has the description of its file, or of its files.
    """

    module: str
    contents: dict[str, bytes]
    expected: tuple[Array, ...]
    load: Callable[[Any], Any]
    attribute: str = "_FILE"

    @property
    def home(self) -> Any:
        """The module."""
        return importlib.import_module(f"thalweg.datasets.{self.module}")

    def loaded(self) -> tuple[Array, ...]:
        """All arrays, flat."""
        (x_train, y_train), (x_test, y_test) = self.load(self.home)
        return x_train, y_train, x_test, y_test


def npz(arrays: Mapping[str, Array], protocol: int = 3) -> bytes:
    """An .npz file; object arrays are pickled as NumPy does it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = io.BytesIO()
            if array.dtype == object:
                header = {"descr": "|O", "fortran_order": False, "shape": array.shape}
                np.lib.format.write_array_header_1_0(entry, header)
                entry.write(pickle.dumps(array, protocol=protocol))
            else:
                np.lib.format.write_array(entry, array)
            archive.writestr(f"{name}.npy", entry.getvalue())
    return stream.getvalue()


def tar(contents: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    """A packed tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def lists(*texts: list[int]) -> Array:
    """An object array of lists."""
    array = np.empty(len(texts), object)
    array[:] = texts
    return array


def _random(*shape: int, high: int = 256) -> Array:
    return np.random.default_rng(sum(shape)).integers(0, high, shape).astype("uint8")


def _mnist() -> Row:
    arrays = {
        "x_train": _random(5, 28, 28),
        "y_train": _random(5, high=10),
        "x_test": _random(2, 28, 28),
        "y_test": _random(2, high=10),
    }
    return Row("mnist", {"mnist.npz": npz(arrays)}, (*arrays.values(),), lambda m: m.load_data())


def _fashion_mnist() -> Row:
    def idx(array: Array) -> bytes:
        head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        return gzip.compress(head + array.tobytes())

    arrays = _random(4, 28, 28), _random(4, high=10), _random(3, 28, 28), _random(3, high=10)
    names = "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"
    contents = {
        f"fashion-mnist/{name}-ubyte.gz": idx(array)
        for name, array in zip(names, arrays, strict=True)
    }
    return Row("fashion_mnist", contents, arrays, lambda m: m.load_data(), "_FILES")


def _cifar_batch(images: Array, **labels: list[int]) -> bytes:
    """Channels first, each as rows of bytes; keys are bytes, as Python 2's are to Python 3."""
    fields: dict[bytes, Any] = {b"batch_label": b"a batch"}
    fields |= {name.encode(): values for name, values in labels.items()}
    fields[b"data"] = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)
    fields[b"filenames"] = [f"image_{i}.png".encode() for i in range(len(images))]
    return pickle.dumps(fields, protocol=2)


def _cifar10() -> Row:
    train, test = _random(11, 32, 32, 3), _random(4, 32, 32, 3)
    y_train, y_test = _random(11, high=10), _random(4, high=10)
    cuts = [0, 2, 4, 6, 8, 11]
    folder = "cifar-10-batches-py"
    contents = {f"{folder}/readme.html": b"<html>", f"{folder}/batches.meta": b"not read"}
    for i, (begin, end) in enumerate(itertools.pairwise(cuts), start=1):
        contents[f"{folder}/data_batch_{i}"] = _cifar_batch(
            train[begin:end], labels=y_train[begin:end].tolist()
        )
    contents[f"{folder}/test_batch"] = _cifar_batch(test, labels=y_test.tolist())
    return Row(
        "cifar10",
        {"cifar-10-python.tar.gz": tar(contents)},
        (train, y_train[:, None], test, y_test[:, None]),
        lambda m: m.load_data(),
    )


def _cifar100() -> Row:
    train, test = _random(7, 32, 32, 3), _random(3, 32, 32, 3)
    fine = _random(7, high=100), _random(3, high=100)
    contents = {
        f"cifar-100-python/{name}": _cifar_batch(
            images, fine_labels=labels.tolist(), coarse_labels=(labels // 5).tolist()
        )
        for name, images, labels in (("train", train, fine[0]), ("test", test, fine[1]))
    }
    return Row(
        "cifar100",
        {"cifar-100-python.tar.gz": tar(contents)},
        (train, fine[0][:, None].astype("int64"), test, fine[1][:, None].astype("int64")),
        lambda m: m.load_data(),
    )


def _imdb() -> Row:
    """Words stay as they are; each part has an order from one stream."""
    arrays = {
        "x_train": lists([1, 5, 70000], [4, 300]),
        "y_train": np.array([1, 0]),
        "x_test": lists([9], [2, 6]),
        "y_test": np.array([0, 1]),
    }
    stream = np.random.RandomState(113)
    train, test = stream.permutation(2), stream.permutation(2)
    return Row(
        "imdb",
        {"imdb.npz": npz(arrays)},
        tuple(
            array[order]
            for order, array in zip((train, train, test, test), arrays.values(), strict=True)
        ),
        lambda m: m.load_data(start_char=None, index_from=0, num_words=10**6),
    )


def _reuters() -> Row:
    x, y = lists([1, 2], [3], [4, 5, 6], [7], [8, 9]), np.array([3, 4, 0, 45, 1])
    order = np.random.RandomState(113).permutation(5)
    return Row(
        "reuters",
        {"reuters.npz": npz({"x": x, "y": y})},
        (x[order][:4], y[order][:4], x[order][4:], y[order][4:]),
        lambda m: m.load_data(start_char=None, index_from=0, num_words=10**6),
    )


def _housing(module: str, features: int) -> Row:
    x = np.arange(10.0 * features).reshape(10, features)
    y = np.arange(10.0)
    order = np.random.RandomState(113).permutation(10)
    return Row(
        module,
        {f"{module}.npz": npz({"x": x, "y": y})},
        (x[order][:8], y[order][:8], x[order][8:], y[order][8:]),
        lambda m: m.load_data(),
    )


def _word_index(module: str) -> Row:
    """The index of words is a file of its own; it counts as a set of one array here."""
    index = {"the": 1, "naïve": 2}
    content = json.dumps(index, ensure_ascii=False).encode()

    def load(home: Any) -> Any:
        values = home.get_word_index()
        return (np.array(list(values)), np.array([*values.values()])), (np.zeros(0), np.zeros(0))

    expected = np.array(["the", "naïve"]), np.array([1, 2]), np.zeros(0), np.zeros(0)
    return Row(module, {f"{module}_word_index.json": content}, expected, load, "_INDEX")


ROWS = {
    "mnist": _mnist(),
    "fashion_mnist": _fashion_mnist(),
    "cifar10": _cifar10(),
    "cifar100": _cifar100(),
    "imdb": _imdb(),
    "imdb words": _word_index("imdb"),
    "reuters": _reuters(),
    "reuters words": _word_index("reuters"),
    "boston_housing": _housing("boston_housing", 13),
    "california_housing": _housing("california_housing", 8),
}
