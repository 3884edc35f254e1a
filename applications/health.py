"""Whether this installation works: what `thalweg doctor` shows.

Every check looks at one thing and returns findings; what it meets that is broken it says, it never
raises. A part that is missing but not needed, as a GPU, is a note.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import thalweg
from thalweg.core import (
    Session,
    get_instruction_set,
    get_threads,
    has_fast_bfloat16,
    placeholder,
)

__all__ = ["CHECKS", "Finding", "check_installation"]

_NEEDED = ("numpy", "h5py", "pillow", "rich", "click")
_OPTIONAL = {  # package -> the extra that brings it
    "scipy": "scipy",
    "matplotlib": "plots",
    "tensorboardx": "tensorboard",
    "onnx": "onnx",
}
_VARIABLES = (
    "THALWEG_NATIVE", "THALWEG_ISA", "THALWEG_REQUIRE_NATIVE", "THALWEG_OFFLINE",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
)  # fmt: skip
_TOLERANCE = 1e-5


class Finding(NamedTuple):
    """What a check has found.

    Attributes:
        name: of the thing, in a word or two.
        status: `"ok"`, `"note"` or `"broken"`.
        text: how it is.
        hint: what to do about it, or None.
    """

    name: str
    status: str
    text: str
    hint: str | None = None


def check_installation() -> list[Finding]:
    """Runs all checks; takes about a second.

    >>> {finding.status for finding in check_installation()} <= {"ok", "note", "broken"}
    True
    """
    found = []
    for check in CHECKS:
        try:
            found += list(check())
        except Exception as error:  # a check that fails has found something
            name = check.__name__.strip("_").replace("_", " ")
            found.append(Finding(name, "broken", f"{type(error).__name__}: {error}"))
    return found


def _versions() -> Iterator[Finding]:
    yield Finding("thalweg", "ok", f"{thalweg.__version__} in {os.path.dirname(thalweg.__file__)}")
    yield Finding("python", "ok", f"{platform.python_version()}, {platform.platform()}")
    for package in _NEEDED:
        version = _version(package)
        if version is None:
            yield Finding(package, "broken", "not installed", f"pip install {package}")
        else:
            yield Finding(package, "ok", version)
    for package, extra in _OPTIONAL.items():
        version = _version(package)
        if version is None:
            text = f'not installed, optional: pip install "thalweg[{extra}]"'
            yield Finding(package, "note", text)
        else:
            yield Finding(package, "ok", version)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _engine() -> Iterator[Finding]:
    isa = get_instruction_set()
    if isa is not None:
        yield Finding("engine", "ok", f"C++, {isa}")
    elif os.environ.get("THALWEG_NATIVE") == "0":
        yield Finding("engine", "note", "switched off, NumPy computes", "unset THALWEG_NATIVE")
    elif importlib.util.find_spec("thalweg.core._native") is None:
        yield Finding(
            "engine",
            "note",
            "not built: there was no compiler at the installation; NumPy computes, slower",
            "install a C++17 compiler, then thalweg again; THALWEG_REQUIRE_NATIVE=1 shows why a "
            "build fails",
        )
    else:
        yield Finding("engine", "broken", _why_not_loaded(), "install thalweg again")
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    threads = f"{get_threads()} of {processors} processors"
    yield Finding("threads", "ok", threads)
    if has_fast_bfloat16():
        yield Finding("bfloat16", "ok", 'fast; thalweg.set_precision("bfloat16") makes use of it')
    for name in _VARIABLES:
        if name in os.environ:
            yield Finding(name, "note", f"is set to {os.environ[name]!r}")


def _why_not_loaded() -> str:
    try:
        importlib.import_module("thalweg.core._native")
    except ImportError as error:
        return f"built, but it cannot be loaded: {error}"
    return "built, but not used"


def _computing() -> Iterator[Finding]:
    """A convolution and a product, against sums written down by hand."""
    from thalweg.core import conv2d, matmul

    random = np.random.default_rng(0)
    x = random.random((1, 6, 7, 3), np.float32)
    kernel = random.random((3, 3, 3, 4), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
    wanted = np.einsum("byxcij,ijco->byxo", windows, kernel)
    with thalweg.core.Graph().as_default():
        picture = placeholder("float32", [None, 6, 7, 3])
        result = conv2d(picture, kernel, padding="valid")
        product = matmul(picture[0, 0], kernel[0, 0])
        with Session() as session:
            got, other = session.run([result, product], {picture: x})
    faults = [np.abs(got - wanted).max(), np.abs(other - x[0, 0] @ kernel[0, 0]).max()]
    if max(faults) > _TOLERANCE:
        yield Finding(
            "computing",
            "broken",
            f"a convolution and a product differ by {max(faults):.2g} from the right result",
            "THALWEG_NATIVE=0 computes by NumPy; please report it with the output of this command",
        )
    else:
        yield Finding("computing", "ok", "a convolution and a product have the right result")


def _gpu() -> Iterator[Finding]:
    from thalweg.core import list_devices
    from thalweg.core.backends.cupy import why_no_gpu

    reason = why_no_gpu()
    gpus = [device for device in list_devices() if device.name.startswith("gpu")]
    for device in gpus:
        size = f", {device.memory_bytes / 2**30:.0f} GiB" if device.memory_bytes else ""
        yield Finding(device.name, "ok", f"{device.description}{size}, by CuPy")
    if reason is not None:
        hint = None
        if "not installed" in reason:
            hint = 'with an NVIDIA GPU: pip install "thalweg[cuda12]", or "thalweg[cuda13]"'
        yield Finding("GPU", "note", f"not used: {reason}", hint)
    elif gpus:
        yield Finding("GPU", "note", "used where a program asks: Session(device='gpu:0')")


def _folders() -> Iterator[Finding]:
    given = os.environ.get("THALWEG_DATA")
    if given:
        is_there = os.path.isdir(os.path.expanduser(given))
        yield Finding(
            "THALWEG_DATA",
            "ok" if is_there else "broken",
            given if is_there else f"{given} is no folder",
            None if is_there else "set it to the folder of your data, or unset it",
        )
    home = Path(os.path.expanduser(os.environ.get("THALWEG_HOME") or "~/.thalweg"))
    yield _cache(home)
    for folder in dict.fromkeys((os.environ.get("KERAS_HOME"), "~/.keras")):
        if folder and os.path.isdir(os.path.expanduser(folder)):
            yield Finding("Keras's cache", "ok", f"{folder}: its data and weights are used")


def _cache(home: Path) -> Finding:
    """Whether the cache can be written; nothing is left behind."""
    existing = home
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Finding(
            "cache",
            "broken",
            f"{home} cannot be written: {error.strerror}",
            "set THALWEG_HOME to a folder that can",
        )
    made = "" if home.exists() else ", which is made when it is needed"
    return Finding("cache", "ok", f"{home}{made}")


def _weights() -> Iterator[Finding]:
    """Which trained weights are here."""
    shipped = sorted(Path(__file__).with_name("files").glob("*.h5"))
    for file in shipped:
        size = file.stat().st_size
        with open(file, "rb") as stream:
            is_whole = stream.read(4) == b"\x89HDF"
        status = "ok" if is_whole else "broken"
        hint = None if is_whole else "install thalweg again"
        yield Finding("weights", status, f"{file.name}, {size / 1e6:.1f} MB, shipped", hint)
    if not shipped:
        yield Finding(
            "weights", "note", "none are shipped with this installation", "install thalweg again"
        )
    homes = [
        os.environ.get("THALWEG_HOME") or "~/.thalweg",
        os.environ.get("KERAS_HOME"),
        "~/.keras",
    ]
    for home in dict.fromkeys(os.path.expanduser(home) for home in homes if home):
        for file in sorted((Path(home) / "models").glob("*.h5")):
            yield Finding("weights", "ok", f"{file}, {file.stat().st_size / 1e6:.1f} MB")


def _files() -> Iterator[Finding]:
    """A model goes into a file and comes back; a picture is decoded."""
    from thalweg.layers import Dense
    from thalweg.models import Sequential
    from thalweg.saving.model_file import load_model

    model = Sequential([Dense(2, input_shape=(3,))])
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("keras", "h5"):
            path = os.path.join(folder, f"model.{ending}")
            model.save(path)
            other = load_model(path)
            x = np.ones((1, 3), np.float32)
            if not np.array_equal(model.predict(x), other.predict(x)):
                yield Finding("files", "broken", f"a model changed in a .{ending} file")
                return
    yield Finding("files", "ok", "a model is the same after saving and loading, .keras and .h5")
    from PIL import features

    lacking = [name for name in ("jpg", "zlib") if not features.check(name)]
    if lacking:
        yield Finding("pictures", "broken", f"Pillow lacks {', '.join(lacking)}",
                      "pip install --force-reinstall pillow")  # fmt: skip
    else:
        webp = "" if features.check("webp") else "; no WebP"
        yield Finding("pictures", "ok", f"JPEG and PNG are decoded{webp}")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _versions, _engine, _computing, _gpu, _files, _folders, _weights,
)  # fmt: skip
"""What is looked at, in order."""
