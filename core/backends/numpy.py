"""The NumPy backend: arrays are NumPy's, and the ops' own `compute` is the kernel for most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..opdef import OpDef
from ..types import TensorType
from . import numpy_kernels
from .base import Backend, Kernel, register_backend

__all__ = ["NumpyBackend"]

# op name -> (op, static input types) -> kernel, or None where the op's own compute is as good
KERNELS: dict[str, Callable[[Any, Sequence[TensorType]], Kernel | None]] = {
    **numpy_kernels.KERNELS,
}


class NumpyBackend(Backend):
    """Arrays in host memory, computed by NumPy."""

    name = "numpy"
    xp = np

    def from_host(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The array itself."""
        return array

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """The array itself; a NumPy scalar becomes an array."""
        return np.asarray(array)

    def copy(self, array: Any) -> Any:
        """A contiguous copy; scalars are immutable and stay."""
        return array.copy(order="C") if isinstance(array, np.ndarray) else array

    def kernel(self, opdef: OpDef, types: Sequence[TensorType]) -> Kernel | None:
        """From the table above, by the op's name."""
        find = KERNELS.get(opdef.label)
        return find(opdef, types) if find else None

    def guard(self) -> Any:
        """Infinities and NaNs are values here, not warnings."""
        return np.errstate(all="ignore")


register_backend("numpy", NumpyBackend)
