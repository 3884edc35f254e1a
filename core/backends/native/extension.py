"""Loads the compiled engine, or says once why the slower NumPy kernels serve instead."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any

__all__ = ["extension"]


def _load() -> Any:
    if os.environ.get("THALWEG_NATIVE") == "0":
        return None
    try:
        return import_module("thalweg.core._native")
    except ImportError as error:
        if os.environ.get("THALWEG_REQUIRE_NATIVE") == "1":
            raise
        warnings.warn(
            f"thalweg: the compiled engine is not available ({error}); the slower NumPy kernels "
            "serve instead. Install a C++17 compiler and install thalweg again "
            "(THALWEG_REQUIRE_NATIVE=1 shows why a build fails), or set THALWEG_NATIVE=0, which "
            "hides this warning.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


extension: Any = _load()
