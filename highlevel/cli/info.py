"""`python -m thalweg info`."""

from __future__ import annotations

import os
import platform

import thalweg
from thalweg.core import get_instruction_set, get_threads, list_devices

__all__ = ["information"]

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def information() -> str:
    """What is installed and what it can use, a line each."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    limits = [f"{name}={os.environ[name]}" for name in _THREAD_VARIABLES if name in os.environ]
    rows = {
        "thalweg": thalweg.__version__,
        "python": f"{platform.python_version()}, {platform.platform()}",
        "numpy": f"{np.__version__}, {blas.get('name')} {blas.get('version')}",
        "engine": _engine(),
        "devices": ", ".join(f"{d.name} {d.description}" for d in list_devices()),
        "threads": ", ".join([f"{get_threads()}, {_processors()} processors", *limits]),
    }
    return "".join(f"{name:<9} {value}\n" for name, value in rows.items())


def _engine() -> str:
    """The engine and what its kernels are compiled for."""
    if (instruction_set := get_instruction_set()) is not None:
        return f"C++, {instruction_set}"
    is_off = os.environ.get("THALWEG_NATIVE") == "0"
    return f"{'off (THALWEG_NATIVE=0)' if is_off else 'not built'}, NumPy computes"


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
