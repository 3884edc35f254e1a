"""Backends: where arrays live and which kernels exist."""

from __future__ import annotations

from .base import Backend, Executable, get_backend, register_backend
from .sized import SizedProgram, executable

__all__ = [
    "Backend",
    "Executable",
    "SizedProgram",
    "executable",
    "get_backend",
    "register_backend",
]
