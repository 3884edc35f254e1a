"""Which devices there are, and how much memory they may take."""

from __future__ import annotations

from typing import NamedTuple

from ..devices import as_device
from ..errors import OptionError
from .base import device_backend
from .cupy import CupyBackend, gpu_count
from .native import extension

__all__ = ["DeviceInfo", "list_devices", "set_memory_limit"]


class DeviceInfo(NamedTuple):
    """A device.

    Attributes:
        name: as in `device(name)`, `"gpu:0"`.
        kind: `"cpu"` or `"gpu"`.
        memory_bytes: of a GPU; None for the CPU.
        description: what it calls itself.
    """

    name: str
    kind: str
    memory_bytes: int | None
    description: str


def list_devices() -> list[DeviceInfo]:
    """The devices that can be used: the CPU, and the GPUs that CuPy sees.

    >>> list_devices()[0].name
    'cpu:0'
    """
    cpu = "NumPy" if extension is None else "C++ engine"
    found = [DeviceInfo("cpu:0", "cpu", None, cpu)]
    for index in range(gpu_count()):
        import cupy

        properties = cupy.cuda.runtime.getDeviceProperties(index)
        name = properties["name"].decode()
        memory = int(properties["totalGlobalMem"])
        found.append(DeviceInfo(f"gpu:{index}", "gpu", memory, name))
    return found


def set_memory_limit(device: str, size_bytes: int | None) -> None:
    """Bounds the memory that arrays may take on a GPU; what would go beyond is an error.

    Args:
        device: `"gpu:0"`.
        size_bytes: the bound; None lifts it.

    Raises:
        OptionError: for the CPU, or a size that is not positive.
        DeviceError: if the GPU cannot be used.
    """
    name = as_device(device)
    backend = device_backend(name) if name is not None else None
    if not isinstance(backend, CupyBackend):
        raise OptionError(
            "set_memory_limit", "only GPUs have one", expected="such as 'gpu:0'", got=repr(device)
        )
    backend.set_memory_limit(size_bytes)
