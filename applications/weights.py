"""What `weights=` means, and weights from files into networks.

A network's `weights=` is None (random), a name from its table, or the path of an HDF5 file in
Keras 2's layout. A name stands for a file that comes with the package, or for one of the web,
which is looked for as `thalweg.datasets.download` says: in `THALWEG_DATA`, in the caches of
thalweg and of Keras (`~/.keras/models`), then fetched and checked.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thalweg.core.errors import DataError, FileFormatError, OptionError, ShapeError, nearest
from thalweg.datasets.download import RemoteFile, resolve
from thalweg.models import Model
from thalweg.saving.hdf5 import LayerWeights, read_weights
from thalweg.saving.layer_weights import load_layers

__all__ = ["Pretrained", "published", "require_known", "set_weights", "shipped"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/keras-applications/"
_SHIPPED = Path(__file__).with_name("files")
_HDF5 = b"\x89HDF\r\n\x1a\n"

File = RemoteFile | Path


@dataclass(frozen=True)
class Pretrained:
    """The files behind a name.

    Args:
        top: for the whole network.
        no_top: for the network without its top; the same file if its further layers are to be
            left out.
    """

    top: File
    no_top: File


def published(path: str, checksum: str | None, maximum_bytes: int) -> RemoteFile:
    """One of the files that Keras publishes.

    Args:
        path: below Keras's folder of networks.
        checksum: its MD5; None if Keras gives none.
        maximum_bytes: a download that would be larger is refused.

    >>> published("vgg16/a.h5", None, 2**20).name
    'a.h5'
    """
    return RemoteFile(
        name=path.rpartition("/")[2],
        url=f"{_ORIGIN}{path}",
        checksum=checksum,
        maximum_bytes=maximum_bytes,
        folder="models",
        signature=_HDF5,
    )


def shipped(name: str) -> Pretrained:
    """A file that comes with the package, for a network with and without its top.

    >>> shipped("lenet_mnist.h5").top.name
    'lenet_mnist.h5'
    """
    return Pretrained(_SHIPPED / name, _SHIPPED / name)


def require_known(where: str, weights: Any, named: Sequence[str]) -> str | None:
    """Which name of weights an argument is; None if it is None or a path.

    Args:
        where: the network, for messages.
        weights: what came.
        named: the network's own names.

    Raises:
        OptionError: if it is neither a name, nor None, nor the path of a file.

    >>> require_known("VGG16", "imagenet", ["imagenet"]), require_known("VGG16", None, [])
    ('imagenet', None)
    """
    if weights is None:
        return None
    if isinstance(weights, str) and weights in named:
        return weights
    if isinstance(weights, str | os.PathLike) and os.path.isfile(_expanded(weights)):
        return None
    got = repr(weights)
    hint = nearest(weights, named) if isinstance(weights, str) else None
    if isinstance(weights, str | os.PathLike):
        got += f", which is no file below {os.getcwd()!r}"
        if os.path.isdir(_expanded(weights)):
            got, hint = f"{weights!r}, a folder", "give the path of the file itself"
    raise OptionError(
        where,
        "unknown weights",
        expected="".join(f"{name!r}, " for name in named)
        + "None for random weights, or the path of an HDF5 file",
        got=got,
        hint=hint,
    )


def set_weights(
    where: str,
    model: Model,
    weights: Any,
    named: Mapping[str, Pretrained],
    *,
    include_top: bool,
) -> None:
    """Gives a network the weights that `weights=` means; all are checked before any is set.

    Args:
        where: the network, for messages.
        model: the network.
        weights: None, a name or a path, as `require_known` let pass.
        named: the network's names and their files.
        include_top: which of the two files is wanted.

    Raises:
        DataError: the file is nowhere and could not be downloaded, or is missing in the package.
        FileFormatError: it is corrupt, unsafe, or of other layers.
        ShapeError: an array does not fit its weight.
        OSError: it cannot be read.
    """
    if weights is None:
        return
    pretrained = named.get(weights) if isinstance(weights, str) else None
    if pretrained is None:
        _load_path(where, model, Path(_expanded(weights)))
        return
    wanted = pretrained.top if include_top else pretrained.no_top
    file = resolve(wanted) if isinstance(wanted, RemoteFile) else _inside(where, wanted)
    try:
        stored = read_weights(file)
    except FileFormatError as error:
        if isinstance(wanted, RemoteFile):
            error.hint = f"delete it, and it is fetched anew from {wanted.url}"
        raise
    if pretrained.no_top == pretrained.top and not include_top:
        names = {layer.name for layer in model.layers}
        stored = [layer for layer in stored if layer.name in names]
    _load(where, model, stored, file)


def _expanded(path: str | os.PathLike[str]) -> str:
    return os.path.expanduser(os.fspath(path))


def _inside(where: str, file: Path) -> Path:
    """A file of the package, which an incomplete installation may lack."""
    if not file.is_file():
        raise DataError(
            where,
            "weights that come with thalweg are missing",
            expected=str(file),
            hint="install thalweg again: pip install --force-reinstall thalweg; or pass the path "
            "of a file as weights=, or weights=None",
        )
    return file


def _load_path(where: str, model: Model, file: Path) -> None:
    """What `load_weights` does, with errors that know the network."""
    try:
        model.load_weights(file)
    except (FileFormatError, ShapeError) as error:
        if error.where == "load_weights":  # the file is sound, but does not fit
            with contextlib.suppress(FileFormatError):
                _explain(error, where, model, read_weights(file), file)
        raise


def _load(where: str, model: Model, stored: Sequence[LayerWeights], file: Path) -> None:
    """Sets the weights in the order of the layers."""
    try:
        load_layers(model, stored)
    except (FileFormatError, ShapeError) as error:
        _explain(error, where, model, stored, file)
        raise


def _explain(
    error: FileFormatError | ShapeError,
    where: str,
    model: Model,
    stored: Sequence[LayerWeights],
    file: Path,
) -> None:
    """Has an error name the network, the file and the way out."""
    error.where = f"{where}, {file}"
    if isinstance(error, ShapeError):
        error.hint = _hint_for_shapes(model, stored) or error.hint
    else:
        error.hint = _hint_for_layers(model, stored)


def _hint_for_layers(model: Model, stored: Sequence[LayerWeights]) -> str:
    """What to do about a file of more or fewer layers."""
    wanted = [layer.name for layer in model.layers if layer.weights]
    got = [layer.name for layer in stored if layer.weights]
    if got == wanted[: len(got)]:
        return "the file has no top: include_top=False takes it"
    if wanted == got[: len(wanted)]:
        return "the file has a top: include_top=True takes it"
    return "weights=None, then load_weights(path, by_name=True), loads the layers whose names agree"


def _hint_for_shapes(model: Model, stored: Sequence[LayerWeights]) -> str | None:
    """What to do about a file that was made for other classes."""
    last = next((layer for layer in reversed(stored) if layer.weights), None)
    own = next(layer for layer in reversed(model.layers) if layer.weights)
    if last is None or last.name != own.name or not own.weights:
        return None
    classes, mine = last.weights[-1][1].shape, tuple(own.weights[-1].shape or ())
    if len(classes) == len(mine) == 1 and classes != mine:
        return f"the file is of a network with classes={classes[0]}"
    return None
