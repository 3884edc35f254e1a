"""Loads the compiled engine, or says once why the slower NumPy kernels serve instead."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import Any

from ...errors import OptionError

__all__ = ["extension", "get_instruction_set"]


def _load() -> Any:
    if os.environ.get("THALWEG_NATIVE") == "0":
        return None
    try:
        module = import_module("thalweg.core._native")
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
    _check_instruction_set(module.usable_isas())
    if hasattr(os, "register_at_fork"):  # handlers of signals run on the child's only thread
        os.register_at_fork(after_in_child=module.become_main_thread)
    return module


def _check_instruction_set(usable: list[str]) -> None:
    """Now, since the first kernel may be looked up deep inside a run."""
    wanted = os.environ.get("THALWEG_ISA")
    if wanted and wanted not in usable:
        raise OptionError(
            "THALWEG_ISA",
            "not an instruction set of this processor and build",
            expected=", ".join(usable),
            got=repr(wanted),
            hint="without the variable the first of them is used",
        )


extension: Any = _load()


def get_instruction_set() -> str | None:
    """What the engine's kernels in use are compiled for; None where there is no engine.

    `"avx512"`, `"avx2"` or `"baseline"`: the widest that the processor has, or the one that the
    environment variable `THALWEG_ISA` names; `"neon"` on ARM.

    >>> get_instruction_set() in {"avx512", "avx2", "baseline", "neon", None}
    True
    """
    return None if extension is None else str(extension.isa())
