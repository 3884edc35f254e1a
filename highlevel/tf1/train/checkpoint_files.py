"""Checkpoint files: named arrays in HDF5, written whole or not at all, read with suspicion.

`docs/checkpoints.md` describes the layout. A checkpoint is known by its prefix, `model.ckpt-100`;
its file is the prefix and `.h5`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.core import as_dtype, atomic_path, nearest
from thalweg.core.errors import DtypeError, FileFormatError, ShapeError

from ..errors import NotFoundError
from ..raising import raised_for_programs

__all__ = ["CheckpointReader", "check_shape", "data_path", "prefix_of", "write_checkpoint"]

SUFFIX = ".h5"
_FORMAT = "thalweg checkpoint 1"


def prefix_of(path: str | os.PathLike[str]) -> str:
    """The prefix of a checkpoint, from itself or from its file.

    >>> prefix_of("model.ckpt-100.h5"), prefix_of("model.ckpt-100")
    ('model.ckpt-100', 'model.ckpt-100')
    """
    return os.fspath(path).removesuffix(SUFFIX)


def data_path(path: str | os.PathLike[str]) -> str:
    """The file of a checkpoint, from its prefix or from itself."""
    return prefix_of(path) + SUFFIX


def write_checkpoint(path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes named arrays; the file appears whole or not at all.

    Args:
        path: the prefix.
        arrays: numbers or bools, by name.

    Raises:
        DtypeError: if an array is not made of numbers.
        OSError: if the file cannot be written.
    """
    import h5py

    from ... import __version__
    from ...saving.hdf5 import write_names
    from ...saving.hdf5_reader import NUMERIC_DTYPES

    for name, array in arrays.items():
        if array.dtype.newbyteorder("=") not in NUMERIC_DTYPES:
            raise DtypeError(
                "Saver.save",
                f"the variable {name!r} is not made of numbers",
                expected="float, integer or bool",
                got=str(as_dtype(array.dtype)),
                hint="leave it out: Saver(var_list=[…])",
            )
    with atomic_path(data_path(path)) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = np.bytes_(_FORMAT)
        file.attrs["writer"] = np.bytes_(f"thalweg {__version__}")
        write_names(file, "variable_names", list(arrays))
        group = file.create_group("values")
        for number, array in enumerate(arrays.values()):
            group.create_dataset(str(number), data=array)


class CheckpointReader:
    """The arrays of a checkpoint, by name (`tf.train.load_checkpoint`).

    Only data is taken from the file: it cannot lead to another file, and what it declares is
    compared with what it holds before memory is taken.

    Args:
        path: the prefix.

    Raises:
        FileFormatError: on opening and reading, if there is no such file, or it is of another
            kind, truncated, damaged or unsafe; it is a `tf.errors.NotFoundError` in the first
            case, else a `tf.errors.DataLossError`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = data_path(path)
        with raised_for_programs(NotFoundError):
            _check_is_there(self.path)
        with raised_for_programs(), self._opened() as reader:
            if reader.text(reader.root, "format") != _FORMAT:
                raise reader.error(
                    "not a checkpoint",
                    f"the attribute 'format' with {_FORMAT!r}",
                    repr(reader.text(reader.root, "format")),
                )
            self._names: list[str] = reader.names(reader.root, "variable_names") or []

    def _opened(self) -> Any:
        from ...saving.hdf5_reader import Hdf5Reader

        return Hdf5Reader(self.path)

    @property
    def names(self) -> list[str]:
        """The names of all arrays, in the order they were written."""
        return list(self._names)

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether there is an array of this name."""
        return tensor_str in self._names

    def get_tensor(self, tensor_str: str) -> NDArray[Any]:
        """The array of this name.

        Raises:
            FileFormatError: if there is none (a `tf.errors.NotFoundError`).
        """
        return self.read([tensor_str])[tensor_str]

    def read(self, names: list[str]) -> dict[str, NDArray[Any]]:
        """Several arrays by name."""
        with raised_for_programs(NotFoundError):
            for name in names:
                if name not in self._names:
                    raise FileFormatError(
                        self.path,
                        f"no variable {name!r} in the checkpoint",
                        expected="one of " + _some(self._names),
                        hint=nearest(name, self._names),
                    )
        with raised_for_programs(), self._opened() as reader:
            group = reader.group(reader.root, "values")
            return {name: reader.array(group, str(self._names.index(name))) for name in names}

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shape of every array, by name."""
        return {name: list(shape) for name, (shape, _) in self._types().items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """The dtype of every array, by name."""
        return {name: as_dtype(dtype) for name, (_, dtype) in self._types().items()}

    def _types(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        with raised_for_programs(), self._opened() as reader:
            group = reader.group(reader.root, "values")
            return {
                name: reader.shape_and_dtype(group, str(number))
                for number, name in enumerate(self._names)
            }


def _check_is_there(path: str) -> None:
    if os.path.isfile(path):
        return
    prefix = prefix_of(path)
    if os.path.isfile(f"{prefix}.index"):
        raise FileFormatError(
            prefix,
            "a checkpoint of TensorFlow, which is not read here",
            expected=f"the file {path!r}",
            got=f"the file {prefix + '.index'!r}",
            hint="with TensorFlow, save its arrays by numpy.savez; here, set variables by load()",
        )
    raise FileFormatError(prefix, "there is no such checkpoint", expected=f"the file {path!r}")


def _some(names: list[str]) -> str:
    """The first names, and how many there are."""
    shown = ", ".join(map(repr, names[:10]))
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"


def check_shape(where: str, name: str, variable: Any, value: NDArray[Any]) -> None:
    """Refuses a value of a checkpoint that does not fit its variable.

    Raises:
        ShapeError: if shapes differ.
    """
    if not variable.type.accepts_shape(value.shape):
        raise ShapeError(
            where,
            f"{name!r} in the checkpoint has another shape than the variable",
            expected=f"{variable.type}, the type of '{variable.name}'",
            got=f"{value.dtype} {value.shape}",
        )
