"""Backends: where arrays live and which kernels exist."""

from __future__ import annotations

from .base import Backend, Executable, device_backend, get_backend, register_backend
from .listing import DeviceInfo, list_devices, set_memory_limit
from .native import (
    NativeBackend,
    get_instruction_set,
    get_precision,
    get_threads,
    has_fast_bfloat16,
    set_precision,
    set_threads,
)
from .sized import SizedProgram, executable

__all__ = [
    "Backend",
    "DeviceInfo",
    "Executable",
    "NativeBackend",
    "SizedProgram",
    "device_backend",
    "executable",
    "get_backend",
    "get_instruction_set",
    "get_precision",
    "get_threads",
    "has_fast_bfloat16",
    "list_devices",
    "register_backend",
    "set_memory_limit",
    "set_precision",
    "set_threads",
]
