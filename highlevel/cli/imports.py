"""An import hook: for the time of a run, `tensorflow` and `keras` are names of thalweg."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from thalweg.core.errors import nearest

from .names import ROOTS, VERSIONS, known_names, translation

__all__ = ["translated_imports"]


class _Alias(ModuleType):
    """A module that has the names of others.

    Setting a name on it leaves the others as they are.
    """

    def __init__(self, name: str, modules: Sequence[str]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []  # everything may have modules inside
        self.__dict__["_modules"] = [importlib.import_module(module) for module in modules]
        for module in self._modules[:1]:
            self.__doc__, self.__file__ = module.__doc__, module.__file__
        if name in VERSIONS:
            self.__version__ = VERSIONS[name]

    def __getattr__(self, name: str) -> Any:
        said = ""
        full = f"{self.__name__}.{name}"
        if full in VERSIONS:  # it says another version than the module it stands for
            return importlib.import_module(full)
        for module in self.__dict__["_modules"]:
            try:
                return getattr(module, name)
            except AttributeError as error:
                said = said or str(error)
        if not name.startswith("__") and translation(full) is not None:
            return importlib.import_module(full)
        message = f"module {self.__name__!r} has no attribute {name!r}"
        hint = said.partition(": ")[2] or nearest(name, dir(self))
        raise AttributeError(f"{message}: {hint}" if hint else message, name=name)

    def __dir__(self) -> list[str]:
        names = {name for module in self._modules for name in dir(module)}
        for module in self._modules:  # some names are loaded at their first use
            names.update(getattr(module, "__all__", ()))
        return sorted(names | set(super().__dir__()))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and makes aliases.

    Args:
        everywhere: also for imports in installed packages, which otherwise see what is installed
            until the program itself has imported a name.
    """

    def __init__(self, everywhere: bool) -> None:
        self._everywhere = everywhere
        self._installed = _installed_folders()

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of an alias.

        Raises:
            ModuleNotFoundError: if thalweg has nothing of that name.
        """
        if fullname.partition(".")[0] not in ROOTS:
            return None
        if "." not in fullname and not self._everywhere and self._asked_by_a_package():
            return None
        if translation(fullname) is None:
            hint = nearest(fullname, known_names())
            raise ModuleNotFoundError(
                f"thalweg has no module that stands for {fullname!r}"
                + (f": {hint}" if hint else ""),
                name=fullname,
            )
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def _asked_by_a_package(self) -> bool:
        """True if the import stands in a file of an installed package."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            file, module = frame.f_code.co_filename, frame.f_globals.get("__name__")
            if not file.startswith("<frozen ") and module != "importlib":
                return file.startswith(self._installed)
            frame = frame.f_back
        return False

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The alias."""
        return _Alias(spec.name, translation(spec.name) or ())

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


def _installed_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    kinds = ("purelib", "platlib", "stdlib", "platstdlib")
    return tuple({os.path.join(paths[kind], "") for kind in kinds})


@contextmanager
def translated_imports(everywhere: bool = False) -> Iterator[None]:
    """A `with` block in which `tensorflow` and `keras` are imported from thalweg.

    Args:
        everywhere: also in installed packages; otherwise only in the program's own files.
    """
    finder = _Finder(everywhere)
    before = _taken_out()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _taken_out()
        sys.modules.update(before)


def _taken_out() -> dict[str, ModuleType]:
    """Removes what has been imported under the names that are translated."""
    names = [name for name in sys.modules if name.partition(".")[0] in ROOTS]
    return {name: sys.modules.pop(name) for name in names}
