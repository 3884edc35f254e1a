"""Every example in a docstring runs and prints what it says.

`pytest --doctest-modules` would import the folders under their own names, so the modules are found
here: in the folders that the packages really have, since an editable install also lists the
repository's root in `thalweg.__path__`.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import thalweg.applications
import thalweg.core.errors
import thalweg.preprocessing

PACKAGES = (thalweg, thalweg.core, thalweg.applications, thalweg.preprocessing)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules(folder: Path, name: str) -> Iterator[str]:
    """The names of a package and all modules below it; nothing is imported."""
    yield name
    for found in pkgutil.iter_modules([str(folder)], f"{name}."):
        if found.ispkg:
            yield from modules(folder / found.name.rpartition(".")[2], found.name)
        else:
            yield found.name


def all_modules() -> list[str]:
    """Each module once; in an installed wheel `core/` lies inside the folder of `thalweg`."""
    names: dict[str, None] = {}
    for package in PACKAGES:
        assert package.__file__ is not None
        names |= dict.fromkeys(modules(Path(package.__file__).parent, package.__name__))
    return list(names)


@pytest.mark.parametrize("name", all_modules())
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an example may write a file
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.failed == 0


def test_modules_are_found() -> None:
    names = all_modules()
    assert {"thalweg", "thalweg.core.errors", "thalweg.preprocessing"} <= set(names)
    assert not {name for name in names if name.split(".")[1:2] in (["highlevel"], ["tests"])}
    assert len(names) == len(set(names))


def test_wrong_example_is_seen() -> None:
    module = ModuleType("made_up", "One is two.\n\n>>> 1\n2\n")
    assert doctest.testmod(module, optionflags=OPTIONS).failed == 1
    assert doctest.testmod(thalweg.core.errors, optionflags=OPTIONS).attempted > 0
