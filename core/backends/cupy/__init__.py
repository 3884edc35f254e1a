"""The CuPy backend: arrays on a GPU, computed by the ops' own `compute` with CuPy.

CuPy is an extra (`thalweg[cuda12]`, `thalweg[cuda13]`) and is imported when a GPU is first asked
for. Where none can be used, the error says which of the things that a GPU needs is missing.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import DeviceError, OptionError, require_extra
from ..base import Backend, register_backend

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CupyBackend", "gpu_count", "why_no_gpu"]


def _cupy() -> Any:
    try:
        import cupy
    except ImportError as error:
        missing = require_extra("cupy", "cuda12", "gpu")
        missing.hint = 'pip install "thalweg[cuda12]", or "thalweg[cuda13]" for CUDA 13'
        raise missing from error
    return cupy


def gpu_count() -> int:
    """The number of GPUs that can be used; 0 where CuPy or a driver is missing."""
    try:
        return int(_cupy().cuda.runtime.getDeviceCount())
    except Exception:  # of CuPy's or of ours: why_no_gpu() tells
        return 0


def why_no_gpu(index: int = 0) -> str | None:
    """What keeps a GPU from being used, in a few words; None if nothing does."""
    try:
        runtime = _cupy().cuda.runtime
    except ImportError:
        return "the package cupy is not installed"
    try:
        driver, wanted = int(runtime.driverGetVersion()), int(runtime.runtimeGetVersion())
        if not driver:
            return "there is no NVIDIA driver on this machine"
        if driver // 1000 < wanted // 1000:
            return (
                f"the NVIDIA driver serves CUDA {_version(driver)}, "
                f"but this CuPy was built for CUDA {_version(wanted)}"
            )
        count = int(runtime.getDeviceCount())
    except Exception as error:  # CUDA's own words are the best there are
        return str(error)
    if index >= count:
        return f"this machine has {count} GPU{'s' * (count != 1)}, counted from 0"
    return None


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


class CupyBackend(Backend):
    """One GPU.

    Args:
        index: which one, counted from 0.

    Raises:
        MissingExtraError: if CuPy is not installed.
        DeviceError: if the GPU cannot be used, and why.
    """

    name = "cupy"

    def __init__(self, index: int = 0) -> None:
        self.xp = _cupy()
        reason = why_no_gpu(index)
        if reason is not None:
            raise DeviceError(
                "device",
                f"gpu:{index} cannot be used: {reason}",
                hint="Session() without a device computes on the CPU; list_devices() tells "
                "what there is",
            )
        self.index = index

    def from_host(self, array: np.ndarray[Any, Any]) -> Any:
        """Copies to the GPU."""
        with self.xp.cuda.Device(self.index):
            return self.xp.asarray(array)

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """Copies from the GPU, and waits for what computes the array."""
        with self.xp.cuda.Device(self.index):
            return np.asarray(self.xp.asnumpy(array))

    def copy(self, array: Any) -> Any:
        """A copy on the same GPU."""
        with self.xp.cuda.Device(self.index):
            return self.xp.array(array, order="C")

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Makes the GPU the current one; matrices that cannot be factorized are errors."""
        import cupyx

        with self.xp.cuda.Device(self.index), cupyx.errstate(linalg="raise"):
            yield

    def set_memory_limit(self, size_bytes: int | None) -> None:
        """Bounds what arrays may take on this GPU, all sessions together; None lifts the bound.

        Raises:
            OptionError: if the size is not positive.
        """
        if size_bytes is not None and size_bytes <= 0:
            raise OptionError(
                "set_memory_limit",
                "not a size",
                expected="bytes > 0, or None",
                got=repr(size_bytes),
            )
        with self.xp.cuda.Device(self.index):
            self.xp.get_default_memory_pool().set_limit(size=size_bytes or 0)


register_backend("cupy", CupyBackend)
